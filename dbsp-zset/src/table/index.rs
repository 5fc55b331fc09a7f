//! From hash to position: a hashbrown table of 8 bytes a slot, half a hash and a position.
//!
//! Positions are found by a hash alone or with a question about each; no key is ever hashed again.

use hashbrown::HashTable;
use hashbrown::hash_table::{Entry, OccupiedEntry, VacantEntry};

/// An index of positions by hash.
#[derive(Clone, Default)]
pub(crate) struct Index {
    slots: HashTable<Slot>,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    position: u32,
}

/// A position that was found.
pub(crate) struct Found<'a> {
    slot: OccupiedEntry<'a, Slot>,
}

impl Found<'_> {
    #[inline]
    pub(crate) fn position(&self) -> u32 {
        self.slot.get().position
    }

    /// Removes the position, and gives it.
    #[inline]
    pub(crate) fn remove(self) -> u32 {
        self.slot.remove().0.position
    }
}

/// A place for a position, where none was found.
pub(crate) struct Vacancy<'a> {
    slot: VacantEntry<'a, Slot>,
    hash: u32,
}

impl Vacancy<'_> {
    /// Puts a position there.
    #[inline]
    pub(crate) fn fill(self, position: u32) {
        self.slot.insert(Slot { hash: self.hash, position });
    }
}

/// The 64 bits that hashbrown wants: its low bits choose the bucket, its top seven the tag.
#[inline]
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl Index {
    pub(crate) const fn new() -> Self {
        Self { slots: HashTable::new() }
    }

    /// Makes room for `additional` further positions.
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.slots.reserve(additional, |slot| spread(slot.hash));
    }

    /// Gives memory back that is not needed for `capacity` positions.
    pub(crate) fn shrink_to(&mut self, capacity: usize) {
        self.slots.shrink_to(capacity, |slot| spread(slot.hash));
    }

    /// The first position under a hash that `is_it` accepts.
    #[inline]
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let found = self.slots.find(spread(hash), |slot| slot.hash == hash && is_it(slot.position));
        found.map(|slot| slot.position)
    }

    /// The first position under a hash that `is_it` accepts, or the place for one.
    #[inline]
    pub(crate) fn entry(&mut self, hash: u32, is_it: impl Fn(u32) -> bool) -> Result<Found<'_>, Vacancy<'_>> {
        let is_it = |slot: &Slot| slot.hash == hash && is_it(slot.position);
        match self.slots.entry(spread(hash), is_it, |slot| spread(slot.hash)) {
            Entry::Occupied(slot) => Ok(Found { slot }),
            Entry::Vacant(slot) => Err(Vacancy { slot, hash }),
        }
    }

    /// Adds a position under a hash.
    #[inline]
    pub(crate) fn insert(&mut self, hash: u32, position: u32) {
        self.slots.insert_unique(spread(hash), Slot { hash, position }, |slot| spread(slot.hash));
    }

    /// Puts another position in the place of one.
    pub(crate) fn replace(&mut self, hash: u32, before: u32, after: u32) {
        if let Some(slot) = self.slots.find_mut(spread(hash), |slot| slot.position == before) {
            slot.position = after;
        }
    }

    /// Removes a position.
    pub(crate) fn remove(&mut self, hash: u32, position: u32) {
        if let Ok(slot) = self.slots.find_entry(spread(hash), |slot| slot.position == position) {
            slot.remove();
        }
    }

    /// Removes every position and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }

    /// How many positions there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// How many slots emptying has to go through.
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.num_buckets()
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        self.slots.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_list_where_hashes_collide() {
        let mut state = 7_u64;
        let mut random = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        let mut index = Index::new();
        let mut list: Vec<(u32, u32)> = Vec::new();
        for position in 0..4_000 {
            // Few hashes, near each other and near the end of the table: long probes that wrap.
            let hash = (random(40) as u32).wrapping_sub(20);
            match random(3) {
                0 if !list.is_empty() => {
                    let (hash, position) = list.swap_remove(random(list.len() as u64) as usize);
                    index.remove(hash, position);
                }
                1 if !list.is_empty() => {
                    let i = random(list.len() as u64) as usize;
                    index.replace(list[i].0, list[i].1, position);
                    list[i].1 = position;
                }
                _ => {
                    index.insert(hash, position);
                    list.push((hash, position));
                }
            }
            if list.len() > 200 {
                index.clear();
                index.reserve(50);
                list.clear();
            }
            for (hash, position) in &list {
                assert_eq!(index.find(*hash, |found| found == *position), Some(*position));
            }
            assert_eq!(index.find(hash, |found| !list.contains(&(hash, found))), None);
        }
        assert!((1_000..40_000).contains(&index.allocated_bytes()));
        assert!(index.slot_count() >= list.len() && index.len() == list.len());
    }
}
