//! Asking the processor for memory that is about to be read.
//!
//! # Cost
//! One instruction a cache line, and nothing where feature `prefetch` is off or the processor is not
//! x86-64. It pays where many independent lookups follow each other: all are asked for, then read.
#![cfg_attr(
    all(feature = "prefetch", target_arch = "x86_64"),
    allow(unsafe_code, reason = "the intrinsic takes a raw pointer")
)]

/// How many lookups are prepared before the first of them is used: their cache misses then overlap.
/// With one at a time every lookup waits for its own.
pub(crate) const WINDOW: usize = if cfg!(feature = "prefetch") { 32 } else { 1 };

/// Up to so many rows, preparing lookups costs more than waiting for them.
pub(crate) const FEW: usize = 4;

/// Asks for all cache lines of one value, from its first one on.
#[cfg(feature = "fast-table")]
#[inline]
#[cfg_attr(
    not(all(feature = "prefetch", target_arch = "x86_64")),
    expect(unused_variables, reason = "no prefetch is known here")
)]
pub(crate) fn prefetch_lines<T>(value: &T) {
    #[cfg(all(feature = "prefetch", target_arch = "x86_64"))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = std::ptr::from_ref(value).cast::<i8>();
        for line in 0..size_of::<T>().div_ceil(64) {
            // SAFETY: a prefetch changes nothing but caches and never faults, whatever its address;
            // wrapping_add makes no claim about it either.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line * 64)) };
        }
    }
}

/// Asks for the cache lines of one value.
#[inline]
#[cfg_attr(
    not(all(feature = "prefetch", target_arch = "x86_64")),
    expect(unused_variables, reason = "no prefetch is known here")
)]
pub(crate) fn prefetch_one<T>(value: &T) {
    #[cfg(all(feature = "prefetch", target_arch = "x86_64"))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = std::ptr::from_ref(value).cast::<i8>();
        // SAFETY: as in prefetch_lines().
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start) };
        if size_of::<T>() > align_of::<T>() {
            // SAFETY: as in prefetch_lines(); the last byte of the value may lie in the next line.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(size_of::<T>() - 1)) };
        }
    }
}
