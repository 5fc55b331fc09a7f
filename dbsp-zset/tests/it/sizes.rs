//! Every container over rows of every size, of none and of 64 KiB.

use std::collections::BTreeMap;
use std::fmt::Debug;

use dbsp_zset::{Delta, DeltaIndex, DenseTable, IndexedZSet, OrderedTrace, Overflow, Row, SummaryTree, ZSet};

/// A row for a number; of a type with too few values several numbers are one row.
trait Numbered: Row + Debug {
    fn of(number: u64) -> Self;
}

impl<const N: usize> Numbered for [u8; N] {
    fn of(number: u64) -> Self {
        let mut bytes = [0; N];
        bytes.iter_mut().zip(number.to_le_bytes()).for_each(|(byte, from)| *byte = from);
        bytes
    }
}

impl Numbered for () {
    fn of(_: u64) -> Self {}
}

type Model<K, V> = BTreeMap<(K, V), i64>;

/// How many rows a range holds, and the sum of their weights.
fn count<V>(_: &V, weight: &i64) -> Result<(i64, i64), Overflow> {
    Ok((1, *weight))
}

fn agree<K: Numbered, V: Numbered>(
    model: &Model<K, V>,
    zset: &ZSet<(K, V)>,
    indexed: &IndexedZSet<K, V>,
    ordered: &mut OrderedTrace<K, V, i64, (i64, i64)>,
) {
    assert_eq!((zset.len(), indexed.len(), ordered.len()), (model.len(), model.len(), model.len()));
    let mut groups = BTreeMap::<&K, Vec<(&V, i64)>>::new();
    for ((key, value), weight) in model {
        groups.entry(key).or_default().push((value, *weight));
        assert_eq!((zset.get(&(key.clone(), value.clone())), indexed.weight(key, value)), (*weight, *weight));
    }
    for (key, rows) in groups {
        assert_eq!(indexed.group(key).len(), rows.len());
        let sum = rows.iter().map(|row| row.1).sum();
        let mut summaries = ordered.summaries(key).expect("a group with rows");
        assert_eq!(summaries.again().summary(&count), Ok((rows.len() as i64, sum)));
        let first = summaries.again().find_first(&count, |found| found.0 > 0);
        assert_eq!(first, Ok(Some(rows[0])));
        assert_eq!(summaries.find_last(&count, |found| found.0 > 0), Ok(rows.last().copied()));
        let tree = ordered.tree(key).expect("a group with rows");
        assert!(tree.iter().eq(rows.iter().copied()));
    }
}

fn check<K: Numbered, V: Numbered>(steps: u64, most: u64) {
    let (mut zset, mut indexed) = (ZSet::new(), IndexedZSet::new());
    let mut ordered = OrderedTrace::new();
    let (mut model, mut index) = (Model::<K, V>::new(), DeltaIndex::new());
    let mut state = most;
    let mut random = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    for step in 0..steps {
        let entries = (0..random(most)).map(|_| {
            let row = (K::of(random(3)), V::of(random(50)));
            (row, [1, 2, -1, -3][random(4) as usize])
        });
        let mut delta: Delta<(K, V)> = entries.collect();
        if step % 3 == 2 {
            delta = model.iter().map(|(row, weight)| (row.clone(), -weight)).collect();
        }
        for (row, weight) in &delta {
            *model.entry(row.clone()).or_default() += weight;
        }
        model.retain(|_, weight| *weight != 0);
        let batch = delta.clone().consolidate().expect("small weights");
        zset.try_apply(&delta).expect("small weights");
        indexed.try_apply(&delta).expect("small weights");
        for ((key, value), weight) in batch.iter() {
            ordered.try_update(key, value, weight).expect("small weights");
        }
        agree(&model, &zset, &indexed, &mut ordered);
        index.build(&delta);
        for (i, (key, _)) in delta.rows().iter().enumerate() {
            assert!(index.positions(&delta, key).any(|position| position == i));
        }
        zset.try_unapply(&delta).expect("it was added last");
        zset.try_apply(&batch.into_delta()).expect("small weights");
        agree(&model, &zset, &indexed, &mut ordered);
    }
}

#[test]
fn containers_hold_rows_of_every_size() {
    check::<(), ()>(60, 40);
    check::<(), [u8; 8]>(60, 200);
    check::<[u8; 8], ()>(60, 200);
    check::<[u8; 0], [u8; 1]>(60, 200);
    check::<[u8; 1], [u8; 24]>(60, 200);
    check::<[u8; 24], [u8; 4096]>(12, 100);
    check::<(), [u8; 65536]>(6, 60);
}

#[test]
fn a_tree_of_values_without_a_size_holds_any_weight() {
    let mut tree = SummaryTree::<(), i64, (i64, i64)>::new();
    for weight in [2, -1, 5, -6, -3, i64::MAX, 3] {
        tree.try_update(&(), &weight).expect("it fits");
    }
    assert_eq!((tree.len(), tree.first()), (1, Some((&(), i64::MAX))));
    assert_eq!(tree.summary(&count), Ok((1, i64::MAX)));
    assert_eq!(tree.try_update(&(), &1), Err(Overflow));
    assert!(tree.allocated_bytes() < 1_000);
}

#[test]
fn a_table_from_nothing_to_nothing_holds_one_entry() {
    let mut table = DenseTable::<(), ()>::new();
    assert_eq!(
        (table.find_or_insert_with(&(), || ()), table.find_or_insert_with(&(), || ())),
        ((0, true), (0, false))
    );
    assert_eq!((table.swap_remove(0), table.len(), table.find(&())), (((), ()), 0, None));
}
