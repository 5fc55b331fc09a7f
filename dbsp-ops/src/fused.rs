//! A stateless chain and the operator behind it as one operator.
//!
//! # Formula     Q ∘ C for a linear chain C: Q^Δ ∘ C
//! # State       that of the operator; rows between the two live in a buffer of one window
//! # Cost        that of the operator and of the chain, less one write and one read of each row
//!
//! An operator that works a window of rows at a time need not see a delta whole. What the chain gives is
//! handed to it as soon as there is a window of it, while it is still near the processor; without feature `fused`
//! when the chain has run over thousands of rows.

use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row, Usage, renew};

use crate::operator::{Operator, Torn};
use crate::overflow::OverflowDetail;
use crate::stage::{Stage, WINDOW, run_rows};

/// An operator that can take the delta of a step in pieces: `step` is [`take`](Self::take) of a whole delta
/// and then [`give`](Self::give), and `abort` does not look at its delta.
pub trait Piecewise: Operator {
    /// Takes some rows of the step's delta.
    ///
    /// # Errors
    /// [`Overflow`] where a weight or a total has no value; the step has then to be aborted.
    fn take(&mut self, piece: &Delta<Self::In>) -> Result<(), Overflow>;

    /// Appends to `out` how the result changes with all that was taken in this step. Comes once a step.
    ///
    /// # Errors
    /// [`Overflow`] where a result has no value; the step has then to be aborted.
    fn give(&mut self, out: &mut Delta<Self::Out>) -> Result<(), Overflow>;
}

/// An operator with a stateless chain before it; see the [module](self).
///
/// ```
/// use dbsp_ops::{Count, Fused, Identity, LinearAggregation, Operator, Stage};
/// use dbsp_zset::Delta;
///
/// let by_length = Identity.filter(|word: &&str| !word.is_empty()).map(|word: &&str| (word.len(), ()));
/// let mut lengths = Fused::new(by_length, LinearAggregation::new(Count));
/// let mut out = Delta::new();
/// lengths.step(&Delta::from_iter([("fig", 1), ("", 1), ("pear", 1), ("kiwi", 2)]), &mut out)?;
/// lengths.commit();
/// assert_eq!(format!("{out:?}"), "{(3, 1): +1, (4, 3): +1}");
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
#[derive(Debug, Clone)]
pub struct Fused<S, C, O: Operator> {
    chain: C,
    operator: O,
    window: Delta<O::In>,
    /// How many rows a window has.
    usage: Usage,
    source: std::marker::PhantomData<fn(&S)>,
}

/// So many rows go through the chain before the operator takes what came out.
const PIECE: usize = if cfg!(feature = "fused") { WINDOW } else { 4_096 };

impl<S: Row, C: Stage<S, Row = O::In>, O: Piecewise> Fused<S, C, O> {
    /// An operator before its first step, with a chain before it.
    #[must_use]
    pub const fn new(chain: C, operator: O) -> Self {
        Self { chain, operator, window: Delta::new(), usage: Usage::new(), source: std::marker::PhantomData }
    }
}

impl<S, C, O: Operator> Holds for Fused<S, C, O> {
    fn held(&self) -> Held {
        let held = self.operator.held();
        Held { bytes: held.bytes + self.window.allocated_bytes(), ..held }
    }
}

impl<S: Row, C: Stage<S, Row = O::In>, O: Piecewise> Operator for Fused<S, C, O> {
    type In = S;
    type Out = O::Out;

    #[inline]
    fn step(&mut self, delta: &Delta<S>, out: &mut Delta<O::Out>) -> Result<(), Overflow> {
        let Self { chain, operator, window, usage, .. } = self;
        // A panic of the chain may have left rows.
        window.clear();
        for (rows, weights) in delta.rows().chunks(PIECE).zip(delta.weights().chunks(PIECE)) {
            run_rows(chain, rows, weights, window);
            operator.take(window)?;
            usage.note(window.len());
            window.clear();
        }
        renew(window, Delta::clear);
        operator.give(out)
    }

    fn commit(&mut self) {
        self.operator.commit();
    }

    fn abort(&mut self, _: &Delta<S>) -> Result<(), Torn> {
        self.window.clear();
        self.operator.abort(&self.window)
    }

    fn shrink(&mut self, reclaim: Reclaim) {
        self.window.shrink(self.usage.end_period(reclaim));
        self.operator.shrink(reclaim);
    }

    fn last_overflow(&self) -> Option<OverflowDetail<'_>> {
        self.operator.last_overflow()
    }
}
