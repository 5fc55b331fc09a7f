//! Are the closures of a circuit pure functions? They are called twice and must say the same twice.

use std::fmt::Debug;

use dbsp_runtime::{Builder, Circuit, Error};

use super::{Check, Checked, Counterexample, Disagreement, Inputs, Observed, Rows};
use crate::oracle::{self, Bag};
use crate::strategy::Split;

impl Check {
    /// As [`check_pure`], with these settings.
    ///
    /// # Errors
    /// A [`Counterexample`] that shrinking made small.
    pub fn run_pure<I: Inputs, V: Observed>(
        self,
        build: impl Fn(&Builder) -> (I, V),
        rows: impl Rows<I>,
        between: impl Fn(),
    ) -> Checked<I::Changes, V::Row> {
        let minimal = self.find(rows.steps(), |steps| try_pure::<I, V>(&build, &between, steps));
        minimal.map_or(Ok(()), |(_, found)| Err(found))
    }
}

/// Checks that the closures of a circuit are pure functions, as every operator takes for granted: that what they make of
/// a row does not depend on when, how often, or after which other rows they are called.
///
/// Each random stream of changes goes through two circuits that `build` makes, step by step in turns, and `between` is
/// called between any two steps: it moves what a closure might look at, such as a clock. The second circuit gets each
/// step with every row inserted and deleted once more, and twice as many empty steps, so that its closures are called at other
/// times. Then everything is taken back from both. Their views, and the sums of their deltas, must be alike after every
/// step, and empty in the end if they were empty at first.
///
/// This finds a closure that reads a clock, a counter or a table that changes, if a random stream calls it at a time at
/// which it matters. It cannot prove that there is none. A circuit with delays or feedbacks does not pass: what it shows
/// depends on its steps.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicI64, Ordering};
///
/// use dbsp_testkit::{check_pure, strategy};
///
/// let now = Arc::new(AtomicI64::new(0));
/// let clock = Arc::clone(&now);
/// let found = check_pure(
///     move |b| {
///         let (times, input) = b.input::<i64>("times");
///         let now = Arc::clone(&clock);
///         (input, times.filter(move |t| t + 10 > now.load(Ordering::Relaxed)).view())
///     },
///     strategy::value(),
///     || {
///         now.fetch_add(1, Ordering::Relaxed);
///     },
/// );
/// let found = found.expect_err("a row that came before the clock moved does not go after it");
/// assert!(found.to_string().contains("should"));
///
/// let pure = check_pure(
///     |b| {
///         let (times, input) = b.input::<i64>("times");
///         let (over, over_input) = b.input::<i64>("ticks that are over");
///         ((input, over_input), times.index_by(|t| (t + 10, *t)).antijoin(over).view())
///     },
///     (strategy::value(), strategy::key()),
///     || (),
/// );
/// assert!(pure.is_ok());
/// ```
///
/// # Errors
/// A [`Counterexample`] that shrinking made small: the first circuit's rows are what was expected, the second's are what was
/// got.
pub fn check_pure<I: Inputs, V: Observed>(
    build: impl Fn(&Builder) -> (I, V),
    rows: impl Rows<I>,
    between: impl Fn(),
) -> Checked<I::Changes, V::Row> {
    Check::default().run_pure(build, rows, between)
}

/// A circuit with what it has given out.
struct Copied<I, V: Observed> {
    circuit: Circuit,
    inputs: I,
    observed: V,
    deltas: Bag<V::Row>,
}

impl<I: Inputs, V: Observed> Copied<I, V> {
    fn new(build: impl Fn(&Builder) -> (I, V)) -> Result<Self, Error> {
        let (circuit, (inputs, observed)) = Circuit::build(build)?;
        Ok(Self { circuit, inputs, observed, deltas: Bag::new() })
    }

    fn step(&mut self, changes: &I::Changes) -> Result<(), Error> {
        self.inputs.feed(&mut self.circuit, changes);
        self.circuit.step()?;
        for (row, weight) in self.observed.changed(&self.circuit) {
            oracle::add(&mut self.deltas, row, weight);
        }
        Ok(())
    }

    fn held(&self) -> Bag<V::Row> {
        self.observed.held(&self.circuit)
    }
}

/// Runs a stream, and the same stream taken back, through two circuits in turns.
fn try_pure<I: Inputs, V: Observed>(
    build: impl Fn(&Builder) -> (I, V),
    between: impl Fn(),
    steps: &[I::Changes],
) -> Checked<I::Changes, V::Row> {
    let mut taken = 0;
    compare::<I, V>(build, between, steps, &mut taken).map_err(|disagreement| {
        let steps = steps[..taken.min(steps.len())].to_vec();
        Box::new(Counterexample { steps, split: Split::Restated, disagreement })
    })
}

fn compare<I: Inputs, V: Observed>(
    build: impl Fn(&Builder) -> (I, V),
    between: impl Fn(),
    steps: &[I::Changes],
    taken: &mut usize,
) -> Result<(), Disagreement<V::Row>> {
    let fault = |error: Error| Disagreement::Fault(error.to_string());
    let (mut one, mut other) =
        (Copied::<I, V>::new(&build).map_err(fault)?, Copied::<I, V>::new(&build).map_err(fault)?);
    let nothing = I::Changes::default();
    for copy in [&mut one, &mut other] {
        copy.step(&nothing).map_err(fault)?;
    }
    let at_first = one.held();
    let restated = I::resplit(steps, Split::Restated);
    let undone: Vec<I::Changes> = steps.iter().rev().map(I::negated).collect();
    let forwards = steps.iter().zip(&restated);
    let backwards = undone.iter().zip(&undone);
    for (changes, others) in forwards.chain(backwards) {
        *taken += 1;
        one.step(changes).map_err(fault)?;
        between();
        other.step(others).map_err(fault)?;
        between();
        other.step(&nothing).map_err(fault)?;
        alike(one.held(), other.held())?;
        if one.deltas != other.deltas {
            return Err(Disagreement::Deltas { expected: one.deltas, got: other.deltas });
        }
    }
    alike(at_first.clone(), one.held())?;
    alike(at_first, other.held())
}

fn alike<R: Ord + Debug>(expected: Bag<R>, got: Bag<R>) -> Result<(), Disagreement<R>> {
    if got == expected { Ok(()) } else { Err(Disagreement::View { expected, got }) }
}
