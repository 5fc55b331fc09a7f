//! Stateless operators, fused at compile time as iterator adaptors are.
//!
//! A chain such as `Map<Filter<Identity, _>, _>` is one closure: a row meets memory once, in the
//! delta that [`run`] writes. Rows travel as [`Cow`], so a filter passes a borrowed row on and only
//! what remains at the end of the chain is cloned; the compiler sees through all of it.
//!
//! # Formula     linear operators are their own incremental form: Q^Δ = Q (DBSP, theorem 3.3)
//! # State       none
//! # Cost        one call of each closure a row

use std::borrow::Cow;

use dbsp_zset::Delta;

/// A stateless chain from rows of type `S` to rows of type `Self::Row`.
///
/// ```
/// use dbsp_ops::{Identity, Stage, run};
/// use dbsp_zset::Delta;
///
/// let tens_of_even = Identity.filter(|n: &u32| n % 2 == 0).map(|n: &u32| n * 10);
/// let mut out = Delta::new();
/// run(&tens_of_even, &Delta::from_iter([(1, 1), (2, 1), (4, -1)]), &mut out);
/// assert_eq!((out.rows(), out.weights()), (&[20, 40][..], &[1, -1][..]));
/// ```
pub trait Stage<S: Clone>: Sized {
    /// The rows that come out.
    type Row: Clone;

    /// Passes one row through the chain; whatever comes out goes to `sink`.
    fn push(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, Self::Row>, i64));

    /// Whether rows pass unchanged, so that a chain need not be run at all.
    fn is_identity(&self) -> bool {
        false
    }

    /// Appends: each row becomes `image` of it.
    fn map<R: Clone, F: Fn(&Self::Row) -> R>(self, image: F) -> Map<Self, F> {
        Map { before: self, image }
    }

    /// Appends: only rows that `keep` accepts go on.
    fn filter<F: Fn(&Self::Row) -> bool>(self, keep: F) -> Filter<Self, F> {
        Filter { before: self, keep }
    }

    /// Appends: each row becomes all of `images` of it.
    fn flat_map<I: IntoIterator<Item: Clone>, F: Fn(&Self::Row) -> I>(self, images: F) -> FlatMap<Self, F> {
        FlatMap { before: self, images }
    }
}

/// Passes all of a delta through a chain.
#[inline]
pub fn run<S: Clone, C: Stage<S>>(chain: &C, delta: &Delta<S>, out: &mut Delta<C::Row>) {
    run_rows(chain, delta.rows(), delta.weights(), out);
}

/// Passes some rows, each with its weight, through a chain.
#[inline]
pub(crate) fn run_rows<S: Clone, C: Stage<S>>(
    chain: &C,
    rows: &[S],
    weights: &[i64],
    out: &mut Delta<C::Row>,
) {
    for (row, weight) in rows.iter().zip(weights) {
        chain.push(Cow::Borrowed(row), *weight, &mut |row, weight| out.push(row.into_owned(), weight));
    }
}

/// The empty chain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

impl<S: Clone> Stage<S> for Identity {
    type Row = S;

    #[inline]
    fn push(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, S>, i64)) {
        sink(row, weight);
    }

    fn is_identity(&self) -> bool {
        true
    }
}

/// A chain with a map at its end; made by [`Stage::map`].
#[derive(Debug, Clone, Copy)]
pub struct Map<C, F> {
    before: C,
    image: F,
}

impl<S: Clone, C: Stage<S>, R: Clone, F: Fn(&C::Row) -> R> Stage<S> for Map<C, F> {
    type Row = R;

    #[inline]
    fn push(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, R>, i64)) {
        self.before.push(row, weight, &mut |row, weight| sink(Cow::Owned((self.image)(&row)), weight));
    }
}

/// A chain with a filter at its end; made by [`Stage::filter`].
#[derive(Debug, Clone, Copy)]
pub struct Filter<C, F> {
    before: C,
    keep: F,
}

impl<S: Clone, C: Stage<S>, F: Fn(&C::Row) -> bool> Stage<S> for Filter<C, F> {
    type Row = C::Row;

    #[inline]
    fn push(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, C::Row>, i64)) {
        self.before.push(row, weight, &mut |row, weight| {
            if (self.keep)(&row) {
                sink(row, weight);
            }
        });
    }
}

/// A chain with a flat map at its end; made by [`Stage::flat_map`].
#[derive(Debug, Clone, Copy)]
pub struct FlatMap<C, F> {
    before: C,
    images: F,
}

impl<S: Clone, C: Stage<S>, I: IntoIterator<Item: Clone>, F: Fn(&C::Row) -> I> Stage<S> for FlatMap<C, F> {
    type Row = I::Item;

    #[inline]
    fn push(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, I::Item>, i64)) {
        self.before.push(row, weight, &mut |row, weight| {
            for image in (self.images)(&row) {
                sink(Cow::Owned(image), weight);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_keeps_order_and_weights() {
        let chain =
            Identity.flat_map(|n: &i64| [*n, -*n]).filter(|n: &i64| *n != 3).map(|n: &i64| n.to_string());
        let mut out = Delta::new();
        run(&chain, &Delta::from_iter([(3, 2), (4, -5)]), &mut out);
        assert_eq!((out.rows(), out.weights()), (&["-3", "4", "-4"].map(String::from)[..], &[2, -5, -5][..]));
    }

    #[test]
    fn only_the_empty_chain_is_the_identity() {
        assert!(Stage::<u8>::is_identity(&Identity));
        assert!(!Stage::<u8>::is_identity(&Identity.filter(|_: &u8| true)));
    }
}
