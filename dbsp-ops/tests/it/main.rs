//! Every operator against its batch definition: the sum of what it gives out over any stream of
//! deltas is the definition applied to the sum of what it was given, after every step.

mod bilinear;
mod extreme_weights;
mod extremes;
mod laws;
mod stateless;
mod unary;
mod windows;

use dbsp_testkit::oracle::{self, Bag};
use dbsp_testkit::strategy::Steps;
use dbsp_zset::{Delta, Row};
use proptest::prelude::*;

/// What a delta changes.
fn bag_of<R: Row>(delta: &Delta<R>) -> Bag<R> {
    oracle::bag(delta.iter().map(|(row, weight)| (row.clone(), *weight)))
}

/// A stream of deltas with any small weights.
fn pairs() -> impl Strategy<Value = Steps<(i64, i64)>> {
    dbsp_testkit::strategy::steps(dbsp_testkit::strategy::row(), dbsp_testkit::strategy::weight())
}
