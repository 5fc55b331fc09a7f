//! The hashes of a row, from which follows where it belongs.
//!
//! # Shape       a hash of the key and one of the value. Leading bits choose a bucket; one byte, which has no part
//!   in them, is the tag by which a bucket knows the row.
//! # Cost        a hash of each, and a multiplication.

use std::hash::Hash;

use crate::row::{Row, hash_of};

/// A row's hashes.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub(super) key_hash: u64,
    pub(super) value_hash: u64,
}

/// What a bucket knows a row by: a byte of its hash, and one of its key's.
#[derive(Clone, Copy, Default)]
pub(super) struct Tags {
    pub(super) row: u8,
    pub(super) key: u8,
}

impl Address {
    #[inline]
    pub(super) fn of<K: Row, V: Row>(key: &K, value: &V) -> Self {
        Self { key_hash: place_hash(key), value_hash: place_hash(value) }
    }

    #[inline]
    pub(super) fn tags(self) -> Tags {
        Tags { row: tag(self.key_hash.rotate_left(8) ^ self.value_hash), key: tag(self.key_hash) }
    }
}

/// A hash whose leading bits and whose [`tag`] are both good, also for keys that follow each other.
#[inline]
pub(super) fn place_hash<Q: Hash + ?Sized>(value: &Q) -> u64 {
    let hash = hash_of(value);
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A byte of a hash that has no part in its leading bits.
#[inline]
pub(super) fn tag(hash: u64) -> u8 {
    (hash >> 24) as u8
}

/// The first `bits` bits of a hash, as a number.
#[inline]
pub(super) fn leading(hash: u64, bits: u32) -> usize {
    (hash >> 1).wrapping_shr(!bits) as usize
}

/// The bit of a hash behind its first `bits` bits.
#[inline]
pub(super) fn bit_behind(hash: u64, bits: u32) -> u64 {
    hash >> (63 - bits) & 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_regular_keys_spread_over_buckets_and_tags() {
        for shift in 0..48 {
            let (mut buckets, mut tags) = ([0_u32; 256], [0_u32; 256]);
            for n in 0..4_096_u64 {
                let hash = place_hash(&(n << shift));
                buckets[leading(hash, 8)] += 1;
                tags[usize::from(tag(hash))] += 1;
            }
            // Random ones would have 16 each, with a deviation of 4.
            assert!(buckets.iter().chain(&tags).all(|count| *count < 16 + 9 * 4), "multiples of 2^{shift}");
        }
    }

    #[test]
    fn leading_bits_are_those_of_the_highest_values() {
        let hash = 0b1011 << 60;
        assert_eq!([0, 1, 2, 4].map(|bits| leading(hash, bits)), [0, 1, 0b10, 0b1011]);
        assert_eq!([0, 1, 2, 3, 4].map(|bits| bit_behind(hash, bits)), [1, 0, 1, 1, 0]);
    }
}
