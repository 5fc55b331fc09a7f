//! The tables on the terminal: one a suite, then what a reader should know.
//!
//! # Shape
//! Headline: a line a case, the engines' medians side by side, then how often each rival's time
//! fits into its own. Every other suite: a line a case and engine, with the columns it measured.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use crate::report::{DBSP, Report, Row, is_ours};

/// How many cases a line of losses names.
const NAMED: usize = 4;

/// A rule above, under the head and below; none between the lines.
const STYLE: TableStyle = {
    let rule = LineStyle::none().fill('─').junction('─');
    TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule)
};

/// All tables, the losses, the notes and the failures.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    for suite in suites(report) {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.suite == suite).collect();
        let _ = writeln!(text, "\n{suite}");
        for grid in grids(suite, &rows) {
            let _ = writeln!(text, "{}", grid.draw());
        }
    }
    for loss in losses(report) {
        let _ = writeln!(text, "loss: {loss}");
    }
    for note in &report.notes {
        let _ = writeln!(text, "note: {note}");
    }
    for failure in &report.failures {
        let _ = writeln!(text, "FAILED: {failure}");
    }
    text
}

/// A grid of text, for the terminal and for the page alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grid {
    /// The column heads.
    pub head: Vec<String>,
    /// The lines below, as wide as the head.
    pub lines: Vec<Vec<String>>,
}

impl Grid {
    /// The grid as a table for the terminal: the first column to the left, the others to the right.
    #[must_use]
    pub fn draw(&self) -> String {
        let mut table = Table::new();
        table.load_style(STYLE).set_header(&self.head).add_rows(&self.lines);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
            column.set_padding((0, 1));
        }
        table.to_string()
    }
}

/// The suites of a report, in the order in which they ran.
#[must_use]
pub fn suites(report: &Report) -> Vec<&str> {
    in_order(report.rows.iter().map(|row| row.suite.as_str()))
}

/// The tables of a suite.
#[must_use]
pub fn grids(suite: &str, rows: &[&Row]) -> Vec<Grid> {
    if suite == "memory" {
        // Steps over time and bytes of containers have no column in common.
        let (held, steps): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.state_rows.is_some());
        return [steps, held].iter().filter(|rows| !rows.is_empty()).map(|rows| listed(rows)).collect();
    }
    if suite != "headline" {
        return vec![listed(rows)];
    }
    let more =
        [ratios(rows), processor(rows), weights(rows)].into_iter().filter(|grid| !grid.lines.is_empty());
    std::iter::once(side_by_side(rows)).chain(more).collect()
}

/// More rivals than this do not fit beside each other with their ratios: these get a table of their own.
const BESIDE: usize = 4;

/// Each rival with the engine of ours that does the same work.
fn pairs<'a>(rows: &[&'a Row]) -> Vec<(&'a str, &'a str)> {
    let engines = in_order(rows.iter().map(|row| row.engine.as_str()));
    let (ours, rivals): (Vec<&str>, Vec<&str>) = engines.iter().partition(|engine| is_ours(engine));
    let pair = |&rival: &&'a str| Some((*ours.iter().find(|own| **own == equal_of(rival))?, rival));
    rivals.iter().filter_map(pair).collect()
}

/// A line a case: the rivals' times over ours, each with the lowest and the highest of the rounds. Empty where
/// these stand beside the times.
#[must_use]
pub fn ratios(rows: &[&Row]) -> Grid {
    let pairs = pairs(rows);
    if pairs.len() <= BESIDE {
        return Grid::default();
    }
    let mut head = vec!["case (rival's time / ours, spread)".to_owned()];
    head.extend(pairs.iter().map(|(own, rival)| format!("{rival}/{own}")));
    let lines = in_order(rows.iter().map(|row| row.case.as_str())).into_iter().map(|case| {
        let mut line = vec![case.to_owned()];
        line.extend(pairs.iter().map(|(own, rival)| {
            let row = rows.iter().find(|row| row.case == case && row.engine == *own);
            row.map_or_else(String::new, |row| ratio(row, rival))
        }));
        line
    });
    Grid { lines: lines.collect(), head }
}

/// A ratio with its spread, as far as measured.
fn ratio(row: &Row, rival: &str) -> String {
    let spread = row.ratio_spread.get(rival);
    let spread = spread.map(|[low, high]| format!(" ({}–{})", figure(Some(*low)), figure(Some(*high))));
    row.ratio_vs.get(rival).map_or_else(String::new, |ratio| times(*ratio) + &spread.unwrap_or_default())
}

/// A line a case: processor time of a step, all threads, on average. Empty where [`ratios`] is.
#[must_use]
pub fn processor(rows: &[&Row]) -> Grid {
    if pairs(rows).len() <= BESIDE {
        return Grid::default();
    }
    let step = |row: &&&Row| Some(row.cpu_seconds? * 1e6 * row.batch? as f64 / row.events? as f64);
    let engines = in_order(rows.iter().map(|row| row.engine.as_str()));
    let mut head = vec!["case (mean CPU of a step, µs)".to_owned()];
    head.extend(engines.iter().map(|&engine| engine.to_owned()));
    let lines = in_order(rows.iter().map(|row| row.case.as_str())).into_iter().map(|case| {
        let of = |engine: &&str| rows.iter().find(|row| row.case == case && row.engine == **engine);
        let times = engines.iter().map(|engine| figure(of(engine).as_ref().and_then(step)));
        std::iter::once(case.to_owned()).chain(times).collect()
    });
    Grid { lines: lines.collect(), head }
}

/// A line a case whose engines were weighed: what each held, in MiB, and how much of it is its own.
#[must_use]
pub fn weights(rows: &[&Row]) -> Grid {
    let weighed: Vec<&&Row> = rows.iter().filter(|row| row.peak_rss_bytes.is_some()).collect();
    let engines = in_order(weighed.iter().map(|row| row.engine.as_str()));
    let mut head = vec!["case (peak MiB, of it added)".to_owned()];
    head.extend(engines.iter().map(|&engine| engine.to_owned()));
    let lines = in_order(weighed.iter().map(|row| row.case.as_str())).into_iter().map(|case| {
        let mut line = vec![case.to_owned()];
        line.extend(engines.iter().map(|engine| {
            let row = weighed.iter().find(|row| row.case == case && row.engine == *engine);
            row.map_or_else(String::new, |row| {
                let added = row.added_rss_bytes.map(|bytes| format!(" ({})", figure(Some(mebibytes(bytes)))));
                figure(row.peak_rss_bytes.map(mebibytes)) + &added.unwrap_or_default()
            })
        }));
        line
    });
    Grid { lines: lines.collect(), head }
}

/// A line a case: each engine's median in microseconds, then, if there is room, the rivals' times over ours.
#[must_use]
pub fn side_by_side(rows: &[&Row]) -> Grid {
    let engines = in_order(rows.iter().map(|row| row.engine.as_str()));
    let mut pairs = pairs(rows);
    if pairs.len() > BESIDE {
        pairs.clear();
    }

    let mut head = vec!["case (median step, µs)".to_owned()];
    head.extend(engines.iter().map(|&engine| engine.to_owned()));
    head.extend(pairs.iter().map(|(own, rival)| format!("{rival}/{own}")));
    head.extend(["allocs/step".to_owned(), "verified".to_owned()]);

    let lines = in_order(rows.iter().map(|row| row.case.as_str())).into_iter().map(|case| {
        let of = |engine: &str| rows.iter().find(|row| row.case == case && row.engine == engine);
        let mut line = vec![case.to_owned()];
        line.extend(engines.iter().map(|engine| figure(of(engine).and_then(|row| row.p50_us))));
        line.extend(pairs.iter().map(|(own, rival)| {
            of(own).and_then(|row| row.ratio_vs.get(*rival)).map_or_else(String::new, |ratio| times(*ratio))
        }));
        line.push(figure(of(DBSP).and_then(|row| row.allocs_per_step)));
        line.push(verified(rows.iter().filter(|row| row.case == case)));
        line
    });
    Grid { head, lines: lines.collect() }
}

/// A column's head, and its text for a row: empty where not measured.
type Column = (&'static str, fn(&Row) -> String);

/// A line a case and engine, with the columns that at least one of them measured.
#[must_use]
pub fn listed(rows: &[&Row]) -> Grid {
    const COLUMNS: [Column; 23] = [
        ("seconds", |row| figure(row.seconds)),
        ("CPU s", |row| figure(row.cpu_seconds)),
        ("events/s", |row| row.events_per_s.map_or_else(String::new, |rate| grouped(rate.round()))),
        ("p50 µs", |row| figure(row.p50_us)),
        ("p99 µs", |row| figure(row.p99_us)),
        ("p99.99 µs", |row| figure(row.p9999_us)),
        ("worst µs", |row| figure(row.worst_us)),
        ("worst/p50", |row| figure(row.worst_over_p50())),
        ("allocs/step", |row| figure(row.allocs_per_step)),
        ("rows out/row", |row| figure(row.rows_out_per_row)),
        ("honest µs", |row| figure(row.honest_us)),
        ("crafted/honest", |row| row.over_honest().map_or_else(String::new, times)),
        ("alloc B/s", |row| figure(row.alloc_bytes_per_s)),
        ("warm MiB", |row| figure(row.warm_rss_bytes.map(mebibytes))),
        ("end MiB", |row| figure(row.end_rss_bytes.map(mebibytes))),
        ("growth %", |row| figure(row.rss_growth_percent)),
        ("state rows", |row| row.state_rows.map_or_else(String::new, |rows| grouped(rows as f64))),
        ("state B/row", |row| figure(row.state_bytes_per_row)),
        ("allocated B/row", |row| figure(row.allocated_bytes_per_row)),
        ("peak MiB", |row| figure(row.peak_rss_bytes.map(mebibytes))),
        ("added MiB", |row| figure(row.added_rss_bytes.map(mebibytes))),
        ("rival's time / ours", |row| {
            let ratios = row.ratio_vs.keys().map(|rival| format!("{rival} {}", ratio(row, rival)));
            ratios.collect::<Vec<_>>().join(", ")
        }),
        ("verified", |row| verified(std::iter::once(&row))),
    ];
    let used: Vec<&Column> =
        COLUMNS.iter().filter(|(_, text)| rows.iter().any(|row| !text(row).is_empty())).collect();
    let mut head = vec!["case".to_owned(), "engine".to_owned()];
    head.extend(used.iter().map(|(name, _)| (*name).to_owned()));
    let lines = rows.iter().map(|row| {
        let mut line = vec![row.case.clone(), row.engine.clone()];
        line.extend(used.iter().map(|(_, text)| text(row)));
        line
    });
    Grid { head, lines: lines.collect() }
}

/// Where a rival was faster than the form of this project that does the same work: a line a rival and suite.
#[must_use]
pub fn losses(report: &Report) -> Vec<String> {
    let mut pairs: BTreeMap<[&str; 3], Vec<(&str, f64)>> = BTreeMap::new();
    for row in &report.rows {
        for (rival, ratio) in row.ratio_vs.iter().filter(|(rival, _)| row.engine == equal_of(rival)) {
            pairs.entry([&row.suite, rival, &row.engine]).or_default().push((&row.case, *ratio));
        }
    }
    let told = pairs.into_iter().filter_map(|([suite, rival, own], cases)| {
        let of = cases.len();
        let mut lost: Vec<_> = cases.into_iter().filter(|(_, ratio)| *ratio < 1.0).collect();
        lost.sort_by(|a, b| a.1.total_cmp(&b.1));
        let worst: Vec<String> =
            lost.iter().take(NAMED).map(|(case, ratio)| format!("{case} {}", times(1.0 / ratio))).collect();
        let more = if lost.len() > NAMED { ", …" } else { "" };
        let count = lost.len();
        (count > 0).then(|| {
            format!("{suite}: {rival} is faster than {own} in {count} of {of}: {}{more}", worst.join(", "))
        })
    });
    told.collect()
}

/// The engine of ours that does the same work as a rival: keeping a view, or handing out what changed.
fn equal_of(rival: &str) -> &'static str {
    if rival == "naive_view" { "dbsp_view" } else { DBSP }
}

/// A figure with three leading digits; nothing where there is none.
#[must_use]
pub fn figure(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(0.0) => "0".to_owned(),
        Some(value) if value.abs() < 0.01 => format!("{value:.1e}"),
        Some(value) if value.abs() < 0.1 => format!("{value:.3}"),
        Some(value) if value.abs() < 10.0 => format!("{value:.2}"),
        Some(value) if value.abs() < 100.0 => format!("{value:.1}"),
        Some(value) => grouped(value.round()),
    }
}

/// A ratio, as `12.3x`.
fn times(ratio: f64) -> String {
    figure(Some(ratio)) + "x"
}

/// A whole number with commas between its thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as mebibytes.
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Whether all of `rows` were verified; nothing where none says.
fn verified<'a>(rows: impl Iterator<Item = &'a &'a Row>) -> String {
    match rows.filter_map(|row| row.verified).reduce(|all, one| all && one) {
        None => String::new(),
        Some(true) => "yes".to_owned(),
        Some(false) => "NO".to_owned(),
    }
}

/// Each item once, where it first stood.
pub(crate) fn in_order<'a>(items: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(*item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.0042, "4.2e-3"),
            (0.0256, "0.026"),
            (0.256, "0.26"),
            (12.34, "12.3"),
            (1234567.0, "1,234,567"),
        ] {
            assert_eq!(figure(Some(value)), text);
        }
        assert_eq!(grouped(-1234.0), "-1,234");
        assert_eq!(grouped(-123.0), "-123");
    }

    #[test]
    fn many_rivals_have_a_table_of_ratios_with_their_spreads() {
        let row = |engine: &str, p50: f64| Row {
            p50_us: Some(p50),
            rounds: vec![p50, 2.0 * p50],
            added_rss_bytes: Some(3 << 20),
            peak_rss_bytes: Some(5 << 20),
            ..Row::new("headline", "join/50000/1", engine)
        };
        let mut report = Report::default();
        let rivals = ["naive", "handwritten", "feldera", "differential", "duckdb"];
        let mut rows: Vec<Row> = rivals.iter().map(|&rival| row(rival, 30.0)).collect();
        rows.push(Row { rounds: vec![10.0, 10.0], ..row(DBSP, 10.0) });
        report.add_case(rows);
        let rows: Vec<&Row> = report.rows.iter().collect();
        let [times, ratios, _, weights] = grids("headline", &rows).try_into().unwrap();
        assert_eq!(times.head.len(), 1 + 6 + 2);
        assert_eq!(ratios.lines[0][..2], ["join/50000/1", "3.00x (3.00–6.00)"]);
        assert_eq!(weights.lines[0][1], "5.00 (3.00)");
    }

    #[test]
    fn the_memory_suite_has_a_table_of_steps_and_one_of_bytes() {
        let steady = Row {
            rss_growth_percent: Some(-0.25),
            alloc_bytes_per_s: Some(0.0),
            ..Row::new("memory", "steady/join", DBSP)
        };
        let bytes = Row {
            state_rows: Some(50_000),
            state_bytes_per_row: Some(72.5),
            ..Row::new("memory", "bytes/max/copy/50000", DBSP)
        };
        let [steps, held] = grids("memory", &[&steady, &bytes]).try_into().unwrap();
        assert_eq!(steps.head, ["case", "engine", "alloc B/s", "growth %"]);
        assert_eq!(steps.lines, [["steady/join", "dbsp", "0", "-0.25"]]);
        assert_eq!(held.head, ["case", "engine", "state rows", "state B/row"]);
        assert_eq!(held.lines, [["bytes/max/copy/50000", "dbsp", "50,000", "72.5"]]);
        assert_eq!(grids("memory", &[&bytes]).len(), 1);
    }

    #[test]
    fn a_headline_case_is_one_line_and_a_loss_is_told() {
        let row =
            |engine: &str, p50| Row { p50_us: Some(p50), ..Row::new("headline", "join/50000/1", engine) };
        let mut report = Report::default();
        report.add_case(vec![row("naive", 300.0), row("handwritten", 0.4), row("dbsp", 0.8)]);
        let rows: Vec<&Row> = report.rows.iter().collect();
        let grid = side_by_side(&rows);
        assert_eq!(grid.lines.len(), 1);
        assert_eq!(grid.lines[0][..6], ["join/50000/1", "300", "0.40", "0.80", "375x", "0.50x"]);
        let told = "headline: handwritten is faster than dbsp in 1 of 1: join/50000/1 2.00x";
        assert_eq!(losses(&report), [told]);
        assert!(summary(&report).contains("loss: "));
    }
}
