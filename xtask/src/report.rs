//! A report: the steps that ran, each with its outcome and seconds, shown as one table at the end.

use std::{
    fmt::{self, Display, Formatter},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};

use crate::command::Cmd;

/// The steps of one sub-command, in the order in which they ran.
pub(crate) struct Report {
    title: String,
    rows: Vec<Row>,
}

/// What a check of ours found in the tree.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What must change, one line each; empty when the check passes.
    pub(crate) problems: Vec<String>,
    /// What was looked at, such as `37 files`.
    pub(crate) summary: String,
}

struct Row {
    step: String,
    outcome: Outcome,
    time: Option<Duration>,
}

enum Outcome {
    Passed(String),
    Failed(String),
    Note(String),
}

impl Report {
    /// A report without steps.
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), rows: Vec::new() }
    }

    /// Runs a command as a step; anything but a zero exit status is a failure.
    pub(crate) fn command(&mut self, step: &str, command: &Cmd) {
        println!("\n$ {command}");
        self.timed(step, || match command.status() {
            Ok(status) if status.success() => Outcome::Passed(String::new()),
            Ok(status) => Outcome::Failed(status.to_string()),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        });
    }

    /// Runs one of our own checks as a step, and prints each problem it finds.
    pub(crate) fn check(&mut self, step: &str, check: impl FnOnce() -> Result<Findings>) {
        println!("\n# {step}");
        self.timed(step, || match check() {
            Ok(findings) if findings.problems.is_empty() => Outcome::Passed(findings.summary),
            Ok(findings) => {
                findings.problems.iter().for_each(|problem| println!("{problem}"));
                Outcome::Failed(format!("{} of {}", counted(&findings.problems), findings.summary))
            }
            Err(error) => Outcome::Failed(format!("{error:#}")),
        });
    }

    /// Records a step that could not run as a failure.
    pub(crate) fn failed(&mut self, step: &str, why: &str) {
        println!("\n# {step}: {why}");
        self.rows.push(Row { step: step.to_owned(), outcome: Outcome::Failed(why.to_owned()), time: None });
    }

    /// Records something a reader must know and that is not a failure.
    pub(crate) fn note(&mut self, step: &str, what: &str) {
        println!("\n# {step}: {what}");
        self.rows.push(Row { step: step.to_owned(), outcome: Outcome::Note(what.to_owned()), time: None });
    }

    /// Prints the table; the exit code is a failure when any step failed.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n{self}");
        if self.failures() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn timed(&mut self, step: &str, run: impl FnOnce() -> Outcome) {
        let start = Instant::now();
        let outcome = run();
        if let Outcome::Failed(why) = &outcome {
            println!("# {step} FAILED: {why}");
        }
        self.rows.push(Row { step: step.to_owned(), outcome, time: Some(start.elapsed()) });
    }

    fn failures(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.outcome, Outcome::Failed(_))).count()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header([
            self.title.as_str(),
            "outcome",
            "seconds",
        ]);
        let mut total = Duration::ZERO;
        for row in &self.rows {
            total += row.time.unwrap_or_default();
            let seconds = row.time.map(|time| format!("{:.1}", time.as_secs_f64())).unwrap_or_default();
            table.add_row([row.step.clone(), row.outcome.to_string(), seconds]);
        }
        let outcome = match self.failures() {
            0 => "passed".to_owned(),
            failures => format!("FAILED: {failures} of {} steps", self.rows.len()),
        };
        table.add_row(["all".to_owned(), outcome, format!("{:.1}", total.as_secs_f64())]);
        if let Some(seconds) = table.column_mut(2) {
            seconds.set_cell_alignment(CellAlignment::Right);
        }
        write!(f, "{table}")
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (word, detail) = match self {
            Self::Passed(detail) => ("passed", detail),
            Self::Failed(detail) => ("FAILED", detail),
            Self::Note(detail) => ("note", detail),
        };
        if detail.is_empty() { write!(f, "{word}") } else { write!(f, "{word}: {detail}") }
    }
}

fn counted(problems: &[String]) -> String {
    if let [_] = problems { "1 problem".to_owned() } else { format!("{} problems", problems.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_fails_the_report_and_later_steps_still_run() {
        let mut report = Report::new("lint");
        let problems = vec!["a.rs:1: no head".to_owned()];
        report.check("tidy", || Ok(Findings { problems, summary: "2 files".to_owned() }));
        report.check("layering", || Ok(Findings::default()));
        assert_eq!(report.failures(), 1);
        let table = report.to_string();
        assert!(table.contains("FAILED: 1 problem of 2 files"), "{table}");
        assert!(table.contains("FAILED: 1 of 2 steps"), "{table}");
    }

    #[test]
    fn a_command_fails_with_its_exit_status() {
        let mut report = Report::new("test");
        report.command("false", &Cmd::new("false"));
        report.note("real data", "not set");
        assert_eq!(report.failures(), 1);
        assert!(report.to_string().contains("exit status: 1"), "{report}");
    }
}
