//! From hash to position, by open addressing over one array.
//!
//! # Shape       a power of two of slots, each 32 bits of hash and a position; linear probing.
//! # Invariants  between the slot that a hash points to and the slot that holds it none is empty; at
//!   most five slots of eight are full.
//! # Cost        find: one cache line nearly always; insert and remove: O(1) expected.
//!
//! Against SwissTable groups, which [`plain_index`](super::plain_index) takes from hashbrown: there a
//! lookup reads control bytes and then a slot, here the slot alone.

use crate::prefetch::prefetch_one;

/// A slot that holds nothing; positions are kept plus one.
const EMPTY: u64 = 0;

/// An index of positions by hash; see the [module](self).
#[derive(Clone, Default)]
pub(super) struct Index {
    slots: Vec<u64>,
    len: usize,
}

/// The hash that a slot was filled with.
#[inline]
fn hash_in(slot: u64) -> u32 {
    (slot >> 32) as u32
}

/// The position that a full slot holds.
#[inline]
fn position_in(slot: u64) -> u32 {
    slot as u32 - 1
}

impl Index {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }

    /// Makes room for `additional` further positions.
    pub(super) fn reserve(&mut self, additional: usize) {
        let wanted = (self.len + additional) * 8 / 5 + 1;
        if wanted > self.slots.len() {
            let slots = vec![EMPTY; wanted.next_power_of_two().max(8)];
            for slot in std::mem::replace(&mut self.slots, slots) {
                if slot != EMPTY {
                    self.place(slot);
                }
            }
        }
    }

    /// Asks for the slots where a hash is going to be looked for.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        if let Some(slot) = self.slots.get(self.home(hash)) {
            prefetch_one(slot);
        }
    }

    /// The first position under a hash that `is_it` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.slot_of(hash, is_it).map(|i| position_in(self.slots[i]))
    }

    /// Adds a position under a hash.
    #[inline]
    pub(super) fn insert(&mut self, hash: u32, position: u32) {
        if (self.len + 1) * 8 > self.slots.len() * 5 {
            self.reserve(self.len.max(4));
        }
        self.place(u64::from(hash) << 32 | u64::from(position + 1));
        self.len += 1;
    }

    /// Puts another position in the place of one.
    pub(super) fn replace(&mut self, hash: u32, before: u32, after: u32) {
        if let Some(i) = self.slot_of(hash, |position| position == before) {
            self.slots[i] = u64::from(hash) << 32 | u64::from(after + 1);
        }
    }

    /// Removes a position. The slots behind it move up, so that no probe ends too early.
    pub(super) fn remove(&mut self, hash: u32, position: u32) {
        let Some(mut hole) = self.slot_of(hash, |found| found == position) else { return };
        let mask = self.slots.len() - 1;
        let mut i = hole;
        loop {
            i = (i + 1) & mask;
            let slot = self.slots[i];
            if slot == EMPTY {
                break;
            }
            // How far the slot is from its hash, and from the hole: it may move if it stays behind the one.
            let home = self.home(hash_in(slot));
            if i.wrapping_sub(home) & mask >= i.wrapping_sub(hole) & mask {
                self.slots[hole] = slot;
                hole = i;
            }
        }
        self.slots[hole] = EMPTY;
        self.len -= 1;
    }

    /// Removes every position and keeps the memory.
    pub(super) fn clear(&mut self) {
        if self.len > 0 {
            self.slots.fill(EMPTY);
            self.len = 0;
        }
    }

    /// How many slots emptying has to go through.
    pub(super) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u64>()
    }

    /// The slot where the probe for a hash begins.
    #[inline]
    fn home(&self, hash: u32) -> usize {
        hash as usize & self.slots.len().wrapping_sub(1)
    }

    /// The slot that holds the first position under a hash that `is_it` accepts.
    #[inline]
    fn slot_of(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut i = self.home(hash);
        loop {
            let slot = self.slots[i];
            if slot == EMPTY {
                return None;
            }
            if hash_in(slot) == hash && is_it(position_in(slot)) {
                return Some(i);
            }
            i = (i + 1) & mask;
        }
    }

    /// Puts a full slot where it belongs; there is room.
    #[inline]
    fn place(&mut self, slot: u64) {
        let mask = self.slots.len() - 1;
        let mut i = self.home(hash_in(slot));
        while self.slots[i] != EMPTY {
            i = (i + 1) & mask;
        }
        self.slots[i] = slot;
    }
}
