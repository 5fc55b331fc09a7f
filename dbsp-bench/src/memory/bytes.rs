//! Bytes of state: what a row takes in each kind of trace and table, as the circuit tells and as the allocator saw.
//!
//! # Cases
//! `bytes/HOLDER/ROW/N`. HOLDER is `arrangement` (the trace of a join or of a view by key), `view` (a Z-set),
//! `group_by` (sum and count of N groups of one row) or `max` (an ordered trace); ROW is `copy`, 24 bytes of numbers,
//! or `text`, two strings of 16 characters. Traces hold five rows a key, as in the headline.
//!
//! # Figures
//! The circuit tells the bytes of its containers. The allocator saw those and the texts that rows own, which containers
//! cannot see: so the two figures of `copy` should agree, and those of `text` differ by the 16 bytes of each string that
//! is kept, which is one a row in `group_by` and one a row and one a key in `max`. Buffers between operators and what an
//! empty circuit takes are subtracted.

use anyhow::Result;
use dbsp_ops::{Count, Sum};
use dbsp_runtime::{Circuit, Stream};
use dbsp_zset::Row;

use crate::allocations;
use crate::headline::SplitMix;
use crate::options::Options;

/// Rows of a step of the load: growth comes in steps, as it does in use.
const BATCH: usize = 1_000;
/// Rows of a key.
const PER_KEY: usize = 5;

/// The sizes of the full run; `--quick` leaves out the last.
const SIZES: [usize; 3] = [1_000, 50_000, 1_000_000];

/// Loads so many rows and weighs them.
type Hold = fn(usize) -> Result<Bytes>;

/// One kind of state with one kind of row.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) hold: Hold,
}

/// What some rows take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bytes {
    /// Rows that the state holds.
    pub(super) rows: usize,
    /// Bytes of the state, as the circuit tells.
    pub(super) told: usize,
    /// Bytes that the allocator was asked for it, where it counts.
    pub(super) allocated: Option<i64>,
}

impl Bytes {
    /// Bytes that the circuit tells of, for each row.
    pub(super) fn told_per_row(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.told as f64 / self.rows as f64)
    }

    /// Bytes that the allocator was asked for, for each row.
    pub(super) fn allocated_per_row(&self) -> Option<f64> {
        (self.rows > 0).then_some(self.allocated? as f64 / self.rows as f64)
    }
}

/// The kinds of state: a name, and how each kind of row is held in it.
const HOLDERS: [(&str, [Hold; 2]); 4] = [
    ("arrangement", [arrangement::<Numbers>, arrangement::<Texts>]),
    ("view", [view::<Numbers>, view::<Texts>]),
    ("group_by", [group_by::<Numbers>, group_by::<Texts>]),
    ("max", [max::<Numbers>, max::<Texts>]),
];
/// The names of the kinds of rows.
const ROWS: [&str; 2] = ["copy", "text"];

/// The cases that were asked for; `--events` takes the place of the sizes.
pub(super) fn cases(options: &Options) -> Vec<Case> {
    let sizes = match options.events {
        Some(rows) => vec![rows],
        None if options.quick => SIZES[..2].to_vec(),
        None => SIZES.to_vec(),
    };
    let mut cases = Vec::new();
    for (holder, holds) in HOLDERS {
        for (row, hold) in ROWS.into_iter().zip(holds) {
            for &rows in &sizes {
                cases.push(Case { name: format!("bytes/{holder}/{row}/{rows}"), rows, hold });
            }
        }
    }
    cases.retain(|case| options.wants(&case.name));
    cases
}

/// A kind of row.
trait Columns: 'static {
    type Key: Row;
    type Value: Row;

    fn key(key: u64) -> Self::Key;

    fn value(random: u64) -> Self::Value;

    /// What a sum adds up.
    fn number(value: &Self::Value) -> i64;
}

/// Rows of three numbers.
struct Numbers;

impl Columns for Numbers {
    type Key = u64;
    type Value = (u64, i64);

    fn key(key: u64) -> u64 {
        key
    }

    fn value(random: u64) -> (u64, i64) {
        (random, 1)
    }

    fn number(value: &(u64, i64)) -> i64 {
        value.1
    }
}

/// Rows of two strings.
struct Texts;

impl Columns for Texts {
    type Key = String;
    type Value = String;

    fn key(key: u64) -> String {
        format!("customer {key:07}")
    }

    fn value(random: u64) -> String {
        format!("{random:016x}")
    }

    fn number(value: &String) -> i64 {
        i64::from(value.starts_with('0'))
    }
}

fn arrangement<C: Columns>(rows: usize) -> Result<Bytes> {
    held::<C>(rows, PER_KEY, |stream| {
        let _ = stream.keyed().view();
    })
}

fn view<C: Columns>(rows: usize) -> Result<Bytes> {
    held::<C>(rows, PER_KEY, |stream| {
        let _ = stream.view();
    })
}

fn group_by<C: Columns>(rows: usize) -> Result<Bytes> {
    held::<C>(rows, 1, |stream| {
        let _ = stream.keyed().aggregate((Sum(C::number), Count)).output();
    })
}

fn max<C: Columns>(rows: usize) -> Result<Bytes> {
    held::<C>(rows, PER_KEY, |stream| {
        let _ = stream.keyed().max().output();
    })
}

/// Loads rows into the state that `build` adds to a circuit.
fn held<C: Columns>(
    rows: usize,
    per_key: usize,
    build: impl FnOnce(Stream<'_, (C::Key, C::Value)>),
) -> Result<Bytes> {
    let (mut circuit, input) = Circuit::build(|builder| {
        let (stream, input) = builder.input("rows");
        build(stream);
        input
    })?;
    let before = allocations::so_far();
    let mut random = SplitMix::new(8);
    let keys = (rows / per_key).max(1) as u64;
    for first in (0..rows).step_by(BATCH) {
        let batch = first..rows.min(first + BATCH);
        let row = |n: usize| (C::key(n as u64 % keys), C::value(random.bits()));
        circuit[input].extend(batch.map(row).map(|row| (row, 1)));
        circuit.step()?;
    }
    // A step over nothing: no buffer has a row of the last one left, nor the texts in it.
    circuit.step()?;

    let live = allocations::counts_since(before).map(|counts| counts.live_bytes());
    let memory = circuit.memory();
    // What is pending in an input is a buffer as well.
    let states = memory.operators.iter().filter(|held| held.operator.kind != "input").map(|held| held.state);
    let (held, told) = states.fold((0, 0), |(rows, bytes), state| (rows + state.rows, bytes + state.bytes));
    let buffers = (memory.bytes() - told) as i64;
    Ok(Bytes { rows: held, told, allocated: live.map(|live| live - buffers) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_holds_its_rows_and_no_fewer_bytes_than_they_have() {
        crate::allocations::are_counted();
        for case in cases(&Options { events: Some(1_200), ..Options::default() }) {
            let bytes = (case.hold)(case.rows).unwrap();
            assert_eq!(bytes.rows, case.rows, "{}", case.name);
            assert!(bytes.told_per_row().unwrap() >= 24.0, "{}: {bytes:?}", case.name);
            let least = 0.9 * bytes.told_per_row().unwrap();
            assert!(bytes.allocated_per_row().unwrap() >= least, "{}: {bytes:?}", case.name);
        }
    }

    #[test]
    fn sizes_and_names_choose_the_cases() {
        let named = |cases: &[&str], quick| {
            let cases = cases.iter().map(|&case| case.to_owned()).collect();
            let cases = self::cases(&Options { cases, quick, ..Options::default() });
            cases.into_iter().map(|case| case.name).collect::<Vec<_>>()
        };
        assert_eq!(named(&[], false).len(), 24);
        assert_eq!(named(&["bytes/max"], true).len(), 4);
        assert_eq!(named(&["bytes/view/text/1000000"], false), ["bytes/view/text/1000000"]);
        assert_eq!(named(&["steady"], false), [""; 0]);
    }
}
