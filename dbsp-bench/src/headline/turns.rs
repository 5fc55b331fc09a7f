//! One case: engines get the same changes in turns, are timed, and must agree after every round.

use std::time::Instant;

use anyhow::bail;

use super::case::{Case, Plan};
use super::engine::{Engine, Kind, Make, Outcome};
use super::workload::{Change, Workload};
use crate::allocations;
use crate::measure::Samples;
use crate::report::Row;

/// Rows that a difference between engines prints.
const SHOWN: usize = 10;

/// An engine in its turns.
struct Contender {
    name: &'static str,
    engine: Box<dyn Engine>,
    /// The output integrated so far; of a recomputation, its last output.
    outcome: Outcome,
    samples: Samples,
    allocations: Option<u64>,
}

/// Runs `case` on `engines`: a row for each.
///
/// # Errors
/// When an engine faults, or when two engines differ: then with the first rows on which they do.
pub(super) fn run(case: Case, engines: &[(&'static str, Make)], quick: bool) -> anyhow::Result<Vec<Row>> {
    let plan = case.plan(quick);
    let contenders = match take_turns(case, plan, engines, &Outcome::default()) {
        Ok(contenders) => contenders,
        // Once more with all rows at hand, so that the difference can be shown.
        Err(error) => {
            return Err(take_turns(case, plan, engines, &Outcome::detailed()).err().unwrap_or(error));
        }
    };
    Ok(contenders.into_iter().map(|contender| contender.into_row(case)).collect())
}

/// Loads the engines, warms them up, and gives them their turns; compares after each.
fn take_turns(
    case: Case,
    plan: Plan,
    engines: &[(&'static str, Make)],
    empty: &Outcome,
) -> anyhow::Result<Vec<Contender>> {
    let mut workload = Workload::new(case.rows, 0xdb59);
    let mut contenders = Vec::with_capacity(engines.len());
    for (name, make) in engines {
        let engine = make(case.view, &workload)?;
        let mut outcome = empty.emptied();
        engine.read(&mut outcome);
        let (samples, allocations) = (Samples::default(), None);
        contenders.push(Contender { name, engine, outcome, samples, allocations });
    }
    compare(&contenders, "the load")?;

    for round in 0..=plan.rounds {
        let changes: Vec<Change> =
            (0..plan.samples * plan.group).map(|_| workload.change(case.changes)).collect();
        for contender in &mut contenders {
            contender.turn(changes.clone(), plan)?;
            if round == 0 {
                // The first round is the warm-up: buffers and tables have their size after it.
                (contender.samples, contender.allocations) = (Samples::default(), None);
            }
        }
        compare(&contenders, &format!("round {round} of {} steps", changes.len()))?;
    }
    Ok(contenders)
}

impl Contender {
    /// Takes the changes of one round.
    fn turn(&mut self, mut changes: Vec<Change>, plan: Plan) -> anyhow::Result<()> {
        match self.engine.kind() {
            Kind::Recomputes => self.recompute(&mut changes, plan)?,
            Kind::Deltas => self.step(&mut changes, plan)?,
            Kind::Keeps => {
                for group in changes.chunks_mut(plan.group) {
                    self.sample(group, false)?;
                }
            }
        }
        if self.engine.kind() != Kind::Deltas {
            self.outcome = self.outcome.emptied();
            self.engine.read(&mut self.outcome);
        }
        Ok(())
    }

    /// A recomputation is timed at every so many changes and follows the others outside the clock: what a
    /// step costs it does not depend on them.
    fn recompute(&mut self, changes: &mut [Change], plan: Plan) -> anyhow::Result<()> {
        let every = changes.len().div_ceil(plan.whole_samples);
        for changes in changes.chunks_mut(every) {
            let Some((last, skipped)) = changes.split_last_mut() else { continue };
            for change in skipped {
                self.engine.follow(change)?;
            }
            self.sample(std::slice::from_mut(last), false)?;
        }
        Ok(())
    }

    /// An engine of deltas has them added up after the clock has stopped, or, where several steps are one
    /// sample, as the way of reading them.
    fn step(&mut self, changes: &mut [Change], plan: Plan) -> anyhow::Result<()> {
        for group in changes.chunks_mut(plan.group) {
            self.sample(group, plan.group > 1)?;
            if plan.group == 1 {
                self.engine.read(&mut self.outcome);
            }
        }
        Ok(())
    }

    /// Times `changes` as one sample.
    fn sample(&mut self, changes: &mut [Change], reads: bool) -> anyhow::Result<()> {
        let before = allocations::count();
        let start = Instant::now();
        for change in changes.iter_mut() {
            self.engine.step(change)?;
            std::hint::black_box(self.engine.touch());
            if reads {
                self.engine.read(&mut self.outcome);
            }
        }
        self.samples.push_group(start.elapsed(), changes.len());
        let made = allocations::since(before);
        self.allocations = made.map(|made| made + self.allocations.unwrap_or_default());
        Ok(())
    }

    /// What was measured, as a row of the report.
    fn into_row(self, case: Case) -> Row {
        let mut row =
            Row::new("headline", case.to_string(), self.name).with_steps(&self.samples, case.changes);
        row.allocs_per_step = allocations::per_step(self.allocations, self.samples.steps());
        row.verified = Some(true);
        row
    }
}

/// Fails unless all engines have the same output.
fn compare(contenders: &[Contender], when: &str) -> anyhow::Result<()> {
    let Some((first, others)) = contenders.split_first() else { return Ok(()) };
    for other in others {
        if (first.outcome.rows, first.outcome.checksum) == (other.outcome.rows, other.outcome.checksum) {
            continue;
        }
        let mut rows = String::new();
        for (row, ours, theirs) in first.outcome.differences(&other.outcome, SHOWN) {
            rows += &format!("\n  {row:?}: weight {ours} in {}, {theirs} in {}", first.name, other.name);
        }
        bail!(
            "after {when}, {} has {} and {} has {}{rows}",
            first.name,
            first.outcome,
            other.name,
            other.outcome
        );
    }
    Ok(())
}
