//! What a circuit says of its memory is what the allocator was asked for, and it falls when rows leave.

use dbsp_runtime::{Circuit, Count, Input, Memory, Sum};
use dbsp_testkit::alloc;

type Row = (u64, u64, i64);

fn row(id: u64) -> Row {
    (id, id * 7_919 % 10_007, (id % 1_000) as i64)
}

/// Bytes of all states but those of inputs, which are buffers.
fn state(memory: &Memory) -> usize {
    let operators = memory.operators.iter().filter(|held| held.operator.kind != "input");
    operators.map(|held| held.state.bytes).sum()
}

/// Loads, changes and empties a circuit; compares what it says with what its building and stepping allocated.
fn assert_honest(name: &str, build: impl FnOnce() -> (Circuit, Input<Row>)) {
    let (mut live, mut held) = (0_i64, None);
    let mut during = |work: &mut dyn FnMut()| {
        let counts = alloc::count(&mut *work);
        live += counts.allocated_bytes as i64 - counts.deallocated_bytes as i64;
        live
    };
    let mut build = Some(build);
    during(&mut || held = build.take().map(|build| build()));
    let (mut circuit, input) = held.expect("it was built");

    let mut said = |circuit: &mut Circuit, changes: &mut dyn Iterator<Item = (Row, i64)>| {
        let counted = during(&mut || {
            circuit[input].extend(&mut *changes);
            circuit.step().expect("a sound step");
        });
        let memory = circuit.memory();
        let (said, counted) = (memory.bytes() as f64, counted as f64);
        assert!((said / counted - 1.0).abs() < 0.1, "{name}: says {said}, allocated {counted}");
        memory
    };
    let loaded = said(&mut circuit, &mut (0..40_000).map(|id| (row(id), 1)));
    assert!(loaded.rows() > 0);
    for step in 0..20_u64 {
        said(
            &mut circuit,
            &mut (0..1_000)
                .map(|i| ((step * 1_000 + i) * 2, i))
                .flat_map(|(id, i)| [(row(id), -1), ((id, i, 0), 1)]),
        );
    }
    let before = state(&circuit.memory());
    // Almost all rows leave.
    let gone: Vec<(Row, i64)> =
        (0..40_000).filter(|id| id % 2 == 1 && id % 100 != 1).map(|id| (row(id), -1)).collect();
    said(&mut circuit, &mut gone.into_iter());
    let moved: Vec<(Row, i64)> = (0..20_000_u64).map(|n| ((n * 2, n % 1_000, 0), -1)).collect();
    let few = said(&mut circuit, &mut moved.into_iter());
    circuit.shrink();
    let after = state(&circuit.memory());
    assert!(few.rows() * 20 < loaded.rows(), "{name}: {} of {} rows", few.rows(), loaded.rows());
    assert!(after * 4 < before, "{name}: {after} bytes for {} rows, {before} before", few.rows());
}

#[test]
fn a_join_and_its_view_say_what_they_hold() {
    assert_honest("join", || {
        let (circuit, (input, _)) = Circuit::build(|b| {
            let (stream, input) = b.input::<Row>("rows");
            let left = stream.index_by(|row| (row.1, (row.0, row.2))).materialise();
            (input, left.join(stream.index_by(|row| (row.0, row.2)), |_, left, right| (*left, *right)).view())
        })
        .expect("a sound circuit");
        (circuit, input)
    });
}

#[test]
fn aggregates_say_what_they_hold() {
    assert_honest("linear", || {
        let (circuit, (input, _)) = Circuit::build(|b| {
            let (stream, input) = b.input::<Row>("rows");
            (
                input,
                stream.index_by(|row| (row.0, row.2)).aggregate((Count, Sum(|value: &i64| *value))).view(),
            )
        })
        .expect("a sound circuit");
        (circuit, input)
    });
    assert_honest("distinct", || {
        let (circuit, (input, _)) = Circuit::build(|b| {
            let (stream, input) = b.input::<Row>("rows");
            (input, stream.distinct().view())
        })
        .expect("a sound circuit");
        (circuit, input)
    });
}

#[test]
fn ordered_aggregates_say_what_they_hold() {
    assert_honest("max", || {
        let (circuit, (input, _)) = Circuit::build(|b| {
            let (stream, input) = b.input::<Row>("rows");
            (input, stream.index_by(|row| (row.0 % 500, (row.2, row.0))).max().view())
        })
        .expect("a sound circuit");
        (circuit, input)
    });
}
