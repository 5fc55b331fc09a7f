//! Places for buckets or forks, which are taken and given back.
//!
//! # Shape       places in a vector that grows and shrinks by [`Moving`] a few; those that are vacant hold the links of a list of them.
//! # Invariants  every place of the list is vacant, and each vacant place is in it once.
//! # Cost        take, give: O(1); making places: at most [`AT_ONCE`] at a time, and the others at the ends of later steps.
//! # Not here    what leads to a place: who moves a value out of the last page changes that, too.
//!
//! The list is linked both ways, so that the last place can be taken out of it before it is freed.

use std::ops::{Index, IndexMut};

use crate::indexed::buckets::moving::Moving;
use crate::pool::at_once;

/// So many places at most are made where one is needed.
const AT_ONCE: usize = 256;
/// So many are made at the end of a step, at most, where fewer are vacant than wanted.
const AT_THE_END: usize = 64;
/// So many places may be freed at the end of a step in any case.
const FREED_A_STEP: usize = 32;
/// No place.
const NONE: u32 = u32::MAX;

/// What stands in an [`Arena`].
pub(super) trait Place: Default {
    /// The vacant places before and behind this one, if it is vacant.
    fn links(&self) -> Option<[u32; 2]>;

    /// Makes the place vacant, with such links, or a fresh one to be used.
    fn set_links(&mut self, links: Option<[u32; 2]>);
}

/// Places that are taken and given back; see the [module](self).
#[derive(Clone)]
pub(super) struct Arena<T> {
    places: Moving<T>,
    /// The first vacant place.
    head: u32,
    vacant: usize,
    /// At least so many are made at a time.
    least: usize,
    /// So many shall be vacant when a step has ended.
    wanted: usize,
    /// How many were given back since [`Arena::budget`] was asked last.
    given: usize,
}

impl<T> Arena<T> {
    /// No places; at least so many are made at a time.
    pub(super) const fn new(least: usize) -> Self {
        Self { places: Moving::new(), head: NONE, vacant: 0, least, wanted: 0, given: 0 }
    }

    /// How many places there are, vacant ones included.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// How many places are in use.
    #[inline]
    pub(super) fn used(&self) -> usize {
        self.places.len() - self.vacant
    }

    /// Whether so many places are vacant that some should be freed: far more than are made at a time.
    #[inline]
    pub(super) fn is_sparse(&self) -> bool {
        2 * self.vacant > self.places.len() + 4 * self.least
    }

    /// The values of all places, also of vacant ones.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter()
    }

    /// The values of all places, also of vacant ones.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut()
    }

    /// Exchanges the values of two places.
    pub(super) fn swap(&mut self, one: usize, other: usize)
    where
        T: Default,
    {
        self.places.swap(one, other);
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.places.allocated_bytes()
    }

    /// How many places may be freed at the end of this step: some, and more if many were given back in it.
    pub(super) fn budget(&mut self) -> usize {
        FREED_A_STEP + 2 * std::mem::take(&mut self.given)
    }
}

impl<T: Place> Arena<T> {
    /// A fresh value at a place that nobody uses, if there is one.
    pub(super) fn take(&mut self) -> Option<usize> {
        let at = self.head;
        (at != NONE).then(|| {
            self.unlink(at as usize);
            at as usize
        })
    }

    /// Gives back a place that nothing leads to any more.
    pub(super) fn give(&mut self, at: usize) {
        self.link(at);
        self.given += 1;
    }

    /// Makes places as none is vacant: a few more than are needed, so that a step that frees as many as it takes makes none. What
    /// is left to be made for that, [`top_up`](Self::top_up) makes.
    pub(super) fn grow(&mut self) {
        let more = at_once(self.least, self.len());
        self.wanted = more;
        self.make(more.min(AT_ONCE));
    }

    /// To be called at the end of a step: makes some of the places that are wanted. Says whether it made any.
    #[inline]
    pub(super) fn top_up(&mut self) -> bool {
        if self.vacant >= self.wanted {
            self.wanted = 0;
            return false;
        }
        self.make(AT_THE_END.min(self.wanted - self.vacant));
        true
    }

    fn make(&mut self, more: usize) {
        let made = self.len();
        (0..more).for_each(|_| self.places.push(T::default()));
        (made..self.len()).rev().for_each(|at| self.link(at));
    }

    /// Takes the last place out, to be freed by [`pop`](Self::pop). If it is in use, its value has to move to the place that this gives.
    pub(super) fn evict_last(&mut self) -> Option<[usize; 2]> {
        let last = self.len() - 1;
        if self.places[last].links().is_some() {
            self.unlink(last);
            return None;
        }
        self.take().map(|to| [last, to])
    }

    /// Frees the last place, once it is [evicted](Self::evict_last).
    pub(super) fn pop(&mut self) {
        self.wanted = 0;
        _ = self.places.pop();
    }

    /// Takes a vacant place out of the list of those.
    fn unlink(&mut self, at: usize) {
        let Some([before, behind]) = self.places[at].links() else { return };
        self.relink(before, |links| links[1] = behind);
        self.relink(behind, |links| links[0] = before);
        if before == NONE {
            self.head = behind;
        }
        self.places[at].set_links(None);
        self.vacant -= 1;
    }

    fn link(&mut self, at: usize) {
        let behind = self.head;
        self.relink(behind, |links| links[0] = at as u32);
        self.places[at].set_links(Some([NONE, behind]));
        self.head = at as u32;
        self.vacant += 1;
    }

    fn relink(&mut self, at: u32, change: impl FnOnce(&mut [u32; 2])) {
        if at != NONE
            && let Some(mut links) = self.places[at as usize].links()
        {
            change(&mut links);
            self.places[at as usize].set_links(Some(links));
        }
    }

    /// Makes all places vacant.
    pub(super) fn clear(&mut self) {
        (self.head, self.vacant) = (NONE, 0);
        (0..self.len()).rev().for_each(|at| self.link(at));
    }
}

impl<T> Index<usize> for Arena<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.places[at]
    }
}

impl<T> IndexMut<usize> for Arena<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.places[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Number(u64, Option<[u32; 2]>);

    impl Place for Number {
        fn links(&self) -> Option<[u32; 2]> {
            self.1
        }

        fn set_links(&mut self, links: Option<[u32; 2]>) {
            self.1 = links;
        }
    }

    #[test]
    fn places_are_taken_once_and_the_last_ones_can_go() {
        let mut arena: Arena<Number> = Arena::new(48);
        assert!(arena.take().is_none());
        let mut taken = Vec::new();
        while taken.len() < 40 {
            match arena.take() {
                Some(at) => taken.push(at),
                None => arena.grow(),
            }
        }
        for at in &taken {
            arena[*at].0 = *at as u64;
        }
        taken.sort_unstable();
        assert!(taken.iter().copied().eq(0..40), "the first places first");
        arena.least = 2;
        (0..36).filter(|at| at % 3 > 0).for_each(|at| arena.give(at));
        assert_eq!((arena.used(), arena.budget()), (16, FREED_A_STEP + 48));
        while arena.is_sparse() {
            if let Some([from, to]) = arena.evict_last() {
                assert!(to < from);
                arena.swap(from, to);
            }
            arena.pop();
        }
        let mut left: Vec<u64> =
            arena.iter().filter(|place| place.1.is_none()).map(|place| place.0).collect();
        left.sort_unstable();
        assert!(left.into_iter().eq((0..36).step_by(3).chain(36..40)) && arena.used() == 16);
        let vacant = arena.len() - arena.used();
        assert!((8..=32).contains(&vacant));
        let mut rest: Vec<usize> = std::iter::from_fn(|| arena.take()).collect();
        rest.sort_unstable();
        rest.dedup();
        assert_eq!((rest.len(), arena.used()), (vacant, arena.len()));
        arena.clear();
        assert_eq!((arena.used(), arena.take()), (0, Some(0)));
    }
}
