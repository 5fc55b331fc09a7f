//! Single operators: a step that inserts 500 fresh rows and takes the 500 oldest of 100,000 away.
//!
//! Rows are never seen twice, since a branch predictor learns even 40,000 rows by heart when they come again: a
//! filter over recurring rows measured a tenth of its time.

use std::collections::VecDeque;

use dbsp_runtime::{Circuit, Input, Output, Stream};
use dbsp_zset::{Delta, Row};

use super::operation::{Case, Operation};
use crate::headline::SplitMix;
use crate::report::DBSP;

/// Rows of a step.
const BATCH: usize = 1_000;
/// Rows before the first step.
const LOADED: usize = 100_000;
/// Keys are below this: ten rows a key.
const KEYS: u64 = 10_000;

/// A row: key, value.
type Pair = (u64, i64);

/// A circuit with one operator, and the rows that it holds.
struct Step<R: Row> {
    circuit: Circuit,
    rows: Input<Pair>,
    output: Output<R>,
    /// The oldest first.
    live: VecDeque<Pair>,
    random: SplitMix,
    next: Delta<Pair>,
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, make| Case { name, batch: BATCH, contenders: vec![(DBSP, make)] };
    vec![
        case("operator/map", || step(|rows, _| rows.map(|row| (row.0, row.1 + 1)).output())),
        case("operator/filter", || step(|rows, _| rows.filter(|row| row.1 % 2 == 0).output())),
        case("operator/distinct", || step(|rows, _| rows.map(|row| row.0).distinct().output())),
        case("operator/join", || {
            step(|rows, dimension| {
                let right = dimension.index_by(|row| *row);
                rows.index_by(|row| *row).join(right, |key, left, right| (*key, left + right)).output()
            })
        }),
        case("operator/count", || step(|rows, _| rows.index_by(|row| *row).count().output())),
        case("operator/sum", || step(|rows, _| rows.index_by(|row| *row).sum().output())),
        case("operator/min", || step(|rows, _| rows.index_by(|row| *row).min().output())),
    ]
}

/// Builds the circuit around an operator and loads it.
fn step<R: Row>(
    operator: impl for<'b> FnOnce(Stream<'b, Pair>, Stream<'b, Pair>) -> Output<R>,
) -> anyhow::Result<Box<dyn Operation>> {
    let (mut circuit, (rows, dimension, output)) = Circuit::build(|builder| {
        let (rows, rows_input) = builder.input::<Pair>("rows");
        let (dimension, dimension_input) = builder.input::<Pair>("dimension");
        (rows_input, dimension_input, operator(rows, dimension))
    })?;
    let mut random = SplitMix::new(6);
    let live: VecDeque<Pair> = (0..LOADED).map(|_| pair(&mut random)).collect();
    circuit[rows].extend(live.iter().map(|row| (*row, 1)));
    circuit[dimension].extend((0..KEYS).map(|key| ((key, 1), 1)));
    circuit.step()?;
    Ok(Box::new(Step { circuit, rows, output, live, random, next: Delta::new() }))
}

impl<R: Row> Operation for Step<R> {
    fn prepare(&mut self) {
        for _ in 0..BATCH / 2 {
            let row = pair(&mut self.random);
            self.live.push_back(row);
            self.next.insert(row);
            if let Some(oldest) = self.live.pop_front() {
                self.next.delete(oldest);
            }
        }
    }

    fn run(&mut self) -> u64 {
        self.circuit[self.rows].append(&mut self.next);
        self.circuit.step().expect("a row leaves as often as it came: no weight leaves its range");
        self.circuit.delta(self.output).weights().iter().sum::<i64>().cast_unsigned()
    }
}

/// A random row.
fn pair(random: &mut SplitMix) -> Pair {
    (random.below(KEYS), random.below(1_000).cast_signed())
}
