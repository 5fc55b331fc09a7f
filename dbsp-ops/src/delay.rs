//! Delay by one step: z^-1.
//!
//! # Formula     out(t) = in(t − 1), out(0) = 0; time-invariant, so its own incremental form
//! # State       the delta of one step, each row once
//! # Cost        O(|delta|): a lookup and two copies of each row
//!
//! What a delay keeps from one step to the next is consolidated. In a loop through a delay rows that cancel would else come
//! round again and make others: counting paths on a graph of four edges held 271,443 entries of six rows after 24 steps.

use std::collections::BTreeMap;

use dbsp_zset::{Delta, Held, Holds, Overflow, Row, ZSet};

use crate::wide_weight::push_wide;

/// The delay operator. It gives out what it was given one step before; see the [module](self).
///
/// ```
/// use dbsp_ops::Delay;
/// use dbsp_zset::Delta;
///
/// let mut delay = Delay::new();
/// let mut seen = Vec::new();
/// for row in ["a", "b", "c"] {
///     let mut out = Delta::new();
///     delay.step(&Delta::from_iter([(row, 1)]))?;
///     delay.emit(&mut out);
///     delay.commit();
///     seen.push(out.rows().to_vec());
/// }
/// assert_eq!(seen, [vec![], vec!["a"], vec!["b"]]);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Clone)]
pub struct Delay<R> {
    due: ZSet<R>,
    next: ZSet<R>,
    /// In place of the two, what changes a weight by more than 64 bits: a row may stand there up to three times.
    due_wide: Delta<R>,
    next_wide: Delta<R>,
    /// Whether what is due has far more memory than it needs, which it gives back as soon as it is empty.
    is_excessive: bool,
}

impl<R: Row> Delay<R> {
    /// A delay before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            due: ZSet::new(),
            next: ZSet::new(),
            due_wide: Delta::new(),
            next_wide: Delta::new(),
            is_excessive: false,
        }
    }

    /// Appends what was given in the step before, each row once, or up to three times where its weight changes by more than 64
    /// bits. It may be called before or after [`step`](Self::step), which is what makes a loop through a delay possible.
    pub fn emit(&self, out: &mut Delta<R>) {
        let due = if crate::mutated!(DelayLeaksStep) { &self.next } else { &self.due };
        out.extend(due.iter().map(|(row, weight)| (row.clone(), *weight)));
        out.extend_from(&self.due_wide);
    }

    /// Takes what is to be given out in the next step.
    ///
    /// # Errors
    /// [`Overflow`] where a row changes by more than two weights of 64 bits can differ; nothing is then taken.
    pub fn step(&mut self, delta: &Delta<R>) -> Result<(), Overflow> {
        if self.next_wide.is_empty() && self.next.try_apply(delta).is_ok() {
            return Ok(());
        }
        self.step_wide(delta)
    }

    /// As [`step`](Self::step), with sums of more than 64 bits.
    #[cold]
    fn step_wide(&mut self, delta: &Delta<R>) -> Result<(), Overflow> {
        let mut sums = BTreeMap::<&R, i128>::new();
        for (row, weight) in delta.iter().chain(self.next.iter()).chain(&self.next_wide) {
            *sums.entry(row).or_default() += i128::from(*weight);
        }
        let mut wide = Delta::new();
        sums.into_iter().try_for_each(|(row, sum)| push_wide(&mut wide, row.clone(), sum))?;
        self.next.clear();
        self.next_wide = wide;
        Ok(())
    }

    /// Whether there is something to give out.
    #[must_use]
    pub fn is_due(&self) -> bool {
        !self.due.is_empty() || !self.due_wide.is_empty()
    }

    /// Gives memory of buffers back, that of what is due when that is given out. A step needs room for `needed` rows. Comes
    /// between steps.
    pub fn shrink(&mut self, needed: usize) {
        self.is_excessive = self.due.is_excessive(needed);
        if self.next.is_excessive(needed) {
            self.next = ZSet::new();
        }
    }

    /// Makes the step final: what was taken is now due.
    pub fn commit(&mut self) {
        self.due.clear();
        if std::mem::take(&mut self.is_excessive) {
            self.due = ZSet::new();
        }
        std::mem::swap(&mut self.due, &mut self.next);
        self.due_wide = std::mem::take(&mut self.next_wide);
    }

    /// Forgets everything, as before the first step.
    pub fn clear(&mut self) {
        self.due.clear();
        self.due_wide.clear();
        self.abort();
    }

    /// Takes the step back: what was due still is.
    pub fn abort(&mut self) {
        self.next.clear();
        self.next_wide.clear();
    }
}

impl<R> Holds for Delay<R> {
    fn held(&self) -> Held {
        self.due.held() + self.next.held() + self.due_wide.held() + self.next_wide.held()
    }
}

impl<R: Row> Default for Delay<R> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_more_than_64_bits_comes_a_step_later_as_well() {
        let mut delay = Delay::new();
        let half = 1 << 62;
        let delta =
            Delta::from_iter([("a", half), ("b", 1), ("a", half), ("c", 5), ("c", -5), ("a", i64::MAX)]);
        assert_eq!(delay.step(&delta), Ok(()));
        delay.abort();
        assert_eq!(delay.step(&delta), Ok(()));
        delay.commit();
        assert!(delay.is_due());
        let mut out = Delta::new();
        delay.emit(&mut out);
        assert_eq!(out.rows(), ["a", "a", "a", "b"]);
        assert_eq!(
            out.weights().iter().map(|weight| i128::from(*weight)).sum::<i128>(),
            i128::from(u64::MAX) + 1
        );
        assert_eq!(delay.step(&Delta::from_iter([("a", i64::MAX); 3])), Err(Overflow));
        delay.abort();
        delay.commit();
        assert!(!delay.is_due());
    }
}
