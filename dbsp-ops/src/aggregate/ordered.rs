//! Aggregates that need the rows of a group: minimum, maximum, and folds by any monoid.
//!
//! Only rows with a positive weight count; a group has a result while there is one.
//!
//! # Formula     the result of the group's tree after the step, less the one before it
//! # State       the rows of each group in a [`SummaryTree`](dbsp_zset::SummaryTree): O(rows)
//! # Cost        O(log group) a change, also after mass retraction; never a scan of the group

use dbsp_zset::{Delta, DenseTable, Held, Holds, Monoid, OrderedTrace, Overflow, Row, Summaries, Summarise};

use crate::operator::Operator;

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
    trace: OrderedTrace<K, V, i64, G::Summary>,
    /// The result before this step of each group that the step touched.
    before: DenseTable<K, Option<G::Output>>,
    /// How many rows of this step's delta are in the trace.
    applied: usize,
}

impl<K: Row, V: Row, G: OrderedAggregate<V>> OrderedAggregation<K, V, G> {
    /// An aggregation before its first step.
    #[must_use]
    pub const fn new(aggregate: G) -> Self {
        Self { aggregate, trace: OrderedTrace::new(), before: DenseTable::new(), applied: 0 }
    }
}

impl<K, V: Row, G: OrderedAggregate<V>> Holds for OrderedAggregation<K, V, G> {
    fn held(&self) -> Held {
        Held { bytes: self.trace.held().bytes + self.before.allocated_bytes(), ..self.trace.held() }
    }
}

impl<K: Row, V: Row, G: OrderedAggregate<V>> Operator for OrderedAggregation<K, V, G> {
    type In = (K, V);
    type Out = (K, G::Output);

    fn step(&mut self, delta: &Delta<(K, V)>, out: &mut Delta<(K, G::Output)>) -> Result<(), Overflow> {
        for ((key, value), weight) in delta {
            let (position, is_new) = self.before.find_or_insert_with(key, || None);
            if is_new {
                *self.before.value_mut(position) = output(&self.aggregate, &mut self.trace, key)?;
            }
            self.trace.try_update(key, value, weight)?;
            self.applied += 1;
        }
        for (key, old) in self.before.entries() {
            let new = output(&self.aggregate, &mut self.trace, key)?;
            if *old != new {
                if let Some(old) = old {
                    out.delete((key.clone(), old.clone()));
                }
                if let Some(new) = new {
                    out.insert((key.clone(), new));
                }
            }
        }
        Ok(())
    }

    fn commit(&mut self) {
        self.before.clear();
        self.applied = 0;
    }

    fn abort(&mut self, delta: &Delta<(K, V)>) -> Result<(), Overflow> {
        self.before.clear();
        let applied = std::mem::take(&mut self.applied);
        for (i, (key, value)) in delta.rows().iter().enumerate().take(applied).rev() {
            self.trace.try_retract(key, value, &delta.weights()[i])?;
        }
        Ok(())
    }
}

/// The result of the group of a key as it is.
fn output<K: Row, V: Row, G: OrderedAggregate<V>>(
    aggregate: &G,
    trace: &mut OrderedTrace<K, V, i64, G::Summary>,
    key: &K,
) -> Result<Option<G::Output>, Overflow> {
    trace.summaries(key).map_or(Ok(None), |group| aggregate.output(group))
}

/// How many rows have a positive weight.
type PositiveRows = u64;

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
