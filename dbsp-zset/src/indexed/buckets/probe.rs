//! Looking up the groups of many rows, so that the lookups overlap.
//!
//! # Shape       a few rows at a time, in three passes: hash the keys and ask for the buckets; match the tags
//!   and ask for the first row of each group; go through the groups.
//! # Cost        O(rows + what is found); about 140 instructions a row that finds one other.

use crate::indexed::buckets::Buckets;
use crate::indexed::buckets::bucket::Bucket;
use crate::indexed::buckets::spread::{place_hash, tag};
use crate::row::Row;

/// How many lookups of groups overlap.
const PROBES: usize = if cfg!(feature = "prefetch") { 16 } else { 1 };

/// A lookup of a group under way.
struct Probe<'a, K, V, W> {
    bucket: &'a Bucket<(K, V), W>,
    tag: u8,
    /// Whether the group may lie elsewhere, too.
    is_spread: bool,
    mask: u64,
}

impl<K, V, W> Clone for Probe<'_, K, V, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, W> Copy for Probe<'_, K, V, W> {}

impl<K: Row, V: Row, W> Buckets<K, V, W> {
    /// Gives `found` the position of each of some rows with every value of its key and that value's weight.
    pub(in crate::indexed) fn try_probe<'a, R, E>(
        &'a self,
        rows: &[R],
        key: impl Fn(&R) -> &K,
        mut found: impl FnMut(usize, &'a V, &'a W) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(one) = self.one.as_ref().filter(|_| self.rows > 0) else { return Ok(()) };
        let (is_plain, is_at_home) = (self.is_plain(), self.homeless.is_empty());
        let mut probes = [Probe { bucket: &self.buckets[0], tag: 0, is_spread: false, mask: 0 }; PROBES];
        for (window, rows) in rows.chunks(PROBES).enumerate() {
            for (probe, row) in probes.iter_mut().zip(rows) {
                let hash = place_hash(key(row));
                probe.bucket = &self.buckets[self.bucket_at(hash)];
                probe.tag = tag(hash);
                probe.is_spread = !is_plain && (!is_at_home || self.spreads.bits(hash) > 0);
                probe.bucket.prefetch_keys();
            }
            for (probe, _) in probes.iter_mut().zip(rows) {
                probe.mask = probe.bucket.candidates(probe.tag);
                probe.bucket.prefetch_first(probe.mask);
            }
            for (i, (probe, row)) in probes.iter().zip(rows).enumerate() {
                let (i, key, bucket, mut mask) = (window * PROBES + i, key(row), probe.bucket, probe.mask);
                if probe.is_spread {
                    self.group(key).try_for_each(|(value, weight)| found(i, value, weight))?;
                    continue;
                }
                while mask != 0 {
                    let at = mask.trailing_zeros() as usize;
                    let (other, value) = &bucket.rows()[at];
                    if other == key {
                        found(i, value, bucket.weights.get(at, one))?;
                    }
                    mask &= mask - 1;
                }
            }
        }
        Ok(())
    }
}
