//! Streams: what flows between operators, with types that say what it is.
//!
//! | type | carries | has |
//! |---|---|---|
//! | [`Stream<R>`](Stream) | deltas of rows | set operations, views, delay |
//! | [`KeyedStream<K, V>`](KeyedStream) | deltas of rows with a key | joins, aggregates |
//! | [`Collection<R>`](Collection) | whole collections | functions of all rows |
//!
//! [`Flow`] and [`KeyedFlow`] are streams with a chain of stateless operators behind them that is not
//! an operator of the circuit yet: one closure, fused by the compiler, which becomes one node when
//! something takes the flow.

pub mod collection;
pub mod feedback;
pub mod flow;
pub mod keyed;

pub use collection::Collection;
pub use feedback::Feedback;
pub use flow::{Flow, IntoStream, Stream};
pub use keyed::{IntoKeyedStream, KeyedFlow, KeyedStream};

use dbsp_ops::Stage;
use dbsp_zset::Row;

/// A chain of stateless operators that can stand in a circuit; everything that can is one.
pub trait Chain<S: Row>: Stage<S, Row: Row> + Send + 'static {}

impl<S: Row, C: Stage<S, Row: Row> + Send + 'static> Chain<S> for C {}
