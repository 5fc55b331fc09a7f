//! The profile of a circuit: where the time of its steps goes, operator by operator.
//!
//! # Shape       a tally for each node, in a box that a circuit has only while it is profiled.
//! # Invariants  what a circuit computes does not depend on whether it is profiled.
//! # Cost        profiled: two readings of the clock for each call of a node, and two of the counter of allocations.
//!   Not profiled: one look a step, as the passes of a step are compiled a second time for it.
//! # Not here    no percentiles and no history: a caller who wants them asks after each step.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use dbsp_zset::Overflow;

use crate::error::Operator;

/// What the steps of a circuit took since profiling started; see [`Circuit::profile`](crate::Circuit::profile). It is
/// displayed as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The operators, as in [`Circuit::graph`](crate::Circuit::graph).
    pub operators: Vec<OperatorProfile>,
    /// Steps that succeeded.
    pub steps: u64,
    /// The time of all steps, with that of finding out which operators have something to do, and of profiling them.
    pub time: Duration,
}

/// What one operator did.
///
/// The calls of a step that failed count as well, up to the one that stopped it by a panic: their time was spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorProfile {
    /// Which operator.
    pub operator: Operator,
    /// Steps in which it had something to do.
    pub calls: u64,
    /// Rows of the deltas that it put out, before rows that are equal are added up. None for an arrangement, a
    /// view or an output, which puts out no delta of its own.
    pub rows_out: u64,
    /// The time of computing, preparing and committing, without that of reading the clock.
    pub time: Duration,
    /// Allocations that it made, where somebody counts them.
    pub allocations: Option<u64>,
}

/// A line for each operator, and one for all steps.
impl Display for Profile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut line =
            |calls: &dyn Display, rows: &dyn Display, time: &str, made: &str, who: &dyn Display| {
                writeln!(f, "{calls:>10} {rows:>12} {time:>12} {made:>12}  {who}")
            };
        line(&"calls", &"rows out", "time", "allocations", &"operator")?;
        for OperatorProfile { operator, calls, rows_out, time, allocations } in &self.operators {
            let allocations = allocations.map(|made| made.to_string()).unwrap_or_default();
            line(calls, rows_out, &format!("{time:.1?}"), &allocations, operator)?;
        }
        line(&self.steps, &"", &format!("{:.1?}", self.time), "", &"all steps")
    }
}

/// What looks on while a step calls its nodes.
pub(crate) trait Watch {
    /// Makes one of the calls to the node at a position.
    fn call<T>(&mut self, at: usize, call: impl FnOnce() -> T) -> T;

    /// Takes note that a node has computed, and of how many rows it put out.
    fn computed(&mut self, at: usize, outcome: Result<bool, Overflow>, rows: impl FnOnce() -> usize);
}

/// Nobody looks on.
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    #[inline]
    fn call<T>(&mut self, _: usize, call: impl FnOnce() -> T) -> T {
        call()
    }

    #[inline]
    fn computed(&mut self, _: usize, _: Result<bool, Overflow>, _: impl FnOnce() -> usize) {}
}

/// Keeps the tallies of a circuit that is profiled.
pub(crate) struct Profiler {
    tallies: Vec<Tally>,
    steps: u64,
    time: Duration,
    counter: Option<fn() -> u64>,
    /// What the clock shows between two readings with nothing between them.
    clock: Duration,
}

/// What is known of one node.
#[derive(Clone, Default)]
struct Tally {
    calls: u64,
    rows_out: u64,
    time: Duration,
    allocations: u64,
}

impl Profiler {
    /// All tallies at zero.
    pub(crate) fn new(nodes: usize, counter: Option<fn() -> u64>) -> Self {
        let tallies = vec![Tally::default(); nodes];
        Self { tallies, steps: 0, time: Duration::ZERO, counter, clock: clock_cost() }
    }

    /// Takes note of a whole step.
    pub(crate) fn stepped(&mut self, time: Duration, has_succeeded: bool) {
        self.time += time;
        self.steps += u64::from(has_succeeded);
    }

    /// The profile so far.
    pub(crate) fn profile(&self, operators: &[Operator]) -> Profile {
        let of = |(operator, tally): (&Operator, &Tally)| OperatorProfile {
            operator: operator.clone(),
            calls: tally.calls,
            rows_out: tally.rows_out,
            time: tally.time,
            allocations: self.counter.map(|_| tally.allocations),
        };
        Profile {
            operators: operators.iter().zip(&self.tallies).map(of).collect(),
            steps: self.steps,
            time: self.time,
        }
    }
}

impl Watch for Profiler {
    fn call<T>(&mut self, at: usize, call: impl FnOnce() -> T) -> T {
        let before = self.counter.map(|count| count());
        let start = Instant::now();
        let outcome = call();
        let time = start.elapsed();
        let made = self.counter.zip(before).map(|(count, before)| count().saturating_sub(before));
        let tally = &mut self.tallies[at];
        tally.time += time.saturating_sub(self.clock);
        tally.allocations += made.unwrap_or_default();
        outcome
    }

    fn computed(&mut self, at: usize, outcome: Result<bool, Overflow>, rows: impl FnOnce() -> usize) {
        let tally = &mut self.tallies[at];
        tally.calls += 1;
        if outcome == Ok(true) {
            tally.rows_out += rows() as u64;
        }
    }
}

/// The median of what the clock shows between two readings in a row.
fn clock_cost() -> Duration {
    let mut costs = [(); 101].map(|()| Instant::now().elapsed());
    costs.sort_unstable();
    costs[costs.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_puts_nothing_out_counts_no_rows() {
        let mut profiler = Profiler::new(2, None);
        assert_eq!(profiler.call(1, || 7), 7);
        profiler.computed(1, Ok(true), || 5);
        profiler.computed(1, Ok(false), || 3);
        profiler.computed(1, Err(Overflow), || 3);
        let tally = &profiler.tallies[1];
        assert_eq!((tally.calls, tally.rows_out, profiler.tallies[0].calls), (3, 5, 0));
    }

    #[test]
    fn the_counter_is_asked_around_each_call() {
        fn rising() -> u64 {
            use std::sync::atomic::{AtomicU64, Ordering};
            static COUNT: AtomicU64 = AtomicU64::new(10);
            COUNT.fetch_add(3, Ordering::Relaxed)
        }
        let mut profiler = Profiler::new(1, Some(rising));
        profiler.call(0, || ());
        profiler.call(0, || ());
        assert_eq!(profiler.tallies[0].allocations, 6);
    }
}
