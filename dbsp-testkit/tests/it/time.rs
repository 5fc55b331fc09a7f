//! Delay and feedback, step by step.

use std::panic::resume_unwind;

use dbsp_runtime::{Builder, Circuit, Recovery, ZSet};
use dbsp_testkit::check::Observed;
use dbsp_testkit::oracle::{self, Bag};
use dbsp_testkit::strategy::{row, steps, weight};
use dbsp_testkit::time::check_deltas;
use dbsp_testkit::{Check, strategy::Changes};

type Row = (i64, i64);

fn assert_steps<V: Observed<Row = Row>>(
    build: impl Fn(&Builder) -> (dbsp_runtime::Input<Row>, V),
    oracle: impl Fn(&[Bag<Row>]) -> Vec<Bag<Row>>,
) {
    let test = |steps: &Vec<Changes<Row>>| check_deltas(&build, steps, &oracle);
    if let Some((_, found)) = Check::default().find(steps(row(), weight()), test) {
        panic!("{found}");
    }
}

#[test]
fn delay_at_the_first_step_is_empty_and_then_one_step_late() {
    let delayed = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.delay().view())
    };
    assert_steps(delayed, oracle::delay);
    let first = check_deltas(delayed, &[vec![((1, 1), 1)]], |_| vec![Bag::new()]);
    assert!(first.is_ok());
}

#[test]
fn two_delays_are_two_steps_late() {
    let twice = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.delay().map(|row| *row).delay().view())
    };
    assert_steps(twice, |deltas| oracle::delay(&oracle::delay(deltas)));
}

#[test]
fn a_delayed_keyed_stream_is_one_step_late() {
    let delayed = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.index_by(|row| *row).delay().view())
    };
    assert_steps(delayed, oracle::delay);
}

#[test]
fn a_stream_plus_its_own_feedback_is_its_integral() {
    // out(t) = in(t) + out(t - 1): the definition of integration by feedback.
    let looped = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        let (before, feedback) = b.feedback::<Row>("before");
        let sum = rows.plus(before);
        feedback.connect(sum);
        (input, sum.view())
    };
    assert_steps(looped, oracle::integrate);
}

#[test]
fn differentiate_undoes_integrate_in_a_circuit() {
    let there_and_back = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.integrate().differentiate().view())
    };
    assert_steps(there_and_back, <[Bag<Row>]>::to_vec);
}

#[test]
fn a_lifted_query_over_collections_is_the_query_of_the_integral() {
    // Everything or nothing, by the number of rows: a query that only a whole collection can answer.
    let lifted = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        let even = rows.integrate().lift(|all| if all.len() % 2 == 0 { all.clone() } else { ZSet::new() });
        (input, even.differentiate().view())
    };
    let even = |all: &Bag<Row>| if all.len().is_multiple_of(2) { all.clone() } else { Bag::new() };
    assert_steps(lifted, |deltas| oracle::incremental(deltas, even));
}

#[test]
fn a_step_that_faults_and_is_discarded_is_no_step() {
    // Both loops hold something back; a key of 3 panics, last in the circuit, and without the panic hook.
    let build = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        let (before, feedback) = b.feedback::<Row>("before");
        let sum = rows.plus(before);
        feedback.connect(sum);
        let fragile = |row: &Row| if row.0 == 3 { resume_unwind(Box::new("three")) } else { *row };
        (input, (sum.view(), rows.delay().view(), rows.map(fragile).view()))
    };
    let test = |steps: &Vec<Changes<Row>>| {
        let (mut circuit, (input, (sums, delayed, _))) = Circuit::build(build).expect("the loop is closed");
        let mut taken = Vec::new();
        for step in steps {
            circuit[input].extend(step.iter().copied());
            if circuit.step().is_err() {
                circuit.recover(Recovery::Discard).map_err(|error| error.to_string())?;
                continue;
            }
            taken.push(oracle::bag(step.clone()));
            let last = taken.len() - 1;
            let expected = (oracle::integrate(&taken)[last].clone(), oracle::delay(&taken)[last].clone());
            let got = (sums.changed(&circuit), delayed.changed(&circuit));
            if got != expected {
                return Err(format!("{got:?}, not {expected:?}"));
            }
        }
        Ok(())
    };
    if let Some((steps, message)) = Check::default().cases(256).find(steps(row(), weight()), test) {
        panic!("{steps:?}\n{message}");
    }
}
