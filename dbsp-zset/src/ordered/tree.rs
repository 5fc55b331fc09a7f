//! A B+-tree of weighted rows in order, with a monoid summary of every subtree.
//!
//! # Shape       leaves hold up to 32 rows, inner nodes up to 16 children; each child stands with
//!   a lower bound of its rows and, once it was asked for, with the sum of their summaries.
//! # Invariants  rows ascend strictly; no weight is zero; no node but the root is empty; all leaves
//!   have one depth; a summary that is kept is that of the rows as they are.
//! # Cost        update: O(log n) comparisons; first, last: O(log n); summary, find_first, find_last:
//!   O(log n) for each update since the last one.
//! # Not here    nodes are not merged while they still hold a row ("free at empty"): a tree that
//!   shrinks keeps its depth until whole leaves are gone, as in most databases.
//!
//! An update only forgets the summaries on its path; they are made again when someone asks. So an
//! update has no closure that could fail half way, and several updates of one step share the work.

use crate::algebra::{Monoid, Overflow, Ring};
use crate::ordered::Summarise;

const LEAF: usize = 32;
const INNER: usize = 16;

/// An ordered collection of `(value, weight)` with summaries; see the [module](self).
///
/// The way to sum up is given to every call that reads summaries, and has to be the same in all.
#[derive(Clone, Debug)]
pub struct SummaryTree<V, W = i64, S = ()> {
    root: Node<V, W, S>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Node<V, W, S> {
    Leaf(Vec<(V, W)>),
    Inner(Vec<Child<V, W, S>>),
}

#[derive(Clone, Debug)]
struct Child<V, W, S> {
    /// No row of the subtree is less.
    low: V,
    /// The sum of the subtree's summaries; none since a row of it changed.
    summary: Option<S>,
    node: Node<V, W, S>,
}

/// Whether a weight is added or taken back.
#[derive(Clone, Copy)]
enum Direction {
    Add,
    Subtract,
}

impl<V, W, S> Node<V, W, S> {
    fn allocated_bytes(&self) -> usize {
        match self {
            Self::Leaf(rows) => rows.capacity() * size_of::<(V, W)>(),
            Self::Inner(children) => {
                let below: usize = children.iter().map(|child| child.node.allocated_bytes()).sum();
                children.capacity() * size_of::<Child<V, W, S>>() + below
            }
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

    /// Bytes of memory this tree owns itself, not counting what rows and summaries own. O(nodes).
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.root.allocated_bytes()
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

impl<V: Ord + Clone, W: Ring, S> SummaryTree<V, W, S> {
    /// Changes the weight of one row.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_update(&mut self, value: &V, weight: &W) -> Result<(), Overflow> {
        self.change(value, weight, Direction::Add)
    }

    /// Changes the weight of one row by the opposite of `weight`.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    pub fn try_retract(&mut self, value: &V, weight: &W) -> Result<(), Overflow> {
        self.change(value, weight, Direction::Subtract)
    }

    /// Adds or subtracts the weight of one row.
    fn change(&mut self, value: &V, weight: &W, direction: Direction) -> Result<(), Overflow> {
        if weight.is_zero() {
            return Ok(());
        }
        let len = &mut self.len;
        let split = self.root.change(value, weight, direction, &mut |grown| {
            *len = len.checked_add_signed(grown).expect("no more rows leave than there are");
        })?;
        if let Some(right) = split {
            let left = std::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
            self.root = Node::Inner([left, right].into_iter().filter_map(Child::new).collect());
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

impl<V, W, S: Monoid> SummaryTree<V, W, S> {
    /// The summary of all rows. Where a part of the tree has a sum out of range, the rows are added one by
    /// one in their order, O(n), so that a sum does not depend on how the tree came about.
    ///
    /// # Errors
    /// [`Overflow`] where that leaves the range as well.
    pub fn summary(&mut self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<S, Overflow> {
        self.root.summary(summarise).or_else(|Overflow| {
            let mut sum = S::zero();
            for (value, weight) in self.iter() {
                sum.try_add_assign(&summarise.summarise(value, weight)?)?;
            }
            Ok(sum)
        })
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
    ) -> Result<Option<&(V, W)>, Overflow> {
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Leaf(rows) => return find_row(rows.iter(), summarise, wanted),
                Node::Inner(children) => match find_child(children.iter_mut(), summarise, &wanted)? {
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
    ) -> Result<Option<&(V, W)>, Overflow> {
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Leaf(rows) => return find_row(rows.iter().rev(), summarise, wanted),
                Node::Inner(children) => match find_child(children.iter_mut().rev(), summarise, &wanted)? {
                    Some(child) => node = child,
                    None => return Ok(None),
                },
            }
        }
    }
}

impl<V: Clone, W, S> Child<V, W, S> {
    /// A child around a node; none around an empty node.
    fn new(node: Node<V, W, S>) -> Option<Self> {
        let low = match &node {
            Node::Leaf(rows) => rows.first()?.0.clone(),
            Node::Inner(children) => children.first()?.low.clone(),
        };
        Some(Self { low, summary: None, node })
    }
}

impl<V, W, S: Monoid> Child<V, W, S> {
    /// The summary of the subtree, made if it is not kept.
    fn summary(&mut self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<&S, Overflow> {
        if self.summary.is_none() {
            self.summary = Some(self.node.summary(summarise)?);
        }
        Ok(self.summary.as_ref().expect("it was just made"))
    }
}

impl<V: Ord + Clone, W: Ring, S> Node<V, W, S> {
    /// Adds or subtracts the weight of one row below this node, tells `grown` by how many rows, and
    /// gives the right half of the node if it has become too large.
    fn change(
        &mut self,
        value: &V,
        weight: &W,
        direction: Direction,
        grown: &mut impl FnMut(isize),
    ) -> Result<Option<Self>, Overflow> {
        match self {
            Self::Leaf(rows) => {
                grown(change_row(rows, value, weight, direction)?);
                Ok((rows.len() > LEAF).then(|| Self::Leaf(split_off(rows, LEAF))))
            }
            Self::Inner(children) => {
                let i = children.partition_point(|child| child.low <= *value).saturating_sub(1);
                let child = &mut children[i];
                child.summary = None;
                if *value < child.low {
                    child.low = value.clone();
                }
                let split = child.node.change(value, weight, direction, grown)?;
                if let Some(right) = split.and_then(Child::new) {
                    children.insert(i + 1, right);
                } else if children[i].node.is_empty() {
                    children.remove(i);
                }
                Ok((children.len() > INNER).then(|| Self::Inner(split_off(children, INNER))))
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(rows) => rows.is_empty(),
            Self::Inner(children) => children.is_empty(),
        }
    }
}

impl<V, W, S: Monoid> Node<V, W, S> {
    /// The sum of the summaries that stand directly in this node.
    fn summary(&mut self, summarise: &impl Summarise<V, W, Summary = S>) -> Result<S, Overflow> {
        let mut sum = S::zero();
        match self {
            Self::Leaf(rows) => {
                for (value, weight) in rows {
                    sum.try_add_assign(&summarise.summarise(value, weight)?)?;
                }
            }
            Self::Inner(children) => {
                for child in children {
                    sum.try_add_assign(child.summary(summarise)?)?;
                }
            }
        }
        Ok(sum)
    }
}

/// Takes the right half of a node that has become too large; the left one keeps no room beyond a full
/// node.
fn split_off<T>(entries: &mut Vec<T>, most: usize) -> Vec<T> {
    let right = entries.split_off(most / 2);
    entries.shrink_to(most + 1);
    right
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

/// The subtree of the first of some children whose summary is wanted.
fn find_child<'a, V: 'a, W: 'a, F: Summarise<V, W>>(
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
