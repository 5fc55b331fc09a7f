//! The weights of a leaf's rows, of which nearly all are one.
//!
//! # Shape       nothing while every weight is one; else a weight for each row.
//! # Cost        a row of weight one takes no memory here, in company of its like; else that of its weight.
//! # Not here    the rows, and how many there are: the leaf says so where it matters.

use crate::algebra::{Overflow, Ring};

/// A column of weights; see the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Weights<W>(Option<Box<Column<W>>>);

/// A weight for each row.
#[derive(Clone, Debug)]
struct Column<W> {
    weights: Vec<W>,
}

impl<W> Weights<W> {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// The weight of a row.
    #[inline]
    pub(super) fn at(&self, i: usize) -> W
    where
        W: Ring,
    {
        self.0.as_ref().and_then(|column| column.weights.get(i)).cloned().unwrap_or_else(W::one)
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        let bytes = |column: &Column<W>| size_of::<Column<W>>() + column.weights.capacity() * size_of::<W>();
        self.0.as_deref().map_or(0, bytes)
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
        if let Some(weight) = self.0.as_mut().and_then(|column| column.weights.get_mut(i)) {
            change(weight)?;
            return Ok(weight.is_zero());
        }
        let mut weight = W::one();
        change(&mut weight)?;
        if weight.is_zero() {
            return Ok(true);
        }
        if weight != W::one() {
            self.fill(rows, room)[i] = weight;
        }
        Ok(false)
    }

    /// Adds the weight of a row at a place among `rows` others, of which those behind it move up; the leaf has room for
    /// so many rows.
    pub(super) fn insert(&mut self, i: usize, weight: W, rows: usize, room: usize) {
        if let Some(column) = &mut self.0 {
            column.weights.reserve_exact(room - rows);
            column.weights.insert(i, weight);
        } else if weight != W::one() {
            self.fill(rows, room).insert(i, weight);
        }
    }

    /// Removes the weight of a row, and moves those behind it down.
    pub(super) fn remove(&mut self, i: usize) {
        if let Some(column) = &mut self.0 {
            column.weights.remove(i);
        }
    }

    /// Takes the weights of the rows from a place on, for a leaf with room for so many.
    pub(super) fn split_off(&mut self, at: usize, room: usize) -> Self {
        let mut right = Self::new();
        if let Some(column) = &mut self.0 {
            let mut weights = Vec::with_capacity(room);
            weights.extend(column.weights.drain(at..));
            right.0 = Some(Box::new(Column { weights }));
        }
        right.forget_ones();
        self.forget_ones();
        right
    }

    /// Gives memory back that only more rows than there is room for could use.
    pub(super) fn shrink(&mut self, room: usize) {
        if let Some(column) = &mut self.0 {
            column.weights.shrink_to(room);
        }
    }

    /// Does without a column if all weights are one by now.
    pub(super) fn forget_ones(&mut self) {
        if self.0.as_ref().is_some_and(|column| column.weights.iter().all(|weight| *weight == W::one())) {
            self.0 = None;
        }
    }

    /// Makes a column for `rows` rows.
    #[inline(never)]
    fn fill(&mut self, rows: usize, room: usize) -> &mut Vec<W> {
        let mut weights = Vec::with_capacity(room);
        weights.resize(rows, W::one());
        &mut self.0.insert(Box::new(Column { weights })).weights
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
