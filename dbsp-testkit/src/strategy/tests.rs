//! That the strategies reach the cases they are for.

use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::oracle::{self, Bag};

fn samples<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..500).map(|_| strategy.new_tree(&mut runner).expect("no filter rejects").current()).collect()
}

#[test]
fn streams_hold_every_case_they_are_for() {
    let streams = samples(&steps(row(), weight()));
    let deltas = || streams.iter().flatten();
    assert!(deltas().any(Vec::is_empty), "an empty delta");
    assert!(deltas().any(|delta| delta.len() > oracle::bag(delta.clone()).len()), "a row twice in a delta");
    assert!(
        deltas().any(|delta| !delta.is_empty() && oracle::bag(delta.clone()).is_empty()),
        "a delta that cancels"
    );
    assert!(deltas().flatten().any(|change| change.1 == 0), "a weight of zero");
    let is_early = |stream: &Steps<_>| {
        let bags: Vec<Bag<_>> = stream.iter().cloned().map(oracle::bag).collect();
        let integrals = oracle::integrate(&bags);
        let ends_positive = |row| integrals.last().is_some_and(|last| last.get(row).is_some_and(|&w| w > 0));
        integrals.iter().flatten().any(|(row, &weight)| weight < 0 && ends_positive(row))
    };
    assert!(streams.iter().any(is_early), "a row deleted before it is inserted");
}

#[test]
fn well_formed_streams_never_go_below_zero_and_do_delete() {
    let streams = samples(&well_formed(row()));
    assert!(streams.iter().flatten().flatten().any(|change| change.1 < 0));
    for stream in streams {
        let bags: Vec<_> = stream.into_iter().map(oracle::bag).collect();
        assert!(oracle::integrate(&bags).iter().flatten().all(|(_, &weight)| weight > 0));
    }
}

#[test]
fn huge_weights_add_up_but_do_not_multiply() {
    let longest = i64::try_from(MAX_STEPS * MAX_CHANGES).expect("a small number");
    for weight in samples(&huge_weight()) {
        assert!(weight.checked_mul(longest).is_some());
    }
    assert!(samples(&huge_weight()).into_iter().any(|weight| weight.checked_mul(weight).is_none()));
}

#[test]
fn every_split_has_the_same_sum() {
    for stream in samples(&steps(row(), weight())) {
        let sum = oracle::bag(stream.concat());
        for split in Split::ALL {
            assert_eq!(oracle::bag(resplit(&stream, split).concat()), sum, "{split}");
        }
    }
}

#[test]
fn commands_hit_keys_that_are_there_and_keys_that_are_not() {
    let flat: Vec<_> = samples(&commands(key(), value())).concat().concat();
    for wanted in ["Insert", "Update", "Upsert", "Delete"] {
        assert!(flat.iter().any(|command| format!("{command:?}").starts_with(wanted)), "{wanted}");
    }
}
