//! A warm step over `Copy` rows allocates nothing. That is what feature `pool` is for: without it nothing here runs.
//!
//! Nor with a secret seed: when the last bucket of a trace that replaces its rows has split is a matter of the seed, and with a random one
//! it is later than these tests wait in every second run.
#![cfg(all(feature = "pool", not(feature = "secret-seed")))]

use dbsp_runtime::{Circuit, Count, Delta, Input, Sum};
use dbsp_testkit::alloc;

type Row = (u64, u64, i64);

/// How many steps a circuit gets to become warm. The hash tables of the plain trace, and of rows that are applied one by one,
/// double once more after removals have used up their slots; and buckets that were filled row by row split more often at first
/// than they merge.
const WARM: usize = if IS_DEFAULT { 200 } else { 1_300 };
const IS_DEFAULT: bool = cfg!(all(feature = "fast-table", feature = "bulk"));

/// A small generator, so that runs repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn row(&mut self, id: u64) -> Row {
        (id, self.below(500), self.below(1_000) as i64)
    }
}

/// Loads rows, warms the circuit with steps that replace some of them, then counts further ones.
fn assert_steady(circuit: Circuit, input: Input<Row>) {
    assert_steady_after(WARM, circuit, input);
}

/// As [`assert_steady`], with so many steps to become warm.
fn assert_steady_after(warm: usize, mut circuit: Circuit, input: Input<Row>) {
    let mut random = Random(1);
    let mut rows: Vec<Row> = (0..5_000).map(|id| random.row(id)).collect();
    circuit[input].extend(rows.iter().map(|row| (*row, 1)));
    circuit.step().expect("a sound step");
    for step in 0..warm + 200 {
        let mut delta = Delta::with_capacity(40);
        for _ in 0..if step % 3 == 0 { 1 } else { 20 } {
            let id = random.below(5_000);
            let new = random.row(id);
            delta.delete(std::mem::replace(&mut rows[id as usize], new));
            delta.insert(new);
        }
        let counts = alloc::count(|| {
            circuit[input].extend_from(&delta);
            circuit.step().expect("a sound step");
        });
        assert!(step < warm || counts.is_zero(), "step {step} allocated: {counts:?}");
    }
}

#[test]
fn a_step_without_changes_allocates_nothing() {
    let (mut circuit, _) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        (input, stream.distinct().view())
    })
    .expect("a sound circuit");
    circuit.step().expect("a sound step");
    assert!(alloc::count(|| circuit.step().expect("a sound step")).is_zero());
}

#[test]
fn map_and_filter_allocate_nothing() {
    let (circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        (input, stream.filter(|row| row.2 % 2 == 0).map(|row| (row.0, row.2)).view())
    })
    .expect("a sound circuit");
    assert_steady(circuit, input);
}

#[test]
fn linear_aggregates_allocate_nothing() {
    let (circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        let sums = stream.index_by(|row| (row.1, row.2)).aggregate((Count, Sum(|value: &i64| *value)));
        (input, sums.view())
    })
    .expect("a sound circuit");
    assert_steady(circuit, input);
}

#[test]
fn joins_allocate_nothing() {
    let (mut circuit, (input, names, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        let (names, names_input) = b.input::<(u64, u32)>("names");
        let rows = stream.index_by(|row| (row.1, row.0));
        (input, names_input, rows.join(names.keyed(), |_, id, name| (*id, *name)).view())
    })
    .expect("a sound circuit");
    circuit[names].extend((0..500).map(|key| ((key, key as u32), 1)));
    assert_steady(circuit, input);
}

/// These have buckets of their own, more than four some day: that is late.
#[test]
fn joins_of_keys_with_many_rows_allocate_nothing() {
    for keys in [3, 10, 40] {
        let (mut circuit, (input, names, _)) = Circuit::build(|b| {
            let (stream, input) = b.input::<Row>("rows");
            let (names, names_input) = b.input::<(u64, u32)>("names");
            let rows = stream.index_by(move |row| (row.1 % keys, (row.0, row.2)));
            (input, names_input, rows.join(names.keyed(), |_, id, name| (*id, *name)).view())
        })
        .expect("a sound circuit");
        circuit[names].extend((0..keys).map(|key| ((key, key as u32), 1)));
        assert_steady_after(if IS_DEFAULT { 2_000 } else { 5_000 }, circuit, input);
    }
}

#[test]
fn a_self_join_with_changes_on_both_sides_allocates_nothing() {
    let (circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        let rows = stream.index_by(|row| (row.1, row.0)).materialise();
        let pairs = rows.join(rows, |key, left, right| (*key, left ^ right)).keyed().count();
        (input, pairs.output())
    })
    .expect("a sound circuit");
    assert_steady(circuit, input);
}

#[test]
fn distinct_and_set_operations_allocate_nothing() {
    let (circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        let keys = stream.map(|row| row.1).distinct();
        (input, keys.except(stream.map(|row| row.2 as u64)).view())
    })
    .expect("a sound circuit");
    assert_steady(circuit, input);
}

#[test]
fn sums_that_overflow_on_the_way_allocate_nothing_once_warm() {
    let (mut circuit, (input, view, trace, sums)) = Circuit::build(|b| {
        let (stream, input) = b.input::<(u64, i64)>("rows");
        let keyed = stream.keyed();
        let sums = keyed.aggregate((Count, Sum(|value: &i64| *value)));
        (input, stream.view(), keyed.view(), sums.view())
    })
    .expect("a sound circuit");
    let mut delta = Delta::new();
    for key in 0..50_u64 {
        // From one end of the range to the other and back, the long way first.
        for weight in [i64::MAX, i64::MAX, 1, -i64::MAX, -i64::MAX, -1] {
            delta.push((key, 1), weight);
        }
        delta.push((key + 50, 3), if key % 2 == 0 { 1 } else { -1 });
    }
    circuit[input].extend((0..50).map(|key| ((key, 1), 1)));
    circuit.step().expect("a sound step");
    for step in 0..40 {
        let counts = alloc::count(|| {
            circuit[input].extend_from(&delta);
            circuit.step().expect("all sums fit");
        });
        assert!(step < 20 || counts.is_zero(), "step {step} allocated: {counts:?}");
        delta.try_negate().expect("every weight has an opposite");
    }
    assert_eq!((circuit[view].len(), circuit[trace].len(), circuit[sums].len()), (50, 50, 50));
}
