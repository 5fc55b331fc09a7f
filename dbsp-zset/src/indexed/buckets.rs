//! The fast storage: buckets of up to 48 rows behind a directory.
//!
//! # Shape       buckets of up to 48 rows each, chosen by the leading bits of the hash of a row's key: so the rows of
//!   a key lie in one bucket, beside those of other keys. A key that has many has buckets of its own behind a
//!   fork, chosen by the hash of the value.
//! # Invariants  a row stands once, in the bucket of its hashes. Only rows whose hashes are alike, or begin alike for
//!   long, may find no room there; they are [spilled](spill) into buckets that are found by the order of rows.
//! # Cost        update: three to four cache lines, in a group of any size, and O(log rows) of a row that was spilled;
//!   group: a bucket and then its rows. It grows and shrinks a bucket at a time: no step pays for all rows.
//! # Not here    the algebra, and what is applied whole or not at all: see the parent module.

use std::borrow::Borrow;
use std::hash::Hash;

use crate::algebra::{Overflow, Ring};
use crate::prefetch::FEW;
use crate::row::Row;

mod address;
mod arena;
mod blocks;
mod bucket;
mod columns;
mod compact;
mod forks;
mod group;
mod merge;
mod moving;
mod pages;
mod probe;
mod room;
mod slots;
mod spare;
mod spill;
mod update;

use address::{Address, leading, place_hash, tag};
use arena::Arena;
use blocks::Blocks;
use bucket::Bucket;
use columns::Columns;
use forks::{Entry, Forks};
pub(super) use group::Group;
use group::{Rest, Spilled, WeightedRows};
use room::{SPARE, WORTH_A_LOOK};
use slots::SLOTS;
use spill::Spill;

/// A first delta of so many rows is a load: the directory is made for all of them.
const LOAD: usize = 256;

/// Rows in buckets; see the [module](self).
#[derive(Clone)]
pub(super) struct Buckets<K, V, W> {
    /// From the first `depth` bits of the hash of a key to a bucket, or to a fork before it.
    directory: Vec<Entry>,
    depth: u32,
    /// The first one stands for buckets that are not there.
    buckets: Arena<Bucket<(K, V)>>,
    blocks: Blocks<(K, V)>,
    weights: Columns<W>,
    forks: Forks<K>,
    /// Rows that found no room: more than 48 whose hashes are alike, or begin alike as far as a directory of this size goes.
    spill: Spill<K, V>,
    /// How often a row came for which there was no room.
    refused: u32,
    /// The directory may halve once fewer buckets than this are in use.
    halve_below: usize,
    rows: usize,
    /// Grows whenever rows may have moved to other buckets.
    version: u64,
}

/// A slot that no bucket has.
const NO_SLOT: u32 = SLOTS as u32;

/// Where a row stands if it is there; good until rows move to other buckets.
#[derive(Clone, Copy)]
struct Spot {
    address: Address,
    /// A bucket, once the forks before it are passed.
    entry: Entry,
    /// The slot in which the row probably stands or will stand, where the tags were looked at already; else none there is.
    likely: u32,
}

/// What has the rows of a key.
#[derive(Clone, Copy)]
enum Way {
    Bucket(usize),
    Fork(usize),
}

impl<K, V, W> Buckets<K, V, W> {
    /// No rows, and no memory yet.
    pub(super) const fn new() -> Self {
        Self {
            directory: Vec::new(),
            depth: 0,
            buckets: Arena::new(SPARE),
            blocks: Blocks::new(),
            weights: Columns::new(),
            forks: Forks::new(),
            spill: Spill::new(),
            refused: 0,
            halve_below: usize::MAX,
            rows: 0,
            version: 0,
        }
    }

    /// How many rows there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// All rows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V, &W)> {
        self.buckets.iter().enumerate().flat_map(|(at, bucket)| {
            let weights = self.weights.of(bucket, at);
            let rows = self.blocks.rows(bucket, at);
            rows.iter().filter_map(move |(i, (key, value))| Some((key, value, weights.get(i)?)))
        })
    }

    /// Bytes of memory owned, not counting what rows own. O(buckets).
    pub(super) fn allocated_bytes(&self) -> usize {
        let directory = self.directory.capacity() * size_of::<Entry>();
        self.buckets.allocated_bytes()
            + self.blocks.allocated_bytes()
            + self.weights.allocated_bytes()
            + directory
            + self.forks.allocated_bytes()
            + self.spill.allocated_bytes()
    }

    /// Removes every row and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.version += 1;
        if self.buckets.len() == 0 {
            return;
        }
        self.blocks.clear(self.buckets.iter_mut());
        self.weights.clear();
        self.forks.clear();
        self.spill.clear();
        self.buckets.clear();
        self.rows = 0;
        // The first one stays absent, the next one takes all rows.
        _ = self.buckets.take();
        self.directory.clear();
        self.depth = 0;
        self.buckets[0] = Bucket::absent();
        self.directory.push(self.buckets.take().map_or(Entry::ABSENT, Entry::bucket));
    }

    /// Where the directory leads from the hash of a key.
    #[inline]
    fn entry(&self, key_hash: u64) -> Entry {
        self.directory[leading(key_hash, self.depth)]
    }

    /// What has the rows of the keys with a hash.
    #[inline]
    fn way(&self, key_hash: u64) -> Way {
        let mut entry = self.entry(key_hash);
        while let Some(at) = entry.as_fork() {
            let fork = self.forks.get(at);
            if fork.key_hash == key_hash {
                return Way::Fork(at);
            }
            entry = fork.next;
        }
        Way::Bucket(entry.at())
    }
}

impl<K: Row, V: Row, W> Buckets<K, V, W> {
    /// The bucket of a row; the one that is absent for a row whose key has the hash of another one with a fork.
    #[inline]
    fn place(&self, address: Address, key: &K) -> usize {
        let mut entry = self.entry(address.key_hash);
        while let Some(at) = entry.as_fork() {
            let fork = self.forks.get(at);
            if fork.key_hash == address.key_hash {
                return self.child(at, address, key);
            }
            entry = fork.next;
        }
        entry.at()
    }

    /// The bucket of a row behind a fork for its hash; the one that is absent if the fork is of another key.
    #[inline]
    fn child(&self, fork: usize, address: Address, key: &K) -> usize {
        let is_its = self.forks.key(fork) == Some(key);
        if is_its { self.forks.get(fork).child(address.value_hash) } else { Entry::ABSENT.at() }
    }

    /// The rows of a key.
    #[inline]
    pub(super) fn group<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Group<'_, K, V, W>
    where
        K: Borrow<Q>,
    {
        if self.rows == 0 {
            return Group::EMPTY;
        }
        let hash = place_hash(key);
        let entry = self.entry(hash);
        if entry.as_fork().is_none() {
            let at = entry.at();
            let bucket = &self.buckets[at];
            if !bucket.slots.has_spilled() {
                return self.group_in(at, bucket, key, hash);
            }
        }
        self.scattered_group(key, hash)
    }

    /// The weight of a row, if it stands here.
    pub(super) fn find(&self, key: &K, value: &V) -> Option<&W> {
        if self.rows == 0 {
            return None;
        }
        let address = Address::of(key, value);
        let at = self.place(address, key);
        let bucket = &self.buckets[at];
        let is_it = |row: &(K, V)| row.0 == *key && row.1 == *value;
        match self.blocks.rows(bucket, at).find(bucket.with_row_tag(address.tags().row), is_it) {
            Some(i) => self.weights.of(bucket, at).get(i),
            None if bucket.slots.has_spilled() => {
                let (at, i) = self.find_spilled(key, value)?;
                self.weights.of(&self.buckets[at], at).get(i)
            }
            None => None,
        }
    }

    /// The rows of a key in one bucket.
    #[inline]
    fn group_in<'a, Q: Eq + ?Sized>(
        &'a self,
        at: usize,
        bucket: &'a Bucket<(K, V)>,
        key: &Q,
        hash: u64,
    ) -> Group<'a, K, V, W>
    where
        K: Borrow<Q>,
    {
        let rows = WeightedRows { rows: self.blocks.rows(bucket, at), weights: self.weights.of(bucket, at) };
        let mask = rows.rows.matching(bucket.candidates(tag(hash)), |row| row.0.borrow() == key);
        Group { rows, mask, elsewhere: None }
    }

    /// The group of a key that may have several buckets, or rows that were spilled.
    fn scattered_group<Q: Ord + Hash + ?Sized>(&self, key: &Q, hash: u64) -> Group<'_, K, V, W>
    where
        K: Borrow<Q>,
    {
        let way = self.way(hash);
        let rest = match way {
            Way::Bucket(at) => {
                let bucket = &self.buckets[at];
                if !bucket.slots.has_spilled() {
                    return self.group_in(at, bucket, key, hash);
                }
                Rest::of(Some(way), true)
            }
            Way::Fork(fork) => {
                let is_its = self.forks.key(fork).is_some_and(|of_fork| of_fork.borrow() == key);
                Rest::of(is_its.then_some(way), self.forks.get(fork).has_spilled)
            }
        };
        Group::scattered(self, key, rest)
    }

    /// The next rows of a group with a mask that is not zero.
    fn next_rows<Q: Ord + Hash + ?Sized>(
        &self,
        key: &Q,
        rest: &mut Rest,
    ) -> Option<(WeightedRows<'_, K, V, W>, u64)>
    where
        K: Borrow<Q>,
    {
        while let Some(at) = self.next_bucket(rest).or_else(|| self.next_spilled(key, rest)) {
            let Group { rows, mask, .. } = self.group_in(at, &self.buckets[at], key, place_hash(key));
            if mask != 0 {
                return Some((rows, mask));
            }
        }
        None
    }

    /// The next bucket of a group, behind which come those for rows that were spilled.
    fn next_bucket(&self, rest: &mut Rest) -> Option<usize> {
        match rest.way? {
            Way::Bucket(at) => {
                rest.way = None;
                Some(at)
            }
            Way::Fork(fork) => {
                let fork = self.forks.get(fork);
                let at = *fork.children().get(rest.child)? as usize;
                // A bucket of a lesser depth stands in several places, which follow each other.
                rest.child += 1 << (fork.bits - self.buckets[at].slots.depth());
                Some(at)
            }
        }
    }

    /// The next bucket of a group among those for rows that were spilled.
    fn next_spilled<Q: Ord + ?Sized>(&self, key: &Q, rest: &mut Rest) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let next = match rest.spilled {
            Spilled::All => self.spill.bucket_of(key, None),
            Spilled::Behind(at) => {
                let rows = self.blocks.rows(&self.buckets[at], at);
                let (_, row) = rows.iter().next()?;
                self.spill.bucket_behind(row, key)
            }
            Spilled::Nothing => None,
        };
        rest.spilled = next.map_or(Spilled::Nothing, Spilled::Behind);
        next
    }
}

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Makes the first bucket, if there is none.
    #[inline]
    fn start_if_new(&mut self) {
        if self.directory.is_empty() {
            self.start();
            let first = self.buckets.take().map_or(Entry::ABSENT, Entry::bucket);
            self.directory.push(first);
        }
    }

    /// Makes the bucket that stands for those there are not.
    fn start(&mut self) {
        self.weights.start();
        self.buckets.grow();
        self.follow();
        _ = self.buckets.take();
        self.buckets[0] = Bucket::absent();
    }

    /// Tells what stands beside buckets how many places there are for those.
    fn follow(&mut self) {
        self.weights.follow(self.buckets.len());
        self.blocks.follow(self.buckets.len());
    }

    /// Adds the weights of some rows; counts in `applied` how many were added before one had no value.
    #[inline]
    pub(super) fn add_all(
        &mut self,
        rows: &[(K, V)],
        weights: &[W],
        applied: &mut usize,
    ) -> Result<(), Overflow> {
        if cfg!(feature = "bulk") && self.directory.is_empty() && rows.len() >= LOAD {
            self.presize(rows.len());
        }
        let outcome = if rows.len() <= FEW {
            rows.iter().zip(weights).try_for_each(|((key, value), weight)| {
                self.change(key, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone()))?;
                *applied += 1;
                Ok(())
            })
        } else {
            self.add_windows(rows, weights, applied)
        };
        if let Some(row) = rows.last() {
            self.blocks.make_spare(row, rows.len());
            self.weights.make_spare(rows.len());
            self.forks.top_up();
            if self.buckets.top_up() {
                self.follow();
            }
        }
        outcome
    }

    /// Changes the weight of a row by `change`; if the row is new, it gets the weight `fresh`.
    #[inline]
    pub(super) fn change(
        &mut self,
        key: &K,
        value: &V,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
        fresh: impl FnOnce() -> Result<W, Overflow>,
    ) -> Result<(), Overflow> {
        self.start_if_new();
        let address = Address::of(key, value);
        let spot = Spot { address, entry: Entry::bucket(self.place(address, key)), likely: NO_SLOT };
        self.change_at(&spot, key, value, change, fresh)
    }

    /// As [`change`](Self::change), where the row stands at a known spot if it is there.
    #[inline]
    fn change_at(
        &mut self,
        spot: &Spot,
        key: &K,
        value: &V,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
        fresh: impl FnOnce() -> Result<W, Overflow>,
    ) -> Result<(), Overflow> {
        let (at, tags) = (spot.entry.at(), spot.address.tags());
        let Self { buckets, blocks, weights, rows, .. } = self;
        let bucket = &mut buckets[at];
        let is_it = |row: &(K, V)| row.1 == *value && row.0 == *key;
        let stands = blocks.rows(bucket, at);
        let found = if bucket.slots.has(spot.likely as usize) && is_it(stands.at(spot.likely as usize)) {
            Some(spot.likely as usize)
        } else {
            stands.find(bucket.with_row_tag(tags.row), is_it)
        };
        if let Some(i) = found {
            if weights.change(bucket, at, i, change)? {
                blocks.remove(bucket, at, i);
                *rows -= 1;
                if WORTH_A_LOOK >> bucket.slots.len() & 1 == 1 {
                    self.thinned(at, key, value);
                }
            }
            return Ok(());
        }
        if bucket.slots.has_spilled() {
            return self.change_or_spill(at, key, value, change, fresh);
        }
        let weight = fresh()?;
        if weight.is_zero() {
            return Ok(());
        }
        let row = (key.clone(), value.clone());
        *rows += 1;
        if bucket.slots.is_full() {
            self.place_row((row, weight));
        } else {
            let slot = blocks.push(bucket, at, tags, row);
            weights.set(bucket, at, slot, weight);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
