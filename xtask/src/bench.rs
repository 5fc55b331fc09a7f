//! `cargo xtask bench`: builds `dbsp-bench` with the profile `measure` and runs it.
//!
//! Every argument goes to the binary as it is, `--help` too: suites, cases and flags are defined once, in
//! `dbsp-bench`. The binary's exit status is this command's. With `--peers` among the arguments it is the binary
//! of `peers` that runs.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::{command::Cmd, peers, report::Report};

/// What follows `cargo xtask bench`: all of it is the binary's.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// `[SUITE [CASE…]] [flags…]`, passed to the `dbsp-bench` binary
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds and runs the workbench.
///
/// It runs in the caller's folder, so that a relative `--json FILE` means what the caller meant. There is no
/// table of ours after the workbench's own: it would only repeat one line.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let arguments = &arguments.arguments;
    let has_peers = arguments.iter().any(|argument| argument == "--peers");
    let command = if has_peers { peers::workbench(arguments)? } else { workbench(arguments) };
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
