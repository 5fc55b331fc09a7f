//! The fast storage: buckets of up to 64 rows behind a directory.
//!
//! # Shape       buckets of up to 64 rows each, chosen by the leading bits of a row's place, which is the
//!   hash of its key: so the rows of a key lie in one bucket, beside those of other keys. The rows of a key
//!   that has many are spread over several buckets by the hash of the value.
//! # Invariants  a row stands once, in the bucket of its place. Only rows whose hashes are all alike may find
//!   no bucket; they stand in a list.
//! # Cost        update: three to five cache lines, in a group of any size; group: a bucket and then its rows. It
//!   grows and shrinks a bucket at a time; only once it is mostly empty is it built anew.
//! # Not here    the algebra, and what is applied whole or not at all: see the parent module.

use std::slice::from_ref;

use crate::algebra::{Overflow, Ring};
use crate::prefetch::{FEW, WINDOW};
use crate::row::Row;

mod bucket;
mod group;
mod probe;
mod room;
mod spread;

use bucket::{Bucket, Tags};
pub(super) use group::Group;
use group::Rows;
use room::THIN;
use spread::{Address, Places, Spreads, place_hash, tag};

/// A first delta of so many rows is a load: buckets are made for all of them.
const LOAD: usize = 256;
/// Rows of more bytes than this are asked for before they are looked at: fewer stay in the caches from one
/// step to the next.
const CACHED: usize = 1 << 19;

/// A bucket with so many rows of a key's tag may have none of the key; that one with more has one is taken for
/// granted. To look at a row would be to wait for memory at each removal (`join/1000000/1000`: 325 µs instead of
/// 240); taken for granted, one key in a hundred stays in the list of spread keys after its last row has gone.
const BARE: u32 = 4;

/// Rows in buckets; see the [module](self).
#[derive(Clone)]
pub(super) struct Buckets<K, V, W> {
    /// From the first `depth` bits of a place to a bucket.
    directory: Vec<u32>,
    depth: u32,
    buckets: Vec<Bucket<(K, V), W>>,
    /// Buckets that no entry of the directory leads to.
    free: Vec<u32>,
    spreads: Spreads,
    /// Rows that found no bucket: more than 64 whose hashes are alike as far as a directory of this size goes.
    homeless: Vec<((K, V), W)>,
    /// The weight of rows that have none of their own; there once there are buckets.
    one: Option<W>,
    rows: usize,
    /// Grows whenever rows may have moved to other buckets.
    version: u64,
    /// Rows on their way from one bucket to another.
    displaced: Vec<((K, V), W)>,
}

/// Where a row stands until the next change: a bucket, and a place in it. Behind the last bucket come the rows
/// that found none.
pub(super) type Position = (u32, u32);

/// Where a row stands if it is there; good until buckets split or merge.
#[derive(Clone, Copy, Default)]
struct Spot {
    at: u32,
    tags: Tags,
    /// Whether the row's key lies in several places.
    is_spread: bool,
}

impl<K, V, W> Buckets<K, V, W> {
    /// No rows, and no memory yet.
    pub(super) const fn new() -> Self {
        Self {
            directory: Vec::new(),
            depth: 0,
            buckets: Vec::new(),
            free: Vec::new(),
            spreads: Spreads::new(),
            homeless: Vec::new(),
            one: None,
            rows: 0,
            version: 0,
            displaced: Vec::new(),
        }
    }

    /// How many rows there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// All rows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V, &W)> {
        let in_buckets = self.one.iter().flat_map(|one| {
            self.buckets.iter().flat_map(move |bucket| {
                let rows = bucket.rows().iter().enumerate();
                rows.map(move |(i, (key, value))| (key, value, bucket.weights.get(i, one)))
            })
        });
        in_buckets.chain(self.homeless.iter().map(|((key, value), weight)| (key, value, weight)))
    }

    /// Where the rows stand.
    pub(super) fn positions(&self) -> impl Iterator<Item = Position> {
        let sizes = self.buckets.iter().map(|bucket| bucket.rows().len()).chain([self.homeless.len()]);
        sizes.enumerate().flat_map(|(at, size)| (0..size).map(move |i| (at as u32, i as u32)))
    }

    /// The row at a position.
    pub(super) fn row_at(&self, (at, i): Position) -> (&K, &V, &W) {
        let i = i as usize;
        if let (Some(bucket), Some(one)) = (self.buckets.get(at as usize), &self.one) {
            let (key, value) = &bucket.rows()[i];
            return (key, value, bucket.weights.get(i, one));
        }
        let ((key, value), weight) = &self.homeless[i];
        (key, value, weight)
    }

    /// Bytes of memory owned, not counting what rows own. O(buckets).
    pub(super) fn allocated_bytes(&self) -> usize {
        let rows: usize = self.buckets.iter().map(Bucket::allocated_bytes).sum();
        let buckets = self.buckets.capacity() * size_of::<Bucket<(K, V), W>>();
        let lists = (self.homeless.capacity() + self.displaced.capacity()) * size_of::<((K, V), W)>();
        rows + buckets
            + lists
            + (self.directory.capacity() + self.free.capacity()) * size_of::<u32>()
            + self.spreads.allocated_bytes()
    }

    /// Removes every row and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.buckets.iter_mut().for_each(Bucket::clear);
        self.homeless.clear();
        self.spreads.clear();
        self.rows = 0;
        self.version += 1;
    }

    /// The directory's entry for a place.
    #[inline]
    fn entry_of(&self, place: u64) -> usize {
        (place >> 1 >> (63 - self.depth)) as usize
    }

    /// The bucket of a place.
    #[inline]
    fn bucket_at(&self, place: u64) -> usize {
        self.directory[self.entry_of(place)] as usize
    }
}

impl<K: Row, V: Row, W> Buckets<K, V, W> {
    /// The rows of a key.
    #[inline]
    pub(super) fn group(&self, key: &K) -> Group<'_, K, V, W> {
        if self.rows == 0 {
            return Group::EMPTY;
        }
        let hash = place_hash(key);
        if self.is_plain() {
            return self.plain_group(key, hash, self.bucket_at(hash));
        }
        self.spread_group(key, hash)
    }

    /// The weight of a row, if it stands here.
    pub(super) fn find(&self, key: &K, value: &V) -> Option<&W> {
        if self.rows == 0 {
            return None;
        }
        let spot = self.spot(key, value);
        let bucket = &self.buckets[spot.at as usize];
        let is_it = |row: &(K, V)| row.0 == *key && row.1 == *value;
        match bucket.find(spot.tags.row, is_it) {
            Some(i) => Some(bucket.weights.get(i, self.one.as_ref()?)),
            None => self.homeless.iter().find(|(row, _)| is_it(row)).map(|(_, weight)| weight),
        }
    }

    /// Where a row stands if it is there, in a table that has a bucket for it.
    #[inline]
    fn spot(&self, key: &K, value: &V) -> Spot {
        let address = Address::of(key, value);
        let bits = self.spreads.bits(address.key_hash);
        let at = self.bucket_at(address.place(bits)) as u32;
        Spot { at, tags: address.tags(), is_spread: bits > 0 }
    }

    /// Whether every group lies in one bucket.
    #[inline]
    fn is_plain(&self) -> bool {
        self.spreads.is_empty() && self.homeless.is_empty()
    }

    /// The group of a key whose rows all lie in one bucket.
    #[inline]
    fn plain_group(&self, key: &K, hash: u64, at: usize) -> Group<'_, K, V, W> {
        let bucket = &self.buckets[at];
        let mask = bucket.matching(tag(hash), |row| row.0 == *key);
        Group { rows: Rows::of(bucket), mask, one: self.one.as_ref(), elsewhere: None }
    }

    /// The group of a key whose rows may lie in several buckets.
    fn spread_group(&self, key: &K, hash: u64) -> Group<'_, K, V, W> {
        let bits = self.spreads.bits(hash);
        if bits == 0 && self.homeless.is_empty() {
            return self.plain_group(key, hash, self.bucket_at(hash));
        }
        Group::scattered(self, key, Places::of(hash, bits))
    }

    /// The next rows of a group with a mask that is not zero.
    fn next_rows(
        &self,
        key: &K,
        places: &mut Places,
        homeless: &mut usize,
    ) -> Option<(Rows<'_, K, V, W>, u64)> {
        while let Some(place) = places.next(|place| self.buckets[self.bucket_at(place)].depth) {
            let bucket = &self.buckets[self.bucket_at(place)];
            let mask = bucket.matching(places.key_tag(), |row| row.0 == *key);
            if mask != 0 {
                return Some((Rows::of(bucket), mask));
            }
        }
        while let Some((row, weight)) = self.homeless.get(*homeless) {
            *homeless += 1;
            if row.0 == *key {
                return Some((Rows { rows: from_ref(row), weights: from_ref(weight) }, 1));
            }
        }
        None
    }
}

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Makes the first bucket, if there is none.
    #[inline]
    fn start_if_new(&mut self) {
        if self.buckets.is_empty() {
            self.one = Some(W::one());
            self.directory.push(0);
            self.buckets.push(Bucket::default());
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
        if self.buckets.is_empty() && rows.len() >= LOAD {
            self.presize(rows.len());
        }
        if rows.len() <= FEW {
            return rows.iter().zip(weights).try_for_each(|((key, value), weight)| {
                self.change(key, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone()))?;
                *applied += 1;
                Ok(())
            });
        }
        let mut windows = rows.chunks(WINDOW).zip(weights.chunks(WINDOW));
        windows.try_for_each(|(rows, weights)| self.add_window(rows, weights, applied))
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
        let spot = self.spot(key, value);
        self.change_at(spot, key, value, change, fresh)
    }

    /// Adds a few rows after asking for the buckets of them all; counts in `applied` how many were added.
    fn add_window(&mut self, rows: &[(K, V)], weights: &[W], applied: &mut usize) -> Result<(), Overflow> {
        self.start_if_new();
        let mut spots = [Spot::default(); WINDOW];
        for (spot, (key, value)) in spots.iter_mut().zip(rows) {
            *spot = self.spot(key, value);
            self.buckets[spot.at as usize].prefetch();
        }
        if self.rows * size_of::<(K, V)>() > CACHED {
            for spot in &spots[..rows.len()] {
                self.buckets[spot.at as usize].prefetch_row(spot.tags.row);
            }
        }
        let version = self.version;
        for ((spot, (key, value)), weight) in spots.iter().zip(rows).zip(weights) {
            let spot = if self.version == version { *spot } else { self.spot(key, value) };
            self.change_at(spot, key, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone()))?;
            *applied += 1;
        }
        Ok(())
    }

    /// As [`change`](Self::change), where the row stands at a known spot if it is there.
    #[inline]
    fn change_at(
        &mut self,
        spot: Spot,
        key: &K,
        value: &V,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
        fresh: impl FnOnce() -> Result<W, Overflow>,
    ) -> Result<(), Overflow> {
        let bucket = &mut self.buckets[spot.at as usize];
        if let Some(i) = bucket.find(spot.tags.row, |row| row.1 == *value && row.0 == *key) {
            if bucket.change(i, change)? {
                bucket.swap_remove(i);
                self.rows -= 1;
                let remaining = bucket.rows().len();
                let may_be_bare = spot.is_spread && bucket.candidates(spot.tags.key).count_ones() <= BARE;
                if may_be_bare || remaining == THIN || remaining == 0 {
                    self.thinned(spot, key, value);
                }
            }
            return Ok(());
        }
        if !self.homeless.is_empty()
            && let Some(i) = self.homeless.iter().position(|(row, _)| row.0 == *key && row.1 == *value)
        {
            let sum = &mut self.homeless[i].1;
            change(sum)?;
            if sum.is_zero() {
                self.homeless.swap_remove(i);
                self.rows -= 1;
            }
            return Ok(());
        }
        let weight = fresh()?;
        if weight.is_zero() {
            return Ok(());
        }
        let row = (key.clone(), value.clone());
        self.rows += 1;
        let bucket = &mut self.buckets[spot.at as usize];
        if bucket.is_full() {
            self.place_row((row, weight));
        } else {
            bucket.push(spot.tags, row, weight);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
