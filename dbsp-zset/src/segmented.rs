//! A vector in segments of one size: it grows and shrinks without moving what it holds.
//!
//! # Shape       segments of [`SegmentedVec::SEGMENT`] values each, about `BYTES` bytes, all of them full but the last; the first
//!   one alone grows to its size by doubling.
//! # Invariants  values stand in the segments in order; empty segments come last.
//! # Cost        push, pop: O(1) amortised, O(`SEGMENT`) in the worst case, however long the vector is: a `Vec` of a million
//!   rows that doubles copies all of them in one step. Index: one load more than that of a `Vec`.
//! # Not here    no slice of all values, but where they are one segment.
//!
//! Hysteresis: a vector keeps as many empty segments as it has full ones, so that one which swings by half allocates nothing.
//!
//! A first piece of another size than the others would make short vectors as fast as a `Vec`; but in those that are a few times
//! as long nobody predicts in which of the two a position lies, and that cost twice the time of a lookup.

use std::ops::{Index, IndexMut};

/// A vector in segments of about `BYTES` bytes; see the [module](self).
///
/// Doubling the first segment for the last time moves half of it: 10 µs for 128 KiB, 40 µs for 1 MiB.
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
pub struct SegmentedVec<T, const BYTES: usize = { 128 << 10 }> {
    segments: Vec<Vec<T>>,
    len: usize,
}

impl<T, const BYTES: usize> SegmentedVec<T, BYTES> {
    /// How many values a segment holds: a power of two.
    pub const SEGMENT: usize = {
        let bytes = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let values = BYTES / bytes;
        if values < 16 { 16 } else { 1 << values.ilog2() }
    };

    /// A vector without values, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { segments: Vec::new(), len: 0 }
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

    /// The values of the first segment.
    #[inline]
    pub(crate) fn first(&self) -> &[T] {
        self.segments.first().map_or(&[], Vec::as_slice)
    }

    /// As [`first`](Self::first), with leave to change them.
    #[inline]
    pub(crate) fn first_mut(&mut self) -> &mut [T] {
        self.segments.first_mut().map_or(&mut [], Vec::as_mut_slice)
    }

    /// All values, if they stand in one segment: an index into a slice is cheaper.
    #[inline]
    #[must_use]
    pub fn as_one(&self) -> Option<&[T]> {
        (self.len <= Self::SEGMENT).then(|| self.first())
    }

    /// As [`as_one`](Self::as_one), with leave to change the values.
    #[inline]
    pub fn as_one_mut(&mut self) -> Option<&mut [T]> {
        if self.len <= Self::SEGMENT { Some(self.first_mut()) } else { None }
    }

    /// The value at a position, if there is one.
    #[inline]
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&T> {
        self.segments.get(at / Self::SEGMENT)?.get(at % Self::SEGMENT)
    }

    /// The value at a position with leave to change it, if there is one.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.segments.get_mut(at / Self::SEGMENT)?.get_mut(at % Self::SEGMENT)
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: T) {
        match self.segments.get_mut(self.len / Self::SEGMENT) {
            Some(segment) if segment.len() < segment.capacity() => segment.push(value),
            _ => self.push_slow(value),
        }
        self.len += 1;
    }

    /// Appends a value where there is no room for it.
    #[inline(never)]
    fn push_slow(&mut self, value: T) {
        let at = self.len / Self::SEGMENT;
        if at == self.segments.len() {
            // Only the first one starts small.
            let capacity = if at == 0 { 4.min(Self::SEGMENT) } else { Self::SEGMENT };
            self.segments.push(Vec::with_capacity(capacity));
        }
        let segment = &mut self.segments[at];
        if segment.len() == segment.capacity() {
            let capacity = (2 * segment.capacity()).clamp(4, Self::SEGMENT);
            segment.reserve_exact(capacity - segment.len());
        }
        segment.push(value);
    }

    /// Takes the last value out; gives memory back when a segment is empty by now.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let last = self.len.checked_sub(1)?;
        let value = self.segments[last / Self::SEGMENT].pop()?;
        self.len = last;
        if last.is_multiple_of(Self::SEGMENT) {
            self.segments.truncate((2 * last / Self::SEGMENT).max(1));
        }
        Some(value)
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
        while self.len > len {
            let start = (self.len - 1) / Self::SEGMENT * Self::SEGMENT;
            self.len = len.max(start);
            self.segments[start / Self::SEGMENT].truncate(self.len - start);
        }
    }

    /// Removes every value and keeps the memory. O(values).
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Makes room for `additional` further values within the first segment: others are made when they are needed, and have
    /// their full size from the start.
    pub fn reserve(&mut self, additional: usize) {
        if self.len >= Self::SEGMENT || additional == 0 {
            return;
        }
        let needed = self.len.saturating_add(additional).min(Self::SEGMENT);
        if self.segments.is_empty() {
            self.segments.push(Vec::new());
        }
        let first = &mut self.segments[0];
        if needed > first.capacity() {
            // At least doubled, so that many small calls do not copy each time.
            let capacity = needed.max((2 * first.capacity()).min(Self::SEGMENT));
            first.reserve_exact(capacity - first.len());
        }
    }

    /// Gives back what memory is not needed for the values that there are. O(`SEGMENT` + segments).
    pub fn shrink_to_fit(&mut self) {
        self.shrink_to(0);
    }

    /// Gives back what memory is not needed for the values that there are, nor for `capacity` of them. O(`SEGMENT` + segments).
    pub fn shrink_to(&mut self, capacity: usize) {
        let needed = self.len.max(capacity);
        let segments = needed.div_ceil(Self::SEGMENT);
        self.segments.truncate(segments);
        self.segments.shrink_to(segments);
        if let [first] = &mut self.segments[..] {
            first.shrink_to(needed);
        }
    }

    /// For how many values there is memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        let first = self.segments.first().map_or(0, Vec::capacity);
        first.saturating_add(self.segments.len().saturating_sub(1) * Self::SEGMENT)
    }

    /// All values in order.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { segment: [].iter(), segments: self.segments.iter(), left: self.len }
    }

    /// All values in order with leave to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.segments.iter_mut().flatten()
    }

    /// Takes all values out, in order, and keeps the memory. What is left when the iterator is dropped goes as well.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        let len = std::mem::take(&mut self.len);
        Drain { segment: None, segments: self.segments.iter_mut(), left: len }
    }

    /// Bytes of memory owned, not counting what values own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        // Room for values without a size takes no memory; a clone has segments without room.
        let room = || self.segments.iter().map(Vec::capacity).sum::<usize>();
        let bytes = if size_of::<T>() == 0 { 0 } else { room() * size_of::<T>() };
        self.segments.capacity() * size_of::<Vec<T>>() + bytes
    }
}

impl<T: Clone, const BYTES: usize> SegmentedVec<T, BYTES> {
    /// Makes the vector `len` values long: further ones are clones of `value`.
    pub fn resize(&mut self, len: usize, value: &T) {
        self.truncate(len);
        while self.len < len {
            self.push(value.clone());
        }
    }
}

impl<T, const BYTES: usize> Default for SegmentedVec<T, BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const BYTES: usize> Index<usize> for SegmentedVec<T, BYTES> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.segments[at / Self::SEGMENT][at % Self::SEGMENT]
    }
}

impl<T, const BYTES: usize> IndexMut<usize> for SegmentedVec<T, BYTES> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.segments[at / Self::SEGMENT][at % Self::SEGMENT]
    }
}

impl<T, const BYTES: usize> Extend<T> for SegmentedVec<T, BYTES> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl<T, const BYTES: usize> FromIterator<T> for SegmentedVec<T, BYTES> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut vector = Self::new();
        vector.extend(values);
        vector
    }
}

impl<'a, T, const BYTES: usize> IntoIterator for &'a SegmentedVec<T, BYTES> {
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
    segment: Option<std::vec::Drain<'a, T>>,
    segments: std::slice::IterMut<'a, Vec<T>>,
    left: usize,
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(value) = self.segment.as_mut().and_then(Iterator::next) {
                self.left -= 1;
                return Some(value);
            }
            self.segment = Some(self.segments.next()?.drain(..));
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

impl<T, const BYTES: usize> IntoIterator for SegmentedVec<T, BYTES> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { segment: Vec::new().into_iter(), segments: self.segments.into_iter(), left: self.len }
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
        let segment = SegmentedVec::<u64>::SEGMENT;
        let mut vector: SegmentedVec<u64> = (0..10 * segment as u64).collect();
        while vector.len() > 2 * segment + 1 {
            vector.pop();
        }
        assert_eq!(vector.segments.len(), 6);
        let address = vector.segments[2].as_ptr();
        for _ in 0..100 {
            vector.pop();
            vector.pop();
            vector.push(1);
            vector.push(2);
            assert_eq!((vector.segments.len(), vector.segments[2].as_ptr()), (4, address));
        }
        vector.clear();
        vector.shrink_to_fit();
        assert_eq!(vector.allocated_bytes(), 0);
    }

    #[test]
    fn no_push_moves_more_than_the_first_segment() {
        let mut vector = SegmentedVec::<u64>::new();
        for n in 0..200_000_u64 {
            let segments: Vec<*const u64> = vector.segments.iter().map(Vec::as_ptr).collect();
            vector.push(n);
            let moves = segments.iter().zip(&vector.segments).any(|(before, now)| *before != now.as_ptr());
            assert!(!moves || vector.len() <= SegmentedVec::<u64>::SEGMENT, "{n}");
        }
    }
}
