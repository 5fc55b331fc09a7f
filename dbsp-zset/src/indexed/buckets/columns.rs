//! The weights of the rows in buckets, of which nearly all are one.
//!
//! # Shape       for a bucket a mask of the slots whose weight differs from one; for 16 slots with such a weight a block with
//!   a weight for each of them.
//! # Invariants  a bucket's word says whether any weight differs. Slots without a row are not in the mask; what stands in a
//!   block for a slot that is not means nothing.
//! # Cost        in a table whose weights are all one: nothing, and no look at this; else 32 bytes for each bucket, and a row of
//!   weight one in a bucket with one that differs takes a look at the mask. Blocks that are given back are kept as [`Spare`].
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
    /// By bucket; none as long as no bucket has needed one.
    columns: Vec<Column<W>>,
    /// How many buckets there are.
    buckets: usize,
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
    /// The same weight for every slot; none where nobody asks.
    pub(super) const fn all(weight: Option<&'a W>) -> Self {
        Self { column: None, one: weight }
    }

    /// The weight of a slot; none of a table that has no bucket.
    #[inline]
    pub(super) fn get(self, slot: usize) -> Option<&'a W> {
        self.column.and_then(|column| column.get(slot)).or(self.one)
    }
}

impl<W> Columns<W> {
    pub(super) const fn new() -> Self {
        Self { columns: Vec::new(), buckets: 0, spare: Spare::at_least(LEAST_SPARE), one: None }
    }

    /// The weights of a bucket.
    #[inline]
    pub(super) fn of<R>(&self, bucket: &Bucket<R>, at: usize) -> Weights<'_, W> {
        Weights { column: self.differing(bucket, at), one: self.one.as_ref() }
    }

    /// The weights of a bucket that differ from one, if there are any.
    #[inline]
    pub(super) fn differing<R>(&self, bucket: &Bucket<R>, at: usize) -> Option<&Column<W>> {
        bucket.slots.is_weighted().then(|| &self.columns[at])
    }

    /// The weight of rows that have none of their own.
    #[inline]
    pub(super) fn one(&self) -> Option<&W> {
        self.one.as_ref()
    }

    /// Asks for the column of a bucket.
    #[inline]
    pub(super) fn prefetch_column(&self, at: usize) {
        if let Some(column) = self.columns.get(at) {
            prefetch_one(column);
        }
    }

    /// The slots of a bucket whose weights differ from one, and the blocks that it has for them.
    #[cfg(test)]
    pub(super) fn parts(&self, at: usize) -> (u64, [bool; SLOTS / BLOCK]) {
        let column = self.columns.get(at);
        column
            .map_or((0, [false; 3]), |column| (column.differ, column.blocks.each_ref().map(Option::is_some)))
    }

    /// Removes every weight and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.columns.iter_mut().for_each(|column| column.differ = 0);
        self.spare
            .give_all(self.columns.iter_mut().flat_map(|column| &mut column.blocks).filter_map(Option::take));
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.columns.capacity() * size_of::<Column<W>>() + self.spare.allocated_bytes()
    }

    /// Is told how many buckets there are, whenever there are more.
    pub(super) fn follow(&mut self, buckets: usize) {
        self.buckets = buckets;
        if !self.columns.is_empty() {
            self.columns.resize_with(buckets, Column::default);
        }
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
            && let Some(weight) = self.columns[at].get_mut(slot)
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

    /// To be called at the end of a step: makes a few blocks to spare if there were not enough.
    #[inline]
    pub(super) fn make_spare(&mut self) {
        if let Some(one) = &self.one {
            self.spare.make(one);
        }
    }

    /// Takes the weight of a slot out.
    fn take<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) -> W {
        if bucket.slots.is_weighted()
            && let Some(weight) = self.columns[at].get_mut(slot)
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
        if self.columns.is_empty() {
            self.columns.resize_with(self.buckets, Column::default);
        }
        let column = &mut self.columns[at];
        let block = column.blocks[slot / BLOCK].get_or_insert_with(|| self.spare.take(&weight));
        block[slot % BLOCK] = weight;
        column.differ |= 1 << slot;
        bucket.slots.set_weighted(true);
    }

    /// Takes a slot out of the mask, and gives its block back if no other one needs it.
    #[inline(never)]
    fn forget<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize) {
        let column = &mut self.columns[at];
        column.differ &= !(1 << slot);
        if column.differ >> (slot / BLOCK * BLOCK) & ((1 << BLOCK) - 1) == 0 {
            column.blocks[slot / BLOCK].take().into_iter().for_each(|block| self.spare.give(block));
            bucket.slots.set_weighted(column.differ != 0);
        }
    }
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
