//! Where streams, traces and inputs of a circuit stand between its nodes.
//!
//! # Shape       one cell per stream, trace or input; a [`SlotId`] names a cell and its type.
//! # Invariants  a cell holds the type that its id was made with, so the downcasts cannot fail.
//! # Cost        one comparison of type ids per access: once per node and step, never per row.

use std::any::Any;
use std::marker::PhantomData;

use dbsp_zset::{Delta, Held, Holds, Reclaim, Row, Usage, renew};

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
}

struct Cell {
    value: Box<dyn Any + Send>,
    empty: fn(&mut dyn Any, &mut Usage),
    /// The memory of a stream's deltas; nothing of other cells, which their nodes know.
    held: fn(&dyn Any) -> Held,
    /// Cuts a stream's buffer to what so many rows need; nothing of other cells, which their nodes know.
    shrink: fn(&mut dyn Any, usize),
    /// How many rows a stream has a step.
    usage: Usage,
}

impl Cell {
    #[inline]
    fn value<T: 'static>(&self) -> &T {
        self.value.downcast_ref().expect("a cell holds the type of its id")
    }

    #[inline]
    fn value_mut<T: 'static>(&mut self) -> &mut T {
        self.value.downcast_mut().expect("a cell holds the type of its id")
    }
}

impl Slots {
    /// A cell that keeps its value from step to step.
    pub(crate) fn add<T: Send + 'static>(&mut self, value: T) -> SlotId<T> {
        self.push(Box::new(value), |_, _| {}, |_| Held::default(), |_, _| {})
    }

    /// A cell for the deltas of a stream, which is empty at the start of each step.
    pub(crate) fn add_stream<R: Row>(&mut self) -> SlotId<Delta<R>> {
        self.push(
            Box::new(Delta::<R>::new()),
            |value, usage| {
                if let Some(delta) = value.downcast_mut::<Delta<R>>() {
                    usage.note(delta.len());
                    renew(delta, Delta::clear);
                }
            },
            |value| value.downcast_ref::<Delta<R>>().map(Holds::held).unwrap_or_default(),
            |value, needed| {
                if let Some(delta) = value.downcast_mut::<Delta<R>>() {
                    delta.shrink(needed);
                }
            },
        )
    }

    fn push<T>(
        &mut self,
        value: Box<dyn Any + Send>,
        empty: fn(&mut dyn Any, &mut Usage),
        held: fn(&dyn Any) -> Held,
        shrink: fn(&mut dyn Any, usize),
    ) -> SlotId<T> {
        self.cells.push(Cell { value, empty, held, shrink, usage: Usage::new() });
        SlotId::at(self.cells.len() - 1)
    }

    /// What a cell holds.
    #[inline]
    pub(crate) fn get<T: 'static>(&self, id: SlotId<T>) -> &T {
        self.cells[id.index].value()
    }

    /// What a cell holds, with leave to change it.
    #[inline]
    pub(crate) fn get_mut<T: 'static>(&mut self, id: SlotId<T>) -> &mut T {
        self.cells[id.index].value_mut()
    }

    /// What a cell holds, with leave to change it while `work` uses the other cells.
    #[inline]
    pub(crate) fn with<T: 'static, O>(
        &mut self,
        id: SlotId<T>,
        work: impl FnOnce(&mut Others<'_>, &mut T) -> O,
    ) -> O {
        let (before, rest) = self.cells.split_at_mut(id.index);
        let (cell, after) = rest.split_first_mut().expect("an id names a cell");
        work(&mut Others { before, after }, cell.value_mut())
    }

    /// The memory of the deltas in a cell; none if it holds something else.
    pub(crate) fn held(&self, index: usize) -> Held {
        let cell = &self.cells[index];
        (cell.held)(cell.value.as_ref())
    }

    /// Empties a cell, if it holds the deltas of a stream.
    #[inline]
    pub(crate) fn empty(&mut self, index: usize) {
        let cell = &mut self.cells[index];
        (cell.empty)(cell.value.as_mut(), &mut cell.usage);
    }

    /// How many rows the deltas in a cell have had of late; none if it holds something else.
    pub(crate) fn needed(&self, index: usize, reclaim: Reclaim) -> usize {
        self.cells[index].usage.needed(reclaim)
    }

    /// Gives memory of a cell's buffer back, if it holds the deltas of a stream.
    pub(crate) fn shrink(&mut self, index: usize, reclaim: Reclaim) {
        let cell = &mut self.cells[index];
        (cell.shrink)(cell.value.as_mut(), cell.usage.end_period(reclaim));
    }
}

/// All cells but one that is in use.
pub(crate) struct Others<'a> {
    before: &'a mut [Cell],
    after: &'a mut [Cell],
}

impl Others<'_> {
    /// What a cell holds.
    ///
    /// # Panics
    /// If it is the one in use.
    #[inline]
    pub(crate) fn get<T: 'static>(&self, id: SlotId<T>) -> &T {
        match self.before.get(id.index) {
            Some(cell) => cell.value(),
            None => self.after[id.index - self.before.len() - 1].value(),
        }
    }

    /// What a cell holds, with leave to change it.
    ///
    /// # Panics
    /// If it is the one in use.
    #[inline]
    pub(crate) fn get_mut<T: 'static>(&mut self, id: SlotId<T>) -> &mut T {
        let before = self.before.len();
        match self.before.get_mut(id.index) {
            Some(cell) => cell.value_mut(),
            None => self.after[id.index - before - 1].value_mut(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_one_cell_is_in_use_the_others_can_be() {
        let mut slots = Slots::default();
        let (a, b, c) = (slots.add(1_u8), slots.add_stream::<u32>(), slots.add("c"));
        slots.with(b, |others, delta| {
            *others.get_mut(a) += 1;
            *others.get_mut(c) = "d";
            delta.insert(u32::from(*others.get(a)));
            delta.push(others.get(c).len() as u32, 3);
        });
        slots.with(a, |others, a| *a += others.get(b).len() as u8);
        assert_eq!((*slots.get(a), slots.get(b).rows(), *slots.get(c)), (4, &[2, 1][..], "d"));
        [a.index, b.index, c.index].into_iter().for_each(|index| slots.empty(index));
        assert_eq!((*slots.get(a), slots.get(b).len(), *slots.get(c)), (4, 0, "d"));
    }
}
