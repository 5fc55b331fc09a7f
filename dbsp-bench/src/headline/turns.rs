//! One case: engines get the same changes in turns, are timed, and must agree after every round.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::case::{Case, Plan};
use super::engine::{Engine, Kind, Outcome, Remote};
use super::workload::{Change, Workload};
use super::{Entrant, Start};
use crate::allocations;
use crate::measure::{CpuClock, Samples};
use crate::report::Row;

/// Rows that a difference between engines prints.
const SHOWN: usize = 10;

/// How long the timed rounds of a remote engine may take in one case: the slower it is, the fewer of its steps are
/// timed, down to one a round.
const REMOTE_BUDGET: Duration = Duration::from_secs(20);

/// An engine in its turns.
struct Contender {
    name: &'static str,
    engine: Player,
    /// The output integrated so far; of a recomputation, its last output.
    outcome: Outcome,
    samples: Samples,
    allocations: Option<u64>,
    cpu: Option<Duration>,
}

/// Where an engine runs.
enum Player {
    /// In this process.
    Here(Box<dyn Engine>),
    /// In a process of its own, of which so many steps a round are timed.
    Away(Box<dyn Remote>, usize),
}

/// An engine that could not take part, and why.
pub(super) type Absent = (&'static str, String);

/// What a case measured, and which engines could not take part.
pub(super) struct Measured {
    /// A row for each engine that took part.
    pub(super) rows: Vec<Row>,
    /// The others, and why.
    pub(super) absent: Vec<Absent>,
}

/// Runs `case` on `entrants`: a row for each.
///
/// # Errors
/// When an engine faults, or when two engines differ: then with the first rows on which they do. A remote engine
/// that faults drops out instead.
pub(super) fn run(case: Case, entrants: &[Entrant], quick: bool) -> anyhow::Result<Measured> {
    let plan = case.plan(quick);
    let mut absent = Vec::new();
    let contenders = match take_turns(case, plan, entrants, &Outcome::default(), &mut absent) {
        Ok(contenders) => contenders,
        // Once more with all rows at hand, so that the difference can be shown.
        Err(error) => {
            let shown = take_turns(case, plan, entrants, &Outcome::detailed(), &mut absent);
            return Err(shown.err().unwrap_or(error));
        }
    };
    let rows = contenders.into_iter().map(|contender| contender.into_row(case)).collect();
    Ok(Measured { rows, absent })
}

/// Loads the engines, warms them up, and gives them their turns; compares after each.
fn take_turns(
    case: Case,
    plan: Plan,
    entrants: &[Entrant],
    empty: &Outcome,
    absent: &mut Vec<Absent>,
) -> anyhow::Result<Vec<Contender>> {
    absent.clear();
    let mut workload = Workload::new(case.rows, 0xdb59);
    let mut contenders = Vec::with_capacity(entrants.len());
    for entrant in entrants {
        match Contender::loaded(entrant, case, &workload, empty) {
            Ok(contender) => contenders.push(contender),
            Err(error) if entrant.is_remote() => absent.push((entrant.name, format!("{error:#}"))),
            Err(error) => return Err(error),
        }
    }
    compare(&contenders, "the load")?;

    for round in 0..=plan.rounds {
        let changes: Vec<Change> =
            (0..plan.samples * plan.group).map(|_| workload.change(case.changes)).collect();
        let mut out = Vec::new();
        for (i, contender) in contenders.iter_mut().enumerate() {
            match contender.turn(&changes, plan, round == 0) {
                Ok(()) => {}
                Err(error) if contender.engine.is_away() => {
                    absent.push((contender.name, format!("{error:#}")));
                    out.push(i);
                }
                Err(error) => return Err(error.context(contender.name)),
            }
        }
        for i in out.into_iter().rev() {
            contenders.remove(i);
        }
        compare(&contenders, &format!("round {round} of {} steps", changes.len()))?;
    }
    Ok(contenders)
}

impl Player {
    fn is_away(&self) -> bool {
        matches!(self, Self::Away(..))
    }
}

impl Contender {
    /// An engine with its base loaded, and its output so far.
    fn loaded(entrant: &Entrant, case: Case, workload: &Workload, empty: &Outcome) -> anyhow::Result<Self> {
        let mut outcome = empty.emptied();
        let engine = match entrant.start {
            Start::Here(make) => {
                let engine = make(case.view, workload).context(entrant.name)?;
                engine.read(&mut outcome);
                Player::Here(engine)
            }
            Start::Away(make) => {
                let remote = make(case.view, workload)?;
                outcome = remote.loaded().clone();
                // The warm-up shows how long a step takes.
                Player::Away(remote, 2)
            }
        };
        let (samples, allocations, cpu) = (Samples::default(), None, None);
        Ok(Self { name: entrant.name, engine, outcome, samples, allocations, cpu })
    }

    /// Takes the changes of one round; the first round is the warm-up.
    fn turn(&mut self, changes: &[Change], plan: Plan, is_warm_up: bool) -> anyhow::Result<()> {
        let start = Instant::now();
        if self.engine.is_away() {
            self.take_away(changes)?;
        } else {
            self.take_here(changes, plan)?;
        }
        self.samples.end_round();
        if is_warm_up {
            // Buffers and tables have their size now.
            (self.samples, self.allocations, self.cpu) = (Samples::default(), None, None);
            if let Player::Away(_, timed) = &mut self.engine {
                let step = start.elapsed() / u32::try_from(*timed).unwrap_or(1);
                *timed = affordable(step, plan);
            }
        }
        Ok(())
    }

    /// The turn of an engine in another process.
    fn take_away(&mut self, changes: &[Change]) -> anyhow::Result<()> {
        let Player::Away(remote, timed) = &mut self.engine else { return Ok(()) };
        let (steps, timed) = thinned(changes, *timed);
        let turn = remote.turn(&steps, &timed)?;
        turn.nanos.iter().for_each(|nanos| self.samples.push(Duration::from_nanos(*nanos)));
        let cpu = Duration::from_nanos(turn.cpu_nanos);
        self.cpu = Some(self.cpu.unwrap_or_default() + cpu);
        self.outcome = turn.outcome;
        Ok(())
    }

    /// The turn of an engine in this process.
    fn take_here(&mut self, changes: &[Change], plan: Plan) -> anyhow::Result<()> {
        let Player::Here(engine) = &mut self.engine else { return Ok(()) };
        let mut changes = changes.to_vec();
        let changes = changes.as_mut_slice();
        engine.prepare(changes)?;
        let mut turn = Turn {
            kind: engine.kind(),
            counts: engine.works_on_this_thread(),
            engine: engine.as_mut(),
            outcome: &mut self.outcome,
            samples: &mut self.samples,
            allocations: &mut self.allocations,
            cpu: CpuClock::new(),
        };
        match turn.kind {
            Kind::Recomputes => turn.recompute(changes, plan)?,
            Kind::Deltas => turn.step(changes, plan)?,
            Kind::Keeps => {
                for group in changes.chunks_mut(plan.group) {
                    turn.sample(group, false)?;
                }
            }
        }
        let cpu = turn.cpu.finish();
        if engine.kind() != Kind::Deltas {
            self.outcome = self.outcome.emptied();
            engine.read(&mut self.outcome);
        }
        if let Some(cpu) = cpu {
            self.cpu = Some(self.cpu.unwrap_or_default() + cpu);
        }
        Ok(())
    }

    /// What was measured, as a row of the report.
    fn into_row(self, case: Case) -> Row {
        let mut row =
            Row::new("headline", case.to_string(), self.name).with_steps(&self.samples, case.changes);
        row.allocs_per_step = allocations::per_step(self.allocations, self.samples.steps());
        row.cpu_seconds = self.cpu.map(|cpu| cpu.as_secs_f64());
        row.verified = Some(true);
        if let Player::Away(remote, _) = self.engine {
            // Its figures stand, however it ends.
            let _ = remote.quit();
        }
        row
    }
}

/// A turn of an engine in this process.
struct Turn<'t> {
    engine: &'t mut dyn Engine,
    kind: Kind,
    counts: bool,
    outcome: &'t mut Outcome,
    samples: &'t mut Samples,
    allocations: &'t mut Option<u64>,
    cpu: CpuClock,
}

impl Turn<'_> {
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
                self.engine.read(self.outcome);
            }
        }
        Ok(())
    }

    /// Times `changes` as one sample.
    fn sample(&mut self, changes: &mut [Change], reads: bool) -> anyhow::Result<()> {
        let before = allocations::count();
        self.cpu.start();
        let start = Instant::now();
        for change in changes.iter_mut() {
            self.engine.step(change)?;
            std::hint::black_box(self.engine.touch());
            if reads {
                self.engine.read(self.outcome);
            }
        }
        let elapsed = start.elapsed();
        self.cpu.stop();
        let made = allocations::since(before).filter(|_| self.counts);
        self.samples.push_group(elapsed, changes.len());
        *self.allocations = made.map(|made| made + self.allocations.unwrap_or_default());
        Ok(())
    }
}

/// Steps that a round may time when one of them, with the skipped ones before it, takes `step`.
fn affordable(step: Duration, plan: Plan) -> usize {
    let round = REMOTE_BUDGET.as_secs_f64() / plan.rounds as f64;
    ((round / step.as_secs_f64().max(1e-6)) as usize).clamp(1, plan.whole_samples)
}

/// The changes of a round with all but `timed` of them merged into untimed steps, and where the timed ones are
/// then: a slow engine takes a few large steps, and has the same output after them.
fn thinned(changes: &[Change], timed: usize) -> (Vec<Change>, Vec<usize>) {
    let every = changes.len().div_ceil(timed.max(1)).max(1);
    let (mut steps, mut positions) = (Vec::new(), Vec::new());
    for changes in changes.chunks(every) {
        let Some((last, skipped)) = changes.split_last() else { continue };
        if !skipped.is_empty() {
            steps.push(Change::merged(skipped));
        }
        positions.push(steps.len());
        steps.push(last.clone());
    }
    (steps, positions)
}

/// Fails unless all engines have the same output.
fn compare(contenders: &[Contender], when: &str) -> anyhow::Result<()> {
    let Some((first, others)) = contenders.split_first() else { return Ok(()) };
    for other in others {
        if (first.outcome.rows, first.outcome.checksum) == (other.outcome.rows, other.outcome.checksum) {
            continue;
        }
        let mut rows = String::new();
        if other.engine.is_away() {
            rows += "; which rows differ is not known of an engine in another process";
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_changes_have_the_same_sum_and_time_the_last_of_each_part() {
        let mut workload = Workload::new(30, 3);
        let changes: Vec<Change> = (0..10).map(|_| workload.change(8)).collect();
        for timed in [1, 3, 5, 10, 99] {
            let (steps, positions) = thinned(&changes, timed);
            assert_eq!(steps[*positions.last().unwrap()].new, changes[9].new, "{timed}");
            let sum = |changes: &[Change]| {
                let mut outcome = Outcome::default();
                for (row, weight) in changes.iter().flat_map(|change| &change.delta) {
                    outcome.add([row.0, row.1, row.2.cast_unsigned()], *weight);
                }
                outcome
            };
            assert_eq!(sum(&steps), sum(&changes), "{timed}");
        }
        assert_eq!(thinned(&changes, 10).1, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_slow_engine_is_timed_at_fewer_steps_but_at_one_a_round() {
        let plan = Plan { rounds: 8, samples: 20, group: 1, whole_samples: 10 };
        assert_eq!(affordable(Duration::from_millis(1), plan), 10);
        assert_eq!(affordable(Duration::from_millis(500), plan), 5);
        assert_eq!(affordable(Duration::from_secs(60), plan), 1);
    }
}
