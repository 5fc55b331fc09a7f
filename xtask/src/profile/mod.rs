//! `cargo xtask profile CASE`: where the time and the allocations of a case go.
//!
//! # Shape
//! The workbench prints the table of operators, from the engine's own counters. Then its plain steps run under
//! `perf`, whose samples [`stacks`] folds and [`flame`] draws into `target/profile/CASE.svg`; where there is no perf
//! that works, under callgrind, which counts instructions and has no picture; where there is neither, a note says so.
//!
//! # Not here
//! No crate for flame graphs: the one there is has a licence that is not on our list, and a picture is a page of code.

mod callgrind;
mod flame;
mod stacks;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};

use crate::{command::Cmd, workspace::Workspace};
use stacks::Stacks;

/// The first argument by which the workbench is told to profile.
const CHILD: &str = "child-profile";
/// The function of the workbench below which everything is looked at.
const ROOT: &str = "profile::measured_step";
/// Functions that the list of the heaviest has.
const HEAVIEST: usize = 10;
/// Samples a second: not in step with anything that happens a thousand times a second.
const FREQUENCY: &str = "997";
/// Steps under callgrind, which is some fifty times slower.
const COUNTED: usize = 50;

/// What to profile.
#[derive(Args)]
pub(crate) struct Arguments {
    /// `VIEW/N/C`, `q4`, `ops10`: a case of the suites headline, nexmark or latency
    case: String,

    /// Steps to look at, after those that warm the circuit up
    #[arg(long, value_name = "N")]
    steps: Option<usize>,

    /// Events of the whole stream, in nexmark alone
    #[arg(long, value_name = "N")]
    events: Option<usize>,

    /// Seconds of steps that perf looks at
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    seconds: f64,
}

/// A function and its share of what was looked at, without what it called.
#[derive(Debug, PartialEq)]
struct Heavy {
    share: f64,
    function: String,
}

/// Builds the workbench, prints the table of operators and the heaviest functions, and draws the flame graph.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    said(
        &Cmd::cargo("build --profile measure --package dbsp-bench --bin dbsp-bench").within(&workspace.root),
    )?;
    let binary = workspace.target.join("measure").join(format!("dbsp-bench{}", env::consts::EXE_SUFFIX));
    let binary = binary.display().to_string();
    said(&Cmd::new(&binary).args(asked(arguments, arguments.steps)))?;

    let folder = workspace.target.join("profile");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(arguments.case.replace('/', "-"));
    let plain = |steps, seconds: f64| {
        let mut plain = vec![binary.clone()];
        plain.extend(asked(arguments, steps));
        plain.extend(["--seconds".to_owned(), seconds.to_string()]);
        plain
    };
    if perf_works(&folder) {
        sample(&file, &arguments.case, &plain(arguments.steps, arguments.seconds))?;
    } else if Cmd::new("valgrind").arg("--version").output().is_ok() {
        println!(
            "# perf is not in PATH, or may not look: instructions are counted instead, without a picture"
        );
        count(&file, &plain(arguments.steps.or(Some(COUNTED)), 0.0))?;
    } else {
        println!("# neither perf nor valgrind is in PATH: there is no profile of functions");
    }
    Ok(ExitCode::SUCCESS)
}

/// What the workbench is told.
fn asked(arguments: &Arguments, steps: Option<usize>) -> Vec<String> {
    let mut asked = vec![CHILD.to_owned(), arguments.case.clone()];
    for (flag, number) in [("--steps", steps), ("--events", arguments.events)] {
        asked.extend(number.into_iter().flat_map(|number| [flag.to_owned(), number.to_string()]));
    }
    asked
}

/// Whether perf is there and is allowed to sample.
fn perf_works(folder: &Path) -> bool {
    let file = folder.join("try.data").display().to_string();
    let works = Cmd::new("perf").args(["record", "-q", "-o", &file, "true"]).output().is_ok();
    let _ = fs::remove_file(file);
    works
}

/// Samples the stacks of `command`, prints the heaviest functions and draws the picture.
fn sample(file: &Path, case: &str, command: &[String]) -> Result<()> {
    let data = file.with_extension("data").display().to_string();
    let record = Cmd::new("perf").args(["record", "-q", "-F", FREQUENCY, "--call-graph", "dwarf,16384"]);
    said(&record.args(["-o", &data]).args(command))?;
    let script = Cmd::new("perf").args(["script", "-F", "comm,ip,sym", "-i", &data]);
    println!("$ {script}");
    let stacks = Stacks::read(&script.output()?, ROOT);
    ensure!(stacks.samples > 0, "none of {} samples is of a step: take more --seconds", stacks.all);
    println!("# {} of {} samples are of the steps that are looked at", stacks.samples, stacks.all);
    write(&file.with_extension("folded"), &stacks.to_string())?;
    let picture = file.with_extension("svg");
    write(&picture, &flame::svg(&format!("{case}: {} samples", stacks.samples), &stacks))?;
    println!("{}\n{}", table("self time", stacks.heaviest(HEAVIEST)), picture.display());
    Ok(())
}

/// Counts the instructions of `command`, and prints the heaviest functions.
fn count(file: &Path, command: &[String]) -> Result<()> {
    let out = file.with_extension("callgrind").display().to_string();
    let count = Cmd::new("valgrind").args(["--quiet", "--tool=callgrind"]);
    said(
        &count
            .args([format!("--toggle-collect=*{ROOT}*"), format!("--callgrind-out-file={out}")])
            .args(command),
    )?;
    let annotate = Cmd::new("callgrind_annotate").arg(&out);
    println!("$ {annotate}");
    let heaviest = callgrind::heaviest(&annotate.output()?, HEAVIEST);
    println!("{}\n{out}", table("self instructions", heaviest));
    Ok(())
}

/// Prints and runs a command that has to succeed.
fn said(command: &Cmd) -> Result<()> {
    println!("$ {command}");
    let status = command.status()?;
    ensure!(status.success(), "`{command}` failed ({status})");
    Ok(())
}

fn write(path: &PathBuf, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn table(measure: &str, heaviest: Vec<Heavy>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header([measure, "function"]);
    for Heavy { share, function } in heaviest {
        table.add_row([format!("{:.1} %", 100.0 * share), function]);
    }
    if let Some(share) = table.column_mut(0) {
        share.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workbench_is_told_what_was_asked() {
        let arguments = Arguments { case: "q4".to_owned(), steps: None, events: Some(1_000), seconds: 2.0 };
        assert_eq!(asked(&arguments, Some(5)), ["child-profile", "q4", "--steps", "5", "--events", "1000"]);
        assert_eq!(asked(&arguments, arguments.steps), ["child-profile", "q4", "--events", "1000"]);
    }

    #[test]
    fn the_heaviest_are_shown_as_shares() {
        let heavy = Heavy { share: 0.123, function: "f".to_owned() };
        let text = table("self time", vec![heavy]).to_string();
        assert!(text.contains("12.3 %") && text.contains("self time"), "{text}");
    }
}
