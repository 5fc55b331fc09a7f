//! Circuits of incremental operators: typed streams, inputs, views, and steps that never half-happen.
//!
//! ```text
//!   circuit[input].insert(row)            circuit[view].get(&row)
//!            │                                     ▲
//!            ▼                                     │
//!   Builder::input ──> Stream ──> operators ──> .view() / .output()
//!                 └───────── circuit.step() ─────────┘
//! ```
//!
//! ```
//! use dbsp_runtime::{Circuit, Error};
//!
//! let (mut circuit, (pets, owners, homes)) = Circuit::build(|b| {
//!     let (pets, pets_input) = b.input::<(&str, &str)>("pets");
//!     let (owners, owners_input) = b.input::<(&str, &str)>("owners");
//!     let homes = pets.keyed().join(owners.keyed(), |_, pet, town| (*town, *pet));
//!     (pets_input, owners_input, homes.view())
//! })?;
//! circuit[pets].insert(("ann", "cat"));
//! circuit[owners].insert(("ann", "Ghent"));
//! circuit.step()?;
//! assert_eq!(circuit[homes].get(&("Ghent", "cat")), 1);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Map
//! - building: [`Circuit::build`], [`Builder`], [`Stream`], [`KeyedStream`], [`Collection`], [`Feedback`]
//! - running: [`Circuit::step`], [`Circuit::recover`], [`Circuit::is_settled`], [`Circuit::delta`], [`Circuit::changes`], `circuit[handle]`;
//!   from several threads: [`SharedCircuit`]
//! - handles: [`Input`], [`CheckedInput`], [`Upsert`], [`Output`], [`View`], [`KeyedView`]
//! - what goes wrong: [`Error`], [`Operator`]; what was built: [`Graph`]
//! - what it costs: [`Memory`], [`Profile`]; giving memory back: [`Circuit::shrink`]
//! - what closures must be, a clock as an input, long chains: [`recipes`]
//! - from the crates below: [`Delta`], [`ZSet`], [`IndexedZSet`], [`Row`], and the aggregates
//!
//! # Features
//! - `simd` (default): weight columns go through vector kernels; without it through scalar ones.
//! - `prefetch` (default): the lookups of neighbouring rows of a delta overlap.
//! - `fast-table` (default): traces keep their rows in buckets behind a directory; without it in a vector under two hash tables.
//! - `pool` (default): the deltas of a step, and what operators need for it, are kept for the next one, so that a warm one
//!   allocates nothing.
//! - `bulk` (default): work that is large has a way of its own, such as a load; without it row by row.
//! - `fused` (default): stateless chains take a window of rows at a time, and hand each to the aggregate or `distinct`
//!   behind them; without it row by row, and thousands of rows.
//! - `secret-seed`: hashes take a seed that a process chooses once, at random or by `set_hash_seed`, so that nobody can craft rows
//!   that make steps slow; without it one constant seed. Set it before the first circuit is built.
//!
//! # Not here
//! No operator's mathematics: those are in `dbsp-ops`. One thread so far; a circuit is `Send`.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The quickstart of the whole project.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct WorkspaceReadme;

pub mod builder;
pub mod changes;
pub mod checked;
pub mod circuit;
pub mod error;
pub mod graph;
pub mod handle;
pub mod memory;
mod node;
mod nodes;
mod panics;
pub mod profile;
pub mod recipes;
mod schedule;
mod settled;
pub mod shared;
mod shown;
mod shrink;
mod slots;
pub mod streams;
pub mod upsert;

pub use builder::Builder;
pub use changes::{Change, Changes};
pub use checked::CheckedBuffer;
pub use circuit::{Circuit, Recovery};
pub use dbsp_ops::{
    ArgMax, Average, Count, Direction, Excess, Fold, Fraction, Identity, LinearAggregate, Max, Min, Number,
    OrderedAggregate, Sum,
};
pub use dbsp_zset::{Batch, Delta, Held, IndexedZSet, KeyGroup, Monoid, Overflow, Row, Semigroup, ZSet};
#[cfg(feature = "secret-seed")]
pub use dbsp_zset::{HashSeedError, hash_seed, set_hash_seed};
pub use error::{Error, Operator};
pub use graph::{Graph, GraphNode};
pub use handle::{CheckedInput, DeltaHandle, Handle, Input, InputHandle, KeyedView, Output, Upsert, View};
pub use memory::{Memory, OperatorMemory};
pub use profile::{OperatorProfile, Profile};
pub use shared::SharedCircuit;
pub use streams::{
    Chain, Collection, Feedback, Flow, IntoKeyedStream, IntoStream, KeyedFlow, KeyedStream, Stream,
};
pub use upsert::{Strictness, UpsertBuffer};
