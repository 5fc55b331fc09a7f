//! Where the rows of buckets stand, and the memory for them.
//!
//! # Shape       blocks of 16 rows each, up to three a bucket. Rows that own something stand in a vector for each bucket
//!   instead, without gaps.
//! # Invariants  a bucket has as many blocks as its rows need, the first ones.
//! # Cost        add, remove: O(1). A row that goes leaves a free slot: no other row is read or moved, but for the few that
//!   close ranks when a block less is needed. Buckets grow and shrink by blocks that are kept as [`Spare`].
//! # Not here    when a bucket closes ranks: see [`room`](super::room).
//!
//! Buckets of one table split at about one time, as hashes spread rows evenly; so most are half full at times. Room for
//! all 48 rows in each took 46 bytes a row of 24 in nexmark q4, blocks take 36. As they are of one size, none that a bucket
//! gives back is of no use to the others, which rooms of three sizes would be just then.

use crate::indexed::buckets::address::Tags;
use crate::indexed::buckets::bucket::{BLOCK, Bucket, ones};
use crate::indexed::buckets::slots::SLOTS;
use crate::indexed::buckets::spare::Spare;
use crate::prefetch::prefetch_one;

/// A vector of rows that own something grows by so many at once.
const STEP: usize = 16;

/// The rows of all buckets; see the [module](self).
#[derive(Clone)]
pub(super) struct Blocks<R> {
    spare: Spare<R>,
    /// By bucket, where rows own something.
    owned: Vec<Vec<R>>,
}

/// The rows of a bucket.
pub(super) struct Rows<'a, R> {
    bucket: Option<&'a Bucket<R>>,
    /// Where rows own something, or have no bucket.
    owned: &'a [R],
}

impl<R> Clone for Rows<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Rows<'_, R> {}

impl<'a, R> Rows<'a, R> {
    /// A row that stands alone, in slot 0.
    pub(super) const fn alone(owned: &'a [R]) -> Self {
        Self { bucket: None, owned }
    }

    /// The row in a slot.
    #[inline]
    pub(super) fn at(self, slot: usize) -> &'a R {
        match self.bucket {
            Some(bucket) if !Bucket::<R>::OWNS => {
                let block = bucket.blocks[slot / BLOCK].as_ref().expect("a slot that is taken has a block");
                &block[slot % BLOCK]
            }
            _ => &self.owned[slot],
        }
    }

    /// The slots that are taken, with their rows, of rows that have a bucket.
    pub(super) fn iter(self) -> impl Iterator<Item = (usize, &'a R)> {
        let mask = self.bucket.map_or(0, |bucket| bucket.slots.mask());
        ones(mask).map(move |slot| (slot, self.at(slot)))
    }

    /// All rows of a bucket that is full.
    pub(super) fn all(self) -> impl Iterator<Item = &'a R> {
        (0..SLOTS).map(move |slot| self.at(slot))
    }

    /// The slot among those of a mask with the row that `is_it` accepts.
    #[inline]
    pub(super) fn find(self, mask: u64, is_it: impl Fn(&R) -> bool) -> Option<usize> {
        ones(mask).find(|slot| is_it(self.at(*slot)))
    }

    /// The slots of a mask with rows that `is_it` accepts.
    #[inline]
    pub(super) fn matching(self, mask: u64, is_it: impl Fn(&R) -> bool) -> u64 {
        ones(mask).filter(|slot| !is_it(self.at(*slot))).fold(mask, |mask, slot| mask & !(1 << slot))
    }

    /// Asks for the first row of a mask, if there is memory for it.
    #[inline]
    pub(super) fn prefetch_first(self, mask: u64) {
        let slot = mask.trailing_zeros() as usize;
        let row = match self.bucket {
            Some(bucket) if !Bucket::<R>::OWNS => {
                bucket.blocks.get(slot / BLOCK).and_then(Option::as_ref).map(|block| &block[slot % BLOCK])
            }
            _ => self.owned.get(slot),
        };
        if let Some(row) = row {
            prefetch_one(row);
        }
    }
}

impl<R> Blocks<R> {
    pub(super) const fn new() -> Self {
        Self { spare: Spare::at_least(0), owned: Vec::new() }
    }

    /// The rows of a bucket.
    #[inline]
    pub(super) fn rows<'a>(&'a self, bucket: &'a Bucket<R>, at: usize) -> Rows<'a, R> {
        let owned = if Bucket::<R>::OWNS { self.owned.get(at).map_or(&[][..], Vec::as_slice) } else { &[] };
        Rows { bucket: Some(bucket), owned }
    }

    /// Asks for what leads to the rows of a bucket, beside the bucket itself.
    #[inline]
    pub(super) fn prefetch(&self, at: usize) {
        if Bucket::<R>::OWNS
            && let Some(rows) = self.owned.get(at)
        {
            prefetch_one(rows);
        }
    }

    /// Gives memory back that rows which moved elsewhere have left.
    pub(super) fn trim(&mut self, bucket: &mut Bucket<R>, at: usize) {
        if Bucket::<R>::OWNS {
            if let Some(rows) = self.owned.get_mut(at) {
                rows.shrink_to(rows.len().next_multiple_of(STEP));
            }
        } else {
            self.free_empty(bucket);
        }
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        let owned: usize =
            self.owned.iter().map(|rows| if size_of::<R>() > 0 { rows.capacity() } else { 0 }).sum();
        self.spare.allocated_bytes() + owned * size_of::<R>() + self.owned.capacity() * size_of::<Vec<R>>()
    }

    /// Takes the blocks without a row from a bucket.
    pub(super) fn free_empty(&mut self, bucket: &mut Bucket<R>) {
        for (i, block) in bucket.blocks.iter_mut().enumerate() {
            if bucket.slots.mask() >> (i * BLOCK) & ((1 << BLOCK) - 1) == 0 {
                block.take().into_iter().for_each(|block| self.spare.give(block));
            }
        }
    }

    /// Removes every row of some buckets, which are all there are, and keeps the memory.
    pub(super) fn clear(&mut self, buckets: &mut [Bucket<R>]) {
        let blocks = buckets.iter_mut().flat_map(|bucket| &mut bucket.blocks);
        self.spare.give_all(blocks.filter_map(Option::take));
        self.owned.iter_mut().for_each(Vec::clear);
    }
}

impl<R: Clone> Blocks<R> {
    /// Adds a row to a bucket that is not full, and gives its slot.
    #[inline]
    pub(super) fn push(&mut self, bucket: &mut Bucket<R>, at: usize, tags: Tags, row: R) -> usize {
        let slot = bucket.slots.first_free();
        bucket.take(slot, tags);
        if Bucket::<R>::OWNS {
            self.push_owned(at, row);
        } else if let Some(block) = &mut bucket.blocks[slot / BLOCK] {
            block[slot % BLOCK] = row;
        } else {
            let mut block = self.spare.take(&row);
            block[slot % BLOCK] = row;
            bucket.blocks[slot / BLOCK] = Some(block);
        }
        slot
    }

    /// Removes a row. Where rows own something what stands in the last slot moves to its place, as on
    /// [`pull`](Self::pull).
    #[inline]
    pub(super) fn remove(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) {
        if Bucket::<R>::OWNS {
            self.pull(bucket, at, slot);
        } else {
            bucket.slots.give_back(slot);
        }
    }

    /// Takes a row out; what stands in the last slot that is taken moves to its place. The memory stays until
    /// [`trim`](Self::trim).
    pub(super) fn pull(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) -> (Tags, R) {
        let (tags, last) = (bucket.tags(slot), bucket.slots.last_taken());
        let row = if Bucket::<R>::OWNS {
            self.owned[at].swap_remove(slot)
        } else {
            let rows = self.rows(bucket, at);
            let (row, moved) = (rows.at(slot).clone(), rows.at(last).clone());
            if let Some(block) = &mut bucket.blocks[slot / BLOCK] {
                block[slot % BLOCK] = moved;
            }
            row
        };
        bucket.close(slot, last);
        (tags, row)
    }

    fn push_owned(&mut self, at: usize, row: R) {
        if at >= self.owned.len() {
            self.owned.resize_with(at + 1, Vec::new);
        }
        let rows = &mut self.owned[at];
        if rows.len() == rows.capacity() {
            let more = if rows.len() < STEP { rows.len().max(4) } else { STEP };
            rows.reserve_exact(more.min(SLOTS - rows.len()));
        }
        rows.push(row);
    }

    /// To be called at the end of a step: makes a few blocks to spare, filled with any row, if there were not enough.
    #[inline]
    pub(super) fn make_spare(&mut self, row: &R) {
        self.spare.make(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push<R: Clone>(blocks: &mut Blocks<R>, bucket: &mut Bucket<R>, row: R) -> usize {
        blocks.push(bucket, 0, Tags { row: 1, key: 9 }, row)
    }

    fn rows<R: Clone>(blocks: &Blocks<R>, bucket: &Bucket<R>) -> Vec<R> {
        blocks.rows(bucket, 0).iter().map(|(_, row)| row.clone()).collect()
    }

    #[test]
    fn tags_of_rows_that_left_are_not_found() {
        let (mut blocks, mut bucket) = (Blocks::new(), Bucket::default());
        for row in 0..SLOTS as u8 {
            let tags = Tags { row: row % 4, key: 9 };
            assert_eq!(blocks.push(&mut bucket, 0, tags, row), usize::from(row));
        }
        assert!(bucket.slots.is_full());
        assert!(blocks.rows(&bucket, 0).all().copied().eq(0..SLOTS as u8));
        let find = |blocks: &Blocks<u8>, bucket: &Bucket<u8>, tag, row| {
            blocks.rows(bucket, 0).find(bucket.with_row_tag(tag), |found| *found == row)
        };
        assert_eq!((find(&blocks, &bucket, 1, 45), find(&blocks, &bucket, 2, 45)), (Some(45), None));
        assert_eq!((bucket.candidates(9), bucket.candidates(0)), ((1 << SLOTS) - 1, 0));
        let third = blocks.rows(&bucket, 0).matching(bucket.candidates(9), |row| row % 16 == 3);
        assert_eq!(third, 0x8_0008_0008);
        assert!(bucket.may_be_crowded(SLOTS - 1) && !bucket.may_be_crowded(SLOTS));

        assert_eq!(blocks.pull(&mut bucket, 0, 5).1, 5);
        assert_eq!((find(&blocks, &bucket, 1, 5), find(&blocks, &bucket, 3, 47)), (None, Some(5)));
        blocks.remove(&mut bucket, 0, 7);
        assert_eq!((find(&blocks, &bucket, 3, 7), bucket.slots.len()), (None, SLOTS - 2));
        assert_eq!(blocks.pull(&mut bucket, 0, 46).1, 46);
        assert_eq!(blocks.pull(&mut bucket, 0, 44).1, 44, "the last slot moves");
        assert_eq!(find(&blocks, &bucket, 1, 45), Some(44));
        assert_eq!(push(&mut blocks, &mut bucket, 99), 7, "the gap is used again");
        assert_eq!(find(&blocks, &bucket, 1, 99), Some(7));
        assert!(ones(bucket.slots.mask()).eq(0..45));
    }

    #[test]
    fn a_gap_at_the_end_is_not_moved_into_another() {
        let (mut blocks, mut bucket) = (Blocks::new(), Bucket::default());
        (0..3).for_each(|row| _ = push(&mut blocks, &mut bucket, row));
        blocks.remove(&mut bucket, 0, 2);
        assert_eq!(blocks.pull(&mut bucket, 0, 0).1, 0);
        assert_eq!(rows(&blocks, &bucket), [1]);
        assert_eq!(push(&mut blocks, &mut bucket, 7), 1);
        assert_eq!(push(&mut blocks, &mut bucket, 8), 2);
        assert_eq!(rows(&blocks, &bucket), [1, 7, 8]);
    }

    #[cfg(feature = "pool")]
    #[test]
    fn a_bucket_has_the_blocks_of_its_rows_and_the_others_are_used_again() {
        let (mut blocks, mut bucket) = (Blocks::new(), Bucket::default());
        let taken = |bucket: &Bucket<u64>| bucket.blocks.iter().flatten().count();
        (0..SLOTS as u64).for_each(|row| _ = push(&mut blocks, &mut bucket, row));
        assert_eq!((blocks.spare.made(), taken(&bucket)), (3, 3));
        (16..SLOTS).for_each(|slot| blocks.remove(&mut bucket, 0, slot));
        blocks.free_empty(&mut bucket);
        assert_eq!((blocks.spare.made(), blocks.spare.free(), taken(&bucket)), (3, 2, 1));
        let mut other = Bucket::default();
        (0..30).for_each(|row| _ = push(&mut blocks, &mut other, row));
        assert_eq!((blocks.spare.made(), blocks.spare.free(), taken(&other)), (3, 0, 2));
        (0..16).rev().for_each(|slot| _ = blocks.pull(&mut bucket, 0, slot));
        assert_eq!(taken(&bucket), 1);
        blocks.trim(&mut bucket, 0);
        assert_eq!((taken(&bucket), blocks.allocated_bytes() >= 3 * 16 * 8), (0, true));
    }

    #[test]
    fn half_of_the_blocks_at_most_are_kept_for_nobody() {
        let (mut blocks, mut buckets) = (Blocks::new(), vec![Bucket::default(); 100]);
        for bucket in &mut buckets {
            (0..SLOTS as u64).for_each(|row| _ = push(&mut blocks, bucket, row));
        }
        let most = blocks.spare.made();
        assert!((300..330).contains(&most), "{most}");
        for bucket in &mut buckets[1..] {
            (0..SLOTS).for_each(|slot| blocks.remove(bucket, 0, slot));
            blocks.free_empty(bucket);
        }
        assert!(
            blocks.spare.made() <= most / 2 + 10,
            "{} of {most} blocks for one bucket",
            blocks.spare.made()
        );
        assert_eq!(rows(&blocks, &buckets[0]).len(), SLOTS);
    }

    #[test]
    fn there_is_never_memory_for_more_rows_that_own_something_than_a_bucket_can_hold() {
        for first in 0..SLOTS {
            let (mut blocks, mut bucket) = (Blocks::new(), Bucket::default());
            for row in 0..SLOTS {
                if row == first {
                    (blocks, bucket) = (blocks.clone(), bucket.clone());
                }
                push(&mut blocks, &mut bucket, Box::new(row));
            }
            assert!(blocks.owned[0].capacity() <= SLOTS, "{first}");
        }
    }
}
