//! Incremental operators as plain state machines: give a delta, get a delta.
//!
//! ```text
//!            delta in ──> step(&mut self, …, &mut out) ──> delta out
//!                              │ reads and prepares state
//!                 commit() ────┴──── abort()
//!              the step counts        it never happened
//! ```
//!
//! An operator is written once, here, and hosted anywhere: called by hand from an event loop, or by
//! a circuit of `dbsp-runtime`. It knows no thread, no clock and no file.
//!
//! # The life of a step
//! 1. `step` reads this step's deltas, and traces as they were *before* it, and appends to `out`. It
//!    may fail with [`Overflow`](dbsp_zset::Overflow), or panic inside a closure of the user's.
//! 2. Traces that operators share are updated with [`IndexedZSet::try_apply`](dbsp_zset::IndexedZSet),
//!    by whoever owns them, once every operator has stepped.
//! 3. `commit` makes the operator's own changes final; it cannot fail. Or `abort` takes them back,
//!    wherever the step stopped, and the operator is as it was before.
//!
//! So several operators can step as one transaction. An operator without state has neither call.
//!
//! ```
//! use dbsp_ops::{Count, LinearAggregation, Operator};
//! use dbsp_zset::Delta;
//!
//! let mut count = LinearAggregation::new(Count);
//! let mut out = Delta::new();
//! count.step(&Delta::from_iter([(("a", 1), 1), (("a", 2), 1), (("b", 3), 1)]), &mut out)?;
//! count.commit();
//! assert_eq!(format!("{:?}", out.consolidate()?), r#"{("a", 2): +1, ("b", 1): +1}"#);
//!
//! let mut out = Delta::new();
//! count.step(&Delta::from_iter([(("a", 1), -1), (("b", 3), -1)]), &mut out)?;
//! count.commit();
//! assert_eq!(format!("{:?}", out.consolidate()?), r#"{("a", 1): +1, ("a", 2): -1, ("b", 1): -1}"#);
//! # Ok::<(), dbsp_zset::Overflow>(())
//! ```
//!
//! # Map
//! - with one input and state: the trait [`Operator`]
//! - stateless, fused at compile time: [`Stage`] with [`Map`], [`Filter`], [`FlatMap`], [`run`]
//! - a chain and the operator behind it as one: [`Fused`], for those that are [`Piecewise`]
//! - linear: [`plus`], [`minus`], [`neg`], [`sum_of`]
//! - time: [`Integrate`], [`Differentiate`], [`Delay`]
//! - sets: [`Distinct`], [`SetOperation`]
//! - bilinear: [`Join`], [`Semijoin`]
//! - aggregates: [`LinearAggregation`] with [`Count`], [`Sum`], [`Average`] and tuples of them;
//!   [`OrderedAggregation`] with [`Min`], [`Max`], [`Fold`]; [`ArgMax`], which gives rows
//! - inputs: [`UpsertTable`]
//! - what an overflow was about: [`OverflowDetail`]
//! - what keeps a value per key and can take a step back: [`Groups`]
//!
//! # Features
//! - `simd` (default): weight columns go through vector kernels; without it through scalar ones.
//! - `prefetch` (default): the lookups of neighbouring rows of a delta overlap.
//! - `fast-table` (default): traces keep their rows in buckets behind a directory; without it in a vector under two hash tables.
//! - `pool` (default): what a step has filled or freed is kept for the next one, so that a warm one allocates nothing.
//! - `bulk` (default): work that is large has a way of its own: rows of which many share a group go down its tree
//!   together; without it row by row.
//! - `fused` (default): stateless chains take a window of rows at a time; without it one row.
//! - `secret-seed`: hashes take a seed that a process chooses once, see `dbsp_zset::set_hash_seed`; without it one constant seed.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod aggregate;
pub(crate) mod deferred;
pub mod delay;
pub mod distinct;
pub mod fused;
pub mod groups;
pub mod integrate;
pub mod join;
mod key_change;
pub mod linear;
#[cfg(dbsp_mutants)]
pub mod mutant;
pub mod operator;
pub mod overflow;
pub mod semijoin;
pub mod set_operation;
pub mod stage;
pub mod upsert;
mod wide_weight;

pub use aggregate::arg_max::ArgMax;
pub use aggregate::fraction::{Average, Fraction};
pub use aggregate::linear::{LinearAggregate, LinearAggregation};
pub use aggregate::ordered::{Fold, Max, Min, OrderedAggregate, OrderedAggregation};
pub use aggregate::sum::{Count, Number, Sum};
pub use aggregate::wide_sum::WideSum;
pub use delay::Delay;
pub use distinct::Distinct;
pub use fused::{Fused, Piecewise};
pub use groups::Groups;
pub use integrate::{Differentiate, Integrate};
pub use join::Join;
pub use linear::{minus, neg, plus, sum_of};
pub use operator::{Operator, Torn};
pub use overflow::{Direction, Excess, OverflowDetail};
pub use semijoin::{Semijoin, Side};
pub use set_operation::{SetKind, SetOperation};
pub use stage::{Filter, FlatMap, Identity, Map, Stage, run};
pub use upsert::{UpsertError, UpsertTable};

/// Whether a planted bug is to show itself; never, unless built with `--cfg dbsp_mutants`.
macro_rules! mutated {
    ($mutant:ident) => {{
        #[cfg(dbsp_mutants)]
        let is_planted = $crate::mutant::is_planted($crate::mutant::Mutant::$mutant);
        #[cfg(not(dbsp_mutants))]
        let is_planted = false;
        is_planted
    }};
}
use mutated;
