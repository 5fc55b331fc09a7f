//! The join against plain maps: right, and no pair twice.

use super::*;
use std::collections::BTreeMap;

type Row2 = (u8, i64);

/// A join with its two traces and, beside them, what they hold as plain maps.
#[derive(Default)]
struct Sides {
    join: Join,
    traces: [IndexedZSet<u8, i64>; 2],
    bags: [BTreeMap<Row2, i64>; 2],
    integral: BTreeMap<(u8, i64, i64), i64>,
}

impl Sides {
    /// A step; gives the delta that came out.
    fn step(&mut self, left: &[(Row2, i64)], right: &[(Row2, i64)]) -> Delta<(u8, i64, i64)> {
        let deltas = [left, right].map(|entries| entries.iter().copied().collect::<Delta<Row2>>());
        let mut out = Delta::new();
        let [left, right] = &self.traces;
        let images = |key: &u8, left: &i64, right: &i64| Some((*key, *left, *right));
        self.join.step(&deltas[0], left, &deltas[1], right, images, &mut out).expect("small weights");
        for (side, delta) in deltas.iter().enumerate() {
            self.traces[side].try_apply(delta).expect("small weights");
            for (row, weight) in delta {
                *self.bags[side].entry(*row).or_default() += weight;
            }
        }
        for (row, weight) in &out {
            *self.integral.entry(*row).or_default() += weight;
        }
        self.integral.retain(|_, weight| *weight != 0);
        assert_eq!(self.integral, self.joined());
        out
    }

    fn joined(&self) -> BTreeMap<(u8, i64, i64), i64> {
        let [left, right] = &self.bags;
        let pairs = left.iter().flat_map(|one| right.iter().map(move |other| (one, other)));
        let of_key = pairs.filter(|((one, _), (other, _))| one.0 == other.0);
        let pairs = of_key
            .map(|((one, weight), (other, other_weight))| ((one.0, one.1, other.1), weight * other_weight));
        pairs.filter(|(_, weight)| *weight != 0).collect()
    }
}

/// How many rows a delta is after consolidation.
fn consolidated(delta: &Delta<(u8, i64, i64)>) -> usize {
    delta.clone().consolidate().expect("small weights").len()
}

#[test]
fn a_replaced_row_on_both_sides_is_two_rows() {
    let mut sides = Sides::default();
    sides.step(&[((1, 10), 1)], &[((1, 20), 1)]);
    let out = sides.step(&[((1, 10), -1), ((1, 11), 1)], &[((1, 20), -1), ((1, 21), 1)]);
    assert_eq!(out.len(), 2);
}

#[test]
fn rows_that_go_on_one_side_do_not_meet_rows_that_come_on_the_other() {
    let mut sides = Sides::default();
    let rows = |weight: i64| (0..200).map(move |value| ((1, value), weight)).collect::<Vec<_>>();
    sides.step(&rows(1), &[]);
    assert_eq!(sides.step(&rows(-1), &rows(1)).len(), 0);
}

#[test]
fn rows_that_cancel_within_a_delta_make_no_pairs() {
    let mut sides = Sides::default();
    sides.step(&[((1, 1), 1), ((2, 1), 1)], &[((1, 5), 1), ((2, 5), 1)]);
    let swing = [((1, 2), 1), ((1, 2), -1), ((1, 1), 3), ((1, 1), -3)];
    assert_eq!(sides.step(&swing, &[((1, 6), 1)]).len(), 1);
    assert_eq!(sides.step(&swing, &swing).len(), 0);
}

/// Random steps over few keys: right, and no pair twice.
#[test]
fn pairs_of_keys_that_change_on_both_sides_come_once() {
    let mut state = 11_u64;
    let mut random = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    for (keys, values, most) in [(3, 4, 12), (2, 60, 80), (1, 3, 3)] {
        let mut sides = Sides::default();
        for _ in 0..150 {
            let mut delta = || {
                let mut rows: BTreeMap<Row2, i64> = BTreeMap::new();
                for _ in 0..random(most) {
                    let row = (random(keys) as u8, random(values) as i64);
                    rows.insert(row, random(5) as i64 - 2);
                }
                rows.into_iter().collect::<Vec<_>>()
            };
            let (left, right) = (delta(), delta());
            let out = sides.step(&left, &right);
            assert_eq!(out.len(), consolidated(&out), "{left:?} {right:?}");
        }
    }
}

#[test]
fn a_weight_that_fits_is_no_overflow_whatever_its_terms_are() {
    let (mut join, mut out) = (Join::new(), Delta::new());
    let trace = |value: i64, weight: i64| IndexedZSet::from_iter([((1, value), weight)]);
    let delta = |entries: &[(i64, i64)]| -> Delta<(u8, i64)> {
        entries.iter().map(|(value, weight)| ((1, *value), *weight)).collect()
    };
    // (2^40 + (3 − 2^40)) · (2^40 − 2^40 + 5) − 2^80
    let large = 1 << 40;
    let (left, right) = (delta(&[(1, 3 - large)]), delta(&[(7, 5 - large)]));
    let to_one = |_: &u8, _: &i64, _: &i64| Some(());
    let outcome = join.step(&left, &trace(1, large), &right, &trace(7, large), to_one, &mut out);
    assert_eq!(outcome, Err(Overflow), "15 − 2^80 has no value");
    out.clear();
    // Two pairs make one row: 2^80 − 2^80 + 2 · 5.
    let left = delta(&[(1, large), (2, -large), (3, 2)]);
    let right_trace = IndexedZSet::from_iter([((1_u8, 7), large), ((1, 8), 0)]);
    let outcome = join.step(&left, &IndexedZSet::new(), &Delta::new(), &right_trace, to_one, &mut out);
    assert_eq!((outcome, out.rows(), out.weights()), (Ok(()), &[()][..], &[2 * large][..]));
}
