//! Streams of whole collections.

use dbsp_ops::Differentiate;
use dbsp_zset::{Row, ZSet};

use crate::builder::{Builder, operator};
use crate::nodes::{DifferentiateNode, LiftNode};
use crate::slots::SlotId;
use crate::streams::Stream;

/// A stream that carries, in each step, a whole collection and not a delta. It is a name, and copies
/// freely.
///
/// It is the way to a query that has no incremental operator: I, then any function of all rows, then
/// D (DBSP, section 3.2). Such a query costs O(collection) a step in which the collection changes.
///
/// ```
/// use dbsp_runtime::{Circuit, Error};
///
/// let (mut circuit, (numbers, median)) = Circuit::build(|b| {
///     let (stream, numbers) = b.input::<i32>("numbers");
///     let median = stream.integrate().lift(|all| {
///         let mut sorted: Vec<i32> = all.iter().map(|(n, _)| *n).collect();
///         sorted.sort_unstable();
///         sorted.get(sorted.len() / 2).map(|n| (*n, 1)).into_iter().collect()
///     });
///     (numbers, median.differentiate().view())
/// })?;
/// circuit[numbers].extend([(3, 1), (9, 1), (4, 1)]);
/// circuit.step()?;
/// circuit[numbers].extend([(3, -1)]);
/// circuit.step()?;
/// assert_eq!((circuit[median].get(&4), circuit[median].get(&9)), (0, 1));
/// # Ok::<(), Error>(())
/// ```
///
/// A collection is no stream of deltas; where the one is wanted, the other does not compile:
/// ```compile_fail,E0277
/// # use dbsp_runtime::Circuit;
/// # let _ = Circuit::build(|b| {
/// let (stream, input) = b.input::<i32>("numbers");
/// let doubled = stream.plus(stream.integrate());
/// # });
/// ```
#[must_use = "a collection does nothing until it is differentiated"]
pub struct Collection<'b, R> {
    pub(crate) builder: &'b Builder,
    pub(crate) slot: SlotId<ZSet<R>>,
}

impl<R> Clone for Collection<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Collection<'_, R> {}

impl<'b, R: Row> Collection<'b, R> {
    /// The image of each collection. `function` must be a [pure function](crate::recipes#pure-functions).
    #[track_caller]
    pub fn lift<S: Row>(self, function: impl Fn(&ZSet<R>) -> ZSet<S> + Send + 'static) -> Collection<'b, S> {
        let output = self.builder.keep(ZSet::new());
        let node = LiftNode { input: self.slot, output, function, before: None };
        self.builder.add_node(operator("lift"), &[self.slot.index], Some(output.index), node);
        Collection { builder: self.builder, slot: output }
    }

    /// The stream of deltas from each collection to the next: D.
    #[track_caller]
    pub fn differentiate(self) -> Stream<'b, R> {
        self.builder.add_stream(operator("differentiate"), &[self.slot.index], |output| DifferentiateNode {
            differentiate: Differentiate::new(),
            input: self.slot,
            output,
        })
    }
}
