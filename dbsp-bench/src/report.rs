//! The report: what was measured, where, and against what, as `report.json` has it.
//!
//! # Invariants
//! A figure that was not measured is absent, never zero; `docs/report.md` is the contract.
//!
//! # Not here
//! No table (`table`), no plot (`html`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::measure::Samples;

/// The name under which this project's engine is reported.
pub const DBSP: &str = "dbsp";

/// Everything that one run measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Where it ran.
    pub machine: Machine,
    /// The commit that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether the working tree differed from that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// The cargo features that were on.
    pub features: Vec<String>,
    /// One row for each case and engine.
    pub rows: Vec<Row>,
    /// What a reader of the figures should know, losses among it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Differences between engines; any of them fails the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

/// What one engine did on one case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The suite: `headline`, `nexmark`, `latency`, `micro`, `memory`.
    pub suite: String,
    /// The case, by its stable name.
    pub case: String,
    /// Who did it: `dbsp`, `naive`, `handwritten` …
    pub engine: String,
    /// Workers that it ran on.
    pub workers: usize,
    /// Changes in a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    /// Changes in all timed steps together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Seconds that the timed steps took together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// `events` over `seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_per_s: Option<f64>,
    /// The median step, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_us: Option<f64>,
    /// The step that 99 of 100 steps do not exceed, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_us: Option<f64>,
    /// The step that 9,999 of 10,000 steps do not exceed, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p9999_us: Option<f64>,
    /// The longest step, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_us: Option<f64>,
    /// Processor seconds of the timed steps together, all threads of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// The most memory that a process running only this case and engine held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_rss_bytes: Option<u64>,
    /// How much of that the engine added to what was there before it: its state and buffers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_rss_bytes: Option<u64>,
    /// Allocations in a timed step, on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocs_per_step: Option<f64>,
    /// Rows that came out in a step for each row that went in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_out_per_row: Option<f64>,
    /// The median time of the same load of honest rows, in microseconds, where those of `p50_us` were crafted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub honest_us: Option<f64>,
    /// Bytes asked of the allocator in a second of timed steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alloc_bytes_per_s: Option<f64>,
    /// What was resident of the process after the warm-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_rss_bytes: Option<u64>,
    /// What was resident of it after the last timed step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_rss_bytes: Option<u64>,
    /// By how much the second exceeds the first, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rss_growth_percent: Option<f64>,
    /// Rows that the operators' state holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_rows: Option<u64>,
    /// Bytes of state for each of them, as the circuit tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_bytes_per_row: Option<f64>,
    /// The same as the allocator was asked for them, with what rows own themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_bytes_per_row: Option<f64>,
    /// Whether the output was compared with another engine's and found equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// By rival: its time over this engine's, above 1 where this engine is faster.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ratio_vs: BTreeMap<String, f64>,
    /// By rival: the lowest and the highest of that ratio over the rounds, each by its medians.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ratio_spread: BTreeMap<String, [f64; 2]>,
    /// The times of the rounds, in microseconds, from which spreads are made; no part of the report.
    #[serde(skip)]
    pub rounds: Vec<f64>,
}

impl Row {
    /// A row without figures, on one worker.
    #[must_use]
    pub fn new(suite: &str, case: impl Into<String>, engine: &str) -> Self {
        Self {
            suite: suite.to_owned(),
            case: case.into(),
            engine: engine.to_owned(),
            workers: 1,
            ..Self::default()
        }
    }

    /// The same row with the figures of `samples`: steps of `batch` changes each.
    #[must_use]
    pub fn with_steps(mut self, samples: &Samples, batch: usize) -> Self {
        let events = (samples.steps() * batch) as u64;
        self.batch = Some(batch as u64);
        self.p50_us = samples.median_us();
        self.p99_us = samples.p99_us();
        self.rounds = samples.round_medians_us();
        self.with_total(events, samples.seconds())
    }

    /// The same row with `events` changes done in `seconds`.
    #[must_use]
    pub fn with_total(mut self, events: u64, seconds: f64) -> Self {
        self.events = Some(events);
        self.seconds = Some(seconds);
        self.events_per_s = (seconds > 0.0).then(|| events as f64 / seconds);
        self
    }

    /// How many times the median the longest step takes.
    #[must_use]
    pub fn worst_over_p50(&self) -> Option<f64> {
        Some(self.worst_us? / self.p50_us.filter(|&time| time > 0.0)?)
    }

    /// How many times as long as honest rows the crafted ones take.
    #[must_use]
    pub fn over_honest(&self) -> Option<f64> {
        Some(self.p50_us? / self.honest_us.filter(|&time| time > 0.0)?)
    }

    /// The time to compare with another engine's: the median step, else the time of one change.
    #[must_use]
    pub fn time(&self) -> Option<f64> {
        self.p50_us.or_else(|| Some(self.seconds? * 1e6 / self.events.filter(|&n| n > 0)? as f64))
    }
}

impl Report {
    /// An empty report of this machine, commit and build.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let (commit, dirty) = crate::machine::commit().unzip();
        let features = crate::machine::features();
        Self { machine: Machine::of_this(), commit, dirty, features, ..Self::default() }
    }

    /// Takes in the rows of one case (its engines side by side): fills in `ratio_vs` of this project's rows.
    pub fn add_case(&mut self, mut rows: Vec<Row>) {
        let rivals: Vec<(String, f64, Vec<f64>)> = rows
            .iter()
            .filter(|row| !is_ours(&row.engine))
            .filter_map(|row| Some((row.engine.clone(), row.time()?, row.rounds.clone())))
            .collect();
        for row in rows.iter_mut().filter(|row| is_ours(&row.engine)) {
            let Some(own) = row.time().filter(|&own| own > 0.0) else { continue };
            for (engine, time, rounds) in &rivals {
                row.ratio_vs.insert(engine.clone(), time / own);
                row.ratio_spread.extend(spread(rounds, &row.rounds).map(|spread| (engine.clone(), spread)));
            }
        }
        self.rows.append(&mut rows);
    }

    /// Adds something that a reader of the figures should know.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds a difference between engines: the run goes on, and ends as failed.
    pub fn fail(&mut self, failure: impl Into<String>) {
        self.failures.push(failure.into());
    }

    /// Writes the report as JSON.
    ///
    /// # Errors
    /// When the file or its folder cannot be written.
    pub fn write_json(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        write(path, &(text + "\n"))
    }
}

/// The lowest and the highest ratio of a rival's rounds to ours; absent under two rounds.
fn spread(rival: &[f64], own: &[f64]) -> Option<[f64; 2]> {
    let ratios = rival.iter().zip(own).filter(|(_, own)| **own > 0.0).map(|(rival, own)| rival / own);
    let ratios: Vec<f64> = ratios.collect();
    let lowest = ratios.iter().copied().reduce(f64::min)?;
    let highest = ratios.iter().copied().reduce(f64::max)?;
    (ratios.len() > 1).then_some([lowest, highest])
}

/// Whether `engine` is this project's own, in any form (`dbsp`, `dbsp_view`).
#[must_use]
pub fn is_ours(engine: &str) -> bool {
    engine == DBSP || engine.starts_with("dbsp_")
}

/// `target/bench/report.json`, under the target folder that this binary was built into.
#[must_use]
pub fn default_path() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).or_else(|| {
        // The binary is target/PROFILE/bench, or target/PROFILE/deps/bench-HASH under test.
        let exe = std::env::current_exe().ok()?;
        exe.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_path_buf)
    });
    target.unwrap_or_else(|| PathBuf::from("target")).join("bench").join("report.json")
}

/// Writes `text` to `path`, and makes its folder first.
///
/// # Errors
/// When the file or its folder cannot be written.
pub fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(engine: &str, p50_us: f64) -> Row {
        Row { p50_us: Some(p50_us), ..Row::new("headline", "group_by/50000/1000", engine) }
    }

    #[test]
    fn ratios_are_the_rivals_time_over_ours() {
        let mut report = Report::default();
        report.add_case(vec![row("naive", 200.0), row("dbsp", 50.0), row("dbsp_view", 100.0)]);
        assert_eq!(report.rows[0].ratio_vs.len(), 0);
        assert_eq!(report.rows[1].ratio_vs, BTreeMap::from([("naive".to_owned(), 4.0)]));
        assert_eq!(report.rows[2].ratio_vs, BTreeMap::from([("naive".to_owned(), 2.0)]));
    }

    #[test]
    fn the_spread_of_a_ratio_is_that_of_its_rounds() {
        let rounds = |engine: &str, rounds: &[f64]| Row { rounds: rounds.to_vec(), ..row(engine, 100.0) };
        let mut report = Report::default();
        report.add_case(vec![rounds("naive", &[200.0, 300.0, 240.0]), rounds("dbsp", &[50.0, 100.0, 80.0])]);
        assert_eq!(report.rows[1].ratio_spread, BTreeMap::from([("naive".to_owned(), [3.0, 4.0])]));
        report.add_case(vec![rounds("naive", &[200.0]), rounds("dbsp", &[50.0])]);
        assert_eq!(report.rows[3].ratio_spread.len(), 0);
    }

    #[test]
    fn json_round_trips_and_leaves_out_what_was_not_measured() {
        let mut report = Report::of_this_machine();
        report.add_case(vec![row("naive", 200.0).with_total(1000, 0.5), row("dbsp", 50.0)]);
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);

        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(rows[0]["events_per_s"], 2000.0);
        assert_eq!(rows[1]["ratio_vs"]["naive"], 4.0);
        for absent in ["peak_rss_bytes", "allocs_per_step", "rss_growth_percent", "verified", "seconds"] {
            assert!(rows[1].get(absent).is_none(), "{absent} was not measured");
        }
        assert!(json.get("failures").is_none());
    }
}
