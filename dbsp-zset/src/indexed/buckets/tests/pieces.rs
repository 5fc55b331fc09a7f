//! Growing and shrinking by pieces: no step moves or allocates more than a few times what others do.

use super::*;

/// Rows of some keys with one row each, of some with thirty and of a giant.
fn row(n: u64) -> (u64, u64) {
    match n % 4 {
        0 => (n, n),
        1 => ((1 << 40) + n / 120, n),
        2 => (1 << 41, n),
        _ => ((1 << 42) + n / 12, n % 12),
    }
}

#[test]
fn buckets_and_forks_that_move_are_found_again() {
    let mut zset = IndexedZSet::new();
    let rows = |range: std::ops::Range<u64>, weight: i64| range.map(move |n| (row(n), weight)).collect();
    let (mut low, mut high) = (0, 0);
    for round in 0..240 {
        // Grows, gives back from the oldest on, grows again and shrinks to nothing.
        let (grows, step) = (round % 120 < 40, if round % 120 < 40 { 500 } else { 250 });
        if grows {
            zset.try_apply(&rows(high..high + step, 1 + i64::from(round % 7 == 0))).expect("small weights");
            high += step;
        } else {
            let all: Vec<_> = rows(low..low + step, 1).rows().to_vec();
            let gone = all.into_iter().map(|(key, value)| {
                let weight = zset.weight(&key, &value);
                ((key, value), -weight)
            });
            let gone: Delta<_> = gone.collect();
            zset.try_apply(&gone).expect("small weights");
            low += step;
        }
        zset.storage.check();
        zset.storage.check_parts();
        assert_eq!(zset.len() as u64, high - low);
        for n in (low..high).step_by(97) {
            let (key, value) = row(n);
            assert!(zset.weight(&key, &value) > 0 && zset.group(&key).iter().any(|(v, _)| *v == value));
        }
    }
    assert!(zset.is_empty() && zset.allocated_bytes() < 80_000, "{}", zset.allocated_bytes());
}

#[test]
fn memory_follows_the_rows_down_step_by_step() {
    let mut zset = IndexedZSet::new();
    let step = |at: u64, weight: i64| (at..at + 100).map(|n| (row(n), weight)).collect::<Delta<_>>();
    for at in (0..60_000).step_by(100) {
        zset.try_apply(&step(at, 1)).expect("small weights");
    }
    let most = zset.allocated_bytes();
    let mut pieces = Vec::new();
    for at in (0..60_000).step_by(100) {
        let (buckets, bytes) = (zset.storage.buckets.len(), zset.allocated_bytes());
        zset.try_apply(&step(at, -1)).expect("small weights");
        pieces.push(buckets.saturating_sub(zset.storage.buckets.len()));
        assert!(bytes.saturating_sub(zset.allocated_bytes()) < most / 3, "no step gives back most of all");
        let share = 5 * most / 60_000 * zset.len();
        assert!(zset.allocated_bytes() < 80_000 + share, "{} for {}", zset.allocated_bytes(), zset.len());
    }
    zset.storage.check();
    assert!(pieces.iter().all(|freed| *freed <= 100), "{pieces:?}");
}

#[test]
fn a_directory_halves_where_no_region_needs_its_last_bit() {
    let mut zset = IndexedZSet::new();
    let rows = |weight| (0..40_000_u64).map(move |n| ((n, n), weight)).collect::<Delta<_>>();
    zset.try_apply(&rows(1)).expect("small weights");
    let longest = zset.storage.directory.len();
    let some: Delta<_> = rows(-1).iter().filter(|(row, _)| row.0 % 100 != 0).map(|(r, w)| (*r, *w)).collect();
    zset.try_apply(&some).expect("small weights");
    zset.storage.check();
    let (length, used) = (zset.storage.directory.len(), zset.storage.buckets.used());
    assert!(length < longest / 8 && length <= 16 * used, "{length} of {longest}, {used} buckets");
    assert!((0..400).all(|n| zset.weight(&(n * 100), &(n * 100)) == 1));
}

#[test]
fn places_are_made_a_few_at_a_time() {
    let (mut zset, mut most) = (IndexedZSet::new(), 0);
    for at in (0..200_000_u64).step_by(100) {
        let before = zset.storage.buckets.len();
        zset.try_apply(&(at..at + 100).map(|n| ((n, n), 1)).collect()).expect("small weights");
        most = most.max(zset.storage.buckets.len().saturating_sub(before));
    }
    assert!(zset.storage.buckets.len() > 6_000 && most <= 320, "{most}");
}

#[test]
fn keys_that_lose_all_rows_leave_no_buckets_behind() {
    let mut zset = IndexedZSet::new();
    let rows = |weight| (0..50_000_u64).map(|n| ((n % 500, n), weight)).collect::<Delta<_>>();
    zset.try_apply(&rows(1)).expect("small weights");
    zset.try_apply(&rows(-1)).expect("small weights");
    zset.storage.check();
    assert!(zset.storage.buckets.used() <= 20, "{} buckets", zset.storage.buckets.used());
}
