//! Proptest strategies for rows, weights, deltas and streams of deltas that go where the bugs are.
//!
//! The domains are small on purpose: rows must meet, cancel and come back. A delta is a list of changes
//! ([`Changes`]), not a map, so that one row may stand in it several times; a stream is a list of deltas
//! ([`Steps`]), where a step may be empty and a row may be deleted before it is inserted.
//!
//! ```
//! use dbsp_testkit::{oracle, strategy};
//! use proptest::prelude::*;
//!
//! proptest!(|(steps in strategy::steps(strategy::row(), strategy::weight()))| {
//!     let deltas: Vec<_> = steps.into_iter().map(oracle::bag).collect();
//!     prop_assert_eq!(oracle::differentiate(&oracle::integrate(&deltas)), deltas);
//! });
//! ```

mod commands;
mod splits;
mod steps;

use proptest::prelude::*;

pub use commands::{Command, commands};
pub use splits::{Split, resplit};
pub use steps::{delta, steps, well_formed, without_early_deletes};

/// The changes of one step: rows `R` with weights, in any order, equal rows allowed.
pub type Changes<R> = Vec<(R, i64)>;

/// One list of changes for each step.
pub type Steps<R> = Vec<Changes<R>>;

/// The most changes that a generated step has.
pub const MAX_CHANGES: usize = 12;

/// The most steps that a generated stream has.
pub const MAX_STEPS: usize = 8;

/// A key out of four.
pub fn key() -> impl Strategy<Value = i64> + Clone {
    0..4_i64
}

/// A value out of seven around zero.
pub fn value() -> impl Strategy<Value = i64> + Clone {
    -3..=3_i64
}

/// A pair of [`key`] and [`value`].
pub fn row() -> impl Strategy<Value = (i64, i64)> + Clone {
    (key(), value())
}

/// A small weight: mostly one insertion or deletion, at times several, seldom zero.
pub fn weight() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![10 => Just(1), 5 => Just(-1), 3 => 2..=3_i64, 2 => -3..=-2_i64, 1 => Just(0)]
}

/// A weight of up to 2^40, so that two hundred of them still add up within `i64`, but a product of two
/// does not fit.
pub fn huge_weight() -> impl Strategy<Value = i64> + Clone {
    const HUGE: i64 = 1 << 40;
    prop_oneof![4 => Just(1), 4 => Just(-1), 2 => HUGE - 1..=HUGE, 2 => -HUGE..=1 - HUGE]
}

/// A weight at the edge of `i64`, for whoever must report an overflow rather than wrap.
pub fn extreme_weight() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(i64::MIN + 1), Just(1), Just(-1)]
}

#[cfg(test)]
mod tests;
