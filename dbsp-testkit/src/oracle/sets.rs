//! Sets made of bags: a row counts as present iff its weight is positive.

use super::Bag;

/// Every row with a positive weight, once.
#[must_use]
pub fn distinct<R: Ord + Clone>(rows: &Bag<R>) -> Bag<R> {
    positive(rows).into_keys().map(|row| (row, 1)).collect()
}

/// Every row with a positive weight, with that weight.
#[must_use]
pub fn positive<R: Ord + Clone>(rows: &Bag<R>) -> Bag<R> {
    rows.iter().filter(|&(_, &weight)| weight > 0).map(|(row, &weight)| (row.clone(), weight)).collect()
}

/// The rows present in either, once.
#[must_use]
pub fn union<R: Ord + Clone>(left: &Bag<R>, right: &Bag<R>) -> Bag<R> {
    positive(left).into_keys().chain(positive(right).into_keys()).map(|row| (row, 1)).collect()
}

/// The rows present in both, once.
#[must_use]
pub fn intersect<R: Ord + Clone>(left: &Bag<R>, right: &Bag<R>) -> Bag<R> {
    let right = positive(right);
    positive(left).into_keys().filter(|row| right.contains_key(row)).map(|row| (row, 1)).collect()
}

/// The rows present in `left` and not in `right`, once.
#[must_use]
pub fn except<R: Ord + Clone>(left: &Bag<R>, right: &Bag<R>) -> Bag<R> {
    let right = positive(right);
    positive(left).into_keys().filter(|row| !right.contains_key(row)).map(|row| (row, 1)).collect()
}
