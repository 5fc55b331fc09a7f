//! Law 3 over whole queries: how many entries the deltas of a circuit hold, against how many rows differ.
//!
//! An operator whose inputs are consolidated in a step gives out at most twice as many entries as its output has when it is
//! consolidated, and as many more as came in. A join counts pairs, as several of them may become one row. Operators that keep
//! a value for each group give each row once, whatever comes in.

use std::fmt::{self, Display};

use dbsp_runtime::{Circuit, Delta, View};

use super::evaluate::carry;
use super::{Edge, Node, Op, Query, QueryChanges, QueryRow, QueryViews, build};
use crate::check::Inputs;
use crate::oracle::{self, Bag, bag};

/// A step after which an operator gave out more entries than it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// The step, counted from one.
    pub step: usize,
    /// The place of the node in the query.
    pub node: usize,
    /// The entries of its delta.
    pub entries: usize,
    /// How many it may have.
    pub most: usize,
}

impl Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, node, entries, most } = self;
        write!(f, "n{node} gives {entries} entries in step {step}, and may give {most}")
    }
}

impl std::error::Error for Excess {}

/// Entries on their way to an operator, or from it.
type Entries = Vec<(QueryRow, i64)>;

/// Runs the circuit of a query over `steps`, each of them consolidated, and looks at the delta of every node.
///
/// # Errors
/// The first delta that is too large.
///
/// # Panics
/// If the circuit cannot be built or a step fails.
pub fn check_bound(query: &Query, steps: &[QueryChanges]) -> Result<(), Excess> {
    let query = query.clone().observed_everywhere();
    let (mut circuit, (inputs, views)) =
        Circuit::build(|builder| build(&query, builder)).expect("a random query can be built");
    for (number, (first, second, third)) in steps.iter().enumerate() {
        let before = integrals(&circuit, &views);
        let once = |changes: &Entries| bag(changes.iter().copied()).into_iter().collect::<Vec<_>>();
        inputs.feed(&mut circuit, &(once(first), once(second), once(third)));
        circuit.step().expect("weights of random queries are kept small enough");
        let after = integrals(&circuit, &views);
        let deltas: Vec<Entries> = views.iter().map(|(_, view)| entries(circuit.delta(*view))).collect();
        for (place, node) in query.nodes.iter().enumerate() {
            if let Some(most) = most_entries(node, place, &deltas, [&before, &after])
                && deltas[place].len() > most
            {
                return Err(Excess { step: number + 1, node: place, entries: deltas[place].len(), most });
            }
        }
    }
    Ok(())
}

fn integrals(circuit: &Circuit, views: &QueryViews) -> Vec<Bag<QueryRow>> {
    let rows =
        |(_, view): &(usize, View<QueryRow>)| bag(circuit[*view].iter().map(|(row, weight)| (*row, *weight)));
    views.iter().map(rows).collect()
}

fn entries(delta: &Delta<QueryRow>) -> Entries {
    delta.iter().map(|(row, weight)| (*row, *weight)).collect()
}

/// How many entries a node may give out, where that can be told from what came in.
fn most_entries(
    node: &Node,
    place: usize,
    deltas: &[Entries],
    integrals: [&Vec<Bag<QueryRow>>; 2],
) -> Option<usize> {
    let differ = |rows: &Entries| bag(rows.iter().copied()).len();
    let consolidated = differ(&deltas[place]);
    let arrives: Vec<Entries> = node.from.iter().map(|edge| through(edge, &deltas[edge.node])).collect();
    let came: usize = arrives.iter().map(Vec::len).sum();
    let rows = match node.op {
        Op::Input(_) => return None,
        Op::Distinct | Op::Union | Op::Intersect | Op::Except | Op::Count | Op::Sum | Op::Average => {
            return Some(consolidated);
        }
        Op::CountAndSum | Op::Min | Op::Max | Op::Fold => return Some(consolidated),
        Op::Stateless | Op::Neg | Op::Plus | Op::Minus | Op::SumOf3 => return Some(came),
        Op::Join(_) => pairs(&node.from[0], &node.from[1], integrals),
        Op::JoinFlat => 2 * pairs(&node.from[0], &node.from[1], integrals),
        Op::SelfJoin => pairs(&node.from[0], &node.from[0], integrals),
        Op::Semijoin | Op::Antijoin | Op::ArgMax => consolidated,
    };
    let keys = |rows: &Entries| bag(rows.iter().map(|(row, weight)| (row.0, *weight))).len();
    let is_clean = arrives.iter().enumerate().all(|(side, rows)| {
        let is_keys = side == 1 && matches!(node.op, Op::Semijoin | Op::Antijoin);
        rows.len() == if is_keys { keys(rows) } else { differ(rows) }
    });
    is_clean.then_some(2 * rows + came)
}

/// What a chain of functions makes of entries, one by one.
fn through(edge: &Edge, rows: &Entries) -> Entries {
    let Some(chain) = edge.chain else { return rows.clone() };
    let mapped = rows.iter().map(|(row, weight)| (chain.map.apply(row), *weight));
    let kept = mapped.filter(|(row, _)| chain.keep.holds(row));
    kept.flat_map(|(row, weight)| chain.spread.rows(&row).into_iter().map(move |row| (row, weight))).collect()
}

/// How many pairs of rows with one key come or go, or change their weight.
fn pairs(left: &Edge, right: &Edge, integrals: [&Vec<Bag<QueryRow>>; 2]) -> usize {
    let [before, after] = integrals.map(|bags| {
        let (left, right) = (carry(&bags[left.node], left), carry(&bags[right.node], right));
        oracle::join(&left, &right, |key, one, other| (*key, *one, *other))
    });
    oracle::minus(&after, &before).len()
}
