//! Deltas and streams of deltas.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::oracle::{self, Bag};

use super::{Changes, MAX_CHANGES, MAX_STEPS, Steps};

/// One delta: often empty or small, with rows that stand in it twice, and with changes that it takes back.
pub fn delta<R: Debug + Clone + 'static>(
    rows: impl Strategy<Value = R> + Clone + 'static,
    weights: impl Strategy<Value = i64> + Clone + 'static,
) -> impl Strategy<Value = Changes<R>> + Clone {
    let once = (rows.clone(), weights.clone()).prop_map(|change| vec![change]);
    let twice = (rows.clone(), weights.clone(), weights.clone())
        .prop_map(|(row, first, second)| vec![(row.clone(), first), (row, second)]);
    let there_and_back =
        (rows, weights).prop_map(|(row, weight)| vec![(row.clone(), weight), (row, weight.saturating_neg())]);
    let some = prop_oneof![6 => once, 1 => twice, 1 => there_and_back];
    prop_oneof![
        1 => Just(Changes::new()),
        6 => vec(some, 0..=MAX_CHANGES / 2).prop_map(|parts| parts.concat()),
    ]
}

/// A stream of deltas with any weights: a row may be deleted before it is inserted, and stay negative.
pub fn steps<R: Debug + Clone + 'static>(
    rows: impl Strategy<Value = R> + Clone + 'static,
    weights: impl Strategy<Value = i64> + Clone + 'static,
) -> impl Strategy<Value = Steps<R>> + Clone {
    vec(delta(rows, weights), 0..=MAX_STEPS)
}

/// A stream of insertions and deletions in which no row is ever deleted more often than it was inserted:
/// what a database sends. Within a delta the order of the changes counts for that.
pub fn well_formed<R: Debug + Clone + Ord + 'static>(
    rows: impl Strategy<Value = R> + Clone + 'static,
) -> impl Strategy<Value = Steps<R>> + Clone {
    let change = (rows, prop_oneof![3 => Just(1), 2 => Just(-1)]);
    vec(vec(change, 0..=MAX_CHANGES), 0..=MAX_STEPS).prop_map(without_early_deletes)
}

/// The stream without the changes that would make the weight of a row negative.
#[must_use]
pub fn without_early_deletes<R: Ord + Clone>(steps: Steps<R>) -> Steps<R> {
    let mut present = Bag::new();
    let mut is_possible = |(row, weight): &(R, i64)| {
        let possible = weight + present.get(row).unwrap_or(&0) >= 0;
        if possible {
            oracle::add(&mut present, row.clone(), *weight);
        }
        possible
    };
    steps.into_iter().map(|step| step.into_iter().filter(&mut is_possible).collect()).collect()
}
