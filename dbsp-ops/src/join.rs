//! The equi-join.
//!
//! # Formula     Δ(l ⋈ r) = Δl ⋈ r + l ⋈ Δr + Δl ⋈ Δr, where l and r are the traces *before* the
//!   step (DBSP, theorem 3.4 with I(Δ) = trace + Δ). Reading both as they were leaves every trace
//!   untouched until the whole step has succeeded, and needs no order among operators that share one.
//! # State       none of its own but scratch: traces belong to the arrangements that it is given
//! # Cost        O(|Δl| + |Δr| + |out|) expected; the third term indexes the smaller delta

use dbsp_zset::{Delta, DeltaIndex, Held, Holds, IndexedZSet, Overflow, Ring, Row};

/// The incremental equi-join; see the [module](self).
///
/// ```
/// use dbsp_ops::Join;
/// use dbsp_zset::{Delta, IndexedZSet};
///
/// let (mut ages, mut pets) = (IndexedZSet::new(), IndexedZSet::new());
/// let mut join = Join::new();
/// let age = Delta::from_iter([(("ann", 40), 1), (("bob", 7), 1)]);
/// let pet = Delta::from_iter([(("ann", "cat"), 1)]);
/// let mut out = Delta::new();
/// join.step(&age, &ages, &pet, &pets, |name, age, pet| [(*name, *age, *pet)], &mut out)?;
/// ages.try_apply(&age)?;
/// pets.try_apply(&pet)?;
/// assert_eq!(format!("{out:?}"), r#"{("ann", 40, "cat"): +1}"#);
///
/// let moved = Delta::from_iter([(("ann", "cat"), -1), (("bob", "cat"), 1)]);
/// let mut out = Delta::new();
/// join.step(&Delta::new(), &ages, &moved, &pets, |name, age, pet| [(*name, *age, *pet)], &mut out)?;
/// assert_eq!(format!("{out:?}"), r#"{("ann", 40, "cat"): -1, ("bob", 7, "cat"): +1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Default)]
pub struct Join {
    index: DeltaIndex,
}

impl Holds for Join {
    fn held(&self) -> Held {
        Held { rows: 0, bytes: self.index.allocated_bytes() }
    }
}

impl Join {
    /// A join before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self { index: DeltaIndex::new() }
    }

    /// Gives memory of buffers back; a step indexes `needed` rows. Comes between steps.
    pub fn shrink(&mut self, needed: usize) {
        self.index.shrink(needed);
    }

    /// Appends all of `images` of each pair of rows that came or went, weights multiplied.
    ///
    /// `left_trace` and `right_trace` are the integrals of the two sides before this step.
    ///
    /// # Errors
    /// [`Overflow`] where a product of weights has no value.
    pub fn step<K: Row, A: Row, B: Row, I: IntoIterator>(
        &mut self,
        left: &Delta<(K, A)>,
        left_trace: &IndexedZSet<K, A>,
        right: &Delta<(K, B)>,
        right_trace: &IndexedZSet<K, B>,
        images: impl Fn(&K, &A, &B) -> I,
        out: &mut Delta<I::Item>,
    ) -> Result<(), Overflow> {
        let mut emit = |key: &K, left: &A, right: &B, weight: i64| {
            for image in images(key, left, right) {
                out.push(image, weight);
            }
        };
        probe(left, right_trace, |key, value, other, weight| emit(key, value, other, weight))?;
        probe(right, left_trace, |key, value, other, weight| emit(key, other, value, weight))?;
        if left.is_empty() || right.is_empty() || crate::mutated!(ForgottenDeltaByDelta) {
            return Ok(());
        }
        if left.len() < right.len() {
            self.meet(left, right, |key, value, other, weight| emit(key, value, other, weight))
        } else {
            self.meet(right, left, |key, value, other, weight| emit(key, other, value, weight))
        }
    }

    /// Gives each pair of rows of two deltas with one key, after indexing the first.
    fn meet<K: Row, A: Row, B: Row>(
        &mut self,
        small: &Delta<(K, A)>,
        large: &Delta<(K, B)>,
        mut emit: impl FnMut(&K, &A, &B, i64),
    ) -> Result<(), Overflow> {
        self.index.build(small);
        for ((key, value), weight) in large {
            for i in self.index.positions(small, key) {
                emit(key, &small.rows()[i].1, value, small.weights()[i].try_mul(weight)?);
            }
        }
        Ok(())
    }
}

/// Gives each pair of a row of a delta and a row of a trace with one key.
#[inline]
fn probe<K: Row, A: Row, B: Row>(
    delta: &Delta<(K, A)>,
    trace: &IndexedZSet<K, B>,
    mut emit: impl FnMut(&K, &A, &B, i64),
) -> Result<(), Overflow> {
    trace.try_probe(
        delta.rows(),
        |(key, _)| key,
        |i, other, other_weight| {
            let ((key, value), weight) = (&delta.rows()[i], delta.weights()[i]);
            emit(key, value, other, weight.try_mul(other_weight)?);
            Ok(())
        },
    )
}
