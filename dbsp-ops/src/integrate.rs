//! Integration and differentiation: between a stream of deltas and a stream of collections.
//!
//! # Formula     I(s)(t) = Σ s(i) for i ≤ t;  D(s)(t) = s(t) − s(t − 1);  D ∘ I = I ∘ D = id
//! # State       I: the collection. D: the collection of the step before.
//! # Cost        I: O(|delta|) a step. D: O(|collection|) a step, as it has to look at all of it;
//!   it is for queries that have no incremental form.

use dbsp_zset::{Delta, Held, Holds, Overflow, Row, ZSet};

use crate::wide_weight::push_wide;

/// The integral of a stream of deltas: the collection that they add up to.
///
/// ```
/// use dbsp_ops::{Differentiate, Integrate};
/// use dbsp_zset::Delta;
///
/// let (mut integrate, mut differentiate) = (Integrate::new(), Differentiate::new());
/// for delta in [Delta::from_iter([("a", 2)]), Delta::from_iter([("a", -1), ("b", 1)])] {
///     let collection = integrate.step(&delta)?;
///     let mut out = Delta::new();
///     differentiate.step(collection, &mut out)?;
///     differentiate.commit(collection);
///     assert_eq!(out.consolidate()?, delta.consolidate()?);
/// }
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Debug, Clone)]
pub struct Integrate<R: Ord> {
    collection: ZSet<R>,
}

impl<R: Row> Integrate<R> {
    /// An integral before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self { collection: ZSet::new() }
    }

    /// Adds a delta and gives the collection after it.
    ///
    /// # Errors
    /// [`Overflow`] where a weight of the collection has no value; nothing is then added.
    pub fn step(&mut self, delta: &Delta<R>) -> Result<&ZSet<R>, Overflow> {
        self.collection.try_apply(delta)?;
        Ok(&self.collection)
    }

    /// The collection as it is.
    #[must_use]
    pub fn collection(&self) -> &ZSet<R> {
        &self.collection
    }

    /// Takes the last step back, which added this delta.
    ///
    /// # Errors
    /// [`Overflow`] only if `delta` is not the one that was added last.
    pub fn abort(&mut self, delta: &Delta<R>) -> Result<(), Overflow> {
        self.collection.try_unapply(delta)
    }
}

impl<R: Ord> Holds for Integrate<R> {
    fn held(&self) -> Held {
        self.collection.held()
    }
}

impl<R: Row> Default for Integrate<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// The change of a collection from step to step; see the [module](self).
#[derive(Debug, Clone)]
pub struct Differentiate<R: Ord> {
    before: ZSet<R>,
}

impl<R: Row> Differentiate<R> {
    /// A differentiation before its first step: the collection before it is empty.
    #[must_use]
    pub const fn new() -> Self {
        Self { before: ZSet::new() }
    }

    /// Appends what changed from the collection of the step before to this one. A row whose weight changes by more than
    /// 64 bits stands there several times.
    ///
    /// # Errors
    /// None: every change has a value.
    pub fn step(&self, collection: &ZSet<R>, out: &mut Delta<R>) -> Result<(), Overflow> {
        match collection.try_sub(&self.before) {
            Ok(change) => {
                out.extend(change);
                Ok(())
            }
            Err(Overflow) => self.step_wide(collection, out),
        }
    }

    /// As [`step`](Self::step), with differences of more than 64 bits.
    #[cold]
    fn step_wide(&self, collection: &ZSet<R>, out: &mut Delta<R>) -> Result<(), Overflow> {
        let change = |row, now: i64, before: i64| (row, i128::from(now) - i128::from(before));
        let kept = collection.iter().map(|(row, weight)| change(row, *weight, self.before.get(row)));
        let gone = self.before.iter().filter(|(row, _)| !collection.contains(row));
        let gone = gone.map(|(row, weight)| change(row, 0, *weight));
        kept.chain(gone).try_for_each(|(row, weight)| push_wide(out, row.clone(), weight))
    }

    /// Makes the step final: the next one compares with this collection.
    pub fn commit(&mut self, collection: &ZSet<R>) {
        self.before.clone_from(collection);
    }
}

impl<R: Ord> Holds for Differentiate<R> {
    fn held(&self) -> Held {
        self.before.held()
    }
}

impl<R: Row> Default for Differentiate<R> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_from_one_end_of_the_range_to_the_other_has_a_value() {
        let (mut integrate, mut differentiate) = (Integrate::new(), Differentiate::new());
        let first = Delta::from_iter([("a", i64::MIN), ("b", i64::MIN), ("c", 1)]);
        let second = Delta::from_iter([("a", i64::MAX), ("a", 5), ("b", 1 << 62), ("b", 1 << 62), ("c", 1)]);
        for delta in [first, second] {
            let collection = integrate.step(&delta).expect("the weights have sums");
            let mut out = Delta::new();
            assert_eq!(differentiate.step(collection, &mut out), Ok(()));
            let mut sum = differentiate.before.clone();
            sum.try_apply(&out).expect("the weights have sums");
            assert_eq!(&sum, collection);
            differentiate.commit(collection);
        }
    }
}
