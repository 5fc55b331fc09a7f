//! The traps that small engines fall into, each through a circuit, with the numbers by hand.

use std::fmt::Debug;

use dbsp_runtime::{Builder, Circuit, Input, Row as AnyRow};
use dbsp_testkit::check::Observed;
use dbsp_testkit::oracle::{Bag, bag};
use dbsp_testkit::strategy::Changes;

type Row = (i64, i64);

/// Runs steps through a circuit of one input; hands back what the view changed in each, and holds at last.
fn run<R, V: Observed>(
    build: impl Fn(&Builder) -> (Input<R>, V),
    steps: &[&[(R, i64)]],
) -> (Vec<Bag<V::Row>>, Bag<V::Row>)
where
    R: AnyRow + Debug,
{
    let (mut circuit, (input, view)) = Circuit::build(build).expect("the circuit is closed");
    let mut deltas = Vec::new();
    for step in steps {
        circuit[input].extend(step.iter().cloned());
        circuit.step().expect("no fault is provoked");
        deltas.push(view.changed(&circuit));
    }
    (deltas, view.held(&circuit))
}

/// As [`run`], with two inputs.
fn run_two<V: Observed>(
    build: impl Fn(&Builder) -> ((Input<Row>, Input<Row>), V),
    steps: &[(Changes<Row>, Changes<Row>)],
) -> Vec<Bag<V::Row>> {
    let (mut circuit, ((left, right), view)) = Circuit::build(build).expect("the circuit is closed");
    let mut deltas = Vec::new();
    for step in steps {
        circuit[left].extend(step.0.iter().copied());
        circuit[right].extend(step.1.iter().copied());
        circuit.step().expect("no fault is provoked");
        deltas.push(view.changed(&circuit));
    }
    deltas
}

#[test]
fn duplicate_rows_within_one_delta_add_up() {
    let count = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.index_by(|row| *row).count().view())
    };
    let distinct = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.distinct().view())
    };
    let delta: &[(Row, i64)] = &[((1, 7), 1), ((1, 7), 1), ((2, 7), 1), ((2, 7), -1)];
    assert_eq!(run(count, &[delta]).1, bag([((1, 2), 1)]));
    assert_eq!(run(distinct, &[delta]).1, bag([((1, 7), 1)]));
}

#[test]
fn a_map_that_sends_two_rows_to_one_keeps_it_until_both_are_gone() {
    let build = |b: &Builder| {
        let (rows, input) = b.input::<i64>("rows");
        (input, rows.map(|row| row.abs()).distinct().view())
    };
    let steps: [&[(i64, i64)]; 3] = [&[(3, 1), (-3, 1)], &[(3, -1)], &[(-3, -1)]];
    assert_eq!(run(build, &steps).0, [bag([(3, 1)]), bag([]), bag([(3, -1)])]);
}

#[test]
fn deleting_and_inserting_again_in_one_step_changes_nothing() {
    let build = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.index_by(|row| *row).min().view())
    };
    let steps: [&[(Row, i64)]; 3] =
        [&[((1, 5), 1), ((1, 6), 1)], &[((1, 5), -1), ((1, 5), 1)], &[((1, 5), 1), ((1, 5), -1)]];
    assert_eq!(run(build, &steps).0, [bag([((1, 5), 1)]), bag([]), bag([])]);
}

#[test]
fn a_semijoin_retracts_and_an_antijoin_emits_when_the_right_side_loses_its_last_row() {
    let semijoin = |b: &Builder| {
        let ((left, left_input), (right, right_input)) = (b.input::<Row>("left"), b.input::<Row>("right"));
        ((left_input, right_input), left.index_by(|row| *row).semijoin(right.map(|row| row.0)).view())
    };
    let antijoin = |b: &Builder| {
        let ((left, left_input), (right, right_input)) = (b.input::<Row>("left"), b.input::<Row>("right"));
        ((left_input, right_input), left.index_by(|row| *row).antijoin(right.map(|row| row.0)).view())
    };
    let steps = [
        (vec![((1, 10), 2)], vec![((1, 0), 1), ((1, 1), 1)]),
        (vec![], vec![((1, 0), -1)]),
        (vec![], vec![((1, 1), -1)]),
        (vec![], vec![((1, 1), 1)]),
    ];
    let there = bag([((1, 10), 2)]);
    let gone = bag([((1, 10), -2)]);
    let none = || bag([]);
    assert_eq!(run_two(semijoin, &steps), [there.clone(), none(), gone.clone(), there.clone()]);
    assert_eq!(run_two(antijoin, &steps), [none(), none(), there, gone]);
}

#[test]
fn distinct_crosses_zero_from_below() {
    let build = |b: &Builder| {
        let (rows, input) = b.input::<char>("rows");
        (input, rows.distinct().view())
    };
    let steps: [&[(char, i64)]; 5] = [&[('a', -2)], &[('a', 1)], &[('a', 1)], &[('a', 1)], &[('a', -2)]];
    let expected = [bag([]), bag([]), bag([]), bag([('a', 1)]), bag([('a', -1)])];
    assert_eq!(run(build, &steps).0, expected);
}

#[test]
fn an_aggregate_whose_group_empties_leaves_no_row() {
    let steps: [&[(Row, i64)]; 2] = [&[((1, 0), 1), ((2, 4), 1)], &[((1, 0), -1)]];
    let sum = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.index_by(|row| *row).sum().view())
    };
    let (deltas, held) = run(sum, &steps);
    assert_eq!(deltas[0], bag([((1, 0), 1), ((2, 4), 1)]), "a sum of 0 is a group");
    assert_eq!((&deltas[1], held), (&bag([((1, 0), -1)]), bag([((2, 4), 1)])));
    let max = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        (input, rows.index_by(|row| *row).max().view())
    };
    assert_eq!(run(max, &steps).1, bag([((2, 4), 1)]));
}

#[test]
fn changes_on_both_sides_of_a_join_meet_once() {
    let build = |b: &Builder| {
        let ((left, left_input), (right, right_input)) = (b.input::<Row>("left"), b.input::<Row>("right"));
        let joined = left.index_by(|row| *row).join(right.index_by(|row| *row), |_, &a, &b| (a, b));
        ((left_input, right_input), joined.view())
    };
    let steps = [
        (vec![((1, 10), 1)], vec![((1, 20), 1)]),
        (vec![((1, 11), 1)], vec![((1, 21), 1)]),
        (vec![((1, 10), -1)], vec![((1, 20), -1)]),
    ];
    let expected = [
        bag([((10, 20), 1)]),
        bag([((10, 21), 1), ((11, 20), 1), ((11, 21), 1)]),
        bag([((10, 20), -1), ((10, 21), -1), ((11, 20), -1)]),
    ];
    assert_eq!(run_two(build, &steps), expected);
}

#[test]
fn a_self_join_of_one_arrangement_meets_each_pair_once() {
    let build = |b: &Builder| {
        let (rows, input) = b.input::<Row>("rows");
        let indexed = rows.index_by(|row| *row).materialise();
        (input, indexed.join(indexed, |_, &a, &b| (a, b)).view())
    };
    let steps: [&[(Row, i64)]; 2] = [&[((1, 5), 1)], &[((1, 6), 2)]];
    let expected = [bag([((5, 5), 1)]), bag([((5, 6), 2), ((6, 5), 2), ((6, 6), 4)])];
    assert_eq!(run(build, &steps).0, expected);
}

#[test]
fn delay_at_the_first_step_is_empty() {
    let build = |b: &Builder| {
        let (rows, input) = b.input::<char>("rows");
        (input, rows.delay().view())
    };
    let steps: [&[(char, i64)]; 3] = [&[('a', 1)], &[], &[]];
    assert_eq!(run(build, &steps).0, [bag([]), bag([('a', 1)]), bag([])]);
}
