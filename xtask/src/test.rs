//! `cargo xtask test`: everything that must pass.
//!
//! Unit, integration, property and doc tests over the feature sets, each example of each library with its
//! default arguments, and the mutation check: faults planted in the engine that the testkit must notice.

use std::{env, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::{
    command::Cmd,
    feature_sets,
    lint::tidy::UNSAFE_FILES,
    report::Report,
    workspace::{Example, Member, Workspace},
};

/// What follows `cargo xtask test`.
#[derive(Args, Default)]
pub(crate) struct Arguments {
    /// Leave each default feature out alone, not two at a time, and run the long runs, optimised: 10,000 random circuits, panics injected at every call, 100,000 random steps of
    /// the operators and of the runtime against plain maps
    #[arg(long)]
    long: bool,
    /// Run the mutation check only (it is part of a plain run too)
    #[arg(long)]
    mutants: bool,
    /// Run the tests of the crates that hold `unsafe` under AddressSanitizer, and nothing else (Linux, x86-64
    /// or aarch64; any stable toolchain)
    #[arg(long, conflicts_with_all = ["mutants", "long"])]
    asan: bool,
}

/// How many random circuits the long run takes, and how many cases each other property.
const LONG_CIRCUITS: &str = "10000";
const LONG_CASES: &str = "4096";
/// How many steps each test of the model takes.
const LONG_MODEL_STEPS: &str = "100000";

/// Runs the tests and prints the table.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    let mut report = Report::new("test");
    if arguments.asan {
        sanitized(&workspace, &mut report)?;
    } else {
        steps(&workspace, arguments, &mut report);
    }
    Ok(report.finish())
}

/// Adds the steps of `cargo xtask test` to `report`.
pub(crate) fn steps(workspace: &Workspace, arguments: &Arguments, report: &mut Report) {
    if !arguments.mutants {
        suites(workspace, if arguments.long { 1 } else { 2 }, report);
        examples(workspace, report);
    }
    mutants(workspace, report);
    if arguments.long {
        report.command("long run", &long_run().within(&workspace.root));
        for features in ["", "--no-default-features"] {
            let name =
                format!("model {}", if features.is_empty() { "default features" } else { "no features" });
            report.command(&name, &model_run(features).within(&workspace.root));
        }
    }
    if env::var_os("DBSP_DATA").is_none() {
        // Last, where it stands beside the result.
        report.note("real data", "DBSP_DATA is not set: tests over real data say that they were not run");
    }
}

/// Unit, integration and property tests; `cargo test` runs doc tests with them. So many of the default features are left
/// out at a time.
fn suites(workspace: &Workspace, left_out: usize, report: &mut Report) {
    for selection in feature_sets::selections(&workspace.members, left_out) {
        let command = Cmd::cargo("test --no-fail-fast").args(&selection.arguments).within(&workspace.root);
        report.command(&format!("tests: {}", selection.name), &command);
    }
}

/// Each example as its reader runs it: by its own package, not unified with the rest of the workspace.
fn examples(workspace: &Workspace, report: &mut Report) {
    for library in workspace.libraries() {
        for example in &library.examples {
            let command = example_command(library, example).within(&workspace.root);
            report.command(&format!("example: {}", example.name), &command);
        }
    }
}

fn example_command(library: &Member, example: &Example) -> Cmd {
    let command = Cmd::cargo("run --quiet -p").arg(&library.name).arg("--example").arg(&example.name);
    match example.required_features.join(",") {
        required if required.is_empty() => command,
        required => command.arg("--features").arg(&required),
    }
}

/// The mutation check. Other flags for the compiler mean other artefacts, hence a target folder of its own.
fn mutants(workspace: &Workspace, report: &mut Report) {
    let command = Cmd::cargo("test -p dbsp-testkit --features circuit --test mutants")
        .arg("--target-dir")
        .arg(&workspace.target.join("mutants").display().to_string())
        .rustflags("--cfg dbsp_mutants")
        .within(&workspace.root);
    report.command("mutants", &command);
}

/// The tests of crates with `unsafe`, and of the one above them that drives it hardest. A target has to be named,
/// or build scripts and macros would be sanitized too; doc tests are left out, as rustdoc links no sanitizer.
fn sanitized(workspace: &Workspace, report: &mut Report) -> Result<()> {
    let rustc = Cmd::new("rustc").arg("-vV").output()?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let mut packages: Vec<&str> = UNSAFE_FILES.iter().filter_map(|file| file.split('/').next()).collect();
    packages.push("dbsp-ops");
    for package in packages {
        let command = Cmd::cargo("test --lib --tests --target")
            .args([host, "-p", package, "--target-dir"])
            .arg(&workspace.target.join("asan").display().to_string())
            .env("RUSTC_BOOTSTRAP", "1")
            .rustflags("-Zsanitizer=address")
            .within(&workspace.root);
        report.command(&format!("sanitized: {package}"), &command);
    }
    Ok(())
}

fn long_run() -> Cmd {
    Cmd::cargo("test --release -p dbsp-testkit --features circuit --test random_circuits --test operators -- --nocapture")
        .env("DBSP_LONG", "1")
        .env("DBSP_CIRCUIT_RUNS", LONG_CIRCUITS)
        .env("PROPTEST_CASES", LONG_CASES)
}

/// The model of the runtime in plain maps, over many steps.
fn model_run(features: &str) -> Cmd {
    Cmd::cargo("test --release -p dbsp-runtime --test model")
        .args(features.split_whitespace())
        .args(["--", "--nocapture"])
        .env("DBSP_MODEL_STEPS", LONG_MODEL_STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_run_with_the_features_it_requires() {
        let library = Member { name: "dbsp-zset".to_owned(), ..Member::default() };
        let mut example = Example { name: "save".to_owned(), ..Example::default() };
        let command = example_command(&library, &example).to_string();
        assert_eq!(command, "cargo run --quiet -p dbsp-zset --example save");
        example.required_features = vec!["serde".to_owned(), "simd".to_owned()];
        let command = example_command(&library, &example).to_string();
        assert_eq!(command, "cargo run --quiet -p dbsp-zset --example save --features serde,simd");
    }
}
