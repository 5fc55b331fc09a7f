//! What a delta changes under one key: each value once, with the sum of its weights.
//!
//! # Shape       positions in the delta, one for each value whose weights do not cancel, in the order of the values.
//! # Cost        O(n log n) for n rows of the key; no value is cloned, and nothing is allocated once warm.
//!
//! Where both inputs of an operator change under one key, their rows meet in pairs. Rows that cancel would make pairs that
//! cancel, and an operator behind would make more of those: so they are added up first.

use dbsp_zset::{Delta, Overflow, Ring, Row, Semigroup, renew, shrink_vec};

/// Values of up to this many changes are compared one by one.
const FEW: usize = 8;

/// The change of one value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueChange {
    /// Where the value stands in the delta.
    pub(crate) position: u32,
    /// The sum of its weights, not 0.
    pub(crate) delta: i64,
    /// Its weight before the step, once [`KeyChange::find`] was told.
    pub(crate) before: i64,
}

/// The changes of one key; see the [module](self).
#[derive(Debug, Default)]
pub(crate) struct KeyChange {
    changes: Vec<ValueChange>,
}

impl KeyChange {
    pub(crate) const fn new() -> Self {
        Self { changes: Vec::new() }
    }

    /// Gives memory back if there is room for far more than `needed` rows.
    pub(crate) fn shrink(&mut self, needed: usize) {
        self.changes.clear();
        shrink_vec(&mut self.changes, needed);
    }

    /// Takes the rows of one key, given by their positions.
    ///
    /// # Errors
    /// [`Overflow`] where the weights of one value have no sum.
    #[inline]
    pub(crate) fn gather<K: Row, V: Row>(
        &mut self,
        delta: &Delta<(K, V)>,
        positions: impl Iterator<Item = usize>,
    ) -> Result<(), Overflow> {
        let Self { changes } = self;
        changes.clear();
        changes.extend(positions.map(|position| ValueChange {
            position: position as u32,
            delta: delta.weights()[position],
            before: 0,
        }));
        if changes.len() < 2 {
            return Ok(());
        }
        let value = |change: &ValueChange| &delta.rows()[change.position as usize].1;
        changes.sort_unstable_by(|one, other| value(one).cmp(value(other)));
        let mut sums = Ok(());
        changes.dedup_by(|change, kept| {
            let is_equal = value(change) == value(kept);
            if is_equal && let Err(overflow) = kept.delta.try_add_assign(&change.delta) {
                sums = Err(overflow);
            }
            is_equal
        });
        changes.retain(|change| change.delta != 0);
        sums
    }

    /// The change of a value, if there is one.
    #[inline]
    pub(crate) fn find<K: Row, V: Row>(
        &mut self,
        delta: &Delta<(K, V)>,
        wanted: &V,
    ) -> Option<&mut ValueChange> {
        let value = |change: &ValueChange| &delta.rows()[change.position as usize].1;
        if self.changes.len() <= FEW {
            return self.changes.iter_mut().find(|change| value(change) == wanted);
        }
        let found = self.changes.binary_search_by(|change| value(change).cmp(wanted)).ok()?;
        Some(&mut self.changes[found])
    }

    /// The changes.
    #[inline]
    pub(crate) fn all(&self) -> &[ValueChange] {
        &self.changes
    }

    /// Puts values that are new first, then those that stay with another weight, then those that are gone; gives where the
    /// second and the third kind begin. [`find`](Self::find) is not to be asked any more.
    ///
    /// # Errors
    /// [`Overflow`] where the weight of a value after the step has no value.
    pub(crate) fn by_kind(&mut self) -> Result<(usize, usize), Overflow> {
        for change in &self.changes {
            change.after()?;
        }
        // What stays is neither new nor gone: two passes, of one or two changes mostly.
        let is_new = |change: &ValueChange| change.before == 0;
        let is_gone = |change: &ValueChange| change.before + change.delta == 0;
        if self.changes.len() > 1 {
            self.changes.sort_unstable_by_key(
                |change| if is_new(change) { 0 } else { 1 + u8::from(is_gone(change)) },
            );
        }
        let new = self.changes.iter().take_while(|change| is_new(change)).count();
        let kept = self.changes[new..].iter().take_while(|change| !is_gone(change)).count();
        Ok((new, new + kept))
    }

    /// Forgets the changes, at the end of a step.
    pub(crate) fn clear(&mut self) {
        renew(&mut self.changes, Vec::clear);
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        self.changes.capacity() * size_of::<ValueChange>()
    }
}

impl ValueChange {
    /// The weight of the value after the step.
    #[inline]
    pub(crate) fn after(&self) -> Result<i64, Overflow> {
        self.before.try_add(&self.delta)
    }

    /// How the weight of the pair of this value and another one changes: l′r′ − lr.
    ///
    /// # Errors
    /// [`Overflow`] where that has no value, or a term of it.
    #[inline]
    pub(crate) fn pair(&self, other: &Self) -> Result<i64, Overflow> {
        let after = self.after()?.try_mul(&other.after()?)?;
        let before = self.before.try_mul(&other.before)?;
        after.checked_sub(before).ok_or(Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_added_up_and_found() {
        for others in [0, 30] {
            let mut delta: Delta<(u8, u32)> =
                Delta::from_iter([((1, 7), 2), ((1, 5), 1), ((1, 7), -2), ((1, 9), 1), ((1, 5), 3)]);
            delta.extend((100..100 + others).map(|value| ((1, value), 1)));
            let mut change = KeyChange::new();
            change.gather(&delta, (0..delta.len()).rev()).expect("small weights");
            assert_eq!(change.all().len() as u32, 2 + others);
            assert_eq!(change.find(&delta, &5).map(|change| change.delta), Some(4));
            assert!(change.find(&delta, &7).is_none());
        }
    }

    #[test]
    fn changes_stand_by_their_kind() {
        let delta: Delta<(u8, u32)> =
            Delta::from_iter([((1, 1), -2), ((1, 2), 1), ((1, 3), 1), ((1, 4), -1), ((1, 5), 1)]);
        let mut change = KeyChange::new();
        change.gather(&delta, 0..5).expect("small weights");
        for (value, before) in [(1, 2), (3, 4), (4, 1)] {
            change.find(&delta, &value).expect("it changes").before = before;
        }
        assert_eq!(change.by_kind(), Ok((2, 3)));
        assert_eq!(change.all()[2].after(), Ok(5));
        assert!(change.all()[3..].iter().all(|change| change.after() == Ok(0)));
    }
}
