//! One stream of steps through a circuit and its oracle side by side.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dbsp_runtime::{Builder, Circuit};

use super::{Checked, Counterexample, Disagreement, Inputs, Observed};
use crate::oracle::{self, Bag};
use crate::strategy::Split;

/// Runs a fresh circuit over `steps` for each of the `splits`, and compares after every step.
///
/// # Errors
/// The first disagreement, with the steps up to it.
pub fn try_splits<I: Inputs, V: Observed>(
    build: impl Fn(&Builder) -> (I, V),
    oracle: impl Fn(&I::Bags) -> Bag<V::Row>,
    steps: &[I::Changes],
    splits: &[Split],
) -> Checked<I::Changes, V::Row> {
    for &split in splits {
        let mut steps = I::resplit(steps, split);
        let mut taken = 0;
        let outcome = catch_unwind(AssertUnwindSafe(|| try_steps(&build, &oracle, &steps, &mut taken)))
            .unwrap_or_else(|panic| Err(Disagreement::Panicked(message(&*panic))));
        if let Err(disagreement) = outcome {
            steps.truncate(taken);
            return Err(Box::new(Counterexample { steps, split, disagreement }));
        }
    }
    Ok(())
}

fn try_steps<I: Inputs, V: Observed>(
    build: impl Fn(&Builder) -> (I, V),
    oracle: impl Fn(&I::Bags) -> Bag<V::Row>,
    steps: &[I::Changes],
    taken: &mut usize,
) -> Result<(), Disagreement<V::Row>> {
    let (mut circuit, (inputs, observed)) =
        Circuit::build(build).map_err(|error| Disagreement::Fault(error.to_string()))?;
    let mut bags = I::Bags::default();
    let mut deltas = Bag::new();
    for changes in steps {
        *taken += 1;
        inputs.feed(&mut circuit, changes);
        circuit.step().map_err(|error| Disagreement::Fault(error.to_string()))?;
        I::integrate(&mut bags, changes);
        for (row, weight) in observed.changed(&circuit) {
            oracle::add(&mut deltas, row, weight);
        }
        let (expected, got) = (oracle(&bags), observed.held(&circuit));
        if got != expected {
            return Err(Disagreement::View { expected, got });
        }
        if deltas != expected {
            return Err(Disagreement::Deltas { expected, got: deltas });
        }
    }
    Ok(())
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("not a text").to_owned()
}
