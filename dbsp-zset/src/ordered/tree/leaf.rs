//! A leaf of a tree: up to 32 rows in order.
//!
//! # Shape       the values in a vector; their weights apart from them, and only where one is not one.
//! # Invariants  values ascend strictly; no weight is zero.
//! # Cost        find: O(log 32); insert and remove: the rows behind the place move.

use std::cmp::Ordering;

use crate::algebra::{Overflow, Ring};
use crate::ordered::tree::capacity_above;
use crate::ordered::tree::weights::Weights;

/// The most rows of a leaf.
const LEAF: usize = 32;

/// So many rows that come together into one leaf are a run of neighbours.
const RUN: usize = LEAF / 4;

/// Rows in order; see the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Leaf<V, W> {
    values: Vec<V>,
    weights: Weights<W>,
}

/// Whether a weight is added or taken back.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Add,
    Subtract,
}

/// What a change made of a leaf.
pub(super) enum Changed {
    /// By so many rows it has grown.
    Rows(isize),
    /// It is full, and has to be split first: the row belongs at this place.
    Full(usize),
}

impl Direction {
    #[inline]
    fn apply<W: Ring>(self, sum: &mut W, weight: &W) -> Result<(), Overflow> {
        match self {
            Self::Add => sum.try_add_assign(weight),
            Self::Subtract => sum.try_sub_assign(weight),
        }
    }
}

impl<V, W> Leaf<V, W> {
    pub(super) const EMPTY: Self = Self { values: Vec::new(), weights: Weights::new() };

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The least value.
    pub(super) fn low(&self) -> Option<&V> {
        self.values.first()
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.values.capacity() * size_of::<V>() + self.weights.allocated_bytes()
    }

    /// For how many rows there is room: a vector of values without a size has it for any number.
    fn room(&self) -> usize {
        self.values.capacity().min(LEAF)
    }
}

impl<V, W: Ring> Leaf<V, W> {
    /// The rows in order.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = (&V, W)> {
        self.values.iter().enumerate().map(|(i, value)| (value, self.weights.at(i)))
    }

    /// Visits in order the rows that `place` calls `Equal`.
    pub(super) fn visit_range<'a>(
        &'a self,
        place: &impl Fn(&V) -> Ordering,
        visit: &mut impl FnMut(&'a V, W),
    ) {
        let start = self.values.partition_point(|value| place(value).is_lt());
        let values = self.values.iter().enumerate().skip(start);
        for (i, value) in values.take_while(|(_, value)| place(value).is_eq()) {
            visit(value, self.weights.at(i));
        }
    }

    /// Takes the right part of a full leaf, in which the next row belongs at a place and `just` rows before it came
    /// together with it. Where many do, or all come in order, those to follow go to the right part: the left one
    /// then stays as full as it is. Else the parts are halves.
    pub(super) fn split_off(&mut self, place: usize, just: usize) -> Self {
        let is_run = just >= RUN || place == LEAF;
        let at = if is_run { place.clamp(LEAF / 2, LEAF - 1) } else { LEAF / 2 };
        let room = if is_run { LEAF } else { capacity_above(LEAF - at, LEAF) };
        let mut values = Vec::with_capacity(room);
        values.extend(self.values.drain(at..));
        let weights = self.weights.split_off(at, room);
        let room = capacity_above(at, LEAF);
        if room < self.room() {
            // Shrinking in place gives many allocators nothing back.
            let mut left = Vec::with_capacity(room);
            left.append(&mut self.values);
            self.values = left;
            self.weights.shrink(room);
        }
        Self { values, weights }
    }
}

impl<V: Ord + Clone, W: Ring> Leaf<V, W> {
    /// Adds or subtracts the weight of a row.
    #[inline]
    pub(super) fn change(
        &mut self,
        value: &V,
        weight: &W,
        direction: Direction,
    ) -> Result<Changed, Overflow> {
        let room = self.room();
        let Self { values, weights } = self;
        match values.binary_search(value) {
            Ok(i) => {
                let change = |sum: &mut W| direction.apply(sum, weight);
                if weights.change(i, values.len(), room, change)? {
                    let gone = values.remove(i);
                    weights.remove(i);
                    drop(gone);
                    return Ok(Changed::Rows(-1));
                }
                Ok(Changed::Rows(0))
            }
            Err(i) if values.len() == LEAF => Ok(Changed::Full(i)),
            Err(i) => {
                let mut sum = W::zero();
                direction.apply(&mut sum, weight)?;
                if sum.is_zero() {
                    return Ok(Changed::Rows(0));
                }
                let value = value.clone();
                if values.len() == values.capacity() {
                    values.reserve_exact(capacity_above(values.len(), LEAF) - values.len());
                }
                weights.insert(i, sum, values.len(), values.capacity().min(LEAF));
                values.insert(i, value);
                Ok(Changed::Rows(1))
            }
        }
    }
}
