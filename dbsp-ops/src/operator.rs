//! What all operators with one input and state of their own have in common.

use std::fmt::{self, Display, Formatter};

use dbsp_zset::{Delta, Holds, Overflow, Reclaim, Row};

use crate::overflow::OverflowDetail;

/// An operator from deltas to deltas that keeps state; see [the life of a step](crate).
pub trait Operator: Holds {
    /// Rows that go in.
    type In: Row;
    /// Rows that come out.
    type Out: Row;

    /// Appends to `out` how the result changes with `delta`.
    ///
    /// # Errors
    /// [`Overflow`] where a weight, a total or a result has no value; the step has then to be aborted.
    fn step(&mut self, delta: &Delta<Self::In>, out: &mut Delta<Self::Out>) -> Result<(), Overflow>;

    /// Makes the step final.
    fn commit(&mut self);

    /// Takes the step back, whose delta this was, wherever it stopped: also where user code panicked.
    ///
    /// # Errors
    /// [`Torn`] if `delta` is not the one of the step, or if `Clone`, `Ord` or `Drop` of a row panicked in the middle of a
    /// change of state.
    fn abort(&mut self, delta: &Delta<Self::In>) -> Result<(), Torn>;

    /// Gives memory of buffers back. Comes between steps, and calls no code of rows.
    fn shrink(&mut self, _: Reclaim) {}

    /// What the step that failed overflowed on, until it is aborted, if the operator knows.
    fn last_overflow(&self) -> Option<OverflowDetail<'_>> {
        None
    }
}

/// The state of an operator is neither that before a step nor that after it, and stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn;

impl Display for Torn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the step of an operator could not be taken back")
    }
}

impl std::error::Error for Torn {}

impl From<Overflow> for Torn {
    fn from(Overflow: Overflow) -> Self {
        Self
    }
}
