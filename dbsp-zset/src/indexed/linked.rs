//! The plain storage: rows in a vector, found by hash, those of one key linked with each other.
//!
//! # Shape       `rows[i]` is a row with the positions of the rows of its key before and after it; `by_row`
//!   leads from the hash of a row to its position, `by_key` from that of a key to its first row.
//! # Invariants  every row is in `by_row` once; the first row of every key, and no other, is in `by_key`; the
//!   row after a row has that row before it, and both have one key.
//! # Cost        update: O(1) expected, in a group of any size; group: one hop and mostly one cache miss a row.
//!   All rows share three allocations, so a step that frees as many rows as it adds makes none; but a hash table
//!   whose slots removals have used up doubles, once for each size, and that may come late.
//! # Not here    nothing that is there for speed alone: no windows of rows, no request for memory to come.

use std::borrow::Borrow;
use std::hash::Hash;

use crate::algebra::{Overflow, Ring};
use crate::row::Row;
use crate::table::index::Index;
use crate::table::{SMALL, SPARSE, short_hash};

/// No further row.
const END: u32 = u32::MAX;

/// Rows that are linked by key; see the [module](self).
#[derive(Clone)]
pub(super) struct Linked<K, V, W> {
    rows: Vec<Entry<K, V, W>>,
    by_row: Index,
    by_key: Index,
}

/// Where a row stands until the next change.
pub(super) type Position = u32;

/// A row and its neighbours.
#[derive(Clone)]
struct Entry<K, V, W> {
    key: K,
    value: V,
    weight: W,
    before: u32,
    after: u32,
}

/// Rows of one key that are still to be given.
pub(super) struct Group<'a, K, V, W> {
    rows: &'a [Entry<K, V, W>],
    at: u32,
}

impl<K, V, W> Linked<K, V, W> {
    /// No rows, and no memory yet.
    pub(super) const fn new() -> Self {
        Self { rows: Vec::new(), by_row: Index::new(), by_key: Index::new() }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All rows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V, &W)> {
        self.rows.iter().map(Entry::row)
    }

    /// Where the rows stand.
    pub(super) fn positions(&self) -> impl Iterator<Item = Position> {
        0..self.rows.len() as Position
    }

    /// The row at a position.
    pub(super) fn row_at(&self, position: Position) -> (&K, &V, &W) {
        self.rows[position as usize].row()
    }

    /// Bytes of memory owned, not counting what rows own.
    pub(super) fn allocated_bytes(&self) -> usize {
        let indexes = self.by_row.allocated_bytes() + self.by_key.allocated_bytes();
        self.rows.capacity() * size_of::<Entry<K, V, W>>() + indexes
    }

    /// Removes every row and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.by_row.clear();
        self.by_key.clear();
    }

    /// Gives memory back that only many more rows need; says whether it did.
    pub(super) fn shrink(&mut self) -> bool {
        let is_sparse = self.rows.len() < self.rows.capacity() / SPARSE && self.rows.capacity() > SMALL;
        if is_sparse {
            let capacity = (2 * self.rows.len()).max(SMALL);
            self.rows.shrink_to(capacity);
            self.by_row.shrink_to(capacity);
            self.by_key.shrink_to(capacity);
        }
        is_sparse
    }
}

impl<K: Row, V: Row, W> Linked<K, V, W> {
    /// The rows of a key.
    pub(super) fn group<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Group<'_, K, V, W>
    where
        K: Borrow<Q>,
    {
        Group { rows: &self.rows, at: self.first(key).unwrap_or(END) }
    }

    /// The weight of a row, if it stands here.
    pub(super) fn find(&self, key: &K, value: &V) -> Option<&W> {
        self.position(key, value).map(|position| &self.rows[position as usize].weight)
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
    fn position(&self, key: &K, value: &V) -> Option<u32> {
        self.by_row.find(short_hash(&(key, value)), |position| {
            let entry = &self.rows[position as usize];
            entry.value == *value && entry.key == *key
        })
    }

    /// Where the first row of a key stands.
    fn first<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        self.by_key.find(short_hash(key), |position| self.rows[position as usize].key.borrow() == key)
    }

    /// Adds a row that is not there, as the first one of its key.
    fn insert(&mut self, key: K, value: V, weight: W) {
        let position = self.rows.len() as u32;
        assert!(self.rows.len() < END as usize, "a trace holds fewer than u32::MAX rows");
        let (row_hash, key_hash) = (short_hash(&(&key, &value)), short_hash(&key));
        let first = self.first(&key);
        match first {
            Some(first) => {
                self.by_key.replace(key_hash, first, position);
                self.rows[first as usize].before = position;
            }
            None => self.by_key.insert(key_hash, position),
        }
        self.by_row.insert(row_hash, position);
        self.rows.push(Entry { key, value, weight, before: END, after: first.unwrap_or(END) });
    }

    /// Removes the row at a position; the last row moves there.
    fn remove(&mut self, position: u32) {
        self.unlink(position);
        let last = self.rows.len() as u32 - 1;
        if position != last {
            self.redirect(last, position);
        }
        self.rows.swap_remove(position as usize);
    }

    /// Makes nothing lead to the row at a position: its neighbours become each other's.
    fn unlink(&mut self, position: u32) {
        let Entry { key, value, before, after, .. } = &self.rows[position as usize];
        let (before, after, key_hash) = (*before, *after, short_hash(key));
        self.by_row.remove(short_hash(&(key, value)), position);
        match self.rows.get_mut(before as usize) {
            Some(entry) => entry.after = after,
            None if after == END => self.by_key.remove(key_hash, position),
            None => self.by_key.replace(key_hash, position, after),
        }
        if let Some(entry) = self.rows.get_mut(after as usize) {
            entry.before = before;
        }
    }

    /// Makes everything that leads to the row at `from` lead to `to`.
    fn redirect(&mut self, from: u32, to: u32) {
        let Entry { key, value, before, after, .. } = &self.rows[from as usize];
        let (before, after, key_hash) = (*before, *after, short_hash(key));
        self.by_row.replace(short_hash(&(key, value)), from, to);
        match self.rows.get_mut(before as usize) {
            Some(entry) => entry.after = to,
            None => self.by_key.replace(key_hash, from, to),
        }
        if let Some(entry) = self.rows.get_mut(after as usize) {
            entry.before = to;
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
            let weight = &mut self.rows[position as usize].weight;
            change(weight)?;
            if weight.is_zero() {
                self.remove(position);
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

impl<K, V, W> Entry<K, V, W> {
    fn row(&self) -> (&K, &V, &W) {
        (&self.key, &self.value, &self.weight)
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
        // Nothing stands at END.
        let entry = self.rows.get(self.at as usize)?;
        self.at = entry.after;
        Some((&entry.value, &entry.weight))
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
        for (i, entry) in linked.rows.iter().enumerate() {
            let position = i as u32;
            assert_eq!(linked.position(&entry.key, &entry.value), Some(position));
            assert_eq!(linked.first(&entry.key) == Some(position), entry.before == END);
            keys += usize::from(entry.before == END);
            if let Some(after) = linked.rows.get(entry.after as usize) {
                assert_eq!((after.before, after.key), (position, entry.key));
            }
        }
        assert_eq!((linked.by_row.len(), linked.by_key.len()), (linked.rows.len(), keys));
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
            linked.shrink();
            assert_sound(&linked);
        }
        while let Some(entry) = linked.rows.first() {
            let (key, value, weight) = (entry.key, entry.value, entry.weight);
            linked
                .change(&key, &value, |sum| sum.try_sub_assign(&weight), || Ok(0))
                .expect("it stands there");
            assert_sound(&linked);
        }
    }
}
