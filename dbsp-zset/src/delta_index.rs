//! The rows of one delta, found by key, for the length of one step.
//!
//! # Shape       a hash table of the last row of each key; `next[i]` leads to the one before it. Where lookups meet too many
//!   other keys, as if somebody had chosen keys with one hash, it is all rows in the order of their keys instead: `sorted`.
//! # Cost        build: O(n); finding the rows of a key: O(1) expected, then one hop a row; O(n log n) and O(log n) where
//!   sorted. It keeps its memory from step to step (feature `pool`) and clones no key.
//! # Not here    no weights: it knows positions in the delta it was built from, and no other.

use std::hash::Hash;

use hashbrown::HashTable;

use crate::delta::Delta;
use crate::pool::renew;
use crate::row::hash_of;
use crate::usage::{is_excessive, shrink_vec};

/// No further row.
const END: u32 = u32::MAX;
/// Other keys that lookups may meet before keys are sorted, for each row. Keys that nobody has chosen meet one in a hundred.
const OTHERS: usize = 1;

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
    /// The positions of all rows by key, the last row of a key first; empty where `heads` is used.
    sorted: Vec<u32>,
}

impl DeltaIndex {
    /// An index of nothing, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { heads: HashTable::new(), next: Vec::new(), sorted: Vec::new() }
    }

    /// Bytes of memory owned.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.heads.allocation_size() + (self.next.capacity() + self.sorted.capacity()) * size_of::<u32>()
    }

    /// Forgets what is indexed, and gives memory back if there is room for far more than `needed` rows.
    pub fn shrink(&mut self, needed: usize) {
        if is_excessive(self.heads.num_buckets(), size_of::<u32>(), needed) {
            self.heads = HashTable::new();
        }
        self.heads.clear();
        self.next.clear();
        shrink_vec(&mut self.next, needed);
        self.sorted = Vec::new();
    }

    /// Indexes a delta instead of what was indexed before.
    ///
    /// # Panics
    /// If the delta has `u32::MAX` rows or more.
    pub fn build<K: Ord + Hash, V, W>(&mut self, delta: &Delta<(K, V), W>) {
        // Emptying costs what the table once held: a small delta after a huge one starts anew.
        const SPARSE: usize = 64;
        if self.heads.num_buckets() > SPARSE * delta.len().max(SPARSE) {
            *self = Self::new();
        }
        renew(&mut self.heads, HashTable::clear);
        renew(&mut self.next, Vec::clear);
        self.sorted.clear();
        self.next.reserve(delta.len());
        let rows = delta.rows();
        assert!(rows.len() < END as usize, "a delta that is indexed has fewer than u32::MAX rows");
        let mut others_left = OTHERS * rows.len().max(SPARSE);
        for (i, (key, _)) in rows.iter().enumerate() {
            let is_it = |head: &u32| {
                rows[*head as usize].0 == *key || {
                    others_left = others_left.saturating_sub(1);
                    false
                }
            };
            match self.heads.entry(hash_of(key), is_it, |head| hash_of(&rows[*head as usize].0)) {
                hashbrown::hash_table::Entry::Occupied(mut head) => {
                    self.next.push(std::mem::replace(head.get_mut(), i as u32));
                }
                hashbrown::hash_table::Entry::Vacant(vacant) => {
                    vacant.insert(i as u32);
                    self.next.push(END);
                }
            }
            if others_left == 0 {
                return self.sort(rows);
            }
        }
    }

    /// Indexes rows by the order of their keys.
    #[cold]
    fn sort<K: Ord, V>(&mut self, rows: &[(K, V)]) {
        self.heads.clear();
        self.sorted.extend(0..rows.len() as u32);
        self.sorted.sort_unstable_by(|one, other| {
            rows[*one as usize].0.cmp(&rows[*other as usize].0).then(other.cmp(one))
        });
        // The last row of a key leads to the others here, too.
        self.next.clear();
        self.next.resize(rows.len(), END);
        for pair in self.sorted.windows(2) {
            if rows[pair[0] as usize].0 == rows[pair[1] as usize].0 {
                self.next[pair[0] as usize] = pair[1];
            }
        }
    }

    /// Where rows with a key stand in the delta that the index was built from, the last one first.
    #[inline]
    pub fn positions<K: Ord + Hash, V, W>(
        &self,
        delta: &Delta<(K, V), W>,
        key: &K,
    ) -> impl Iterator<Item = usize> {
        let rows = delta.rows();
        let mut at = if self.sorted.is_empty() {
            let head = self.heads.find(hash_of(key), |head| rows[*head as usize].0 == *key);
            head.copied().unwrap_or(END)
        } else {
            let place = self.sorted.partition_point(|position| rows[*position as usize].0 < *key);
            self.sorted.get(place).copied().filter(|at| rows[*at as usize].0 == *key).unwrap_or(END)
        };
        std::iter::from_fn(move || {
            let position = (at != END).then_some(at as usize)?;
            at = self.next[position];
            Some(position)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hasher;

    /// A key whose hash is that of all others.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
    struct Alike(u64);

    impl Hash for Alike {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }

    /// A hash table of such keys takes minutes.
    #[test]
    fn keys_that_were_chosen_to_have_one_hash_are_found_by_their_order() {
        let delta: Delta<(Alike, u64)> = (0..100_000).map(|n| ((Alike(n % 50_000), n), 1)).collect();
        let mut index = DeltaIndex::new();
        index.build(&delta);
        assert!(!index.sorted.is_empty());
        for n in 0..50_000 {
            let found = index.positions(&delta, &Alike(n)).collect::<Vec<_>>();
            assert_eq!(found, [n as usize + 50_000, n as usize]);
        }
        assert_eq!(index.positions(&delta, &Alike(50_000)).count(), 0);
        // What comes next is no worse for it.
        let delta: Delta<(u64, u64)> = (0..100).map(|n| ((n % 50, n), 1)).collect();
        index.build(&delta);
        assert!(index.sorted.is_empty());
        assert_eq!(index.positions(&delta, &7).collect::<Vec<_>>(), [57, 7]);
    }
}
