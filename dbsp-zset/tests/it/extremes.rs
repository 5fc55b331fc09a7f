//! Weights at both ends of `i64`: a delta is refused exactly if a row has no sum, whatever the order of its entries.

use std::collections::BTreeMap;

use dbsp_zset::{Delta, IndexedZSet, Overflow, Row, ZSet};

type Exact<R> = BTreeMap<R, i128>;

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    /// A delta of up to `most` entries over a few rows.
    fn delta(&mut self, most: usize, rows: usize) -> Delta<(u8, u8)> {
        const ENDS: [i64; 10] =
            [i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1, 1 << 62, -(1 << 62), 1, -1, 2, 1 << 61];
        let len = self.below(most + 1);
        (0..len)
            .map(|_| ((self.below(3) as u8, self.below(rows) as u8), ENDS[self.below(ENDS.len())]))
            .collect()
    }
}

/// The sum of a collection and a delta, if all of its weights fit.
fn sum<R: Row>(held: &Exact<R>, delta: &Delta<R>) -> Option<Exact<R>> {
    let mut sum = held.clone();
    delta.iter().for_each(|(row, weight)| *sum.entry(row.clone()).or_default() += i128::from(*weight));
    sum.retain(|_, weight| *weight != 0);
    sum.values().all(|weight| i64::try_from(*weight).is_ok()).then_some(sum)
}

fn exact<R: Ord + Clone>(rows: impl IntoIterator<Item = (R, i64)>) -> Exact<R> {
    rows.into_iter().map(|(row, weight)| (row, weight.into())).collect()
}

/// Both deltas, one after the other.
fn both<R: Clone>(one: &Delta<R>, other: &Delta<R>) -> Delta<R> {
    let mut both = one.clone();
    both.extend_from(other);
    both
}

#[test]
fn a_delta_is_refused_exactly_if_a_row_has_no_sum() {
    let mut random = Random(7);
    let (mut refused, mut taken) = (0, 0);
    for (most, rows) in [(4, 2), (8, 2), (12, 3), (40, 6), (150, 40)] {
        let (mut zset, mut indexed, mut held) = (ZSet::new(), IndexedZSet::new(), Exact::new());
        for step in 0..2_000 {
            if step % 20 == 0 {
                (zset, indexed, held) = (ZSet::new(), IndexedZSet::new(), Exact::new());
            }
            let delta = random.delta(most, rows);
            let expected = sum(&held, &delta);
            let (before, before_indexed) = (zset.clone(), indexed.clone());
            let outcome = if expected.is_some() { Ok(()) } else { Err(Overflow) };
            assert_eq!(zset.try_apply(&delta), outcome, "{delta:?} on {before:?}");
            assert_eq!(indexed.try_apply(&delta), outcome, "{delta:?} on {before:?}");
            if let Some(expected) = expected {
                assert_eq!((zset.overflowed(), indexed.overflowed()), (None, None));
                let (mut back, mut back_indexed) = (zset.clone(), indexed.clone());
                assert_eq!((back.try_unapply(&delta), back_indexed.try_unapply(&delta)), (Ok(()), Ok(())));
                assert_eq!((back, back_indexed), (before, before_indexed));
                (held, taken) = (expected, taken + 1);
            } else {
                assert_eq!((&zset, &indexed), (&before, &before_indexed));
                for at in [zset.overflowed(), indexed.overflowed()] {
                    let row = delta.rows()[at.expect("the culprit is known")];
                    let alone = delta.iter().filter(|(other, _)| **other == row);
                    let alone: Delta<_> = alone.map(|(row, weight)| (*row, *weight)).collect();
                    assert_eq!(sum(&held, &alone), None);
                }
                refused += 1;
            }
            assert_eq!(exact(zset.clone()), held);
            assert_eq!(exact(indexed.to_zset()), held);
        }
    }
    assert!(refused > 1_000 && taken > 1_000, "{refused} refused and {taken} taken");
}

#[test]
fn a_batch_is_refused_exactly_if_a_row_has_no_sum() {
    let mut random = Random(11);
    for (most, rows, rounds) in [(8, 2, 3_000), (40, 4, 1_000), (150, 40, 500), (3_000, 250, 60)] {
        for _ in 0..rounds {
            let delta = random.delta(most, rows);
            let expected = sum(&Exact::new(), &delta);
            let batch = delta.clone().consolidate();
            assert_eq!(batch.map(exact).ok(), expected, "{delta:?}");
            let zset = ZSet::try_from_rows(delta.clone());
            assert_eq!(zset.map(exact).ok(), expected, "{delta:?}");
            let indexed = IndexedZSet::try_from_rows(delta.clone());
            assert_eq!(indexed.map(|indexed| exact(indexed.to_zset())).ok(), expected, "{delta:?}");
        }
    }
}

#[test]
fn rows_that_repeat_often_are_refused_exactly_if_they_have_no_sum() {
    for len in [8_192_u32, 8_193, 20_000] {
        // Each row goes to one end twice, and to the other.
        let row = |n: u32| n / 16 % 100;
        let weight = |n: u32| if n % 3200 < 1_600 { i64::MAX } else { -i64::MAX };
        let delta: Delta<u32> = (0..len).map(|n| (row(n), weight(n))).collect();
        assert_eq!(delta.clone().consolidate().map(exact).ok(), sum(&Exact::new(), &delta));
    }
}

#[test]
fn a_difference_is_negated_exactly() {
    let mut random = Random(13);
    for _ in 0..2_000 {
        let (left, right) = (random.delta(6, 2), random.delta(6, 2));
        let mut negated = Delta::new();
        negated.try_extend_negated(&right).expect("every integer has an inverse in parts");
        assert_eq!(
            both(&both(&left, &right), &negated).consolidate().ok().map(exact),
            sum(&Exact::new(), &left)
        );
    }
}

#[test]
fn plus_and_minus_one_beside_other_rows_of_the_key_pass_at_the_end_of_the_range() {
    let mut indexed = IndexedZSet::new();
    indexed.try_apply(&Delta::from_iter([((1, 0), i64::MIN)])).expect("it fits");
    let mut delta: Delta<(u8, u8)> = (1..7).map(|value| ((1, value), 1)).collect();
    delta.push((1, 0), -1);
    delta.push((1, 0), 1);
    assert_eq!(indexed.try_apply(&delta), Ok(()));
    assert_eq!((indexed.weight(&1, &0), indexed.len()), (i64::MIN, 7));
}
