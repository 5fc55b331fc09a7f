//! A batch: a delta in which each row stands once, in order.
//!
//! # Shape       two columns, as in a delta; rows ascend strictly.
//! # Invariants  no row stands twice; no weight is zero. So two batches are the same change exactly
//!   if they are equal.
//! # Cost        from a delta of n entries O(n log n), or O(n) where each row comes often or rows begin differently, and up to
//!   eight entries are sorted where they stand; merge O(n + m); get O(log n).
//! # Not here    no change in place: a batch is a value to compare, to search and to show.

use std::hash::Hash;

use crate::algebra::{Overflow, Ring};
use crate::delta::Delta;
use crate::settle::settle;
use crate::{few, radix, repeats};

/// A consolidated, sorted change; see the [module](self).
#[derive(Clone)]
pub struct Batch<R, W = i64>(Delta<R, W>);

impl<R: Ord + Hash, W: Ring> Batch<R, W> {
    /// Sorts a delta, adds up the weights of equal rows and leaves out what cancels. Unless it is large the batch keeps the
    /// memory of the delta, of which it gives back what is more than eight times what it needs.
    ///
    /// # Errors
    /// [`Overflow`] where the weights of one row have no sum, whatever their order.
    #[inline]
    pub fn from_delta(mut delta: Delta<R, W>) -> Result<Self, Overflow> {
        if !cfg!(feature = "pool") || delta.len() > few::MOST {
            return Self::from_many(delta);
        }
        few::consolidate(&mut delta)?;
        delta.shrink_if_sparse();
        Ok(Self(delta))
    }

    /// What [`from_delta`](Self::from_delta) does for any number of entries.
    fn from_many(delta: Delta<R, W>) -> Result<Self, Overflow> {
        let delta = repeats::add_up(delta);
        let Some(range) = radix::Range::of(delta.rows()) else { return Self::by_comparing(delta) };
        let mut batch = Self(Delta::with_capacity(delta.len()));
        radix::sorted(delta, range).into_iter().try_for_each(|entries| batch.append(entries))?;
        Ok(batch)
    }

    /// What it does where no digits tell rows apart; the memory of the delta is that of the batch.
    fn by_comparing(mut delta: Delta<R, W>) -> Result<Self, Overflow> {
        let entries = radix::compared(delta.drain().collect());
        let mut batch = Self(delta);
        batch.append(entries)?;
        batch.0.shrink_if_sparse();
        Ok(batch)
    }

    /// Appends rows that follow all others, in order; adds up the weights of those that are equal.
    fn append(&mut self, mut entries: Vec<(R, W)>) -> Result<(), Overflow> {
        let mut are_sums = true;
        entries.dedup_by(|(row, weight), (kept, sum)| {
            if row != kept {
                return false;
            }
            // A weight that does not fit yet starts a sum of its own.
            let is_added = sum.try_add_assign(weight).is_ok();
            are_sums &= is_added;
            is_added
        });
        if !are_sums {
            add_partial_sums(&mut entries)?;
        }
        self.0.extend(entries);
        Ok(())
    }
}

/// Adds up the partial sums of each row, which are neighbours; all but the first become zero.
#[cold]
fn add_partial_sums<R: Eq, W: Ring>(entries: &mut [(R, W)]) -> Result<(), Overflow> {
    for run in entries.chunk_by_mut(|one, other| one.0 == other.0) {
        let Some(((_, sum), others)) = run.split_first_mut() else { continue };
        if settle(others, |(_, partial)| sum.try_add_assign(partial)) > 0 {
            return Err(Overflow);
        }
        others.iter_mut().for_each(|(_, partial)| *partial = W::zero());
    }
    Ok(())
}

impl<R: Ord + Hash, W: Ring> Delta<R, W> {
    /// The same change as a sorted batch in which each row stands once.
    ///
    /// # Errors
    /// [`Overflow`] where the weights of one row have no sum.
    #[inline]
    pub fn consolidate(self) -> Result<Batch<R, W>, Overflow> {
        Batch::from_delta(self)
    }
}

impl<R: Ord, W: Ring> Batch<R, W> {
    /// The weight of a row, zero if it does not stand here.
    #[must_use]
    pub fn get(&self, row: &R) -> W {
        self.rows().binary_search(row).map_or_else(|_| W::zero(), |i| self.weights()[i].clone())
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
        let mut merged = Self(Delta::with_capacity(self.len() + other.len()));
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
        debug_assert!(self.rows().last().is_none_or(|last| *last < row), "rows of a batch ascend");
        self.0.push(row, weight);
    }
}

impl<R, W> Batch<R, W> {
    /// How many different rows changed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows in ascending order.
    #[must_use]
    pub fn rows(&self) -> &[R] {
        self.0.rows()
    }

    /// The weights, in the order of their rows.
    #[must_use]
    pub fn weights(&self) -> &[W] {
        self.0.weights()
    }

    /// The rows in ascending order with their weights.
    pub fn iter(&self) -> std::iter::Zip<std::slice::Iter<'_, R>, std::slice::Iter<'_, W>> {
        self.0.iter()
    }

    /// The batch as a delta, which allows further pushes.
    #[must_use]
    pub fn into_delta(self) -> Delta<R, W> {
        self.0
    }
}

impl<R: PartialEq, W: PartialEq> PartialEq for Batch<R, W> {
    fn eq(&self, other: &Self) -> bool {
        self.rows() == other.rows() && self.weights() == other.weights()
    }
}

impl<R: Eq, W: Eq> Eq for Batch<R, W> {}

impl<R, W> Default for Batch<R, W> {
    fn default() -> Self {
        Self(Delta::new())
    }
}

impl<R: std::fmt::Debug, W: std::fmt::Debug> std::fmt::Debug for Batch<R, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
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
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::row::hash_of;

    #[test]
    fn consolidating_sorts_adds_and_cancels() {
        let delta: Delta<_> = [(3, 1), (1, 2), (3, -1), (2, 1), (1, 1)].into_iter().collect();
        let batch = delta.consolidate().expect("small weights");
        assert_eq!((batch.rows(), batch.weights()), (&[1, 2][..], &[3, 1][..]));
        assert_eq!((batch.get(&1), batch.get(&3)), (3, 0));
        assert_eq!(format!("{batch:?}"), "{1: +3, 2: +1}");
    }

    #[test]
    fn a_few_entries_in_every_order_are_consolidated() {
        let entry = |choice: usize| (choice / 3, choice as i64 % 3 - 1);
        for length in 0..=5 {
            for choices in 0..9_usize.pow(length) {
                let (rows, weights): (Vec<_>, Vec<_>) =
                    (0..length).map(|at| entry(choices / 9_usize.pow(at) % 9)).unzip();
                assert_consolidates(&Delta::from_columns(rows, weights).expect("two columns of one length"));
            }
        }
    }

    #[test]
    fn some_entries_are_consolidated() {
        for (len, different) in (0..60_u64).flat_map(|len| [(len, 3), (len, 20), (len, 1_000)]) {
            let random = |n: u64| hash_of(&(n, len, different));
            assert_consolidates(
                &(0..len).map(|n| (random(n) as usize % different, random(n + 99) as i64 % 3)).collect(),
            );
        }
    }

    /// The rows of a delta and their sums are those of a map; the weights may be zero before.
    fn assert_consolidates(delta: &Delta<usize>) {
        let mut model = BTreeMap::new();
        delta.iter().for_each(|(row, weight)| *model.entry(*row).or_insert(0) += weight);
        model.retain(|_, weight| *weight != 0);
        let batch = delta.clone().consolidate().expect("small weights");
        assert!(batch.iter().eq(&model), "{delta:?} became {batch:?}");
        assert_eq!(batch.rows().len(), batch.weights().len());
    }

    #[test]
    fn a_batch_keeps_no_memory_for_many_more_rows() {
        for entries in [3, 20] {
            let mut delta: Delta<u64> = Delta::with_capacity(100_000);
            delta.extend((0..entries).map(|row| (row, 1)));
            let batch = delta.consolidate().expect("small weights");
            assert_eq!(batch.len() as u64, entries);
            assert!(batch.into_delta().allocated_bytes() <= 64 * 16);
        }
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
        for others in [0, 20] {
            let mut delta = Delta::from_iter([("a", i64::MAX), ("a", 1)]);
            delta.extend((0..others).map(|_| ("b", 1)));
            assert_eq!(delta.consolidate(), Err(Overflow));
        }
    }
}
