//! Filter and map by hand: no state, one pass over the delta.

use super::super::workload::Record;
use super::{Change, Engine, Kind, Outcome, Rows, Workload, touch};

/// `(id, value / 2)` of the rows with an even value.
#[derive(Default)]
pub(super) struct FilterMap {
    out: Rows<(u64, i64)>,
}

impl FilterMap {
    pub(super) fn new(workload: &Workload) -> Self {
        let mut view = Self::default();
        view.apply(workload.load().iter());
        view
    }

    fn apply<'a>(&mut self, delta: impl Iterator<Item = (&'a Record, &'a i64)>) {
        self.out.clear();
        for ((id, _, value), weight) in delta {
            if value % 2 == 0 {
                self.out.push(((*id, value / 2), *weight));
            }
        }
    }
}

impl Engine for FilterMap {
    fn step(&mut self, change: &mut Change) -> anyhow::Result<()> {
        self.apply(change.delta.iter());
        Ok(())
    }

    fn touch(&self) -> i64 {
        touch(&self.out)
    }

    fn read(&self, outcome: &mut Outcome) {
        self.out.iter().for_each(|((id, half), weight)| outcome.add([*id, half.cast_unsigned(), 0], *weight));
    }

    fn kind(&self) -> Kind {
        Kind::Deltas
    }
}
