//! Sums that widen, averages that are equal, and what an error says of a number that left its range.

use dbsp_runtime::{Average, Circuit, Count, Direction, Error, Fraction, Recovery, Sum};

#[test]
fn five_over_one_and_ten_over_two_are_one_row() {
    let (mut circuit, (input, averages, pairs)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(&str, i64)>("rows");
        let averages = rows.keyed().average().materialise();
        let by_average = averages.rows().index_by(|(name, average)| (*average, *name)).materialise();
        let pairs = by_average.join(by_average, |_, left, right| (*left, *right));
        (input, averages.rows().map(|(_, average)| *average).distinct().view(), pairs.view())
    })
    .expect("a sound circuit");
    circuit[input].extend([(("one", 5), 1), (("two", 3), 1), (("two", 7), 1)]);
    circuit.step().expect("it fits");
    let five = Fraction::new(5, 1).expect("a fraction");
    assert!(circuit[averages].iter().eq([(&five, &1)]));
    assert_eq!((circuit[pairs].len(), circuit[pairs].get(&("one", "two"))), (4, 1));
}

#[test]
fn an_unchanged_average_is_no_change() {
    let (mut circuit, (input, averages, several)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(u8, i64)>("rows");
        let several = rows.keyed().aggregate((Average(|value: &i64| *value), Average(|value: &i64| -value)));
        (input, rows.keyed().average().view(), several.output())
    })
    .expect("a sound circuit");
    circuit[input].extend([((1, 4), 1), ((1, 6), 1)]);
    circuit.step().expect("it fits");
    circuit[input].extend([((1, 4), 1), ((1, 6), 1), ((1, 5), 7)]);
    circuit.step().expect("it fits");
    assert_eq!((circuit.delta(averages).len(), circuit.delta(several).len()), (0, 0));
}

#[test]
fn a_deletion_of_a_row_never_seen_is_a_negative_sum() {
    let (mut circuit, (input, sums)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(&str, u32)>("rows");
        (input, rows.keyed().sum().view())
    })
    .expect("a sound circuit");
    circuit[input].delete(("a", 5));
    circuit.step().expect("an i64 holds it");
    assert_eq!(circuit[sums].value(&"a"), Some(&-5_i64));
}

#[test]
fn a_sum_of_small_numbers_may_be_larger_than_any_of_them() {
    let (mut circuit, (input, small, large)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(u8, i8)>("rows");
        let large = rows.index_by(|(key, value)| (*key, u64::MAX - *value as u64));
        (input, rows.keyed().sum().view(), large.sum().view())
    })
    .expect("a sound circuit");
    circuit[input].extend([((1, 100), 1), ((1, 127), 1)]);
    circuit.step().expect("it fits");
    assert_eq!(circuit[small].value(&1), Some(&227_i64));
    assert_eq!(circuit[large].value(&1), Some(&(2 * i128::from(u64::MAX) - 227)));
}

/// What the error of a step says: the quantity, the side, the key.
fn detail(error: &Error) -> (&str, Option<Direction>, Option<&str>) {
    let Error::WeightOverflow { what, direction, key, .. } = error else { panic!("{error}") };
    (what, *direction, key.as_deref())
}

#[test]
fn an_error_says_what_left_which_side_of_its_range_for_which_key() {
    let (mut circuit, (input, sums, counts, view)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(String, u32)>("rows");
        let counts = rows.keyed().filter(|_, value| *value < 100).aggregate((Count, Count));
        (input, rows.keyed().aggregate(Sum(|value: &u32| *value)).view(), counts.view(), rows.keyed().view())
    })
    .expect("a sound circuit");
    let ann = || String::from("ann");
    let mut refused = |rows: &[(u32, i64)]| {
        circuit[input].insert((String::from("bob"), 1));
        rows.iter().for_each(|(value, weight)| circuit[input].push((ann(), *value), *weight));
        let error = circuit.step().expect_err("it does not fit");
        circuit.recover(Recovery::Discard).expect("the step was taken back");
        assert!(circuit[sums].is_empty() && circuit[counts].is_empty() && circuit[view].is_empty());
        error
    };
    let sum = "a sum of u32 as i64";
    assert_eq!(detail(&refused(&[(500, i64::MIN)])), (sum, Some(Direction::Below), Some(r#""ann""#)));
    assert_eq!(detail(&refused(&[(500, i64::MAX)])), (sum, Some(Direction::Above), Some(r#""ann""#)));
    let count = refused(&[(0, i64::MIN), (1, -1)]);
    assert_eq!(detail(&count), ("a count", Some(Direction::Below), Some(r#""ann""#)));
    // The totals fit, and no count is kept of zeros above a hundred.
    assert!(
        count
            .to_string()
            .ends_with(r#": a count fell below its range for key "ann"; the step was taken back"#)
    );
}

#[test]
fn a_view_says_which_row_has_no_weight() {
    let (mut circuit, (input, view)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(u8, i64)>("rows");
        (input, rows.view())
    })
    .expect("a sound circuit");
    circuit[input].extend([((1, 2), i64::MAX), ((3, 4), -1), ((1, 2), -5), ((5, 6), 1), ((1, 2), 6)]);
    let error = circuit.step().expect_err("it does not fit");
    assert_eq!((detail(&error).0, detail(&error).1), ("a weight", Some(Direction::Above)));
    circuit.recover(Recovery::Retry).expect("the step was taken back");
    circuit[input].delete((1, 2));
    circuit.step().expect("the weights have sums, whatever their order");
    assert_eq!(circuit[view].get(&(1, 2)), i64::MAX);
}

#[test]
fn keys_are_shown_by_their_debug_where_that_is_known() {
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    struct Account(u16);

    let error = |is_shown: bool| {
        let (mut circuit, input) = Circuit::build(|b| {
            let (rows, input) = b.input::<(Account, i64)>("rows");
            let rows = if is_shown { rows.keyed().debug_keys() } else { rows.keyed() };
            let _ = rows.sum().output();
            input
        })
        .expect("a sound circuit");
        circuit[input].push((Account(7), i64::MAX), 2);
        circuit.step().expect_err("it does not fit")
    };
    assert_eq!(detail(&error(true)).2, Some("Account(7)"));
    let unknown = error(false);
    let unknown = detail(&unknown).2.expect("a type and a hash");
    assert!(unknown.starts_with("with hash 0x") && unknown.ends_with("Account"), "{unknown}");
}

#[test]
fn rows_that_pass_alone_pass_beside_others_of_their_key() {
    let (mut circuit, (input, counts, view)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(u8, u8)>("rows");
        (input, rows.keyed().count().view(), rows.keyed().view())
    })
    .expect("a sound circuit");
    circuit[input].push((1, 0), i64::MIN);
    circuit.step().expect("it fits");
    circuit[input].extend([((1, 0), -1), ((1, 0), 1)]);
    circuit[input].extend((1..=6).map(|value| ((1, value), 1)));
    circuit.step().expect("each weight and the count have a value");
    assert_eq!(circuit[counts].value(&1), Some(&(i64::MIN + 6)));
    assert_eq!((circuit[view].weight(&1, &0), circuit[view].len()), (i64::MIN, 7));
}

#[test]
fn a_difference_with_the_least_weight_has_a_value() {
    let (mut circuit, (input, none, negated)) = Circuit::build(|b| {
        let (rows, input) = b.input::<(u8, i64)>("rows");
        let doubled = rows.map(|row| *row);
        (input, rows.minus(doubled).view(), rows.neg().plus(rows).view())
    })
    .expect("a sound circuit");
    circuit[input].push((1, 2), i64::MIN);
    circuit.step().expect("left minus right is nothing");
    assert!(circuit[none].is_empty() && circuit[negated].is_empty());
}
