//! The specification: the plain twin of each kernel that also has a vector twin.
//!
//! These are always compiled, and they are what runs without the feature `simd`. Same signatures and
//! same results, errors included, as the functions of the same name at the root of the crate.

pub use crate::hashes::scalar::match_hashes;
pub use crate::multiply::scalar::{multiply, scale};
pub use crate::sum::scalar::{segmented_sum, sum};
pub use crate::tags::scalar::match_tags;
