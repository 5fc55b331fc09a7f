//! The vector twins, over `wide`'s lanes; public so that a measurement can call them by name.
//!
//! Same signatures and same results, errors included, as their twins in [`scalar`](crate::scalar).

pub use crate::hashes::simd::match_hashes;
pub use crate::multiply::simd::{multiply, scale};
pub use crate::sum::simd::{segmented_sum, sum};
pub use crate::tags::simd::match_tags;
