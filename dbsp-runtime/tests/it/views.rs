//! Reading: deltas of the last step, integrated views, and steps that change nothing.

use dbsp_runtime::{Circuit, Delta};

#[test]
fn an_output_holds_the_delta_of_the_last_step_only() {
    let (mut circuit, (input, output)) = Circuit::build(|b| {
        let (stream, input) = b.input::<i32>("rows");
        (input, stream.filter(|n| *n > 0).output())
    })
    .expect("a sound circuit");
    circuit[input].insert(1);
    circuit.step().expect("a sound step");
    assert_eq!(circuit[output].rows(), [1]);
    circuit[input].insert(-1);
    circuit.step().expect("a sound step");
    assert!(circuit.delta(output).is_empty());
}

#[test]
fn a_view_can_be_read_at_any_time() {
    let (mut circuit, (input, view, keyed)) = Circuit::build(|b| {
        let (stream, input) = b.input::<(char, i32)>("rows");
        (input, stream.view(), stream.keyed().view())
    })
    .expect("a sound circuit");
    assert!(circuit[view].is_empty());
    let mut delta = Delta::from_iter([(('a', 1), 2), (('a', 2), 1), (('b', 1), 1)]);
    circuit[input].append(&mut delta);
    circuit.step().expect("a sound step");
    circuit.step().expect("a step over nothing");
    assert_eq!((circuit[view].get(&('a', 1)), circuit[view].len()), (2, 3));
    assert_eq!((circuit[keyed].group(&'a').len(), circuit[keyed].value(&'b')), (2, Some(&1)));
    assert!(circuit.delta(view).is_empty() && circuit.delta(keyed).is_empty());
    assert_eq!(circuit.steps(), 2);
}

#[test]
fn a_function_of_the_empty_collection_counts_from_the_first_step() {
    let (mut circuit, (input, size)) = Circuit::build(|b| {
        let (stream, input) = b.input::<i32>("rows");
        let size = stream.integrate().lift(|all| [(all.len(), 1)].into_iter().collect());
        (input, size.differentiate().view())
    })
    .expect("a sound circuit");
    circuit.step().expect("a step over nothing");
    assert_eq!(format!("{:?}", circuit[size]), "{0: +1}");
    circuit[input].insert(7);
    circuit.step().expect("a sound step");
    circuit[input].delete(7);
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[size]), "{0: +1}");
}

#[test]
fn a_circuit_can_move_to_another_thread() {
    let (mut circuit, (input, view)) = Circuit::build(|b| {
        let (stream, input) = b.input::<String>("words");
        (input, stream.map(|word| word.len()).distinct().view())
    })
    .expect("a sound circuit");
    let moved = std::thread::spawn(move || {
        circuit[input].insert("pear".to_owned());
        circuit.step().map(|()| circuit)
    });
    let circuit = moved.join().expect("no panic").expect("a sound step");
    assert_eq!(circuit[view].get(&4), 1);
}

#[test]
fn a_loop_through_a_delay_ends_by_itself() {
    let (mut circuit, (input, all)) = Circuit::build(|b| {
        let (stream, input) = b.input::<u64>("seeds");
        let (back, feedback) = b.feedback::<u64>("halves");
        let all = stream.plus(back);
        feedback.connect(all.filter(|n| *n > 1).map(|n| n / 2));
        (input, all.view())
    })
    .expect("a sound circuit");
    circuit[input].insert(20);
    for _ in 0..8 {
        circuit.step().expect("a sound step");
    }
    assert_eq!(format!("{:?}", circuit[all]), "{1: +1, 2: +1, 5: +1, 10: +1, 20: +1}");
}
