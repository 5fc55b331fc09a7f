//! A node: the thin shell that hosts an operator in a circuit.
//!
//! It takes the operator's inputs of this step from their slots, calls it once and leaves the output
//! in its slot. This is the one place where types are erased: once per node and step.

use dbsp_ops::OverflowDetail;
pub(crate) use dbsp_ops::Torn;
use dbsp_zset::{Held, Overflow, Reclaim};

use crate::circuit::Recovery;
use crate::slots::Slots;

/// An operator in a circuit. The calls of one step come in this order: `compute` of every node that
/// has something to do, `prepare` of the same nodes, `commit` of the same nodes; or, from wherever the
/// step failed, `abort` of every node whose `compute` was called, the last one first.
pub(crate) trait Node: Send {
    /// Whether there is something to do although no input changed. Asked of nodes without inputs.
    fn is_due(&self, _: &Slots) -> bool {
        false
    }

    /// Whether there is something to do in the first step although no input changed. Asked once.
    fn starts(&self) -> bool {
        false
    }

    /// Whether `prepare` and `commit` do something. Asked once; of a node that says no, neither is called.
    fn settles(&self) -> bool {
        true
    }

    /// The memory of the node's state, in itself and in the slots that it alone changes; without that of its
    /// output of a step.
    fn held(&self, slots: &Slots) -> Held;

    /// Reads inputs and state and leaves the output in its slot; says whether there is any.
    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow>;

    /// Makes those changes of state that can fail.
    fn prepare(&mut self, _: &mut Slots) -> Result<(), Overflow> {
        Ok(())
    }

    /// What `compute` or `prepare` overflowed on, before `abort`, if the node knows.
    fn overflow<'a>(&'a self, _: &'a Slots) -> Option<OverflowDetail<'a>> {
        None
    }

    /// Makes the step final.
    fn commit(&mut self, _: &mut Slots) {}

    /// Takes the step back.
    ///
    /// # Errors
    /// [`Torn`] if the state of the node is then neither that before the step nor that after it.
    fn abort(&mut self, _: &mut Slots) -> Result<(), Torn> {
        Ok(())
    }

    /// Gives memory of buffers back, in the node itself and in the slots that it alone changes, but for its output of a
    /// step. Comes between steps, and calls no code of rows.
    fn shrink(&mut self, _: &mut Slots, _: Reclaim) {}

    /// Forgets what the next step would start from: changes in an input, or what a delay is to give out.
    fn discard(&mut self, _: &mut Slots, _: Recovery) {}
}

/// A node with its place among the others.
pub(crate) struct Placed {
    pub(crate) node: Box<dyn Node>,
    /// The slots whose change gives the node something to do.
    pub(crate) inputs: Box<[usize]>,
    /// The slot it leaves its output in, or the input's own where it has none.
    pub(crate) output: Option<usize>,
    /// Whether it has something to do in the first step in any case.
    pub(crate) starts: bool,
    /// Whether it has something to prepare or to commit.
    pub(crate) settles: bool,
}
