//! What only buckets have: spread keys, a directory, rows that find no bucket.

use super::*;
use crate::delta::Delta;
use crate::indexed::IndexedZSet;
use crate::indexed::tests::{Opaque, random};

#[test]
fn a_key_with_many_rows_is_spread_and_comes_together_again() {
    let mut zset = IndexedZSet::new();
    let rows = |range: std::ops::Range<u64>| range.map(|n| ((u64::from(n % 10 == 0) * n, n), 1));
    zset.try_apply(&rows(0..40_000).collect()).expect("small weights");
    let places = |buckets: &Buckets<_, _, _>| 1_usize << buckets.spreads.bits(place_hash(&0_u64));
    let buckets = &zset.storage;
    assert!(!buckets.spreads.is_empty() && buckets.homeless.is_empty());
    assert!((36_001 / 64..=36_001 / 4).contains(&places(buckets)), "{}", places(buckets));

    let gone = rows(0..40_000).filter(|((_, n), _)| n % 1_000 != 1).map(|(row, weight)| (row, -weight));
    zset.try_apply(&gone.collect()).expect("small weights");
    assert!(places(&zset.storage) <= 16, "few rows are not looked for in many places");
    assert!(zset.storage.buckets.len() <= 16, "memory follows the rows down");
}

#[test]
fn a_directory_does_not_grow_for_hashes_that_are_all_alike() {
    let mut zset = IndexedZSet::new();
    let mut state = 3;
    let rows: Delta<_> = (0..300)
        .map(|_| ((Opaque(random(&mut state) as u32 % 5), Opaque(random(&mut state) as u32 % 70)), 1))
        .collect();
    zset.try_apply(&rows).expect("small weights");
    assert!(!zset.storage.homeless.is_empty() && zset.storage.directory.len() <= 2_048);
    zset.try_unapply(&rows).expect("small weights");
    assert!(zset.is_empty() && zset.storage.homeless.is_empty());
}

#[test]
fn keys_that_have_lost_all_rows_hardly_ever_stay_spread() {
    let rows = |key: u64| (0..200).map(move |n| ((key, n * 7_919 + key), 1)).collect::<Delta<_>>();
    let mut zset = IndexedZSet::new();
    for key in 0..400 {
        zset.try_apply(&rows(key)).expect("small weights");
        if key >= 10 {
            zset.try_unapply(&rows(key - 10)).expect("small weights");
        }
    }
    let bits = |key: u64| zset.storage.spreads.bits(place_hash(&key));
    assert!((390..400).all(|key| bits(key) > 0));
    let left = (0..390).filter(|key| bits(*key) > 0).count();
    assert!(left <= 3, "{left} of 390 keys without rows are still spread");
}
