//! The rows of one key in buckets.
//!
//! # Shape       rows of a bucket with a mask of those that have the key; then, of a key that has several buckets, the
//!   same for each of the others.
//! # Cost        O(1) to make, one bit and one row a step; nothing is allocated.

use std::borrow::Borrow;
use std::hash::Hash;

use crate::indexed::buckets::blocks::Rows;
use crate::indexed::buckets::columns::Weights;
use crate::indexed::buckets::{Buckets, Way};
use crate::row::Row;

/// The slots of a bucket, with their weights.
pub(super) struct WeightedRows<'a, K, V, W> {
    pub(super) rows: Rows<'a, (K, V)>,
    pub(super) weights: Weights<'a, W>,
}

impl<K, V, W> Clone for WeightedRows<'_, K, V, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, W> Copy for WeightedRows<'_, K, V, W> {}

/// Rows of one key that are still to be given.
pub(in crate::indexed) struct Group<'a, K, V, W> {
    pub(super) rows: WeightedRows<'a, K, V, W>,
    /// One bit for each of `rows` that belongs to the group.
    pub(super) mask: u64,
    pub(super) elsewhere: Option<Elsewhere<'a, K, V, W>>,
}

impl<K, V, W> Group<'_, K, V, W> {
    /// The group of a key that is not there.
    pub(super) const EMPTY: Self =
        Self { rows: WeightedRows { rows: Rows::NONE, weights: Weights::NONE }, mask: 0, elsewhere: None };

    /// Whether the key has no row.
    #[inline]
    pub(in crate::indexed) fn is_empty(&self) -> bool {
        self.mask == 0
    }
}

impl<'a, K: Row, V: Row, W> Group<'a, K, V, W> {
    /// The group of a key that may have several buckets, and rows that were spilled.
    pub(super) fn scattered<Q: Ord + Hash + ?Sized>(
        storage: &'a Buckets<K, V, W>,
        key: &Q,
        mut rest: Rest,
    ) -> Self
    where
        K: Borrow<Q>,
    {
        let Some((rows, mask)) = storage.next_rows(key, &mut rest) else {
            return Self::EMPTY;
        };
        let key = &rows.rows.at(mask.trailing_zeros() as usize).0;
        let elsewhere = Some(Elsewhere { storage, key, rest });
        Self { rows, mask, elsewhere }
    }

    /// How many rows there are.
    pub(in crate::indexed) fn len(self) -> usize {
        match self.elsewhere {
            None => self.mask.count_ones() as usize,
            Some(_) => self.count(),
        }
    }
}

impl<'a, K: Row, V: Row, W> Iterator for Group<'a, K, V, W> {
    type Item = (&'a V, &'a W);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while self.mask == 0 {
            *self = self.elsewhere.take()?.next_rows()?;
        }
        let i = self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        let (_, value) = self.rows.rows.at(i);
        Some((value, self.rows.weights.get(i)?))
    }
}

impl<K, V, W> Clone for Group<'_, K, V, W> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, W> Copy for Group<'_, K, V, W> {}

/// What of a group has not been looked at.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    /// What has its buckets.
    pub(super) way: Option<Way>,
    /// The next one among the children of a fork.
    pub(super) child: usize,
    /// The next one of the buckets for rows that were spilled.
    pub(super) spilled: Spilled,
}

/// What of the spilled rows of a group has not been looked at.
#[derive(Clone, Copy)]
pub(super) enum Spilled {
    All,
    Behind(usize),
    Nothing,
}

impl Rest {
    pub(super) fn of(way: Option<Way>, has_spilled: bool) -> Self {
        Self { way, child: 0, spilled: if has_spilled { Spilled::All } else { Spilled::Nothing } }
    }
}

/// Where further rows of a group may be.
pub(super) struct Elsewhere<'a, K, V, W> {
    storage: &'a Buckets<K, V, W>,
    key: &'a K,
    rest: Rest,
}

impl<K, V, W> Clone for Elsewhere<'_, K, V, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, W> Copy for Elsewhere<'_, K, V, W> {}

impl<'a, K: Row, V: Row, W> Elsewhere<'a, K, V, W> {
    /// The next rows of the group, with what is left behind them.
    #[inline(never)]
    fn next_rows(mut self) -> Option<Group<'a, K, V, W>> {
        let (rows, mask) = self.storage.next_rows(self.key, &mut self.rest)?;
        Some(Group { rows, mask, elsewhere: Some(self) })
    }
}
