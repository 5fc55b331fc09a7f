//! Panics outside of steps: while rows are put into inputs, and while what was put in is taken back.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dbsp_runtime::{CheckedBuffer, Circuit, Delta, KeyedView, Strictness, Upsert, UpsertBuffer};

use crate::cell::Cell;
use crate::fuse::{self, Fused, Site};

type Number = Fused<0>;
type Buffer = UpsertBuffer<Number, Number>;

/// What a keyed input holds by its table, and by the rows of a view and the changes that wait; none if a value is there
/// twice, or a row without a weight.
fn both(
    circuit: &Circuit,
    users: Upsert<Number, Number>,
    view: KeyedView<Number, Number>,
) -> Option<[BTreeMap<i64, i64>; 2]> {
    let (buffer, mut rows) = (&circuit[users], BTreeMap::<(i64, i64), i64>::new());
    for (key, value, weight) in circuit[view].iter() {
        *rows.entry((key.number(), value.number())).or_default() += weight;
    }
    for ((key, value), weight) in buffer.pending() {
        *rows.entry((key.number(), value.number())).or_default() += weight;
    }
    rows.retain(|_, weight| *weight != 0);
    let keys = 0..20;
    let table: BTreeMap<i64, i64> =
        keys.filter_map(|key| Some((key, buffer.get(&Number::new(key))?.number()))).collect();
    let changed: BTreeMap<i64, i64> = rows.keys().copied().collect();
    let is_whole = rows.values().all(|weight| *weight == 1) && changed.len() == rows.len();
    let is_level = buffer.pending().rows().len() == buffer.pending().weights().len();
    (is_whole && is_level && buffer.len() == table.len()).then_some([table, changed])
}

#[test]
fn a_keyed_input_and_its_changes_agree_whatever_panics() {
    let pair = |key: i64, value: i64| (Number::new(key), Number::new(value));
    let calls: [(&str, fn(&mut Buffer)); 6] = [
        ("insert", |buffer| drop(buffer.insert(Number::new(7), Number::new(1)))),
        ("update", |buffer| drop(buffer.update(Number::new(2), Number::new(50)))),
        ("upsert", |buffer| {
            buffer.upsert(Number::new(8), Number::new(3));
            buffer.upsert(Number::new(3), Number::new(3));
        }),
        ("delete", |buffer| drop(buffer.delete(&Number::new(1)))),
        ("extend", |buffer| buffer.extend((0..12).map(|n| (Number::new(n), Number::new(n + 5))))),
        ("clear", UpsertBuffer::clear),
    ];
    let mut panics = 0;
    for (name, call) in calls {
        for site in [Site::Clone, Site::Eq, Site::Hash, Site::Drop] {
            for number in 1..60 {
                let (mut circuit, (users, view)) = Circuit::build(|b| {
                    let (stream, users) = b.upsert_input::<Number, Number>("users", Strictness::Strict);
                    (users, stream.view())
                })
                .expect("a sound circuit");
                circuit[users].extend((0..6).map(|key| pair(key, key)));
                circuit.step().expect("nothing panics");
                circuit[users].delete(&Number::new(0)).expect("a known key");
                circuit[users].update(Number::new(4), Number::new(9)).expect("a known key");
                circuit[users].insert(Number::new(9), Number::new(9)).expect("a new key");
                fuse::arm(site, number);
                let outcome = catch_unwind(AssertUnwindSafe(|| call(&mut circuit[users])));
                if !fuse::disarm() {
                    break;
                }
                assert!(outcome.is_err());
                panics += 1;
                let [table, changed] = both(&circuit, users, view).expect("each key has one value");
                assert_eq!(table, changed, "{name}, {site:?} {number}");
                circuit.step().expect("nothing panics");
                let [table, changed] = both(&circuit, users, view).expect("each key has one value");
                assert_eq!(table, changed, "{name}, {site:?} {number}, after the step");
            }
        }
    }
    assert!(panics > 60, "{panics}");
}

#[test]
fn both_columns_of_a_delta_have_one_length_whatever_panics() {
    let rows = |range: std::ops::Range<i64>| range.map(|n| (Number::new(n), 1)).collect::<Delta<Number>>();
    let calls: [fn(&mut Delta<Number>, &Delta<Number>); 6] = [
        Delta::extend_from,
        |delta, other| delta.try_extend_negated(other).expect("small weights"),
        |delta, _| delta.truncate(2),
        |delta, _| delta.clear(),
        |delta, _| drop(delta.drain()),
        |delta, other| delta.extend(other.iter().map(|(row, weight)| (row.clone(), *weight))),
    ];
    for call in calls {
        for site in [Site::Clone, Site::Drop] {
            for number in 1..10 {
                let (mut delta, other) = (rows(0..6), rows(3..9));
                fuse::arm(site, number);
                let outcome = catch_unwind(AssertUnwindSafe(|| call(&mut delta, &other)));
                assert_eq!(fuse::disarm(), outcome.is_err());
                assert_eq!(delta.rows().len(), delta.weights().len());
            }
        }
    }
}

#[test]
fn a_checked_input_counts_what_the_next_step_takes_whatever_panics() {
    let calls: [fn(&mut CheckedBuffer<Number>); 4] = [
        |buffer| drop(buffer.insert(Number::new(7))),
        |buffer| drop(buffer.delete(Number::new(2))),
        |buffer| drop(buffer.delete(Number::new(1))),
        CheckedBuffer::clear,
    ];
    for call in calls {
        for site in [Site::Clone, Site::Eq, Site::Hash, Site::Drop] {
            for number in 1..40 {
                let (mut circuit, (rows, view)) = Circuit::build(|b| {
                    let (stream, rows) = b.checked_input::<Number>("rows", Strictness::Strict);
                    (rows, stream.view())
                })
                .expect("a sound circuit");
                circuit[rows].try_extend((0..6).map(|n| (Number::new(n), 1 + n % 2))).expect("new rows");
                circuit.step().expect("nothing panics");
                circuit[rows].delete(Number::new(0)).expect("a known row");
                circuit[rows].push(Number::new(3), 2).expect("a known row");
                circuit[rows].push(Number::new(9), 2).expect("a new row");
                fuse::arm(site, number);
                let outcome = catch_unwind(AssertUnwindSafe(|| call(&mut circuit[rows])));
                if !fuse::disarm() {
                    break;
                }
                assert!(outcome.is_err());
                circuit.step().expect("nothing panics");
                assert!(circuit[view] == *circuit[rows].rows(), "{site:?} {number}");
            }
        }
    }
}
