//! The hash table that every rival uses: hashbrown with foldhash under a fixed seed, as our own engine's.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// A table with the fast, seeded hasher.
pub(super) type Table<K, V> = HashMap<K, V, FixedState>;

/// An empty table with room for `entries`.
pub(super) fn table<K, V>(entries: u64) -> Table<K, V> {
    HashMap::with_capacity_and_hasher(usize::try_from(entries).unwrap_or_default(), FixedState::default())
}
