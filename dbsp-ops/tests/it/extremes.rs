//! Numbers and weights at both ends of `i64`: a linear aggregate fails exactly where a count, a total or a result has no value.

use std::collections::BTreeMap;
use std::fmt::Debug;

use dbsp_ops::{
    Average, Count, Fraction, Fused, Identity, LinearAggregate, LinearAggregation, Operator, Stage, Sum,
};
use dbsp_zset::{Delta, Overflow, Row};

/// Count and total of a group in more bits than any weight or number needs: the total is `high · 2^64 + low`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Wide {
    count: i128,
    high: i128,
    low: i128,
}

impl Wide {
    fn add(&mut self, number: i64, weight: i64) {
        let product = i128::from(number) * i128::from(weight);
        self.count += i128::from(weight);
        self.low += i128::from(product as u64);
        self.high += (product >> 64) + (self.low >> 64);
        self.low = i128::from(self.low as u64);
    }

    fn count(self) -> Option<i64> {
        i64::try_from(self.count).ok()
    }

    /// The total, if 128 bits suffice.
    fn total(self) -> Option<i128> {
        i64::try_from(self.high).ok().map(|high| i128::from(high) << 64 | self.low)
    }

    /// Count and sum, if both fit, of a group that has a result.
    fn count_and_sum(self) -> Option<Option<(i64, i64)>> {
        let (count, total) = (self.count()?, self.total()?);
        if count == 0 { Some(None) } else { Some(Some((count, i64::try_from(total).ok()?))) }
    }
}

type Groups = BTreeMap<u8, Wide>;

/// The results of all groups, if they have one.
fn results<T>(groups: &Groups, result: impl Fn(Wide) -> Option<Option<T>>) -> Option<BTreeMap<(u8, T), i64>>
where
    T: Ord,
{
    let results = groups.iter().map(|(key, group)| Some((*key, result(*group)?)));
    let results: Vec<_> = results.collect::<Option<_>>()?;
    Some(results.into_iter().filter_map(|(key, result)| Some(((key, result?), 1))).collect())
}

fn check<G, T>(aggregate: impl Fn() -> G, result: impl Fn(Wide) -> Option<Option<T>>)
where
    G: LinearAggregate<i64, Output = T>,
    T: Row + Debug,
{
    const ENDS: [i64; 10] = [i64::MIN, i64::MAX, -i64::MAX, 1 << 62, -(1 << 62), 1, -1, 2, 0, 3];
    let mut state = 3_u64;
    let mut random = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let (mut refused, mut taken) = (0, 0);
    for round in 0..400 {
        let mut alone = LinearAggregation::new(aggregate());
        // With a chain before it rows come in pieces.
        let mut behind =
            Fused::new(Identity.filter(|_: &(u8, i64)| true), LinearAggregation::new(aggregate()));
        let (mut groups, mut before) = (Groups::new(), BTreeMap::new());
        let (most, keys) = [(3, 1), (8, 2), (40, 3), (400, 60)][round % 4];
        for _ in 0..10 {
            let len = random(most + 1);
            let entries = (0..len).map(|_| {
                let weight = ENDS[random(if round % 3 == 0 { ENDS.len() } else { 7 })];
                ((random(keys) as u8, ENDS[random(ENDS.len())]), weight)
            });
            let delta: Delta<(u8, i64)> = entries.collect();
            let mut after = groups.clone();
            for ((key, number), weight) in &delta {
                after.entry(*key).or_default().add(*number, *weight);
            }
            let expected = results(&after, &result);
            let (mut out, mut other) = (Delta::new(), Delta::new());
            let outcome = if expected.is_some() { Ok(()) } else { Err(Overflow) };
            assert_eq!(alone.step(&delta, &mut out), outcome, "{delta:?} on {groups:?}");
            assert_eq!(behind.step(&delta, &mut other), outcome, "{delta:?} on {groups:?}");
            let Some(expected) = expected else {
                alone.abort(&delta).expect("a step is taken back");
                behind.abort(&delta).expect("a step is taken back");
                refused += 1;
                continue;
            };
            alone.commit();
            behind.commit();
            for out in [out, other] {
                let mut now = before.clone();
                out.iter().for_each(|(row, weight)| *now.entry(row.clone()).or_insert(0) += weight);
                now.retain(|_, weight| *weight != 0);
                assert_eq!(now, expected, "{delta:?} on {groups:?}");
            }
            (before, groups, taken) = (expected, after, taken + 1);
        }
    }
    assert!(refused > 100 && taken > 100, "{refused} refused and {taken} taken");
}

#[test]
fn a_count_fails_exactly_if_it_has_no_value() {
    check(|| Count, |group| group.count().map(|count| (count != 0).then_some(count)));
}

#[test]
fn a_sum_fails_exactly_if_it_has_no_value() {
    let sum = |group: Wide| group.count_and_sum().map(|result| result.map(|(_, sum)| sum));
    check(|| Sum(|number: &i64| *number), sum);
}

#[test]
fn several_aggregates_fail_exactly_if_one_has_no_value() {
    let several = || (Count, (Sum(|number: &i64| *number), Count), Sum(|number: &i64| !number));
    check(several, |group| {
        // The sum of −1 − number over all rows.
        let other = || i64::try_from(-group.total()?.checked_add(group.count)?).ok();
        let running = || (-group.total()?).checked_sub(group.count);
        running()?;
        Some(match group.count_and_sum()? {
            Some((count, sum)) => Some((count, (sum, count), other()?)),
            None => None,
        })
    });
}

#[test]
fn an_average_fails_exactly_if_it_has_no_value() {
    check(
        || Average(|number: &i64| *number),
        |group| {
            let (count, total) = (group.count()?, group.total()?);
            if count == 0 { Some(None) } else { Fraction::new(total, count).map(Some) }
        },
    );
}

#[test]
fn a_row_that_comes_and_goes_at_the_end_of_the_range_is_no_reason_to_fail() {
    let mut count = LinearAggregation::new(Count);
    let mut out = Delta::new();
    count.step(&Delta::from_iter([((1, 0), i64::MIN)]), &mut out).expect("it fits");
    count.commit();
    for at in 0..=8 {
        // Six other rows of the key, with the one that leads out of the range at any place among them.
        let mut entries: Vec<((i32, i32), i64)> =
            (1..8).map(|value| ((1, value), if value % 2 == 0 { 1 } else { -1 })).collect();
        entries.insert(at.min(7), ((1, 0), 1));
        assert_eq!(entries.iter().map(|entry| entry.1).sum::<i64>(), 0);
        let delta: Delta<_> = entries.into_iter().collect();
        out.clear();
        assert_eq!(count.step(&delta, &mut out), Ok(()));
        count.commit();
        assert!(out.is_empty());
    }
}

#[test]
fn an_unchanged_average_emits_no_delta() {
    let mut average = LinearAggregation::new(Average(|number: &i64| *number));
    let mut out = Delta::new();
    average.step(&Delta::from_iter([(("a", 4), 1), (("a", 6), 1)]), &mut out).expect("it fits");
    average.commit();
    assert_eq!(out.rows(), [("a", Fraction::new(5, 1).expect("a fraction"))]);
    out.clear();
    average.step(&Delta::from_iter([(("a", 5), 3)]), &mut out).expect("it fits");
    average.commit();
    assert!(out.is_empty(), "{out:?}");
}
