//! The memory suite: what steps leave behind, and the bytes that a row of state takes.
//!
//! # Cases
//! `steady/VIEW`: the steps of a headline view, 1,000 of 50,000 rows replaced in each, for a minute over the four views;
//! `bytes/HOLDER/ROW/N`: N rows in one kind of trace or table.
//!
//! # Figures
//! `steady` tells the allocations of a step and the bytes asked for in a second of steps, what was resident after the
//! warm-up and at the end, and by how much that grew. `bytes` tells what the circuit says of its state and what the
//! allocator was asked for it, for each row.
//!
//! # Rules
//! The run fails where a view asks for 1 MB or more in a second, or where what is resident grows by 1 % or more.
//!
//! # Verified
//! At the end of `steady` the output is compared with a recomputation over the rows that are left; `bytes` checks how
//! many rows are held.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::allocations;
use crate::footprint;
use crate::headline::View;
use crate::options::{Options, Suite};
use crate::report::{DBSP, Report, Row};

mod bytes;
mod steady;

use steady::{Plan, Steady};

/// The name of the suite.
const SUITE: &str = "memory";

/// The first argument by which the binary is told to be a child process of this suite: see [`child`].
pub const CHILD: &str = "child-memory";

/// The engines whose steps are looked at.
const ENGINES: [&str; 2] = [DBSP, "dbsp_view"];

/// Bytes that a second of steps may ask for, at most: less than that.
const MOST_BYTES_PER_S: f64 = 1e6;
/// By how much the resident memory may grow, in percent: less than that.
const MOST_GROWTH_PERCENT: f64 = 1.0;

/// Runs the cases that were asked for.
///
/// # Errors
/// When a circuit cannot be built or a step fails. A rule that is broken is a failure in the report.
pub fn run(options: &Options, report: &mut Report) -> Result<()> {
    let views = View::ALL.into_iter().map(|view| (view, format!("steady/{}", view.name())));
    let views: Vec<_> = views.filter(|(_, case)| options.wants(case)).collect();
    let holders = bytes::cases(options);
    options.progress.expect(views.len() + holders.len());

    let plan = plan(options);
    for (view, case) in views {
        options.progress.start(SUITE, &case);
        for engine in ENGINES {
            match steady_of_child(view, engine, &plan) {
                Ok(steady) => add_steady(&case, engine, &plan, steady, report),
                Err(error) => report.fail(format!("{SUITE} {case} {engine}: {error:#}")),
            }
        }
        options.progress.done();
    }
    for case in holders {
        options.progress.start(SUITE, &case.name);
        let bytes = (case.hold)(case.rows).with_context(|| case.name.clone())?;
        if bytes.rows != case.rows {
            report.fail(format!("{SUITE} {}: {} rows are held, not {}", case.name, bytes.rows, case.rows));
        }
        report.add_case(vec![Row {
            state_rows: Some(bytes.rows as u64),
            state_bytes_per_row: bytes.told_per_row(),
            allocated_bytes_per_row: bytes.allocated_per_row(),
            ..Row::new(SUITE, case.name, DBSP)
        }]);
        options.progress.done();
    }
    Ok(())
}

/// How much is run: a minute for each engine where the suite is named alone, twelve seconds among others.
fn plan(options: &Options) -> Plan {
    let (seconds, warm_up) = match (options.quick, options.suite) {
        (true, _) => (0.3, 3_000),
        (false, Some(Suite::Memory)) => (15.0, 5_000),
        (false, _) => (3.0, 5_000),
    };
    let rows = options.events.unwrap_or(50_000);
    let changes = options.batch.unwrap_or(1_000).min(rows);
    Plan { rows, changes, warm_up, time: Duration::from_secs_f64(seconds) }
}

/// Has a view stepped in a process of its own.
fn steady_of_child(view: View, engine: &str, plan: &Plan) -> Result<Steady> {
    let [rows, changes, warm_up] = [plan.rows, plan.changes, plan.warm_up].map(|count| count.to_string());
    let millis = plan.time.as_millis().to_string();
    footprint::of_child(&[CHILD, view.name(), engine, &rows, &changes, &warm_up, &millis])
}

/// Steps a view as a child process: `arguments` are the view, the engine, rows of the base, changes in a step, steps
/// that warm it up, and milliseconds; one line of JSON on the standard output says what came of it.
///
/// # Errors
/// When the arguments are not of that form, or the engine faults.
pub fn child(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut argument = |name: &str| arguments.next().with_context(|| format!("{CHILD}: {name} is missing"));
    let (view, engine) = (argument("the view")?, argument("the engine")?);
    let found = View::ALL.into_iter().find(|known| known.name() == view);
    let view = found.with_context(|| format!("{CHILD}: there is no view {view}"))?;
    let plan = Plan {
        rows: argument("the number of rows")?.parse()?,
        changes: argument("the number of changes")?.parse()?,
        warm_up: argument("the number of steps that warm up")?.parse()?,
        time: Duration::from_millis(argument("the time")?.parse()?),
    };
    let steady = steady::run(view, &engine, &plan)?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&steady)?)?;
    Ok(())
}

/// Takes in what the steps of a view left behind, and fails the run where that is too much.
fn add_steady(case: &str, engine: &str, plan: &Plan, steady: Steady, report: &mut Report) {
    let row = Row {
        batch: Some(plan.changes as u64),
        allocs_per_step: allocations::per_step(steady.allocations, steady.steps),
        alloc_bytes_per_s: steady.bytes_per_s(),
        warm_rss_bytes: steady.warm,
        end_rss_bytes: steady.end,
        rss_growth_percent: steady.growth_percent(),
        verified: Some(steady.difference.is_none()),
        ..Row::new(SUITE, case, engine).with_total((steady.steps * plan.changes) as u64, steady.seconds)
    };
    for why in broken(&row).into_iter().chain(steady.difference) {
        report.fail(format!("{SUITE} {case} {engine}: {why}"));
    }
    report.add_case(vec![row]);
}

/// The rules that a row breaks.
fn broken(row: &Row) -> Vec<String> {
    let bytes = row.alloc_bytes_per_s.filter(|bytes| *bytes >= MOST_BYTES_PER_S);
    let growth = row.rss_growth_percent.filter(|growth| *growth >= MOST_GROWTH_PERCENT);
    let bytes = bytes.map(|bytes| format!("asks for {bytes:.0} bytes a second, not below 1,000,000"));
    let growth = growth.map(|growth| format!("what is resident grows by {growth:.2} %, not below 1 %"));
    bytes.into_iter().chain(growth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_broken_from_its_limit_on_and_only_by_what_was_measured() {
        let row = |bytes, growth| Row {
            alloc_bytes_per_s: bytes,
            rss_growth_percent: growth,
            ..Row::new(SUITE, "steady/join", DBSP)
        };
        assert_eq!(broken(&row(Some(999_999.0), Some(0.99))), [""; 0]);
        assert_eq!(broken(&row(None, Some(-5.0))), [""; 0]);
        let told = [
            "asks for 1000000 bytes a second, not below 1,000,000",
            "what is resident grows by 1.00 %, not below 1 %",
        ];
        assert_eq!(broken(&row(Some(1e6), Some(1.0))), told);
    }

    #[test]
    fn what_a_child_answers_becomes_a_row() {
        let plan = plan(&Options { quick: true, events: Some(500), ..Options::default() });
        assert_eq!((plan.rows, plan.changes), (500, 500));
        let steady = Steady {
            steps: 10,
            seconds: 0.5,
            allocations: Some(5),
            allocated_bytes: Some(1_000),
            warm: Some(10_000),
            end: Some(10_050),
            difference: Some("a row is missing".to_owned()),
        };
        let mut report = Report::default();
        add_steady("steady/join", DBSP, &plan, steady, &mut report);
        let row = &report.rows[0];
        assert_eq!(
            (row.events, row.alloc_bytes_per_s, row.allocs_per_step),
            (Some(5_000), Some(2_000.0), Some(0.5))
        );
        assert_eq!((row.rss_growth_percent, row.verified), (Some(0.5), Some(false)));
        assert_eq!(report.failures, ["memory steady/join dbsp: a row is missing"]);
    }

    #[test]
    fn a_child_takes_the_arguments_that_it_is_given() {
        let arguments = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>().into_iter();
        child(arguments("join dbsp 300 20 3 1")).unwrap();
        assert!(child(arguments("sort dbsp 300 20 3 1")).is_err());
        assert!(child(arguments("join nobody 300 20 3 1")).is_err());
        assert!(child(arguments("join dbsp 300")).is_err());
    }
}
