//! Z-sets form a group, and their methods are relational algebra.

use dbsp_testkit::{oracle, strategy};
use dbsp_zset::{Delta, IndexedZSet, Overflow, ZSet};
use proptest::prelude::*;

use crate::{bag_of, changes};

proptest! {
    #[test]
    fn z_sets_form_a_commutative_group(a in changes(), b in changes(), c in changes()) {
        let [a, b, c] = [a, b, c].map(ZSet::from_iter);
        let plus = |left: &ZSet<_>, right: &ZSet<_>| left.try_add(right).expect("small weights");
        prop_assert_eq!(plus(&a, &b), plus(&b, &a));
        prop_assert_eq!(plus(&plus(&a, &b), &c), plus(&a, &plus(&b, &c)));
        prop_assert_eq!(&plus(&a, &ZSet::new()), &a);
        prop_assert!(plus(&a, &a.try_neg().expect("small weights")).is_empty());
        prop_assert_eq!(a.try_sub(&b).expect("small weights"), plus(&a, &b.try_neg().expect("small weights")));
        prop_assert_eq!(a.try_scale(&3).expect("small weights"), plus(&a, &plus(&a, &a)));
        prop_assert!(a.try_scale(&0).expect("small weights").is_empty());
    }

    #[test]
    fn methods_agree_with_the_oracle(a in changes(), b in changes()) {
        let (a, b) = (ZSet::from_iter(a), ZSet::from_iter(b));
        let (bag_a, bag_b) = (bag_of(&a), bag_of(&b));
        prop_assert_eq!(bag_of(&a.try_add(&b).expect("small weights")), oracle::plus(&bag_a, &bag_b));
        prop_assert_eq!(bag_of(&a.distinct()), oracle::distinct(&bag_a));
        prop_assert_eq!(bag_of(&a.positive()), oracle::positive(&bag_a));
        prop_assert_eq!(bag_of(&a.filter(|row| row.1 > 0)), oracle::filter(&bag_a, |row| row.1 > 0));
        let mapped = a.try_map(|row| row.0).expect("small weights");
        prop_assert_eq!(bag_of(&mapped), oracle::map(&bag_a, |row| row.0));
        let product = a.try_product(&b).expect("small weights");
        prop_assert_eq!(bag_of(&product), oracle::product(&bag_a, &bag_b));
        let [left, right] = [&a, &b].map(|zset| zset.try_index_by(|row| *row).expect("small weights"));
        let joined = left.try_join(&right, |key, left, right| (*key, left - right)).expect("small weights");
        prop_assert_eq!(bag_of(&joined), oracle::join(&bag_a, &bag_b, |key, left, right| (*key, left - right)));
        let counted = left.aggregate(|_, group| Some(group.iter().map(|row| row.1).sum::<i64>()).filter(|n| *n != 0));
        prop_assert_eq!(bag_of(&counted), oracle::count(&bag_a));
    }

    #[test]
    fn an_indexed_z_set_has_the_algebra_of_its_rows(a in changes(), b in changes()) {
        let (plain_a, plain_b) = (ZSet::from_iter(a.clone()), ZSet::from_iter(b.clone()));
        let (a, b) = (IndexedZSet::from_iter(a), IndexedZSet::from_iter(b));
        let ok = |zset: Result<IndexedZSet<_, _>, _>| zset.expect("small weights").to_zset();
        prop_assert_eq!(ok(a.try_add(&b)), plain_a.try_add(&plain_b).expect("small weights"));
        prop_assert_eq!(ok(a.try_sub(&b)), plain_a.try_sub(&plain_b).expect("small weights"));
        prop_assert_eq!(ok(a.try_neg()), plain_a.try_neg().expect("small weights"));
        prop_assert_eq!(ok(a.try_scale(&-2)), plain_a.try_scale(&-2).expect("small weights"));
        let mapped = plain_a.try_map(|row| (row.1, row.0 / 2)).expect("small weights");
        prop_assert_eq!(ok(a.try_map(|key, value| (*value, key / 2))), mapped);
        prop_assert_eq!(a.filter(|key, value| key < value).to_zset(), plain_a.filter(|row| row.0 < row.1));
        prop_assert_eq!(a.positive().to_zset(), plain_a.positive());
        prop_assert_eq!(a.distinct().to_zset(), plain_a.distinct());
        prop_assert_eq!(&IndexedZSet::from_iter(a.clone()), &a);
        prop_assert_eq!(a.try_sub(&a).expect("small weights").key_count(), 0);
    }

    #[test]
    fn ordered_iteration_follows_the_order_and_loses_nothing(a in changes(), b in changes()) {
        let mut zset = ZSet::from_iter(a);
        let before = bag_of(&zset);
        prop_assert!(zset.iter_ordered().map(|(row, weight)| (*row, *weight)).eq(before));
        zset.extend(b);
        let after = bag_of(&zset);
        prop_assert!(zset.iter_ordered().map(|(row, weight)| (*row, *weight)).eq(after.clone()));
        for (row, weight) in after {
            prop_assert_eq!(zset.get(&row), weight);
        }
    }

    #[test]
    fn batches_are_consolidated_sums(a in changes(), b in changes()) {
        let batch = |changes: &[((i64, i64), i64)]| {
            changes.iter().copied().collect::<Delta<_>>().consolidate().expect("small weights")
        };
        let (left, right) = (batch(&a), batch(&b));
        prop_assert!(left.rows().is_sorted_by(|one, next| one < next));
        prop_assert_eq!(left.merge(&right).expect("small weights"), batch(&[a.clone(), b].concat()));
        prop_assert!(left.iter().map(|(row, weight)| (*row, *weight)).eq(oracle::bag(a)));
    }

    /// Both for a plain and for an indexed Z-set: extreme weights are added exactly or refused; a refused delta leaves everything as it was.
    #[test]
    fn a_delta_is_applied_whole_or_not_at_all(
        base in strategy::delta(strategy::key(), strategy::extreme_weight()),
        delta in strategy::delta(strategy::key(), strategy::extreme_weight()),
    ) {
        let (mut zset, mut indexed) = (ZSet::new(), IndexedZSet::new());
        for (row, weight) in base {
            let _ = zset.try_add_row(&row, &weight);
            let _ = indexed.try_update(&(row / 2), &row, &weight);
        }
        let (before, indexed_before) = (zset.clone(), indexed.clone());
        let delta = Delta::from_iter(delta);
        let keyed: Delta<_> = delta.iter().map(|(row, weight)| ((row / 2, *row), *weight)).collect();
        let applied = zset.try_apply(&delta);
        prop_assert_eq!(indexed.try_apply(&keyed), applied);
        if applied.is_ok() {
            zset.try_unapply(&delta).expect("it was just added");
            indexed.try_unapply(&keyed).expect("it was just added");
        }
        prop_assert_eq!((zset, indexed), (before, indexed_before));
    }
}

#[test]
fn a_refused_delta_is_taken_back_from_its_end() {
    let mut zset = ZSet::new();
    let delta = Delta::from_iter([(0, i64::MAX), (0, -i64::MAX), (0, i64::MIN), (0, i64::MIN)]);
    assert_eq!(zset.try_apply(&delta), Err(Overflow));
    assert!(zset.is_empty());
}

/// Rows own memory here: none is cloned either.
#[cfg(feature = "pool")]
#[test]
fn a_few_entries_are_consolidated_in_the_memory_of_the_delta() {
    for entries in 0..=8 {
        let delta: Delta<String> = (0..entries).map(|n| (format!("row {}", n * 5 % 7), 1)).collect();
        let mut batch = None;
        let counts = dbsp_testkit::alloc::count(|| batch = delta.consolidate().ok());
        assert_eq!((counts.allocations, counts.reallocations), (0, 0), "{entries} entries");
        assert_eq!(batch.map(|batch| batch.len()), Some(entries.min(7)));
    }
}

#[test]
fn iteration_allocates_nothing() {
    let zset: ZSet<u64> = (0..1_000).rev().map(|n| (n, 1)).collect();
    let mut sum = 0;
    let counts = dbsp_testkit::alloc::count(|| sum = zset.iter().map(|(row, _)| row).sum::<u64>());
    assert!(counts.is_zero() && sum == 499_500, "{counts:?}");

    let indexed: IndexedZSet<u64, u64> = (0..1_000).rev().map(|n| ((n % 7 * (n % 2), n), 1)).collect();
    let counts = dbsp_testkit::alloc::count(|| {
        sum = indexed.iter().map(|(_, value, _)| value).sum::<u64>();
        sum += indexed.groups().flat_map(|(_, group)| group).map(|(value, _)| value).sum::<u64>();
    });
    assert!(counts.is_zero() && sum == 2 * 499_500, "{counts:?}");
}

#[test]
fn ordered_iteration_needs_no_leave_to_change() {
    let zset: ZSet<u64> = (0..1_000).rev().map(|n| (n, 1)).collect();
    assert!(zset.iter_ordered().is_sorted() && zset.iter_ordered().len() == 1_000);
    let indexed: IndexedZSet<u64, u64> = (0..1_000).rev().map(|n| ((n % 7 * (n % 2), n), 1)).collect();
    assert!(indexed.iter_ordered().is_sorted() && indexed.iter_ordered().len() == 1_000);
}

#[test]
fn a_large_delta_is_applied_whole_or_not_at_all() {
    for (rows, keys, fails) in
        [(5, 3, 4), (31, 7, 30), (32, 100, 31), (33, 5, 32), (200, 90, 150), (2_000, 900, 9)]
    {
        let entry = |i: i64| (i * i % keys, if i % 3 == 0 { -1 } else { 1 });
        let mut zset: ZSet<i64> = (0..rows).map(|i| entry(i + 5)).collect();
        let before = zset.clone();
        let mut delta: Delta<i64> = (0..rows).map(entry).collect();
        zset.try_apply(&delta).expect("small weights");
        assert_eq!(zset, (0..rows).map(|i| entry(i + 5)).chain((0..rows).map(entry)).collect());
        zset.try_unapply(&delta).expect("it was just added");
        assert_eq!(zset, before);

        zset.try_add_row(&-1, &i64::MAX).expect("a new row");
        let before = zset.clone();
        let failing = (0..rows).flat_map(|i| [entry(i), (if i == fails { -1 } else { keys + i }, 1)]);
        delta = failing.collect();
        assert_eq!(zset.try_apply(&delta), Err(Overflow));
        assert_eq!((zset.len(), &zset), (before.len(), &before));
    }
}

/// The hash tables of the plain trace double once more after removals have used up their slots; without `pool` buckets
/// that are free keep no memory; a secret seed decides which buckets split last, and some do later than this waits.
#[cfg(all(feature = "fast-table", feature = "pool", not(feature = "secret-seed")))]
#[test]
fn keys_that_come_and_go_with_their_rows_allocate_nothing_once_warm() {
    for rows_of_a_key in [20, 100, 200] {
        let rows = |key: u64, weight: i64| (0..rows_of_a_key).map(move |n| ((key, n * 7_919 + key), weight));
        let mut zset = dbsp_zset::IndexedZSet::new();
        for key in 0..300_u64 {
            let gone = rows(key.saturating_sub(20), if key < 20 { 0 } else { -1 });
            let delta: dbsp_zset::Delta<_> = rows(key, 1).chain(gone).collect();
            let counts = dbsp_testkit::alloc::count(|| zset.try_apply(&delta).expect("small weights"));
            assert!(key < 200 || counts.is_zero(), "{rows_of_a_key}: {counts:?}");
        }
    }
}

#[global_allocator]
static ALLOCATOR: dbsp_testkit::alloc::Counting<std::alloc::System> =
    dbsp_testkit::alloc::Counting::new(std::alloc::System);
