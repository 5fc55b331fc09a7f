//! Bugs that can be planted, to show that the tests would find them.
//!
//! Exists only under `--cfg dbsp_mutants`; `cargo xtask test` builds it so for the mutation check.

use std::cell::Cell;

thread_local! {
    static PLANTED: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// A bug that someone could write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A join that forgets the pairs of rows that are new on both sides.
    ForgottenDeltaByDelta,
    /// A join that gives what its three terms make of a key that changed on both sides, and does not cancel.
    JoinForgetsToConsolidate,
    /// A distinct that sees a weight come above zero and not fall below it again.
    DistinctIgnoresNegative,
    /// An average that divides the new sum by the old count.
    AverageStaleCount,
    /// An upsert that inserts the new value and leaves the old one.
    UpsertForgetsRetraction,
    /// A delay that gives out what it has just been given.
    DelayLeaksStep,
}

/// Plants a bug in all operators that step on this thread, or removes it.
pub fn plant(mutant: Option<Mutant>) {
    PLANTED.set(mutant);
}

pub(crate) fn is_planted(mutant: Mutant) -> bool {
    PLANTED.get() == Some(mutant)
}
