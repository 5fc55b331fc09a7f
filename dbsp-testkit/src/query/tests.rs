//! That random queries are worth running: all operators, shared nodes, answers that are not empty.

use std::mem::discriminant;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::*;
use crate::oracle;

fn samples<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..300).map(|_| strategy.new_tree(&mut runner).expect("no filter rejects").current()).collect()
}

#[test]
fn every_operator_occurs_and_is_fed_by_operators() {
    let queries = samples(&random(Size::SMALL_WEIGHTS));
    for op in Op::ALL {
        let is_it = |node: &&Node| discriminant(&node.op) == discriminant(&op);
        let is_deep =
            |query: &Query, node: &Node| node.from.iter().all(|edge| query.nodes[edge.node].op.arity() > 0);
        let occurs = |query: &Query| query.nodes.iter().filter(is_it).any(|node| is_deep(query, node));
        assert!(queries.iter().any(occurs), "{op:?}");
    }
}

#[test]
fn sub_queries_are_shared() {
    let is_shared = |query: &&Query| {
        let readers =
            |place| query.nodes.iter().flat_map(|node| &node.from).filter(|edge| edge.node == place).count();
        (0..query.nodes.len()).any(|place| query.nodes[place].op.arity() > 0 && readers(place) > 1)
    };
    assert!(samples(&random(Size::SMALL_WEIGHTS)).iter().filter(is_shared).count() > 100);
}

#[test]
fn pruning_keeps_the_answer() {
    for (query, steps) in samples(&random_runs()) {
        let mut bags = <QueryInputs as Inputs>::Bags::default();
        steps.iter().for_each(|step| QueryInputs::integrate(&mut bags, step));
        let answer = |query: &Query| {
            let last = query.nodes.len() - 1;
            let observed = evaluate(query, &bags).into_iter();
            let answer: Vec<_> =
                observed.filter(|row| row.0.0 == last).map(|((_, row), weight)| (row, weight)).collect();
            answer
        };
        let narrow = Query { observes_all: false, ..query.clone() }.pruned();
        assert_eq!(answer(&narrow), answer(&query), "{query}");
    }
}

#[test]
fn most_runs_end_with_rows_in_their_answer() {
    let is_answered = |(query, steps): &(Query, Vec<QueryChanges>)| {
        let mut bags = <QueryInputs as Inputs>::Bags::default();
        for step in steps {
            QueryInputs::integrate(&mut bags, step);
        }
        let last = query.nodes.len() - 1;
        !oracle::filter(&evaluate(query, &bags), |row| row.0 == last).is_empty()
    };
    let answered = samples(&random_runs()).into_iter().filter(|run| is_answered(run)).count();
    assert!(answered > 150, "{answered} of 300");
}
