//! The headline: four views over a table of which a few rows change in each step.
//!
//! # Shape
//! `workload` makes rows and changes; an `engine` keeps one view; `turns` gives every engine the same
//! changes, times it, and compares; `case` says which sizes and how often.
//!
//! # Engines
//! `naive` and `naive_view` recompute; so does `naive_lookup`, where it may take for granted that the
//! dimension has one row a key, which no other engine does. `handwritten` is incremental without a framework, `dbsp` is this
//! project handing out deltas, and `dbsp_view` the same keeping a view that can be asked.
//!
//! [`Peers`] brings further engines: in this process, or each in one of its own, which gets the changes of a
//! whole turn at once.
//!
//! # Not here
//! `published`, the form of the workload in which this project's ancestor was measured, has its own
//! loop: it rebuilds everything inside the clock.

mod case;
mod dotnet_random;
mod engine;
mod handwritten;
mod incremental;
mod memory;
mod naive;
mod naive_view;
mod profiled;
mod published;
mod splitmix;
mod tables;
mod turns;
mod workload;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::Context as _;
use case::Case;
pub use engine::{Engine, Kind, Make, MakeRemote, Outcome, OutputRow, Remote, RemoteTurn, View};
pub use memory::{CHILD, child};
pub(crate) use profiled::profiled;
pub(crate) use splitmix::SplitMix;
pub use workload::{Attribute, CLASSES, Change, GROUPS, KEYS, Record, Workload};

use crate::options::Options;
use crate::peers::Peers;
use crate::report::{Report, Row};

/// The engine that differs from `naive` only where there is a join.
const LOOKUP: &str = "naive_lookup";

/// An engine that takes turns, and how it is started.
#[derive(Clone, Copy)]
struct Entrant {
    name: &'static str,
    start: Start,
}

/// How an engine is started.
#[derive(Clone, Copy)]
enum Start {
    /// In this process.
    Here(Make),
    /// In a process of its own.
    Away(MakeRemote),
}

/// The engines of this crate, in the order of their turns.
const ENGINES: [Entrant; 6] = [
    Entrant::here("naive", |view, workload| Ok(Box::new(naive::Naive::new(view, workload)))),
    Entrant::here(LOOKUP, |view, workload| Ok(Box::new(naive::Naive::lookup(view, workload)))),
    Entrant::here("naive_view", |view, workload| Ok(Box::new(naive_view::NaiveView::new(view, workload)))),
    Entrant::here("handwritten", |view, workload| Ok(handwritten::new(view, workload))),
    Entrant::here("dbsp", incremental::deltas),
    Entrant::here("dbsp_view", incremental::keeps),
];

impl Entrant {
    const fn here(name: &'static str, make: Make) -> Self {
        Self { name, start: Start::Here(make) }
    }

    const fn is_remote(&self) -> bool {
        matches!(self.start, Start::Away(_))
    }

    /// The engines of a case: ours, then the peers.
    fn of(case: Case, peers: &Peers) -> Vec<Self> {
        let ours = ENGINES.into_iter().filter(|engine| engine.name != LOOKUP || case.joins());
        let here = peers.headline.iter().map(|&(name, make)| Self::here(name, make));
        let away = peers.remote.iter().map(|&(name, make)| Self { name, start: Start::Away(make) });
        ours.chain(here).chain(away).collect()
    }

    /// How the engine of a name is made in this process.
    fn make(case: Case, name: &str, peers: &Peers) -> anyhow::Result<Make> {
        let make = Self::of(case, peers).into_iter().find(|entrant| entrant.name == name);
        let make = make.and_then(|entrant| match entrant.start {
            Start::Here(make) => Some(make),
            Start::Away(_) => None,
        });
        make.with_context(|| format!("there is no engine {name} in this process"))
    }
}

/// The base of a case, and changes after it.
fn input(case: Case, changes: usize) -> (Workload, Vec<Change>) {
    let mut workload = Workload::new(case.rows, 0xdb59);
    let before = workload.clone();
    (before, (0..changes).map(|_| workload.change(case.changes)).collect())
}

/// The engine of a name among those of this crate, over the workload's base.
///
/// # Errors
/// When there is no such engine, or it faults on the load.
pub(crate) fn loaded(name: &str, view: View, workload: &Workload) -> anyhow::Result<Box<dyn Engine>> {
    let case = Case { view, rows: workload.base.len(), changes: 0 };
    Entrant::make(case, name, &Peers::default())?(view, workload)
}

/// Has one of our engines take so many steps, of as many changes as are to be made, without a clock.
///
/// # Errors
/// When there is no such case or engine, or it faults.
pub(crate) fn take_steps(case: &str, engine: &str, steps: usize, made: usize) -> anyhow::Result<()> {
    let case = Case::parse(case).with_context(|| format!("there is no case {case}"))?;
    let make = Entrant::make(case, engine, &Peers::default())?;
    let (workload, mut changes) = input(case, made);
    let mut engine = make(case.view, &workload)?;
    for change in changes.iter_mut().take(steps) {
        engine.step(change)?;
        std::hint::black_box(engine.touch());
    }
    Ok(())
}

/// Runs the cases that were asked for, on our engines and the peers.
///
/// # Errors
/// None of its own: a difference between engines, or a fault of one, is in `report.failures`.
pub fn run(options: &Options, peers: &Peers, report: &mut Report) -> anyhow::Result<()> {
    let cases = Case::asked(options);
    // Its size is part of what was published.
    let published = options.wants(published::CASE) && options.events.is_none() && options.batch.is_none();
    options.progress.expect(cases.len() + usize::from(published));
    let mut absent: BTreeMap<turns::Absent, Vec<String>> = BTreeMap::new();
    for case in cases {
        let name = case.to_string();
        options.progress.start("headline", &name);
        let entrants = Entrant::of(case, peers);
        match turns::run(case, &entrants, options.quick) {
            Ok(mut measured) => {
                if !peers.is_empty() && case.is_weighed() {
                    memory::weigh(case, &entrants, &mut measured.rows, report);
                }
                report.add_case(measured.rows);
                for engine in measured.absent {
                    absent.entry(engine).or_default().push(name.clone());
                }
            }
            Err(error) => report.fail(format!("headline {name}: {error:#}")),
        }
        options.progress.done();
    }
    for ((engine, why), cases) in absent {
        report.note(format!("headline: {engine} was not measured on {}: {why}", cases.join(", ")));
    }
    if published {
        options.progress.start("headline", published::CASE);
        add(published::CASE, published::run(options.quick), report);
        options.progress.done();
    }
    Ok(())
}

/// Takes in what a case measured, or why it failed.
fn add(case: &str, rows: anyhow::Result<Vec<Row>>, report: &mut Report) {
    match rows {
        Ok(rows) => report.add_case(rows),
        Err(error) => report.fail(format!("headline {case}: {error:#}")),
    }
}
