//! Semijoin and antijoin: rows whose key is, or is not, in a set of keys.
//!
//! A key is in the set while its weight there is positive.
//!
//! # Formula     with P the set as numbers 0 and 1: Δ(l ⋉ r) = l ⋈ ΔP + Δl ⋈ P′, where l is the
//!   trace before the step and P′ the set after it; the antijoin has 1 − P for P
//! # State       the weight of each key of the set; the left trace belongs to an arrangement
//! # Cost        O(|Δl| + |Δkeys| + |out|) expected
//! # Output      each row once, but for what stands more than once in the left delta: where a key enters the set in the step
//!   in which rows of it change, they are added up first

use dbsp_zset::{
    Delta, DeltaIndex, Held, Holds, IndexedZSet, Overflow, Reclaim, Row, Semigroup, Usage, renew, shrink_vec,
};

use crate::deferred::Deferred;
use crate::groups::Groups;
use crate::key_change::KeyChange;
use crate::wide_weight::push_wide;

/// Which rows go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Those whose key is in the set: the semijoin.
    Present,
    /// Those whose key is not: the antijoin.
    Absent,
}

impl Side {
    /// Whether rows go on whose key has this weight in the set.
    fn passes(self, weight: i64) -> bool {
        (weight > 0) == (self == Self::Present)
    }
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
pub struct Semijoin<K> {
    side: Side,
    keys: Groups<K, i64>,
    /// The rows of the left delta by key, in a step in which keys begin to let rows on.
    index: DeltaIndex,
    /// Whether a row of the left delta has gone out with its group.
    is_done: Vec<bool>,
    change: KeyChange,
    /// How many rows steps index.
    usage: Usage,
    deferred: Deferred<K>,
}

impl<K> Holds for Semijoin<K> {
    fn held(&self) -> Held {
        let held = self.keys.held();
        let scratch = self.index.allocated_bytes() + self.is_done.capacity() + self.change.allocated_bytes();
        Held { bytes: held.bytes + scratch + self.deferred.allocated_bytes(), ..held }
    }
}

impl<K: Row> Semijoin<K> {
    /// A semijoin or antijoin before its first step.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self {
            side,
            keys: Groups::new(),
            index: DeltaIndex::new(),
            is_done: Vec::new(),
            change: KeyChange::new(),
            usage: Usage::new(),
            deferred: Deferred::new(),
        }
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
        self.take(keys)?;
        let Self { side, keys, index, is_done, change, usage, .. } = self;
        renew(is_done, Vec::clear);
        let rows = left.rows();
        for (key, before, now) in keys.changes() {
            let (passed, passes) = (side.passes(*before), side.passes(*now));
            if passed == passes {
                continue;
            }
            let group = trace.group(key);
            if !passes {
                for (value, weight) in group {
                    push_wide(out, (key.clone(), value.clone()), -i128::from(*weight))?;
                }
                continue;
            }
            if is_done.is_empty() && !left.is_empty() {
                usage.note(left.len());
                index.build(left);
                is_done.resize(left.len(), false);
            }
            // The group as it is after the step: rows that come and rows that go now are added up with it.
            let changed = !left.is_empty() && change.gather(left, index.positions(left, key)).is_ok();
            if !changed {
                group.iter().for_each(|(value, weight)| out.push((key.clone(), value.clone()), *weight));
                continue;
            }
            for (value, weight) in group {
                let known =
                    change.find(left, value).map(|known| std::mem::replace(&mut known.before, *weight));
                if known.is_none() {
                    out.push((key.clone(), value.clone()), *weight);
                }
            }
            for value in change.all() {
                let weight = i128::from(value.before) + i128::from(value.delta);
                push_wide(out, rows[value.position as usize].clone(), weight)?;
            }
            index.positions(left, key).for_each(|position| is_done[position] = true);
        }
        change.clear();
        for (i, (row, weight)) in left.iter().enumerate() {
            let is_out = is_done.get(i).copied().unwrap_or(false);
            if !is_out && side.passes(keys.get(&row.0).copied().unwrap_or(0)) {
                out.push(row.clone(), *weight);
            }
        }
        keys.prepare();
        Ok(())
    }

    /// Changes the set of keys.
    fn take(&mut self, delta: &Delta<K>) -> Result<(), Overflow> {
        let Self { keys, deferred, .. } = self;
        keys.try_touch_each(
            delta,
            |key| key,
            |key, weight, sum| {
                if sum.try_add_assign(&weight).is_err() {
                    deferred.push(key, weight);
                }
                Ok::<(), Overflow>(())
            },
        )?;
        deferred.settle(|key, part| keys.touch(key).try_add_assign(&part))
    }

    /// Makes the step final.
    pub fn commit(&mut self) {
        self.keys.commit();
    }

    /// Gives memory of buffers back. Comes between steps.
    pub fn shrink(&mut self, reclaim: Reclaim) {
        self.keys.shrink(reclaim);
        let needed = self.usage.end_period(reclaim);
        self.index.shrink(needed);
        self.change.shrink(needed);
        self.is_done.clear();
        shrink_vec(&mut self.is_done, needed);
    }

    /// Takes the step back.
    pub fn abort(&mut self) {
        self.keys.abort();
        self.deferred.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_enters_as_its_rows_change_gives_each_row_once() {
        let (mut trace, mut semijoin) = (IndexedZSet::new(), Semijoin::new(Side::Present));
        let mut step = |left: &[((u8, u32), i64)], keys: &[(u8, i64)]| {
            let (left, keys): (Delta<_>, Delta<_>) =
                (left.iter().copied().collect(), keys.iter().copied().collect());
            let mut out = Delta::new();
            semijoin.step(&left, &trace, &keys, &mut out).expect("small weights");
            semijoin.commit();
            trace.try_apply(&left).expect("small weights");
            let consolidated = out.clone().consolidate().expect("small weights");
            assert_eq!(out.len(), consolidated.len());
            format!("{consolidated:?}")
        };
        let all: Vec<_> = (0..100).map(|value| ((1, value), 1)).collect();
        assert_eq!(step(&all, &[]), "{}");
        let mut gone: Vec<_> = (1..100).map(|value| ((1, value), -1)).collect();
        gone.extend([((1, 0), 2), ((1, 7), 0), ((2, 5), 1), ((3, 5), 1)]);
        assert_eq!(step(&gone, &[(1, 1), (2, 1), (2, -1), (3, 1)]), "{(1, 0): +3, (3, 5): +1}");
        assert_eq!(step(&[((1, 0), -3), ((1, 1), 1)], &[(1, -1)]), "{(1, 0): -3}");
    }
}
