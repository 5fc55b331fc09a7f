//! Whether a circuit has something left to do.

use crate::circuit::Circuit;

impl Circuit {
    /// Whether another step would change nothing: no input has pending changes, no delay and no feedback has anything to
    /// give out, and the first step is over. O(operators).
    ///
    /// So `while !circuit.is_settled() { circuit.step()?; }` takes the pending changes and lets every loop run out. It
    /// does not end if a loop never does.
    ///
    /// ```
    /// use dbsp_runtime::{Circuit, Error};
    ///
    /// let (mut circuit, (rows, late)) = Circuit::build(|b| {
    ///     let (stream, rows) = b.input::<u32>("rows");
    ///     (rows, stream.delay().view())
    /// })?;
    /// circuit.step()?;
    /// assert!(circuit.is_settled());
    /// circuit[rows].insert(7);
    /// assert!(!circuit.is_settled(), "a change is pending");
    /// circuit.step()?;
    /// assert!(!circuit.is_settled(), "the delay is to give it out");
    /// circuit.step()?;
    /// assert!(circuit.is_settled());
    /// assert_eq!(circuit[late].get(&7), 1);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.steps > 0 && !self.nodes.iter().any(|placed| placed.node.is_due(&self.slots))
    }
}
