//! Gains: what one build of the workbench is faster than another by, read from their reports.
//!
//! # Shape
//! A time is the median of the rounds, a gain the quotient of two such times: slower over faster, above 1 where the
//! switch helps. Beside it stands the lowest quotient of any single round, for the times of one round lie close
//! together: a gain that is there in every round is one that noise does not explain.
//!
//! # Not here
//! No figure of our own: all come from the JSON of the reports. Only this project's rows are read, no rival's.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter, Write as _},
};

use anyhow::{Context as _, Result};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

/// The engines that are this project.
const OURS: [&str; 2] = ["dbsp", "dbsp_view"];
/// The least gain that counts as one.
const LEAST: f64 = 1.02;

/// What identifies a time: suite, case and engine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Case {
    suite: String,
    case: String,
    engine: String,
}

/// What one run measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// The features that the binary says it was built with.
    pub(super) features: Vec<String>,
    /// The times in microseconds, in the order of the report.
    times: Vec<(Case, f64)>,
}

/// What a column compares: two variants, by their place.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) head: String,
    pub(super) slower: usize,
    pub(super) faster: usize,
    /// Both are the same build: what is gained is noise.
    pub(super) is_control: bool,
}

/// The gains on all cases.
pub(super) struct Comparison {
    base: String,
    pairs: Vec<Pair>,
    lines: Vec<Line>,
}

/// One case: the time of the base, and a gain for each pair.
struct Line {
    case: Case,
    time: Option<f64>,
    gains: Vec<Option<Gain>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Gain {
    /// By the medians of the rounds.
    median: f64,
    /// In the round where it is lowest.
    lowest: f64,
}

/// What a pair gains over all cases.
#[derive(Debug, PartialEq)]
struct Summary<'a> {
    cases: usize,
    mean: f64,
    best: (&'a Case, f64),
    worst: (&'a Case, f64),
    /// The highest gain that some case shows in every round.
    surest: f64,
}

/// Reads a `report.json`.
pub(super) fn read(text: &str) -> Result<Run> {
    let report: Value = serde_json::from_str(text).context("the report is no JSON")?;
    let rows = report["rows"].as_array().context("the report has no rows")?;
    let features = report["features"].as_array().into_iter().flatten();
    Ok(Run {
        features: features.filter_map(Value::as_str).map(str::to_owned).collect(),
        times: rows.iter().filter_map(timed).collect(),
    })
}

/// A row of this project with its time: the median step, else one event of all steps together.
fn timed(row: &Value) -> Option<(Case, f64)> {
    let text = |field: &str| row[field].as_str().map(str::to_owned);
    let case = Case { suite: text("suite")?, case: text("case")?, engine: text("engine")? };
    let events = row["events"].as_f64().filter(|&events| events > 0.0).unwrap_or(1.0);
    let time = row["p50_us"].as_f64().or_else(|| Some(row["seconds"].as_f64()? * 1e6 / events));
    let time = time.filter(|&time| time > 0.0)?;
    OURS.contains(&case.engine.as_str()).then_some((case, time))
}

impl Run {
    /// Whether the binary was built with exactly these switches.
    pub(super) fn has(&self, features: &[String]) -> bool {
        self.features.len() == features.len() && features.iter().all(|name| self.features.contains(name))
    }
}

impl Comparison {
    /// Compares `runs`: for each variant, its rounds; a round that failed is absent.
    ///
    /// The first variant is the base: its times are shown, its cases in its order.
    pub(super) fn new(base: &str, pairs: Vec<Pair>, runs: &[Vec<Option<Run>>]) -> Self {
        let times: Vec<Vec<BTreeMap<&Case, f64>>> = runs.iter().map(|rounds| rounds_of(rounds)).collect();
        let mut cases: Vec<&Case> = Vec::new();
        for (case, _) in runs.iter().flatten().flatten().flat_map(|run| &run.times) {
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
        let lines = cases.into_iter().map(|case| {
            let of = |variant: usize| -> Vec<Option<f64>> {
                times[variant].iter().map(|round| round.get(case).copied()).collect()
            };
            let gains = pairs.iter().map(|pair| gain(&of(pair.slower), &of(pair.faster))).collect();
            Line { case: case.clone(), time: median(of(0).into_iter().flatten().collect()), gains }
        });
        let lines = lines.collect();
        Self { base: base.to_owned(), pairs, lines }
    }

    /// The table and the conclusions as Markdown, for a document.
    pub(super) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head = self.head();
        let rule: Vec<String> =
            (0..head.len()).map(|i| if i < 2 { "---" } else { "---:" }.to_owned()).collect();
        let mut text = line(&head) + &line(&rule);
        self.cells().iter().for_each(|cells| text += &line(cells));
        text.push('\n');
        for conclusion in self.conclusions() {
            let _ = writeln!(text, "- {conclusion}");
        }
        text
    }

    fn head(&self) -> Vec<String> {
        let mut head = vec!["case".to_owned(), "engine".to_owned(), format!("{} (µs)", self.base)];
        head.extend(self.pairs.iter().map(|pair| pair.head.clone()));
        head
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let cells = |line: &Line| {
            let mut cells = vec![line.case.name(), line.case.engine.clone()];
            cells.push(line.time.map(figure).unwrap_or_default());
            let gains = line.gains.iter();
            cells.extend(gains.map(|gain| gain.map(|gain| times(gain.median)).unwrap_or_default()));
            cells
        };
        self.lines.iter().map(cells).collect()
    }

    /// A line a pair: what it gains on the whole, at best and at worst, and whether that is anything.
    fn conclusions(&self) -> Vec<String> {
        let summaries: Vec<Option<Summary>> = (0..self.pairs.len()).map(|i| self.summary(i)).collect();
        let is_control = |(pair, summary): (&Pair, &Option<Summary>)| {
            summary.as_ref().filter(|_| pair.is_control).map(|summary| summary.surest)
        };
        let noise = self.pairs.iter().zip(&summaries).find_map(is_control);
        let conclude = |(pair, summary): (&Pair, &Option<Summary>)| {
            let head = &pair.head;
            let Some(Summary { cases, mean, best, worst, surest }) = summary else {
                return format!("{head}: not measured");
            };
            let verdict = match noise {
                _ if pair.is_control => " (the same build twice: noise)",
                _ if best.1 < LEAST || *surest < LEAST => {
                    "; it buys nothing on any of these: no case gains 2 % in every round"
                }
                Some(noise) if *surest <= noise => {
                    "; it buys nothing that can be told from noise: the same build, run twice, gains as much"
                }
                _ => "",
            };
            format!(
                "{head}: {} over {cases} cases (geometric mean), best {} on {} {}, worst {} on {} {}; \
                 one case gains {} in every round{verdict}",
                times(*mean),
                times(best.1),
                best.0.name(),
                best.0.engine,
                times(worst.1),
                worst.0.name(),
                worst.0.engine,
                times(*surest),
            )
        };
        self.pairs.iter().zip(&summaries).map(conclude).collect()
    }

    /// The gains of one pair, summed up; nothing where there are none.
    fn summary(&self, pair: usize) -> Option<Summary<'_>> {
        let gains: Vec<(&Case, Gain)> =
            self.lines.iter().filter_map(|line| Some((&line.case, line.gains[pair]?))).collect();
        let medians = || gains.iter().map(|(case, gain)| (*case, gain.median));
        Some(Summary {
            cases: gains.len(),
            mean: geometric_mean(medians().map(|(_, gain)| gain))?,
            best: medians().max_by(|a, b| a.1.total_cmp(&b.1))?,
            worst: medians().min_by(|a, b| a.1.total_cmp(&b.1))?,
            surest: gains.iter().map(|(_, gain)| gain.lowest).max_by(f64::total_cmp)?,
        })
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header(self.head()).add_rows(self.cells());
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        writeln!(f, "{table}")?;
        self.conclusions().iter().try_for_each(|conclusion| writeln!(f, "{conclusion}"))
    }
}

impl Case {
    /// Suite and case, as one asks for them.
    fn name(&self) -> String {
        format!("{} {}", self.suite, self.case)
    }
}

/// The times of each round by case; none for a round that failed.
fn rounds_of(rounds: &[Option<Run>]) -> Vec<BTreeMap<&Case, f64>> {
    rounds
        .iter()
        .map(|run| run.iter().flat_map(|run| run.times.iter().map(|(case, time)| (case, *time))).collect())
        .collect()
}

/// What `faster` gains over `slower`, each with one time a round; nothing where they share no round.
fn gain(slower: &[Option<f64>], faster: &[Option<f64>]) -> Option<Gain> {
    let both: Vec<(f64, f64)> =
        slower.iter().zip(faster).filter_map(|(slower, faster)| Some(((*slower)?, (*faster)?))).collect();
    let (slower, faster): (Vec<f64>, Vec<f64>) = both.iter().copied().unzip();
    Some(Gain {
        median: median(slower)? / median(faster)?,
        lowest: both.iter().map(|(slower, faster)| slower / faster).min_by(f64::total_cmp)?,
    })
}

/// The middle value; of an even number, the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

/// The root of the product; nothing for no values.
fn geometric_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0u32, 0.0), |(count, sum), value| (count + 1, sum + value.ln()));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

/// A time with three leading digits, or all of them before the point.
fn figure(value: f64) -> String {
    let decimals = [1.0, 10.0, 100.0].iter().filter(|&&limit| value < limit).count();
    if value < 0.1 { format!("{value:.4}") } else { format!("{value:.decimals$}") }
}

fn times(gain: f64) -> String {
    format!("{gain:.2}x")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report with two cases of ours and one row of a rival.
    fn report(join: f64, q4: f64) -> Option<Run> {
        let text = format!(
            r#"{{"features": ["prefetch", "simd"], "rows": [
                {{"suite": "headline", "case": "join/50/1", "engine": "dbsp", "p50_us": {join}, "seconds": 9}},
                {{"suite": "headline", "case": "join/50/1", "engine": "naive", "p50_us": 1}},
                {{"suite": "nexmark", "case": "q4", "engine": "dbsp", "seconds": {q4}}},
                {{"suite": "nexmark", "case": "q5", "engine": "dbsp"}}]}}"#
        );
        Some(read(&text).unwrap())
    }

    fn pair(head: &str, slower: usize, is_control: bool) -> Pair {
        Pair { head: head.to_owned(), slower, faster: 0, is_control }
    }

    #[test]
    fn a_report_gives_the_times_of_this_project_only() {
        let run = report(80.0, 0.25).unwrap();
        let told: Vec<(String, f64)> = run.times.iter().map(|(case, time)| (case.name(), *time)).collect();
        assert_eq!(told, [("headline join/50/1".to_owned(), 80.0), ("nexmark q4".to_owned(), 250_000.0)]);
        assert!(run.has(&["simd".to_owned(), "prefetch".to_owned()]));
        assert!(!run.has(&["simd".to_owned()]));
        assert!(read("{}").is_err());
        assert!(read("not JSON").is_err());
    }

    #[test]
    fn steps_that_fill_a_fixed_time_are_compared_by_the_time_of_an_event() {
        let text = r#"{"features": [], "rows": [{"suite": "memory", "case": "steady/join", "engine": "dbsp",
            "seconds": 3, "events": 1500000}, {"suite": "memory", "case": "bytes/max", "engine": "dbsp"}]}"#;
        let run = read(text).unwrap();
        assert_eq!(run.times.iter().map(|(_, time)| *time).collect::<Vec<_>>(), [2.0]);
    }

    #[test]
    fn a_gain_is_the_quotient_of_the_medians_of_the_rounds() {
        let gain = gain(&[Some(2.0), Some(30.0), Some(4.0)], &[Some(2.0), Some(10.0), Some(1.0)]);
        assert_eq!(gain, Some(Gain { median: 2.0, lowest: 1.0 }));
    }

    #[test]
    fn a_round_counts_where_both_ran() {
        assert_eq!(
            gain(&[Some(3.0), None], &[Some(2.0), Some(9.0)]),
            Some(Gain { median: 1.5, lowest: 1.5 })
        );
        assert_eq!(gain(&[None, Some(1.0)], &[Some(1.0), None]), None);
    }

    #[test]
    fn medians_and_geometric_means_are_right() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
        let mean = geometric_mean([2.0, 8.0].into_iter()).unwrap();
        assert!((mean - 4.0).abs() < 1e-12);
        assert_eq!(geometric_mean(std::iter::empty()), None);
    }

    #[test]
    fn the_table_has_a_line_a_case_and_a_conclusion_a_switch() {
        let runs = [
            vec![report(80.0, 0.25), report(82.0, 0.25)],
            vec![report(120.0, 0.25), report(123.0, 0.25)],
            vec![report(80.0, 0.25), report(82.0, 0.25)],
        ];
        let comparison =
            Comparison::new("all-on", vec![pair("simd", 1, false), pair("again", 2, true)], &runs);
        let expected = "\
| case | engine | all-on (µs) | simd | again |
| --- | --- | ---: | ---: | ---: |
| headline join/50/1 | dbsp | 81.0 | 1.50x | 1.00x |
| nexmark q4 | dbsp | 250000 | 1.00x | 1.00x |

- simd: 1.22x over 2 cases (geometric mean), best 1.50x on headline join/50/1 dbsp, worst 1.00x on nexmark q4 dbsp; \
one case gains 1.50x in every round
- again: 1.00x over 2 cases (geometric mean), best 1.00x on nexmark q4 dbsp, worst 1.00x on headline join/50/1 dbsp; \
one case gains 1.00x in every round (the same build twice: noise)
";
        assert_eq!(comparison.markdown(), expected);
    }

    #[test]
    fn a_switch_that_buys_nothing_is_called_so() {
        let slower = |join: f64, again: f64| {
            let runs = [
                vec![report(100.0, 1.0), report(100.0, 1.0)],
                vec![report(join, 1.0), report(join, 1.0)],
                vec![report(again, 1.0), report(again, 1.0)],
            ];
            let pairs = vec![pair("simd", 1, false), pair("again", 2, true)];
            Comparison::new("all-on", pairs, &runs).conclusions().swap_remove(0)
        };
        assert!(slower(101.0, 100.0).contains("buys nothing on any of these"));
        assert!(slower(104.0, 106.0).contains("told from noise"));
        assert!(!slower(104.0, 101.0).contains("buys nothing"));
    }

    #[test]
    fn a_variant_that_never_ran_is_not_measured() {
        let runs = [vec![report(100.0, 1.0)], vec![None]];
        let comparison = Comparison::new("all-on", vec![pair("simd", 1, false)], &runs);
        assert_eq!(comparison.conclusions(), ["simd: not measured"]);
        assert!(comparison.to_string().contains("headline join/50/1"));
    }

    #[test]
    fn times_keep_three_digits() {
        assert_eq!(
            [0.012, 0.37, 8.41, 83.12, 7141.3].map(figure),
            ["0.0120", "0.370", "8.41", "83.1", "7141"]
        );
    }
}
