//! The join by its formula, in numbers that cannot overflow: for a step in which a part of a weight has no value.
//!
//! # Cost        O(n log n) for n pairs: it holds all of them. Only steps with extreme weights come here.

use dbsp_zset::{Delta, Overflow, Row};

use crate::join::Side;
use crate::wide_weight::push_wide;

/// A sum of products of weights. A product takes 126 bits and a sign, a sum of up to 2^63 of them more than an `i128` has.
#[derive(Clone, Copy, Default)]
struct Exact {
    /// The sum modulo 2^128,
    low: i128,
    /// and how often it has left the range of an `i128`, upwards less downwards.
    wraps: i64,
}

impl Exact {
    fn add(&mut self, product: i128) {
        let (sum, is_wrapped) = self.low.overflowing_add(product);
        self.low = sum;
        self.wraps += if is_wrapped { product.signum() as i64 } else { 0 };
    }

    fn narrow(self) -> Result<i128, Overflow> {
        if self.wraps == 0 { Ok(self.low) } else { Err(Overflow) }
    }
}

/// Appends to `out` what the join of two sides changes.
///
/// # Errors
/// [`Overflow`] where the weight of a row that comes out has no value.
#[cold]
pub(super) fn step<K: Row, A: Row, B: Row, I: IntoIterator<Item: Clone + Ord>>(
    left: Side<'_, K, A>,
    right: Side<'_, K, B>,
    images: impl Fn(&K, &A, &B) -> I,
    out: &mut Delta<I::Item>,
) -> Result<(), Overflow> {
    let mut products = Vec::new();
    pairs(left, right, |key, value, other, product| {
        products.extend(images(key, value, other).into_iter().map(|image| (image, product)));
    });
    products.sort_by(|one, other| one.0.cmp(&other.0));
    let mut products = products.into_iter().peekable();
    while let Some((row, product)) = products.next() {
        let mut sum = Exact::default();
        sum.add(product);
        while let Some((_, product)) = products.next_if(|next| next.0 == row) {
            sum.add(product);
        }
        push_wide(out, row, sum.narrow()?)?;
    }
    Ok(())
}

/// Gives each pair of the three terms of the formula, cancelling or not.
///
/// # Errors
/// [`Overflow`] where a product of two weights has no value.
pub(super) fn terms<K: Row, A: Row, B: Row>(
    left: Side<'_, K, A>,
    right: Side<'_, K, B>,
    mut emit: impl FnMut(&K, &A, &B, i64),
) -> Result<(), Overflow> {
    let mut outcome = Ok(());
    pairs(left, right, |key, value, other, product| match i64::try_from(product) {
        Ok(weight) => emit(key, value, other, weight),
        Err(_) => outcome = Err(Overflow),
    });
    outcome
}

/// Gives each pair of the three terms of the formula with the product of its weights.
fn pairs<K: Row, A: Row, B: Row>(
    left: Side<'_, K, A>,
    right: Side<'_, K, B>,
    mut visit: impl FnMut(&K, &A, &B, i128),
) {
    let mut visit = |key: &K, one: (&A, &i64), other: (&B, &i64)| {
        visit(key, one.0, other.0, i128::from(*one.1) * i128::from(*other.1));
    };
    let mut changed = dbsp_zset::DeltaIndex::new();
    changed.build(right.delta);
    for ((key, value), weight) in left.delta {
        right.trace.group(key).into_iter().for_each(|other| visit(key, (value, weight), other));
        for other in changed.positions(right.delta, key) {
            let other = (&right.delta.rows()[other].1, &right.delta.weights()[other]);
            visit(key, (value, weight), other);
        }
    }
    for ((key, value), weight) in right.delta {
        left.trace.group(key).into_iter().for_each(|other| visit(key, other, (value, weight)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_that_leave_128_bits_on_the_way_are_exact() {
        let most = i128::from(i64::MIN) * i128::from(i64::MIN);
        let mut sum = Exact::default();
        [most; 4].into_iter().chain([7]).for_each(|product| sum.add(product));
        assert_eq!(sum.narrow(), Err(Overflow));
        [-most; 4].into_iter().for_each(|product| sum.add(product));
        assert_eq!(sum.narrow(), Ok(7));
    }
}
