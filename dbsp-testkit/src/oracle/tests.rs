//! The oracles against the algebra: small cases by hand, laws on random bags.

use proptest::prelude::*;

use super::*;
use crate::strategy;

fn bags() -> impl Strategy<Value = Bag<(i64, i64)>> {
    strategy::delta(strategy::row(), strategy::weight()).prop_map(bag)
}

fn streams() -> impl Strategy<Value = Vec<Bag<(i64, i64)>>> {
    strategy::steps(strategy::row(), strategy::weight())
        .prop_map(|steps| steps.into_iter().map(bag).collect())
}

#[test]
fn a_map_that_sends_two_rows_to_one_adds_their_weights() {
    assert_eq!(map(&bag([(1, 2), (-1, 3), (2, 1), (-2, -1)]), |row: &i64| row.abs()), bag([(1, 5)]));
}

#[test]
fn set_operators_count_a_row_as_present_iff_its_weight_is_positive() {
    let left = bag([('a', 2), ('b', 1), ('c', -1)]);
    let right = bag([('a', 1), ('b', -4), ('d', 7)]);
    assert_eq!(distinct(&left), bag([('a', 1), ('b', 1)]));
    assert_eq!(positive(&left), bag([('a', 2), ('b', 1)]));
    assert_eq!(union(&left, &right), bag([('a', 1), ('b', 1), ('d', 1)]));
    assert_eq!(intersect(&left, &right), bag([('a', 1)]));
    assert_eq!(except(&left, &right), bag([('b', 1)]));
}

#[test]
fn joins_multiply_weights_and_semijoins_keep_them() {
    let rows = bag([((1, 'a'), 2), ((1, 'b'), -1), ((2, 'c'), 5)]);
    let other = bag([((1, 10), 3), ((3, 30), 1)]);
    assert_eq!(join(&rows, &other, |_, &a, &b| (a, b)), bag([(('a', 10), 6), (('b', 10), -3)]));
    let keys = bag([(1, 4), (2, -1)]);
    assert_eq!(semijoin(&rows, &keys), bag([((1, 'a'), 2), ((1, 'b'), -1)]));
    assert_eq!(antijoin(&rows, &keys), bag([((2, 'c'), 5)]));
}

#[test]
fn a_group_with_sum_zero_is_present_and_a_group_with_count_zero_is_not() {
    let rows = bag([(('z', 5), 1), (('z', -5), 1), (('e', 1), 1), (('e', 2), -1)]);
    assert_eq!(sum(&rows), bag([(('z', 0), 1)]));
    assert_eq!(count(&rows), bag([(('z', 2), 1)]));
    assert_eq!(average(&rows), bag([(('z', (0, 2)), 1)]));
    assert_eq!(
        [reduced(0, -2), reduced(10, -4), reduced(-9, 3), reduced(7, 5)],
        [(0, 1), (-5, 2), (-3, 1), (7, 5)]
    );
}

#[test]
fn min_max_and_fold_look_at_positive_weights_only() {
    let rows = bag([(('g', 1), -1), (('g', 2), 2), (('g', 3), 1), (('n', 1), -1)]);
    assert_eq!(min(&rows), bag([(('g', 2), 1)]));
    assert_eq!(max(&rows), bag([(('g', 3), 1)]));
    let text = fold(&rows, i64::to_string, |left, right| left + &right);
    assert_eq!(text, bag([(('g', "223".to_owned()), 1)]));
}

#[test]
fn the_first_delayed_step_is_empty() {
    let steps = [bag([('a', 1)]), bag([('b', 1)])];
    assert_eq!(delay(&steps), [bag([]), bag([('a', 1)])]);
    assert_eq!(delay::<char>(&[]), [] as [Bag<char>; 0]);
}

proptest! {
    #[test]
    fn bags_are_a_group(a in bags(), b in bags(), c in bags()) {
        prop_assert_eq!(plus(&a, &b), plus(&b, &a));
        prop_assert_eq!(plus(&plus(&a, &b), &c), sum_of(&[&a, &b, &c]));
        prop_assert_eq!(minus(&a, &a), Bag::new());
        prop_assert_eq!(plus(&a, &Bag::new()), a);
    }

    #[test]
    fn no_oracle_stores_a_zero_weight(a in bags(), b in bags()) {
        let shifted = map(&a, |&(key, value)| (key / 2, value.abs()));
        let firsts = map(&product(&a, &b), |pair| pair.0);
        for result in [plus(&a, &b), minus(&a, &b), shifted, firsts] {
            prop_assert!(result.values().all(|&weight| weight != 0));
        }
    }

    #[test]
    fn joins_are_bilinear_and_selections_of_the_product(a in bags(), b in bags(), c in bags()) {
        let pairs = |left: &_, right: &_| join(left, right, |&key, &a, &b| (key, a, b));
        prop_assert_eq!(pairs(&plus(&a, &b), &c), plus(&pairs(&a, &c), &pairs(&b, &c)));
        let selected = filter(&product(&a, &c), |(left, right)| left.0 == right.0);
        prop_assert_eq!(pairs(&a, &c), map(&selected, |&((key, a), (_, b))| (key, a, b)));
    }

    #[test]
    fn semijoin_and_antijoin_part_the_rows(a in bags(), b in bags()) {
        let keys = map(&b, |row| row.0);
        prop_assert_eq!(plus(&semijoin(&a, &keys), &antijoin(&a, &keys)), a);
    }

    #[test]
    fn set_operators_agree_with_distinct(a in bags(), b in bags()) {
        prop_assert_eq!(distinct(&distinct(&a)), distinct(&a));
        prop_assert_eq!(union(&a, &b), distinct(&plus(&distinct(&a), &distinct(&b))));
        prop_assert_eq!(plus(&intersect(&a, &b), &except(&a, &b)), distinct(&a));
        prop_assert_eq!(except(&a, &b), distinct(&minus(&distinct(&a), &distinct(&b))));
    }

    #[test]
    fn aggregates_agree_with_each_other(a in bags()) {
        let both = aggregate_linear(&a, |group| {
            (group.iter().map(|(value, weight)| value * weight).sum::<i64>(), group.iter().map(|(_, weight)| weight).sum::<i64>())
        });
        prop_assert_eq!(&map(&both, |&(key, (sum, _))| (key, sum)), &sum(&a));
        prop_assert_eq!(&map(&both, |&(key, (_, count))| (key, count)), &count(&a));
        prop_assert_eq!(min(&a), fold(&a, |&value| value, std::cmp::min));
        prop_assert_eq!(max(&a), fold(&a, |&value| value, std::cmp::max));
        prop_assert_eq!(fold(&a, |_| 1, |left, right| left + right), count(&positive(&a)));
    }

    #[test]
    fn differentiate_undoes_integrate(steps in streams()) {
        prop_assert_eq!(&differentiate(&integrate(&steps)), &steps);
        prop_assert_eq!(&integrate(&differentiate(&steps)), &steps);
        prop_assert_eq!(integrate(&delay(&steps)), delay(&integrate(&steps)));
    }

    #[test]
    fn a_linear_query_is_its_own_incremental_form(steps in streams()) {
        let query = |rows: &Bag<(i64, i64)>| flat_map(rows, |&(key, value)| [(key, value), (key + 1, -value)]);
        prop_assert_eq!(incremental(&steps, query), lift(&steps, query));
    }
}
