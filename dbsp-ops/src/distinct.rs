//! Distinct: the set of rows whose weight is positive.
//!
//! # Formula     H(i, d)(r) = +1 if i(r) ≤ 0 < i(r) + d(r); −1 if i(r) + d(r) ≤ 0 < i(r); else 0,
//!   where i is the integral before the step (DBSP, proposition 4.7)
//! # State       the weight of each row
//! # Cost        O(|delta|)

use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row, Semigroup};

use crate::deferred::Deferred;
use crate::fused::Piecewise;
use crate::groups::Groups;
use crate::operator::{Operator, Torn};

/// The incremental distinct; see the [module](self).
///
/// ```
/// use dbsp_ops::{Distinct, Operator};
/// use dbsp_zset::Delta;
///
/// let mut distinct = Distinct::new();
/// let mut step = |entries: &[(&'static str, i64)]| {
///     let mut out = Delta::new();
///     distinct.step(&entries.iter().copied().collect(), &mut out)?;
///     distinct.commit();
///     Ok::<_, dbsp_zset::Overflow>(format!("{:?}", out.consolidate()?))
/// };
/// assert_eq!(step(&[("a", 3), ("b", -1)])?, r#"{"a": +1}"#);
/// assert_eq!(step(&[("a", -2), ("b", 2)])?, r#"{"b": +1}"#);
/// assert_eq!(step(&[("a", -1)])?, r#"{"a": -1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Debug, Clone)]
pub struct Distinct<R> {
    weights: Groups<R, i64>,
    deferred: Deferred<R>,
}

impl<R: Row> Distinct<R> {
    /// A distinct before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self { weights: Groups::new(), deferred: Deferred::new() }
    }
}

impl<R> Holds for Distinct<R> {
    fn held(&self) -> Held {
        let weights = self.weights.held();
        Held { bytes: weights.bytes + self.deferred.allocated_bytes(), ..weights }
    }
}

impl<R: Row> Operator for Distinct<R> {
    type In = R;
    type Out = R;

    fn step(&mut self, delta: &Delta<R>, out: &mut Delta<R>) -> Result<(), Overflow> {
        self.take(delta)?;
        self.give(out)
    }

    fn commit(&mut self) {
        self.weights.commit();
    }

    fn abort(&mut self, _: &Delta<R>) -> Result<(), Torn> {
        self.weights.abort();
        self.deferred.clear();
        Ok(())
    }

    fn shrink(&mut self, reclaim: Reclaim) {
        self.weights.shrink(reclaim);
    }
}

impl<R: Row> Piecewise for Distinct<R> {
    #[inline]
    fn take(&mut self, piece: &Delta<R>) -> Result<(), Overflow> {
        let Self { weights, deferred } = self;
        weights.try_touch_each(
            piece,
            |row| row,
            |row, weight, sum| {
                if sum.try_add_assign(&weight).is_err() {
                    deferred.push(row, weight);
                }
                Ok(())
            },
        )
    }

    #[inline]
    fn give(&mut self, out: &mut Delta<R>) -> Result<(), Overflow> {
        let Self { weights, deferred } = self;
        deferred.settle(|row, part| weights.touch(row).try_add_assign(&part))?;
        for (row, before, now) in weights.changes() {
            match (*before > 0, *now > 0) {
                (false, true) => out.insert(row.clone()),
                (true, false) if crate::mutated!(DistinctIgnoresNegative) => {}
                (true, false) => out.delete(row.clone()),
                (false, false) | (true, true) => {}
            }
        }
        weights.prepare();
        Ok(())
    }
}

impl<R: Row> Default for Distinct<R> {
    fn default() -> Self {
        Self::new()
    }
}
