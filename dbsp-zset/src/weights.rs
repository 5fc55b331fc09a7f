//! The weights of some rows, of which nearly all are one.
//!
//! # Shape       nothing while every weight is one; else a weight for each row.
//! # Cost        a row of weight one takes no memory here, in company of its like; else that of its weight.
//! # Not here    the rows, and how many there are: whoever owns both says so where it matters.
//!
//! Most collections are sets: a trace of rows of 24 bytes is a quarter smaller so, and a growing one has a quarter
//! fewer pages to get from the system. A weight that differs makes a column for its neighbours too. The column is
//! emptied once it is found to hold ones only, when its owner splits; its memory stays, to be used again.

use crate::algebra::{Overflow, Ring};

/// A column of weights; see the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Weights<W>(Vec<W>);

impl<W> Weights<W> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The weight of a row, which is `one` unless a column says otherwise.
    #[inline]
    pub(crate) fn get<'a>(&'a self, i: usize, one: &'a W) -> &'a W {
        self.0.get(i).unwrap_or(one)
    }

    /// The weight of a row.
    #[inline]
    pub(crate) fn at(&self, i: usize) -> W
    where
        W: Ring,
    {
        self.0.get(i).cloned().unwrap_or_else(W::one)
    }

    /// The column, empty if all weights are one.
    #[inline]
    pub(crate) fn column(&self) -> &[W] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        self.0.capacity() * size_of::<W>()
    }
}

impl<W: Ring> Weights<W> {
    /// Adds the weight of a row behind `rows` others; a column gets room for `room` rows.
    #[inline]
    pub(crate) fn push(&mut self, weight: W, rows: usize, room: usize) {
        if self.0.is_empty() {
            if weight == W::one() {
                return;
            }
            self.fill(rows, room);
        }
        self.0.push(weight);
    }

    /// Changes the weight of one of `rows` rows, and says whether it is zero now: the row has then to go.
    #[inline]
    pub(crate) fn change(
        &mut self,
        i: usize,
        rows: usize,
        room: usize,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
    ) -> Result<bool, Overflow> {
        if let Some(weight) = self.0.get_mut(i) {
            change(weight)?;
            return Ok(weight.is_zero());
        }
        let mut weight = W::one();
        change(&mut weight)?;
        if weight.is_zero() {
            return Ok(true);
        }
        if weight != W::one() {
            self.fill(rows, room);
            self.0[i] = weight;
        }
        Ok(false)
    }

    /// Removes the weight of a row; the last one moves to its place.
    #[inline]
    pub(crate) fn swap_remove(&mut self, i: usize) -> W {
        if self.0.is_empty() { W::one() } else { self.0.swap_remove(i) }
    }

    /// Adds the weight of a row at a place among `rows` others, of which those behind it move up.
    pub(crate) fn insert(&mut self, i: usize, weight: W, rows: usize, room: usize) {
        if self.0.is_empty() {
            if weight == W::one() {
                return;
            }
            self.fill(rows, room);
        }
        self.0.insert(i, weight);
    }

    /// Removes the weight of a row, and moves those behind it down.
    pub(crate) fn remove(&mut self, i: usize) {
        if !self.0.is_empty() {
            self.0.remove(i);
        }
    }

    /// Takes the weights of the rows from a place on.
    pub(crate) fn split_off(&mut self, at: usize, room: usize) -> Self {
        let mut right = Self::new();
        if self.0.iter().skip(at).any(|weight| *weight != W::one()) {
            right.0.reserve_exact(room);
            right.0.extend(self.0.drain(at..));
        }
        self.0.truncate(at);
        self.forget_ones();
        right
    }

    /// Removes the weight of the last row.
    pub(crate) fn pop(&mut self) -> W {
        self.0.pop().unwrap_or_else(W::one)
    }

    /// Does without a column if all weights are one by now; its memory stays.
    pub(crate) fn forget_ones(&mut self) {
        if self.0.iter().all(|weight| *weight == W::one()) {
            self.0.clear();
        }
    }

    /// Makes a column for `rows` rows.
    #[inline(never)]
    fn fill(&mut self, rows: usize, room: usize) {
        self.0.reserve_exact(room);
        self.0.resize(rows, W::one());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::Semigroup;

    #[test]
    fn a_column_is_there_only_where_a_weight_differs() {
        let mut weights = Weights::new();
        (0..3).for_each(|rows| weights.push(1, rows, 8));
        assert_eq!((weights.column(), weights.allocated_bytes()), (&[][..], 0));
        weights.push(5, 3, 8);
        assert_eq!((weights.column(), weights.get(3, &1)), (&[1, 1, 1, 5][..], &5));
        assert_eq!((weights.swap_remove(0), weights.column()), (1, &[5, 1, 1][..]));
        let add = |more: i64| move |weight: &mut i64| weight.try_add_assign(&more);
        assert_eq!(weights.change(0, 3, 8, add(-4)), Ok(false));
        weights.forget_ones();
        assert_eq!((weights.column(), weights.get(2, &1)), (&[][..], &1));
        assert_eq!(weights.change(1, 3, 8, add(-1)), Ok(true));
        assert_eq!((weights.swap_remove(1), weights.pop()), (1, 1));
        assert_eq!(weights.change(0, 1, 8, add(i64::MAX)), Err(Overflow));
        assert_eq!(weights.change(0, 1, 8, add(2)), Ok(false));
        assert_eq!(weights.column(), [3]);
    }
}
