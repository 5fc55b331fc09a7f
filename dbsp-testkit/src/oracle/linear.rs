//! The linear operators: they treat each row alone, or add collections.
//!
//! # Formula
//! Q(a + b) = Q(a) + Q(b), so a linear operator is its own incremental form.

use super::{Bag, add, bag};

/// Each row `R` becomes `f` of it; rows that meet add their weights.
#[must_use]
pub fn map<R, S: Ord>(rows: &Bag<R>, f: impl Fn(&R) -> S) -> Bag<S> {
    bag(rows.iter().map(|(row, &weight)| (f(row), weight)))
}

/// The rows that `keep` holds for, with their weights.
#[must_use]
pub fn filter<R: Ord + Clone>(rows: &Bag<R>, keep: impl Fn(&R) -> bool) -> Bag<R> {
    bag(rows.iter().filter(|(row, _)| keep(row)).map(|(row, &weight)| (row.clone(), weight)))
}

/// Each row `R` becomes all the rows of `f` of it, each with the weight of the row.
#[must_use]
pub fn flat_map<R, S: Ord, T: IntoIterator<Item = S>>(rows: &Bag<R>, f: impl Fn(&R) -> T) -> Bag<S> {
    bag(rows.iter().flat_map(|(row, &weight)| f(row).into_iter().map(move |new| (new, weight))))
}

/// Every weight with the other sign.
///
/// # Panics
/// When a weight is `i64::MIN`.
#[must_use]
pub fn neg<R: Ord + Clone>(rows: &Bag<R>) -> Bag<R> {
    let negated = |weight: i64| weight.checked_neg().expect("a weight of the oracle stays within i64");
    bag(rows.iter().map(|(row, &weight)| (row.clone(), negated(weight))))
}

/// The weights of both added.
#[must_use]
pub fn plus<R: Ord + Clone>(left: &Bag<R>, right: &Bag<R>) -> Bag<R> {
    let mut all = left.clone();
    for (row, &weight) in right {
        add(&mut all, row.clone(), weight);
    }
    all
}

/// The weights of `right` taken from those of `left`.
#[must_use]
pub fn minus<R: Ord + Clone>(left: &Bag<R>, right: &Bag<R>) -> Bag<R> {
    plus(left, &neg(right))
}

/// The weights of all added.
#[must_use]
pub fn sum_of<R: Ord + Clone>(all: &[&Bag<R>]) -> Bag<R> {
    all.iter().fold(Bag::new(), |sum, next| plus(&sum, next))
}
