//! A delta: what changed, as two columns, one of rows and one of weights.
//!
//! # Shape       `rows[i]` changes by `weights[i]`; a row may stand several times, and then the sum
//!   of its weights counts.
//! # Invariants  both columns have one length; no weight is zero when it is pushed.
//! # Cost        push: O(1).
//! # Not here    no order and no index: [`Batch`](crate::Batch) has the one, `ZSet` and the traces the other.
//!
//! An insertion has weight 1, a deletion −1. A delta is what flows between operators; most of them
//! are indifferent to repeated rows, so nobody pays for consolidating what nobody needs sorted.

use crate::algebra::{Overflow, Ring};
use crate::table::{SMALL, SPARSE};
use crate::usage::shrink_vec;

/// A change of a Z-set; see the [module](self).
///
/// ```
/// use dbsp_zset::Delta;
///
/// let mut delta = Delta::new();
/// delta.insert("pear");
/// delta.delete("fig");
/// delta.push("pear", 2);
/// assert_eq!(delta.len(), 3);
/// let batch = delta.consolidate()?;
/// assert_eq!(batch.iter().collect::<Vec<_>>(), [(&"fig", &-1), (&"pear", &3)]);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Clone)]
pub struct Delta<R, W = i64> {
    rows: Vec<R>,
    weights: Vec<W>,
}

impl<R, W> Delta<R, W> {
    /// A delta without entries, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: Vec::new(), weights: Vec::new() }
    }

    /// A delta without entries that has room for `capacity` of them.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { rows: Vec::with_capacity(capacity), weights: Vec::with_capacity(capacity) }
    }

    /// A delta from its two columns, or `None` if they differ in length.
    #[must_use]
    pub fn from_columns(rows: Vec<R>, weights: Vec<W>) -> Option<Self> {
        (rows.len() == weights.len()).then_some(Self { rows, weights })
    }

    /// The two columns.
    #[must_use]
    pub fn into_columns(self) -> (Vec<R>, Vec<W>) {
        (self.rows, self.weights)
    }

    /// The two columns, of which none is to become longer than the other.
    #[inline]
    pub(crate) fn columns_mut(&mut self) -> (&mut Vec<R>, &mut Vec<W>) {
        (&mut self.rows, &mut self.weights)
    }

    /// How many entries there are; a row that stands twice counts twice.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no entry.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The column of rows.
    #[inline]
    #[must_use]
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The column of weights.
    #[inline]
    #[must_use]
    pub fn weights(&self) -> &[W] {
        &self.weights
    }

    /// The entries in the order in which they were pushed.
    #[inline]
    pub fn iter(&self) -> std::iter::Zip<std::slice::Iter<'_, R>, std::slice::Iter<'_, W>> {
        self.rows.iter().zip(&self.weights)
    }

    /// Removes every entry and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        // The rows last, which may panic as they are dropped.
        self.weights.clear();
        self.rows.clear();
    }

    /// Keeps the first `len` entries.
    pub fn truncate(&mut self, len: usize) {
        self.weights.truncate(len);
        self.rows.truncate(len);
    }

    /// Gives memory back that only many more entries need.
    #[inline]
    pub(crate) fn shrink_if_sparse(&mut self) {
        let most = (SPARSE * self.len()).max(SMALL);
        // A column of rows without a size has room for any number of them.
        let is_sparse = self.rows.capacity() > most && size_of::<R>() > 0;
        if is_sparse || self.weights.capacity() > most {
            self.rows.shrink_to_fit();
            self.weights.shrink_to_fit();
        }
    }

    /// Gives memory back if there is room for far more than `needed` entries and those that there are; see
    /// [`shrink_vec`].
    pub fn shrink(&mut self, needed: usize) {
        shrink_vec(&mut self.rows, needed);
        shrink_vec(&mut self.weights, needed);
    }

    /// Makes room for `additional` further entries.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        self.rows.reserve(additional);
        self.weights.reserve(additional);
    }

    /// Appends rows and their weights a column at a time, without a question about each. None of the weights is
    /// to be zero.
    ///
    /// ```
    /// use dbsp_zset::Delta;
    ///
    /// let mut delta = Delta::new();
    /// delta.extend_columns(["fig", "pear"].into_iter(), [1, -1].into_iter());
    /// assert_eq!(format!("{delta:?}"), r#"{"fig": +1, "pear": -1}"#);
    /// ```
    ///
    /// # Panics
    /// If there are not as many weights as rows.
    #[inline]
    pub fn extend_columns(
        &mut self,
        rows: impl ExactSizeIterator<Item = R>,
        weights: impl ExactSizeIterator<Item = W>,
    ) {
        assert_eq!(rows.len(), weights.len(), "both columns of a delta have one length");
        let columns = Level(self);
        columns.0.rows.extend(rows);
        columns.0.weights.extend(weights);
    }

    /// Moves all entries of `other` to the end of this delta, in O(1) if this one is empty (the two
    /// then trade their memory).
    pub fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            std::mem::swap(self, other);
        } else {
            self.rows.append(&mut other.rows);
            self.weights.append(&mut other.weights);
        }
    }

    /// Takes all entries out, in order, and keeps the memory.
    pub fn drain(&mut self) -> impl Iterator<Item = (R, W)> {
        self.rows.drain(..).zip(self.weights.drain(..))
    }

    /// Bytes of memory the columns own, not counting what rows own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<R>() + self.weights.capacity() * size_of::<W>()
    }
}

/// Cuts the longer column of a delta when it goes: a row that panics on its way leaves none without a weight.
struct Level<'a, R, W>(&'a mut Delta<R, W>);

impl<R, W> Drop for Level<'_, R, W> {
    #[inline]
    fn drop(&mut self) {
        let Delta { rows, weights } = &mut *self.0;
        rows.truncate(weights.len());
        weights.truncate(rows.len());
    }
}

impl<R, W: Ring> Delta<R, W> {
    /// Changes the weight of `row` by `weight`; nothing happens if that is zero.
    #[inline]
    pub fn push(&mut self, row: R, weight: W) {
        if !weight.is_zero() {
            self.rows.push(row);
            self.weights.push(weight);
        }
    }

    /// Adds one copy of `row`.
    #[inline]
    pub fn insert(&mut self, row: R) {
        self.push(row, W::one());
    }

    /// Takes one copy of `row` away.
    ///
    /// # Panics
    /// If the ring has no −1, which no ring of this crate is.
    #[inline]
    pub fn delete(&mut self, row: R) {
        self.push(row, W::one().try_neg().expect("a ring has the inverse of one"));
    }

    /// Puts one copy of `new` in the place of one of `old`: a [`delete`](Self::delete) and an
    /// [`insert`](Self::insert) that make room once.
    ///
    /// # Panics
    /// As [`delete`](Self::delete).
    #[inline]
    pub fn replace(&mut self, old: R, new: R) {
        let gone = W::one().try_neg().expect("a ring has the inverse of one");
        let come = W::one();
        self.rows.extend([old, new]);
        self.weights.extend([gone, come]);
    }

    /// Appends clones of all entries of `other`.
    pub fn extend_from(&mut self, other: &Self)
    where
        R: Clone,
    {
        let columns = Level(self);
        columns.0.rows.extend_from_slice(&other.rows);
        columns.0.weights.extend_from_slice(&other.weights);
    }

    /// Appends clones of all entries of `other` with opposite weights. An entry whose weight has no inverse becomes two
    /// entries, as [`Ring::try_neg_in_parts`] says.
    ///
    /// # Errors
    /// [`Overflow`] where a weight has no inverse in parts either, which every integer has; this delta is then unchanged.
    pub fn try_extend_negated(&mut self, other: &Self) -> Result<(), Overflow>
    where
        R: Clone,
    {
        let start = self.len();
        self.extend_from(other);
        let negated = self.try_negate_from(start);
        if negated.is_err() {
            self.truncate(start);
        }
        negated
    }

    /// Negates every weight. An entry whose weight has no inverse becomes two entries, as [`Ring::try_neg_in_parts`] says.
    ///
    /// # Errors
    /// [`Overflow`] where a weight has no inverse in parts either, which every integer has; the delta is then unchanged.
    pub fn try_negate(&mut self) -> Result<(), Overflow>
    where
        R: Clone,
    {
        self.try_negate_from(0)
    }

    /// Negates the weights from `start` on, or none of them.
    fn try_negate_from(&mut self, start: usize) -> Result<(), Overflow>
    where
        R: Clone,
    {
        match W::try_negate_column(&mut self.weights[start..]) {
            Ok(()) => Ok(()),
            Err(Overflow) => self.try_negate_in_parts(start),
        }
    }

    /// As [`try_negate_from`](Self::try_negate_from), entry by entry; second parts follow all others.
    #[cold]
    fn try_negate_in_parts(&mut self, start: usize) -> Result<(), Overflow>
    where
        R: Clone,
    {
        let parts = self.weights[start..].iter().map(W::try_neg_in_parts);
        let parts = parts.collect::<Result<Vec<_>, Overflow>>()?;
        for (at, (inverse, second)) in (start..).zip(parts) {
            self.weights[at] = inverse;
            if let Some(second) = second {
                let row = self.rows[at].clone();
                self.push(row, second);
            }
        }
        Ok(())
    }

    /// Multiplies every weight by `factor`.
    ///
    /// # Errors
    /// [`Overflow`] where a product has no value; the delta is then unchanged.
    pub fn try_scale(&mut self, factor: &W) -> Result<(), Overflow> {
        if factor.is_zero() {
            self.clear();
            return Ok(());
        }
        W::try_scale_column(&mut self.weights, factor)
    }
}

impl<R, W> Default for Delta<R, W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: std::fmt::Debug, W: std::fmt::Debug> std::fmt::Debug for Delta<R, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        crate::debug::weighted_rows(f, self.iter())
    }
}

impl<R, W: Ring> FromIterator<(R, W)> for Delta<R, W> {
    fn from_iter<I: IntoIterator<Item = (R, W)>>(entries: I) -> Self {
        let mut delta = Self::new();
        delta.extend(entries);
        delta
    }
}

impl<R, W: Ring> Extend<(R, W)> for Delta<R, W> {
    fn extend<I: IntoIterator<Item = (R, W)>>(&mut self, entries: I) {
        let entries = entries.into_iter();
        self.reserve(entries.size_hint().0);
        for (row, weight) in entries {
            self.push(row, weight);
        }
    }
}

/// Adds one copy of each row.
///
/// ```
/// use dbsp_zset::Delta;
///
/// let mut delta = Delta::<&str>::new();
/// delta.extend(["fig", "pear"]);
/// delta.extend([("fig", 2)]); // with weights, as well
/// assert_eq!(format!("{delta:?}"), r#"{"fig": +1, "pear": +1, "fig": +2}"#);
/// ```
impl<R, W: Ring> Extend<R> for Delta<R, W> {
    fn extend<I: IntoIterator<Item = R>>(&mut self, rows: I) {
        let rows = rows.into_iter();
        self.reserve(rows.size_hint().0);
        rows.for_each(|row| self.insert(row));
    }
}

impl<R, W> IntoIterator for Delta<R, W> {
    type Item = (R, W);
    type IntoIter = std::iter::Zip<std::vec::IntoIter<R>, std::vec::IntoIter<W>>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter().zip(self.weights)
    }
}

impl<'a, R, W> IntoIterator for &'a Delta<R, W> {
    type Item = (&'a R, &'a W);
    type IntoIter = std::iter::Zip<std::slice::Iter<'a, R>, std::slice::Iter<'a, W>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_to_an_empty_delta_trades_memory() {
        let mut source: Delta<_> = [(1, 1), (2, -1)].into_iter().collect();
        let address = source.rows().as_ptr();
        let mut target = Delta::new();
        target.append(&mut source);
        assert_eq!(target.rows().as_ptr(), address);
        assert!(source.is_empty());
        source.insert(3);
        target.append(&mut source);
        assert_eq!(target.rows(), [1, 2, 3]);
    }

    #[test]
    fn the_least_weight_is_negated_in_two_parts() {
        let mut delta: Delta<_> = [("a", 1)].into_iter().collect();
        let extreme: Delta<_> = [("c", i64::MIN), ("b", 1)].into_iter().collect();
        assert_eq!(delta.try_extend_negated(&extreme), Ok(()));
        assert_eq!(delta.rows(), ["a", "c", "b", "c"]);
        assert_eq!(delta.weights(), [1, 1 << 62, -1, 1 << 62]);
        let mut again = extreme.clone();
        again.try_negate().expect("every integer has an inverse in parts");
        again.extend_from(&extreme);
        assert_eq!(again.consolidate().map(|batch| batch.len()), Ok(0));
    }

    #[test]
    fn a_negation_without_a_value_appends_nothing() {
        let mut delta: Delta<_, Natural> =
            Delta::from_columns(vec!["a"], vec![Natural(1)]).expect("one of each");
        let other = Delta::from_columns(vec!["b"], vec![Natural(2)]).expect("one of each");
        assert_eq!(delta.try_extend_negated(&other), Err(Overflow));
        assert_eq!(delta.rows(), ["a"]);
    }

    /// A ring of which this test only uses that nothing has an inverse.
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Natural(u8);

    impl crate::Semigroup for Natural {
        fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow> {
            self.0.try_add_assign(&other.0)
        }
    }

    impl crate::Monoid for Natural {
        fn zero() -> Self {
            Self(0)
        }
    }

    impl crate::Group for Natural {
        fn try_sub_assign(&mut self, other: &Self) -> Result<(), Overflow> {
            self.0 = self.0.checked_sub(other.0).ok_or(Overflow)?;
            Ok(())
        }
    }

    impl Ring for Natural {
        fn one() -> Self {
            Self(1)
        }

        fn try_mul(&self, other: &Self) -> Result<Self, Overflow> {
            self.0.checked_mul(other.0).map(Self).ok_or(Overflow)
        }
    }

    #[test]
    fn zero_weights_are_not_kept() {
        let delta: Delta<_> = [("a", 0), ("b", 1)].into_iter().collect();
        assert_eq!(delta.rows(), ["b"]);
        let mut scaled = delta;
        assert_eq!(scaled.try_scale(&0), Ok(()));
        assert!(scaled.is_empty());
    }
}
