//! Kernels over columns of weights, and of bytes of hashes: exact loops over slices, vectorised where it pays.
//!
#![doc = include_str!("../README.md")]
//!
//! # Map
//!
//! | what | kernels | twins |
//! |---|---|---|
//! | sums of two columns | [`add`](add()), [`any_overflow`] | one version |
//! | sign | [`negate`](negate()) | one version |
//! | products | [`scale`], [`multiply`](multiply()) | [`scalar`] and `simd` |
//! | totals | [`sum`](sum()), [`segmented_sum`] | [`scalar`] and `simd` |
//! | hashes, and bytes of them | [`match_hashes`], [`match_tags`] | [`scalar`] and `simd` |
//! | zeros | [`count_nonzero`], [`compress_nonzero`], [`compress_rows`] | one version |
//!
//! # Overflow
//!
//! No kernel wraps. [`Overflow`] names the first result that does not fit, and then the weights are as
//! they were. [`segmented_sum`] alone writes on until the segment that fails, into its own output.
//!
//! # Features
//!
//! - `simd` (default): the twins in `simd`, over the lanes of `wide`, run where a table below has a star.
//!   Without it the twins in [`scalar`] run, which are the specification and always there.
//!
//! # Measured
//!
//! ns a weight, the obvious checked loop / this crate's kernel, by length of the column. Medians of 101
//! rounds, the two taking turns, results compared; 2-core AMD EPYC (Zen 5) VM that was shared at the time,
//! rustc 1.95, release, baseline x86-64 (SSE2). `cargo run --release -p dbsp-kernels --example measure`.
//! A star marks the kernels with a vector twin, whose obvious loop is the scalar one.
//!
//! | kernel | 16 | 256 | 4096 | 65536 |
//! |---|---|---|---|---|
//! | `add` | 0.46 / 0.30 | 0.53 / 0.22 | 0.43 / 0.23 | 0.43 / 0.24 |
//! | `any_overflow` | 0.42 / 0.28 | 0.39 / 0.21 | 0.27 / 0.21 | 0.28 / 0.23 |
//! | `negate` | 0.45 / 0.26 | 0.44 / 0.15 | 0.39 / 0.15 | 0.38 / 0.17 |
//! | `scale` * | 0.61 / 0.63 | 0.52 / 0.24 | 0.48 / 0.23 | 0.49 / 0.31 |
//! | `multiply` * | 0.53 / 0.55 | 0.72 / 0.37 | 0.64 / 0.37 | 0.66 / 0.47 |
//! | `sum` * | 0.41 / 0.34 | 0.29 / 0.12 | 0.27 / 0.11 | 0.26 / 0.12 |
//! | `segmented_sum` *, segments of 1 | 1.44 / 1.20 | 1.32 / 1.06 | 1.26 / 0.98 | 1.51 / 1.28 |
//! | `segmented_sum` *, of 4 | 0.63 / 0.63 | 0.52 / 0.48 | 0.46 / 0.41 | 0.54 / 0.51 |
//! | `segmented_sum` *, of 64 | 0.44 / 0.45 | 0.30 / 0.14 | 0.27 / 0.12 | 0.27 / 0.14 |
//! | `count_nonzero` | 0.22 / 0.25 | 0.18 / 0.20 | 0.17 / 0.20 | 0.18 / 0.20 |
//! | `compress_rows`, no zeros | 0.59 / 0.33 | 0.72 / 0.16 | 0.55 / 0.14 | 0.55 / 0.16 |
//! | `compress_rows`, 20 % zeros | 4.43 / 1.52 | 3.87 / 0.82 | 3.68 / 0.64 | 3.75 / 0.80 |
//! | `match_tags` *, ns a tag | 1.85 / 0.28 | 0.45 / 0.05 | 0.43 / 0.05 | 0.43 / 0.03 |
//!
//! (`match_tags` was measured later, on an Intel Xeon VM, where the other figures are about twice as high. It takes 64
//! tags at a time, also where the table says 16.)
//! What gains without a star gains by having no branch, so that the compiler vectorises it: `wide` lanes
//! bought nothing more there, and were not kept (figures in each module). `count_nonzero` is the obvious
//! loop. With a star, `wide` beat the same path left to the compiler by 1.2 to 1.4 times in a baseline
//! build; in one for the machine's own CPU (AVX-512) it was equal for products and behind for totals
//! (0.05 against 0.03), with both far ahead of the obvious loop (0.39). At 16 weights a product pays for
//! the choice with 3 to 5 %. Products with a side beyond 32 bits cost the scalar twin and the check that failed.

mod add;
mod hashes;
#[cfg(feature = "simd")]
mod lanes;
mod multiply;
mod negate;
mod nonzero;
mod overflow;
#[cfg(test)]
mod samples;
pub mod scalar;
#[cfg(feature = "simd")]
pub mod simd;
mod sum;
mod tags;

pub use add::{add, any_overflow};
pub use hashes::match_hashes;
pub use multiply::{multiply, scale};
pub use negate::negate;
pub use nonzero::{compress_nonzero, compress_rows, count_nonzero};
pub use overflow::Overflow;
pub use sum::{segmented_sum, sum};
pub use tags::match_tags;
