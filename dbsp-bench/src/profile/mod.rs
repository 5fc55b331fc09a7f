//! A profile of one case: where the time of its steps goes, operator by operator.
//!
//! # Shape
//! `cargo xtask profile` runs the binary twice (`child-profile CASE …`). The first run takes the steps of the case
//! plainly, then in a fresh circuit with [`Circuit::start_profiling`], and prints the table of `table`. The second
//! one (`--seconds S`) takes plain steps again and again, for a profiler outside to look at; what it should look at
//! is below `measured_step` on the stack.
//!
//! # Not here
//! Nothing is verified and no rival runs: the suites do that, with the same circuits over the same changes.

mod table;

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use dbsp_runtime::Circuit;

use crate::{allocations, headline, latency, measure, nexmark};

/// The first argument by which the binary is told to profile: see [`child`].
pub const CHILD: &str = "child-profile";

/// What to profile.
#[derive(Debug, Clone, Parser)]
#[command(name = "child-profile", bin_name = "cargo xtask profile")]
pub struct Options {
    /// `VIEW/N/C`, `q4`, `ops10`: a case of the suites headline, nexmark or latency.
    pub case: String,

    /// Steps to look at, after those that warm the circuit up [default: by the case].
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,

    /// Events of the whole stream, in `nexmark` alone [default: 2,000,000].
    #[arg(long, value_name = "N")]
    pub events: Option<usize>,

    /// Take plain steps, all of them and for at least so many seconds, and print nothing.
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
}

/// A circuit with the changes that it is to take, after the steps that warm it up.
pub trait Running {
    /// Makes what the next step takes, outside of what is measured; says whether there is anything.
    fn prepare(&mut self) -> bool;

    /// One step: ingest, step, read what changed.
    ///
    /// # Errors
    /// When the step fails.
    fn step(&mut self) -> Result<()>;

    /// The circuit.
    fn circuit(&mut self) -> &mut Circuit;
}

/// A case: how it is started.
pub struct Case {
    /// Steps to look at, where the command line does not say.
    pub steps: usize,
    /// Starts it in a circuit of its own and warms it up.
    pub start: Start,
}

/// Starts a case.
pub type Start = Box<dyn Fn() -> Result<Box<dyn Running>>>;

impl Case {
    /// The case of a name in one of the suites.
    fn find(options: &Options) -> Result<Self> {
        let name = options.case.as_str();
        let case = headline::profiled(name).or_else(|| latency::profiled(name));
        case.or_else(|| nexmark::profiled(name, options.events)).with_context(|| {
            format!(
                "no case is called {name}: try join/50000/1000, q4 or ops10; docs/report.md has their names"
            )
        })
    }
}

/// Profiles a case.
///
/// # Errors
/// When there is no such case, or a step fails.
pub fn child(arguments: impl Iterator<Item = String>) -> Result<()> {
    let options = Options::parse_from(std::iter::once(CHILD.to_owned()).chain(arguments));
    let case = Case::find(&options)?;
    let steps = options.steps.unwrap_or(case.steps);
    if let Some(seconds) = options.seconds {
        return plainly(&case, steps, Duration::try_from_secs_f64(seconds)?);
    }

    // The first run is the one that gets the memory from the system.
    take(&mut *(case.start)()?, steps)?;
    let plain = take(&mut *(case.start)()?, steps)?;
    let mut running = (case.start)()?;
    let counter = allocations::count().map(|_| (|| allocations::count().unwrap_or_default()) as fn() -> u64);
    running.circuit().start_profiling(counter);
    take(&mut *running, steps)?;
    let circuit = running.circuit();
    let text = table::of(&options.case, &circuit.profile(), circuit, plain);
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Takes the steps of a case for at least so long, from the start as often as they come to an end.
fn plainly(case: &Case, steps: usize, least: Duration) -> Result<()> {
    let mut spent = Duration::ZERO;
    loop {
        let time = take(&mut *(case.start)()?, steps)?;
        spent += time;
        if spent >= least || time.is_zero() {
            return Ok(());
        }
    }
}

/// Takes so many steps, or as many as there are; gives their time, without that of preparing them.
fn take(running: &mut dyn Running, steps: usize) -> Result<Duration> {
    let mut time = Duration::ZERO;
    for _ in 0..steps {
        if !running.prepare() {
            break;
        }
        let start = Instant::now();
        measured_step(running)?;
        time += start.elapsed();
    }
    Ok(time)
}

/// A step that is looked at: `cargo xtask profile` looks for this name on the stack.
#[inline(never)]
fn measured_step(running: &mut dyn Running) -> Result<()> {
    running.step()?;
    // A call in the last place would leave no frame of this function.
    std::hint::black_box(());
    Ok(())
}

/// What a reading of the clock takes, as the table has to say.
fn clock() -> f64 {
    measure::clock_cost_ns()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_of_each_suite_is_found_and_takes_its_steps() {
        for name in ["join/2000/10", "ops10", "q4"] {
            let options = Options::parse_from(["", name, "--events", "2000"]);
            let case = Case::find(&options).unwrap();
            let mut running = (case.start)().unwrap();
            running.circuit().start_profiling(None);
            take(&mut *running, 3).unwrap();
            assert_eq!(running.circuit().profile().steps, 3, "{name}");
        }
        assert!(Case::find(&Options::parse_from(["", "q6"])).is_err());
    }
}
