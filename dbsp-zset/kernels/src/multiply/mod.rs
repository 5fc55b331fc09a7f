//! Products of weights: a column by a constant, as a scaled Z-set, and two columns, as in a join.
//!
//! # Shape
//!
//! `scalar` checks every product, then writes them all; `simd` does the same unless the column is long
//! and every factor lies within 32 bits, where no product can overflow.
//!
//! # Cost
//!
//! Two passes: one to check, one to write.
//!
//! # Rejected
//!
//! One checked pass that divides back after an overflow (0.41 ns a weight against 0.49 for scaling; a
//! product with zero cannot be undone, so it does not carry over to columns). The vector path in plain Rust
//! for the compiler to vectorise: 0.29 against 0.23 for scaling, 0.57 against 0.41 for columns, so `wide`
//! is kept; built for AVX2 or AVX-512 the two are equal.

use crate::Overflow;

pub(crate) mod scalar;
#[cfg(feature = "simd")]
pub(crate) mod simd;

#[cfg(not(feature = "simd"))]
use scalar as chosen;
#[cfg(feature = "simd")]
use simd as chosen;

/// Multiplies each weight by `factor`, in place.
///
/// # Errors
///
/// [`Overflow`] with the first position whose product is not an `i64`; `weights` is then as it was.
///
/// # Example
///
/// ```
/// let mut weights = [1, -2, 0];
/// dbsp_kernels::scale(&mut weights, 3)?;
/// assert_eq!(weights, [3, -6, 0]);
/// # Ok::<(), dbsp_kernels::Overflow>(())
/// ```
#[inline]
pub fn scale(weights: &mut [i64], factor: i64) -> Result<(), Overflow> {
    match factor {
        1 => Ok(()),
        -1 => crate::negate(weights),
        _ => chosen::scale(weights, factor),
    }
}

/// Multiplies `weights` by `factors`, element by element, in place.
///
/// # Errors
///
/// [`Overflow`] with the first position whose product is not an `i64`; `weights` is then as it was.
///
/// # Panics
///
/// If the slices differ in length.
///
/// # Example
///
/// ```
/// let mut weights = [1, -2, 3];
/// dbsp_kernels::multiply(&mut weights, &[5, 2, -1])?;
/// assert_eq!(weights, [5, -4, -3]);
/// # Ok::<(), dbsp_kernels::Overflow>(())
/// ```
#[inline]
pub fn multiply(weights: &mut [i64], factors: &[i64]) -> Result<(), Overflow> {
    chosen::multiply(weights, factors)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{pairs, pairs_of_every_length, weight, weights};

    type Multiply = fn(&mut [i64], &[i64]) -> Result<(), Overflow>;
    type Scale = fn(&mut [i64], i64) -> Result<(), Overflow>;

    const MULTIPLY: &[Multiply] = &[
        multiply,
        scalar::multiply,
        #[cfg(feature = "simd")]
        simd::multiply,
    ];
    const SCALE: &[Scale] = &[
        scale,
        scalar::scale,
        #[cfg(feature = "simd")]
        simd::scale,
    ];

    /// The column of products, or where the first one that does not fit is.
    fn products(left: &[i64], right: impl Iterator<Item = i64>) -> Result<Vec<i64>, Overflow> {
        let wide = left.iter().zip(right).map(|(&l, r)| i128::from(l) * i128::from(r));
        wide.enumerate()
            .map(|(index, product)| i64::try_from(product).map_err(|_| Overflow { index }))
            .collect()
    }

    fn check(
        before: &[i64],
        expected: &Result<Vec<i64>, Overflow>,
        run: impl Fn(&mut [i64]) -> Result<(), Overflow>,
    ) {
        let mut after = before.to_vec();
        match (run(&mut after), expected) {
            (Ok(()), Ok(products)) => assert_eq!(&after, products),
            (Err(overflow), Err(expected)) => {
                assert_eq!(overflow, *expected);
                assert_eq!(after, before, "a failed product changes nothing");
            }
            (got, expected) => panic!("got {got:?}, expected {expected:?}"),
        }
    }

    fn check_multiply(left: &[i64], right: &[i64]) {
        let expected = products(left, right.iter().copied());
        for multiply in MULTIPLY {
            check(left, &expected, |weights| multiply(weights, right));
        }
    }

    fn check_scale(weights: &[i64], factor: i64) {
        let expected = products(weights, std::iter::repeat(factor));
        for scale in SCALE {
            check(weights, &expected, |weights| scale(weights, factor));
        }
    }

    #[test]
    fn every_length_multiplies_as_wide_integers_do() {
        pairs_of_every_length(check_multiply);
    }

    #[test]
    fn every_length_scales_as_wide_integers_do() {
        pairs_of_every_length(|left, right| check_scale(left, right.first().copied().unwrap_or(2)));
    }

    proptest! {
        #[test]
        fn multiply_is_exact(pairs in pairs()) {
            let (left, right): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            check_multiply(&left, &right);
        }

        #[test]
        fn scale_is_exact(weights in weights(), factor in weight()) {
            check_scale(&weights, factor);
        }
    }
}
