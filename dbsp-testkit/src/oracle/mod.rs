//! The oracles: what every operator means, as a few obvious lines over a plain [`BTreeMap`].
//!
//! A [`Bag`] is a whole collection, not a change of one. Each function here takes whole collections and
//! returns a whole collection; an incremental operator is right when the integral of its output deltas is
//! what the oracle makes of the integral of its input deltas.
//!
//! # Shape
//! A row is in the map iff its weight is not zero, so equal collections are equal maps.
//!
//! # Cost
//! None promised: nested loops where they read better.
//!
//! # Not here
//! No code of the crates that are judged, and no overflow error: an oracle panics when a weight leaves `i64`,
//! so keep the weights of a test within it.
//!
//! ```
//! use dbsp_testkit::oracle::{bag, distinct, minus};
//!
//! let left = bag([("apple", 3), ("plum", 1)]);
//! let right = bag([("apple", 1), ("plum", 2)]);
//! assert_eq!(minus(&left, &right), bag([("apple", 2), ("plum", -1)]));
//! assert_eq!(distinct(&minus(&left, &right)), bag([("apple", 1)]));
//! ```

use std::collections::BTreeMap;

mod groups;
mod joins;
mod linear;
mod sets;
mod streams;

pub use groups::{
    aggregate, aggregate_linear, arg_max, average, count, fold, groups, max, min, reduced, sum,
};
pub use joins::{antijoin, join, join_flat, product, semijoin};
pub use linear::{filter, flat_map, map, minus, neg, plus, sum_of};
pub use sets::{distinct, except, intersect, positive, union};
pub use streams::{delay, differentiate, incremental, integrate, lift};

/// A whole collection of rows `R`: each row with its weight, which is never zero.
pub type Bag<R> = BTreeMap<R, i64>;

/// A collection from changes in any order: the weights of equal rows add up.
///
/// # Panics
/// When the weight of a row leaves `i64`.
#[must_use]
pub fn bag<R: Ord>(changes: impl IntoIterator<Item = (R, i64)>) -> Bag<R> {
    let mut bag = Bag::new();
    for (row, weight) in changes {
        add(&mut bag, row, weight);
    }
    bag
}

/// Adds `weight` to the weight of `row`, and forgets the row when that makes zero.
///
/// # Panics
/// When the weight of the row leaves `i64`.
pub fn add<R: Ord>(bag: &mut Bag<R>, row: R, weight: i64) {
    let before = bag.remove(&row).unwrap_or(0);
    let after = before.checked_add(weight).expect("a weight of the oracle stays within i64");
    if after != 0 {
        bag.insert(row, after);
    }
}

#[cfg(test)]
mod tests;
