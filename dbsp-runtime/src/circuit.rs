//! A circuit: operators in the order in which a step calls them, and the step itself.
//!
//! # Shape       a flat list of nodes in topological order, and the slots between them.
//! # Invariants  between steps every node has committed or aborted, so all state is that of the last
//!   step that succeeded.
//! # Cost        O(nodes with changed inputs), plus one word test per 64 idle nodes. A step without changes only polls the
//!   sources. Nothing is allocated once warm but what closures and rows allocate.
//!
//! # A step is a transaction
//! First every node computes, reading all traces as they were before the step; then every node makes
//! the changes of its state, then all become final. Whatever fails on the way, a weight that leaves
//! its range or user code that panics, is taken back: state, views and inputs are as before the step,
//! with the pending changes in place; only the deltas of the last good step are gone, and read as empty.
//! The error names the operator. The circuit then asks for a decision, see [`Circuit::recover`]. Where a row panics in the
//! middle of a change of state, or when changes become final, the step cannot be taken back: the circuit is poisoned.

use std::ops::{Index, IndexMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Instant;

use dbsp_ops::Excess;
use dbsp_zset::{Delta, Overflow};

use crate::builder::Builder;
use crate::error::{Error, Operator};
use crate::graph::Graph;
use crate::handle::{DeltaHandle, Handle, InputHandle};
use crate::memory::{Memory, OperatorMemory};
use crate::node::{Placed, Torn};
use crate::panics::{caught, dispose, text_of};
use crate::profile::{Profile, Profiler, Unwatched, Watch};
use crate::schedule::Schedule;
use crate::shown::Shown;
use crate::shrink::Thrift;
use crate::slots::{SlotId, Slots};

/// A circuit of incremental operators; see the [module](self).
///
/// ```
/// use dbsp_runtime::{Circuit, Error};
///
/// let (mut circuit, (orders, totals)) = Circuit::build(|b| {
///     let (stream, orders) = b.input::<(u32, i64)>("orders");
///     (orders, stream.filter(|o| o.1 > 0).index_by(|o| (o.0, o.1)).sum().view())
/// })?;
/// circuit[orders].extend([((1, 5), 1), ((1, 7), 1), ((2, 3), 1)]);
/// circuit.step()?;
/// assert_eq!(circuit[totals].value(&1), Some(&12));
///
/// circuit[orders].delete((1, 5));
/// circuit.step()?;
/// assert_eq!(circuit[totals].value(&1), Some(&7));
/// assert_eq!(format!("{:?}", circuit.delta(totals)), "{(1, 12): -1, (1, 7): +1}");
/// # Ok::<(), Error>(())
/// ```
pub struct Circuit {
    pub(crate) id: u64,
    pub(crate) slots: Slots,
    pub(crate) nodes: Vec<Placed>,
    pub(crate) operators: Vec<Operator>,
    pub(crate) schedule: Schedule,
    /// Where the step is, for the error if it stops there.
    pub(crate) at: usize,
    /// What is under way, which says what taking back means.
    pub(crate) phase: Phase,
    pub(crate) condition: Condition,
    pub(crate) steps: u64,
    /// There while the circuit is profiled.
    pub(crate) profiler: Option<Box<Profiler>>,
    /// Which node's buffers are looked at next.
    pub(crate) thrift: Thrift,
    /// How errors show keys.
    pub(crate) shown: Shown,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The outputs of the last step are emptied: no state has changed.
    Emptying,
    /// Nodes compute and prepare, which each of them can take back.
    Computing,
    /// Some nodes have made the step final and others may not have.
    Committing,
}

/// Whether a circuit can step.
pub(crate) enum Condition {
    Sound,
    Faulted(Error),
    Poisoned(Error),
}

/// What to do with the changes that a failed step was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Leave them in the inputs, where they can be looked at and corrected: the next step takes what they add up to, so a
    /// row that fails is taken out by deleting it, or by giving its key another value.
    Retry,
    /// Take them back. Changes that were put in after the failed step go as well.
    Discard,
    /// Take them back, and forget what delays and feedbacks were about to give out: the way on if that is
    /// what the step fails on.
    DiscardDelayed,
}

impl Circuit {
    /// Builds a circuit: `build` is given a [`Builder`] and returns whatever handles it wants.
    ///
    /// # Errors
    /// [`Error::ForeignStream`] and [`Error::UnconnectedFeedback`], the first that was found.
    pub fn build<T>(build: impl FnOnce(&Builder) -> T) -> Result<(Self, T), Error> {
        let builder = Builder::new();
        let handles = build(&builder);
        Ok((builder.finish()?, handles))
    }

    /// Takes what was put into the inputs and brings every view up to date.
    ///
    /// # Errors
    /// [`Error::WeightOverflow`] and [`Error::Panicked`] if it failed; everything is then as it was
    /// before, and [`recover`](Self::recover) comes next. [`Error::StepAfterFault`] if that was
    /// forgotten. [`Error::Poisoned`] if taking back failed as well: no further step is possible, and
    /// views may be in between. No panic of user code gets out.
    pub fn step(&mut self) -> Result<(), Error> {
        match &self.condition {
            Condition::Sound => {}
            Condition::Faulted(fault) => {
                return Err(Error::StepAfterFault { fault: Box::new(fault.clone()) });
            }
            Condition::Poisoned(error) => return Err(error.clone()),
        }
        let outcome = if self.profiler.is_none() {
            catch_unwind(AssertUnwindSafe(|| self.run(&mut Unwatched)))
        } else {
            self.run_profiled()
        };
        if outcome.as_ref().is_ok_and(Result::is_ok) {
            self.steps += 1;
            self.look_at_buffers();
            return Ok(());
        }
        Err(self.fail(outcome))
    }

    /// Takes a failed step back, and says why it failed.
    #[cold]
    fn fail(&mut self, outcome: thread::Result<Result<(), Overflow>>) -> Error {
        let operator = self.operators[self.at].clone();
        let (stopped, why, payload) = match outcome {
            Err(payload) => {
                let message = text_of(&payload);
                (Error::Panicked { operator, message: message.clone() }, message, Some(payload))
            }
            Ok(_) => {
                // The `Debug` of a key is user code.
                let stopped = caught(|| self.overflow())
                    .unwrap_or_else(|message| Error::Panicked { operator, message });
                (stopped.clone(), stopped.to_string(), None)
            }
        };
        let taken_back = match self.phase {
            Phase::Emptying => {
                self.empty_rest();
                Ok(())
            }
            Phase::Computing => {
                let aborted = caught(|| self.abort());
                aborted.and_then(|aborted| aborted.map_err(|Torn| why))
            }
            Phase::Committing => Err(why),
        };
        // Only now: dropping it may panic as well.
        payload.into_iter().for_each(dispose);
        match taken_back {
            Ok(()) => {
                self.condition = Condition::Faulted(stopped.clone());
                stopped
            }
            Err(message) => self.poison(message),
        }
    }

    /// Makes a circuit whose step failed ready for the next one. Nothing to do for a sound circuit: what its inputs and
    /// delays hold stays, whatever `recovery` says.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error, Recovery};
    ///
    /// let (mut circuit, (numbers, ratios)) = Circuit::build(|b| {
    ///     let (stream, numbers) = b.input::<i64>("numbers");
    ///     (numbers, stream.map(|n| 100 / n).view())
    /// })?;
    /// circuit[numbers].extend([(5, 1), (0, 1)]);
    /// assert!(matches!(circuit.step(), Err(Error::Panicked { .. })));
    /// assert!(matches!(circuit.step(), Err(Error::StepAfterFault { .. })));
    /// circuit.recover(Recovery::Retry)?;
    /// circuit[numbers].delete(0);          // the culprit, taken back by hand
    /// circuit.step()?;
    /// assert_eq!(circuit[ratios].get(&20), 1);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Poisoned`] if the circuit cannot recover, because it was poisoned before or as a row panics while it is
    /// discarded.
    pub fn recover(&mut self, recovery: Recovery) -> Result<(), Error> {
        match &self.condition {
            Condition::Sound => return Ok(()),
            Condition::Faulted(_) => {}
            Condition::Poisoned(error) => return Err(error.clone()),
        }
        if recovery != Recovery::Retry {
            let Self { nodes, slots, at: now, .. } = self;
            let discarded = caught(|| {
                for (at, placed) in nodes.iter_mut().enumerate() {
                    *now = at;
                    placed.node.discard(slots, recovery);
                }
            });
            discarded.map_err(|message| self.poison(message))?;
        }
        self.condition = Condition::Sound;
        Ok(())
    }

    /// How many steps have succeeded.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The delta of the last step of an output or a view, empty if that step did not change it. It is a bag: a row may
    /// stand in it several times, the sum of its weights counts, and the order of its entries means nothing; an insert may
    /// well stand before the delete that makes room for it. For a sink that applies changes one after the other there is
    /// [`changes`](Self::changes).
    ///
    /// # Panics
    /// If the handle belongs to another circuit, as an index out of bounds does.
    #[must_use]
    pub fn delta<H: DeltaHandle>(&self, handle: H) -> &Delta<H::Row> {
        assert!(handle.changing_circuit() == self.id, "{}", Error::ForeignHandle);
        self.slots.get(SlotId::at(handle.delta_slot()))
    }

    /// What a handle names.
    ///
    /// # Errors
    /// [`Error::ForeignHandle`] if the handle belongs to another circuit.
    pub fn get<H: Handle>(&self, handle: H) -> Result<&H::Target, Error> {
        if handle.circuit() != self.id {
            return Err(Error::ForeignHandle);
        }
        Ok(self.slots.get(SlotId::at(handle.slot())))
    }

    /// The input that a handle names.
    ///
    /// # Errors
    /// [`Error::ForeignHandle`] if the handle belongs to another circuit.
    pub fn get_mut<H: InputHandle>(&mut self, handle: H) -> Result<&mut H::Target, Error> {
        if handle.circuit() != self.id {
            return Err(Error::ForeignHandle);
        }
        Ok(self.slots.get_mut(SlotId::at(handle.slot())))
    }

    /// The operators and the streams between them.
    #[must_use]
    pub fn graph(&self) -> Graph {
        Graph::new(&self.nodes, &self.operators)
    }

    /// The memory that each operator holds. O(operators), and O(buckets or tree nodes) for each trace.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// let (mut circuit, (rows, totals)) = Circuit::build(|b| {
    ///     let (stream, rows) = b.input::<(u64, i64)>("rows");
    ///     (rows, stream.index_by(|row| (row.0 % 100, row.1)).sum().view())
    /// })?;
    /// circuit[rows].extend((0..5_000).map(|n| ((n, 1), 1)));
    /// circuit.step()?;
    /// let memory = circuit.memory();
    /// let sums = &memory.operators[1];
    /// assert_eq!((sums.operator.kind, sums.state.rows), ("sum_by_key", 100));
    /// assert!(memory.bytes() < 2 * 5_000 * 24 + 100 * 300);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn memory(&self) -> Memory {
        let operators = self.nodes.iter().zip(&self.operators).map(|(placed, operator)| OperatorMemory {
            operator: operator.clone(),
            state: placed.node.held(&self.slots),
            buffer: placed.output.map(|output| self.slots.held(output)).unwrap_or_default(),
        });
        Memory { operators: operators.collect() }
    }

    /// Starts to measure what each operator does in a step, from zero if that was measured before. `counter` says how
    /// many allocations this thread has made so far, if somebody counts them.
    ///
    /// A step then takes some 100 ns longer for each operator, and its result is the same.
    pub fn start_profiling(&mut self, counter: Option<fn() -> u64>) {
        self.profiler = Some(Box::new(Profiler::new(self.nodes.len(), counter)));
    }

    /// Ends what [`start_profiling`](Self::start_profiling) started, and forgets what was measured.
    pub fn stop_profiling(&mut self) {
        self.profiler = None;
    }

    /// What the operators did since profiling started; nothing at all if it was not started.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// let (mut circuit, (rows, totals)) = Circuit::build(|b| {
    ///     let (stream, rows) = b.input::<(u64, i64)>("rows");
    ///     (rows, stream.index_by(|row| (row.0 % 100, row.1)).sum().view())
    /// })?;
    /// circuit.start_profiling(None);
    /// circuit[rows].extend((0..5_000).map(|n| ((n, 1), 1)));
    /// circuit.step()?;
    /// let profile = circuit.profile();
    /// let sums = &profile.operators[1];
    /// assert_eq!((sums.operator.kind, sums.calls, sums.rows_out), ("sum_by_key", 1, 100));
    /// assert!(sums.time <= profile.time);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn profile(&self) -> Profile {
        match &self.profiler {
            Some(profiler) => profiler.profile(&self.operators),
            None => Profiler::new(self.nodes.len(), None).profile(&self.operators),
        }
    }

    /// The three passes of a step, measured.
    #[cold]
    fn run_profiled(&mut self) -> thread::Result<Result<(), Overflow>> {
        // Outside of the circuit while the step runs: a panic must not lose it.
        let mut profiler = self.profiler.take();
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| match profiler.as_deref_mut() {
            Some(profiler) => self.run(profiler),
            None => self.run(&mut Unwatched),
        }));
        if let Some(profiler) = &mut profiler {
            profiler.stepped(start.elapsed(), matches!(outcome, Ok(Ok(()))));
        }
        self.profiler = profiler;
        outcome
    }

    /// The three passes of a step.
    #[inline]
    fn run(&mut self, watch: &mut impl Watch) -> Result<(), Overflow> {
        let Self { nodes, slots, schedule, at: now, phase, .. } = self;
        *phase = Phase::Emptying;
        schedule.forget_last(|at| {
            *now = at;
            if let Some(output) = nodes[at].output {
                slots.empty(output);
            }
        });
        *phase = Phase::Computing;
        schedule.begin(nodes, slots, self.steps == 0);
        schedule.run(|at| {
            *now = at;
            let Placed { node, output, .. } = &mut nodes[at];
            let outcome = watch.call(at, || node.compute(slots));
            watch.computed(at, outcome, || output.map_or(0, |output| slots.held(output).rows));
            outcome
        })?;
        schedule.ran.try_each_in(&schedule.settling, |at| {
            *now = at;
            watch.call(at, || nodes[at].node.prepare(slots))
        })?;
        *phase = Phase::Committing;
        schedule.ran.try_each_in(&schedule.settling, |at| {
            *now = at;
            watch.call(at, || nodes[at].node.commit(slots));
            Ok(())
        })
    }

    /// What the node that the step stopped at overflowed on.
    #[cold]
    fn overflow(&self) -> Error {
        let operator = self.operators[self.at].clone();
        match self.nodes[self.at].node.overflow(&self.slots) {
            Some(detail) => {
                let Excess { what, direction } = detail.excess;
                Error::WeightOverflow { operator, what, direction, key: self.shown.key(&detail) }
            }
            None => Error::WeightOverflow { operator, what: "a weight or sum", direction: None, key: None },
        }
    }

    /// Takes back what the nodes of this step did, the last one first.
    fn abort(&mut self) -> Result<(), Torn> {
        self.schedule.stop();
        while let Some(at) = self.schedule.ran.pop() {
            self.at = at;
            self.nodes[at].node.abort(&mut self.slots)?;
            self.empty_quietly(at);
        }
        Ok(())
    }

    /// Empties the outputs of the last step that are left.
    fn empty_rest(&mut self) {
        while let Some(at) = self.schedule.ran.pop() {
            self.empty_quietly(at);
        }
    }

    /// Empties the output of a node. A row that panics as it is dropped is gone all the same.
    fn empty_quietly(&mut self, at: usize) {
        if let Some(output) = self.nodes[at].output {
            let _ = caught(|| self.slots.empty(output));
        }
    }

    /// Gives the circuit up.
    fn poison(&mut self, message: String) -> Error {
        let operator = self.operators[self.at].clone();
        let error = Error::Poisoned { operator, message };
        self.condition = Condition::Poisoned(error.clone());
        error
    }
}

impl std::fmt::Debug for Circuit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let condition = match &self.condition {
            Condition::Sound => "sound",
            Condition::Faulted(_) => "faulted",
            Condition::Poisoned(_) => "poisoned",
        };
        f.debug_struct("Circuit")
            .field("operators", &self.operators.len())
            .field("steps", &self.steps)
            .field("condition", &condition)
            .finish_non_exhaustive()
    }
}

/// # Panics
/// If the handle belongs to another circuit; [`Circuit::get`] gives an error instead.
impl<H: Handle> Index<H> for Circuit {
    type Output = H::Target;

    fn index(&self, handle: H) -> &H::Target {
        self.get(handle).expect("a handle is used with the circuit that made it")
    }
}

/// # Panics
/// If the handle belongs to another circuit; [`Circuit::get_mut`] gives an error instead.
impl<H: InputHandle> IndexMut<H> for Circuit {
    fn index_mut(&mut self, handle: H) -> &mut H::Target {
        self.get_mut(handle).expect("a handle is used with the circuit that made it")
    }
}
