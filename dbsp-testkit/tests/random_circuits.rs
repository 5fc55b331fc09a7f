//! Law 2 over whole queries: random circuits beside the oracle, each with its changes split in every way.
//!
//! `DBSP_CIRCUIT_RUNS` sets how many run (400), `DBSP_CIRCUIT_SEED` from which seed (0).

use std::cell::Cell;

use dbsp_runtime::Builder;
use dbsp_testkit::check::{Rows, try_splits};
use dbsp_testkit::query::{
    Edge, Node, Op, Query, QueryChanges, QueryInputs, QueryRow, build, check, check_bound, check_recovery,
    evaluate, random_runs,
};
use dbsp_testkit::strategy::{Changes, Split};
use dbsp_testkit::{Check, strategy};
use proptest::collection::vec;
use proptest::strategy::Strategy;

fn from_environment<T: std::str::FromStr>(name: &str, default: T) -> T {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

#[test]
fn random_circuits_agree_with_the_oracle_however_their_changes_are_split() {
    let seed = from_environment("DBSP_CIRCUIT_SEED", 0);
    let runs = from_environment("DBSP_CIRCUIT_RUNS", 400);
    let (circuits, operators) = (Cell::new(0), Cell::new(0));
    let found = Check::default().cases(runs).seed(seed).find(random_runs(), |(query, steps)| {
        circuits.update(|count| count + 1);
        let is_operator = |node: &&Node| node.op.arity() > 0;
        operators.update(|count| count + query.nodes.iter().filter(is_operator).count());
        check(query, steps)
    });
    println!("{} random circuits ran, {} operators, seed {seed}", circuits.get(), operators.get());
    if let Some(((query, _), counterexample)) = found {
        panic!("DBSP_CIRCUIT_SEED={seed} finds\n{query}\n{counterexample}");
    }
}

#[test]
fn each_operator_alone_agrees_with_the_oracle() {
    let rows = || (strategy::row(), strategy::row(), strategy::row());
    for op in Op::ALL {
        let inputs = (0..3).map(|input| Node::new(Op::Input(input), []));
        let node = Node::new(op, (0..op.arity()).map(Edge::plain));
        let query = Query::new(inputs.chain([node]));
        let streams = Rows::<QueryInputs>::steps(rows());
        if let Some((_, counterexample)) = Check::default().find(streams, |steps| check(&query, steps)) {
            panic!("{query}\n{counterexample}");
        }
    }
}

#[test]
fn each_operator_alone_agrees_on_large_groups_and_large_steps() {
    // Small domains never fill a node of a tree nor reach a bulk path. Joins get many small groups.
    for op in Op::ALL {
        let is_join = matches!(op, Op::Join(_) | Op::JoinFlat | Op::SelfJoin);
        let (keys, values) = if is_join { (300, 5) } else { (2_i64, 100_000_i64) };
        let row = (0..keys, -values..=values);
        let changes = || vec((row.clone(), strategy::weight()), 0..1_000_usize);
        let steps = vec((changes(), changes(), changes()), 1..4_usize).prop_map(and_back);
        let inputs = (0..3).map(|input| Node::new(Op::Input(input), []));
        let node = Node::new(op, (0..op.arity()).map(Edge::plain));
        let query = Query::new(inputs.chain([node]));
        let splits = [Split::AsGiven, Split::AtOnce];
        let build_it = |b: &Builder| build(&query, b);
        let test = |steps: &Vec<_>| try_splits(build_it, |bags| evaluate(&query, bags), steps, &splits);
        if let Some((_, counterexample)) = Check::default().cases(2).find(steps, test) {
            panic!("{query}\n{counterexample}");
        }
    }
}

#[test]
fn no_operator_of_a_random_circuit_gives_more_than_twice_what_differs() {
    let seed = from_environment("DBSP_CIRCUIT_SEED", 0);
    let runs = from_environment("DBSP_CIRCUIT_RUNS", 400);
    let test = |(query, steps): &(Query, Vec<QueryChanges>)| check_bound(query, steps);
    if let Some(((query, steps), excess)) = Check::default().cases(runs).seed(seed).find(random_runs(), test)
    {
        panic!("DBSP_CIRCUIT_SEED={seed} finds\n{query}\n{excess}, of\n{steps:?}");
    }
}

#[test]
fn no_operator_alone_gives_more_than_twice_what_differs() {
    let rows = || (strategy::row(), strategy::row(), strategy::row());
    for op in Op::ALL {
        let inputs = (0..3).map(|input| Node::new(Op::Input(input), []));
        let node = Node::new(op, (0..op.arity()).map(Edge::plain));
        let query = Query::new(inputs.chain([node]));
        let streams = Rows::<QueryInputs>::steps(rows());
        if let Some((steps, excess)) = Check::default().find(streams, |steps| check_bound(&query, steps)) {
            panic!("{query}\n{excess}, of\n{steps:?}");
        }
    }
}

#[test]
fn random_circuits_recover_from_a_panic_in_any_of_their_functions() {
    let faults = Cell::new(0);
    let runs = from_environment("DBSP_CIRCUIT_RUNS", 400) / 2;
    let found = Check::default().cases(runs).find((random_runs(), 0..40_u64), |((query, steps), fuse)| {
        check_recovery(query, steps, *fuse).map(|more| faults.update(|count| count + more))
    });
    println!("{runs} random circuits ran, with {} faults", faults.get());
    if let Some((((query, _), fuse), counterexample)) = found {
        panic!("a panic at row {fuse} of each step, in\n{query}\n{counterexample}");
    }
    assert!(faults.get() > 100, "{} faults", faults.get());
}

/// The steps, and then for each of them a step that takes it back, until nothing is left.
fn and_back(mut steps: Vec<QueryChanges>) -> Vec<QueryChanges> {
    let taken_back =
        |changes: &Changes<QueryRow>| changes.iter().map(|(row, weight)| (*row, -weight)).collect();
    for i in 0..steps.len() {
        let (first, second, third) = &steps[i];
        steps.push((taken_back(first), taken_back(second), taken_back(third)));
    }
    steps
}
