//! Filter, join, group-by sum and count per class, by hand: one pass, no buffer between the stages.

use super::super::workload::{CLASSES, GROUPS, Record};
use super::grouped::Grouped;
use super::join::Indexes;
use super::{Change, Engine, Kind, Outcome, Rows, Workload, touch};

/// The even rows joined, then `(group, sum)` by `key % 1000` and `(class, count)`.
pub(super) struct All {
    indexes: Indexes,
    groups: Grouped,
    classes: Grouped,
    sums: Rows<(u64, i64)>,
    counts: Rows<(u64, i64)>,
}

impl All {
    pub(super) fn new(workload: &Workload) -> Self {
        let mut view = Self {
            indexes: Indexes::new(&workload.dimension),
            groups: Grouped::new(GROUPS),
            classes: Grouped::new(CLASSES),
            sums: Vec::new(),
            counts: Vec::new(),
        };
        view.apply(workload.load().iter());
        view
    }

    fn apply<'a>(&mut self, delta: impl Iterator<Item = (&'a Record, &'a i64)>) {
        let Self { indexes, groups, classes, sums, counts } = self;
        groups.begin();
        classes.begin();
        for (row, weight) in delta.filter(|(row, _)| row.2 % 2 == 0) {
            indexes.change_left(*row, *weight, |_, value, class, weight| {
                groups.add(row.1 % GROUPS, value, weight);
                classes.add(class, 0, weight);
            });
        }
        sums.clear();
        groups.emit(sums, |group, sum, _| (group, sum));
        counts.clear();
        classes.emit(counts, |class, _, count| (class, count));
    }
}

impl Engine for All {
    fn step(&mut self, change: &mut Change) -> anyhow::Result<()> {
        self.apply(change.delta.iter());
        Ok(())
    }

    fn touch(&self) -> i64 {
        touch(&self.sums) + touch(&self.counts)
    }

    fn read(&self, outcome: &mut Outcome) {
        for (tag, rows) in [(0, &self.sums), (1, &self.counts)] {
            rows.iter().for_each(|(row, weight)| outcome.add([tag, row.0, row.1.cast_unsigned()], *weight));
        }
    }

    fn kind(&self) -> Kind {
        Kind::Deltas
    }
}
