//! An indexed Z-set: rows of key and value, found by the key. It is the hash-indexed trace.
//!
//! # Shape       key -> group. A group of one row stands in the table; up to 32 rows share a block
//!   of an arena; a larger group is a table of its own, found by value.
//! # Invariants  no weight is zero and no group is empty.
//! # Cost        update: O(1) expected, also in a group of a million rows; group: O(1) and then a
//!   slice; a step that frees as many rows as it adds allocates nothing once warm.
//! # Not here    no order, neither of keys nor of values: see [`OrderedTrace`](crate::OrderedTrace).

use std::fmt::{Debug, Formatter};
use std::hash::Hash;
use std::ops::Index;

use crate::algebra::{Overflow, Ring};
use crate::arena::{Arena, Block, LARGEST_BLOCK};
use crate::delta::Delta;
use crate::prefetch::{FEW, WINDOW, prefetch};
use crate::row::Row;
use crate::table::{DenseTable, Guess};
use crate::trace::Trace;

mod algebra;

/// A Z-set of rows `(K, V)` indexed by `K`; see the [module](self).
///
/// ```
/// use dbsp_zset::{Delta, IndexedZSet};
///
/// let mut owners = IndexedZSet::new();
/// owners.try_apply(&Delta::from_iter([(("ann", "cat"), 1), (("ann", "dog"), 1), (("bob", "cat"), 1)]))?;
/// assert_eq!(owners[&"ann"].len(), 2);
/// assert_eq!(owners.weight(&"bob", &"cat"), 1);
/// owners.try_update(&"bob", &"cat", &-1)?;
/// assert!(owners[&"bob"].is_empty());
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
pub struct IndexedZSet<K, V, W = i64> {
    groups: DenseTable<K, Group<V, W>>,
    blocks: Arena<(V, W)>,
    rows: usize,
    /// Positions of groups that a delta left empty, while it is applied.
    emptied: Vec<usize>,
}

/// The values of one key.
#[derive(Default)]
enum Group<V, W> {
    /// No row: only while a group changes its form, and just before it leaves the table.
    #[default]
    Empty,
    One((V, W)),
    Block(Block),
    Large(Box<DenseTable<V, W>>),
}

impl<K, V, W> IndexedZSet<K, V, W> {
    /// An empty indexed Z-set, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { groups: DenseTable::new(), blocks: Arena::new(), rows: 0, emptied: Vec::new() }
    }

    /// How many different rows there are, over all keys.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// How many different keys there are.
    #[inline]
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.groups.len()
    }

    /// All keys with their groups, in no meaningful order; allocates nothing.
    pub fn groups(&self) -> impl Iterator<Item = (&K, &[(V, W)])> {
        self.groups.entries().iter().map(|(key, group)| (key, group.rows(&self.blocks)))
    }

    /// All rows with their weights, in no meaningful order; allocates nothing.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V, &W)> {
        self.groups().flat_map(|(key, rows)| rows.iter().map(move |(value, weight)| (key, value, weight)))
    }

    /// Bytes of memory this Z-set owns itself, not counting what rows own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let large: usize = self
            .groups
            .entries()
            .iter()
            .map(|(_, group)| match group {
                Group::Large(table) => size_of::<DenseTable<V, W>>() + table.allocated_bytes(),
                Group::Empty | Group::One(_) | Group::Block(_) => 0,
            })
            .sum();
        self.groups.allocated_bytes() + self.blocks.allocated_bytes() + large
    }
}

impl<K: Eq + Hash, V, W> IndexedZSet<K, V, W> {
    /// Removes every row and keeps the memory of the index.
    pub fn clear(&mut self) {
        for (_, group) in self.groups.drain() {
            if let Group::Block(block) = group {
                self.blocks.release(block);
            }
        }
        self.rows = 0;
    }

    /// The values of a key with their weights, in no meaningful order; empty for an unknown key.
    #[inline]
    #[must_use]
    pub fn group(&self, key: &K) -> &[(V, W)] {
        match self.groups.get(key) {
            Some(group) => group.rows(&self.blocks),
            None => &[],
        }
    }

    /// The value of a key that has exactly one, as after an aggregate or an upsert; its weight may be
    /// any.
    #[inline]
    #[must_use]
    pub fn value(&self, key: &K) -> Option<&V> {
        match self.group(key) {
            [(value, _)] => Some(value),
            _ => None,
        }
    }

    /// Puts the keys into their order, in place and without allocation: until the next change
    /// [`groups`](Self::groups) and [`iter`](Self::iter) follow it.
    pub fn sort_keys(&mut self)
    where
        K: Ord,
    {
        self.groups.sort();
    }
}

impl<K: Row, V: Row, W: Ring> IndexedZSet<K, V, W> {
    /// The weight of one row, zero if it does not stand here.
    #[must_use]
    pub fn weight(&self, key: &K, value: &V) -> W {
        self.groups
            .get(key)
            .and_then(|group| group.find(value, &self.blocks).map(|i| group.rows(&self.blocks)[i].1.clone()))
            .unwrap_or_else(W::zero)
    }

    /// Changes the weight of one row.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_update(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        if weight.is_zero() {
            return Ok(());
        }
        let (position, is_new) =
            self.groups.find_or_insert_with(key, || Group::One((value.clone(), weight.clone())));
        if is_new {
            self.rows += 1;
            return Ok(());
        }
        if self.add_at(position, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone()))? {
            self.groups.swap_remove(position);
        }
        Ok(())
    }

    /// Changes the weight of one row by the opposite of `weight`.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_retract(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        match self.groups.find(key) {
            Some(position) => {
                if self.add_at(position, value, |sum| sum.try_sub_assign(weight), || weight.try_neg())? {
                    self.groups.swap_remove(position);
                }
                Ok(())
            }
            None => self.try_update(key, value, &weight.try_neg()?),
        }
    }

    /// Adds a whole delta, or nothing of it.
    ///
    /// # Errors
    /// [`Overflow`] where one new weight has no value; nothing is then changed.
    pub fn try_apply(&mut self, delta: &Delta<(K, V), W>) -> Result<(), Overflow> {
        let mut applied = 0;
        let outcome = if delta.len() <= FEW {
            delta.iter().try_for_each(|((key, value), weight)| {
                self.try_update(key, value, weight)?;
                applied += 1;
                Ok(())
            })
        } else {
            let mut windows = delta.rows().chunks(WINDOW).zip(delta.weights().chunks(WINDOW));
            windows.try_for_each(|(rows, weights)| self.apply_window(rows, weights, &mut applied))
        };
        self.remove_emptied();
        if outcome.is_err() {
            self.take_back(delta.iter().take(applied)).expect("what was just added can be taken back");
        }
        outcome
    }

    /// Takes back a delta that [`try_apply`](Self::try_apply) has added.
    ///
    /// # Errors
    /// [`Overflow`] where one new weight has no value, which cannot be if the delta was added last.
    pub fn try_unapply(&mut self, delta: &Delta<(K, V), W>) -> Result<(), Overflow> {
        self.take_back(delta.iter())
    }

    /// Subtracts the weights of some rows, the last one first, so that each weight only takes values
    /// that it has already had.
    fn take_back<'a>(
        &mut self,
        rows: impl DoubleEndedIterator<Item = (&'a (K, V), &'a W)>,
    ) -> Result<(), Overflow> {
        rows.rev().try_for_each(|((key, value), weight)| self.try_retract(key, value, weight))
    }

    /// Gives `found` each of some rows with the group of its key, empty for an unknown one. The lookups
    /// of neighbouring rows overlap, which one [`group`](Self::group) after the other does not allow.
    ///
    /// # Errors
    /// The first that `found` gives.
    pub fn try_probe<'a, R, E>(
        &'a self,
        rows: &[R],
        key: impl Fn(&R) -> &K,
        mut found: impl FnMut(usize, &'a [(V, W)]) -> Result<(), E>,
    ) -> Result<(), E> {
        if rows.len() <= FEW {
            return rows.iter().enumerate().try_for_each(|(i, row)| found(i, self.group(key(row))));
        }
        let mut guesses = [Guess::default(); WINDOW];
        let mut groups: [&[(V, W)]; WINDOW] = [&[]; WINDOW];
        for (window, rows) in rows.chunks(WINDOW).enumerate() {
            for (guess, row) in guesses.iter_mut().zip(rows) {
                *guess = self.groups.guess(key(row));
            }
            for ((group, guess), row) in groups.iter_mut().zip(guesses).zip(rows) {
                *group = match self.groups.confirm(guess, key(row)) {
                    Some(position) => self.groups.entries()[position].1.prefetched(&self.blocks),
                    None => &[],
                };
            }
            for (i, group) in groups.iter().take(rows.len()).enumerate() {
                found(window * WINDOW + i, group)?;
            }
        }
        Ok(())
    }

    /// Adds a few rows after finding the groups of them all; counts in `applied` how many were added.
    fn apply_window(&mut self, rows: &[(K, V)], weights: &[W], applied: &mut usize) -> Result<(), Overflow> {
        let mut guesses = [Guess::default(); WINDOW];
        let mut positions = [0; WINDOW];
        for (guess, (key, _)) in guesses.iter_mut().zip(rows) {
            *guess = self.groups.guess(key);
        }
        for ((position, guess), (key, _)) in positions.iter_mut().zip(guesses).zip(rows) {
            *position = self.groups.confirm_or_insert_with(guess, key, Group::default);
            self.groups.entries()[*position].1.prefetched(&self.blocks);
        }
        for ((position, (_, value)), weight) in positions.into_iter().zip(rows).zip(weights) {
            match self.add_at(position, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone())) {
                Ok(false) => {}
                Ok(true) => self.emptied.push(position),
                Err(overflow) => {
                    // The groups of later rows may have been made for nothing.
                    self.emptied.extend(positions.into_iter().take(rows.len()));
                    return Err(overflow);
                }
            }
            *applied += 1;
        }
        Ok(())
    }

    /// Removes the groups that were left empty and did not get a row again. The last group moves to
    /// where one was removed, so removals go from the back: what moves is never to be removed itself.
    fn remove_emptied(&mut self) {
        self.emptied.sort_unstable_by(|one, other| other.cmp(one));
        self.emptied.dedup();
        for position in self.emptied.drain(..) {
            if matches!(self.groups.entries()[position].1, Group::Empty) {
                self.groups.swap_remove(position);
            }
        }
    }

    /// Changes the weight of `value` in the group at `position` by `change`; if the value is new
    /// there, it gets the weight `fresh`. Says whether the group is left empty.
    #[inline]
    fn add_at(
        &mut self,
        position: usize,
        value: &V,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
        fresh: impl FnOnce() -> Result<W, Overflow>,
    ) -> Result<bool, Overflow> {
        let group = self.groups.value_mut(position);
        let Some((i, sum)) = group.find_mut(value, &mut self.blocks) else {
            let weight = fresh()?;
            if !weight.is_zero() {
                group.push((value.clone(), weight), &mut self.blocks);
                self.rows += 1;
            }
            return Ok(matches!(group, Group::Empty));
        };
        change(sum)?;
        if !sum.is_zero() {
            return Ok(false);
        }
        self.rows -= 1;
        Ok(group.swap_remove(i, &mut self.blocks))
    }
}

impl<V, W> Group<V, W> {
    /// The rows of the group, asked for where they do not stand in the table.
    #[inline]
    fn prefetched<'a>(&'a self, blocks: &'a Arena<(V, W)>) -> &'a [(V, W)] {
        let rows = self.rows(blocks);
        if let Self::Block(_) = self {
            prefetch(rows);
        }
        rows
    }

    /// The rows of the group.
    #[inline]
    fn rows<'a>(&'a self, blocks: &'a Arena<(V, W)>) -> &'a [(V, W)] {
        match self {
            Self::Empty => &[],
            Self::One(row) => std::slice::from_ref(row),
            Self::Block(block) => blocks.slice(block),
            Self::Large(table) => table.entries(),
        }
    }
}

impl<V: Eq + Hash, W> Group<V, W> {
    /// Where a value stands among the rows.
    #[inline]
    fn find(&self, value: &V, blocks: &Arena<(V, W)>) -> Option<usize> {
        match self {
            Self::Large(table) => table.find(value),
            small => small.rows(blocks).iter().position(|row| row.0 == *value),
        }
    }

    /// Where a value stands among the rows, and its weight.
    #[inline]
    fn find_mut<'a>(&'a mut self, value: &V, blocks: &'a mut Arena<(V, W)>) -> Option<(usize, &'a mut W)> {
        let rows = match self {
            Self::Empty => return None,
            Self::One(row) => std::slice::from_mut(row),
            Self::Block(block) => blocks.slice_mut(block),
            Self::Large(table) => {
                let i = table.find(value)?;
                return Some((i, table.value_mut(i)));
            }
        };
        let i = rows.iter().position(|row| row.0 == *value)?;
        Some((i, &mut rows[i].1))
    }

    /// Adds a row whose value is new to the group.
    #[inline]
    fn push(&mut self, row: (V, W), blocks: &mut Arena<(V, W)>) {
        if let Self::Block(block) = self
            && block.len() < LARGEST_BLOCK
        {
            blocks.push(block, row);
            return;
        }
        self.push_into_next_form(row, blocks);
    }

    /// Adds a row to a group that cannot stay as it is for that, or is a table.
    #[inline(never)]
    fn push_into_next_form(&mut self, row: (V, W), blocks: &mut Arena<(V, W)>) {
        *self = match std::mem::take(self) {
            Self::Empty => Self::One(row),
            Self::One(first) => Self::Block(blocks.block_of_two(first, row)),
            Self::Block(mut block) => {
                let mut table = Box::new(DenseTable::with_capacity(2 * LARGEST_BLOCK));
                while block.len() > 0 {
                    let (value, weight) = blocks.swap_remove(&mut block, 0);
                    table.insert_new(value, weight);
                }
                blocks.release(block);
                table.insert_new(row.0, row.1);
                Self::Large(table)
            }
            Self::Large(mut table) => {
                table.insert_new(row.0, row.1);
                Self::Large(table)
            }
        };
    }

    /// Removes the row at `i` and says whether the group is now empty.
    #[inline]
    fn swap_remove(&mut self, i: usize, blocks: &mut Arena<(V, W)>) -> bool {
        if let Self::Block(block) = self
            && block.len() > 2
        {
            blocks.swap_remove(block, i);
            return false;
        }
        self.swap_remove_into_next_form(i, blocks)
    }

    /// Removes a row from a group that may not stay as it is, and says whether it is now empty.
    #[inline(never)]
    fn swap_remove_into_next_form(&mut self, i: usize, blocks: &mut Arena<(V, W)>) -> bool {
        *self = match std::mem::take(self) {
            Self::Empty | Self::One(_) => Self::Empty,
            Self::Block(mut block) => {
                blocks.swap_remove(&mut block, i);
                let last = blocks.swap_remove(&mut block, 0);
                blocks.release(block);
                Self::One(last)
            }
            Self::Large(mut table) => {
                table.swap_remove(i);
                if table.len() <= LARGEST_BLOCK / 2 {
                    let mut small = Self::Empty;
                    for row in table.into_entries() {
                        small.push(row, blocks);
                    }
                    small
                } else {
                    Self::Large(table)
                }
            }
        };
        matches!(self, Self::Empty)
    }
}

impl<K, V, W> Drop for IndexedZSet<K, V, W> {
    fn drop(&mut self) {
        // The arena does not know which of its slots are filled; only rows that own something care.
        if std::mem::needs_drop::<(V, W)>() {
            for (_, group) in std::mem::take(&mut self.groups).into_entries() {
                if let Group::Block(block) = group {
                    self.blocks.release(block);
                }
            }
        }
    }
}

impl<K: Row, V: Row, W: Ring> Trace for IndexedZSet<K, V, W> {
    type Key = K;
    type Value = V;
    type Weight = W;

    fn update(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        self.try_update(key, value, weight)
    }

    fn group<'a>(&'a self, key: &K) -> impl Iterator<Item = (&'a V, &'a W)>
    where
        V: 'a,
        W: 'a,
    {
        self.group(key).iter().map(|(value, weight)| (value, weight))
    }

    fn len(&self) -> usize {
        self.rows
    }

    fn key_count(&self) -> usize {
        self.groups.len()
    }
}

impl<K, V, W> Default for IndexedZSet<K, V, W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Row, V: Row, W: Ring> Clone for IndexedZSet<K, V, W> {
    fn clone(&self) -> Self {
        let mut copy = Self::new();
        copy.groups.reserve(self.key_count());
        for (key, rows) in self.groups() {
            let mut group = Group::Empty;
            for row in rows {
                group.push(row.clone(), &mut copy.blocks);
            }
            copy.groups.insert_new(key.clone(), group);
        }
        copy.rows = self.rows;
        copy
    }
}

impl<K: Row, V: Row, W: Ring> PartialEq for IndexedZSet<K, V, W> {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows && self.iter().all(|(key, value, weight)| other.weight(key, value) == *weight)
    }
}

impl<K: Row + Debug, V: Row + Debug, W: Ring + Debug> Debug for IndexedZSet<K, V, W> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let mut groups: Vec<_> = self.groups().collect();
        groups.sort_unstable_by_key(|(key, _)| *key);
        let shown = groups.into_iter().map(|(key, rows)| (key, ShownGroup(rows)));
        f.debug_map().entries(shown).finish()
    }
}

/// A group as [`Debug`] shows it: in the order of its values.
struct ShownGroup<'a, V, W>(&'a [(V, W)]);

impl<V: Ord + Debug, W: Debug> Debug for ShownGroup<'_, V, W> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let mut rows: Vec<_> = self.0.iter().map(|(value, weight)| (value, weight)).collect();
        rows.sort_unstable_by_key(|(value, _)| *value);
        crate::debug::weighted_rows(f, rows.into_iter())
    }
}

impl<K: Eq + Hash, V, W> Index<&K> for IndexedZSet<K, V, W> {
    type Output = [(V, W)];

    fn index(&self, key: &K) -> &[(V, W)] {
        self.group(key)
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
        for ((key, value), weight) in rows {
            self.try_update(&key, &value, &weight).expect("the weights of a row have a sum");
        }
    }
}

#[cfg(test)]
mod tests;
