//! The equi-join.
//!
//! # Formula     Δ(l ⋈ r) = Δl ⋈ r + l ⋈ Δr + Δl ⋈ Δr, where l and r are the traces *before* the
//!   step (DBSP, theorem 3.4 with I(Δ) = trace + Δ). Reading both as they were leaves every trace
//!   untouched until the whole step has succeeded, and needs no order among operators that share one.
//! # State       none of its own but scratch: traces belong to the arrangements that it is given
//! # Cost        O(|Δl| + |Δr| + |out|) expected
//! # Output      each pair of rows once, but for what stands more than once in an input
//!
//! # Where both sides change under one key
//! An aggregate that changes is two rows, −old and +new. The three terms make eight pairs of two such changes, of which six
//! cancel, and a chain of k joins 3^(k+1) − 1 rows of two. So the rows of a key that changes on both sides meet in one place:
//! the rows of each side are added up, the weight of a pair is l′r′ − lr, and only pairs of which that is not zero are made.
//! Keys that change on one side, which are nearly all in most steps, are probed as they were.

use dbsp_zset::{Delta, Held, Holds, IndexedZSet, Overflow, Reclaim, Ring, Row, Usage};

use crate::key_change::KeyChange;

mod exact;
mod matches;

use matches::Matches;

/// The incremental equi-join; see the [module](self).
///
/// ```
/// use dbsp_ops::Join;
/// use dbsp_zset::{Delta, IndexedZSet};
///
/// let (mut ages, mut pets) = (IndexedZSet::new(), IndexedZSet::new());
/// let mut join = Join::new();
/// let age = Delta::from_iter([(("ann", 40), 1), (("bob", 7), 1)]);
/// let pet = Delta::from_iter([(("ann", "cat"), 1)]);
/// let mut out = Delta::new();
/// join.step(&age, &ages, &pet, &pets, |name, age, pet| [(*name, *age, *pet)], &mut out)?;
/// ages.try_apply(&age)?;
/// pets.try_apply(&pet)?;
/// assert_eq!(format!("{out:?}"), r#"{("ann", 40, "cat"): +1}"#);
///
/// let older = Delta::from_iter([(("ann", 40), -1), (("ann", 41), 1)]);
/// let moved = Delta::from_iter([(("ann", "cat"), -1), (("bob", "cat"), 1)]);
/// let mut out = Delta::new();
/// join.step(&older, &ages, &moved, &pets, |name, age, pet| [(*name, *age, *pet)], &mut out)?;
/// assert_eq!(format!("{out:?}"), r#"{("bob", 7, "cat"): +1, ("ann", 40, "cat"): -1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Default)]
pub struct Join {
    matches: Matches,
    small: KeyChange,
    large: KeyChange,
    /// How many rows steps match.
    usage: Usage,
}

/// One input of a join: its delta, and its integral before the step.
struct Side<'a, K, V> {
    delta: &'a Delta<(K, V)>,
    trace: &'a IndexedZSet<K, V>,
}

impl<K, V> Clone for Side<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Side<'_, K, V> {}

impl Holds for Join {
    fn held(&self) -> Held {
        let changes = self.small.allocated_bytes() + self.large.allocated_bytes();
        Held { rows: 0, bytes: self.matches.allocated_bytes() + changes }
    }
}

impl Join {
    /// A join before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            matches: Matches::new(),
            small: KeyChange::new(),
            large: KeyChange::new(),
            usage: Usage::new(),
        }
    }

    /// Gives memory of buffers back. Comes between steps.
    pub fn shrink(&mut self, reclaim: Reclaim) {
        let needed = self.usage.end_period(reclaim);
        self.matches.shrink(needed);
        self.small.shrink(needed);
        self.large.shrink(needed);
    }

    /// Appends all of `images` of each pair of rows that came or went, weights multiplied.
    ///
    /// `left_trace` and `right_trace` are the integrals of the two sides before this step.
    ///
    /// # Errors
    /// [`Overflow`] where a weight changes by more than two weights of 64 bits can differ. `images` may be asked twice about a pair where a
    /// part of such a weight has none.
    ///
    /// # Panics
    /// If both deltas have rows, and one of them `u32::MAX - 1` rows or more.
    #[inline]
    pub fn step<K: Row, A: Row, B: Row, I: IntoIterator<Item: Clone + Ord>>(
        &mut self,
        left: &Delta<(K, A)>,
        left_trace: &IndexedZSet<K, A>,
        right: &Delta<(K, B)>,
        right_trace: &IndexedZSet<K, B>,
        images: impl Fn(&K, &A, &B) -> I,
        out: &mut Delta<I::Item>,
    ) -> Result<(), Overflow> {
        let start = out.len();
        let emit = |key: &K, left: &A, right: &B, weight: i64| {
            for image in images(key, left, right) {
                out.push(image, weight);
            }
        };
        let left = Side { delta: left, trace: left_trace };
        let right = Side { delta: right, trace: right_trace };
        let outcome = if right.delta.is_empty() {
            left.probe(right.trace, emit)
        } else if left.delta.is_empty() {
            right.probe(left.trace, flipped(emit))
        } else if left.delta.len() < right.delta.len() {
            self.step_both(left, right, emit)
        } else {
            self.step_both(right, left, flipped(emit))
        };
        if outcome.is_ok() {
            return Ok(());
        }
        out.truncate(start);
        exact::step(left, right, images, out)
    }

    /// A step in which both sides changed.
    fn step_both<K: Row, A: Row, B: Row>(
        &mut self,
        small: Side<'_, K, A>,
        large: Side<'_, K, B>,
        mut emit: impl FnMut(&K, &A, &B, i64),
    ) -> Result<(), Overflow> {
        if crate::mutated!(JoinForgetsToConsolidate) {
            return exact::terms(small, large, emit);
        }
        self.usage.note(small.delta.len().max(large.delta.len()));
        self.matches.find(small.delta, large.delta);
        if !large.trace.is_empty() {
            small.probe_some(self.matches.only_small(), large.trace, &mut emit)?;
        }
        if !small.trace.is_empty() {
            large.probe_some(self.matches.only_large(), small.trace, flipped(&mut emit))?;
        }
        for shared in 0..self.matches.shared() {
            self.meet(shared, small, large, &mut emit)?;
        }
        self.small.clear();
        self.large.clear();
        Ok(())
    }

    /// Gives the pairs of one key that both sides changed.
    fn meet<K: Row, A: Row, B: Row>(
        &mut self,
        shared: usize,
        small: Side<'_, K, A>,
        large: Side<'_, K, B>,
        emit: &mut impl FnMut(&K, &A, &B, i64),
    ) -> Result<(), Overflow> {
        let key = self.matches.key(shared, small.delta);
        let (small_group, large_group) = (small.trace.group(key), large.trace.group(key));
        if small_group.is_empty() && large_group.is_empty() {
            // A new key, as each is in a load: nothing cancels but what cancels in an input.
            return self.matches.try_each_pair(shared, small.delta, |(one, other)| {
                let weight = small.delta.weights()[one].try_mul(&large.delta.weights()[other])?;
                emit(key, &small.delta.rows()[one].1, &large.delta.rows()[other].1, weight);
                Ok(())
            });
        }
        let Self { matches, small: ones, large: others, .. } = self;
        ones.gather(small.delta, matches.small_positions(shared, small.delta))?;
        others.gather(large.delta, matches.large_positions(shared))?;
        let one_at = |position: u32| &small.delta.rows()[position as usize].1;
        let other_at = |position: u32| &large.delta.rows()[position as usize].1;

        // Rows that stay as they are meet what changes on the other side; of those that change the weight is noted.
        if !others.all().is_empty() {
            for (value, weight) in small_group {
                if let Some(change) = ones.find(small.delta, value) {
                    change.before = *weight;
                    continue;
                }
                for other in others.all() {
                    emit(key, value, other_at(other.position), weight.try_mul(&other.delta)?);
                }
            }
        }
        if !ones.all().is_empty() {
            for (value, weight) in large_group {
                if let Some(change) = others.find(large.delta, value) {
                    change.before = *weight;
                    continue;
                }
                for one in ones.all() {
                    emit(key, one_at(one.position), value, weight.try_mul(&one.delta)?);
                }
            }
        }
        // A pair of which neither was there before with the other, nor is now, is not looked at.
        if crate::mutated!(ForgottenDeltaByDelta) {
            return Ok(());
        }
        let (stays, gone) = others.by_kind()?;
        for one in ones.all() {
            let partners = match (one.before, one.after()?) {
                (0, _) => &others.all()[..gone],
                (_, 0) => &others.all()[stays..],
                _ => others.all(),
            };
            for other in partners {
                let weight = one.pair(other)?;
                if weight != 0 {
                    emit(key, one_at(one.position), other_at(other.position), weight);
                }
            }
        }
        Ok(())
    }
}

impl<K: Row, V: Row> Side<'_, K, V> {
    /// Gives each pair of a row of this delta and a row of the other trace with one key.
    #[inline]
    fn probe<U: Row>(
        self,
        trace: &IndexedZSet<K, U>,
        mut emit: impl FnMut(&K, &V, &U, i64),
    ) -> Result<(), Overflow> {
        let (rows, weights) = (self.delta.rows(), self.delta.weights());
        trace.try_probe(
            rows,
            |(key, _)| key,
            |i, other, other_weight| {
                let (key, value) = &rows[i];
                emit(key, value, other, weights[i].try_mul(other_weight)?);
                Ok(())
            },
        )
    }

    /// As [`probe`](Self::probe), for the rows at some positions.
    fn probe_some<U: Row>(
        self,
        positions: &[u32],
        trace: &IndexedZSet<K, U>,
        mut emit: impl FnMut(&K, &V, &U, i64),
    ) -> Result<(), Overflow> {
        if positions.len() == self.delta.len() {
            return self.probe(trace, emit);
        }
        let (rows, weights) = (self.delta.rows(), self.delta.weights());
        trace.try_probe(
            positions,
            move |position| &rows[*position as usize].0,
            |i, other, other_weight| {
                let position = positions[i] as usize;
                let (key, value) = &rows[position];
                emit(key, value, other, weights[position].try_mul(other_weight)?);
                Ok(())
            },
        )
    }
}

/// Gives pairs the other way round.
#[inline]
fn flipped<K, A, B>(mut emit: impl FnMut(&K, &A, &B, i64)) -> impl FnMut(&K, &B, &A, i64) {
    move |key, right, left, weight| emit(key, left, right, weight)
}

#[cfg(test)]
mod tests;
