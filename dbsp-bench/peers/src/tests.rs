//! Every peer has the right answer on small inputs: the suites compare it, here as in a run.

use dbsp_bench::options::Options;
use dbsp_bench::report::Report;
use dbsp_bench::{headline, latency, nexmark};

use super::peers;

#[test]
fn peers_of_the_headline_agree_with_recomputing() {
    let views = ["filter_map", "group_by", "join", "all"];
    // One row at a time, all rows at once, and a step that Feldera cuts into several inner ones.
    let cases = views
        .iter()
        .flat_map(|view| ["1/1", "50/3", "2000/50", "30000/12000"].map(|size| format!("{view}/{size}")));
    let options = Options { cases: cases.collect(), quick: true, peers: true, ..Options::default() };
    let mut report = Report::default();
    headline::run(&options, &peers(), &mut report).unwrap();
    assert_eq!(report.failures, [""; 0]);
    for engine in ["naive", "dbsp", "feldera", "differential"] {
        let rows: Vec<_> = report.rows.iter().filter(|row| row.engine == engine).collect();
        assert_eq!(rows.len(), 16, "{engine}");
        assert!(rows.iter().all(|row| row.verified == Some(true) && row.p50_us.is_some()), "{engine}");
    }
}

#[test]
fn peers_of_the_nexmark_queries_agree_with_the_oracle() {
    // Of a child process that weighs memory there is none here: this binary is a test's.
    for (events, batch) in [(3_000, 7), (20_000, 9_000)] {
        let options = Options {
            events: Some(events),
            batch: Some(batch),
            quick: true,
            peers: true,
            ..Options::default()
        };
        let mut report = Report::default();
        nexmark::run(&options, &peers(), &mut report).unwrap();
        assert_eq!(report.failures, [""; 0]);
        assert_eq!(report.rows.len(), 9 * 3);
        assert!(report.rows.iter().all(|row| row.verified == Some(true)));
    }
}

#[test]
fn peers_of_one_row_steps_agree_with_the_oracle() {
    let options = Options { events: Some(200), quick: true, peers: true, ..Options::default() };
    let mut report = Report::default();
    latency::run(&options, &peers(), &mut report).unwrap();
    assert_eq!(report.failures, [""; 0]);
    assert_eq!(report.rows.len(), 3 * 3);
    assert!(report.rows.iter().all(|row| row.verified == Some(true)));
}
