//! The shell of operators without state: fused chains, sums, negation.

use dbsp_zset::{Delta, Held, Overflow, Row};

use crate::node::Node;
use crate::slots::{Others, SlotId, Slots};

/// Runs `work`, which reads slots and appends to the output.
pub(crate) struct StatelessNode<R, F> {
    pub(crate) output: SlotId<Delta<R>>,
    pub(crate) work: F,
}

impl<R: Row, F> Node for StatelessNode<R, F>
where
    F: FnMut(&Others<'_>, &mut Delta<R>) -> Result<(), Overflow> + Send,
{
    fn settles(&self) -> bool {
        false
    }

    fn held(&self, _: &Slots) -> Held {
        Held::default()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| {
            (self.work)(slots, out)?;
            Ok(!out.is_empty())
        })
    }
}
