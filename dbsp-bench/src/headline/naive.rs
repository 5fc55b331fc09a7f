//! `naive` and `naive_lookup`: change the base in place, then compute the output anew, as cheaply as can be.
//! The second takes for granted that a key has one row in the dimension, and is the cheapest there is.
//!
//! # Shape
//! The base is a `Vec` by id; the output a `Vec`, or a pre-sized table where rows must meet; the
//! dimension a table, built once. Buffers are kept from step to step.
//!
//! # Not here
//! No weights and no lookup of an output row: that is `naive_view`.

use std::hint::black_box;

use smallvec::SmallVec;

use super::engine::{Engine, Kind, Outcome, View};
use super::tables::{Table, table};
use super::workload::{CLASSES, Change, GROUPS, KEYS, Record, Workload};

/// A view that is computed anew in each step.
pub(super) struct Naive {
    view: View,
    base: Vec<Record>,
    classes: Classes,
    pub(super) output: Output,
}

/// The dimension, as the join finds its rows.
enum Classes {
    Many(Dimension),
    Unique(Table<u64, u64>),
}

/// The dimension by key. A key may have several rows there, as in every engine: the query is an
/// equi-join, and not a lookup of a value that happens to be unique.
pub(super) type Dimension = Table<u64, SmallVec<[u64; 1]>>;

/// The dimension of a workload, by key.
pub(super) fn dimension(workload: &Workload) -> Dimension {
    let mut classes: Dimension = table(KEYS);
    for (key, class) in &workload.dimension {
        classes.entry(*key).or_default().push(*class);
    }
    classes
}

/// What a recomputation makes; only the fields of its view are filled.
#[derive(Default)]
pub(super) struct Output {
    pub(super) mapped: Vec<(u64, i64)>,
    pub(super) groups: Table<u64, (i64, i64)>,
    pub(super) joined: Vec<(u64, i64, u64)>,
    pub(super) sums: Table<u64, i64>,
    pub(super) counts: Table<u64, i64>,
}

impl Naive {
    /// The view over the workload's base.
    #[must_use]
    pub(super) fn new(view: View, workload: &Workload) -> Self {
        Self::with_classes(view, workload, Classes::Many(dimension(workload)))
    }

    /// The same for a join that may take for granted that each key has one row in the dimension, which the
    /// other engines do not: a lookup instead of an equi-join.
    #[must_use]
    pub(super) fn lookup(view: View, workload: &Workload) -> Self {
        let classes = workload.dimension.iter().copied().collect();
        Self::with_classes(view, workload, Classes::Unique(classes))
    }

    fn with_classes(view: View, workload: &Workload, classes: Classes) -> Self {
        let mut naive = Self {
            view,
            base: workload.base.clone(),
            classes,
            output: Output {
                groups: table(GROUPS),
                sums: table(GROUPS),
                counts: table(CLASSES),
                ..Output::default()
            },
        };
        naive.recompute();
        naive
    }

    /// Writes the new rows over the old ones.
    pub(super) fn ingest(&mut self, change: &Change) {
        for row in &change.new {
            // Ids are positions in the base: a fact of this workload that the recomputation may use.
            if let Some(old) = usize::try_from(row.0).ok().and_then(|id| self.base.get_mut(id)) {
                *old = *row;
            }
        }
    }

    /// Computes the output from the base.
    pub(super) fn recompute(&mut self) {
        match self.view {
            View::FilterMap => filter_map(&self.base, &mut self.output),
            View::GroupBy => group_by(&self.base, &mut self.output),
            View::Join => match &self.classes {
                Classes::Many(classes) => join(&self.base, |key| many(classes, key), &mut self.output),
                Classes::Unique(classes) => join(&self.base, |key| classes.get(key), &mut self.output),
            },
            View::All => match &self.classes {
                Classes::Many(classes) => all(&self.base, |key| many(classes, key), &mut self.output),
                Classes::Unique(classes) => all(&self.base, |key| classes.get(key), &mut self.output),
            },
        }
    }
}

impl Engine for Naive {
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
        // Written a moment ago: handing it over is reading it, and costs the rival nothing.
        black_box(&self.output);
        0
    }

    fn read(&self, outcome: &mut Outcome) {
        let output = &self.output;
        match self.view {
            View::FilterMap => {
                output.mapped.iter().for_each(|&(id, half)| outcome.add([id, half.cast_unsigned(), 0], 1));
            }
            View::GroupBy => output.groups.iter().for_each(|(&group, &(sum, count))| {
                outcome.add([group, sum.cast_unsigned(), count.cast_unsigned()], 1);
            }),
            View::Join => output.joined.iter().for_each(|&(id, value, class)| {
                outcome.add([id, value.cast_unsigned(), class], 1);
            }),
            View::All => {
                output.sums.iter().for_each(|(&group, &sum)| outcome.add([0, group, sum.cast_unsigned()], 1));
                output.counts.iter().for_each(|(&class, &count)| {
                    outcome.add([1, class, count.cast_unsigned()], 1);
                });
            }
        }
    }

    fn kind(&self) -> Kind {
        Kind::Recomputes
    }
}

fn filter_map(base: &[Record], output: &mut Output) {
    output.mapped.clear();
    output.mapped.extend(base.iter().filter(|row| row.2 % 2 == 0).map(|row| (row.0, row.2 / 2)));
}

fn group_by(base: &[Record], output: &mut Output) {
    output.groups.clear();
    for (_, key, value) in base {
        let (sum, count) = output.groups.entry(key % GROUPS).or_default();
        *sum += value;
        *count += 1;
    }
}

/// The classes of a key.
#[inline]
fn many<'a>(classes: &'a Dimension, key: &u64) -> impl Iterator<Item = &'a u64> + use<'a> {
    classes.get(key).into_iter().flatten()
}

fn join<'a, I: IntoIterator<Item = &'a u64>>(
    base: &[Record],
    classes: impl Fn(&u64) -> I,
    output: &mut Output,
) {
    output.joined.clear();
    for (id, key, value) in base {
        for class in classes(key) {
            output.joined.push((*id, *value, *class));
        }
    }
}

fn all<'a, I: IntoIterator<Item = &'a u64>>(
    base: &[Record],
    classes: impl Fn(&u64) -> I,
    output: &mut Output,
) {
    output.sums.clear();
    output.counts.clear();
    for (_, key, value) in base.iter().filter(|row| row.2 % 2 == 0) {
        for class in classes(key) {
            *output.sums.entry(key % GROUPS).or_default() += value;
            *output.counts.entry(*class).or_default() += 1;
        }
    }
}
