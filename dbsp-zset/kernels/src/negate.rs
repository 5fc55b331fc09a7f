//! Negation of a column of weights in place.
//!
//! # Cost
//!
//! One pass without a branch: only `i64::MIN` keeps its sign when negated and is negative.
//!
//! # Rejected
//!
//! A search for `i64::MIN` first: 0.39 ns a weight against 0.15. `wide`: 0.16; this loop was seen between
//! 0.15 and 0.26 in different builds, by where it came to lie, and the vectors it is made of are the same.

use crate::Overflow;

/// Negates each weight in place.
///
/// # Errors
///
/// [`Overflow`] with the first position that holds `i64::MIN`, whose negation is not an `i64`;
/// `weights` is then as it was.
///
/// # Example
///
/// ```
/// let mut weights = [1, -2, 0];
/// dbsp_kernels::negate(&mut weights)?;
/// assert_eq!(weights, [-1, 2, 0]);
/// # Ok::<(), dbsp_kernels::Overflow>(())
/// ```
pub fn negate(weights: &mut [i64]) -> Result<(), Overflow> {
    let mut signs = 0;
    for weight in weights.iter_mut() {
        let negated = weight.wrapping_neg();
        signs |= *weight & negated;
        *weight = negated;
    }
    if signs < 0 { Err(undo(weights)) } else { Ok(()) }
}

/// Negates again, which restores `i64::MIN` too, and says where the first one is.
#[cold]
fn undo(weights: &mut [i64]) -> Overflow {
    for weight in weights.iter_mut() {
        *weight = weight.wrapping_neg();
    }
    let first = weights.iter().position(|&weight| weight == i64::MIN);
    Overflow { index: first.expect("undo is called after an overflow, and only i64::MIN overflows") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{pairs_of_every_length, weights};

    fn check(before: &[i64]) {
        let mut after = before.to_vec();
        match before.iter().position(|&weight| weight == i64::MIN) {
            Some(index) => {
                assert_eq!(negate(&mut after), Err(Overflow { index }));
                assert_eq!(after, before, "a failed negation changes nothing");
            }
            None => {
                assert_eq!(negate(&mut after), Ok(()));
                assert_eq!(after, before.iter().map(|weight| -weight).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn every_length_negates_as_checked_negation_does() {
        pairs_of_every_length(|left, _| check(left));
    }

    proptest! {
        #[test]
        fn negate_is_checked_negation(weights in weights()) {
            check(&weights);
        }
    }
}
