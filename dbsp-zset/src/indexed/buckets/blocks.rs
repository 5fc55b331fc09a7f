//! Where the rows of buckets stand, and the memory for them.
//!
//! # Shape       blocks of 16 rows each, up to three a bucket. Those of rows that own something stand beside the bucket as `Option`s,
//!   so that what goes is dropped at once; a row without a value to spare, which texts, vectors and boxes have, takes a word more.
//! # Invariants  a bucket has as many blocks as its rows need, the first ones.
//! # Cost        add, remove: O(1). A row that goes leaves a free slot: no other row is read or moved, but for the few that
//!   close ranks when a block less is needed. Buckets grow and shrink by blocks that are kept as [`Spare`].
//! # Not here    when a bucket closes ranks: see [`room`](super::room).
//!
//! Buckets of one table split at about one time, as hashes spread rows evenly; so most are half full at times. Room for
//! all 48 rows in each took 46 bytes a row of 24 in nexmark q4, blocks take 36. As they are of one size, none that a bucket
//! gives back is of no use to the others, which rooms of three sizes would be just then.

use crate::indexed::buckets::address::Tags;
use crate::indexed::buckets::bucket::{BLOCK, Block, Bucket, ones};
use crate::indexed::buckets::pages::Pages;
use crate::indexed::buckets::slots::SLOTS;
use crate::indexed::buckets::spare::Spare;
use crate::prefetch::prefetch_one;

/// The blocks of a bucket whose rows own something.
type Owned<R> = [Option<Block<Option<R>>>; SLOTS / BLOCK];

/// The rows of all buckets; see the [module](self).
#[derive(Clone)]
pub(super) struct Blocks<R> {
    spare: Spare<R>,
    /// By bucket, where rows own something,
    owned: Pages<Owned<R>, 16>,
    /// and blocks for those.
    spare_owned: Spare<Option<R>>,
}

/// The rows of a bucket.
pub(super) struct Rows<'a, R> {
    bucket: Option<&'a Bucket<R>>,
    /// Where they own something.
    owned: Option<&'a Owned<R>>,
}

impl<R> Clone for Rows<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Rows<'_, R> {}

impl<'a, R> Rows<'a, R> {
    /// The rows of no bucket.
    pub(super) const NONE: Self = Self { bucket: None, owned: None };

    /// The row in a slot.
    #[inline]
    pub(super) fn at(self, slot: usize) -> &'a R {
        let row = if Bucket::<R>::OWNS {
            let block = self.owned.and_then(|owned| owned[slot / BLOCK].as_ref());
            block.and_then(|block| block[slot % BLOCK].as_ref())
        } else {
            let block = self.bucket.and_then(|bucket| bucket.blocks[slot / BLOCK].as_ref());
            block.map(|block| &block[slot % BLOCK])
        };
        row.expect("a slot that is taken has a row")
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
        if Bucket::<R>::OWNS {
            let block = self.owned.and_then(|owned| owned.get(slot / BLOCK)?.as_ref());
            block.into_iter().for_each(|block| prefetch_one(&block[slot % BLOCK]));
        } else {
            let block = self.bucket.and_then(|bucket| bucket.blocks.get(slot / BLOCK)?.as_ref());
            block.into_iter().for_each(|block| prefetch_one(&block[slot % BLOCK]));
        }
    }
}

impl<R> Blocks<R> {
    pub(super) const fn new() -> Self {
        Self { spare: Spare::at_least(0), owned: Pages::new(), spare_owned: Spare::at_least(0) }
    }

    /// Is told how many buckets there are, whenever that changes.
    pub(super) fn follow(&mut self, buckets: usize) {
        if Bucket::<R>::OWNS {
            self.owned.resize_with(buckets, || [const { None }; SLOTS / BLOCK]);
        }
    }

    /// The rows of a bucket.
    #[inline]
    pub(super) fn rows<'a>(&'a self, bucket: &'a Bucket<R>, at: usize) -> Rows<'a, R> {
        let owned = if Bucket::<R>::OWNS { self.owned.get(at) } else { None };
        Rows { bucket: Some(bucket), owned }
    }

    /// Asks for what leads to the rows of a bucket, beside the bucket itself.
    #[inline]
    pub(super) fn prefetch(&self, at: usize) {
        if Bucket::<R>::OWNS
            && let Some(owned) = self.owned.get(at)
        {
            prefetch_one(owned);
        }
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.spare.allocated_bytes() + self.spare_owned.allocated_bytes() + self.owned.allocated_bytes()
    }

    /// Moves what stands beside a bucket to the place of another, to which it goes.
    pub(super) fn relocate(&mut self, from: usize, to: usize) {
        if Bucket::<R>::OWNS {
            self.owned.swap(from, to);
        }
    }

    /// How many blocks a bucket has.
    #[cfg(test)]
    pub(super) fn of(&self, bucket: &Bucket<R>, at: usize) -> usize {
        let owned = self.owned.get(at).map_or(0, |owned| owned.iter().flatten().count());
        bucket.blocks.iter().flatten().count() + owned
    }

    /// How many rows that own something are kept for a bucket.
    #[cfg(test)]
    pub(super) fn owned_rows(&self, at: usize) -> Option<usize> {
        let rows =
            |owned: &Owned<R>| owned.iter().flatten().map(|block| block.iter().flatten().count()).sum();
        self.owned.get(at).map(rows)
    }

    /// Takes the blocks without a row from a bucket.
    pub(super) fn free_empty(&mut self, bucket: &mut Bucket<R>, at: usize) {
        let mask = bucket.slots.mask();
        if Bucket::<R>::OWNS {
            free_empty(&mut self.owned[at], mask, |block| {
                debug_assert!(block.iter().all(Option::is_none), "a row that went is dropped");
                self.spare_owned.give(block);
            });
        } else {
            free_empty(&mut bucket.blocks, mask, |block| self.spare.give(block));
        }
    }

    /// Removes every row of some buckets, which are all there are, and keeps the memory.
    pub(super) fn clear<'a>(&mut self, buckets: impl Iterator<Item = &'a mut Bucket<R>>)
    where
        R: 'a,
    {
        let blocks = buckets.flat_map(|bucket| &mut bucket.blocks);
        self.spare.give_all(blocks.filter_map(Option::take));
        let owned = self.owned.iter_mut().flatten().filter_map(Option::take);
        self.spare_owned.give_all(owned.map(|mut block| {
            block.fill_with(|| None);
            block
        }));
    }
}

/// Gives back those of three blocks of which no slot is in a mask.
fn free_empty<T>(blocks: &mut [Option<Block<T>>; SLOTS / BLOCK], mask: u64, mut give: impl FnMut(Block<T>)) {
    for (i, block) in blocks.iter_mut().enumerate() {
        if mask >> (i * BLOCK) & ((1 << BLOCK) - 1) == 0 {
            block.take().into_iter().for_each(&mut give);
        }
    }
}

impl<R: Clone> Blocks<R> {
    /// Adds a row to a bucket that is not full, and gives its slot.
    #[inline]
    pub(super) fn push(&mut self, bucket: &mut Bucket<R>, at: usize, tags: Tags, row: R) -> usize {
        let slot = bucket.slots.first_free();
        bucket.take(slot, tags);
        if Bucket::<R>::OWNS {
            let block = self.owned[at][slot / BLOCK].get_or_insert_with(|| self.spare_owned.take(&None));
            block[slot % BLOCK] = Some(row);
        } else if let Some(block) = &mut bucket.blocks[slot / BLOCK] {
            block[slot % BLOCK] = row;
        } else {
            let mut block = self.spare.take(&row);
            block[slot % BLOCK] = row;
            bucket.blocks[slot / BLOCK] = Some(block);
        }
        slot
    }

    /// Removes a row.
    #[inline]
    pub(super) fn remove(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) {
        bucket.slots.give_back(slot);
        if Bucket::<R>::OWNS {
            self.take_owned(at, slot);
        }
    }

    /// Takes a row out; what stands in the last slot that is taken moves to its place. The memory stays until
    /// [`free_empty`](Self::free_empty).
    pub(super) fn pull(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) -> (Tags, R) {
        let (tags, last) = (bucket.tags(slot), bucket.slots.last_taken());
        let row = self.take(bucket, at, slot);
        if slot != last {
            let moved = self.take(bucket, at, last);
            let has = "a slot that is taken has a block";
            if Bucket::<R>::OWNS {
                self.owned[at][slot / BLOCK].as_mut().expect(has)[slot % BLOCK] = Some(moved);
            } else {
                bucket.blocks[slot / BLOCK].as_mut().expect(has)[slot % BLOCK] = moved;
            }
        }
        bucket.close(slot, last);
        (tags, row)
    }

    /// The row in a slot, which is empty then if rows own something.
    fn take(&mut self, bucket: &Bucket<R>, at: usize, slot: usize) -> R {
        if Bucket::<R>::OWNS {
            self.take_owned(at, slot).expect("a slot that is taken has a row")
        } else {
            self.rows(bucket, at).at(slot).clone()
        }
    }

    fn take_owned(&mut self, at: usize, slot: usize) -> Option<R> {
        self.owned[at][slot / BLOCK].as_mut().and_then(|block| block[slot % BLOCK].take())
    }

    /// To be called at the end of a step that took so many rows: makes a few blocks to spare, filled with any row, if there
    /// were not enough.
    #[inline]
    pub(super) fn make_spare(&mut self, row: &R, rows: usize) {
        if Bucket::<R>::OWNS {
            self.spare_owned.make(&None, rows);
        } else {
            self.spare.make(row, rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

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
        blocks.free_empty(&mut bucket, 0);
        assert_eq!((blocks.spare.made(), blocks.spare.free(), taken(&bucket)), (3, 2, 1));
        let mut other = Bucket::default();
        (0..30).for_each(|row| _ = push(&mut blocks, &mut other, row));
        assert_eq!((blocks.spare.made(), blocks.spare.free(), taken(&other)), (3, 0, 2));
        (0..16).rev().for_each(|slot| _ = blocks.pull(&mut bucket, 0, slot));
        assert_eq!(taken(&bucket), 1);
        blocks.free_empty(&mut bucket, 0);
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
            blocks.free_empty(bucket, 0);
        }
        assert!(
            blocks.spare.made() <= most / 2 + 10,
            "{} of {most} blocks for one bucket",
            blocks.spare.made()
        );
        assert_eq!(rows(&blocks, &buckets[0]).len(), SLOTS);
    }

    #[test]
    fn rows_that_own_something_are_dropped_as_they_go() {
        let (mut blocks, mut bucket) = (Blocks::new(), Bucket::default());
        blocks.follow(1);
        let row = Rc::new(());
        (0..SLOTS).for_each(|_| _ = push(&mut blocks, &mut bucket, Rc::clone(&row)));
        (5..40).for_each(|slot| blocks.remove(&mut bucket, 0, slot));
        assert_eq!((Rc::strong_count(&row), rows(&blocks, &bucket).len()), (1 + SLOTS - 35, SLOTS - 35));
        drop(blocks.pull(&mut bucket, 0, 2));
        (45..47).for_each(|slot| blocks.remove(&mut bucket, 0, slot));
        assert_eq!(push(&mut blocks, &mut bucket, Rc::clone(&row)), 5, "a gap is used again");
        blocks.free_empty(&mut bucket, 0);
        assert!(blocks.owned[0][1].is_none() && blocks.owned[0][2].is_some());
        blocks.clear(std::iter::once(&mut bucket));
        assert_eq!(Rc::strong_count(&row), 1);
    }
}
