//! Where streams, traces and inputs of a circuit stand between its nodes.
//!
//! # Shape       one cell per stream, trace or input; a [`SlotId`] names a cell and its type.
//! # Invariants  a cell holds the type that its id was made with, so the downcasts cannot fail.
//! # Cost        one comparison of type ids per access: once per node and step, never per row.

use std::any::Any;
use std::marker::PhantomData;

use dbsp_zset::{Delta, Row};

/// Names a cell that holds a `T`.
pub(crate) struct SlotId<T> {
    pub(crate) index: usize,
    holds: PhantomData<fn() -> T>,
}

impl<T> Clone for SlotId<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SlotId<T> {}

impl<T> SlotId<T> {
    pub(crate) fn at(index: usize) -> Self {
        Self { index, holds: PhantomData }
    }
}

/// All cells of a circuit.
#[derive(Default)]
pub(crate) struct Slots {
    cells: Vec<Cell>,
    /// Which cells changed in this step; apart, so that a node's question reads one byte.
    active: Vec<bool>,
    /// The cells that `active` marks, to be emptied before the next step.
    marked: Vec<usize>,
}

struct Cell {
    value: Box<dyn Any + Send>,
    empty: fn(&mut dyn Any),
}

impl Slots {
    /// A cell that keeps its value from step to step.
    pub(crate) fn add<T: Send + 'static>(&mut self, value: T) -> SlotId<T> {
        self.push(Box::new(value), |_| {})
    }

    /// A cell for the deltas of a stream, which is empty at the start of each step.
    pub(crate) fn add_stream<R: Row>(&mut self) -> SlotId<Delta<R>> {
        self.push(Box::new(Delta::<R>::new()), |value| {
            if let Some(delta) = value.downcast_mut::<Delta<R>>() {
                delta.clear();
            }
        })
    }

    fn push<T>(&mut self, value: Box<dyn Any + Send>, empty: fn(&mut dyn Any)) -> SlotId<T> {
        self.cells.push(Cell { value, empty });
        self.active.push(false);
        SlotId::at(self.cells.len() - 1)
    }

    /// What a cell holds.
    #[inline]
    pub(crate) fn get<T: 'static>(&self, id: SlotId<T>) -> &T {
        self.cells[id.index].value.downcast_ref().expect("a cell holds the type of its id")
    }

    /// What a cell holds, with leave to change it.
    #[inline]
    pub(crate) fn get_mut<T: 'static>(&mut self, id: SlotId<T>) -> &mut T {
        self.cells[id.index].value.downcast_mut().expect("a cell holds the type of its id")
    }

    /// Takes the value out of a cell for the length of `work`, which can then use the other cells. It
    /// goes back also if `work` panics.
    #[inline]
    pub(crate) fn with<T: 'static, O>(
        &mut self,
        id: SlotId<T>,
        work: impl FnOnce(&mut Self, &mut T) -> O,
    ) -> O {
        // A box of nothing allocates nothing.
        let value = std::mem::replace(&mut self.cells[id.index].value, Box::new(()));
        let mut lent = Lent { slots: self, index: id.index, value };
        let Lent { slots, value, .. } = &mut lent;
        work(slots, value.downcast_mut().expect("a cell holds the type of its id"))
    }

    /// Whether a cell changed in this step.
    #[inline]
    pub(crate) fn is_active(&self, index: usize) -> bool {
        self.active[index]
    }

    /// Notes that a cell changed in this step.
    #[inline]
    pub(crate) fn mark(&mut self, index: usize) {
        if !self.active[index] {
            self.active[index] = true;
            self.marked.push(index);
        }
    }

    /// Empties the streams of the last step.
    pub(crate) fn clear_streams(&mut self) {
        for index in self.marked.drain(..) {
            self.active[index] = false;
            let cell = &mut self.cells[index];
            (cell.empty)(cell.value.as_mut());
        }
    }
}

/// A value that is out of its cell, and goes back when this is dropped.
struct Lent<'a> {
    slots: &'a mut Slots,
    index: usize,
    value: Box<dyn Any + Send>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        std::mem::swap(&mut self.slots.cells[self.index].value, &mut self.value);
    }
}
