//! An indexed Z-set: rows of key and value, found by the key. It is the hash-indexed trace.
//!
//! # Shape       buckets of up to 64 rows each, chosen by the leading bits of a row's place, which is the
//!   hash of its key: so the rows of a key lie in one bucket, beside those of other keys. The rows of a key
//!   that has many are spread over several buckets by the hash of the value.
//! # Invariants  no weight is zero; a row stands once, in the bucket of its place. Only rows whose hashes are
//!   all alike may find no bucket; they stand in a list.
//! # Cost        update: O(1) expected, also in a group of a million rows, and three to five cache lines;
//!   group: O(1) and then its rows. It grows and shrinks a bucket at a time; only once it is mostly empty is it
//!   built anew, O(rows that are left). A step that frees as many rows as it adds allocates nothing once warm.
//! # Not here    no order, neither of keys nor of values: see [`OrderedTrace`](crate::OrderedTrace).

use std::fmt::{Debug, Formatter};
use std::ops::Index;

use crate::algebra::{Overflow, Ring};
use crate::delta::Delta;
use crate::prefetch::{FEW, WINDOW};
use crate::row::Row;
use crate::trace::Trace;

/// A first delta of so many rows is a load: buckets are made for all of them.
const LOAD: usize = 256;
/// Rows of more bytes than this are asked for before they are looked at: fewer stay in the caches from one
/// step to the next.
const CACHED: usize = 1 << 19;

mod algebra;
mod bucket;
mod group;
mod probe;
mod room;
mod spread;

use bucket::{Bucket, Tags};
use group::Elsewhere;
pub use group::{KeyGroup, KeyGroupIter};
use room::THIN;
use spread::{Address, Places, Spreads, place_hash, tag};

/// A Z-set of rows `(K, V)` indexed by `K`; see the [module](self).
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
    /// From the first `depth` bits of a place to a bucket.
    directory: Vec<u32>,
    depth: u32,
    buckets: Vec<Bucket<(K, V, W)>>,
    /// Buckets that no entry of the directory leads to.
    free: Vec<u32>,
    spreads: Spreads,
    /// Rows that found no bucket: more than 64 whose hashes are alike as far as a directory of this size goes.
    homeless: Vec<(K, V, W)>,
    rows: usize,
    /// Grows whenever rows may have moved to other buckets.
    version: u64,
    /// Rows on their way from one bucket to another.
    displaced: Vec<(K, V, W)>,
    /// Where the rows stood when they were last gone through in order.
    order: Vec<(u32, u32)>,
}

/// Where a row stands if it is there; good until buckets split or merge.
#[derive(Clone, Copy, Default)]
struct Spot {
    at: u32,
    tags: Tags,
    /// Whether the value had a part in the row's place.
    is_spread: bool,
}

impl<K, V, W> IndexedZSet<K, V, W> {
    /// An empty indexed Z-set, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            directory: Vec::new(),
            depth: 0,
            buckets: Vec::new(),
            free: Vec::new(),
            spreads: Spreads::new(),
            homeless: Vec::new(),
            rows: 0,
            version: 0,
            displaced: Vec::new(),
            order: Vec::new(),
        }
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

    /// All rows with their weights, in no meaningful order; allocates nothing.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V, &W)> {
        let rows = self.buckets.iter().flat_map(|bucket| bucket.rows()).chain(&self.homeless);
        rows.map(|(key, value, weight)| (key, value, weight))
    }

    /// Bytes of memory this Z-set owns itself, not counting what rows own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let rows: usize = self.buckets.iter().map(Bucket::allocated_bytes).sum();
        let buckets = self.buckets.capacity() * size_of::<Bucket<(K, V, W)>>();
        let lists = (self.homeless.capacity() + self.displaced.capacity()) * size_of::<(K, V, W)>()
            + self.order.capacity() * size_of::<(u32, u32)>();
        rows + buckets
            + lists
            + (self.directory.capacity() + self.free.capacity()) * size_of::<u32>()
            + self.spreads.allocated_bytes()
    }

    /// Removes every row and keeps the memory.
    pub fn clear(&mut self) {
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

    /// Makes the first bucket, if there is none.
    #[inline]
    fn start_if_new(&mut self) {
        if self.buckets.is_empty() {
            self.directory.push(0);
            self.buckets.push(Bucket::default());
        }
    }
}

impl<K: Row, V: Row, W> IndexedZSet<K, V, W> {
    /// The values of a key with their weights; empty for an unknown key.
    #[inline]
    #[must_use]
    pub fn group(&self, key: &K) -> KeyGroup<'_, K, V, W> {
        if self.rows == 0 {
            return KeyGroup::EMPTY;
        }
        let hash = place_hash(key);
        if self.is_plain() {
            return self.plain_group(key, hash, self.bucket_at(hash));
        }
        self.spread_group(key, hash)
    }

    /// The value of a key that has exactly one, as after an aggregate or an upsert; its weight may be
    /// any.
    #[inline]
    #[must_use]
    pub fn value(&self, key: &K) -> Option<&V> {
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

    /// All rows in the order of their keys and values. O(rows · log rows): positions are sorted, in a list that
    /// is kept, so that nothing is allocated when it is long enough.
    pub fn iter_ordered(&mut self) -> impl ExactSizeIterator<Item = (&K, &V, &W)> {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        let homeless = (self.buckets.len(), &self.homeless[..]);
        let lists = self.buckets.iter().map(Bucket::rows).enumerate().chain([homeless]);
        order.extend(lists.flat_map(|(at, rows)| (0..rows.len()).map(move |i| (at as u32, i as u32))));
        order.sort_unstable_by(|one, other| {
            let ((key, value, _), (other_key, other_value, _)) = (self.row_at(*one), self.row_at(*other));
            (key, value).cmp(&(other_key, other_value))
        });
        self.order = order;
        let this = &*self;
        this.order.iter().map(|position| {
            let (key, value, weight) = this.row_at(*position);
            (key, value, weight)
        })
    }

    /// The row at a place in a bucket; behind the last bucket come the rows that found none.
    fn row_at(&self, (at, i): (u32, u32)) -> &(K, V, W) {
        let rows = self.buckets.get(at as usize).map_or(&self.homeless[..], Bucket::rows);
        &rows[i as usize]
    }

    /// Where a row stands if it is there, in a table that has a bucket for it.
    #[inline]
    fn spot(&self, key: &K, value: &V) -> Spot {
        let address = Address::of(key, value);
        let place = self.spreads.place(address);
        Spot { at: self.bucket_at(place) as u32, tags: address.tags(), is_spread: place != address.key_hash }
    }

    /// The weight of a row, if it stands here.
    fn find(&self, key: &K, value: &V) -> Option<&W> {
        if self.rows == 0 {
            return None;
        }
        let spot = self.spot(key, value);
        let bucket = &self.buckets[spot.at as usize];
        let is_it = |row: &(K, V, W)| row.0 == *key && row.1 == *value;
        let row = match bucket.find(spot.tags.row, is_it) {
            Some(i) => bucket.rows().get(i),
            None => self.homeless.iter().find(|row| is_it(row)),
        };
        row.map(|(_, _, weight)| weight)
    }

    /// Whether every group lies in one bucket.
    #[inline]
    fn is_plain(&self) -> bool {
        self.spreads.is_empty() && self.homeless.is_empty()
    }

    /// The group of a key whose rows all lie in one bucket.
    #[inline]
    fn plain_group(&self, key: &K, hash: u64, at: usize) -> KeyGroup<'_, K, V, W> {
        let bucket = &self.buckets[at];
        KeyGroup {
            rows: bucket.rows(),
            mask: bucket.matching(tag(hash), |row| row.0 == *key),
            elsewhere: None,
        }
    }

    /// The group of a key whose rows may lie in several buckets.
    fn spread_group(&self, key: &K, hash: u64) -> KeyGroup<'_, K, V, W> {
        let bits = self.spreads.bits(hash);
        if bits == 0 && self.homeless.is_empty() {
            return self.plain_group(key, hash, self.bucket_at(hash));
        }
        let (mut places, mut homeless) = (Places::of(hash, bits), 0);
        let Some((rows, mask)) = self.next_rows(key, &mut places, &mut homeless) else {
            return KeyGroup::EMPTY;
        };
        let key = &rows[mask.trailing_zeros() as usize].0;
        KeyGroup { rows, mask, elsewhere: Some(Elsewhere { zset: self, key, places, homeless }) }
    }

    /// The next rows of a group with a mask that is not zero.
    fn next_rows(&self, key: &K, places: &mut Places, homeless: &mut usize) -> Option<(&[(K, V, W)], u64)> {
        while let Some(place) = places.next(|place| self.buckets[self.bucket_at(place)].depth) {
            let bucket = &self.buckets[self.bucket_at(place)];
            let mask = bucket.matching(places.key_tag(), |row| row.0 == *key);
            if mask != 0 {
                return Some((bucket.rows(), mask));
            }
        }
        while let Some(row) = self.homeless.get(*homeless) {
            *homeless += 1;
            if row.0 == *key {
                return Some((std::slice::from_ref(row), 1));
            }
        }
        None
    }
}

impl<K: Row, V: Row, W: Ring> IndexedZSet<K, V, W> {
    /// The weight of one row, zero if it does not stand here.
    #[must_use]
    pub fn weight(&self, key: &K, value: &V) -> W {
        self.find(key, value).cloned().unwrap_or_else(W::zero)
    }

    /// Changes the weight of one row.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_update(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        self.add(key, value, weight)?;
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
        self.start_if_new();
        let spot = self.spot(key, value);
        self.change_at(spot, key, value, |sum| sum.try_sub_assign(weight), || weight.try_neg())?;
        self.shrink();
        Ok(())
    }

    /// Adds a whole delta, or nothing of it.
    ///
    /// # Errors
    /// [`Overflow`] where one new weight has no value; nothing is then changed.
    pub fn try_apply(&mut self, delta: &Delta<(K, V), W>) -> Result<(), Overflow> {
        if self.buckets.is_empty() && delta.len() >= LOAD {
            self.presize(delta.len());
        }
        let mut applied = 0;
        let outcome = if delta.len() <= FEW {
            delta.iter().try_for_each(|((key, value), weight)| {
                self.add(key, value, weight)?;
                applied += 1;
                Ok(())
            })
        } else {
            let mut windows = delta.rows().chunks(WINDOW).zip(delta.weights().chunks(WINDOW));
            windows.try_for_each(|(rows, weights)| self.apply_window(rows, weights, &mut applied))
        };
        if outcome.is_err() {
            self.take_back(delta.iter().take(applied)).expect("what was just added can be taken back");
        }
        self.shrink();
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

    /// Adds a few rows after asking for the buckets of them all; counts in `applied` how many were added.
    fn apply_window(&mut self, rows: &[(K, V)], weights: &[W], applied: &mut usize) -> Result<(), Overflow> {
        self.start_if_new();
        let mut spots = [Spot::default(); WINDOW];
        for (spot, (key, value)) in spots.iter_mut().zip(rows) {
            *spot = self.spot(key, value);
            self.buckets[spot.at as usize].prefetch();
        }
        if self.rows * size_of::<(K, V, W)>() > CACHED {
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

    /// Adds one row.
    #[inline]
    fn add(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        if weight.is_zero() {
            return Ok(());
        }
        self.start_if_new();
        let spot = self.spot(key, value);
        self.change_at(spot, key, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone()))
    }

    /// Changes the weight of a row by `change`; if the row is new, it gets the weight `fresh`.
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
            let sum = &mut bucket.row_mut(i).2;
            change(sum)?;
            if sum.is_zero() {
                bucket.swap_remove(i);
                self.rows -= 1;
                let remaining = bucket.rows().len();
                if spot.is_spread || remaining == THIN || remaining == 0 {
                    self.thinned(spot, key, value);
                }
            }
            return Ok(());
        }
        if !self.homeless.is_empty()
            && let Some(i) = self.homeless.iter().position(|row| row.0 == *key && row.1 == *value)
        {
            let sum = &mut self.homeless[i].2;
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
        let row = (key.clone(), value.clone(), weight);
        self.rows += 1;
        let bucket = &mut self.buckets[spot.at as usize];
        if bucket.is_full() {
            self.place_row(row);
        } else {
            bucket.push(spot.tags, row);
        }
        Ok(())
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
        self.group(key).into_iter()
    }

    fn len(&self) -> usize {
        self.rows
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
        self.rows == other.rows && self.iter().all(|(key, value, weight)| other.weight(key, value) == *weight)
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
        self.find(key, value).expect("an indexed row stands in the Z-set")
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
