//! Graphs, memory and profiles as texts for people.

use dbsp_runtime::Circuit;

#[test]
fn graph_memory_and_profile_are_shown_as_tables() {
    let (mut circuit, rows) = Circuit::build(|b| {
        let (stream, rows) = b.input::<(u32, i64)>("rows");
        let _ = stream.keyed().sum().named("totals").view();
        rows
    })
    .expect("a sound circuit");
    circuit.start_profiling(None);
    circuit[rows].extend([(1, 2), (1, 3), (2, 4)]);
    circuit.step().expect("a sound step");

    let graph = circuit.graph().to_string();
    let lines: Vec<&str> = graph.lines().collect();
    assert!(lines[0].starts_with("   0  input \"rows\" built at "), "{graph}");
    assert!(
        lines[1].starts_with("   1  sum_by_key \"totals\" built at ") && lines[1].ends_with(" <- 0"),
        "{graph}"
    );
    assert!(lines.len() == 3 && lines[2].ends_with(" <- 1"), "{graph}");

    let memory = circuit.memory();
    let shown = memory.to_string();
    let fields =
        |line: usize| shown.lines().nth(line).expect("a line").split_whitespace().collect::<Vec<_>>();
    assert_eq!(fields(0), ["rows", "bytes", "buffer", "bytes", "operator"]);
    assert_eq!(fields(2)[..1], ["2"]);
    assert_eq!(fields(2)[3..5], ["sum_by_key", "\"totals\""]);
    let all: usize = fields(4)[1..3].iter().map(|bytes| bytes.parse::<usize>().expect("a number")).sum();
    assert_eq!((fields(4)[3], all), ("all", memory.bytes()));

    let profile = circuit.profile().to_string();
    let totals: Vec<&str> = profile.lines().nth(2).expect("a line").split_whitespace().collect();
    assert_eq!((totals[0], totals[1], totals[3]), ("1", "2", "sum_by_key"));
    assert!(profile.ends_with("all steps\n"), "{profile}");
}
