//! The workbench: verified, side-by-side benchmarks of incremental views against recomputing them.
//!
//! ```text
//! options ──▶ headline ─┐
//!             micro     ├──▶ report ──▶ target/bench/report.json
//!             nexmark   │           ──▶ target/bench/report.html
//!             latency   │           ──▶ one table a suite
//!             memory   ─┘
//! ```
//!
//! Every suite proves its answers first: engines get the same changes, their integrated outputs are
//! compared, and a difference fails the run. Engines take turns, inputs are made outside the clock, and
//! losses are printed beside wins. `cargo xtask bench` builds and runs it; `docs/report.md` documents the
//! JSON.
//!
//! Nothing in here is an interface for others but the JSON: the crate is never published.

pub mod allocations;
pub mod check;
pub mod footprint;
pub mod headline;
pub mod html;
pub mod latency;
pub mod machine;
pub mod measure;
pub mod memory;
pub mod micro;
pub mod nexmark;
pub mod options;
pub mod peers;
pub mod profile;
pub mod program;
pub mod progress;
pub mod report;
pub mod table;

/// Tests may count allocations: of their own thread.
#[cfg(test)]
#[global_allocator]
static ALLOCATOR: dbsp_testkit::alloc::Counting<std::alloc::System> =
    dbsp_testkit::alloc::Counting::new(std::alloc::System);
