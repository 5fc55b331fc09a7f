//! What a failed check hands back: the steps to repeat it, and what was wrong.

use std::fmt::{self, Debug, Display};

use crate::oracle::Bag;
use crate::strategy::Split;

/// Steps (each of changes `C`) after which a circuit disagrees with the oracle over rows `S`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample<C, S: Ord> {
    /// The steps as they were taken, up to the one that disagreed.
    pub steps: Vec<C>,
    /// How these steps were made of the random stream.
    pub split: Split,
    /// What was wrong after the last of them.
    pub disagreement: Disagreement<S>,
}

/// What a check says of a circuit that takes changes `C` and shows rows `S`.
pub type Checked<C, S> = Result<(), Box<Counterexample<C, S>>>;

/// The ways for a circuit over rows `S` to be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disagreement<S: Ord> {
    /// What the view holds is not what the oracle says.
    View {
        /// The answer of the oracle.
        expected: Bag<S>,
        /// What the view holds.
        got: Bag<S>,
    },
    /// The sum of the output deltas is not what the oracle says.
    Deltas {
        /// The answer of the oracle.
        expected: Bag<S>,
        /// The sum of the deltas of all steps.
        got: Bag<S>,
    },
    /// The circuit could not be built or faulted, with this message.
    Fault(String),
    /// The engine or the oracle panicked, with this message.
    Panicked(String),
}

impl<C: Debug, S: Debug + Ord> Display for Counterexample<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "after {} step(s), {}:", self.steps.len(), self.split)?;
        for (number, changes) in self.steps.iter().enumerate() {
            writeln!(f, "  step {}: {changes:?}", number + 1)?;
        }
        Display::fmt(&self.disagreement, f)
    }
}

impl<S: Debug + Ord> Display for Disagreement<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::View { expected, got } => {
                write!(f, "the view holds   {got:?}\nand should hold  {expected:?}")
            }
            Self::Deltas { expected, got } => {
                write!(f, "the deltas add up to  {got:?}\nand should make       {expected:?}")
            }
            Self::Fault(message) => write!(f, "the circuit faulted: {message}"),
            Self::Panicked(message) => write!(f, "a panic: {message}"),
        }
    }
}

impl<C: Debug, S: Debug + Ord> std::error::Error for Counterexample<C, S> {}
