//! `report.html`: one file with the plots and the tables, and nothing fetched from elsewhere.
//!
//! # Shape
//! `page` puts the parts together, `plot` draws with plotters into SVG, `palette` turns the colours that plotters
//! wrote into CSS variables, so that one page suits a light and a dark screen.

use std::fmt::Write as _;

use crate::headline::View;
use crate::report::{Report, Row};
use crate::table::{self, Grid};

mod palette;
mod plot;

/// The page of a report.
///
/// # Errors
/// When a plot cannot be drawn.
pub fn page(report: &Report) -> anyhow::Result<String> {
    let mut body = String::new();
    let _ = writeln!(body, "<header><h1>Benchmark report</h1><p>{}</p></header>", escaped(&machine(report)));
    for failure in &report.failures {
        let _ = writeln!(body, "<p class=\"failure\">Failed: {}</p>", escaped(failure));
    }
    for suite in table::suites(report) {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.suite == suite).collect();
        let _ = writeln!(body, "<section><h2>{}</h2>", escaped(suite));
        for figure in figures(suite, &rows)? {
            body.push_str(&figure);
        }
        for grid in table::grids(suite, &rows) {
            body.push_str(&html_table(&grid));
        }
        body.push_str("</section>\n");
    }
    body.push_str(&list("Losses", &table::losses(report)));
    body.push_str(&list("Notes", &report.notes));
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Benchmark report</title>\n<style>\n{}</style></head>\n<body>\n{body}</body></html>\n",
        palette::STYLE
    ))
}

/// The plots of a suite, with their captions.
fn figures(suite: &str, rows: &[&Row]) -> anyhow::Result<Vec<String>> {
    let drawn = match suite {
        "headline" => headline(rows)?,
        "nexmark" => vec![("Events per second, one worker.", plot::rates(rows)?)],
        "latency" => {
            vec![
                ("One-row steps, by the operators that the row passes; log scale.", plot::latencies(rows)?),
                (
                    "Steps of 100 rows while state grows, stays and shrinks: the tail; log scale.",
                    plot::tails(rows)?,
                ),
            ]
        }
        _ => Vec::new(),
    };
    let drawn = drawn.into_iter().filter_map(|(caption, plot)| Some((caption, plot?)));
    let figures = drawn.map(|(caption, plot)| {
        let keys: String = (1..).zip(&plot.legend).map(|(i, name)| key(i, name)).collect();
        format!("<figure>{}<div>{keys}</div><figcaption>{caption}</figcaption></figure>\n", plot.svg)
    });
    Ok(figures.collect())
}

/// The plots of the headline: how often a rival's time fits, then all engines of each view.
fn headline(rows: &[&Row]) -> anyhow::Result<Vec<(&'static str, Option<plot::Plot>)>> {
    let mut drawn = vec![
        (
            "Recomputing over incremental: time of <code>naive</code> / time of <code>dbsp</code>, by the share \
              of rows that a step changes. Above 1 the incremental view is faster.",
            plot::ratios(rows, "naive")?,
        ),
        (
            "The same against hand-written incremental code: <code>handwritten</code> / <code>dbsp</code>.",
            plot::ratios(rows, "handwritten")?,
        ),
    ];
    for view in View::ALL {
        drawn.push((
            "All engines: the median step by the share of rows that it changes.",
            plot::times(rows, view.name())?,
        ));
    }
    Ok(drawn)
}

/// An entry of a legend: the `i`-th colour of the palette and what it stands for.
fn key(i: usize, name: &str) -> String {
    format!("<span class=\"key\" style=\"--series: var(--series-{i})\">{}</span>", escaped(name))
}

/// Where the figures come from, in one line.
fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let gibibytes = machine.memory_bytes.map(|bytes| format!("{} GiB", bytes >> 30));
    let cores = machine.cores.map(|cores| format!("{cores} cores"));
    let load = machine.load.map(|load| format!("load {load}"));
    let dirty = if report.dirty == Some(true) { " with changes" } else { "" };
    let commit = report.commit.as_ref().map(|commit| format!("commit {commit}{dirty}"));
    let allocator = machine.allocator.clone();
    let parts =
        [machine.cpu.clone(), cores, gibibytes, Some(machine.os.clone()), machine.rustc.clone(), allocator];
    parts.into_iter().chain([load, commit]).flatten().collect::<Vec<_>>().join(" · ")
}

/// A heading and a list; nothing where the list is empty.
fn list(title: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: String = items.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
    format!("<section><h2>{title}</h2><ul>{items}</ul></section>\n")
}

/// A grid as an HTML table that scrolls on its own where it is too wide.
fn html_table(grid: &Grid) -> String {
    let line = |tag: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let lines: String = grid.lines.iter().map(|cells| line("td", cells)).collect();
    let head = line("th", &grid.head);
    format!("<div class=\"wide\"><table><thead>{head}</thead><tbody>{lines}</tbody></table></div>\n")
}

/// Text with the characters that HTML reads as its own replaced.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::of_this_machine();
        for (changes, ours) in [(1, 0.5), (1_000, 40.0), (50_000, 900.0)] {
            let row = |engine: &str, p50| Row {
                p50_us: Some(p50),
                batch: Some(changes),
                ..Row::new("headline", format!("join/50000/{changes}"), engine)
            };
            report.add_case(vec![row("naive", 300.0), row("handwritten", 30.0), row("dbsp", ours)]);
        }
        report.add_case(vec![Row::new("nexmark", "q4", "dbsp").with_total(1_000_000, 0.4)]);
        let latency = Row { p50_us: Some(0.4), p99_us: Some(1.9), ..Row::new("latency", "ops10", "dbsp") };
        report.add_case(vec![latency]);
        let tail =
            Row { worst_us: Some(90.0), p50_us: Some(9.0), ..Row::new("latency", "grow/view", "dbsp") };
        report.add_case(vec![tail]);
        report.note("a < b");
        report
    }

    #[test]
    fn a_page_has_its_plots_inside_and_fetches_nothing() {
        let page = page(&report()).unwrap();
        assert_eq!(page.matches("<svg").count(), 6);
        assert!(page.contains("a &lt; b"));
        for foreign in ["http://", "https://", "src=", "@import", "<script"] {
            let page = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!page.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn every_colour_of_a_plot_follows_the_page() {
        let page = page(&report()).unwrap();
        let plots = page.split("<svg").skip(1).filter_map(|rest| rest.split("</svg>").next());
        for plot in plots {
            assert!(plot.contains("var(--ink)"));
            assert!(!plot.contains("=\"#"), "a fixed colour is left in a plot");
        }
    }

    #[test]
    fn an_empty_report_has_a_page() {
        assert!(!page(&Report::default()).unwrap().contains("<svg"));
    }
}
