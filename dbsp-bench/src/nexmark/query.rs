//! A query: its circuit, its oracle, and the rows in which both answer.

use std::fmt::Debug;
use std::hash::Hash;

use anyhow::Result;
use dbsp_runtime::{Builder, Circuit, Input, Output, Stream};
use dbsp_zset::Delta;

use super::changes::Changes;
use super::events::{Auction, Bid, Person};
use super::oracle::Tables;

/// One of the Nexmark queries.
pub trait Query {
    /// The stable name of the case: `q0` to `q22`.
    const NAME: &'static str;

    /// A row of the result.
    type Row: Clone + Ord + Hash + Debug + Send + 'static;

    /// The query as a circuit over the three tables.
    fn circuit(tables: &Sources<'_>) -> Output<Self::Row>;

    /// The query recomputed from scratch, in plain Rust: the rows of its result, in any order.
    fn oracle(tables: &Tables<'_>) -> Vec<Self::Row>;
}

/// The three tables as streams of a circuit.
pub struct Sources<'b> {
    /// The table `person`.
    pub persons: Stream<'b, Person>,
    /// The table `auction`.
    pub auctions: Stream<'b, Auction>,
    /// The table `bid`.
    pub bids: Stream<'b, Bid>,
}

/// A circuit of one query with the handles of its inputs and its output.
pub struct Running<Q: Query> {
    circuit: Circuit,
    persons: Input<Person>,
    auctions: Input<Auction>,
    bids: Input<Bid>,
    result: Output<Q::Row>,
}

impl<Q: Query> Running<Q> {
    /// Builds the circuit, over empty tables.
    ///
    /// # Errors
    /// When the runtime refuses the circuit.
    pub fn new() -> Result<Self> {
        let (circuit, (persons, auctions, bids, result)) = Circuit::build(|b: &Builder| {
            let (persons, persons_input) = b.input::<Person>("person");
            let (auctions, auctions_input) = b.input::<Auction>("auction");
            let (bids, bids_input) = b.input::<Bid>("bid");
            let result = Q::circuit(&Sources { persons, auctions, bids });
            (persons_input, auctions_input, bids_input, result)
        })?;
        Ok(Self { circuit, persons, auctions, bids, result })
    }

    /// Takes one step over `changes`, which it leaves empty, and gives the change of the result.
    ///
    /// # Errors
    /// When the step fails.
    pub fn step(&mut self, changes: &mut Changes) -> Result<&Delta<Q::Row>> {
        self.circuit[self.persons].append(&mut changes.persons);
        self.circuit[self.auctions].append(&mut changes.auctions);
        self.circuit[self.bids].append(&mut changes.bids);
        self.circuit.step()?;
        Ok(self.circuit.delta(self.result))
    }
}
