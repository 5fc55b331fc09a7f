//! The algebra of indexed Z-sets: what holds for Z-sets, group by group.

use crate::algebra::{OrderedRing, Overflow, Ring};
use crate::delta::Delta;
use crate::indexed::IndexedZSet;
use crate::row::Row;
use crate::zset::ZSet;

impl<K: Row, V: Row, W: Ring> IndexedZSet<K, V, W> {
    /// The indexed Z-set of some weighted rows.
    ///
    /// # Errors
    /// [`Overflow`] where the weights of one row have no sum.
    pub fn try_from_rows(rows: impl IntoIterator<Item = ((K, V), W)>) -> Result<Self, Overflow> {
        let mut zset = Self::new();
        zset.try_add_rows(rows)?;
        Ok(zset)
    }

    /// Adds rows in whatever order has partial sums that fit.
    ///
    /// # Errors
    /// [`Overflow`] where a row has no sum; other rows may then have been added.
    pub(super) fn try_add_rows(
        &mut self,
        rows: impl IntoIterator<Item = ((K, V), W)>,
    ) -> Result<(), Overflow> {
        let mut late = Delta::new();
        for (row, weight) in rows {
            if self.try_update(&row.0, &row.1, &weight).is_err() {
                late.push(row, weight);
            }
        }
        if late.is_empty() { Ok(()) } else { self.try_apply(&late) }
    }

    /// The indexed Z-set in which each pair of a slice has weight one for each time it stands there.
    ///
    /// # Errors
    /// [`Overflow`] where a count has no value.
    pub fn try_from_slice(rows: &[(K, V)]) -> Result<Self, Overflow> {
        let mut zset = Self::new();
        for (key, value) in rows {
            zset.try_update(key, value, &W::one())?;
        }
        Ok(zset)
    }

    /// The sum: weights add up. O(n + m).
    ///
    /// ```
    /// use dbsp_zset::IndexedZSet;
    ///
    /// let mine: IndexedZSet<_, _> = [(("ann", "cat"), 1), (("ann", "dog"), 1)].into_iter().collect();
    /// let gone: IndexedZSet<_, _> = [(("ann", "dog"), -1)].into_iter().collect();
    /// assert_eq!(mine.try_add(&gone)?.group(&"ann").single(), Some((&"cat", &1)));
    /// # Ok::<(), dbsp_zset::Overflow>(())
    /// ```
    ///
    /// # Errors
    /// [`Overflow`] where a sum has no value.
    pub fn try_add(&self, other: &Self) -> Result<Self, Overflow> {
        let (large, small) = if self.len() < other.len() { (other, self) } else { (self, other) };
        let mut sum = large.clone();
        small.iter().try_for_each(|(key, value, weight)| sum.try_update(key, value, weight))?;
        Ok(sum)
    }

    /// The difference: weights of `other` are subtracted. O(n + m).
    ///
    /// # Errors
    /// [`Overflow`] where a difference has no value.
    pub fn try_sub(&self, other: &Self) -> Result<Self, Overflow> {
        let mut difference = self.clone();
        other.iter().try_for_each(|(key, value, weight)| difference.try_retract(key, value, weight))?;
        Ok(difference)
    }

    /// The negation: every weight becomes its inverse.
    ///
    /// # Errors
    /// [`Overflow`] where an inverse has no value.
    pub fn try_neg(&self) -> Result<Self, Overflow> {
        Self::new().try_sub(self)
    }

    /// Every weight multiplied by `factor`.
    ///
    /// # Errors
    /// [`Overflow`] where a product has no value.
    pub fn try_scale(&self, factor: &W) -> Result<Self, Overflow> {
        let mut scaled = Self::new();
        for (key, value, weight) in self.iter() {
            scaled.try_update(key, value, &weight.try_mul(factor)?)?;
        }
        Ok(scaled)
    }

    /// The rows that `keep` accepts.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&K, &V) -> bool) -> Self {
        self.select(|key, value, _| keep(key, value))
    }

    /// The images of the rows; weights of rows with one image add up.
    ///
    /// # Errors
    /// [`Overflow`] where such a sum has no value.
    pub fn try_map<L: Row, U: Row>(
        &self,
        image: impl Fn(&K, &V) -> (L, U),
    ) -> Result<IndexedZSet<L, U, W>, Overflow> {
        IndexedZSet::try_from_rows(
            self.iter().map(|(key, value, weight)| (image(key, value), weight.clone())),
        )
    }

    /// The rows as plain pairs, without an index.
    #[must_use]
    pub fn to_zset(&self) -> ZSet<(K, V), W> {
        self.iter().map(|(key, value, weight)| ((key.clone(), value.clone()), weight.clone())).collect()
    }

    /// The rows that `keep` accepts, as they are.
    fn select(&self, keep: impl Fn(&K, &V, &W) -> bool) -> Self {
        self.iter()
            .filter(|(key, value, weight)| keep(key, value, weight))
            .map(|(key, value, weight)| ((key.clone(), value.clone()), weight.clone()))
            .collect()
    }
}

impl<K: Row, V: Row, W: OrderedRing> IndexedZSet<K, V, W> {
    /// The rows with a positive weight, as they are.
    #[must_use]
    pub fn positive(&self) -> Self {
        self.select(|_, _, weight| weight.is_positive())
    }

    /// The set of rows with a positive weight: each has weight one.
    #[must_use]
    pub fn distinct(&self) -> Self {
        self.iter()
            .filter(|(_, _, weight)| weight.is_positive())
            .map(|(key, value, _)| ((key.clone(), value.clone()), W::one()))
            .collect()
    }
}

/// Gives each row with its weight; the key is cloned for each row of its group.
impl<K: Row, V: Row, W: Ring> IntoIterator for IndexedZSet<K, V, W> {
    type Item = ((K, V), W);
    type IntoIter = std::vec::IntoIter<((K, V), W)>;

    fn into_iter(self) -> Self::IntoIter {
        let rows = self
            .iter()
            .map(|(key, value, weight)| ((key.clone(), value.clone()), weight.clone()))
            .collect::<Vec<_>>();
        rows.into_iter()
    }
}
