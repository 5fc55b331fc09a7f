//! Matching of tags one by one: the specification.

/// [`match_tags`](crate::match_tags), one tag a turn.
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::scalar::match_tags(&[5; 64], 5), u64::MAX);
/// ```
#[must_use]
pub fn match_tags(tags: &[u8; 64], tag: u8) -> u64 {
    tags.iter().rev().fold(0, |mask, found| mask << 1 | u64::from(*found == tag))
}
