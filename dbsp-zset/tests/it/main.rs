//! Z-sets, batches and traces against plain maps and the laws of their algebra.

mod algebra;
mod extremes;
#[cfg(feature = "serde")]
mod serde;
mod sizes;
mod traces;

use dbsp_testkit::oracle::{self, Bag};
use dbsp_testkit::strategy::{self, Changes};
use dbsp_zset::{Row, ZSet};
use proptest::prelude::*;

/// What a Z-set holds.
fn bag_of<R: Row>(zset: &ZSet<R>) -> Bag<R> {
    oracle::bag(zset.iter().map(|(row, weight)| (row.clone(), *weight)))
}

/// Some changes with small weights.
fn changes() -> impl Strategy<Value = Changes<(i64, i64)>> {
    strategy::delta(strategy::row(), strategy::weight())
}
