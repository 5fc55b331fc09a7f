//! Keys that have buckets of their own, as they have many rows.
//!
//! # Shape       a fork stands before the bucket of its region: rows of its key go to its children, by the leading
//!   bits of the value's hash, and all others on to what is next, a bucket or another fork.
//! # Invariants  a key has one fork at most; keys with one hash share it. All forks of a region and its bucket have
//!   one depth. A region may have forks and no bucket; one with neither has the depth of the directory.
//! # Cost        update: a cache line for each fork passed, of which a region has two at most as a rule, and one
//!   for more than four children. A row of a key without a fork, in a region without one, pays for the question only.
//!
//! So one kind of storage serves groups of all sizes: a key with a million rows is updated as one with two is, and
//! what the other keys pay does not depend on it.

use crate::indexed::buckets::address::leading;
use crate::pool::{at_once, renew};

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
    pub(super) depth: u32,
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
        for i in (0..children.len()).rev() {
            children[i] = children[i / 2];
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
    fn lead(&mut self, value_hash: u64, depth: u32, bucket: usize) {
        let span = 1 << (self.bits - depth);
        let start = leading(value_hash, self.bits) & !(span - 1);
        self.children_mut()[start..start + span].fill(bucket as u32);
    }
}

/// All forks.
#[derive(Clone)]
pub(super) struct Forks {
    forks: Vec<Fork>,
    /// Those that nothing leads to.
    free: Vec<u32>,
}

impl Forks {
    pub(super) const fn new() -> Self {
        Self { forks: Vec::new(), free: Vec::new() }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.forks.len() == self.free.len()
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> &Fork {
        &self.forks[at]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, at: usize) -> &mut Fork {
        &mut self.forks[at]
    }

    /// A fork with one child.
    pub(super) fn make(&mut self, key_hash: u64, depth: u32, child: usize, next: Entry) -> usize {
        if self.free.is_empty() {
            self.make_spare();
        }
        let at = self.free.pop().expect("forks have just been made if there were none") as usize;
        let fork = &mut self.forks[at];
        (fork.key_hash, fork.next, fork.depth) = (key_hash, next, depth);
        (fork.bits, fork.buckets) = (0, 1);
        fork.near[0] = child as u32;
        at
    }

    /// Makes sure that there is a fork to be used. They are made a few at a time, and first with the buckets of a table
    /// that grows: keys that come to have many rows, while as many rows come as go, then allocate nothing.
    pub(super) fn make_spare(&mut self) {
        if self.free.is_empty() {
            let (made, more) = (self.forks.len(), at_once(SPARE, self.forks.len()));
            self.forks.extend((0..more).map(|_| Fork {
                key_hash: 0,
                next: Entry::ABSENT,
                depth: 0,
                bits: 0,
                buckets: 0,
                near: [0; 1 << NEAR_BITS],
                far: Vec::new(),
            }));
            // Room for all of them: freeing a fork never allocates.
            self.free.reserve(self.forks.len());
            self.free.extend((made as u32..(made + more) as u32).rev());
        }
    }

    /// Gives back a fork that nothing leads to any more; it keeps a little memory for the next one.
    pub(super) fn free(&mut self, at: usize) {
        renew(&mut self.forks[at].far, Vec::clear);
        self.forks[at].far.shrink_to(KEPT_CHILDREN);
        self.free.push(at as u32);
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        let children: usize = self.forks.iter().map(|fork| fork.far.capacity()).sum();
        self.forks.capacity() * size_of::<Fork>() + (children + self.free.capacity()) * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_that_was_large_has_few_children_in_the_end() {
        let mut forks = Forks::new();
        let at = forks.make(7, 0, 1, Entry::ABSENT);
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
        let at = forks.make(7, 3, 10, Entry::ABSENT);
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
        assert_eq!(forks.make(8, 1, 5, Entry::bucket(2)), at, "a free fork is used again");
        assert_eq!((forks.get(at).child(u64::MAX), forks.get(at).next.at()), (5, 2));
    }
}
