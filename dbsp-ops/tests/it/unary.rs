//! Operators with one input: distinct and the aggregates.

use std::fmt::Debug;

use dbsp_ops::{
    ArgMax, Average, Count, Distinct, Fold, LinearAggregation, Max, Min, Operator, OrderedAggregation, Sum,
};
use dbsp_testkit::oracle::{self, Bag};
use dbsp_testkit::strategy::Steps;
use dbsp_zset::Delta;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::{bag_of, pairs};

type Row = (i64, i64);

/// Runs an operator over a stream and compares after every step. Before each step it is given the
/// same delta with one more row, and that step is taken back, which must leave no trace.
fn check<O>(operator: O, steps: &Steps<Row>, query: impl Fn(&Bag<Row>) -> Bag<O::Out>) -> TestCaseResult
where
    O: Operator<In = Row>,
    O::Out: Debug,
{
    check_rows(operator, steps, (1, 3), query)
}

/// As [`check`], for rows of any kind, of which `more` is one.
fn check_rows<O>(
    mut operator: O,
    steps: &Steps<O::In>,
    more: O::In,
    query: impl Fn(&Bag<O::In>) -> Bag<O::Out>,
) -> TestCaseResult
where
    O: Operator<In: Copy, Out: Debug>,
{
    let (mut given, mut integral) = (Bag::new(), Bag::new());
    for step in steps {
        let delta: Delta<O::In> = step.iter().copied().collect();
        let mut other = delta.clone();
        other.push(more, 2);
        operator.step(&other, &mut Delta::new()).expect("small numbers");
        operator.abort(&other).expect("the step is taken back");

        let mut out = Delta::new();
        operator.step(&delta, &mut out).expect("small numbers");
        operator.commit();
        given = oracle::plus(&given, &bag_of(&delta));
        integral = oracle::plus(&integral, &bag_of(&out));
        prop_assert_eq!(&integral, &query(&given));
    }
    Ok(())
}

proptest! {
    #[test]
    fn distinct(steps in pairs()) {
        check(Distinct::new(), &steps, oracle::distinct)?;
    }

    #[test]
    fn count(steps in pairs()) {
        check(LinearAggregation::new(Count), &steps, oracle::count)?;
    }

    #[test]
    fn sum(steps in pairs()) {
        check(LinearAggregation::new(Sum(|value: &i64| *value)), &steps, oracle::sum)?;
    }

    #[test]
    fn average(steps in pairs()) {
        let average = LinearAggregation::new(Average(|value: &i64| *value));
        check(average, &steps, |rows| {
            let rows = oracle::average(rows);
            oracle::map(&rows, |(key, (sum, count))| (*key, dbsp_ops::Fraction::new(*sum, *count).expect("a count")))
        })?;
    }

    #[test]
    fn several_aggregates_at_once(steps in pairs()) {
        let several = LinearAggregation::new((Count, Sum(|value: &i64| *value), Sum(|value: &i64| value * value)));
        check(several, &steps, |rows| {
            oracle::aggregate_linear(rows, |group| {
                let add = |f: fn(&i64) -> i64| group.iter().map(|(value, weight)| f(value) * weight).sum();
                (add(|_| 1), add(|value| *value), add(|value| value * value))
            })
        })?;
    }

    #[test]
    fn min(steps in pairs()) {
        check(OrderedAggregation::new(Min), &steps, oracle::min)?;
    }

    #[test]
    fn max(steps in pairs()) {
        check(OrderedAggregation::new(Max), &steps, oracle::max)?;
    }

    #[test]
    fn arg_max(steps in pairs()) {
        let ranked: Steps<(i64, (i64, i64))> = steps.iter().map(|step| ranked(step)).collect();
        check_rows(ArgMax::new(), &ranked, (1, (2, 9)), oracle::arg_max)?;
    }

    #[test]
    fn fold_by_addition(steps in pairs()) {
        let fold = OrderedAggregation::new(Fold(|value: &i64| *value));
        check(fold, &steps, |rows| oracle::fold(rows, |value| *value, |left, right| left + right))?;
    }

    #[test]
    fn fold_by_a_monoid_without_inverses(steps in pairs()) {
        let fold = OrderedAggregation::new(Fold(|value: &i64| Some(dbsp_zset::Max(value.abs()))));
        check(fold, &steps, |rows| {
            oracle::fold(rows, |value| Some(dbsp_zset::Max(value.abs())), std::cmp::Ord::max)
        })?;
    }
}

/// Rows with a rank that some of a key share.
fn ranked(step: &[(Row, i64)]) -> Vec<((i64, (i64, i64)), i64)> {
    step.iter().map(|((key, value), weight)| ((*key, (value.div_euclid(4), *value)), *weight)).collect()
}

/// A group that is large, so that its tree has inner nodes, and then loses nearly all of its rows.
#[test]
fn extremes_and_folds_survive_mass_retraction() {
    let all: Vec<(Row, i64)> = (0..5_000).map(|n| ((0, n * 7_919 % 5_000), 1)).collect();
    let mut steps: Steps<Row> = all.chunks(613).map(<[_]>::to_vec).collect();
    let gone = |value: i64| value % 1_000 != 0;
    let retracted = all.iter().filter(|(row, _)| gone(row.1)).map(|(row, _)| (*row, -1));
    steps.extend(retracted.collect::<Vec<_>>().chunks(701).map(<[_]>::to_vec));
    check(OrderedAggregation::new(Min), &steps, oracle::min).expect("min");
    check(OrderedAggregation::new(Max), &steps, oracle::max).expect("max");
    let ranked: Steps<_> = steps.iter().map(|step| ranked(step)).collect();
    check_rows(ArgMax::new(), &ranked, (0, (2_000, 9)), oracle::arg_max).expect("arg max");
    let fold = OrderedAggregation::new(Fold(|value: &i64| *value));
    check(fold, &steps, |rows| oracle::fold(rows, |value| *value, |left, right| left + right)).expect("fold");
}
