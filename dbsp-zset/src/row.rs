//! What a row is, and how rows are hashed.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

/// Any value that can be a row: std tuples and foreign types alike, by a blanket implementation.
///
/// # Contract
/// `Eq`, `Ord` and `Hash` agree with each other; they, `Clone` and `Drop` never panic; equal rows are
/// interchangeable.
pub trait Row: Clone + Ord + Hash + Send + 'static {}

impl<R: Clone + Ord + Hash + Send + 'static> Row for R {}

/// The hash of a key, the same in every run and on every worker.
///
/// It is foldhash with a fixed seed: fast, and of good quality for keys that nobody chooses with
/// malice. A service whose keys come from an adversary should hash them with a secret first.
#[inline]
pub fn hash_of<Q: Hash + ?Sized>(key: &Q) -> u64 {
    const STATE: FixedState = FixedState::with_seed(0x5eed_0fdb_5f00_d001);
    STATE.hash_one(key)
}
