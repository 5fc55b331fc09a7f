//! Totals by vectors: blocks whose weights lie within 53 bits are added in `i64` lanes.
//!
//! # Invariants
//!
//! 1024 weights in `[-2^52, 2^52)` have a total of at most `2^62`, so a block that is seen to lie there is
//! added exactly by wrapping additions, in any order.

use wide::i64x4;

use super::{each_segment, scalar};
use crate::Overflow;
use crate::lanes::{fold, halves};

/// How many weights one turn of `i64` lanes may add up.
const BLOCK: usize = 1024;

/// The length from which vectors are used; a shorter column is a short segment, as most are.
const LONG: usize = 32;

/// [`sum`](crate::sum()), eight weights a turn.
///
/// # Errors
///
/// As [`sum`](crate::sum()).
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::simd::sum(&[3; 1000]), Ok(3000));
/// ```
#[inline]
pub fn sum(weights: &[i64]) -> Result<i64, Overflow> {
    if weights.len() < LONG {
        let total = weights.iter().try_fold(0_i64, |total, &weight| total.checked_add(weight));
        // A partial sum that overflows does not mean that the total does.
        return total.map_or_else(|| scalar::sum(weights), Ok);
    }
    sum_of_blocks(weights)
}

/// [`segmented_sum`](crate::segmented_sum) by the sum of this module.
///
/// # Errors
///
/// As [`segmented_sum`](crate::segmented_sum).
///
/// # Panics
///
/// As [`segmented_sum`](crate::segmented_sum).
///
/// # Example
///
/// ```
/// let mut totals = [0; 2];
/// dbsp_kernels::simd::segmented_sum(&[2; 100], &[60, 100], &mut totals)?;
/// assert_eq!(totals, [120, 80]);
/// # Ok::<(), dbsp_kernels::Overflow>(())
/// ```
pub fn segmented_sum(weights: &[i64], ends: &[usize], totals: &mut [i64]) -> Result<(), Overflow> {
    each_segment(weights, ends, totals, sum)
}

fn sum_of_blocks(weights: &[i64]) -> Result<i64, Overflow> {
    let total: i128 = weights.chunks(BLOCK).map(sum_of_block).sum();
    i64::try_from(total).map_err(|_| Overflow { index: 0 })
}

/// The total of at most [`BLOCK`] weights.
///
/// Raised by `2^52` a weight of the range has none of its upper 11 bits set, and any other has: a sum that
/// wraps is at most `-2^63 + 2^52 - 1`, whose top bit is set.
fn sum_of_block(block: &[i64]) -> i128 {
    const RAISE: i64 = 1 << 52;
    let (chunks, rest) = block.as_chunks();
    let (mut totals, mut seen) = ([i64x4::ZERO; 2], [i64x4::ZERO; 2]);
    for chunk in chunks {
        let [low, high] = halves(chunk);
        totals[0] += low;
        totals[1] += high;
        seen[0] |= low + i64x4::splat(RAISE);
        seen[1] |= high + i64x4::splat(RAISE);
    }
    let mut total = fold(totals, i64::wrapping_add);
    let mut seen = fold(seen, |a, b| a | b);
    for &weight in rest {
        total = total.wrapping_add(weight);
        seen |= weight.wrapping_add(RAISE);
    }
    if seen.cast_unsigned() >> 53 == 0 {
        i128::from(total)
    } else {
        block.iter().map(|&weight| i128::from(weight)).sum()
    }
}
