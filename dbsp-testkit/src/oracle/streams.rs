//! Operators over time: a stream is a slice with one collection for each step.
//!
//! # Formula
//! D ∘ I = I ∘ D = id, and the incremental form of a query Q is D ∘ ↑Q ∘ I.

use super::{Bag, minus, plus};

/// At each step the sum of all steps so far.
#[must_use]
pub fn integrate<R: Ord + Clone>(deltas: &[Bag<R>]) -> Vec<Bag<R>> {
    let mut sum = Bag::new();
    let mut next = |delta| {
        sum = plus(&sum, delta);
        sum.clone()
    };
    deltas.iter().map(&mut next).collect()
}

/// At each step what changed since the step before; before the first step all is empty.
#[must_use]
pub fn differentiate<R: Ord + Clone>(collections: &[Bag<R>]) -> Vec<Bag<R>> {
    collections.iter().zip(delay(collections)).map(|(now, before)| minus(now, &before)).collect()
}

/// Every step one later; the first is empty, and the last falls off.
#[must_use]
pub fn delay<R: Ord + Clone>(stream: &[Bag<R>]) -> Vec<Bag<R>> {
    std::iter::once(Bag::new()).chain(stream.iter().cloned()).take(stream.len()).collect()
}

/// The query at each step.
#[must_use]
pub fn lift<R, S>(stream: &[Bag<R>], query: impl Fn(&Bag<R>) -> Bag<S>) -> Vec<Bag<S>> {
    stream.iter().map(query).collect()
}

/// The deltas that an incremental circuit for `query` must put out for these input deltas.
#[must_use]
pub fn incremental<R: Ord + Clone, S: Ord + Clone>(
    deltas: &[Bag<R>],
    query: impl Fn(&Bag<R>) -> Bag<S>,
) -> Vec<Bag<S>> {
    differentiate(&lift(&integrate(deltas), query))
}
