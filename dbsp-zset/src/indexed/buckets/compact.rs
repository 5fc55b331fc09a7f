//! Giving memory back, a bounded piece at a time.
//!
//! # Shape       where more than half of the places for buckets are vacant the last ones are freed: what stands there moves to
//!   vacant places before it, and what led there leads on. So with forks. A directory that is long for its buckets halves where
//!   no two regions need its last bit.
//! # Cost        for a step a few places, and two more for every bucket that it has freed; halving: O(directory),
//!   at most once until a quarter of the buckets is gone.
//! # Not here    making one bucket of two: see [`merge`](super::merge).

use crate::algebra::Ring;
use crate::indexed::buckets::address::Address;
use crate::indexed::buckets::forks::Entry;
use crate::indexed::buckets::{Buckets, Way};
use crate::row::Row;

/// A directory with more entries than so many for each bucket halves, to half as many.
const LONG: usize = 16;

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// To be called at the end of a step: gives some memory back that only many more rows need. Says whether it did.
    #[inline]
    pub(in crate::indexed) fn shrink(&mut self) -> bool {
        let is_loose = self.buckets.is_sparse() || self.forks.is_sparse() || self.may_halve();
        is_loose && self.compact()
    }

    #[inline]
    fn may_halve(&self) -> bool {
        let used = self.buckets.used();
        self.directory.len() > LONG * used && used < self.halve_below
    }

    #[inline(never)]
    fn compact(&mut self) -> bool {
        self.version += 1;
        let mut has_shrunk = false;
        if self.may_halve() {
            self.halve();
        }
        for _ in 0..self.buckets.budget() {
            if !self.buckets.is_sparse() {
                break;
            }
            self.free_last_bucket();
            has_shrunk = true;
        }
        for _ in 0..self.forks.arena().budget() {
            if !self.forks.is_sparse() {
                break;
            }
            self.free_last_fork();
        }
        has_shrunk
    }

    /// Makes the directory shorter as long as no two regions need its last bit.
    fn halve(&mut self) {
        let used = self.buckets.used();
        self.halve_below = used / 4 * 3;
        while self.directory.len() > LONG / 2 * used && self.depth > 0 {
            let (pairs, _) = self.directory.as_chunks::<2>();
            if pairs
                .iter()
                .any(|[one, other]| one != other && *one != Entry::ABSENT && *other != Entry::ABSENT)
            {
                break;
            }
            self.depth -= 1;
            for i in 0..self.directory.len() / 2 {
                let [one, other] = [self.directory[2 * i], self.directory[2 * i + 1]];
                let entry = if one == Entry::ABSENT { other } else { one };
                if one != other {
                    self.set_depth(entry, self.depth);
                }
                self.directory[i] = entry;
            }
            self.directory.truncate(self.directory.len() / 2);
        }
        self.directory.shrink_to(self.directory.len());
    }

    /// Gives a region another depth.
    fn set_depth(&mut self, mut entry: Entry, depth: u32) {
        while let Some(at) = entry.as_fork() {
            let fork = self.forks.get_mut(at);
            fork.set_depth(depth);
            entry = fork.next;
        }
        if entry != Entry::ABSENT {
            self.buckets[entry.at()].slots.set_depth(depth);
        }
    }

    fn free_last_bucket(&mut self) {
        if let Some([from, to]) = self.buckets.evict_last() {
            self.relocate(from, to);
        }
        self.buckets.pop();
        self.follow();
    }

    /// Moves a bucket to another place, and what leads to it.
    fn relocate(&mut self, from: usize, to: usize) {
        let bucket = &self.buckets[from];
        let (slots, row) = (bucket.slots, self.blocks.rows(bucket, from).iter().next());
        if let (true, Some((_, row))) = (slots.is_overflow(), row) {
            self.spill.relocate(row, to);
        } else {
            let noted = bucket.noted();
            let address = row.map_or(noted, |(_, (key, value))| Address::of(key, value));
            match self.way(address.key_hash) {
                Way::Fork(fork) if self.forks.get(fork).child(address.value_hash) == from => {
                    self.forks.get_mut(fork).lead(address.value_hash, slots.depth(), to);
                }
                // Also where an empty bucket was noted under the hash of a fork of its region.
                _ => {
                    debug_assert_eq!(
                        self.bucket_of_region(address.key_hash),
                        from,
                        "it is where rows are sought"
                    );
                    self.set_bucket(address.key_hash, slots.depth(), Entry::bucket(to));
                }
            }
        }
        self.blocks.relocate(from, to);
        self.weights.relocate(from, to);
        self.buckets.swap(from, to);
    }

    /// The bucket of a region, behind its forks.
    fn bucket_of_region(&self, key_hash: u64) -> usize {
        let last = self.forks_before(key_hash).last();
        last.map_or(self.entry(key_hash), |fork| self.forks.get(fork).next).at()
    }

    fn free_last_fork(&mut self) {
        if let Some([from, to]) = self.forks.arena().evict_last() {
            self.relocate_fork(from, to);
        }
        self.forks.pop();
    }

    /// Moves a fork to another place, and what leads to it.
    fn relocate_fork(&mut self, from: usize, to: usize) {
        let (key_hash, depth) = (self.forks.get(from).key_hash, self.forks.get(from).depth());
        self.replace_fork(from, key_hash, depth, Entry::fork(to));
        self.forks.relocate(from, to);
    }
}
