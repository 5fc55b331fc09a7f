//! The regression check: instructions of a step, against a committed baseline and against recomputing.
//!
//! # Shape
//! `count` runs this binary under valgrind's callgrind, twice for each case and engine, the second time with
//! twice the steps: the difference is what the steps took, without start, input and load. `baseline` is what
//! they took when it was last accepted.
//!
//! # Rules
//! - no case takes more than 5 % above its baseline, if the compiler is the one that the baseline was made with;
//! - with more than 1,000 changes to 50,000 rows, a step takes at most 0.8 times the instructions of the
//!   cheapest recomputation.
//!
//! # Why instructions
//! They repeat to a fraction of a percent on a noisy machine. What they do not show is waiting for memory: a
//! gain in time is measured by the suites, a loss of instructions is found here.

mod baseline;
mod count;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;

pub use count::{CHILD, child};

use self::baseline::Baseline;
use self::count::Job;
use crate::progress::Progress;

/// By how much a case may exceed its baseline.
const TOLERANCE: f64 = 0.05;
/// The most instructions for each one of a recomputation.
const AT_MOST: f64 = 0.8;

/// The cases of the baseline: suite and case, and the steps of the shorter run.
const CASES: [(&str, &str, usize); 8] = [
    ("headline", "filter_map/5000/100", 20),
    ("headline", "group_by/5000/100", 20),
    ("headline", "join/5000/100", 20),
    ("headline", "all/5000/100", 20),
    ("headline", "join/5000/1", 400),
    ("headline", "all/5000/1", 400),
    ("latency", "ops10", 400),
    ("latency", "ops100", 100),
];

/// The cases in which recomputing has to be dearer, with the cheapest engine that does it.
const AGAINST_NAIVE: [(&str, &str); 4] = [
    ("filter_map/50000/1250", "naive"),
    ("group_by/50000/1250", "naive"),
    ("join/50000/1250", "naive_lookup"),
    ("all/50000/1250", "naive_lookup"),
];

/// Counts, prints a table, and fails if a rule is broken; with `update` it writes the baseline instead of
/// comparing with it.
///
/// # Errors
/// When valgrind is missing, a run fails, or the baseline cannot be read or written.
pub fn run(progress: &Progress, update: bool) -> Result<ExitCode> {
    ensure!(count::is_available(), "`valgrind` is not in PATH: the check counts instructions with it");
    let old = Baseline::read()?;
    let comparable = old.is_of_this_compiler();
    progress.expect(CASES.len() + AGAINST_NAIVE.len());

    let (mut lines, mut new) = (Vec::new(), Baseline::of_this_compiler());
    for (suite, case, steps) in CASES {
        progress.start("check", case);
        let counted = Job { suite, case, engine: "dbsp", steps }.count()?;
        let name = format!("{suite} {case}");
        let rival = old.instructions(&name).map(|before| ("baseline", before));
        let is_judged = comparable && !update && rival.is_some();
        lines.push(Line { name: name.clone(), counted, rival, at_most: 1.0 + TOLERANCE, is_judged });
        new.set(name, counted);
        progress.done();
    }
    for (case, engine) in AGAINST_NAIVE {
        progress.start("check", case);
        let job = |engine| Job { suite: "headline", case, engine, steps: 4 };
        let (counted, rival) = (job("dbsp").count()?, Some((engine, job(engine).count()?)));
        lines.push(Line { name: case.to_owned(), counted, rival, at_most: AT_MOST, is_judged: true });
        progress.done();
    }
    progress.clear();

    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", table(&lines))?;
    if update {
        writeln!(out, "wrote {}", new.write()?.display())?;
    } else if !comparable {
        writeln!(out, "the baseline is of {}: compared with it, and not judged by it", old.compiler())?;
    }
    Ok(if lines.iter().all(Line::passes) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A case with what it was compared with.
struct Line {
    name: String,
    counted: u64,
    rival: Option<(&'static str, u64)>,
    at_most: f64,
    is_judged: bool,
}

impl Line {
    fn ratio(&self) -> Option<f64> {
        self.rival.map(|(_, theirs)| self.counted as f64 / theirs as f64)
    }

    fn passes(&self) -> bool {
        !self.is_judged || self.ratio().is_none_or(|ratio| ratio <= self.at_most)
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "case",
        "instructions a step",
        "compared with",
        "theirs",
        "ratio",
        "at most",
        "outcome",
    ]);
    for line in lines {
        let (rival, theirs) =
            line.rival.map_or(("", String::new()), |(name, count)| (name, count.to_string()));
        let outcome = match (line.is_judged, line.passes()) {
            (false, _) => "not judged",
            (true, true) => "passed",
            (true, false) => "FAILED",
        };
        table.add_row([
            line.name.clone(),
            line.counted.to_string(),
            rival.to_owned(),
            theirs,
            line.ratio().map_or(String::new(), |ratio| format!("{ratio:.3}")),
            line.at_most.to_string(),
            outcome.to_owned(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_fails_past_its_rule_and_only_where_it_is_judged() {
        let line = |counted, rival: Option<u64>, is_judged| {
            let rival = rival.map(|count| ("baseline", count));
            Line { name: "all".to_owned(), counted, rival, at_most: 1.0 + TOLERANCE, is_judged }
        };
        assert!(line(105, Some(100), true).passes());
        assert!(!line(106, Some(100), true).passes());
        assert!(line(106, Some(100), false).passes());
        assert!(line(106, None, true).passes());
        let text = table(&[line(106, Some(100), true)]).to_string();
        assert!(text.contains("1.060") && text.contains("FAILED"), "{text}");
    }
}
