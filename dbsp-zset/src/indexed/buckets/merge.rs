//! Making one of two buckets that hold few rows, and doing without a fork whose key has few.
//!
//! # Shape       a removal that leaves a bucket with a few certain numbers of rows looks after it: rows close ranks in fewer
//!   blocks, then the bucket is offered to its buddy, the one that differs in the last bit of the hashes that lead to it.
//! # Cost        O(1) a removal; what the directory or a fork changes for it is at most [`LONGEST`] entries.
//! # Not here    giving memory back: see [`compact`](super::compact).

use crate::algebra::Ring;
use crate::indexed::buckets::address::{Address, leading};
use crate::indexed::buckets::bucket::BLOCK;
use crate::indexed::buckets::forks::Entry;
use crate::indexed::buckets::room::{MERGED, MOST_FORKS, THIN};
use crate::indexed::buckets::{Buckets, Way};
use crate::row::Row;

/// Buckets do not merge where so many entries would have to lead to the one that is left, as a power of two: keys that come and go
/// could ask for that with each few rows. The directory halves first.
const LONGEST: u32 = 12;

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Looks after a bucket that a row has left.
    #[inline(never)]
    pub(super) fn thinned(&mut self, at: usize, key: &K, value: &V) {
        self.close_ranks(at);
        if self.buckets[at].slots.len() > THIN {
            return;
        }
        let address = Address::of(key, value);
        self.note_if_empty(at, address);
        if self.directory.len() == 1 && self.forks.is_empty() {
            return;
        }
        match self.way(address.key_hash) {
            Way::Bucket(at) => self.merge(address.key_hash, at),
            Way::Fork(fork) => self.merge_children(fork, address.value_hash),
        }
    }

    /// Moves rows down into gaps of a bucket until it needs no more blocks than so many rows do, and gives the others
    /// back.
    pub(super) fn close_ranks(&mut self, at: usize) {
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

    /// Merges the region of `key_hash` with its buddy (the prefix that differs in the last bit) if together they hold few rows
    /// and forks.
    fn merge(&mut self, key_hash: u64, at: usize) {
        let depth = self.buckets[at].slots.depth();
        if depth == 0 || self.depth - depth >= LONGEST {
            return;
        }
        let buddy_hash = key_hash ^ 1 << (64 - depth);
        let buddy_fork = self.forks_before(buddy_hash).next();
        let buddy = self.bucket_behind(buddy_hash);
        let buddy_depth = match buddy_fork {
            Some(fork) => self.forks.get(fork).depth(),
            None if buddy == Entry::ABSENT.at() => self.absent_depth(buddy_hash, depth),
            None => self.buckets[buddy].slots.depth(),
        };
        let forks = self.forks_before(key_hash).count() + self.forks_before(buddy_hash).count();
        if buddy_depth != depth || forks > MOST_FORKS || self.rows_in(at) + self.rows_in(buddy) > MERGED {
            return;
        }
        self.version += 1;
        if buddy != Entry::ABSENT.at() {
            self.absorb(buddy, at);
        }
        self.buckets[at].slots.set_depth(depth - 1);
        // The forks of the buddy come first.
        self.set_bucket(buddy_hash, depth, self.entry(key_hash));
        self.lead(key_hash, depth - 1, self.entry(buddy_hash));
        let mut entry = self.entry(key_hash);
        while let Some(fork) = entry.as_fork() {
            self.forks.get_mut(fork).set_depth(depth - 1);
            entry = self.forks.get(fork).next;
        }
        // Its new buddy may have been waiting for it to have this depth.
        if self.rows_in(at) <= THIN {
            self.merge(key_hash, at);
        }
    }

    /// The depth of a region that has no bucket: that of the directory, or a lesser one if there is none in all of it.
    fn absent_depth(&self, key_hash: u64, depth: u32) -> u32 {
        let span = 1 << (self.depth - depth);
        let start = leading(key_hash, self.depth) & !(span - 1);
        let is_absent = self.directory[start..start + span].iter().all(|entry| *entry == Entry::ABSENT);
        if is_absent { depth } else { self.depth }
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
        let is_far = self.forks.get(fork).bits - depth >= LONGEST;
        if self.buckets[buddy].slots.depth() != depth || both > MERGED || is_far {
            return;
        }
        self.version += 1;
        self.absorb(buddy, at);
        self.buckets[at].slots.set_depth(depth - 1);
        self.forks.get_mut(fork).merge(value_hash, depth - 1, at);
        if self.rows_in(at) <= THIN {
            self.merge_children(fork, value_hash);
        }
    }

    /// Brings the rows of a key, of which there are few, back to the others of its region.
    fn dissolve(&mut self, fork: usize, child: usize) {
        let (key_hash, depth) = (self.forks.get(fork).key_hash, self.forks.get(fork).depth());
        let (at, rows) = (self.bucket_behind(key_hash), self.rows_in(child));
        if rows > THIN || rows > 0 && rows + self.rows_in(at) > MERGED {
            return;
        }
        self.version += 1;
        if at == Entry::ABSENT.at() {
            self.buckets[child].slots.set_depth(depth);
            self.set_bucket(key_hash, depth, Entry::bucket(child));
        } else {
            self.absorb(child, at);
        }
        let next = self.forks.get(fork).next;
        let has_spilled = self.forks.get(fork).has_spilled;
        self.replace_fork(fork, key_hash, depth, next);
        self.forks.free(fork);
        let at = self.bucket_behind(key_hash);
        if has_spilled {
            self.buckets[at].slots.set_spilled(true);
        }
        // The region may have been too thin before, but for its forks.
        if at != Entry::ABSENT.at() && self.rows_in(at) <= THIN {
            self.merge(key_hash, at);
        }
    }

    /// Moves all rows of a bucket to another, and frees it. Where either has spilled rows, the other one has from now on.
    fn absorb(&mut self, from: usize, to: usize) {
        let slots = self.buckets[from].slots;
        self.move_rows(slots.mask(), from, to);
        self.free(from);
        if slots.has_spilled() {
            self.buckets[to].slots.set_spilled(true);
        }
    }
}
