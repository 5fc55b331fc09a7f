//! The tail of steps while state grows, stays as it is, and shrinks: no step may pay for a whole table.
//!
//! # Cases
//! `PHASE/STATE`: `grow` takes 100 rows a step up to 1,000,000 (100,000 with `--quick`), `steady` replaces 50 of them a
//! step, `shrink` takes all of them away again; each is looked at while there are 1,000 rows or more. STATE is what holds
//! them: `view`, `distinct`, `count` and `max` by a key that every row has of its own, `trace` (a keyed view).
//!
//! # Figures
//! Processor time of the thread, as a pause of the machine is no work of a step: p50, p99, p99.99 and the worst step.
//!
//! # Verified
//! After each phase as many rows are in the state as are live.

use anyhow::ensure;
use cpu_time::ThreadTime;
use dbsp_runtime::{Circuit, Input, Output};
use dbsp_zset::Delta;

use super::SUITE;
use crate::headline::SplitMix;
use crate::measure::Samples;
use crate::options::Options;
use crate::report::{DBSP, Report, Row};

/// A row: a key of its own, and a value.
type Pair = (u64, u64);

/// Rows that come or go in a step.
const BATCH: usize = 100;
/// Steps over fewer rows are not looked at.
const FEWEST: usize = 1_000;
/// What holds the rows.
const STATES: [&str; 5] = ["view", "distinct", "count", "max", "trace"];
/// What happens to them.
const PHASES: [&str; 3] = ["grow", "steady", "shrink"];

/// A circuit with one state, and the rows that it ought to hold.
struct Tail {
    circuit: Circuit,
    input: Input<Pair>,
    /// How many rows the state has.
    rows: Box<dyn Fn(&Circuit) -> usize>,
    /// What the last step changed in it, where only changes are given out.
    changed: Option<Box<dyn Fn(&Circuit) -> i64>>,
    sum: i64,
    live: Vec<Pair>,
    random: SplitMix,
}

/// Runs the cases that were asked for.
///
/// # Errors
/// When a circuit cannot be built or a step fails. A wrong number of rows is a failure in the report.
pub(super) fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let wanted = |state: &str| PHASES.iter().any(|phase| options.wants(&format!("{phase}/{state}")));
    let states: Vec<_> = STATES.into_iter().filter(|state| wanted(state)).collect();
    options.progress.expect(states.len());
    let most = if options.quick { 100_000 } else { 1_000_000 };
    for state in states {
        options.progress.start(SUITE, state);
        let mut tail = Tail::new(state)?;
        for phase in PHASES {
            let samples = tail.phase(phase, FEWEST + most)?;
            let case = format!("{phase}/{state}");
            let rows = tail.rows();
            if rows != tail.live.len() {
                report.fail(format!("{SUITE} {case}: {rows} rows instead of {}", tail.live.len()));
            }
            if options.wants(&case) {
                let row = Row::new(SUITE, case, DBSP).with_steps(&samples, BATCH);
                report.add_case(vec![Row {
                    p9999_us: samples.p9999_us(),
                    worst_us: samples.quantile_us(1.0),
                    verified: Some(rows == tail.live.len()),
                    ..row
                }]);
            }
        }
        options.progress.done();
    }
    Ok(())
}

impl Tail {
    fn new(state: &str) -> anyhow::Result<Self> {
        type Made = (Input<Pair>, Box<dyn Fn(&Circuit) -> usize>, Option<Box<dyn Fn(&Circuit) -> i64>>);
        fn changes<R: dbsp_zset::Row>(output: Output<R>) -> Option<Box<dyn Fn(&Circuit) -> i64>> {
            Some(Box::new(move |circuit| circuit.delta(output).weights().iter().sum()))
        }
        let (circuit, made) = Circuit::build(|builder| -> Option<Made> {
            let (rows, input) = builder.input::<Pair>("rows");
            let none: Box<dyn Fn(&Circuit) -> usize> = Box::new(|_| 0);
            Some(match state {
                "view" => {
                    let view = rows.view();
                    (input, Box::new(move |circuit| circuit[view].len()), None)
                }
                "trace" => {
                    let view = rows.keyed().view();
                    (input, Box::new(move |circuit| circuit[view].len()), None)
                }
                "distinct" => (input, none, changes(rows.distinct().output())),
                "count" => (input, none, changes(rows.keyed().count().output())),
                "max" => (input, none, changes(rows.keyed().max().output())),
                _ => return None,
            })
        })?;
        let Some((input, rows, changed)) = made else { anyhow::bail!("there is no state {state}") };
        Ok(Self { circuit, input, rows, changed, sum: 0, live: Vec::new(), random: SplitMix::new(5) })
    }

    /// How many rows the state has.
    fn rows(&self) -> usize {
        (self.rows)(&self.circuit) + usize::try_from(self.sum).unwrap_or(usize::MAX / 2)
    }

    /// Times the steps of a phase.
    fn phase(&mut self, phase: &str, most: usize) -> anyhow::Result<Samples> {
        let steps = most / BATCH;
        let steps = if phase == "steady" { steps / 2 } else { steps };
        let mut samples = Samples::with_capacity(steps);
        let mut change = Delta::with_capacity(BATCH);
        for _ in 0..steps {
            let (come, go) = match phase {
                "grow" => (BATCH, 0),
                "steady" => (BATCH / 2, BATCH / 2),
                _ => (0, BATCH),
            };
            self.change(come, go, &mut change);
            self.circuit[self.input].append(&mut change);
            let looked_at = self.live.len() >= FEWEST;
            let start = ThreadTime::now();
            self.circuit.step()?;
            let elapsed = start.elapsed();
            if looked_at {
                samples.push(elapsed);
            }
            self.sum += self.changed.as_ref().map_or(0, |changed| changed(&self.circuit));
        }
        samples.end_round();
        ensure!(samples.steps() > 0, "{phase} has no step over {FEWEST} rows");
        Ok(samples)
    }

    /// A change in which so many rows come and so many random ones go.
    fn change(&mut self, come: usize, go: usize, change: &mut Delta<Pair>) {
        for _ in 0..go {
            let last = self.random.below(self.live.len() as u64);
            let row = self.live.swap_remove(usize::try_from(last).expect("an index fits"));
            change.delete(row);
        }
        for _ in 0..come {
            let row = (self.random.below(u64::MAX), self.random.below(1_000));
            self.live.push(row);
            change.insert(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_holds_what_is_live_after_each_phase() {
        for state in STATES {
            let mut tail = Tail::new(state).unwrap();
            for phase in PHASES {
                let samples = tail.phase(phase, 2_000).unwrap();
                assert_eq!(tail.rows(), tail.live.len(), "{phase}/{state}");
                assert!(samples.quantile_us(1.0) >= samples.median_us());
            }
            assert!(tail.live.is_empty());
        }
    }
}
