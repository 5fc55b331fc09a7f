//! Matching of hashes one by one: the specification.

/// [`match_hashes`](crate::match_hashes), one hash a turn.
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::scalar::match_hashes(&[5; 8], 5), u8::MAX);
/// ```
#[inline]
#[must_use]
pub fn match_hashes(hashes: &[u32; 8], hash: u32) -> u8 {
    hashes.iter().rev().fold(0, |mask, found| mask << 1 | u8::from(*found == hash))
}
