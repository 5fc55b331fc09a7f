//! Matching of tags one by one: the specification.

/// [`match_tags`](crate::match_tags), one tag a turn.
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::scalar::match_tags(&[5; 64], 5), u64::MAX);
/// ```
#[must_use]
pub fn match_tags<const N: usize>(tags: &[u8; N], tag: u8) -> u64 {
    match_slice(tags, tag)
}

/// The same of a slice of at most 64.
#[inline]
pub(crate) fn match_slice(tags: &[u8], tag: u8) -> u64 {
    tags.iter().rev().fold(0, |mask, found| mask << 1 | u64::from(*found == tag))
}
