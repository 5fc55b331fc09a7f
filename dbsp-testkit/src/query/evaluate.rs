//! A query evaluated by the oracle, node after node, on whole collections.

use super::{Edge, Op, Query, QueryRow};
use crate::oracle::{self, Bag};

type Rows = Bag<QueryRow>;

/// What the observed nodes of the query hold for these inputs, each row with the place of its node.
#[must_use]
pub fn evaluate(query: &Query, inputs: &(Rows, Rows, Rows)) -> Bag<(usize, QueryRow)> {
    let inputs = [&inputs.0, &inputs.1, &inputs.2];
    let mut done: Vec<Rows> = Vec::new();
    for node in &query.nodes {
        let from: Vec<Rows> = node.from.iter().map(|edge| carry(&done[edge.node], edge)).collect();
        done.push(apply(node.op, &inputs, &from));
    }
    let labelled = |(row, weight): (&QueryRow, &i64), place| ((place, *row), *weight);
    let rows_of = |place: usize| done[place].iter().map(move |row| labelled(row, place));
    query.observed().flat_map(rows_of).collect()
}

/// What an edge makes of a whole collection.
pub(super) fn carry(rows: &Rows, edge: &Edge) -> Rows {
    let Some(chain) = edge.chain else { return rows.clone() };
    let mapped = oracle::map(rows, |row| chain.map.apply(row));
    let kept = oracle::filter(&mapped, |row| chain.keep.holds(row));
    oracle::flat_map(&kept, |row| chain.spread.rows(row))
}

fn apply(op: Op, inputs: &[&Rows; 3], from: &[Rows]) -> Rows {
    let keys = |rows: &Rows| oracle::map(rows, |row| row.0);
    match op {
        Op::Input(input) => inputs[input].clone(),
        Op::Stateless => from[0].clone(),
        Op::Neg => oracle::neg(&from[0]),
        Op::Plus => oracle::plus(&from[0], &from[1]),
        Op::Minus => oracle::minus(&from[0], &from[1]),
        Op::SumOf3 => oracle::sum_of(&[&from[0], &from[1], &from[2]]),
        Op::Distinct => oracle::distinct(&from[0]),
        Op::Union => oracle::union(&from[0], &from[1]),
        Op::Intersect => oracle::intersect(&from[0], &from[1]),
        Op::Except => oracle::except(&from[0], &from[1]),
        Op::Join(merge) => oracle::join(&from[0], &from[1], |key, a, b| merge.apply(key, a, b)),
        Op::JoinFlat => oracle::join_flat(&from[0], &from[1], |_, a, b| both_orders(*a, *b)),
        Op::SelfJoin => oracle::join(&from[0], &from[0], |_, a, b| ends(*a, *b)),
        Op::Semijoin => oracle::semijoin(&from[0], &keys(&from[1])),
        Op::Antijoin => oracle::antijoin(&from[0], &keys(&from[1])),
        Op::Count => oracle::count(&from[0]),
        Op::Sum => oracle::sum(&from[0]),
        Op::Average => {
            let averages = oracle::average(&from[0]);
            oracle::map(&averages, |&(key, (sum, count))| {
                let (numerator, denominator) = oracle::reduced(sum, count);
                (key, packed(narrow(numerator), narrow(denominator)))
            })
        }
        Op::CountAndSum => oracle::aggregate_linear(&from[0], |group| {
            let sum = group.iter().map(|(value, weight)| value * weight).sum();
            packed(sum, group.iter().map(|(_, weight)| weight).sum())
        }),
        Op::Min => oracle::min(&from[0]),
        Op::Max => oracle::max(&from[0]),
        Op::Fold => oracle::fold(&from[0], |value| residue(*value), |a, b| a * b % 31),
        Op::ArgMax => {
            let ranked = oracle::map(&from[0], |&(key, value)| (key, (rank(value), value)));
            oracle::map(&oracle::arg_max(&ranked), |&(key, (_, value))| (key, value))
        }
    }
}

pub(super) fn both_orders(a: i64, b: i64) -> [QueryRow; 2] {
    [super::function::wrap((a, b)), super::function::wrap((b, a))]
}

pub(super) fn ends(a: i64, b: i64) -> QueryRow {
    super::function::wrap((a, b))
}

/// Two numbers in one, so that a mistake in either shows.
pub(super) fn packed(sum: i64, count: i64) -> i64 {
    sum.wrapping_mul(1000).wrapping_add(count)
}

/// A rank that several values of the domain share.
pub(super) fn rank(value: i64) -> i64 {
    value.rem_euclid(3)
}

/// A factor between 1 and 7 for each value of the domain: none is 0 modulo 31.
pub(super) fn residue(value: i64) -> i64 {
    value + 4
}

pub(super) fn narrow(sum: i128) -> i64 {
    i64::try_from(sum).expect("weights of a random query are kept small enough")
}
