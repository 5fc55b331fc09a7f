//! Counts, and sums of numbers.
//!
//! # Formula     count = Σ weight; sum = Σ weight · number
//! # State       the count that every group has; a sum of 128 bits
//! # Not here    no floating point: its sums depend on the order of rows, so that taking a value away does not lead back

use dbsp_zset::{Overflow, Row, Semigroup};

use crate::aggregate::linear::LinearAggregate;
use crate::aggregate::wide_sum::WideSum;
use crate::overflow::Excess;

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

/// Adds up a number of each row: Σ weight · number. The result is as wide as [`Number::Sum`] says.
///
/// ```
/// use dbsp_ops::{LinearAggregation, Operator, Sum};
/// use dbsp_zset::Delta;
///
/// let mut sum = LinearAggregation::new(Sum(|temperature: &i8| *temperature));
/// let mut out = Delta::new();
/// sum.step(&Delta::from_iter([(("june", 100), 1), (("june", 127), 1)]), &mut out)?;
/// assert_eq!(out.rows(), [("june", 227_i64)]);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Sum<F>(pub F);

impl<V, N: Number, F: Fn(&V) -> N> LinearAggregate<V> for Sum<F> {
    type Total = WideSum;
    type Output = N::Sum;

    #[inline]
    fn add(&self, total: &mut WideSum, value: &V, weight: i64) -> Result<(), Overflow> {
        total.try_add_assign(&(self.0)(value).times(weight)?.into())
    }

    #[inline]
    fn output(&self, _: i64, total: &WideSum) -> Result<N::Sum, Overflow> {
        N::narrow((*total).into())
    }

    fn excess_of_part(&self, _: usize, value: &V, weight: i64) -> Excess {
        excess_of_total((self.0)(value), weight)
    }

    fn excess_of_output(&self, _: i64, total: &WideSum) -> Excess {
        Excess::of(N::SUM, (*total).into())
    }
}

/// What leaves its range where a number cannot be added to a total of 128 bits.
pub(crate) fn excess_of_total<N: Number>(number: N, weight: i64) -> Excess {
    // Only numbers above any of 128 bits have no product with one.
    let sign = number.times(1).map_or(1, i128::signum);
    Excess::of(N::TOTAL, sign * i128::from(weight.signum()))
}

/// A number that can be added up exactly. Floating point is not: its sums depend on the order, and
/// taking a value away again does not lead back. Scale such numbers to integers first.
///
/// | numbers | their sums |
/// |---|---|
/// | `i8`, `i16`, `i32`, `i64`, `isize`, `u8`, `u16`, `u32` | `i64` |
/// | `u64`, `usize`, `i128`, `u128` | `i128` |
///
/// So a sum may be negative, as it is where more rows were deleted than inserted. Totals are kept in 128 bits: numbers of up
/// to 64 bits always have a product with a weight, and of wider ones a row is refused whose product does not fit.
pub trait Number: Row + Copy {
    /// What a sum of such numbers is.
    type Sum: Row + Copy;
    /// A sum, for errors: `a sum of u32 as i64`.
    const SUM: &'static str;
    /// A running total, for errors: `a running sum of u32 as i128`.
    const TOTAL: &'static str;

    /// This number as often as `weight` says.
    ///
    /// # Errors
    /// [`Overflow`] where that has no value.
    fn times(self, weight: i64) -> Result<i128, Overflow>;

    /// A total as the sum that it is.
    ///
    /// # Errors
    /// [`Overflow`] where it has no value of that type.
    fn narrow(total: i128) -> Result<Self::Sum, Overflow>;
}

macro_rules! numbers {
    ($($type:ident as $sum:ident)*) => {$(
        impl Number for $type {
            type Sum = $sum;
            const SUM: &'static str = concat!("a sum of ", stringify!($type), " as ", stringify!($sum));
            const TOTAL: &'static str = concat!("a running sum of ", stringify!($type), " as i128");

            #[inline]
            fn times(self, weight: i64) -> Result<i128, Overflow> {
                let number = i128::try_from(self).map_err(|_| Overflow)?;
                number.checked_mul(i128::from(weight)).ok_or(Overflow)
            }

            #[inline]
            fn narrow(total: i128) -> Result<$sum, Overflow> {
                $sum::try_from(total).map_err(|_| Overflow)
            }
        }
    )*};
}

numbers! {
    i8 as i64 i16 as i64 i32 as i64 i64 as i64 isize as i64
    u8 as i64 u16 as i64 u32 as i64
    u64 as i128 usize as i128 i128 as i128 u128 as i128
}
