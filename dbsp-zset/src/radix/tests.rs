//! Sorting by digits against sorting by comparing, over rows of all kinds and sizes.

use std::cmp::Reverse;
use std::fmt::Debug;

use super::*;
use crate::row::hash_of;

/// The parts of a delta that is sorted, by digits if they are right for it.
fn parts_of<R: Ord + Hash, W>(delta: Delta<R, W>) -> Vec<Vec<(R, W)>> {
    match Range::of(delta.rows()) {
        Some(range) => sorted(delta, range),
        None => vec![compared(delta.into_iter().collect())],
    }
}

/// Rows that a number makes, sorted as the standard library sorts them.
fn assert_sorts<R: Ord + Hash + Clone + Debug>(name: &str, length: u64, row: impl Fn(u64) -> R) {
    let rows: Vec<(R, u64)> = (0..length).map(|n| (row(n), n)).collect();
    let delta = Delta::from_columns(rows.iter().map(|(row, _)| row.clone()).collect(), (0..length).collect());
    let parts = parts_of(delta.expect("two columns of one length"));
    for pair in parts.windows(2) {
        assert!(pair[0].last().map(|entry| &entry.0) < pair[1].first().map(|entry| &entry.0), "{name}");
    }
    let mut found: Vec<(R, u64)> = parts.into_iter().flatten().collect();
    assert!(found.is_sorted_by(|one, other| one.0 <= other.0), "{length} of {name} are in order");
    found.sort();
    let mut expected = rows;
    expected.sort();
    assert!(found == expected, "{length} of {name} keep their weights");
}

#[test]
fn rows_of_all_kinds_come_out_in_order() {
    for length in [0, 1, 7, FEW as u64 - 1, FEW as u64, 5_000, 70_000] {
        let random = |n: u64| hash_of(&n);
        let small = |n: u64| random(n) % length.max(1);
        assert_sorts("u64", length, random);
        assert_sorts("small u64", length, small);
        assert_sorts("i64", length, |n| small(n) as i64 - 2_000);
        assert_sorts("i8", length, |n| random(n) as i8);
        assert_sorts("i16, i32", length, |n| (random(n) as i16, random(n + 9) as i32));
        assert_sorts("u16, u32", length, |n| (random(n) as u16, random(n + 9) as u32, random(n) as u8));
        assert_sorts("isize, usize", length, |n| (random(n) as isize, n as usize));
        assert_sorts("i128", length, |n| i128::from(random(n)).wrapping_mul(-7 << 60));
        assert_sorts("u128", length, |n| u128::from(small(n)) << 64 | u128::from(random(n)));
        assert_sorts("pairs of a few keys", length, |n| (random(n) % 100, random(n + 1)));
        assert_sorts("a text behind a number", length, |n| (small(n), format!("{}", random(n) % 50)));
        assert_sorts("texts", length, |n| format!("{:x}", small(n)));
        assert_sorts("short texts", length, |n| ("ab".repeat(n as usize % 4), random(n) as u8));
        assert_sorts("bytes", length, |n| random(n).to_be_bytes().to_vec());
        assert_sorts("arrays", length, |n| [random(n), n]);
        assert_sorts("options", length, |n| Some(random(n)).filter(|n| n % 3 != 0));
        assert_sorts("backwards", length, |n| Reverse(random(n)));
        assert_sorts("all alike", length, |_| 7_u64);
        assert_sorts("rising", length, |n| n);
        assert_sorts("falling", length, |n| u64::MAX - n);
        assert_sorts("nothing", length, |_| ());
    }
}

#[test]
fn rows_far_from_all_others_do_no_harm() {
    for length in [2_000, 50_000] {
        let far = |n: u64| [0, u64::MAX, hash_of(&n)][n as usize % 3];
        assert_sorts("far", length, |n| if n % 700 == 3 { far(n) } else { (1 << 40) + hash_of(&n) % 4_096 });
        assert_sorts("of all sizes", length, |n| (hash_of(&n) >> (n % 64), n));
    }
}

#[test]
fn more_rows_than_fit_a_cache_are_split() {
    let length = 3 * MANY as u64;
    assert_sorts("u64", length, |n| hash_of(&n));
    assert_sorts("a few keys", length, |n| (hash_of(&n) % 50, hash_of(&n)));
    assert_sorts("of all sizes", length, |n| hash_of(&n) >> (n % 64));
    if cfg!(feature = "bulk") {
        let delta =
            Delta::from_columns((0..length).map(|n| hash_of(&n)).collect(), vec![(); length as usize]);
        assert!(parts_of(delta.expect("two columns of one length")).len() >= 4);
    }
}

/// A row that hashes to what the sample cannot tell from its order, except for one row in 900.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Misleading(u64);

impl Hash for Misleading {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(if self.0 % 900 == 17 { !self.0 } else { self.0 });
    }
}

#[test]
fn bits_that_mislead_are_found_out() {
    for length in [1_000, 20_000, 2 * MANY as u64 + 1] {
        assert_sorts("misleading", length, |n| Misleading(hash_of(&n) >> 20));
    }
}

#[test]
fn digits_are_for_rows_that_begin_differently_and_in_no_order() {
    let is_by_digits =
        |row: &dyn Fn(u64) -> (u64, u64)| Range::of(&(0..5_000).map(row).collect::<Vec<_>>()).is_some();
    assert_eq!(is_by_digits(&|n| (hash_of(&n), n)), cfg!(feature = "bulk"));
    assert_eq!(is_by_digits(&|n| (hash_of(&n) % 50, n)), cfg!(feature = "bulk"));
    assert!(!is_by_digits(&|n| (hash_of(&n) % 2, n)));
    assert!(!is_by_digits(&|n| (hash_of(&n) >> (n % 64), n)));
    assert!(!is_by_digits(&|n| (n / 2, n)));
    assert!(!is_by_digits(&|n| (9_000 - n, n)));
    assert!(Range::of(&(0..5_000_u64).map(|n| Reverse(hash_of(&n))).collect::<Vec<_>>()).is_none());
    assert!(Range::of(&(0..999_u64).map(|n| hash_of(&n)).collect::<Vec<_>>()).is_none());
}
