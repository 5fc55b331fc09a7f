//! The page's colours, and how plots come by them.
//!
//! plotters writes fixed colours into its SVG. A plot is therefore drawn with placeholders, and each of them is
//! replaced by a CSS variable that the style sheet sets for light and for dark screens.

use plotters::style::RGBColor;

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(1, 0, 0);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(2, 0, 0);
/// The lines and bars, in order.
pub(super) const SERIES: [RGBColor; 4] =
    [RGBColor(4, 0, 0), RGBColor(5, 0, 0), RGBColor(6, 0, 0), RGBColor(7, 0, 0)];

/// The variable behind each placeholder, as plotters writes the placeholder.
const VARIABLES: [(&str, &str); 6] = [
    ("\"#010000\"", "\"var(--ink)\""),
    ("\"#020000\"", "\"var(--grid)\""),
    ("\"#040000\"", "\"var(--series-1)\""),
    ("\"#050000\"", "\"var(--series-2)\""),
    ("\"#060000\"", "\"var(--series-3)\""),
    ("\"#070000\"", "\"var(--series-4)\""),
];

/// A plot with variables where it had placeholders.
pub(super) fn recoloured(svg: &str) -> String {
    VARIABLES.iter().fold(svg.to_owned(), |svg, (placeholder, variable)| svg.replace(placeholder, variable))
}

/// The style sheet of the page.
pub(super) const STYLE: &str = "\
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2330; --soft: #5b6472; --grid: #d9dee6;
  --series-1: #2a6fd6; --series-2: #d35f1e; --series-3: #12855d; --series-4: #8446c4; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181f; --ink: #e4e8ee; --soft: #9aa4b2; --grid: #333b47;
    --series-1: #6ea8ff; --series-2: #ff9a5c; --series-3: #4fcf9d; --series-4: #c79bff; --bad: #ff8a80; } }
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
