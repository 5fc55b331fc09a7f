//! Buffers that give memory back when steps have become smaller.
//!
//! # Shape       every fourth step looks at the buffers of one node, which takes turns. A look cuts a buffer that has room for
//!   more than eight times what any step of the last two rounds needed.
//! # Invariants  a round takes at least `ROUND` looks, however few nodes there are, so steps that are large once in a while
//!   are seen; a cut leaves room for twice what was needed. So a circuit that is warm allocates nothing.
//! # Cost        a quarter of a look a step: a few instructions for each buffer of one node. Memory that nothing needs any
//!   more is gone after 8 · max(nodes, 64) steps.
//! # Not here    memory of state, which tables and traces give back themselves when rows leave.

use dbsp_zset::Reclaim;

use crate::circuit::Circuit;
use crate::node::Placed;

/// The least number of looks before the same node is looked at again.
const ROUND: usize = 64;
/// One step in so many looks at a node.
const STEPS_A_LOOK: u64 = 4;

/// Whose buffers are looked at next.
#[derive(Default)]
pub(crate) struct Thrift {
    next: usize,
}

impl Circuit {
    /// Gives back, at once, all memory of buffers that is not in use: of inputs, of streams, of operators. A circuit does
    /// so by itself, over steps, for buffers that have become far too large; this is for a moment at which memory matters,
    /// as after a load. The next steps allocate anew what they need. State stays. O(operators).
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// let (mut circuit, (rows, _)) = Circuit::build(|b| {
    ///     let (stream, rows) = b.input::<(u64, i64)>("rows");
    ///     (rows, stream.keyed().sum().view())
    /// })?;
    /// circuit[rows].extend((0..100_000).map(|n| (n % 10, 1)));
    /// circuit.step()?;
    /// circuit.step()?; // the delta of the last step is in use, until the next one
    /// circuit.shrink();
    /// assert!(circuit.memory().bytes() < 20_000);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn shrink(&mut self) {
        for at in 0..self.nodes.len() {
            self.shrink_node(at, Reclaim::All);
        }
    }

    /// Looks at the buffers of the next node, in some steps.
    #[inline]
    pub(crate) fn look_at_buffers(&mut self) {
        if self.steps.is_multiple_of(STEPS_A_LOOK) {
            self.look_at_next();
        }
    }

    fn look_at_next(&mut self) {
        let at = self.thrift.next;
        if at < self.nodes.len() {
            self.shrink_node(at, Reclaim::Idle);
        }
        self.thrift.next = if at + 1 < self.nodes.len().max(ROUND) { at + 1 } else { 0 };
    }

    fn shrink_node(&mut self, at: usize, reclaim: Reclaim) {
        let Placed { node, output, .. } = &mut self.nodes[at];
        node.shrink(&mut self.slots, reclaim);
        if let Some(output) = *output {
            self.slots.shrink(output, reclaim);
        }
    }
}
