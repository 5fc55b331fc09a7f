//! A Z-set: rows with weights, found by hash.
//!
//! # Shape       a dense table from row to weight.
//! # Invariants  no weight is zero, so two Z-sets are the same function exactly if they are equal.
//! # Cost        get and change of one row: O(1) expected; the algebra: O(n + m).
//! # Not here    no key: see [`IndexedZSet`]; no history: see `Delta`.
//!
//! A Z-set is a function from rows to weights that is zero almost everywhere (DBSP, section 3.1). A
//! set has weights one, a multiset positive ones, a change any. The methods that compute new Z-sets
//! are the batch meaning of relational algebra; the incremental operators are in `dbsp-ops`.

use std::borrow::Borrow;
use std::fmt::{Debug, Formatter};
use std::hash::Hash;
use std::ops::Index;

use crate::algebra::{OrderedRing, Overflow, Ring};
use crate::delta::Delta;
use crate::indexed::{IndexedZSet, KeyGroup};
use crate::pool::renew;
use crate::prefetch::{FEW, WINDOW};
use crate::row::Row;
use crate::settle::{Deferred, change_all};
use crate::table::gaps::Gaps;
use crate::table::{DenseTable, Guess, short_hash};
use crate::usage::is_excessive;

/// A Z-set; see the [module](self).
///
/// ```
/// use dbsp_zset::ZSet;
///
/// let mut stock: ZSet<&str> = [("pear", 3), ("fig", 1)].into_iter().collect();
/// stock.try_add_row(&"fig", &-1)?;
/// assert_eq!(stock.get(&"pear"), 3);
/// assert_eq!(stock.len(), 1);
/// let sold: ZSet<&str> = [("pear", -1)].into_iter().collect();
/// assert_eq!(stock.try_add(&sold)?[&"pear"], 2);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Clone)]
pub struct ZSet<R, W = i64> {
    rows: DenseTable<R, W>,
    /// Where rows stood that a delta left without a weight, while it is applied.
    gaps: Gaps,
    /// The entries of a delta whose sums did not fit at first, while it is applied.
    deferred: Deferred,
}

impl<R, W> ZSet<R, W> {
    /// An empty Z-set, which owns no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: DenseTable::new(), gaps: Gaps::new(), deferred: Deferred::new() }
    }

    /// An empty Z-set with room for `capacity` rows.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { rows: DenseTable::with_capacity(capacity), gaps: Gaps::new(), deferred: Deferred::new() }
    }

    /// How many different rows have a weight.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row has a weight.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows with their weights, in no meaningful order; allocates nothing.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&R, &W)> + Clone {
        self.rows.entries().map(|(row, weight)| (row, weight))
    }

    /// Bytes of memory this Z-set owns itself, not counting what rows own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.rows.allocated_bytes() + self.gaps.allocated_bytes() + self.deferred.allocated_bytes()
    }
}

impl<R: Ord + Hash, W> ZSet<R, W> {
    /// Removes every row and keeps the memory.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// Whether there is room for far more than `needed` rows and those that there are.
    #[must_use]
    pub fn is_excessive(&self, needed: usize) -> bool {
        let row = size_of::<(R, W)>() + size_of::<u64>();
        is_excessive(self.allocated_bytes() / row, row, needed.max(self.len()))
    }

    /// All rows in order with their weights. O(n log n); allocates a list of references to them.
    ///
    /// ```
    /// use dbsp_zset::ZSet;
    ///
    /// let stock: ZSet<&str> = [("pear", 3), ("fig", 1)].into_iter().collect();
    /// assert!(stock.iter_ordered().eq([(&"fig", &1), (&"pear", &3)]));
    /// ```
    pub fn iter_ordered(&self) -> impl ExactSizeIterator<Item = (&R, &W)> {
        self.rows.ordered().map(|(row, weight)| (row, weight))
    }
}

impl<R: Row, W: Ring> ZSet<R, W> {
    /// The Z-set of some weighted rows.
    ///
    /// # Errors
    /// [`Overflow`] where the weights of one row have no sum.
    pub fn try_from_rows(rows: impl IntoIterator<Item = (R, W)>) -> Result<Self, Overflow> {
        let rows = rows.into_iter();
        let mut zset = Self::with_capacity(rows.size_hint().0);
        zset.try_add_rows(rows)?;
        Ok(zset)
    }

    /// The Z-set in which each element of a slice has weight one for each time it stands there.
    ///
    /// # Errors
    /// [`Overflow`] where a count has no value.
    pub fn try_from_slice(rows: &[R]) -> Result<Self, Overflow> {
        let mut zset = Self::with_capacity(rows.len());
        for row in rows {
            zset.try_add_row(row, &W::one())?;
        }
        Ok(zset)
    }

    /// The weight of a row, zero for an unknown one. The row may be in any borrowed form, as with std's maps.
    ///
    /// ```
    /// use dbsp_zset::ZSet;
    ///
    /// let names: ZSet<String> = [("ann".to_owned(), 2)].into_iter().collect();
    /// assert_eq!((names.get("ann"), names.get("bob")), (2, 0));
    /// ```
    #[inline]
    #[must_use]
    pub fn get<Q: Ord + Hash + ?Sized>(&self, row: &Q) -> W
    where
        R: Borrow<Q>,
    {
        self.rows.get(row).cloned().unwrap_or_else(W::zero)
    }

    /// Whether the weight of a row is not zero.
    #[inline]
    #[must_use]
    pub fn contains<Q: Ord + Hash + ?Sized>(&self, row: &Q) -> bool
    where
        R: Borrow<Q>,
    {
        self.rows.find(row).is_some()
    }

    /// Changes the weight of one row.
    ///
    /// # Errors
    /// [`Overflow`] where the new weight has no value; nothing is then changed.
    #[inline]
    pub fn try_add_row(&mut self, row: &R, weight: &W) -> Result<(), Overflow> {
        if weight.is_zero() {
            return Ok(());
        }
        let (position, is_new) = self.rows.find_or_insert_with(row, || weight.clone());
        if is_new {
            return Ok(());
        }
        let weight_of = self.rows.value_mut(position);
        let sum = weight_of.try_add(weight)?;
        if sum.is_zero() {
            // Whole: a row that panics as it is hashed keeps its weight.
            self.rows.swap_remove(position);
        } else {
            *weight_of = sum;
        }
        Ok(())
    }

    /// Adds rows in whatever order has partial sums that fit.
    ///
    /// # Errors
    /// [`Overflow`] where a row has no sum; other rows may then have been added.
    fn try_add_rows(&mut self, rows: impl IntoIterator<Item = (R, W)>) -> Result<(), Overflow> {
        let mut late = Delta::new();
        for (row, weight) in rows {
            if self.try_add_row(&row, &weight).is_err() {
                late.push(row, weight);
            }
        }
        if late.is_empty() { Ok(()) } else { self.try_apply(&late) }
    }

    /// Adds a whole delta, or nothing of it. O(|delta|).
    ///
    /// The order of its entries does not matter: one whose sum does not fit yet is added after the others.
    ///
    /// # Errors
    /// [`Overflow`] where one new weight has no value; nothing is then changed, and
    /// [`overflowed`](Self::overflowed) says which entry it was.
    pub fn try_apply(&mut self, delta: &Delta<R, W>) -> Result<(), Overflow> {
        self.deferred.start();
        if cfg!(feature = "bulk") {
            self.apply_windows(delta);
        } else {
            for (at, (row, weight)) in delta.iter().enumerate() {
                if self.try_add_row(row, weight).is_err() {
                    self.deferred.push(at);
                }
            }
        }
        if self.deferred.is_empty() { Ok(()) } else { self.apply_deferred(delta) }
    }

    /// An entry of the delta of the last [`try_apply`](Self::try_apply) whose row has no new weight, if that failed.
    #[must_use]
    pub fn overflowed(&self) -> Option<usize> {
        self.deferred.failed()
    }

    /// Adds a delta so that rows that come stand where rows went.
    fn apply_windows(&mut self, delta: &Delta<R, W>) {
        // A row that panicked may have left some open.
        self.gaps.clear();
        self.gaps.reserve(delta.len().min(self.rows.len()));
        let windows = delta.rows().chunks(WINDOW).zip(delta.weights().chunks(WINDOW));
        let mut start = 0;
        for (rows, weights) in windows {
            self.apply_window(rows, weights, start);
            start += rows.len();
        }
        self.rows.close(&mut self.gaps);
        renew(&mut self.gaps, Gaps::clear);
        self.gaps.shrink(self.rows.len());
    }

    /// Adds rows whose lookups overlap, the first of which stands at `start` in the delta.
    #[inline]
    fn apply_window(&mut self, rows: &[R], weights: &[W], start: usize) {
        let mut guesses = [Guess::default(); WINDOW];
        if rows.len() <= FEW || self.rows.is_near() {
            guesses.iter_mut().zip(rows).for_each(|(guess, row)| guess.hash = short_hash(row));
        } else {
            self.rows.guess_all(&mut guesses, rows, |row| row);
        }
        for (i, ((guess, row), weight)) in guesses.iter().zip(rows).zip(weights).enumerate() {
            let change = |sum: &mut W| {
                sum.try_add_assign(weight)?;
                Ok::<_, Overflow>(sum.is_zero())
            };
            let fresh = || (!weight.is_zero()).then(|| weight.clone());
            if self.rows.try_change(guess.hash, row, &mut self.gaps, change, fresh).is_err() {
                self.deferred.push(start + i);
            }
        }
    }

    /// Adds the entries of a delta that were put off. If they have no place, all others are taken back.
    #[cold]
    fn apply_deferred(&mut self, delta: &Delta<R, W>) -> Result<(), Overflow> {
        let mut deferred = std::mem::take(&mut self.deferred);
        let (rows, weights) = (delta.rows(), delta.weights());
        let outcome = deferred.retry(rows, |at| self.try_add_row(&rows[at], &weights[at]));
        if outcome.is_err() {
            let added = (0..delta.len()).rev().filter(|at| !deferred.is_left(*at));
            let taken_back = change_all(rows, added, |at| self.take_back_row(&rows[at], &weights[at]));
            taken_back.expect("what was just added can be taken back");
            deferred.forget();
        }
        self.deferred = deferred;
        outcome
    }

    /// Takes back a delta that [`try_apply`](Self::try_apply) has added.
    ///
    /// # Errors
    /// [`Overflow`] where one new weight has no value, which cannot be if the delta was added last.
    pub fn try_unapply(&mut self, delta: &Delta<R, W>) -> Result<(), Overflow> {
        let (rows, weights) = (delta.rows(), delta.weights());
        // Backwards: mostly each weight then takes values that it has already had.
        change_all(rows, (0..delta.len()).rev(), |at| self.take_back_row(&rows[at], &weights[at]))
    }

    /// The sum: weights add up.
    ///
    /// # Errors
    /// [`Overflow`] where a sum has no value.
    pub fn try_add(&self, other: &Self) -> Result<Self, Overflow> {
        let (large, small) = if self.len() < other.len() { (other, self) } else { (self, other) };
        let mut sum = large.clone();
        small.iter().try_for_each(|(row, weight)| sum.try_add_row(row, weight))?;
        Ok(sum)
    }

    /// The difference: weights of `other` are subtracted.
    ///
    /// # Errors
    /// [`Overflow`] where a difference has no value.
    pub fn try_sub(&self, other: &Self) -> Result<Self, Overflow> {
        let mut difference = self.clone();
        other.iter().try_for_each(|(row, weight)| difference.take_back_row(row, weight))?;
        Ok(difference)
    }

    /// The negation: every weight becomes its inverse.
    ///
    /// # Errors
    /// [`Overflow`] where an inverse has no value.
    pub fn try_neg(&self) -> Result<Self, Overflow> {
        self.try_map_weights(W::try_neg)
    }

    /// Every weight multiplied by `factor`.
    ///
    /// # Errors
    /// [`Overflow`] where a product has no value.
    pub fn try_scale(&self, factor: &W) -> Result<Self, Overflow> {
        self.try_map_weights(|weight| weight.try_mul(factor))
    }

    /// The Cartesian product: all pairs of rows, weights multiplied. O(n · m).
    ///
    /// # Errors
    /// [`Overflow`] where a product has no value.
    pub fn try_product<S: Row>(&self, other: &ZSet<S, W>) -> Result<ZSet<(R, S), W>, Overflow> {
        let mut product = ZSet::with_capacity(self.len() * other.len());
        for (row, weight) in self.iter() {
            for (other_row, other_weight) in other.iter() {
                product.try_add_row(&(row.clone(), other_row.clone()), &weight.try_mul(other_weight)?)?;
            }
        }
        Ok(product)
    }

    /// The rows that `keep` accepts.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&R) -> bool) -> Self {
        let mut kept = self.clone();
        kept.rows.retain(|row, _| keep(row));
        kept
    }

    /// The images of the rows; weights of rows with one image add up.
    ///
    /// # Errors
    /// [`Overflow`] where such a sum has no value.
    pub fn try_map<S: Row>(&self, image: impl Fn(&R) -> S) -> Result<ZSet<S, W>, Overflow> {
        ZSet::try_from_rows(self.iter().map(|(row, weight)| (image(row), weight.clone())))
    }

    /// The rows as pairs of key and value, found by the key.
    ///
    /// # Errors
    /// [`Overflow`] where weights of rows with one image have no sum.
    pub fn try_index_by<K: Row, V: Row>(
        &self,
        pair: impl Fn(&R) -> (K, V),
    ) -> Result<IndexedZSet<K, V, W>, Overflow> {
        IndexedZSet::try_from_rows(self.iter().map(|(row, weight)| (pair(row), weight.clone())))
    }

    /// A Z-set with the same rows and other weights.
    fn try_map_weights(&self, image: impl Fn(&W) -> Result<W, Overflow>) -> Result<Self, Overflow> {
        let mut mapped = self.clone();
        for (_, weight) in mapped.rows.iter_mut() {
            *weight = image(weight)?;
        }
        mapped.rows.retain(|_, weight| !weight.is_zero());
        Ok(mapped)
    }

    /// Subtracts from the weight of one row.
    fn take_back_row(&mut self, row: &R, weight: &W) -> Result<(), Overflow> {
        let Some(position) = self.rows.find(row) else { return self.try_add_row(row, &weight.try_neg()?) };
        let weight_of = self.rows.value_mut(position);
        let difference = weight_of.try_sub(weight)?;
        if difference.is_zero() {
            // Whole: a row that panics as it is hashed keeps its weight.
            self.rows.swap_remove(position);
        } else {
            *weight_of = difference;
        }
        Ok(())
    }
}

impl<R: Row, W: OrderedRing> ZSet<R, W> {
    /// The set of rows with a positive weight: each has weight one.
    #[must_use]
    pub fn distinct(&self) -> Self {
        let mut set = self.positive();
        for (_, weight) in set.rows.iter_mut() {
            *weight = W::one();
        }
        set
    }

    /// The rows with a positive weight, as they are.
    #[must_use]
    pub fn positive(&self) -> Self {
        let mut positive = self.clone();
        positive.rows.retain(|_, weight| weight.is_positive());
        positive
    }
}

impl<K: Row, V: Row, W: Ring> IndexedZSet<K, V, W> {
    /// The equi-join: for each key `image` of each pair of its values, weights multiplied.
    ///
    /// ```
    /// use dbsp_zset::{IndexedZSet, ZSet};
    ///
    /// let ages: IndexedZSet<&str, u8> = [(("ann", 40), 1), (("bob", 7), 1)].into_iter().collect();
    /// let pets: IndexedZSet<&str, &str> = [(("ann", "cat"), 2)].into_iter().collect();
    /// let joined = ages.try_join(&pets, |name, age, pet| (*name, *age, *pet))?;
    /// assert_eq!(joined, ZSet::from_iter([(("ann", 40, "cat"), 2)]));
    /// # Ok::<(), dbsp_zset::Overflow>(())
    /// ```
    ///
    /// # Errors
    /// [`Overflow`] where a product, or the sum of rows with one image, has no value.
    pub fn try_join<U: Row, R: Row>(
        &self,
        other: &IndexedZSet<K, U, W>,
        image: impl Fn(&K, &V, &U) -> R,
    ) -> Result<ZSet<R, W>, Overflow> {
        let (mut joined, mut late) = (ZSet::new(), Delta::new());
        for (key, mine) in self.groups() {
            let theirs = other.group(key);
            for (value, weight) in mine {
                for (other_value, other_weight) in theirs {
                    let (row, product) = (image(key, value, other_value), weight.try_mul(other_weight)?);
                    if joined.try_add_row(&row, &product).is_err() {
                        late.push(row, product);
                    }
                }
            }
        }
        joined.try_apply(&late)?;
        Ok(joined)
    }

    /// One row for each key for which `aggregate` of its group gives one.
    #[must_use]
    pub fn aggregate<A: Row>(
        &self,
        aggregate: impl Fn(&K, KeyGroup<'_, K, V, W>) -> Option<A>,
    ) -> ZSet<(K, A), W> {
        let mut aggregated = ZSet::new();
        for (key, group) in self.groups() {
            if let Some(value) = aggregate(key, group) {
                aggregated.rows.insert_new((key.clone(), value), W::one());
            }
        }
        aggregated
    }
}

impl<R, W> Default for ZSet<R, W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Ord + Hash, W: PartialEq> PartialEq for ZSet<R, W> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|(row, weight)| other.rows.get(row).is_some_and(|theirs| theirs == weight))
    }
}

impl<R: Ord + Hash, W: Eq> Eq for ZSet<R, W> {}

impl<R: Ord + Debug, W: Debug> Debug for ZSet<R, W> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        crate::debug::weighted_rows(f, self.rows.ordered().map(|(row, weight)| (row, weight)))
    }
}

/// The weight of a row that stands in the Z-set.
///
/// # Panics
/// If the weight of the row is zero; [`ZSet::get`] gives the zero instead.
impl<R: Row, W: Ring> Index<&R> for ZSet<R, W> {
    type Output = W;

    fn index(&self, row: &R) -> &W {
        self.rows.get(row).expect("an indexed row stands in the Z-set")
    }
}

/// Collects rows with their weights.
///
/// # Panics
/// If the weights of one row have no sum; [`ZSet::try_from_rows`] gives an error instead.
impl<R: Row, W: Ring> FromIterator<(R, W)> for ZSet<R, W> {
    fn from_iter<I: IntoIterator<Item = (R, W)>>(rows: I) -> Self {
        Self::try_from_rows(rows).expect("the weights of a row have a sum")
    }
}

/// Adds rows with their weights.
///
/// # Panics
/// If the weights of one row have no sum; [`ZSet::try_add_row`] gives an error instead.
impl<R: Row, W: Ring> Extend<(R, W)> for ZSet<R, W> {
    fn extend<I: IntoIterator<Item = (R, W)>>(&mut self, rows: I) {
        self.try_add_rows(rows).expect("the weights of a row have a sum");
    }
}

impl<R, W> IntoIterator for ZSet<R, W> {
    type Item = (R, W);
    type IntoIter = crate::segmented::IntoIter<(R, W)>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_entries()
    }
}

impl<R, W> From<ZSet<R, W>> for Delta<R, W> {
    fn from(zset: ZSet<R, W>) -> Self {
        let (rows, weights) = zset.into_iter().unzip();
        Self::from_columns(rows, weights).expect("unzip gives columns of one length")
    }
}
