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
//! # Not here
//! `published`, the form of the workload in which this project's ancestor was measured, has its own
//! loop: it rebuilds everything inside the clock.

mod case;
mod dotnet_random;
mod engine;
mod handwritten;
mod incremental;
mod naive;
mod naive_view;
mod published;
mod splitmix;
mod tables;
mod turns;
mod workload;

#[cfg(test)]
mod tests;

use case::Case;
use engine::Make;
pub(crate) use splitmix::SplitMix;

use crate::options::Options;
use crate::report::{Report, Row};

/// The engine that differs from `naive` only where there is a join.
const LOOKUP: &str = "naive_lookup";

/// The engines, in the order of their turns.
const ENGINES: [(&str, Make); 6] = [
    ("naive", |view, workload| Ok(Box::new(naive::Naive::new(view, workload)))),
    (LOOKUP, |view, workload| Ok(Box::new(naive::Naive::lookup(view, workload)))),
    ("naive_view", |view, workload| Ok(Box::new(naive_view::NaiveView::new(view, workload)))),
    ("handwritten", |view, workload| Ok(handwritten::new(view, workload))),
    ("dbsp", incremental::deltas),
    ("dbsp_view", incremental::keeps),
];

/// Runs the cases that were asked for.
///
/// # Errors
/// None of its own: a difference between engines, or a fault of one, is in `report.failures`.
pub fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let cases = Case::asked(options);
    // Its size is part of what was published.
    let published = options.wants(published::CASE) && options.events.is_none() && options.batch.is_none();
    options.progress.expect(cases.len() + usize::from(published));
    for case in cases {
        let name = case.to_string();
        options.progress.start("headline", &name);
        let engines = if case.joins() { ENGINES.to_vec() } else { without_lookup() };
        add(&name, turns::run(case, &engines, options.quick), report);
        options.progress.done();
    }
    if published {
        options.progress.start("headline", published::CASE);
        add(published::CASE, published::run(options.quick), report);
        options.progress.done();
    }
    Ok(())
}

/// The engines of a view without a join.
fn without_lookup() -> Vec<(&'static str, Make)> {
    ENGINES.into_iter().filter(|(name, _)| *name != LOOKUP).collect()
}

/// Takes in what a case measured, or why it failed.
fn add(case: &str, rows: anyhow::Result<Vec<Row>>, report: &mut Report) {
    match rows {
        Ok(rows) => report.add_case(rows),
        Err(error) => report.fail(format!("headline {case}: {error:#}")),
    }
}
