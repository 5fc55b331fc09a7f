//! The bench binary: reads the command line, runs the suites, prints their tables, writes the report.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::ensure;
use clap::Parser as _;
use dbsp_bench::options::{Options, Suite};
use dbsp_bench::progress::Progress;
use dbsp_bench::report::Report;
use dbsp_bench::{allocations, headline, html, latency, micro, nexmark, report, table};
use dbsp_testkit::alloc::Counting;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting::new(MiMalloc);

fn main() -> ExitCode {
    allocations::are_counted();
    run().unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Runs what the command line asks for; fails with its exit code when engines differ.
fn run() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(nexmark::CHILD) {
        nexmark::child(arguments)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut options = Options::parse();
    options.progress = Progress::visible();

    let mut report = Report::of_this_machine();
    report.machine.allocator = Some("mimalloc".to_owned());
    if let Some(note) = options.workers_note() {
        report.note(note);
    }
    for suite in options.suites() {
        // What the others measured is worth having even if one of them stops.
        if let Err(error) = run_suite(suite, &options, &mut report) {
            report.fail(format!("{} stopped: {error:#}", suite.name()));
        }
    }
    options.progress.clear();
    ensure!(
        !report.rows.is_empty() || !report.failures.is_empty(),
        "no case is called {}: `--help` names the suites, docs/report.md their cases",
        options.cases.join(" or ")
    );

    let json = options.json.clone().unwrap_or_else(report::default_path);
    let page = json.with_extension("html");
    report.write_json(&json)?;
    report::write(&page, &html::page(&report)?)?;

    let mut out = std::io::stdout().lock();
    write!(out, "{}", table::summary(&report))?;
    writeln!(out, "{}\n{}", json.display(), page.display())?;
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one suite; what it measured is in `report`.
fn run_suite(suite: Suite, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    match suite {
        Suite::Headline => headline::run(options, report),
        Suite::Micro => micro::run(options, report),
        Suite::Nexmark => nexmark::run(options, report),
        Suite::Latency => latency::run(options, report),
    }
}
