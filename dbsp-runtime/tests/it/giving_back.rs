//! Buffers of the largest step do not stay for ever, and a warm steady state still allocates nothing.

use dbsp_runtime::{Circuit, Input};
use dbsp_testkit::alloc;

type Row = (u64, u64, i64);

/// How many rows are loaded and deleted again, and how many small steps come then.
const LOADED: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
const SMALL_STEPS: u64 = if cfg!(debug_assertions) { 5_000 } else { 100_000 };

fn row(id: u64) -> Row {
    (id, id % 1_000, (id % 77) as i64)
}

/// A circuit with every kind of buffer.
fn circuit() -> (Circuit, Input<Row>) {
    Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        let by_group = stream.index_by(|row| (row.1, row.0)).materialise();
        let pairs = by_group.join(stream.index_by(|row| (row.0, row.2)), |key, id, n| (*key, *id, *n));
        let late = stream.delay().map(|row| row.1).distinct();
        let known = by_group.semijoin(stream.map(|row| row.1));
        let ranked = stream.index_by(|row| (row.1, (row.2, row.0)));
        let views = (
            pairs.view(),
            late.view(),
            known.max().view(),
            stream.filter(|row| row.2 > 3).view(),
            (stream.keyed_by_group().sum().view(), ranked.arg_max().view()),
            stream.map(|row| row.0).except(stream.map(|row| row.1)).output(),
            (ranked.count().view(), stream.minus(stream.neg()).output()),
        );
        (input, views)
    })
    .map(|(circuit, (input, _))| (circuit, input))
    .expect("a sound circuit")
}

/// Rows by their group.
trait ByGroup<'b> {
    fn keyed_by_group(self) -> dbsp_runtime::KeyedStream<'b, u64, i64>;
}

impl<'b> ByGroup<'b> for dbsp_runtime::Stream<'b, Row> {
    fn keyed_by_group(self) -> dbsp_runtime::KeyedStream<'b, u64, i64> {
        self.map(|row| (row.1, row.2)).keyed().materialise()
    }
}

/// Runs `work` and adds what it left allocated to `live`.
fn living(live: &mut i64, work: impl FnOnce()) {
    *live += alloc::count(work).live_bytes();
}

#[test]
fn a_million_rows_that_came_and_went_leave_no_memory_behind() {
    let (mut live, mut built) = (0, None);
    living(&mut live, || built = Some(circuit()));
    let (mut circuit, input) = built.expect("it was built");
    let mut all = |weight: i64| {
        living(&mut live, || {
            circuit[input].extend((0..LOADED).map(|id| (row(id), weight)));
            circuit.step().expect("a sound step");
        });
    };
    all(1);
    all(-1);
    let loaded = circuit.memory().bytes();
    living(&mut live, || {
        for id in 0..SMALL_STEPS {
            circuit[input].push(row(id / 2 % 50), if id % 2 == 0 { 1 } else { -1 });
            circuit.step().expect("a sound step");
        }
    });
    let left = circuit.memory();
    let what = || {
        let mut held: Vec<_> =
            left.operators.iter().filter(|held| held.state.bytes + held.buffer.bytes > 9_000).collect();
        held.sort_by_key(|held| std::cmp::Reverse(held.state.bytes + held.buffer.bytes));
        held.into_iter()
            .map(|held| format!("{} {} {}\n", held.operator.kind, held.state.bytes, held.buffer.bytes))
            .collect::<String>()
    };
    assert!(left.bytes() < 500_000, "{} of {loaded} bytes are left: {}", left.bytes(), what());
    assert!(live < 500_000, "{live} bytes live");
}

#[test]
fn shrinking_at_once_leaves_the_state_and_nothing_else() {
    let (mut circuit, input) = circuit();
    circuit[input].extend((0..LOADED).map(|id| (row(id), 1)));
    circuit.step().expect("a sound step");
    circuit.step().expect("a step over nothing");
    circuit.step().expect("a step over nothing");
    let (rows, before) = (circuit.memory().rows(), circuit.memory().bytes());
    circuit.shrink();
    let after = circuit.memory();
    assert_eq!(after.rows(), rows);
    assert!(after.operators.iter().all(|held| held.buffer.bytes < 9_000), "{after:?}");
    // Without feature `pool` there are hardly any buffers to begin with.
    let most = if cfg!(feature = "pool") { before / 2 } else { before };
    assert!(after.bytes() < most, "{} of {before} bytes are left", after.bytes());
    circuit[input].delete(row(0));
    circuit.step().expect("a sound step");
}

#[test]
#[cfg(feature = "pool")]
fn a_warm_circuit_allocates_nothing_also_with_a_step_eight_times_as_large_now_and_then() {
    let (mut circuit, (input, names, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        let (names, names_input) = b.input::<(u64, u32)>("names");
        let named = stream.index_by(|row| (row.1, row.2)).join(names.keyed(), |_, n, name| (*name, *n));
        let late = stream.delay().map(|row| row.1).distinct();
        let sums = stream.filter(|row| row.2 > 3).map(|row| (row.1, row.2)).keyed().sum();
        (input, names_input, (named.view(), late.view(), sums.view(), stream.map(|row| row.0).output()))
    })
    .expect("a sound circuit");
    let mut rows: Vec<Row> = (0..5_000).map(row).collect();
    circuit[input].extend(rows.iter().copied());
    circuit[names].extend((0..1_000).map(|key| (key, key as u32)));
    circuit.step().expect("a sound step");
    // Each row has two forms and takes turns, so that what was there comes again.
    let other = |row: Row| (row.0, (row.1 + 500) % 1_000, row.2 ^ 1);
    let mut ids = (0..5_000).cycle().step_by(7);
    for step in 0..6_000 {
        let changes: Vec<(Row, Row)> = (0..if step % 10 == 9 { 80 } else { 10 })
            .map(|_| {
                let row = &mut rows[ids.next().expect("a cycle does not end")];
                let old = *row;
                *row = other(old);
                (old, *row)
            })
            .collect();
        let counts = alloc::count(|| {
            for (old, new) in &changes {
                circuit[input].replace(*old, *new);
            }
            circuit.step().expect("a sound step");
        });
        assert!(step < 4_000 || counts.is_zero(), "step {step} allocated: {counts:?}");
    }
}
