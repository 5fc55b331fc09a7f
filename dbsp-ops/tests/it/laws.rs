//! Laws that tie operators to each other, without any oracle.

use dbsp_ops::{Differentiate, Distinct, Integrate, Join, Operator};
use dbsp_zset::{Delta, IndexedZSet};
use proptest::prelude::*;

use crate::{bag_of, pairs};

proptest! {
    /// D ∘ I = id.
    #[test]
    fn differentiating_an_integral_gives_the_deltas_back(steps in pairs()) {
        let (mut integrate, mut differentiate) = (Integrate::new(), Differentiate::new());
        for step in steps {
            let delta: Delta<_> = step.into_iter().collect();
            let collection = integrate.step(&delta).expect("small weights");
            let mut out = Delta::new();
            differentiate.step(collection, &mut out).expect("small weights");
            differentiate.commit(collection);
            prop_assert_eq!(bag_of(&out), bag_of(&delta));
        }
    }

    /// distinct ∘ distinct = distinct.
    #[test]
    fn distinct_is_idempotent(steps in pairs()) {
        let (mut once, mut twice) = (Distinct::new(), Distinct::new());
        for step in steps {
            let delta = step.into_iter().collect();
            let (mut first, mut second) = (Delta::new(), Delta::new());
            once.step(&delta, &mut first).expect("small weights");
            once.commit();
            twice.step(&first, &mut second).expect("small weights");
            twice.commit();
            prop_assert_eq!(bag_of(&second), bag_of(&first));
        }
    }

    /// (a + b) ⋈ c = a ⋈ c + b ⋈ c, within one step.
    #[test]
    fn a_join_is_linear_in_each_side(left in pairs(), other in pairs(), right in pairs()) {
        let delta = |steps: &[Vec<((i64, i64), i64)>]| steps.concat().into_iter().collect::<Delta<_>>();
        let (left, other, right) = (delta(&left), delta(&other), delta(&right));
        let join = |left: &Delta<(i64, i64)>, out: &mut Delta<(i64, i64, i64)>| {
            let (none, nothing) = (IndexedZSet::new(), IndexedZSet::new());
            Join::new().step(left, &none, &right, &nothing, |k, l, r| Some((*k, *l, *r)), out)
        };
        let mut apart = Delta::new();
        join(&left, &mut apart).expect("small weights");
        join(&other, &mut apart).expect("small weights");
        let mut sum = left;
        sum.extend_from(&other);
        let mut together = Delta::new();
        join(&sum, &mut together).expect("small weights");
        prop_assert_eq!(bag_of(&together), bag_of(&apart));
    }
}
