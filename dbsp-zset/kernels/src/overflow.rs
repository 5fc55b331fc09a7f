//! The one error of this crate: a result that is not an `i64`.

use std::error::Error;
use std::fmt;

/// A weight left the range of `i64`.
///
/// # Example
///
/// ```
/// use dbsp_kernels::{Overflow, add};
///
/// let mut weights = [1, i64::MAX];
/// let overflow = add(&mut weights, &[1, 1]).unwrap_err();
/// assert_eq!(overflow, Overflow { index: 1 });
/// assert_eq!(overflow.to_string(), "a weight left the range of i64");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow {
    /// Which result does not fit, the first of them if several: a position in the slice for the
    /// element-wise kernels, a segment for a segmented sum, and 0 for a sum, which has one result.
    pub index: usize,
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a weight left the range of i64")
    }
}

impl Error for Overflow {}
