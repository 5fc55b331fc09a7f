//! Keys that the index of a table does not take, in order: as many others have their hash, or stand in their segment, as may.
//!
//! # Shape       an ordered map from key to position, and a word that says which hashes may be in it.
//! # Cost        O(log n) a key, as no crafted hash helps against an order. A key that is not there is asked for only if its
//!   hash agrees with one that is in six bits.
//! # Not here    nothing, unless somebody has crafted keys.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// Keys without a place in the index; see the [module](self).
#[derive(Clone)]
pub(super) struct Overflow<K> {
    positions: BTreeMap<K, u32>,
    /// A bit for the last six bits of each hash that came since this was empty.
    hashes: u64,
}

impl<K> Overflow<K> {
    pub(super) const fn new() -> Self {
        Self { positions: BTreeMap::new(), hashes: 0 }
    }

    /// Whether a key with a hash may be here.
    #[inline]
    pub(super) fn may_hold(&self, hash: u32) -> bool {
        self.hashes >> (hash % 64) & 1 == 1
    }

    /// Removes all keys.
    pub(super) fn clear(&mut self) {
        self.hashes = 0;
        self.positions.clear();
    }

    /// About how many bytes of memory are owned, not counting what keys own: nodes of ordered maps are two thirds full.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.positions.len() * size_of::<(K, u32)>() * 3 / 2
    }

    /// How many keys are here.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.positions.len()
    }
}

impl<K: Ord> Overflow<K> {
    /// Where a key stands.
    #[inline(never)]
    pub(super) fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        self.positions.get(key).copied()
    }

    /// Adds a key that is not here.
    #[cold]
    pub(super) fn insert(&mut self, hash: u32, key: K, position: u32) {
        self.positions.insert(key, position);
        self.hashes |= 1 << (hash % 64);
    }

    /// Gives a key that is here another position.
    #[cold]
    pub(super) fn replace(&mut self, key: &K, position: u32) {
        if let Some(found) = self.positions.get_mut(key) {
            *found = position;
        }
    }

    /// Removes a key that is here.
    #[cold]
    pub(super) fn remove(&mut self, key: &K) {
        self.positions.remove(key);
        if self.positions.is_empty() {
            self.hashes = 0;
        }
    }
}
