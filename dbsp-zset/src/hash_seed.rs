//! The seed of [`hash_of`](crate::hash_of) under feature `secret-seed`: one for the process, chosen once.
//!
//! # Shape       a cell that the first hash, [`set_hash_seed`] or [`hash_seed`] fills, and that nothing changes afterwards. It holds
//!   the seed and the two things that foldhash starts from, both made from it: six multipliers and the first accumulator.
//! # Invariants  all hashes of a process come from one seed. No value that is stored or sent depends on it.
//! # Cost        a load, a test and a branch for each hash. With the constant seed a hash of a number takes 12 instructions, called alone,
//!   and of a pair 14; with this one 22 and 25. In a loop that is inlined it is 2 more; in a view of 1,000 pairs 199 a row instead of 196.
//! # Not here    no cryptography: see below.
//!
//! # What it is for
//! With a constant seed in public code anybody can find rows that all have one hash, or hashes that share most of their bits; they make
//! a step slower ([`hash_of`](crate::hash_of) has the figures), and never wrong. With a seed that they do not know they cannot.
//! A seed for the accumulator alone would not do: foldhash multiplies the two halves of a pair with each other, and the pairs
//! `(n, multiplier)` hash to zero for every accumulator.
//!
//! A process that sets no seed draws one from [`RandomState`], that is, from the operating system. One that is to hash as another
//! does (a worker, or a restart) is given the seed that [`hash_seed`] says there. Nothing needs that for its results: they
//! depend on no hash. What the seed decides is the order of rows where there is no order (iteration over an
//! [`IndexedZSet`](crate::IndexedZSet), hence the order of a join's output and of what serde writes), and how tables are laid out: with
//! one seed a run can be repeated exactly. So hashes are neither stored nor sent, and nothing may begin to.
//!
//! # What it is not
//! foldhash is fast and no keyed function with a proof. Who sees hashes, or the order of many rows, learns something about the seed;
//! the seed itself is a secret as a password is, and has no place in a log.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::OnceLock;

use foldhash::SharedSeed;
use foldhash::fast::{FixedState, FoldHasher};

/// The seed of this process.
static OF_PROCESS: Cell = Cell::new();

/// Why a seed cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashSeedError {
    /// [`set_hash_seed`] has set one before.
    #[error("cannot set the hash seed: it has been set before in this process")]
    AlreadySet,
    /// A hash, or [`hash_seed`], has needed a seed before, and a random one was drawn.
    #[error(
        "cannot set the hash seed: this process has hashed a row or asked for its seed before, and drawn one at random"
    )]
    AlreadyDrawn,
}

/// Sets the seed of every hash of this process; first thing in `main`, as it must come before the first hash.
///
/// ```
/// use dbsp_zset::{HashSeedError, hash_seed, set_hash_seed};
///
/// # let seed_of_the_first_worker = 7;
/// set_hash_seed(seed_of_the_first_worker)?;
/// assert_eq!(hash_seed(), seed_of_the_first_worker);
/// assert_eq!(set_hash_seed(8), Err(HashSeedError::AlreadySet));
/// # Ok::<(), HashSeedError>(())
/// ```
///
/// # Errors
/// When there is a seed already, set or drawn, the same one included: it stays.
pub fn set_hash_seed(seed: u64) -> Result<(), HashSeedError> {
    OF_PROCESS.set(seed)
}

/// The seed of every hash of this process, for others to share; keep it secret. Draws it if nothing has been hashed yet.
///
/// ```
/// use dbsp_zset::{HashSeedError, hash_seed, set_hash_seed};
///
/// let drawn = hash_seed();
/// assert_eq!(set_hash_seed(drawn), Err(HashSeedError::AlreadyDrawn));
/// assert_eq!(hash_seed(), drawn);
/// ```
#[must_use]
pub fn hash_seed() -> u64 {
    OF_PROCESS.get().seed
}

/// The hash of a key under the seed of this process.
#[inline]
pub(crate) fn hash<Q: Hash + ?Sized>(key: &Q) -> u64 {
    OF_PROCESS.get().hash(key)
}

/// A seed that is chosen once.
struct Cell(OnceLock<Seeded>);

impl Cell {
    const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn set(&self, seed: u64) -> Result<(), HashSeedError> {
        self.0.set(Seeded::new(seed, Origin::Set)).map_err(|_| match self.get().origin {
            Origin::Set => HashSeedError::AlreadySet,
            Origin::Drawn => HashSeedError::AlreadyDrawn,
        })
    }

    #[inline]
    fn get(&self) -> &Seeded {
        self.0.get_or_init(|| {
            // Unit tests of this crate are the same in every run.
            let seed = if cfg!(test) { 7 } else { draw() };
            Seeded::new(seed, Origin::Drawn)
        })
    }
}

/// Where a seed comes from.
enum Origin {
    Set,
    Drawn,
}

/// A seed, and what foldhash makes of it.
struct Seeded {
    multipliers: SharedSeed,
    accumulator: u64,
    seed: u64,
    origin: Origin,
}

impl Seeded {
    /// The same for the same seed in every process of one build.
    fn new(seed: u64, origin: Origin) -> Self {
        // Not the seed itself: who finds one of the two has not found the other.
        let accumulator = FixedState::with_seed(0x5eed_0fdb_5f00_d001).hash_one((seed, !seed));
        Self { multipliers: SharedSeed::from_u64(seed), accumulator, seed, origin }
    }

    #[inline]
    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.accumulator, &self.multipliers);
        key.hash(&mut hasher);
        hasher.finish()
    }
}

/// A random seed.
fn draw() -> u64 {
    // Its keys are those that the operating system gave; the hash of nothing under them tells neither.
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn seeded(seed: u64) -> Seeded {
        Seeded::new(seed, Origin::Set)
    }

    /// Pairs that all hash to zero with the constant seed.
    fn crafted(n: u64) -> (u64, u64) {
        (n, 0xc0ac_29b7_c97c_50dd)
    }

    #[test]
    fn a_seed_is_set_once() {
        let cell = Cell::new();
        assert_eq!(cell.set(3), Ok(()));
        assert_eq!([cell.set(3), cell.set(4)], [Err(HashSeedError::AlreadySet); 2]);
        assert_eq!((cell.get().seed, cell.get().hash("a")), (3, seeded(3).hash("a")));
    }

    #[test]
    fn a_seed_is_not_set_behind_the_first_hash() {
        let cell = Cell::new();
        let before = cell.get().hash("a");
        assert_eq!(cell.set(3), Err(HashSeedError::AlreadyDrawn));
        assert_eq!(cell.get().hash("a"), before);
        assert!(cell.set(3).is_err_and(|error| error.to_string().starts_with("cannot set the hash seed: ")));
    }

    #[test]
    fn two_processes_with_one_seed_agree_and_with_two_they_do_not() {
        let hashes = |seed| -> Vec<u64> {
            let seeded = seeded(seed);
            let (numbers, texts) =
                ((0..99_u64).map(|n| seeded.hash(&n)), ["", "a", "a longer text than 16 bytes"]);
            numbers.chain(texts.map(|text| seeded.hash(text))).collect()
        };
        for seed in [0, 1, 7, u64::MAX, draw()] {
            assert_eq!(hashes(seed), hashes(seed));
            assert!(hashes(seed).iter().zip(hashes(seed ^ 1 << 40)).all(|(one, other)| *one != other));
        }
    }

    #[test]
    fn pairs_that_were_crafted_for_the_constant_seed_do_not_collide() {
        for seed in [0, 1, 7, u64::MAX] {
            let seeded = seeded(seed);
            let hashes: BTreeSet<u64> = (0..30_000).map(|n| seeded.hash(&crafted(n))).collect();
            assert_eq!(hashes.len(), 30_000, "{seed}");
            // Random hashes have 24,070 different ends of 16 bits. These numbers follow each other, and are 23,000 to 26,000.
            let short: BTreeSet<u16> = hashes.iter().map(|hash| *hash as u16).collect();
            assert!(short.len() > 22_000, "{seed}: {}", short.len());
        }
        // The hash of this process is such a one.
        assert!((0..1_000).all(|n| crate::hash_of(&crafted(n)) != 0));
    }

    #[test]
    fn draws_differ() {
        assert_ne!(draw(), draw());
    }
}
