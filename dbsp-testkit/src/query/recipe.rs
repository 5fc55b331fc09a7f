//! Random queries: a list of choices that shrinks well, and the query that it stands for.
//!
//! # Invariants
//! The mass of a node, the sum of the magnitudes of its weights, is kept below 2^[`MAX_MASS`] by a static
//! bound: joins add the logarithms of two masses, `distinct` and its kin bound theirs by the size of the
//! domain. Where an operator would break the bound, it reads `distinct` of its input instead.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Chain, Edge, Keep, Map, Node, Op, Query, QueryChanges, Spread};
use crate::strategy;

/// The base-2 logarithm of the largest mass of a node; the rest of `i64` is room for sums of values.
const MAX_MASS: u32 = 54;

/// The largest mass (logarithm) that a fold may see, since the oracle combines weight by weight.
const MAX_FOLD_MASS: u32 = 10;

/// The size of the domain of rows (logarithm, rounded up): 4 keys and 7 values.
const DOMAIN: u32 = 5;

/// How large random queries are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The most operators, inputs and guards not counted.
    pub operators: usize,
    /// The base-2 logarithm of the largest sum of the magnitudes of all weights of an input.
    pub input_mass: u32,
}

impl Size {
    /// For streams with the weights of [`strategy::weight`].
    pub const SMALL_WEIGHTS: Self = Self { operators: 10, input_mass: 9 };

    /// For streams with the weights of [`strategy::huge_weight`].
    pub const HUGE_WEIGHTS: Self = Self { operators: 6, input_mass: 47 };
}

/// One operator before it is placed: which nodes feed it is read modulo the number of nodes there are.
#[derive(Debug, Clone)]
struct Choice {
    op: Op,
    from: [(usize, Option<Chain>); 3],
    reads_last: bool,
}

/// Random queries of all operators over three inputs.
pub fn random(size: Size) -> impl Strategy<Value = Query> {
    (vec(choice(), 1..=size.operators), any::<bool>()).prop_map(move |(choices, observes_all)| {
        let query = place(&choices, size.input_mass);
        if observes_all { query.observed_everywhere() } else { query.pruned() }
    })
}

/// Random queries, each with a random stream for its three inputs; one in eight with huge weights.
pub fn random_runs() -> impl Strategy<Value = (Query, Vec<QueryChanges>)> {
    prop_oneof![
        7 => (random(Size::SMALL_WEIGHTS), streams(&strategy::weight().boxed())),
        1 => (random(Size::HUGE_WEIGHTS), streams(&strategy::huge_weight().boxed())),
    ]
}

fn streams(weights: &BoxedStrategy<i64>) -> BoxedStrategy<Vec<QueryChanges>> {
    let deltas = || strategy::delta(strategy::row(), weights.clone());
    vec((deltas(), deltas(), deltas()), 0..=strategy::MAX_STEPS).boxed()
}

fn choice() -> impl Strategy<Value = Choice> {
    let op = proptest::sample::select(&Op::ALL[..]);
    let from = || (0..64_usize, proptest::option::weighted(0.3, chain()));
    (op, [from(), from(), from()], any::<bool>()).prop_map(|(op, from, reads_last)| Choice {
        op,
        from,
        reads_last,
    })
}

fn chain() -> impl Strategy<Value = Chain> {
    let map = proptest::sample::select(&[Map::Same, Map::Swap, Map::Merge, Map::Constant, Map::Shift][..]);
    let keep = prop_oneof![
        6 => Just(Keep::All), 3 => Just(Keep::EvenValue), 3 => Just(Keep::SmallKey), 1 => Just(Keep::Nothing)
    ];
    let spread =
        prop_oneof![3 => Just(Spread::One), 1 => Just(Spread::Both), 1 => Just(Spread::TwiceOrNothing)];
    (map, keep, spread).prop_map(|(map, keep, spread)| Chain { map, keep, spread })
}

/// The nodes so far, each with its mass.
struct Plan {
    nodes: Vec<Node>,
    masses: Vec<u32>,
}

fn place(choices: &[Choice], input_mass: u32) -> Query {
    let mut plan = Plan { nodes: Vec::new(), masses: Vec::new() };
    for input in 0..3 {
        plan.push(Op::Input(input), vec![], input_mass);
    }
    for choice in choices {
        let last = plan.nodes.len() - 1;
        let mut edges: Vec<Edge> = choice.from[..choice.op.arity()]
            .iter()
            .map(|&(pick, chain)| plan.edge(pick % (last + 1), chain))
            .collect();
        if choice.reads_last {
            edges[0] = plan.edge(last, choice.from[0].1);
        }
        plan.tame(choice.op, &mut edges);
        let mass = plan.mass_of(choice.op, &edges);
        plan.push(choice.op, edges, mass);
    }
    Query::new(plan.nodes)
}

impl Plan {
    fn push(&mut self, op: Op, from: Vec<Edge>, mass: u32) -> usize {
        self.nodes.push(Node { op, from });
        self.masses.push(mass);
        self.nodes.len() - 1
    }

    /// An edge that brings the rows of aggregates, whose values are large, back into the domain.
    fn edge(&self, node: usize, chain: Option<Chain>) -> Edge {
        let is_wide =
            matches!(self.nodes[node].op, Op::Count | Op::Sum | Op::Average | Op::CountAndSum | Op::Fold);
        Edge { node, chain: chain.or(is_wide.then_some(Chain::WRAP)) }
    }

    fn mass(&self, edge: &Edge) -> u32 {
        let doubles = edge.chain.is_some_and(|chain| chain.spread != Spread::One);
        self.masses[edge.node] + u32::from(doubles)
    }

    /// Puts `distinct` in front of the heaviest edges until the operator keeps the bounds.
    fn tame(&mut self, op: Op, edges: &mut [Edge]) {
        let limit = if op == Op::Fold { MAX_FOLD_MASS } else { MAX_MASS };
        let is_heavy = |plan: &Self, edges: &[Edge]| {
            edges.iter().any(|edge| plan.mass(edge) > limit) || plan.mass_of(op, edges) > MAX_MASS
        };
        while is_heavy(self, edges) {
            let heaviest = edges.iter_mut().max_by_key(|edge| self.mass(edge));
            let heaviest = heaviest.expect("an operator without edges is an input, and never too heavy");
            *heaviest = Edge::plain(self.push(Op::Distinct, vec![*heaviest], DOMAIN));
        }
    }

    fn mass_of(&self, op: Op, edges: &[Edge]) -> u32 {
        let mass = |place: usize| self.mass(&edges[place]);
        match op {
            Op::Input(_) | Op::Stateless | Op::Neg | Op::Semijoin | Op::Antijoin | Op::ArgMax => mass(0),
            Op::Plus | Op::Minus => mass(0).max(mass(1)) + 1,
            Op::SumOf3 => mass(0).max(mass(1)).max(mass(2)) + 2,
            Op::Join(_) => mass(0) + mass(1),
            Op::JoinFlat => mass(0) + mass(1) + 1,
            Op::SelfJoin => 2 * mass(0),
            Op::Distinct | Op::Union | Op::Intersect | Op::Except => DOMAIN,
            Op::Count | Op::Sum | Op::Average | Op::CountAndSum | Op::Min | Op::Max | Op::Fold => DOMAIN,
        }
    }
}
