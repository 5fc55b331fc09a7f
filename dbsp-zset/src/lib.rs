//! Z-sets, deltas, batches and traces: the algebra and the data of an incremental engine.
//!
//! ```text
//!   Delta ──consolidate──> Batch          what changed:    columns of rows and weights
//!     │
//!     ├──try_apply──> ZSet                what there is:   row -> weight
//!     └──try_apply──> IndexedZSet         a trace:         key -> group of (value, weight), by hash
//!                     OrderedTrace        a trace:         key -> ordered tree with summaries
//! ```
//!
//! After DBSP (Budiu et al., VLDB 2023): a Z-set maps rows to weights; a change of a Z-set is again a
//! Z-set; everything is a commutative group, so changes add up and can be taken back.
//!
//! ```
//! use dbsp_zset::{Delta, ZSet};
//!
//! let mut fruit = ZSet::new();
//! fruit.try_apply(&Delta::from_iter([("apple", 2), ("pear", 1)]))?;
//! fruit.try_apply(&Delta::from_iter([("apple", -1), ("pear", -1)]))?;
//! assert_eq!(format!("{fruit:?}"), r#"{"apple": +1}"#);
//! # Ok::<(), dbsp_zset::Overflow>(())
//! ```
//!
//! # Map
//! - algebra: [`Semigroup`], [`Monoid`], [`Group`], [`Ring`], [`OrderedRing`], [`Overflow`]
//! - data: [`Row`], [`Delta`], [`Batch`], [`ZSet`]
//! - traces: [`Trace`], [`IndexedZSet`] with [`KeyGroup`], [`OrderedTrace`] with [`SummaryTree`]
//! - memory: [`Held`], [`Holds`]; buffers that give it back: [`Usage`], [`Reclaim`], [`shrink_vec`]
//! - what they are made of, and operators too: [`DenseTable`], [`SegmentedVec`], [`DeltaIndex`], [`hash_of`], [`renew`], [`settle()`]
//!
//! # Features
//! - `simd` (default): weight columns go through vector kernels; without it through scalar ones.
//! - `prefetch` (default): the lookups of neighbouring rows of a delta overlap; without it rows go one by
//!   one.
//! - `fast-table` (default): [`IndexedZSet`] keeps its rows in buckets behind a directory; without it in a vector under two
//!   hash tables.
//! - `pool` (default): what a step has filled or freed is kept for the next one, and a few entries are consolidated in the
//!   memory of their delta; without it each allocates anew.
//! - `bulk` (default): work that is large has a way of its own: a first delta makes room for all of its rows, rows that
//!   repeat often are added up before they are sorted, those that begin differently are sorted by digits, in a Z-set rows
//!   that come stand where rows went; without it row by row.
//! - `serde`: `Serialize` and `Deserialize`, as sequences of `(row, weight)`.
//! - `secret-seed`: [`hash_of`] takes a seed that a process chooses once, at random or by `set_hash_seed`, so that nobody can
//!   craft rows whose hashes are alike; without it one constant seed. It costs a load and a branch for each hash.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod algebra;
pub mod batch;
mod debug;
pub mod delta;
pub mod delta_index;
mod few;
#[cfg(feature = "secret-seed")]
pub mod hash_seed;
pub mod held;
pub mod indexed;
pub mod ordered;
mod pool;
mod prefetch;
mod radix;
mod repeats;
pub mod row;
pub mod segmented;
#[cfg(feature = "serde")]
mod serde;
pub mod settle;
pub mod table;
pub mod trace;
pub mod usage;
pub mod zset;

pub use algebra::{Group, Max, Min, Monoid, OrderedRing, Overflow, Ring, Semigroup};
pub use batch::Batch;
pub use delta::Delta;
pub use delta_index::DeltaIndex;
#[cfg(feature = "secret-seed")]
pub use hash_seed::{HashSeedError, hash_seed, set_hash_seed};
pub use held::{Held, Holds};
pub use indexed::{IndexedZSet, KeyGroup, KeyGroupIter};
pub use ordered::{OrderedTrace, Summaries, Summarise, SummaryTree};
pub use pool::renew;
pub use row::{Row, hash_of};
pub use segmented::SegmentedVec;
pub use settle::settle;
pub use table::DenseTable;
pub use trace::Trace;
pub use usage::{Reclaim, Usage, shrink_vec};
pub use zset::ZSet;
