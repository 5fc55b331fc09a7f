//! Chains of stateless operators, fused into one against each materialised as an operator of its own.
//!
//! Every second stage is a filter, which drops a sixteenth of the 2,000 rows: half of them come through sixteen stages.
//! Rows are fresh in every step: see `operators`. One stage is one operator either way, so that this case has no rival.

use dbsp_runtime::{Chain, Circuit, Flow, Input, Output, Stream};
use dbsp_zset::{Delta, Row};

use super::operation::{Case, Operation};
use crate::headline::SplitMix;
use crate::report::DBSP;

/// The rival: the same stages, none fused with the next.
const MATERIALISED: &str = "materialised";

/// Rows of a step.
const BATCH: usize = 2_000;

/// A row: key, value.
type Pair = (u64, i64);

/// A circuit of one chain, and the rows to send through it.
struct Passed {
    circuit: Circuit,
    rows: Input<Pair>,
    output: Output<Pair>,
    random: SplitMix,
    next: Delta<Pair>,
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "fusion/stages1",
            batch: BATCH,
            contenders: vec![(DBSP, || chain(|rows| rows.map(add).output()))],
        },
        Case {
            name: "fusion/stages4",
            batch: BATCH,
            contenders: vec![
                (DBSP, || chain(|rows| two(two(rows)).output())),
                (MATERIALISED, || chain(|rows| apart(rows, 4).output())),
            ],
        },
        Case {
            name: "fusion/stages16",
            batch: BATCH,
            contenders: vec![
                (DBSP, || chain(|rows| two(two(two(two(two(two(two(two(rows)))))))).output())),
                (MATERIALISED, || chain(|rows| apart(rows, 16).output())),
            ],
        },
    ]
}

/// A filter and a map.
fn two<'b, S: Row, C: Chain<S, Row = Pair>>(
    rows: Flow<'b, S, C>,
) -> Flow<'b, S, impl Chain<S, Row = Pair> + use<S, C>> {
    rows.filter(keep).map(add)
}

/// As many stages, each an operator of its own.
fn apart(rows: Stream<'_, Pair>, stages: usize) -> Stream<'_, Pair> {
    (0..stages / 2).fold(rows, |rows, _| rows.filter(keep).materialise().map(add).materialise())
}

/// Drops the rows whose value has one of sixteen last digits: another sixteenth each time, as values go on by one.
fn keep(row: &Pair) -> bool {
    row.1 % 16 != 7
}

fn add(row: &Pair) -> Pair {
    (row.0, row.1 + 1)
}

/// A circuit around a chain.
fn chain(build: impl for<'b> FnOnce(Stream<'b, Pair>) -> Output<Pair>) -> anyhow::Result<Box<dyn Operation>> {
    let (circuit, (rows, output)) = Circuit::build(|builder| {
        let (rows, input) = builder.input::<Pair>("rows");
        (input, build(rows))
    })?;
    Ok(Box::new(Passed { circuit, rows, output, random: SplitMix::new(9), next: Delta::new() }))
}

impl Operation for Passed {
    fn prepare(&mut self) {
        let random = &mut self.random;
        self.next.extend((0..BATCH).map(|_| ((random.below(10_000), random.below(1_000).cast_signed()), 1)));
    }

    fn run(&mut self) -> u64 {
        self.circuit[self.rows].append(&mut self.next);
        self.circuit.step().expect("rows of weight 1 overflow nothing");
        self.circuit
            .delta(self.output)
            .iter()
            .map(|(row, weight)| row.1 * weight)
            .sum::<i64>()
            .cast_unsigned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fused_stages_are_one_operator_and_materialised_ones_are_many() {
        let operators = |build: fn(Stream<'_, Pair>) -> Output<Pair>| {
            let (circuit, _) = Circuit::build(|builder| build(builder.input::<Pair>("rows").0)).unwrap();
            circuit.graph().nodes.iter().filter(|node| node.operator.kind == "stateless").count()
        };
        assert_eq!(operators(|rows| two(two(rows)).output()), 1);
        assert_eq!(operators(|rows| apart(rows, 4).output()), 4);
    }
}
