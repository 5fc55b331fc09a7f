//! Panics of user code that are hard to hold: in payloads, in rows, while outputs are emptied.

use std::cell::Cell;
use std::panic::panic_any;
use std::thread;

use dbsp_runtime::{Circuit, Error, Input, Recovery, View};

/// A payload that panics as it is dropped, with another one.
struct Nested(u32);

impl Drop for Nested {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Self(self.0 - 1));
        }
    }
}

#[test]
fn a_payload_that_panics_as_it_is_dropped_stays_inside_of_the_step() {
    for depth in [1, 2, 3, 40] {
        let (mut circuit, (rows, counts, seen)) = Circuit::build(|b| {
            let (stream, rows) = b.input::<u32>("rows");
            let counts = stream.index_by(|n| (n % 2, *n)).count().view();
            let checked = stream.map(move |n| if *n == 13 { panic_any(Nested(depth)) } else { *n });
            (rows, counts, checked.view())
        })
        .expect("a sound circuit");
        circuit[rows].extend([(1, 1), (13, 1)]);
        let error = circuit.step().expect_err("thirteen");
        assert!(matches!(&error, Error::Panicked { message, .. } if message == "a panic without a text"));
        assert_eq!((circuit[rows].len(), circuit[counts].len()), (2, 0));
        assert!(matches!(circuit.step(), Err(Error::StepAfterFault { .. })));
        circuit.recover(Recovery::Discard).expect("the step was taken back");
        circuit[rows].extend([(1, 1), (3, 1)]);
        circuit.step().expect("a sound step");
        assert_eq!((circuit[counts].value(&1), circuit[seen].len()), (Some(&2), 2));
    }
}

#[test]
fn recovering_a_sound_circuit_does_nothing() {
    for recovery in [Recovery::Retry, Recovery::Discard, Recovery::DiscardDelayed] {
        let (mut circuit, (rows, delayed)) = Circuit::build(|b| {
            let (stream, rows) = b.input::<u32>("rows");
            (rows, stream.delay().view())
        })
        .expect("a sound circuit");
        circuit[rows].insert(1);
        circuit.recover(recovery).expect("the circuit is sound");
        circuit.step().expect("a sound step");
        circuit[rows].insert(2);
        circuit.recover(recovery).expect("the circuit is sound");
        circuit.step().expect("a sound step");
        assert_eq!(format!("{:?}", circuit[delayed]), "{1: +1}", "{recovery:?}");
        circuit.step().expect("a sound step");
        assert_eq!(format!("{:?}", circuit[delayed]), "{1: +1, 2: +1}", "{recovery:?}");
    }
}

thread_local! {
    static DROPS: Cell<u32> = const { Cell::new(0) };
}

/// A row whose `Drop` panics when the count down ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Fragile(u32);

impl Drop for Fragile {
    fn drop(&mut self) {
        if DROPS.get() > 0 && !thread::panicking() {
            DROPS.set(DROPS.get() - 1);
            assert!(DROPS.get() > 0, "a row that is dropped");
        }
    }
}

/// More nodes than a word of the schedule has bits, each with an output.
fn long_chain() -> (Circuit, (Input<Fragile>, View<Fragile>)) {
    Circuit::build(|b| {
        let (mut rows, input) = b.input::<Fragile>("rows");
        for _ in 0..70 {
            rows = rows.map(Fragile::clone).materialise();
        }
        (input, rows.view())
    })
    .expect("a sound circuit")
}

#[test]
fn a_row_that_panics_as_outputs_are_emptied_counts_once() {
    for drops in 1..=140 {
        let (mut circuit, (rows, seen)) = long_chain();
        circuit[rows].extend((0..2).map(|n| (Fragile(n), 1)));
        circuit.step().expect("nothing panics");
        circuit[rows].insert(Fragile(7));
        DROPS.set(drops);
        let error = circuit.step().expect_err("a row panics");
        assert!(error.to_string().contains("user code panicked: a row that is dropped"), "{error}");
        assert_eq!((circuit[rows].len(), circuit[seen].len(), circuit.delta(seen).len()), (1, 2, 0));
        circuit.recover(Recovery::Retry).expect("the step was taken back");
        circuit.step().expect("nothing panics");
        assert_eq!((circuit[rows].len(), circuit[seen].len(), circuit.delta(seen).len()), (0, 3, 1));
    }
}

#[test]
fn a_row_that_panics_as_it_is_discarded_poisons() {
    let (mut circuit, (rows, ..)) = Circuit::build(|b| {
        let (stream, rows) = b.input::<Fragile>("rows");
        (rows, stream.map(|row| 1 / row.0).output())
    })
    .expect("a sound circuit");
    circuit[rows].extend([(Fragile(0), 1), (Fragile(1), 1)]);
    assert!(matches!(circuit.step(), Err(Error::Panicked { .. })));
    DROPS.set(1);
    assert!(matches!(circuit.recover(Recovery::Discard), Err(Error::Poisoned { .. })));
    assert!(matches!(circuit.step(), Err(Error::Poisoned { .. })));
}
