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

/// Rows of a map as a tree gives them.
fn plain<'a>(rows: impl IntoIterator<Item = (&'a i64, &'a i64)>) -> impl Iterator<Item = (&'a i64, i64)> {
    rows.into_iter().map(|(value, weight)| (value, *weight))
}

fn check(tree: &mut SummaryTree<i64, i64, (usize, i64)>, model: &BTreeMap<i64, i64>) {
    assert_eq!(tree.len(), model.len());
    assert!(tree.iter().eq(plain(model.iter())));
    assert_eq!(tree.first(), plain(model.first_key_value()).next());
    assert_eq!(tree.last(), plain(model.last_key_value()).next());
    let positive = model.values().filter(|weight| **weight > 0).count();
    let sum = model.iter().map(|(value, weight)| value * weight).sum();
    assert_eq!(tree.summary(&positive_and_sum), Ok((positive, sum)));
    let least = model.iter().find(|(_, weight)| **weight > 0).map(|(value, _)| *value);
    let most = model.iter().rev().find(|(_, weight)| **weight > 0).map(|(value, _)| *value);
    let is_positive = |summary: &(usize, i64)| summary.0 > 0;
    let value = |found: Result<Option<(&i64, i64)>, Overflow>| found.map(|row| row.map(|row| *row.0));
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

#[test]
fn sorted_rows_do_what_single_ones_do() {
    for (domain, size) in [(20, 7), (1_000, 300), (50_000, 5_000)] {
        let mut state = domain as u64;
        let (mut tree, mut model) = (SummaryTree::new(), BTreeMap::<i64, i64>::new());
        for round in 0..40 {
            let mut rows: Vec<(i64, i64)> = (0..size)
                .map(|_| (random(&mut state) as i64 % domain, random(&mut state) as i64 % 3 - 1))
                .collect();
            if round % 4 == 3 {
                // Everything goes, and some of it comes back behind rows that have emptied whole nodes.
                rows = model.iter().map(|(value, weight)| (*value, -weight)).collect();
                rows.extend([(domain, 1), (domain + 1, 2), (domain + 1, -1)]);
            }
            rows.sort_unstable();
            let mut applied = 0;
            let outcome =
                tree.try_update_sorted(rows.iter().map(|(value, weight)| (value, weight)), &mut applied);
            assert_eq!((outcome, applied), (Ok(()), rows.len()));
            for (value, weight) in rows {
                *model.entry(value).or_insert(0) += weight;
            }
            model.retain(|_, weight| *weight != 0);
            check(&mut tree, &model);
            let (low, high) = (domain / 3, domain / 2);
            let mut found = Vec::new();
            let place = |value: &i64| {
                if *value < low { Ordering::Less } else { value.cmp(&high).max(Ordering::Equal) }
            };
            tree.visit_range(place, |value, weight| found.push((value, weight)));
            assert!(found.into_iter().eq(plain(model.range(low..=high))), "{domain}, round {round}");
        }
    }
}

#[test]
fn a_weight_out_of_range_stops_sorted_rows_where_it_stands() {
    let mut tree = SummaryTree::<i64>::new();
    for value in 0..200 {
        tree.try_update(&value, &1).expect("small weights");
    }
    tree.try_update(&100, &(i64::MAX - 1)).expect("it fits");
    // The leaf before the one that fails loses all of its rows.
    let rows: Vec<(i64, i64)> = (0..100).map(|value| (value, -1)).chain([(100, 1), (101, -1)]).collect();
    let mut applied = 0;
    let outcome = tree.try_update_sorted(rows.iter().map(|(value, weight)| (value, weight)), &mut applied);
    assert_eq!((outcome, applied, tree.len()), (Err(Overflow), 100, 100));
    assert_eq!(tree.first(), Some((&100, i64::MAX)));
    assert!(tree.iter().map(|(value, _)| *value).eq(100..200));
}

#[test]
fn the_weights_of_a_small_tree_take_no_more_room_than_its_rows() {
    for weight in [-1, 2] {
        let mut tree = SummaryTree::<u64>::new();
        for value in 0..16 {
            tree.try_update(&value, &1).expect("a small weight");
            tree.try_update(&value, &(weight - 1)).expect("a small weight");
            let most = (2 * tree.len()).max(4) * 16;
            assert!(tree.allocated_bytes() <= most, "{} bytes, {} rows", tree.allocated_bytes(), tree.len());
        }
    }
}

#[test]
fn rows_that_come_in_order_or_together_leave_nodes_nearly_full() {
    let bytes = |rows: &[u64], at_once: usize| {
        let mut tree = SummaryTree::<u64>::new();
        for rows in rows.chunks(at_once) {
            let mut rows = rows.to_vec();
            rows.sort_unstable();
            tree.try_update_sorted(rows.iter().map(|row| (row, &1)), &mut 0).expect("small weights");
        }
        assert!(tree.iter().map(|(row, _)| *row).is_sorted());
        assert_eq!((tree.len(), tree.iter().count()), (rows.len(), rows.len()));
        tree.allocated_bytes() as f64 / rows.len() as f64
    };
    let ascending: Vec<u64> = (0..10_000).collect();
    let scattered: Vec<u64> = ascending.iter().map(|row| row * 7_919 % 10_000).collect();
    // Of ten bytes and a half eight are the row, the others its part of an inner node.
    for (rows, at_once, most) in [
        (&ascending, 1, 10.5),
        (&ascending, 500, 10.5),
        (&scattered, 10_000, 10.5),
        (&scattered, 5_000, 15.0),
    ] {
        let bytes = bytes(rows, at_once);
        assert!(bytes < most, "{bytes} bytes a row, {at_once} at once");
    }
    let bytes = bytes(&scattered, 1);
    assert!(bytes < 18.0, "{bytes} bytes a row, one by one");
}

#[test]
fn a_sum_has_a_value_in_every_order_of_its_rows_or_in_none() {
    let lifted = |n: &i64, _: &i64| {
        Ok::<i64, Overflow>([i64::MAX, 1 << 62, -(1 << 62), i64::MIN, -1, 1][*n as usize % 6])
    };
    let mut state = 7;
    let mut refused = 0;
    for _ in 0..3_000 {
        let mut tree = SummaryTree::<i64, i64, i64>::new();
        (0..random(&mut state) % 90).for_each(|_| {
            let value = random(&mut state) as i64 % 400;
            tree.try_update(&value, &1).expect("small weights");
        });
        let sum: i128 =
            tree.iter().map(|(n, weight)| i128::from(lifted(n, &weight).expect("any value"))).sum();
        refused += usize::from(i64::try_from(sum).is_err());
        assert_eq!(tree.summary(&lifted), i64::try_from(sum).map_err(|_| Overflow));
    }
    assert!((500..2_900).contains(&refused), "{refused}");
}
