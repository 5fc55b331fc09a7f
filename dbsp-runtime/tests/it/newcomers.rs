//! Small things that cost a newcomer time.

use dbsp_runtime::{Circuit, Strictness};

#[test]
fn keys_that_are_strings_are_looked_up_by_str() {
    let (mut circuit, (ages, users, names, oldest, all)) = Circuit::build(|b| {
        let (stream, ages) = b.input::<(String, u32)>("ages");
        let (table, users) = b.upsert_input::<String, String>("users", Strictness::Strict);
        (ages, users, stream.map(|row| row.0.clone()).view(), stream.keyed().max().view(), table.view())
    })
    .expect("a sound circuit");
    circuit[ages].extend([("ann".to_owned(), 40), ("ann".to_owned(), 41)]);
    circuit[users].insert("ann".to_owned(), "a".to_owned()).expect("a new key");
    circuit.step().expect("a sound step");
    assert_eq!((circuit[oldest].value("ann"), circuit[oldest].group("bob").len()), (Some(&41), 0));
    assert_eq!((circuit[names].get("ann"), circuit[names].contains("bob")), (2, false));
    assert_eq!(circuit[all].value("ann"), circuit[users].get("ann"));
    circuit[users].delete("ann").expect("a known key");
    circuit.step().expect("a sound step");
    assert_eq!((circuit[all].value("ann"), circuit[users].get("ann")), (None, None));
}

/// Many keys, and many rows of one, so that a lookup goes each way that there is.
#[test]
fn borrowed_keys_are_found_among_many() {
    let (mut circuit, (rows, view)) = Circuit::build(|b| {
        let (stream, rows) = b.input::<(String, u32)>("rows");
        (rows, stream.keyed().view())
    })
    .expect("a sound circuit");
    circuit[rows].extend((0..3_000).map(|n| (format!("key {}", n % 1_000), n)));
    circuit[rows].extend((0..1_000).map(|n| ("many".to_owned(), n)));
    circuit.step().expect("a sound step");
    assert!((0..1_000).all(|n| circuit[view].group(format!("key {n}").as_str()).len() == 3));
    assert_eq!((circuit[view].group("many").len(), circuit[view].group("none").len()), (1_000, 0));
}

#[test]
fn an_input_is_extended_by_rows_with_and_without_weights() {
    let (mut circuit, (rows, pairs, view)) = Circuit::build(|b| {
        let (stream, rows) = b.input::<i32>("rows");
        let (pairs, pairs_input) = b.input::<(i32, i64)>("pairs");
        (rows, pairs_input, stream.plus(pairs.map(|pair| pair.0)).view())
    })
    .expect("a sound circuit");
    circuit[rows].extend([(1), (2)]);
    circuit[rows].extend([(1, 5)]);
    circuit[pairs].extend([(7, 1), (8, 2)]);
    circuit[pairs].extend([((7, 1), 3)]);
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[view]), "{1: +6, 2: +1, 7: +4, 8: +1}");
}

#[test]
fn keys_that_are_none_join_each_other() {
    let (mut circuit, (left, right, joined)) = Circuit::build(|b| {
        let (left, left_input) = b.input::<(Option<u8>, char)>("left");
        let (right, right_input) = b.input::<(Option<u8>, char)>("right");
        let present = left.keyed().filter(|key, _| key.is_some());
        let as_in_sql = present.join(right.keyed(), |_, l, r| (*l, *r));
        let joined = left.keyed().join(right.keyed(), |_, l, r| (*l, *r));
        (left_input, right_input, (joined.view(), as_in_sql.view()))
    })
    .expect("a sound circuit");
    circuit[left].extend([(None, 'a'), (Some(1), 'b')]);
    circuit[right].extend([(None, 'c'), (Some(1), 'd')]);
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[joined.0]), "{('a', 'c'): +1, ('b', 'd'): +1}");
    assert_eq!(format!("{:?}", circuit[joined.1]), "{('b', 'd'): +1}");
}

#[test]
fn minus_goes_below_zero_where_except_all_stops() {
    let (mut circuit, (left, right, difference)) = Circuit::build(|b| {
        let (left, left_input) = b.input::<char>("left");
        let (right, right_input) = b.input::<char>("right");
        (left_input, right_input, (left.minus(right).view(), left.except(right).view()))
    })
    .expect("a sound circuit");
    circuit[left].extend(['a', 'a', 'b']);
    circuit[right].extend(['a', 'c']);
    circuit.step().expect("a sound step");
    assert_eq!(format!("{:?}", circuit[difference.0]), "{'a': +1, 'b': +1, 'c': -1}");
    assert_eq!(format!("{:?}", circuit[difference.1]), "{'b': +1}");
}
