//! Where a hash stands among eight: the first step of a lookup in an index whose chunks are cache lines.
//!
//! # Shape
//!
//! Eight hashes of 32 bits; the answer is a mask with one bit each.
//!
//! # Cost
//!
//! Two comparisons of four hashes on a baseline processor, and no branch, so that a lookup mispredicts nothing here.

pub(crate) mod scalar;
#[cfg(feature = "simd")]
pub(crate) mod simd;

#[cfg(not(feature = "simd"))]
use scalar as chosen;
#[cfg(feature = "simd")]
use simd as chosen;

/// A mask with bit `i` set where `hashes[i]` is `hash`.
///
/// # Example
///
/// ```
/// assert_eq!(dbsp_kernels::match_hashes(&[7, 1, 2, 3, 7, 5, 6, 0], 7), 1 << 0 | 1 << 4);
/// ```
#[inline]
#[must_use]
pub fn match_hashes(hashes: &[u32; 8], hash: u32) -> u8 {
    chosen::match_hashes(hashes, hash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_mask_has_a_bit_for_each_equal_hash(
            hashes in prop::array::uniform8(prop_oneof![0_u32..3, any::<u32>(), Just(u32::MAX)]),
            hash in prop_oneof![0_u32..3, any::<u32>(), Just(u32::MAX)],
            at in 0_usize..8,
        ) {
            for hash in [hash, hashes[at]] {
                let masks = [
                    super::match_hashes(&hashes, hash),
                    super::scalar::match_hashes(&hashes, hash),
                    #[cfg(feature = "simd")]
                    super::simd::match_hashes(&hashes, hash),
                ];
                for mask in masks {
                    for (i, found) in hashes.iter().enumerate() {
                        assert_eq!(mask >> i & 1 == 1, *found == hash, "at {i}");
                    }
                }
            }
        }
    }
}
