//! The weights of a leaf's rows, of which nearly all are one.
//!
//! # Shape       nothing while every weight is one; else a weight for each row.
//! # Cost        a row of weight one takes no memory here, in company of its like; else that of its weight.
//! # Not here    the rows, and how many there are: the leaf says so where it matters.

use crate::algebra::{Overflow, Ring};

/// A column of weights; see the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Weights<W>(Vec<W>);

impl<W> Weights<W> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The weight of a row.
    #[inline]
    pub(super) fn at(&self, i: usize) -> W
    where
        W: Ring,
    {
        self.0.get(i).cloned().unwrap_or_else(W::one)
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.0.capacity() * size_of::<W>()
    }
}

impl<W: Ring> Weights<W> {
    /// Changes the weight of one of `rows` rows, and says whether it is zero now: the row has then to go.
    #[inline]
    pub(super) fn change(
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

    /// Adds the weight of a row at a place among `rows` others, of which those behind it move up.
    pub(super) fn insert(&mut self, i: usize, weight: W, rows: usize, room: usize) {
        if self.0.is_empty() {
            if weight == W::one() {
                return;
            }
            self.fill(rows, room);
        }
        self.0.insert(i, weight);
    }

    /// Removes the weight of a row, and moves those behind it down.
    pub(super) fn remove(&mut self, i: usize) {
        if !self.0.is_empty() {
            self.0.remove(i);
        }
    }

    /// Takes the weights of the rows from a place on.
    pub(super) fn split_off(&mut self, at: usize, room: usize) -> Self {
        let mut right = Self::new();
        if self.0.iter().skip(at).any(|weight| *weight != W::one()) {
            right.0.reserve_exact(room);
            right.0.extend(self.0.drain(at..));
        }
        self.0.truncate(at);
        self.forget_ones();
        right
    }

    /// Does without a column if all weights are one by now; its memory stays.
    pub(super) fn forget_ones(&mut self) {
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
        (0..3).for_each(|rows| weights.insert(0, 1, rows, 8));
        assert_eq!((weights.at(1), weights.allocated_bytes()), (1, 0));
        weights.insert(1, 5, 3, 8);
        assert_eq!([0, 1, 2, 3].map(|i| weights.at(i)), [1, 5, 1, 1]);
        weights.remove(0);
        assert_eq!([0, 1, 2].map(|i| weights.at(i)), [5, 1, 1]);
        let add = |more: i64| move |weight: &mut i64| weight.try_add_assign(&more);
        assert_eq!(weights.change(0, 3, 8, add(-4)), Ok(false));
        weights.forget_ones();
        assert_eq!(weights.change(1, 3, 8, add(-1)), Ok(true));
        weights.remove(1);
        assert_eq!(weights.change(0, 2, 8, add(i64::MAX)), Err(Overflow));
        assert_eq!(weights.change(0, 2, 8, add(2)), Ok(false));
        let right = weights.split_off(1, 8);
        assert_eq!((weights.at(0), right.at(0), right.allocated_bytes()), (3, 1, 0));
    }
}
