//! An indexed Z-set against plain maps, through every form of a group.

use super::*;
use std::collections::BTreeMap;

/// A small generator, so that each case can be replayed from its seed.
pub(super) fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn agree(zset: &IndexedZSet<u64, String>, model: &BTreeMap<(u64, String), i64>) {
    assert_eq!(zset.len(), model.len());
    for ((key, value), weight) in model {
        assert_eq!((zset.weight(key, value), zset[(key, value)]), (*weight, *weight));
    }
    let mut rows: Vec<_> = zset.iter().map(|(key, value, weight)| ((*key, value.clone()), *weight)).collect();
    rows.sort();
    assert!(rows.iter().map(|(row, weight)| (row, weight)).eq(model));
}

#[test]
fn rows_may_be_large() {
    let value = [7_u64; 8_192];
    let (mut plain, mut owning) = (IndexedZSet::new(), IndexedZSet::new());
    for key in 0..3_u64 {
        plain.try_update(&key, &value, &1).expect("small weights");
        owning.try_update(&key, &(value, key.to_string()), &1).expect("small weights");
    }
    assert_eq!((plain.len(), owning.len()), (3, 3));
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
    assert_eq!(zset.value(&1), Some(&"one".to_owned()));
    assert_eq!(format!("{zset:?}"), r#"{1: {"one": +1}}"#);
}

#[test]
fn rows_can_be_gone_through_in_order() {
    let zset: IndexedZSet<_, _> = [((3, 'a'), 1), ((1, 'b'), 1), ((2, 'c'), 1)].into_iter().collect();
    assert!(zset.iter_ordered().map(|(key, value, _)| (*key, *value)).eq([(1, 'b'), (2, 'c'), (3, 'a')]));
    let zset: IndexedZSet<_, _> = (0..200).rev().map(|n| ((Opaque(n % 3), n), 2)).collect();
    let rows: Vec<_> = zset.iter_ordered().map(|(key, value, weight)| (key.0, *value, *weight)).collect();
    assert!(rows.len() == 200 && rows.is_sorted() && rows[0] == (0, 0, 2));
}

/// A key whose hash says nothing, as a foreign type may have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Opaque(pub(super) u32);

impl std::hash::Hash for Opaque {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// The rows of a Z-set and those of each key, from both ends: the whole and the groups.
fn whole<K: Row + Debug, V: Row + Debug>(zset: &IndexedZSet<K, V>) -> BTreeMap<(K, V), i64> {
    let rows: BTreeMap<_, _> = zset.iter().map(|(k, v, w)| ((k.clone(), v.clone()), *w)).collect();
    assert_eq!(rows.len(), zset.len());
    let groups = zset.groups().flat_map(|(key, group)| group.iter().map(move |(v, w)| ((key, v), *w)));
    let groups: Vec<_> = groups.collect();
    assert_eq!(groups.len(), rows.len(), "each row is in one group");
    for ((key, value), weight) in groups {
        assert_eq!(rows[&(key.clone(), value.clone())], weight);
    }
    rows
}

#[test]
fn memory_follows_the_rows_of_a_key_that_has_many() {
    let mut zset = IndexedZSet::new();
    let rows = |range: std::ops::Range<u64>| range.map(|n| ((u64::from(n % 10 == 0) * n, n), 1));
    zset.try_apply(&rows(0..40_000).collect()).expect("small weights");
    assert_eq!((zset.group(&0).len(), zset.iter_ordered().len()), (36_001, 40_000));
    assert_eq!(whole(&zset).len(), 40_000);
    let before = zset.allocated_bytes();
    assert!((40_000 * 24..40_000 * 24 * 6).contains(&before), "{before}");

    let gone = rows(0..40_000).filter(|((_, n), _)| n % 1_000 != 1).map(|(row, weight)| (row, -weight));
    zset.try_apply(&gone.collect()).expect("small weights");
    assert_eq!((zset.len(), zset.group(&0).len()), (40, 40));
    assert!(zset.allocated_bytes() < before / 20, "{} of {before}", zset.allocated_bytes());
    assert_eq!(whole(&zset).len(), 40);
}

#[test]
fn rows_whose_hashes_are_all_alike_lose_nothing_but_speed() {
    let mut zset = IndexedZSet::new();
    let mut model = BTreeMap::new();
    let mut state = 3;
    for round in 0..4 {
        for _ in 0..300 {
            let (key, value) =
                (Opaque(random(&mut state) as u32 % 5), Opaque(random(&mut state) as u32 % 70));
            let weight = if round % 2 == 0 { 1 } else { -1 };
            zset.try_update(&key, &value, &weight).expect("small weights");
            let sum = model.entry((key, value)).or_insert(0);
            *sum += weight;
            model.retain(|_, weight| *weight != 0);
        }
        assert_eq!(whole(&zset), model);
        for ((key, value), weight) in &model {
            assert_eq!(zset.weight(key, value), *weight);
        }
    }
    let all: Delta<_> = model.into_iter().collect();
    zset.try_unapply(&all).expect("small weights");
    assert!(zset.is_empty() && zset.group(&Opaque(1)).is_empty());
}

#[test]
fn probing_finds_the_groups_that_looking_up_finds() {
    for keys in [1, 3, 40, 5_000] {
        let mut state = keys;
        let rows = (0..5_000).map(|n| ((random(&mut state) % keys, n), 1));
        let zset: IndexedZSet<u64, u64> = rows.collect();
        for length in [0, 1, 4, 5, 31, 32, 33, 200] {
            let probes: Vec<u64> = (0..length).map(|_| random(&mut state) % (keys + 1)).collect();
            let mut expected = Vec::new();
            for (i, key) in probes.iter().enumerate() {
                expected.extend(zset.group(key).iter().map(|(value, weight)| (i, *value, *weight)));
            }
            for most in [expected.len(), expected.len() / 2] {
                let mut found = Vec::new();
                let outcome = zset.try_probe(
                    &probes,
                    |key| key,
                    |i, value, weight| {
                        if found.len() == most {
                            return Err(i);
                        }
                        found.push((i, *value, *weight));
                        Ok(())
                    },
                );
                assert_eq!(outcome.err(), expected.get(most).map(|(i, ..)| *i));
                assert_eq!(found, expected[..most]);
            }
        }
    }
}

#[test]
fn windows_take_rows_that_move_while_they_are_applied() {
    // One delta makes keys heavy, splits buckets and empties them again within its windows.
    let mut zset = IndexedZSet::new();
    let mut model: BTreeMap<(u64, u64), i64> = BTreeMap::new();
    let mut state = 11;
    for round in 0..60 {
        let delta: Delta<(u64, u64)> = (0..400)
            .map(|_| {
                let key = random(&mut state) % 4 * (random(&mut state) % 50);
                ((key, random(&mut state) % 300), if round / 10 % 2 == 0 { 1 } else { -1 })
            })
            .collect();
        zset.try_apply(&delta).expect("small weights");
        for (row, weight) in &delta {
            *model.entry(*row).or_default() += weight;
        }
        model.retain(|_, weight| *weight != 0);
        assert_eq!(whole(&zset), model);
        if round % 7 == 0 {
            zset.try_unapply(&delta).expect("small weights");
            zset.try_apply(&delta).expect("small weights");
            assert_eq!(whole(&zset), model);
        }
    }
}
