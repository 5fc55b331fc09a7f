//! Feldera: the crate `dbsp` 0.349, through its typed Rust interface.
//!
//! # Shape
//! A runtime with one worker thread, as its tutorial's last chapter makes one; the caller hands changes to an
//! input handle and asks for a transaction. Storage is off, as in its own benchmarks.
//!
//! # Reading the output
//! `accumulate_output`, as in its benches `star_join` and `transitive_closure`: a plain `output` holds what the last of
//! a transaction's inner steps produced, and large transactions take several. The rows are then read through the
//! cursor of the snapshot, by reference, which merges the batches of such a transaction as it goes.

pub mod headline;
pub mod latency;
pub mod nexmark;
mod output;

use anyhow::Result;
use feldera::circuit::CircuitConfig;
use feldera::{DBSPHandle, RootCircuit, Runtime};

/// The name of the engine in a report.
pub const NAME: &str = "feldera";

/// A running circuit with the handles that its constructor gave.
pub(crate) fn start<T: Send + 'static>(
    constructor: impl FnOnce(&mut RootCircuit) -> anyhow::Result<T> + Clone + Send + 'static,
) -> Result<(DBSPHandle, T)> {
    // Input comes before a transaction and never during its commit: they ask such callers to say so.
    let config = CircuitConfig::with_workers(1).with_allow_input_during_commit(false);
    Ok(Runtime::init_circuit(config, constructor)?)
}
