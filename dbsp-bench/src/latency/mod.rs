//! The latency suite: one-row steps through 1, 10 and 100 operators, each timed on its own.
//!
//! # Cases
//! `ops1` is a map; `ops10` is `circuit::ten`, stateless operators around a join and an aggregate, none fused
//! with the next; `ops100` is ten of these in a row. Every second step inserts a row, the others take one away.
//!
//! # Figures
//! `p50_us` and `p99_us` include one reading of the clock, whose cost is measured and told in a note.
//!
//! # Verified
//! At the end the view is compared with what `oracle` computes from the rows that are left.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use dbsp_zset::Delta;

use crate::allocations;
use crate::headline::SplitMix;
use crate::measure::{Samples, clock_cost_ns};
use crate::options::Options;
use crate::report::{DBSP, Report, Row};

mod circuit;
mod oracle;

use circuit::Chain;

/// The name of the suite.
const SUITE: &str = "latency";

/// A row: key, value.
type Pair = (u64, i64);

/// Keys are below this.
const KEYS: u64 = 1_000;
/// Rows before the first step.
const LOADED: usize = 10_000;
/// Steps before the clock.
const WARM_UP: usize = 2_000;

/// What is asked of a case: its name, and the blocks of ten operators (none for a single map).
const CASES: [(&str, usize); 3] = [("ops1", 0), ("ops10", 1), ("ops100", 10)];

/// Runs the cases that were asked for.
///
/// # Errors
/// When a circuit cannot be built or a step fails. A wrong view is a failure in the report.
pub fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let cases: Vec<_> = CASES.iter().filter(|(name, _)| options.wants(name)).collect();
    if cases.is_empty() {
        return Ok(());
    }
    options.progress.expect(cases.len());
    let steps = options.events.unwrap_or(if options.quick { 4_000 } else { 20_000 });
    for (name, blocks) in cases {
        options.progress.start(SUITE, name);
        let mut chain = Chain::new(*blocks)?;
        let mut rows = Rows::new();
        let row = measure(name, &mut chain, &mut rows, steps)?;
        let right = chain.view() == oracle::view(&rows.live, *blocks);
        report.add_case(vec![Row { verified: Some(right), ..row }]);
        if !right {
            report
                .fail(format!("{SUITE} {name}: {}", oracle::difference(&chain.view(), &rows.live, *blocks)));
        }
        report.note(format!("{SUITE} {name}: a circuit of {} operators", chain.operators()));
        options.progress.done();
    }
    report.note(format!("{SUITE}: each time includes {:.0} ns for reading the clock", clock_cost_ns()));
    Ok(())
}

/// Takes so many steps of a case, of as many changes as are to be made, without a clock.
///
/// # Errors
/// When there is no such case, or a step fails.
pub(crate) fn take_steps(case: &str, steps: usize, made: usize) -> anyhow::Result<()> {
    let found = CASES.iter().find(|(name, _)| *name == case);
    let (_, blocks) = found.with_context(|| format!("there is no case {case}"))?;
    let (mut chain, mut rows) = (Chain::new(*blocks)?, Rows::new());
    chain.step(&mut rows.load())?;
    let changes: Vec<_> = (0..made).map(|_| rows.change()).collect();
    changes.into_iter().take(steps).try_for_each(|mut change| chain.step(&mut change))
}

/// Times single steps, after some that warm the circuit up.
fn measure(name: &str, chain: &mut Chain, rows: &mut Rows, steps: usize) -> anyhow::Result<Row> {
    chain.step(&mut rows.load())?;
    for _ in 0..WARM_UP {
        chain.step(&mut rows.change())?;
    }
    let mut samples = Samples::with_capacity(steps);
    let mut allocated = allocations::count().map(|_| 0);
    for _ in 0..steps {
        let mut change = rows.change();
        let before = allocations::count();
        let start = Instant::now();
        chain.step(&mut change)?;
        let elapsed = start.elapsed();
        allocated = allocated.zip(allocations::since(before)).map(|(sum, made)| sum + made);
        samples.push(elapsed);
        ensure!(change.is_empty(), "the circuit left a change of {name} behind");
    }
    let mut row = Row::new(SUITE, name, DBSP).with_steps(&samples, 1);
    row.allocs_per_step = allocations::per_step(allocated, samples.steps());
    Ok(row)
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

    /// Inserts a row, or takes a random one away, in turns.
    fn change(&mut self) -> Delta<Pair> {
        let mut delta = Delta::with_capacity(1);
        self.inserts = !self.inserts;
        if self.inserts {
            let row = pair(&mut self.random);
            self.live.push(row);
            delta.insert(row);
        } else {
            let last = self.live.len() as u64;
            let row = self.live.swap_remove(usize::try_from(self.random.below(last)).expect("an index fits"));
            delta.delete(row);
        }
        delta
    }
}

/// A random row.
fn pair(random: &mut SplitMix) -> Pair {
    (random.below(KEYS), random.below(1_000).cast_signed())
}

/// A view as plain rows with weights.
type Plain = BTreeMap<Pair, i64>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_agree_with_the_oracle_and_no_operator_is_fused_away() {
        for (name, blocks) in CASES {
            let mut chain = Chain::new(blocks).unwrap();
            let mut rows = Rows::new();
            let row = measure(name, &mut chain, &mut rows, 200).unwrap();
            assert_eq!(chain.view(), oracle::view(&rows.live, blocks), "{name}");
            assert!(row.p50_us.is_some() && row.p99_us.is_some());
            assert!(chain.operators() >= (10 * blocks).max(1), "{name} has {}", chain.operators());
        }
    }
}
