//! The shells of inputs: they move what the user has put in into a stream.
//!
//! If the step fails, the changes go back to where the user put them, before whatever comes later.

use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row};

use crate::circuit::Recovery;
use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};
use crate::upsert::UpsertBuffer;

/// Moves the changes of an input into its stream.
pub(crate) struct InputNode<R> {
    pub(crate) pending: SlotId<Delta<R>>,
    pub(crate) output: SlotId<Delta<R>>,
}

impl<R: Row> Node for InputNode<R> {
    fn is_due(&self, slots: &Slots) -> bool {
        !slots.get(self.pending).is_empty()
    }

    fn settles(&self) -> bool {
        false
    }

    fn held(&self, slots: &Slots) -> Held {
        slots.get(self.pending).held()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| out.append(slots.get_mut(self.pending)));
        Ok(true)
    }

    fn abort(&mut self, slots: &mut Slots) -> Result<(), Torn> {
        slots.with(self.output, |slots, out| slots.get_mut(self.pending).append(out));
        Ok(())
    }

    fn discard(&mut self, slots: &mut Slots, _: Recovery) {
        slots.get_mut(self.pending).clear();
    }

    fn shrink(&mut self, slots: &mut Slots, reclaim: Reclaim) {
        // The two trade their memory in each step.
        let needed = slots.needed(self.output.index, reclaim);
        slots.get_mut(self.pending).shrink(needed);
    }
}

/// Moves the changes of a keyed input into its stream.
pub(crate) struct UpsertNode<K: Row, V: Row> {
    pub(crate) buffer: SlotId<UpsertBuffer<K, V>>,
    pub(crate) output: SlotId<Delta<(K, V)>>,
}

impl<K: Row, V: Row> Node for UpsertNode<K, V> {
    fn is_due(&self, slots: &Slots) -> bool {
        !slots.get(self.buffer).changes.is_empty()
    }

    fn settles(&self) -> bool {
        false
    }

    fn held(&self, slots: &Slots) -> Held {
        let buffer = slots.get(self.buffer);
        let changes = buffer.changes.held();
        Held { bytes: buffer.table.held().bytes + changes.bytes, ..buffer.table.held() }
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| out.append(&mut slots.get_mut(self.buffer).changes));
        Ok(true)
    }

    fn abort(&mut self, slots: &mut Slots) -> Result<(), Torn> {
        slots.with(self.output, |slots, out| slots.get_mut(self.buffer).changes.append(out));
        Ok(())
    }

    fn discard(&mut self, slots: &mut Slots, _: Recovery) {
        let buffer = slots.get_mut(self.buffer);
        buffer.table.undo(&mut buffer.changes);
    }

    fn shrink(&mut self, slots: &mut Slots, reclaim: Reclaim) {
        let needed = slots.needed(self.output.index, reclaim);
        slots.get_mut(self.buffer).changes.shrink(needed);
    }
}
