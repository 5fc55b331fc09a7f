//! A bucket: up to 64 rows, found by a byte of each row's hash.
//!
//! # Shape       the rows in a vector, in no order, and their weights unless all are one; beside it one byte of
//!   the hash of each row and one of the hash of its key, so that a lookup compares 64 bytes at once and then,
//!   as a rule, one row.
//! # Invariants  tags beyond the rows mean nothing: every mask is cut to the rows there are.
//! # Cost        find, push, remove: O(1), without a branch that depends on how full the bucket is.
//! # Not here    which bucket a row belongs to, and what to do with a full one: see the parent module.

use dbsp_kernels::match_tags;

use crate::algebra::{Overflow, Ring};
use crate::prefetch::{prefetch_lines, prefetch_one};
use crate::weights::Weights;

/// The most rows of a bucket: one bit each in a mask.
pub(super) const SLOTS: usize = 64;

/// How many rows a bucket that grows makes room for at once.
const STEP: usize = 16;

/// Up to 64 rows; see the [module](self).
#[derive(Clone)]
#[repr(align(64))]
pub(super) struct Bucket<R, W> {
    row_tags: [u8; SLOTS],
    key_tags: [u8; SLOTS],
    rows: Vec<R>,
    pub(super) weights: Weights<W>,
    /// How many leading bits of a place lead here.
    pub(super) depth: u32,
}

/// What a bucket knows a row by: a byte of its hash, and one of its key's.
#[derive(Clone, Copy, Default)]
pub(super) struct Tags {
    pub(super) row: u8,
    pub(super) key: u8,
}

/// An empty bucket without memory, as the first of a table is: most tables stay small.
impl<R, W> Default for Bucket<R, W> {
    fn default() -> Self {
        let (rows, weights) = (Vec::new(), Weights::new());
        Self { row_tags: [0; SLOTS], key_tags: [0; SLOTS], rows, weights, depth: 0 }
    }
}

impl<R, W> Bucket<R, W> {
    /// Whether a bucket makes room as rows come, and not for all it can hold at once. Rows that own something
    /// allocate for themselves anyway, and are large: half empty buckets would cost more than allocations do.
    const GROWS: bool = std::mem::needs_drop::<R>();

    /// An empty bucket of a table that has several. If it does not grow, it never allocates again.
    pub(super) fn new(depth: u32) -> Self {
        let rows = Vec::with_capacity(if Self::GROWS { 0 } else { SLOTS });
        Self { rows, depth, ..Self::default() }
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() == SLOTS
    }

    #[inline]
    pub(super) fn rows(&self) -> &[R] {
        &self.rows
    }

    /// Where the row stands that `is_it` accepts, among those with its tag.
    #[inline]
    pub(super) fn find(&self, row_tag: u8, is_it: impl Fn(&R) -> bool) -> Option<usize> {
        let mut candidates = match_tags(&self.row_tags, row_tag) & self.filled();
        while candidates != 0 {
            let i = candidates.trailing_zeros() as usize;
            if is_it(&self.rows[i]) {
                return Some(i);
            }
            candidates &= candidates - 1;
        }
        None
    }

    /// A mask of the rows whose key may have this tag: some may have another key.
    #[inline]
    pub(super) fn candidates(&self, key_tag: u8) -> u64 {
        match_tags(&self.key_tags, key_tag) & self.filled()
    }

    /// Whether `is_it` accepts a row, among those whose key has this tag.
    pub(super) fn has(&self, key_tag: u8, is_it: impl Fn(&R) -> bool) -> bool {
        let mut candidates = self.candidates(key_tag);
        while candidates != 0 && !is_it(&self.rows[candidates.trailing_zeros() as usize]) {
            candidates &= candidates - 1;
        }
        candidates != 0
    }

    /// A mask of the rows that `is_it` accepts, among those whose key has this tag.
    #[inline]
    pub(super) fn matching(&self, key_tag: u8, is_it: impl Fn(&R) -> bool) -> u64 {
        self.confirm(self.candidates(key_tag), is_it)
    }

    /// A mask of the rows that `is_it` accepts, among those of another mask.
    #[inline]
    pub(super) fn confirm(&self, mut candidates: u64, is_it: impl Fn(&R) -> bool) -> u64 {
        let mut matching = candidates;
        while candidates != 0 {
            let i = candidates.trailing_zeros();
            if !is_it(&self.rows[i as usize]) {
                matching &= !(1 << i);
            }
            candidates &= candidates - 1;
        }
        matching
    }

    /// Removes every row and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.weights.clear();
    }

    /// Asks for what a lookup reads first.
    #[inline]
    pub(super) fn prefetch(&self) {
        prefetch_lines(self);
    }

    /// Asks for what a lookup of a key reads first.
    #[inline]
    pub(super) fn prefetch_keys(&self) {
        prefetch_lines(&self.key_tags);
        prefetch_lines(&self.rows);
    }

    /// Whether more than `most` rows may have one key. Where this says no, no key needs to be looked at.
    pub(super) fn may_be_crowded(&self, most: usize) -> bool {
        let (mut counts, mut highest) = ([0_u8; 256], 0);
        for tag in &self.key_tags[..self.rows.len()] {
            let count = &mut counts[usize::from(*tag)];
            *count += 1;
            highest = highest.max(*count);
        }
        usize::from(highest) > most
    }

    /// Asks for the first row of a mask.
    #[inline]
    pub(super) fn prefetch_first(&self, mask: u64) {
        if let Some(row) = self.rows.get(mask.trailing_zeros() as usize) {
            prefetch_one(row);
        }
    }

    /// Asks for the row with a tag, and for the last one, which moves if that row goes.
    #[inline]
    pub(super) fn prefetch_row(&self, row_tag: u8) {
        let candidates = match_tags(&self.row_tags, row_tag) & self.filled();
        self.prefetch_first(candidates);
        if let Some(row) = self.rows.last() {
            prefetch_one(row);
        }
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<R>() + self.weights.allocated_bytes()
    }

    /// One bit for each row there is.
    #[inline]
    fn filled(&self) -> u64 {
        u64::MAX.unbounded_shr((SLOTS - self.rows.len()) as u32)
    }
}

impl<R, W: Ring> Bucket<R, W> {
    /// Changes the weight of a row, and says whether it is zero now: the row has then to go.
    #[inline]
    pub(super) fn change(
        &mut self,
        i: usize,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
    ) -> Result<bool, Overflow> {
        self.weights.change(i, self.rows.len(), self.rows.capacity(), change)
    }

    /// Adds a row to a bucket that is not full.
    #[inline]
    pub(super) fn push(&mut self, tags: Tags, row: R, weight: W) {
        let i = self.rows.len();
        if Self::GROWS && i == self.rows.capacity() && i >= STEP {
            self.rows.reserve_exact(STEP);
        }
        self.row_tags[i] = tags.row;
        self.key_tags[i] = tags.key;
        self.rows.push(row);
        self.weights.push(weight, i, self.rows.capacity());
    }

    /// Removes a row; the last one moves to its place.
    #[inline]
    pub(super) fn swap_remove(&mut self, i: usize) -> (R, W) {
        let row = self.rows.swap_remove(i);
        self.row_tags[i] = self.row_tags[self.rows.len()];
        self.key_tags[i] = self.key_tags[self.rows.len()];
        (row, self.weights.swap_remove(i))
    }

    /// Removes a row, as [`swap_remove`](Self::swap_remove) does, and gives its tags too.
    pub(super) fn swap_remove_tagged(&mut self, i: usize) -> (Tags, (R, W)) {
        let tags = Tags { row: self.row_tags[i], key: self.key_tags[i] };
        (tags, self.swap_remove(i))
    }

    /// Removes the last row.
    pub(super) fn pop(&mut self) -> Option<(Tags, (R, W))> {
        let row = self.rows.pop()?;
        let i = self.rows.len();
        Some((Tags { row: self.row_tags[i], key: self.key_tags[i] }, (row, self.weights.pop())))
    }

    /// Gives memory back that a split has left without rows, in a bucket that grows, and a column of weights that
    /// are all one.
    pub(super) fn trim(&mut self) {
        if Self::GROWS {
            self.rows.shrink_to(self.rows.len().next_multiple_of(STEP));
        }
        self.weights.forget_ones();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_rows_that_left_are_not_found() {
        let mut bucket = Bucket::default();
        for row in 0..SLOTS as u8 {
            bucket.push(Tags { row: row % 4, key: 9 }, row, if row % 8 == 0 { 2 } else { 1 });
        }
        assert!(bucket.is_full());
        assert_eq!(bucket.find(1, |row| *row == 61), Some(61));
        assert_eq!(bucket.find(2, |row| *row == 61), None);
        assert_eq!((bucket.candidates(9), bucket.candidates(0)), (u64::MAX, 0));
        assert_eq!(bucket.matching(9, |row| row % 16 == 3), 0x8_0008_0008_0008);
        for i in (0..SLOTS).rev() {
            let row = if i + 1 == SLOTS { 0 } else { i as u8 + 1 };
            assert_eq!(bucket.swap_remove(0), (row, if row % 8 == 0 { 2 } else { 1 }));
        }
        assert_eq!((bucket.candidates(9), bucket.find(0, |_| true)), (0, None));
    }
}
