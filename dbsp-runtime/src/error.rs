//! Everything that can go wrong in a circuit, with the operator it went wrong in.

use std::fmt::{self, Display, Formatter};
use std::panic::Location;
use std::sync::Arc;

use dbsp_ops::Direction;

/// An operator of a circuit: what it does, what it is called, and where it was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// What it does, for example `join`.
    pub kind: &'static str,
    /// What the user calls it, where that was said.
    pub name: Option<Arc<str>>,
    /// Where the user's code built it.
    pub location: &'static Location<'static>,
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {name:?} built at {}", self.kind, self.location),
            None => write!(f, "{} built at {}", self.kind, self.location),
        }
    }
}

/// What left its range, as an error says it.
struct OutOfRange<'a> {
    what: &'static str,
    direction: Option<Direction>,
    key: Option<&'a str>,
}

impl Display for OutOfRange<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let left = match self.direction {
            Some(Direction::Above) => "rose above",
            Some(Direction::Below) => "fell below",
            None => "left",
        };
        write!(f, "{} {left} its range", self.what)?;
        match self.key {
            Some(key) => write!(f, " for key {key}"),
            None => Ok(()),
        }
    }
}

/// What went wrong in a circuit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A weight, a count or a sum left its range. The step did not happen.
    #[error("{operator}: {}; the step was taken back", OutOfRange { what, direction: *direction, key: key.as_deref() })]
    WeightOverflow {
        /// Where.
        operator: Operator,
        /// What left its range, for example `a sum of u32 as i64`.
        what: &'static str,
        /// The side on which it lies, where that is known.
        direction: Option<Direction>,
        /// The key that it belongs to, or the row where rows have no key, if the operator knows. As its `Debug` shows it, if
        /// its type is a common one or [`Builder::debug`](crate::Builder::debug) was told of it; else its type and hash.
        key: Option<String>,
    },
    /// User code panicked: a closure, an aggregate, or `Clone`, `Eq`, `Ord`, `Hash` or `Drop` of a row. The step did not
    /// happen.
    #[error("{operator}: user code panicked: {message}; the step was taken back")]
    Panicked {
        /// Where.
        operator: Operator,
        /// What the panic said.
        message: String,
    },
    /// A step was asked for after one that failed, before [`Circuit::recover`](crate::Circuit::recover).
    #[error("the circuit has not recovered from: {fault}")]
    StepAfterFault {
        /// The first fault.
        fault: Box<Error>,
    },
    /// Taking a failed step back failed as well, so the state of the circuit is not known. It
    /// happens only if `Eq`, `Ord`, `Hash`, `Clone` or `Drop` of a row, a total or a result panics, which a
    /// [`Row`](crate::Row) must not: while state changes, while a step is taken back, or while one becomes final. A panic of
    /// a closure, or of [`Monoid`](crate::Monoid) and [`Semigroup`](crate::Semigroup), never does this.
    #[error("{operator}: a failed step could not be taken back: {message}")]
    Poisoned {
        /// Where.
        operator: Operator,
        /// What happened there.
        message: String,
    },
    /// A strict input was told to update or delete a key that it does not hold. Nothing was changed.
    #[error("input {input:?} holds no key {key}")]
    UnknownKey {
        /// The name of the input.
        input: Arc<str>,
        /// The key, as its `Debug` shows it.
        key: String,
    },
    /// A strict input was told to insert a key that it holds already. Nothing was changed.
    #[error("input {input:?} already holds key {key}")]
    DuplicateKey {
        /// The name of the input.
        input: Arc<str>,
        /// The key, as its `Debug` shows it.
        key: String,
    },
    /// A strict input of rows was told to delete a row more often than it holds it. Nothing was changed.
    #[error("input {input:?} does not hold row {row} often enough")]
    UnknownRow {
        /// The name of the input.
        input: Arc<str>,
        /// The row, as its `Debug` shows it.
        row: String,
    },
    /// A strict input of rows was told to insert a row more than `i64::MAX` times. Nothing was changed.
    #[error("input {input:?} cannot count so many of row {row}")]
    TooManyRows {
        /// The name of the input.
        input: Arc<str>,
        /// The row, as its `Debug` shows it.
        row: String,
    },
    /// A handle was used with a circuit that did not make it.
    #[error("the handle belongs to another circuit")]
    ForeignHandle,
    /// A stream was used with a builder that did not make it.
    #[error("{operator}: a stream belongs to another circuit")]
    ForeignStream {
        /// The operator that was given the stream.
        operator: Operator,
    },
    /// A feedback was never connected to a stream.
    #[error("{operator}: nothing was connected to the feedback")]
    UnconnectedFeedback {
        /// The feedback.
        operator: Operator,
    },
}
