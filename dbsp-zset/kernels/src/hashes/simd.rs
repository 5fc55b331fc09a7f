//! Matching of hashes by vectors of eight.

use wide::u32x8;

/// [`match_hashes`](crate::match_hashes), all at once.
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::simd::match_hashes(&[5; 8], 5), u8::MAX);
/// ```
#[inline]
#[must_use]
pub fn match_hashes(hashes: &[u32; 8], hash: u32) -> u8 {
    u32x8::new(*hashes).simd_eq(u32x8::splat(hash)).to_bitmask() as u8
}
