//! A profile counts what operators did, and changes nothing.

use dbsp_runtime::{Circuit, Count, Error, Input, KeyedView, Profile, Recovery};

type Row = (u8, i64);

/// Quotients, and how many there are of each; zero panics.
fn circuit() -> (Circuit, Input<Row>, KeyedView<i64, i64>) {
    let (circuit, (input, view)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("numbers");
        let quotients = stream.filter(|row| row.0 > 0).map(|row| 100 / row.1).materialise();
        (input, quotients.index_by(|n| (*n, ())).aggregate(Count).named("counts").view())
    })
    .expect("a sound circuit");
    (circuit, input, view)
}

/// Kind, calls and rows of each operator.
fn counts(profile: &Profile) -> Vec<(&'static str, u64, u64)> {
    let operators = profile.operators.iter();
    operators.map(|operator| (operator.operator.kind, operator.calls, operator.rows_out)).collect()
}

#[test]
fn calls_and_rows_are_exact() {
    let (mut circuit, numbers, _) = circuit();
    assert_eq!(circuit.profile().steps, 0);
    circuit[numbers].extend([((1, 5), 1), ((0, 9), 1), ((2, 4), 1)]);
    circuit.step().expect("a sound step");
    circuit.start_profiling(None);

    circuit[numbers].extend([((1, 5), 1), ((3, 20), 1), ((0, 0), 1)]);
    circuit.step().expect("a sound step");
    circuit[numbers].insert((0, 1));
    circuit.step().expect("a sound step; no row passes the filter");
    circuit.step().expect("a step without changes");
    let profile = circuit.profile();
    assert_eq!(profile.steps, 3);
    // The count of 20 changes from 1 to 2, that of 5 is new.
    let [input, quotients, sums, view] = counts(&profile)[..] else { panic!("{profile:?}") };
    assert_eq!((input, quotients), (("input", 2, 4), ("stateless", 2, 2)));
    assert_eq!((sums.1, sums.2, view.1, view.2), (1, 3, 1, 0));
    let spent: std::time::Duration = profile.operators.iter().map(|operator| operator.time).sum();
    assert!(spent <= profile.time, "{profile:?}");
    assert!(profile.operators.iter().all(|operator| operator.allocations.is_none()));

    circuit.start_profiling(None);
    assert!(counts(&circuit.profile()).iter().all(|count| (count.1, count.2) == (0, 0)), "it starts at zero");
}

#[test]
fn a_failed_step_is_no_step_and_its_calls_count() {
    let (mut circuit, numbers, _) = circuit();
    circuit.start_profiling(None);
    circuit[numbers].insert((1, 0));
    assert!(matches!(circuit.step(), Err(Error::Panicked { .. })));
    let profile = circuit.profile();
    assert_eq!(profile.steps, 0);
    assert_eq!(
        counts(&profile)[..2],
        [("input", 1, 1), ("stateless", 0, 0)],
        "the call that panicked is not"
    );

    circuit.recover(Recovery::Discard).expect("the step was taken back");
    circuit[numbers].insert((1, 1));
    circuit.step().expect("a sound step");
    assert_eq!((circuit.profile().steps, counts(&circuit.profile())[1]), (1, ("stateless", 1, 1)));
}

#[test]
fn results_are_the_same_with_profiling_on() {
    let (mut plain, plain_numbers, plain_view) = circuit();
    let (mut profiled, numbers, view) = circuit();
    for step in 0..40_i64 {
        if step % 10 == 0 {
            profiled.start_profiling(None);
        } else if step % 10 == 7 {
            profiled.stop_profiling();
        }
        for i in 0..step % 7 {
            let (row, weight) = (((step + i) as u8 % 4, 1 + (step * i) % 9), 1 - 2 * (i % 2));
            plain[plain_numbers].push(row, weight);
            profiled[numbers].push(row, weight);
        }
        plain.step().expect("a sound step");
        profiled.step().expect("a sound step");
        assert_eq!(format!("{:?}", plain[plain_view]), format!("{:?}", profiled[view]));
    }
}

/// Without `pool` the deltas of a step come on top, in as many allocations as a vector needs to grow.
#[cfg(feature = "pool")]
#[test]
fn allocations_are_those_of_the_operator() {
    let (mut circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<u64>("lengths");
        (input, stream.map(|n| vec![0_u8; *n as usize + 1]).output())
    })
    .expect("a sound circuit");
    circuit[input].extend((0..8).map(|n| (n, 1)));
    circuit.step().expect("a sound step");
    circuit.start_profiling(Some(|| dbsp_testkit::alloc::so_far().allocations));
    for _ in 0..5 {
        circuit[input].extend((0..8).map(|n| (n, 1)));
        circuit.step().expect("a sound step");
    }
    let made: Vec<_> = circuit.profile().operators.iter().map(|operator| operator.allocations).collect();
    assert_eq!(made[..2], [Some(0), Some(5 * 8)]);
}
