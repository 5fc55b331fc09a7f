//! Steady state: the steps of a headline view, one after the other, in a process of its own.
//!
//! # Shape
//! The view is loaded and takes steps that warm it up; then what is resident is noted, steps are taken until the time
//! is over, and it is noted again.
//!
//! # What is counted
//! A step and the reading of its output. Its change is made before, in a table of fixed size and in the buffers
//! that the circuit gave back for the last one: so rows are fresh in every step, as in the headline, the state stays
//! consistent with them however long that goes on, and neither counts nor grows. A ring of changes that leads back to
//! its start would do as well, but would show the circuit the same rows again and again.
//!
//! # Not here
//! No median: making a change between two steps takes the caches from them. The headline measures speed.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::allocations;
use crate::footprint::resident_bytes;
use crate::headline::{self, Change, Engine, Kind, Outcome, View, Workload};

/// How much is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Rows of the base.
    pub(super) rows: usize,
    /// Rows that a step replaces.
    pub(super) changes: usize,
    /// Steps before those that count.
    pub(super) warm_up: usize,
    /// How long steps are taken, what is not counted included.
    pub(super) time: Duration,
}

/// What steps left behind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Steady {
    /// How many steps there were.
    pub(super) steps: usize,
    /// The time of all of them together.
    pub(super) seconds: f64,
    /// Allocations and changes of size, where they are counted.
    pub(super) allocations: Option<u64>,
    /// Bytes asked for, where they are counted.
    pub(super) allocated_bytes: Option<u64>,
    /// Bytes resident after the warm-up.
    pub(super) warm: Option<u64>,
    /// Bytes resident at the end.
    pub(super) end: Option<u64>,
    /// In what the output differs from a recomputation, if in anything.
    pub(super) difference: Option<String>,
}

impl Steady {
    /// Bytes asked for in a second of steps.
    pub(super) fn bytes_per_s(&self) -> Option<f64> {
        (self.seconds > 0.0).then_some(self.allocated_bytes? as f64 / self.seconds)
    }

    /// By how much what is resident grew, in percent.
    pub(super) fn growth_percent(&self) -> Option<f64> {
        let (warm, end) = (self.warm.filter(|&warm| warm > 0)? as f64, self.end? as f64);
        Some((end - warm) / warm * 100.0)
    }
}

/// Steps a view on an engine of this project.
///
/// # Errors
/// When there is no such engine, or it faults.
pub(super) fn run(view: View, engine: &str, plan: &Plan) -> Result<Steady> {
    let workload = Workload::new(plan.rows, 0xdb59);
    let loaded = headline::loaded(engine, view, &workload)?;
    let mut outcome = Outcome::default();
    loaded.read(&mut outcome);
    let (change, steady) = (Change::default(), Steady::default());
    let mut stepped = Stepped { engine: loaded, workload, change, outcome, spent: Duration::ZERO, steady };
    for _ in 0..plan.warm_up {
        stepped.take(plan.changes).context("warming up")?;
    }

    // The first reading brings in what reads; it is the second that the last one is compared with.
    let warm = resident_bytes().and_then(|_| resident_bytes());
    let counted = allocations::so_far().map(|_| 0);
    stepped.spent = Duration::ZERO;
    stepped.steady = Steady { warm, allocations: counted, allocated_bytes: counted, ..Steady::default() };
    let start = Instant::now();
    while start.elapsed() < plan.time {
        stepped.take(plan.changes)?;
    }
    stepped.steady.end = resident_bytes();
    stepped.steady.seconds = stepped.spent.as_secs_f64();
    stepped.verified(view)
}

/// An engine under its steps, and what came of them so far.
struct Stepped {
    engine: Box<dyn Engine>,
    workload: Workload,
    change: Change,
    /// The output added up, where the engine keeps none.
    outcome: Outcome,
    spent: Duration,
    steady: Steady,
}

impl Stepped {
    /// Makes a change and takes one step.
    fn take(&mut self, changes: usize) -> Result<()> {
        self.workload.change_into(changes, &mut self.change);
        let before = allocations::so_far();
        let start = Instant::now();
        self.engine.step(&mut self.change)?;
        black_box(self.engine.touch());
        self.spent += start.elapsed();
        let made = allocations::counts_since(before);

        let steady = &mut self.steady;
        steady.steps += 1;
        let sum = |sum: Option<u64>, more: Option<u64>| sum.zip(more).map(|(sum, more)| sum + more);
        steady.allocations = sum(steady.allocations, made.map(|made| made.allocations + made.reallocations));
        steady.allocated_bytes = sum(steady.allocated_bytes, made.map(|made| made.allocated_bytes));
        if self.engine.kind() == Kind::Deltas {
            self.engine.read(&mut self.outcome);
        }
        Ok(())
    }

    /// What was found, with the output compared with a recomputation over the rows as they are now.
    fn verified(mut self, view: View) -> Result<Steady> {
        if self.engine.kind() != Kind::Deltas {
            self.outcome = Outcome::default();
            self.engine.read(&mut self.outcome);
        }
        let mut expected = Outcome::default();
        headline::loaded("naive", view, &self.workload)?.read(&mut expected);
        if self.outcome != expected {
            self.steady.difference = Some(format!("has {}, a recomputation {expected}", self.outcome));
        }
        Ok(self.steady)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_end_with_what_a_recomputation_has() {
        crate::allocations::are_counted();
        let plan = Plan { rows: 400, changes: 30, warm_up: 3, time: Duration::from_millis(2) };
        for view in View::ALL {
            for engine in ["dbsp", "dbsp_view"] {
                let steady = run(view, engine, &plan).unwrap();
                assert_eq!(steady.difference, None, "{} {engine}", view.name());
                assert!(steady.steps > 0 && steady.seconds > 0.0);
                assert!(steady.allocations.is_some() && steady.bytes_per_s().is_some());
            }
        }
    }

    #[test]
    fn a_wrong_output_is_told() {
        let workload = Workload::new(50, 1);
        let engine = headline::loaded("dbsp", View::Join, &workload).unwrap();
        let (change, outcome) = (Change::default(), Outcome::default());
        let (spent, steady) = (Duration::ZERO, Steady::default());
        // The load is missing in what was added up.
        let stepped = Stepped { engine, workload, change, outcome, spent, steady };
        let told = stepped.verified(View::Join).unwrap().difference.unwrap();
        assert!(told.starts_with("has 0 rows") && told.contains("a recomputation 50 rows"), "{told}");
    }

    #[test]
    fn growth_is_of_what_was_there_after_the_warm_up() {
        let steady = Steady { warm: Some(200), end: Some(199), ..Steady::default() };
        assert_eq!(steady.growth_percent(), Some(-0.5));
        assert_eq!(Steady { warm: None, ..steady }.growth_percent(), None);
    }
}
