//! A bucket: up to 48 rows, found by a byte of each row's hash.
//!
//! # Shape       slots for the rows, in no order; beside them one byte of the hash of each row and one of the hash
//!   of its key, so that a lookup compares 48 bytes at once and then, as a rule, one row; and a word that says which
//!   slots are taken. Two cache lines, and the rows.
//! # Invariants  tags of free slots mean nothing: every mask is cut to the slots that are taken. Of rows that own
//!   something no free slot keeps one.
//! # Cost        find, push, remove: O(1), without a branch that depends on how full the bucket is. A row that goes
//!   leaves a free slot: no other row is read or moved.
//! # Not here    which bucket a row belongs to, and what to do with a full one: see the parent module. The weights,
//!   which stand apart, as nearly all are one.

use dbsp_kernels::match_tags;

use crate::indexed::buckets::address::Tags;
use crate::indexed::buckets::slots::{SLOTS, Slots};
use crate::prefetch::{prefetch_lines, prefetch_one};

/// How many rows a bucket that grows makes room for at once: one whose rows own something, or the first of a table, or
/// a clone.
const STEP: usize = 16;

/// Up to 48 rows; see the [module](self).
#[derive(Clone)]
#[repr(align(64))]
pub(super) struct Bucket<R> {
    row_tags: [u8; SLOTS],
    key_tags: [u8; SLOTS],
    /// The slots used so far. In a free one stands what was there last.
    rows: Vec<R>,
    pub(super) slots: Slots,
}

/// An empty bucket without memory, as the first of a table is: most tables stay small.
impl<R> Default for Bucket<R> {
    fn default() -> Self {
        Self { row_tags: [0; SLOTS], key_tags: [0; SLOTS], rows: Vec::new(), slots: Slots::empty(0) }
    }
}

impl<R> Bucket<R> {
    /// Whether rows own something. Those that do are dropped as they go, so that the last one has to move into the gap.
    /// Their bucket makes room as they come, and not for all it can hold at once: they allocate for
    /// themselves anyway, and are large: half empty buckets would cost more than allocations do.
    pub(super) const OWNS: bool = std::mem::needs_drop::<R>();

    /// An empty bucket of a table that has several. If its rows own nothing, it never allocates again.
    pub(super) fn new() -> Self {
        Self { rows: Vec::with_capacity(if Self::OWNS { 0 } else { SLOTS }), ..Self::default() }
    }

    /// The bucket that stands for those there are not.
    pub(super) fn absent() -> Self {
        Self { slots: Slots::ABSENT, ..Self::default() }
    }

    /// The slots, of which those of a mask hold rows.
    #[inline]
    pub(super) fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The slots that are taken, with their rows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &R)> {
        ones(self.slots.mask()).map(|slot| (slot, &self.rows[slot]))
    }

    /// The row in a slot, if there is one.
    #[inline]
    pub(super) fn get(&self, slot: usize) -> Option<&R> {
        self.rows.get(slot).filter(|_| self.slots.has(slot))
    }

    /// Where the row stands that `is_it` accepts, among those with its tag.
    #[inline]
    pub(super) fn find(&self, row_tag: u8, is_it: impl Fn(&R) -> bool) -> Option<usize> {
        ones(match_tags(&self.row_tags, row_tag) & self.slots.mask()).find(|slot| is_it(&self.rows[*slot]))
    }

    /// A mask of the rows whose key may have this tag: some may have another key.
    #[inline]
    pub(super) fn candidates(&self, key_tag: u8) -> u64 {
        match_tags(&self.key_tags, key_tag) & self.slots.mask()
    }

    /// A mask of the rows that `is_it` accepts, among those whose key has this tag.
    #[inline]
    pub(super) fn matching(&self, key_tag: u8, is_it: impl Fn(&R) -> bool) -> u64 {
        let candidates = self.candidates(key_tag);
        ones(candidates)
            .filter(|slot| !is_it(&self.rows[*slot]))
            .fold(candidates, |mask, slot| mask & !(1 << slot))
    }

    /// Whether more than `most` rows may have one key. Where this says no, no key needs to be looked at.
    pub(super) fn may_be_crowded(&self, most: usize) -> bool {
        let (mut counts, mut highest) = ([0_u8; 256], 0);
        for (slot, _) in self.iter() {
            let count = &mut counts[usize::from(self.key_tags[slot])];
            *count += 1;
            highest = highest.max(*count);
        }
        usize::from(highest) > most
    }

    /// Adds a row to a bucket that is not full, and gives its slot.
    #[inline]
    pub(super) fn push(&mut self, tags: Tags, row: R) -> usize {
        let slot = self.slots.first_free();
        self.slots.take(slot);
        self.row_tags[slot] = tags.row;
        self.key_tags[slot] = tags.key;
        if let Some(free) = self.rows.get_mut(slot) {
            *free = row;
        } else {
            if slot == self.rows.capacity() {
                self.grow();
            }
            self.rows.push(row);
        }
        slot
    }

    /// Makes room for further rows, but not for more than there are slots.
    #[cold]
    fn grow(&mut self) {
        let slots = self.rows.len();
        let more = match slots {
            0 => 4,
            _ if slots < STEP => slots,
            _ if Self::OWNS => STEP,
            _ => SLOTS,
        };
        self.rows.reserve_exact(more.min(SLOTS - slots));
    }

    /// Takes a row out; what stands in the last slot moves to its place.
    pub(super) fn pull(&mut self, slot: usize) -> (Tags, R) {
        let tags = Tags { row: self.row_tags[slot], key: self.key_tags[slot] };
        let row = self.rows.swap_remove(slot);
        let last = self.rows.len();
        if last == slot || !self.slots.has(last) {
            self.slots.give_back(slot);
        } else {
            self.slots.give_back(last);
            self.row_tags[slot] = self.row_tags[last];
            self.key_tags[slot] = self.key_tags[last];
        }
        (tags, row)
    }

    /// Removes every row and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.rows.clear();
    }

    /// Gives memory back that rows which moved elsewhere have left, if rows own something.
    pub(super) fn trim(&mut self) {
        if Self::OWNS {
            self.rows.shrink_to(self.rows.len().next_multiple_of(STEP));
        }
    }

    /// How many rows there is memory for; rows without a size need none.
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.rows.capacity().min(SLOTS)
    }

    /// Asks for what a lookup reads first.
    #[inline]
    pub(super) fn prefetch(&self) {
        prefetch_lines(self);
    }

    /// Asks for the first row of a mask.
    #[inline]
    pub(super) fn prefetch_first(&self, mask: u64) {
        if let Some(row) = self.rows.get(mask.trailing_zeros() as usize) {
            prefetch_one(row);
        }
    }

    /// Asks for the row with a tag, or if there is none for the slot that the next row gets; gives the slot.
    #[inline]
    pub(super) fn prefetch_row(&self, row_tag: u8) -> usize {
        let candidates = match_tags(&self.row_tags, row_tag) & self.slots.mask();
        let slot =
            if candidates == 0 { self.slots.first_free() } else { candidates.trailing_zeros() as usize };
        if let Some(row) = self.rows.get(slot) {
            prefetch_one(row);
        }
        slot
    }
}

/// The places of the ones of a mask, the lowest first.
#[inline]
pub(super) fn ones(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let i = mask.trailing_zeros();
        (mask != 0).then(|| {
            mask &= mask - 1;
            i as usize
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_rows_that_left_are_not_found() {
        let mut bucket = Bucket::default();
        for row in 0..SLOTS as u8 {
            assert_eq!(bucket.push(Tags { row: row % 4, key: 9 }, row), usize::from(row));
        }
        assert!(bucket.slots.is_full());
        let find = |bucket: &Bucket<u8>, tag, row| bucket.find(tag, |found| *found == row);
        assert_eq!((find(&bucket, 1, 45), find(&bucket, 2, 45)), (Some(45), None));
        assert_eq!((bucket.candidates(9), bucket.candidates(0)), ((1 << SLOTS) - 1, 0));
        assert_eq!(bucket.matching(9, |row| row % 16 == 3), 0x8_0008_0008);
        assert!(bucket.may_be_crowded(SLOTS - 1) && !bucket.may_be_crowded(SLOTS));

        assert_eq!(bucket.pull(5).1, 5);
        assert_eq!((find(&bucket, 1, 5), find(&bucket, 3, 47)), (None, Some(5)));
        bucket.slots.give_back(7);
        assert_eq!((find(&bucket, 3, 7), bucket.slots.len()), (None, SLOTS - 2));
        assert_eq!(bucket.pull(46).1, 46);
        assert_eq!(bucket.pull(44).1, 44, "the last slot moves");
        assert_eq!(find(&bucket, 1, 45), Some(44));
        assert_eq!(bucket.push(Tags { row: 3, key: 9 }, 99), 7, "the gap is used again");
        assert_eq!(find(&bucket, 3, 99), Some(7));
        assert_eq!(bucket.iter().map(|(slot, _)| slot).collect::<Vec<_>>(), Vec::from_iter(0..45));
    }

    #[test]
    fn there_is_never_memory_for_more_rows_than_a_bucket_can_hold() {
        for first in 0..SLOTS {
            let (mut numbers, mut boxes) = (Bucket::default(), Bucket::default());
            for row in 0..SLOTS {
                if row == first {
                    (numbers, boxes) = (numbers.clone(), boxes.clone());
                }
                numbers.push(Tags::default(), row);
                boxes.push(Tags::default(), Box::new(row));
            }
            assert!(numbers.rows.capacity() <= SLOTS && boxes.rows.capacity() <= SLOTS, "{first}");
        }
    }

    #[test]
    fn a_gap_at_the_end_is_not_moved_into_another() {
        let mut bucket = Bucket::default();
        (0..3).for_each(|row| _ = bucket.push(Tags::default(), row));
        bucket.slots.give_back(2);
        assert_eq!(bucket.pull(0).1, 0);
        assert_eq!(bucket.iter().collect::<Vec<_>>(), [(1, &1)]);
        assert_eq!(bucket.push(Tags::default(), 7), 0);
        assert_eq!(bucket.push(Tags::default(), 8), 2);
        assert_eq!(bucket.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [7, 1, 8]);
    }
}
