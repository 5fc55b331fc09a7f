//! The headline's views on differential dataflow.
//!
//! Written with the idioms of its book and examples: `arrange_by_key` and `join_core` for a join whose
//! intermediate pairs are not wanted, and for sum and count `explode` into a pair of differences with `count_total`
//! (the book's "count" and "explode"; `examples/degrees.rs`): the sums live in the differences, so that a group is never rescanned.

use std::collections::VecDeque;
use std::hint::black_box;

use anyhow::{Context as _, Result};
use dbsp_bench::headline::{
    Attribute, Change, Engine, GROUPS, Kind, Outcome, OutputRow, Record, View, Workload,
};
use differential_dataflow::operators::CountTotal as _;
use timely::dataflow::ProbeHandle;
use timely::worker::Worker;

use super::{Input, Output, Rows, Time, Update, gathered, run, worker};

/// A dataflow with one of the views.
struct Differential {
    worker: Worker,
    rows: Input<Record>,
    dimension: Input<Attribute>,
    probe: ProbeHandle<Time>,
    outputs: Vec<Box<dyn Reader>>,
    /// The time of the next step.
    now: Time,
    /// The time of the next prepared step.
    next: Time,
    prepared: VecDeque<Vec<Update<Record>>>,
}

/// The engine with `view` over the workload's base.
///
/// # Errors
/// None: the signature is that of all engines.
pub fn make(view: View, workload: &Workload) -> Result<Box<dyn Engine>> {
    let mut worker = worker();
    let probe = ProbeHandle::new();
    let (mut rows, mut dimension, outputs) = worker.dataflow::<Time, _, _>(|scope| {
        let (rows_input, rows) = Input::new(&scope);
        let (dimension_input, dimension) = Input::new(&scope);
        (rows_input, dimension_input, query(view, rows, dimension, &probe))
    });
    rows.send(&mut workload.base.iter().map(|row| (*row, 0, 1)).collect(), 0);
    dimension.send(&mut workload.dimension.iter().map(|row| (*row, 0, 1)).collect(), 0);
    run(&mut worker, &probe, 0);
    let prepared = VecDeque::new();
    Ok(Box::new(Differential { worker, rows, dimension, probe, outputs, now: 1, next: 1, prepared }))
}

/// The query of a view.
fn query(
    view: View,
    rows: Rows<'_, Record>,
    dimension: Rows<'_, Attribute>,
    probe: &ProbeHandle<Time>,
) -> Vec<Box<dyn Reader>> {
    match view {
        View::FilterMap => {
            let mapped = rows.flat_map(|(id, _, value)| (value % 2 == 0).then_some((id, value / 2)));
            vec![reader(gathered(mapped, probe), |(id, half)| [*id, half.cast_unsigned(), 0])]
        }
        View::GroupBy => {
            let groups =
                rows.explode(|(_, key, value)| Some((key % GROUPS, (value as isize, 1)))).count_total();
            vec![reader(gathered(groups, probe), |(group, (sum, count)): &(u64, (isize, isize))| {
                [*group, *sum as u64, *count as u64]
            })]
        }
        View::Join => {
            let joined = rows
                .map(|(id, key, value)| (key, (id, value)))
                .arrange_by_key()
                .join_core(dimension.arrange_by_key(), |_, (id, value), class| Some((*id, *value, *class)));
            vec![reader(gathered(joined, probe), |(id, value, class)| [*id, value.cast_unsigned(), *class])]
        }
        View::All => {
            let joined = rows
                .flat_map(|(_, key, value)| (value % 2 == 0).then_some((key, value)))
                .arrange_by_key()
                .join_core(dimension.arrange_by_key(), |key, value, class| {
                    Some((key % GROUPS, *value, *class))
                });
            let sums = joined
                .clone()
                .explode(|(group, value, _)| Some((group, (value as isize, 1))))
                .count_total()
                .map(|(group, (sum, _)): (u64, (isize, isize))| (group, sum));
            let counts = joined.map(|(_, _, class)| class).count_total();
            vec![
                reader(gathered(sums, probe), |(group, sum)| [0, *group, *sum as u64]),
                reader(gathered(counts, probe), |(class, count)| [1, *class, *count as u64]),
            ]
        }
    }
}

/// Reads one output.
trait Reader {
    fn clear(&mut self);
    fn touch(&self) -> i64;
    fn read(&self, outcome: &mut Outcome);
}

fn reader<D: 'static>(output: Output<D>, encode: fn(&D) -> OutputRow) -> Box<dyn Reader> {
    Box::new((output, encode))
}

impl<D> Reader for (Output<D>, fn(&D) -> OutputRow) {
    fn clear(&mut self) {
        self.0.borrow_mut().clear();
    }

    fn touch(&self) -> i64 {
        black_box(&*self.0.borrow()).iter().map(|(_, weight)| *weight as i64).sum()
    }

    fn read(&self, outcome: &mut Outcome) {
        self.0.borrow().iter().for_each(|(row, weight)| outcome.add((self.1)(row), *weight as i64));
    }
}

impl Engine for Differential {
    fn prepare(&mut self, changes: &[Change]) -> Result<()> {
        for change in changes {
            let time = self.next;
            let updates = change.delta.iter().map(|(row, weight)| (*row, time, *weight as isize));
            self.prepared.push_back(updates.collect());
            self.next += 1;
        }
        Ok(())
    }

    fn step(&mut self, _: &mut Change) -> Result<()> {
        let mut updates = self.prepared.pop_front().context("no change was prepared")?;
        self.outputs.iter_mut().for_each(|output| output.clear());
        self.rows.send(&mut updates, self.now);
        self.dimension.send(&mut Vec::new(), self.now);
        run(&mut self.worker, &self.probe, self.now);
        self.now += 1;
        Ok(())
    }

    fn touch(&self) -> i64 {
        self.outputs.iter().map(|output| output.touch()).sum()
    }

    fn read(&self, outcome: &mut Outcome) {
        self.outputs.iter().for_each(|output| output.read(outcome));
    }

    fn kind(&self) -> Kind {
        Kind::Deltas
    }
}
