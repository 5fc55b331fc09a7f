//! The plots: each takes a suite's rows, and is absent where they have nothing to show.

use std::collections::BTreeMap;

use anyhow::anyhow;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::palette::{GRID, INK, SERIES, recoloured};
use crate::report::{DBSP, Row};
use crate::table::{figure, in_order};

const WIDTH: u32 = 900;
const HEIGHT: u32 = 400;

/// Points of a line, by its name.
type Lines<'a> = BTreeMap<&'a str, Vec<(f64, f64)>>;

/// A drawn plot.
pub(super) struct Plot {
    /// The plot as SVG text.
    pub(super) svg: String,
    /// What the colours stand for, in the order of the palette; empty where the plot says it itself.
    pub(super) legend: Vec<String>,
}

/// A plot, if there is something to show.
type Drawn = anyhow::Result<Option<Plot>>;

/// A rival's time over ours against the share of rows that a step changes: a line a view, and one at 1.
pub(super) fn ratios(rows: &[&Row], rival: &str) -> Drawn {
    // The cases of one base size make lines; a few points of other sizes would only stand beside them.
    let mut sizes: BTreeMap<u32, Lines<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.engine == DBSP) {
        let Some((view, size, changes)) = parsed(&row.case) else { continue };
        let Some(ratio) = row.ratio_vs.get(rival) else { continue };
        let lines = sizes.entry(size).or_default();
        lines.entry(view).or_default().push((f64::from(changes) / f64::from(size), *ratio));
    }
    let count = |lines: &Lines<'_>| lines.values().map(Vec::len).sum::<usize>();
    let Some((size, lines)) = sizes.into_iter().max_by_key(|(_, lines)| count(lines)) else {
        return Ok(None);
    };
    if lines.values().all(|line| line.len() < 2) {
        return Ok(None);
    }
    let legend: Vec<String> = lines.keys().map(|view| (*view).to_owned()).collect();
    let (left, right) = range(lines.values().flatten().map(|point| point.0));
    let (low, high) = range(lines.values().flatten().map(|point| point.1).chain([1.0]));

    drawn(|area| {
        let mut chart =
            line_frame(area).build_cartesian_2d((left..right).log_scale(), (low..high).log_scale())?;
        chart
            .configure_mesh()
            .axis_style(INK)
            .label_style(text(14))
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .x_desc(format!("changed rows of {size}"))
            .y_desc(format!("{rival} / {DBSP}"))
            .x_label_formatter(&|share| format!("{}%", plain(share * 100.0)))
            .y_label_formatter(&|ratio| format!("{}x", plain(*ratio)))
            .draw()?;
        let even = ShapeStyle { color: INK.to_rgba(), filled: false, stroke_width: 2 };
        chart.draw_series(LineSeries::new([(left, 1.0), (right, 1.0)], even))?;
        for ((_, mut line), colour) in lines.into_iter().zip(SERIES) {
            line.sort_by(|a, b| a.0.total_cmp(&b.0));
            let stroke = colour.stroke_width(3);
            let dots = line.iter().map(|point| Circle::new(*point, 4, colour.filled())).collect::<Vec<_>>();
            chart.draw_series(LineSeries::new(line, stroke))?;
            chart.draw_series(dots)?;
        }
        Ok(())
    })
    .map(|svg| Some(Plot { svg, legend }))
}

/// Times of all engines of a view against the share of rows that a step changes: a line an engine.
pub(super) fn times(rows: &[&Row], view: &str) -> Drawn {
    let mut sizes: BTreeMap<u32, Vec<(&str, (f64, f64))>> = BTreeMap::new();
    for row in rows {
        let Some((_, size, changes)) = parsed(&row.case).filter(|parsed| parsed.0 == view) else { continue };
        let Some(time) = row.p50_us.filter(|&time| time > 0.0) else { continue };
        let point = (f64::from(changes) / f64::from(size), time);
        sizes.entry(size).or_default().push((&row.engine, point));
    }
    let Some((size, points)) = sizes.into_iter().max_by_key(|(_, points)| points.len()) else {
        return Ok(None);
    };
    let engines = in_order(points.iter().map(|point| point.0));
    let (left, right) = range(points.iter().map(|(_, point)| point.0));
    let (low, high) = range(points.iter().map(|(_, point)| point.1));
    let legend = engines.iter().map(|&engine| engine.to_owned()).collect();
    drawn(|area| {
        let mut chart =
            line_frame(area).build_cartesian_2d((left..right).log_scale(), (low..high).log_scale())?;
        chart
            .configure_mesh()
            .axis_style(INK)
            .label_style(text(14))
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .x_desc(format!("{view}: changed rows of {size}"))
            .y_desc("µs a step")
            .x_label_formatter(&|share| format!("{}%", plain(share * 100.0)))
            .y_label_formatter(&|time| plain(*time))
            .draw()?;
        for (engine, colour) in engines.iter().zip(SERIES) {
            let of = points.iter().filter(|point| point.0 == *engine);
            let mut line: Vec<(f64, f64)> = of.map(|point| point.1).collect();
            line.sort_by(|a, b| a.0.total_cmp(&b.0));
            let dots = line.iter().map(|point| Circle::new(*point, 4, colour.filled())).collect::<Vec<_>>();
            chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
            chart.draw_series(dots)?;
        }
        Ok(())
    })
    .map(|svg| Some(Plot { svg, legend }))
}

/// Events per second: a bar a case and engine.
pub(super) fn rates(rows: &[&Row]) -> Drawn {
    let (engines, legend) = engines(rows);
    let bars: Vec<Bar> = rows
        .iter()
        .filter_map(|row| {
            let height = row.events_per_s? / 1e6;
            let series = engines.iter().position(|engine| *engine == row.engine)?;
            // The first engine's bar carries the name for all of its case.
            let name = if series == 0 { row.case.clone() } else { String::new() };
            Some(Bar { text: figure(Some(height)), name, height, series })
        })
        .collect();
    let highest = bars.iter().map(|bar| bar.height).fold(0.0, f64::max);
    if highest <= 0.0 {
        return Ok(None);
    }
    drawn(|area| {
        let y = 0.0..highest * 1.12;
        let mut chart = frame(area).build_cartesian_2d(slots(&bars), y)?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().disable_x_axis().axis_style(INK).label_style(text(14)).bold_line_style(GRID);
        mesh.light_line_style(TRANSPARENT).y_desc("million events a second").draw()?;
        for (i, bar) in (0_i32..).zip(&bars) {
            let (low, high) = bar.span(i, 0.0);
            chart.draw_series([Rectangle::new([low, high], colour(bar.series).filled())])?;
        }
        let places: Vec<_> = (0_i32..).zip(&bars).map(|(i, bar)| chart.backend_coord(&bar.top(i))).collect();
        let bottom = chart.backend_coord(&(0.0, 0.0)).1;
        label_bars(area, &bars, &places, bottom)
    })
    .map(|svg| Some(Plot { svg, legend }))
}

/// The tail of each case on a log scale: its median, p99 and worst step.
pub(super) fn tails(rows: &[&Row]) -> Drawn {
    let legend = ["median", "p99", "worst"].map(str::to_owned).to_vec();
    let mut bars = Vec::new();
    for row in rows.iter().filter(|row| row.worst_us.is_some()) {
        let times =
            [(row.case.clone(), row.p50_us), (String::new(), row.p99_us), (String::new(), row.worst_us)];
        for (series, (name, time)) in times.into_iter().enumerate() {
            if let Some(height) = time.filter(|&time| time > 0.0) {
                bars.push(Bar { text: figure(Some(height)), name, height, series });
            }
        }
    }
    step_bars(&bars, legend)
}

/// One-row steps on a log scale: of one engine the median and the p99 of each case, of several their medians.
pub(super) fn latencies(rows: &[&Row]) -> Drawn {
    let (engines, legend) = engines(rows);
    let mut bars = Vec::new();
    for row in rows.iter().filter(|row| row.worst_us.is_none()) {
        let Some(engine) = engines.iter().position(|engine| *engine == row.engine) else { continue };
        let times = if engines.len() == 1 {
            vec![(format!("{} p50", row.case), row.p50_us, 0), (format!("{} p99", row.case), row.p99_us, 1)]
        } else {
            vec![(row.case.clone(), row.p50_us, engine)]
        };
        for (name, time, series) in times {
            if let Some(height) = time.filter(|&time| time > 0.0) {
                bars.push(Bar { text: figure(Some(height)), name, height, series });
            }
        }
    }
    step_bars(&bars, legend)
}

/// Times of steps on a log scale, a bar each.
fn step_bars(bars: &[Bar], legend: Vec<String>) -> Drawn {
    if bars.is_empty() {
        return Ok(None);
    }
    let (low, high) = range(bars.iter().map(|bar| bar.height));
    drawn(|area| {
        let mut chart = frame(area).build_cartesian_2d(slots(bars), (low..high * 1.5).log_scale())?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().disable_x_axis().axis_style(INK).label_style(text(14)).bold_line_style(GRID);
        mesh.light_line_style(TRANSPARENT)
            .y_desc("µs a step")
            .y_label_formatter(&|time| plain(*time))
            .draw()?;
        for (i, bar) in (0_i32..).zip(bars) {
            let (bottom, top) = bar.span(i, low);
            chart.draw_series([Rectangle::new([bottom, top], colour(bar.series).filled())])?;
        }
        let places: Vec<_> = (0_i32..).zip(bars).map(|(i, bar)| chart.backend_coord(&bar.top(i))).collect();
        let bottom = chart.backend_coord(&(0.0, low)).1;
        label_bars(area, bars, &places, bottom)
    })
    .map(|svg| Some(Plot { svg, legend }))
}

/// The engines of a suite, and the legend: none where there is one engine.
fn engines<'a>(rows: &[&'a Row]) -> (Vec<&'a str>, Vec<String>) {
    let engines = in_order(rows.iter().map(|row| row.engine.as_str()));
    let legend = if engines.len() > 1 { engines.iter().map(|&e| e.to_owned()).collect() } else { Vec::new() };
    (engines, legend)
}

/// The colour of a series; past the last one they begin anew.
fn colour(series: usize) -> RGBColor {
    SERIES[series % SERIES.len()]
}

/// A bar, its name below and its figure above.
struct Bar {
    name: String,
    text: String,
    height: f64,
    series: usize,
}

impl Bar {
    /// The corners of the bar in slot `i`, from `bottom` up.
    fn span(&self, i: i32, bottom: f64) -> ((f64, f64), (f64, f64)) {
        ((f64::from(i) + 0.15, bottom), (f64::from(i) + 0.85, self.height))
    }

    /// The middle of its upper edge.
    fn top(&self, i: i32) -> (f64, f64) {
        (f64::from(i) + 0.5, self.height)
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Draws a plot into SVG and gives it the page's colours.
fn drawn(draw: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn std::error::Error>>) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        draw(&area).map_err(|error| anyhow!("cannot draw a plot: {error}"))?;
        area.present().map_err(|error| anyhow!("cannot draw a plot: {error}"))?;
    }
    Ok(recoloured(&svg))
}

/// The frame of a chart with lines, described below and beside it.
fn line_frame<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut chart = ChartBuilder::on(area);
    chart.margin(12).margin_right(28).x_label_area_size(44).y_label_area_size(64);
    chart
}

/// The frame of a bar chart.
fn frame<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut chart = ChartBuilder::on(area);
    chart.margin(12).x_label_area_size(32).y_label_area_size(64);
    chart
}

/// A slot on the x axis for each bar.
fn slots(bars: &[Bar]) -> std::ops::Range<f64> {
    0.0..bars.len() as f64
}

/// Writes each bar's figure above it and its name below the axis.
fn label_bars(
    area: &Area<'_>,
    bars: &[Bar],
    tops: &[(i32, i32)],
    bottom: i32,
) -> Result<(), Box<dyn std::error::Error>> {
    let above = text(14).pos(Pos::new(HPos::Center, VPos::Bottom));
    let below = text(14).pos(Pos::new(HPos::Center, VPos::Top));
    for (bar, &(x, y)) in bars.iter().zip(tops) {
        area.draw(&Text::new(bar.text.clone(), (x, y - 4), above.clone()))?;
        area.draw(&Text::new(bar.name.clone(), (x, bottom + 8), below.clone()))?;
    }
    Ok(())
}

/// Text of the page's colour.
fn text(size: i32) -> TextStyle<'static> {
    ("system-ui, sans-serif", size).into_font().color(&INK)
}

/// The view, base size and changes of a headline case.
fn parsed(case: &str) -> Option<(&str, u32, u32)> {
    let mut parts = case.split('/');
    let view = parts.next()?;
    let (size, changes) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (view != "published" && size > 0).then_some((view, size, changes))
}

/// From the power of ten below `values` to the one above.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = (low.log10().floor(), high.log10().ceil());
    // A little more on either side, so that the outermost powers are labelled too.
    (10_f64.powf(low) / 1.02, 10_f64.powf(if high > low { high } else { low + 1.0 }) * 1.02)
}

/// A round figure without needless zeros.
fn plain(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_reaches_the_powers_of_ten_around_its_values() {
        let (low, high) = range([0.002, 70.0].into_iter());
        assert!((0.0009..=0.001).contains(&low) && (100.0..103.0).contains(&high));
        let (low, high) = range([1.0].into_iter());
        assert!((0.9..=1.0).contains(&low) && (10.0..11.0).contains(&high));
    }

    #[test]
    fn only_cases_of_a_view_are_drawn() {
        assert_eq!(parsed("join/50000/10"), Some(("join", 50_000, 10)));
        assert_eq!(parsed("published/50000/1000"), None);
        assert_eq!(parsed("q4"), None);
    }
}
