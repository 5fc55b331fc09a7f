//! Delay by one step: z^-1.
//!
//! # Formula     out(t) = in(t − 1), out(0) = 0; time-invariant, so its own incremental form
//! # State       the delta of one step
//! # Cost        a copy of each row

use dbsp_zset::{Delta, Held, Holds, renew};

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
///     delay.step(&Delta::from_iter([(row, 1)]));
///     delay.emit(&mut out);
///     delay.commit();
///     seen.push(out.rows().to_vec());
/// }
/// assert_eq!(seen, [vec![], vec!["a"], vec!["b"]]);
/// ```
#[derive(Debug, Clone)]
pub struct Delay<R> {
    due: Delta<R>,
    next: Delta<R>,
}

impl<R: Clone> Delay<R> {
    /// A delay before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self { due: Delta::new(), next: Delta::new() }
    }

    /// Appends what was given in the step before. It may be called before or after
    /// [`step`](Self::step), which is what makes a loop through a delay possible.
    pub fn emit(&self, out: &mut Delta<R>) {
        out.extend_from(if crate::mutated!(DelayLeaksStep) { &self.next } else { &self.due });
    }

    /// Takes what is to be given out in the next step.
    pub fn step(&mut self, delta: &Delta<R>) {
        self.next.extend_from(delta);
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
        renew(&mut self.due, Delta::clear);
        self.due.append(&mut self.next);
    }

    /// Forgets everything, as before the first step.
    pub fn clear(&mut self) {
        self.due.clear();
        self.next.clear();
    }

    /// Takes the step back: what was due still is.
    pub fn abort(&mut self) {
        renew(&mut self.next, Delta::clear);
    }
}

impl<R> Holds for Delay<R> {
    fn held(&self) -> Held {
        self.due.held() + self.next.held()
    }
}

impl<R: Clone> Default for Delay<R> {
    fn default() -> Self {
        Self::new()
    }
}
