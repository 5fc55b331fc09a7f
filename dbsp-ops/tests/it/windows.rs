//! Deltas of any length, through operators that work a window of rows at a time and chains fused with them.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dbsp_ops::{
    Count, Distinct, Fused, Identity, LinearAggregation, Operator, Piecewise, SetKind, SetOperation, Stage,
    Sum,
};
use dbsp_testkit::oracle::{self, Bag};
use dbsp_zset::{Delta, Overflow};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::bag_of;

type Row = (i64, i64);

/// Streams of deltas that fill no window, one, or several.
fn steps() -> impl Strategy<Value = Vec<Vec<(Row, i64)>>> {
    let length =
        prop_oneof![Just(0), Just(1), Just(4), Just(5), 28..36_usize, 120..136_usize, 200..300_usize];
    let delta = (length, prop_oneof![Just(2_i64), Just(30), Just(500)]).prop_flat_map(|(length, keys)| {
        let row = (0..keys, -3..3_i64);
        prop::collection::vec((row, prop_oneof![Just(1_i64), Just(-1), Just(2)]), length)
    });
    prop::collection::vec(delta, 1..6)
}

/// Runs an operator behind a chain, and the chain and the operator apart; both must give what the query
/// gives after every step. Before each step a longer one is taken back.
fn check<O>(
    make: impl Fn() -> O,
    steps: &[Vec<(Row, i64)>],
    query: impl Fn(&Bag<Row>) -> Bag<O::Out>,
) -> TestCaseResult
where
    O: Piecewise<In = Row>,
    O::Out: Debug,
{
    let images = |row: &Row| [(row.0, row.1), (row.0 / 2, -row.1)].into_iter().take(1 + row.0 as usize % 2);
    let chain = Identity.filter(|row: &Row| row.1 != 2).flat_map(images);
    let (mut fused, mut apart) = (Fused::new(chain, make()), make());
    let (mut given, mut integrals) = (Bag::new(), [Bag::new(), Bag::new()]);
    for step in steps {
        let delta: Delta<Row> = step.iter().copied().collect();
        let mut longer = delta.clone();
        longer.extend((0..40).map(|i| ((i % 7, i), 3)));
        fused.step(&longer, &mut Delta::new()).expect("small numbers");
        fused.abort(&longer).expect("the step is taken back");

        let mut outs = [Delta::new(), Delta::new()];
        fused.step(&delta, &mut outs[0]).expect("small numbers");
        fused.commit();
        let mut between = Delta::new();
        dbsp_ops::run(&chain, &delta, &mut between);
        apart.step(&between, &mut outs[1]).expect("small numbers");
        apart.commit();
        given = oracle::plus(&given, &bag_of(&between));
        for (integral, out) in integrals.iter_mut().zip(&outs) {
            *integral = oracle::plus(integral, &bag_of(out));
            prop_assert_eq!(&*integral, &query(&given));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn sums_and_counts(steps in steps()) {
        check(|| LinearAggregation::new((Count, Sum(|value: &i64| *value))), &steps, |rows| {
            oracle::aggregate_linear(rows, |group| {
                let add = |f: fn(&i64) -> i64| group.iter().map(|(value, weight)| f(value) * weight).sum();
                (add(|_| 1), add(|value| *value))
            })
        })?;
    }

    #[test]
    fn distinct(steps in steps()) {
        check(Distinct::new, &steps, oracle::distinct)?;
    }

    #[test]
    fn set_operations(steps in steps()) {
        let mut union = SetOperation::new(SetKind::Union);
        let (mut given, mut integral) = (Bag::new(), Bag::new());
        for step in &steps {
            let (left, right): (Vec<_>, Vec<_>) = step.iter().partition(|(row, _)| row.0 % 3 == 0);
            let (left, right): (Delta<Row>, Delta<Row>) = (left.into_iter().collect(), right.into_iter().collect());
            let mut out = Delta::new();
            union.step(&right, &left, &mut Delta::new()).expect("small numbers");
            union.abort();
            union.step(&left, &right, &mut out).expect("small numbers");
            union.commit();
            given = oracle::plus(&given, &oracle::plus(&bag_of(&left), &bag_of(&right)));
            integral = oracle::plus(&integral, &bag_of(&out));
            // The two sides never share a row.
            prop_assert_eq!(&integral, &oracle::distinct(&given));
        }
    }
}

#[test]
fn whether_a_sum_overflows_does_not_depend_on_the_order_of_a_window() {
    let mut rows: Vec<(Row, i64)> =
        (0..50).map(|i| ((i % 2, if i < 25 { i64::MAX } else { -i64::MAX }), 2)).collect();
    for _ in 0..50 {
        rows.rotate_left(7);
        let mut sums = LinearAggregation::new(Sum(|value: &i64| *value));
        let mut out = Delta::new();
        let delta: Delta<Row> = rows.iter().copied().filter(|((key, _), _)| *key == 0).collect();
        // Of key 0 there are 13 of the one and 12 of the other, twice each.
        assert_eq!(sums.step(&delta, &mut out), Err(Overflow));
        sums.abort(&delta).expect("the step is taken back");
        let mut delta = delta;
        delta.push((0, -i64::MAX), 1);
        sums.step(&delta, &mut out).expect("the sum fits");
        assert_eq!(out.rows(), [(0, i64::MAX)]);
    }
}

#[test]
fn a_step_that_stops_in_any_row_leaves_no_trace() {
    for length in [1, 4, 5, 31, 32, 33, 100, 300] {
        for stop in (0..length).step_by(7) {
            let chain = Identity.map(|row: &Row| (row.0, 100 / row.1));
            let mut sums = Fused::new(chain, LinearAggregation::new(Sum(|value: &i64| 1 / (value - 50))));
            let mut out = Delta::new();
            let base: Delta<Row> = (0..40).map(|key| ((key, 1), key + 1)).collect();
            sums.step(&base, &mut out).expect("small numbers");
            sums.commit();
            // The chain divides by zero, or the aggregate does.
            for bad in [0, 2] {
                let delta: Delta<Row> =
                    (0..length).map(|i| ((i % 60, if i == stop { bad } else { 1 }), 1)).collect();
                assert!(catch_unwind(AssertUnwindSafe(|| sums.step(&delta, &mut Delta::new()))).is_err());
                sums.abort(&delta).expect("the step is taken back");
            }
            let mut gone = base.clone();
            gone.try_negate().expect("small numbers");
            sums.step(&gone, &mut out).expect("small numbers");
            sums.commit();
            assert!(bag_of(&out).is_empty(), "{length} rows, stopped at {stop}: {out:?}");
        }
    }
}
