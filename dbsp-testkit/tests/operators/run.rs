//! A circuit beside the model, step by step.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::cases::{Bag, Built, Case, add, pair};
use crate::cell::Cell;

/// The changes of the two inputs in one step.
pub(crate) type Changes = [Vec<((i64, i64), i64)>; 2];

/// How a circuit left the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// A panic got out of a step.
    Escaped,
    /// The view, its delta, the inputs or the state left behind are not as they should be.
    Wrong,
    /// A step failed although nothing panicked.
    Wedged,
}

/// A circuit, and what the model says of it.
pub(crate) struct Run<'a, C: Cell> {
    case: &'a Case<C>,
    pub(crate) built: Built<C>,
    /// The collections of the inputs after each step.
    history: Vec<(Bag, Bag)>,
    /// What the view holds after the last step.
    pub(crate) before: Bag,
}

impl<'a, C: Cell> Run<'a, C> {
    pub(crate) fn new(case: &'a Case<C>) -> Self {
        Self { case, built: Built::new(case), history: Vec::new(), before: Bag::new() }
    }

    pub(crate) fn feed(&mut self, changes: &Changes) {
        for (input, changes) in self.built.inputs.into_iter().zip(changes) {
            self.built.circuit[input].extend(changes.iter().map(|(row, weight)| (pair(*row), *weight)));
        }
    }

    /// Takes a step with what was fed.
    pub(crate) fn step(&mut self, changes: &Changes) -> Result<(), Lost> {
        match catch_unwind(AssertUnwindSafe(|| self.built.circuit.step())) {
            Err(_) => return Err(Lost::Escaped),
            Ok(Err(_)) => return Err(Lost::Wedged),
            Ok(Ok(())) => {}
        }
        let (mut left, mut right) = self.now();
        changes[0].iter().for_each(|(row, weight)| add(&mut left, canonical::<C>(*row), *weight));
        changes[1].iter().for_each(|(row, weight)| add(&mut right, canonical::<C>(*row), *weight));
        self.history.push((left, right));
        let after = Built::expected(self.case, &self.history);
        let mut delta = after.clone();
        self.before.iter().for_each(|(row, weight)| add(&mut delta, *row, -weight));
        if self.built.held() != after || self.built.delta() != Some(delta) {
            return Err(Lost::Wrong);
        }
        self.before = after;
        Ok(())
    }

    /// Takes all rows away, and looks for state that stays behind.
    pub(crate) fn drain(&mut self) -> Result<(), Lost> {
        let rest = |bag: Bag| bag.into_iter().map(|(row, weight)| (row, -weight)).collect::<Vec<_>>();
        let (left, right) = self.now();
        let last = [rest(left), rest(right)];
        self.feed(&last);
        self.step(&last)?;
        // A loop may need some more.
        (0..5).try_for_each(|_| self.step(&Changes::default()))?;
        let memory = self.built.circuit.memory();
        let left = memory.operators.iter().map(|operator| operator.state.rows).sum::<usize>();
        // Everything is as before the first step.
        self.history.clear();
        if left == 0 && self.before.is_empty() { Ok(()) } else { Err(Lost::Wrong) }
    }

    fn now(&self) -> (Bag, Bag) {
        self.history.last().cloned().unwrap_or_default()
    }
}

/// A row as it is once it was made of cells.
fn canonical<C: Cell>(row: (i64, i64)) -> (i64, i64) {
    (C::new(row.0).number(), C::new(row.1).number())
}
