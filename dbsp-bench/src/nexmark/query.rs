//! A query: its circuit, its oracle, and the rows in which both answer.

use std::fmt::Debug;
use std::hash::Hash;
use std::hint::black_box;

use anyhow::Result;
use dbsp_runtime::{Builder, Circuit, Input, Output, Stream};
use dbsp_zset::Delta;

use super::changes::Changes;
use super::events::{Auction, Bid, Person};
use super::oracle::Tables;
use super::queries::{q0, q1, q2, q3, q4, q5, q7, q8, q9};

/// One of the Nexmark queries.
pub trait Query: 'static {
    /// The stable name of the case: `q0` to `q22`.
    const NAME: &'static str;

    /// A row of the result.
    type Row: Clone + Ord + Hash + Debug + Send + 'static;

    /// The query as a circuit over the three tables.
    fn circuit(tables: &Sources<'_>) -> Output<Self::Row>;

    /// The query recomputed from scratch, in plain Rust: the rows of its result, in any order.
    fn oracle(tables: &Tables<'_>) -> Vec<Self::Row>;

    /// The peers that run it too.
    fn rivals(rivals: &Rivals) -> &[Rival<Self::Row>] {
        let _ = rivals;
        &[]
    }
}

/// An engine with one query whose result has rows `R`.
pub trait Engine<R> {
    /// Brings the changes of a step into the engine's own form, outside the clock.
    fn prepare(&mut self, changes: &Changes);

    /// Hands the prepared changes over, and brings the result up to date: the timed part, with
    /// [`Engine::touch`].
    ///
    /// # Errors
    /// When the engine faults.
    fn step(&mut self) -> Result<()>;

    /// Reads the change of the result once, inside the clock; gives the sum of its weights.
    fn touch(&self) -> i64;

    /// Adds the rows of the result's change to `rows`.
    fn read(&self, rows: &mut Vec<(R, i64)>);

    /// Whether all of a step's work is done by the calling thread: only then are its allocations counted.
    fn works_on_this_thread(&self) -> bool {
        true
    }
}

/// A peer with a query, by its name and how it is started.
pub type Rival<R> = (&'static str, fn() -> Result<Box<dyn Engine<R>>>);

/// The peers of each query.
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "the fields are the queries, by their names")]
pub struct Rivals {
    pub q0: Vec<Rival<q0::Row>>,
    pub q1: Vec<Rival<q1::Row>>,
    pub q2: Vec<Rival<q2::Row>>,
    pub q3: Vec<Rival<q3::Row>>,
    pub q4: Vec<Rival<q4::Row>>,
    pub q5: Vec<Rival<q5::Row>>,
    pub q7: Vec<Rival<q7::Row>>,
    pub q8: Vec<Rival<q8::Row>>,
    pub q9: Vec<Rival<q9::Row>>,
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
    prepared: Changes,
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
        Ok(Self { circuit, persons, auctions, bids, result, prepared: Changes::default() })
    }

    /// The circuit.
    pub(super) fn circuit(&mut self) -> &mut Circuit {
        &mut self.circuit
    }

    /// Takes one step over the changes that were prepared.
    ///
    /// # Errors
    /// When the step fails.
    pub(super) fn step_prepared(&mut self) -> Result<()> {
        let mut changes = std::mem::take(&mut self.prepared);
        self.step(&mut changes)?;
        // Its buffers, which are now the circuit's old ones, are given back after the clock has stopped.
        self.prepared = changes;
        Ok(())
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

impl<Q: Query> Engine<Q::Row> for Running<Q> {
    /// Cloned right before the step, the changes are in the cache, like rows that have just arrived.
    fn prepare(&mut self, changes: &Changes) {
        self.prepared = changes.clone();
    }

    fn step(&mut self) -> Result<()> {
        self.step_prepared()
    }

    fn touch(&self) -> i64 {
        let delta = self.circuit.delta(self.result);
        for (row, weight) in delta.iter() {
            black_box((row.clone(), *weight));
        }
        delta.weights().iter().sum()
    }

    fn read(&self, rows: &mut Vec<(Q::Row, i64)>) {
        let delta = self.circuit.delta(self.result);
        rows.extend(delta.iter().map(|(row, weight)| (row.clone(), *weight)));
    }
}
