//! A map from key to value with an undo log for the current step.
//!
//! # Shape       a table from key to value; beside it a list of what this step touched, and for each
//!   position of the table the number of the step that touched it last, which need never be cleared.
//! # Invariants  between steps nothing is touched and no value is zero. Within one, keys that are new stand behind all
//!   others, so that taking back finds them, whatever panicked while they came.
//! # Cost        touch: O(1) expected, and one clone of the value at its first touch in a step;
//!   changes, commit and abort: O(what was touched). Nothing is allocated once warm.
//!
//! The numbers stand apart from the values: whether a group is touched for the first time cannot be
//! predicted, and is known before the value has come from memory.

use std::ops::IndexMut;

use dbsp_zset::{
    Delta, DenseTable, Held, Holds, Monoid, Reclaim, Row, SegmentedVec, Usage, renew, shrink_vec,
};

use crate::stage::FEW;

/// No window of rows that are looked up together is larger.
const LARGEST_WINDOW: usize = 64;

/// A value for each key, with the changes of one step; see the [module](self).
///
/// ```
/// use dbsp_ops::Groups;
///
/// let mut groups = Groups::<&str, i64>::new();
/// *groups.touch(&"a") += 5;
/// *groups.touch(&"a") += 1;
/// assert!(groups.changes().eq([(&"a", &0, &6)]));
/// groups.commit();
/// *groups.touch(&"a") -= 6;
/// groups.abort();
/// assert_eq!(groups.get(&"a"), Some(&6));
/// ```
#[derive(Debug, Clone)]
pub struct Groups<K, A> {
    values: DenseTable<K, A>,
    touched: Vec<Touched<A>>,
    /// For each position of `values` the last step that touched it; there may be more.
    stamps: SegmentedVec<u32>,
    /// The step under way; no stamp is above it.
    step: u32,
    /// How many keys steps touch.
    usage: Usage,
    /// How many keys there were before the step.
    known: usize,
    /// Positions that the step leaves without a value, once it is prepared.
    emptied: Vec<usize>,
    is_prepared: bool,
}

#[derive(Debug, Clone)]
struct Touched<A> {
    position: usize,
    before: A,
}

impl<K, A> Groups<K, A> {
    /// No value for any key.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            values: DenseTable::new(),
            touched: Vec::new(),
            stamps: SegmentedVec::new(),
            step: 1,
            known: 0,
            emptied: Vec::new(),
            is_prepared: false,
            usage: Usage::new(),
        }
    }

    /// How many keys have a value, those that this step made zero included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many keys this step has touched.
    #[inline]
    #[must_use]
    pub fn touched(&self) -> usize {
        self.touched.len()
    }

    /// Gives memory of buffers back. Comes between steps.
    pub fn shrink(&mut self, reclaim: Reclaim) {
        let needed = self.usage.end_period(reclaim);
        shrink_vec(&mut self.touched, needed);
        shrink_vec(&mut self.emptied, needed);
    }

    /// Bytes of memory owned, not counting what keys and values own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.values.allocated_bytes()
            + self.touched.capacity() * size_of::<Touched<A>>()
            + self.stamps.allocated_bytes()
            + self.emptied.capacity() * size_of::<usize>()
    }
}

impl<K, A> Holds for Groups<K, A> {
    fn held(&self) -> Held {
        Held { rows: self.len(), bytes: self.allocated_bytes() }
    }
}

impl<K, A> Default for Groups<K, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Row, A: Monoid> Groups<K, A> {
    /// The value of a key as it is now.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&A> {
        self.values.get(key)
    }

    /// The value of a key, zero if it has none, to be changed in this step.
    #[inline]
    pub fn touch(&mut self, key: &K) -> &mut A {
        self.is_prepared = false;
        let position = self.values.find(key).unwrap_or_else(|| self.insert(key));
        let (value, stamp) = (self.values.value_mut(position), &mut self.stamps[position]);
        if *stamp != self.step {
            // First: if cloning panics, the value is not taken for one that is remembered.
            let before = value.clone();
            *stamp = self.step;
            self.touched.push(Touched { position, before });
        }
        value
    }

    /// Gives a key that has no value the value zero.
    #[cold]
    fn insert(&mut self, key: &K) -> usize {
        let (position, _) = self.values.find_or_insert_with(key, A::zero);
        cover(&mut self.stamps, self.values.len());
        position
    }

    /// Touches the key of each row of a delta, in order: `change` is given the row, its weight and the value
    /// of its key. The lookups of neighbouring rows overlap, which one [`touch`](Self::touch) after the other
    /// does not allow.
    ///
    /// ```
    /// use dbsp_ops::Groups;
    /// use dbsp_zset::{Delta, Overflow};
    ///
    /// let mut groups = Groups::<&str, i64>::new();
    /// let delta = Delta::from_iter([(("a", 5), 1), (("b", 7), 2), (("a", 1), -1)]);
    /// groups.try_touch_each(&delta, |(key, _)| key, |(_, value), weight, sum| {
    ///     *sum += value * weight;
    ///     Ok::<(), Overflow>(())
    /// })?;
    /// assert!(groups.changes().eq([(&"a", &0, &4), (&"b", &0, &14)]));
    /// # Ok::<(), Overflow>(())
    /// ```
    ///
    /// # Errors
    /// The first that `change` gives; the step has then to be aborted.
    #[inline]
    pub fn try_touch_each<R, E>(
        &mut self,
        delta: &Delta<R>,
        key: impl Fn(&R) -> &K,
        mut change: impl FnMut(&R, i64, &mut A) -> Result<(), E>,
    ) -> Result<(), E> {
        self.is_prepared = false;
        let mut rows = delta.iter();
        if delta.len() <= FEW {
            return rows.try_for_each(|(row, weight)| change(row, *weight, self.touch(key(row))));
        }
        let Self { values, touched, stamps, step, .. } = self;
        values.try_locate(delta.rows(), key, A::zero, |values, positions| {
            // Where all are touched already, as by the rest of a large delta, there is none to remember.
            if touched.len() < values.len() {
                cover(stamps, values.len());
                match (values.as_one_mut(), stamps.as_one_mut()) {
                    (Some(values), Some(stamps)) => {
                        remember(positions, touched, stamps, *step, |position| values[position].1.clone());
                    }
                    _ => remember(positions, touched, stamps, *step, |at| values.at(at).1.clone()),
                }
            }
            let mut rows = positions.iter().zip(&mut rows);
            if let Some(values) = values.as_one_mut() {
                return rows.try_for_each(|(position, (row, weight))| {
                    change(row, *weight, &mut values[*position].1)
                });
            }
            rows.try_for_each(|(position, (row, weight))| change(row, *weight, values.value_mut(*position)))
        })
    }

    /// What this step touched: each key once, with its value before the step and now.
    #[inline]
    pub fn changes(&self) -> impl Iterator<Item = (&K, &A, &A)> {
        let one = self.values.as_one();
        self.touched.iter().map(move |touched| {
            let (key, value) = match one {
                Some(entries) => &entries[touched.position],
                None => self.values.at(touched.position),
            };
            (key, &touched.before, value)
        })
    }

    /// Asks of each key that this step touched whether its value is zero, so that [`commit`](Self::commit) calls nothing
    /// of the values but `Drop`: a panic here can still be taken back. The last thing that an operator does in a step;
    /// nothing is to be touched between the two. Without it `commit` asks.
    #[inline]
    pub fn prepare(&mut self) {
        self.emptied.clear();
        let emptied = &mut self.emptied;
        let mut note = |position, value: &A| {
            if value.is_zero() {
                emptied.push(position);
            }
        };
        let positions = self.touched.iter().map(|touched| touched.position);
        match self.values.as_one() {
            Some(entries) => positions.for_each(|position| note(position, &entries[position].1)),
            None => positions.for_each(|position| note(position, &self.values.at(position).1)),
        }
        self.is_prepared = true;
    }

    /// Makes the changes of this step final.
    pub fn commit(&mut self) {
        if !self.is_prepared {
            self.prepare();
        }
        if !self.emptied.is_empty() {
            self.remove_emptied();
        }
        self.forget_touched();
    }

    /// Removes the keys that are left without a value. The last key moves to where one is removed, so removals go from the
    /// back: what moves is then never itself to be removed.
    #[inline(never)]
    fn remove_emptied(&mut self) {
        self.emptied.sort_unstable_by(|one, other| other.cmp(one));
        for position in self.emptied.drain(..) {
            self.values.swap_remove(position);
        }
    }

    /// Takes the changes of this step back, wherever it stopped.
    pub fn abort(&mut self) {
        for touched in &mut self.touched {
            std::mem::swap(self.values.value_mut(touched.position), &mut touched.before);
        }
        while self.values.len() > self.known {
            self.values.swap_remove(self.values.len() - 1);
        }
        self.emptied.clear();
        self.forget_touched();
    }

    fn forget_touched(&mut self) {
        self.usage.note(self.touched.len());
        renew(&mut self.touched, Vec::clear);
        self.known = self.values.len();
        self.is_prepared = false;
        if self.stamps.len() > self.known + 2 * SegmentedVec::<u32>::SEGMENT || self.is_sparse() {
            self.shrink_stamps();
        }
        if self.step == u32::MAX {
            self.stamps.iter_mut().for_each(|stamp| *stamp = 0);
            self.step = 0;
        }
        self.step += 1;
    }

    /// Whether most of the stamps are of no key.
    #[inline]
    fn is_sparse(&self) -> bool {
        self.stamps.len() > 8 * self.known.max(64)
    }

    /// Gives memory back that only many more keys need. Stamps follow the keys down a segment at a time, so that no step
    /// gives back all of a large table.
    #[inline(never)]
    fn shrink_stamps(&mut self) {
        self.stamps.truncate(self.known);
        self.stamps.shrink_to_fit();
    }
}

/// Makes stamps for `keys` keys.
#[inline]
fn cover(stamps: &mut SegmentedVec<u32>, keys: usize) {
    if stamps.len() < keys {
        stamps.resize(keys, &0);
    }
}

/// Keeps the values at the positions of a window as they were before the step, where that is not done.
#[inline]
fn remember<A>(
    positions: &[usize],
    touched: &mut Vec<Touched<A>>,
    stamps: &mut (impl IndexMut<usize, Output = u32> + ?Sized),
    step: u32,
    before: impl Fn(usize) -> A,
) {
    // Gathered without a branch, which would be hard to predict.
    let mut fresh = [0; LARGEST_WINDOW];
    let mut count = 0;
    for position in positions {
        fresh[count] = *position;
        let stamp = &mut stamps[*position];
        count += usize::from(*stamp != step);
        *stamp = step;
    }
    for position in &fresh[..count] {
        touched.push(Touched { position: *position, before: before(*position) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_become_zero_leave_and_the_others_stay() {
        let mut groups = Groups::new();
        for key in 0..100_i64 {
            *groups.touch(&key) += key;
        }
        groups.commit();
        assert_eq!(groups.len(), 99);
        for key in (1..100).step_by(3) {
            *groups.touch(&key) -= key;
        }
        *groups.touch(&2) += 5;
        groups.commit();
        assert_eq!(groups.len(), 66);
        for key in 1..100 {
            let expected = if key == 2 { Some(&7) } else { Some(&key).filter(|key| *key % 3 != 1) };
            assert_eq!(groups.get(&key), expected);
        }
    }

    #[test]
    fn an_aborted_step_leaves_no_trace() {
        let mut groups = Groups::<u8, i64>::new();
        *groups.touch(&1) = 10;
        groups.commit();
        *groups.touch(&2) = 20;
        *groups.touch(&1) = 0;
        *groups.touch(&3) = 0;
        groups.abort();
        assert_eq!((groups.len(), groups.get(&1)), (1, Some(&10)));
        assert_eq!(groups.changes().count(), 0);
    }

    /// The sums of a step by [`Groups::try_touch_each`], of which the row at `fails` fails.
    fn add_each(
        groups: &mut Groups<i64, i64>,
        delta: &Delta<(i64, i64)>,
        fails: Option<usize>,
    ) -> Result<(), usize> {
        let mut i = 0;
        groups.try_touch_each(
            delta,
            |(key, _)| key,
            |(_, value), weight, sum| {
                i += 1;
                *sum += value * weight;
                if fails == Some(i - 1) { Err(i - 1) } else { Ok(()) }
            },
        )
    }

    #[test]
    fn windows_of_any_length_touch_as_single_rows_do() {
        for length in [0, 1, 4, 5, 31, 32, 33, 64, 100] {
            for keys in [1, 3, 40, 1_000] {
                let (mut one, mut other) = (Groups::new(), Groups::new());
                for step in 0..8 {
                    // Keys that repeat in a window, come back in the same step, and leave in the next.
                    let key = |i: i64| (i * i + i * step / 2) % keys;
                    let entries = (0..length).map(|i| ((key(i), i % 5 - 2), if i % 7 == 3 { -1 } else { 1 }));
                    let delta: Delta<(i64, i64)> = entries.collect();
                    let fails = (0..length as usize).nth(step as usize * 13 % 101);
                    if let Some(row) = fails {
                        assert_eq!(add_each(&mut one, &delta, fails), Err(row));
                        one.abort();
                    }
                    add_each(&mut one, &delta, None).expect("none fails");
                    for ((key, value), weight) in &delta {
                        *other.touch(key) += value * weight;
                    }
                    assert!(one.changes().eq(other.changes()), "{length} rows over {keys} keys");
                    one.commit();
                    other.commit();
                    assert!(one.values.entries().eq(other.values.entries()));
                    assert!(one.values.entries().all(|(_, sum)| *sum != 0));
                }
            }
        }
    }

    #[test]
    fn a_table_far_larger_than_a_cache_is_touched_alike() {
        let mut groups = Groups::new();
        let all: Delta<(i64, i64)> = (0..30_000).map(|key| ((key, key + 1), 1)).collect();
        add_each(&mut groups, &all, None).expect("none fails");
        groups.commit();
        let delta: Delta<(i64, i64)> = (0..999).map(|i| ((i * 37 % 60_000, 1), 1)).collect();
        assert_eq!(add_each(&mut groups, &delta, Some(500)), Err(500));
        groups.abort();
        assert!((0..30_000).all(|key| groups.get(&key) == Some(&(key + 1))) && groups.len() == 30_000);
        add_each(&mut groups, &delta, None).expect("none fails");
        assert_eq!(groups.touched(), 999);
        assert!(groups.changes().all(|(_, before, now)| now - before == 1));
    }

    #[test]
    fn steps_are_counted_anew_after_the_last_number() {
        let mut groups = Groups::<u8, i64>::new();
        groups.step = u32::MAX - 1;
        for step in 1..5 {
            *groups.touch(&1) += 1;
            assert_eq!(groups.changes().collect::<Vec<_>>(), [(&1, &(step - 1), &step)]);
            *groups.touch(&1) += 1;
            *groups.touch(&1) -= 1;
            assert_eq!(groups.touched(), 1);
            groups.commit();
        }
    }
}
