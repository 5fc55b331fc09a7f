//! What building a circuit costs: two lengths, so that a build that is not linear shows itself.

use dbsp_runtime::Circuit;

use super::operation::{Case, Operation, over};
use crate::report::DBSP;

pub(super) fn cases() -> Vec<Case> {
    let case = |name, make| Case { name, batch: 0, contenders: vec![(DBSP, make)] };
    vec![case("build/1000", || builds(1_000)), case("build/20000", || builds(20_000))]
}

/// Builds a circuit of so many operators, each with a name.
fn builds(operators: usize) -> anyhow::Result<Box<dyn Operation>> {
    over(
        (operators, None),
        |(_, built)| *built = None,
        |(operators, built)| {
            let circuit = Circuit::build(|b| {
                let (rows, input) = b.input::<u64>("rows");
                let last =
                    (0..*operators).fold(rows, |rows, _| rows.map(|row| row + 1).materialise().named("link"));
                (input, last.output())
            });
            let (circuit, _) = built.insert(circuit.expect("a chain is a circuit"));
            circuit.graph().nodes.len() as u64
        },
    )
}
