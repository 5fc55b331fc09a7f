//! Matching of tags by vectors of sixteen.

use wide::u8x16;

use crate::tags::scalar;

/// [`match_tags`](crate::match_tags), sixteen tags a turn.
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::simd::match_tags(&[5; 64], 5), u64::MAX);
/// ```
#[inline]
#[must_use]
pub fn match_tags<const N: usize>(tags: &[u8; N], tag: u8) -> u64 {
    let wanted = u8x16::splat(tag);
    let (vectors, rest) = tags.as_chunks::<16>();
    let mut mask = 0;
    for (i, vector) in vectors.iter().enumerate() {
        mask |= u64::from(u8x16::new(*vector).simd_eq(wanted).to_bitmask()) << (16 * i);
    }
    if rest.is_empty() { mask } else { mask | scalar::match_slice(rest, tag) << (16 * vectors.len()) }
}
