//! Lookups of many keys, a window at a time, so that their cache misses overlap.
//!
//! # Shape       two halves: a guess where each key of a window stands, by its hash alone, which asks for the entry there; then
//!   each key is compared with the entry.
//! # Cost        as a lookup of each key, without waiting for one miss after the other. In chunks a third pass, ahead of the
//!   others, asks for the place of each hash in the index.
//! # Not here    what a window of changes does to a table: see [`gaps`](super::gaps).

use std::hash::Hash;

use crate::prefetch::{WINDOW, prefetch_one};
use crate::table::{DenseTable, short_hash};

/// Where a key probably stands; at `u32::MAX` if nowhere.
#[derive(Clone, Copy, Default)]
pub(crate) struct Guess {
    pub(crate) hash: u32,
    position: u32,
}

impl<K: Ord + Hash, V> DenseTable<K, V> {
    /// The first half of the lookups of some rows: where each key stands, unless another one has its hash. The entries there are
    /// asked for, so that [`confirm`](Self::confirm) need not wait.
    #[inline]
    pub(crate) fn guess_all<'r, R>(
        &self,
        guesses: &mut [Guess; WINDOW],
        rows: &'r [R],
        key: impl Fn(&'r R) -> &'r K,
    ) where
        K: 'r,
    {
        if !self.index.is_one() {
            return self.guess_far(guesses, rows, key);
        }
        for (guess, row) in guesses.iter_mut().zip(rows) {
            guess.hash = short_hash(key(row));
            guess.position = self.index.find::<false>(guess.hash, |_| true).unwrap_or(u32::MAX);
            if let Some(entry) = self.entries.first().get(guess.position as usize) {
                prefetch_one(entry);
            }
        }
    }

    /// As [`guess_all`](Self::guess_all), where not even the index stays near: first all its places are asked for. Apart, here
    /// and below: what looks into a table of one piece then stays short.
    #[inline(never)]
    fn guess_far<'r, R>(&self, guesses: &mut [Guess; WINDOW], rows: &'r [R], key: impl Fn(&'r R) -> &'r K)
    where
        K: 'r,
    {
        for (guess, row) in guesses.iter_mut().zip(rows) {
            guess.hash = short_hash(key(row));
            guess.position = self.index.prefetch(guess.hash) as u32;
        }
        for guess in &mut guesses[..rows.len()] {
            let home = guess.position as usize;
            guess.position = self.index.find_at(home, guess.hash, |_| true).unwrap_or(u32::MAX);
            if let Some(entry) = self.entries.get(guess.position as usize) {
                prefetch_one(entry);
            }
        }
    }

    /// The second half of a lookup: where `key` stands, if no key was added since the guess.
    #[inline]
    pub(crate) fn confirm(&self, guess: Guess, key: &K) -> Option<usize> {
        let position = guess.position as usize;
        match self.entries.get(position) {
            Some((found, _)) if found == key => Some(position),
            Some(_) => self.find_hashed(guess.hash, key),
            None if self.overflow.may_hold(guess.hash) || self.index.is_moving() => {
                self.find_hashed(guess.hash, key)
            }
            None => None,
        }
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
        const CACHED: usize = 256 << 10;
        self.entries.len() <= CACHED / size_of::<(K, V)>().max(1)
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
    /// assert!(lengths.entries().eq(&[("a", 1), ("fig", 6), ("b", 1)]));
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
            if self.is_near() && self.index.is_one() {
                // Known keys first, as nearly all are: nothing changes the table meanwhile.
                let (index, entries) = (&self.index, self.entries.first());
                let mut are_known = true;
                for (position, row) in positions.iter_mut().zip(rows) {
                    let key = key(row);
                    let is_it = |position: u32| entries[position as usize].0 == *key;
                    let found = index.find::<false>(short_hash(key), is_it);
                    *position = found.map_or(usize::MAX, |position| position as usize);
                    are_known &= found.is_some();
                }
                if !are_known {
                    for (position, row) in positions.iter_mut().zip(rows) {
                        if *position == usize::MAX {
                            *position = self.find_or_insert_with(key(row), &value).0;
                        }
                    }
                }
            } else {
                self.guess_all(&mut guesses, rows, &key);
                for ((position, guess), row) in positions.iter_mut().zip(guesses).zip(rows) {
                    *position = self.confirm_or_insert_with(guess, key(row), &value);
                }
            }
            found(self, &positions[..rows.len()])?;
        }
        Ok(())
    }
}
