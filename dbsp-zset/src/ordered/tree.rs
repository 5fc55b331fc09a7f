//! A B+-tree of weighted rows in order, with a monoid summary of every subtree.
//!
//! # Shape       leaves hold up to 32 rows, inner nodes up to 16 children; each child stands with
//!   a lower bound of its rows and with the sum of their summaries.
//! # Invariants  rows ascend strictly; no weight is zero; no node but the root is empty; all leaves
//!   have one depth.
//! # Cost        update: O(log n) comparisons and, for each level, the sum of one node's summaries;
//!   first, last, find_first, find_last: O(log n); summary: one node's summaries.
//! # Not here    nodes are not merged while they still hold a row ("free at empty"): a tree that
//!   shrinks keeps its depth until whole leaves are gone, as in most databases.

use crate::algebra::{Monoid, Overflow, Ring};
use crate::ordered::Summarise;

const LEAF: usize = 32;
const INNER: usize = 16;

/// An ordered collection of `(value, weight)` with summaries; see the [module](self).
#[derive(Clone)]
pub struct SummaryTree<V, W = i64, S = ()> {
    root: Node<V, W, S>,
    len: usize,
}

#[derive(Clone)]
enum Node<V, W, S> {
    Leaf(Vec<(V, W)>),
    Inner(Vec<Child<V, W, S>>),
}

#[derive(Clone)]
struct Child<V, W, S> {
    /// No row of the subtree is less.
    low: V,
    summary: S,
    node: Node<V, W, S>,
}

/// Why a change failed.
#[derive(Debug)]
enum Failure {
    /// A weight has no value; nothing was changed.
    Weight,
    /// A sum of summaries has no value; the rows were changed.
    Summary,
}

/// Whether a weight is added or taken back.
#[derive(Clone, Copy)]
enum Direction {
    Add,
    Subtract,
}

impl Direction {
    fn opposite(self) -> Self {
        match self {
            Self::Add => Self::Subtract,
            Self::Subtract => Self::Add,
        }
    }
}

impl<V, W, S> SummaryTree<V, W, S> {
    /// A tree without rows, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { root: Node::Leaf(Vec::new()), len: 0 }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The least row.
    #[must_use]
    pub fn first(&self) -> Option<&(V, W)> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(rows) => return rows.first(),
                Node::Inner(children) => node = &children.first()?.node,
            }
        }
    }

    /// The greatest row.
    #[must_use]
    pub fn last(&self) -> Option<&(V, W)> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(rows) => return rows.last(),
                Node::Inner(children) => node = &children.last()?.node,
            }
        }
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = (&V, &W)> {
        let mut open = vec![&self.root];
        let mut rows: std::slice::Iter<'_, (V, W)> = [].iter();
        std::iter::from_fn(move || {
            loop {
                if let Some((value, weight)) = rows.next() {
                    return Some((value, weight));
                }
                match open.pop()? {
                    Node::Leaf(leaf) => rows = leaf.iter(),
                    Node::Inner(children) => open.extend(children.iter().rev().map(|child| &child.node)),
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

impl<V: Ord + Clone, W: Ring, S: Monoid> SummaryTree<V, W, S> {
    /// Changes the weight of one row.
    ///
    /// `summarise` has to be the same in every call on one tree.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight or a summary has no value; nothing is then changed.
    pub fn try_update(
        &mut self,
        value: &V,
        weight: &W,
        summarise: &impl Summarise<V, W, Summary = S>,
    ) -> Result<(), Overflow> {
        self.change_or_undo(value, weight, Direction::Add, summarise)
    }

    /// Changes the weight of one row by the opposite of `weight`, as [`try_update`](Self::try_update).
    ///
    /// # Errors
    /// [`Overflow`] where the new weight or a summary has no value; nothing is then changed.
    pub fn try_retract(
        &mut self,
        value: &V,
        weight: &W,
        summarise: &impl Summarise<V, W, Summary = S>,
    ) -> Result<(), Overflow> {
        self.change_or_undo(value, weight, Direction::Subtract, summarise)
    }

    /// The summary of all rows.
    ///
    /// # Errors
    /// [`Overflow`] where it has no value.
    pub fn summary(&self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<S, Overflow> {
        self.root.summary(summarise)
    }

    /// The least row whose summary is accepted by `wanted`, which has to accept every sum that
    /// contains an accepted summary, and no other.
    ///
    /// # Errors
    /// [`Overflow`] where a row cannot be summed up.
    pub fn find_first(
        &self,
        summarise: &impl Summarise<V, W, Summary = S>,
        wanted: impl Fn(&S) -> bool,
    ) -> Result<Option<&(V, W)>, Overflow> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(rows) => return find_row(rows.iter(), summarise, wanted),
                Node::Inner(children) => match children.iter().find(|child| wanted(&child.summary)) {
                    Some(child) => node = &child.node,
                    None => return Ok(None),
                },
            }
        }
    }

    /// The greatest row whose summary is accepted by `wanted`; see [`find_first`](Self::find_first).
    ///
    /// # Errors
    /// [`Overflow`] where a row cannot be summed up.
    pub fn find_last(
        &self,
        summarise: &impl Summarise<V, W, Summary = S>,
        wanted: impl Fn(&S) -> bool,
    ) -> Result<Option<&(V, W)>, Overflow> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(rows) => return find_row(rows.iter().rev(), summarise, wanted),
                Node::Inner(children) => match children.iter().rev().find(|child| wanted(&child.summary)) {
                    Some(child) => node = &child.node,
                    None => return Ok(None),
                },
            }
        }
    }
}

impl<V: Ord + Clone, W: Ring, S: Monoid> SummaryTree<V, W, S> {
    /// Adds or subtracts the weight of one row and all its sums, or changes nothing.
    fn change_or_undo(
        &mut self,
        value: &V,
        weight: &W,
        direction: Direction,
        summarise: &impl Summarise<V, W, Summary = S>,
    ) -> Result<(), Overflow> {
        if weight.is_zero() {
            return Ok(());
        }
        // What cannot be summed up, or makes `summarise` panic, shows before anything is changed.
        summarise.summarise(value, weight)?;
        match self.change(value, weight, direction, Some(summarise)) {
            Ok(()) => Ok(()),
            Err(Failure::Weight) => Err(Overflow),
            Err(Failure::Summary) => {
                let undone = self.change(value, weight, direction.opposite(), none_of(summarise));
                undone.map_err(|_| Overflow).expect("what was just added can be taken back");
                self.root.refresh_all(summarise).expect("the sums before the change had values");
                Err(Overflow)
            }
        }
    }

    /// Adds or subtracts the weight of one row, and sums up its path anew if told how.
    fn change<F: Summarise<V, W, Summary = S>>(
        &mut self,
        value: &V,
        weight: &W,
        direction: Direction,
        summarise: Option<&F>,
    ) -> Result<(), Failure> {
        let len = &mut self.len;
        let split = self.root.change(value, weight, direction, summarise, &mut |grown| {
            *len = len.checked_add_signed(grown).expect("no more rows leave than there are");
        })?;
        if let Some(right) = split {
            let left = std::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
            let children = [left, right].into_iter().filter_map(Child::new).collect();
            self.root = Node::Inner(children);
            if let Some(summarise) = summarise {
                self.root.refresh_children(.., summarise)?;
            }
        }
        while let Node::Inner(children) = &mut self.root {
            match children.len() {
                0 => self.root = Node::Leaf(Vec::new()),
                1 => self.root = children.remove(0).node,
                _ => break,
            }
        }
        Ok(())
    }
}

impl<V: Ord + Clone, W: Ring, S: Monoid> Child<V, W, S> {
    /// A child around a node, with a summary that is yet to be made; none around an empty node.
    fn new(node: Node<V, W, S>) -> Option<Self> {
        let low = match &node {
            Node::Leaf(rows) => rows.first()?.0.clone(),
            Node::Inner(children) => children.first()?.low.clone(),
        };
        Some(Self { low, summary: S::zero(), node })
    }
}

impl<V: Ord + Clone, W: Ring, S: Monoid> Node<V, W, S> {
    /// Adds or subtracts the weight of one row below this node, tells `grown` by how many rows, and
    /// gives the right half of the node if it has become too large.
    fn change<F: Summarise<V, W, Summary = S>>(
        &mut self,
        value: &V,
        weight: &W,
        direction: Direction,
        summarise: Option<&F>,
        grown: &mut impl FnMut(isize),
    ) -> Result<Option<Self>, Failure> {
        match self {
            Self::Leaf(rows) => {
                grown(change_row(rows, value, weight, direction).map_err(|Overflow| Failure::Weight)?);
                Ok((rows.len() > LEAF).then(|| Self::Leaf(rows.split_off(LEAF / 2))))
            }
            Self::Inner(children) => {
                let i = children.partition_point(|child| child.low <= *value).saturating_sub(1);
                let child = &mut children[i];
                let split = child.node.change(value, weight, direction, summarise, grown)?;
                if *value < child.low {
                    child.low = value.clone();
                }
                let mut changed = i..i + 1;
                if let Some(right) = split.and_then(Child::new) {
                    children.insert(i + 1, right);
                    changed.end += 1;
                } else if children[i].node.is_empty() {
                    children.remove(i);
                    changed.end -= 1;
                }
                if let Some(summarise) = summarise {
                    self.refresh_children(changed, summarise)?;
                }
                let Self::Inner(children) = self else { return Ok(None) };
                Ok((children.len() > INNER).then(|| Self::Inner(children.split_off(INNER / 2))))
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(rows) => rows.is_empty(),
            Self::Inner(children) => children.is_empty(),
        }
    }

    /// The sum of the summaries that stand directly in this node.
    fn summary(&self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<S, Overflow> {
        let mut sum = S::zero();
        match self {
            Self::Leaf(rows) => {
                for (value, weight) in rows {
                    sum.try_add_assign(&summarise.summarise(value, weight)?)?;
                }
            }
            Self::Inner(children) => {
                for child in children {
                    sum.try_add_assign(&child.summary)?;
                }
            }
        }
        Ok(sum)
    }

    /// Makes the summaries of some children anew from what stands in them.
    fn refresh_children(
        &mut self,
        range: impl std::slice::SliceIndex<[Child<V, W, S>], Output = [Child<V, W, S>]>,
        summarise: &impl Summarise<V, W, Summary = S>,
    ) -> Result<(), Failure> {
        if let Self::Inner(children) = self {
            for child in &mut children[range] {
                child.summary = child.node.summary(summarise).map_err(|Overflow| Failure::Summary)?;
            }
        }
        Ok(())
    }

    /// Makes every summary below this node anew.
    fn refresh_all(&mut self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<(), Overflow> {
        if let Self::Inner(children) = self {
            for child in children {
                child.node.refresh_all(summarise)?;
                child.summary = child.node.summary(summarise)?;
            }
        }
        Ok(())
    }
}

/// Changes the weight of one row of a leaf and gives by how many rows the leaf has grown.
fn change_row<V: Ord + Clone, W: Ring>(
    rows: &mut Vec<(V, W)>,
    value: &V,
    weight: &W,
    direction: Direction,
) -> Result<isize, Overflow> {
    match rows.binary_search_by(|row| row.0.cmp(value)) {
        Ok(i) => {
            let sum = &mut rows[i].1;
            match direction {
                Direction::Add => sum.try_add_assign(weight)?,
                Direction::Subtract => sum.try_sub_assign(weight)?,
            }
            if sum.is_zero() {
                rows.remove(i);
                return Ok(-1);
            }
            Ok(0)
        }
        Err(i) => {
            let fresh = match direction {
                Direction::Add => weight.clone(),
                Direction::Subtract => weight.try_neg()?,
            };
            rows.insert(i, (value.clone(), fresh));
            Ok(1)
        }
    }
}

/// The first of some rows whose summary is wanted.
fn find_row<'a, V: 'a, W: 'a, F: Summarise<V, W>>(
    rows: impl Iterator<Item = &'a (V, W)>,
    summarise: &F,
    wanted: impl Fn(&F::Summary) -> bool,
) -> Result<Option<&'a (V, W)>, Overflow> {
    for row in rows {
        if wanted(&summarise.summarise(&row.0, &row.1)?) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// "Do not sum up", where the type of the way to do so has to be named.
fn none_of<F>(_: &F) -> Option<&F> {
    None
}

#[cfg(test)]
mod tests;
