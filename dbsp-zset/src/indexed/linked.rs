//! The plain storage: rows in a table, found by hash, those of one key linked with each other.
//!
//! # Shape       `rows` has each row once, with its weight and the positions of the rows of its key before and after it;
//!   `firsts` leads from a key to its first row.
//! # Invariants  the first row of every key, and no other, is in `firsts`; the row after a row has that row before it,
//!   and both have one key.
//! # Cost        that of two [`DenseTable`]s. Update: O(1) expected, in a group of any size; group: one hop and mostly one
//!   cache miss a row.
//! # Not here    nothing that is there for speed alone: no windows of rows, no request for memory to come.

use std::borrow::Borrow;
use std::hash::Hash;

use crate::algebra::{Overflow, Ring};
use crate::row::Row;
use crate::table::{DenseTable, short_hash};

/// No further row.
const END: u32 = u32::MAX;

/// Rows that are linked by key; see the [module](self).
#[derive(Clone)]
pub(super) struct Linked<K, V, W> {
    rows: DenseTable<(K, V), Linkage<W>>,
    firsts: DenseTable<K, u32>,
}

/// The weight of a row, and its neighbours.
#[derive(Clone)]
struct Linkage<W> {
    weight: W,
    before: u32,
    after: u32,
}

/// Rows of one key that are still to be given.
pub(super) struct Group<'a, K, V, W> {
    rows: &'a DenseTable<(K, V), Linkage<W>>,
    at: u32,
}

impl<K, V, W> Linked<K, V, W> {
    /// No rows, and no memory yet.
    pub(super) const fn new() -> Self {
        Self { rows: DenseTable::new(), firsts: DenseTable::new() }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All rows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V, &W)> {
        self.rows.entries().map(|((key, value), links)| (key, value, &links.weight))
    }

    /// Bytes of memory owned, not counting what rows own.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.rows.allocated_bytes() + self.firsts.allocated_bytes()
    }

    /// Removes every row and keeps the memory.
    pub(super) fn clear(&mut self)
    where
        K: Row,
        V: Row,
    {
        self.rows.clear();
        self.firsts.clear();
    }

    /// The tables give memory back themselves.
    #[expect(clippy::unused_self, reason = "the other storage has something to do here")]
    pub(super) fn shrink(&mut self) {}
}

impl<K: Row, V: Row, W> Linked<K, V, W> {
    /// The rows of a key.
    pub(super) fn group<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Group<'_, K, V, W>
    where
        K: Borrow<Q>,
    {
        Group { rows: &self.rows, at: self.firsts.get(key).copied().unwrap_or(END) }
    }

    /// The weight of a row, if it stands here.
    pub(super) fn find(&self, key: &K, value: &V) -> Option<&W> {
        self.position(key, value).map(|position| &self.rows.at(position).1.weight)
    }

    /// Gives `found` the position of each of some rows with every value of its key and that value's weight.
    pub(super) fn try_probe<'a, 'r, R, E>(
        &'a self,
        rows: &'r [R],
        key: impl Fn(&'r R) -> &'r K,
        mut found: impl FnMut(usize, &'a V, &'a W) -> Result<(), E>,
    ) -> Result<(), E> {
        for (i, row) in rows.iter().enumerate() {
            for (value, weight) in self.group(key(row)) {
                found(i, value, weight)?;
            }
        }
        Ok(())
    }

    /// Where a row stands.
    fn position(&self, key: &K, value: &V) -> Option<usize> {
        self.rows.find_like(
            short_hash(&(key, value)),
            |(other_key, other_value)| other_value == value && other_key == key,
            || (key.clone(), value.clone()),
        )
    }

    /// Adds a row that is not there, as the first one of its key.
    fn insert(&mut self, key: K, value: V, weight: W) {
        assert!(self.rows.len() < END as usize, "a trace holds fewer than u32::MAX rows");
        let position = self.rows.len() as u32;
        let (first, is_new) = self.firsts.find_or_insert_with(&key, || position);
        let after = if is_new { END } else { std::mem::replace(self.firsts.value_mut(first), position) };
        if after != END {
            self.rows.value_mut(after as usize).before = position;
        }
        self.rows.insert_new((key, value), Linkage { weight, before: END, after });
    }

    /// Removes the row at a position; the last row moves there.
    fn remove(&mut self, position: u32) {
        let ((key, _), links) = self.rows.at(position as usize);
        let (before, after) = (links.before, links.after);
        if before != END {
            self.rows.value_mut(before as usize).after = after;
        } else if let Some(first) = self.firsts.find(key) {
            if after == END {
                self.firsts.swap_remove(first);
            } else {
                *self.firsts.value_mut(first) = after;
            }
        }
        if after != END {
            self.rows.value_mut(after as usize).before = before;
        }
        let last = self.rows.len() as u32 - 1;
        if position != last {
            self.redirect(last, position);
        }
        self.rows.swap_remove(position as usize);
    }

    /// Makes the neighbours of the row at `from`, or its key, lead to `to`.
    fn redirect(&mut self, from: u32, to: u32) {
        let ((key, _), links) = self.rows.at(from as usize);
        let (before, after) = (links.before, links.after);
        if before != END {
            self.rows.value_mut(before as usize).after = to;
        } else if let Some(first) = self.firsts.find(key) {
            *self.firsts.value_mut(first) = to;
        }
        if after != END {
            self.rows.value_mut(after as usize).before = to;
        }
    }
}

impl<K: Row, V: Row, W: Ring> Linked<K, V, W> {
    /// Adds the weights of some rows; counts in `applied` how many were added before one had no value.
    pub(super) fn add_all(
        &mut self,
        rows: &[(K, V)],
        weights: &[W],
        applied: &mut usize,
    ) -> Result<(), Overflow> {
        for ((key, value), weight) in rows.iter().zip(weights) {
            self.change(key, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone()))?;
            *applied += 1;
        }
        Ok(())
    }

    /// Changes the weight of a row by `change`; if the row is new, it gets the weight `fresh`.
    pub(super) fn change(
        &mut self,
        key: &K,
        value: &V,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
        fresh: impl FnOnce() -> Result<W, Overflow>,
    ) -> Result<(), Overflow> {
        if let Some(position) = self.position(key, value) {
            let weight = &mut self.rows.value_mut(position).weight;
            change(weight)?;
            if weight.is_zero() {
                self.remove(position as u32);
            }
        } else {
            let weight = fresh()?;
            if !weight.is_zero() {
                self.insert(key.clone(), value.clone(), weight);
            }
        }
        Ok(())
    }
}

impl<K, V, W> Group<'_, K, V, W> {
    /// Whether the key has no row.
    pub(super) fn is_empty(&self) -> bool {
        self.at == END
    }

    /// How many rows there are.
    pub(super) fn len(self) -> usize {
        self.count()
    }
}

impl<'a, K, V, W> Iterator for Group<'a, K, V, W> {
    type Item = (&'a V, &'a W);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == END {
            return None;
        }
        let ((_, value), links) = self.rows.at(self.at as usize);
        self.at = links.after;
        Some((value, &links.weight))
    }
}

impl<K, V, W> Clone for Group<'_, K, V, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, W> Copy for Group<'_, K, V, W> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::{Group as _, Semigroup as _};

    /// Follows every link and looks every row up.
    fn assert_sound(linked: &Linked<u32, u32, i64>) {
        let mut keys = 0;
        for (i, ((key, value), links)) in linked.rows.entries().enumerate() {
            let position = i as u32;
            assert_eq!(linked.position(key, value), Some(i));
            assert_eq!(linked.firsts.get(key) == Some(&position), links.before == END);
            keys += usize::from(links.before == END);
            if links.after != END {
                let ((after_key, _), after) = linked.rows.at(links.after as usize);
                assert_eq!((after.before, after_key), (position, key));
            }
        }
        assert_eq!(linked.firsts.len(), keys);
    }

    #[test]
    fn links_and_indexes_follow_rows_that_come_go_and_move() {
        let mut state = 5_u64;
        let mut random = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % bound) as u32
        };
        let mut linked = Linked::new();
        for round in 0..3_000_u32 {
            let (key, value) = (random(7), random(40));
            let weight = if round / 600 % 2 == 0 { 1 } else { -1 };
            let change = |sum: &mut i64| sum.try_add_assign(&weight);
            linked.change(&key, &value, change, || Ok(weight)).expect("small weights");
            assert_sound(&linked);
        }
        while !linked.rows.is_empty() {
            let ((key, value), Linkage { weight, .. }) = linked.rows.at(0).clone();
            linked
                .change(&key, &value, |sum| sum.try_sub_assign(&weight), || Ok(0))
                .expect("it stands there");
            assert_sound(&linked);
        }
    }
}
