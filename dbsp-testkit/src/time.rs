//! Operators that see steps: delay and feedback, which depend on how changes are split, so that
//! [`check_incremental`](crate::check_incremental) is not for them. Here each step has its own answer.
//!
//! ```
//! use dbsp_testkit::{oracle, time};
//!
//! let steps = [vec![('a', 1)], vec![('b', 1)], vec![]];
//! let delayed = time::check_deltas(
//!     |b| {
//!         let (rows, input) = b.input::<char>("rows");
//!         (input, rows.delay().view())
//!     },
//!     &steps,
//!     oracle::delay,
//! );
//! assert!(delayed.is_ok());
//! ```

use std::fmt::Debug;

use dbsp_runtime::{Builder, Circuit, Input, Row};

use crate::check::{Checked, Counterexample, Disagreement, Observed};
use crate::oracle::{Bag, bag, integrate};
use crate::strategy::{Changes, Split};

/// Checks the output delta of every step, and the view, against an oracle over the whole stream of deltas.
///
/// # Errors
/// The first step that disagrees.
pub fn check_deltas<R, V: Observed>(
    build: impl Fn(&Builder) -> (Input<R>, V),
    steps: &[Changes<R>],
    oracle: impl Fn(&[Bag<R>]) -> Vec<Bag<V::Row>>,
) -> Checked<Changes<R>, V::Row>
where
    R: Row + Debug,
{
    let fail = |steps: &[Changes<R>], disagreement| {
        Box::new(Counterexample { steps: steps.to_vec(), split: Split::AsGiven, disagreement })
    };
    let (mut circuit, (input, observed)) =
        Circuit::build(build).map_err(|error| fail(&[], Disagreement::Fault(error.to_string())))?;
    let inputs: Vec<Bag<R>> = steps.iter().cloned().map(bag).collect();
    let expected_deltas = oracle(&inputs);
    let expected_views = integrate(&expected_deltas);
    for (place, changes) in steps.iter().enumerate() {
        let so_far = &steps[..=place];
        circuit[input].extend(changes.iter().cloned());
        circuit.step().map_err(|error| fail(so_far, Disagreement::Fault(error.to_string())))?;
        let (expected, got) = (expected_deltas[place].clone(), observed.changed(&circuit));
        if got != expected {
            return Err(fail(so_far, Disagreement::Deltas { expected, got }));
        }
        let (expected, got) = (expected_views[place].clone(), observed.held(&circuit));
        if got != expected {
            return Err(fail(so_far, Disagreement::View { expected, got }));
        }
    }
    Ok(())
}
