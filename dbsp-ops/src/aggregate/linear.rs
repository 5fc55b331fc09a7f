//! Aggregates that are linear in the weights.
//!
//! # Formula     for linear f: f(i + d) = f(i) + f(d), so a group is kept as one running total
//! # State       for each group its count, Σ weight, and the total of the aggregate
//! # Cost        O(|delta|) additions, and two rows out for each group whose result changed
//! # Not here    the aggregates: [`sum`](super::sum), [`fraction`](super::fraction), [`several`](super::several)
//!
//! The count stands beside the total because a group whose sum is 0 is not an empty group. A group
//! has a result while its count is not 0.
//!
//! The order of rows does not matter: an addition that overflows is put off until all rows were taken. A step then fails
//! only where a total, a count or a result has no value.

use dbsp_zset::{Delta, Held, Holds, Monoid, Overflow, Reclaim, Row, Semigroup};

use crate::aggregate::late::Late;
use crate::fused::Piecewise;
use crate::groups::Groups;
use crate::operator::{Operator, Torn};
use crate::overflow::{Excess, OverflowDetail};

/// How to aggregate values of type `V` by adding them up.
pub trait LinearAggregate<V> {
    /// The running total.
    type Total: Monoid;
    /// The result for a group.
    type Output: Row;

    /// How many parts a total has that are added to independently: 1 unless the aggregate consists of several.
    const PARTS: usize = 1;

    /// Adds a value to a total as often as its weight says. The sum must not depend on the order of rows, and a weight
    /// must be taken back by its opposite.
    ///
    /// # Errors
    /// [`Overflow`] where the total has no value; it is then unchanged.
    fn add(&self, total: &mut Self::Total, value: &V, weight: i64) -> Result<(), Overflow>;

    /// The result of a group from its count, which is not 0, and its total.
    ///
    /// # Errors
    /// [`Overflow`] where the result has no value.
    fn output(&self, count: i64, total: &Self::Total) -> Result<Self::Output, Overflow>;

    /// As [`add`](Self::add), to one part of the total.
    ///
    /// # Errors
    /// [`Overflow`] where that part has no value; the total is then unchanged.
    fn add_part(&self, part: usize, total: &mut Self::Total, value: &V, weight: i64) -> Result<(), Overflow> {
        debug_assert!(part == 0, "an aggregate of one part has no part {part}");
        self.add(total, value, weight)
    }

    /// What leaves its range where [`add_part`](Self::add_part) of this value fails.
    fn excess_of_part(&self, _part: usize, _value: &V, _weight: i64) -> Excess {
        Excess { what: "a total", direction: None }
    }

    /// What leaves its range where [`output`](Self::output) fails.
    fn excess_of_output(&self, _count: i64, _total: &Self::Total) -> Excess {
        Excess { what: "a result", direction: None }
    }
}

/// An incremental linear aggregate; see the [module](self).
///
/// ```
/// use dbsp_ops::{Count, LinearAggregation, Operator, Sum};
/// use dbsp_zset::Delta;
///
/// let mut sales = LinearAggregation::new((Count, Sum(|price: &i64| *price)));
/// let mut out = Delta::new();
/// sales.step(&Delta::from_iter([(("pen", 3), 1), (("pen", -3), 1), (("ink", 9), 2)]), &mut out)?;
/// sales.commit();
/// assert_eq!(format!("{out:?}"), r#"{("pen", (2, 0)): +1, ("ink", (2, 18)): +1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
pub struct LinearAggregation<K, V, G: LinearAggregate<V>> {
    aggregate: G,
    groups: Groups<K, (i64, G::Total)>,
    late: Late<K, V>,
    failed: Option<(K, Excess)>,
}

impl<K: Row, V, G: LinearAggregate<V>> LinearAggregation<K, V, G> {
    /// An aggregation before its first step.
    #[must_use]
    pub const fn new(aggregate: G) -> Self {
        Self { aggregate, groups: Groups::new(), late: Late::new(), failed: None }
    }

    /// The result of a group, none if it is empty.
    #[inline]
    fn output(&self, count: i64, total: &G::Total) -> Result<Option<G::Output>, Overflow> {
        if count == 0 { Ok(None) } else { self.aggregate.output(count, total).map(Some) }
    }

    /// Appends how the results of the touched groups change.
    #[inline]
    fn give_changes(&self, out: &mut Delta<(K, G::Output)>) -> Result<(), Overflow> {
        out.reserve(2 * self.groups.touched());
        for (key, before, now) in self.groups.changes() {
            let old = self.output(before.0, &before.1)?;
            let new =
                self.output(if crate::mutated!(AverageStaleCount) { before.0 } else { now.0 }, &now.1)?;
            match (old, new) {
                (Some(old), Some(new)) if old == new => {}
                (Some(old), Some(new)) => out.replace((key.clone(), old), (key.clone(), new)),
                (Some(old), None) => out.delete((key.clone(), old)),
                (None, Some(new)) => out.insert((key.clone(), new)),
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// A group whose result has no value, and what that would be.
    #[cold]
    fn first_failed(&self) -> Option<(K, Excess)> {
        let failed = |count, total| self.output(count, total).is_err();
        let (key, _, (count, total)) =
            self.groups.changes().find(|(_, _, (count, total))| failed(*count, total))?;
        Some((key.clone(), self.aggregate.excess_of_output(*count, total)))
    }
}

impl<K: Row, V: Row, G: LinearAggregate<V>> LinearAggregation<K, V, G> {
    /// Takes the rows of a piece from `first` on, of which the first could not be added whole.
    #[cold]
    fn take_from(&mut self, piece: &Delta<(K, V)>, first: usize, failed: Part) {
        let Self { aggregate, groups, late, .. } = self;
        let mut rows = piece.iter().skip(first);
        if let Part::Total = failed
            && let Some((row, weight)) = rows.next()
        {
            late.take_counted(aggregate, row, *weight, &mut groups.touch(&row.0).1);
        }
        for (row, weight) in rows {
            let (count, total) = groups.touch(&row.0);
            late.take(aggregate, row, *weight, count, total);
        }
    }
}

/// What a row could not be added to.
#[derive(Clone, Copy)]
enum Part {
    Count,
    /// The count has the row already.
    Total,
}

impl<K, V, G: LinearAggregate<V>> Holds for LinearAggregation<K, V, G> {
    fn held(&self) -> Held {
        let held = self.groups.held();
        Held { bytes: held.bytes + self.late.allocated_bytes(), ..held }
    }
}

impl<K: Row, V: Row, G: LinearAggregate<V>> Operator for LinearAggregation<K, V, G> {
    type In = (K, V);
    type Out = (K, G::Output);

    #[inline]
    fn step(&mut self, delta: &Delta<(K, V)>, out: &mut Delta<(K, G::Output)>) -> Result<(), Overflow> {
        self.take(delta)?;
        self.give(out)
    }

    fn commit(&mut self) {
        self.groups.commit();
    }

    fn abort(&mut self, _: &Delta<(K, V)>) -> Result<(), Torn> {
        self.late.clear();
        self.failed = None;
        self.groups.abort();
        Ok(())
    }

    fn shrink(&mut self, reclaim: Reclaim) {
        self.groups.shrink(reclaim);
    }

    fn last_overflow(&self) -> Option<OverflowDetail<'_>> {
        self.failed.as_ref().map(|(key, excess)| OverflowDetail::new(*excess, key))
    }
}

impl<K: Row, V: Row, G: LinearAggregate<V>> Piecewise for LinearAggregation<K, V, G> {
    #[inline]
    fn take(&mut self, piece: &Delta<(K, V)>) -> Result<(), Overflow> {
        if size_of::<(K, V)>() == 0 {
            // Addresses do not tell such rows apart.
            self.take_from(piece, 0, Part::Count);
            return Ok(());
        }
        let Self { aggregate, groups, .. } = self;
        // The row that fails is known by its address: counting rows would cost each of them.
        let outcome = groups.try_touch_each(
            piece,
            |(key, _)| key,
            |row, weight, (count, total)| {
                let failed = |part| (std::ptr::from_ref(row).addr(), part);
                count.try_add_assign(&weight).map_err(|_| failed(Part::Count))?;
                aggregate.add(total, &row.1, weight).map_err(|_| failed(Part::Total))
            },
        );
        if let Err((address, failed)) = outcome {
            let first = (address - piece.rows().as_ptr().addr()) / size_of::<(K, V)>();
            self.take_from(piece, first, failed);
        }
        Ok(())
    }

    #[inline]
    fn give(&mut self, out: &mut Delta<(K, G::Output)>) -> Result<(), Overflow> {
        if !self.late.is_empty() {
            self.late.settle(&self.aggregate, &mut self.groups, &mut self.failed)?;
        }
        let outcome = self.give_changes(out);
        if outcome.is_err() {
            self.failed = self.first_failed();
        }
        self.groups.prepare();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Count, Direction, Sum};

    #[test]
    fn a_group_with_sum_zero_is_not_empty() {
        let mut sum = LinearAggregation::new(Sum(|value: &i64| *value));
        let mut out = Delta::new();
        sum.step(&Delta::from_iter([(("a", 5), 1), (("a", -5), 1)]), &mut out).expect("small numbers");
        sum.commit();
        assert_eq!(format!("{out:?}"), r#"{("a", 0): +1}"#);
        out.clear();
        sum.step(&Delta::from_iter([(("a", 5), -1), (("a", -5), -1)]), &mut out).expect("small numbers");
        assert_eq!(format!("{out:?}"), r#"{("a", 0): -1}"#);
    }

    #[test]
    fn an_aborted_overflow_leaves_the_totals_as_they_were() {
        let mut sum = LinearAggregation::new(Sum(|value: &i64| *value));
        let mut out = Delta::new();
        sum.step(&Delta::from_iter([(("a", i64::MAX), 1)]), &mut out).expect("it fits");
        sum.commit();
        let delta = Delta::from_iter([(("a", 1), 1)]);
        assert_eq!(sum.step(&delta, &mut Delta::new()), Err(Overflow));
        sum.abort(&delta).expect("the step is taken back");
        out.clear();
        sum.step(&Delta::from_iter([(("a", -1), 1)]), &mut out).expect("it fits");
        let last = (("a", i64::MAX - 1), 1);
        assert_eq!(out.iter().next_back(), Some((&last.0, &last.1)));
    }

    /// What the operator says of a step that fails: the quantity, the side, the key.
    fn detail<G: LinearAggregate<i128>>(
        aggregate: G,
        delta: &Delta<(u8, i128)>,
    ) -> (&'static str, Option<Direction>, Option<u8>) {
        let mut operator = LinearAggregation::new(aggregate);
        assert_eq!(operator.step(delta, &mut Delta::new()), Err(Overflow));
        let OverflowDetail { excess, key, .. } = operator.last_overflow().expect("a step failed");
        let detail = (excess.what, excess.direction, key.downcast_ref().copied());
        operator.abort(delta).expect("the step is taken back");
        assert!(operator.last_overflow().is_none());
        detail
    }

    #[test]
    fn an_overflow_says_what_left_its_range_and_for_which_key() {
        let one = |key, value, weight| Delta::from_iter([((1, 0), 1), ((key, value), weight), ((2, 7), 1)]);
        let number = |value: &i128| *value as i64;
        let low = one(7, (-5_i64).into(), i64::MAX);
        assert_eq!(detail(Sum(number), &low), ("a sum of i64 as i64", Some(Direction::Below), Some(7)));
        let high = one(7, 5, i64::MAX);
        let both = (Count, Sum(number));
        assert_eq!(detail(both, &high), ("a sum of i64 as i64", Some(Direction::Above), Some(7)));
        let running = one(7, i128::MAX, -3);
        let wide = (Sum(number), Sum(|value: &i128| *value));
        assert_eq!(
            detail(wide, &running),
            ("a running sum of i128 as i128", Some(Direction::Below), Some(7))
        );
        let mut counts = one(2, 0, i64::MAX);
        assert_eq!(detail(Count, &counts), ("a count", Some(Direction::Above), Some(2)));
        counts.push((2, 1), -1);
        assert_eq!(LinearAggregation::new(Count).step(&counts, &mut Delta::new()), Ok(()));
    }

    #[test]
    fn rows_of_size_zero_are_counted_in_whatever_order_they_come() {
        let mut count = LinearAggregation::new((Count, Sum(|(): &()| 3_u8)));
        let mut out = Delta::new();
        let huge = [i64::MAX, 1, 5, -2, -i64::MAX];
        count.step(&huge.map(|weight| (((), ()), weight)).into_iter().collect(), &mut out).expect("it fits");
        count.commit();
        assert_eq!(format!("{out:?}"), "{((), (4, 12)): +1}");
    }

    #[test]
    fn a_deletion_of_a_row_never_seen_is_a_negative_sum_of_unsigned_numbers() {
        let mut sum = LinearAggregation::new(Sum(|value: &u32| *value));
        let mut out = Delta::new();
        sum.step(&Delta::from_iter([(("a", 5), -1)]), &mut out).expect("an i64 holds it");
        assert_eq!(format!("{out:?}"), r#"{("a", -5): +1}"#);
    }
}
