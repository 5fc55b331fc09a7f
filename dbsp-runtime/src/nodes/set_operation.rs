//! The shell of union, intersection and difference.

use dbsp_ops::SetOperation;
use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row};

use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};

/// Hosts a [`SetOperation`].
pub(crate) struct SetOperationNode<R> {
    pub(crate) operation: SetOperation<R>,
    pub(crate) left: SlotId<Delta<R>>,
    pub(crate) right: SlotId<Delta<R>>,
    pub(crate) output: SlotId<Delta<R>>,
}

impl<R: Row> Node for SetOperationNode<R> {
    fn held(&self, _: &Slots) -> Held {
        self.operation.held()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| {
            self.operation.step(slots.get(self.left), slots.get(self.right), out)?;
            Ok(!out.is_empty())
        })
    }

    fn shrink(&mut self, _: &mut Slots, reclaim: Reclaim) {
        self.operation.shrink(reclaim);
    }

    fn commit(&mut self, _: &mut Slots) {
        self.operation.commit();
    }

    fn abort(&mut self, _: &mut Slots) -> Result<(), Torn> {
        self.operation.abort();
        Ok(())
    }
}
