//! Both kinds of trace, through the trait that they share.

use dbsp_testkit::oracle::{self, Bag};
use dbsp_testkit::strategy;
use dbsp_zset::{Delta, DeltaIndex, IndexedZSet, OrderedTrace, Trace};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

type Rows = Bag<(i64, i64)>;

/// Gives a trace some changes and compares every group after each.
fn check<T>(mut trace: T, changes: Vec<((i64, i64), i64)>) -> TestCaseResult
where
    T: Trace<Key = i64, Value = i64, Weight = i64>,
{
    let mut rows = Rows::new();
    for ((key, value), weight) in changes {
        trace.update(&key, &value, &weight).expect("small weights");
        oracle::add(&mut rows, (key, value), weight);
        let groups = oracle::groups(&rows);
        prop_assert_eq!((trace.len(), trace.key_count()), (rows.len(), groups.len()));
        for key in 0..5 {
            let mut group: Vec<_> = trace.group(&key).map(|(value, weight)| (*value, weight)).collect();
            group.sort_unstable();
            prop_assert_eq!(group, groups.get(&key).cloned().unwrap_or_default());
        }
    }
    prop_assert_eq!(trace.is_empty(), rows.is_empty());
    Ok(())
}

proptest! {
    #[test]
    fn an_indexed_z_set_is_a_trace(steps in strategy::steps(strategy::row(), strategy::weight())) {
        check(IndexedZSet::new(), steps.concat())?;
    }

    #[test]
    fn an_ordered_trace_is_a_trace(steps in strategy::steps(strategy::row(), strategy::weight())) {
        check(OrderedTrace::<i64, i64>::new(), steps.concat())?;
    }

    #[test]
    fn a_delta_index_finds_the_rows_of_a_key(changes in strategy::delta(strategy::row(), strategy::weight())) {
        let delta = Delta::from_iter(changes);
        let mut index = DeltaIndex::new();
        for _ in 0..2 {
            index.build(&delta);
            for key in 0..5 {
                let mut found: Vec<_> = index.positions(&delta, &key).collect();
                found.reverse();
                let expected: Vec<_> = (0..delta.len()).filter(|i| delta.rows()[*i].0 == key).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}

#[test]
fn large_groups_take_rows_and_give_them_back() {
    let changes = |weight| (0..300).map(move |n| ((n % 3, n * 31 % 300), weight));
    check(IndexedZSet::new(), changes(1).chain(changes(-1)).collect()).expect("an indexed Z-set");
    check(OrderedTrace::<i64, i64>::new(), changes(1).chain(changes(-1)).collect())
        .expect("an ordered trace");
}
