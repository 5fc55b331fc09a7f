//! Weights of a step that did not fit when they came, and may once the others have.
//!
//! # Shape       rows with their weights, in the order in which they came.
//! # Invariants  between steps there is none.
//! # Cost        nothing where every weight fits; else O(n log n) comparisons for n that do not.
//!
//! Whether a sum has a value does not depend on the order of its terms, but the sums on the way to it do. So a weight that
//! does not fit is not an error yet. In the end those of a row are added up in 128 bits, and the sum goes to the row in
//! parts of one sign: each part brings the weight nearer to where it ends, so if a part does not fit, the end does not.

use dbsp_zset::{Overflow, Row};

/// Weights that wait for the end of a step; see the [module](self).
#[derive(Debug, Clone)]
pub(crate) struct Deferred<R> {
    rows: Vec<(R, i64)>,
}

impl<R> Deferred<R> {
    pub(crate) const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<(R, i64)>()
    }

    /// Forgets what waits.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if !self.rows.is_empty() {
            self.rows = Vec::new();
        }
    }
}

impl<R: Row> Deferred<R> {
    /// Lets a weight wait.
    #[cold]
    pub(crate) fn push(&mut self, row: &R, weight: i64) {
        self.rows.push((row.clone(), weight));
    }

    /// Gives `add` the sum of the weights of each row, in parts.
    ///
    /// # Errors
    /// [`Overflow`] where a sum does not fit.
    #[inline]
    pub(crate) fn settle(
        &mut self,
        add: impl FnMut(&R, i64) -> Result<(), Overflow>,
    ) -> Result<(), Overflow> {
        if self.rows.is_empty() { Ok(()) } else { self.settle_all(add) }
    }

    #[cold]
    fn settle_all(&mut self, mut add: impl FnMut(&R, i64) -> Result<(), Overflow>) -> Result<(), Overflow> {
        self.rows.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        for rows in self.rows.chunk_by(|one, other| one.0 == other.0) {
            let mut left: i128 = rows.iter().map(|(_, weight)| i128::from(*weight)).sum();
            while left != 0 {
                let part = next_part(left);
                add(&rows[0].0, part)?;
                left -= i128::from(part);
            }
        }
        self.clear();
        Ok(())
    }
}

/// The next part of a sum that may be wider than a weight: as much of it as one holds.
pub(crate) fn next_part(sum: i128) -> i64 {
    let widest = if sum < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(sum).unwrap_or(widest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbsp_zset::Semigroup;
    use std::collections::BTreeMap;

    #[test]
    fn what_waits_is_added_exactly_where_the_end_fits() {
        let weights = [i64::MIN, i64::MAX, 1 << 62, -(1 << 62), 1, -1];
        for seed in 0..20_000_usize {
            let mut sums = BTreeMap::from([('a', 0_i64), ('b', weights[seed % 6])]);
            let wide =
                |sums: &BTreeMap<char, i64>| sums.iter().map(|(row, n)| (*row, i128::from(*n))).collect();
            let mut model: BTreeMap<char, i128> = wide(&sums);
            let mut deferred = Deferred::new();
            for i in 0..seed % 9 {
                let weight = weights[(seed * 7 + seed / (i + 1) + i * i) % 6];
                let row = if (seed >> i) % 2 == 0 { 'a' } else { 'b' };
                *model.get_mut(&row).expect("one of two") += i128::from(weight);
                let sum = sums.get_mut(&row).expect("one of two");
                if sum.try_add_assign(&weight).is_err() {
                    deferred.push(&row, weight);
                }
            }
            let outcome =
                deferred.settle(|row, part| sums.get_mut(row).expect("one of two").try_add_assign(&part));
            let fits = model.values().all(|sum| i64::try_from(*sum).is_ok());
            assert_eq!(outcome.is_ok(), fits, "{model:?}");
            assert!(!fits || wide(&sums) == model);
        }
    }
}
