//! A vector in segments of a bounded size: it grows and shrinks without moving what it holds.
//!
//! # Shape       segments of [`SegmentedVec::SEGMENT`] values each, about 32 KiB, all of them full but the last; the first
//!   one grows by doubling until it has that size.
//! # Cost        push, pop, index: O(1), and O(`SEGMENT`) in the worst case, however long the vector is: a `Vec` of a million
//!   rows that doubles copies all of them in one step. An index costs one more load than that of a `Vec`.
//! # Not here    no slice of all values: there is none.
//!
//! Hysteresis: one empty segment is kept behind the last, so that a vector at the edge of a segment does not allocate.

use std::ops::{Index, IndexMut};

/// A vector in segments; see the [module](self).
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
pub struct SegmentedVec<T> {
    segments: Vec<Vec<T>>,
    len: usize,
}

impl<T> SegmentedVec<T> {
    /// How many values a segment holds: a power of two.
    pub const SEGMENT: usize = {
        let bytes = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let values = (32 << 10) / bytes;
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
        if let Some(segment) = self.segments.get_mut(self.len / Self::SEGMENT)
            && segment.len() < segment.capacity()
        {
            segment.push(value);
        } else {
            self.push_slow(value);
        }
        self.len += 1;
    }

    /// Appends a value where the last segment has no room.
    #[inline(never)]
    fn push_slow(&mut self, value: T) {
        let at = self.len / Self::SEGMENT;
        if at == self.segments.len() {
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

    /// Takes the last value out.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let last = self.len.checked_sub(1)?;
        let value = self.segments[last / Self::SEGMENT].pop();
        self.len = last;
        if last % Self::SEGMENT == 0 && self.segments.len() > last / Self::SEGMENT + 1 {
            self.release();
        }
        value
    }

    /// Gives one of the empty segments back.
    #[inline(never)]
    fn release(&mut self) {
        self.segments.pop();
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

    /// Keeps the first `len` values, and the memory of the others until the next values go.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        for segment in self.segments.iter_mut().skip(len.div_ceil(Self::SEGMENT)) {
            segment.clear();
        }
        if let Some(segment) = self.segments.get_mut(len / Self::SEGMENT) {
            segment.truncate(len % Self::SEGMENT);
        }
        self.len = len;
    }

    /// Removes every value and keeps the memory.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Makes room for `additional` further values, as far as the first segment goes: segments behind it are made when they
    /// are needed, and full from the start.
    pub fn reserve(&mut self, additional: usize) {
        if self.len < Self::SEGMENT {
            if self.segments.is_empty() {
                self.segments.push(Vec::new());
            }
            let additional = additional.min(Self::SEGMENT - self.len);
            self.segments[0].reserve_exact(additional);
        }
    }

    /// Gives back what memory is not needed for the values that there are. O(`SEGMENT` + segments).
    pub fn shrink_to_fit(&mut self) {
        self.segments.truncate(self.len.div_ceil(Self::SEGMENT));
        if let [first] = &mut self.segments[..] {
            first.shrink_to_fit();
        }
        self.segments.shrink_to_fit();
    }

    /// All values in order.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { segment: [].iter(), segments: self.segments.iter(), left: self.len }
    }

    /// All values in order with leave to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.segments.iter_mut().flatten()
    }

    /// Takes all values out, in order, and keeps the memory of the segments.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        self.len = 0;
        self.segments.iter_mut().flat_map(|segment| segment.drain(..))
    }

    /// Bytes of memory owned, not counting what values own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        // Room for values without a size takes no memory.
        let bytes =
            |segment: &Vec<T>| if size_of::<T>() == 0 { 0 } else { segment.capacity() * size_of::<T>() };
        self.segments.capacity() * size_of::<Vec<T>>() + self.segments.iter().map(bytes).sum::<usize>()
    }
}

impl<T: Clone> SegmentedVec<T> {
    /// Makes the vector `len` values long: further ones are clones of `value`.
    pub fn resize(&mut self, len: usize, value: &T) {
        self.truncate(len);
        while self.len < len {
            self.push(value.clone());
        }
    }
}

impl<T> Default for SegmentedVec<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Index<usize> for SegmentedVec<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.segments[at / Self::SEGMENT][at % Self::SEGMENT]
    }
}

impl<T> IndexMut<usize> for SegmentedVec<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.segments[at / Self::SEGMENT][at % Self::SEGMENT]
    }
}

impl<T> Extend<T> for SegmentedVec<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl<T> FromIterator<T> for SegmentedVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut vector = Self::new();
        vector.extend(values);
        vector
    }
}

impl<'a, T> IntoIterator for &'a SegmentedVec<T> {
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
        let (mut vector, mut model) = (SegmentedVec::new(), Vec::new());
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
        assert!(vector.drain().eq(model));
        assert!(vector.is_empty() && vector.iter().next().is_none());
    }

    #[test]
    fn values_of_all_sizes_agree_with_a_vector() {
        agrees_with_a_vector(|n| n);
        agrees_with_a_vector(|_| ());
        agrees_with_a_vector(|n| n.to_string());
        agrees_with_a_vector(|n| [n; 600]);
    }

    #[test]
    fn a_segment_is_kept_and_the_others_given_back() {
        let segment = SegmentedVec::<u64>::SEGMENT;
        let mut vector: SegmentedVec<u64> = (0..10 * segment as u64).collect();
        while vector.len() > segment + 1 {
            vector.pop();
        }
        assert_eq!(vector.segments.len(), 3);
        let address = vector.segments[1].as_ptr();
        for _ in 0..100 {
            vector.pop();
            vector.pop();
            vector.push(1);
            vector.push(2);
            assert_eq!(vector.segments[1].as_ptr(), address);
        }
        vector.clear();
        vector.shrink_to_fit();
        assert_eq!(vector.allocated_bytes(), 0);
    }
}
