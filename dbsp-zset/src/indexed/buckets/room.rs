//! Making room: what happens when a bucket is full, and when most of them are empty.
//!
//! A full bucket gives rows away in one of two ways. If many of them have one key, that key is spread over
//! four times as many places. Otherwise the bucket splits in two by one more bit of its rows' places, and the
//! directory doubles if it did not tell the two apart (extendible hashing, Fagin et al., TODS 1979). So the
//! table grows a bucket at a time: no step pays for moving all rows. Thin buckets merge likewise; a table that
//! has lost nearly all of its rows is built anew from those that are left.

use crate::algebra::Ring;
use crate::indexed::buckets::bucket::{Bucket, SLOTS};
use crate::indexed::buckets::spread::{Address, MAX_BITS, Places, leading, place_hash, tag};
use crate::indexed::buckets::{Buckets, Spot};
use crate::row::Row;

/// More rows of one key than this in a full bucket, and the key is spread.
const HEAVY: usize = SLOTS / 4;
/// So many bits further a key is spread at once. With one bit a key that grows has each of its rows moved once,
/// with two one in three; with three its rows are so few in a place that it would be brought together again.
const STRIDE: u32 = 2;
/// Fewer rows than this in a place on average, and a key lies in half as many.
const LONELY: u32 = 4;
/// The directory has at most so many entries for each bucket: rows whose hashes are all alike would
/// otherwise double it for ever.
const ENTRIES_PER_BUCKET: usize = 64;
/// The directory may always have so many entries.
const SMALL_DIRECTORY: usize = 1_024;
/// A load gets a bucket for so many of its rows, or for up to twice as many: their number is a power of two,
/// and twice as few splits would not be worth twice the memory.
const PRESIZED: usize = SLOTS / 2;
/// At least so many buckets are made at a time.
const SPARE: usize = 2;
/// Buckets that a removal leaves with so many rows are offered to their buddies.
pub(super) const THIN: usize = SLOTS / 4;
/// Two buddies become one if that leaves it so many rows at most: far from a split.
const MERGED: usize = SLOTS / 8 * 5;
/// Fewer rows than this for each bucket, and the table is built anew.
const SPARSE: usize = SLOTS / 16;

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Puts a row into a table that does not hold it.
    #[inline(never)]
    pub(super) fn place_row(&mut self, row: ((K, V), W)) {
        self.displaced.push(row);
        while let Some((row, weight)) = self.displaced.pop() {
            let address = Address::of(&row.0, &row.1);
            loop {
                let at = self.bucket_at(self.spreads.place(address));
                if !self.buckets[at].is_full() {
                    self.buckets[at].push(address.tags(), row, weight);
                    break;
                }
                if !self.make_room(at) {
                    self.homeless.push((row, weight));
                    break;
                }
            }
        }
    }

    /// Makes buckets for so many rows at once, in a table that has none: a load then splits few.
    pub(super) fn presize(&mut self, rows: usize) {
        self.one = Some(W::one());
        self.depth = (rows / PRESIZED).max(1).ilog2();
        let buckets = 1 << self.depth;
        self.buckets.extend((0..buckets).map(|_| Bucket::new(self.depth)));
        self.directory.extend(0..buckets as u32);
    }

    /// Looks after a bucket that a row has left.
    #[inline(never)]
    pub(super) fn thinned(&mut self, spot: Spot, key: &K, value: &V) {
        let bucket = &self.buckets[spot.at as usize];
        let is_thin = matches!(bucket.rows().len(), 0 | THIN);
        if spot.is_spread && !bucket.has(spot.tags.key, |row| row.0 == *key) {
            let depth = bucket.depth;
            self.emptied(place_hash(key), depth);
        }
        if is_thin {
            self.merge(self.spreads.place_of(key, value));
        }
    }

    /// Makes a key that has lost most of its rows lie in fewer places, where a bucket of a `depth` has lost its
    /// last row of a key that is spread.
    fn emptied(&mut self, key_hash: u64, depth: u32) {
        if !self.spreads.emptied(key_hash, depth) {
            return;
        }
        let bits = self.spreads.bits(key_hash);
        let (mut places, mut rows) = (Places::of(key_hash, bits), 0);
        while let Some(place) = places.next(|place| self.buckets[self.bucket_at(place)].depth) {
            let bucket = &self.buckets[self.bucket_at(place)];
            rows += bucket.matching(tag(key_hash), |row| place_hash(&row.0) == key_hash).count_ones();
        }
        let fewer = (rows / LONELY).checked_ilog2().unwrap_or(0);
        if fewer < bits {
            self.version += 1;
            self.spreads.lower(key_hash, fewer);
            self.displace(key_hash, bits, leading(bits) & !leading(fewer));
            if let Some(row) = self.displaced.pop() {
                self.place_row(row);
            }
        }
    }

    /// Makes one bucket of that of a place and its buddy, which differs in the last bit of its prefix, if
    /// both together hold few rows.
    fn merge(&mut self, place: u64) {
        let at = self.bucket_at(place);
        let depth = self.buckets[at].depth;
        if depth == 0 {
            return;
        }
        let buddy = self.bucket_at(place ^ 1 << (64 - depth));
        let both = self.buckets[at].rows().len() + self.buckets[buddy].rows().len();
        if self.buckets[buddy].depth != depth || both > MERGED {
            return;
        }
        self.version += 1;
        while let Some((tags, (row, weight))) = self.buckets[buddy].pop() {
            self.buckets[at].push(tags, row, weight);
        }
        self.buckets[at].depth -= 1;
        let span = 2 << (self.depth - depth);
        let start = self.entry_of(place) & !(span - 1);
        self.directory[start..start + span].fill(at as u32);
        self.free.push(buddy as u32);
    }

    /// Builds the table anew if most of it is empty; says whether it did.
    #[inline]
    pub(in crate::indexed) fn shrink(&mut self) -> bool {
        let is_sparse = self.rows < self.buckets.len() * SPARSE && self.buckets.len() > 1;
        if is_sparse {
            self.rebuild();
        }
        is_sparse
    }

    #[inline(never)]
    fn rebuild(&mut self) {
        let old = std::mem::replace(self, Self::new());
        self.rows = old.rows;
        self.version = old.version + 1;
        self.start_if_new();
        let rows = old.buckets.into_iter().flat_map(|mut bucket| std::iter::from_fn(move || bucket.pop()));
        rows.map(|(_, row)| row).chain(old.homeless).for_each(|row| self.place_row(row));
    }

    /// Takes rows out of a full bucket, or splits it. Says whether anything could be done.
    fn make_room(&mut self, at: usize) -> bool {
        self.version += 1;
        if let Some((heavy, wider)) = self.heavy_key(at) {
            let bits = self.spreads.bits(heavy);
            // Buckets are half full as a rule, and a key that stays spread has eight rows at least.
            self.spreads.raise(heavy, wider, self.buckets.len() * SLOTS / 2 / 8);
            self.displace(heavy, bits, leading(wider) & !leading(bits));
            return true;
        }
        self.split(at)
    }

    /// The hash of a key that has many rows in a bucket, and the bits to spread it over, if that moves some of
    /// them away or lets a split do so.
    fn heavy_key(&self, at: usize) -> Option<(u64, u32)> {
        let bucket = &self.buckets[at];
        if !bucket.may_be_crowded(HEAVY) {
            return None;
        }
        let mut hashes = [0; SLOTS];
        hashes.iter_mut().zip(bucket.rows()).for_each(|(hash, row)| *hash = place_hash(&row.0));
        let mut sorted = hashes;
        sorted.sort_unstable();
        let most = sorted.chunk_by(|one, other| one == other).max_by_key(|equal| equal.len())?;
        let bits = self.spreads.bits(most[0]);
        if most.len() <= HEAVY || bits > bucket.depth || bits == MAX_BITS {
            return None;
        }
        let wider = (bits + STRIDE).min(bucket.depth + 1).min(MAX_BITS);
        let mixed = leading(wider) & !leading(bits);
        let mut rows = bucket.rows().iter().zip(hashes).filter(|(_, hash)| *hash == most[0]);
        let (first, _) = rows.next()?;
        let differs = |row: &(K, V)| (place_hash(&row.1) ^ place_hash(&first.1)) & mixed != 0;
        rows.any(|(row, _)| differs(row)).then_some((most[0], wider))
    }

    /// Takes the rows of a key whose place changes as the bits `mixed` of the values' hashes come to have a part
    /// in it, or no longer have one, out of their buckets. The key lies at most where `bits` allows.
    fn displace(&mut self, key_hash: u64, bits: u32, mixed: u64) {
        let mut places = Places::of(key_hash, bits);
        while let Some(place) = places.next(|place| self.buckets[self.bucket_at(place)].depth) {
            let at = self.bucket_at(place);
            let bucket = &mut self.buckets[at];
            let moving = bucket.matching(tag(key_hash), |row| {
                place_hash(&row.0) == key_hash && place_hash(&row.1) & mixed != 0
            });
            self.displaced.extend(from_the_last(moving).map(|i| bucket.swap_remove(i)));
        }
    }

    /// An empty bucket to be used. New ones are made a few at a time: the spare ones serve the splits of
    /// later steps, which take turns with merges while as many rows come as go.
    fn free_bucket(&mut self) -> u32 {
        if self.free.is_empty() {
            let (made, more) = (self.buckets.len(), SPARE + self.buckets.len() / 8);
            self.buckets.extend((0..more).map(|_| Bucket::new(0)));
            // Room for all of them: freeing a bucket never allocates.
            self.free.reserve(self.buckets.len());
            self.free.extend((made as u32..(made + more) as u32).rev());
        }
        self.free.pop().expect("buckets have just been made if there were none")
    }

    /// Splits a bucket by one more bit of the places of its rows, if the directory may grow for that.
    fn split(&mut self, at: usize) -> bool {
        let depth = self.buckets[at].depth;
        if depth == self.depth {
            let limit = (ENTRIES_PER_BUCKET * self.buckets.len()).max(SMALL_DIRECTORY);
            if self.directory.len() >= limit {
                return false;
            }
            self.directory = self.directory.iter().flat_map(|at| [*at; 2]).collect();
            self.depth += 1;
        }
        let Some(first) = self.buckets[at].rows().first() else { return false };
        let place = self.spreads.place_of(&first.0, &first.1);
        let (half, new) = (1 << (self.depth - depth - 1), self.free_bucket());
        let start = self.entry_of(place) & !(2 * half - 1);
        self.directory[start + half..start + 2 * half].fill(new);

        let mut upper = std::mem::take(&mut self.buckets[new as usize]);
        let lower = &mut self.buckets[at];
        (lower.depth, upper.depth) = (depth + 1, depth + 1);
        // Marked first, then moved: half of the rows go, and which of them cannot be predicted.
        let bits =
            lower.rows().iter().map(|(key, value)| self.spreads.place_of(key, value) >> (63 - depth) & 1);
        let moving = bits.enumerate().fold(0, |moving, (i, bit)| moving | bit << i);
        for i in from_the_last(moving) {
            let (tags, (row, weight)) = lower.swap_remove_tagged(i);
            upper.push(tags, row, weight);
        }
        lower.trim();
        self.buckets[new as usize] = upper;
        true
    }
}

/// The rows of a mask, the last one first: what moves up into a gap is then not among those still to be moved.
fn from_the_last(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let i = mask.checked_ilog2()?;
        mask ^= 1 << i;
        Some(i as usize)
    })
}
