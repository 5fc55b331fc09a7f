//! Whole random relational queries: generated, built as a circuit, and evaluated by the oracle.
//!
//! A [`Query`] is a list of nodes, each fed by earlier ones, so sub-queries are shared: a graph, not a tree.
//! All its streams carry rows `(key, value)` of two small integers. Between a node and its reader lies an
//! [`Edge`], a chain of stateless functions that the circuit fuses. [`random`] generates queries whose
//! weights cannot leave `i64`: where a product of weights could, it puts a `distinct` in front. So an
//! overflow reported by the engine is a bug like any other.
//!
//! ```
//! use dbsp_testkit::query::{Edge, Node, Op, Query, check};
//!
//! // The rows of input 0, joined with themselves on their keys.
//! let query = Query::new([Node::new(Op::Input(0), []), Node::new(Op::SelfJoin, [Edge::plain(0)])]);
//! assert_eq!(query.to_string(), "n0 = input 0\nn1 = self-join n0\n");
//! let insert_two = (vec![((1, 2), 1), ((1, 3), 1)], vec![], vec![]);
//! let delete_one = (vec![((1, 2), -1)], vec![], vec![]);
//! assert!(check(&query, &[insert_two, delete_one]).is_ok());
//! ```

mod bound;
mod build;
mod evaluate;
mod faults;
mod function;
mod recipe;

use std::fmt;

use dbsp_runtime::Input;

pub use bound::{Excess, check_bound};
pub use build::{QueryViews, build};
pub use evaluate::evaluate;
pub use faults::check_recovery;
pub use function::{Chain, Keep, Map, Merge, Spread};
pub use recipe::{Size, random, random_runs};

use crate::check::{Checked, Inputs, try_splits};
use crate::strategy::Split;

/// The rows of all streams of a query: a key and a value.
pub type QueryRow = (i64, i64);

/// The three inputs of a query.
pub type QueryInputs = (Input<QueryRow>, Input<QueryRow>, Input<QueryRow>);

/// What one step changes in the three inputs.
pub type QueryChanges = <QueryInputs as Inputs>::Changes;

/// A relational query over three inputs; the last node is its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The nodes, each after those that feed it.
    pub nodes: Vec<Node>,
    /// Whether every node is observed, or the last alone; an observed node has one more reader.
    pub observes_all: bool,
}

/// One operator of a query and what feeds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The operator.
    pub op: Op,
    /// As many edges as the operator takes.
    pub from: Vec<Edge>,
}

/// From an earlier node through stateless functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The place of the earlier node.
    pub node: usize,
    /// The functions on the way; `None` hands the stream on as it is.
    pub chain: Option<Chain>,
}

/// The operators of a query, by their names in [`oracle`](crate::oracle).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the oracles")]
pub enum Op {
    /// One of the three inputs.
    Input(usize),
    /// The edge alone, with its result stored.
    Stateless,
    Neg,
    Plus,
    Minus,
    SumOf3,
    Distinct,
    Union,
    Intersect,
    Except,
    Join(Merge),
    /// Each pair of values in both orders.
    JoinFlat,
    /// One keyed stream on both sides.
    SelfJoin,
    Semijoin,
    Antijoin,
    Count,
    Sum,
    /// As sum · 1000 + count.
    Average,
    /// Count and sum in one pass, as sum · 1000 + count.
    CountAndSum,
    Min,
    Max,
    /// Product modulo 31 of values made positive.
    Fold,
    /// The values whose remainder by 3 is the greatest of their key.
    ArgMax,
}

impl Op {
    /// All operators but the inputs.
    pub const ALL: [Self; 24] = [
        Self::Stateless,
        Self::Neg,
        Self::Plus,
        Self::Minus,
        Self::SumOf3,
        Self::Distinct,
        Self::Union,
        Self::Intersect,
        Self::Except,
        Self::Join(Merge::First),
        Self::Join(Merge::Pair),
        Self::Join(Merge::Turn),
        Self::JoinFlat,
        Self::SelfJoin,
        Self::Semijoin,
        Self::Antijoin,
        Self::Count,
        Self::Sum,
        Self::Average,
        Self::CountAndSum,
        Self::Min,
        Self::Max,
        Self::Fold,
        Self::ArgMax,
    ];

    /// How many edges it takes.
    #[must_use]
    pub fn arity(self) -> usize {
        match self {
            Self::Input(_) => 0,
            Self::Plus | Self::Minus | Self::Union | Self::Intersect | Self::Except => 2,
            Self::Join(_) | Self::JoinFlat | Self::Semijoin | Self::Antijoin => 2,
            Self::SumOf3 => 3,
            _ => 1,
        }
    }
}

impl Query {
    /// A query of these nodes, observed at the last.
    ///
    /// # Panics
    /// When there is no node, a node is fed by a later one, or by more or fewer than its operator takes.
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Self {
        let nodes: Vec<_> = nodes.into_iter().collect();
        assert!(!nodes.is_empty(), "a query has an answer");
        for (place, node) in nodes.iter().enumerate() {
            assert_eq!(node.from.len(), node.op.arity(), "node {place}");
            assert!(node.from.iter().all(|edge| edge.node < place), "node {place}");
        }
        Self { nodes, observes_all: false }
    }

    /// The same query, observed at every node.
    #[must_use]
    pub fn observed_everywhere(self) -> Self {
        Self { observes_all: true, ..self }
    }

    /// The same query without the nodes that do not reach an observed one.
    #[must_use]
    pub fn pruned(mut self) -> Self {
        let mut is_needed = vec![false; self.nodes.len()];
        is_needed[self.observed()].fill(true);
        for place in (0..self.nodes.len()).rev() {
            if is_needed[place] {
                self.nodes[place].from.iter().for_each(|edge| is_needed[edge.node] = true);
            }
        }
        let new_place = |place: usize| is_needed[..place].iter().filter(|needed| **needed).count();
        for edge in self.nodes.iter_mut().flat_map(|node| &mut node.from) {
            edge.node = new_place(edge.node);
        }
        let mut needed = is_needed.iter();
        self.nodes.retain(|_| *needed.next().expect("a mark for each node"));
        self
    }

    /// The places of the nodes that are observed.
    #[must_use]
    pub fn observed(&self) -> std::ops::Range<usize> {
        let first = if self.observes_all { 0 } else { self.nodes.len() - 1 };
        first..self.nodes.len()
    }
}

impl Node {
    /// An operator on these edges.
    pub fn new(op: Op, from: impl IntoIterator<Item = Edge>) -> Self {
        Self { op, from: from.into_iter().collect() }
    }
}

impl Edge {
    /// The stream of a node as it is.
    #[must_use]
    pub fn plain(node: usize) -> Self {
        Self { node, chain: None }
    }

    /// The stream of a node through a chain of functions.
    #[must_use]
    pub fn through(node: usize, chain: Chain) -> Self {
        Self { node, chain: Some(chain) }
    }
}

/// Runs the circuit of a query over `steps` and over other [splits](Split) of them, beside the oracle.
///
/// # Errors
/// The first disagreement; its rows have the place of the observed node in front.
pub fn check(query: &Query, steps: &[QueryChanges]) -> Checked<QueryChanges, (usize, QueryRow)> {
    try_splits(|builder| build(query, builder), |bags| evaluate(query, bags), steps, &Split::ALL)
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, node) in self.nodes.iter().enumerate() {
            writeln!(f, "n{place} = {node}")?;
        }
        if self.observes_all { writeln!(f, "(every node observed)") } else { Ok(()) }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.op {
            Op::Input(input) => write!(f, "input {input}")?,
            Op::SelfJoin => f.write_str("self-join")?,
            op => f.write_str(&format!("{op:?}").to_lowercase())?,
        }
        for edge in &self.from {
            write!(f, " n{}", edge.node)?;
            if let Some(chain) = edge.chain {
                write!(f, "[{chain}]")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
