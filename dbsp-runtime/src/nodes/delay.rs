//! The two shells of a delay: one gives out at the start of a step, one takes at its end. They stand
//! apart so that a stream can lead from the one through other nodes into the other.

use dbsp_ops::Delay;
use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row};

use crate::circuit::Recovery;
use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};

/// Gives out what was taken one step before.
pub(crate) struct DelayEmitNode<R> {
    pub(crate) delay: SlotId<Delay<R>>,
    pub(crate) output: SlotId<Delta<R>>,
}

impl<R: Row> Node for DelayEmitNode<R> {
    fn is_due(&self, slots: &Slots) -> bool {
        slots.get(self.delay).is_due()
    }

    fn settles(&self) -> bool {
        false
    }

    fn held(&self, _: &Slots) -> Held {
        // The other half of the delay counts it.
        Held::default()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| {
            slots.get(self.delay).emit(out);
            Ok(!out.is_empty())
        })
    }
}

/// Takes what is to be given out one step later. Its inputs are the stream that it takes and the one
/// that the delay gives out, so that it also runs when there is something to forget.
pub(crate) struct DelayTakeNode<R> {
    pub(crate) delay: SlotId<Delay<R>>,
    pub(crate) input: SlotId<Delta<R>>,
}

impl<R: Row> Node for DelayTakeNode<R> {
    fn held(&self, slots: &Slots) -> Held {
        slots.get(self.delay).held()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.delay, |slots, delay| delay.step(slots.get(self.input)))?;
        Ok(false)
    }

    fn commit(&mut self, slots: &mut Slots) {
        slots.get_mut(self.delay).commit();
    }

    fn abort(&mut self, slots: &mut Slots) -> Result<(), Torn> {
        slots.get_mut(self.delay).abort();
        Ok(())
    }

    fn shrink(&mut self, slots: &mut Slots, reclaim: Reclaim) {
        let needed = slots.needed(self.input.index, reclaim);
        slots.get_mut(self.delay).shrink(needed);
    }

    fn discard(&mut self, slots: &mut Slots, recovery: Recovery) {
        if recovery == Recovery::DiscardDelayed {
            slots.get_mut(self.delay).clear();
        }
    }
}
