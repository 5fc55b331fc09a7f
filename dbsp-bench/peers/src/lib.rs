//! The peers of the workbench: other engines that do the same work, in the same turns, over the same changes.
//!
//! ```text
//! dbsp-bench: generator ──▶ changes ──▶ our engines ─┐
//!                              │                     ├──▶ compared, timed, reported
//!                              └──▶ prepare ──▶ peer ┘
//! ```
//!
//! # Shape
//! A folder an engine, a file a suite. An engine brings the changes into its own form before its turn, outside
//! the clock; a step inside the clock hands them over, runs the engine until its output is complete, and reads
//! that output once.
//!
//! # How they are written
//! As their authors write them: each query names the page or the file of its engine that it follows. Where an
//! engine offers several ways, the fastest that its documents show is taken.
//!
//! This package is a workspace of its own, so that nobody who builds the project compiles a peer. `cargo xtask
//! bench --peers` builds and runs it.

pub mod differential;
pub mod feldera;

use dbsp_bench::peers::Peers;

/// The peers that this build has.
#[must_use]
pub fn peers() -> Peers {
    Peers {
        headline: vec![
            (feldera::NAME, feldera::headline::make),
            (differential::NAME, differential::headline::make),
        ],
        ..Peers::default()
    }
}

#[cfg(test)]
mod tests;
