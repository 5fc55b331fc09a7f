//! Totals of weights: of a whole column, and of each segment of one, as of the rows of each key.
//!
//! A total is exact: only the true total must be an `i64`, whatever partial sums are on the way.
//!
//! # Shape
//!
//! `scalar` adds up in `i128`; `simd` adds blocks in `i64` lanes, having made sure that a block cannot
//! overflow, and the blocks in `i128`.
//!
//! # Cost
//!
//! One pass; nothing is allocated.
//!
//! # Rejected
//!
//! The vector path in plain Rust for the compiler to vectorise: 0.14 ns a weight against 0.10 by `wide`,
//! which is kept. Halves of 32 bits, which need no check: 0.17. For short segments, collecting the signs of
//! overflows: 0.61 against 0.30 for a check per addition.

use crate::Overflow;

pub(crate) mod scalar;
#[cfg(feature = "simd")]
pub(crate) mod simd;

#[cfg(not(feature = "simd"))]
use scalar as chosen;
#[cfg(feature = "simd")]
use simd as chosen;

/// The exact total of the weights.
///
/// # Errors
///
/// [`Overflow`] (with index 0) if the total is not an `i64`; partial sums may well not be.
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::sum(&[i64::MAX, 3, -2, i64::MIN]), Ok(0));
/// assert!(dbsp_kernels::sum(&[i64::MAX, 1]).is_err());
/// ```
#[inline]
pub fn sum(weights: &[i64]) -> Result<i64, Overflow> {
    chosen::sum(weights)
}

/// The exact total of each segment of a column.
///
/// Segment `s` reaches from `ends[s - 1]` (0 for the first) to `ends[s]`, exclusive, and its total goes to
/// `totals[s]`; that of an empty segment is 0. Weights behind the last end belong to no segment.
///
/// # Errors
///
/// [`Overflow`] with the first segment whose total is not an `i64`; `totals` then holds the totals of the
/// segments before it, and the rest of `totals` is as it was.
///
/// # Panics
///
/// If `totals` and `ends` differ in length, or `ends` decreases or passes the end of `weights`.
///
/// # Example
///
/// ```
/// let mut totals = [0; 3];
/// dbsp_kernels::segmented_sum(&[1, 2, 3, 4], &[2, 2, 4], &mut totals)?;
/// assert_eq!(totals, [3, 0, 7]);
/// # Ok::<(), dbsp_kernels::Overflow>(())
/// ```
#[inline]
pub fn segmented_sum(weights: &[i64], ends: &[usize], totals: &mut [i64]) -> Result<(), Overflow> {
    chosen::segmented_sum(weights, ends, totals)
}

/// A segmented sum by a given sum.
#[inline(always)]
fn each_segment(
    weights: &[i64],
    ends: &[usize],
    totals: &mut [i64],
    sum: impl Fn(&[i64]) -> Result<i64, Overflow>,
) -> Result<(), Overflow> {
    assert_eq!(totals.len(), ends.len(), "each segment has one total");
    let mut start = 0;
    for (index, (total, &end)) in totals.iter_mut().zip(ends).enumerate() {
        *total = sum(&weights[start..end]).map_err(|_| Overflow { index })?;
        start = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{pairs_of_every_length, weight, weights};

    type Sum = fn(&[i64]) -> Result<i64, Overflow>;
    type SegmentedSum = fn(&[i64], &[usize], &mut [i64]) -> Result<(), Overflow>;

    const SUM: &[Sum] = &[
        sum,
        scalar::sum,
        #[cfg(feature = "simd")]
        simd::sum,
    ];
    const SEGMENTED_SUM: &[SegmentedSum] = &[
        segmented_sum,
        scalar::segmented_sum,
        #[cfg(feature = "simd")]
        simd::segmented_sum,
    ];

    fn total(weights: &[i64]) -> i128 {
        weights.iter().fold(0, |total, &weight| total + i128::from(weight))
    }

    fn check_sum(weights: &[i64]) {
        let expected = i64::try_from(total(weights)).map_err(|_| Overflow { index: 0 });
        for sum in SUM {
            assert_eq!(sum(weights), expected);
        }
    }

    fn check_segmented_sum(segments: &[Vec<i64>]) {
        const UNTOUCHED: i64 = 77;
        let weights = segments.concat();
        let mut end = 0;
        let ends: Vec<usize> = segments
            .iter()
            .map(|segment| {
                end += segment.len();
                end
            })
            .collect();
        let exact: Vec<Option<i64>> = segments.iter().map(|s| i64::try_from(total(s)).ok()).collect();
        let fitting = exact.iter().position(Option::is_none).unwrap_or(exact.len());
        for segmented_sum in SEGMENTED_SUM {
            let mut totals = vec![UNTOUCHED; ends.len()];
            let outcome = segmented_sum(&weights, &ends, &mut totals);
            let index = fitting;
            assert_eq!(outcome, if index < exact.len() { Err(Overflow { index }) } else { Ok(()) });
            for (segment, total) in totals.into_iter().enumerate() {
                let expected = if segment < fitting { exact[segment] } else { Some(UNTOUCHED) };
                assert_eq!(Some(total), expected);
            }
        }
    }

    #[test]
    fn every_length_sums_exactly() {
        pairs_of_every_length(|left, _| check_sum(left));
    }

    #[test]
    fn extremes_that_cancel_sum_exactly_over_several_blocks() {
        for length in [1, 31, 32, 33, 1023, 1024, 1025, 3000] {
            let alternating: Vec<i64> =
                (0..length).map(|i| if i % 2 == 0 { i64::MAX } else { i64::MIN }).collect();
            check_sum(&alternating);
            check_sum(&vec![i64::MIN; length]);
            check_sum(&vec![(1 << 52) - 1; length]);
            check_sum(&vec![-(1 << 52); length]);
            check_sum(&vec![3 * (1 << 52) - 1; length]);
        }
    }

    #[test]
    fn a_block_total_beyond_64_bits_is_seen_in_every_lane() {
        for at in 0..40 {
            let mut weights = vec![1; 45];
            weights[at] = i64::MAX;
            check_sum(&weights);
            weights.resize(1024, 1);
            weights.push(-2000);
            check_sum(&weights);
        }
    }

    proptest! {
        #[test]
        fn sum_is_exact(weights in weights()) {
            check_sum(&weights);
        }

        #[test]
        fn sum_is_exact_over_several_blocks(
            small in prop::collection::vec(-(1_i64 << 52)..1 << 52, 0..=3000),
            edges in prop::collection::vec((any::<prop::sample::Index>(), weight()), 0..=3),
        ) {
            let mut weights = small;
            for (at, edge) in edges.into_iter().filter(|_| !weights.is_empty()).collect::<Vec<_>>() {
                let at = at.index(weights.len());
                weights[at] = edge;
            }
            check_sum(&weights);
        }

        #[test]
        fn segmented_sum_is_the_sum_of_each_segment(
            segments in prop::collection::vec(
                prop_oneof![
                    4 => prop::collection::vec(weight(), 0..=4),
                    1 => prop::collection::vec(-9_i64..9, 0..=120),
                    1 => weights(),
                ],
                0..=12,
            ),
        ) {
            check_segmented_sum(&segments);
        }
    }
}
