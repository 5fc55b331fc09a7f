//! Faults in the middle of a step: a closure of the query panics, and nothing may be half done.

use std::cell::Cell;
use std::panic::resume_unwind;

use dbsp_runtime::{Circuit, Error, Recovery};

use super::build::{QueryViews, build_probed};
use super::{Query, QueryChanges, QueryInputs, QueryRow, evaluate};
use crate::check::{Counterexample, Disagreement, Inputs, Observed};
use crate::oracle::{self, Bag};
use crate::strategy::Split;

type Found = Counterexample<QueryChanges, (usize, QueryRow)>;

thread_local! {
    /// How many more rows the functions of the query let through before one panics.
    static FUSE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Lets every step panic at its row number `fuse`, recovers, takes the step again, and compares: after the
/// fault the views must be as before the step, and after the repeated step as if there had been no fault.
/// Every second recovery keeps the pending changes, the others drop them and feed them again.
///
/// Hands back how many faults there were.
///
/// # Errors
/// The first disagreement.
pub fn check_recovery(query: &Query, steps: &[QueryChanges], fuse: u64) -> Result<usize, Box<Found>> {
    let mut faults = 0;
    let mut taken = 0;
    let outcome = run(query, steps, fuse, &mut faults, &mut taken);
    outcome.map(|()| faults).map_err(|disagreement| {
        let steps = steps[..taken].to_vec();
        Box::new(Counterexample { steps, split: Split::AsGiven, disagreement })
    })
}

fn run(
    query: &Query,
    steps: &[QueryChanges],
    fuse: u64,
    faults: &mut usize,
    taken: &mut usize,
) -> Result<(), Disagreement<(usize, QueryRow)>> {
    let fault = |error: Error| Disagreement::Fault(error.to_string());
    let (mut circuit, (inputs, views)) =
        Circuit::build(|builder| build_probed(query, builder, spend)).map_err(fault)?;
    let mut bags = <QueryInputs as Inputs>::Bags::default();
    let (mut deltas, mut held) = (Bag::new(), Bag::new());
    for changes in steps {
        *taken += 1;
        inputs.feed(&mut circuit, changes);
        FUSE.set(Some(fuse));
        let outcome = circuit.step();
        FUSE.set(None);
        if outcome.is_err() {
            *faults += 1;
            compare(&views, &circuit, &held)?;
            if faults.is_multiple_of(2) {
                circuit.recover(Recovery::Retry).map_err(fault)?;
            } else {
                circuit.recover(Recovery::Discard).map_err(fault)?;
                inputs.feed(&mut circuit, changes);
            }
            circuit.step().map_err(fault)?;
        }
        QueryInputs::integrate(&mut bags, changes);
        held = evaluate(query, &bags);
        compare(&views, &circuit, &held)?;
        for (row, weight) in views.changed(&circuit) {
            oracle::add(&mut deltas, row, weight);
        }
        if deltas != held {
            return Err(Disagreement::Deltas { expected: held, got: deltas });
        }
    }
    Ok(())
}

fn compare(
    views: &QueryViews,
    circuit: &Circuit,
    expected: &Bag<(usize, QueryRow)>,
) -> Result<(), Disagreement<(usize, QueryRow)>> {
    let got = views.held(circuit);
    if got == *expected { Ok(()) } else { Err(Disagreement::View { expected: expected.clone(), got }) }
}

/// Burns the fuse by one row. At its end it unwinds without the panic hook, so that nothing is printed.
fn spend() {
    match FUSE.get() {
        Some(0) => {
            FUSE.set(None);
            resume_unwind(Box::new("the fuse of the test burnt down"));
        }
        Some(left) => FUSE.set(Some(left - 1)),
        None => {}
    }
}
