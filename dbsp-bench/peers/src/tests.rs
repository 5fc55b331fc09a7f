//! Every peer has the answer of the plain recomputation, on small tables.

use dbsp_bench::headline;
use dbsp_bench::options::Options;
use dbsp_bench::report::Report;

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
