//! Aggregates that are linear in the weights: count, sum, average, and several at once.
//!
//! # Formula     for linear f: f(i + d) = f(i) + f(d), so a group is kept as one running total
//! # State       for each group its count, Σ weight, and the total of the aggregate
//! # Cost        O(|delta|) additions, and two rows out for each group whose result changed
//!
//! The count stands beside the total because a group whose sum is 0 is not an empty group. A group
//! has a result while its count is not 0.

use std::cmp::Ordering;

use dbsp_zset::{Delta, Excess, Held, Holds, Monoid, Overflow, Row, Semigroup};

use crate::aggregate::wide_sum::WideSum;
use crate::fused::Piecewise;
use crate::groups::Groups;
use crate::operator::Operator;

/// How to aggregate values of type `V` by adding them up.
pub trait LinearAggregate<V> {
    /// The running total.
    type Total: Monoid;
    /// The result for a group.
    type Output: Row;

    /// Adds a value to a total as often as its weight says.
    ///
    /// # Errors
    /// [`Overflow`] where the total has no value.
    fn add(&self, total: &mut Self::Total, value: &V, weight: i64) -> Result<(), Overflow>;

    /// The result of a group from its count, which is not 0, and its total.
    ///
    /// # Errors
    /// [`Overflow`] where the result has no value.
    fn output(&self, count: i64, total: &Self::Total) -> Result<Self::Output, Overflow>;
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
    values: std::marker::PhantomData<fn(&V)>,
}

impl<K: Row, V, G: LinearAggregate<V>> LinearAggregation<K, V, G> {
    /// An aggregation before its first step.
    #[must_use]
    pub const fn new(aggregate: G) -> Self {
        Self { aggregate, groups: Groups::new(), values: std::marker::PhantomData }
    }

    /// The result of a group, none if it is empty.
    fn output(&self, count: i64, total: &G::Total) -> Result<Option<G::Output>, Overflow> {
        if count == 0 { Ok(None) } else { self.aggregate.output(count, total).map(Some) }
    }
}

impl<K, V, G: LinearAggregate<V>> Holds for LinearAggregation<K, V, G> {
    fn held(&self) -> Held {
        self.groups.held()
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

    fn abort(&mut self, _: &Delta<(K, V)>) -> Result<(), Overflow> {
        self.groups.abort();
        Ok(())
    }

    fn shrink(&mut self, excess: Excess) {
        self.groups.shrink(excess);
    }
}

impl<K: Row, V: Row, G: LinearAggregate<V>> Piecewise for LinearAggregation<K, V, G> {
    #[inline]
    fn take(&mut self, piece: &Delta<(K, V)>) -> Result<(), Overflow> {
        self.groups.try_touch_each(
            piece,
            |(key, _)| key,
            |(_, value), weight, (count, total)| {
                count.try_add_assign(&weight)?;
                self.aggregate.add(total, value, weight)
            },
        )
    }

    #[inline]
    fn give(&mut self, out: &mut Delta<(K, G::Output)>) -> Result<(), Overflow> {
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
}

/// Counts the rows of a group: Σ weight.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count;

impl<V> LinearAggregate<V> for Count {
    type Total = ();
    type Output = i64;

    #[inline]
    fn add(&self, (): &mut (), _: &V, _: i64) -> Result<(), Overflow> {
        Ok(())
    }

    #[inline]
    fn output(&self, count: i64, (): &()) -> Result<i64, Overflow> {
        Ok(count)
    }
}

/// Adds up a number of each row: Σ weight · number. The result has the type of the numbers.
#[derive(Debug, Clone, Copy)]
pub struct Sum<F>(pub F);

impl<V, N: Number, F: Fn(&V) -> N> LinearAggregate<V> for Sum<F> {
    type Total = WideSum;
    type Output = N;

    #[inline]
    fn add(&self, total: &mut WideSum, value: &V, weight: i64) -> Result<(), Overflow> {
        total.try_add_assign(&(self.0)(value).times(weight)?.into())
    }

    #[inline]
    fn output(&self, _: i64, total: &WideSum) -> Result<N, Overflow> {
        N::narrow((*total).into())
    }
}

/// Averages a number of each row, exactly: the result is a [`Fraction`].
#[derive(Debug, Clone, Copy)]
pub struct Average<F>(pub F);

impl<V, N: Number, F: Fn(&V) -> N> LinearAggregate<V> for Average<F> {
    type Total = WideSum;
    type Output = Fraction;

    #[inline]
    fn add(&self, total: &mut WideSum, value: &V, weight: i64) -> Result<(), Overflow> {
        total.try_add_assign(&(self.0)(value).times(weight)?.into())
    }

    #[inline]
    fn output(&self, count: i64, total: &WideSum) -> Result<Fraction, Overflow> {
        Ok(Fraction { sum: (*total).into(), count })
    }
}

/// An average as it was counted: a sum, and how many rows it is spread over.
///
/// Fractions are ordered by their value. They are not reduced: 1/2 and 2/4 are next to each other in
/// that order, and not equal.
///
/// ```
/// use dbsp_ops::Fraction;
///
/// let (five, nine) = (Fraction { sum: 10, count: 2 }, Fraction { sum: 9, count: 1 });
/// assert!(five < nine);
/// assert_eq!((five.value(), nine.floor()), (5.0, 9));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    /// Σ weight · number.
    pub sum: i128,
    /// Σ weight, not 0.
    pub count: i64,
}

impl Fraction {
    /// The average as a floating-point number.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.sum as f64 / self.count as f64
    }

    /// The average rounded towards negative infinity, as an integer; `i128::MAX` if it is larger than
    /// that, and 0 for a count of 0, which no operator gives.
    #[must_use]
    pub fn floor(&self) -> i128 {
        self.parts().0
    }

    /// The average as an integer and a proper fraction: numerator, denominator.
    fn parts(&self) -> (i128, u64, u64) {
        let (count, denominator) = (i128::from(self.count), self.count.unsigned_abs());
        if count == 0 {
            return (0, 0, 1);
        }
        let Some(quotient) = self.sum.checked_div_euclid(count) else { return (i128::MAX, 0, 1) };
        // Less than the count, which has 64 bits.
        let remainder = self.sum.rem_euclid(count) as u64;
        if count < 0 && remainder > 0 {
            return (quotient - 1, denominator - remainder, denominator);
        }
        (quotient, remainder, denominator)
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((mine, my_rest, my_count), (theirs, their_rest, their_count)) = (self.parts(), other.parts());
        let cross = |rest: u64, count: u64| u128::from(rest) * u128::from(count);
        mine.cmp(&theirs)
            .then_with(|| cross(my_rest, their_count).cmp(&cross(their_rest, my_count)))
            .then_with(|| (self.count, self.sum).cmp(&(other.count, other.sum)))
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A number that can be added up exactly. Floating point is not: its sums depend on the order, and
/// taking a value away again does not lead back. Scale such numbers to integers first.
pub trait Number: Row + Copy {
    /// This number as often as `weight` says.
    ///
    /// # Errors
    /// [`Overflow`] where that has no value.
    fn times(self, weight: i64) -> Result<i128, Overflow>;

    /// A total as a number of this type.
    ///
    /// # Errors
    /// [`Overflow`] where it has no value of this type.
    fn narrow(total: i128) -> Result<Self, Overflow>;
}

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl Number for $type {
            #[inline]
            fn times(self, weight: i64) -> Result<i128, Overflow> {
                i128::from(self).checked_mul(i128::from(weight)).ok_or(Overflow)
            }

            #[inline]
            fn narrow(total: i128) -> Result<Self, Overflow> {
                Self::try_from(total).map_err(|_| Overflow)
            }
        }
    )*};
}

numbers! { i8 i16 i32 i64 i128 u8 u16 u32 u64 }

macro_rules! wide_numbers {
    ($($type:ty)*) => {$(
        impl Number for $type {
            #[inline]
            fn times(self, weight: i64) -> Result<i128, Overflow> {
                i128::try_from(self).map_err(|_| Overflow)?.times(weight)
            }

            #[inline]
            fn narrow(total: i128) -> Result<Self, Overflow> {
                Self::try_from(total).map_err(|_| Overflow)
            }
        }
    )*};
}

wide_numbers! { u128 isize usize }

macro_rules! several {
    ($(($($name:ident $position:tt),*))*) => {$(
        /// Several aggregates of the same rows, in one pass and one entry a group.
        impl<V, $($name: LinearAggregate<V>),*> LinearAggregate<V> for ($($name,)*) {
            type Total = ($($name::Total,)*);
            type Output = ($($name::Output,)*);

            #[inline]
            fn add(&self, total: &mut Self::Total, value: &V, weight: i64) -> Result<(), Overflow> {
                $(self.$position.add(&mut total.$position, value, weight)?;)*
                Ok(())
            }

            #[inline]
            fn output(&self, count: i64, total: &Self::Total) -> Result<Self::Output, Overflow> {
                Ok(($(self.$position.output(count, &total.$position)?,)*))
            }
        }
    )*};
}

several! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn fractions_round_down() {
        let floor = |sum, count| Fraction { sum, count }.floor();
        assert_eq!([floor(7, 2), floor(-7, 2), floor(7, -2), floor(-8, 2)], [3, -4, -4, -4]);
        assert_eq!([floor(i128::MIN, -1), floor(i128::MIN, 1), floor(5, 0)], [i128::MAX, i128::MIN, 0]);
    }

    #[test]
    fn fractions_are_ordered_by_value() {
        let all: Vec<Fraction> =
            (-4..=4).flat_map(|sum| [-3, -2, -1, 1, 2, 3].map(|count| Fraction { sum, count })).collect();
        for one in &all {
            for other in &all {
                if one.value() == other.value() {
                    assert_eq!(one.cmp(other).is_eq(), one == other);
                } else {
                    assert_eq!(one < other, one.value() < other.value(), "{one:?} {other:?}");
                }
            }
        }
    }
}
