//! The algebra that weights, sums and summaries obey, with overflow as an error.
//!
//! DBSP (VLDB 2023, section 2) builds everything on commutative groups; Z-sets need a ring of
//! weights. The traits here form the ladder [`Semigroup`], [`Monoid`], [`Group`], [`Ring`],
//! [`OrderedRing`]. Every operation that can leave the range of its type returns [`Overflow`];
//! nothing here wraps.
//!
//! ```
//! use dbsp_zset::{Group, Monoid, Overflow, Ring, Semigroup};
//!
//! assert_eq!(3_i64.try_add(&4), Ok(7));
//! assert_eq!(i64::MAX.try_add(&1), Err(Overflow));
//! assert_eq!((1_i64, 2_i64).try_sub(&(1, 5)), Ok((0, -3)));
//! assert!(<(i64, i64)>::zero().is_zero());
//! assert_eq!(6_i64.try_mul(&7), Ok(42));
//! ```

/// A weight or a sum left the range of its type; what was being computed was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a weight or sum left the range of its type")]
pub struct Overflow;

/// An associative and commutative addition.
///
/// Commutativity is asked for everywhere because a Z-set has no order of its rows.
pub trait Semigroup: Clone + PartialEq + Send + 'static {
    /// Adds `other` to `self`.
    ///
    /// # Errors
    /// [`Overflow`] where the sum has no value of this type; `self` is then unchanged.
    fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow>;

    /// The sum of two values.
    ///
    /// # Errors
    /// [`Overflow`] where the sum has no value of this type.
    #[inline]
    fn try_add(&self, other: &Self) -> Result<Self, Overflow> {
        let mut sum = self.clone();
        sum.try_add_assign(other)?;
        Ok(sum)
    }
}

/// A semigroup with a neutral element.
pub trait Monoid: Semigroup {
    /// The neutral element.
    fn zero() -> Self;

    /// Whether this is the neutral element.
    #[inline]
    fn is_zero(&self) -> bool {
        *self == Self::zero()
    }
}

/// A monoid in which every element has an inverse.
pub trait Group: Monoid {
    /// Subtracts `other` from `self`; undoes [`Semigroup::try_add_assign`] exactly.
    ///
    /// # Errors
    /// [`Overflow`] where the difference has no value of this type; `self` is then unchanged.
    fn try_sub_assign(&mut self, other: &Self) -> Result<(), Overflow>;

    /// The difference of two values.
    ///
    /// # Errors
    /// [`Overflow`] where the difference has no value of this type.
    #[inline]
    fn try_sub(&self, other: &Self) -> Result<Self, Overflow> {
        let mut difference = self.clone();
        difference.try_sub_assign(other)?;
        Ok(difference)
    }

    /// The inverse.
    ///
    /// # Errors
    /// [`Overflow`] where the inverse has no value of this type (`i64::MIN`).
    #[inline]
    fn try_neg(&self) -> Result<Self, Overflow> {
        Self::zero().try_sub(self)
    }
}

/// A commutative group with a multiplication: what weights are.
///
/// For the integers a sum of any number of weights is found exactly if it has a value, whatever their order. For another ring it
/// may be refused, as [`settle`](mod@crate::settle) says.
///
/// The two slice methods are where a type brings its vector kernels; the defaults are plain loops.
pub trait Ring: Group {
    /// The neutral element of multiplication.
    fn one() -> Self;

    /// The product of two values.
    ///
    /// # Errors
    /// [`Overflow`] where the product has no value of this type.
    fn try_mul(&self, other: &Self) -> Result<Self, Overflow>;

    /// The inverse, as one value or, where it has none, as two values that add up to it.
    ///
    /// ```
    /// use dbsp_zset::Ring;
    ///
    /// assert_eq!(5_i64.try_neg_in_parts(), Ok((-5, None)));
    /// assert_eq!(i64::MIN.try_neg_in_parts(), Ok((1 << 62, Some(1 << 62))));
    /// ```
    ///
    /// # Errors
    /// [`Overflow`] where two values do not suffice either. For integers they always do.
    fn try_neg_in_parts(&self) -> Result<(Self, Option<Self>), Overflow> {
        Ok((self.try_neg()?, None))
    }

    /// Negates every element of a column of weights.
    ///
    /// # Errors
    /// [`Overflow`] where one inverse has no value of this type; the column is then unchanged.
    fn try_negate_column(column: &mut [Self]) -> Result<(), Overflow> {
        map_column(column, Self::try_neg)
    }

    /// Multiplies every element of a column of weights by `factor`.
    ///
    /// # Errors
    /// [`Overflow`] where one product has no value of this type; the column is then unchanged.
    fn try_scale_column(column: &mut [Self], factor: &Self) -> Result<(), Overflow> {
        map_column(column, |weight| weight.try_mul(factor))
    }
}

/// A ring whose elements have a sign, as `distinct` and the positive part need.
pub trait OrderedRing: Ring {
    /// Whether this is above zero.
    fn is_positive(&self) -> bool;
}

/// Replaces a column by its image, or leaves it alone if one image does not exist.
fn map_column<W: Clone>(column: &mut [W], image: impl Fn(&W) -> Result<W, Overflow>) -> Result<(), Overflow> {
    let images = column.iter().map(image).collect::<Result<Vec<W>, Overflow>>()?;
    column.clone_from_slice(&images);
    Ok(())
}

macro_rules! monoid_of_integers {
    ($($type:ty)*) => {$(
        impl Semigroup for $type {
            #[inline]
            fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow> {
                *self = self.checked_add(*other).ok_or(Overflow)?;
                Ok(())
            }
        }

        impl Monoid for $type {
            #[inline]
            fn zero() -> Self {
                0
            }
        }
    )*};
}

macro_rules! ring_of_integers {
    ($($type:ty { $($kernels:tt)* })*) => {$(
        impl Group for $type {
            #[inline]
            fn try_sub_assign(&mut self, other: &Self) -> Result<(), Overflow> {
                *self = self.checked_sub(*other).ok_or(Overflow)?;
                Ok(())
            }
        }

        impl Ring for $type {
            #[inline]
            fn one() -> Self {
                1
            }

            #[inline]
            fn try_mul(&self, other: &Self) -> Result<Self, Overflow> {
                self.checked_mul(*other).ok_or(Overflow)
            }

            #[inline]
            fn try_neg_in_parts(&self) -> Result<(Self, Option<Self>), Overflow> {
                const HALF: $type = -(<$type>::MIN / 2);
                Ok(self.checked_neg().map_or((HALF, Some(HALF)), |inverse| (inverse, None)))
            }

            $($kernels)*
        }

        impl OrderedRing for $type {
            #[inline]
            fn is_positive(&self) -> bool {
                *self > 0
            }
        }
    )*};
}

monoid_of_integers! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }
ring_of_integers! {
    i8 {} i16 {} i32 {} i128 {} isize {}
    i64 {
        fn try_negate_column(column: &mut [Self]) -> Result<(), Overflow> {
            dbsp_kernels::negate(column).map_err(|_| Overflow)
        }

        fn try_scale_column(column: &mut [Self], factor: &Self) -> Result<(), Overflow> {
            dbsp_kernels::scale(column, *factor).map_err(|_| Overflow)
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident $position:tt),*))*) => {$(
        impl<$($name: Semigroup),*> Semigroup for ($($name,)*) {
            #[inline]
            #[allow(unused_variables, clippy::unused_unit)]
            fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow> {
                *self = ($(self.$position.try_add(&other.$position)?,)*);
                Ok(())
            }
        }

        impl<$($name: Monoid),*> Monoid for ($($name,)*) {
            #[inline]
            #[allow(clippy::unused_unit)]
            fn zero() -> Self {
                ($($name::zero(),)*)
            }
        }

        impl<$($name: Group),*> Group for ($($name,)*) {
            #[inline]
            #[allow(unused_variables, clippy::unused_unit)]
            fn try_sub_assign(&mut self, other: &Self) -> Result<(), Overflow> {
                *self = ($(self.$position.try_sub(&other.$position)?,)*);
                Ok(())
            }
        }
    )*};
}

tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
}

/// Any semigroup becomes a monoid with `None` as its neutral element.
impl<S: Semigroup> Semigroup for Option<S> {
    #[inline]
    fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow> {
        match (self.as_mut(), other) {
            (_, None) => {}
            (None, Some(_)) => self.clone_from(other),
            (Some(mine), Some(theirs)) => mine.try_add_assign(theirs)?,
        }
        Ok(())
    }
}

impl<S: Semigroup> Monoid for Option<S> {
    #[inline]
    fn zero() -> Self {
        None
    }

    #[inline]
    fn is_zero(&self) -> bool {
        self.is_none()
    }
}

/// The semigroup of a total order whose addition keeps the smaller value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Min<T>(pub T);

/// The semigroup of a total order whose addition keeps the larger value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Max<T>(pub T);

impl<T: Ord + Clone + Send + 'static> Semigroup for Min<T> {
    #[inline]
    fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow> {
        if other.0 < self.0 {
            self.clone_from(other);
        }
        Ok(())
    }
}

impl<T: Ord + Clone + Send + 'static> Semigroup for Max<T> {
    #[inline]
    fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow> {
        if other.0 > self.0 {
            self.clone_from(other);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_addition_changes_nothing() {
        let mut pair = (1_i64, i64::MAX);
        assert_eq!(pair.try_add_assign(&(1, 1)), Err(Overflow));
        assert_eq!(pair, (1, i64::MAX));
    }

    #[test]
    fn a_failed_column_changes_nothing() {
        let mut column = vec![1, 2, i64::MIN];
        assert_eq!(i64::try_negate_column(&mut column), Err(Overflow));
        assert_eq!(i64::try_scale_column(&mut column, &2), Err(Overflow));
        assert_eq!(column, [1, 2, i64::MIN]);
        let mut narrow = vec![1, 2, i8::MIN];
        assert_eq!(i8::try_negate_column(&mut narrow), Err(Overflow));
        assert_eq!(narrow, [1, 2, i8::MIN]);
    }

    #[test]
    fn options_and_extremes_fold_as_monoids() {
        let mut least = None::<Min<i32>>;
        for value in [5, 2, 9] {
            least.try_add_assign(&Some(Min(value))).expect("no overflow in a minimum");
        }
        assert_eq!(least, Some(Min(2)));
        assert_eq!(Some(Max(1)).try_add(&Some(Max(7))), Ok(Some(Max(7))));
        assert!(Option::<Max<u8>>::zero().is_zero());
    }
}
