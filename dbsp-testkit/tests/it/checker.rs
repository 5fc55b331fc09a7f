//! The checker passes what is right, and finds and shrinks what is wrong.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dbsp_runtime::Builder;
use dbsp_testkit::strategy::{Split, key, row, value};
use dbsp_testkit::{Check, Disagreement, check_incremental, check_pure, oracle};

#[test]
fn a_join_of_two_inputs_passes() {
    let checked = check_incremental(
        |b| {
            let (orders, orders_input) = b.input::<(i64, i64)>("orders");
            let (names, names_input) = b.input::<(i64, i64)>("names");
            let joined = orders.index_by(|row| *row).join(names.index_by(|row| *row), |&k, &a, &b| (k, a, b));
            ((orders_input, names_input), joined.view())
        },
        (row(), row()),
        |(orders, names)| oracle::join(orders, names, |&k, &a, &b| (k, a, b)),
    );
    assert!(checked.is_ok(), "{}", checked.expect_err("just looked"));
}

#[test]
fn three_inputs_and_a_keyed_view_pass() {
    let checked = check_incremental(
        |b| {
            let (first, first_input) = b.input::<(i64, i64)>("first");
            let (second, second_input) = b.input::<(i64, i64)>("second");
            let (closed, closed_input) = b.input::<i64>("closed");
            let open = first.plus(second).index_by(|row| *row).antijoin(closed);
            ((first_input, second_input, closed_input), open.sum().view())
        },
        (row(), row(), key()),
        |(first, second, closed)| oracle::sum(&oracle::antijoin(&oracle::plus(first, second), closed)),
    );
    assert!(checked.is_ok(), "{}", checked.expect_err("just looked"));
}

#[test]
fn a_delay_is_found_to_depend_on_the_split() {
    let found = check_incremental(
        |b| {
            let (rows, input) = b.input::<i64>("rows");
            (input, rows.delay().view())
        },
        value(),
        Clone::clone,
    );
    let found = found.expect_err("a delayed change is late");
    assert_eq!(found.steps.concat().len(), 1, "{found}");
}

#[test]
fn a_distinct_that_cannot_delete_is_found_and_shrunk_to_a_change_or_two() {
    let build = |b: &Builder| {
        let (rows, input) = b.input::<i64>("rows");
        let seen = RefCell::new(BTreeSet::new());
        (input, rows.filter(move |row| seen.borrow_mut().insert(*row)).view())
    };
    let found = Check::default().well_formed().run(build, key(), oracle::distinct);
    let found = found.expect_err("a deletion never comes through");
    assert!(found.steps.concat().len() <= 2, "{found}");
    assert!(found.to_string().contains("and should hold"), "{found}");
}

#[test]
fn a_circuit_that_is_right_only_one_change_at_a_time_is_found() {
    // Passes every second row of a step, and each that comes alone: only a split shows the difference.
    let build = |b: &Builder| {
        let (rows, input) = b.input::<i64>("rows");
        let is_second = Cell::new(false);
        (input, rows.filter(move |_| !is_second.replace(!is_second.get())).view())
    };
    let found = check_incremental(build, key(), Clone::clone).expect_err("a row is lost");
    assert!(found.steps.concat().len() <= 3, "{found}");
}

#[test]
fn a_panic_in_a_closure_is_a_counterexample_that_names_it() {
    let found = check_incremental(
        |b| {
            let (rows, input) = b.input::<i64>("rows");
            (input, rows.map(|row| assert!(*row != 3, "three is one too many")).view())
        },
        key(),
        |rows| oracle::map(rows, |_| ()),
    );
    let found = found.expect_err("a three comes");
    assert!(matches!(&found.disagreement, Disagreement::Fault(text) if text.contains("three")), "{found}");
    assert_eq!(found.split, Split::AsGiven);
}

#[test]
fn equal_seeds_find_the_same_counterexample() {
    let found = |seed| {
        let build = |b: &Builder| {
            let (rows, input) = b.input::<i64>("rows");
            (input, rows.filter(|row| *row != 2).view())
        };
        Check::default().seed(seed).run(build, key(), Clone::clone).expect_err("a two comes")
    };
    assert_eq!(found(7), found(7));
}

#[test]
fn a_closure_that_counts_its_calls_is_not_pure() {
    let build = |b: &Builder| {
        let (rows, input) = b.input::<i64>("rows");
        let calls = Cell::new(0);
        let every_third = move |row: &i64| {
            calls.set(calls.get() + 1);
            if calls.get() % 3 == 0 { -row } else { *row }
        };
        (input, rows.map(every_third).view())
    };
    let found = check_pure(build, value(), || ()).expect_err("the third call gives another row");
    assert!(found.steps.concat().len() <= 3, "{found}");
}

#[test]
fn a_filter_that_reads_a_clock_is_not_pure() {
    let now = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now);
    let build = move |b: &Builder| {
        let (times, input) = b.input::<i64>("times");
        let clock = Arc::clone(&clock);
        (input, times.filter(move |t| t + 10 > clock.load(Ordering::Relaxed)).view())
    };
    let tick = || {
        now.fetch_add(1, Ordering::Relaxed);
    };
    check_pure(build, value(), tick).expect_err("the clock moves");
}

#[test]
fn joins_aggregates_and_functions_of_whole_collections_are_pure() {
    let checked = check_pure(
        |b| {
            let (first, first_input) = b.input::<(i64, i64)>("first");
            let (second, second_input) = b.input::<(i64, i64)>("second");
            let joined = first.keyed().join(second.keyed(), |&k, &a, &b| (k, a + b)).keyed();
            let size = first.integrate().lift(|all| [((all.len() as i64, 0), 1)].into_iter().collect());
            let all = joined.sum().rows().plus(joined.max().rows()).plus(size.differentiate());
            ((first_input, second_input), all.view())
        },
        (row(), row()),
        || (),
    );
    assert!(checked.is_ok(), "{}", checked.expect_err("just looked"));
}
