//! The shells of streams of whole collections: lifted functions and differentiation.

use dbsp_ops::Differentiate;
use dbsp_zset::{Delta, Held, Holds, Overflow, Row, ZSet};

use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};

/// Applies a function to the whole collection of a step.
pub(crate) struct LiftNode<R: Ord, S: Ord, F> {
    pub(crate) input: SlotId<ZSet<R>>,
    pub(crate) output: SlotId<ZSet<S>>,
    pub(crate) function: F,
    /// The output of the step before, while a step is under way.
    pub(crate) before: Option<ZSet<S>>,
}

impl<R: Row, S: Row, F> Node for LiftNode<R, S, F>
where
    F: Fn(&ZSet<R>) -> ZSet<S> + Send,
{
    /// A function of nothing may be something, such as the number of rows.
    fn starts(&self) -> bool {
        true
    }

    fn held(&self, slots: &Slots) -> Held {
        slots.get(self.output).held()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        let image = (self.function)(slots.get(self.input));
        self.before = Some(std::mem::replace(slots.get_mut(self.output), image));
        Ok(true)
    }

    fn commit(&mut self, _: &mut Slots) {
        self.before = None;
    }

    fn abort(&mut self, slots: &mut Slots) -> Result<(), Torn> {
        if let Some(before) = self.before.take() {
            *slots.get_mut(self.output) = before;
        }
        Ok(())
    }
}

/// Hosts a [`Differentiate`].
pub(crate) struct DifferentiateNode<R: Ord> {
    pub(crate) differentiate: Differentiate<R>,
    pub(crate) input: SlotId<ZSet<R>>,
    pub(crate) output: SlotId<Delta<R>>,
}

impl<R: Row> Node for DifferentiateNode<R> {
    fn held(&self, _: &Slots) -> Held {
        self.differentiate.held()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| {
            self.differentiate.step(slots.get(self.input), out)?;
            Ok(!out.is_empty())
        })
    }

    fn commit(&mut self, slots: &mut Slots) {
        self.differentiate.commit(slots.get(self.input));
    }
}
