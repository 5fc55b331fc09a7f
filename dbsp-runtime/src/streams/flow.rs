//! Unkeyed streams of deltas.

use dbsp_ops::{Distinct, Filter, FlatMap, Fused, Identity, Map, Piecewise, SetKind, SetOperation, run};
use dbsp_zset::{Delta, Row, ZSet};

use crate::builder::{Builder, operator};
use crate::error::Operator;
use crate::handle::{Output, View};
use crate::nodes::{DelayEmitNode, DelayTakeNode, IntegralNode, SetOperationNode, StatelessNode, UnaryNode};
use crate::slots::{Others, SlotId};
use crate::streams::{Chain, Collection, KeyedFlow};

/// A stream of deltas of rows `R`. It is a name, and copies freely.
pub type Stream<'b, R> = Flow<'b, R, Identity>;

/// A stream of deltas with a chain of stateless operators behind it; see the [module](super).
///
/// Using a flow twice runs its chain twice; [`materialise`](Self::materialise) it first to run it once, or where the compiler says
/// that it has moved: a chain whose closures cannot be copied cannot be used twice. A chain of more
/// than some 50 stages should be cut by it, too: see [long chains](crate::recipes#long-chains).
#[must_use = "a flow does nothing until an operator, an output or a view takes it"]
pub struct Flow<'b, S, C> {
    pub(crate) builder: &'b Builder,
    pub(crate) source: SlotId<Delta<S>>,
    pub(crate) chain: C,
}

/// Whatever is, or can become, a stream of deltas.
pub trait IntoStream<'b> {
    /// The rows of the stream.
    type Row: Row;

    /// The stream.
    fn into_stream(self) -> Stream<'b, Self::Row>;
}

impl<S, C: Clone> Clone for Flow<'_, S, C> {
    fn clone(&self) -> Self {
        Self { builder: self.builder, source: self.source, chain: self.chain.clone() }
    }
}

impl<S, C: Copy> Copy for Flow<'_, S, C> {}

impl<'b, S: Row, C: Chain<S>> IntoStream<'b> for Flow<'b, S, C> {
    type Row = C::Row;

    #[track_caller]
    fn into_stream(self) -> Stream<'b, C::Row> {
        self.materialise()
    }
}

impl<'b, R: Row> Stream<'b, R> {
    pub(crate) fn new(builder: &'b Builder, source: SlotId<Delta<R>>) -> Self {
        Self { builder, source, chain: Identity }
    }

    pub(crate) fn slot(&self) -> SlotId<Delta<R>> {
        self.source
    }

    /// Gives the operator that makes this stream a name, for errors and for the graph. The first name
    /// stays: an input keeps its own.
    pub fn named(self, name: &str) -> Self {
        self.builder.name(self.source.index, name);
        self
    }
}

impl<'b, S: Row, K: Row, V: Row, C: Chain<S, Row = (K, V)>> Flow<'b, S, C> {
    /// A flow of pairs as a keyed flow, the first of each pair its key.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// let (mut circuit, (words, lengths)) = Circuit::build(|b| {
    ///     let (stream, words) = b.input::<String>("words");
    ///     (words, stream.map(|word| (word.len(), word.clone())).keyed().count().view())
    /// })?;
    /// circuit[words].extend(["fig", "pear", "kiwi"].map(String::from));
    /// circuit.step()?;
    /// assert_eq!(circuit[lengths].value(&4), Some(&2));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn keyed(self) -> KeyedFlow<'b, S, C> {
        KeyedFlow { rows: self }
    }
}

/// Stateless operators: they only lengthen the chain. Their closures must be
/// [pure functions](crate::recipes#pure-functions).
impl<'b, S: Row, C: Chain<S>> Flow<'b, S, C> {
    /// The image of each row. `image` must be a [pure function](crate::recipes#pure-functions).
    pub fn map<R: Row, F: Fn(&C::Row) -> R + Send + 'static>(self, image: F) -> Flow<'b, S, Map<C, F>> {
        self.then(|chain| chain.map(image))
    }

    /// The rows that `keep` accepts. `keep` must be a [pure function](crate::recipes#pure-functions): what depends on the
    /// time needs [a clock as an input](crate::recipes#a-clock-as-an-input).
    pub fn filter<F: Fn(&C::Row) -> bool + Send + 'static>(self, keep: F) -> Flow<'b, S, Filter<C, F>> {
        self.then(|chain| chain.filter(keep))
    }

    /// All images of each row. `images` must be a [pure function](crate::recipes#pure-functions).
    pub fn flat_map<I, F>(self, images: F) -> Flow<'b, S, FlatMap<C, F>>
    where
        I: IntoIterator<Item: Row>,
        F: Fn(&C::Row) -> I + Send + 'static,
    {
        self.then(|chain| chain.flat_map(images))
    }

    /// Each row as a pair of a key and a value: `map(pair).keyed()`. `pair` must be a
    /// [pure function](crate::recipes#pure-functions).
    pub fn index_by<K: Row, V: Row, F>(self, pair: F) -> KeyedFlow<'b, S, Map<C, F>>
    where
        F: Fn(&C::Row) -> (K, V) + Send + 'static,
    {
        KeyedFlow { rows: self.map(pair) }
    }

    fn then<D>(self, lengthen: impl FnOnce(C) -> D) -> Flow<'b, S, D> {
        Flow { builder: self.builder, source: self.source, chain: lengthen(self.chain) }
    }
}

impl<'b, S: Row, C: Chain<S>> Flow<'b, S, C> {
    /// The flow as a stream of its own, whose rows several readers can share. It becomes one operator;
    /// a stream that is one already stays as it is. It also ends the type of a
    /// [long chain](crate::recipes#long-chains).
    #[track_caller]
    pub fn materialise(self) -> Stream<'b, C::Row> {
        let Self { builder, source, chain } = self;
        if chain.is_identity() {
            return Stream::new(builder, SlotId::at(source.index));
        }
        builder.add_stream(operator("stateless"), &[source.index], |output| StatelessNode {
            output,
            work: move |slots: &Others<'_>, out: &mut _| {
                run(&chain, slots.get(source), out);
                Ok(())
            },
        })
    }

    /// Each row with the opposite weight.
    #[track_caller]
    #[expect(clippy::should_implement_trait, reason = "the operator's name in the field")]
    pub fn neg(self) -> Stream<'b, C::Row> {
        let input = self.materialise();
        let slot = input.source;
        input.builder.add_stream(operator("neg"), &[slot.index], |output| StatelessNode {
            output,
            work: move |slots: &Others<'_>, out: &mut _| dbsp_ops::neg(slots.get(slot), out),
        })
    }

    /// The sum of two streams: `UNION ALL`.
    #[track_caller]
    pub fn plus(self, other: impl IntoStream<'b, Row = C::Row>) -> Stream<'b, C::Row> {
        self.sum_of([other.into_stream()])
    }

    /// The sum of this stream and any number of others.
    #[track_caller]
    pub fn sum_of(self, others: impl IntoIterator<Item = Stream<'b, C::Row>>) -> Stream<'b, C::Row> {
        let operator = operator("sum");
        let first = self.materialise();
        let mut sources = vec![first.source];
        for other in others {
            first.builder.check(other.builder, &operator);
            sources.push(other.source);
        }
        let inputs: Vec<usize> = sources.iter().map(|source| source.index).collect();
        first.builder.add_stream(operator, &inputs, |output| StatelessNode {
            output,
            work: move |slots: &Others<'_>, out: &mut _| {
                dbsp_ops::sum_of(sources.iter().map(|source| slots.get(*source)), out);
                Ok(())
            },
        })
    }

    /// The difference of two streams: weights of `other` are subtracted.
    ///
    /// This is not `EXCEPT ALL`, which stops at zero: a row that only `other` holds has a negative weight here. Nor is
    /// it `EXCEPT`, which is [`except`](Self::except).
    #[track_caller]
    pub fn minus(self, other: impl IntoStream<'b, Row = C::Row>) -> Stream<'b, C::Row> {
        let operator = operator("minus");
        let (left, right) = (self.materialise(), other.into_stream());
        left.builder.check(right.builder, &operator);
        let (left_slot, right_slot) = (left.source, right.source);
        left.builder.add_stream(operator, &[left_slot.index, right_slot.index], |output| StatelessNode {
            output,
            work: move |slots: &Others<'_>, out: &mut _| {
                dbsp_ops::minus(slots.get(left_slot), slots.get(right_slot), out)
            },
        })
    }

    /// The set of rows whose weight is positive. State: a weight for each row.
    #[track_caller]
    pub fn distinct(self) -> Stream<'b, C::Row> {
        self.piecewise(Distinct::new(), operator("distinct"))
    }

    /// The set of rows that either stream holds with a positive weight.
    #[track_caller]
    pub fn union(self, other: impl IntoStream<'b, Row = C::Row>) -> Stream<'b, C::Row> {
        let operator = operator("union");
        self.set_operation(SetKind::Union, other.into_stream(), operator)
    }

    /// The set of rows that both streams hold with a positive weight.
    #[track_caller]
    pub fn intersect(self, other: impl IntoStream<'b, Row = C::Row>) -> Stream<'b, C::Row> {
        let operator = operator("intersect");
        self.set_operation(SetKind::Intersect, other.into_stream(), operator)
    }

    /// The set of rows that this stream holds with a positive weight and the other does not: `EXCEPT`. For the
    /// difference of multisets see [`minus`](Self::minus).
    #[track_caller]
    pub fn except(self, other: impl IntoStream<'b, Row = C::Row>) -> Stream<'b, C::Row> {
        let operator = operator("except");
        self.set_operation(SetKind::Except, other.into_stream(), operator)
    }

    /// The stream one step later: z^-1. What a delayed stream adds up to depends on where steps begin
    /// and end; no other operator's does. It is no way to write a recursive query: see
    /// [`Builder::feedback`](crate::Builder::feedback).
    /// [`Circuit::is_settled`](crate::Circuit::is_settled) says whether a delay has something left to give out.
    #[track_caller]
    pub fn delay(self) -> Stream<'b, C::Row> {
        let input = self.materialise();
        let builder = input.builder;
        let delay = builder.keep(dbsp_ops::Delay::new());
        let emitted = builder.add_stream(operator("delay"), &[], |output| DelayEmitNode { delay, output });
        let inputs = [input.source.index, emitted.source.index];
        let take = DelayTakeNode { delay, input: input.source };
        builder.add_node(operator("delay_take"), &inputs, None, take);
        emitted
    }

    /// The stream of whole collections that the deltas add up to: I.
    #[track_caller]
    pub fn integrate(self) -> Collection<'b, C::Row> {
        let input = self.materialise();
        let collection = input.builder.keep(ZSet::new());
        let node = IntegralNode::early(input.source, collection);
        let inputs = [input.source.index];
        input.builder.add_node(operator("integrate"), &inputs, Some(collection.index), node);
        Collection { builder: input.builder, slot: collection }
    }

    /// Lets the deltas of each step be read. Nothing is kept.
    #[track_caller]
    pub fn output(self) -> Output<C::Row> {
        let stream = self.materialise();
        Output { circuit: stream.builder.id, target: stream.source }
    }

    /// Keeps the integral, to be read at any time, and lets the deltas of each step be read.
    #[track_caller]
    pub fn view(self) -> View<C::Row> {
        let stream = self.materialise();
        let integral = stream.builder.keep(ZSet::new());
        let node = IntegralNode::late(stream.source, integral);
        let inputs = [stream.source.index];
        stream.builder.add_node(operator("view"), &inputs, Some(integral.index), node);
        View { circuit: stream.builder.id, target: integral, delta: stream.source }
    }

    /// Hosts an operator together with the chain before it, so that no row rests between the two.
    #[track_caller]
    pub(crate) fn piecewise<O>(self, operation: O, operator: Operator) -> Stream<'b, O::Out>
    where
        O: Piecewise<In = C::Row> + Send + 'static,
    {
        let Self { builder, source, chain } = self;
        if chain.is_identity() {
            let input = SlotId::at(source.index);
            return builder.add_stream(operator, &[input.index], |output| UnaryNode {
                operator: operation,
                input,
                output,
            });
        }
        builder.add_stream(operator, &[source.index], |output| UnaryNode {
            operator: Fused::new(chain, operation),
            input: source,
            output,
        })
    }

    #[track_caller]
    fn set_operation(
        self,
        kind: SetKind,
        other: Stream<'b, C::Row>,
        operator: Operator,
    ) -> Stream<'b, C::Row> {
        let left = self.materialise();
        left.builder.check(other.builder, &operator);
        let (left_slot, right_slot) = (left.source, other.source);
        left.builder.add_stream(operator, &[left_slot.index, right_slot.index], |output| SetOperationNode {
            operation: SetOperation::new(kind),
            left: left_slot,
            right: right_slot,
            output,
        })
    }
}
