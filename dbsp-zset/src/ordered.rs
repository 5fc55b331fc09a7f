//! An ordered trace: keys by hash, the values of each key in order, with a summary of every range.
//!
//! # Shape       key -> [`SummaryTree`] of `(value, weight)`.
//! # Invariants  no weight is zero; no group is empty, but for those that were located and not removed since.
//! # Cost        update, first, last, search by summary: O(log group); summary of a group: O(1).
//! # Not here    the keys have no order: a range over one order of everything is one group, of `()`.

use std::cmp::Ordering;
use std::convert::Infallible;

use crate::algebra::{Monoid, Overflow, Ring};
use crate::row::Row;
use crate::table::DenseTable;
use crate::trace::Trace;

pub mod tree;

pub use tree::SummaryTree;

/// How the rows of a tree are summed up; see [`SummaryTree`].
///
/// It is given to every call that reads summaries instead of being kept, so that a trace stays plain
/// data.
pub trait Summarise<V, W> {
    /// What a range of rows is summed up as.
    type Summary: Monoid;

    /// The summary of one row.
    ///
    /// # Errors
    /// [`Overflow`] where it has no value.
    fn summarise(&self, value: &V, weight: &W) -> Result<Self::Summary, Overflow>;
}

impl<V, W, M: Monoid, F: Fn(&V, &W) -> Result<M, Overflow>> Summarise<V, W> for F {
    type Summary = M;

    fn summarise(&self, value: &V, weight: &W) -> Result<M, Overflow> {
        self(value, weight)
    }
}

/// An ordered trace; see the [module](self).
///
/// ```
/// use dbsp_zset::OrderedTrace;
///
/// let mut bids = OrderedTrace::<&str, u32>::new();
/// for price in [30, 10, 20] {
///     bids.try_update(&"vase", &price, &1)?;
/// }
/// let vase = bids.tree(&"vase").expect("three bids");
/// assert_eq!((vase.first(), vase.last()), (Some((&10, 1)), Some((&30, 1))));
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Clone, Debug)]
pub struct OrderedTrace<K, V, W = i64, S = ()> {
    groups: DenseTable<K, SummaryTree<V, W, S>>,
    rows: usize,
}

impl<K, V, W, S> OrderedTrace<K, V, W, S> {
    /// An empty trace, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { groups: DenseTable::new(), rows: 0 }
    }

    /// How many different rows there are, over all keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes of memory this trace owns itself, not counting what rows and summaries own. O(nodes of the trees).
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let trees = self.groups.entries().map(|(_, tree)| tree.allocated_bytes());
        self.groups.allocated_bytes() + trees.sum::<usize>()
    }

    /// All keys with their trees, in no meaningful order.
    pub fn groups(&self) -> impl Iterator<Item = (&K, &SummaryTree<V, W, S>)> {
        self.groups.entries().map(|(key, tree)| (key, tree))
    }
}

impl<K, V, W, S> Default for OrderedTrace<K, V, W, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Row, V: Row, W: Ring, S> OrderedTrace<K, V, W, S> {
    /// The values of a key in order.
    #[inline]
    #[must_use]
    pub fn tree(&self, key: &K) -> Option<&SummaryTree<V, W, S>> {
        self.groups.get(key)
    }

    /// The values of a key in order, with leave to make their summaries.
    #[inline]
    #[must_use]
    pub fn summaries(&mut self, key: &K) -> Option<Summaries<'_, V, W, S>> {
        let position = self.groups.find(key)?;
        Some(self.at(position).1)
    }

    /// Changes the weight of one row.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_update(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        self.change(key, |tree| tree.try_update(value, weight))
    }

    /// Changes the weight of one row by the opposite of `weight`.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_retract(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        self.change(key, |tree| tree.try_retract(value, weight))
    }

    /// Changes the tree of a key, which comes and goes as it gets and loses rows.
    fn change(
        &mut self,
        key: &K,
        change: impl FnOnce(&mut SummaryTree<V, W, S>) -> Result<(), Overflow>,
    ) -> Result<(), Overflow> {
        let (position, _) = self.groups.find_or_insert_with(key, SummaryTree::new);
        let outcome = self.change_at(position, change);
        self.remove_empty(position);
        outcome
    }

    /// Finds the groups of some rows, a window of rows at a time so that lookups overlap, and appends their
    /// positions. Absent groups are made, empty, and stay until [`remove_empty`](Self::remove_empty); so long all
    /// positions hold, unless an update by key leaves its group empty.
    ///
    /// ```
    /// use dbsp_zset::OrderedTrace;
    ///
    /// let (mut trace, mut positions) = (OrderedTrace::<&str, i32>::new(), Vec::new());
    /// trace.locate(&["a", "b", "a"], |row| row, &mut positions);
    /// assert_eq!(positions, [0, 1, 0]);
    /// trace.change_at(0, |group| group.try_update(&5, &1))?;
    /// positions.drain(..).rev().for_each(|position| trace.remove_empty(position));
    /// assert_eq!((trace.len(), trace.groups().count()), (1, 1));
    /// # Ok::<(), dbsp_zset::Overflow>(())
    /// ```
    pub fn locate<R>(&mut self, rows: &[R], key: impl Fn(&R) -> &K, positions: &mut Vec<usize>) {
        let Ok(()) = self.groups.try_locate(rows, key, SummaryTree::new, |_, found| {
            positions.extend_from_slice(found);
            Ok::<(), Infallible>(())
        });
    }

    /// How many groups there are, empty ones included: all positions are below it.
    #[inline]
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// The key and the values at a position, with leave to make their summaries.
    ///
    /// # Panics
    /// If there is no group at `position`.
    #[inline]
    #[must_use]
    pub fn at(&mut self, position: usize) -> (&K, Summaries<'_, V, W, S>) {
        let (key, tree) = self.groups.entry_mut(position);
        (key, Summaries { tree })
    }

    /// The key of the group at a position.
    ///
    /// # Panics
    /// If there is no group at `position`.
    #[inline]
    #[must_use]
    pub fn key(&self, position: usize) -> &K {
        &self.groups.at(position).0
    }

    /// Changes the group at a position.
    ///
    /// # Errors
    /// That of `change`, which is then not taken back.
    ///
    /// # Panics
    /// If there is no group at `position`.
    #[inline]
    pub fn change_at<E>(
        &mut self,
        position: usize,
        change: impl FnOnce(&mut SummaryTree<V, W, S>) -> Result<(), E>,
    ) -> Result<(), E> {
        let tree = self.groups.value_mut(position);
        let before = tree.len();
        let outcome = change(tree);
        self.rows = self.rows - before + tree.len();
        outcome
    }

    /// Removes the group at a position, if there is one and it is empty; the last group moves there. Of several, the
    /// last one has to go first.
    pub fn remove_empty(&mut self, position: usize) {
        if position < self.groups.len() && self.groups.at(position).1.is_empty() {
            self.groups.swap_remove(position);
        }
    }
}

/// The values of one key, to be summed up: what a [`SummaryTree`] offers without leave to change rows.
pub struct Summaries<'a, V, W, S> {
    tree: &'a mut SummaryTree<V, W, S>,
}

impl<'a, V, W: Ring, S: Monoid> Summaries<'a, V, W, S> {
    /// The same values once more, for a further question.
    #[must_use]
    pub fn again(&mut self) -> Summaries<'_, V, W, S> {
        Summaries { tree: self.tree }
    }

    /// See [`SummaryTree::visit_range`].
    pub fn visit_range(self, place: impl Fn(&V) -> Ordering, visit: impl FnMut(&'a V, W)) {
        let tree: &'a SummaryTree<V, W, S> = self.tree;
        tree.visit_range(place, visit);
    }

    /// See [`SummaryTree::summary`].
    ///
    /// # Errors
    /// [`Overflow`] where the sum leaves its range.
    pub fn summary(self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<S, Overflow> {
        self.tree.summary(summarise)
    }

    /// See [`SummaryTree::find_first`].
    ///
    /// # Errors
    /// [`Overflow`] where the sum of a part of the rows has no value.
    pub fn find_first(
        self,
        summarise: &impl Summarise<V, W, Summary = S>,
        wanted: impl Fn(&S) -> bool,
    ) -> Result<Option<(&'a V, W)>, Overflow> {
        self.tree.find_first(summarise, wanted)
    }

    /// See [`SummaryTree::find_last`].
    ///
    /// # Errors
    /// [`Overflow`] where the sum of a part of the rows has no value.
    pub fn find_last(
        self,
        summarise: &impl Summarise<V, W, Summary = S>,
        wanted: impl Fn(&S) -> bool,
    ) -> Result<Option<(&'a V, W)>, Overflow> {
        self.tree.find_last(summarise, wanted)
    }
}

impl<K: Row, V: Row, W: Ring, S> Trace for OrderedTrace<K, V, W, S> {
    type Key = K;
    type Value = V;
    type Weight = W;

    fn update(&mut self, key: &K, value: &V, weight: &W) -> Result<(), Overflow> {
        self.try_update(key, value, weight)
    }

    fn group<'a>(&'a self, key: &K) -> impl Iterator<Item = (&'a V, W)>
    where
        V: 'a,
        W: 'a,
    {
        self.groups.get(key).into_iter().flat_map(SummaryTree::iter)
    }

    fn len(&self) -> usize {
        self.rows
    }

    fn key_count(&self) -> usize {
        self.groups.len()
    }
}
