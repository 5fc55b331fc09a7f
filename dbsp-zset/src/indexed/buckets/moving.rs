//! A vector that grows and shrinks by moving a few values at a time.
//!
//! # Shape       two vectors: `front` has the first values, and `rest` those that have not moved there. Mostly all are in
//!   `front`, and `rest` owns nothing.
//! # Invariants  while values move, `rest` is as long as the whole, and hollow where a value has moved.
//! # Cost        index: as that of a `Vec`, and one comparison more for values that have still to move; push, pop: O(1), with
//!   [`MOVES`] values moved where it takes that; there is no step in which all are.
//! # Not here    which values are in use: see [`arena`](super::arena).
//!
//! What every row looks at stands here, so that an index has no list of pages to read first. Pages of one place, a box for each
//! bucket, took as many instructions, and 12 % more time for steps over a million rows; pages of 16 or 256 took 265 instead of 250
//! instructions a row and 2 to 6 % more time.

use std::ops::{Index, IndexMut};

/// So many values move with one that comes or goes: all have moved before there is no room for the next one.
const MOVES: usize = 6;
/// Up to so many values a `Vec` that doubles moves them at once.
const FEW: usize = 64;

/// Values that move a few at a time; see the [module](self).
#[derive(Clone)]
pub(super) struct Moving<T> {
    front: Vec<T>,
    rest: Vec<T>,
}

impl<T> Moving<T> {
    pub(super) const fn new() -> Self {
        Self { front: Vec::new(), rest: Vec::new() }
    }

    /// How many values there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.front.len().max(self.rest.len())
    }

    /// All values in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.front.iter().chain(self.rest.iter().skip(self.front.len()))
    }

    /// All values in order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let moved = self.front.len();
        self.front.iter_mut().chain(self.rest.iter_mut().skip(moved))
    }

    /// Bytes of memory owned, not counting what values own.
    pub(super) fn allocated_bytes(&self) -> usize {
        (self.front.capacity() + self.rest.capacity()) * size_of::<T>()
    }
}

impl<T> Moving<T> {
    #[cold]
    fn not_moved(&self, at: usize) -> &T {
        &self.rest[at]
    }
}

/// A value that has not moved.
#[cold]
fn not_moved<T>(rest: &mut [T], at: usize) -> &mut T {
    &mut rest[at]
}

impl<T: Default> Moving<T> {
    /// Appends a value.
    pub(super) fn push(&mut self, value: T) {
        let capacity = self.front.capacity();
        if self.rest.is_empty() && (capacity <= FEW || self.front.len() < capacity / 4 * 3) {
            self.front.push(value);
            return;
        }
        self.start(2 * capacity);
        self.rest.push(value);
        self.go_on();
    }

    /// Takes the last value out.
    pub(super) fn pop(&mut self) -> Option<T> {
        let (len, capacity) = (self.front.len(), self.front.capacity());
        if self.rest.is_empty() && (capacity <= FEW || len > capacity / 3) {
            return self.front.pop();
        }
        self.start(2 * len);
        let value = self.rest.pop();
        self.go_on();
        value
    }

    /// Exchanges the values of two different places.
    pub(super) fn swap(&mut self, one: usize, other: usize) {
        let value = std::mem::take(&mut self[one]);
        let value = std::mem::replace(&mut self[other], value);
        self[one] = value;
    }

    /// Makes room elsewhere, if values do not move yet.
    fn start(&mut self, capacity: usize) {
        if self.rest.is_empty() {
            self.rest = std::mem::replace(&mut self.front, Vec::with_capacity(capacity));
        }
    }

    /// Moves some values; the memory is freed when the last one has moved.
    fn go_on(&mut self) {
        let moved = self.front.len();
        let until = self.rest.len().min(moved + MOVES);
        self.front.extend(self.rest[moved..until].iter_mut().map(std::mem::take));
        if until == self.rest.len() {
            self.rest = Vec::new();
        }
    }
}

impl<T> Index<usize> for Moving<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        match self.front.get(at) {
            Some(value) => value,
            None => self.not_moved(at),
        }
    }
}

impl<T> IndexMut<usize> for Moving<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        match self.front.get_mut(at) {
            Some(value) => value,
            None => not_moved(&mut self.rest, at),
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
            let (front, rest) = (moving.front.as_ptr(), moving.rest.as_ptr());
            let is_moving = !moving.rest.is_empty();
            moving.push(n);
            // Neither vector is copied to make it longer: they take turns.
            assert!(moving.front.as_ptr() == front || moving.rest.as_ptr() == front, "{n}");
            assert!(!is_moving || moving.rest.is_empty() || moving.rest.as_ptr() == rest, "{n}");
        }
        assert!((0..100_000).all(|n| moving[n] == n));
    }
}
