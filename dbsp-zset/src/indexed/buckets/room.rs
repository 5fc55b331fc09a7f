//! Making room: what happens when a bucket is full.
//!
//! A full bucket gives rows away in one of three ways. If many of them have one key, that key gets a bucket of its
//! own, behind a fork. A bucket behind a fork splits in two by one more bit of its values' hashes. Any other splits
//! by one more bit of its keys' hashes, with the forks of its region, and the directory doubles if it did not tell
//! the two halves apart (extendible hashing, Fagin et al., TODS 1979). So the table grows a bucket at a time: no step
//! pays for moving all rows. Where no bit tells the rows of a full bucket apart, further ones are [spilled](super::spill).
//! Thin buckets [merge](super::merge) likewise.

use crate::algebra::Ring;
use crate::indexed::buckets::address::{Address, bit_behind, leading, place_hash};
use crate::indexed::buckets::bucket::BLOCK;
use crate::indexed::buckets::forks::Entry;
use crate::indexed::buckets::slots::SLOTS;
use crate::indexed::buckets::{Buckets, Way};
use crate::row::Row;

/// More rows of one key than this in a full bucket, and the key gets a fork.
const HEAVY: usize = SLOTS / 3;
/// With more entries for each bucket a directory is long: rather than double it, keys with half as many rows get forks.
const LONG: usize = 2;
/// A region with so many forks splits before it gets another one: a row may have to pass all of them.
pub(super) const MOST_FORKS: usize = 2;
/// With so many it does even if that doubles a long directory, and gets no more in any case.
const FAR_TOO_MANY_FORKS: usize = 8;
/// A full bucket that could not be split is asked only so often whether it can be split now.
const ASK_AGAIN: u32 = 64;
/// The directory has at most so many entries for each bucket: rows whose hashes are all alike would
/// otherwise double it for ever. The children of a fork keep the same measure, each for itself.
const ENTRIES_PER_BUCKET: usize = 64;
/// So many entries of the directory are doubled at a time.
const DOUBLED: usize = 64;
/// The directory may always have so many entries.
const SMALL_DIRECTORY: usize = 1_024;
/// A load gets an entry of the directory for so many of its rows, or for up to twice as many: their number is a power
/// of two. With fewer rows a bucket would be half empty, with more most would split at once.
const PRESIZED: usize = SLOTS / 8 * 5;
/// At least so many buckets are made at a time.
pub(super) const SPARE: usize = 2;
/// Buckets that a removal leaves with so many rows, or half, a quarter and so on to none, are offered to their buddies.
pub(super) const THIN: usize = SLOTS / 3;
/// Hysteresis: a bucket frees its last block only once it holds this many rows fewer than the remaining blocks can, so that a
/// bucket at a block boundary does not thrash.
pub(super) const SLACK: usize = 8;
/// Numbers of rows, as bits, at which a bucket is looked after that a row has left: it needs a block less, or is thin.
pub(super) const WORTH_A_LOOK: u64 =
    1 << (2 * BLOCK - SLACK) | 1 << (BLOCK - SLACK) | 1 << 16 | 1 << 8 | 1 << 4 | 1 << 2 | 1 << 1 | 1;
const _: () = assert!(THIN == 16 && BLOCK - SLACK == 8, "the bits above are THIN and its halves");
/// Two buddies become one if that leaves it so many rows at most: far from a split.
pub(super) const MERGED: usize = SLOTS / 4 * 3;

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Puts a row into a table that does not hold it.
    #[inline(never)]
    pub(super) fn place_row(&mut self, row: ((K, V), W)) {
        let address = Address::of(&row.0.0, &row.0.1);
        loop {
            let at = self.place(address, &row.0.0);
            let way = self.way(address.key_hash);
            let belongs = at != Entry::ABSENT.at() || matches!(way, Way::Bucket(_));
            if belongs && !self.buckets[at].slots.is_full() {
                let (bucket, (row, weight)) = (&mut self.buckets[at], row);
                let slot = self.blocks.push(bucket, at, address.tags(), row);
                self.weights.set(bucket, at, slot, weight);
                return;
            }
            if !belongs || !self.is_worth_asking(at) || !self.make_room(address) {
                let slots = &mut self.buckets[at].slots;
                if belongs {
                    slots.set_stuck();
                } else {
                    slots.set_spilled(true);
                }
                if let Way::Fork(fork) = way {
                    self.forks.get_mut(fork).has_spilled = true;
                }
                self.spill(row);
                return;
            }
        }
    }

    /// Whether it is worth while to ask if a full bucket can be split: to find once more that it cannot takes a microsecond.
    fn is_worth_asking(&mut self, at: usize) -> bool {
        if !self.buckets[at].slots.is_stuck() {
            return true;
        }
        self.refused = self.refused.wrapping_add(1);
        self.refused.is_multiple_of(ASK_AGAIN)
    }

    /// Makes a directory for so many rows at once, in a table that has none: a load then splits few buckets.
    pub(super) fn presize(&mut self, rows: usize) {
        self.start();
        self.depth = (rows / PRESIZED).max(1).ilog2();
        self.directory.resize(1 << self.depth, Entry::ABSENT);
    }

    /// Makes room where a row belongs but finds none. Says whether anything could be done.
    fn make_room(&mut self, address: Address) -> bool {
        self.version += 1;
        let at = match self.way(address.key_hash) {
            Way::Fork(fork) => return self.split_child(fork, address.value_hash),
            Way::Bucket(at) => at,
        };
        if at == Entry::ABSENT.at() {
            self.fill_in(address.key_hash);
            return true;
        }
        let heavy = self.heavy_key(at);
        let forks = self.forks_before(address.key_hash).count();
        let enough = if self.doubles(at) { FAR_TOO_MANY_FORKS } else { MOST_FORKS };
        if (heavy.is_none() || forks >= enough) && self.split(address.key_hash, at) {
            return true;
        }
        match heavy {
            Some(heavy) if forks < FAR_TOO_MANY_FORKS => {
                self.fork(heavy, at);
                true
            }
            _ => false,
        }
    }

    /// Whether a split of a bucket would double a directory that is long for so many buckets.
    fn doubles(&self, at: usize) -> bool {
        self.buckets[at].slots.depth() == self.depth && self.directory.len() > LONG * self.buckets.len()
    }

    /// Gives a region without a bucket one.
    fn fill_in(&mut self, key_hash: u64) {
        let depth =
            self.forks_before(key_hash).next().map_or(self.depth, |fork| self.forks.get(fork).depth());
        let at = self.free_bucket();
        self.buckets[at].slots.set_depth(depth);
        self.note_if_empty(at, Address { key_hash, value_hash: 0 });
        self.set_bucket(key_hash, depth, Entry::bucket(at));
    }

    /// A key that has many rows in a full bucket.
    fn heavy_key(&self, at: usize) -> Option<Heavy> {
        let bucket = &self.buckets[at];
        let heavy = if self.doubles(at) { HEAVY / 2 } else { HEAVY };
        if !bucket.may_be_crowded(heavy) {
            return None;
        }
        let rows = self.blocks.rows(bucket, at);
        let mut hashes = [0; SLOTS];
        hashes.iter_mut().zip(rows.all()).for_each(|(hash, row)| *hash = place_hash(&row.0));
        let mut sorted = hashes;
        sorted.sort_unstable();
        let most = sorted.chunk_by(|one, other| one == other).max_by_key(|equal| equal.len())?;
        if most.len() <= heavy {
            return None;
        }
        let of_hash = hashes.iter().rev().fold(0, |mask, hash| mask << 1 | u64::from(*hash == most[0]));
        // As a rule they have one key.
        let (mut of_key, mut others) = (0_u64, of_hash);
        while others.count_ones() > of_key.count_ones() {
            let (key, _) = rows.at(others.trailing_zeros() as usize);
            let equal = rows.matching(others, |row| row.0 == *key);
            others &= !equal;
            of_key = if equal.count_ones() > of_key.count_ones() { equal } else { of_key };
        }
        let is_heavy = of_key.count_ones() as usize > heavy;
        is_heavy.then_some(Heavy { key_hash: most[0], of_key, of_hash })
    }

    /// Gives a key a fork with a bucket of its own, to which its rows move from that of its region. Other keys with its hash, whose
    /// rows would now be looked for behind the fork, spill theirs.
    fn fork(&mut self, Heavy { key_hash, of_key, of_hash }: Heavy, at: usize) {
        let slots = self.buckets[at].slots;
        let depth = slots.depth();
        let (key, _) = self.blocks.rows(&self.buckets[at], at).at(of_key.trailing_zeros() as usize);
        let key = key.clone();
        let child = if of_key == slots.mask() && !slots.has_spilled() {
            self.set_bucket(key_hash, depth, Entry::ABSENT);
            self.buckets[at].slots.set_depth(0);
            at
        } else {
            let child = self.free_bucket();
            self.move_rows(of_key, at, child);
            // It is not stuck any more.
            self.buckets[at].slots.set_spilled(slots.has_spilled());
            self.note_if_empty(at, Address { key_hash, value_hash: 0 });
            child
        };
        let fork = self.forks.make(key, key_hash, depth, child, self.entry(key_hash));
        self.lead(key_hash, depth, Entry::fork(fork));
        self.buckets[child].slots.set_spilled(slots.has_spilled());
        if slots.has_spilled() || of_hash != of_key {
            self.forks.get_mut(fork).has_spilled = true;
            // Rows of other keys with this hash are looked for there.
            self.buckets[Entry::ABSENT.at()].slots.set_spilled(true);
        }
        if of_hash != of_key {
            self.spill_others(key_hash, at);
        }
    }

    /// Spills all rows of a bucket whose keys have a hash.
    #[inline(never)]
    fn spill_others(&mut self, key_hash: u64, at: usize) {
        let rows = self.blocks.rows(&self.buckets[at], at);
        let others = rows.matching(self.buckets[at].slots.mask(), |row| place_hash(&row.0) == key_hash);
        for i in from_the_last(others) {
            let bucket = &mut self.buckets[at];
            let weight = self.weights.pull(bucket, at, i);
            let (_, row) = self.blocks.pull(bucket, at, i);
            self.spill((row, weight));
        }
        let Self { buckets, blocks, .. } = self;
        blocks.free_empty(&mut buckets[at], at);
        self.note_if_empty(at, Address { key_hash, value_hash: 0 });
    }

    /// Splits a bucket, and the forks before it, by one more bit of the hashes of their keys, if the directory may
    /// grow for that.
    fn split(&mut self, key_hash: u64, at: usize) -> bool {
        let depth = self.buckets[at].slots.depth();
        if depth == self.depth {
            let limit = (ENTRIES_PER_BUCKET * self.buckets.len()).max(SMALL_DIRECTORY);
            if self.directory.len() >= limit {
                return false;
            }
            self.double();
        }
        // Marked first, then moved: half of the rows go, and which of them cannot be predicted.
        let rows = self.blocks.rows(&self.buckets[at], at).all();
        let bits = rows.map(|(key, _)| bit_behind(place_hash(key), depth));
        let moving = bits.enumerate().fold(0, |moving, (i, bit)| moving | bit << i);
        let upper = self.free_bucket();
        self.move_rows(moving, at, upper);
        // Neither half is stuck any more.
        let has_spilled = self.buckets[at].slots.has_spilled();
        [at, upper].into_iter().for_each(|at| self.buckets[at].slots.set_spilled(has_spilled));

        let mut heads = [at, upper].map(Entry::bucket);
        let mut entry = self.entry(key_hash);
        while let Some(at) = entry.as_fork() {
            let fork = self.forks.get_mut(at);
            let head = &mut heads[bit_behind(fork.key_hash, depth) as usize];
            entry = fork.next;
            fork.next = *head;
            fork.set_depth(depth + 1);
            *head = Entry::fork(at);
        }
        for (bit, (head, at)) in heads.into_iter().zip([at, upper]).enumerate() {
            self.buckets[at].slots.set_depth(depth + 1);
            let half = 1_u64 << (63 - depth);
            let key_hash = key_hash & !half | if bit == 1 { half } else { 0 };
            self.note_if_empty(at, Address { key_hash, value_hash: 0 });
            self.lead(key_hash, depth + 1, head);
        }
        true
    }

    /// Makes the directory tell twice as many regions apart.
    fn double(&mut self) {
        let mut doubled = Vec::with_capacity(2 * self.directory.len());
        for entries in self.directory.chunks(DOUBLED) {
            let mut pairs = [[Entry::ABSENT; 2]; DOUBLED];
            pairs.iter_mut().zip(entries).for_each(|(pair, entry)| *pair = [*entry; 2]);
            doubled.extend_from_slice(pairs[..entries.len()].as_flattened());
        }
        self.directory = doubled;
        self.depth += 1;
        self.halve_below = self.buckets.used() / 4 * 3;
    }

    /// Splits a bucket behind a fork by one more bit of the hashes of its values, if that or the bits behind it tell
    /// the values apart before the fork has too many children for its buckets.
    fn split_child(&mut self, fork: usize, value_hash: u64) -> bool {
        let at = self.forks.get(fork).child(value_hash);
        let depth = self.buckets[at].slots.depth();
        let mut hashes = [0; SLOTS];
        let rows = self.blocks.rows(&self.buckets[at], at).all();
        hashes.iter_mut().zip(rows).for_each(|(hash, row)| *hash = place_hash(&row.1));
        let alike = hashes.iter().fold(0, |differ, hash| differ | (hash ^ value_hash)).leading_zeros();
        let most = ENTRIES_PER_BUCKET * self.forks.get(fork).buckets as usize;
        if alike >= most.ilog2().max(self.forks.get(fork).bits) {
            return false;
        }
        let bits = hashes.iter().map(|hash| bit_behind(*hash, depth));
        let moving = bits.enumerate().fold(0, |moving, (i, bit)| moving | bit << i);
        let upper = self.free_bucket();
        self.move_rows(moving, at, upper);
        let has_spilled = self.buckets[at].slots.has_spilled();
        let (key_hash, half) = (self.forks.get(fork).key_hash, 1 << (63 - depth));
        for (at, value_hash) in [(at, value_hash & !half), (upper, value_hash | half)] {
            self.buckets[at].slots.set_depth(depth + 1);
            self.buckets[at].slots.set_spilled(has_spilled);
            self.note_if_empty(at, Address { key_hash, value_hash });
        }
        self.forks.get_mut(fork).split(value_hash | 1 << (63 - depth), depth + 1, upper);
        true
    }

    /// Moves rows of one bucket to another, which has room for them.
    pub(super) fn move_rows(&mut self, moving: u64, from: usize, to: usize) {
        // No other bucket is looked at meanwhile: it is put back below.
        let mut from_bucket = std::mem::take(&mut self.buckets[from]);
        let to_bucket = &mut self.buckets[to];
        for i in from_the_last(moving) {
            let weight = self.weights.pull(&mut from_bucket, from, i);
            let (tags, row) = self.blocks.pull(&mut from_bucket, from, i);
            let slot = self.blocks.push(to_bucket, to, tags, row);
            self.weights.set(to_bucket, to, slot, weight);
        }
        self.blocks.free_empty(&mut from_bucket, from);
        self.buckets[from] = from_bucket;
    }

    /// Notes where a bucket is looked for that holds no row whose hashes would say so.
    pub(super) fn note_if_empty(&mut self, at: usize, address: Address) {
        let bucket = &mut self.buckets[at];
        if bucket.slots.mask() == 0 && at != Entry::ABSENT.at() {
            bucket.note(address);
        }
    }

    /// An empty bucket to be used. New ones are made a few at a time: the spare ones serve the splits of
    /// later steps, which take turns with merges while as many rows come as go.
    pub(super) fn free_bucket(&mut self) -> usize {
        if self.buckets.used() == self.buckets.len() {
            self.forks.make_spare();
            self.buckets.grow();
            self.follow();
        }
        self.buckets.take().expect("buckets have just been made if there were none")
    }

    /// Gives back a bucket without rows, to which nothing leads.
    pub(super) fn free(&mut self, at: usize) {
        self.buckets.give(at);
    }

    /// How many rows a bucket holds.
    pub(super) fn rows_in(&self, at: usize) -> usize {
        if at == Entry::ABSENT.at() { 0 } else { self.buckets[at].slots.len() }
    }

    /// The forks of the region of a hash, from the first on.
    pub(super) fn forks_before(&self, key_hash: u64) -> impl Iterator<Item = usize> {
        std::iter::successors(self.entry(key_hash).as_fork(), |fork| self.forks.get(*fork).next.as_fork())
    }

    /// Makes what leads to a fork lead to something else.
    pub(super) fn replace_fork(&mut self, fork: usize, key_hash: u64, depth: u32, by: Entry) {
        let before =
            self.forks_before(key_hash).find(|before| self.forks.get(*before).next == Entry::fork(fork));
        match before {
            Some(before) => self.forks.get_mut(before).next = by,
            None => self.lead(key_hash, depth, by),
        }
    }

    /// The bucket of a region, behind its forks.
    pub(super) fn bucket_behind(&self, key_hash: u64) -> usize {
        let last = self.forks_before(key_hash).last();
        last.map_or(self.entry(key_hash), |fork| self.forks.get(fork).next).at()
    }

    /// Puts an entry behind the forks of a region.
    pub(super) fn set_bucket(&mut self, key_hash: u64, depth: u32, entry: Entry) {
        match self.forks_before(key_hash).last() {
            Some(fork) => self.forks.get_mut(fork).next = entry,
            None => self.lead(key_hash, depth, entry),
        }
    }

    /// Makes the directory lead from all hashes that begin like this one to an entry.
    pub(super) fn lead(&mut self, key_hash: u64, depth: u32, entry: Entry) {
        let span = 1 << (self.depth - depth);
        let start = leading(key_hash, self.depth) & !(span - 1);
        self.directory[start..start + span].fill(entry);
    }
}

/// A key with many rows in a bucket: the slots with these, and those of all keys with its hash.
struct Heavy {
    key_hash: u64,
    of_key: u64,
    of_hash: u64,
}

/// The rows of a mask, the last one first: what moves up into a gap is then not among those still to be moved.
pub(super) fn from_the_last(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let i = mask.checked_ilog2()?;
        mask ^= 1 << i;
        Some(i as usize)
    })
}
