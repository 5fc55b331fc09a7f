//! Sums whose total fits although a partial sum does not: what overflows is put off and tried again.
//!
//! # Shape       [`settle()`] adds the values that were put off for one sum; `Deferred` holds the positions of those entries
//!   of a delta that were put off, for all of its rows.
//! # Invariants  for integers, what is left over when nothing more fits proves that the sum has no value. Suppose that on a
//!   total T both x > 0 and y < 0 overflow. Then x − y exceeds MAX − MIN, which no two integers of the type allow. So whatever
//!   is left has one sign, and adding all of it leads further out.
//! # Cost        nothing unless something overflows; then O(n) additions for n values of one sum, and O(n log n) comparisons
//!   of rows for n entries.
//! # Not here    other groups, such as pairs of weights: for these the order may still decide whether a sum is found.

use crate::algebra::Overflow;

/// More positions are given back after a step.
const KEPT: usize = 1_024;

/// Adds values to one sum in an order in which each partial sum fits. Those that are left over stand first; returns how
/// many there are.
///
/// For integers nothing is left over exactly if the sum has a value, see the [module](self). O(n) additions.
///
/// ```
/// use dbsp_zset::{Semigroup, settle};
///
/// let (mut sum, mut values) = (i8::MAX, [1, 1, -100]);
/// assert_eq!(settle(&mut values, |value| sum.try_add_assign(value)), 0);
/// assert_eq!(sum, 29);
/// ```
#[cold]
pub fn settle<T>(values: &mut [T], mut add: impl FnMut(&T) -> Result<(), Overflow>) -> usize {
    // A stack of values that do not fit stands at the front, and its top was tried on the current sum.
    let mut left = 0;
    for at in 0..values.len() {
        if add(&values[at]).is_err() {
            values.swap(left, at);
            left += 1;
            continue;
        }
        while left > 0 && add(&values[left - 1]).is_ok() {
            left -= 1;
        }
    }
    left
}

/// The positions of entries of a delta that were put off; see the [module](self).
#[derive(Debug, Clone, Default)]
pub(crate) struct Deferred {
    positions: Vec<usize>,
    /// The first entry for which no order was found, of the last delta that failed.
    failed: Option<usize>,
}

impl Deferred {
    pub(crate) const fn new() -> Self {
        Self { positions: Vec::new(), failed: None }
    }

    /// Puts an entry off.
    #[cold]
    pub(crate) fn push(&mut self, position: usize) {
        self.positions.push(position);
    }

    /// Whether no entry is put off.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// An entry of the last delta that failed whose row has no sum.
    pub(crate) fn failed(&self) -> Option<usize> {
        self.failed
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        self.positions.capacity() * size_of::<usize>()
    }

    /// Forgets what an earlier delta has left. To be called before the entries of a delta are tried.
    #[inline]
    pub(crate) fn start(&mut self) {
        self.positions.clear();
        self.failed = None;
    }

    /// Tries all entries again, those of one row together; `add` is given their positions.
    ///
    /// # Errors
    /// [`Overflow`] where a row has no sum; [`is_left`](Self::is_left) then says which entries were not added.
    #[cold]
    pub(crate) fn retry<R: Ord>(
        &mut self,
        rows: &[R],
        mut add: impl FnMut(usize) -> Result<(), Overflow>,
    ) -> Result<(), Overflow> {
        let Self { positions, failed } = self;
        positions.sort_unstable_by(|one, other| rows[*one].cmp(&rows[*other]));
        let mut settled = 0;
        for run in positions.chunk_by_mut(|one, other| rows[*one] == rows[*other]) {
            let left = settle(run, |position| add(*position));
            if left > 0 {
                *failed = Some(run[0]);
                let (start, end) = (settled, settled + run.len());
                // Those of other rows that were not tried again are left as well.
                positions.drain(start + left..end);
                positions.drain(..start);
                positions.sort_unstable();
                return Err(Overflow);
            }
            settled += run.len();
        }
        self.forget();
        Ok(())
    }

    /// Whether an entry was not added, after [`retry`](Self::retry) has failed.
    pub(crate) fn is_left(&self, position: usize) -> bool {
        self.positions.binary_search(&position).is_ok()
    }

    /// Forgets the entries. Keeps memory for a few.
    pub(crate) fn forget(&mut self) {
        let kept = if cfg!(feature = "pool") { KEPT } else { 0 };
        self.positions.clear();
        self.positions.shrink_to(kept);
    }
}

/// Applies `change` to the positions of some rows, in an order in which each partial sum fits. For what takes a delta back.
///
/// # Errors
/// [`Overflow`] where a row has no sum.
pub(crate) fn change_all<R: Ord>(
    rows: &[R],
    positions: impl Iterator<Item = usize>,
    mut change: impl FnMut(usize) -> Result<(), Overflow>,
) -> Result<(), Overflow> {
    let mut deferred = Deferred::new();
    for position in positions {
        if change(position).is_err() {
            deferred.push(position);
        }
    }
    if deferred.is_empty() { Ok(()) } else { deferred.retry(rows, change) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::Semigroup;

    #[test]
    fn a_sum_is_found_exactly_if_it_fits() {
        let ends = [i8::MIN, -127, -64, -1, 1, 64, 126, 127];
        for choices in 0..ends.len().pow(5) {
            let values = [0, 1, 2, 3, 4].map(|at| ends[choices / ends.len().pow(at) % ends.len()]);
            let exact: i32 = values.iter().map(|value| i32::from(*value)).sum();
            let (mut sum, mut waiting) = (0_i8, values);
            let left = settle(&mut waiting, |value| sum.try_add_assign(value));
            assert_eq!(left == 0, i8::try_from(exact).is_ok(), "{values:?}");
            assert!(left > 0 || i32::from(sum) == exact, "{values:?} make {sum}");
        }
    }

    #[test]
    fn many_values_that_alternate_at_the_ends_take_linear_time() {
        let half = 10_000;
        let mut values = [vec![i64::MAX; half], vec![-i64::MAX; half]].concat();
        let (mut sum, mut additions) = (0_i64, 0);
        let left = settle(&mut values, |value| {
            additions += 1;
            sum.try_add_assign(value)
        });
        assert_eq!((left, sum), (0, 0));
        assert!(additions <= 4 * half, "{additions}");
    }

    #[test]
    fn what_is_left_is_known_by_its_position() {
        let rows = ["b", "a", "b", "c", "b"];
        let weights = [i64::MAX, 5, 1, i64::MAX, 1];
        let mut deferred = Deferred::new();
        [2, 4, 3].into_iter().for_each(|position| deferred.push(position));
        let mut sum = i64::MAX;
        let outcome = deferred.retry(&rows, |position| sum.try_add_assign(&weights[position]));
        assert_eq!(outcome, Err(Overflow));
        assert_eq!(
            (0..5).map(|at| deferred.is_left(at)).collect::<Vec<_>>(),
            [false, false, true, true, true]
        );
        assert_eq!(deferred.failed().map(|at| rows[at]), Some("b"));
    }
}
