//! What all traces have in common.
//!
//! A trace is the integral of a stream of keyed deltas, kept as an index: for each key the group of
//! its values with the sums of their weights. There are two kinds. [`IndexedZSet`] finds a key by
//! hash and keeps its group in no order; equality joins want it. [`OrderedTrace`] also keeps each
//! group in order with a summary of every part of it; MIN, MAX, folds and whatever else depends on
//! order want that.
//!
//! [`IndexedZSet`]: crate::IndexedZSet
//! [`OrderedTrace`]: crate::OrderedTrace

use crate::algebra::{Overflow, Ring};

/// The integral of a stream of keyed deltas, kept as an index.
pub trait Trace {
    /// What rows are found by.
    type Key;
    /// What stands under a key.
    type Value;
    /// What weights are.
    type Weight: Ring;

    /// Changes the weight of one row.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; the trace is then unchanged.
    fn update(&mut self, key: &Self::Key, value: &Self::Value, weight: &Self::Weight)
    -> Result<(), Overflow>;

    /// The values of a key with their weights, none of them zero; empty for an unknown key.
    fn group<'a>(&'a self, key: &Self::Key) -> impl Iterator<Item = (&'a Self::Value, Self::Weight)>
    where
        Self::Value: 'a,
        Self::Weight: 'a;

    /// How many different rows there are, over all keys.
    fn len(&self) -> usize;

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many different keys there are.
    fn key_count(&self) -> usize;
}
