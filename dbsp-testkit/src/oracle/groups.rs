//! Aggregates: one row `(key, answer)` of weight 1 for each group that is present.
//!
//! Which groups are present depends on the kind. The linear kinds ([`count`], [`sum`], [`average`],
//! [`aggregate_linear`]) take the weights as they are, and a group is present iff its count, Σ weight, is
//! not zero; so a group whose sum is 0 is there. The others ([`min`], [`max`], [`fold`]) look only at rows
//! of positive weight, and a group is present iff it has one. [`arg_max`] gives rows and not one answer.

use std::collections::BTreeMap;

use super::{Bag, positive};

/// The rows of each key `K`: its values `V` in order, each with its weight.
#[must_use]
pub fn groups<K: Ord + Clone, V: Ord + Clone>(rows: &Bag<(K, V)>) -> BTreeMap<K, Vec<(V, i64)>> {
    let mut groups = BTreeMap::<K, Vec<(V, i64)>>::new();
    for ((key, value), &weight) in rows {
        groups.entry(key.clone()).or_default().push((value.clone(), weight));
    }
    groups
}

/// `f` of each group that has rows; where it answers `None` the group is absent.
#[must_use]
pub fn aggregate<K: Ord + Clone, V: Ord + Clone, T: Ord>(
    rows: &Bag<(K, V)>,
    f: impl Fn(&[(V, i64)]) -> Option<T>,
) -> Bag<(K, T)> {
    groups(rows).into_iter().filter_map(|(key, group)| Some(((key, f(&group)?), 1))).collect()
}

/// `f` of each group whose count is not zero.
#[must_use]
pub fn aggregate_linear<K: Ord + Clone, V: Ord + Clone, T: Ord>(
    rows: &Bag<(K, V)>,
    f: impl Fn(&[(V, i64)]) -> T,
) -> Bag<(K, T)> {
    aggregate(rows, |group| (total(group, |_| 1) != 0).then(|| f(group)))
}

/// Σ weight of each group.
#[must_use]
pub fn count<K: Ord + Clone, V: Ord + Clone>(rows: &Bag<(K, V)>) -> Bag<(K, i64)> {
    aggregate_linear(rows, |group| narrow(total(group, |_| 1)))
}

/// Σ weight · value of each group whose count is not zero.
///
/// # Panics
/// When a sum leaves `i64`.
#[must_use]
pub fn sum<K: Ord + Clone>(rows: &Bag<(K, i64)>) -> Bag<(K, i64)> {
    aggregate_linear(rows, |group| narrow(total(group, |&value| value.into())))
}

/// Sum and count of each group whose count is not zero: the average is their quotient, which [`reduced`] makes unique.
#[must_use]
pub fn average<K: Ord + Clone>(rows: &Bag<(K, i64)>) -> Bag<(K, (i128, i64))> {
    aggregate_linear(rows, |group| (total(group, |&value| value.into()), narrow(total(group, |_| 1))))
}

/// The numerator and the positive denominator of a quotient in lowest terms; the divisor is not zero.
#[must_use]
pub fn reduced(sum: i128, count: i64) -> (i128, i128) {
    // Euclid's algorithm, one subtraction of a multiple after the other.
    let (mut divisor, mut rest) = (i128::from(count), sum % i128::from(count));
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let divisor = if (divisor < 0) == (count < 0) { divisor } else { -divisor };
    (sum / divisor, i128::from(count) / divisor)
}

/// The least value of positive weight of each group.
#[must_use]
pub fn min<K: Ord + Clone, V: Ord + Clone>(rows: &Bag<(K, V)>) -> Bag<(K, V)> {
    aggregate(&positive(rows), |group| group.iter().map(|(value, _)| value).min().cloned())
}

/// The greatest value of positive weight of each group.
#[must_use]
pub fn max<K: Ord + Clone, V: Ord + Clone>(rows: &Bag<(K, V)>) -> Bag<(K, V)> {
    aggregate(&positive(rows), |group| group.iter().map(|(value, _)| value).max().cloned())
}

/// The rows of each group whose rank, which comes first in the value, is the greatest among those of positive
/// weight; they keep their weights, whatever these are.
#[must_use]
pub fn arg_max<K: Ord + Clone, P: Ord + Clone, V: Ord + Clone>(rows: &Bag<(K, (P, V))>) -> Bag<(K, (P, V))> {
    let ranks = rows.iter().filter(|(_, weight)| **weight > 0).map(|((key, (rank, _)), _)| (key, rank));
    let mut greatest = BTreeMap::new();
    for (key, rank) in ranks {
        let best = greatest.entry(key).or_insert(rank);
        *best = rank.max(*best);
    }
    let is_best = |key: &K, rank: &P| greatest.get(key).is_some_and(|best| *best == rank);
    let best = rows.iter().filter(|((key, (rank, _)), _)| is_best(key, rank));
    best.map(|(row, weight)| (row.clone(), *weight)).collect()
}

/// `combine` over `lift` of the values of positive weight of each group, in order of the values, each as
/// many times as its weight says.
#[must_use]
pub fn fold<K: Ord + Clone, V: Ord + Clone, M: Ord>(
    rows: &Bag<(K, V)>,
    lift: impl Fn(&V) -> M,
    combine: impl Fn(M, M) -> M,
) -> Bag<(K, M)> {
    aggregate(&positive(rows), |group| {
        group.iter().flat_map(|(value, weight)| (0..*weight).map(|_| lift(value))).reduce(&combine)
    })
}

fn total<V>(group: &[(V, i64)], f: impl Fn(&V) -> i128) -> i128 {
    group.iter().map(|(value, weight)| f(value) * i128::from(*weight)).sum()
}

fn narrow(total: i128) -> i64 {
    i64::try_from(total).expect("a total of the oracle stays within i64")
}
