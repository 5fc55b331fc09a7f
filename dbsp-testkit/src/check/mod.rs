//! Is this circuit incremental? Random changes, split into steps in several ways, against an oracle.
//!
//! [`check_incremental`] takes a closure that builds a circuit, strategies for the rows of its inputs, and
//! the meaning of the circuit as a function of whole collections. After every step the view, and the sum of
//! its deltas so far, must be what the oracle makes of the sum of the inputs so far; and that must hold for
//! every [`Split`] of the same changes into steps. What it finds it shrinks to a small [`Counterexample`].
//!
//! ```
//! use dbsp_testkit::{check_incremental, oracle, strategy};
//!
//! let checked = check_incremental(
//!     |b| {
//!         let (orders, orders_input) = b.input::<(i64, i64)>("orders");
//!         (orders_input, orders.filter(|row| row.1 > 0).distinct().view())
//!     },
//!     strategy::row(),
//!     |orders| oracle::distinct(&oracle::filter(orders, |row| row.1 > 0)),
//! );
//! assert!(checked.is_ok());
//! ```
//!
//! A circuit that is not incremental does not pass. This one remembers rows in a closure, to let each through
//! once, and forgets that a row can be deleted:
//!
//! ```
//! use std::{cell::RefCell, collections::BTreeSet};
//!
//! use dbsp_testkit::{check_incremental, oracle, strategy};
//!
//! let found = check_incremental(
//!     |b| {
//!         let (rows, input) = b.input::<i64>("rows");
//!         let seen = RefCell::new(BTreeSet::new());
//!         (input, rows.filter(move |row| seen.borrow_mut().insert(*row)).view())
//!     },
//!     strategy::key(),
//!     oracle::distinct,
//! );
//! let found = found.expect_err("a deletion never comes through");
//! assert_eq!(found.steps, [vec![(0, -1)]]);
//! println!("{found}");
//! ```

mod counterexample;
mod inputs;
mod observed;
mod pure;
mod trial;

use std::cell::RefCell;
use std::fmt::Debug;

use dbsp_runtime::Builder;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

pub use counterexample::{Checked, Counterexample, Disagreement};
pub use inputs::{Inputs, Rows};
pub use observed::Observed;
pub use pure::check_pure;
pub use trial::try_splits;

use crate::oracle::Bag;
use crate::strategy::Split;

/// How a check runs: how many random streams, from which seed, and of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Check {
    /// How many random streams are tried.
    pub cases: u32,
    /// Equal seeds give equal streams.
    pub seed: u64,
    /// Whether the streams are kept from deleting what is not there.
    pub is_well_formed: bool,
}

impl Default for Check {
    fn default() -> Self {
        Self { cases: 64, seed: 0, is_well_formed: false }
    }
}

impl Check {
    /// With this many random streams.
    pub fn cases(self, cases: u32) -> Self {
        Self { cases, ..self }
    }

    /// With this seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// With streams in which the weight of a row is never negative, for circuits that promise no more.
    pub fn well_formed(self) -> Self {
        Self { is_well_formed: true, ..self }
    }

    /// As [`check_incremental`], with these settings.
    ///
    /// # Errors
    /// A [`Counterexample`] that shrinking made small.
    pub fn run<I: Inputs, V: Observed>(
        self,
        build: impl Fn(&Builder) -> (I, V),
        rows: impl Rows<I>,
        oracle: impl Fn(&I::Bags) -> Bag<V::Row>,
    ) -> Checked<I::Changes, V::Row> {
        let streams = rows.steps().prop_map(move |steps| match self.is_well_formed {
            true => I::without_early_deletes(steps),
            false => steps,
        });
        let splits: &[Split] = if self.is_well_formed { &Split::IN_ORDER } else { &Split::ALL };
        let minimal = self.find(streams, |steps| try_splits(&build, &oracle, steps, splits));
        minimal.map_or(Ok(()), |(_, found)| Err(found))
    }

    /// The smallest value of a strategy that a test fails for, and how it fails.
    ///
    /// # Panics
    /// When the strategy rejects too many of its own values, or the test panics rather than fails.
    pub fn find<T: Debug + Clone, E>(
        self,
        strategy: impl Strategy<Value = T>,
        test: impl Fn(&T) -> Result<(), E>,
    ) -> Option<(T, E)> {
        let config = Config { cases: self.cases, failure_persistence: None, ..Config::default() };
        // Shrinking ends at the last value that failed, so the last failure is the smallest.
        let last = RefCell::new(None);
        let outcome = TestRunner::new_with_rng(config, self.rng()).run(&strategy, |value| {
            test(&value).map_err(|failure| {
                last.replace(Some((value, failure)));
                TestCaseError::fail("disagreement")
            })
        });
        match outcome {
            Ok(()) => None,
            Err(TestError::Fail(reason, value)) => {
                let last = last.into_inner();
                assert!(last.is_some(), "the test panicked, {reason}, at {value:?}");
                last
            }
            Err(TestError::Abort(reason)) => panic!("the strategy gave up: {reason}"),
        }
    }

    fn rng(self) -> TestRng {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
    }
}

/// Checks that a circuit is the incremental form of `oracle`, with the settings of [`Check::default`].
///
/// `build` hands back the handles of one to three inputs and of what is observed; `rows` has a strategy for
/// each input; `oracle` takes the whole collections of the inputs.
///
/// # Errors
/// A [`Counterexample`] that shrinking made small.
pub fn check_incremental<I: Inputs, V: Observed>(
    build: impl Fn(&Builder) -> (I, V),
    rows: impl Rows<I>,
    oracle: impl Fn(&I::Bags) -> Bag<V::Row>,
) -> Checked<I::Changes, V::Row> {
    Check::default().run(build, rows, oracle)
}
