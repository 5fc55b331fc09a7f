//! From hash to position, by hashbrown: what stands in where feature `fast-table` is off.

use hashbrown::HashTable;

/// An index of positions by hash.
#[derive(Clone, Default)]
pub(super) struct Index {
    slots: HashTable<Slot>,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    position: u32,
}

/// The 64 bits that hashbrown wants: its low bits choose the bucket, its top seven the tag.
#[inline]
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl Index {
    pub(super) const fn new() -> Self {
        Self { slots: HashTable::new() }
    }

    /// Makes room for `additional` further positions.
    pub(super) fn reserve(&mut self, additional: usize) {
        self.slots.reserve(additional, |slot| spread(slot.hash));
    }

    /// There is no way to ask for a bucket of hashbrown's.
    #[inline]
    pub(super) fn prefetch(&self, _: u32) {}

    /// The first position under a hash that `is_it` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let found = self.slots.find(spread(hash), |slot| slot.hash == hash && is_it(slot.position));
        found.map(|slot| slot.position)
    }

    /// Adds a position under a hash.
    #[inline]
    pub(super) fn insert(&mut self, hash: u32, position: u32) {
        self.slots.insert_unique(spread(hash), Slot { hash, position }, |slot| spread(slot.hash));
    }

    /// Puts another position in the place of one.
    pub(super) fn replace(&mut self, hash: u32, before: u32, after: u32) {
        if let Some(slot) = self.slots.find_mut(spread(hash), |slot| slot.position == before) {
            slot.position = after;
        }
    }

    /// Removes a position.
    pub(super) fn remove(&mut self, hash: u32, position: u32) {
        if let Ok(slot) = self.slots.find_entry(spread(hash), |slot| slot.position == position) {
            slot.remove();
        }
    }

    /// Removes every position and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }

    /// How many slots emptying has to go through.
    pub(super) fn slot_count(&self) -> usize {
        self.slots.num_buckets()
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.slots.allocation_size()
    }
}
