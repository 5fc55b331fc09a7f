//! Looking up the groups of many rows, so that the lookups overlap.
//!
//! # Shape       a few rows at a time, in three passes: hash the keys and ask for the buckets; match the tags
//!   and ask for the first row of each group; go through the groups.
//! # Cost        O(rows + what is found); about 140 instructions a row that finds one other.

use crate::indexed::buckets::address::{place_hash, tag};
use crate::indexed::buckets::bucket::Bucket;
use crate::indexed::buckets::forks::Entry;
use crate::indexed::buckets::{Buckets, Way};
use crate::row::Row;

/// How many lookups of groups overlap.
const PROBES: usize = if cfg!(feature = "prefetch") { 16 } else { 1 };

/// A lookup of a group under way.
struct Probe<'a, K, V> {
    bucket: &'a Bucket<(K, V)>,
    at: u32,
    tag: u8,
    /// Whether the group may have other rows than those of this bucket and those that it has spilled.
    is_scattered: bool,
    mask: u64,
}

impl<K, V> Clone for Probe<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Probe<'_, K, V> {}

impl<K: Row, V: Row, W> Buckets<K, V, W> {
    /// Gives `found` the position of each of some rows with every value of its key and that value's weight.
    pub(in crate::indexed) fn try_probe<'a, 'r, R, E>(
        &'a self,
        rows: &'r [R],
        key: impl Fn(&'r R) -> &'r K,
        mut found: impl FnMut(usize, &'a V, &'a W) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(one) = self.weights.one().filter(|_| self.rows > 0) else { return Ok(()) };
        let any_spilled = !self.spill.is_empty();
        let mut probes =
            [Probe { bucket: &self.buckets[0], at: 0, tag: 0, is_scattered: false, mask: 0 }; PROBES];
        for (window, rows) in rows.chunks(PROBES).enumerate() {
            for (probe, row) in probes.iter_mut().zip(rows) {
                let hash = place_hash(key(row));
                let entry = self.entry(hash);
                let (mut at, mut is_scattered) = (entry, false);
                if entry.as_fork().is_some() {
                    let only = self.only_bucket(hash);
                    (at, is_scattered) = (Entry::bucket(only.unwrap_or(0)), only.is_none());
                }
                let at = at.at();
                probe.is_scattered = is_scattered;
                (probe.bucket, probe.at) = (&self.buckets[at], at as u32);
                probe.tag = tag(hash);
                probe.bucket.prefetch();
                self.blocks.prefetch(at);
            }
            for (probe, _) in probes.iter_mut().zip(rows) {
                probe.mask = probe.bucket.candidates(probe.tag);
                self.blocks.rows(probe.bucket, probe.at as usize).prefetch_first(probe.mask);
                if any_spilled {
                    probe.is_scattered |= probe.bucket.slots.has_spilled();
                }
            }
            for (i, (probe, row)) in probes.iter().zip(rows).enumerate() {
                let (i, key, bucket, mut mask) = (window * PROBES + i, key(row), probe.bucket, probe.mask);
                if probe.is_scattered {
                    self.group(key).try_for_each(|(value, weight)| found(i, value, weight))?;
                    continue;
                }
                let rows = self.blocks.rows(bucket, probe.at as usize);
                let differing = self.weights.differing(bucket, probe.at as usize);
                while mask != 0 {
                    let slot = mask.trailing_zeros() as usize;
                    let (other, value) = rows.at(slot);
                    if other == key {
                        let weight = differing.and_then(|column| column.get(slot)).unwrap_or(one);
                        found(i, value, weight)?;
                    }
                    mask &= mask - 1;
                }
            }
        }
        Ok(())
    }

    /// The bucket of the keys with a hash that is in a region with forks, if they have one only.
    #[inline(never)]
    fn only_bucket(&self, hash: u64) -> Option<usize> {
        match self.way(hash) {
            Way::Bucket(at) => Some(at),
            Way::Fork(fork) if self.forks.get(fork).has_spilled => None,
            Way::Fork(fork) => self.forks.get(fork).only_child(),
        }
    }
}
