//! Fused chains and sums.

use dbsp_ops::{Delay, Identity, Stage, minus, neg, plus, run, sum_of};
use dbsp_testkit::oracle;
use dbsp_zset::Delta;
use proptest::prelude::*;

use crate::{bag_of, pairs};

proptest! {
    #[test]
    fn a_fused_chain_is_its_stages_one_by_one(steps in pairs()) {
        let chain = Identity
            .filter(|row: &(i64, i64)| row.1 != 2)
            .map(|row: &(i64, i64)| (row.0, row.1 / 2))
            .flat_map(|row: &(i64, i64)| (0..row.0).map(|n| (n, n * 2)).collect::<Vec<_>>())
            .filter(|row: &(i64, i64)| row.0 != 1);
        for step in steps {
            let delta: Delta<_> = step.into_iter().collect();
            let mut out = Delta::new();
            run(&chain, &delta, &mut out);
            let rows = oracle::filter(&bag_of(&delta), |row| row.1 != 2);
            let rows = oracle::map(&rows, |row| (row.0, row.1 / 2));
            let rows = oracle::flat_map(&rows, |row| (0..row.0).map(|n| (n, n * 2)).collect::<Vec<_>>());
            prop_assert_eq!(bag_of(&out), oracle::filter(&rows, |row| row.0 != 1));
        }
    }

    #[test]
    fn sums_are_sums(left in pairs(), right in pairs()) {
        let left: Delta<_> = left.concat().into_iter().collect();
        let right: Delta<_> = right.concat().into_iter().collect();
        let (left_bag, right_bag) = (bag_of(&left), bag_of(&right));
        let mut out = Delta::new();
        plus(&left, &right, &mut out);
        prop_assert_eq!(bag_of(&out), oracle::plus(&left_bag, &right_bag));
        out.clear();
        minus(&left, &right, &mut out).expect("small weights");
        prop_assert_eq!(bag_of(&out), oracle::minus(&left_bag, &right_bag));
        out.clear();
        neg(&left, &mut out).expect("small weights");
        prop_assert_eq!(bag_of(&out), oracle::neg(&left_bag));
        out.clear();
        sum_of([&left, &right, &left], &mut out);
        prop_assert_eq!(bag_of(&out), oracle::sum_of(&[&left_bag, &right_bag, &left_bag]));
    }

    #[test]
    fn a_delay_is_one_step_late_also_after_an_aborted_one(steps in pairs()) {
        let mut delay = Delay::new();
        let given: Vec<_> = steps.into_iter().map(|step| step.into_iter().collect::<Delta<_>>()).collect();
        let mut late = Vec::new();
        for delta in &given {
            delay.step(&Delta::from_iter([((9, 9), 9)])).expect("a small weight");
            delay.abort();
            delay.step(delta).expect("small weights");
            let mut out = Delta::new();
            delay.emit(&mut out);
            delay.commit();
            late.push(bag_of(&out));
        }
        prop_assert_eq!(late, oracle::delay(&given.iter().map(bag_of).collect::<Vec<_>>()));
    }
}
