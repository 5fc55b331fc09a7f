//! The shell of inputs: it moves what the user has put in into a stream.
//!
//! If the step fails, the changes go back to where the user put them, before whatever comes later. The step after that adds them
//! up first: a row that has been taken out by its opposite is then not seen again by what failed on it.

use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row};

use crate::checked::CheckedBuffer;
use crate::circuit::Recovery;
use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};
use crate::upsert::UpsertBuffer;

/// Where a user puts changes for the next step.
pub(crate) trait Source: Send + 'static {
    /// The rows of the stream.
    type Row: Row;

    /// The changes.
    fn pending(&self) -> &Delta<Self::Row>;

    /// The changes, to be moved.
    fn pending_mut(&mut self) -> &mut Delta<Self::Row>;

    /// The memory of the source.
    fn memory(&self) -> Held;

    /// Takes the changes back.
    fn discard(&mut self);
}

impl<R: Row> Source for Delta<R> {
    type Row = R;

    fn pending(&self) -> &Self {
        self
    }

    fn pending_mut(&mut self) -> &mut Self {
        self
    }

    fn memory(&self) -> Held {
        self.held()
    }

    fn discard(&mut self) {
        self.clear();
    }
}

impl<K: Row, V: Row> Source for UpsertBuffer<K, V> {
    type Row = (K, V);

    fn pending(&self) -> &Delta<(K, V)> {
        &self.changes
    }

    fn pending_mut(&mut self) -> &mut Delta<(K, V)> {
        &mut self.changes
    }

    fn memory(&self) -> Held {
        let table = self.table.held();
        Held { bytes: table.bytes + self.changes.held().bytes, ..table }
    }

    fn discard(&mut self) {
        self.clear();
    }
}

impl<R: Row> Source for CheckedBuffer<R> {
    type Row = R;

    fn pending(&self) -> &Delta<R> {
        &self.changes
    }

    fn pending_mut(&mut self) -> &mut Delta<R> {
        &mut self.changes
    }

    fn memory(&self) -> Held {
        let rows = self.rows.held();
        Held { bytes: rows.bytes + self.changes.held().bytes + self.rejected.held().bytes, ..rows }
    }

    fn discard(&mut self) {
        self.clear();
    }
}

/// Moves the changes of a [`Source`] into its stream.
pub(crate) struct SourceNode<S: Source> {
    source: SlotId<S>,
    output: SlotId<Delta<S::Row>>,
    /// Whether the changes went back since a step has last succeeded.
    is_retry: bool,
}

impl<S: Source> SourceNode<S> {
    pub(crate) fn new(source: SlotId<S>, output: SlotId<Delta<S::Row>>) -> Self {
        Self { source, output, is_retry: false }
    }
}

impl<S: Source> Node for SourceNode<S> {
    fn is_due(&self, slots: &Slots) -> bool {
        !slots.get(self.source).pending().is_empty()
    }

    fn settles(&self) -> bool {
        false
    }

    fn held(&self, slots: &Slots) -> Held {
        slots.get(self.source).memory()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| {
            let pending = slots.get_mut(self.source).pending_mut();
            if self.is_retry {
                add_up(pending);
                self.is_retry = false;
            }
            out.append(pending);
            Ok(!out.is_empty())
        })
    }

    fn abort(&mut self, slots: &mut Slots) -> Result<(), Torn> {
        self.is_retry = true;
        slots.with(self.output, |slots, out| slots.get_mut(self.source).pending_mut().append(out));
        Ok(())
    }

    fn discard(&mut self, slots: &mut Slots, _: Recovery) {
        self.is_retry = false;
        slots.get_mut(self.source).discard();
    }

    fn shrink(&mut self, slots: &mut Slots, reclaim: Reclaim) {
        // The two trade their memory in each step.
        let needed = slots.needed(self.output.index, reclaim);
        slots.get_mut(self.source).pending_mut().shrink(needed);
    }
}

/// Leaves out what cancels, unless a sum has no value. Rows that go stand before those that come: the changes of a table are
/// taken back from the last one on.
#[cold]
fn add_up<R: Row>(pending: &mut Delta<R>) {
    let Ok(sums) = pending.clone().consolidate() else { return };
    let mut kept = Delta::with_capacity(sums.len());
    for is_going in [true, false] {
        let rows = sums.iter().filter(|(_, weight)| (**weight < 0) == is_going);
        rows.for_each(|(row, weight)| kept.push(row.clone(), *weight));
    }
    *pending = kept;
}
