//! The headline's rows and changes: seeded, made outside the clock, the same for every engine.
//!
//! # Shape
//! Rows `(id, key, value)`, ids `0..N`, key uniform in 10,000, value uniform in 1,000; a dimension
//! of 10,000 rows `(key, class)`, class uniform in 100. A change replaces C distinct rows.
//!
//! # Invariants
//! The base mirrors every change handed out; a change's ids are distinct.

use std::collections::BTreeMap;

use dbsp_zset::Delta;

use super::splitmix::SplitMix;

/// A row: id, key, value.
pub type Record = (u64, u64, i64);

/// A row of the dimension: key, class.
pub type Attribute = (u64, u64);

/// Keys of rows and of the dimension are below this.
pub const KEYS: u64 = 10_000;
/// Values are below this.
pub(super) const VALUES: u64 = 1_000;
/// Groups of the group-by are `key % GROUPS`.
pub const GROUPS: u64 = 1_000;
/// Classes of the dimension are below this.
pub const CLASSES: u64 = 100;

/// A table under change.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The rows as they are now; row `i` has id `i`.
    pub base: Vec<Record>,
    /// The dimension: one row a key.
    pub dimension: Vec<Attribute>,
    /// The ids in an order that each change shuffles on.
    ids: Vec<u32>,
    random: SplitMix,
}

/// What one step brings, in the forms in which engines take it.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Old rows with weight −1, new rows with weight 1.
    pub delta: Delta<Record>,
    /// The new rows alone: a recomputation writes them over the old ones.
    pub new: Vec<Record>,
}

impl Change {
    /// One change that does what `changes` do in turn: each row is replaced once at most.
    #[must_use]
    pub fn merged(changes: &[Self]) -> Self {
        // By id: the row that stood first and the row that stands last.
        let mut replaced: BTreeMap<u64, (Record, Record)> = BTreeMap::new();
        for change in changes {
            let old = change.delta.iter().filter(|(_, weight)| **weight < 0).map(|(row, _)| *row);
            for (old, new) in old.zip(&change.new) {
                replaced.entry(new.0).or_insert((old, *new)).1 = *new;
            }
        }
        let mut merged = Self::with_capacity(replaced.len());
        for (old, new) in replaced.into_values() {
            merged.replace(old, new);
        }
        merged
    }

    fn with_capacity(rows: usize) -> Self {
        Self { delta: Delta::with_capacity(2 * rows), new: Vec::with_capacity(rows) }
    }

    fn replace(&mut self, old: Record, new: Record) {
        self.delta.push(old, -1);
        self.delta.push(new, 1);
        self.new.push(new);
    }
}

impl Workload {
    /// A table of `rows` rows.
    ///
    /// # Panics
    /// When `rows` exceeds the range of `u32`.
    #[must_use]
    pub fn new(rows: usize, seed: u64) -> Self {
        let mut random = SplitMix::new(seed);
        let last = u32::try_from(rows).expect("the command line asks for fewer rows than 2^32");
        let base = (0..u64::from(last)).map(|id| record(&mut random, id)).collect();
        let dimension = (0..KEYS).map(|key| (key, random.below(CLASSES))).collect();
        Self { base, dimension, ids: (0..last).collect(), random }
    }

    /// The base as a delta of insertions.
    #[must_use]
    pub fn load(&self) -> Delta<Record> {
        self.base.iter().map(|row| (*row, 1)).collect()
    }

    /// Replaces `changes` distinct rows (all of them, where there are fewer).
    pub fn change(&mut self, changes: usize) -> Change {
        let mut change = Change::with_capacity(changes.min(self.base.len()));
        self.change_into(changes, &mut change);
        change
    }

    /// The same, into what an earlier change was in: its buffers serve again.
    pub fn change_into(&mut self, changes: usize, change: &mut Change) {
        change.delta.clear();
        change.new.clear();
        for i in 0..changes.min(self.base.len()) {
            // The first steps of a Fisher-Yates shuffle: distinct ids, each as likely as any other.
            let left = (self.ids.len() - i) as u64;
            self.ids.swap(i, i + usize::try_from(self.random.below(left)).expect("an index fits"));
            let id = self.ids[i];
            let new = record(&mut self.random, u64::from(id));
            let old = std::mem::replace(&mut self.base[id as usize], new);
            change.replace(old, new);
        }
    }
}

/// A fresh row for `id`.
fn record(random: &mut SplitMix, id: u64) -> Record {
    (id, random.below(KEYS), random.below(VALUES).cast_signed())
}

#[cfg(test)]
mod tests {
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
    fn a_change_into_old_buffers_is_the_same_change() {
        let (mut fresh, mut reused) = (Workload::new(100, 2), Workload::new(100, 2));
        let mut change = Change::default();
        for changes in [7, 200, 1] {
            reused.change_into(changes, &mut change);
            assert_eq!(fresh.change(changes).delta.rows(), change.delta.rows());
            assert_eq!(fresh.base, reused.base);
        }
    }

    #[test]
    fn a_change_takes_each_id_once() {
        let mut workload = Workload::new(100, 1);
        let mut ids: Vec<u64> = workload.change(100).new.iter().map(|row| row.0).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..100).collect::<Vec<u64>>());
    }

    #[test]
    fn merged_changes_do_what_the_changes_do() {
        let mut workload = Workload::new(20, 5);
        let changes: Vec<Change> = (0..4).map(|_| workload.change(9)).collect();
        let sum = |changes: &[Change]| {
            let mut rows: BTreeMap<Record, i64> = BTreeMap::new();
            for (row, weight) in changes.iter().flat_map(|change| &change.delta) {
                *rows.entry(*row).or_default() += weight;
            }
            rows.retain(|_, weight| *weight != 0);
            rows
        };
        let merged = Change::merged(&changes);
        let ids: std::collections::BTreeSet<u64> = merged.new.iter().map(|row| row.0).collect();
        assert_eq!(ids.len(), merged.new.len());
        assert_eq!(sum(&changes), sum(&[merged]));
    }

    #[test]
    fn the_same_seed_makes_the_same_rows() {
        let (mut a, mut b) = (Workload::new(50, 3), Workload::new(50, 3));
        assert_eq!((a.change(5).new, &a.base), (b.change(5).new, &b.base));
    }
}
