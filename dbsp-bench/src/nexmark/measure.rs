//! Timing a query: all steps of a stream, several times over, after one run that is checked.
//!
//! # Clock  a step is: hand over the prepared changes (our circuit swaps buffers, for its own are empty), step,
//!   read every row of the result's change. Outside: generating events, bringing a step's changes into the
//!   engine's own form right before it, integrating and comparing.
//! # Turns  run by run: ours, then each peer.
//!
//! Rows of a step share their strings with the generated ones, where an engine can: a step of such an engine pays
//! for counting references, not for freeing text.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::changes::{Changes, tables};
use super::query::{Engine, Query, Rival, Running};
use super::verify;
use crate::allocations;
use crate::measure::{self, CpuClock, Samples};
use crate::peers::Peers;
use crate::report::DBSP;

/// What was found out about one engine with one query.
pub struct Measured {
    /// The engine.
    pub engine: &'static str,
    /// The steps of all timed runs.
    pub samples: Samples,
    /// Seconds that all steps of a run took together; the median run.
    pub seconds: f64,
    /// Processor time of a run's steps, all threads; the mean run.
    pub cpu_seconds: Option<f64>,
    /// Allocations of all timed steps together, where they can be counted.
    pub allocations: Option<u64>,
    /// In what the result differs from the oracle's, if in anything.
    pub difference: Option<String>,
}

/// What a step cost.
pub struct Cost {
    /// Its time.
    pub elapsed: Duration,
    /// Its allocations, where they can be counted.
    pub allocations: Option<u64>,
}

/// Ours and the peers with a query.
fn engines<Q: Query>(peers: &Peers) -> Vec<Rival<Q::Row>> {
    let ours: Rival<Q::Row> = (DBSP, || Ok(Box::new(Running::<Q>::new()?)));
    std::iter::once(ours).chain(Q::rivals(&peers.nexmark).iter().copied()).collect()
}

/// Checks each engine with `Q` against the oracle over `steps`, then times it in `runs` runs.
///
/// # Errors
/// When a step fails.
pub fn measure<Q: Query>(steps: &[Changes], runs: usize, peers: &Peers) -> Result<Vec<Measured>> {
    let engines = engines::<Q>(peers);
    let oracle = verify::integrated(Q::oracle(&tables(steps)).into_iter().map(|row| (row, 1)).collect());
    let net: i64 = oracle.iter().map(|(_, weight)| weight).sum();
    let mut all = Vec::with_capacity(engines.len());
    for &(engine, start) in &engines {
        let mut changes: Vec<(Q::Row, i64)> = Vec::new();
        for_each_step(start().context(engine)?.as_mut(), steps, |engine, _| engine.read(&mut changes))
            .context(engine)?;
        let difference = verify::difference(&verify::integrated(changes), &oracle);
        let (samples, allocations, cpu_seconds) = (Samples::default(), None, None);
        all.push(Measured { engine, samples, seconds: 0.0, cpu_seconds, allocations, difference });
    }
    drop(oracle);

    let mut seconds = vec![Vec::with_capacity(runs); engines.len()];
    for run in 0..runs {
        for ((&(name, start), measured), seconds) in engines.iter().zip(&mut all).zip(&mut seconds) {
            let mut engine = start().context(name)?;
            let counts = engine.works_on_this_thread();
            let (mut rows, mut total) = (0, Duration::ZERO);
            let cpu = for_each_step(engine.as_mut(), steps, |engine, cost| {
                rows += engine.touch();
                measured.samples.push(cost.elapsed);
                total += cost.elapsed;
                if let Some(made) = cost.allocations.filter(|_| counts) {
                    *measured.allocations.get_or_insert(0) += made;
                }
            })
            .context(name)?;
            measured.samples.end_round();
            seconds.push(total.as_secs_f64());
            if let Some(cpu) = cpu {
                *measured.cpu_seconds.get_or_insert(0.0) += cpu.as_secs_f64() / runs as f64;
            }
            if rows != net {
                measured
                    .difference
                    .get_or_insert_with(|| format!("timed run {run} ended with {rows} rows, not {net}"));
            }
        }
    }
    for (measured, mut seconds) in all.iter_mut().zip(seconds) {
        measured.seconds = measure::quantile(&mut seconds, 0.5).unwrap_or_default();
    }
    Ok(all)
}

/// Runs `engine` with `Q` once over `steps`, for what that makes of the memory.
///
/// # Errors
/// When there is no such engine, or a step fails.
pub fn run<Q: Query>(steps: &[Changes], engine: &str, peers: &Peers) -> Result<()> {
    let engines = engines::<Q>(peers);
    let found = engines.iter().find(|(name, _)| *name == engine);
    let (_, start) = found.with_context(|| format!("there is no engine {engine} with {}", Q::NAME))?;
    for_each_step(start()?.as_mut(), steps, |_, _| {})?;
    Ok(())
}

/// Runs `engine` over `steps`; gives `after` the engine and the cost of each step. Gives the processor time of the
/// steps together, where the system tells.
///
/// # Errors
/// When a step fails.
pub fn for_each_step<R>(
    engine: &mut dyn Engine<R>,
    steps: &[Changes],
    mut after: impl FnMut(&dyn Engine<R>, Cost),
) -> Result<Option<Duration>> {
    let mut cpu = CpuClock::new();
    for step in steps {
        engine.prepare(step);
        let before = allocations::count();
        cpu.start();
        let (done, elapsed) = measure::time(|| {
            engine.step()?;
            anyhow::Ok(engine.touch())
        });
        cpu.stop();
        let allocations = allocations::since(before);
        done?;
        after(engine, Cost { elapsed, allocations });
    }
    Ok(cpu.finish())
}
