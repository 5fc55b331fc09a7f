//! Stateless operators, fused at compile time as iterator adaptors are.
//!
//! A chain such as `Map<Filter<Identity, _>, _>` is one closure: a row meets memory once, in the
//! delta that [`run`] writes. Rows travel as [`Cow`], so a filter passes a borrowed row on and only
//! what remains at the end of the chain is cloned; the compiler sees through all of it.
//!
//! Under feature `fused` rows go a window at a time. The filters that a chain begins with choose among the rows
//! of the window without a branch, as whether a row passes can seldom be predicted: a wrong guess costs as much as
//! five rows. What passes becomes two columns, written one after the other, if each row becomes one row.
//!
//! # Formula     linear operators are their own incremental form: Q^Δ = Q (DBSP, theorem 3.3)
//! # State       none
//! # Cost        one call of each closure a row; a filter with half of its rows 2 to 3 ns a row

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

    /// Whether the chain consists of filters only, or of nothing.
    const IS_FILTER: bool = false;
    /// Whether the chain begins with a filter.
    const HAS_HEAD: bool = false;
    /// Whether each row that the filters at the head accept becomes one row.
    const IS_MAP: bool = false;

    /// Whether the filters at the head of the chain accept a row.
    fn admits(&self, row: &S) -> bool;

    /// Passes one row that [`admits`](Self::admits) accepted through the rest of the chain; whatever comes out
    /// goes to `sink`.
    fn pass(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, Self::Row>, i64));

    /// Passes one row through the chain; whatever comes out goes to `sink`.
    #[inline]
    fn push(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, Self::Row>, i64)) {
        if self.admits(&row) {
            self.pass(row, weight, sink);
        }
    }

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

/// So many rows go through a chain together.
pub(crate) const WINDOW: usize = 128;

/// Up to so many rows, taking them together costs more than one after the other.
pub(crate) const FEW: usize = 4;

/// Passes some rows, each with its weight, through a chain.
#[inline]
pub(crate) fn run_rows<S: Clone, C: Stage<S>>(
    chain: &C,
    rows: &[S],
    weights: &[i64],
    out: &mut Delta<C::Row>,
) {
    let is_window = cfg!(feature = "fused") && rows.len() > FEW;
    if is_window && C::HAS_HEAD {
        for (rows, weights) in rows.chunks(WINDOW).zip(weights.chunks(WINDOW)) {
            run_window(chain, rows, weights, out);
        }
    } else if is_window && C::IS_MAP {
        out.extend_columns(rows.iter().map(|row| image(chain, row)), weights.iter().copied());
    } else {
        for (row, weight) in rows.iter().zip(weights) {
            chain.push(Cow::Borrowed(row), *weight, &mut |row, weight| out.push(row.into_owned(), weight));
        }
    }
}

/// Passes a window of rows through a chain that begins with a filter.
#[inline]
fn run_window<S: Clone, C: Stage<S>>(chain: &C, rows: &[S], weights: &[i64], out: &mut Delta<C::Row>) {
    let (mut admitted, mut count) = ([0_u8; WINDOW], 0);
    for (i, row) in rows.iter().enumerate() {
        admitted[count] = i as u8;
        count += usize::from(chain.admits(row));
    }
    let admitted = admitted[..count].iter().map(|i| usize::from(*i));
    if C::IS_MAP {
        out.extend_columns(admitted.clone().map(|i| image(chain, &rows[i])), admitted.map(|i| weights[i]));
        return;
    }
    for i in admitted {
        let sink = &mut |row: Cow<'_, C::Row>, weight| out.push(row.into_owned(), weight);
        chain.pass(Cow::Borrowed(&rows[i]), weights[i], sink);
    }
}

/// What becomes of a row that the filters at the head accept, in a chain that makes one row of it.
#[inline]
fn image<S: Clone, C: Stage<S>>(chain: &C, row: &S) -> C::Row {
    let mut image = None;
    chain.pass(Cow::Borrowed(row), 1, &mut |row, _| image = Some(row.into_owned()));
    image.expect("a chain that says it is a map makes one row of each")
}

/// The empty chain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

impl<S: Clone> Stage<S> for Identity {
    type Row = S;

    const IS_FILTER: bool = true;
    const IS_MAP: bool = true;

    #[inline]
    fn admits(&self, _: &S) -> bool {
        true
    }

    #[inline]
    fn pass(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, S>, i64)) {
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

    const HAS_HEAD: bool = C::HAS_HEAD;
    const IS_MAP: bool = C::IS_MAP;

    #[inline]
    fn admits(&self, row: &S) -> bool {
        self.before.admits(row)
    }

    #[inline]
    fn pass(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, R>, i64)) {
        self.before.pass(row, weight, &mut |row, weight| sink(Cow::Owned((self.image)(&row)), weight));
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

    const IS_FILTER: bool = C::IS_FILTER;
    const HAS_HEAD: bool = C::IS_FILTER || C::HAS_HEAD;
    const IS_MAP: bool = C::IS_FILTER;

    #[inline]
    fn admits(&self, row: &S) -> bool {
        if !C::IS_FILTER {
            return self.before.admits(row);
        }
        // Filters alone pass a row on as it is.
        let mut is_admitted = false;
        self.before.push(Cow::Borrowed(row), 1, &mut |row, _| is_admitted = (self.keep)(&row));
        is_admitted
    }

    #[inline]
    fn pass(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, C::Row>, i64)) {
        self.before.pass(row, weight, &mut |row, weight| {
            if C::IS_FILTER || (self.keep)(&row) {
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

    const HAS_HEAD: bool = C::HAS_HEAD;

    #[inline]
    fn admits(&self, row: &S) -> bool {
        self.before.admits(row)
    }

    #[inline]
    fn pass(&self, row: Cow<'_, S>, weight: i64, sink: &mut impl FnMut(Cow<'_, I::Item>, i64)) {
        self.before.pass(row, weight, &mut |row, weight| {
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
    fn windows_give_what_single_rows_give() {
        fn check<C: Stage<i64>>(chain: &C)
        where
            C::Row: PartialEq + std::fmt::Debug,
        {
            for length in [0, 1, FEW, FEW + 1, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 7] {
                let delta: Delta<i64> = (0..length as i64).map(|n| (n * n % 101, n % 7 - 9)).collect();
                let (mut one, mut other) = (Delta::new(), Delta::new());
                run(chain, &delta, &mut one);
                for (row, weight) in &delta {
                    let sink = &mut |row: Cow<'_, C::Row>, weight| other.push(row.into_owned(), weight);
                    chain.push(Cow::Borrowed(row), *weight, sink);
                }
                assert_eq!((one.rows(), one.weights()), (other.rows(), other.weights()), "{length} rows");
            }
        }
        let (even, small) = (|n: &i64| n % 2 == 0, |n: &i64| *n < 50);
        // Divides by zero unless the filter before it has taken the zeros away.
        let (inverse, twice) = (|n: &i64| 1_000 / n, |n: &i64| [*n, n + 1]);
        let text = |n: &i64| n.to_string();
        check(&Identity);
        check(&Identity.filter(even));
        check(&Identity.map(text));
        check(&Identity.flat_map(twice));
        check(&Identity.filter(even).filter(small).map(text));
        check(&Identity.filter(|n| *n != 0).map(inverse).filter(even).map(text));
        check(&Identity.map(|n| n + 1).filter(even).map(inverse));
        check(&Identity.filter(even).flat_map(twice).filter(small).filter(|n| *n != 0).map(inverse));
    }

    #[test]
    fn a_map_that_panics_leaves_no_row_without_a_weight() {
        let chain = Identity.map(|n: &i64| 100 / (n - 7));
        let (delta, mut out): (Delta<i64>, _) = ((0..20).map(|n| (n, 1)).collect(), Delta::new());
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&chain, &delta, &mut out)));
        assert!(outcome.is_err());
        assert_eq!(out.rows().len(), out.weights().len());
    }

    #[test]
    fn only_the_empty_chain_is_the_identity() {
        assert!(Stage::<u8>::is_identity(&Identity));
        assert!(!Stage::<u8>::is_identity(&Identity.filter(|_: &u8| true)));
    }
}
