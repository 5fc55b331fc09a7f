//! Operators whose inputs change together under one key: chains of joins, diamonds, outer joins by hand.
//!
//! An aggregate that changes is two rows, and an operator that makes more of them than differ hands them to the next one. So
//! these cases report `rows_out_per_row`: rows of the last operator's delta for each row that went in.
//!
//! A step replaces the value of every key: 1,000 keys, 2,000 rows in, and 2,000 rows out where nothing is multiplied.

use dbsp_runtime::{Circuit, Input, KeyedStream, Output, Stream, Sum};
use dbsp_zset::{Delta, Row};

use super::operation::{Case, Operation};
use crate::headline::SplitMix;
use crate::report::DBSP;

/// Keys, each of which changes in every step.
const KEYS: u64 = 1_000;
/// Rows of a step: the old one and the new one of each key.
const BATCH: usize = 2 * KEYS as usize;

/// A row: key, value.
type Pair = (u64, i64);
type Keyed<'b> = KeyedStream<'b, u64, i64>;

/// A circuit, and the value that each key has.
struct Replaced<R: Row> {
    circuit: Circuit,
    rows: Input<Pair>,
    output: Output<R>,
    values: Vec<i64>,
    random: SplitMix,
    next: Delta<Pair>,
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, make| Case { name, batch: BATCH, contenders: vec![(DBSP, make)] };
    vec![
        case("amplification/chain1", || replaced(|rows| chain(rows, 1).output())),
        case("amplification/chain3", || replaced(|rows| chain(rows, 3).output())),
        case("amplification/chain5", || replaced(|rows| chain(rows, 5).output())),
        case("amplification/chain7", || replaced(|rows| chain(rows, 7).output())),
        case("amplification/chain12", || replaced(|rows| chain(rows, 12).output())),
        case("amplification/diamond", || {
            replaced(|rows| {
                let (low, high) = (rows.keyed().min(), rows.keyed().max());
                low.join(high, |key, low, high| (*key, high - low)).output()
            })
        }),
        case("amplification/four_aggregates", || replaced(|rows| four_aggregates(rows).output())),
        case("amplification/outer_joins", || {
            replaced(|rows| {
                let halves = rows.filter(|row| row.1 % 2 == 0).materialise().keyed();
                let thirds = rows.filter(|row| row.1 % 3 == 0).materialise().keyed();
                left_join(left_join(rows.keyed(), halves), thirds).output()
            })
        }),
        case("amplification/negated_union", || replaced(|rows| rows.plus(rows.neg()).output())),
    ]
}

/// A sum of each key, joined with as many others of the same key.
fn chain(rows: Stream<'_, Pair>, joins: i64) -> Keyed<'_> {
    let sum = |factor: i64| rows.keyed().aggregate(Sum(move |value: &i64| value * factor));
    (1..=joins)
        .fold(sum(1), |all, factor| all.join(sum(factor), |key, one, other| (*key, one + other)).keyed())
}

/// Count, greatest, least and number of different values of each key, side by side: four operators, as they cannot share one.
fn four_aggregates(rows: Stream<'_, Pair>) -> KeyedStream<'_, u64, (i64, i64, i64, i64)> {
    let distinct = rows.distinct().keyed().count();
    let extremes = rows.keyed().max().join(rows.keyed().min(), |key, max, min| (*key, (*max, *min)));
    let counts = rows.keyed().count().join(distinct, |key, count, distinct| (*key, (*count, *distinct)));
    extremes
        .keyed()
        .join(counts.keyed(), |key, (max, min), (count, distinct)| (*key, (*count, *max, *min, *distinct)))
        .keyed()
}

/// The left outer join of two keyed streams: the rows with a match, and those without one.
fn left_join<'b>(left: Keyed<'b>, right: Keyed<'b>) -> Keyed<'b> {
    let matched = left.join(right, |key, one, other| (*key, one + other)).keyed();
    matched.plus(left.antijoin(right.rows().map(|row| row.0)))
}

/// Builds a circuit and loads it with a row for each key.
fn replaced<R: Row>(
    build: impl for<'b> FnOnce(Stream<'b, Pair>) -> Output<R>,
) -> anyhow::Result<Box<dyn Operation>> {
    let (mut circuit, (rows, output)) = Circuit::build(|builder| {
        let (rows, input) = builder.input::<Pair>("rows");
        (input, build(rows))
    })?;
    let values = vec![0; KEYS as usize];
    circuit[rows].extend((0..KEYS).map(|key| ((key, 0), 1)));
    circuit.step()?;
    Ok(Box::new(Replaced { circuit, rows, output, values, random: SplitMix::new(8), next: Delta::new() }))
}

impl<R: Row> Operation for Replaced<R> {
    fn prepare(&mut self) {
        for (key, value) in (0..).zip(&mut self.values) {
            let new = *value + 1 + self.random.below(100).cast_signed();
            self.next.replace((key, *value), (key, new));
            *value = new;
        }
    }

    fn run(&mut self) -> u64 {
        self.circuit[self.rows].append(&mut self.next);
        self.circuit.step().expect("a key has one row: no weight leaves its range");
        self.circuit.delta(self.output).weights().iter().sum::<i64>().cast_unsigned()
    }

    fn rows_out(&self) -> Option<usize> {
        Some(self.circuit.delta(self.output).len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_case_gives_more_rows_than_came_in() {
        for case in cases() {
            let mut operation = (case.contenders[0].1)().expect("the circuit is built");
            for _ in 0..3 {
                operation.prepare();
                operation.run();
                let most = if case.name.ends_with("negated_union") { 2 * BATCH } else { BATCH };
                assert!(operation.rows_out().expect("it says so") <= most, "{}", case.name);
            }
        }
    }
}
