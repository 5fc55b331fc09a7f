//! Which nodes have something to do in a step, and which have done it.
//!
//! # Shape       sets of nodes, one bit each, in the order in which a step calls them. A node that has put
//!   something out adds its readers, which all come later, to those that are due.
//! # Invariants  between steps no node is due.
//! # Cost        a node with something to do: a few instructions and one write for each reader; the others:
//!   one look for 64 of them. Nodes without inputs are asked in every step.

use std::collections::HashMap;

use crate::node::Placed;
use crate::slots::Slots;

/// A set of nodes.
#[derive(Default)]
pub(crate) struct Nodes {
    words: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl Nodes {
    /// Those of some nodes that `belongs` accepts.
    fn of(nodes: &[Placed], belongs: impl Fn(&Placed) -> bool) -> Self {
        let mut set = Self { words: vec![0; nodes.len().div_ceil(BITS)] };
        for (at, _) in nodes.iter().enumerate().filter(|(_, placed)| belongs(placed)) {
            set.insert(at);
        }
        set
    }

    #[inline]
    fn insert(&mut self, at: usize) {
        self.words[at / BITS] |= 1 << (at % BITS);
    }

    /// Calls each node that is in this set and in another, in order.
    ///
    /// # Errors
    /// The first that `call` gives.
    #[inline]
    pub(crate) fn try_each_in<E>(
        &self,
        other: &Self,
        mut call: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        for (word, (one, other)) in self.words.iter().zip(&other.words).enumerate() {
            let mut bits = one & other;
            while bits != 0 {
                call(word * BITS + bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
            }
        }
        Ok(())
    }

    /// Takes the last node out.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        let word = self.words.iter().rposition(|word| *word != 0)?;
        let bit = self.words[word].ilog2() as usize;
        self.words[word] ^= 1 << bit;
        Some(word * BITS + bit)
    }
}

/// The nodes that have something to do; see the [module](self).
pub(crate) struct Schedule {
    due: Nodes,
    /// The nodes that were called in this step.
    pub(crate) ran: Nodes,
    /// The nodes that have an output.
    giving: Nodes,
    /// The nodes that have something to prepare or to commit.
    pub(crate) settling: Nodes,
    /// The nodes that have something to do in the first step in any case.
    starting: Nodes,
    /// The nodes without inputs.
    sources: Vec<usize>,
    /// For each node those that read its output: a word of the set of due nodes, and bits of it.
    readers: Vec<Box<[(usize, u64)]>>,
}

impl Schedule {
    /// The schedule of some nodes, each of which reads only what nodes before it put out. O(nodes and their inputs).
    pub(crate) fn new(nodes: &[Placed]) -> Self {
        let sources = nodes.iter().enumerate().filter(|(_, placed)| placed.inputs.is_empty());
        let mut readers = readers_by_slot(nodes);
        // Each slot is the output of at most one node.
        let readers = nodes.iter().map(|placed| {
            let readers = placed.output.and_then(|output| readers.remove(&output));
            readers.unwrap_or_default().into_boxed_slice()
        });
        Self {
            due: Nodes::of(nodes, |_| false),
            ran: Nodes::of(nodes, |_| false),
            giving: Nodes::of(nodes, |placed| placed.output.is_some()),
            settling: Nodes::of(nodes, |placed| placed.settles),
            starting: Nodes::of(nodes, |placed| placed.starts),
            sources: sources.map(|(at, _)| at).collect(),
            readers: readers.collect(),
        }
    }

    /// Calls each node that has an output and was called in the last step, and forgets that it was. If `call` panics, that
    /// node and those behind it are not forgotten, and perhaps some before it.
    #[inline]
    pub(crate) fn forget_last(&mut self, mut call: impl FnMut(usize)) {
        for (word, (ran, giving)) in self.ran.words.iter_mut().zip(&self.giving.words).enumerate() {
            let mut bits = *ran & giving;
            while bits != 0 {
                call(word * BITS + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
            // Only now: if `call` panics, all of them are still known, and calling one twice does no harm.
            *ran = 0;
        }
    }

    /// Begins a step: the nodes without inputs say for themselves whether they have something to do, and in
    /// the first step there are more that have.
    #[inline]
    pub(crate) fn begin(&mut self, nodes: &[Placed], slots: &Slots, is_first: bool) {
        for at in &self.sources {
            if nodes[*at].node.is_due(slots) {
                self.due.insert(*at);
            }
        }
        if is_first {
            self.due.words.iter_mut().zip(&self.starting.words).for_each(|(due, starting)| *due |= starting);
        }
    }

    /// Calls each node that is due, in order; `call` says whether the node has put something out.
    ///
    /// # Errors
    /// The first that `call` gives; [`stop`](Self::stop) comes next.
    #[inline]
    pub(crate) fn run<E>(&mut self, mut call: impl FnMut(usize) -> Result<bool, E>) -> Result<(), E> {
        for word in 0..self.due.words.len() {
            // Bit by bit, and not from one that is set to the next: a place that is counted is known before
            // the word is, so the processor need not wait for one node to start on the next.
            for bit in 0..BITS {
                let due = self.due.words[word] >> bit;
                if due == 0 {
                    break;
                }
                if due & 1 == 0 {
                    continue;
                }
                self.ran.words[word] |= 1 << bit;
                let at = word * BITS + bit;
                if call(at)? {
                    for (word, readers) in &self.readers[at] {
                        self.due.words[*word] |= readers;
                    }
                }
            }
            self.due.words[word] = 0;
        }
        Ok(())
    }

    /// Ends a step that stopped on its way.
    pub(crate) fn stop(&mut self) {
        self.due.words.fill(0);
    }
}

/// The nodes that read each slot: words of a set of nodes, each with its place in the set.
fn readers_by_slot(nodes: &[Placed]) -> HashMap<usize, Vec<(usize, u64)>> {
    let mut readers = HashMap::<usize, Vec<(usize, u64)>>::new();
    for (at, placed) in nodes.iter().enumerate() {
        let (word, bit) = (at / BITS, 1 << (at % BITS));
        for slot in &placed.inputs {
            let words = readers.entry(*slot).or_default();
            // Readers come in order, so only the last word can be that of this one.
            match words.last_mut() {
                Some((last, bits)) if *last == word => *bits |= bit,
                _ => words.push((word, bit)),
            }
        }
    }
    readers
}
