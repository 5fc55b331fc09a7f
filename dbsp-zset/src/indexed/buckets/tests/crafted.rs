//! Rows whose hashes are alike, by a poor `Hash` or by design: they cost a bounded number of comparisons, and other keys none.

use std::cell::Cell;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::*;

thread_local! {
    /// How often keys and values were compared, hashed or cloned.
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// What a closure asks of keys and values.
fn asked(work: impl FnOnce()) -> u64 {
    let before = ASKED.get();
    work();
    ASKED.get() - before
}

/// A number whose every use is counted, with the hash of another.
#[derive(Debug)]
struct Counted {
    number: u64,
    hash: u64,
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        ASKED.set(ASKED.get() + 1);
        Self { number: self.number, hash: self.hash }
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Counted {}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> Ordering {
        ASKED.set(ASKED.get() + 1);
        self.number.cmp(&other.number)
    }
}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ASKED.set(ASKED.get() + 1);
        self.hash.hash(state);
    }
}

/// Numbers whose hashes agree in the leading bits.
fn alike(bits: u32, count: usize) -> Vec<u64> {
    (0..).filter(|n: &u64| leading(place_hash(n), bits) == 5).take(count).collect()
}

/// A pair of numbers that hashes to the same for every first one with the constant seed, although the hash is a good one.
fn pair(n: u64) -> (u64, u64) {
    (n, 0xc0ac_29b7_c97c_50dd)
}

#[test]
fn rows_with_hashes_alike_agree_with_a_map() {
    let (ones, any) = ([1], [1, 1, 2, -1, 1, -2, 0]);
    let (keys, few) = (alike(12, 3_000), alike(20, 50));
    agrees_with_a_map(|n| keys[n as usize], |n| n, &ones);
    agrees_with_a_map(|n| few[n as usize % 50], |n| n, &any);
    agrees_with_a_map(|n| keys[n as usize], |n| keys[n as usize], &any);
    // Half of the keys and values are innocent.
    agrees_with_a_map(|n| if n % 2 == 0 { n } else { keys[n as usize] }, |n| n, &any);
}

#[test]
fn rows_with_equal_hashes_agree_with_a_map() {
    let is_secret = cfg!(feature = "secret-seed");
    assert_eq!(place_hash(&pair(1)) != place_hash(&pair(2)), is_secret, "the hashes are equal indeed");
    let (ones, any) = ([1], [1, 1, 2, -1, 1, -2, 0]);
    agrees_with_a_map(|n| Opaque(n as u32), |n| n.to_string(), &ones);
    agrees_with_a_map(|n| n, |n| Opaque(n as u32), &any);
    agrees_with_a_map(|n| Opaque(n as u32), |n| Opaque(n as u32), &any);
    agrees_with_a_map(pair, pair, &any);
    agrees_with_a_map(|n| if n % 3 == 0 { pair(n) } else { (n, n) }, |n| n, &any);
}

/// Applies rows, looks their groups up, takes the rows back; gives the most that a row of any of these asked for.
fn cost(rows: impl Iterator<Item = (Counted, Counted)>) -> u64 {
    let delta: Delta<(Counted, Counted)> = rows.map(|row| (row, 1)).collect();
    let gone: Delta<_> = delta.iter().map(|(row, weight)| (row.clone(), -weight)).collect();
    let mut zset = IndexedZSet::new();
    let rows = delta.rows().len() as u64;
    let applied = asked(|| zset.try_apply(&delta).expect("small weights"));
    zset.storage.check();
    zset.storage.check_parts();
    let (mut found, sample) = (0, &delta.rows()[..delta.rows().len().min(50)]);
    let probed = asked(|| {
        let probed = zset.try_probe(
            sample,
            |row| &row.0,
            |_, _, _| {
                found += 1;
                Ok::<_, Overflow>(())
            },
        );
        assert!(probed.is_ok());
    });
    let looked_up = asked(|| {
        let in_groups: usize = sample.iter().map(|row| zset.group(&row.0).iter().count()).sum();
        assert_eq!(in_groups as u64, found);
    });
    let removed = asked(|| zset.try_apply(&gone).expect("small weights"));
    assert!(zset.is_empty() && zset.storage.spill.is_empty());
    (applied / rows).max(removed / rows).max(probed / found).max(looked_up / found)
}

#[test]
fn a_crafted_row_costs_a_bounded_number_of_comparisons() {
    let counted = |number, hash| Counted { number, hash };
    let keys = alike(12, 6_000);
    let honest = cost((0..6_000).map(|n| (counted(n, n), counted(n, n))));
    let crafted = [
        cost((0..6_000).map(|n| (counted(n, keys[n as usize]), counted(n, n)))),
        cost((0..6_000).map(|n| (counted(n / 20, keys[n as usize / 20]), counted(n, n)))),
        cost((0..6_000).map(|n| (counted(1, 1), counted(n, keys[n as usize])))),
        cost((0..6_000).map(|n| (counted(n, 0), counted(n, n)))),
        cost((0..6_000).map(|n| (counted(n / 20, 0), counted(n, n)))),
        cost((0..6_000).map(|n| (counted(1, 1), counted(n, 0)))),
        cost((0..6_000).map(|n| (counted(n / 1_000, n / 1_000), counted(n, 0)))),
        cost((0..6_000).map(|n| (counted(n, 0), counted(n, 0)))),
    ];
    // Most are comparisons within a bucket, which take less time than finding it. A list asked for thousands.
    assert!(crafted.iter().all(|crafted| *crafted <= 40 * honest), "{crafted:?} where {honest} is honest");
}

#[test]
fn innocent_keys_pay_nothing_for_crafted_ones() {
    let counted = |number, hash| Counted { number, hash };
    let keys = alike(12, 4_000);
    // Their regions are not that of the crafted keys.
    let innocent: Vec<u64> =
        (1 << 32..).filter(|n: &u64| leading(place_hash(n), 4) != 0).take(2_000).collect();
    let cost = |is_crafted: bool| {
        let mut zset = IndexedZSet::new();
        let row = |n: u64, hash: u64| ((counted(n, hash), counted(n, n)), 1);
        let base = (0..5_000).map(|n| row(1 << 40 | n, 1 << 40 | n));
        zset.try_apply(&base.collect()).expect("small weights");
        if is_crafted {
            let crafted = keys.iter().map(|n| row(*n, *n));
            zset.try_apply(&crafted.collect()).expect("small weights");
            assert!(zset.storage.check_spilled() > 2_000);
        }
        let innocent = innocent.iter().map(|n| row(*n, *n)).collect();
        asked(|| zset.try_apply(&innocent).expect("small weights"))
    };
    let (with, without) = (cost(true), cost(false));
    assert!(with <= without + without / 4, "{with} and {without}");
}

#[test]
fn a_region_has_a_bounded_number_of_forks() {
    let keys = alike(12, 400);
    let mut zset = IndexedZSet::new();
    let rows = (0..20_u64).flat_map(|value| keys.iter().map(move |key| ((*key, value), 1)));
    zset.try_apply(&rows.collect()).expect("small weights");
    zset.storage.check();
    assert!(keys.iter().all(|key| zset.storage.forks_before(place_hash(key)).count() <= 8));
    assert!(keys.iter().all(|key| zset.group(key).len() == 20));
}

#[test]
fn a_key_that_gets_a_fork_leaves_those_with_its_hash_their_rows() {
    let mut zset = IndexedZSet::new();
    let rows = |key: u64, values: std::ops::Range<u64>| values.map(move |value| ((pair(key), value), 1));
    zset.try_apply(&rows(1, 0..10).chain(rows(2, 0..10)).collect()).expect("small weights");
    zset.try_apply(&rows(3, 0..1_000).collect()).expect("small weights");
    zset.storage.check();
    zset.storage.check_parts();
    assert!(zset.storage.children(&pair(3)).is_some_and(|children| children > 10));
    assert_eq!([1, 2, 3, 4].map(|key| zset.group(&pair(key)).len()), [10, 10, 1_000, 0]);
    zset.try_unapply(&rows(3, 5..1_000).collect()).expect("small weights");
    zset.storage.check();
    zset.storage.check_parts();
    assert_eq!([1, 2, 3, 4].map(|key| zset.group(&pair(key)).len()), [10, 10, 5, 0]);
    assert!(zset.iter_ordered().map(|(key, value, _)| (key.0, *value)).is_sorted());
}

/// A value whose hash is that of all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Alike(u64);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Gives each key of a program so many values, one after the other.
fn resize(program: impl IntoIterator<Item = (u64, u64)>) {
    let (mut zset, mut sizes) = (IndexedZSet::<u64, Alike>::new(), [0; 5]);
    for (key, size) in program {
        let before = std::mem::replace(&mut sizes[key as usize], size);
        let weight = if size > before { 1 } else { -1 };
        let values = before.min(size)..before.max(size);
        zset.try_apply(&values.map(|value| ((key, Alike(value)), weight)).collect()).expect("small weights");
        zset.storage.check();
        for (key, size) in (0..).zip(sizes) {
            assert_eq!(zset.group(&key).into_iter().count() as u64, size);
        }
    }
}

#[test]
fn an_empty_bucket_behind_a_fork_moves_without_it() {
    resize([(1, 49), (1, 400), (0, 49), (0, 0), (0, 49), (1, 49)]);
    resize([(4, 1_000), (1, 49), (1, 0), (3, 49), (4, 49)]);
}

#[test]
fn groups_of_values_with_one_hash_grow_and_shrink() {
    let mut state = 7;
    let mut below = |bound: u64| random(&mut state) % bound;
    for _ in 0..if cfg!(feature = "secret-seed") { 20 } else { 60 } {
        let steps = (0..12).map(|_| (below(5), [0, 1, 30, 49, 60, 400, 1_000][below(7) as usize]));
        resize(steps.collect::<Vec<_>>());
    }
}
