//! Weights at the edge of `i64`: a step either gives the exact answer or an error, and an error changes nothing.

use std::collections::BTreeMap;
use std::fmt::Debug;

use dbsp_runtime::{Builder, Circuit, Error, Fraction, Input, KeyedStream, Recovery, Row, Stream};
use dbsp_testkit::Check;
use dbsp_testkit::check::Observed;
use dbsp_testkit::oracle::{self, Bag};
use dbsp_testkit::strategy::{Steps, extreme_weight, key, steps};

/// A collection with weights too wide to overflow here.
type Exact<R> = BTreeMap<R, i128>;

fn exact<R: Ord>(changes: impl IntoIterator<Item = (R, i128)>) -> Exact<R> {
    let mut bag = Exact::new();
    for (row, weight) in changes {
        *bag.entry(row).or_default() += weight;
    }
    bag.retain(|_, weight| *weight != 0);
    bag
}

/// Each row whose weight `keep` holds for, once.
fn present(rows: &Exact<i64>, keep: impl Fn(i128) -> bool) -> Exact<i64> {
    exact(rows.iter().filter(|row| keep(*row.1)).map(|(row, _)| (*row, 1)))
}

/// Every weight of the view is exact, or the step is refused.
fn assert_exact_or_refused<V: Observed<Row: Row + Debug>>(
    build: impl Fn(Stream<'_, i64>) -> V,
    oracle: impl Fn(&Exact<i64>) -> Exact<V::Row>,
) {
    check(build, oracle, None);
}

/// Every weight of the view is exact, and a step is refused exactly if one has no value.
fn assert_refused_only_without_a_value<V: Observed<Row: Row + Debug>>(
    build: impl Fn(Stream<'_, i64>) -> V,
    oracle: impl Fn(&Exact<i64>) -> Exact<V::Row>,
) {
    check(build, oracle, Some(|rows| rows.values().all(|weight| i64::try_from(*weight).is_ok())));
}

/// As the two above; no step is refused whose answer has a value, where `has_value` can say so.
fn check<V: Observed<Row: Row + Debug>>(
    build: impl Fn(Stream<'_, i64>) -> V,
    oracle: impl Fn(&Exact<i64>) -> Exact<V::Row>,
    has_value: Option<fn(&Exact<V::Row>) -> bool>,
) {
    let widened = |bag: Bag<V::Row>| exact(bag.into_iter().map(|(row, weight)| (row, weight.into())));
    let build = |b: &Builder| -> (Input<i64>, V) {
        let (rows, input) = b.input::<i64>("rows");
        (input, build(rows))
    };
    let test = |steps: &Steps<i64>| {
        let (mut circuit, (input, view)) = Circuit::build(build).expect("the circuit is closed");
        let mut bag = Exact::new();
        for step in steps {
            circuit[input].extend(step.iter().copied());
            let next = |bag: &Exact<i64>| {
                let changes = step.iter().map(|&(row, weight)| (row, weight.into()));
                exact(bag.iter().map(|(row, weight)| (*row, *weight)).chain(changes))
            };
            match circuit.step() {
                Ok(()) => bag = next(&bag),
                Err(Error::WeightOverflow { .. }) => {
                    if has_value.is_some_and(|has_value| has_value(&oracle(&next(&bag)))) {
                        return Err(format!("{step:?} after {bag:?} is refused and has a value"));
                    }
                    circuit.recover(Recovery::Discard).expect("an overflow is taken back");
                }
                Err(other) => return Err(other.to_string()),
            }
            let (got, expected) = (widened(view.held(&circuit)), oracle(&bag));
            if got != expected {
                return Err(format!("{step:?} leaves\n{got:?}, not\n{expected:?}"));
            }
        }
        Ok(())
    };
    if let Some((steps, message)) = Check::default().cases(256).find(steps(key(), extreme_weight()), test) {
        panic!("{steps:?}\n{message}");
    }
}

fn keyed(rows: Stream<'_, i64>) -> KeyedStream<'_, i64, i64> {
    rows.index_by(|row| (row % 2, *row)).materialise()
}

/// `f` of each group of [`keyed`].
fn grouped<T: Ord>(rows: &Exact<i64>, f: impl Fn(Vec<(i64, i128)>) -> Option<T>) -> Exact<(i64, T)> {
    let group =
        |key| rows.iter().filter(|row| row.0 % 2 == key).map(|(row, weight)| (*row, *weight)).collect();
    exact((0..2).filter_map(|key| Some(((key, f(group(key))?), 1))))
}

#[test]
fn a_view_is_refused_only_without_a_value() {
    assert_refused_only_without_a_value(|rows| rows.view(), Clone::clone);
}

#[test]
fn a_keyed_view_is_refused_only_without_a_value() {
    let pairs = |rows: &Exact<i64>| exact(rows.iter().map(|(row, weight)| ((row % 2, *row), *weight)));
    assert_refused_only_without_a_value(|rows| keyed(rows).view(), pairs);
}

#[test]
fn a_negation_is_refused_only_without_a_value() {
    let negated = |rows: &Exact<i64>| exact(rows.iter().map(|(row, weight)| (*row, -weight)));
    assert_refused_only_without_a_value(|rows| rows.neg().view(), negated);
}

#[test]
fn a_sum_of_streams_is_refused_only_without_a_value() {
    let doubled = |rows: &Exact<i64>| exact(rows.iter().map(|(row, weight)| (*row, 2 * weight)));
    assert_refused_only_without_a_value(|rows| rows.plus(rows).view(), doubled);
    assert_refused_only_without_a_value(|rows| rows.minus(rows).view(), |_| Exact::new());
}

#[test]
fn a_map_that_sends_two_rows_to_one_is_refused_only_without_a_value() {
    let halved = |rows: &Exact<i64>| exact(rows.iter().map(|(row, weight)| (row / 2, *weight)));
    assert_refused_only_without_a_value(|rows| rows.map(|row| row / 2).view(), halved);
}

#[test]
fn a_distinct_is_exact_or_refused() {
    assert_exact_or_refused(|rows| rows.distinct().view(), |rows| present(rows, |weight| weight > 0));
}

#[test]
fn set_operations_are_exact_or_refused() {
    let either = |rows: &Exact<i64>| present(rows, |weight| weight != 0);
    let positive = |rows: &Exact<i64>| present(rows, |weight| weight > 0);
    assert_exact_or_refused(|rows| rows.union(rows.neg()).view(), either);
    assert_exact_or_refused(|rows| rows.intersect(rows).view(), positive);
    assert_exact_or_refused(|rows| rows.except(rows.neg()).view(), positive);
}

#[test]
fn a_join_is_exact_or_refused() {
    let squares = |rows: &Exact<i64>| exact(rows.iter().map(|(row, weight)| (*row, weight * weight)));
    let join = |rows: Stream<'_, i64>| {
        let indexed = rows.index_by(|row| (*row, ())).materialise();
        indexed.join(indexed, |key, _, _| *key).view()
    };
    assert_exact_or_refused(join, squares);
}

#[test]
fn a_semijoin_and_an_antijoin_are_exact_or_refused() {
    let part = |rows: &Exact<i64>, is_positive: bool| {
        let kept = rows.iter().filter(|row| (*row.1 > 0) == is_positive);
        exact(kept.map(|(row, weight)| ((*row, ()), *weight)))
    };
    let semijoin = |rows: Stream<'_, i64>| rows.index_by(|row| (*row, ())).semijoin(rows).view();
    let antijoin = |rows: Stream<'_, i64>| rows.index_by(|row| (*row, ())).antijoin(rows).view();
    assert_exact_or_refused(semijoin, |rows| part(rows, true));
    assert_exact_or_refused(antijoin, |rows| part(rows, false));
}

#[test]
fn linear_aggregates_are_exact_or_refused() {
    let count = |group: &[(i64, i128)]| group.iter().map(|row| row.1).sum::<i128>();
    let sum = |group: &[(i64, i128)]| group.iter().map(|row| i128::from(row.0) * row.1).sum::<i128>();
    let narrow = |total: i128| i64::try_from(total).expect("an answer that does not fit is refused");
    let counts = |rows: &_| grouped(rows, |g| Some(narrow(count(&g))).filter(|count| *count != 0));
    let sums = |rows: &_| grouped(rows, |g| (count(&g) != 0).then(|| narrow(sum(&g))));
    let averages =
        |rows: &_| grouped(rows, |g| (count(&g) != 0).then(|| oracle::reduced(sum(&g), narrow(count(&g)))));
    assert_exact_or_refused(|rows| keyed(rows).count().view(), counts);
    assert_exact_or_refused(|rows| keyed(rows).sum().view(), sums);
    let parts = |average: &Fraction| (average.numerator(), average.denominator().into());
    let average = |rows: Stream<'_, i64>| keyed(rows).average().map_values(parts).view();
    assert_exact_or_refused(average, averages);
}

#[test]
fn min_and_max_are_exact_or_refused() {
    let positive = |group: Vec<(i64, i128)>| group.into_iter().filter(|row| row.1 > 0).map(|row| row.0);
    assert_exact_or_refused(|rows| keyed(rows).min().view(), |rows| grouped(rows, |g| positive(g).min()));
    assert_exact_or_refused(|rows| keyed(rows).max().view(), |rows| grouped(rows, |g| positive(g).max()));
}
