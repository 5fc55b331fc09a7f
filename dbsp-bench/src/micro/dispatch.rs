//! What hosting an operator costs: one row through chains of maps of two lengths, and a step over nothing.

use dbsp_runtime::{Circuit, Input, Output};
use dbsp_zset::Delta;

use super::operation::{Case, Operation};
use crate::report::{DBSP, Row};

/// The case that is the slope of the two chains.
pub(super) const PER_OPERATOR: &str = "dispatch/per_operator";

const SHORT: (&str, usize) = ("dispatch/maps10", 10);
const LONG: (&str, usize) = ("dispatch/maps110", 110);

/// A chain of maps that do not fuse, and the row to send through it.
struct Chain {
    circuit: Circuit,
    rows: Input<i64>,
    output: Output<i64>,
    next: Delta<i64>,
    is_idle: bool,
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, make| Case { name, batch: 1, contenders: vec![(DBSP, make)] };
    vec![
        case(SHORT.0, || chain(SHORT.1, false)),
        case(LONG.0, || chain(LONG.1, false)),
        Case { batch: 0, ..case("dispatch/idle110", || chain(LONG.1, true)) },
    ]
}

/// Nanoseconds that one more operator costs, from the rows of the two chains.
pub(super) fn per_operator(rows: &[Row]) -> Option<f64> {
    let median = |case: &str| rows.iter().find(|row| row.case == case)?.p50_us;
    let more = (LONG.1 - SHORT.1) as f64;
    Some((median(LONG.0)? - median(SHORT.0)?) * 1e3 / more).filter(|nanos| *nanos > 0.0)
}

/// A circuit of `length` maps.
fn chain(length: usize, is_idle: bool) -> anyhow::Result<Box<dyn Operation>> {
    let (circuit, (rows, output)) = Circuit::build(|builder| {
        let (rows, input) = builder.input::<i64>("rows");
        let last = (0..length).fold(rows, |rows, _| rows.map(|row| row + 1).materialise());
        (input, last.output())
    })?;
    Ok(Box::new(Chain { circuit, rows, output, next: Delta::new(), is_idle }))
}

impl Operation for Chain {
    fn prepare(&mut self) {
        if !self.is_idle {
            self.next.insert(1);
        }
    }

    fn run(&mut self) -> u64 {
        self.circuit[self.rows].append(&mut self.next);
        self.circuit.step().expect("one row of weight 1 overflows nothing");
        self.circuit.delta(self.output).len() as u64
    }
}
