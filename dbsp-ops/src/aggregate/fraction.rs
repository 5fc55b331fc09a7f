//! Averages, as exact fractions.
//!
//! # Formula     average = Σ weight · number / Σ weight
//! # State       the count that every group has, and a sum of 128 bits; a fraction is made of them for the result
//! # Invariants  a fraction is reduced and its denominator is positive, so equal averages are equal rows.
//! # Cost        a greatest common divisor of 64 bits for each result of a group that changed

use std::cmp::Ordering;

use dbsp_zset::{Overflow, Semigroup};

use crate::aggregate::linear::LinearAggregate;
use crate::aggregate::sum::{Number, excess_of_total};
use crate::aggregate::wide_sum::WideSum;
use crate::overflow::{Direction, Excess};

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
        Fraction::new((*total).into(), count).ok_or(Overflow)
    }

    fn excess_of_part(&self, _: usize, value: &V, weight: i64) -> Excess {
        excess_of_total((self.0)(value), weight)
    }

    /// Only −2^127 over a negative count has no numerator.
    fn excess_of_output(&self, _: i64, _: &WideSum) -> Excess {
        Excess { what: "the numerator of an average as i128", direction: Some(Direction::Above) }
    }
}

/// A reduced fraction: an exact average.
///
/// Two fractions of one value are equal, and fractions are ordered by their value.
///
/// ```
/// use dbsp_ops::Fraction;
///
/// let (five, half) = (Fraction::new(10, 2).unwrap(), Fraction::new(-3, -6).unwrap());
/// assert_eq!((five.numerator(), five.denominator()), (5, 1));
/// assert_eq!((half.numerator(), half.denominator()), (1, 2));
/// assert!(half < five);
/// assert_eq!((half.value(), half.floor()), (0.5, 0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: i128,
    denominator: u64,
}

impl Fraction {
    /// A sum divided by a count. `None` if the count is 0, or if the numerator would be 2^127.
    #[inline]
    #[must_use]
    pub fn new(sum: i128, count: i64) -> Option<Self> {
        let magnitude = count.unsigned_abs();
        if magnitude == 0 {
            return None;
        }
        let divisor = if magnitude == 1 { 1 } else { greatest_common_divisor(sum, magnitude) };
        let (reduced, denominator) = if divisor == 1 {
            (sum, magnitude)
        } else if let (Ok(short), Ok(divisor)) = (i64::try_from(sum), i64::try_from(divisor)) {
            // The common case, without a division of 128 bits.
            (i128::from(short / divisor), magnitude / divisor.unsigned_abs())
        } else {
            (sum / i128::from(divisor), magnitude / divisor)
        };
        let numerator = if count < 0 { reduced.checked_neg()? } else { reduced };
        Some(Self { numerator, denominator })
    }

    /// What is above the line; it has the sign of the fraction.
    #[inline]
    #[must_use]
    pub const fn numerator(&self) -> i128 {
        self.numerator
    }

    /// What is below the line; at least 1, and without a divisor in common with the numerator.
    #[inline]
    #[must_use]
    pub const fn denominator(&self) -> u64 {
        self.denominator
    }

    /// The fraction as a floating-point number.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// The fraction rounded towards negative infinity, as an integer.
    #[must_use]
    pub fn floor(&self) -> i128 {
        self.numerator.div_euclid(self.denominator.into())
    }

    /// What is left of the numerator beside the floor; less than the denominator.
    fn rest(&self) -> u64 {
        self.numerator.rem_euclid(self.denominator.into()) as u64
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        let cross = |rest: u64, denominator: u64| u128::from(rest) * u128::from(denominator);
        self.floor()
            .cmp(&other.floor())
            .then_with(|| cross(self.rest(), other.denominator).cmp(&cross(other.rest(), self.denominator)))
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The greatest common divisor of a sum and a count that is not zero.
#[inline]
fn greatest_common_divisor(sum: i128, count: u64) -> u64 {
    let magnitude = sum.unsigned_abs();
    // Less than the count, which has 64 bits.
    let rest = u64::try_from(magnitude)
        .map_or_else(|_| (magnitude % u128::from(count)) as u64, |magnitude| magnitude % count);
    if rest == 0 { count } else { by_halving(rest, count) }
}

/// The greatest common divisor of two numbers that are not zero (Stein's algorithm).
fn by_halving(one: u64, other: u64) -> u64 {
    let twos = (one | other).trailing_zeros();
    let (mut one, mut other) = (one >> one.trailing_zeros(), other >> other.trailing_zeros());
    while one != other {
        let difference = one.abs_diff(other);
        one = one.min(other);
        other = difference >> difference.trailing_zeros();
    }
    one << twos
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fraction(sum: i128, count: i64) -> Fraction {
        Fraction::new(sum, count).expect("it has a value")
    }

    #[test]
    fn fractions_are_reduced_with_the_sign_above_the_line() {
        let parts = |sum, count| {
            let Fraction { numerator, denominator } = fraction(sum, count);
            (numerator, denominator)
        };
        assert_eq!(
            [parts(10, 2), parts(-10, 4), parts(10, -4), parts(0, -7)],
            [(5, 1), (-5, 2), (-5, 2), (0, 1)]
        );
        assert_eq!(parts(i64::MIN.into(), i64::MIN), (1, 1));
        assert_eq!(parts(i128::MIN, -2), (1 << 126, 1));
        assert_eq!(parts(i128::MIN, i64::MIN), (1 << 64, 1));
        assert_eq!(parts(i128::MAX, i64::MIN), (-i128::MAX, 1 << 63));
        assert_eq!(parts(i128::from(u64::MAX) * 3, 9), (i128::from(u64::MAX) / 3, 1));
        assert_eq!((Fraction::new(i128::MIN, -1), Fraction::new(5, 0)), (None, None));
    }

    #[test]
    fn divisors_are_those_of_trial_division() {
        for (one, other) in (1..60_u64).flat_map(|one| (1..60).map(move |other| (one, other))) {
            let expected = (1..=one).rev().find(|divisor| one % divisor == 0 && other % divisor == 0);
            assert_eq!(Some(greatest_common_divisor(-i128::from(one), other)), expected, "{one} {other}");
        }
        assert_eq!(greatest_common_divisor(0, 12), 12);
        assert_eq!(greatest_common_divisor(3 << 80, 9 << 40), 3 << 40);
    }

    #[test]
    fn fractions_round_down() {
        let floor = |sum, count| fraction(sum, count).floor();
        assert_eq!([floor(7, 2), floor(-7, 2), floor(7, -2), floor(-8, 2)], [3, -4, -4, -4]);
        assert_eq!(floor(i128::MIN, 1), i128::MIN);
    }

    #[test]
    fn fractions_are_ordered_by_value_and_equal_if_their_values_are() {
        let all: Vec<Fraction> =
            (-4..=4).flat_map(|sum| [-3, -2, -1, 1, 2, 3].map(|count| fraction(sum, count))).collect();
        for one in &all {
            for other in &all {
                assert_eq!(
                    one.partial_cmp(other),
                    one.value().partial_cmp(&other.value()),
                    "{one:?} {other:?}"
                );
                assert_eq!(one.cmp(other).is_eq(), one == other);
            }
        }
    }
}
