//! The Nexmark suite: standing queries over an auction house's stream of persons, auctions and bids.
//!
//! ```text
//! generator ──▶ changes (a delta a table, a step) ──▶ query: circuit ──▶ measure ──▶ report
//!                                                └──▶ oracle: from scratch ──▶ verify ┘
//! ```
//!
//! # Cases  q0 to q5 and q7 to q9 of the 23 queries; each in a file of [`queries`] with its SQL.
//! # Sizes  2,000,000 events in steps of 40,000 when the suite is named alone; among other suites
//!   200,000, with `--quick` 50,000, then in ten steps.
//! # Figures  `seconds` and `events_per_s` are of the median of the timed runs, `p50_us` and `p99_us` of
//!   the steps of all of them; `peak_rss_bytes` is that of a process of its own ([`crate::footprint`]), events
//!   included, and a note tells how much of it they are.
//! # Verified  the integrated output of a run over the same steps is compared with the oracle's answer
//!   over all events; timed runs must end with as many rows.
//! # Peers  Feldera and differential dataflow, where the binary has them: the same steps, the same check.
//! # No other rival  the oracle answers once, at the end, where a circuit answers after each step: their times
//!   are not of equal work, and so neither it nor a ratio is reported.

pub mod changes;
pub mod events;
pub mod generator;
pub mod measure;
pub mod oracle;
mod profiled;
pub mod queries;
pub mod query;
#[cfg(test)]
mod tests;
pub mod verify;

use std::io::Write as _;
use std::rc::Rc;

use anyhow::{Context as _, Result};

use self::changes::Changes;
use self::generator::Generator;
use self::measure::Measured;
pub(crate) use self::profiled::profiled;
use self::queries::{q0::Q0, q1::Q1, q2::Q2, q3::Q3, q4::Q4, q5::Q5, q7::Q7, q8::Q8, q9::Q9};
use self::query::Query;
use crate::allocations;
use crate::footprint::{self, Memory};
use crate::options::{Options, Suite};
use crate::peers::Peers;
use crate::profile::Running;
use crate::report::{DBSP, Report, Row};

/// The first argument by which the binary is told to be a child process of this suite: see [`child`].
pub const CHILD: &str = "child-nexmark";

/// The name of the suite.
const SUITE: &str = "nexmark";

/// A query without its types.
struct Case {
    name: &'static str,
    measure: fn(&[Changes], usize, &Peers) -> Result<Vec<Measured>>,
    run: fn(&[Changes], &str, &Peers) -> Result<()>,
    start: fn(&Rc<[Changes]>) -> Result<Box<dyn Running>>,
}

/// The queries, in order.
const CASES: [Case; 9] = [
    Case::of::<Q0>(),
    Case::of::<Q1>(),
    Case::of::<Q2>(),
    Case::of::<Q3>(),
    Case::of::<Q4>(),
    Case::of::<Q5>(),
    Case::of::<Q7>(),
    Case::of::<Q8>(),
    Case::of::<Q9>(),
];

impl Case {
    const fn of<Q: Query>() -> Self {
        Self {
            name: Q::NAME,
            measure: measure::measure::<Q>,
            run: measure::run::<Q>,
            start: profiled::start::<Q>,
        }
    }
}

/// How much is run.
struct Size {
    events: usize,
    batch: usize,
    runs: usize,
}

impl Size {
    fn of(options: &Options) -> Self {
        let (events, runs) = match (options.quick, options.suite) {
            (true, _) => (50_000, 1),
            (false, Some(Suite::Nexmark)) => (2_000_000, 5),
            (false, _) => (200_000, 5),
        };
        let events = options.events.unwrap_or(events);
        let batch = options.batch.unwrap_or_else(|| (events / 10).clamp(1, 40_000));
        Self { events, batch, runs }
    }
}

/// Runs the queries that `options` asks for; what was measured is in `report`.
///
/// # Errors
/// When a circuit cannot be built or a step fails. A wrong result is a failure in the report.
pub fn run(options: &Options, peers: &Peers, report: &mut Report) -> Result<()> {
    let cases: Vec<_> = CASES.iter().filter(|case| options.wants(case.name)).collect();
    if cases.is_empty() {
        return Ok(());
    }
    let size = Size::of(options);
    options.progress.expect(cases.len());
    options.progress.start(SUITE, "generating events");
    let steps = generate(size.events, size.batch);

    let mut memories = Vec::new();
    for case in cases {
        options.progress.start(SUITE, case.name);
        let mut rows = Vec::new();
        for measured in (case.measure)(&steps, size.runs, peers).with_context(|| case.name)? {
            let engine = measured.engine;
            let (events, batch) = (size.events.to_string(), size.batch.to_string());
            let memory = match footprint::of_child(&[CHILD, case.name, &events, &batch, engine]) {
                Ok(memory) => memory,
                Err(error) => {
                    report
                        .note(format!("{SUITE} {} {engine}: memory was not measured: {error:#}", case.name));
                    Memory::default()
                }
            };
            if engine == DBSP {
                memories.push((case.name, memory));
            }
            rows.push(row(case.name, &size, &measured, memory));
            if let Some(difference) = measured.difference {
                report.fail(format!("{SUITE} {} {engine}: {difference}", case.name));
            }
        }
        report.add_case(rows);
        options.progress.done();
    }
    if let Some(note) = memory_note(&memories) {
        report.note(note);
    }
    Ok(())
}

/// Runs one query as a child process: `arguments` are its name, the number of events, the size of a step, and
/// the engine; one line of JSON on the standard output says what it made of the memory.
///
/// # Errors
/// When the arguments are not of that form, or a step fails.
pub fn child(mut arguments: impl Iterator<Item = String>, peers: &Peers) -> Result<()> {
    let mut argument = |name: &str| arguments.next().with_context(|| format!("{CHILD}: {name} is missing"));
    let name = argument("the query")?;
    let events = argument("the number of events")?.parse()?;
    let batch: usize = argument("the size of a step")?.parse()?;
    let engine = argument("the engine")?;
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.with_context(|| format!("{CHILD}: there is no query {name}"))?;

    let steps = generate(events, batch.max(1));
    let memory = footprint::around(|| (case.run)(&steps, &engine, peers))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&memory)?)?;
    Ok(())
}

/// The first events of the stream, as insertions, in steps of `batch`.
fn generate(events: usize, batch: usize) -> Vec<Changes> {
    changes::steps(Generator::new().take(events).map(|event| (event, 1)), batch)
}

/// What the report says of one query.
fn row(name: &str, size: &Size, measured: &Measured, memory: Memory) -> Row {
    Row {
        batch: Some(size.batch as u64),
        p50_us: measured.samples.median_us(),
        p99_us: measured.samples.p99_us(),
        peak_rss_bytes: memory.peak,
        added_rss_bytes: memory.added(),
        cpu_seconds: measured.cpu_seconds,
        rounds: measured.samples.round_medians_us(),
        allocs_per_step: allocations::per_step(measured.allocations, measured.samples.steps()),
        verified: Some(measured.difference.is_none()),
        ..Row::new(SUITE, name, measured.engine).with_total(size.events as u64, measured.seconds)
    }
}

/// How much of the peaks is the events, and how much each query added.
fn memory_note(memories: &[(&str, Memory)]) -> Option<String> {
    let mib = |bytes: u64| bytes >> 20;
    let events = memories.iter().filter_map(|(_, memory)| memory.before).max()?;
    let added = memories.iter().filter_map(|(name, memory)| Some(format!("{name} {}", mib(memory.added()?))));
    let added: Vec<_> = added.collect();
    Some(format!(
        "{SUITE}: of each peak the events are {} MiB; added by the query's state and buffers, in MiB: {}",
        mib(events),
        added.join(", ")
    ))
}
