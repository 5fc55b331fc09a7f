//! `cargo xtask bench`: builds `dbsp-bench` with the profile `measure` and runs it.
//!
//! # Shape
//! Every argument goes to the binary as it is, `--help` too: suites, cases and flags are defined once, in
//! `dbsp-bench`. The binary's exit status is this command's. Three flags choose what is built: with `--peers` it is
//! the binary of `peers` that runs; [`matrix`] compares builds with switches on and off, [`pgo`] a plain build with
//! a profile-guided one. Those two make [`variants`], run them in turns ([`turns`]), and read what they gained out
//! of their reports ([`gains`]).

mod gains;
mod matrix;
mod pgo;
mod turns;
mod variants;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::{command::Cmd, peers, report::Report, workspace::Workspace};

/// How often each build runs where builds are compared, unless `--rounds` says otherwise.
const ROUNDS: usize = 3;
/// These measure something else, or would put the report where the next run overwrites it.
const NOT_COMPARED: [&str; 4] = ["--peers", "--check", "--update", "--json"];

/// What follows `cargo xtask bench`: all of it is the binary's, but for the flags that choose what is built.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// `[SUITE [CASE…]] [flags…]`, passed to the `dbsp-bench` binary
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// What to build, and with which arguments to run it.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    /// One build, all arguments passed on.
    Plain,
    /// The same, with the peers.
    Peers,
    /// Builds with the switches on and off.
    Matrix(Turns),
    /// A plain build and a profile-guided one.
    Pgo(Turns),
}

/// How the builds of a comparison are run.
#[derive(Debug, PartialEq, Eq)]
struct Turns {
    /// How often each of them runs.
    rounds: usize,
    /// What all of them are given: suites, cases, sizes.
    arguments: Vec<String>,
}

/// Builds and runs the workbench.
///
/// It runs in the caller's folder, so that a relative `--json FILE` means what the caller meant. There is no
/// table of ours after the workbench's own, unless builds are compared: it would only repeat one line.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let arguments = &arguments.arguments;
    let command = match request(arguments)? {
        Request::Matrix(turns) => return matrix::run(&Workspace::load()?, &turns),
        Request::Pgo(turns) => return pgo::run(&Workspace::load()?, &turns),
        Request::Peers => peers::workbench(arguments)?,
        Request::Plain => workbench(arguments),
    };
    println!("$ {command}");
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}

/// Adds the quick benchmark, as `cargo xtask ci` runs it, to `report`.
pub(crate) fn quick(report: &mut Report) {
    report.command("bench --quick", &workbench(&["--quick".to_owned()]));
}

/// Adds the regression check, where valgrind is there to count for it.
pub(crate) fn check(report: &mut Report) {
    if Cmd::new("valgrind").arg("--version").output().is_ok() {
        report.command("bench --check", &workbench(&["--check".to_owned()]));
    } else {
        report.note("bench --check", "valgrind is not in PATH: instructions were not counted");
    }
}

/// `cargo run` rather than a build and a path: cargo knows where the binary lands, and passes its status on.
fn workbench(arguments: &[String]) -> Cmd {
    let command = Cmd::cargo("run --profile measure --package dbsp-bench --bin dbsp-bench");
    if arguments.is_empty() { command } else { command.arg("--").args(arguments) }
}

/// What the arguments ask for.
fn request(arguments: &[String]) -> Result<Request> {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let mode = match (has("--matrix"), has("--pgo")) {
        _ if has("--help") || has("-h") => return Ok(Request::Plain),
        (false, false) if has("--peers") => return Ok(Request::Peers),
        (false, false) => return Ok(Request::Plain),
        (true, true) => bail!("--matrix and --pgo compare different builds: one at a time"),
        (true, false) => Request::Matrix,
        (false, true) => Request::Pgo,
    };
    let is_flag = |argument: &str, flag: &str| {
        argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    if let Some(flag) = NOT_COMPARED.iter().find(|flag| arguments.iter().any(|a| is_flag(a, flag))) {
        bail!("{flag} cannot be used where builds are compared");
    }
    let mut turns = Turns { rounds: ROUNDS, arguments: Vec::new() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if is_flag(argument, "--rounds") {
            let value = argument.strip_prefix("--rounds=").or_else(|| rest.next().map(String::as_str));
            turns.rounds = value.and_then(|value| value.parse().ok()).context("--rounds takes a number")?;
        } else if !["--matrix", "--pgo"].contains(&argument.as_str()) {
            turns.arguments.push(argument.clone());
        }
    }
    ensure!(turns.rounds > 0, "--rounds must be at least 1");
    Ok(mode(turns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Request> {
        request(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn turns(rounds: usize, line: &str) -> Turns {
        Turns { rounds, arguments: line.split_whitespace().map(str::to_owned).collect() }
    }

    #[test]
    fn all_but_the_flags_of_a_comparison_goes_to_each_build() {
        let line = "headline join --matrix --quick --batch 100";
        assert_eq!(asked(line).unwrap(), Request::Matrix(turns(ROUNDS, "headline join --quick --batch 100")));
        assert_eq!(asked("--pgo --rounds 2 latency").unwrap(), Request::Pgo(turns(2, "latency")));
        assert_eq!(asked("--pgo --rounds=5").unwrap(), Request::Pgo(turns(5, "")));
    }

    #[test]
    fn one_build_gets_all_arguments() {
        assert_eq!(asked("nexmark q4 --json out.json").unwrap(), Request::Plain);
        assert_eq!(asked("headline --peers").unwrap(), Request::Peers);
        assert_eq!(asked("--matrix --help").unwrap(), Request::Plain);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert!(asked("--matrix --pgo").is_err());
        assert!(asked("--matrix --rounds many").is_err());
        assert!(asked("--matrix --rounds 0").is_err());
        let error = asked("--matrix --json=a.json").unwrap_err().to_string();
        assert_eq!(error, "--json cannot be used where builds are compared");
    }
}
