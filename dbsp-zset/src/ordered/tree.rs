//! A B+-tree of weighted rows in order, with a monoid summary of every subtree.
//!
//! # Shape       leaves hold up to 32 rows, with their weights unless all are one; inner nodes up to 16 children;
//!   each child stands with a lower bound of its rows and, once it was asked for, with the sum of their summaries.
//!   The rows of a small tree stand in one leaf. Nodes have room for a few rows or children more than they hold.
//! # Invariants  rows ascend strictly; no weight is zero; no node but the root is empty; all leaves
//!   have one depth; a summary that is kept is that of the rows as they are.
//! # Cost        update: O(log n) comparisons, and for rows that come in order one way down for all of a leaf;
//!   first, last: O(log n); summary, find_first, find_last: O(log n) for each update since the last one.
//! # Not here    nodes are not merged while they still hold a row ("free at empty"): a tree that
//!   shrinks keeps its depth until whole leaves are gone, as in most databases.
//!
//! An update only forgets the summaries on its path; they are made again when someone asks. So an
//! update has no closure that could fail half way, and several updates of one step share the work.

use std::cmp::Ordering;
use std::iter::Peekable;

use crate::algebra::{Monoid, Overflow, Ring};
use crate::ordered::Summarise;

mod leaf;
mod weights;

use leaf::{Changed, Direction, Leaf};

const INNER: usize = 16;

/// An ordered collection of `(value, weight)` with summaries; see the [module](self).
///
/// The way to sum up is given to every call that reads summaries, and has to be the same in all.
#[derive(Clone, Debug)]
pub struct SummaryTree<V, W = i64, S = ()> {
    root: Node<V, W, S>,
}

#[derive(Clone, Debug)]
enum Node<V, W, S> {
    Leaf(Leaf<V, W>),
    /// In a box, so that a node takes no more than a leaf: most trees are one.
    Inner(Box<Inner<V, W, S>>),
}

#[derive(Clone, Debug)]
struct Inner<V, W, S> {
    children: Vec<Child<V, W, S>>,
    /// How many rows there are below.
    rows: usize,
}

#[derive(Clone, Debug)]
struct Child<V, W, S> {
    /// No row of the subtree is less.
    low: V,
    /// The sum of the subtree's summaries; none since a row of it changed.
    summary: Option<S>,
    node: Node<V, W, S>,
}

impl<V, W, S> Node<V, W, S> {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.len(),
            Self::Inner(inner) => inner.rows,
        }
    }

    fn allocated_bytes(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.allocated_bytes(),
            Self::Inner(inner) => {
                let below: usize = inner.children.iter().map(|child| child.node.allocated_bytes()).sum();
                size_of::<Inner<V, W, S>>() + inner.children.capacity() * size_of::<Child<V, W, S>>() + below
            }
        }
    }
}

impl<V, W: Ring, S> Node<V, W, S> {
    fn visit_range<'a>(&'a self, place: &impl Fn(&V) -> Ordering, visit: &mut impl FnMut(&'a V, W)) {
        match self {
            Self::Leaf(leaf) => leaf.visit_range(place, visit),
            Self::Inner(inner) => {
                let children = &inner.children;
                // The child before the first that begins in the range may end in it.
                let start = children.partition_point(|child| place(&child.low).is_lt()).saturating_sub(1);
                let (first, rest) = children[start..].split_at(1.min(children.len()));
                for child in first.iter().chain(rest.iter().take_while(|child| place(&child.low).is_le())) {
                    child.node.visit_range(place, visit);
                }
            }
        }
    }
}

impl<V, W, S> SummaryTree<V, W, S> {
    /// A tree without rows, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { root: Node::Leaf(Leaf::EMPTY) }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.root.len()
    }

    /// Bytes of memory this tree owns itself, not counting what rows and summaries own. O(nodes).
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.root.allocated_bytes()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<V, W: Ring, S> SummaryTree<V, W, S> {
    /// The least row.
    #[must_use]
    pub fn first(&self) -> Option<(&V, W)> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return leaf.rows().next(),
                Node::Inner(inner) => node = &inner.children.first()?.node,
            }
        }
    }

    /// The greatest row.
    #[must_use]
    pub fn last(&self) -> Option<(&V, W)> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return leaf.rows().next_back(),
                Node::Inner(inner) => node = &inner.children.last()?.node,
            }
        }
    }

    /// Visits in order the rows for which `place` says that they are `Equal`: neither before nor behind the range
    /// that is wanted. O(log n) and one visit a row; nothing is allocated.
    ///
    /// ```
    /// use dbsp_zset::SummaryTree;
    ///
    /// let (mut tree, mut found) = (SummaryTree::<(i32, char)>::new(), String::new());
    /// for row in [(2, 'c'), (1, 'a'), (2, 'b'), (3, 'd')] {
    ///     tree.try_update(&row, &1)?;
    /// }
    /// tree.visit_range(|row| row.0.cmp(&2), |row, _| found.push(row.1));
    /// assert_eq!(found, "bc");
    /// # Ok::<(), dbsp_zset::Overflow>(())
    /// ```
    pub fn visit_range<'a>(&'a self, place: impl Fn(&V) -> Ordering, mut visit: impl FnMut(&'a V, W)) {
        self.root.visit_range(&place, &mut visit);
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = (&V, W)> {
        let mut open = vec![&self.root];
        let mut rows = None;
        std::iter::from_fn(move || {
            loop {
                if let Some(row) = rows.as_mut().and_then(Iterator::next) {
                    return Some(row);
                }
                match open.pop()? {
                    Node::Leaf(leaf) => rows = Some(leaf.rows()),
                    Node::Inner(inner) => open.extend(inner.children.iter().rev().map(|child| &child.node)),
                }
            }
        })
    }
}

impl<V, W, S> Default for SummaryTree<V, W, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Ord + Clone, W: Ring, S> SummaryTree<V, W, S> {
    /// Changes the weight of one row.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_update(&mut self, value: &V, weight: &W) -> Result<(), Overflow> {
        self.change(std::iter::once((value, weight)), Direction::Add, &mut 0)
    }

    /// Changes the weight of one row by the opposite of `weight`.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_retract(&mut self, value: &V, weight: &W) -> Result<(), Overflow> {
        self.change(std::iter::once((value, weight)), Direction::Subtract, &mut 0)
    }

    /// Changes the weights of some rows that come in ascending order; `applied` counts them. Rows of one leaf go
    /// down the tree together, so for many rows this costs less than one [`try_update`](Self::try_update) each.
    ///
    /// ```
    /// use dbsp_zset::SummaryTree;
    ///
    /// let (mut tree, mut applied) = (SummaryTree::<i32>::new(), 0);
    /// tree.try_update_sorted([(1, 1), (5, 2), (5, -1)].iter().map(|(value, weight)| (value, weight)), &mut applied)?;
    /// assert_eq!((tree.iter().collect::<Vec<_>>(), applied), (vec![(&1, 1), (&5, 1)], 3));
    /// # Ok::<(), dbsp_zset::Overflow>(())
    /// ```
    ///
    /// # Errors
    /// [`Overflow`] where a new weight has no value; the rows before it are then changed.
    ///
    /// # Panics
    /// With debug assertions, if the rows do not ascend; without, the tree may then not be in order.
    pub fn try_update_sorted<'a>(
        &mut self,
        rows: impl Iterator<Item = (&'a V, &'a W)>,
        applied: &mut usize,
    ) -> Result<(), Overflow>
    where
        V: 'a,
        W: 'a,
    {
        let mut last = None;
        let ascending = rows.inspect(|(value, _)| {
            debug_assert!(last.is_none_or(|last| last <= *value), "rows that are sorted ascend");
            last = Some(*value);
        });
        self.change(ascending, Direction::Add, applied)
    }

    /// Adds or subtracts the weights of some rows that ascend.
    fn change<'a>(
        &mut self,
        rows: impl Iterator<Item = (&'a V, &'a W)>,
        direction: Direction,
        applied: &mut usize,
    ) -> Result<(), Overflow>
    where
        V: 'a,
        W: 'a,
    {
        let (mut rows, mut grown) = (rows.peekable(), 0);
        loop {
            let outcome = self.root.change(&mut rows, None, direction, &mut grown, applied);
            while let Node::Inner(inner) = &mut self.root {
                match inner.children.len() {
                    0 => self.root = Node::Leaf(Leaf::EMPTY),
                    1 => self.root = inner.children.remove(0).node,
                    _ => break,
                }
            }
            if let Some(right) = outcome? {
                let left = std::mem::replace(&mut self.root, Node::Leaf(Leaf::EMPTY));
                self.root = Inner::node([left, right].into_iter().filter_map(Child::new).collect());
            } else if rows.peek().is_none() {
                return Ok(());
            }
            // Else an inner root has lost its last row, and the next ones begin a new tree.
        }
    }
}

impl<V, W: Ring, S: Monoid> SummaryTree<V, W, S> {
    /// The summary of all rows. Where a part of the tree has a sum out of range, the rows are added one by
    /// one, O(n), and one that does not fit waits until it does: a sum depends neither on how the tree came about nor on
    /// the order of its rows.
    ///
    /// # Errors
    /// [`Overflow`] where the sum has no value, or the summary of a row. Of summaries with several parts, such as pairs of
    /// sums, also where no order of the rows lets every part fit on its way.
    pub fn summary(&mut self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<S, Overflow> {
        self.root.summary(summarise).or_else(|Overflow| self.summary_of_rows(summarise))
    }

    #[cold]
    fn summary_of_rows(&self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<S, Overflow> {
        let (mut sum, mut waiting) = (S::zero(), Vec::new());
        for (value, weight) in self.iter() {
            let row = summarise.summarise(value, &weight)?;
            if sum.try_add_assign(&row).is_err() {
                waiting.push(row);
                continue;
            }
            while waiting.last().is_some_and(|row| sum.try_add_assign(row).is_ok()) {
                waiting.pop();
            }
        }
        // What is left when none fits has one sign, as a sum that is too large for one is not too small for another: then
        // the sum of all does not fit either.
        loop {
            let left = waiting.len();
            waiting.retain(|row| sum.try_add_assign(row).is_err());
            if waiting.is_empty() {
                return Ok(sum);
            }
            if waiting.len() == left {
                return Err(Overflow);
            }
        }
    }

    /// The least row whose summary is accepted by `wanted`, which has to accept every sum that
    /// contains an accepted summary, and no other.
    ///
    /// # Errors
    /// [`Overflow`] where the sum of a part of the rows has no value.
    pub fn find_first(
        &mut self,
        summarise: &impl Summarise<V, W, Summary = S>,
        wanted: impl Fn(&S) -> bool,
    ) -> Result<Option<(&V, W)>, Overflow> {
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return find_row(leaf.rows(), summarise, wanted),
                Node::Inner(inner) => match find_child(inner.children.iter_mut(), summarise, &wanted)? {
                    Some(child) => node = child,
                    None => return Ok(None),
                },
            }
        }
    }

    /// The greatest row whose summary is accepted by `wanted`; see [`find_first`](Self::find_first).
    ///
    /// # Errors
    /// [`Overflow`] where the sum of a part of the rows has no value.
    pub fn find_last(
        &mut self,
        summarise: &impl Summarise<V, W, Summary = S>,
        wanted: impl Fn(&S) -> bool,
    ) -> Result<Option<(&V, W)>, Overflow> {
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return find_row(leaf.rows().rev(), summarise, wanted),
                Node::Inner(inner) => {
                    match find_child(inner.children.iter_mut().rev(), summarise, &wanted)? {
                        Some(child) => node = child,
                        None => return Ok(None),
                    }
                }
            }
        }
    }
}

impl<V: Clone, W, S> Child<V, W, S> {
    /// A child around a node; none around an empty node.
    fn new(node: Node<V, W, S>) -> Option<Self> {
        let low = match &node {
            Node::Leaf(leaf) => leaf.low()?.clone(),
            Node::Inner(inner) => inner.children.first()?.low.clone(),
        };
        Some(Self { low, summary: None, node })
    }
}

impl<V, W: Ring, S: Monoid> Child<V, W, S> {
    /// The summary of the subtree, made if it is not kept.
    fn summary(&mut self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<&S, Overflow> {
        if self.summary.is_none() {
            self.summary = Some(self.node.summary(summarise)?);
        }
        Ok(self.summary.as_ref().expect("it was just made"))
    }
}

impl<V, W, S> Inner<V, W, S> {
    /// A node over some children.
    fn node(children: Vec<Child<V, W, S>>) -> Node<V, W, S> {
        let rows = children.iter().map(|child| child.node.len()).sum();
        Node::Inner(Box::new(Self { children, rows }))
    }

    /// Puts a child at a place behind the first, and gives the right half of the node if it is full. Children that come
    /// in order leave full nodes behind.
    fn insert(&mut self, i: usize, child: Child<V, W, S>) -> Option<Node<V, W, S>> {
        let children = &mut self.children;
        if children.len() < INNER {
            if children.len() == children.capacity() {
                children.reserve_exact(capacity_above(children.len(), INNER) - children.len());
            }
            children.insert(i, child);
            return None;
        }
        let mut right = Vec::with_capacity(capacity_above(INNER / 2, INNER));
        if i == INNER {
            right.push(child);
        } else {
            right.extend(children.drain(INNER / 2..));
            if i <= INNER / 2 {
                children.insert(i, child);
            } else {
                right.insert(i - INNER / 2, child);
            }
        }
        let right = Self::node(right);
        self.rows -= right.len();
        Some(right)
    }
}

impl<V: Ord + Clone, W: Ring, S> Node<V, W, S> {
    /// Adds or subtracts the weights of the next rows, those less than `below` if it is given, and gives the right
    /// half of the node if it is full: the rows that are then left may belong to either half. Counts in `grown` by
    /// how many rows the tree has grown, beyond zero if it has shrunk.
    fn change<'a>(
        &mut self,
        rows: &mut Peekable<impl Iterator<Item = (&'a V, &'a W)>>,
        below: Option<&V>,
        direction: Direction,
        grown: &mut usize,
        applied: &mut usize,
    ) -> Result<Option<Self>, Overflow>
    where
        V: 'a,
        W: 'a,
    {
        let is_here = |value: &V| below.is_none_or(|below| value < below);
        match self {
            Self::Leaf(leaf) => {
                let first = *applied;
                while let Some(&(value, weight)) = rows.peek()
                    && is_here(value)
                {
                    match leaf.change(value, weight, direction)? {
                        Changed::Rows(more) => *grown = grown.wrapping_add_signed(more),
                        Changed::Full(i) => return Ok(Some(Self::Leaf(leaf.split_off(i, *applied - first)))),
                    }
                    *applied += 1;
                    rows.next();
                }
                Ok(None)
            }
            Self::Inner(inner) => {
                while let Some(&(value, _)) = rows.peek()
                    && is_here(value)
                {
                    let i = inner.children.partition_point(|child| child.low <= *value).saturating_sub(1);
                    let (left, right) = inner.children.split_at_mut(i + 1);
                    let (child, next) = (&mut left[i], right.first().map(|next| &next.low));
                    child.summary = None;
                    if *value < child.low {
                        child.low = value.clone();
                    }
                    let before = *grown;
                    let outcome = child.node.change(rows, next.or(below), direction, grown, applied);
                    inner.rows = inner.rows.wrapping_add(grown.wrapping_sub(before));
                    if inner.children[i].node.is_empty() {
                        inner.children.remove(i);
                    }
                    if let Some(right) = outcome?.and_then(Child::new)
                        && let Some(right) = inner.insert(i + 1, right)
                    {
                        return Ok(Some(right));
                    }
                    if inner.children.is_empty() {
                        break;
                    }
                }
                Ok(None)
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.is_empty(),
            Self::Inner(inner) => inner.children.is_empty(),
        }
    }
}

impl<V, W: Ring, S: Monoid> Node<V, W, S> {
    /// The sum of the summaries that stand directly in this node.
    fn summary(&mut self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<S, Overflow> {
        let mut sum = S::zero();
        match self {
            Self::Leaf(leaf) => {
                for (value, weight) in leaf.rows() {
                    sum.try_add_assign(&summarise.summarise(value, &weight)?)?;
                }
            }
            Self::Inner(inner) => {
                for child in &mut inner.children {
                    sum.try_add_assign(child.summary(summarise)?)?;
                }
            }
        }
        Ok(sum)
    }
}

/// For how many entries a node has room that holds so many and is to get another one: it grows by a third or a half.
fn capacity_above(entries: usize, most: usize) -> usize {
    [2, 4, 6, 8, 12, 16, 24]
        .into_iter()
        .find(|capacity| *capacity > entries)
        .map_or(most, |room| room.min(most))
}

/// The first of some rows whose summary is wanted.
fn find_row<'a, V: 'a, W, F: Summarise<V, W>>(
    rows: impl Iterator<Item = (&'a V, W)>,
    summarise: &F,
    wanted: impl Fn(&F::Summary) -> bool,
) -> Result<Option<(&'a V, W)>, Overflow> {
    for (value, weight) in rows {
        if wanted(&summarise.summarise(value, &weight)?) {
            return Ok(Some((value, weight)));
        }
    }
    Ok(None)
}

/// The subtree of the first of some children whose summary is wanted.
fn find_child<'a, V: 'a, W: Ring + 'a, F: Summarise<V, W>>(
    children: impl Iterator<Item = &'a mut Child<V, W, F::Summary>>,
    summarise: &F,
    wanted: &impl Fn(&F::Summary) -> bool,
) -> Result<Option<&'a mut Node<V, W, F::Summary>>, Overflow>
where
    F::Summary: 'a,
{
    for child in children {
        if wanted(child.summary(summarise)?) {
            return Ok(Some(&mut child.node));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
