//! What the last step changed in a view, as a sink wants it: consolidated, and in an order that can be applied.
//!
//! # Shape       a list of changes with how often each is to be made, made from the delta of the last step.
//! # Invariants  a row stands in it once. No insert comes before the delete of the same key, and in a view without keys no
//!   insert before any delete.
//! # Cost        O(|delta| · log |delta|): the entries of the delta are sorted. No row is cloned.
//! # Not here    no history: the changes of a step are gone with the next one.

use std::vec;

use dbsp_zset::Delta;

use crate::circuit::Circuit;
use crate::handle::DeltaHandle;

/// One change of a view with rows `R`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<R> {
    /// A row came.
    Insert(R),
    /// A row went.
    Delete(R),
    /// A row took the place of another with the same key. Only keyed views have updates.
    Update {
        /// The row that went.
        old: R,
        /// The row that came.
        new: R,
    },
}

/// The changes of the last step in an order in which they can be applied; see [`Circuit::changes`]. It gives a change
/// once for each time that it is to be made.
#[derive(Debug, Clone)]
#[must_use = "changes that nobody applies are lost with the next step"]
pub struct Changes<'a, R> {
    left: vec::IntoIter<(Change<&'a R>, u64)>,
    /// The change that is given, and how often it still will be.
    current: Option<(Change<&'a R>, u64)>,
}

impl Circuit {
    /// What the last step changed in an output or a view, as a sink wants it: consolidated, and in an order that can be
    /// applied. (The [`delta`](Self::delta) itself is a bag without order.)
    ///
    /// - A [`KeyedView`](crate::KeyedView) gives its changes key by key, in the order of keys. A row that came and one
    ///   that went under one key are one [`Change::Update`]; where a key has several of either, they are paired in the order
    ///   of values, the least old one with the least new one, and what is left over is deleted or inserted.
    /// - A [`View`](crate::View) and an [`Output`](crate::Output) give all deletes and then all inserts, in the order of rows.
    /// - A row whose weight changes by more than one is given as often; [`Changes::counted`] gives it once, with the number.
    ///
    /// O(|delta| · log |delta|).
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use dbsp_runtime::{Change, Circuit, Error};
    ///
    /// let (mut circuit, (new, old, all)) = Circuit::build(|b| {
    ///     let (news, new) = b.input::<(u32, char)>("new");
    ///     let (olds, old) = b.input::<(u32, char)>("old");
    ///     (new, old, news.plus(olds).keyed().view())
    /// })?;
    /// let mut sink = HashMap::new();
    /// let mut apply = |circuit: &Circuit| {
    ///     for change in circuit.changes(all) {
    ///         match change {
    ///             Change::Insert(&(key, value)) | Change::Update { new: &(key, value), .. } => sink.insert(key, value),
    ///             Change::Delete((key, _)) => sink.remove(key),
    ///         };
    ///     }
    ///     sink.clone()
    /// };
    /// circuit[old].insert((1, 'a'));
    /// circuit.step()?;
    /// assert_eq!(apply(&circuit), HashMap::from([(1, 'a')]));
    ///
    /// circuit[new].insert((1, 'b'));
    /// circuit[old].delete((1, 'a'));
    /// circuit.step()?;
    /// assert_eq!(format!("{:?}", circuit.delta(all)), "{(1, 'b'): +1, (1, 'a'): -1}"); // in this order the sink ends empty
    /// assert!(circuit.changes(all).eq([Change::Update { old: &(1, 'a'), new: &(1, 'b') }]));
    /// assert_eq!(apply(&circuit), HashMap::from([(1, 'b')]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Panics
    /// If the handle belongs to another circuit, as an index out of bounds does.
    pub fn changes<H: DeltaHandle>(&self, handle: H) -> Changes<'_, H::Row> {
        H::changes_of(self.delta(handle))
    }
}

impl<'a, R> Changes<'a, R> {
    /// Each change once, with how often it is to be made: more than `u64::MAX` times is given as that.
    pub fn counted(self) -> impl Iterator<Item = (Change<&'a R>, u64)> {
        self.current.filter(|(_, times)| *times > 0).into_iter().chain(self.left)
    }

    fn new(changes: Vec<(Change<&'a R>, u64)>) -> Self {
        Self { left: changes.into_iter(), current: None }
    }
}

impl<'a, R> Iterator for Changes<'a, R> {
    type Item = Change<&'a R>;

    fn next(&mut self) -> Option<Change<&'a R>> {
        loop {
            match &mut self.current {
                Some((change, times)) if *times > 0 => {
                    *times -= 1;
                    return Some(*change);
                }
                _ => self.current = Some(self.left.next()?),
            }
        }
    }
}

/// The changes of rows without a key.
pub(crate) fn of_rows<R: Ord>(delta: &Delta<R>) -> Changes<'_, R> {
    let rows = consolidated(delta);
    let deletes = rows.iter().filter(|(_, weight)| *weight < 0);
    let inserts = rows.iter().filter(|(_, weight)| *weight > 0);
    let deletes = deletes.map(|(row, weight)| (Change::Delete(*row), times(*weight)));
    let inserts = inserts.map(|(row, weight)| (Change::Insert(*row), times(*weight)));
    Changes::new(deletes.chain(inserts).collect())
}

/// The changes of rows with a key, key by key.
pub(crate) fn of_keyed_rows<K: Ord, V: Ord>(delta: &Delta<(K, V)>) -> Changes<'_, (K, V)> {
    let rows = consolidated(delta);
    let mut changes = Vec::with_capacity(rows.len());
    for rows in rows.chunk_by(|((one, _), _), ((other, _), _)| one == other) {
        let mut deletes = rows.iter().filter(|(_, weight)| *weight < 0).map(|(row, n)| (*row, times(*n)));
        let mut inserts = rows.iter().filter(|(_, weight)| *weight > 0).map(|(row, n)| (*row, times(*n)));
        let (mut old, mut new) = (deletes.next(), inserts.next());
        loop {
            match (&mut old, &mut new) {
                (Some((gone, deleted)), Some((come, inserted))) => {
                    let both = (*deleted).min(*inserted);
                    changes.push((Change::Update { old: *gone, new: *come }, both));
                    (*deleted, *inserted) = (*deleted - both, *inserted - both);
                }
                (Some((gone, deleted)), None) => {
                    changes.push((Change::Delete(*gone), std::mem::take(deleted)));
                }
                (None, Some((come, inserted))) => {
                    changes.push((Change::Insert(*come), std::mem::take(inserted)));
                }
                (None, None) => break,
            }
            old = old.filter(|(_, times)| *times > 0).or_else(|| deletes.next());
            new = new.filter(|(_, times)| *times > 0).or_else(|| inserts.next());
        }
    }
    Changes::new(changes)
}

/// The rows of a delta in order, each once, with the sum of its weights where that is not zero. An output that nobody
/// integrates may hold sums that no `i64` does.
fn consolidated<R: Ord>(delta: &Delta<R>) -> Vec<(&R, i128)> {
    let mut rows: Vec<(&R, i128)> = delta.iter().map(|(row, weight)| (row, i128::from(*weight))).collect();
    rows.sort_unstable_by_key(|(row, _)| *row);
    rows.dedup_by(|(row, weight), (kept, sum)| {
        let is_same = row == kept;
        *sum += if is_same { *weight } else { 0 };
        is_same
    });
    rows.retain(|(_, weight)| *weight != 0);
    rows
}

/// How often a row of this weight came or went.
fn times(weight: i128) -> u64 {
    u64::try_from(weight.unsigned_abs()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Change::{Delete, Insert, Update};

    #[test]
    fn rows_of_one_key_are_paired_in_order_and_the_rest_follows() {
        let delta =
            [((1, 'd'), 1), ((1, 'a'), -2), ((1, 'c'), 1), ((1, 'b'), -1), ((0, 'z'), 1), ((2, 'y'), -1)];
        let changes: Delta<(u8, char)> = delta.into_iter().chain([((3, 'n'), 1), ((3, 'n'), -1)]).collect();
        let expected = [
            Insert(&(0, 'z')),
            Update { old: &(1, 'a'), new: &(1, 'c') },
            Update { old: &(1, 'a'), new: &(1, 'd') },
            Delete(&(1, 'b')),
            Delete(&(2, 'y')),
        ];
        assert!(of_keyed_rows(&changes).eq(expected), "{:?}", of_keyed_rows(&changes));
    }

    #[test]
    fn rows_without_a_key_are_deleted_before_any_is_inserted_and_counted() {
        let delta: Delta<char> = [('c', -1), ('a', 3), ('b', 5), ('b', -6), ('c', 1)].into_iter().collect();
        assert!(of_rows(&delta).eq([Delete(&'b'), Insert(&'a'), Insert(&'a'), Insert(&'a')]));
        assert!(of_rows(&delta).counted().eq([(Delete(&'b'), 1), (Insert(&'a'), 3)]));
        let mut begun = of_rows(&delta);
        begun.by_ref().nth(1);
        assert!(begun.counted().eq([(Insert(&'a'), 2)]));
        let huge: Delta<char> = [('a', i64::MAX), ('a', i64::MAX), ('a', 5)].into_iter().collect();
        assert!(of_rows(&huge).counted().eq([(Insert(&'a'), u64::MAX)]));
    }
}
