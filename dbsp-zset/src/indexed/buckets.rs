//! The fast storage: buckets of up to 48 rows behind a directory.
//!
//! # Shape       buckets of up to 48 rows each, chosen by the leading bits of the hash of a row's key: so the rows of
//!   a key lie in one bucket, beside those of other keys. A key that has many has buckets of its own behind a
//!   fork, chosen by the hash of the value.
//! # Invariants  a row stands once, in the bucket of its hashes. Only rows whose hashes are alike, or begin alike for
//!   long, may find no bucket; they stand in a list.
//! # Cost        update: three to four cache lines, in a group of any size; group: a bucket and then its rows. It
//!   grows and shrinks a bucket at a time; only once it is mostly empty is it built anew.
//! # Not here    the algebra, and what is applied whole or not at all: see the parent module.

use std::borrow::Borrow;
use std::hash::Hash;
use std::slice::from_ref;

use crate::algebra::{Overflow, Ring};
use crate::prefetch::FEW;
use crate::row::Row;

mod address;
mod blocks;
mod bucket;
mod columns;
mod forks;
mod group;
mod probe;
mod room;
mod slots;
mod spare;
mod update;

use address::{Address, leading, place_hash, tag};
use blocks::{Blocks, Rows};
use bucket::Bucket;
use columns::{Columns, Weights};
use forks::{Entry, Forks};
pub(super) use group::Group;
use group::{Rest, WeightedRows};
use room::WORTH_A_LOOK;
use slots::SLOTS;

/// A first delta of so many rows is a load: the directory is made for all of them.
const LOAD: usize = 256;

/// Rows in buckets; see the [module](self).
#[derive(Clone)]
pub(super) struct Buckets<K, V, W> {
    /// From the first `depth` bits of the hash of a key to a bucket, or to a fork before it.
    directory: Vec<Entry>,
    depth: u32,
    /// The first one stands for buckets that are not there.
    buckets: Vec<Bucket<(K, V)>>,
    blocks: Blocks<(K, V)>,
    weights: Columns<W>,
    /// Buckets that nothing leads to.
    free: Vec<u32>,
    forks: Forks,
    /// Rows that found no bucket: more than 48 whose hashes are alike, or begin alike as far as a directory of this size goes.
    homeless: Vec<((K, V), W)>,
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
            buckets: Vec::new(),
            blocks: Blocks::new(),
            weights: Columns::new(),
            free: Vec::new(),
            forks: Forks::new(),
            homeless: Vec::new(),
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
        let in_buckets = self.buckets.iter().enumerate().flat_map(|(at, bucket)| {
            let weights = self.weights.of(bucket, at);
            let rows = self.blocks.rows(bucket, at);
            rows.iter().filter_map(move |(i, (key, value))| Some((key, value, weights.get(i)?)))
        });
        in_buckets.chain(self.homeless.iter().map(|((key, value), weight)| (key, value, weight)))
    }

    /// Bytes of memory owned, not counting what rows own. O(buckets).
    pub(super) fn allocated_bytes(&self) -> usize {
        let buckets = self.buckets.capacity() * size_of::<Bucket<(K, V)>>();
        let directory = self.directory.capacity() * size_of::<Entry>();
        buckets
            + self.blocks.allocated_bytes()
            + self.weights.allocated_bytes()
            + directory
            + self.free.capacity() * size_of::<u32>()
            + self.forks.allocated_bytes()
            + self.homeless.capacity() * size_of::<((K, V), W)>()
    }

    /// Removes every row and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.buckets.iter_mut().skip(1).for_each(|bucket| bucket.slots.clear());
        self.blocks.clear(&mut self.buckets);
        self.weights.clear();
        self.homeless.clear();
        self.rows = 0;
        self.version += 1;
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

    /// The bucket of a row.
    #[inline]
    fn locate(&self, address: Address) -> usize {
        match self.way(address.key_hash) {
            Way::Bucket(at) => at,
            Way::Fork(fork) => self.forks.get(fork).child(address.value_hash),
        }
    }
}

impl<K: Row, V: Row, W> Buckets<K, V, W> {
    /// The rows of a key.
    #[inline]
    pub(super) fn group<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Group<'_, K, V, W>
    where
        K: Borrow<Q>,
    {
        if self.rows == 0 {
            return Group::EMPTY;
        }
        let hash = place_hash(key);
        let entry = self.entry(hash);
        if entry.as_fork().is_none() && self.homeless.is_empty() {
            return self.group_in(entry.at(), key, hash);
        }
        self.scattered_group(key, hash)
    }

    /// The weight of a row, if it stands here.
    pub(super) fn find(&self, key: &K, value: &V) -> Option<&W> {
        if self.rows == 0 {
            return None;
        }
        let address = Address::of(key, value);
        let at = self.locate(address);
        let bucket = &self.buckets[at];
        let is_it = |row: &(K, V)| row.0 == *key && row.1 == *value;
        match self.blocks.rows(bucket, at).find(bucket.with_row_tag(address.tags().row), is_it) {
            Some(i) => self.weights.of(bucket, at).get(i),
            None => self.homeless.iter().find(|(row, _)| is_it(row)).map(|(_, weight)| weight),
        }
    }

    /// The rows of a key in one bucket.
    #[inline]
    fn group_in<Q: Eq + ?Sized>(&self, at: usize, key: &Q, hash: u64) -> Group<'_, K, V, W>
    where
        K: Borrow<Q>,
    {
        let rows = self.rows_of(at);
        let mask = rows.rows.matching(self.buckets[at].candidates(tag(hash)), |row| row.0.borrow() == key);
        Group { rows, mask, elsewhere: None }
    }

    /// The slots of a bucket.
    #[inline]
    fn rows_of(&self, at: usize) -> WeightedRows<'_, K, V, W> {
        let bucket = &self.buckets[at];
        WeightedRows { rows: self.blocks.rows(bucket, at), weights: self.weights.of(bucket, at) }
    }

    /// The group of a key that may have several buckets, or rows that found none.
    fn scattered_group<Q: Eq + Hash + ?Sized>(&self, key: &Q, hash: u64) -> Group<'_, K, V, W>
    where
        K: Borrow<Q>,
    {
        match self.way(hash) {
            Way::Bucket(at) if self.homeless.is_empty() => self.group_in(at, key, hash),
            way => Group::scattered(self, key, Rest::of(way)),
        }
    }

    /// The next rows of a group with a mask that is not zero.
    fn next_rows<Q: Eq + Hash + ?Sized>(
        &self,
        key: &Q,
        rest: &mut Rest,
    ) -> Option<(WeightedRows<'_, K, V, W>, u64)>
    where
        K: Borrow<Q>,
    {
        while let Some(at) = self.next_bucket(rest) {
            let rows = self.rows_of(at);
            let candidates = self.buckets[at].candidates(tag(place_hash(key)));
            let mask = rows.rows.matching(candidates, |row| row.0.borrow() == key);
            if mask != 0 {
                return Some((rows, mask));
            }
        }
        while let Some((row, weight)) = self.homeless.get(rest.homeless) {
            rest.homeless += 1;
            if row.0.borrow() == key {
                return Some((
                    WeightedRows { rows: Rows::alone(from_ref(row)), weights: Weights::all(Some(weight)) },
                    1,
                ));
            }
        }
        None
    }

    /// The next bucket of a group.
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
}

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Makes the first bucket, if there is none.
    #[inline]
    fn start_if_new(&mut self) {
        if self.buckets.is_empty() {
            self.weights.start();
            self.buckets.extend([Bucket::absent(), Bucket::default()]);
            self.weights.follow(self.buckets.len());
            self.blocks.follow(self.buckets.len());
            self.directory.push(Entry::bucket(1));
        }
    }

    /// Adds the weights of some rows; counts in `applied` how many were added before one had no value.
    #[inline]
    pub(super) fn add_all(
        &mut self,
        rows: &[(K, V)],
        weights: &[W],
        applied: &mut usize,
    ) -> Result<(), Overflow> {
        if cfg!(feature = "bulk") && self.buckets.is_empty() && rows.len() >= LOAD {
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
            self.blocks.make_spare(row);
            self.weights.make_spare();
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
        let spot = Spot { address, entry: Entry::bucket(self.locate(address)), likely: NO_SLOT };
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
        let Self { buckets, blocks, weights, homeless, rows, .. } = self;
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
        if !homeless.is_empty()
            && let Some(i) = homeless.iter().position(|(row, _)| row.0 == *key && row.1 == *value)
        {
            let sum = &mut homeless[i].1;
            change(sum)?;
            if sum.is_zero() {
                homeless.swap_remove(i);
                *rows -= 1;
            }
            return Ok(());
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
