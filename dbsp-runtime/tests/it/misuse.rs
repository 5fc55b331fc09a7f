//! Each misuse is a typed error.

use dbsp_runtime::{Circuit, Error, Input, View};

fn circuit() -> (Circuit, (Input<u8>, View<u8>)) {
    Circuit::build(|b| {
        let (stream, input) = b.input("rows");
        (input, stream.view())
    })
    .expect("a sound circuit")
}

#[test]
fn a_handle_of_another_circuit_is_refused() {
    let ((mut circuit, _), (_, (input, view))) = (circuit(), circuit());
    assert_eq!(circuit.get_mut(input).err(), Some(Error::ForeignHandle));
    assert_eq!(circuit.get(view).err(), Some(Error::ForeignHandle));
}

#[test]
fn a_stream_of_another_circuit_is_refused() {
    let outer = Circuit::build(|b| {
        let (outside, _) = b.input::<u8>("outside");
        let inner = Circuit::build(|b| {
            let (inside, _) = b.input::<u8>("inside");
            inside.plus(outside).view()
        });
        let Err(Error::ForeignStream { operator }) = inner.map(|_| ()) else { panic!("not refused") };
        assert_eq!(operator.kind, "sum");
        assert_eq!(operator.location.file(), file!());
    });
    assert!(outer.is_ok());
}

#[test]
fn a_feedback_that_nothing_feeds_is_refused() {
    let built = Circuit::build(|b| {
        let (back, _feedback) = b.feedback::<u8>("loop");
        back.view()
    });
    let Err(Error::UnconnectedFeedback { operator }) = built.map(|_| ()) else { panic!("not refused") };
    assert_eq!(operator.name.as_deref(), Some("loop"));
}
