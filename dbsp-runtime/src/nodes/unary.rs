//! The shell of operators with one input and state of their own.

use dbsp_ops::{Operator, OverflowDetail};
use dbsp_zset::{Delta, Held, Overflow, Reclaim};

use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};

/// Hosts an [`Operator`].
pub(crate) struct UnaryNode<O: Operator> {
    pub(crate) operator: O,
    pub(crate) input: SlotId<Delta<O::In>>,
    pub(crate) output: SlotId<Delta<O::Out>>,
}

impl<O: Operator + Send> Node for UnaryNode<O> {
    fn held(&self, _: &Slots) -> Held {
        self.operator.held()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| {
            self.operator.step(slots.get(self.input), out)?;
            Ok(!out.is_empty())
        })
    }

    fn shrink(&mut self, _: &mut Slots, reclaim: Reclaim) {
        self.operator.shrink(reclaim);
    }

    fn overflow<'a>(&'a self, _: &'a Slots) -> Option<OverflowDetail<'a>> {
        self.operator.last_overflow()
    }

    fn commit(&mut self, _: &mut Slots) {
        self.operator.commit();
    }

    fn abort(&mut self, slots: &mut Slots) -> Result<(), Torn> {
        self.operator.abort(slots.get(self.input))
    }
}
