//! An indexed Z-set: rows of key and value, found by the key. It is the hash-indexed trace.
//!
//! # Shape       what a user sees is written here, over one of two storages. With feature `fast-table` that is
//!   `buckets`: 48 rows each behind a directory, updated and probed a window of rows at a time. Without it it is
//!   `linked`: a table of rows under one of keys. The order in which rows come is theirs, all else is alike.
//! # Invariants  no weight is zero; a row stands once. Rows whose hashes are all alike cost O(log rows) each, and others
//!   nothing.
//! # Cost        update: O(1) expected, also in a group of a million rows; group: O(1) and then its rows. Memory
//!   follows the rows, down as well as up. A step that frees as many rows as it adds allocates nothing once warm (feature `pool`).
//! # Not here    no order, neither of keys nor of values: see [`OrderedTrace`](crate::OrderedTrace).

use std::borrow::Borrow;
use std::fmt::{Debug, Formatter};
use std::hash::Hash;
use std::ops::Index;

use crate::algebra::{Overflow, Ring};
use crate::delta::Delta;
use crate::row::Row;
use crate::settle::{Deferred, change_all};
use crate::trace::Trace;

mod algebra;
#[cfg(feature = "fast-table")]
mod buckets;
mod group;
#[cfg(not(feature = "fast-table"))]
mod linked;

#[cfg(feature = "fast-table")]
use buckets::{Buckets as Storage, Group};
pub use group::{KeyGroup, KeyGroupIter};
#[cfg(not(feature = "fast-table"))]
use linked::{Group, Linked as Storage};

/// A Z-set of rows `(K, V)` indexed by `K`; see the [module](self). Without feature `fast-table` it holds fewer than
/// `u32::MAX` rows, and one more panics.
///
/// ```
/// use dbsp_zset::{Delta, IndexedZSet};
///
/// let mut owners = IndexedZSet::new();
/// owners.try_apply(&Delta::from_iter([(("ann", "cat"), 1), (("ann", "dog"), 1), (("bob", "cat"), 1)]))?;
/// assert_eq!(owners.group(&"ann").len(), 2);
/// assert_eq!((owners.weight(&"bob", &"cat"), owners[(&"ann", &"dog")]), (1, 1));
/// owners.try_update(&"bob", &"cat", &-1)?;
/// assert!(owners.group(&"bob").is_empty());
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Clone)]
pub struct IndexedZSet<K, V, W = i64> {
    storage: Storage<K, V, W>,
    /// The entries of a delta whose sums did not fit at first, while it is applied.
    deferred: Deferred,
}

impl<K, V, W> IndexedZSet<K, V, W> {
    /// An empty indexed Z-set, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { storage: Storage::new(), deferred: Deferred::new() }
    }

    /// How many different rows there are, over all keys.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.storage.len()
    }

    /// Whether there is no row.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows with their weights, in no meaningful order; allocates nothing.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V, &W)> {
        self.storage.iter()
    }

    /// Bytes of memory this Z-set owns itself, not counting what rows own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.storage.allocated_bytes() + self.deferred.allocated_bytes()
    }
}

impl<K: Row, V: Row, W> IndexedZSet<K, V, W> {
    /// Removes every row and keeps the memory.
    pub fn clear(&mut self) {
        self.storage.clear();
    }

    /// The values of a key with their weights; empty for an unknown key. The key may be in any borrowed form, as
    /// with std's maps: `group("ann")` where keys are `String`s.
    #[inline]
    #[must_use]
    pub fn group<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> KeyGroup<'_, K, V, W>
    where
        K: Borrow<Q>,
    {
        KeyGroup { group: self.storage.group(key) }
    }

    /// The value of a key that has exactly one, as after an aggregate or an upsert; its weight may be
    /// any.
    ///
    /// ```
    /// use dbsp_zset::IndexedZSet;
    ///
    /// let ages: IndexedZSet<String, u8> = [(("ann".to_owned(), 40), 1)].into_iter().collect();
    /// assert_eq!((ages.value("ann"), ages.value("bob")), (Some(&40), None));
    /// ```
    #[inline]
    #[must_use]
    pub fn value<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.group(key).single().map(|(value, _)| value)
    }

    /// All keys with their groups, in no meaningful order; allocates nothing. O(rows).
    pub fn groups(&self) -> impl Iterator<Item = (&K, KeyGroup<'_, K, V, W>)> {
        self.iter().filter_map(|(key, value, _)| {
            let group = self.group(key);
            // A key comes with the first of its rows.
            let (first, _) = group.iter().next()?;
            std::ptr::eq(first, value).then_some((key, group))
        })
    }

    /// How many different keys there are. O(rows): nothing but this asks for it.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.groups().count()
    }

    /// All rows in the order of their keys and values. O(n log n); allocates a list of references to them.
    pub fn iter_ordered(&self) -> impl ExactSizeIterator<Item = (&K, &V, &W)> {
        let mut rows: Vec<_> = self.iter().collect();
        rows.sort_unstable_by(|(key, value, _), (other_key, other_value, _)| {
            (key, value).cmp(&(other_key, other_value))
        });
        rows.into_iter()
    }

    /// Gives `found` the position of each of some rows with every value of its key and that value's weight.
    /// The lookups of neighbouring rows can overlap, which one [`group`](Self::group) after the other does not
    /// allow.
    ///
    /// # Errors
    /// The first that `found` gives.
    #[inline]
    pub fn try_probe<'a, 'r, R, E>(
        &'a self,
        rows: &'r [R],
        key: impl Fn(&'r R) -> &'r K,
        found: impl FnMut(usize, &'a V, &'a W) -> Result<(), E>,
    ) -> Result<(), E> {
        self.storage.try_probe(rows, key, found)
    }
}

impl<K: Row, V: Row, W: Ring> IndexedZSet<K, V, W> {
    /// The weight of one row, zero if it does not stand here.
    #[must_use]
    pub fn weight(&self, key: &K, value: &V) -> W {
        self.storage.find(key, value).cloned().unwrap_or_else(W::zero)
    }

    /// Changes the weight of one row.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_update(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        if weight.is_zero() {
            return Ok(());
        }
        self.storage.change(key, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone()))?;
        self.shrink();
        Ok(())
    }

    /// Changes the weight of one row by the opposite of `weight`.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_retract(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        if weight.is_zero() {
            return Ok(());
        }
        self.storage.change(key, value, |sum| sum.try_sub_assign(weight), || weight.try_neg())?;
        self.shrink();
        Ok(())
    }

    /// Adds a whole delta, or nothing of it.
    ///
    /// The order of its entries does not matter: one whose sum does not fit yet is added after the others.
    ///
    /// # Errors
    /// [`Overflow`] where one new weight has no value; nothing is then changed, and
    /// [`overflowed`](Self::overflowed) says which entry it was.
    pub fn try_apply(&mut self, delta: &Delta<(K, V), W>) -> Result<(), Overflow> {
        self.deferred.start();
        let (rows, weights) = (delta.rows(), delta.weights());
        let mut start = 0;
        loop {
            let mut applied = 0;
            match self.storage.add_all(&rows[start..], &weights[start..], &mut applied) {
                Ok(()) => break,
                Err(Overflow) => {
                    self.deferred.push(start + applied);
                    start += applied + 1;
                }
            }
        }
        let outcome = if self.deferred.is_empty() { Ok(()) } else { self.apply_deferred(delta) };
        self.shrink();
        outcome
    }

    /// An entry of the delta of the last [`try_apply`](Self::try_apply) whose row has no new weight, if that failed.
    #[must_use]
    pub fn overflowed(&self) -> Option<usize> {
        self.deferred.failed()
    }

    /// Adds the entries of a delta that were put off. If they have no place, all others are taken back.
    #[cold]
    fn apply_deferred(&mut self, delta: &Delta<(K, V), W>) -> Result<(), Overflow> {
        let mut deferred = std::mem::take(&mut self.deferred);
        let (rows, weights) = (delta.rows(), delta.weights());
        let outcome = deferred.retry(rows, |at| self.try_update(&rows[at].0, &rows[at].1, &weights[at]));
        if outcome.is_err() {
            let added = (0..delta.len()).rev().filter(|at| !deferred.is_left(*at));
            let retract = |at: usize| self.try_retract(&rows[at].0, &rows[at].1, &weights[at]);
            change_all(rows, added, retract).expect("what was just added can be taken back");
            deferred.forget();
        }
        self.deferred = deferred;
        outcome
    }

    /// Takes back a delta that [`try_apply`](Self::try_apply) has added.
    ///
    /// # Errors
    /// [`Overflow`] where one new weight has no value, which cannot be if the delta was added last.
    pub fn try_unapply(&mut self, delta: &Delta<(K, V), W>) -> Result<(), Overflow> {
        let (rows, weights) = (delta.rows(), delta.weights());
        // Backwards: mostly each weight then takes values that it has already had.
        let retract = |at: usize| self.try_retract(&rows[at].0, &rows[at].1, &weights[at]);
        change_all(rows, (0..delta.len()).rev(), retract)
    }

    /// Gives memory back that only many more rows need.
    #[inline]
    fn shrink(&mut self) {
        self.storage.shrink();
    }
}

impl<K: Row, V: Row, W: Ring> Trace for IndexedZSet<K, V, W> {
    type Key = K;
    type Value = V;
    type Weight = W;

    fn update(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        self.try_update(key, value, weight)
    }

    fn group<'a>(&'a self, key: &K) -> impl Iterator<Item = (&'a V, W)>
    where
        V: 'a,
        W: 'a,
    {
        self.group(key).into_iter().map(|(value, weight)| (value, weight.clone()))
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn key_count(&self) -> usize {
        self.key_count()
    }
}

impl<K, V, W> Default for IndexedZSet<K, V, W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Row, V: Row, W: Ring> PartialEq for IndexedZSet<K, V, W> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|(key, value, weight)| other.weight(key, value) == *weight)
    }
}

impl<K: Row + Debug, V: Row + Debug, W: Ring + Debug> Debug for IndexedZSet<K, V, W> {
    /// In the order of the keys.
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let mut groups: Vec<_> = self.groups().collect();
        groups.sort_unstable_by_key(|(key, _)| *key);
        f.debug_map().entries(groups).finish()
    }
}

/// The weight of a row that stands in the Z-set.
///
/// # Panics
/// If the weight of the row is zero; [`IndexedZSet::weight`] gives the zero instead.
impl<K: Row, V: Row, W> Index<(&K, &V)> for IndexedZSet<K, V, W> {
    type Output = W;

    fn index(&self, (key, value): (&K, &V)) -> &W {
        self.storage.find(key, value).expect("an indexed row stands in the Z-set")
    }
}

/// Collects rows with their weights.
///
/// # Panics
/// If the weights of one row have no sum; [`IndexedZSet::try_apply`] gives an error instead.
impl<K: Row, V: Row, W: Ring> FromIterator<((K, V), W)> for IndexedZSet<K, V, W> {
    fn from_iter<I: IntoIterator<Item = ((K, V), W)>>(rows: I) -> Self {
        let mut zset = Self::new();
        zset.extend(rows);
        zset
    }
}

/// Adds rows with their weights.
///
/// # Panics
/// If the weights of one row have no sum; [`IndexedZSet::try_apply`] gives an error instead.
impl<K: Row, V: Row, W: Ring> Extend<((K, V), W)> for IndexedZSet<K, V, W> {
    fn extend<I: IntoIterator<Item = ((K, V), W)>>(&mut self, rows: I) {
        self.try_add_rows(rows).expect("the weights of a row have a sum");
    }
}

#[cfg(test)]
mod tests;
