//! Union, intersection and difference of sets.
//!
//! A row is in a side if its weight there is positive; the result holds each row once.
//!
//! # Formula     union = distinct(a + b) on sets; intersect = a ⋈ b; except = a − a ⋈ b; here one
//!   table decides all three from the two signs of a row
//! # State       the two weights of each row
//! # Cost        O(|delta|)

use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row, Semigroup};

use crate::deferred::Deferred;
use crate::groups::Groups;

/// Which set operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetKind {
    /// Rows of either side.
    Union,
    /// Rows of both sides.
    Intersect,
    /// Rows of the left side that the right one does not hold.
    Except,
}

impl SetKind {
    /// Whether a row is in the result, given its weights on the left and on the right.
    fn holds(self, weights: &(i64, i64)) -> bool {
        let (left, right) = (weights.0 > 0, weights.1 > 0);
        match self {
            Self::Union => left || right,
            Self::Intersect => left && right,
            Self::Except => left && !right,
        }
    }
}

/// An incremental set operation; see the [module](self).
///
/// ```
/// use dbsp_ops::{SetKind, SetOperation};
/// use dbsp_zset::Delta;
///
/// let mut except = SetOperation::new(SetKind::Except);
/// let mut out = Delta::new();
/// except.step(&Delta::from_iter([("a", 2), ("b", 1)]), &Delta::from_iter([("b", 1)]), &mut out)?;
/// except.commit();
/// assert_eq!(format!("{out:?}"), r#"{"a": +1}"#);
/// out.clear();
/// except.step(&Delta::new(), &Delta::from_iter([("b", -1)]), &mut out)?;
/// except.commit();
/// assert_eq!(format!("{out:?}"), r#"{"b": +1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Debug, Clone)]
pub struct SetOperation<R> {
    kind: SetKind,
    weights: Groups<R, (i64, i64)>,
    /// Weights of the left and of the right side.
    deferred: [Deferred<R>; 2],
}

impl<R> Holds for SetOperation<R> {
    fn held(&self) -> Held {
        let weights = self.weights.held();
        let deferred: usize = self.deferred.iter().map(Deferred::allocated_bytes).sum();
        Held { bytes: weights.bytes + deferred, ..weights }
    }
}

impl<R: Row> SetOperation<R> {
    /// A set operation before its first step.
    #[must_use]
    pub const fn new(kind: SetKind) -> Self {
        Self { kind, weights: Groups::new(), deferred: [Deferred::new(), Deferred::new()] }
    }

    /// Appends the rows that entered the result, and those that left it with weight −1.
    ///
    /// # Errors
    /// [`Overflow`] where the weight of a row has no value; the step has then to be aborted.
    pub fn step(&mut self, left: &Delta<R>, right: &Delta<R>, out: &mut Delta<R>) -> Result<(), Overflow> {
        let Self { weights, deferred, .. } = self;
        let [lefts, rights] = deferred;
        weights.try_touch_each(
            left,
            |row| row,
            |row, weight, sums| {
                if sums.0.try_add_assign(&weight).is_err() {
                    lefts.push(row, weight);
                }
                Ok::<(), Overflow>(())
            },
        )?;
        weights.try_touch_each(
            right,
            |row| row,
            |row, weight, sums| {
                if sums.1.try_add_assign(&weight).is_err() {
                    rights.push(row, weight);
                }
                Ok::<(), Overflow>(())
            },
        )?;
        lefts.settle(|row, part| weights.touch(row).0.try_add_assign(&part))?;
        rights.settle(|row, part| weights.touch(row).1.try_add_assign(&part))?;
        for (row, before, now) in self.weights.changes() {
            match (self.kind.holds(before), self.kind.holds(now)) {
                (false, true) => out.insert(row.clone()),
                (true, false) => out.delete(row.clone()),
                (false, false) | (true, true) => {}
            }
        }
        self.weights.prepare();
        Ok(())
    }

    /// Makes the step final.
    pub fn commit(&mut self) {
        self.weights.commit();
    }

    /// Gives memory of buffers back. Comes between steps.
    pub fn shrink(&mut self, reclaim: Reclaim) {
        self.weights.shrink(reclaim);
    }

    /// Takes the step back.
    pub fn abort(&mut self) {
        self.weights.abort();
        self.deferred.iter_mut().for_each(Deferred::clear);
    }
}
