//! A batch: a delta in which each row stands once, in order.
//!
//! # Shape       two columns, as in a delta; rows ascend strictly.
//! # Invariants  no row stands twice; no weight is zero. So two batches are the same change exactly
//!   if they are equal.
//! # Cost        from a delta of n entries O(n log n), or O(n) where each row comes often or rows begin differently;
//!   merge O(n + m); get O(log n).
//! # Not here    no change in place: a batch is a value to compare, to search and to show.

use std::hash::Hash;

use crate::algebra::{Overflow, Ring};
use crate::delta::Delta;
use crate::{radix, repeats};

/// A consolidated, sorted change; see the [module](self).
#[derive(Clone, PartialEq, Eq)]
pub struct Batch<R, W = i64> {
    rows: Vec<R>,
    weights: Vec<W>,
}

impl<R: Ord + Hash, W: Ring> Batch<R, W> {
    /// Sorts a delta, adds up the weights of equal rows and leaves out what cancels.
    ///
    /// # Errors
    /// [`Overflow`] where the weights of one row have no sum. They are added in no order, so a
    /// partial sum that leaves the range is an error even where the total would not.
    pub fn from_delta(delta: Delta<R, W>) -> Result<Self, Overflow> {
        let delta = repeats::add_up(delta)?;
        let mut batch =
            Self { rows: Vec::with_capacity(delta.len()), weights: Vec::with_capacity(delta.len()) };
        radix::sorted(delta).into_iter().try_for_each(|entries| batch.append(entries))?;
        Ok(batch)
    }

    /// Appends rows that follow all others, in order; adds up the weights of those that are equal.
    fn append(&mut self, entries: Vec<(R, W)>) -> Result<(), Overflow> {
        let mut entries = entries.into_iter();
        let Some((mut row, mut weight)) = entries.next() else { return Ok(()) };
        for (next_row, next_weight) in entries {
            if next_row == row {
                weight.try_add_assign(&next_weight)?;
            } else {
                self.push(std::mem::replace(&mut row, next_row), std::mem::replace(&mut weight, next_weight));
            }
        }
        self.push(row, weight);
        Ok(())
    }
}

impl<R: Ord + Hash, W: Ring> Delta<R, W> {
    /// The same change as a sorted batch in which each row stands once.
    ///
    /// # Errors
    /// [`Overflow`] where the weights of one row have no sum.
    pub fn consolidate(self) -> Result<Batch<R, W>, Overflow> {
        Batch::from_delta(self)
    }
}

impl<R: Ord, W: Ring> Batch<R, W> {
    /// The weight of a row, zero if it does not stand here.
    #[must_use]
    pub fn get(&self, row: &R) -> W {
        self.rows.binary_search(row).map_or_else(|_| W::zero(), |i| self.weights[i].clone())
    }

    /// The sum of two batches.
    ///
    /// ```
    /// use dbsp_zset::Delta;
    ///
    /// let left = Delta::from_iter([("a", 1), ("b", 2)]).consolidate()?;
    /// let right = Delta::from_iter([("b", -2), ("c", 1)]).consolidate()?;
    /// assert_eq!(left.merge(&right)?.rows(), ["a", "c"]);
    /// # Ok::<(), dbsp_zset::Overflow>(())
    /// ```
    ///
    /// # Errors
    /// [`Overflow`] where the two weights of one row have no sum.
    pub fn merge(&self, other: &Self) -> Result<Self, Overflow>
    where
        R: Clone,
    {
        let most = self.len() + other.len();
        let mut merged = Self { rows: Vec::with_capacity(most), weights: Vec::with_capacity(most) };
        let (mut left, mut right) = (self.iter().peekable(), other.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => return Ok(merged),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((mine, _)), Some((theirs, _))) => mine.cmp(theirs),
            };
            let from_left = if order.is_le() { left.next() } else { None };
            let from_right = if order.is_ge() { right.next() } else { None };
            match (from_left, from_right) {
                (Some((row, mine)), Some((_, theirs))) => merged.push(row.clone(), mine.try_add(theirs)?),
                (Some((row, weight)), None) | (None, Some((row, weight))) => {
                    merged.push(row.clone(), weight.clone());
                }
                (None, None) => return Ok(merged),
            }
        }
    }

    /// Appends a row that follows all others.
    fn push(&mut self, row: R, weight: W) {
        debug_assert!(self.rows.last().is_none_or(|last| *last < row), "rows of a batch ascend");
        if !weight.is_zero() {
            self.rows.push(row);
            self.weights.push(weight);
        }
    }
}

impl<R, W> Batch<R, W> {
    /// How many different rows changed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows in ascending order.
    #[must_use]
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The weights, in the order of their rows.
    #[must_use]
    pub fn weights(&self) -> &[W] {
        &self.weights
    }

    /// The rows in ascending order with their weights.
    pub fn iter(&self) -> std::iter::Zip<std::slice::Iter<'_, R>, std::slice::Iter<'_, W>> {
        self.rows.iter().zip(&self.weights)
    }

    /// The batch as a delta, which allows further pushes.
    #[must_use]
    pub fn into_delta(self) -> Delta<R, W> {
        Delta::from_columns(self.rows, self.weights).expect("both columns of a batch have one length")
    }
}

impl<R, W> Default for Batch<R, W> {
    fn default() -> Self {
        Self { rows: Vec::new(), weights: Vec::new() }
    }
}

impl<R: std::fmt::Debug, W: std::fmt::Debug> std::fmt::Debug for Batch<R, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        crate::debug::weighted_rows(f, self.iter())
    }
}

impl<'a, R, W> IntoIterator for &'a Batch<R, W> {
    type Item = (&'a R, &'a W);
    type IntoIter = std::iter::Zip<std::slice::Iter<'a, R>, std::slice::Iter<'a, W>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<R, W> IntoIterator for Batch<R, W> {
    type Item = (R, W);
    type IntoIter = std::iter::Zip<std::vec::IntoIter<R>, std::vec::IntoIter<W>>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter().zip(self.weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consolidating_sorts_adds_and_cancels() {
        let delta: Delta<_> = [(3, 1), (1, 2), (3, -1), (2, 1), (1, 1)].into_iter().collect();
        let batch = delta.consolidate().expect("small weights");
        assert_eq!((batch.rows(), batch.weights()), (&[1, 2][..], &[3, 1][..]));
        assert_eq!((batch.get(&1), batch.get(&3)), (3, 0));
        assert_eq!(format!("{batch:?}"), "{1: +3, 2: +1}");
    }

    #[test]
    fn merging_cancels_opposite_weights() {
        let batch = Delta::from_iter([("a", 1), ("b", -2)]).consolidate().expect("small weights");
        let mut opposite = batch.clone().into_delta();
        opposite.try_negate().expect("small weights");
        let opposite = opposite.consolidate().expect("small weights");
        assert_eq!(batch.merge(&opposite), Ok(Batch::default()));
    }

    #[test]
    fn sums_out_of_range_are_errors() {
        let delta = Delta::from_iter([("a", i64::MAX), ("a", 1)]);
        assert_eq!(delta.consolidate(), Err(Overflow));
    }
}
