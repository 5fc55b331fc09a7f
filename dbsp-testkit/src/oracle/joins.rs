//! Joins as nested loops: every pair is looked at.

use super::{Bag, add, filter};

fn times(left: i64, right: i64) -> i64 {
    left.checked_mul(right).expect("a weight of the oracle stays within i64")
}

/// Every pair of rows, the weights multiplied.
#[must_use]
pub fn product<A: Clone + Ord, B: Clone + Ord>(left: &Bag<A>, right: &Bag<B>) -> Bag<(A, B)> {
    let mut pairs = Bag::new();
    for (a, &weight_a) in left {
        for (b, &weight_b) in right {
            add(&mut pairs, (a.clone(), b.clone()), times(weight_a, weight_b));
        }
    }
    pairs
}

/// `f` of every pair of values `A`, `B` with the same key `K`, the weights multiplied.
#[must_use]
pub fn join<K: Ord, A: Ord, B: Ord, R: Ord>(
    left: &Bag<(K, A)>,
    right: &Bag<(K, B)>,
    f: impl Fn(&K, &A, &B) -> R,
) -> Bag<R> {
    join_flat(left, right, |key, a, b| [f(key, a, b)])
}

/// As [`join`], where each pair becomes any number of rows `R`.
#[must_use]
pub fn join_flat<K: Ord, A: Ord, B: Ord, R: Ord, T: IntoIterator<Item = R>>(
    left: &Bag<(K, A)>,
    right: &Bag<(K, B)>,
    f: impl Fn(&K, &A, &B) -> T,
) -> Bag<R> {
    let mut joined = Bag::new();
    for ((key, a), &weight_a) in left {
        for ((other, b), &weight_b) in right {
            if key == other {
                for row in f(key, a, b) {
                    add(&mut joined, row, times(weight_a, weight_b));
                }
            }
        }
    }
    joined
}

/// The rows whose key `K` has a positive weight in `keys`, with their own weights.
#[must_use]
pub fn semijoin<K: Ord + Clone, V: Ord + Clone>(rows: &Bag<(K, V)>, keys: &Bag<K>) -> Bag<(K, V)> {
    filter(rows, |(key, _)| keys.get(key).is_some_and(|&weight| weight > 0))
}

/// The rows that [`semijoin`] leaves out, with their own weights.
#[must_use]
pub fn antijoin<K: Ord + Clone, V: Ord + Clone>(rows: &Bag<(K, V)>, keys: &Bag<K>) -> Bag<(K, V)> {
    filter(rows, |(key, _)| keys.get(key).is_none_or(|&weight| weight <= 0))
}
