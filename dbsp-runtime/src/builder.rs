//! The builder of a circuit: it makes inputs, and streams add their operators to it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dbsp_ops::{Delay, UpsertTable};
use dbsp_zset::{Delta, IndexedZSet, Row};

use crate::circuit::{Circuit, Condition, Phase};
use crate::error::{Error, Operator};
use crate::handle::{Input, Upsert};
use crate::node::{Node, Placed};
use crate::nodes::{DelayEmitNode, IntegralNode, SourceNode};
use crate::schedule::Schedule;
use crate::shown::Shown;
use crate::shrink::Thrift;
use crate::slots::{SlotId, Slots};
use crate::streams::{Feedback, KeyedStream, Stream};
use crate::upsert::{Strictness, UpsertBuffer};

/// Builds one circuit; [`Circuit::build`] gives it to the user's closure.
pub struct Builder {
    pub(crate) id: u64,
    parts: RefCell<Parts>,
}

/// The circuit as far as it is built.
#[derive(Default)]
struct Parts {
    slots: Slots,
    nodes: Vec<Placed>,
    operators: Vec<Operator>,
    /// The trace of each stream that something arranged, by the slot of the stream: one arrangement
    /// serves every operator that wants it.
    arrangements: HashMap<usize, usize>,
    /// The node that leaves its output in a slot, by the slot.
    writers: HashMap<usize, usize>,
    /// Feedbacks that nothing is connected to yet, by the slot of their delay.
    open: BTreeMap<usize, Operator>,
    /// The types whose values errors show.
    shown: Shown,
    error: Option<Error>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), parts: RefCell::default() }
    }

    /// An input of rows with weights. It takes everything, also deletions of rows that are not there: their weight is
    /// then negative, and `count` or `sum` of their key may vanish with a later insert, while `max` shows the row.
    /// [`checked_input`](Self::checked_input) refuses or reports them.
    #[track_caller]
    pub fn input<R: Row>(&self, name: &str) -> (Stream<'_, R>, Input<R>) {
        let operator = named("input", name);
        let pending = self.keep(Delta::new());
        let stream = self.add_stream(operator, &[], |output| SourceNode::new(pending, output));
        (stream, Input { circuit: self.id, target: pending })
    }

    /// An input with one value a key, which is inserted, updated and deleted.
    #[track_caller]
    pub fn upsert_input<K: Row, V: Row>(
        &self,
        name: &str,
        strictness: Strictness,
    ) -> (KeyedStream<'_, K, V>, Upsert<K, V>) {
        let operator = named("upsert_input", name);
        let buffer = self.keep(UpsertBuffer {
            name: Arc::from(name),
            strictness,
            table: UpsertTable::new(),
            changes: Delta::new(),
            rejected: Vec::new(),
        });
        let stream = self.add_stream(operator, &[], |output| SourceNode::new(buffer, output));
        (stream.keyed(), Upsert { circuit: self.id, target: buffer })
    }

    /// Says that errors can show keys and rows of a type by its `Debug`, which rows need not have. Numbers, texts and pairs of
    /// them are shown without that.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    /// struct Account { branch: u16, number: u64 }
    ///
    /// let (mut circuit, (payments, balances)) = Circuit::build(|b| {
    ///     b.debug::<Account>();
    ///     let (stream, payments) = b.input::<(Account, i64)>("payments");
    ///     (payments, stream.keyed().sum().view())
    /// })?;
    /// circuit[payments].push((Account { branch: 3, number: 1 }, i64::MIN), 2);
    /// let error = circuit.step().unwrap_err().to_string();
    /// let expected = "a sum of i64 as i64 fell below its range for key Account { branch: 3, number: 1 }";
    /// assert!(error.contains(expected), "{error}");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn debug<T: Row + Debug>(&self) {
        self.parts.borrow_mut().shown.add::<T>();
    }

    /// A stream that will give out, one step later, what is going to be connected to the feedback. For state machines and
    /// loops over steps; [`Circuit::is_settled`] says whether another step would find something to give out.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// // Every row comes back a step later, one smaller, until it is zero.
    /// let (mut circuit, (numbers, seen)) = Circuit::build(|b| {
    ///     let (stream, numbers) = b.input::<u32>("numbers");
    ///     let (back, feedback) = b.feedback::<u32>("countdown");
    ///     let all = stream.plus(back);
    ///     feedback.connect(all.filter(|n| *n > 0).map(|n| n - 1));
    ///     (numbers, all.view())
    /// })?;
    /// circuit[numbers].insert(2);
    /// for _ in 0..5 {
    ///     circuit.step()?;
    /// }
    /// assert_eq!(format!("{:?}", circuit[seen]), "{0: +1, 1: +1, 2: +1}");
    /// assert!(circuit.is_settled());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # This is not recursion
    /// A loop goes on across steps, and what it has found supports itself. So a recursive query that is written with a
    /// feedback is right while rows only come, and *silently wrong* after a deletion through a cycle: here 1 leads to
    /// 2, and 2 and 3 lead to each other. When the edge from 1 to 2 goes, 1 reaches nothing any more, but (1, 2) stays, as
    /// (1, 3) and the edge from 3 to 2 still say so, and (1, 3) stays as (1, 2) does.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// let (mut circuit, (edges, reached)) = Circuit::build(|b| {
    ///     let (stream, edges) = b.input::<(u32, u32)>("edges");
    ///     let (back, feedback) = b.feedback::<(u32, u32)>("paths");
    ///     let by_end = back.index_by(|path| (path.1, path.0));
    ///     let longer = by_end.join(stream.keyed(), |_, from, to| (*from, *to));
    ///     let paths = stream.union(longer);
    ///     feedback.connect(paths);
    ///     (edges, paths.view())
    /// })?;
    /// circuit[edges].extend([(1, 2), (2, 3), (3, 2)]);
    /// while !circuit.is_settled() {
    ///     circuit.step()?;
    /// }
    /// assert_eq!(format!("{:?}", circuit[reached]),
    ///     "{(1, 2): +1, (1, 3): +1, (2, 2): +1, (2, 3): +1, (3, 2): +1, (3, 3): +1}");
    ///
    /// circuit[edges].delete((1, 2));
    /// while !circuit.is_settled() {
    ///     circuit.step()?;
    /// }
    /// // Wrong: without the edge from 1 to 2 there is no path from 1.
    /// assert_eq!((circuit[reached].get(&(1, 2)), circuit[reached].get(&(1, 3))), (1, 1));
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn feedback<R: Row>(&self, name: &str) -> (Stream<'_, R>, Feedback<'_, R>) {
        let operator = named("feedback", name);
        let delay = self.keep(Delay::new());
        let stream = self.add_stream(operator.clone(), &[], |output| DelayEmitNode { delay, output });
        self.parts.borrow_mut().open.insert(delay.index, operator);
        (stream, Feedback { builder: self, delay, emitted: stream.slot() })
    }

    /// A slot that keeps its value from step to step.
    pub(crate) fn keep<T: Send + 'static>(&self, value: T) -> SlotId<T> {
        self.parts.borrow_mut().slots.add(value)
    }

    /// Adds an operator that gives out a stream of deltas.
    pub(crate) fn add_stream<R: Row, N: Node + 'static>(
        &self,
        operator: Operator,
        inputs: &[usize],
        node: impl FnOnce(SlotId<Delta<R>>) -> N,
    ) -> Stream<'_, R> {
        let output = self.parts.borrow_mut().slots.add_stream();
        self.add_node(operator, inputs, Some(output.index), node(output));
        Stream::new(self, output)
    }

    /// Adds an operator.
    pub(crate) fn add_node(
        &self,
        operator: Operator,
        inputs: &[usize],
        output: Option<usize>,
        node: impl Node + 'static,
    ) {
        let mut parts = self.parts.borrow_mut();
        let (starts, settles) = (node.starts(), node.settles());
        if let Some(output) = output {
            let at = parts.nodes.len();
            parts.writers.insert(output, at);
        }
        parts.nodes.push(Placed { node: Box::new(node), inputs: inputs.into(), output, starts, settles });
        parts.operators.push(operator);
    }

    /// The arrangement of a keyed stream, made if there is none yet.
    pub(crate) fn arrange<K: Row, V: Row>(
        &self,
        delta: SlotId<Delta<(K, V)>>,
        location: &'static Location<'static>,
    ) -> SlotId<IndexedZSet<K, V>> {
        let known = self.parts.borrow().arrangements.get(&delta.index).copied();
        if let Some(trace) = known {
            return SlotId::at(trace);
        }
        let trace = self.keep(IndexedZSet::new());
        self.parts.borrow_mut().arrangements.insert(delta.index, trace.index);
        let operator = Operator { kind: "arrange", name: None, location };
        self.add_node(operator, &[delta.index], Some(trace.index), IntegralNode::late(delta, trace));
        trace
    }

    /// Notes that a feedback is connected.
    pub(crate) fn close<R>(&self, delay: SlotId<Delay<R>>) {
        self.parts.borrow_mut().open.remove(&delay.index);
    }

    /// Gives the operator that leaves its output in a slot a name, unless it has one.
    pub(crate) fn name(&self, output: usize, name: &str) {
        let mut parts = self.parts.borrow_mut();
        if let Some(at) = parts.writers.get(&output).copied() {
            parts.operators[at].name.get_or_insert_with(|| Arc::from(name));
        }
    }

    /// Checks that a stream which an operator is to read was made by this builder.
    pub(crate) fn check(&self, stream: &Self, operator: &Operator) {
        if stream.id != self.id {
            let error = Error::ForeignStream { operator: operator.clone() };
            self.parts.borrow_mut().error.get_or_insert(error);
        }
    }

    /// The circuit, if nothing was wrong with it.
    pub(crate) fn finish(self) -> Result<Circuit, Error> {
        let parts = self.parts.into_inner();
        if let Some(error) = parts.error {
            return Err(error);
        }
        if let Some((_, operator)) = parts.open.into_iter().next() {
            return Err(Error::UnconnectedFeedback { operator });
        }
        Ok(Circuit {
            id: self.id,
            slots: parts.slots,
            schedule: Schedule::new(&parts.nodes),
            nodes: parts.nodes,
            operators: parts.operators,
            at: 0,
            phase: Phase::Emptying,
            condition: Condition::Sound,
            steps: 0,
            profiler: None,
            thrift: Thrift::default(),
            shown: parts.shown,
        })
    }
}

/// An operator that is built here and has a name.
#[track_caller]
pub(crate) fn named(kind: &'static str, name: &str) -> Operator {
    Operator { kind, name: Some(Arc::from(name)), location: Location::caller() }
}

/// An operator that is built here.
#[track_caller]
pub(crate) fn operator(kind: &'static str) -> Operator {
    Operator { kind, name: None, location: Location::caller() }
}
