//! An indexed Z-set against plain maps, through every form of a group.

use super::*;
use std::collections::BTreeMap;

/// A small generator, so that each case can be replayed from its seed.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn agree(zset: &IndexedZSet<u64, String>, model: &BTreeMap<(u64, String), i64>) {
    assert_eq!(zset.len(), model.len());
    for ((key, value), weight) in model {
        assert_eq!(zset.weight(key, value), *weight);
    }
    let mut rows: Vec<_> = zset.iter().map(|(key, value, weight)| ((*key, value.clone()), *weight)).collect();
    rows.sort();
    assert!(rows.iter().map(|(row, weight)| (row, weight)).eq(model));
}

#[test]
fn agrees_with_a_map_while_groups_grow_and_shrink() {
    for (keys, values) in [(1, 200), (5, 60), (50, 4), (200, 1)] {
        let mut state = keys * 1_000 + values;
        let mut zset = IndexedZSet::new();
        let mut model = BTreeMap::new();
        for round in 0..4_000_u64 {
            let key = random(&mut state) % keys;
            let value = (random(&mut state) % values).to_string();
            // Phases of growth and of retraction take groups through all forms, both ways.
            let weight = if (round / 500) % 2 == 0 { 1 } else { -1 } * (1 + random(&mut state) as i64 % 2);
            zset.try_update(&key, &value, &weight).expect("small weights");
            let sum = model.entry((key, value)).or_insert(0_i64);
            *sum += weight;
            model.retain(|_, weight| *weight != 0);
            if round % 97 == 0 {
                agree(&zset, &model);
            }
        }
        agree(&zset, &model);
        assert_eq!(zset.clone(), zset);
        let all: Vec<_> = zset.iter().map(|(k, v, w)| (*k, v.clone(), *w)).collect();
        for (key, value, weight) in all {
            zset.try_retract(&key, &value, &weight).expect("small weights");
        }
        assert_eq!((zset.len(), zset.key_count()), (0, 0));
    }
}

#[test]
fn a_failed_apply_changes_nothing() {
    let mut zset: IndexedZSet<_, _> =
        [((1, 'a'), 5), ((1, 'b'), i64::MAX), ((2, 'c'), 1)].into_iter().collect();
    let before = zset.clone();
    let delta = Delta::from_iter([((1, 'a'), -5), ((2, 'c'), i64::MIN), ((3, 'd'), i64::MIN), ((1, 'b'), 1)]);
    assert_eq!(zset.try_apply(&delta), Err(Overflow));
    assert_eq!(zset, before);
}

#[test]
fn clearing_keeps_nothing_but_memory() {
    let mut zset: IndexedZSet<u32, String> =
        (0..300).map(|n| ((n % 7 * (n % 3), n.to_string()), 1)).collect();
    zset.clear();
    assert!(zset.is_empty() && zset.groups().next().is_none());
    zset.try_update(&1, &"one".to_owned(), &1).expect("small weights");
    assert_eq!(zset[&1], [("one".to_owned(), 1)]);
    assert_eq!(format!("{zset:?}"), r#"{1: {"one": +1}}"#);
}

#[test]
fn keys_can_be_put_into_order_in_place() {
    let mut zset: IndexedZSet<_, _> = [((3, 'a'), 1), ((1, 'b'), 1), ((2, 'c'), 1)].into_iter().collect();
    zset.sort_keys();
    assert!(zset.groups().map(|(key, _)| *key).eq([1, 2, 3]));
    assert_eq!(zset[&2], [('c', 1)]);
}
