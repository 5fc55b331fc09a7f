//! The rows of one key, as a trace hands them out.
//!
//! # Shape       what the storage knows of them: where the first rows stand and what leads on from there.
//! # Cost        O(1) to make and O(1) a row; nothing is allocated.

use std::fmt::{Debug, Formatter};

use crate::indexed::Group;
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
    pub(super) group: Group<'a, K, V, W>,
}

/// Gives the values of a group with their weights; see [`KeyGroup::iter`].
pub struct KeyGroupIter<'a, K, V, W> {
    group: Group<'a, K, V, W>,
}

impl<K, V, W> KeyGroup<'_, K, V, W> {
    /// Whether the key has no row.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.group.is_empty()
    }
}

impl<'a, K: Row, V: Row, W> KeyGroup<'a, K, V, W> {
    /// The values with their weights.
    #[inline]
    #[must_use]
    pub fn iter(&self) -> KeyGroupIter<'a, K, V, W> {
        KeyGroupIter { group: self.group }
    }

    /// How many different values the key has. O(group).
    #[must_use]
    pub fn len(&self) -> usize {
        self.group.len()
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
        KeyGroupIter { group: self.group }
    }
}

impl<'a, K: Row, V: Row, W> Iterator for KeyGroupIter<'a, K, V, W> {
    type Item = (&'a V, &'a W);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.group.next()
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
