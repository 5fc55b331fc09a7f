//! Timing a query: all steps of a stream, several times over, after one run that is checked.
//!
//! # Clock  a step is: hand over the prepared deltas (a swap, for the buffers are empty), step, copy every
//!   row of the output's delta. Outside: generating events, making the deltas, integrating and comparing.
//!
//! A step's deltas are cloned from the prepared ones right before it, so that a stream can be run again.
//! They are therefore in the cache, like rows that have just arrived, and share their strings with the
//! prepared rows: a step pays for counting references, not for freeing text.

use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;
use dbsp_zset::Delta;

use super::changes::{Changes, tables};
use super::query::{Query, Running};
use super::verify;
use crate::allocations;
use crate::measure::{self, Samples};

/// What was found out about one query.
pub struct Measured {
    /// The steps of all timed runs.
    pub samples: Samples,
    /// Seconds that all steps of a run took together; the median run.
    pub seconds: f64,
    /// Allocations of all timed steps together, where the binary counts them.
    pub allocations: Option<u64>,
    /// In what the result differs from the oracle's, if in anything.
    pub difference: Option<String>,
}

/// What a step cost.
pub struct Cost {
    /// Its time.
    pub elapsed: Duration,
    /// Its allocations, where the binary counts them.
    pub allocations: Option<u64>,
}

/// Checks `Q` against its oracle over `steps`, then times it in `runs` runs.
///
/// # Errors
/// When a step fails.
pub fn measure<Q: Query>(steps: &[Changes], runs: usize) -> Result<Measured> {
    let mut changes: Vec<(Q::Row, i64)> = Vec::new();
    for_each_step::<Q>(steps, |delta, _| {
        changes.extend(delta.iter().map(|(row, weight)| (row.clone(), *weight)));
    })?;
    let result = verify::integrated(changes);
    let net: i64 = result.iter().map(|(_, weight)| weight).sum();
    let oracle = verify::integrated(Q::oracle(&tables(steps)).into_iter().map(|row| (row, 1)).collect());
    let mut difference = verify::difference(&result, &oracle);

    let mut samples = Samples::default();
    let mut seconds = Vec::with_capacity(runs);
    let mut allocations = None;
    for run in 0..runs {
        let (mut rows, mut total) = (0, Duration::ZERO);
        for_each_step::<Q>(steps, |delta, cost| {
            rows += delta.weights().iter().sum::<i64>();
            samples.push(cost.elapsed);
            total += cost.elapsed;
            if let Some(made) = cost.allocations {
                *allocations.get_or_insert(0) += made;
            }
        })?;
        seconds.push(total.as_secs_f64());
        if rows != net {
            difference.get_or_insert_with(|| format!("timed run {run} ended with {rows} rows, not {net}"));
        }
    }
    let seconds = measure::quantile(&mut seconds, 0.5).unwrap_or_default();
    Ok(Measured { samples, seconds, allocations, difference })
}

/// Runs a new circuit of `Q` over `steps`; gives `after` the change of the result and the cost of each
/// step.
///
/// # Errors
/// When a step fails.
pub fn for_each_step<Q: Query>(steps: &[Changes], mut after: impl FnMut(&Delta<Q::Row>, Cost)) -> Result<()> {
    let mut running = Running::<Q>::new()?;
    for step in steps {
        let mut changes = step.clone();
        let before = allocations::count();
        let (delta, elapsed) = measure::time(|| {
            let delta = running.step(&mut changes)?;
            for (row, weight) in delta.iter() {
                black_box((row.clone(), *weight));
            }
            anyhow::Ok(delta)
        });
        after(delta?, Cost { elapsed, allocations: allocations::since(before) });
    }
    Ok(())
}
