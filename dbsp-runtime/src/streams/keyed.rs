//! Keyed streams of deltas.

use std::panic::Location;

use dbsp_ops::{
    ArgMax, Average, Count, Filter, Fold, Fraction, Identity, Join, LinearAggregate, LinearAggregation, Map,
    Max, Min, Number, OrderedAggregate, OrderedAggregation, Semijoin, Side, Sum,
};
use dbsp_zset::{Delta, Monoid, Row};

use crate::builder::operator;
use crate::error::Operator;
use crate::handle::{KeyedView, Output};
use crate::nodes::{Arranged, JoinNode, SemijoinNode};
use crate::slots::SlotId;
use crate::streams::{Chain, Flow, IntoStream, Stream};

/// A stream of deltas of rows with a key `K` and a value `V`. It is a name, and copies freely.
///
/// Only a keyed stream can be joined or aggregated, even where the rows of another are pairs:
/// ```compile_fail,E0599
/// # use dbsp_runtime::Circuit;
/// # let _ = Circuit::build(|b| {
/// let (pairs, input) = b.input::<(i32, i32)>("pairs");
/// let sums = pairs.sum();
/// # });
/// ```
/// and an unkeyed stream cannot stand in for a keyed one:
/// ```compile_fail,E0277
/// # use dbsp_runtime::Circuit;
/// # let _ = Circuit::build(|b| {
/// let (pairs, input) = b.input::<(i32, i32)>("pairs");
/// let joined = pairs.keyed().join(pairs, |_, left, right| left + right);
/// # });
/// ```
pub type KeyedStream<'b, K, V> = KeyedFlow<'b, (K, V), Identity>;

/// A keyed stream with a chain of stateless operators behind it; see the [module](super).
#[must_use = "a flow does nothing until an operator, an output or a view takes it"]
pub struct KeyedFlow<'b, S, C> {
    pub(crate) rows: Flow<'b, S, C>,
}

/// Whatever is, or can become, a keyed stream of deltas.
pub trait IntoKeyedStream<'b> {
    /// The keys.
    type Key: Row;
    /// The values.
    type Value: Row;

    /// The keyed stream.
    fn into_keyed_stream(self) -> KeyedStream<'b, Self::Key, Self::Value>;
}

impl<S, C: Clone> Clone for KeyedFlow<'_, S, C> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}

impl<S, C: Copy> Copy for KeyedFlow<'_, S, C> {}

impl<'b, S: Row, K: Row, V: Row, C: Chain<S, Row = (K, V)>> IntoKeyedStream<'b> for KeyedFlow<'b, S, C> {
    type Key = K;
    type Value = V;

    #[track_caller]
    fn into_keyed_stream(self) -> KeyedStream<'b, K, V> {
        self.materialise()
    }
}

impl<K: Row, V: Row> KeyedStream<'_, K, V> {
    fn slot(&self) -> SlotId<Delta<(K, V)>> {
        self.rows.slot()
    }

    /// Gives the operator that makes this stream a name, for errors and for the graph. The first name
    /// stays: an input keeps its own.
    pub fn named(self, name: &str) -> Self {
        Self { rows: self.rows.named(name) }
    }

    /// The stream with its arrangement, which every operator that wants one shares.
    fn arranged(&self, location: &'static Location<'static>) -> Arranged<K, V> {
        Arranged { delta: self.slot(), trace: self.rows.builder.arrange(self.slot(), location) }
    }
}

/// Stateless and linear operators.
impl<'b, S: Row, K: Row, V: Row, C: Chain<S, Row = (K, V)>> KeyedFlow<'b, S, C> {
    /// The rows as plain pairs, without a key.
    pub fn rows(self) -> Flow<'b, S, C> {
        self.rows
    }

    /// The image of each value under its key. `image` must be a [pure function](crate::recipes#pure-functions).
    pub fn map_values<U: Row>(
        self,
        image: impl Fn(&V) -> U + Send + 'static,
    ) -> KeyedFlow<'b, S, Map<C, impl Fn(&(K, V)) -> (K, U) + Send + 'static>> {
        KeyedFlow { rows: self.rows.map(move |(key, value): &(K, V)| (key.clone(), image(value))) }
    }

    /// The rows that `keep` accepts. `keep` must be a [pure function](crate::recipes#pure-functions): what depends on the
    /// time needs [a clock as an input](crate::recipes#a-clock-as-an-input).
    pub fn filter(
        self,
        keep: impl Fn(&K, &V) -> bool + Send + 'static,
    ) -> KeyedFlow<'b, S, Filter<C, impl Fn(&(K, V)) -> bool + Send + 'static>> {
        KeyedFlow { rows: self.rows.filter(move |(key, value): &(K, V)| keep(key, value)) }
    }

    /// The flow as a stream of its own, whose rows several readers can share.
    #[track_caller]
    pub fn materialise(self) -> KeyedStream<'b, K, V> {
        self.rows.materialise().keyed()
    }

    /// Each row with the opposite weight.
    #[track_caller]
    #[expect(clippy::should_implement_trait, reason = "the operator's name in the field")]
    pub fn neg(self) -> KeyedStream<'b, K, V> {
        self.rows.neg().keyed()
    }

    /// The sum of two keyed streams.
    #[track_caller]
    pub fn plus(self, other: impl IntoKeyedStream<'b, Key = K, Value = V>) -> KeyedStream<'b, K, V> {
        self.rows.plus(other.into_keyed_stream().rows).keyed()
    }

    /// The difference of two keyed streams; not `EXCEPT ALL`, see [`Flow::minus`].
    #[track_caller]
    pub fn minus(self, other: impl IntoKeyedStream<'b, Key = K, Value = V>) -> KeyedStream<'b, K, V> {
        self.rows.minus(other.into_keyed_stream().rows).keyed()
    }

    /// The set of rows whose weight is positive.
    #[track_caller]
    pub fn distinct(self) -> KeyedStream<'b, K, V> {
        self.rows.distinct().keyed()
    }

    /// The stream one step later; see [`Flow::delay`].
    #[track_caller]
    pub fn delay(self) -> KeyedStream<'b, K, V> {
        self.rows.delay().keyed()
    }

    /// Lets the deltas of each step be read. Nothing is kept.
    #[track_caller]
    pub fn output(self) -> Output<(K, V)> {
        self.rows.output()
    }

    /// Keeps the integral by key, to be read at any time, and lets the deltas of each step be read.
    /// Operators that arrange the stream share it.
    #[track_caller]
    pub fn view(self) -> KeyedView<K, V> {
        let stream = self.materialise();
        let Arranged { delta, trace } = stream.arranged(Location::caller());
        KeyedView { circuit: stream.rows.builder.id, target: trace, delta }
    }
}

/// Joins.
impl<'b, S: Row, K: Row, V: Row, C: Chain<S, Row = (K, V)>> KeyedFlow<'b, S, C> {
    /// The equi-join: `image` of each pair of rows with one key, weights multiplied. `image` must be a
    /// [pure function](crate::recipes#pure-functions).
    ///
    /// Keys are compared by `Eq`. So rows whose key is `None` join each other, where `NULL` in SQL joins nothing: put a
    /// `filter(|key, _| key.is_some())` before the join if that is what you want.
    #[track_caller]
    pub fn join<O: IntoKeyedStream<'b, Key = K>, R: Row>(
        self,
        other: O,
        image: impl Fn(&K, &V, &O::Value) -> R + Send + 'static,
    ) -> Stream<'b, R> {
        self.join_flat(other, move |key, left, right| Some(image(key, left, right)))
    }

    /// The equi-join with any number of rows for each pair: `images` may also choose among pairs. It must be a
    /// [pure function](crate::recipes#pure-functions), and `None` keys join each other, see [`join`](Self::join).
    #[track_caller]
    pub fn join_flat<O: IntoKeyedStream<'b, Key = K>, I: IntoIterator<Item: Row> + 'static>(
        self,
        other: O,
        images: impl Fn(&K, &V, &O::Value) -> I + Send + 'static,
    ) -> Stream<'b, I::Item> {
        let operator = operator("join");
        let (left, right) = (self.materialise(), other.into_keyed_stream());
        let builder = left.rows.builder;
        builder.check(right.rows.builder, &operator);
        let left = left.arranged(operator.location);
        let right = right.arranged(operator.location);
        builder.add_stream(operator, &[left.delta.index, right.delta.index], |output| JoinNode {
            join: Join::new(),
            left,
            right,
            images,
            output,
        })
    }

    /// The rows whose key `keys` holds with a positive weight. A key `None` is found as any other, unlike `NULL` in SQL.
    #[track_caller]
    pub fn semijoin(self, keys: impl IntoStream<'b, Row = K>) -> KeyedStream<'b, K, V> {
        let operator = operator("semijoin");
        self.semijoin_by(Side::Present, keys.into_stream(), operator)
    }

    /// The rows whose key `keys` does not hold with a positive weight. A key `None` is found as any other: unlike
    /// `NOT IN` in SQL, one `None` among `keys` takes away the rows with that key only.
    #[track_caller]
    pub fn antijoin(self, keys: impl IntoStream<'b, Row = K>) -> KeyedStream<'b, K, V> {
        let operator = operator("antijoin");
        self.semijoin_by(Side::Absent, keys.into_stream(), operator)
    }

    #[track_caller]
    fn semijoin_by(self, side: Side, keys: Stream<'b, K>, operator: Operator) -> KeyedStream<'b, K, V> {
        let left = self.materialise();
        let builder = left.rows.builder;
        builder.check(keys.builder, &operator);
        let (left, keys) = (left.arranged(operator.location), keys.slot());
        let inputs = [left.delta.index, keys.index];
        let semijoin = Semijoin::new(side);
        builder.add_stream(operator, &inputs, |output| SemijoinNode { semijoin, left, keys, output }).keyed()
    }
}

/// Aggregates. Each gives one row for each key that has a result.
impl<'b, S: Row, K: Row, V: Row, C: Chain<S, Row = (K, V)>> KeyedFlow<'b, S, C> {
    /// Says that errors can show keys of this type by its `Debug`; see [`Builder::debug`](crate::Builder::debug).
    pub fn debug_keys(self) -> Self
    where
        K: std::fmt::Debug,
    {
        self.rows.builder.debug::<K>();
        self
    }

    /// How many rows each key has: Σ weight, where that is not 0.
    #[track_caller]
    pub fn count(self) -> KeyedStream<'b, K, i64> {
        self.linear(Count, operator("count"))
    }

    /// The sum of the values of each key whose count is not 0: an `i64`, or an `i128` of numbers that may be wider than that,
    /// see [`Number`].
    #[track_caller]
    pub fn sum(self) -> KeyedStream<'b, K, V::Sum>
    where
        V: Number,
    {
        self.linear(Sum(|value: &V| *value), operator("sum_by_key"))
    }

    /// The average of the values of each key whose count is not 0, as a reduced [`Fraction`]: equal averages are equal rows.
    #[track_caller]
    pub fn average(self) -> KeyedStream<'b, K, Fraction>
    where
        V: Number,
    {
        self.linear(Average(|value: &V| *value), operator("average"))
    }

    /// Any linear aggregate: [`Count`], [`Sum`], [`Average`], tuples of them, or one of the user's. Its closures must be
    /// [pure functions](crate::recipes#pure-functions).
    /// State: one total a key.
    #[track_caller]
    pub fn aggregate<G>(self, aggregate: G) -> KeyedStream<'b, K, G::Output>
    where
        G: LinearAggregate<V> + Send + 'static,
    {
        self.linear(aggregate, operator("aggregate"))
    }

    /// The least value of each key among rows with a positive weight. State: the rows; O(log group) a
    /// change.
    #[track_caller]
    pub fn min(self) -> KeyedStream<'b, K, V> {
        self.ordered(Min, operator("min"))
    }

    /// The greatest value of each key among rows with a positive weight. State: the rows; O(log group)
    /// a change.
    #[track_caller]
    pub fn max(self) -> KeyedStream<'b, K, V> {
        self.ordered(Max, operator("max"))
    }

    /// The sum by any monoid of what `lift` makes of the rows of each key that have a positive weight. `lift` must be a
    /// [pure function](crate::recipes#pure-functions).
    /// State: the rows; O(log group) additions a change.
    #[track_caller]
    pub fn fold<M: Monoid + Row>(self, lift: impl Fn(&V) -> M + Send + 'static) -> KeyedStream<'b, K, M> {
        self.ordered(Fold(lift), operator("fold"))
    }

    #[track_caller]
    fn linear<G>(self, aggregate: G, operator: Operator) -> KeyedStream<'b, K, G::Output>
    where
        G: LinearAggregate<V> + Send + 'static,
    {
        self.rows.piecewise(LinearAggregation::new(aggregate), operator).keyed()
    }

    #[track_caller]
    fn ordered<G>(self, aggregate: G, operator: Operator) -> KeyedStream<'b, K, G::Output>
    where
        G: OrderedAggregate<V> + Send + 'static,
    {
        self.rows.piecewise(OrderedAggregation::new(aggregate), operator).keyed()
    }
}

/// Aggregates of ranked rows.
impl<'b, S: Row, K: Row, P: Row, V: Row, C: Chain<S, Row = (K, (P, V))>> KeyedFlow<'b, S, C> {
    /// The rows of each key that have its greatest rank, ties included: `RANK() … = 1` in SQL. The rank comes
    /// first in each value; [`Reverse`](std::cmp::Reverse) makes it the least. State: the rows; O(log group) a
    /// change, and what goes out.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// let (mut circuit, (bids, best)) = Circuit::build(|b| {
    ///     let (stream, bids) = b.input::<(&str, i64, &str)>("bids");
    ///     let by_price = stream.index_by(|&(item, price, bidder)| (item, (price, bidder)));
    ///     (bids, by_price.arg_max().map_values(|&(_, bidder)| bidder).view())
    /// })?;
    /// circuit[bids].extend([(("vase", 30, "ann"), 1), (("vase", 70, "bob"), 1), (("vase", 70, "eve"), 1)]);
    /// circuit.step()?;
    /// assert_eq!(format!("{:?}", circuit[best]), r#"{"vase": {"bob": +1, "eve": +1}}"#);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn arg_max(self) -> KeyedStream<'b, K, (P, V)> {
        self.rows.piecewise(ArgMax::new(), operator("arg_max")).keyed()
    }
}
