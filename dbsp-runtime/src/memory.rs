//! The memory of a circuit, operator by operator.

use std::fmt::{self, Display, Formatter};

use dbsp_zset::Held;

use crate::error::Operator;

/// What the operators of a circuit hold, in the order in which a step calls them; see
/// [`Circuit::memory`](crate::Circuit::memory). It is displayed as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The operators, as in [`Circuit::graph`](crate::Circuit::graph).
    pub operators: Vec<OperatorMemory>,
}

/// What one operator holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorMemory {
    /// Which operator.
    pub operator: Operator,
    /// Its state, that is what it needs for the next step: traces, totals, views, what is pending in an input.
    /// An arrangement that several operators share is an operator of its own here.
    pub state: Held,
    /// The buffer of its output, which is kept from step to step. Its rows are those of the last step.
    pub buffer: Held,
}

impl Memory {
    /// All bytes, of states and of buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.operators.iter().map(|held| held.state.bytes + held.buffer.bytes).sum()
    }

    /// Rows of all states.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.operators.iter().map(|held| held.state.rows).sum()
    }
}

/// A line for each operator, and one for all of them.
impl Display for Memory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut line = |rows: &dyn Display, bytes: &dyn Display, buffer: &dyn Display, who: &dyn Display| {
            writeln!(f, "{rows:>12} {bytes:>14} {buffer:>14}  {who}")
        };
        line(&"rows", &"bytes", &"buffer bytes", &"operator")?;
        for OperatorMemory { operator, state, buffer } in &self.operators {
            line(&state.rows, &state.bytes, &buffer.bytes, operator)?;
        }
        let buffers: usize = self.operators.iter().map(|held| held.buffer.bytes).sum();
        line(&self.rows(), &(self.bytes() - buffers), &buffers, &"all")
    }
}
