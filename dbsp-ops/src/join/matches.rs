//! Which rows of two deltas have one key, by position.
//!
//! # Shape       the smaller delta is indexed, the rows of the larger one are linked behind the first row of their key in that
//!   index; the other rows of both are listed.
//! # Cost        O(n + m) expected; no key is cloned, and nothing is allocated once warm.
//! # Not here    what the rows are joined to, and their weights.

use std::iter::successors;

use dbsp_zset::{Delta, DeltaIndex, Overflow, Row, renew, shrink_vec};

/// No row.
const NONE: u32 = u32::MAX;
/// A row of a key that the other delta has too, and not the first of that key.
const FOLLOWS: u32 = u32::MAX - 1;

/// The keys that two deltas have in common; see the [module](self).
#[derive(Default)]
pub(super) struct Matches {
    index: DeltaIndex,
    /// For each row of the smaller delta the last row of the larger one with its key, where it is the first of its key in the
    /// index; else [`FOLLOWS`], or [`NONE`] where the larger one has no such key.
    last: Vec<u32>,
    /// For each row of the larger delta the one before it with its key, if the smaller one has that key.
    before: Vec<u32>,
    /// The first rows in the index of the keys that both have.
    shared: Vec<u32>,
    only_small: Vec<u32>,
    only_large: Vec<u32>,
}

impl Matches {
    pub(super) const fn new() -> Self {
        Self {
            index: DeltaIndex::new(),
            last: Vec::new(),
            before: Vec::new(),
            shared: Vec::new(),
            only_small: Vec::new(),
            only_large: Vec::new(),
        }
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        let lists = [&self.last, &self.before, &self.shared, &self.only_small, &self.only_large];
        self.index.allocated_bytes() + lists.map(Vec::capacity).iter().sum::<usize>() * size_of::<u32>()
    }

    /// Forgets what was found, and gives memory back if there is room for far more than `needed` rows.
    pub(super) fn shrink(&mut self, needed: usize) {
        let Self { index, last, before, shared, only_small, only_large } = self;
        index.shrink(needed);
        for list in [last, before, shared, only_small, only_large] {
            list.clear();
            shrink_vec(list, needed);
        }
    }

    /// Finds the keys that two deltas have in common, of which the first had better be the smaller one.
    ///
    /// # Panics
    /// If one of them has `u32::MAX - 1` rows or more.
    pub(super) fn find<K: Row, A: Row, B: Row>(&mut self, small: &Delta<(K, A)>, large: &Delta<(K, B)>) {
        assert!(small.len().max(large.len()) < FOLLOWS as usize, "a delta has fewer than u32::MAX - 1 rows");
        let Self { index, last, before, shared, only_small, only_large } = self;
        for list in [&mut *last, before, shared, only_small, only_large] {
            renew(list, Vec::clear);
        }
        index.build(small);
        last.resize(small.len(), NONE);
        before.resize(large.len(), NONE);
        for (i, (key, _)) in large.rows().iter().enumerate() {
            let Some(first) = index.positions(small, key).next() else {
                only_large.push(i as u32);
                continue;
            };
            before[i] = std::mem::replace(&mut last[first], i as u32);
            if before[i] == NONE {
                shared.push(first as u32);
            }
        }
        for first in shared.iter() {
            let key = &small.rows()[*first as usize].0;
            index.positions(small, key).skip(1).for_each(|position| last[position] = FOLLOWS);
        }
        only_small.extend((0..small.len() as u32).filter(|i| last[*i as usize] == NONE));
    }

    /// How many keys both have.
    pub(super) fn shared(&self) -> usize {
        self.shared.len()
    }

    /// The rows of the smaller delta whose key the larger one does not have.
    pub(super) fn only_small(&self) -> &[u32] {
        &self.only_small
    }

    /// The rows of the larger delta whose key the smaller one does not have.
    pub(super) fn only_large(&self) -> &[u32] {
        &self.only_large
    }

    /// A key that both have.
    pub(super) fn key<'a, K, A>(&self, shared: usize, small: &'a Delta<(K, A)>) -> &'a K {
        &small.rows()[self.shared[shared] as usize].0
    }

    /// The rows of the smaller delta with such a key.
    pub(super) fn small_positions<K: Row, A: Row>(
        &self,
        shared: usize,
        small: &Delta<(K, A)>,
    ) -> impl Iterator<Item = usize> {
        self.index.positions(small, self.key(shared, small))
    }

    /// The rows of the larger delta with such a key.
    pub(super) fn large_positions(&self, shared: usize) -> impl Iterator<Item = usize> {
        let row = |position: u32| (position != NONE).then_some(position as usize);
        successors(row(self.last[self.shared[shared] as usize]), move |position| row(self.before[*position]))
    }

    /// Gives each pair of rows with such a key.
    ///
    /// # Errors
    /// The first that `visit` gives.
    pub(super) fn try_each_pair<K: Row, A: Row>(
        &self,
        shared: usize,
        small: &Delta<(K, A)>,
        mut visit: impl FnMut((usize, usize)) -> Result<(), Overflow>,
    ) -> Result<(), Overflow> {
        self.small_positions(shared, small)
            .try_for_each(|one| self.large_positions(shared).try_for_each(|other| visit((one, other))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_matched_or_listed() {
        let small: Delta<(u8, char)> =
            Delta::from_iter([((1, 'a'), 1), ((2, 'b'), 1), ((1, 'c'), 1), ((3, 'd'), 1)]);
        let large: Delta<(u8, u8)> = [1, 4, 3, 1, 1, 5].into_iter().map(|key| ((key, 0), 1)).collect();
        let mut matches = Matches::new();
        for _ in 0..2 {
            matches.find(&small, &large);
            assert_eq!((matches.only_small(), matches.only_large()), (&[1][..], &[1, 5][..]));
            let mut pairs = Vec::new();
            for shared in 0..matches.shared() {
                let key = *matches.key(shared, &small);
                let visit = |(one, other): (usize, usize)| {
                    assert_eq!((small.rows()[one].0, large.rows()[other].0), (key, key));
                    pairs.push((one, other));
                    Ok(())
                };
                matches.try_each_pair(shared, &small, visit).expect("no visit fails");
            }
            pairs.sort_unstable();
            assert_eq!(pairs, [(0, 0), (0, 3), (0, 4), (2, 0), (2, 3), (2, 4), (3, 2)]);
        }
    }
}
