//! The headline's rows and changes: seeded, made outside the clock, the same for every engine.
//!
//! # Shape
//! Rows `(id, key, value)`, ids `0..N`, key uniform in 10,000, value uniform in 1,000; a dimension
//! of 10,000 rows `(key, class)`, class uniform in 100. A change replaces C distinct rows.
//!
//! # Invariants
//! The base mirrors every change handed out; a change's ids are distinct.

use dbsp_zset::Delta;

use super::splitmix::SplitMix;

/// A row: id, key, value.
pub(super) type Record = (u64, u64, i64);

/// A row of the dimension: key, class.
pub(super) type Attribute = (u64, u64);

/// Keys of rows and of the dimension are below this.
pub(super) const KEYS: u64 = 10_000;
/// Values are below this.
pub(super) const VALUES: u64 = 1_000;
/// Groups of the group-by are `key % GROUPS`.
pub(super) const GROUPS: u64 = 1_000;
/// Classes of the dimension are below this.
pub(super) const CLASSES: u64 = 100;

/// A table under change.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    /// The rows as they are now; row `i` has id `i`.
    pub(super) base: Vec<Record>,
    /// The dimension: one row a key.
    pub(super) dimension: Vec<Attribute>,
    /// The ids in an order that each change shuffles on.
    ids: Vec<u32>,
    random: SplitMix,
}

/// What one step brings, in the forms in which engines take it.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    /// Old rows with weight −1, new rows with weight 1.
    pub(super) delta: Delta<Record>,
    /// The new rows alone: a recomputation writes them over the old ones.
    pub(super) new: Vec<Record>,
}

impl Workload {
    /// A table of `rows` rows.
    ///
    /// # Panics
    /// When `rows` exceeds the range of `u32`.
    #[must_use]
    pub(super) fn new(rows: usize, seed: u64) -> Self {
        let mut random = SplitMix::new(seed);
        let last = u32::try_from(rows).expect("the command line asks for fewer rows than 2^32");
        let base = (0..u64::from(last)).map(|id| record(&mut random, id)).collect();
        let dimension = (0..KEYS).map(|key| (key, random.below(CLASSES))).collect();
        Self { base, dimension, ids: (0..last).collect(), random }
    }

    /// The base as a delta of insertions.
    #[must_use]
    pub(super) fn load(&self) -> Delta<Record> {
        self.base.iter().map(|row| (*row, 1)).collect()
    }

    /// Replaces `changes` distinct rows (all of them, where there are fewer).
    pub(super) fn change(&mut self, changes: usize) -> Change {
        let changes = changes.min(self.base.len());
        let mut change =
            Change { delta: Delta::with_capacity(2 * changes), new: Vec::with_capacity(changes) };
        for i in 0..changes {
            // The first steps of a Fisher-Yates shuffle: distinct ids, each as likely as any other.
            let left = (self.ids.len() - i) as u64;
            self.ids.swap(i, i + usize::try_from(self.random.below(left)).expect("an index fits"));
            let id = self.ids[i];
            let new = record(&mut self.random, u64::from(id));
            let old = std::mem::replace(&mut self.base[id as usize], new);
            change.delta.push(old, -1);
            change.delta.push(new, 1);
            change.new.push(new);
        }
        change
    }
}

/// A fresh row for `id`.
fn record(random: &mut SplitMix, id: u64) -> Record {
    (id, random.below(KEYS), random.below(VALUES).cast_signed())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_base_is_the_load_and_all_changes() {
        let mut workload = Workload::new(1_000, 7);
        let mut rows: BTreeMap<Record, i64> = workload.load().into_iter().collect();
        for changes in [1, 20, 1_000, 3] {
            let change = workload.change(changes);
            assert_eq!((change.delta.len(), change.new.len()), (2 * changes, changes));
            for (row, weight) in &change.delta {
                *rows.entry(*row).or_default() += weight;
            }
        }
        rows.retain(|_, weight| *weight != 0);
        assert_eq!(rows, workload.base.iter().map(|row| (*row, 1)).collect());
    }

    #[test]
    fn a_change_takes_each_id_once() {
        let mut workload = Workload::new(100, 1);
        let mut ids: Vec<u64> = workload.change(100).new.iter().map(|row| row.0).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..100).collect::<Vec<u64>>());
    }

    #[test]
    fn the_same_seed_makes_the_same_rows() {
        let (mut a, mut b) = (Workload::new(50, 3), Workload::new(50, 3));
        assert_eq!((a.change(5).new, &a.base), (b.change(5).new, &b.base));
    }
}
