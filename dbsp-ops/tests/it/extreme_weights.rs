//! Weights at both ends of `i64`: a step is refused exactly if the weight of a row has no value after it, whatever the
//! order of its rows.

use std::collections::{BTreeMap, BTreeSet};

use dbsp_ops::{Distinct, Max, Operator, OrderedAggregation, Semijoin, SetKind, SetOperation, Side};
use dbsp_zset::{Delta, IndexedZSet};

type Wide = BTreeMap<u8, i128>;

/// A source of random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    /// Up to 11 changes of three rows.
    fn delta(&mut self) -> Delta<u8> {
        let weights = [i64::MIN, i64::MAX, 1 << 62, -(1 << 62), -1, 1, i64::MIN + 1];
        (0..self.below(12)).map(|_| (self.below(3) as u8, weights[self.below(weights.len())])).collect()
    }
}

fn after(before: &Wide, delta: &Delta<u8>) -> Wide {
    let mut after = before.clone();
    delta.iter().for_each(|(row, weight)| *after.entry(*row).or_default() += i128::from(*weight));
    after
}

fn fits(weights: &Wide) -> bool {
    weights.values().all(|weight| i64::try_from(*weight).is_ok())
}

fn positive(weights: &Wide) -> BTreeSet<u8> {
    weights.iter().filter(|(_, weight)| **weight > 0).map(|(row, _)| *row).collect()
}

/// Adds a delta to a set of rows, each of which it makes come or go.
fn change<R: Ord + Copy>(set: &mut BTreeSet<R>, delta: &Delta<R>) {
    for (row, weight) in delta {
        assert!(if *weight == 1 { set.insert(*row) } else { *weight == -1 && set.remove(row) });
    }
}

#[test]
fn distinct_is_refused_only_where_a_weight_has_no_value() {
    let (mut distinct, mut weights, mut set, mut random) =
        (Distinct::new(), Wide::new(), BTreeSet::new(), Random(1));
    let mut refused = 0;
    for _ in 0..5_000 {
        let (delta, mut out) = (random.delta(), Delta::new());
        let now = after(&weights, &delta);
        let outcome = distinct.step(&delta, &mut out);
        assert_eq!(outcome.is_ok(), fits(&now), "{delta:?} on {weights:?}");
        if outcome.is_ok() && random.below(3) > 0 {
            distinct.commit();
            weights = now;
            change(&mut set, &out);
            assert_eq!(set, positive(&weights));
        } else {
            refused += usize::from(outcome.is_err());
            distinct.abort(&delta).expect("the step is taken back");
        }
    }
    assert!((500..4_500).contains(&refused), "{refused}");
}

#[test]
fn set_operations_are_refused_only_where_a_weight_has_no_value() {
    for kind in [SetKind::Union, SetKind::Intersect, SetKind::Except] {
        let (mut operation, mut random, mut set) = (SetOperation::new(kind), Random(2), BTreeSet::new());
        let (mut left, mut right) = (Wide::new(), Wide::new());
        for _ in 0..3_000 {
            let (one, other, mut out) = (random.delta(), random.delta(), Delta::new());
            let (lefts, rights) = (after(&left, &one), after(&right, &other));
            let outcome = operation.step(&one, &other, &mut out);
            assert_eq!(outcome.is_ok(), fits(&lefts) && fits(&rights));
            if outcome.is_err() {
                operation.abort();
                continue;
            }
            operation.commit();
            (left, right) = (lefts, rights);
            change(&mut set, &out);
            let (one, other) = (positive(&left), positive(&right));
            let expected: BTreeSet<u8> = match kind {
                SetKind::Union => one.union(&other).copied().collect(),
                SetKind::Intersect => one.intersection(&other).copied().collect(),
                SetKind::Except => one.difference(&other).copied().collect(),
            };
            assert_eq!(set, expected);
        }
    }
}

#[test]
fn the_keys_of_a_semijoin_are_refused_only_where_a_weight_has_no_value() {
    let (mut semijoin, mut random, mut set) = (Semijoin::new(Side::Present), Random(3), BTreeSet::new());
    let (mut trace, mut keys) = (IndexedZSet::new(), Wide::new());
    trace.try_apply(&(0..3_u8).map(|key| ((key, ()), 1)).collect()).expect("small weights");
    for _ in 0..3_000 {
        let (delta, mut out) = (random.delta(), Delta::new());
        let now = after(&keys, &delta);
        let outcome = semijoin.step(&Delta::new(), &trace, &delta, &mut out);
        assert_eq!(outcome.is_ok(), fits(&now));
        if outcome.is_err() {
            semijoin.abort();
            continue;
        }
        semijoin.commit();
        keys = now;
        change(&mut set, &out);
        assert_eq!(set, positive(&keys).into_iter().map(|key| (key, ())).collect());
    }
}

#[test]
fn a_maximum_is_refused_only_where_a_weight_has_no_value() {
    let (mut max, mut random, mut set) = (OrderedAggregation::new(Max), Random(4), BTreeSet::new());
    let mut weights = Wide::new();
    for _ in 0..3_000 {
        let (delta, mut out) = (random.delta(), Delta::new());
        let now = after(&weights, &delta);
        let rows = delta.iter().map(|(row, weight)| (((), *row), *weight)).collect();
        let outcome = max.step(&rows, &mut out);
        assert_eq!(outcome.is_ok(), fits(&now));
        if outcome.is_err() {
            max.abort(&rows).expect("the step is taken back");
            continue;
        }
        max.commit();
        weights = now;
        change(&mut set, &out);
        assert_eq!(set, positive(&weights).last().map(|row| ((), *row)).into_iter().collect());
    }
}
