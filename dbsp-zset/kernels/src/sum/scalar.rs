//! The specification of totals: add up in 128 bits, then see whether the total fits.

use super::each_segment;
use crate::Overflow;

/// [`sum`](crate::sum()), one weight at a time.
///
/// # Errors
///
/// As [`sum`](crate::sum()).
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::scalar::sum(&[i64::MAX, 1, -1]), Ok(i64::MAX));
/// ```
pub fn sum(weights: &[i64]) -> Result<i64, Overflow> {
    let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    i64::try_from(total).map_err(|_| Overflow { index: 0 })
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
/// dbsp_kernels::scalar::segmented_sum(&[1, 2, 3], &[1, 3], &mut totals)?;
/// assert_eq!(totals, [1, 5]);
/// # Ok::<(), dbsp_kernels::Overflow>(())
/// ```
pub fn segmented_sum(weights: &[i64], ends: &[usize], totals: &mut [i64]) -> Result<(), Overflow> {
    each_segment(weights, ends, totals, sum)
}
