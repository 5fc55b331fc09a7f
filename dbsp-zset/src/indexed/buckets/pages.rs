//! A vector in pages: it grows and shrinks without moving what it holds.
//!
//! # Shape       pages of `N` places each, all of them filled, and a list of the pages.
//! # Cost        index: O(1), one load more than that of a `Vec`. A page more or less: O(1), and eight bytes a page where their
//!   list doubles; a `Vec` of as many buckets that doubles copies 128 bytes each.
//! # Not here    which places are in use: see [`arena`](super::arena).

use std::ops::{Index, IndexMut};

/// Places in pages; see the [module](self).
#[derive(Clone)]
pub(super) struct Pages<T, const N: usize> {
    pages: Vec<Box<[T; N]>>,
}

impl<T, const N: usize> Pages<T, N> {
    pub(super) const fn new() -> Self {
        Self { pages: Vec::new() }
    }

    /// How many places there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.pages.len() * N
    }

    /// The value at a place, if there is such a place.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&T> {
        self.pages.get(at / N).map(|page| &page[at % N])
    }

    /// Makes or removes pages until there are `places` places, rounded up to whole pages.
    pub(super) fn resize_with(&mut self, places: usize, fill: impl Fn() -> T) {
        let pages = places.div_ceil(N);
        self.pages.resize_with(pages, || Box::new(std::array::from_fn(|_| fill())));
        if self.pages.capacity() > 4 * pages + 16 {
            self.pages.shrink_to(2 * pages);
        }
    }

    /// Exchanges the values of two places.
    pub(super) fn swap(&mut self, one: usize, other: usize)
    where
        T: Default,
    {
        let value = std::mem::take(&mut self[one]);
        let value = std::mem::replace(&mut self[other], value);
        self[one] = value;
    }

    /// All values, in the order of their places.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pages.iter_mut().flat_map(|page| page.iter_mut())
    }

    /// Bytes of memory owned, not counting what values own.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.pages.capacity() * size_of::<Box<[T; N]>>() + self.len() * size_of::<T>()
    }
}

impl<T, const N: usize> Index<usize> for Pages<T, N> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.pages[at / N][at % N]
    }
}

impl<T, const N: usize> IndexMut<usize> for Pages<T, N> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.pages[at / N][at % N]
    }
}
