//! Making room: what happens when a bucket is full, and when most of them are empty.
//!
//! A full bucket gives rows away in one of three ways. If many of them have one key, that key gets a bucket of its
//! own, behind a fork. A bucket behind a fork splits in two by one more bit of its values' hashes. Any other splits
//! by one more bit of its keys' hashes, with the forks of its region, and the directory doubles if it did not tell
//! the two halves apart (extendible hashing, Fagin et al., TODS 1979). So the table grows a bucket at a time: no step
//! pays for moving all rows. Thin buckets merge likewise, and a key with few rows loses its fork; a table that has lost
//! nearly all of its rows is built anew from those that are left.

use crate::algebra::Ring;
use crate::indexed::buckets::address::{Address, bit_behind, leading, place_hash};
use crate::indexed::buckets::bucket::{BLOCK, Bucket};
use crate::indexed::buckets::forks::Entry;
use crate::indexed::buckets::slots::SLOTS;
use crate::indexed::buckets::{Buckets, Way};
use crate::pool::at_once;
use crate::row::Row;

/// More rows of one key than this in a full bucket, and the key gets a fork.
const HEAVY: usize = SLOTS / 3;
/// With more entries for each bucket a directory is long: rather than double it, keys with half as many rows get forks.
const LONG: usize = 2;
/// A region with so many forks splits before it gets another one: a row may have to pass all of them.
const MOST_FORKS: usize = 2;
/// With so many it does even if that doubles a long directory.
const FAR_TOO_MANY_FORKS: usize = 8;
/// The directory has at most so many entries for each bucket: rows whose hashes are all alike would
/// otherwise double it for ever. The children of a fork keep the same measure, each for itself.
const ENTRIES_PER_BUCKET: usize = 64;
/// The directory may always have so many entries.
const SMALL_DIRECTORY: usize = 1_024;
/// A load gets an entry of the directory for so many of its rows, or for up to twice as many: their number is a power
/// of two. With fewer rows a bucket would be half empty, with more most would split at once.
const PRESIZED: usize = SLOTS / 8 * 5;
/// At least so many buckets are made at a time.
const SPARE: usize = 2;
/// Buckets that a removal leaves with so many rows, or half, a quarter and so on to none, are offered to their buddies.
const THIN: usize = SLOTS / 3;
/// A bucket keeps a block until so many fewer rows than fill the others are left: one around a full block does not take
/// and give one back at each turn.
pub(super) const SLACK: usize = 8;
/// Numbers of rows, as bits, at which a bucket is looked after that a row has left: it needs a block less, or is thin.
pub(super) const WORTH_A_LOOK: u64 =
    1 << (2 * BLOCK - SLACK) | 1 << (BLOCK - SLACK) | 1 << 16 | 1 << 8 | 1 << 4 | 1 << 2 | 1 << 1 | 1;
/// Two buddies become one if that leaves it so many rows at most: far from a split.
const MERGED: usize = SLOTS / 4 * 3;
/// Fewer rows than this for each bucket, and the table is built anew.
const SPARSE: usize = SLOTS / 16;

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Puts a row into a table that does not hold it.
    #[inline(never)]
    pub(super) fn place_row(&mut self, row: ((K, V), W)) {
        let address = Address::of(&row.0.0, &row.0.1);
        loop {
            let at = self.locate(address);
            if !self.buckets[at].slots.is_full() {
                let (bucket, (row, weight)) = (&mut self.buckets[at], row);
                let slot = self.blocks.push(bucket, at, address.tags(), row);
                self.weights.set(bucket, at, slot, weight);
                return;
            }
            if !self.make_room(address) {
                self.homeless.push(row);
                return;
            }
        }
    }

    /// Makes a directory for so many rows at once, in a table that has none: a load then splits few buckets.
    pub(super) fn presize(&mut self, rows: usize) {
        self.weights.start();
        self.depth = (rows / PRESIZED).max(1).ilog2();
        self.directory.resize(1 << self.depth, Entry::ABSENT);
        self.buckets.push(Bucket::absent());
        self.weights.follow(self.buckets.len());
        self.blocks.follow(self.buckets.len());
    }

    /// Looks after a bucket that a row has left.
    #[inline(never)]
    pub(super) fn thinned(&mut self, at: usize, key: &K, value: &V) {
        self.close_ranks(at);
        if self.buckets[at].slots.len() > THIN {
            return;
        }
        if self.directory.len() == 1 && self.forks.is_empty() {
            return;
        }
        let address = Address::of(key, value);
        match self.way(address.key_hash) {
            Way::Bucket(at) => self.merge(address.key_hash, at),
            Way::Fork(fork) => self.merge_children(fork, address.value_hash),
        }
    }

    /// Moves rows down into gaps of a bucket until it needs no more blocks than so many rows do, and gives the others
    /// back.
    fn close_ranks(&mut self, at: usize) {
        let Self { buckets, blocks, weights, .. } = self;
        let bucket = &mut buckets[at];
        let needed = bucket.slots.len().next_multiple_of(BLOCK);
        while bucket.slots.mask() >> needed != 0 {
            let last = bucket.slots.last_taken();
            let weight = weights.pull(bucket, at, last);
            let (tags, row) = blocks.pull(bucket, at, last);
            let slot = blocks.push(bucket, at, tags, row);
            weights.set(bucket, at, slot, weight);
        }
        blocks.free_empty(bucket, at);
    }

    /// Builds the table anew if most of it is empty; says whether it did.
    #[inline]
    pub(in crate::indexed) fn shrink(&mut self) -> bool {
        // A directory that long was made for a load of rows that mostly were not there in the end.
        let longest = (4 * ENTRIES_PER_BUCKET * self.buckets.len()).max(4 * SMALL_DIRECTORY);
        let is_sparse = self.buckets.len() > 2 && self.rows < self.buckets.len() * SPARSE
            || self.directory.len() > longest;
        if is_sparse {
            self.rebuild();
        }
        is_sparse
    }

    #[inline(never)]
    fn rebuild(&mut self) {
        let mut old = std::mem::replace(self, Self::new());
        self.rows = old.rows;
        self.version = old.version + 1;
        self.start_if_new();
        for (at, bucket) in old.buckets.iter_mut().enumerate() {
            for i in from_the_last(bucket.slots.mask()) {
                let weight = old.weights.pull(bucket, at, i);
                let (_, row) = old.blocks.pull(bucket, at, i);
                self.place_row((row, weight));
            }
        }
        old.homeless.into_iter().for_each(|row| self.place_row(row));
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
        let is_split = (heavy.is_none() || self.has_forks_enough(address.key_hash, at))
            && self.split(address.key_hash, at);
        is_split
            || heavy.is_some_and(|(key_hash, of_key)| {
                self.fork(key_hash, of_key, at);
                true
            })
    }

    /// Whether a full bucket that could give a key a fork has so many before it that it should rather split.
    fn has_forks_enough(&self, key_hash: u64, at: usize) -> bool {
        self.forks_before(key_hash).count() >= if self.doubles(at) { FAR_TOO_MANY_FORKS } else { MOST_FORKS }
    }

    /// Whether a split of a bucket would double a directory that is long for so many buckets.
    fn doubles(&self, at: usize) -> bool {
        self.buckets[at].slots.depth() == self.depth && self.directory.len() > LONG * self.buckets.len()
    }

    /// Gives a region without a bucket one.
    fn fill_in(&mut self, key_hash: u64) {
        let depth = self.forks_before(key_hash).next().map_or(self.depth, |fork| self.forks.get(fork).depth);
        let at = self.free_bucket();
        self.buckets[at].slots.set_depth(depth);
        self.set_bucket(key_hash, depth, Entry::bucket(at));
    }

    /// The hash of a key that has many rows in a full bucket, and a mask of the rows with that hash.
    fn heavy_key(&self, at: usize) -> Option<(u64, u64)> {
        let bucket = &self.buckets[at];
        let heavy = if self.doubles(at) { HEAVY / 2 } else { HEAVY };
        if !bucket.may_be_crowded(heavy) {
            return None;
        }
        let mut hashes = [0; SLOTS];
        hashes
            .iter_mut()
            .zip(self.blocks.rows(bucket, at).all())
            .for_each(|(hash, row)| *hash = place_hash(&row.0));
        let mut sorted = hashes;
        sorted.sort_unstable();
        let most = sorted.chunk_by(|one, other| one == other).max_by_key(|equal| equal.len())?;
        let of_key = hashes.iter().rev().fold(0, |mask, hash| mask << 1 | u64::from(*hash == most[0]));
        (most.len() > heavy).then_some((most[0], of_key))
    }

    /// Gives a key a fork with a bucket of its own, to which its rows move from that of its region.
    fn fork(&mut self, key_hash: u64, of_key: u64, at: usize) {
        let depth = self.buckets[at].slots.depth();
        let child = if of_key == self.buckets[at].slots.mask() {
            self.set_bucket(key_hash, depth, Entry::ABSENT);
            self.buckets[at].slots.set_depth(0);
            at
        } else {
            let child = self.free_bucket();
            self.move_rows(of_key, at, child);
            child
        };
        let fork = self.forks.make(key_hash, depth, child, self.entry(key_hash));
        self.lead(key_hash, depth, Entry::fork(fork));
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
            self.directory = self.directory.iter().flat_map(|entry| [*entry; 2]).collect();
            self.depth += 1;
        }
        // Marked first, then moved: half of the rows go, and which of them cannot be predicted.
        let rows = self.blocks.rows(&self.buckets[at], at).all();
        let bits = rows.map(|(key, _)| bit_behind(place_hash(key), depth));
        let moving = bits.enumerate().fold(0, |moving, (i, bit)| moving | bit << i);
        let upper = self.free_bucket();
        self.move_rows(moving, at, upper);

        let mut heads = [at, upper].map(Entry::bucket);
        let mut entry = self.entry(key_hash);
        while let Some(at) = entry.as_fork() {
            let fork = self.forks.get_mut(at);
            let head = &mut heads[bit_behind(fork.key_hash, depth) as usize];
            entry = fork.next;
            (fork.next, fork.depth) = (*head, depth + 1);
            *head = Entry::fork(at);
        }
        for (bit, (head, at)) in heads.into_iter().zip([at, upper]).enumerate() {
            self.buckets[at].slots.set_depth(depth + 1);
            let half = 1_u64 << (63 - depth);
            self.lead(key_hash & !half | if bit == 1 { half } else { 0 }, depth + 1, head);
        }
        true
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
        self.buckets[at].slots.set_depth(depth + 1);
        self.buckets[upper].slots.set_depth(depth + 1);
        self.forks.get_mut(fork).split(value_hash | 1 << (63 - depth), depth + 1, upper);
        true
    }

    /// Makes one region of that of a hash and its buddy, which differs in the last bit of its prefix, if both together
    /// hold few rows and forks.
    fn merge(&mut self, key_hash: u64, at: usize) {
        let depth = self.buckets[at].slots.depth();
        if depth == 0 {
            return;
        }
        let buddy_hash = key_hash ^ 1 << (64 - depth);
        let buddy_fork = self.forks_before(buddy_hash).next();
        let buddy = self.bucket_behind(buddy_hash);
        let buddy_depth = match buddy_fork {
            Some(fork) => self.forks.get(fork).depth,
            None if buddy == Entry::ABSENT.at() => self.depth,
            None => self.buckets[buddy].slots.depth(),
        };
        let forks = self.forks_before(key_hash).count() + self.forks_before(buddy_hash).count();
        if buddy_depth != depth || forks > MOST_FORKS || self.rows_in(at) + self.rows_in(buddy) > MERGED {
            return;
        }
        self.version += 1;
        if buddy != Entry::ABSENT.at() {
            self.move_rows(self.buckets[buddy].slots.mask(), buddy, at);
            self.free.push(buddy as u32);
        }
        self.buckets[at].slots.set_depth(depth - 1);
        // The forks of the buddy come first.
        self.set_bucket(buddy_hash, depth, self.entry(key_hash));
        self.lead(key_hash, depth - 1, self.entry(buddy_hash));
        let mut entry = self.entry(key_hash);
        while let Some(fork) = entry.as_fork() {
            self.forks.get_mut(fork).depth = depth - 1;
            entry = self.forks.get(fork).next;
        }
    }

    /// Makes one bucket of that of a value behind a fork and its buddy, if both together hold few rows; does without
    /// the fork if it has one bucket of few rows.
    fn merge_children(&mut self, fork: usize, value_hash: u64) {
        let at = self.forks.get(fork).child(value_hash);
        let depth = self.buckets[at].slots.depth();
        if depth == 0 {
            self.dissolve(fork, at);
            return;
        }
        let buddy = self.forks.get(fork).child(value_hash ^ 1 << (64 - depth));
        let both = self.rows_in(at) + self.rows_in(buddy);
        if self.buckets[buddy].slots.depth() != depth || both > MERGED {
            return;
        }
        self.version += 1;
        self.move_rows(self.buckets[buddy].slots.mask(), buddy, at);
        self.free.push(buddy as u32);
        self.buckets[at].slots.set_depth(depth - 1);
        self.forks.get_mut(fork).merge(value_hash, depth - 1, at);
    }

    /// Brings the rows of a key, of which there are few, back to the others of its region.
    fn dissolve(&mut self, fork: usize, child: usize) {
        let (key_hash, depth) = (self.forks.get(fork).key_hash, self.forks.get(fork).depth);
        let (at, rows) = (self.bucket_behind(key_hash), self.rows_in(child));
        if rows > THIN || rows > 0 && rows + self.rows_in(at) > MERGED {
            return;
        }
        self.version += 1;
        if at == Entry::ABSENT.at() {
            self.buckets[child].slots.set_depth(depth);
            self.set_bucket(key_hash, depth, Entry::bucket(child));
        } else {
            self.move_rows(self.buckets[child].slots.mask(), child, at);
            self.free.push(child as u32);
        }
        let next = self.forks.get(fork).next;
        let before =
            self.forks_before(key_hash).find(|before| self.forks.get(*before).next == Entry::fork(fork));
        match before {
            Some(before) => self.forks.get_mut(before).next = next,
            None => self.lead(key_hash, depth, next),
        }
        self.forks.free(fork);
    }

    /// Moves rows of one bucket to another, which has room for them.
    fn move_rows(&mut self, moving: u64, from: usize, to: usize) {
        let [from_bucket, to_bucket] =
            self.buckets.get_disjoint_mut([from, to]).expect("two buckets there are");
        for i in from_the_last(moving) {
            let weight = self.weights.pull(from_bucket, from, i);
            let (tags, row) = self.blocks.pull(from_bucket, from, i);
            let slot = self.blocks.push(to_bucket, to, tags, row);
            self.weights.set(to_bucket, to, slot, weight);
        }
        self.blocks.free_empty(from_bucket, from);
    }

    /// An empty bucket to be used. New ones are made a few at a time: the spare ones serve the splits of
    /// later steps, which take turns with merges while as many rows come as go.
    fn free_bucket(&mut self) -> usize {
        if self.free.is_empty() {
            self.forks.make_spare();
            let (made, more) = (self.buckets.len(), at_once(SPARE, self.buckets.len()));
            self.buckets.extend((0..more).map(|_| Bucket::default()));
            self.weights.follow(self.buckets.len());
            self.blocks.follow(self.buckets.len());
            // Room for all of them: freeing a bucket never allocates.
            self.free.reserve(self.buckets.len());
            self.free.extend((made as u32..(made + more) as u32).rev());
        }
        let at = self.free.pop().expect("buckets have just been made if there were none") as usize;
        self.buckets[at].slots.set_depth(0);
        at
    }

    /// How many rows a bucket holds.
    fn rows_in(&self, at: usize) -> usize {
        if at == Entry::ABSENT.at() { 0 } else { self.buckets[at].slots.len() }
    }

    /// The forks of the region of a hash, from the first on.
    pub(super) fn forks_before(&self, key_hash: u64) -> impl Iterator<Item = usize> {
        std::iter::successors(self.entry(key_hash).as_fork(), |fork| self.forks.get(*fork).next.as_fork())
    }

    /// The bucket of a region, behind its forks.
    fn bucket_behind(&self, key_hash: u64) -> usize {
        let last = self.forks_before(key_hash).last();
        last.map_or(self.entry(key_hash), |fork| self.forks.get(fork).next).at()
    }

    /// Puts an entry behind the forks of a region.
    fn set_bucket(&mut self, key_hash: u64, depth: u32, entry: Entry) {
        match self.forks_before(key_hash).last() {
            Some(fork) => self.forks.get_mut(fork).next = entry,
            None => self.lead(key_hash, depth, entry),
        }
    }

    /// Makes the directory lead from all hashes that begin like this one to an entry.
    fn lead(&mut self, key_hash: u64, depth: u32, entry: Entry) {
        let span = 1 << (self.depth - depth);
        let start = leading(key_hash, self.depth) & !(span - 1);
        self.directory[start..start + span].fill(entry);
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
