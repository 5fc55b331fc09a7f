//! `cargo xtask ci`: all that `.ci/run` runs, in order, with one table at the end. Local is remote.

use std::process::ExitCode;

use anyhow::Result;

use crate::{bench, lint, report::Report, test, workspace::Workspace};

/// Runs lint, then every test, then the quick benchmark and the regression check; a failure stops none of the later steps.
pub(crate) fn run() -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    let mut report = Report::new("ci");
    lint::steps(&workspace, &mut report);
    test::steps(&workspace, &test::Arguments::default(), &mut report);
    bench::quick(&mut report);
    bench::check(&mut report);
    Ok(report.finish())
}
