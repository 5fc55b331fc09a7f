//! The weights of the rows in buckets, of which nearly all are one.
//!
//! # Shape       for a bucket a mask of the slots whose weight differs from one; for 16 slots with such a weight a block with
//!   a weight for each of them.
//! # Invariants  a bucket's word says whether any weight differs. Slots without a row are not in the mask; what stands in a
//!   block for a slot that is not means nothing.
//! # Cost        in a table whose weights are all one: nothing, and no look at this; else 32 bytes for each bucket, and a row of
//!   weight one in a bucket with one that differs takes a look at the mask. The masks are made 64 buckets at a time: where they
//!   are needed, and a few more in each step until all buckets have theirs. Blocks that are given back are kept as [`Spare`].
//!
//! Most collections are sets: a trace of rows of 24 bytes is a quarter smaller so, and a growing one has a quarter
//! fewer pages to get from the system.

use crate::algebra::{Overflow, Ring};
use crate::indexed::buckets::bucket::{BLOCK, Block, Bucket};
use crate::indexed::buckets::slots::SLOTS;
use crate::indexed::buckets::spare::Spare;
use crate::prefetch::prefetch_one;

/// So many blocks are free, at least, after a step that had to make one: how many rows happen to stand twice goes up and
/// down while as many come as go.
const LEAST_SPARE: usize = 32;

/// For so many buckets masks are made together.
const CHUNK: usize = 64;
/// So many times at most at the end of a step, where there are buckets without.
const CHUNKS_A_STEP: usize = 4;

/// The weights of the slots of a bucket that differ from one.
#[derive(Clone)]
pub(super) struct Column<W> {
    /// One bit for each of them.
    differ: u64,
    /// The weights, of 16 slots in each block.
    blocks: [Option<Block<W>>; SLOTS / BLOCK],
}

impl<W> Default for Column<W> {
    fn default() -> Self {
        Self { differ: 0, blocks: [const { None }; SLOTS / BLOCK] }
    }
}

impl<W> Column<W> {
    /// The weight of a slot, if it differs from one.
    #[inline]
    pub(super) fn get(&self, slot: usize) -> Option<&W> {
        if self.differ >> slot & 1 == 0 {
            return None;
        }
        self.blocks[slot / BLOCK].as_ref().map(|block| &block[slot % BLOCK])
    }

    /// The weight of a slot, if it differs from one.
    #[inline]
    fn get_mut(&mut self, slot: usize) -> Option<&mut W> {
        if self.differ >> slot & 1 == 0 {
            return None;
        }
        self.blocks[slot / BLOCK].as_mut().map(|block| &mut block[slot % BLOCK])
    }
}

/// The weights beside all buckets; see the [module](self).
#[derive(Clone)]
pub(super) struct Columns<W> {
    /// By bucket.
    chunks: Vec<Option<Box<[Column<W>; CHUNK]>>>,
    /// From here on some chunks may not be made, if any bucket has needed one.
    unmade: Option<usize>,
    spare: Spare<W>,
    /// The weight of rows that have none of their own; there once there are buckets.
    one: Option<W>,
}

/// The weights of a bucket's slots.
pub(super) struct Weights<'a, W> {
    /// The column of the bucket, unless all weights are one.
    column: Option<&'a Column<W>>,
    one: Option<&'a W>,
}

impl<W> Clone for Weights<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Weights<'_, W> {}

impl<'a, W> Weights<'a, W> {
    /// The weights of no bucket.
    pub(super) const NONE: Self = Self { column: None, one: None };

    /// The weight of a slot; none of a table that has no bucket.
    #[inline]
    pub(super) fn get(self, slot: usize) -> Option<&'a W> {
        self.column.and_then(|column| column.get(slot)).or(self.one)
    }
}

impl<W> Columns<W> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), unmade: None, spare: Spare::at_least(LEAST_SPARE), one: None }
    }

    /// The weights of a bucket.
    #[inline]
    pub(super) fn of<R>(&self, bucket: &Bucket<R>, at: usize) -> Weights<'_, W> {
        Weights { column: self.differing(bucket, at), one: self.one.as_ref() }
    }

    /// The weights of a bucket that differ from one, if there are any.
    #[inline]
    pub(super) fn differing<R>(&self, bucket: &Bucket<R>, at: usize) -> Option<&Column<W>> {
        if bucket.slots.is_weighted() { self.column(at) } else { None }
    }

    #[inline]
    fn column(&self, at: usize) -> Option<&Column<W>> {
        self.chunks.get(at / CHUNK)?.as_ref().map(|chunk| &chunk[at % CHUNK])
    }

    #[inline]
    fn column_mut(&mut self, at: usize) -> Option<&mut Column<W>> {
        self.chunks.get_mut(at / CHUNK)?.as_mut().map(|chunk| &mut chunk[at % CHUNK])
    }

    /// The weight of rows that have none of their own.
    #[inline]
    pub(super) fn one(&self) -> Option<&W> {
        self.one.as_ref()
    }

    /// Asks for the column of a bucket.
    #[inline]
    pub(super) fn prefetch_column(&self, at: usize) {
        if let Some(column) = self.column(at) {
            prefetch_one(column);
        }
    }

    /// The slots of a bucket whose weights differ from one, and the blocks that it has for them.
    #[cfg(test)]
    pub(super) fn parts(&self, at: usize) -> (u64, [bool; SLOTS / BLOCK]) {
        let column = self.column(at);
        column
            .map_or((0, [false; 3]), |column| (column.differ, column.blocks.each_ref().map(Option::is_some)))
    }

    /// Removes every weight and keeps the memory.
    pub(super) fn clear(&mut self) {
        let Self { chunks, spare, .. } = self;
        for column in chunks.iter_mut().flatten().flat_map(|chunk| chunk.iter_mut()) {
            column.differ = 0;
            spare.give_all(column.blocks.iter_mut().filter_map(Option::take));
        }
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        let chunks = self.chunks.iter().flatten().count() * size_of::<[Column<W>; CHUNK]>();
        self.chunks.capacity() * size_of::<Option<Box<[Column<W>; CHUNK]>>>()
            + chunks
            + self.spare.allocated_bytes()
    }

    /// Is told how many buckets there are, whenever that changes.
    pub(super) fn follow(&mut self, buckets: usize) {
        self.chunks.resize_with(buckets.div_ceil(CHUNK), || None);
        self.unmade = self.unmade.map(|unmade| unmade.min(self.chunks.len()));
    }

    /// Moves the weights of a bucket to the place of another, which has none.
    pub(super) fn relocate(&mut self, from: usize, to: usize) {
        if let Some(column) = self.column_mut(from)
            && column.differ != 0
        {
            let column = std::mem::take(column);
            *self.made(to) = column;
        }
    }

    /// The column of a bucket, which is made if there is none.
    fn made(&mut self, at: usize) -> &mut Column<W> {
        self.unmade.get_or_insert(0);
        if self.chunks.len() <= at / CHUNK {
            self.chunks.resize_with(at / CHUNK + 1, || None);
        }
        let chunk = self.chunks[at / CHUNK].get_or_insert_with(empty_chunk);
        &mut chunk[at % CHUNK]
    }
}

impl<W: Ring> Columns<W> {
    /// To be called before there is a bucket.
    pub(super) fn start(&mut self) {
        self.one = Some(W::one());
    }

    /// Gives a row that is new in its slot its weight.
    #[inline]
    pub(super) fn set<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize, weight: W) {
        if weight != W::one() {
            self.put(bucket, at, slot, weight);
        }
    }

    /// Changes the weight of a row, and says whether it is zero now: the row has then to go.
    #[inline]
    pub(super) fn change<R>(
        &mut self,
        bucket: &mut Bucket<R>,
        at: usize,
        slot: usize,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
    ) -> Result<bool, Overflow> {
        if bucket.slots.is_weighted()
            && let Some(weight) = self.column_mut(at).and_then(|column| column.get_mut(slot))
        {
            change(weight)?;
            let is_zero = weight.is_zero();
            if is_zero || *weight == W::one() {
                self.forget(bucket, at, slot);
            }
            return Ok(is_zero);
        }
        let mut weight = W::one();
        change(&mut weight)?;
        if weight.is_zero() {
            return Ok(true);
        }
        if weight != W::one() {
            self.put(bucket, at, slot, weight);
        }
        Ok(false)
    }

    /// Takes the weight of a row out; that of the last slot that is taken moves to its place.
    pub(super) fn pull<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) -> W {
        if !bucket.slots.is_weighted() {
            return W::one();
        }
        let last = bucket.slots.last_taken();
        let weight = self.take(bucket, at, slot);
        if slot != last {
            let moved = self.take(bucket, at, last);
            self.set(bucket, at, slot, moved);
        }
        weight
    }

    /// To be called at the end of a step that took so many rows: makes a few blocks to spare if there were not enough.
    #[inline]
    pub(super) fn make_spare(&mut self, rows: usize) {
        if let Some(one) = &self.one {
            self.spare.make(one, rows);
        }
        if let Some(unmade) = self.unmade
            && unmade < self.chunks.len()
        {
            self.make_chunks(unmade, CHUNKS_A_STEP + rows / CHUNK);
        }
    }

    /// Makes columns for buckets that have none, so that a weight in a bucket that never had one allocates nothing.
    #[inline(never)]
    fn make_chunks(&mut self, unmade: usize, most: usize) {
        let most = if cfg!(feature = "pool") { most } else { 0 };
        let end = self.chunks.len().min(unmade + most);
        self.chunks[unmade..end].iter_mut().for_each(|chunk| _ = chunk.get_or_insert_with(empty_chunk));
        self.unmade = Some(end);
    }

    /// Takes the weight of a slot out.
    fn take<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) -> W {
        if bucket.slots.is_weighted()
            && let Some(weight) = self.column_mut(at).and_then(|column| column.get_mut(slot))
        {
            let weight = std::mem::replace(weight, W::one());
            self.forget(bucket, at, slot);
            return weight;
        }
        W::one()
    }

    /// Sets the weight of a slot, in a block that is taken if there is none.
    #[inline(never)]
    fn put<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize, weight: W) {
        let column = self.made(at);
        let block = match column.blocks[slot / BLOCK].take() {
            Some(block) => block,
            None => self.spare.take(&weight),
        };
        let column = self.made(at);
        let block = column.blocks[slot / BLOCK].insert(block);
        block[slot % BLOCK] = weight;
        column.differ |= 1 << slot;
        bucket.slots.set_weighted(true);
    }

    /// Takes a slot out of the mask, and gives its block back if no other one needs it.
    #[inline(never)]
    fn forget<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) {
        let Some(column) = self.column_mut(at) else { return };
        column.differ &= !(1 << slot);
        if column.differ >> (slot / BLOCK * BLOCK) & ((1 << BLOCK) - 1) == 0 {
            bucket.slots.set_weighted(column.differ != 0);
            let block = column.blocks[slot / BLOCK].take();
            block.into_iter().for_each(|block| self.spare.give(block));
        }
    }
}

fn empty_chunk<W>() -> Box<[Column<W>; CHUNK]> {
    Box::new(std::array::from_fn(|_| Column::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::Semigroup;
    use crate::indexed::buckets::address::Tags;

    /// A bucket with these weights in its first slots.
    fn filled(weights: &[i64]) -> (Columns<i64>, Bucket<u64>) {
        let (mut columns, mut bucket) = (Columns::new(), Bucket::default());
        columns.start();
        columns.follow(1);
        for (slot, weight) in weights.iter().enumerate() {
            bucket.take(slot, Tags::default());
            columns.set(&mut bucket, 0, slot, *weight);
        }
        (columns, bucket)
    }

    #[test]
    fn weights_that_are_pulled_leave_those_of_the_others() {
        for count in [1, 2, 15, 16, 17, 33, SLOTS] {
            for pattern in 0..8_u64 {
                let mut weights: Vec<i64> = (0..count)
                    .map(|i| if pattern >> (i * 7 % 3) & 1 == 1 { 1 } else { i as i64 + 2 })
                    .collect();
                let (mut columns, mut bucket) = filled(&weights);
                while let Some(last) = weights.len().checked_sub(1) {
                    let slot = weights.len() * 5 % (last + 1);
                    assert_eq!(columns.pull(&mut bucket, 0, slot), weights.swap_remove(slot));
                    bucket.close(slot, last);
                    let of = columns.of(&bucket, 0);
                    assert!(weights.iter().enumerate().all(|(i, weight)| of.get(i) == Some(weight)));
                    assert_eq!(bucket.slots.is_weighted(), weights.iter().any(|weight| *weight != 1));
                }
                assert_eq!(columns.spare.made(), columns.spare.free(), "all blocks are given back");
            }
        }
    }

    #[test]
    fn a_weight_that_becomes_one_needs_no_memory() {
        let (mut columns, mut bucket) = filled(&[1, 2, 1, 3]);
        let mut add = |columns: &mut Columns<i64>, slot, more: i64| {
            columns.change(&mut bucket, 0, slot, |weight| weight.try_add_assign(&more))
        };
        assert_eq!(add(&mut columns, 1, -1), Ok(false));
        assert_eq!(add(&mut columns, 3, i64::MAX), Err(Overflow));
        assert_eq!(columns.parts(0), (0b1000, [true, false, false]));
        assert_eq!((add(&mut columns, 3, -3), add(&mut columns, 0, -1)), (Ok(true), Ok(true)));
        assert_eq!(columns.parts(0), (0, [false; 3]));
        assert_eq!(add(&mut columns, 2, 4), Ok(false));
        assert_eq!((columns.parts(0).0, columns.of(&bucket, 0).get(2)), (0b100, Some(&5)));
    }
}
