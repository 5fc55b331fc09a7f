//! A hash table whose entries stand densely, each at a position that only a removal changes.
//!
//! # Shape       `entries[i]` is a key with its value; `index` maps a key's hash to `i`.
//! # Invariants  every entry is in the index exactly once, under the hash of its key.
//! # Cost        find, insert, remove: O(1) expected; iteration: a walk over a slice.
//! # Not here    no weights and no rows: those meet in `ZSet`, `IndexedZSet` and the operators.
//!
//! Positions let an operator remember which groups a step touched without hashing them again, and
//! dense entries make iteration free of allocation and of empty slots. The index keeps 32 bits of
//! each hash beside the position, so growing never looks at a key and a lookup compares keys only
//! where those bits agree.

use std::borrow::Borrow;
use std::hash::Hash;

use crate::prefetch::{WINDOW, prefetch_one};
use crate::row::hash_of;

pub(crate) mod gaps;
pub(crate) mod index;

use index::Index;

/// A table that fills less than one part in so many gives memory back with the next removal,
pub(crate) const SPARSE: usize = 8;
/// unless it has room for so few entries.
pub(crate) const SMALL: usize = 64;

/// A dense hash table; see the [module](self).
#[derive(Clone)]
pub struct DenseTable<K, V> {
    entries: Vec<(K, V)>,
    index: Index,
}

/// Where a key probably stands; at `u32::MAX` if nowhere.
#[derive(Clone, Copy, Default)]
pub(crate) struct Guess {
    pub(crate) hash: u32,
    position: u32,
}

/// 32 bits of the hash of a key. The low bits alone would cluster keys that are multiples of a power of
/// two, the high ones those that follow each other; together they do neither.
#[inline]
pub(crate) fn short_hash<Q: Hash + ?Sized>(key: &Q) -> u32 {
    let hash = hash_of(key);
    (hash ^ (hash >> 32)) as u32
}

impl<K, V> DenseTable<K, V> {
    /// An empty table, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), index: Index::new() }
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
        self.index.reserve(additional);
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
    #[must_use]
    pub fn entries(&self) -> &[(K, V)] {
        &self.entries
    }

    /// All values with leave to change them, and their keys.
    #[inline]
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Bytes of memory this table owns itself, not counting what keys and values own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(K, V)>() + self.index.allocated_bytes()
    }

    /// The entries, in no meaningful order.
    #[must_use]
    pub fn into_entries(self) -> Vec<(K, V)> {
        self.entries
    }
}

impl<K: Eq + Hash, V> DenseTable<K, V> {
    /// Where `key` stands. It may be any borrowed form of a key, as with std's maps.
    #[inline]
    #[must_use]
    pub fn find<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<usize>
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
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
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

    /// The first half of a lookup: where `key` stands, unless another key has the same hash. The entry
    /// there is asked for, so that [`confirm`](Self::confirm) need not wait.
    #[inline]
    pub(crate) fn guess(&self, key: &K) -> Guess {
        let hash = short_hash(key);
        let position = self.index.find(hash, |_| true).unwrap_or(u32::MAX);
        if let Some(entry) = self.entries.get(position as usize) {
            prefetch_one(entry);
        }
        Guess { hash, position }
    }

    /// The second half of a lookup: where `key` stands, if no key was added since the guess.
    #[inline]
    pub(crate) fn confirm(&self, guess: Guess, key: &K) -> Option<usize> {
        let position = guess.position as usize;
        match self.entries.get(position) {
            Some((found, _)) if found == key => Some(position),
            Some(_) => self.find_hashed(guess.hash, key),
            None => None,
        }
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

    /// The second half of a lookup that inserts a key which is not there; other keys may have been added
    /// since the guess.
    #[inline]
    pub(crate) fn confirm_or_insert_with(&mut self, guess: Guess, key: &K, value: impl FnOnce() -> V) -> usize
    where
        K: Clone,
    {
        match self.confirm(guess, key) {
            Some(position) => position,
            None => self.find_or_insert_hashed(guess.hash, key, value).0,
        }
    }

    /// Whether the entries are so few that they stay near the processor, and lookups need not ask for them
    /// early.
    #[inline]
    pub(crate) fn is_near(&self) -> bool {
        const NEAR: usize = 256 << 10;
        self.entries.len() <= NEAR / size_of::<(K, V)>().max(1)
    }

    /// Finds the keys of some rows a window of rows at a time, so that the lookups of a window overlap, and
    /// inserts `value()` under a clone of each that is absent. `found` is given the table and the positions
    /// of the keys of the next rows, as many as a window has.
    ///
    /// ```
    /// use dbsp_zset::DenseTable;
    ///
    /// let mut lengths = DenseTable::new();
    /// let words = ["a", "fig", "b", "fig"];
    /// let mut left = words.iter();
    /// lengths.try_locate(
    ///     &words,
    ///     |word| word,
    ///     || 0,
    ///     |lengths, positions| {
    ///         for (position, word) in positions.iter().zip(&mut left) {
    ///             *lengths.value_mut(*position) += word.len();
    ///         }
    ///         Ok::<(), ()>(())
    ///     },
    /// )?;
    /// assert_eq!(lengths.entries(), [("a", 1), ("fig", 6), ("b", 1)]);
    /// # Ok::<(), ()>(())
    /// ```
    ///
    /// # Errors
    /// The first that `found` gives; keys of later windows are then not inserted.
    ///
    /// # Panics
    /// If the table would come to hold more than `u32::MAX` entries.
    #[inline]
    pub fn try_locate<R, E>(
        &mut self,
        rows: &[R],
        key: impl Fn(&R) -> &K,
        value: impl Fn() -> V,
        mut found: impl FnMut(&mut Self, &[usize]) -> Result<(), E>,
    ) -> Result<(), E>
    where
        K: Clone,
    {
        let mut guesses = [Guess::default(); WINDOW];
        let mut positions = [0; WINDOW];
        for rows in rows.chunks(WINDOW) {
            if self.is_near() {
                for (position, row) in positions.iter_mut().zip(rows) {
                    let (key, hash) = (key(row), short_hash(key(row)));
                    *position = match self.find_hashed(hash, key) {
                        Some(position) => position,
                        None => self.find_or_insert_hashed(hash, key, &value).0,
                    };
                }
            } else {
                for (guess, row) in guesses.iter_mut().zip(rows) {
                    *guess = self.guess(key(row));
                }
                for ((position, guess), row) in positions.iter_mut().zip(guesses).zip(rows) {
                    *position = self.confirm_or_insert_with(guess, key(row), &value);
                }
            }
            found(self, &positions[..rows.len()])?;
        }
        Ok(())
    }

    /// Inserts a key that the table does not hold.
    ///
    /// # Panics
    /// If the table would come to hold more than `u32::MAX` entries; with debug assertions also if
    /// it holds the key.
    pub fn insert_new(&mut self, key: K, value: V) {
        debug_assert!(self.find(&key).is_none(), "a new key does not stand in the table");
        let hash = short_hash(&key);
        let position = u32::try_from(self.entries.len()).expect("a table holds at most u32::MAX entries");
        self.entries.push((key, value));
        self.index.insert(hash, position);
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
        self.index.remove(hash, position as u32);
        if position != last {
            self.index.replace(last_hash, last as u32, position as u32);
        }
        let entry = self.entries.swap_remove(position);
        self.shrink_if_sparse();
        entry
    }

    /// Gives memory back that only a larger table needs, if most of it is empty.
    #[inline]
    fn shrink_if_sparse(&mut self) {
        if self.entries.len() < self.entries.capacity() / SPARSE && self.entries.capacity() > SMALL {
            self.shrink();
        }
    }

    #[inline(never)]
    pub(crate) fn shrink(&mut self) {
        // Not below what a table may always have: one that swings between a few entries and some more does not allocate.
        let room = (2 * self.entries.len()).max(SMALL);
        self.entries.shrink_to(room);
        self.index.shrink_to(room);
    }

    /// Takes every entry out and keeps the memory. O(entries), however large the table once was.
    pub fn drain(&mut self) -> impl Iterator<Item = (K, V)> {
        self.clear_index();
        self.entries.drain(..)
    }

    /// Removes every entry and keeps the memory. O(entries), however large the table once was.
    pub fn clear(&mut self) {
        self.clear_index();
        self.entries.clear();
    }

    /// Keeps the entries that `keep` accepts, in order. O(entries). A table that is then mostly empty gives memory
    /// back.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let before = self.entries.len();
        self.entries.retain_mut(|(key, value)| keep(key, value));
        if self.entries.len() != before {
            // First the memory, so that the index is not filled twice.
            self.index.clear();
            self.shrink_if_sparse();
            self.rebuild_index();
        }
    }

    /// Puts the entries into the order of their keys, in place and without allocation.
    pub fn sort(&mut self)
    where
        K: Ord,
    {
        self.entries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        self.rebuild_index();
    }

    /// As [`find_or_insert_with`](Self::find_or_insert_with), with a known hash.
    #[inline]
    fn find_or_insert_hashed(&mut self, hash: u32, key: &K, value: impl FnOnce() -> V) -> (usize, bool)
    where
        K: Clone,
    {
        let entries = &mut self.entries;
        match self.index.entry(hash, |position| entries[position as usize].0 == *key) {
            Ok(found) => (found.position() as usize, false),
            Err(vacancy) => {
                let position = entries.len();
                let narrow = u32::try_from(position).expect("a table holds at most u32::MAX entries");
                entries.push((key.clone(), value()));
                vacancy.fill(narrow);
                (position, true)
            }
        }
    }

    /// Where a key with a known hash stands.
    #[inline]
    fn find_hashed<Q: Eq + ?Sized>(&self, hash: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let found = self.index.find(hash, |position| self.entries[position as usize].0.borrow() == key);
        found.map(|position| position as usize)
    }

    /// Empties the index: slot by slot if only few of them are full.
    fn clear_index(&mut self) {
        const FULL_SLOTS: usize = 16;
        if self.entries.len() * FULL_SLOTS > self.index.slot_count() {
            self.index.clear();
            return;
        }
        for (position, (key, _)) in self.entries.iter().enumerate() {
            self.index.remove(short_hash(key), position as u32);
        }
    }

    /// Fills the index anew from the entries.
    fn rebuild_index(&mut self) {
        self.index.clear();
        for (position, (key, _)) in self.entries.iter().enumerate() {
            self.index.insert(short_hash(key), position as u32);
        }
    }
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
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn positions_hold_until_a_removal() {
        let mut table = DenseTable::new();
        for key in 0..1_000_u32 {
            assert_eq!(table.find_or_insert_with(&key, || key * 2), (key as usize, true));
        }
        assert_eq!(table.find_or_insert_with(&7, || 0), (7, false));
        assert_eq!(table.swap_remove(7), (7, 14));
        assert_eq!(table.find(&7), None);
        assert_eq!(table.find(&999), Some(7));
        assert_eq!(table.get(&500), Some(&1_000));
    }

    #[test]
    fn hashes_of_regular_keys_do_not_cluster() {
        for shift in 0..48 {
            let mut buckets = [0_u32; 4_096];
            (0..2_048_u64).for_each(|n| buckets[short_hash(&(n << shift)) as usize % 4_096] += 1);
            let collisions: u32 = buckets.iter().map(|count| count.saturating_sub(1)).sum();
            // Random hashes would have 437 with a deviation of 17.
            assert!(collisions < 437 + 10 * 17, "multiples of 2^{shift}: {collisions}");
        }
    }

    #[test]
    fn agrees_with_a_std_map_under_random_work() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let mut table = DenseTable::new();
        let mut model = HashMap::new();
        for _ in 0..20_000 {
            let key = random() % 500;
            if random() % 3 == 0 {
                let removed = table.find(&key).map(|position| table.swap_remove(position).1);
                assert_eq!(removed, model.remove(&key));
            } else {
                let value = random();
                let (position, _) = table.find_or_insert_with(&key, || 0);
                *table.value_mut(position) = value;
                model.insert(key, value);
            }
            assert_eq!(table.len(), model.len());
        }
        table.sort();
        assert!(table.entries().is_sorted());
        table.retain(|key, _| key % 2 == 0);
        model.retain(|key, _| key % 2 == 0);
        assert_eq!(table.len(), model.len());
        for (key, value) in &model {
            assert_eq!(table.get(key), Some(value));
        }
    }
}
