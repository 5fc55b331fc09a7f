//! Keys that have buckets of their own, as they have many rows.
//!
//! # Shape       a fork stands before the bucket of its region: rows of its key go to its children, by the leading
//!   bits of the value's hash, and all others on to what is next, a bucket or another fork.
//! # Invariants  a key has one fork at most, and so has a hash: of keys with one hash the first that has many rows gets it, and
//!   rows of the others are [spilled](super::spill). All forks of a region and its bucket have
//!   one depth. A region may have forks and no bucket; one with neither has the depth of the directory.
//! # Cost        update: a cache line for each fork passed, of which a region has two at most as a rule, and one
//!   for more than four children. A row of a key without a fork, in a region without one, pays for the question only.
//!
//! So one kind of storage serves groups of all sizes: a key with a million rows is updated as one with two is, and
//! what the other keys pay does not depend on it.

use crate::indexed::buckets::address::leading;
use crate::indexed::buckets::arena::{Arena, Place};
use crate::indexed::buckets::pages::Pages;
use crate::pool::renew;
use crate::prefetch::prefetch_one;

/// At least so many forks are made at a time.
const SPARE: usize = 16;
/// So many bits at most choose among the children that stand in the fork itself.
const NEAR_BITS: u32 = 2;
/// A fork that is used again keeps room for so many children at most: keys that come and go with their rows then allocate nothing.
const KEPT_CHILDREN: usize = 64;
/// Room for so many times more children is made than are told apart: a few of many buckets, which are about full, split late.
const AHEAD: usize = if cfg!(feature = "pool") { 4 } else { 1 };
/// With more children than this for each bucket a fork looks whether half as many tell its buckets apart.
const SPARSE: usize = 64;

/// What an entry of the directory leads to, and what stands behind a fork: a bucket, or a fork.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(u32);

const FORK: u32 = 1 << 31;

impl Entry {
    /// Where there are no rows yet: a bucket that is full and in which nothing is found.
    pub(super) const ABSENT: Self = Self(0);

    #[inline]
    pub(super) fn bucket(at: usize) -> Self {
        Self(at as u32)
    }

    #[inline]
    pub(super) fn fork(at: usize) -> Self {
        Self(at as u32 | FORK)
    }

    /// The fork, if it is one.
    #[inline]
    pub(super) fn as_fork(self) -> Option<usize> {
        (self.0 & FORK != 0).then_some((self.0 & !FORK) as usize)
    }

    /// The bucket, of an entry that is no fork.
    #[inline]
    pub(super) fn at(self) -> usize {
        debug_assert!(self.as_fork().is_none(), "a fork is no bucket");
        self.0 as usize
    }
}

const _: () = assert!(size_of::<Fork>() == 64, "a fork is a cache line");

/// The buckets of one key; see the [module](self). A cache line, that with few children is all there is to read.
#[derive(Clone)]
#[repr(align(64))]
pub(super) struct Fork {
    pub(super) key_hash: u64,
    pub(super) next: Entry,
    /// How many leading bits of the hash of a key lead here.
    depth: u16,
    /// Whether rows of its key, or of others with its hash, may have been spilled.
    pub(super) has_spilled: bool,
    /// How many leading bits of the hash of a value choose a child.
    pub(super) bits: u32,
    /// How many buckets there are.
    pub(super) buckets: u32,
    /// The children, if they are few,
    near: [u32; 1 << NEAR_BITS],
    /// and if they are many.
    far: Vec<u32>,
}

impl Fork {
    /// How many leading bits of the hash of a key lead here.
    pub(super) fn depth(&self) -> u32 {
        self.depth.into()
    }

    pub(super) fn set_depth(&mut self, depth: u32) {
        debug_assert!(depth < 64, "nothing has 2^64 entries");
        self.depth = depth as u16;
    }

    /// 2^bits buckets; one whose depth is less than `bits` stands in several places.
    #[inline]
    pub(super) fn children(&self) -> &[u32] {
        if self.bits <= NEAR_BITS { &self.near[..1 << self.bits] } else { &self.far }
    }

    fn children_mut(&mut self) -> &mut [u32] {
        if self.bits <= NEAR_BITS { &mut self.near[..1 << self.bits] } else { &mut self.far }
    }

    /// The bucket of a value.
    #[inline]
    pub(super) fn child(&self, value_hash: u64) -> usize {
        self.children()[leading(value_hash, self.bits)] as usize
    }

    /// Tells twice as many children apart.
    fn double(&mut self) {
        self.bits += 1;
        if self.bits > NEAR_BITS {
            let children = 1 << self.bits;
            if self.far.capacity() < children {
                self.far.reserve_exact(children * AHEAD - self.far.len());
            }
            self.far.resize(children, 0);
        }
        if self.bits == NEAR_BITS + 1 {
            self.far[..1 << NEAR_BITS].copy_from_slice(&self.near);
        }
        // From the last one on, so that no child is read after its place was written.
        let children = self.children_mut();
        for i in (0..children.len() / 2).rev() {
            let child = children[i];
            children[2 * i..2 * i + 2].fill(child);
        }
    }

    /// The only bucket of the key, if there is one.
    #[inline]
    pub(super) fn only_child(&self) -> Option<usize> {
        (self.bits == 0).then(|| self.near[0] as usize)
    }

    /// Makes a bucket of the values whose hashes begin like this one that of twice as many.
    pub(super) fn merge(&mut self, value_hash: u64, depth: u32, bucket: usize) {
        self.lead(value_hash, depth, bucket);
        self.buckets -= 1;
        // At powers of two, as a look goes through all children.
        if self.buckets == 1
            || self.buckets.is_power_of_two() && self.children().len() > SPARSE * self.buckets as usize
        {
            self.halve();
        }
    }

    /// Tells no more children apart than there are.
    fn halve(&mut self) {
        while self.bits > 0 && self.children().chunks_exact(2).all(|pair| pair[0] == pair[1]) {
            let children = self.children_mut();
            for i in 0..children.len() / 2 {
                children[i] = children[2 * i];
            }
            self.bits -= 1;
            if self.bits == NEAR_BITS {
                self.near.copy_from_slice(&self.far[..1 << NEAR_BITS]);
            }
            self.far.truncate(if self.bits > NEAR_BITS { 1 << self.bits } else { 0 });
        }
        self.far.shrink_to(KEPT_CHILDREN.max(AHEAD * self.far.len()));
    }

    /// Makes a further bucket that of all values whose hashes begin like this one.
    pub(super) fn split(&mut self, value_hash: u64, depth: u32, bucket: usize) {
        while self.bits < depth {
            self.double();
        }
        self.lead(value_hash, depth, bucket);
        self.buckets += 1;
    }

    /// Makes a bucket of a depth that of all values whose hashes begin like this one.
    pub(super) fn lead(&mut self, value_hash: u64, depth: u32, bucket: usize) {
        let span = 1 << (self.bits - depth);
        let start = leading(value_hash, self.bits) & !(span - 1);
        self.children_mut()[start..start + span].fill(bucket as u32);
    }
}

/// A fork that nobody uses has no buckets, and links where the hash of its key would be.
impl Place for Fork {
    fn links(&self) -> Option<[u32; 2]> {
        (self.buckets == 0).then_some([self.key_hash as u32, (self.key_hash >> 32) as u32])
    }

    fn set_links(&mut self, links: Option<[u32; 2]>) {
        self.buckets = u32::from(links.is_none());
        let [before, behind] = links.unwrap_or_default();
        self.key_hash = u64::from(before) | u64::from(behind) << 32;
    }
}

impl Default for Fork {
    fn default() -> Self {
        Self {
            key_hash: 0,
            next: Entry::ABSENT,
            depth: 0,
            has_spilled: false,
            bits: 0,
            buckets: 0,
            near: [0; 1 << NEAR_BITS],
            far: Vec::new(),
        }
    }
}

/// All forks, with their keys.
#[derive(Clone)]
pub(super) struct Forks<K> {
    forks: Arena<Fork>,
    keys: Pages<Option<K>, 16>,
}

impl<K> Forks<K> {
    pub(super) const fn new() -> Self {
        Self { forks: Arena::new(SPARE), keys: Pages::new() }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.forks.used() == 0
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> &Fork {
        &self.forks[at]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, at: usize) -> &mut Fork {
        &mut self.forks[at]
    }

    /// Asks for a fork and its key.
    #[inline]
    pub(super) fn prefetch(&self, at: usize) {
        prefetch_one(&self.forks[at]);
        prefetch_one(&self.keys[at]);
    }

    /// The key of a fork.
    #[inline]
    pub(super) fn key(&self, at: usize) -> Option<&K> {
        self.keys[at].as_ref()
    }

    /// A fork with one child.
    pub(super) fn make(&mut self, key: K, key_hash: u64, depth: u32, child: usize, next: Entry) -> usize {
        self.make_spare();
        let at = self.forks.take().expect("forks have just been made if there were none");
        let fork = &mut self.forks[at];
        (fork.key_hash, fork.next, fork.has_spilled) = (key_hash, next, false);
        (fork.bits, fork.buckets) = (0, 1);
        fork.near[0] = child as u32;
        fork.set_depth(depth);
        self.keys[at] = Some(key);
        at
    }

    /// Makes sure that there is a fork to be used. They are made a few at a time, and first with the buckets of a table
    /// that grows: keys that come to have many rows, while as many rows come as go, then allocate nothing.
    pub(super) fn make_spare(&mut self) {
        if self.forks.used() == self.forks.len() {
            self.forks.grow();
            self.follow();
        }
    }

    /// To be called at the end of a step: makes some of the forks that are wanted.
    #[inline]
    pub(super) fn top_up(&mut self) {
        if self.forks.top_up() {
            self.follow();
        }
    }

    fn follow(&mut self) {
        self.keys.resize_with(self.forks.len(), || None);
    }

    /// Gives back a fork that nothing leads to any more; it keeps a little memory for the next one.
    pub(super) fn free(&mut self, at: usize) {
        renew(&mut self.forks[at].far, Vec::clear);
        self.forks[at].far.shrink_to(KEPT_CHILDREN);
        self.keys[at] = None;
        self.forks.give(at);
    }

    /// Frees all forks.
    pub(super) fn clear(&mut self) {
        self.forks.iter_mut().for_each(|fork| fork.far = Vec::new());
        self.keys.iter_mut().for_each(|key| *key = None);
        self.forks.clear();
    }

    /// The places of forks; those that are vacant have no key.
    pub(super) fn arena(&mut self) -> &mut Arena<Fork> {
        &mut self.forks
    }

    /// Whether many more forks are kept than used.
    #[inline]
    pub(super) fn is_sparse(&self) -> bool {
        self.forks.is_sparse()
    }

    /// Moves a fork to a place that was taken for it.
    pub(super) fn relocate(&mut self, from: usize, to: usize) {
        self.forks.swap(from, to);
        self.keys.swap(from, to);
    }

    /// Frees the last place, from which the fork has moved.
    pub(super) fn pop(&mut self) {
        self.forks.pop();
        self.follow();
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        let children: usize = self.forks.iter().map(|fork| fork.far.capacity()).sum();
        self.forks.allocated_bytes() + self.keys.allocated_bytes() + children * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_that_was_large_has_few_children_in_the_end() {
        let mut forks = Forks::new();
        let at = forks.make('a', 7, 0, 1, Entry::ABSENT);
        let fork = forks.get_mut(at);
        // The first bucket gives half of its values away, again and again.
        (1..=12).for_each(|depth| fork.split(1 << (64 - depth), depth, depth as usize + 1));
        assert_eq!((fork.children().len(), fork.buckets), (4_096, 13));
        (2..12).rev().for_each(|depth| fork.merge(0, depth, 1));
        assert_eq!((fork.buckets, fork.child(0), fork.child(1 << 62), fork.child(1 << 63)), (3, 1, 3, 2));
        assert!(fork.children().len() <= 4 * SPARSE);
        (0..2).rev().for_each(|depth| fork.merge(0, depth, 1));
        assert_eq!((fork.children(), fork.only_child()), (&[1][..], Some(1)));
        assert!(fork.far.capacity() <= KEPT_CHILDREN);
    }

    #[test]
    fn children_are_told_apart_by_leading_bits() {
        let mut forks = Forks::new();
        let at = forks.make('a', 7, 3, 10, Entry::ABSENT);
        let fork = forks.get_mut(at);
        assert_eq!(fork.only_child(), Some(10));
        fork.split(u64::MAX, 1, 11);
        fork.split(0, 2, 12);
        assert_eq!(fork.children(), [12, 10, 11, 11]);
        assert_eq!([0, 1, 2, 3].map(|bits| fork.child(bits << 62)), [12, 10, 11, 11]);
        fork.double();
        assert_eq!(fork.children(), [12, 12, 10, 10, 11, 11, 11, 11]);
        fork.merge(0, 1, 12);
        assert_eq!((fork.children()[3], fork.only_child()), (12, None));
        fork.merge(0, 0, 12);
        assert_eq!((fork.children(), fork.only_child()), (&[12][..], Some(12)));
        forks.free(at);
        assert!(forks.is_empty());
        assert_eq!(forks.make('b', 8, 1, 5, Entry::bucket(2)), at, "a free fork is used again");
        assert_eq!((forks.get(at).child(u64::MAX), forks.get(at).next.at()), (5, 2));
    }
}
