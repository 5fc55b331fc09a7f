//! The page's colours, and how plots come by them.
//!
//! plotters writes fixed colours into its SVG. A plot is therefore drawn with placeholders, and each of them is
//! replaced by a CSS variable that the style sheet sets for light and for dark screens.

use plotters::style::RGBColor;

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(1, 0, 0);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(2, 0, 0);
/// How many lines or bars have a colour of their own: an engine each.
pub(super) const COLOURS: usize = 12;
/// The lines and bars, in order: as many as there are colours, told apart by the first number.
pub(super) const SERIES: [RGBColor; COLOURS] = {
    let mut series = [RGBColor(FIRST, 0, 0); COLOURS];
    let mut i = 0;
    while i < COLOURS {
        series[i] = RGBColor(FIRST + i as u8, 0, 0);
        i += 1;
    }
    series
};
/// The first number of the first colour.
const FIRST: u8 = 4;

/// The variables behind the other placeholders, as plotters writes a placeholder.
const VARIABLES: [(&str, &str); 2] = [("\"#010000\"", "\"var(--ink)\""), ("\"#020000\"", "\"var(--grid)\"")];

/// A plot with variables where it had placeholders.
pub(super) fn recoloured(svg: &str) -> String {
    let series = (1..)
        .zip(SERIES)
        .map(|(i, colour)| (format!("\"#{:02X}0000\"", colour.0), format!("\"var(--series-{i})\"")));
    let others = VARIABLES.map(|(placeholder, variable)| (placeholder.to_owned(), variable.to_owned()));
    series
        .chain(others)
        .fold(svg.to_owned(), |svg, (placeholder, variable)| svg.replace(&placeholder, &variable))
}

/// The style sheet of the page.
pub(super) const STYLE: &str = "\
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2330; --soft: #5b6472; --grid: #d9dee6;
  --series-1: #2a6fd6; --series-2: #d35f1e; --series-3: #12855d; --series-4: #8446c4;
  --series-5: #a8741a; --series-6: #c2327f; --series-7: #4a5568; --series-8: #0f8aa8; --series-9: #7a8b12;
  --series-10: #b3261e; --series-11: #5a4bd6; --series-12: #6b4226; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181f; --ink: #e4e8ee; --soft: #9aa4b2; --grid: #333b47;
    --series-1: #6ea8ff; --series-2: #ff9a5c; --series-3: #4fcf9d; --series-4: #c79bff;
    --series-5: #e5b866; --series-6: #ff85bd; --series-7: #a3b1c6; --series-8: #5fd3ee; --series-9: #c5d65a;
    --series-10: #ff8a80; --series-11: #a49bff; --series-12: #d1a687; --bad: #ff8a80; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; max-width: 86rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
header p, figcaption { color: var(--soft); margin: .25rem 0; }
figure { margin: 1rem 0 2rem; } figure svg { max-width: 100%; height: auto; display: block; }
.key { margin-right: 1.25rem; white-space: nowrap; color: var(--ink); }
.key::before { content: \"\"; display: inline-block; width: 1.4em; height: 3px; margin-right: .4em;
  vertical-align: middle; background: var(--series); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; }
th, td { padding: .25rem .5rem; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; } th { color: var(--soft); font-weight: 600; }
.failure { color: var(--bad); font-weight: 600; white-space: pre-wrap; }
";
