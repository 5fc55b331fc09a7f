//! `naive_view`: recomputation into the queryable view that the incremental side maintains.
//!
//! # Shape
//! A table from output row to weight, as `dbsp_view` keeps it; kept and cleared from step to step,
//! so it is as large as it needs to be from the second step on.

use std::hint::black_box;

use super::engine::{Engine, Kind, Outcome, View};
use super::naive::{Dimension, Naive, dimension};
use super::tables::Table;
use super::workload::{Change, Record, Workload};

/// A queryable view that is computed anew in each step.
pub(super) enum NaiveView {
    /// Views that make rows one by one go straight into the table.
    FilterMap(Base, Table<(u64, i64), i64>),
    /// See [`NaiveView::FilterMap`].
    Join(Base, Dimension, Table<(u64, i64, u64), i64>),
    /// Views that make groups have their groups first, and the table from them.
    GroupBy(Naive, Table<(u64, i64, i64), i64>),
    /// See [`NaiveView::GroupBy`].
    All(Naive, Table<(u64, i64), i64>, Table<(u64, i64), i64>),
}

/// The rows by id.
type Base = Vec<Record>;

impl NaiveView {
    /// The view over the workload's base.
    #[must_use]
    pub(super) fn new(view: View, workload: &Workload) -> Self {
        let base = workload.base.clone();
        let mut view = match view {
            View::FilterMap => Self::FilterMap(base, Table::default()),
            View::Join => Self::Join(base, dimension(workload), Table::default()),
            View::GroupBy => Self::GroupBy(Naive::new(view, workload), Table::default()),
            View::All => Self::All(Naive::new(view, workload), Table::default(), Table::default()),
        };
        view.recompute();
        view
    }

    fn ingest(&mut self, change: &Change) {
        match self {
            Self::FilterMap(base, _) | Self::Join(base, ..) => {
                for row in &change.new {
                    if let Some(old) = usize::try_from(row.0).ok().and_then(|id| base.get_mut(id)) {
                        *old = *row;
                    }
                }
            }
            Self::GroupBy(naive, _) | Self::All(naive, ..) => naive.ingest(change),
        }
    }

    fn recompute(&mut self) {
        match self {
            Self::FilterMap(base, view) => {
                view.clear();
                for row in base.iter().filter(|row| row.2 % 2 == 0) {
                    *view.entry((row.0, row.2 / 2)).or_default() += 1;
                }
            }
            Self::Join(base, classes, view) => {
                view.clear();
                for (id, key, value) in base.iter() {
                    for class in classes.get(key).into_iter().flatten() {
                        *view.entry((*id, *value, *class)).or_default() += 1;
                    }
                }
            }
            Self::GroupBy(naive, view) => {
                naive.recompute();
                view.clear();
                view.extend(
                    naive.output.groups.iter().map(|(group, (sum, count))| ((*group, *sum, *count), 1)),
                );
            }
            Self::All(naive, sums, counts) => {
                naive.recompute();
                sums.clear();
                sums.extend(naive.output.sums.iter().map(|(group, sum)| ((*group, *sum), 1)));
                counts.clear();
                counts.extend(naive.output.counts.iter().map(|(class, count)| ((*class, *count), 1)));
            }
        }
    }
}

impl Engine for NaiveView {
    fn step(&mut self, change: &mut Change) -> anyhow::Result<()> {
        self.ingest(change);
        self.recompute();
        Ok(())
    }

    fn follow(&mut self, change: &mut Change) -> anyhow::Result<()> {
        self.ingest(change);
        Ok(())
    }

    fn touch(&self) -> i64 {
        black_box(self);
        0
    }

    fn read(&self, outcome: &mut Outcome) {
        match self {
            Self::FilterMap(_, view) => {
                view.iter().for_each(|(row, weight)| outcome.add([row.0, row.1.cast_unsigned(), 0], *weight));
            }
            Self::Join(_, _, view) => view.iter().for_each(|(row, weight)| {
                outcome.add([row.0, row.1.cast_unsigned(), row.2], *weight);
            }),
            Self::GroupBy(_, view) => view.iter().for_each(|(row, weight)| {
                outcome.add([row.0, row.1.cast_unsigned(), row.2.cast_unsigned()], *weight);
            }),
            Self::All(_, sums, counts) => {
                for (tag, view) in [(0, sums), (1, counts)] {
                    view.iter()
                        .for_each(|(row, weight)| outcome.add([tag, row.0, row.1.cast_unsigned()], *weight));
                }
            }
        }
    }

    fn kind(&self) -> Kind {
        Kind::Recomputes
    }
}
