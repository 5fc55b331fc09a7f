//! The program: reads the command line, runs the suites, prints their tables, writes the report.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::ensure;
use clap::Parser as _;

use crate::options::{Options, Suite};
use crate::peers::Peers;
use crate::progress::Progress;
use crate::report::{self, Report};
use crate::{allocations, check, headline, html, latency, memory, micro, nexmark, profile, table};

/// Runs what the command line asks for, with `peers` beside the engines of this crate.
///
/// The binary's global allocator must be the testkit's counting one around mimalloc.
#[must_use]
pub fn run(peers: &Peers) -> ExitCode {
    allocations::are_counted();
    let code = children(peers).unwrap_or_else(|| suites(peers));
    code.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Does what this process was started for by another of the same binary; nothing where it was not.
fn children(peers: &Peers) -> Option<anyhow::Result<ExitCode>> {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next()?.as_str() {
        headline::CHILD => headline::child(arguments, peers),
        nexmark::CHILD => nexmark::child(arguments, peers),
        memory::CHILD => memory::child(arguments),
        check::CHILD => check::child(arguments),
        profile::CHILD => profile::child(arguments),
        _ => return None,
    };
    Some(done.map(|()| ExitCode::SUCCESS))
}

/// Runs the suites; fails with its exit code when engines differ.
fn suites(peers: &Peers) -> anyhow::Result<ExitCode> {
    let mut options = Options::parse();
    ensure!(
        !options.peers || !peers.is_empty(),
        "this binary has no peers: `cargo xtask bench --peers` builds and runs the one that has"
    );
    ensure!(
        !options.matrix && !options.pgo,
        "this binary is one build: `cargo xtask bench` with --matrix or --pgo makes and compares several"
    );
    ensure!(options.rounds.is_none(), "--rounds goes with --matrix or --pgo");
    options.progress = Progress::visible();
    if options.check {
        return check::run(&options.progress, options.update);
    }

    let mut report = Report::of_this_machine();
    report.machine.allocator = Some("mimalloc".to_owned());
    if let Some(note) = options.workers_note() {
        report.note(note);
    }
    let none = Peers::default();
    let peers = if options.peers { peers } else { &none };
    for suite in options.suites() {
        // What the others measured is worth having even if one of them stops.
        if let Err(error) = run_suite(suite, &options, peers, &mut report) {
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
fn run_suite(suite: Suite, options: &Options, peers: &Peers, report: &mut Report) -> anyhow::Result<()> {
    match suite {
        Suite::Headline => headline::run(options, peers, report),
        Suite::Micro => micro::run(options, report),
        Suite::Nexmark => nexmark::run(options, peers, report),
        Suite::Latency => latency::run(options, peers, report),
        Suite::Memory => memory::run(options, report),
    }
}
