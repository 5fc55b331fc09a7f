//! Delay by one step: z^-1.
//!
//! # Formula     out(t) = in(t − 1), out(0) = 0; time-invariant, so its own incremental form
//! # State       the delta of one step, each row once
//! # Cost        O(|delta|): a lookup and two copies of each row
//!
//! What a delay keeps from one step to the next is consolidated. In a loop through a delay rows that cancel would else come
//! round again and make others: counting paths on a graph of four edges held 271,443 entries of six rows after 24 steps.

use dbsp_zset::{Delta, Held, Holds, Overflow, Row, ZSet};

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
}

impl<R: Row> Delay<R> {
    /// A delay before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self { due: ZSet::new(), next: ZSet::new() }
    }

    /// Appends what was given in the step before, each row once. It may be called before or after
    /// [`step`](Self::step), which is what makes a loop through a delay possible.
    pub fn emit(&self, out: &mut Delta<R>) {
        let due = if crate::mutated!(DelayLeaksStep) { &self.next } else { &self.due };
        out.extend(due.iter().map(|(row, weight)| (row.clone(), *weight)));
    }

    /// Takes what is to be given out in the next step.
    ///
    /// # Errors
    /// [`Overflow`] where the weights of a row have no sum; nothing is then taken.
    pub fn step(&mut self, delta: &Delta<R>) -> Result<(), Overflow> {
        self.next.try_apply(delta)
    }

    /// Whether there is something to give out.
    #[must_use]
    pub fn is_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// Gives memory of buffers back; what is due stays. A step needs room for `needed` rows.
    pub fn shrink(&mut self, needed: usize) {
        self.due.shrink(needed);
        self.next.shrink(needed);
    }

    /// Makes the step final: what was taken is now due.
    pub fn commit(&mut self) {
        self.due.clear();
        std::mem::swap(&mut self.due, &mut self.next);
    }

    /// Forgets everything, as before the first step.
    pub fn clear(&mut self) {
        self.due.clear();
        self.next.clear();
    }

    /// Takes the step back: what was due still is.
    pub fn abort(&mut self) {
        self.next.clear();
    }
}

impl<R> Holds for Delay<R> {
    fn held(&self) -> Held {
        self.due.held() + self.next.held()
    }
}

impl<R: Row> Default for Delay<R> {
    fn default() -> Self {
        Self::new()
    }
}
