//! Keyed inputs: strict and lenient.

use dbsp_runtime::{Circuit, Error, KeyedView, Strictness, Upsert};

fn circuit(strictness: Strictness) -> (Circuit, (Upsert<u8, &'static str>, KeyedView<u8, &'static str>)) {
    Circuit::build(|b| {
        let (stream, input) = b.upsert_input("users", strictness);
        (input, stream.view())
    })
    .expect("a sound circuit")
}

#[test]
fn a_strict_input_refuses_what_does_not_fit_and_changes_nothing() {
    let (mut circuit, (users, view)) = circuit(Strictness::Strict);
    circuit[users].insert(1, "ann").expect("a new key");
    let duplicate = Error::DuplicateKey { input: "users".into(), key: "1".into() };
    assert_eq!(circuit[users].insert(1, "bob"), Err(duplicate));
    let unknown = Error::UnknownKey { input: "users".into(), key: "2".into() };
    assert_eq!(circuit[users].update(2, "bob"), Err(unknown.clone()));
    assert_eq!(circuit[users].delete(&2), Err(unknown));
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[view]), r#"{1: {"ann": +1}}"#);
}

#[test]
fn a_lenient_input_takes_everything() {
    let (mut circuit, (users, view)) = circuit(Strictness::Lenient);
    circuit[users].update(1, "ann").expect("lenient");
    circuit[users].insert(1, "anna").expect("lenient");
    circuit[users].delete(&2).expect("lenient");
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[view]), r#"{1: {"anna": +1}}"#);
    circuit[users].delete(&1).expect("lenient");
    circuit[users].insert(1, "anna").expect("lenient");
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[view]), r#"{1: {"anna": +1}}"#);
}

#[test]
fn changes_that_no_step_has_seen_can_be_taken_back() {
    let (mut circuit, (users, view)) = circuit(Strictness::Strict);
    circuit[users].insert(1, "ann").expect("a new key");
    circuit.step().expect("a sound step");
    circuit[users].upsert(1, "eve");
    circuit[users].delete(&1).expect("a known key");
    circuit[users].upsert(2, "bob");
    circuit[users].clear();
    assert_eq!((circuit[users].get(&1), circuit[users].len()), (Some(&"ann"), 1));
    assert!(circuit[users].pending().is_empty());
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[view]), r#"{1: {"ann": +1}}"#);
}
