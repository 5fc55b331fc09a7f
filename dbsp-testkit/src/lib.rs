//! Oracles, random circuits and allocation counting: what proves an incremental operator right.
//!
//! # Map
//!
//! | module | what it gives |
//! |---|---|
//! | [`oracle`] | the meaning of every operator, in a few lines over a [`BTreeMap`](std::collections::BTreeMap) |
//! | [`strategy`] | random rows, weights, deltas, streams of deltas, and other splits of the same stream |
//! | [`alloc`](mod@alloc) | a global allocator that counts, for each thread |
//! | `check` | `check_incremental`: is a circuit of one's own the incremental form of an oracle? `check_pure`: are its closures pure functions? |
//! | `query` | whole random queries, as a circuit and by the oracle |
//! | `time` | operators that see steps: delay and feedback |
//! | `upserts` | keyed inputs against a plain table |
//!
//! # Features
//!
//! - `circuit`: the last four modules, which need the runtime. Without it the crate depends on none of the
//!   crates that it judges.

#[cfg(all(doctest, feature = "circuit"))]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod alloc;
#[cfg(feature = "circuit")]
pub mod check;
pub mod oracle;
#[cfg(feature = "circuit")]
pub mod query;
pub mod strategy;
#[cfg(feature = "circuit")]
pub mod time;
#[cfg(feature = "circuit")]
pub mod upserts;

#[cfg(feature = "circuit")]
pub use check::{Check, Counterexample, Disagreement, check_incremental, check_pure};
