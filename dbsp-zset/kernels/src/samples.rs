//! Columns of weights for tests: every length from 0 to 300, and the values at which things break.

use proptest::prelude::*;

/// The values at which a carry, a sign or a fast path changes.
const EDGES: [i64; 15] = [
    i64::MIN,
    i64::MIN + 1,
    i64::MIN / 2,
    -(1 << 52) - 1,
    -(1 << 52),
    -(1 << 31) - 1,
    -(1 << 31),
    -1,
    0,
    1,
    (1 << 31) - 1,
    1 << 31,
    1 << 52,
    i64::MAX / 2 + 1,
    i64::MAX,
];

/// One weight: mostly small, often an edge, sometimes anything.
pub(crate) fn weight() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -3_i64..=3, 2 => prop::sample::select(&EDGES[..]), 1 => any::<i64>()]
}

/// A column of 0 to 300 weights: all small, all within 32 bits, or a mixture with the edges.
pub(crate) fn weights() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![
        prop::collection::vec(-3_i64..=3, 0..=300),
        prop::collection::vec(any::<i32>().prop_map(i64::from), 0..=300),
        prop::collection::vec(weight(), 0..=300),
    ]
}

/// Two columns of one length, in the same three kinds.
pub(crate) fn pairs() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let narrow = || any::<i32>().prop_map(i64::from);
    prop_oneof![
        prop::collection::vec((-3_i64..=3, -3_i64..=3), 0..=300),
        prop::collection::vec((narrow(), narrow()), 0..=300),
        prop::collection::vec((weight(), weight()), 0..=300),
    ]
}

/// Calls `check` with two columns of each length from 0 to 300: small weights, then the same with each edge
/// in turn at the first, a middle and the last position of the left column, and a partner beside it.
pub(crate) fn pairs_of_every_length(mut check: impl FnMut(&[i64], &[i64])) {
    for length in 0..=300 {
        let mut left: Vec<i64> = (0..length).map(|i| i * 7 % 11 - 5).collect();
        let mut right: Vec<i64> = (0..length).map(|i| i * 5 % 7 - 3).collect();
        check(&left, &right);
        for at in [0, left.len() / 2, left.len().saturating_sub(1)] {
            if left.is_empty() {
                continue;
            }
            let before = (left[at], right[at]);
            let partners = [-1, 1, 1 << 40, i64::MAX].into_iter().cycle().skip(left.len() % 4);
            for (edge, partner) in EDGES.into_iter().zip(partners) {
                (left[at], right[at]) = (edge, partner);
                check(&left, &right);
            }
            (left[at], right[at]) = before;
        }
    }
}
