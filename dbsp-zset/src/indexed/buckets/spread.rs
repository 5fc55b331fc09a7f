//! Where rows belong, and the keys that have so many of them that they belong to several places.
//!
//! # Shape       a place is 64 bits; its leading bits choose a bucket. The place of a row is the hash of its
//!   key. A key with many rows is *spread*: the leading `bits` of its place are also mixed with the hash of
//!   the value, so that its rows lie in up to 2^bits buckets, 4 to 16 in each as a rule.
//! # Invariants  a key is spread by its hash: keys with one hash are spread alike.
//! # Cost        place: O(1); enumerating a spread key: O(2^bits) buckets, which is O(rows of the key).
//!
//! Spreading keeps one kind of storage for groups of all sizes: a key with a million rows is updated as
//! one with two is. Raising `bits` moves rows of the key away, lowering them brings them back.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::indexed::buckets::bucket::Tags;
use crate::row::{Row, hash_of};

/// The most leading bits of a place that a value can have a part in.
pub(super) const MAX_BITS: u32 = 30;

/// A row's hashes, from which everything follows that a lookup needs.
#[derive(Clone, Copy, Default)]
pub(super) struct Address {
    pub(super) key_hash: u64,
    pub(super) value_hash: u64,
}

impl Address {
    #[inline]
    pub(super) fn of<K: Row, V: Row>(key: &K, value: &V) -> Self {
        Self { key_hash: place_hash(key), value_hash: place_hash(value) }
    }

    /// The place of the row, if its key is spread by so many bits.
    #[inline]
    pub(super) fn place(self, bits: u32) -> u64 {
        self.key_hash ^ (self.value_hash & leading(bits))
    }

    #[inline]
    pub(super) fn tags(self) -> Tags {
        Tags { row: tag(self.key_hash.rotate_left(8) ^ self.value_hash), key: tag(self.key_hash) }
    }
}

/// A hash whose leading bits and whose [`tag`] are both good, also for keys that follow each other.
#[inline]
pub(super) fn place_hash<T: Row>(value: &T) -> u64 {
    let hash = hash_of(value);
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A byte of a hash that has no part in its leading bits.
#[inline]
pub(super) fn tag(hash: u64) -> u8 {
    (hash >> 24) as u8
}

/// The spread keys.
#[derive(Clone, Default)]
pub(super) struct Spreads {
    keys: HashTable<Spread>,
}

/// How far the keys with one hash are spread.
#[derive(Clone, Copy)]
struct Spread {
    key_hash: u64,
    bits: u32,
    /// How often a bucket has lost its last row of the key since that was last looked into.
    emptied: u32,
}

impl Spreads {
    pub(super) const fn new() -> Self {
        Self { keys: HashTable::new() }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many leading bits of its places the values of a key have a part in.
    #[inline]
    pub(super) fn bits(&self, key_hash: u64) -> u32 {
        if self.keys.is_empty() {
            return 0;
        }
        self.keys.find(key_hash, |spread| spread.key_hash == key_hash).map_or(0, |spread| spread.bits)
    }

    /// The place of a row.
    #[inline]
    pub(super) fn place(&self, address: Address) -> u64 {
        address.place(self.bits(address.key_hash))
    }

    /// The place of a row whose value is hashed only if it has a part in it: that may be a long text.
    #[inline]
    pub(super) fn place_of<K: Row, V: Row>(&self, key: &K, value: &V) -> u64 {
        let key_hash = place_hash(key);
        match self.bits(key_hash) {
            0 => key_hash,
            bits => key_hash ^ (place_hash(value) & leading(bits)),
        }
    }

    /// Spreads a key over more places. There can be `most` spread keys; room for them is made at
    /// once, so that steps that spread one key and bring another together do not allocate.
    pub(super) fn raise(&mut self, key_hash: u64, bits: u32, most: usize) {
        if self.keys.capacity() < most {
            self.keys.reserve(most - self.keys.len(), |spread| spread.key_hash);
        }
        match self.keys.entry(key_hash, |spread| spread.key_hash == key_hash, |spread| spread.key_hash) {
            Entry::Occupied(mut spread) => spread.get_mut().bits = bits,
            Entry::Vacant(vacant) => {
                vacant.insert(Spread { key_hash, bits, emptied: 0 });
            }
        }
    }

    /// Spreads a key over fewer places.
    pub(super) fn lower(&mut self, key_hash: u64, bits: u32) {
        if let Ok(mut spread) = self.keys.find_entry(key_hash, |spread| spread.key_hash == key_hash) {
            if bits == 0 {
                spread.remove();
            } else {
                spread.get_mut().bits = bits;
            }
        }
    }

    /// Counts a bucket, of a `depth`, that lost its last row of a key, and says whether they are so many by now that
    /// it is worth to go through the key's rows and see whether it is spread too far.
    pub(super) fn emptied(&mut self, key_hash: u64, depth: u32) -> bool {
        let spread = self.keys.find_mut(key_hash, |spread| spread.key_hash == key_hash);
        spread.is_some_and(|spread| {
            spread.emptied += 1;
            // A quarter of the buckets: those of a shallow depth are several places.
            let many = spread.emptied >> spread.bits.min(depth).saturating_sub(2) != 0;
            if many {
                spread.emptied = 0;
            }
            many
        })
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.keys.allocation_size()
    }
}

/// A mask of the leading bits of a place.
#[inline]
pub(super) fn leading(bits: u32) -> u64 {
    !u64::MAX.unbounded_shr(bits)
}

/// The places of a key, as they are gone through bucket by bucket.
#[derive(Clone, Copy)]
pub(super) struct Places {
    key_hash: u64,
    bits: u32,
    next: u64,
}

impl Places {
    #[inline]
    pub(super) fn of(key_hash: u64, bits: u32) -> Self {
        Self { key_hash, bits, next: 0 }
    }

    /// The tag of the key.
    #[inline]
    pub(super) fn key_tag(&self) -> u8 {
        tag(self.key_hash)
    }

    /// A place in the next bucket that can have rows of the key; `depth` is that of a place's bucket.
    #[inline]
    pub(super) fn next(&mut self, depth: impl FnOnce(u64) -> u32) -> Option<u64> {
        if self.next >> self.bits != 0 {
            return None;
        }
        let prefix = self.next.unbounded_shl(64 - self.bits);
        let place = prefix | (self.key_hash & !leading(self.bits));
        // A bucket of a shallower depth is that of several places, which follow each other.
        self.next += 1 << self.bits.saturating_sub(depth(place));
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_a_key_are_those_its_values_can_have() {
        let key_hash = 0x0123_4567_89ab_cdef;
        for bits in 0..6 {
            let mut places = Places::of(key_hash, bits);
            let mut all: Vec<u64> = std::iter::from_fn(|| places.next(|_| 6)).collect();
            assert_eq!(all.len(), 1 << bits);
            all.sort_unstable();
            for value in 0..64_u64 {
                let place = key_hash ^ ((value << 58) & leading(bits));
                assert!(all.binary_search(&place).is_ok(), "{bits} bits, {value}");
            }
        }
        let mut places = Places::of(key_hash, 5);
        assert_eq!(std::iter::from_fn(|| places.next(|_| 2)).count(), 4, "a bucket is gone through once");
    }

    #[test]
    fn hashes_of_regular_keys_spread_over_buckets_and_tags() {
        for shift in 0..48 {
            let (mut buckets, mut tags) = ([0_u32; 256], [0_u32; 256]);
            for n in 0..4_096_u64 {
                let hash = place_hash(&(n << shift));
                buckets[(hash >> 56) as usize] += 1;
                tags[usize::from(tag(hash))] += 1;
            }
            // Random ones would have 16 each, with a deviation of 4.
            assert!(buckets.iter().chain(&tags).all(|count| *count < 16 + 9 * 4), "multiples of 2^{shift}");
        }
    }
}
