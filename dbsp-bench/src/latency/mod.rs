//! The latency suite: one-row steps through 1, 10 and 100 operators, each timed on its own; and the tail of steps while
//! state grows, stays and shrinks, which `tails` says more of.
//!
//! # Cases
//! `ops1` is a map; `ops10` is `circuit::ten`, stateless operators around a join and an aggregate, none fused
//! with the next; `ops100` is ten of these in a row. Every second step inserts a row, the others take one away.
//!
//! # Figures
//! `p50_us` and `p99_us` include one reading of the clock, whose cost is measured and told in a note.
//!
//! # Peers
//! The peers take the same changes, in turns of 1,000 steps.
//!
//! # Verified
//! At the end each view is compared with what `oracle` computes from the rows that are left.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;
use dbsp_zset::Delta;

use crate::allocations;
use crate::headline::SplitMix;
use crate::measure::{Samples, clock_cost_ns};
use crate::options::Options;
use crate::peers::Peers;
use crate::report::{DBSP, Report, Row};

mod circuit;
mod oracle;
mod profiled;
mod tails;

use circuit::Chain;
pub use circuit::added;
pub(crate) use profiled::profiled;

/// The name of the suite.
const SUITE: &str = "latency";

/// A row: key, value.
pub type Pair = (u64, i64);

/// An engine with one of the chains, its dimension loaded.
pub trait Engine {
    /// Brings a change into the engine's own form, outside the clock. Ours takes it as it is.
    ///
    /// # Errors
    /// When the engine faults.
    fn prepare(&mut self, change: &Delta<Pair>) -> anyhow::Result<()> {
        let _ = change;
        Ok(())
    }

    /// One step: ingest, step, read what changed in the view. Leaves `change` empty, if it reads it.
    ///
    /// # Errors
    /// When the engine faults.
    fn step(&mut self, change: &mut Delta<Pair>) -> anyhow::Result<()>;

    /// All rows of the view: kept by the engine, or, outside the clock, added up by [`Engine::settle`].
    fn view(&self) -> Plain;

    /// Adds what the last step put out to the view, outside the clock, where the engine keeps none.
    fn settle(&mut self) {}

    /// Whether all of a step's work is done by the calling thread: only then are its allocations counted.
    fn works_on_this_thread(&self) -> bool {
        true
    }
}

/// Makes an engine with so many blocks of ten operators, or with a single map.
pub type Make = fn(usize) -> anyhow::Result<Box<dyn Engine>>;

/// Keys are below this.
pub const KEYS: u64 = 1_000;
/// Rows before the first step.
const LOADED: usize = 10_000;
/// Steps of an engine's turn.
const TURN: usize = 1_000;
/// Before the clock come so many steps of this many changes each: they replace the rows five times over, so that a trace is
/// no longer as its load left it, with buckets that have yet to split;
const WARM_UP_BULK: (usize, usize) = (1_000, 100);
/// then so many of one change.
const WARM_UP: usize = 2_000;

/// What is asked of a case: its name, and the blocks of ten operators (none for a single map).
const CASES: [(&str, usize); 3] = [("ops1", 0), ("ops10", 1), ("ops100", 10)];

/// Runs the cases that were asked for.
///
/// # Errors
/// When a circuit cannot be built or a step fails. A wrong view is a failure in the report.
pub fn run(options: &Options, peers: &Peers, report: &mut Report) -> anyhow::Result<()> {
    tails::run(options, report)?;
    let cases: Vec<_> = CASES.iter().filter(|(name, _)| options.wants(name)).collect();
    if cases.is_empty() {
        return Ok(());
    }
    options.progress.expect(cases.len());
    let steps = options.events.unwrap_or(if options.quick { 4_000 } else { 20_000 });
    for &(name, blocks) in cases {
        options.progress.start(SUITE, name);
        let chain = Chain::new(blocks)?;
        report.note(format!("{SUITE} {name}: a circuit of {} operators", chain.operators()));
        let mut engines: Vec<(&'static str, Box<dyn Engine>)> = vec![(DBSP, Box::new(chain))];
        for (engine, make) in &peers.latency {
            engines.push((engine, make(blocks).context(*engine)?));
        }
        let mut rows = Rows::new();
        let mut measured = measure(name, &mut engines, &mut rows, steps)?;
        for (row, (engine, chain)) in measured.iter_mut().zip(&engines) {
            let view = chain.view();
            let right = view == oracle::view(&rows.live, blocks);
            row.verified = Some(right);
            if !right {
                let difference = oracle::difference(&view, &rows.live, blocks);
                report.fail(format!("{SUITE} {name} {engine}: {difference}"));
            }
        }
        report.add_case(measured);
        options.progress.done();
    }
    report.note(format!("{SUITE}: each time includes {:.0} ns for reading the clock", clock_cost_ns()));
    Ok(())
}

/// Takes so many steps of a case right after its load, of as many changes as are to be made, without a clock.
///
/// # Errors
/// When there is no such case, or a step fails.
pub(crate) fn take_steps(case: &str, steps: usize, made: usize) -> anyhow::Result<()> {
    let found = CASES.iter().find(|(name, _)| *name == case);
    let (_, blocks) = found.with_context(|| format!("there is no case {case}"))?;
    let (mut chain, mut rows) = (Chain::new(*blocks)?, Rows::new());
    chain.step(&mut rows.load())?;
    let changes: Vec<_> = (0..made).map(|_| rows.change(1)).collect();
    changes.into_iter().take(steps).try_for_each(|mut change| chain.step(&mut change))
}

/// Times single steps of each engine in turns, after some that warm it up.
fn measure(
    name: &str,
    engines: &mut [(&'static str, Box<dyn Engine>)],
    rows: &mut Rows,
    steps: usize,
) -> anyhow::Result<Vec<Row>> {
    let mut samples = vec![Samples::with_capacity(steps); engines.len()];
    let mut allocated = vec![allocations::count().map(|_| 0); engines.len()];
    let mut changes: Vec<_> = rows.warm_up().collect();
    let mut left = WARM_UP + steps;
    while left > 0 {
        let size = TURN.min(if left > steps { left - steps } else { left });
        changes.extend((0..size).map(|_| rows.change(1)));
        for (i, (engine, chain)) in engines.iter_mut().enumerate() {
            for change in &changes {
                let mut change = change.clone();
                chain.prepare(&change)?;
                let before = allocations::count();
                let start = Instant::now();
                chain.step(&mut change).context(*engine)?;
                let elapsed = start.elapsed();
                let made = allocations::since(before).filter(|_| chain.works_on_this_thread());
                chain.settle();
                if left <= steps {
                    allocated[i] = allocated[i].zip(made).map(|(sum, made)| sum + made);
                    samples[i].push(elapsed);
                }
            }
            if left <= steps {
                samples[i].end_round();
            }
        }
        left -= size;
        changes.clear();
    }
    let rows = engines.iter().zip(samples).zip(allocated).map(|(((engine, _), samples), allocated)| Row {
        allocs_per_step: allocations::per_step(allocated, samples.steps()),
        ..Row::new(SUITE, name, engine).with_steps(&samples, 1)
    });
    Ok(rows.collect())
}

/// The rows of the input, and the changes to them.
struct Rows {
    live: Vec<Pair>,
    random: SplitMix,
    inserts: bool,
}

impl Rows {
    fn new() -> Self {
        let mut random = SplitMix::new(7);
        let live = (0..LOADED).map(|_| pair(&mut random)).collect();
        Self { live, random, inserts: false }
    }

    fn load(&self) -> Delta<Pair> {
        self.live.iter().map(|row| (*row, 1)).collect()
    }

    /// The load, and the large changes that come after it.
    fn warm_up(&mut self) -> impl Iterator<Item = Delta<Pair>> {
        let load = self.load();
        std::iter::once(load).chain((0..WARM_UP_BULK.0).map(|_| self.change(WARM_UP_BULK.1)))
    }

    /// So many times, inserts a row or takes a random one away, in turns.
    fn change(&mut self, times: usize) -> Delta<Pair> {
        let mut delta = Delta::with_capacity(times);
        for _ in 0..times {
            self.inserts = !self.inserts;
            if self.inserts {
                let row = pair(&mut self.random);
                self.live.push(row);
                delta.insert(row);
            } else {
                let last = self.random.below(self.live.len() as u64);
                let row = self.live.swap_remove(usize::try_from(last).expect("an index fits"));
                delta.delete(row);
            }
        }
        delta
    }
}

/// A random row.
fn pair(random: &mut SplitMix) -> Pair {
    (random.below(KEYS), random.below(1_000).cast_signed())
}

/// A view as plain rows with weights.
pub type Plain = BTreeMap<Pair, i64>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_agree_with_the_oracle_and_no_operator_is_fused_away() {
        for (name, blocks) in CASES {
            let chain = Chain::new(blocks).unwrap();
            assert!(chain.operators() >= (10 * blocks).max(1), "{name} has {}", chain.operators());
            let mut engines: Vec<(&'static str, Box<dyn Engine>)> = vec![(DBSP, Box::new(chain))];
            let mut rows = Rows::new();
            let measured = measure(name, &mut engines, &mut rows, 200).unwrap();
            assert_eq!(engines[0].1.view(), oracle::view(&rows.live, blocks), "{name}");
            assert!(measured[0].p50_us.is_some() && measured[0].p99_us.is_some());
        }
    }

    /// Rows come twice and are single again all the time, buckets split and merge, and groups come and go.
    #[cfg(all(feature = "pool", feature = "fast-table"))]
    #[test]
    fn a_warm_step_of_one_row_allocates_nothing() {
        allocations::are_counted();
        for (name, blocks) in CASES {
            let mut engines: Vec<(&'static str, Box<dyn Engine>)> =
                vec![(DBSP, Box::new(Chain::new(blocks).unwrap()))];
            let measured = measure(name, &mut engines, &mut Rows::new(), 20_000 / blocks.max(1)).unwrap();
            assert_eq!(measured[0].allocs_per_step, Some(0.0), "{name}");
        }
    }
}
