//! A hash table whose entries stand densely, each at a position that only a removal changes.
//!
//! # Shape       `entries[i]` is a key with its value; `index` maps a key's hash to `i`; `overflow` has the keys that the
//!   index does not take.
//! # Invariants  every entry is either in the index, exactly once and under the hash of its key, or in the overflow. While the index is one
//!   table all entries stand in the first segment.
//! # Cost        find, insert, remove: O(1) expected, O(log n) for keys that were crafted; iteration: a walk over slices. No
//!   call moves more than a bounded piece of the table, however it grows or shrinks: 4 MiB of entries that double, or
//!   a segment of the index.
//! # Not here    no weights and no rows: those meet in `ZSet`, `IndexedZSet` and the operators. No order: see
//!   [`ordered`](DenseTable::ordered).
//!
//! Positions let an operator remember which groups a step touched without hashing them again, and
//! dense entries make iteration free of allocation and of empty slots. The index keeps 32 bits of
//! each hash beside the position, so growing never looks at a key and a lookup compares keys only
//! where those bits agree: 16 keys at most, as an index takes no more with one hash.

use std::borrow::Borrow;
use std::hash::Hash;

use crate::row::hash_of;
use crate::segmented::{self, SegmentedVec};

mod chunk;
mod chunks;
pub(crate) mod gaps;
pub(crate) mod index;
mod overflow;
mod windows;

use index::{Index, ONE};
use overflow::Overflow;
pub(crate) use windows::Guess;

/// A table that fills less than one part in so many gives memory back with the next removal,
pub(crate) const SPARSE: usize = 8;
/// unless it has room for so few entries.
pub(crate) const SMALL: usize = 64;

/// About so many bytes of entries are one segment.
const SEGMENT: usize = 4 << 20;

/// A dense hash table; see the [module](self).
#[derive(Clone)]
pub struct DenseTable<K, V> {
    entries: SegmentedVec<(K, V), SEGMENT>,
    index: Index,
    overflow: Overflow<K>,
}

/// 32 bits of the hash of a key. The low bits alone would cluster keys that are multiples of a power of
/// two, the high ones those that follow each other; together they do neither.
#[doc(hidden)]
#[inline]
pub fn short_hash<Q: Hash + ?Sized>(key: &Q) -> u32 {
    let hash = hash_of(key);
    (hash ^ (hash >> 32)) as u32
}

impl<K, V> DenseTable<K, V> {
    /// So many entries stand in one segment, behind an index of one table: then neither has to be chosen.
    const ONE: usize = {
        let first = SegmentedVec::<(K, V), SEGMENT>::SEGMENT;
        if first < ONE { first } else { ONE }
    };

    /// An empty table, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: SegmentedVec::new(), index: Index::new(), overflow: Overflow::new() }
    }

    /// An empty table with room for `capacity` entries.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut table = Self::new();
        table.reserve(capacity);
        table
    }

    /// Makes room for `additional` further entries.
    pub fn reserve(&mut self, additional: usize) {
        self.entries.reserve(additional);
        self.index.reserve(self.entries.len(), additional, Self::ONE);
    }

    /// How many entries there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in no meaningful order.
    #[inline]
    pub fn entries(&self) -> segmented::Iter<'_, (K, V)> {
        self.entries.iter()
    }

    /// The key and the value at a position.
    ///
    /// # Panics
    /// If nothing stands at `position`.
    #[inline]
    #[must_use]
    pub fn at(&self, position: usize) -> &(K, V) {
        &self.entries[position]
    }

    /// All entries in the order of their keys. O(n log n); allocates a list of references to them.
    pub fn ordered(&self) -> impl ExactSizeIterator<Item = &(K, V)>
    where
        K: Ord,
    {
        let mut entries: Vec<&(K, V)> = self.entries.iter().collect();
        entries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        entries.into_iter()
    }

    /// All entries by position, if they stand in one segment: an index into a slice is cheaper. Only values are to be changed.
    #[inline]
    pub fn as_one_mut(&mut self) -> Option<&mut [(K, V)]> {
        self.entries.as_one_mut()
    }

    /// As [`as_one_mut`](Self::as_one_mut), to be read.
    #[inline]
    #[must_use]
    pub fn as_one(&self) -> Option<&[(K, V)]> {
        self.entries.as_one()
    }

    /// All values with leave to change them, and their keys.
    #[inline]
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Bytes of memory this table owns itself, not counting what keys and values own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.entries.allocated_bytes() + self.index.allocated_bytes() + self.overflow.allocated_bytes()
    }

    /// The entries, in no meaningful order.
    #[must_use]
    pub fn into_entries(self) -> segmented::IntoIter<(K, V)> {
        self.entries.into_iter()
    }
}

impl<K: Ord + Hash, V> DenseTable<K, V> {
    /// Where `key` stands. It may be any borrowed form of a key, as with std's maps.
    #[inline]
    #[must_use]
    pub fn find<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        if self.entries.is_empty() {
            return None;
        }
        self.find_hashed(short_hash(key), key)
    }

    /// The value of `key`.
    #[inline]
    #[must_use]
    pub fn get<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).map(|position| &self.entries[position].1)
    }

    /// The value at a position that [`find`](Self::find) or
    /// [`find_or_insert_with`](Self::find_or_insert_with) gave.
    ///
    /// # Panics
    /// If nothing stands at `position`.
    #[inline]
    pub fn value_mut(&mut self, position: usize) -> &mut V {
        &mut self.entries[position].1
    }

    /// The key and the value at a position.
    ///
    /// # Panics
    /// If nothing stands at `position`.
    #[inline]
    pub fn entry_mut(&mut self, position: usize) -> (&K, &mut V) {
        let (key, value) = &mut self.entries[position];
        (key, value)
    }

    /// Where `key` stands, after inserting `value()` under a clone of it if it was absent, and
    /// whether that was so.
    ///
    /// # Panics
    /// If the table would come to hold more than `u32::MAX` entries.
    #[inline]
    pub fn find_or_insert_with(&mut self, key: &K, value: impl FnOnce() -> V) -> (usize, bool)
    where
        K: Clone,
    {
        self.find_or_insert_hashed(short_hash(key), key, value)
    }

    /// Inserts a key that the table does not hold.
    ///
    /// # Panics
    /// If the table would come to hold more than `u32::MAX` entries; with debug assertions also if
    /// it holds the key.
    pub fn insert_new(&mut self, key: K, value: V)
    where
        K: Clone,
    {
        debug_assert!(self.find(&key).is_none(), "a new key does not stand in the table");
        let hash = short_hash(&key);
        self.append(hash, key, value);
    }

    /// Removes the entry at `position`; the last entry moves there. A table that is mostly empty by now gives
    /// memory back.
    ///
    /// # Panics
    /// If nothing stands at `position`.
    pub fn swap_remove(&mut self, position: usize) -> (K, V) {
        let last = self.entries.len() - 1;
        // Both hashes before the first change, as a key may panic.
        let hash = short_hash(&self.entries[position].0);
        let last_hash = if position == last { hash } else { short_hash(&self.entries[last].0) };
        if !self.index.remove(hash, position as u32) {
            self.overflow.remove(&self.entries[position].0);
        }
        if position != last {
            self.redirect(last_hash, last, position);
        }
        let entry = self.entries.swap_remove(position);
        self.shrink_if_sparse(1);
        entry
    }

    /// Makes the entry at `from`, whose key has a known hash, be found at `to`.
    #[inline]
    fn redirect(&mut self, hash: u32, from: usize, to: usize) {
        if !self.index.replace(hash, from as u32, to as u32) {
            self.overflow.replace(&self.entries[from].0, to as u32);
        }
    }

    /// Gives memory back that only a larger table needs, if most of it is empty. So many entries are `gone` since this was
    /// asked last.
    #[inline]
    fn shrink_if_sparse(&mut self, gone: usize) {
        self.index.shrink(self.entries.len(), gone, Self::ONE);
        if self.entries.len() < self.entries.capacity() / SPARSE && self.entries.capacity() > SMALL {
            self.shrink();
        }
    }

    #[inline(never)]
    fn shrink(&mut self) {
        // Not below what a table may always have: one that swings between a few entries and some more does not allocate.
        let room = (2 * self.entries.len()).max(SMALL);
        self.entries.shrink_to(room);
        self.index.shrink_to(room);
    }

    /// Takes every entry out and keeps the memory. O(entries), however large the table once was.
    pub fn drain(&mut self) -> impl Iterator<Item = (K, V)> {
        self.clear_index();
        self.entries.drain()
    }

    /// Removes every entry and keeps the memory. O(entries), however large the table once was.
    pub fn clear(&mut self) {
        self.clear_index();
        self.entries.clear();
    }

    /// Keeps the entries that `keep` accepts, in order. O(entries), and as many allocations as a new table takes. Nothing
    /// is left if `keep` panics.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool)
    where
        K: Clone,
    {
        let all = std::mem::take(self);
        for (key, mut value) in all.into_entries() {
            if keep(&key, &mut value) {
                let hash = short_hash(&key);
                self.append(hash, key, value);
            }
        }
    }

    /// As [`find_or_insert_with`](Self::find_or_insert_with), with a known hash.
    #[inline]
    fn find_or_insert_hashed(&mut self, hash: u32, key: &K, value: impl FnOnce() -> V) -> (usize, bool)
    where
        K: Clone,
    {
        if self.index.is_one() {
            self.find_or_insert_in::<false>(hash, key, value)
        } else {
            self.find_or_insert_far(hash, key, value)
        }
    }

    /// Apart, so that what looks into the only table stays short.
    #[inline(never)]
    fn find_or_insert_far(&mut self, hash: u32, key: &K, value: impl FnOnce() -> V) -> (usize, bool)
    where
        K: Clone,
    {
        self.find_or_insert_in::<true>(hash, key, value)
    }

    #[inline(always)]
    fn find_or_insert_in<const FAR: bool>(
        &mut self,
        hash: u32,
        key: &K,
        value: impl FnOnce() -> V,
    ) -> (usize, bool)
    where
        K: Clone,
    {
        let entries = &mut self.entries;
        let entry = if FAR {
            self.index.entry::<FAR>(hash, |position| entries[position as usize].0 == *key)
        } else {
            let entries = entries.first();
            self.index.entry::<FAR>(hash, |position| entries[position as usize].0 == *key)
        };
        match entry {
            Ok(found) => (found.position() as usize, false),
            Err(Some(vacancy)) if !self.overflow.may_hold(hash) => {
                let position = narrow(entries.len());
                entries.push((key.clone(), value()));
                vacancy.fill(position);
                self.index.grow(self.entries.len(), Self::ONE);
                (position as usize, true)
            }
            Err(_) => self.find_or_append(hash, key, value),
        }
    }

    /// As [`find_or_insert_with`](Self::find_or_insert_with) for a key that is not in the index.
    #[cold]
    #[inline(never)]
    fn find_or_append(&mut self, hash: u32, key: &K, value: impl FnOnce() -> V) -> (usize, bool)
    where
        K: Clone,
    {
        match self.overflow.find(key) {
            Some(position) => (position as usize, false),
            None => (self.append(hash, key.clone(), value()), true),
        }
    }

    /// Adds an entry with a key that does not stand here, and gives its position.
    fn append(&mut self, hash: u32, key: K, value: V) -> usize
    where
        K: Clone,
    {
        let position = self.entries.len();
        self.enter(hash, &key, narrow(position));
        self.entries.push((key, value));
        self.index.grow(self.entries.len(), Self::ONE);
        position
    }

    /// Makes a key that is not found yet be found at a position.
    fn enter(&mut self, hash: u32, key: &K, position: u32)
    where
        K: Clone,
    {
        if !self.index.insert(hash, position) {
            self.overflow.insert(hash, key.clone(), position);
        }
    }

    /// Where a key with a known hash stands.
    #[inline(always)]
    fn find_hashed<Q: Ord + ?Sized>(&self, hash: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        if !self.index.is_one() {
            return self.find_far(hash, key);
        }
        let entries = self.entries.first();
        match self.index.find::<false>(hash, |position| entries[position as usize].0.borrow() == key) {
            None if self.overflow.may_hold(hash) => self.find_overflow(key),
            found => found.map(|position| position as usize),
        }
    }

    #[inline(never)]
    fn find_far<Q: Ord + ?Sized>(&self, hash: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        match self.index.find::<true>(hash, |position| self.entries[position as usize].0.borrow() == key) {
            None if self.overflow.may_hold(hash) => self.find_overflow(key),
            found => found.map(|position| position as usize),
        }
    }

    #[cold]
    #[inline(never)]
    fn find_overflow<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.overflow.find(key).map(|position| position as usize)
    }

    /// Where a key that is not at hand as a whole stands: its hash, a question about keys that have it, and how to make it, which
    /// only lookups of crafted keys ask for.
    #[cfg(not(feature = "fast-table"))]
    pub(crate) fn find_like(
        &self,
        hash: u32,
        is_it: impl Fn(&K) -> bool,
        key: impl FnOnce() -> K,
    ) -> Option<usize> {
        let is_it = |position: u32| is_it(&self.entries[position as usize].0);
        let found = if self.index.is_one() {
            self.index.find::<false>(hash, is_it)
        } else {
            self.index.find::<true>(hash, is_it)
        };
        let found = match found {
            None if self.overflow.may_hold(hash) => self.overflow.find(&key()),
            found => found,
        };
        found.map(|position| position as usize)
    }

    /// Empties the index: slot by slot if only few of them are full.
    fn clear_index(&mut self) {
        const FULL_SLOTS: usize = 16;
        self.overflow.clear();
        if self.entries.len() * FULL_SLOTS > self.index.slot_count() {
            self.index.clear();
            return;
        }
        for (position, (key, _)) in self.entries.iter().enumerate() {
            self.index.remove(short_hash(key), position as u32);
        }
    }
}

/// A position in the form in which an index keeps it.
///
/// # Panics
/// If there are more entries than it has numbers for.
#[inline]
fn narrow(position: usize) -> u32 {
    u32::try_from(position).expect("a table holds at most u32::MAX entries")
}

impl<K: std::fmt::Debug, V: std::fmt::Debug> std::fmt::Debug for DenseTable<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(key, value)| (key, value))).finish()
    }
}

impl<K, V> Default for DenseTable<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
