//! Sum and count by group, by hand.

use super::super::workload::{GROUPS, Record};
use super::grouped::Grouped;
use super::{Change, Engine, Kind, Outcome, Rows, Workload, touch};

/// `(group, sum, count)` of the values by `key % 1000`.
pub(super) struct GroupBy {
    groups: Grouped,
    out: Rows<(u64, i64, i64)>,
}

impl GroupBy {
    pub(super) fn new(workload: &Workload) -> Self {
        let mut view = Self { groups: Grouped::new(GROUPS), out: Vec::new() };
        view.apply(workload.load().iter());
        view
    }

    fn apply<'a>(&mut self, delta: impl Iterator<Item = (&'a Record, &'a i64)>) {
        self.groups.begin();
        for ((_, key, value), weight) in delta {
            self.groups.add(key % GROUPS, *value, *weight);
        }
        self.out.clear();
        self.groups.emit(&mut self.out, |group, sum, count| (group, sum, count));
    }
}

impl Engine for GroupBy {
    fn step(&mut self, change: &mut Change) -> anyhow::Result<()> {
        self.apply(change.delta.iter());
        Ok(())
    }

    fn touch(&self) -> i64 {
        touch(&self.out)
    }

    fn read(&self, outcome: &mut Outcome) {
        for ((group, sum, count), weight) in &self.out {
            outcome.add([*group, sum.cast_unsigned(), count.cast_unsigned()], *weight);
        }
    }

    fn kind(&self) -> Kind {
        Kind::Deltas
    }
}
