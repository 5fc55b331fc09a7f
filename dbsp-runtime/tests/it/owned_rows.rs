//! A warm step over rows that own memory allocates what their clones need: one for each place that a row comes to
//! stand in, which is the delta of a stream or the state of an operator, an arrangement or a view.
#![cfg(feature = "pool")]

use std::collections::BTreeMap;

use dbsp_runtime::{Circuit, Count, Input, Sum};
use dbsp_testkit::alloc;

/// A row that owns one block of memory: id, a text that begins with its team, number.
type Row = (u64, String, i64);

/// How many rows there are.
const ROWS: u64 = 3_000;
/// How many steps a circuit gets to become warm: each row is replaced some ten times.
const WARM: u64 = 4_000;

/// The row of an id after so many changes of it; no two are alike.
fn row(id: u64, version: u64) -> Row {
    (
        id,
        format!("{:02}: row {id}, version {version}", (id * 7 + version * 13) % 50),
        (id + version) as i64 % 10,
    )
}

/// Replaces 1 to 20 rows in each step, and compares what warm steps allocate with what `needed` says of the rows that
/// go and of those that come.
fn assert_needed(mut circuit: Circuit, input: Input<Row>, mut needed: impl FnMut(&[Row], &[Row]) -> u64) {
    let mut versions = vec![0; ROWS as usize];
    let all: Vec<Row> = (0..ROWS).map(|id| row(id, 0)).collect();
    needed(&[], &all);
    circuit[input].extend(all.into_iter().map(|row| (row, 1)));
    circuit.step().expect("a sound step");
    for step in 0..WARM + 200 {
        let ids = (0..1 + step * step % 20).map(|i| (step * 389 + i * 131) % ROWS);
        let (gone, come): (Vec<Row>, Vec<Row>) = ids
            .map(|id| {
                let version = &mut versions[id as usize];
                *version += 1;
                (row(id, *version - 1), row(id, *version))
            })
            .unzip();
        let needed = needed(&gone, &come);
        let changes = gone.into_iter().map(|row| (row, -1)).chain(come.into_iter().map(|row| (row, 1)));
        let changes: Vec<(Row, i64)> = changes.collect();
        let counts = alloc::count(|| {
            circuit[input].extend(changes);
            circuit.step().expect("a sound step");
        });
        if step >= WARM {
            assert_eq!((counts.allocations, counts.reallocations), (needed, 0), "step {step}");
        }
    }
}

#[test]
fn a_view_needs_each_row_that_comes() {
    let (circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        (input, stream.view())
    })
    .expect("a sound circuit");
    assert_needed(circuit, input, |_, come| come.len() as u64);
}

#[test]
fn a_filter_needs_what_passes_and_its_view_what_comes_of_it() {
    let (circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        (input, stream.filter(|row| row.0 % 3 == 0).filter(|row| row.2 < 8).view())
    })
    .expect("a sound circuit");
    let passing = |rows: &[Row]| rows.iter().filter(|row| row.0 % 3 == 0 && row.2 < 8).count() as u64;
    assert_needed(circuit, input, |gone, come| passing(gone) + 2 * passing(come));
}

#[test]
fn a_join_needs_what_it_arranges_and_what_it_makes() {
    let (mut circuit, (input, places, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        let (places, places_input) = b.input::<(i64, String)>("places");
        let rows = stream.index_by(|row| (row.2, row.1.clone()));
        let joined = rows.join(places.keyed(), |_, row, place| (row.clone(), place.clone()));
        (input, places_input, joined.view())
    })
    .expect("a sound circuit");
    circuit[places].extend((0..10).map(|number| ((number, format!("place {number}")), 1)));
    assert_needed(circuit, input, |gone, come| {
        let (changes, new) = ((gone.len() + come.len()) as u64, come.len() as u64);
        let (keyed, arranged, pairs, viewed) = (changes, new, 2 * changes, 2 * new);
        keyed + arranged + pairs + viewed
    });
}

#[test]
fn an_aggregate_needs_the_keys_of_its_rows_and_of_what_it_gives() {
    let (circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        let teams = stream.index_by(|row| (row.1[..2].to_owned(), row.2));
        (input, teams.aggregate((Count, Sum(|number: &i64| *number))).view())
    })
    .expect("a sound circuit");
    let mut totals = BTreeMap::<String, (i64, i64)>::new();
    assert_needed(circuit, input, |gone, come| {
        let before = totals.clone();
        for (rows, weight) in [(gone, -1), (come, 1)] {
            for row in rows {
                let (count, sum) = totals.entry(row.1[..2].to_owned()).or_default();
                (*count, *sum) = (*count + weight, *sum + weight * row.2);
            }
        }
        let changed = totals.iter().filter(|(team, total)| before.get(*team) != Some(*total)).count() as u64;
        let (keyed, old_and_new) = ((gone.len() + come.len()) as u64, 2 * changed);
        // Of a group's only row the plain trace holds the key once more, beside its first row.
        let viewed = if cfg!(feature = "fast-table") { changed } else { 2 * changed };
        keyed + old_and_new + viewed
    });
}

#[test]
fn distinct_needs_what_it_counts_and_what_it_gives() {
    let (circuit, (input, _)) = Circuit::build(|b| {
        let (stream, input) = b.input::<Row>("rows");
        (input, stream.map(|row| row.1.clone()).distinct().view())
    })
    .expect("a sound circuit");
    assert_needed(circuit, input, |gone, come| {
        let (changes, new) = ((gone.len() + come.len()) as u64, come.len() as u64);
        let (mapped, counted, given, viewed) = (changes, new, changes, new);
        mapped + counted + given + viewed
    });
}
