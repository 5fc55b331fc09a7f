//! Operators with two inputs: joins, semijoins and set operations.

use std::collections::BTreeMap;

use dbsp_ops::{Join, Semijoin, SetKind, SetOperation, Side};
use dbsp_testkit::oracle::{self, Bag};
use dbsp_testkit::strategy::{self, Steps};
use dbsp_zset::{Delta, IndexedZSet, Overflow};
use proptest::prelude::*;

use crate::{bag_of, pairs};

type Row = (i64, i64);

/// Two streams of one length, one for each side.
fn both(left: &Steps<Row>, right: &Steps<Row>) -> Vec<(Delta<Row>, Delta<Row>)> {
    let delta = |steps: &Steps<Row>, i: usize| steps.get(i).into_iter().flatten().copied().collect();
    (0..left.len().max(right.len())).map(|i| (delta(left, i), delta(right, i))).collect()
}

proptest! {
    #[test]
    fn join(left in pairs(), right in pairs()) {
        let (mut left_trace, mut right_trace) = (IndexedZSet::new(), IndexedZSet::new());
        let (mut left_bag, mut right_bag, mut integral) = (Bag::new(), Bag::new(), Bag::new());
        let mut join = Join::new();
        let images = |key: &i64, left: &i64, right: &i64| (*key, left * 10 + right);
        for (left, right) in both(&left, &right) {
            let mut out = Delta::new();
            join.step(&left, &left_trace, &right, &right_trace, |k, l, r| Some(images(k, l, r)), &mut out)
                .expect("small numbers");
            left_trace.try_apply(&left).expect("small numbers");
            right_trace.try_apply(&right).expect("small numbers");
            left_bag = oracle::plus(&left_bag, &bag_of(&left));
            right_bag = oracle::plus(&right_bag, &bag_of(&right));
            integral = oracle::plus(&integral, &bag_of(&out));
            prop_assert_eq!(&integral, &oracle::join(&left_bag, &right_bag, images));
        }
    }

    #[test]
    fn semijoin_and_antijoin(left in pairs(), keys in pairs(), is_semijoin in any::<bool>()) {
        let side = if is_semijoin { Side::Present } else { Side::Absent };
        let mut semijoin = Semijoin::new(side);
        let mut trace = IndexedZSet::new();
        let (mut left_bag, mut key_bag, mut integral) = (Bag::new(), Bag::new(), Bag::new());
        for (left, keys) in both(&left, &keys) {
            let keys: Delta<i64> = keys.into_iter().map(|(row, weight)| (row.0, weight)).collect();
            let mut more = keys.clone();
            more.extend([(0, 1), (2, -1)]);
            semijoin.step(&left, &trace, &more, &mut Delta::new()).expect("small numbers");
            semijoin.abort();

            let mut out = Delta::new();
            semijoin.step(&left, &trace, &keys, &mut out).expect("small numbers");
            semijoin.commit();
            trace.try_apply(&left).expect("small numbers");
            left_bag = oracle::plus(&left_bag, &bag_of(&left));
            key_bag = oracle::plus(&key_bag, &bag_of(&keys));
            integral = oracle::plus(&integral, &bag_of(&out));
            let expected = if is_semijoin {
                oracle::semijoin(&left_bag, &key_bag)
            } else {
                oracle::antijoin(&left_bag, &key_bag)
            };
            prop_assert_eq!(&integral, &expected);
        }
    }

    #[test]
    fn set_operations(left in pairs(), right in pairs(), which in 0..3_usize) {
        let (kind, query) = [
            (SetKind::Union, oracle::union::<Row> as fn(&Bag<Row>, &Bag<Row>) -> Bag<Row>),
            (SetKind::Intersect, oracle::intersect::<Row>),
            (SetKind::Except, oracle::except::<Row>),
        ][which];
        let mut operation = SetOperation::new(kind);
        let (mut left_bag, mut right_bag, mut integral) = (Bag::new(), Bag::new(), Bag::new());
        for (left, right) in both(&left, &right) {
            operation.step(&right, &left, &mut Delta::new()).expect("small numbers");
            operation.abort();

            let mut out = Delta::new();
            operation.step(&left, &right, &mut out).expect("small numbers");
            operation.commit();
            left_bag = oracle::plus(&left_bag, &bag_of(&left));
            right_bag = oracle::plus(&right_bag, &bag_of(&right));
            integral = oracle::plus(&integral, &bag_of(&out));
            prop_assert_eq!(&integral, &query(&left_bag, &right_bag));
        }
    }

    /// Either the weights of the definition fit, and the join gives them; or one does not, and the
    /// join says so. It never wraps.
    #[test]
    fn a_join_of_huge_weights_is_exact_or_an_error(
        before in strategy::delta(strategy::row(), strategy::huge_weight()),
        left in strategy::delta(strategy::row(), strategy::huge_weight()),
        right in strategy::delta(strategy::row(), strategy::huge_weight()),
    ) {
        let deltas = [&before, &left, &right].map(|rows| rows.iter().copied().collect::<Delta<Row>>());
        let (mut left_trace, mut right_trace) = (IndexedZSet::new(), IndexedZSet::new());
        left_trace.try_apply(&deltas[0]).expect("they add up");
        right_trace.try_apply(&deltas[0]).expect("they add up");
        let mut out = Delta::new();
        let joined = Join::new().step(
            &deltas[1], &left_trace, &deltas[2], &right_trace, |k, l, r| Some((*k, *l, *r)), &mut out,
        );
        let integral = |changes: &[&Vec<(Row, i64)>]| {
            let mut sums: BTreeMap<Row, i128> = BTreeMap::new();
            changes.iter().copied().flatten().for_each(|(row, weight)| *sums.entry(*row).or_default() += i128::from(*weight));
            sums
        };
        let mut expected: BTreeMap<(i64, i64, i64), i128> = BTreeMap::new();
        for (left, right, sign) in [
            (integral(&[&before, &left]), integral(&[&before, &right]), 1),
            (integral(&[&before]), integral(&[&before]), -1),
        ] {
            for ((key, left), weight) in &left {
                for ((_, right), other) in right.range((*key, i64::MIN)..=(*key, i64::MAX)) {
                    *expected.entry((*key, *left, *right)).or_default() += sign * weight * other;
                }
            }
        }
        expected.retain(|_, weight| *weight != 0);
        let fits = expected.values().all(|weight| weight.unsigned_abs() <= u64::MAX.into());
        prop_assert_eq!(joined, if fits { Ok(()) } else { Err(Overflow) });
        if fits {
            let mut got: BTreeMap<_, i128> = BTreeMap::new();
            out.iter().for_each(|(row, weight)| *got.entry(*row).or_default() += i128::from(*weight));
            got.retain(|_, weight| *weight != 0);
            prop_assert_eq!(expected, got);
        }
    }
}
