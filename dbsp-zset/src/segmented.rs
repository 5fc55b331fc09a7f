//! A vector in segments of a bounded size: it grows and shrinks without moving what it holds.
//!
//! # Shape       `first` is a `Vec` that grows by doubling up to [`SegmentedVec::FIRST`] values, about `NEAR` bytes; behind it
//!   come segments of [`SegmentedVec::SEGMENT`] values each, about 32 KiB, all of them full but the last.
//! # Invariants  values stand in `first` until it is full, then in the segments in order; empty segments come last.
//! # Cost        push, pop: O(1) amortised, O(`FIRST`) in the worst case, however long the vector is: a `Vec` of a million
//!   rows that doubles copies all of them in one step. Index: that of a `Vec` within `first`, and one more load behind it.
//! # Not here    no slice of all values: there is none.
//!
//! Hysteresis: a vector keeps as many empty segments as it has full ones, so that one which swings by half allocates nothing.

use std::ops::{Index, IndexMut};

/// A vector in segments, of which the first `NEAR` bytes are one piece; see the [module](self).
///
/// The piece is as fast as a `Vec`, and doubling it for the last time moves half of it: 10 µs for 128 KiB, 150 µs for 4 MiB.
///
/// ```
/// use dbsp_zset::SegmentedVec;
///
/// let mut rows: SegmentedVec<u64> = (0..100_000).collect();
/// assert_eq!((rows[70_000], rows.pop(), rows.len()), (70_000, Some(99_999), 99_999));
/// assert_eq!(rows.swap_remove(5), 5);
/// assert_eq!(rows[5], 99_998);
/// ```
#[derive(Clone, Debug)]
pub struct SegmentedVec<T, const NEAR: usize = { 128 << 10 }> {
    first: Vec<T>,
    rest: Vec<Vec<T>>,
    len: usize,
}

impl<T, const NEAR: usize> SegmentedVec<T, NEAR> {
    /// How many values a segment holds: a power of two.
    pub const SEGMENT: usize = {
        let bytes = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let values = (32 << 10) / bytes;
        if values < 16 { 16 } else { 1 << values.ilog2() }
    };
    /// How many values stand before the first segment: as many as fit into `NEAR` bytes, and a segment in any case.
    pub const FIRST: usize = {
        let bytes = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let segments = NEAR / bytes / Self::SEGMENT;
        if segments == 0 { Self::SEGMENT } else { segments * Self::SEGMENT }
    };

    /// A vector without values, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { first: Vec::new(), rest: Vec::new(), len: 0 }
    }

    /// How many values there are.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// In which segment a position behind `first` lies; for one in `first` a segment that never exists.
    #[inline]
    const fn segment(at: usize) -> usize {
        (at / Self::SEGMENT).wrapping_sub(Self::FIRST / Self::SEGMENT)
    }

    /// How many segments `len` values reach into.
    const fn segments(len: usize) -> usize {
        len.saturating_sub(Self::FIRST).div_ceil(Self::SEGMENT)
    }

    /// The values before the first segment: all of them, if there are not more than [`FIRST`](Self::FIRST).
    #[inline]
    pub(crate) fn first(&self) -> &[T] {
        &self.first
    }

    /// As [`first`](Self::first), with leave to change them.
    #[inline]
    pub(crate) fn first_mut(&mut self) -> &mut [T] {
        &mut self.first
    }

    /// All values, unless some stand behind the first piece: an index into a slice is cheaper.
    #[inline]
    #[must_use]
    pub fn as_one(&self) -> Option<&[T]> {
        (self.len <= Self::FIRST).then_some(&self.first)
    }

    /// All values with leave to change them, unless some stand behind the first piece: an index into a slice is cheaper.
    #[inline]
    pub fn as_one_mut(&mut self) -> Option<&mut [T]> {
        (self.len <= Self::FIRST).then_some(&mut self.first)
    }

    /// The value at a position, if there is one.
    #[inline]
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&T> {
        match self.first.get(at) {
            Some(value) => Some(value),
            None => self.rest.get(Self::segment(at))?.get(at % Self::SEGMENT),
        }
    }

    /// The value at a position with leave to change it, if there is one.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        match self.first.get_mut(at) {
            Some(value) => Some(value),
            None => self.rest.get_mut(Self::segment(at))?.get_mut(at % Self::SEGMENT),
        }
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: T) {
        if self.len < Self::FIRST && self.first.len() < self.first.capacity() {
            self.first.push(value);
        } else {
            self.push_slow(value);
        }
        self.len += 1;
    }

    /// Appends a value behind `first`, or where `first` has no room.
    #[inline(never)]
    fn push_slow(&mut self, value: T) {
        if self.len < Self::FIRST {
            let capacity = (2 * self.first.capacity()).clamp(4, Self::FIRST);
            self.first.reserve_exact(capacity - self.first.len());
            self.first.push(value);
            return;
        }
        let at = Self::segment(self.len);
        if at == self.rest.len() {
            self.rest.push(Vec::with_capacity(Self::SEGMENT));
        }
        self.rest[at].push(value);
    }

    /// Takes the last value out.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        if self.len > Self::FIRST {
            return self.pop_behind();
        }
        let value = self.first.pop()?;
        self.len -= 1;
        Some(value)
    }

    /// Takes the last value out of the last segment; gives memory back when that is empty by now.
    #[inline(never)]
    fn pop_behind(&mut self) -> Option<T> {
        let last = self.len - 1;
        let value = self.rest[Self::segment(last)].pop();
        self.len = last;
        if last.is_multiple_of(Self::SEGMENT) {
            self.rest.truncate(2 * Self::segments(last) + 1);
        }
        value
    }

    /// Takes the value at a position out; the last one moves there.
    ///
    /// # Panics
    /// If there is no value at the position.
    #[inline]
    pub fn swap_remove(&mut self, at: usize) -> T {
        assert!(at < self.len, "position {at} is within the {} values", self.len);
        let last = self.pop().expect("there is a value");
        match self.get_mut(at) {
            Some(value) => std::mem::replace(value, last),
            None => last,
        }
    }

    /// Keeps the first `len` values and all memory. O(values that go).
    pub fn truncate(&mut self, len: usize) {
        // From the back: if dropping a value panics, those before it are still there.
        while self.len > len.max(Self::FIRST) {
            let at = Self::segment(self.len - 1);
            self.len = len.max(Self::FIRST + at * Self::SEGMENT);
            self.rest[at].truncate(self.len - (Self::FIRST + at * Self::SEGMENT));
        }
        if self.len > len {
            self.len = len;
            self.first.truncate(len);
        }
    }

    /// Removes every value and keeps the memory. O(values).
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Makes room for `additional` further values before the first segment: segments are made when they are needed, and have
    /// their full size from the start.
    pub fn reserve(&mut self, additional: usize) {
        if self.len < Self::FIRST {
            let needed = (self.first.len().saturating_add(additional)).min(Self::FIRST);
            if needed > self.first.capacity() {
                // At least doubled, so that many small calls do not copy each time.
                let capacity = needed.max((2 * self.first.capacity()).min(Self::FIRST));
                self.first.reserve_exact(capacity - self.first.len());
            }
        }
    }

    /// Gives back what memory is not needed for the values that there are. O(`FIRST` + segments).
    pub fn shrink_to_fit(&mut self) {
        self.shrink_to(0);
    }

    /// Gives back what memory is not needed for the values that there are, nor for `capacity` of them. O(`FIRST` + segments).
    pub fn shrink_to(&mut self, capacity: usize) {
        let needed = self.len.max(capacity);
        self.rest.truncate(Self::segments(needed));
        self.rest.shrink_to(Self::segments(needed));
        self.first.shrink_to(needed);
    }

    /// For how many values there is memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.first.capacity().saturating_add(self.rest.len() * Self::SEGMENT)
    }

    /// All values in order.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { segment: self.first.iter(), segments: self.rest.iter(), left: self.len }
    }

    /// All values in order with leave to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(self.rest.iter_mut().flatten())
    }

    /// Takes all values out, in order, and keeps the memory. What is left when the iterator is dropped goes as well.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        let len = std::mem::take(&mut self.len);
        Drain { segment: self.first.drain(..), segments: self.rest.iter_mut(), left: len }
    }

    /// Bytes of memory owned, not counting what values own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        // Room for values without a size takes no memory.
        let bytes = if size_of::<T>() == 0 { 0 } else { self.capacity() * size_of::<T>() };
        self.rest.capacity() * size_of::<Vec<T>>() + bytes
    }
}

impl<T: Clone, const NEAR: usize> SegmentedVec<T, NEAR> {
    /// Makes the vector `len` values long: further ones are clones of `value`.
    pub fn resize(&mut self, len: usize, value: &T) {
        self.truncate(len);
        while self.len < len {
            self.push(value.clone());
        }
    }
}

impl<T, const NEAR: usize> Default for SegmentedVec<T, NEAR> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const NEAR: usize> Index<usize> for SegmentedVec<T, NEAR> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        match self.first.get(at) {
            Some(value) => value,
            None => &self.rest[Self::segment(at)][at % Self::SEGMENT],
        }
    }
}

impl<T, const NEAR: usize> IndexMut<usize> for SegmentedVec<T, NEAR> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        match self.first.get_mut(at) {
            Some(value) => value,
            None => &mut self.rest[Self::segment(at)][at % Self::SEGMENT],
        }
    }
}

impl<T, const NEAR: usize> Extend<T> for SegmentedVec<T, NEAR> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl<T, const NEAR: usize> FromIterator<T> for SegmentedVec<T, NEAR> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut vector = Self::new();
        vector.extend(values);
        vector
    }
}

impl<'a, T, const NEAR: usize> IntoIterator for &'a SegmentedVec<T, NEAR> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The values of a [`SegmentedVec`] in order.
#[derive(Debug)]
pub struct Iter<'a, T> {
    segment: std::slice::Iter<'a, T>,
    segments: std::slice::Iter<'a, Vec<T>>,
    left: usize,
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self { segment: self.segment.clone(), segments: self.segments.clone(), left: self.left }
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(value) = self.segment.next() {
                self.left -= 1;
                return Some(value);
            }
            self.segment = self.segments.next()?.iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }

    /// Segment by segment: a loop over a slice for each.
    fn fold<B, F: FnMut(B, &'a T) -> B>(self, init: B, mut fold: F) -> B {
        let sum = self.segment.fold(init, &mut fold);
        self.segments.fold(sum, |sum, segment| segment.iter().fold(sum, &mut fold))
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

/// Takes the values out of a [`SegmentedVec`].
struct Drain<'a, T> {
    segment: std::vec::Drain<'a, T>,
    segments: std::slice::IterMut<'a, Vec<T>>,
    left: usize,
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(value) = self.segment.next() {
                self.left -= 1;
                return Some(value);
            }
            self.segment = self.segments.next()?.drain(..);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> Drop for Drain<'_, T> {
    fn drop(&mut self) {
        /// Empties what is left also where dropping a value panics: no segment may keep values that are not counted.
        struct Rest<'b, 'a, T>(&'b mut std::slice::IterMut<'a, Vec<T>>);

        impl<T> Drop for Rest<'_, '_, T> {
            fn drop(&mut self) {
                self.0.for_each(Vec::clear);
            }
        }
        let rest = Rest(&mut self.segments);
        rest.0.for_each(Vec::clear);
    }
}

impl<T, const NEAR: usize> IntoIterator for SegmentedVec<T, NEAR> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { segment: self.first.into_iter(), segments: self.rest.into_iter(), left: self.len }
    }
}

/// The values of a [`SegmentedVec`] that is used up, in order.
#[derive(Debug)]
pub struct IntoIter<T> {
    segment: std::vec::IntoIter<T>,
    segments: std::vec::IntoIter<Vec<T>>,
    left: usize,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(value) = self.segment.next() {
                self.left -= 1;
                return Some(value);
            }
            self.segment = self.segments.next()?.into_iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for IntoIter<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random pushes, pops and removals against a `Vec`.
    fn agrees_with_a_vector<T: Clone + PartialEq + std::fmt::Debug>(value: impl Fn(u64) -> T) {
        let mut state = 3_u64;
        let mut random = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        let (mut vector, mut model) = (SegmentedVec::<T>::new(), Vec::new());
        for round in 0..60_000 {
            match random(10) {
                0 if !model.is_empty() => {
                    let at = random(model.len() as u64) as usize;
                    assert_eq!(vector.swap_remove(at), model.swap_remove(at));
                }
                _ if round / 20_000 == 1 => assert_eq!(vector.pop(), model.pop()),
                1 if round % 997 == 0 => {
                    let len = model.len() / 2;
                    vector.truncate(len);
                    model.truncate(len);
                }
                _ => {
                    vector.push(value(round));
                    model.push(value(round));
                }
            }
            assert_eq!((vector.len(), vector.get(model.len())), (model.len(), None));
            assert_eq!(vector.get(model.len() / 2), model.get(model.len() / 2));
        }
        assert!(vector.iter().eq(&model) && vector.iter().len() == model.len());
        assert_eq!(vector.iter().fold(0, |count, _| count + 1), model.len());
        assert!(vector.clone().into_iter().eq(model.iter().cloned()));
        assert!(vector.drain().eq(model));
        assert!(vector.is_empty() && vector.iter().next().is_none());
        vector.extend((0..9_000).map(&value));
        vector.drain().nth(3);
        vector.push(value(7));
        assert!(vector.iter().eq([&value(7)]), "what a drain did not give is gone");
    }

    #[test]
    fn values_of_all_sizes_agree_with_a_vector() {
        agrees_with_a_vector(|n| n);
        agrees_with_a_vector(|_| ());
        agrees_with_a_vector(|n| n.to_string());
        agrees_with_a_vector(|n| [n; 600]);
    }

    #[test]
    fn as_many_empty_segments_are_kept_as_full_ones_and_the_others_given_back() {
        let (first, segment) = (SegmentedVec::<u64>::FIRST, SegmentedVec::<u64>::SEGMENT);
        let mut vector: SegmentedVec<u64> = (0..(first + 10 * segment) as u64).collect();
        while vector.len() > first + segment + 1 {
            vector.pop();
        }
        assert_eq!(vector.rest.len(), 5);
        let address = vector.rest[1].as_ptr();
        for _ in 0..100 {
            vector.pop();
            vector.pop();
            vector.push(1);
            vector.push(2);
            assert_eq!(vector.rest[1].as_ptr(), address);
        }
        vector.clear();
        vector.shrink_to_fit();
        assert_eq!(vector.allocated_bytes(), 0);
    }

    #[test]
    fn no_push_moves_more_than_the_values_before_the_first_segment() {
        let mut vector = SegmentedVec::<u64>::new();
        for n in 0..200_000_u64 {
            let (first, segment) = (vector.first.as_ptr(), vector.rest.first().map(Vec::as_ptr));
            vector.push(n);
            let moved = vector.first.as_ptr() != first && vector.len() > SegmentedVec::<u64>::FIRST;
            assert!(!moved && segment.is_none_or(|segment| vector.rest[0].as_ptr() == segment), "{n}");
        }
    }
}
