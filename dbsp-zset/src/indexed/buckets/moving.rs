//! A vector that grows and shrinks by moving a few values at a time.
//!
//! # Shape       `front` has the first values, and `rest` those that have not moved there. Mostly all are in `front`, and
//!   `rest` owns nothing.
//! # Invariants  what has moved is in `front` alone: nothing is left behind that would be dropped when the last one has moved.
//! # Cost        index: as that of a `Vec`, and one comparison more for values that have still to move; push, pop: O(1), with
//!   [`MOVES`] values moved where it takes that; there is no step in which all are.
//! # Not here    which values are in use: see [`arena`](super::arena).
//!
//! What every row looks at stands here, so that an index has no list of pages to read first. Pages of one place, a box for each
//! bucket, took as many instructions, and 12 % more time for steps over a million rows; pages of 16 or 256 took 265 instead of 250
//! instructions a row and 2 to 6 % more time.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

/// So many values move with one that comes or goes: all have moved before there is no room for the next one.
const MOVES: usize = 6;
/// Up to so many values a `Vec` that doubles moves them at once.
const FEW: usize = 64;

/// Values that move a few at a time; see the [module](self).
#[derive(Clone)]
pub(super) struct Moving<T> {
    front: Vec<T>,
    rest: VecDeque<T>,
}

impl<T> Moving<T> {
    pub(super) const fn new() -> Self {
        Self { front: Vec::new(), rest: VecDeque::new() }
    }

    /// How many values there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.front.len() + self.rest.len()
    }

    /// All values in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.front.iter().chain(&self.rest)
    }

    /// All values in order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.front.iter_mut().chain(&mut self.rest)
    }

    /// Bytes of memory owned, not counting what values own.
    pub(super) fn allocated_bytes(&self) -> usize {
        (self.front.capacity() + self.rest.capacity()) * size_of::<T>()
    }
}

impl<T> Moving<T> {
    /// Appends a value.
    pub(super) fn push(&mut self, value: T) {
        let capacity = self.front.capacity();
        if self.rest.is_empty() && (capacity <= FEW || self.front.len() < capacity / 4 * 3) {
            self.front.push(value);
            return;
        }
        self.start(2 * capacity);
        self.rest.push_back(value);
        self.go_on();
    }

    /// Takes the last value out.
    pub(super) fn pop(&mut self) -> Option<T> {
        let (len, capacity) = (self.front.len(), self.front.capacity());
        if self.rest.is_empty() && (capacity <= FEW || len > capacity / 3) {
            return self.front.pop();
        }
        self.start(2 * len);
        let value = self.rest.pop_back();
        self.go_on();
        value
    }

    /// Exchanges the values of two different places.
    pub(super) fn swap(&mut self, one: usize, other: usize)
    where
        T: Default,
    {
        let value = std::mem::take(&mut self[one]);
        let value = std::mem::replace(&mut self[other], value);
        self[one] = value;
    }

    /// Makes room elsewhere, if values do not move yet.
    fn start(&mut self, capacity: usize) {
        if self.rest.is_empty() {
            self.rest = std::mem::replace(&mut self.front, Vec::with_capacity(capacity)).into();
        }
    }

    /// Moves some values; the memory is freed when the last one has moved.
    fn go_on(&mut self) {
        let moving = self.rest.len().min(MOVES);
        self.front.extend(self.rest.drain(..moving));
        if self.rest.is_empty() {
            self.rest = VecDeque::new();
        }
    }
}

impl<T> Index<usize> for Moving<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        match self.front.get(at) {
            Some(value) => value,
            None => &self.rest[at - self.front.len()],
        }
    }
}

impl<T> IndexMut<usize> for Moving<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        let moved = self.front.len();
        match self.front.get_mut(at) {
            Some(value) => value,
            None => &mut self.rest[at - moved],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_move_are_where_they_were() {
        let (mut moving, mut model) = (Moving::new(), Vec::new());
        let mut most = 0;
        for round in 0..64_000_usize {
            // Up, down for a while in the midst of it, and down to nothing.
            if round < 10_000 || (12_000..34_000).contains(&round) {
                moving.push(round);
                model.push(round);
            } else {
                assert_eq!(moving.pop(), model.pop());
            }
            assert_eq!(moving.len(), model.len());
            if let Some(last) = model.len().checked_sub(1) {
                let (at, other) = (round * 7_919 % model.len(), round * 31 % model.len());
                if at != other {
                    moving.swap(at, other);
                    model.swap(at, other);
                }
                assert_eq!((moving[at], moving[other], moving[last]), (model[at], model[other], model[last]));
            }
            if round % 997 == 0 {
                assert!(
                    moving.iter().eq(&model)
                        && moving.iter_mut().map(|value| *value).eq(model.iter().copied())
                );
                assert!(moving.allocated_bytes() <= 8 * (7 * model.len() + 4 * FEW));
            }
            most = most.max(moving.allocated_bytes());
        }
        assert!(moving.len() < 100 && most > 30_000 * 8);
        assert!(moving.clone().iter().eq(&model));
    }

    #[test]
    fn a_place_that_moves_has_the_room_that_it_needs() {
        let mut moving = Moving::new();
        // Up to here the allocator may or may not make a vector longer where it stands.
        (0..=FEW).for_each(|n| moving.push(n));
        for n in FEW + 1..100_000 {
            let (front, rest) = (moving.front.as_ptr(), moving.rest.capacity());
            let is_moving = !moving.rest.is_empty();
            moving.push(n);
            // Neither is copied to make it longer: they take turns.
            assert!(moving.front.as_ptr() == front || !is_moving, "{n}");
            assert!(!is_moving || moving.rest.is_empty() || moving.rest.capacity() == rest, "{n}");
        }
        assert!((0..100_000).all(|n| moving[n] == n));
    }
}
