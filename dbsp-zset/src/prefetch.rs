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

/// Asks for the first four cache lines of some values, so that reading them soon need not wait.
#[inline]
#[cfg_attr(
    not(all(feature = "prefetch", target_arch = "x86_64")),
    expect(unused_variables, reason = "no prefetch is known here")
)]
pub(crate) fn prefetch<T>(values: &[T]) {
    #[cfg(all(feature = "prefetch", target_arch = "x86_64"))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        const LINE: usize = 64;
        let start = values.as_ptr().cast::<i8>();
        for line in (0..size_of_val(values)).step_by(LINE).take(4) {
            // SAFETY: `line` is less than the size of `values`, so the address lies inside them; and a
            // prefetch changes nothing but caches, whatever its address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line)) };
        }
    }
}
