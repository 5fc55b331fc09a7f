//! Law 3: a delta holds no more than about twice its consolidated entries, also behind many operators and after many steps.

use dbsp_runtime::{Circuit, KeyedStream, Row, Sum};

/// How many entries a delta has and how many are left when it is consolidated.
fn entries<R: Row>(delta: &dbsp_runtime::Delta<R>) -> (usize, usize) {
    (delta.len(), delta.clone().consolidate().expect("small weights").len())
}

#[test]
fn a_chain_of_joins_of_aggregates_gives_two_rows_for_one_that_changed() {
    for k in 1..=9_i64 {
        let (mut circuit, (input, view)) = Circuit::build(|b| {
            let (rows, input) = b.input::<(u32, i64)>("rows");
            let mut all = rows.keyed().aggregate(Sum(|v: &i64| *v));
            for i in 1..=k {
                let next = rows.keyed().aggregate(Sum(move |v: &i64| v * i));
                all = all.join(next, |k, a, b| (*k, a + b)).keyed();
            }
            (input, all.view())
        })
        .expect("a chain");
        for value in [1, 2, 5] {
            circuit[input].insert((1, value));
            circuit.step().expect("small numbers");
            assert!(circuit.delta(view).len() <= 2, "{k} joins: {:?}", entries(circuit.delta(view)));
        }
        assert_eq!(circuit[view].value(&1), Some(&(8 * (1 + k * (k + 1) / 2))));
    }
}

#[test]
fn a_stream_that_meets_itself_through_two_aggregates_gives_two_rows_a_key() {
    let (mut circuit, (input, view)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(u32, i64)>("rows");
        let both = rows.keyed().max().join(rows.keyed().min(), |key, max, min| (*key, max - min)).keyed();
        let diamond = both.join(both.map_values(|spread| spread * 2), |key, one, two| (*key, one + two));
        (input, diamond.view())
    })
    .expect("a diamond");
    circuit[input].extend((0..100).map(|key| ((key, 1), 1)));
    circuit.step().expect("small numbers");
    circuit[input].extend((0..100).flat_map(|key| [((key, 5), 1), ((key, -5), 1)]));
    circuit.step().expect("small numbers");
    assert_eq!(entries(circuit.delta(view)), (200, 200));
}

/// The left outer join as one writes it with a join and an antijoin.
fn left_join<'b>(
    left: KeyedStream<'b, u32, i64>,
    right: KeyedStream<'b, u32, i64>,
) -> KeyedStream<'b, u32, (i64, Option<i64>)> {
    let matched = left.join(right, |key, one, other| (*key, (*one, Some(*other)))).keyed();
    let alone = left.antijoin(right.rows().map(|row| row.0));
    matched.plus(alone.map_values(|one| (*one, None)))
}

#[test]
fn outer_joins_by_hand_stay_small_when_both_sides_change() {
    let (mut circuit, (left, right, view)) = Circuit::build(|b| {
        let (left, left_input) = b.input::<(u32, i64)>("left");
        let (right, right_input) = b.input::<(u32, i64)>("right");
        let mut all = left_join(left.keyed(), right.keyed());
        for _ in 0..4 {
            all = left_join(
                all.map_values(|(one, other)| one + other.unwrap_or(0)).materialise(),
                right.keyed(),
            );
        }
        (left_input, right_input, all.view())
    })
    .expect("five joins");
    let mut before: Option<(i64, Option<i64>)> = None;
    for step in 0..12_i64 {
        if let Some((one, other)) = before {
            circuit[left].delete((1, one));
            other.into_iter().for_each(|other| circuit[right].delete((1, other)));
        }
        let (one, other) = (step * 7 % 5, (step % 3 > 0).then_some(step));
        circuit[left].insert((1, one));
        other.into_iter().for_each(|other| circuit[right].insert((1, other)));
        before = Some((one, other));
        circuit.step().expect("small numbers");
        let (len, least) = entries(circuit.delta(view));
        assert!(len <= 2 * least + 4, "step {step}: {len} entries for {least}");
        assert_eq!(circuit[view].len(), 1);
    }
}

#[test]
fn paths_that_are_counted_in_a_loop_hold_as_many_rows_as_differ() {
    let (mut circuit, (edges, paths)) = Circuit::build(|b| {
        let (edges, input) = b.input::<(u8, u8)>("edges");
        let (back, feedback) = b.feedback::<(u8, u8)>("paths");
        let paths = edges
            .plus(back.index_by(|&(from, to)| (to, from)).join(edges.keyed(), |_, from, to| (*from, *to)));
        feedback.connect(paths);
        (input, paths.output())
    })
    .expect("a loop");
    circuit[edges].extend([((1, 2), 1), ((2, 3), 1), ((2, 2), 1), ((3, 2), 1)]);
    for step in 0..60 {
        circuit.step().expect("counts of paths of 60 edges fit");
        let (len, least) = entries(circuit.delta(paths));
        assert!(least <= 6 && len <= 12, "step {step}: {len} entries for {least}");
    }
    assert!(circuit.memory().bytes() < 64 << 10, "{} bytes", circuit.memory().bytes());
    // The number of paths doubles at least every second step, and ends in an error that names the operator.
    let fault = (0..200).find_map(|_| circuit.step().err()).expect("a weight leaves its range");
    assert!(fault.to_string().contains("range"), "{fault}");
}
