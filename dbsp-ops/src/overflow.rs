//! What an [`Overflow`](dbsp_zset::Overflow) was about: which quantity left its range, on which side, and for which key.
//!
//! # Not here    no text for the key: an operator knows nothing of it but that it is a row, so it is handed out as it is.

use std::any::{Any, type_name};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use dbsp_zset::Row;

/// What left its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    /// The quantity, for example `"a count"` or `"a sum of u32 as i64"`.
    pub what: &'static str,
    /// The side on which it lies, where that is known.
    pub direction: Option<Direction>,
}

impl Excess {
    /// A quantity that would have the sign of `value`.
    #[must_use]
    pub const fn of(what: &'static str, value: i128) -> Self {
        Self { what, direction: Some(if value < 0 { Direction::Below } else { Direction::Above }) }
    }
}

/// On which side of its range a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Less than the least value of the type.
    Below,
    /// More than the greatest value of the type.
    Above,
}

/// What an operator says of its last overflow.
#[derive(Debug, Clone, Copy)]
pub struct OverflowDetail<'a> {
    /// What left its range.
    pub excess: Excess,
    /// The key that it belongs to, or the row where rows have no key.
    pub key: &'a dyn Any,
    /// The type of the key.
    pub key_type: &'static str,
    hash: fn(&dyn Any) -> Option<u64>,
}

impl<'a> OverflowDetail<'a> {
    /// What left its range for a key.
    #[must_use]
    pub fn new<K: Row>(excess: Excess, key: &'a K) -> Self {
        Self { excess, key, key_type: type_name::<K>(), hash: |key| key.downcast_ref::<K>().map(shown_hash) }
    }

    /// A hash of the key: what tells keys apart that have no text. It is not that of the tables, whose seed may be a secret, and the
    /// same in every run of one build.
    #[must_use]
    pub fn key_hash(&self) -> Option<u64> {
        (self.hash)(self.key)
    }
}

fn shown_hash<K: Row>(key: &K) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(key)
}
