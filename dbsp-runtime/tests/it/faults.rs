//! A fault names its operator, changes nothing, and the circuit goes on as documented.

use dbsp_runtime::{
    Builder, Circuit, Direction, Error, Input, KeyedView, Recovery, Stream, Strictness, View, ZSet,
};

type Row = (u8, i64);
type Handles = (Input<Row>, KeyedView<u8, i64>, View<i64>);

/// Two branches: sums a key, and quotients that panic on zero. The sums come first, so that they have
/// computed when the other branch fails.
fn circuit() -> (Circuit, Handles) {
    Circuit::build(|b| {
        let (stream, input) = b.input::<(u8, i64)>("numbers");
        let sums = stream.keyed().sum().named("sums").view();
        let max = stream.keyed().max().rows().map(|row| row.1).view();
        let _quotients = stream.map(|row| 100 / row.1).output();
        (input, sums, max)
    })
    .expect("a sound circuit")
}

#[test]
fn a_panic_names_the_operator_and_takes_the_step_back() {
    let (mut circuit, (numbers, sums, max)) = circuit();
    circuit[numbers].extend([((1, 5), 1), ((2, 7), 1)]);
    circuit.step().expect("a sound step");
    circuit[numbers].extend([((1, 50), 1), ((2, 0), 1), ((2, 7), -1)]);
    let error = circuit.step().expect_err("a division by zero");
    let Error::Panicked { operator, message } = &error else { panic!("{error:?}") };
    assert_eq!(operator.kind, "stateless");
    assert!(operator.location.file().ends_with("faults.rs"));
    assert_eq!(message, "attempt to divide by zero");
    assert_eq!(format!("{:?} {:?}", circuit[sums], circuit[max]), "{1: {5: +1}, 2: {7: +1}} {5: +1, 7: +1}");
    assert_eq!(circuit.steps(), 1);
    assert_eq!(circuit[numbers].len(), 3, "the changes are still there");
}

#[test]
fn a_step_after_a_fault_is_refused_until_the_circuit_recovers() {
    let (mut circuit, (numbers, sums, max)) = circuit();
    circuit[numbers].insert((1, 0));
    let fault = circuit.step().expect_err("a division by zero");
    assert_eq!(circuit.step(), Err(Error::StepAfterFault { fault: Box::new(fault) }));

    circuit.recover(Recovery::Retry).expect("the step was taken back");
    assert!(circuit.step().is_err(), "the row is still there");
    circuit.recover(Recovery::Retry).expect("the step was taken back");
    circuit[numbers].push((1, 0), -1);
    circuit.step().expect("nothing is left of the row");
    assert!(circuit[numbers].is_empty());

    circuit[numbers].insert((1, 4));
    circuit.step().expect("a sound step");
    assert_eq!((circuit[sums].value(&1), circuit[max].get(&4)), (Some(&4), 1));
}

#[test]
fn an_overflow_names_the_operator_and_takes_the_step_back() {
    let (mut circuit, (numbers, sums, _)) = circuit();
    circuit[numbers].insert((1, i64::MAX));
    circuit.step().expect("it fits");
    circuit[numbers].extend([((2, 1), 1), ((1, 1), 1)]);
    let error = circuit.step().expect_err("a sum out of range");
    let Error::WeightOverflow { operator, what, direction, key } = &error else { panic!("{error:?}") };
    assert_eq!((operator.kind, operator.name.as_deref()), ("sum_by_key", Some("sums")));
    assert_eq!(
        (*what, *direction, key.as_deref()),
        ("a sum of i64 as i64", Some(Direction::Above), Some("1"))
    );
    assert!(error.to_string().starts_with("sum_by_key \"sums\" built at "));
    assert!(
        error
            .to_string()
            .ends_with(": a sum of i64 as i64 rose above its range for key 1; the step was taken back")
    );
    circuit.recover(Recovery::Discard).expect("the step was taken back");
    circuit[numbers].insert((1, -1));
    circuit.step().expect("it fits");
    assert_eq!(format!("{:?}", circuit[sums]), format!("{{1: {{{}: +1}}}}", i64::MAX - 1));
}

#[test]
fn an_overflow_in_the_last_view_takes_the_others_back() {
    let (mut circuit, (input, first, last)) = Circuit::build(|b| {
        let (stream, input) = b.input::<u8>("rows");
        let first = stream.view();
        (input, first, stream.map(|_| ()).view())
    })
    .expect("a sound circuit");
    circuit[input].push(1, i64::MAX);
    circuit.step().expect("it fits");
    circuit[input].push(2, 1);
    assert!(matches!(circuit.step(), Err(Error::WeightOverflow { .. })));
    assert_eq!((circuit[first].len(), circuit[last].get(&())), (1, i64::MAX));
    circuit.recover(Recovery::Discard).expect("the step was taken back");
    circuit[input].push(1, -1);
    circuit.step().expect("it fits");
    assert_eq!((circuit[first].get(&1), circuit[last].get(&())), (i64::MAX - 1, i64::MAX - 1));
}

/// A deletion or another value takes a row out that no step can take, in inputs of all kinds.
#[test]
fn what_a_step_fails_on_can_be_corrected_in_the_input() {
    let (mut circuit, (rows, checked, keyed, view)) = Circuit::build(|b| {
        let (rows, rows_input) = b.input::<(u32, i64)>("rows");
        let (checked, checked_input) = b.checked_input::<(u32, i64)>("checked", Strictness::Strict);
        let (keyed, keyed_input) = b.upsert_input::<u32, i64>("keyed", Strictness::Strict);
        let all = rows.sum_of([checked, keyed.rows()]);
        (rows_input, checked_input, keyed_input, all.map(|(key, value)| (*key, 100 / value)).view())
    })
    .expect("a sound circuit");
    circuit[keyed].insert(1, 4).expect("a new key");
    circuit[keyed].insert(2, 5).expect("a new key");
    circuit.step().expect("a sound step");

    // The sound changes of the failed step stay.
    circuit[rows].extend([(10, 5), (11, 0)]);
    circuit[checked].insert((20, 10)).expect("it may come");
    circuit[checked].insert((21, 0)).expect("it may come");
    circuit[keyed].update(1, 0).expect("a known key");
    circuit[keyed].update(2, 20).expect("a known key");
    circuit[keyed].insert(3, 0).expect("a new key");
    for _ in 0..2 {
        assert!(matches!(circuit.step(), Err(Error::Panicked { .. })));
        circuit.recover(Recovery::Retry).expect("the circuit is not poisoned");
    }
    circuit[rows].delete((11, 0));
    circuit[checked].delete((21, 0)).expect("it is there");
    circuit[keyed].update(1, 50).expect("a known key");
    assert!(matches!(circuit.step(), Err(Error::Panicked { .. })), "one culprit is left");
    circuit.recover(Recovery::Retry).expect("the circuit is not poisoned");
    circuit[keyed].delete(&3).expect("it is there");
    circuit.step().expect("what is left is sound");
    let shown = format!("{:?}", circuit[view].iter_ordered().map(|(row, _)| *row).collect::<Vec<_>>());
    assert_eq!(shown, "[(1, 2), (2, 5), (10, 20), (20, 10)]");

    // What was added up can still be taken back.
    circuit[keyed].update(1, 0).expect("a known key");
    circuit[keyed].delete(&2).expect("a known key");
    assert!(circuit.step().is_err());
    circuit.recover(Recovery::Retry).expect("the circuit is not poisoned");
    circuit[keyed].insert(4, 0).expect("a new key");
    assert!(circuit.step().is_err());
    circuit.recover(Recovery::Retry).expect("the circuit is not poisoned");
    circuit[keyed].clear();
    assert_eq!(
        (circuit[keyed].get(&1), circuit[keyed].get(&2), circuit[keyed].len()),
        (Some(&50), Some(&20), 2)
    );
    circuit.step().expect("nothing is left to fail on");
}

#[test]
fn discarding_takes_back_what_a_keyed_input_holds() {
    let (mut circuit, (users, lengths)) = Circuit::build(|b| {
        let (stream, users) = b.upsert_input::<u8, i64>("users", Strictness::Strict);
        (users, stream.map_values(|n| 10 / n).view())
    })
    .expect("a sound circuit");
    circuit[users].insert(1, 2).expect("a new key");
    circuit[users].insert(2, 5).expect("a new key");
    circuit.step().expect("a sound step");
    circuit[users].update(1, 0).expect("a known key");
    circuit[users].delete(&2).expect("a known key");
    circuit[users].insert(2, 1).expect("a key that is gone");
    assert!(matches!(circuit.step(), Err(Error::Panicked { .. })));
    circuit.recover(Recovery::Discard).expect("the step was taken back");
    assert_eq!(
        (circuit[users].get(&1), circuit[users].get(&2), circuit[users].len()),
        (Some(&2), Some(&5), 2)
    );
    circuit[users].update(1, 10).expect("a known key");
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[lengths]), "{1: {1: +1}, 2: {2: +1}}");
}

#[test]
fn a_row_that_poisons_a_delay_can_be_discarded() {
    let (mut circuit, (numbers, quotients)) = Circuit::build(|b| {
        let (stream, numbers) = b.input::<i64>("numbers");
        (numbers, stream.delay().map(|n| 100 / n).view())
    })
    .expect("a sound circuit");
    circuit[numbers].extend([(0, 1), (5, 1)]);
    circuit.step().expect("the delay holds them back");
    for recovery in [Recovery::Retry, Recovery::Discard] {
        assert!(matches!(circuit.step(), Err(Error::Panicked { .. })));
        circuit.recover(recovery).expect("the step was taken back");
    }
    assert!(circuit.step().is_err());
    circuit.recover(Recovery::DiscardDelayed).expect("the step was taken back");
    circuit[numbers].insert(4);
    circuit.step().expect("a sound step");
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[quotients]), "{25: +1}");
}

#[test]
fn a_closure_that_panics_once_leaves_no_wrong_fold() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let panics = Arc::new(AtomicBool::new(false));
    let (mut circuit, (input, sum)) = Circuit::build(|b| {
        let (stream, input) = b.input::<i64>("numbers");
        let panics = Arc::clone(&panics);
        let fold = stream.index_by(|n| ((), *n)).fold(move |n| {
            assert!(!panics.swap(false, Ordering::Relaxed), "once");
            *n
        });
        (input, fold.view())
    })
    .expect("a sound circuit");
    circuit[input].extend((0..100).map(|n| (n, 1)));
    circuit.step().expect("a sound step");
    circuit[input].delete(50);
    panics.store(true, Ordering::Relaxed);
    assert!(matches!(circuit.step(), Err(Error::Panicked { .. })));
    circuit.recover(Recovery::Discard).expect("the step was taken back");
    circuit[input].insert(51);
    circuit.step().expect("a sound step");
    assert_eq!(circuit[sum].value(&()), Some(&5_001));
}

#[test]
fn a_fold_whose_parts_leave_the_range_still_has_its_sum() {
    let (mut circuit, (input, sum)) = Circuit::build(|b| {
        let (stream, input) = b.input::<i64>("rows");
        let fold = stream.index_by(|n| ((), *n)).fold(|n| match n {
            0 => -i64::MAX,
            16 | 17 => i64::MAX,
            _ => 0,
        });
        (input, fold.view())
    })
    .expect("a sound circuit");
    circuit[input].extend((0..32).map(|n| (n, 1)));
    circuit.step().expect("the sum has a value");
    // The tree splits here, and the sum of its right half has no value any more.
    circuit[input].insert(40);
    circuit.step().expect("the sum of all still has one");
    assert_eq!(circuit[sum].value(&()), Some(&i64::MAX));
    circuit[input].delete(0);
    assert!(matches!(circuit.step(), Err(Error::WeightOverflow { .. })));
    circuit.recover(Recovery::Discard).expect("the step was taken back");
    circuit[input].delete(17);
    circuit.step().expect("the sum has a value");
    assert_eq!(circuit[sum].value(&()), Some(&0));
}

/// One view of each operator that keeps state or order, over one input.
fn every_operator(b: &Builder) -> (Stream<'_, Row>, Input<Row>, Vec<View<Row>>) {
    let (stream, input) = b.input::<Row>("rows");
    let keyed = stream.keyed();
    let keys = stream.map(|row| row.1 as u8).materialise();
    let views = vec![
        stream.distinct().view(),
        stream.neg().plus(stream).minus(stream.map(|row| (row.0, row.1 + 1))).view(),
        stream.union(keyed.sum().rows()).view(),
        stream.intersect(keyed.max().rows()).view(),
        stream.except(keyed.min().rows()).view(),
        keyed.join(keyed, |key, left, right| (*key, left - right)).view(),
        keyed.semijoin(keys).rows().view(),
        keyed.antijoin(keys).rows().view(),
        keyed.count().rows().view(),
        keyed.fold(|value| *value).rows().view(),
        stream.delay().view(),
        stream.integrate().lift(ZSet::distinct).differentiate().view(),
    ];
    (stream, input, views)
}

#[test]
fn every_operator_survives_a_fault_behind_it() {
    let (mut circuit, (input, views)) = Circuit::build(|b| {
        let (stream, input, views) = every_operator(b);
        // The fault comes last, when everything else has computed.
        let _poison = stream.map(|row| assert!(row.1 != 99, "poison")).output();
        (input, views)
    })
    .expect("a sound circuit");
    let (mut twin, (twin_input, twin_views)) = Circuit::build(|b| {
        let (_, input, views) = every_operator(b);
        (input, views)
    })
    .expect("a sound circuit");
    let steps: [&[((u8, i64), i64)]; 4] = [
        &[((1, 1), 1), ((1, 2), 1), ((2, 1), 2)],
        &[((1, 1), -1), ((2, 7), 1), ((7, 3), 1)],
        &[((2, 1), -2), ((2, 7), -1), ((1, 2), 1)],
        &[((1, 2), -2), ((7, 3), -1), ((3, 3), 1)],
    ];
    for step in steps {
        circuit[input].extend(step.iter().copied());
        circuit[input].extend([((9, 99), 1), ((1, 1), 3), ((2, 1), -3), ((7, 3), -1)]);
        assert!(matches!(circuit.step(), Err(Error::Panicked { .. })));
        circuit.recover(Recovery::Discard).expect("the step was taken back");

        circuit[input].extend(step.iter().copied());
        circuit.step().expect("a sound step");
        twin[twin_input].extend(step.iter().copied());
        twin.step().expect("a sound step");
        for (view, twin_view) in views.iter().zip(&twin_views) {
            assert_eq!(circuit[*view], twin[*twin_view]);
        }
    }
}

#[test]
fn a_fault_among_many_operators_takes_all_of_them_back() {
    let (mut circuit, (left, right, sums, seen)) = Circuit::build(|b| {
        let (stream, left) = b.input::<i64>("left");
        let (other, right) = b.input::<i64>("right");
        // More operators than a word of the schedule has bits, sums among them.
        let mut rows = stream;
        let mut sums = Vec::new();
        for i in 0..100 {
            rows =
                rows.map(move |n| if *n == 7 + i && i == 90 { panic!("seven") } else { n + 1 }).materialise();
            if i % 10 == 0 {
                sums.push(rows.index_by(move |n| (i, *n)).sum().view());
            }
        }
        (left, right, sums, rows.plus(other).view())
    })
    .expect("a sound circuit");
    circuit[left].extend([(1, 1), (2, 1)]);
    circuit.step().expect("a sound step");
    circuit[right].insert(5);
    circuit.step().expect("a sound step");
    assert!(sums.iter().all(|view| circuit.delta(*view).is_empty()), "only the last sum ran");
    let before = format!("{:?}", circuit[seen]);
    circuit[left].insert(7);
    assert_eq!(circuit.step().expect_err("seven").to_string().matches("seven").count(), 1);
    assert_eq!(format!("{:?}", circuit[seen]), before);
    assert!(sums.iter().all(|view| circuit[*view].len() == 1 && circuit.delta(*view).is_empty()));
    circuit.recover(Recovery::Discard).expect("the step was taken back");
    circuit[left].delete(2);
    circuit.step().expect("a sound step");
    let sums: Vec<_> =
        sums.iter().zip(0..).map(|(view, i)| circuit[*view].value(&(10 * i)).copied()).collect();
    assert_eq!(sums, (0..10).map(|i| Some(10 * i + 2)).collect::<Vec<_>>());
    assert_eq!((circuit[seen].get(&101), circuit[seen].get(&102), circuit[seen].get(&5)), (1, 0, 1));
}
