//! The table of a profile: a line an operator, in the order in which a step calls them.

use std::fmt::Write as _;
use std::time::Duration;

use dbsp_runtime::{Circuit, Graph, Memory, Profile};

use super::clock;
use crate::table::{Grid, figure};

/// The columns.
const HEAD: [&str; 11] = [
    "operator",
    "calls",
    "rows in",
    "rows out",
    "µs",
    "share",
    "ns a row",
    "allocations",
    "state rows",
    "state KiB",
    "buffer KiB",
];

/// The table of a circuit, and what a reader should know. `plain` is the time of the same steps, not profiled.
pub(super) fn of(case: &str, profile: &Profile, circuit: &Circuit, plain: Duration) -> String {
    let grid = grid(profile, &circuit.graph(), &circuit.memory());
    let steps = profile.steps.max(1) as f64;
    let each = |time: Duration| figure(Some(micros(time) / steps));
    let mut text = String::new();
    let _ = writeln!(text, "{case}: {} steps; all figures but state are of a step", profile.steps);
    let _ = writeln!(text, "{}", grid.draw());
    let spent: Duration = profile.operators.iter().map(|operator| operator.time).sum();
    let _ = writeln!(
        text,
        "a step takes {} µs when nobody looks, ingest and reading the result included; profiled, operators take {} µs \
         of it, scheduling and the profile itself {} µs",
        each(plain),
        each(spent),
        each(profile.time.saturating_sub(spent)),
    );
    let _ = writeln!(
        text,
        "rows in are those of the streams that it reads; ns a row are for the greater of rows in and rows out; \
         the clock takes {:.0} ns, which are subtracted",
        clock()
    );
    text
}

/// The operators as a grid, and their sum.
fn grid(profile: &Profile, graph: &Graph, memory: &Memory) -> Grid {
    let steps = profile.steps.max(1) as f64;
    let total: Duration = profile.operators.iter().map(|operator| operator.time).sum();
    let per_step = |count: u64| figure(Some(count as f64 / steps));
    let kibibytes = |bytes: usize| figure(Some(bytes as f64 / 1024.0));
    let mut lines = Vec::with_capacity(profile.operators.len() + 1);
    for ((tally, node), held) in profile.operators.iter().zip(&graph.nodes).zip(&memory.operators) {
        let rows_in: u64 = node.inputs.iter().map(|&input| profile.operators[input].rows_out).sum();
        let rows = rows_in.max(tally.rows_out);
        let ns_a_row = (rows > 0).then(|| micros(tally.time) * 1_000.0 / rows as f64);
        lines.push(vec![
            label(&tally.operator),
            per_step(tally.calls),
            per_step(rows_in),
            per_step(tally.rows_out),
            figure(Some(micros(tally.time) / steps)),
            percent(tally.time, total),
            figure(ns_a_row),
            tally.allocations.map(per_step).unwrap_or_default(),
            figure(Some(held.state.rows as f64)),
            kibibytes(held.state.bytes),
            kibibytes(held.buffer.bytes),
        ]);
    }
    let allocations: Option<u64> = profile.operators.iter().map(|operator| operator.allocations).sum();
    let (state, buffer) = (memory.operators.iter().map(|held| held.state.bytes).sum(), memory.bytes());
    lines.push(vec![
        "all".to_owned(),
        per_step(profile.operators.iter().map(|operator| operator.calls).sum()),
        String::new(),
        String::new(),
        figure(Some(micros(total) / steps)),
        percent(total, total),
        String::new(),
        allocations.map(per_step).unwrap_or_default(),
        figure(Some(memory.rows() as f64)),
        kibibytes(state),
        kibibytes(buffer - state),
    ]);
    Grid { head: HEAD.map(str::to_owned).to_vec(), lines }
}

/// Kind, name and place of an operator, the place without the folders that all have in common.
fn label(operator: &dbsp_runtime::Operator) -> String {
    let file = operator.location.file();
    let place = file.rsplit_once("src/").map_or(file, |(_, place)| place);
    let name = operator.name.as_ref().map(|name| format!(" {name:?}")).unwrap_or_default();
    format!("{}{name} {place}:{}", operator.kind, operator.location.line())
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn percent(part: Duration, whole: Duration) -> String {
    if whole.is_zero() {
        return String::new();
    }
    format!("{:.1} %", 100.0 * part.as_secs_f64() / whole.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rows_in_and_out_and_what_is_held() {
        let (mut circuit, (rows, _)) = Circuit::build(|b| {
            let (stream, rows) = b.input::<u64>("rows");
            (rows, stream.index_by(|n| (n % 3, *n)).max().view())
        })
        .unwrap();
        circuit.start_profiling(Some(|| 7));
        for from in [0, 100] {
            circuit[rows].extend((from..from + 100).map(|n| (n, 1)));
            circuit.step().unwrap();
        }
        let profile = circuit.profile();
        let grid = grid(&profile, &circuit.graph(), &circuit.memory());
        let cells = |line: &[String]| [1, 2, 3, 7, 8].map(|at| line[at].clone());
        let input =
            grid.lines.iter().find(|line| line[0].starts_with("input \"rows\" profile/table.rs:")).unwrap();
        assert_eq!(cells(input), ["1.00", "0", "100", "0", "0"]);
        let max = grid.lines.iter().find(|line| line[0].starts_with("max")).unwrap();
        // Three groups are new in the first step; each is replaced in the second.
        assert_eq!([&max[1], &max[3], &max[8]], ["1.00", "4.50", "200"]);
        assert_eq!(grid.lines.last().unwrap()[5], "100.0 %");
        let text = of("max", &profile, &circuit, Duration::from_micros(10));
        assert!(text.contains("a step takes 5.00 µs when nobody looks"), "{text}");
    }
}
