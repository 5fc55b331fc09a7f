//! What only buckets have: forks, a directory, rows that are spilled, pages that are given back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use super::*;
use crate::delta::Delta;
use crate::indexed::IndexedZSet;
use crate::indexed::buckets::bucket::{BLOCK, ones};
use crate::indexed::buckets::room::SLACK;
use crate::indexed::tests::{Opaque, random};

mod crafted;
mod pieces;

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// How many children a key's fork has, if it has one.
    fn children(&self, key: &K) -> Option<usize> {
        match self.way(place_hash(key)) {
            Way::Bucket(_) => None,
            Way::Fork(fork) => {
                let mut children = self.forks.get(fork).children().to_vec();
                children.dedup();
                Some(children.len())
            }
        }
    }

    /// Checks what the module says of the table.
    fn check(&self) {
        let mut uses = vec![0; self.buckets.len()];
        let mut count = |at: usize, region: &mut Vec<usize>| {
            if at != 0 && !region.contains(&at) {
                region.push(at);
                uses[at] += 1;
            }
        };
        let rows = |at: usize| self.blocks.rows(&self.buckets[at], at);
        let mut start = 0;
        while start < self.directory.len() {
            let (mut entry, mut depth, mut region) = (self.directory[start], None, Vec::new());
            while let Some(at) = entry.as_fork() {
                let fork = self.forks.get(at);
                assert_eq!(leading(fork.key_hash, fork.depth()), start >> (self.depth - fork.depth()));
                assert!(depth.is_none_or(|depth| depth == fork.depth()), "one depth in a region");
                depth = Some(fork.depth());
                let key = self.forks.key(at).expect("a fork has a key");
                assert!(fork.children().len() == 1 << fork.bits && place_hash(key) == fork.key_hash);
                for (i, at) in fork.children().iter().enumerate() {
                    let child = &self.buckets[*at as usize];
                    let child_depth = child.slots.depth();
                    assert!(rows(*at as usize).iter().all(|(_, row)| row.0 == *key));
                    assert!(fork.has_spilled || !child.slots.has_spilled() || self.spill.is_empty());
                    let same = |row: &(K, V)| {
                        leading(place_hash(&row.1), child_depth) == i >> (fork.bits - child_depth)
                    };
                    assert!(rows(*at as usize).iter().all(|(_, row)| same(row)));
                    count(*at as usize, &mut region);
                }
                entry = fork.next;
            }
            let at = entry.at();
            if at != 0 {
                let bucket = &self.buckets[at];
                assert!(depth.is_none_or(|depth| depth == bucket.slots.depth()), "one depth in a region");
                depth = Some(bucket.slots.depth());
                let prefix = start >> (self.depth - bucket.slots.depth());
                assert!(
                    rows(at)
                        .iter()
                        .all(|(_, row)| leading(place_hash(&row.0), bucket.slots.depth()) == prefix)
                );
                assert!(rows(at).iter().all(|(_, row)| self.children(&row.0).is_none()));
                count(at, &mut region);
            }
            let span = 1 << (self.depth - depth.unwrap_or(self.depth));
            assert!(self.directory[start..start + span].iter().all(|other| *other == self.directory[start]));
            start += span;
        }
        for (_, at) in self.spill.iter() {
            assert!(self.buckets[at].slots.is_overflow() && self.buckets[at].slots.len() > 0);
            uses[at] += 1;
        }
        for (at, uses) in uses.iter().enumerate().skip(1) {
            let is_vacant = self.buckets[at].slots.is_absent();
            assert_eq!(usize::from(!is_vacant), *uses, "each bucket is led to once, or vacant");
        }
        let vacant = self.buckets.iter().skip(1).filter(|bucket| bucket.slots.is_absent()).count();
        assert_eq!(self.buckets.len() - self.buckets.used(), vacant);
        let rows: usize =
            self.buckets.iter().skip(1).filter(|b| !b.slots.is_absent()).map(|b| b.slots.len()).sum();
        assert_eq!(rows, self.rows);
    }

    /// Checks what is said of spilled rows; gives how many there are.
    fn check_spilled(&self) -> usize {
        let (mut last, mut count) = (None, 0);
        for (fence, at) in self.spill.iter() {
            assert!(fence >= last, "in order");
            last = fence;
            for (_, row) in self.blocks.rows(&self.buckets[at], at).iter() {
                assert!(fence.is_none_or(|fence| fence <= row));
                assert_eq!(self.spill.bucket_of(&row.0, Some(&row.1)), Some(at));
                let home = &self.buckets[self.place(Address::of(&row.0, &row.1), &row.0)];
                assert!(home.slots.has_spilled(), "where a row is looked for says that some are spilled");
                if let Way::Fork(fork) = self.way(place_hash(&row.0)) {
                    assert!(self.forks.get(fork).has_spilled);
                }
                count += 1;
            }
        }
        count
    }
}

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Checks what the modules say of slots, columns and forks.
    fn check_parts(&self) {
        self.check_spilled();
        for (at, bucket) in self.buckets.iter().enumerate().skip(1) {
            if bucket.slots.is_absent() {
                assert!(!bucket.slots.is_weighted() && self.blocks.of(bucket, at) == 0);
                continue;
            }
            let (taken, weights) = (bucket.slots.len(), self.weights.of(bucket, at));
            assert_eq!(bucket.slots.mask().count_ones() as usize, taken);
            assert!(
                ones(bucket.slots.mask())
                    .all(|slot| weights.get(slot).is_some_and(|weight| !weight.is_zero()))
            );
            let (differ, columns) = self.weights.parts(at);
            assert_eq!(bucket.slots.is_weighted(), differ != 0);
            let differs = |slot: &usize| weights.get(*slot).is_some_and(|weight| *weight != W::one());
            assert!(ones(bucket.slots.mask()).filter(differs).eq(ones(differ)), "and no slot without a row");
            for (i, has_block) in columns.into_iter().enumerate() {
                assert_eq!(
                    has_block,
                    differ >> (i * BLOCK) & 0xffff != 0,
                    "a block without use is given back"
                );
            }
            let rows = self.blocks.rows(bucket, at);
            let (blocks, needed) = (self.blocks.of(bucket, at), |rows: usize| rows.div_ceil(BLOCK));
            let most = if taken == 0 { 0 } else { taken + SLACK };
            assert!((needed(taken)..=needed(most)).contains(&blocks), "{blocks} blocks of {taken} rows");
            assert_eq!(self.blocks.owned_rows(at).unwrap_or(taken), taken, "no gap owns a row");
            for (slot, (key, value)) in rows.iter() {
                let address = Address::of(key, value);
                let home = match self.way(address.key_hash) {
                    Way::Bucket(at) => at,
                    Way::Fork(fork) => self.forks.get(fork).child(address.value_hash),
                };
                assert!(home == at || bucket.slots.is_overflow(), "a row stands where it is looked for");
                let is_it = |row: &(K, V)| row.0 == *key && row.1 == *value;
                assert_eq!(rows.find(bucket.with_row_tag(address.tags().row), is_it), Some(slot));
            }
        }
        let (mut heads, mut hashes) = (self.directory.clone(), Vec::new());
        heads.dedup();
        for mut entry in heads {
            while let Some(at) = entry.as_fork() {
                hashes.push(self.forks.get(at).key_hash);
                entry = self.forks.get(at).next;
            }
        }
        let led_to = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), led_to, "a key has one fork, which is led to once");
    }
}

/// A value with eight hashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Vague(u64);

impl std::hash::Hash for Vague {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.0 % 8).hash(state);
    }
}

/// Deltas of light keys, of keys with 9 to 48 rows and of a giant one, with rows that come twice, that are taken
/// back, lost again, refused and cleared.
fn agrees_with_a_map<K: Row + Debug, V: Row + Debug>(
    key: impl Fn(u64) -> K,
    value: impl Fn(u64) -> V,
    weights: &[i64],
) {
    let mut state = weights.len() as u64;
    let (mut zset, mut model) = (IndexedZSet::new(), BTreeMap::<(K, V), i64>::new());
    for round in 0..120 {
        let mut random = || random(&mut state);
        let mut delta = Delta::new();
        for _ in 0..300 * (random() % 2) + random() % 40 {
            let row = match round / 4 % 3 {
                0 => (key(random() % 3_000), value(random() % 3)),
                1 => (key(random() % 60), value(random() % (9 + random() % 40))),
                _ => (key(7), value(random() % 2_000)),
            };
            let weight = weights[random() as usize % weights.len()];
            (0..=u64::from(random() % 8 == 0)).for_each(|_| delta.push(row.clone(), weight));
        }
        if round % 40 > 24 {
            let share = random() % 8;
            let gone = model.iter().filter(|_| random() % 8 < share);
            delta = gone.map(|(row, weight)| (row.clone(), -weight)).collect();
        }
        zset.try_apply(&delta).expect("small weights");
        if round % 5 == 0 {
            zset.try_unapply(&delta).expect("small weights");
            zset.storage.check();
            let mut refused = delta.clone();
            (0..3).for_each(|_| refused.push((key(7), value(1)), i64::MAX));
            assert_eq!(zset.try_apply(&refused), Err(Overflow));
            zset.try_apply(&delta).expect("small weights");
        }
        for (row, weight) in &delta {
            *model.entry(row.clone()).or_default() += weight;
        }
        if round == 90 {
            zset.clear();
            model.clear();
        }
        model.retain(|_, weight| *weight != 0);
        zset.storage.check();
        zset.storage.check_parts();
        let rows = zset.iter().map(|(key, value, weight)| ((key.clone(), value.clone()), *weight));
        assert_eq!(rows.collect::<BTreeMap<_, _>>(), model, "round {round}");

        let mut keys: Vec<K> = (0..100).map(&key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut found = Vec::new();
        let probed = zset.try_probe(
            &keys,
            |key| key,
            |i, value, weight| {
                found.push((&keys[i], value, weight));
                Ok::<_, Overflow>(())
            },
        );
        let groups = keys.iter().flat_map(|key| zset.group(key).iter().map(move |(v, w)| (key, v, w)));
        assert!(probed.is_ok() && found.iter().copied().eq(groups));
        found.sort_unstable();
        let known: BTreeSet<_> = keys.iter().collect();
        let expected = model.iter().filter(|((key, _), _)| known.contains(key));
        assert!(
            found.into_iter().eq(expected.map(|((key, value), weight)| (key, value, weight))),
            "round {round}"
        );
    }
}

#[test]
fn rows_of_all_kinds_agree_with_a_map() {
    let (ones, nearly, any) = ([1], [1, 1, 1, 1, 1, 1, 1, 1, 1, 2], [1, 2, -1, 3, -2, 0]);
    agrees_with_a_map(|n| n, |n| n, &ones);
    agrees_with_a_map(|n| n, |n| n, &nearly);
    agrees_with_a_map(|n| n, |n| [n; 20], &any);
    // More bytes than the caches hold, so that rows are asked for before they are looked at.
    agrees_with_a_map(|n| n, |n| [n; 200], &any);
    agrees_with_a_map(|n| n, |n| (n.to_string(), [n; 200]), &nearly);
    agrees_with_a_map(|n| n, |n| n.to_string(), &nearly);
    agrees_with_a_map(Vague, |n| n.to_string(), &any);
    agrees_with_a_map(|n| n, Vague, &any);
    agrees_with_a_map(Vague, Vague, &nearly);
}

/// All rows with their weights.
fn contents(zset: &IndexedZSet<u64, [u64; 60]>) -> BTreeMap<(u64, u64), i64> {
    zset.iter().map(|(key, value, weight)| ((*key, value[0]), *weight)).collect()
}

#[test]
fn a_delta_refused_at_any_row_leaves_nothing() {
    let row = |key: u64, n: u64| (key, [n; 60]);
    let mut zset = IndexedZSet::new();
    zset.try_apply(&(0..1_200).map(|n| (row(n % 40, n), 1)).collect()).expect("small weights");
    zset.try_update(&1, &[0; 60], &i64::MAX).expect("small enough");
    let before = contents(&zset);
    for length in [5, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32, 33, 90] {
        for refused in 0..length {
            // New rows of few keys, which split buckets and give keys forks, and rows that go.
            let mut rows: Vec<_> = (0..length)
                .map(|n| if n % 3 == 2 { (row(n % 40, n), -1) } else { (row(n % 2, 5_000 + n), 1) })
                .collect();
            rows[refused as usize] = (row(1, 0), 1);
            assert_eq!(zset.try_apply(&rows.into_iter().collect()), Err(Overflow));
            assert!(contents(&zset) == before, "{length} rows, of which {refused} is refused");
        }
        zset.storage.check();
        zset.storage.check_parts();
    }
}

#[test]
fn rows_move_while_those_behind_them_are_on_their_way() {
    for seed in 0..40 {
        let (mut state, mut zset, mut model) = (seed, IndexedZSet::new(), BTreeMap::new());
        for step in 0..12 {
            let mut delta = Delta::new();
            for _ in 0..400 {
                // A few keys at a time get most of the rows or lose them; some come, go and come again in one delta.
                let key = (random(&mut state) % 3 + step / 2) % 6 * 1_000 + random(&mut state) % 50 / 48;
                let row = (key, random(&mut state) % 90);
                let weight = if model.get(&row).is_some_and(|weight| *weight > 0) { -1 } else { 1 };
                let times = 1 + 2 * i64::from(random(&mut state).is_multiple_of(4));
                for time in 0..times {
                    delta.push((row.0, [row.1; 60]), if time % 2 == 0 { weight } else { -weight });
                }
                *model.entry(row).or_default() += weight;
            }
            zset.try_apply(&delta).expect("small weights");
            model.retain(|_, weight| *weight != 0);
            zset.storage.check();
            zset.storage.check_parts();
            assert!(contents(&zset) == model, "step {step} of seed {seed}");
        }
    }
}

#[test]
fn a_key_with_many_rows_has_buckets_of_its_own_until_it_has_few() {
    let mut zset = IndexedZSet::new();
    let rows = |range: std::ops::Range<u64>| range.map(|n| ((u64::from(n % 10 == 0) * n, n), 1));
    zset.try_apply(&rows(0..40_000).collect()).expect("small weights");
    zset.storage.check();
    let children = zset.storage.children(&0).expect("36,001 rows are many");
    assert!((36_001 / SLOTS..=36_001 / SLOTS * 2).contains(&children), "{children}");
    assert_eq!(zset.storage.children(&10), None);

    for least in [500, 100, 2] {
        let gone = rows(0..40_000).filter(|((key, n), _)| n % 1_000 >= least && zset.weight(key, n) > 0);
        zset.try_apply(&gone.map(|(row, weight)| (row, -weight)).collect()).expect("small weights");
        zset.storage.check();
    }
    let gone = rows(0..40_000).filter(|((key, n), _)| n % 1_000 != 1 && zset.weight(key, n) > 0);
    zset.try_apply(&gone.map(|(row, weight)| (row, -weight)).collect()).expect("small weights");
    zset.storage.check();
    assert_eq!(zset.len(), 40);
    assert!(
        zset.storage.children(&0).is_none_or(|children| children <= 2),
        "few rows do not lie in many buckets"
    );
    let (places, used) = (zset.storage.buckets.len(), zset.storage.buckets.used());
    assert!(places <= 24, "memory follows the rows down: {used} of {places} buckets");
}

#[test]
fn the_table_is_sound_while_keys_of_all_sizes_come_and_go() {
    for seed in 0..12 {
        let (mut state, mut zset) = (seed, IndexedZSet::new());
        let mut model: Vec<(u64, u64)> = Vec::new();
        for round in 0..60 {
            let grows = round % 20 < 10;
            for _ in 0..150 {
                // Some keys get most of the rows.
                let key = random(&mut state) % (1 << (random(&mut state) % 12));
                let row = (key, random(&mut state) % 4_000);
                if grows && zset.weight(&row.0, &row.1) == 0 {
                    zset.try_update(&row.0, &row.1, &1).expect("small weights");
                    model.push(row);
                } else if !grows && !model.is_empty() {
                    let (key, value) = model.swap_remove(random(&mut state) as usize % model.len());
                    zset.try_update(&key, &value, &-1).expect("small weights");
                }
            }
            zset.storage.check();
            assert_eq!(zset.len(), model.len());
        }
        let mut rows: Vec<_> = zset
            .groups()
            .flat_map(|(k, group)| group.iter().map(|(v, _)| (*k, *v)).collect::<Vec<_>>())
            .collect();
        rows.sort_unstable();
        model.sort_unstable();
        assert_eq!(rows, model, "seed {seed}");
    }
}

#[test]
fn a_directory_does_not_grow_for_hashes_that_are_all_alike() {
    let mut zset = IndexedZSet::new();
    let mut state = 3;
    let rows: Delta<_> = (0..300)
        .map(|_| ((Opaque(random(&mut state) as u32 % 5), Opaque(random(&mut state) as u32 % 70)), 1))
        .collect();
    zset.try_apply(&rows).expect("small weights");
    assert!(zset.storage.check_spilled() > 0 && zset.storage.directory.len() <= 2_048);
    zset.try_unapply(&rows).expect("small weights");
    assert!(zset.is_empty() && zset.storage.spill.is_empty());
}

#[test]
fn keys_that_have_lost_all_rows_have_no_fork() {
    let rows = |key: u64| (0..200).map(move |n| ((key, n * 7_919 + key), 1)).collect::<Delta<_>>();
    let mut zset = IndexedZSet::new();
    for key in 0..400 {
        zset.try_apply(&rows(key)).expect("small weights");
        if key >= 10 {
            zset.try_unapply(&rows(key - 10)).expect("small weights");
        }
    }
    zset.storage.check();
    assert!((390..400).all(|key| zset.storage.children(&key).is_some_and(|children| children > 3)));
    assert!((0..390).all(|key| zset.storage.children(&key).is_none()));
}

#[test]
fn rows_without_size_have_any_weight() {
    let mut zset = IndexedZSet::new();
    for weight in [1, 2, -4, 1] {
        zset.try_update(&(), &(), &weight).expect("small weights");
        assert!(zset.allocated_bytes() < 10_000);
    }
    assert!(zset.is_empty());
}

#[test]
fn values_whose_hashes_begin_alike_cost_no_memory_and_no_rebuilding() {
    let alike = (0..).filter(|n: &u64| leading(place_hash(n), 16) == 5).take(50);
    let (values, mut zset) = (alike.collect::<Vec<_>>(), IndexedZSet::new());
    let rows = (0..60).flat_map(|key| values.iter().map(move |value| ((key, *value), 1)));
    zset.try_apply(&rows.collect()).expect("small weights");
    assert!(zset.allocated_bytes() < 3_000 * 200, "{}", zset.allocated_bytes());
    let version = zset.storage.version;
    zset.try_update(&1, &1, &1).expect("small weights");
    assert!(zset.storage.version - version < 10, "not built anew by each update");
}

#[test]
fn a_key_that_was_large_keeps_no_memory_of_it() {
    let mut zset = IndexedZSet::new();
    let rows =
        |key: u64, values: std::ops::Range<u64>, weight| values.map(move |n| ((key, n), weight)).collect();
    let mut most = 0;
    for key in 0..40 {
        for at in (0..20_000).step_by(1_000) {
            zset.try_apply(&rows(key, at..at + 1_000, 1)).expect("small weights");
            if key > 0 {
                zset.try_apply(&rows(key - 1, at.max(30)..at + 1_000, -1)).expect("small weights");
            }
        }
        most = if key == 2 { zset.allocated_bytes() } else { most };
    }
    assert!(zset.allocated_bytes() < most + 40 * 3_000, "{} after {most}", zset.allocated_bytes());
}

#[test]
fn a_load_of_equal_rows_makes_no_large_table() {
    let mut zset = IndexedZSet::new();
    zset.try_apply(&(0..400_000_u64).map(|n| ((1, n % 12), 1)).collect()).expect("small weights");
    assert!(zset.allocated_bytes() < 20_000, "{}", zset.allocated_bytes());
}

#[test]
fn a_chain_of_forks_does_not_grow_with_the_keys() {
    let keys: Vec<u64> = (0..).filter(|n: &u64| leading(place_hash(n), 6) == 5).take(600).collect();
    let mut zset = IndexedZSet::new();
    let rows = (0..20_u64).flat_map(|value| keys.iter().map(move |key| ((*key, value), 1)));
    zset.try_apply(&rows.collect()).expect("small weights");
    zset.storage.check();
    assert!(keys.iter().all(|key| zset.storage.forks_before(place_hash(key)).count() <= 8));
}
