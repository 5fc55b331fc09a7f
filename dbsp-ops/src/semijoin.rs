//! Semijoin and antijoin: rows whose key is, or is not, in a set of keys.
//!
//! A key is in the set while its weight there is positive.
//!
//! # Formula     with P the set as numbers 0 and 1: Δ(l ⋉ r) = l ⋈ ΔP + Δl ⋈ P′, where l is the
//!   trace before the step and P′ the set after it; the antijoin has 1 − P for P
//! # State       the weight of each key of the set; the left trace belongs to an arrangement
//! # Cost        O(|Δl| + |Δkeys| + |out|) expected

use dbsp_zset::{Delta, Excess, Held, Holds, IndexedZSet, Overflow, Row, Semigroup};

use crate::groups::Groups;

/// Which rows go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Those whose key is in the set: the semijoin.
    Present,
    /// Those whose key is not: the antijoin.
    Absent,
}

/// The incremental semijoin and antijoin; see the [module](self).
///
/// ```
/// use dbsp_ops::{Semijoin, Side};
/// use dbsp_zset::{Delta, IndexedZSet};
///
/// let mut trace = IndexedZSet::new();
/// let mut antijoin = Semijoin::new(Side::Absent);
/// let orders = Delta::from_iter([((1, "pen"), 1), ((2, "ink"), 1)]);
/// let mut out = Delta::new();
/// antijoin.step(&orders, &trace, &Delta::from_iter([(1, 1)]), &mut out)?;
/// antijoin.commit();
/// trace.try_apply(&orders)?;
/// assert_eq!(format!("{out:?}"), r#"{(2, "ink"): +1}"#);
///
/// out.clear();
/// antijoin.step(&Delta::new(), &trace, &Delta::from_iter([(1, -1)]), &mut out)?;
/// assert_eq!(format!("{out:?}"), r#"{(1, "pen"): +1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Debug, Clone)]
pub struct Semijoin<K> {
    side: Side,
    keys: Groups<K, i64>,
}

impl<K> Holds for Semijoin<K> {
    fn held(&self) -> Held {
        self.keys.held()
    }
}

impl<K: Row> Semijoin<K> {
    /// A semijoin or antijoin before its first step.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self { side, keys: Groups::new() }
    }

    /// Appends the rows that came or went; `trace` is the integral of the left side before this step.
    ///
    /// # Errors
    /// [`Overflow`] where a weight has no value; the step has then to be aborted.
    pub fn step<V: Row>(
        &mut self,
        left: &Delta<(K, V)>,
        trace: &IndexedZSet<K, V>,
        keys: &Delta<K>,
        out: &mut Delta<(K, V)>,
    ) -> Result<(), Overflow> {
        self.keys.try_touch_each(keys, |key| key, |_, weight, sum| sum.try_add_assign(&weight))?;
        for (key, before, now) in self.keys.changes() {
            let (passed, passes) = (self.passes(*before), self.passes(*now));
            if passed == passes {
                continue;
            }
            for (value, weight) in trace.group(key) {
                let weight = if passes { *weight } else { weight.checked_neg().ok_or(Overflow)? };
                out.push((key.clone(), value.clone()), weight);
            }
        }
        for (row, weight) in left {
            if self.passes(self.keys.get(&row.0).copied().unwrap_or(0)) {
                out.push(row.clone(), *weight);
            }
        }
        Ok(())
    }

    /// Makes the step final.
    pub fn commit(&mut self) {
        self.keys.commit();
    }

    /// Gives memory of buffers back. Comes between steps.
    pub fn shrink(&mut self, excess: Excess) {
        self.keys.shrink(excess);
    }

    /// Takes the step back.
    pub fn abort(&mut self) {
        self.keys.abort();
    }

    /// Whether rows go on whose key has this weight in the set.
    fn passes(&self, weight: i64) -> bool {
        (weight > 0) == (self.side == Side::Present)
    }
}
