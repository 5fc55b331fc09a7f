//! The rows of one delta, found by key, for the length of one step.
//!
//! # Shape       a hash table of the last row of each key; `next[i]` leads to the one before it.
//! # Cost        build: O(n); finding the rows of a key: O(1) expected, then one hop a row. It keeps
//!   its memory from step to step (feature `pool`) and clones no key.
//! # Not here    no weights: it knows positions in the delta it was built from, and no other.

use std::hash::Hash;

use hashbrown::HashTable;

use crate::delta::Delta;
use crate::pool::renew;
use crate::row::hash_of;
use crate::usage::{is_excessive, shrink_vec};

/// No further row.
const END: u32 = u32::MAX;

/// Positions of the rows of a keyed delta by key; see the [module](self).
///
/// ```
/// use dbsp_zset::{Delta, DeltaIndex};
///
/// let delta = Delta::from_iter([(("a", 1), 1), (("b", 2), 1), (("a", 3), 1)]);
/// let mut index = DeltaIndex::new();
/// index.build(&delta);
/// assert_eq!(index.positions(&delta, &"a").collect::<Vec<_>>(), [2, 0]);
/// ```
#[derive(Default)]
pub struct DeltaIndex {
    heads: HashTable<u32>,
    next: Vec<u32>,
}

impl DeltaIndex {
    /// An index of nothing, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { heads: HashTable::new(), next: Vec::new() }
    }

    /// Bytes of memory owned.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.heads.allocation_size() + self.next.capacity() * size_of::<u32>()
    }

    /// Forgets what is indexed, and gives memory back if there is room for far more than `needed` rows.
    pub fn shrink(&mut self, needed: usize) {
        if is_excessive(self.heads.num_buckets(), size_of::<u32>(), needed) {
            self.heads = HashTable::new();
        }
        self.next.clear();
        shrink_vec(&mut self.next, needed);
    }

    /// Indexes a delta instead of what was indexed before.
    ///
    /// # Panics
    /// If the delta has `u32::MAX` rows or more.
    pub fn build<K: Eq + Hash, V, W>(&mut self, delta: &Delta<(K, V), W>) {
        // Emptying costs what the table once held: a small delta after a huge one starts anew.
        const SPARSE: usize = 64;
        if self.heads.num_buckets() > SPARSE * delta.len().max(SPARSE) {
            *self = Self::new();
        }
        renew(&mut self.heads, HashTable::clear);
        renew(&mut self.next, Vec::clear);
        self.next.reserve(delta.len());
        let rows = delta.rows();
        assert!(rows.len() < END as usize, "a delta that is indexed has fewer than u32::MAX rows");
        for (i, (key, _)) in rows.iter().enumerate() {
            let head = self.heads.entry(
                hash_of(key),
                |head| rows[*head as usize].0 == *key,
                |head| hash_of(&rows[*head as usize].0),
            );
            match head {
                hashbrown::hash_table::Entry::Occupied(mut head) => {
                    self.next.push(std::mem::replace(head.get_mut(), i as u32));
                }
                hashbrown::hash_table::Entry::Vacant(vacant) => {
                    vacant.insert(i as u32);
                    self.next.push(END);
                }
            }
        }
    }

    /// Where rows with a key stand in the delta that the index was built from, the last one first.
    #[inline]
    pub fn positions<K: Eq + Hash, V, W>(
        &self,
        delta: &Delta<(K, V), W>,
        key: &K,
    ) -> impl Iterator<Item = usize> {
        let rows = delta.rows();
        let head = self.heads.find(hash_of(key), |head| rows[*head as usize].0 == *key);
        let mut at = head.copied().unwrap_or(END);
        std::iter::from_fn(move || {
            let position = (at != END).then_some(at as usize)?;
            at = self.next[position];
            Some(position)
        })
    }
}
