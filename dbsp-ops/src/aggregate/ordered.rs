//! Aggregates that need the rows of a group: minimum, maximum, and folds by any monoid.
//!
//! Only rows with a positive weight count; a group has a result while there is one.
//!
//! # Formula     the result of the group's tree after the step, less the one before it
//! # State       the rows of each group in a [`SummaryTree`](dbsp_zset::SummaryTree): O(rows)
//! # Cost        O(log group) a change, also after mass retraction; never a scan of the group

use dbsp_zset::{Delta, Held, Holds, Monoid, Overflow, Reclaim, Row, Summaries, Summarise};

use crate::aggregate::ordered_groups::OrderedGroups;
use crate::fused::Piecewise;
use crate::operator::{Operator, Torn};

/// How to aggregate the rows of a group that stand in a tree with summaries.
pub trait OrderedAggregate<V: Row>: Summarise<V, i64> + Sized {
    /// The result for a group.
    type Output: Row;

    /// The result of a group from its summaries; none if no row has a positive weight.
    ///
    /// # Errors
    /// [`Overflow`] where the result has no value.
    fn output(&self, group: Summaries<'_, V, i64, Self::Summary>) -> Result<Option<Self::Output>, Overflow>;
}

/// An incremental aggregate over ordered groups; see the [module](self).
///
/// ```
/// use dbsp_ops::{Max, Operator, OrderedAggregation};
/// use dbsp_zset::Delta;
///
/// let mut max = OrderedAggregation::new(Max);
/// let mut out = Delta::new();
/// max.step(&Delta::from_iter([(("vase", 30), 1), (("vase", 70), 1)]), &mut out)?;
/// max.commit();
/// assert_eq!(format!("{out:?}"), r#"{("vase", 70): +1}"#);
/// out.clear();
/// max.step(&Delta::from_iter([(("vase", 70), -1)]), &mut out)?;
/// max.commit();
/// assert_eq!(format!("{out:?}"), r#"{("vase", 70): -1, ("vase", 30): +1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
pub struct OrderedAggregation<K, V: Row, G: OrderedAggregate<V>> {
    aggregate: G,
    /// The groups; remembered of each is its result before the step.
    groups: OrderedGroups<K, V, G::Summary, Option<G::Output>>,
}

impl<K: Row, V: Row, G: OrderedAggregate<V>> OrderedAggregation<K, V, G> {
    /// An aggregation before its first step.
    #[must_use]
    pub const fn new(aggregate: G) -> Self {
        Self { aggregate, groups: OrderedGroups::new() }
    }
}

impl<K, V: Row, G: OrderedAggregate<V>> Holds for OrderedAggregation<K, V, G> {
    fn held(&self) -> Held {
        self.groups.held()
    }
}

impl<K: Row, V: Row, G: OrderedAggregate<V>> Operator for OrderedAggregation<K, V, G> {
    type In = (K, V);
    type Out = (K, G::Output);

    fn step(&mut self, delta: &Delta<(K, V)>, out: &mut Delta<(K, G::Output)>) -> Result<(), Overflow> {
        self.take(delta)?;
        self.give(out)
    }

    fn commit(&mut self) {
        self.groups.commit();
    }

    fn abort(&mut self, _: &Delta<(K, V)>) -> Result<(), Torn> {
        self.groups.abort()
    }

    fn shrink(&mut self, reclaim: Reclaim) {
        self.groups.shrink(reclaim);
    }
}

impl<K: Row, V: Row, G: OrderedAggregate<V>> Piecewise for OrderedAggregation<K, V, G> {
    fn take(&mut self, piece: &Delta<(K, V)>) -> Result<(), Overflow> {
        let Self { aggregate, groups } = self;
        groups.take(piece, |group| aggregate.output(group))
    }

    fn give(&mut self, out: &mut Delta<(K, G::Output)>) -> Result<(), Overflow> {
        let Self { aggregate, groups } = self;
        groups.apply()?;
        groups.try_each(|old, key, group| {
            let new = aggregate.output(group)?;
            match (old, new) {
                (old, new) if *old == new => {}
                (Some(old), Some(new)) => out.replace((key.clone(), old.clone()), (key.clone(), new)),
                (Some(old), None) => out.delete((key.clone(), old.clone())),
                (None, Some(new)) => out.insert((key.clone(), new)),
                (None, None) => {}
            }
            Ok(())
        })
    }
}

/// How many rows have a positive weight.
pub(crate) type PositiveRows = u64;

/// The least value of a group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Min;

impl<V> Summarise<V, i64> for Min {
    type Summary = PositiveRows;

    #[inline]
    fn summarise(&self, _: &V, weight: &i64) -> Result<PositiveRows, Overflow> {
        Ok(u64::from(*weight > 0))
    }
}

impl<V: Row> OrderedAggregate<V> for Min {
    type Output = V;

    fn output(&self, group: Summaries<'_, V, i64, PositiveRows>) -> Result<Option<V>, Overflow> {
        let found = group.find_first(self, |positive| *positive > 0)?;
        Ok(found.map(|(value, _)| value.clone()))
    }
}

/// The greatest value of a group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Max;

impl<V> Summarise<V, i64> for Max {
    type Summary = PositiveRows;

    #[inline]
    fn summarise(&self, value: &V, weight: &i64) -> Result<PositiveRows, Overflow> {
        Min.summarise(value, weight)
    }
}

impl<V: Row> OrderedAggregate<V> for Max {
    type Output = V;

    fn output(&self, group: Summaries<'_, V, i64, PositiveRows>) -> Result<Option<V>, Overflow> {
        let found = group.find_last(self, |positive| *positive > 0)?;
        Ok(found.map(|(value, _)| value.clone()))
    }
}

/// The sum of a group by any monoid: each row with a positive weight is lifted, and added as often as
/// its weight says. O(log weight) additions a row.
///
/// ```
/// use dbsp_ops::{Fold, Operator, OrderedAggregation};
/// use dbsp_zset::{Delta, Max};
///
/// // The longest word of a group, by length and then by itself.
/// let longest = Fold(|word: &&'static str| Some(Max((word.len(), *word))));
/// let mut fold = OrderedAggregation::new(longest);
/// let mut out = Delta::new();
/// fold.step(&Delta::from_iter([((1, "fig"), 1), ((1, "apple"), 1), ((1, "grapefruit"), -1)]), &mut out)?;
/// assert_eq!(out.rows(), [(1, Some(Max((5, "apple"))))]);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Fold<F>(pub F);

impl<V, M: Monoid, F: Fn(&V) -> M> Summarise<V, i64> for Fold<F> {
    type Summary = (PositiveRows, M);

    fn summarise(&self, value: &V, weight: &i64) -> Result<(PositiveRows, M), Overflow> {
        if *weight <= 0 {
            return Ok(Monoid::zero());
        }
        Ok((1, times((self.0)(value), weight.unsigned_abs())?))
    }
}

impl<V: Row, M: Monoid + Row, F: Fn(&V) -> M> OrderedAggregate<V> for Fold<F> {
    type Output = M;

    fn output(&self, group: Summaries<'_, V, i64, (PositiveRows, M)>) -> Result<Option<M>, Overflow> {
        let (positive, sum) = group.summary(self)?;
        Ok((positive > 0).then_some(sum))
    }
}

/// A value added to itself, so that it counts `n` times, by doubling.
fn times<M: Monoid>(value: M, mut n: u64) -> Result<M, Overflow> {
    if n == 1 {
        return Ok(value);
    }
    let (mut sum, mut power) = (M::zero(), value);
    while n > 0 {
        if n % 2 == 1 {
            sum.try_add_assign(&power)?;
        }
        n /= 2;
        if n > 0 {
            power = power.try_add(&power)?;
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_adds_as_often_as_told() {
        for n in 0..40 {
            assert_eq!(times(7_i64, n), Ok(7 * n as i64));
        }
        assert_eq!(times(i64::MAX, 2), Err(Overflow));
    }

    #[test]
    fn an_aborted_step_leaves_the_trees_as_they_were() {
        let mut fold = OrderedAggregation::new(Fold(|value: &i64| *value));
        let mut out = Delta::new();
        fold.step(&Delta::from_iter([(("a", i64::MAX), 1)]), &mut out).expect("it fits");
        fold.commit();
        let delta = Delta::from_iter([(("b", 1), 1), (("a", 1), 1)]);
        assert_eq!(fold.step(&delta, &mut Delta::new()), Err(Overflow));
        fold.abort(&delta).expect("the step is taken back");
        out.clear();
        fold.step(&Delta::from_iter([(("a", i64::MAX), -1), (("c", 2), 3)]), &mut out).expect("it fits");
        assert_eq!(
            format!("{:?}", out.consolidate()),
            format!(r#"Ok({{("a", {}): -1, ("c", 6): +1}})"#, i64::MAX)
        );
    }
}
