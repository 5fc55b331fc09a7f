//! The specification of products: check all, then write all.

use crate::Overflow;

/// [`multiply`](crate::multiply()), one element at a time.
///
/// # Errors
///
/// As [`multiply`](crate::multiply()).
///
/// # Panics
///
/// If the slices differ in length.
///
/// # Example
///
/// ```
/// let mut weights = [2, i64::MAX];
/// let overflow = dbsp_kernels::scalar::multiply(&mut weights, &[3, 2]).unwrap_err();
/// assert_eq!((overflow.index, weights), (1, [2, i64::MAX]));
/// ```
pub fn multiply(weights: &mut [i64], factors: &[i64]) -> Result<(), Overflow> {
    assert_eq!(weights.len(), factors.len(), "two columns of weights differ in length");
    let overflows = |(weight, factor): (&i64, &i64)| weight.checked_mul(*factor).is_none();
    if let Some(index) = weights.iter().zip(factors).position(overflows) {
        return Err(Overflow { index });
    }
    for (weight, factor) in weights.iter_mut().zip(factors) {
        *weight *= factor;
    }
    Ok(())
}

/// [`scale`](crate::scale), one element at a time.
///
/// # Errors
///
/// As [`scale`](crate::scale).
///
/// # Example
///
/// ```
/// let mut weights = [2, -4];
/// dbsp_kernels::scalar::scale(&mut weights, -3)?;
/// assert_eq!(weights, [-6, 12]);
/// # Ok::<(), dbsp_kernels::Overflow>(())
/// ```
pub fn scale(weights: &mut [i64], factor: i64) -> Result<(), Overflow> {
    if let Some(index) = weights.iter().position(|weight| weight.checked_mul(factor).is_none()) {
        return Err(Overflow { index });
    }
    for weight in weights {
        *weight *= factor;
    }
    Ok(())
}
