//! What a row is, and how rows are hashed.

#[cfg(not(feature = "secret-seed"))]
use std::hash::BuildHasher;
use std::hash::Hash;

#[cfg(not(feature = "secret-seed"))]
use foldhash::fast::FixedState;

/// Any value that can be a row: std tuples and foreign types alike, by a blanket implementation.
///
/// # Contract
/// `Eq`, `Ord` and `Hash` agree with each other; they, `Clone` and `Drop` never panic; equal rows are
/// interchangeable.
pub trait Row: Clone + Ord + Hash + Send + 'static {}

impl<R: Clone + Ord + Hash + Send + 'static> Row for R {}

/// The hash of a key, the same on every worker of a process. It is foldhash: fast, and of good quality for keys, values and rows
/// that nobody chooses with malice.
///
/// # Seed
/// The seed is a constant, and the hash the same in every run. Who can choose rows, and reads this code, finds as many with one
/// hash as they like: pairs of numbers of which the second is one that foldhash multiplies away, for instance. Under feature
/// `secret-seed` the seed belongs to the process: it is drawn at random by the first hash, or set before it by `set_hash_seed`. Then
/// the hash differs between processes that do not share their seed, and is not to be stored or sent. Nothing in
/// these crates does; the order in which an [`IndexedZSet`](crate::IndexedZSet) gives its rows follows from hashes, and no result does.
///
/// # Cost
/// What is chosen costs time, and never a wrong answer. A [`DenseTable`](crate::DenseTable) (so a Z-set, a distinct, an
/// aggregate, a keyed input), a [`DeltaIndex`](crate::DeltaIndex) and a consolidation take O(log n) for each row whose hash is
/// that of many others: some 6 times what an honest delta of 100,000 rows takes. Keys that differ in their hashes but share
/// most of its bits, which takes a search for each of them, cost up to 18 times as much. A trace takes up to 15 times as long. The cases
/// `crafted/…` of the workbench's suite `micro` measure it. Under `secret-seed` such rows cost what others do, and each hash a
/// load and a branch.
#[inline]
pub fn hash_of<Q: Hash + ?Sized>(key: &Q) -> u64 {
    #[cfg(not(feature = "secret-seed"))]
    {
        const STATE: FixedState = FixedState::with_seed(0x5eed_0fdb_5f00_d001);
        STATE.hash_one(key)
    }
    #[cfg(feature = "secret-seed")]
    crate::hash_seed::hash(key)
}
