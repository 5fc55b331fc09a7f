//! Where a byte stands among up to 64: the first step of a lookup in a bucket of as many rows.
//!
//! # Shape
//!
//! One byte a row, taken from its hash; the answer is a mask with one bit a row.
//!
//! # Cost
//!
//! A comparison for each sixteen bytes; no branch, so that a lookup mispredicts nothing here. What is left over
//! behind the last sixteen is compared byte by byte.
//!
//! # Measured
//!
//! Of 64 bytes the vectors take 2.0 ns where the loop takes 28 (Intel Xeon VM, baseline build): the compiler
//! does not find the mask in the loop.

pub(crate) mod scalar;
#[cfg(feature = "simd")]
pub(crate) mod simd;

#[cfg(not(feature = "simd"))]
use scalar as chosen;
#[cfg(feature = "simd")]
use simd as chosen;

/// A mask with bit `i` set where `tags[i]` is `tag`. More than 64 tags do not compile.
///
/// # Example
///
/// ```
/// let mut tags = [0; 64];
/// (tags[3], tags[63]) = (7, 7);
/// assert_eq!(dbsp_kernels::match_tags(&tags, 7), 1 << 3 | 1 << 63);
/// ```
#[inline]
#[must_use]
pub fn match_tags<const N: usize>(tags: &[u8; N], tag: u8) -> u64 {
    const { assert!(N <= 64, "a mask has 64 bits") };
    chosen::match_tags(tags, tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn check<const N: usize>(tags: &[u8; N], tag: u8) {
        let masks = [
            super::match_tags(tags, tag),
            super::scalar::match_tags(tags, tag),
            #[cfg(feature = "simd")]
            super::simd::match_tags(tags, tag),
        ];
        for mask in masks {
            for (i, found) in tags.iter().enumerate() {
                assert_eq!(mask >> i & 1 == 1, *found == tag, "at {i} of {N}");
            }
            assert_eq!(mask.unbounded_shr(N as u32), 0, "no bit behind the last of {N}");
        }
    }

    fn each_place_is_seen_alone<const N: usize>() {
        for i in 0..N {
            let mut tags = [0x7f; N];
            tags[i] = 0x80;
            check(&tags, 0x80);
            check(&tags, 0x7f);
            check(&tags, 0);
        }
    }

    #[test]
    fn every_place_is_seen_alone() {
        each_place_is_seen_alone::<64>();
        each_place_is_seen_alone::<48>();
        each_place_is_seen_alone::<17>();
        each_place_is_seen_alone::<3>();
        each_place_is_seen_alone::<0>();
    }

    proptest! {
        #[test]
        fn the_mask_has_a_bit_for_each_equal_tag(
            tags in prop::array::uniform32(0_u8..4),
            others in prop::array::uniform32(any::<u8>()),
            tag in prop_oneof![0_u8..4, any::<u8>()],
        ) {
            let mut all = [0; 64];
            all[..32].copy_from_slice(&tags);
            all[32..].copy_from_slice(&others);
            check(&all, tag);
            check(all.first_chunk::<48>().expect("64 are more than 48"), tag);
            check(all.last_chunk::<41>().expect("64 are more than 41"), tag);
        }
    }
}
