//! The exported graph: operators, names, places, and who reads whom.

use dbsp_runtime::Circuit;

#[test]
fn dot_and_json_show_operators_names_and_places() {
    let (circuit, _) = Circuit::build(|b| {
        let (rows, input) = b.input::<(u32, i64)>("rows \"quoted\"");
        let sums = rows.filter(|row| row.1 > 0).index_by(|row| *row).sum().named("totals");
        (input, sums.join(rows.keyed(), |_, sum, row| sum - row).view())
    })
    .expect("a sound circuit");
    let graph = circuit.graph();
    let kinds: Vec<_> = graph.nodes.iter().map(|node| (node.operator.kind, node.inputs.clone())).collect();
    assert_eq!(
        kinds,
        [
            ("input", vec![]),
            // The filter and the index are part of the sum.
            ("sum_by_key", vec![0]),
            ("arrange", vec![1]),
            ("arrange", vec![0]),
            ("join", vec![1, 0]),
            ("view", vec![4]),
        ]
    );
    let line = graph.nodes[1].operator.location.line();
    let sums = format!(
        r#"{{"kind":"sum_by_key","name":"totals","file":"{}","line":{line},"inputs":[0]}}"#,
        file!().replace('\\', "\\\\")
    );
    assert!(circuit.graph().to_json().contains(&sums), "{}", graph.to_json());
    assert!(graph.to_json().starts_with(r#"{"nodes":[{"kind":"input","name":"rows \"quoted\"","#));
    let dot = graph.to_dot();
    assert!(dot.contains("n1 -> n4;") && dot.contains("n0 -> n4;") && dot.contains(r#"sum_by_key totals\n"#));
}

#[test]
fn streams_that_several_operators_arrange_have_one_arrangement() {
    let (circuit, _) = Circuit::build(|b| {
        let (rows, input) = b.input::<(u32, u32)>("rows");
        let keyed = rows.keyed();
        let pairs = keyed.join(keyed, |_, left, right| (*left, *right));
        let triples = keyed.join(pairs.keyed(), |_, left, right| (*left, *right)).view();
        (input, triples, keyed.semijoin(rows.map(|row| row.1)).view(), keyed.view())
    })
    .expect("a sound circuit");
    let arranged = circuit.graph().nodes.iter().filter(|node| node.operator.kind == "arrange").count();
    assert_eq!(arranged, 3, "of rows, of pairs, and of the semijoin's result");
}
