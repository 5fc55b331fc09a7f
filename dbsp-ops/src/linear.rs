//! Sums of deltas: plus, minus, negation, the sum of n.
//!
//! # Formula     linear: their own incremental form
//! # State       none
//! # Cost        a copy of each row; weights are negated by a kernel, a column at a time. A row of the least weight, which has
//!   no opposite, is copied twice, with half of the opposite each

use dbsp_zset::{Delta, Overflow};

/// Appends the change `left + right` to `out`.
///
/// ```
/// use dbsp_ops::plus;
/// use dbsp_zset::Delta;
///
/// let mut out = Delta::new();
/// plus(&Delta::from_iter([("a", 1)]), &Delta::from_iter([("a", 2), ("b", 1)]), &mut out);
/// assert_eq!(format!("{:?}", out.consolidate()?), r#"{"a": +3, "b": +1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
pub fn plus<R: Clone>(left: &Delta<R>, right: &Delta<R>, out: &mut Delta<R>) {
    out.extend_from(left);
    out.extend_from(right);
}

/// Appends the change `left - right` to `out`.
///
/// # Errors
/// None: every weight has an opposite, in two parts if need be.
pub fn minus<R: Clone>(left: &Delta<R>, right: &Delta<R>, out: &mut Delta<R>) -> Result<(), Overflow> {
    out.extend_from(left);
    out.try_extend_negated(right)
}

/// Appends the change `-delta` to `out`.
///
/// ```
/// use dbsp_ops::neg;
/// use dbsp_zset::Delta;
///
/// let mut out = Delta::new();
/// neg(&Delta::from_iter([("a", 2), ("b", i64::MIN)]), &mut out)?;
/// assert_eq!((out.rows(), out.weights()), (&["a", "b", "b"][..], &[-2, 1 << 62, 1 << 62][..]));
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
///
/// # Errors
/// None: every weight has an opposite, in two parts if need be.
pub fn neg<R: Clone>(delta: &Delta<R>, out: &mut Delta<R>) -> Result<(), Overflow> {
    out.try_extend_negated(delta)
}

/// Appends the sum of any number of changes to `out`.
pub fn sum_of<'a, R: Clone + 'a>(deltas: impl IntoIterator<Item = &'a Delta<R>>, out: &mut Delta<R>) {
    for delta in deltas {
        out.extend_from(delta);
    }
}
