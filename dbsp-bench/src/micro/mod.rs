//! The micro suite: single data structures and operators, timed by criterion.
//!
//! # Shape
//! An `Operation` prepares outside the clock and runs inside; `zset`, `table`, `operators`,
//! `amplification`, `fusion`, `dispatch` and `build` make them; `timing` hands them to criterion and reads its estimates back.
//! `crafted` compares loads of rows that were chosen for their hashes with honest ones, by a clock of its own.
//!
//! # Figures
//! `p50_us` is criterion's median of one run over `batch` rows; `allocs_per_step` is counted apart from the clock.
//! Where a rival does the same (`hashbrown` under a table, `materialised` stages beside fused ones), both must give the same digest.

use crate::options::Options;
use crate::report::{DBSP, Report, Row};

mod amplification;
mod build;
mod crafted;
mod dispatch;
mod fusion;
mod operation;
mod operators;
mod table;
mod timing;
mod zset;

use operation::Case;
use timing::Timing;

/// The name of the suite.
const SUITE: &str = "micro";

/// Runs the cases that were asked for.
///
/// # Errors
/// When a circuit cannot be built or criterion's estimates cannot be read. Different digests are a failure in the
/// report.
pub fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    crafted::run(options, report)?;
    let cases: Vec<Case> = cases().filter(|case| options.wants(case.name)).collect();
    if cases.is_empty() {
        return Ok(());
    }
    options.progress.expect(cases.len());
    let mut timing = Timing::new(options.quick)?;
    for Case { name, batch, contenders } in cases {
        options.progress.start(SUITE, name);
        let mut rows = Vec::new();
        let mut digests = Vec::new();
        for (engine, make) in contenders {
            let mut operation = make()?;
            let (allocations, digest) = timing::allocations(operation.as_mut());
            let nanos = timing.median_ns(name, engine, operation.as_mut())?;
            digests.push(digest);
            let rows_out = operation.rows_out().map(|rows_out| rows_out as f64 / batch as f64);
            rows.push(Row {
                allocs_per_step: allocations,
                rows_out_per_row: rows_out,
                p50_us: Some(nanos / 1e3),
                batch: Some(batch as u64),
                events_per_s: rate(batch, nanos),
                ..Row::new(SUITE, name, engine)
            });
        }
        if digests.len() > 1 {
            let equal = digests.iter().all(|digest| *digest == digests[0]);
            rows.iter_mut().for_each(|row| row.verified = Some(equal));
            if !equal {
                report.fail(format!("{SUITE} {name}: digests differ: {digests:?}"));
            }
        }
        report.add_case(rows);
        options.progress.done();
    }
    if let Some(nanos) = dispatch::per_operator(&report.rows) {
        let row = Row { p50_us: Some(nanos / 1e3), ..Row::new(SUITE, dispatch::PER_OPERATOR, DBSP) };
        report.add_case(vec![row]);
    }
    Ok(())
}

/// All cases, in order.
fn cases() -> impl Iterator<Item = Case> {
    [
        zset::cases,
        table::cases,
        operators::cases,
        amplification::cases,
        fusion::cases,
        dispatch::cases,
        build::cases,
    ]
    .into_iter()
    .flat_map(|cases| cases())
}

/// Rows a second, where a run takes rows.
fn rate(batch: usize, nanos: f64) -> Option<f64> {
    (batch > 0 && nanos > 0.0).then(|| batch as f64 * 1e9 / nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_runs_again_and_again_and_rivals_agree() {
        for Case { name, contenders, .. } in cases() {
            let digests = contenders.iter().map(|(_, make)| timing::allocations(make().unwrap().as_mut()).1);
            let digests: Vec<u64> = digests.collect();
            assert!(digests.iter().all(|digest| *digest == digests[0]), "{name}: {digests:?}");
        }
    }
}
