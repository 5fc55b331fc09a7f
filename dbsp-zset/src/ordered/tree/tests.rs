//! A summary tree against a plain map, through growth, mass retraction and failing summaries.

use super::*;
use std::collections::BTreeMap;

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Sums up a range as the number of its positive rows and the sum of value times weight.
fn positive_and_sum(value: &i64, weight: &i64) -> Result<(usize, i64), Overflow> {
    Ok((usize::from(*weight > 0), value.try_mul(weight)?))
}

fn check(tree: &mut SummaryTree<i64, i64, (usize, i64)>, model: &BTreeMap<i64, i64>) {
    assert_eq!(tree.len(), model.len());
    assert!(tree.iter().eq(model));
    assert_eq!(tree.first().map(|row| (&row.0, &row.1)), model.first_key_value());
    assert_eq!(tree.last().map(|row| (&row.0, &row.1)), model.last_key_value());
    let positive = model.values().filter(|weight| **weight > 0).count();
    let sum = model.iter().map(|(value, weight)| value * weight).sum();
    assert_eq!(tree.summary(&positive_and_sum), Ok((positive, sum)));
    let least = model.iter().find(|(_, weight)| **weight > 0).map(|(value, _)| *value);
    let most = model.iter().rev().find(|(_, weight)| **weight > 0).map(|(value, _)| *value);
    let is_positive = |summary: &(usize, i64)| summary.0 > 0;
    let value = |found: Result<Option<&(i64, i64)>, Overflow>| found.map(|row| row.map(|row| row.0));
    assert_eq!(value(tree.find_first(&positive_and_sum, is_positive)), Ok(least));
    assert_eq!(value(tree.find_last(&positive_and_sum, is_positive)), Ok(most));
}

#[test]
fn agrees_with_a_map_through_growth_and_mass_retraction() {
    for domain in [10, 1_000, 100_000] {
        let mut state = domain as u64;
        let mut tree = SummaryTree::new();
        let mut model = BTreeMap::<i64, i64>::new();
        for round in 0..30_000 {
            let retracting = (round / 5_000) % 2 == 1;
            let value = if retracting && !model.is_empty() {
                let bound = random(&mut state) as i64 % domain;
                *model.range(bound..).next().unwrap_or(model.iter().next().expect("not empty")).0
            } else {
                random(&mut state) as i64 % domain
            };
            let weight = if retracting { -model[&value] } else { random(&mut state) as i64 % 5 - 2 };
            tree.try_update(&value, &weight).expect("small numbers");
            *model.entry(value).or_insert(0) += weight;
            if model[&value] == 0 {
                model.remove(&value);
            }
            if round % 611 == 0 {
                check(&mut tree, &model);
            }
            if model.is_empty() && retracting {
                break;
            }
        }
        check(&mut tree, &model);
    }
}

#[test]
fn a_sum_out_of_range_is_an_error_of_the_reader_alone() {
    let sum = |value: &i64, weight: &i64| value.try_mul(weight);
    let mut tree = SummaryTree::<i64, i64, i64>::new();
    for value in 0..1_000 {
        tree.try_update(&value, &1).expect("small weights");
    }
    assert_eq!(tree.summary(&sum), Ok(499_500));
    for value in [i64::MAX, i64::MAX - 200] {
        tree.try_update(&value, &1).expect("small weights");
        assert_eq!(tree.summary(&sum), Err(Overflow));
        tree.try_retract(&value, &1).expect("small weights");
        assert_eq!(tree.summary(&sum), Ok(499_500));
    }
}

#[test]
fn a_closure_that_panics_once_leaves_no_wrong_summary() {
    use std::cell::Cell;
    let panics = Cell::new(false);
    let sum = |value: &i64, weight: &i64| {
        assert!(!panics.replace(false), "once");
        value.try_mul(weight)
    };
    let mut tree = SummaryTree::<i64, i64, i64>::new();
    for value in 0..100 {
        tree.try_update(&value, &1).expect("small weights");
    }
    assert_eq!(tree.summary(&sum), Ok(4_950));
    tree.try_retract(&50, &1).expect("small weights");
    panics.set(true);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tree.summary(&sum)));
    assert!(panicked.is_err());
    assert_eq!(tree.summary(&sum), Ok(4_900));
}
