//! Inputs of rows that refuse, report or take the deletion of a row that is not there.

use dbsp_runtime::{CheckedInput, Circuit, Error, KeyedView, Recovery, Strictness};

type Handles = (CheckedInput<(u8, i64)>, KeyedView<u8, i64>, KeyedView<u8, i64>);

fn circuit(strictness: Strictness) -> (Circuit, Handles) {
    Circuit::build(|b| {
        let (stream, rows) = b.checked_input("rows", strictness);
        let checked = stream.map(|row: &(u8, i64)| {
            assert!(row.1 != 13, "thirteen");
            *row
        });
        let checked = checked.keyed().materialise();
        (rows, checked.count().view(), checked.max().view())
    })
    .expect("a sound circuit")
}

#[test]
fn a_strict_input_of_rows_refuses_to_delete_what_is_not_there() {
    let (mut circuit, (rows, count, max)) = circuit(Strictness::Strict);
    let unknown = Error::UnknownRow { input: "rows".into(), row: "(1, 7)".into() };
    assert_eq!(circuit[rows].delete((1, 7)), Err(unknown.clone()));
    circuit.step().expect("a sound step");
    circuit[rows].insert((1, 7)).expect("an insert always fits");
    circuit.step().expect("a sound step");
    assert_eq!((circuit[count].value(&1), circuit[max].value(&1)), (Some(&1), Some(&7)));
    // Pending changes count at once.
    circuit[rows].push((1, 7), 2).expect("an insert always fits");
    circuit[rows].push((1, 7), -3).expect("all three are there");
    assert_eq!(circuit[rows].delete((1, 7)), Err(unknown.clone()));
    let refused = circuit[rows].try_extend([((2, 2), 1), ((1, 7), -1), ((3, 3), 1)]);
    assert_eq!((refused, circuit[rows].rows().len()), (Err(unknown), 1));
    let many = Error::TooManyRows { input: "rows".into(), row: "(2, 2)".into() };
    assert_eq!(circuit[rows].push((2, 2), i64::MAX), Err(many));
    circuit.step().expect("a sound step");
    assert_eq!((circuit[count].value(&1), circuit[count].value(&2)), (None, Some(&1)));
}

#[test]
fn a_reporting_input_leaves_out_what_does_not_fit_and_keeps_it() {
    let (mut circuit, (rows, count, max)) = circuit(Strictness::Report);
    circuit[rows].delete((1, 7)).expect("it is only reported");
    circuit[rows].insert((1, 7)).expect("an insert always fits");
    circuit[rows].push((1, 7), -2).expect("it is only reported");
    circuit.step().expect("a sound step");
    assert_eq!((circuit[count].value(&1), circuit[max].value(&1)), (Some(&1), Some(&7)));
    assert_eq!(format!("{:?}", circuit[rows].rejected()), "{(1, 7): -1, (1, 7): -2}");
    assert_eq!(circuit[rows].take_rejected().len(), 2);
    assert!(circuit[rows].rejected().is_empty());
}

#[test]
fn a_lenient_input_takes_a_deletion_before_its_insert() {
    let (mut circuit, (rows, count, _)) = circuit(Strictness::Lenient);
    circuit[rows].delete((1, 7)).expect("lenient");
    circuit.step().expect("a sound step");
    assert_eq!((circuit[count].value(&1), circuit[rows].get(&(1, 7))), (Some(&-1), 0));
}

#[test]
fn a_failed_step_keeps_what_was_counted_and_discarding_takes_it_back() {
    let (mut circuit, (rows, count, _)) = circuit(Strictness::Strict);
    circuit[rows].insert((1, 1)).expect("an insert always fits");
    circuit.step().expect("a sound step");
    for recovery in [Recovery::Retry, Recovery::Discard] {
        circuit[rows].try_extend([((1, 1), -1), ((1, 13), 1), ((2, 2), 1)]).expect("all fit");
        circuit.step().expect_err("thirteen");
        assert_eq!((circuit[rows].get(&(1, 1)), circuit[rows].get(&(1, 13))), (0, 1));
        circuit.recover(recovery).expect("it recovers");
        let kept = if recovery == Recovery::Retry { 3 } else { 0 };
        assert_eq!(circuit[rows].pending().len(), kept);
        circuit[rows].clear();
        assert_eq!((circuit[rows].get(&(1, 1)), circuit[rows].rows().len()), (1, 1));
    }
    circuit[rows].delete((1, 1)).expect("it is there");
    circuit.step().expect("a sound step");
    assert!(circuit[count].is_empty());
}

#[test]
fn a_reporting_keyed_input_keeps_what_a_strict_one_would_say() {
    let (mut circuit, (users, view)) = Circuit::build(|b| {
        let (stream, users) = b.upsert_input::<String, u8>("users", Strictness::Report);
        (users, stream.view())
    })
    .expect("a sound circuit");
    circuit[users].insert("ann".to_owned(), 1).expect("a new key");
    circuit[users].insert("ann".to_owned(), 2).expect("it is only reported");
    circuit[users].update("bob".to_owned(), 3).expect("it is only reported");
    circuit[users].delete("eve").expect("it is only reported");
    circuit.step().expect("a sound step");
    assert_eq!(
        (circuit[view].value("ann"), circuit[view].len(), circuit[users].get("ann")),
        (Some(&1), 1, Some(&1))
    );
    let (input, key) = ("users".into(), "\"eve\"".into());
    assert_eq!(circuit[users].take_rejected().pop(), Some(Error::UnknownKey { input, key }));
    assert!(circuit[users].rejected().is_empty());
}
