//! The rows of one key, as a trace hands them out.
//!
//! # Shape       rows of a bucket with a mask of those that have the key; then, of a key whose rows are
//!   spread over several buckets, the same for each of the others.
//! # Cost        O(1) to make, one bit and one row a step; nothing is allocated.

use std::fmt::{Debug, Formatter};

use crate::indexed::IndexedZSet;
use crate::indexed::spread::Places;
use crate::row::Row;

/// The values of a key with their weights, in no meaningful order. It copies freely.
///
/// ```
/// use dbsp_zset::IndexedZSet;
///
/// let pets: IndexedZSet<&str, &str> = [(("ann", "cat"), 1), (("bob", "dog"), 2)].into_iter().collect();
/// let group = pets.group(&"bob");
/// assert_eq!((group.len(), group.single()), (1, Some((&"dog", &2))));
/// assert!(group.iter().eq([(&"dog", &2)]));
/// ```
pub struct KeyGroup<'a, K, V, W> {
    pub(super) rows: &'a [(K, V, W)],
    /// One bit for each of `rows` that belongs to the group.
    pub(super) mask: u64,
    pub(super) elsewhere: Option<Elsewhere<'a, K, V, W>>,
}

/// Gives the values of a group with their weights; see [`KeyGroup::iter`].
pub struct KeyGroupIter<'a, K, V, W> {
    group: KeyGroup<'a, K, V, W>,
}

impl<'a, K, V, W> KeyGroup<'a, K, V, W> {
    /// The group of a key that is not there.
    pub(super) const EMPTY: Self = Self { rows: &[], mask: 0, elsewhere: None };

    /// Whether the key has no row.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mask == 0
    }
}

impl<'a, K: Row, V: Row, W> KeyGroup<'a, K, V, W> {
    /// The values with their weights.
    #[inline]
    #[must_use]
    pub fn iter(&self) -> KeyGroupIter<'a, K, V, W> {
        KeyGroupIter { group: *self }
    }

    /// How many different values the key has. O(group).
    #[must_use]
    pub fn len(&self) -> usize {
        match self.elsewhere {
            None => self.mask.count_ones() as usize,
            Some(_) => self.iter().count(),
        }
    }

    /// The value and its weight, of a key that has exactly one.
    #[inline]
    #[must_use]
    pub fn single(&self) -> Option<(&'a V, &'a W)> {
        let mut rows = self.iter();
        let row = rows.next()?;
        rows.next().is_none().then_some(row)
    }
}

impl<K, V, W> Clone for KeyGroup<'_, K, V, W> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, W> Copy for KeyGroup<'_, K, V, W> {}

impl<'a, K: Row, V: Row, W> IntoIterator for KeyGroup<'a, K, V, W> {
    type Item = (&'a V, &'a W);
    type IntoIter = KeyGroupIter<'a, K, V, W>;

    #[inline]
    fn into_iter(self) -> KeyGroupIter<'a, K, V, W> {
        KeyGroupIter { group: self }
    }
}

impl<'a, K: Row, V: Row, W> Iterator for KeyGroupIter<'a, K, V, W> {
    type Item = (&'a V, &'a W);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while self.group.mask == 0 {
            self.group = self.group.elsewhere.take()?.next_rows()?;
        }
        let i = self.group.mask.trailing_zeros() as usize;
        self.group.mask &= self.group.mask - 1;
        let (_, value, weight) = &self.group.rows[i];
        Some((value, weight))
    }
}

/// Where further rows of a group may be.
pub(super) struct Elsewhere<'a, K, V, W> {
    pub(super) zset: &'a IndexedZSet<K, V, W>,
    pub(super) key: &'a K,
    pub(super) places: Places,
    /// How many of the rows that found no bucket have been looked at.
    pub(super) homeless: usize,
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
    pub(super) fn next_rows(mut self) -> Option<KeyGroup<'a, K, V, W>> {
        let (rows, mask) = self.zset.next_rows(self.key, &mut self.places, &mut self.homeless)?;
        Some(KeyGroup { rows, mask, elsewhere: Some(self) })
    }
}

impl<K: Row, V: Row + Debug, W: Debug> Debug for KeyGroup<'_, K, V, W> {
    /// In the order of the values.
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let mut rows: Vec<_> = self.iter().collect();
        rows.sort_unstable_by_key(|(value, _)| *value);
        crate::debug::weighted_rows(f, rows.into_iter())
    }
}
