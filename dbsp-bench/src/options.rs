//! The command line of the bench binary, and what a suite is told by it.
//!
//! # Not here
//! No defaults of a suite: each decides what an absent `--events` or `--batch` means to it.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::progress::Progress;

/// Runs the benchmark suites, verifies every result, prints a table and writes a report.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench")]
pub struct Options {
    /// The suite to run; all of them when absent.
    pub suite: Option<Suite>,

    /// The cases to run, by name or by the first parts of it (`group_by`, `group_by/50000`, `q4`).
    pub cases: Vec<String>,

    /// Size of the input: base rows in `headline`, events in `nexmark`, steps in `latency`, rows in `memory`.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub events: Option<usize>,

    /// Changes in a step: changed rows in `headline` and `memory`, events in a batch in `nexmark`.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub batch: Option<usize>,

    /// Workers to run on. This build runs one worker; any other number is answered by a note.
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    pub workers: Option<usize>,

    /// Smaller inputs and fewer cases: all suites within 60 s on 2 cores.
    #[arg(long)]
    pub quick: bool,

    /// Also run the peers: Feldera, differential dataflow, DuckDB, Polars and PyDBSP, on the same changes.
    /// Builds them on first use, which takes minutes; docs/benchmarks.md says how they are run.
    #[arg(long)]
    pub peers: bool,

    /// Count the instructions of a fixed set of small steps with valgrind, instead of timing anything; fails where
    /// a step takes 5 % more than `baseline.json` says, or more than 0.8 times a recomputation.
    #[arg(long, conflicts_with_all = ["suite", "events", "batch", "quick", "peers", "json"])]
    pub check: bool,

    /// With `--check`: accept what was counted as the new baseline.
    #[arg(long, requires = "check")]
    pub update: bool,

    /// Build with each switch of the engine on and off, run the builds in turns, and show what each switch gains;
    /// docs/switches.md says how.
    #[arg(long, conflicts_with_all = ["pgo", "peers", "check", "json"])]
    pub matrix: bool,

    /// Build with a profile of a quick run, too, and show what that gains. Needs `llvm-profdata`.
    #[arg(long, conflicts_with_all = ["peers", "check", "json"])]
    pub pgo: bool,

    /// With `--matrix` or `--pgo`: how often each build runs [default: 3].
    #[arg(long, value_name = "N", value_parser = positive)]
    pub rounds: Option<usize>,

    /// Where to write the JSON; the HTML goes beside it [default: target/bench/report.json].
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// The bar that suites move; hidden unless `main` shows it.
    #[arg(skip)]
    pub progress: Progress,
}

/// A suite of cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Suite {
    /// Four views over changing rows, against recomputing them and against hand-written code.
    Headline,
    /// Single data structures and operators, through criterion.
    Micro,
    /// The Nexmark queries; with the memory that each of them holds.
    Nexmark,
    /// One-row steps through 1, 10 and 100 operators.
    Latency,
    /// What steps leave behind over a minute of them, and the bytes that a row of state takes.
    Memory,
}

impl Suite {
    /// All suites, in the order in which they run.
    pub const ALL: [Self; 5] = [Self::Headline, Self::Nexmark, Self::Latency, Self::Micro, Self::Memory];

    /// The name that the command line and the report use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Headline => "headline",
            Self::Micro => "micro",
            Self::Nexmark => "nexmark",
            Self::Latency => "latency",
            Self::Memory => "memory",
        }
    }
}

impl Options {
    /// The suites asked for.
    #[must_use]
    pub fn suites(&self) -> Vec<Suite> {
        self.suite.map_or_else(|| Suite::ALL.to_vec(), |suite| vec![suite])
    }

    /// Whether `case` was asked for: by no name at all, by its own, or by the first parts of it.
    #[must_use]
    pub fn wants(&self, case: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|asked| is_prefix(asked, case))
    }

    /// The note to print when more workers were asked for than this build has.
    #[must_use]
    pub fn workers_note(&self) -> Option<String> {
        let asked = self.workers.filter(|&asked| asked != 1)?;
        Some(format!("--workers {asked}: this build runs one worker; every figure here is of one worker"))
    }
}

/// Whether `asked` is `case`, or a run of its leading parts (`group_by/50000` of `group_by/50000/1000`).
fn is_prefix(asked: &str, case: &str) -> bool {
    case.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A whole number of at least one.
fn positive(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse::<usize>() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_asked_for_by_its_leading_parts() {
        let options = Options { cases: vec!["group_by/50000".into(), "q4".into()], ..Options::default() };
        assert!(options.wants("group_by/50000/1000"));
        assert!(options.wants("q4"));
        assert!(!options.wants("group_by/500000/1000"));
        assert!(!options.wants("q40"));
        assert!(Options::default().wants("anything"));
    }

    #[test]
    fn every_suite_is_asked_for_by_its_name() {
        for suite in Suite::ALL {
            let options = Options::try_parse_from(["bench", suite.name()]).unwrap();
            assert_eq!(options.suites(), [suite]);
        }
        assert_eq!(Suite::ALL.len(), Suite::value_variants().len());
    }

    #[test]
    fn the_command_line_reads_suite_cases_and_sizes() {
        let options =
            Options::try_parse_from(["bench", "nexmark", "q1", "q4", "--events", "1_000", "--workers", "2"])
                .unwrap();
        assert_eq!(options.suites(), [Suite::Nexmark]);
        assert_eq!(options.cases, ["q1", "q4"]);
        assert_eq!(options.events, Some(1000));
        assert!(options.workers_note().unwrap().contains("one worker"));
        let options = Options::try_parse_from(["bench", "memory", "steady", "--quick"]).unwrap();
        assert_eq!((options.suites(), options.quick), (vec![Suite::Memory], true));
        assert!(options.wants("steady/join") && !options.wants("bytes/max/copy/1000"));
        assert!(Options::try_parse_from(["bench", "--batch", "0"]).is_err());
        assert!(Options::try_parse_from(["bench", "tpch"]).is_err());
    }
}
