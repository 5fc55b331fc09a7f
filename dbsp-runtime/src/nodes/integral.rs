//! The shell that integrates: arrangements, views and streams of collections.
//!
//! An arrangement or a view is updated when the whole step has computed, so every operator of a step
//! reads it as it was before. A collection is up to date within the step. Either way the delta is
//! taken back again if another node fails after it was applied.

use dbsp_ops::{Excess, OverflowDetail};
use dbsp_zset::{Delta, Held, Holds, IndexedZSet, Overflow, Row, ZSet};

use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};

/// What a stream of deltas can be added up into.
pub(crate) trait Integral: Default + Holds + Send + 'static {
    /// The rows of the stream.
    type Row: Row;

    /// Adds a delta, or nothing of it.
    fn apply(&mut self, delta: &Delta<Self::Row>) -> Result<(), Overflow>;

    /// Takes back a delta that was added last.
    fn unapply(&mut self, delta: &Delta<Self::Row>) -> Result<(), Overflow>;

    /// What adding a delta has last failed on, which was this one.
    fn overflow<'a>(&self, delta: &'a Delta<Self::Row>) -> Option<OverflowDetail<'a>>;
}

/// The entry of a delta whose row has no weight any more: the row, and what there is to say of its weight.
fn excess<R>(delta: &Delta<R>, entry: Option<usize>) -> Option<(&R, Excess)> {
    let entry = entry?;
    let weight = *delta.weights().get(entry)?;
    Some((&delta.rows()[entry], Excess::of("a weight", weight.into())))
}

impl<R: Row> Integral for ZSet<R> {
    type Row = R;

    fn overflow<'a>(&self, delta: &'a Delta<R>) -> Option<OverflowDetail<'a>> {
        let (row, excess) = excess(delta, self.overflowed())?;
        Some(OverflowDetail::new(excess, row))
    }

    fn apply(&mut self, delta: &Delta<R>) -> Result<(), Overflow> {
        self.try_apply(delta)
    }

    fn unapply(&mut self, delta: &Delta<R>) -> Result<(), Overflow> {
        self.try_unapply(delta)
    }
}

impl<K: Row, V: Row> Integral for IndexedZSet<K, V> {
    type Row = (K, V);

    fn overflow<'a>(&self, delta: &'a Delta<(K, V)>) -> Option<OverflowDetail<'a>> {
        let ((key, _), excess) = excess(delta, self.overflowed())?;
        Some(OverflowDetail::new(excess, key))
    }

    fn apply(&mut self, delta: &Delta<(K, V)>) -> Result<(), Overflow> {
        self.try_apply(delta)
    }

    fn unapply(&mut self, delta: &Delta<(K, V)>) -> Result<(), Overflow> {
        self.try_unapply(delta)
    }
}

/// Keeps the integral of a stream in a slot.
pub(crate) struct IntegralNode<T: Integral> {
    input: SlotId<Delta<T::Row>>,
    integral: SlotId<T>,
    /// Whether the integral changes while the step computes, and not at its end.
    is_early: bool,
    progress: Progress,
}

/// How far a step has come with an integral.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Untouched,
    /// Only ever seen from outside if a row panicked while the delta was added.
    Underway,
    Applied,
}

impl<T: Integral> IntegralNode<T> {
    /// An integral that every operator reads as it was before the step.
    pub(crate) fn late(input: SlotId<Delta<T::Row>>, integral: SlotId<T>) -> Self {
        Self { input, integral, is_early: false, progress: Progress::Untouched }
    }

    /// An integral that operators behind it read as it is in this step.
    pub(crate) fn early(input: SlotId<Delta<T::Row>>, integral: SlotId<T>) -> Self {
        Self { is_early: true, ..Self::late(input, integral) }
    }

    fn apply(&mut self, slots: &mut Slots) -> Result<(), Overflow> {
        self.progress = Progress::Underway;
        let applied = slots.with(self.integral, |slots, integral| integral.apply(slots.get(self.input)));
        self.progress = if applied.is_ok() { Progress::Applied } else { Progress::Untouched };
        applied
    }
}

impl<T: Integral> Node for IntegralNode<T> {
    fn held(&self, slots: &Slots) -> Held {
        slots.get(self.integral).held()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        if self.is_early {
            self.apply(slots)?;
        }
        Ok(self.is_early)
    }

    fn prepare(&mut self, slots: &mut Slots) -> Result<(), Overflow> {
        if self.is_early { Ok(()) } else { self.apply(slots) }
    }

    fn overflow<'a>(&'a self, slots: &'a Slots) -> Option<OverflowDetail<'a>> {
        slots.get(self.integral).overflow(slots.get(self.input))
    }

    fn commit(&mut self, _: &mut Slots) {
        self.progress = Progress::Untouched;
    }

    fn abort(&mut self, slots: &mut Slots) -> Result<(), Torn> {
        match std::mem::replace(&mut self.progress, Progress::Untouched) {
            Progress::Untouched => Ok(()),
            Progress::Underway => Err(Torn),
            Progress::Applied => {
                Ok(slots.with(self.integral, |slots, integral| integral.unapply(slots.get(self.input)))?)
            }
        }
    }
}
