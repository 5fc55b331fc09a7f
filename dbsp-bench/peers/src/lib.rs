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
pub mod remote;

use dbsp_bench::nexmark::query::Rivals;
use dbsp_bench::peers::Peers;

/// The peers that this build has.
#[must_use]
pub fn peers() -> Peers {
    Peers {
        headline: vec![
            (feldera::NAME, feldera::headline::make),
            (differential::NAME, differential::headline::make),
        ],
        remote: vec![("duckdb", remote::duckdb), ("polars", remote::polars), ("pydbsp", remote::pydbsp)],
        nexmark: nexmark(),
        latency: vec![
            (feldera::NAME, feldera::latency::make),
            (differential::NAME, differential::latency::make),
        ],
    }
}

/// The Nexmark queries of all peers.
fn nexmark() -> Rivals {
    let (mut all, other) = (feldera::nexmark::rivals(), differential::nexmark::rivals());
    all.q0.extend(other.q0);
    all.q1.extend(other.q1);
    all.q2.extend(other.q2);
    all.q3.extend(other.q3);
    all.q4.extend(other.q4);
    all.q5.extend(other.q5);
    all.q7.extend(other.q7);
    all.q8.extend(other.q8);
    all.q9.extend(other.q9);
    all
}

#[cfg(test)]
mod tests;
