//! Matching of tags by vectors of sixteen.

use wide::u8x16;

/// [`match_tags`](crate::match_tags), sixteen tags a turn.
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::simd::match_tags(&[5; 64], 5), u64::MAX);
/// ```
#[inline]
#[must_use]
pub fn match_tags(tags: &[u8; 64], tag: u8) -> u64 {
    let wanted = u8x16::splat(tag);
    let (vectors, _) = tags.as_chunks::<16>();
    let mask = |i: usize| u64::from(u8x16::new(vectors[i]).simd_eq(wanted).to_bitmask());
    mask(0) | mask(1) << 16 | mask(2) << 32 | mask(3) << 48
}
