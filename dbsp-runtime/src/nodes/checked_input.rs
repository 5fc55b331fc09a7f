//! The shell of a checked input: it moves the changes that were taken into a stream.

use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row};

use crate::checked::CheckedBuffer;
use crate::circuit::Recovery;
use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};

/// Moves the changes of a checked input into its stream.
pub(crate) struct CheckedInputNode<R: Row> {
    buffer: SlotId<CheckedBuffer<R>>,
    output: SlotId<Delta<R>>,
}

impl<R: Row> CheckedInputNode<R> {
    pub(crate) fn new(buffer: SlotId<CheckedBuffer<R>>, output: SlotId<Delta<R>>) -> Self {
        Self { buffer, output }
    }
}

impl<R: Row> Node for CheckedInputNode<R> {
    fn is_due(&self, slots: &Slots) -> bool {
        !slots.get(self.buffer).changes.is_empty()
    }

    fn settles(&self) -> bool {
        false
    }

    fn held(&self, slots: &Slots) -> Held {
        let buffer = slots.get(self.buffer);
        let rows = buffer.rows.held();
        Held { bytes: rows.bytes + buffer.changes.held().bytes + buffer.rejected.held().bytes, ..rows }
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
        slots.get_mut(self.buffer).clear();
    }

    fn shrink(&mut self, slots: &mut Slots, reclaim: Reclaim) {
        let needed = slots.needed(self.output.index, reclaim);
        slots.get_mut(self.buffer).changes.shrink(needed);
    }
}
