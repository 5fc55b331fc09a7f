//! The weights of the rows in buckets, of which nearly all are one.
//!
//! # Shape       nothing for a bucket whose rows all have weight one; else a weight for each of its slots.
//! # Invariants  a bucket's word says whether it has a column; the column then reaches the last slot with a row.
//! # Cost        a row of weight one takes no memory here, in company of its like, and no look at this either.
//!
//! Most collections are sets: a trace of rows of 24 bytes is a quarter smaller so, and a growing one has a quarter
//! fewer pages to get from the system. A weight that differs makes a column for its neighbours too. The column is
//! emptied once it is found to hold ones only, when rows move to another bucket; its memory stays, to be used again
//! (feature `pool`).

use crate::algebra::{Overflow, Ring};
use crate::indexed::buckets::bucket::{BLOCK, Bucket, ones};
use crate::pool::renew;
use crate::prefetch::prefetch_one;

/// The weights beside all buckets; see the [module](self).
#[derive(Clone)]
pub(super) struct Columns<W> {
    /// By bucket, as far as one has needed a column.
    columns: Vec<Vec<W>>,
    /// The weight of rows that have none of their own; there once there are buckets.
    one: Option<W>,
}

impl<W> Columns<W> {
    pub(super) const fn new() -> Self {
        Self { columns: Vec::new(), one: None }
    }

    /// The weight of rows that have none of their own.
    #[inline]
    pub(super) fn one(&self) -> Option<&W> {
        self.one.as_ref()
    }

    /// The column of a bucket, empty if all its weights are one.
    #[inline]
    pub(super) fn of<R>(&self, bucket: &Bucket<R>, at: usize) -> &[W] {
        if bucket.slots.is_weighted() { &self.columns[at] } else { &[] }
    }

    /// Asks for where the column of a bucket begins.
    #[inline]
    pub(super) fn prefetch_column(&self, at: usize) {
        if let Some(column) = self.columns.get(at) {
            prefetch_one(column);
        }
    }

    /// Asks for the weight of a slot, if its bucket has a column.
    #[inline]
    pub(super) fn prefetch_weight<R>(&self, bucket: &Bucket<R>, at: usize, slot: usize) {
        if let Some(weight) = self.of(bucket, at).get(slot) {
            prefetch_one(weight);
        }
    }

    /// Removes every weight and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.columns.iter_mut().for_each(Vec::clear);
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        let column_bytes: usize = self.columns.iter().map(|column| column.capacity() * size_of::<W>()).sum();
        self.columns.capacity() * size_of::<Vec<W>>() + column_bytes
    }
}

impl<W: Ring> Columns<W> {
    /// To be called before there is a bucket.
    pub(super) fn start(&mut self) {
        self.one = Some(W::one());
    }

    /// Gives the row in a slot its weight.
    #[inline]
    pub(super) fn set<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize, weight: W) {
        if weight != W::one() || bucket.slots.is_weighted() {
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
        if bucket.slots.is_weighted() {
            let weight = &mut self.columns[at][slot];
            change(weight)?;
            return Ok(weight.is_zero());
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

    /// Takes the weight of a row out; that of the last slot moves to its place.
    pub(super) fn pull<R>(&mut self, bucket: &Bucket<R>, at: usize, slot: usize) -> W {
        if !bucket.slots.is_weighted() {
            return W::one();
        }
        let column = &mut self.columns[at];
        column.truncate(bucket.slots.last_taken() + 1);
        column.swap_remove(slot)
    }

    /// Does without the column of a bucket if its weights are all one by now; its memory stays.
    pub(super) fn forget_ones<R>(&mut self, bucket: &mut Bucket<R>, at: usize) {
        if bucket.slots.is_weighted()
            && ones(bucket.slots.mask()).all(|slot| self.columns[at][slot] == W::one())
        {
            renew(&mut self.columns[at], Vec::clear);
            bucket.slots.set_weighted(false);
        }
    }

    /// Sets the weight of a slot, in a column that is made if there is none.
    #[inline(never)]
    fn put<R>(&mut self, bucket: &mut Bucket<R>, at: usize, slot: usize, weight: W) {
        if at >= self.columns.len() {
            self.columns.resize_with(at + 1, Vec::new);
        }
        let column = &mut self.columns[at];
        bucket.slots.set_weighted(true);
        let reach = bucket.slots.last_taken() + 1;
        column.reserve_exact(reach.next_multiple_of(BLOCK).saturating_sub(column.len()));
        column.resize(reach.max(column.len()), W::one());
        column[slot] = weight;
    }
}
