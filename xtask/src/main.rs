//! `cargo xtask`: the one door to testing, linting, benchmarking and profiling this workspace.
//!
//! Each sub-command is a file. It prints every command it runs in a form one can paste, goes on after a
//! failure so that one run shows all of them, ends with one table, and exits non-zero when anything failed.
//!
//! # Map
//! [`ci`] is [`lint`], [`mod@test`] and [`mod@bench`] in a row; [`profile`] stands apart. [`report`] keeps the table, [`command`] runs a
//! program, [`workspace`] and [`feature_sets`] read what `cargo metadata` says.
//!
//! # Not here
//! No benchmark and no test of the engine: those live in `dbsp-bench` and in the crates.
#![allow(clippy::print_stdout, reason = "a command-line tool: what it prints is its result")]

mod bench;
mod ci;
mod command;
mod feature_sets;
mod lint;
mod peers;
mod profile;
mod report;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Test, lint, benchmark and profile this workspace"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the workbench optimised and run it; `cargo xtask bench --help` prints its own help
    Bench(bench::Arguments),
    /// Run everything that must pass: unit, property, doc and example tests over the feature sets, mutants
    Test(test::Arguments),
    /// Check format, clippy, rustdoc, layering, tidiness, dependency policy and package metadata
    Lint,
    /// Show where the time of a case goes: a table of its operators, and a flame graph
    Profile(profile::Arguments),
    /// Run all that `.ci/run` runs: lint, test, bench --quick
    Ci,
}

fn main() -> Result<ExitCode> {
    match Cli::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Lint => lint::run(),
        Command::Profile(arguments) => profile::run(&arguments),
        Command::Ci => ci::run(),
    }
}
