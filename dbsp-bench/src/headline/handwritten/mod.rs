//! `handwritten`: incremental code for exactly these views, as a good Rust programmer writes it without a framework.
//!
//! # Shape
//! One file a view, about thirty lines each: hashbrown tables, smallvec groups, buffers kept.
//!
//! # State
//! What each view needs to go on: a join keeps both sides indexed, since either could change; a
//! group-by keeps its groups. None keeps its output: like `dbsp`, it hands out deltas.

use std::hint::black_box;

use super::engine::{Engine, Kind, Outcome, View};
use super::workload::{Change, Workload};

mod all;
mod filter_map;
mod group_by;
mod grouped;
mod join;

/// The view over the workload's base.
#[must_use]
pub(super) fn new(view: View, workload: &Workload) -> Box<dyn Engine> {
    match view {
        View::FilterMap => Box::new(filter_map::FilterMap::new(workload)),
        View::GroupBy => Box::new(group_by::GroupBy::new(workload)),
        View::Join => Box::new(join::Join::new(workload)),
        View::All => Box::new(all::All::new(workload)),
    }
}

/// A delta as hand-written code passes it on.
type Rows<R> = Vec<(R, i64)>;

/// Reads a delta once: each row by reference, each weight into a sum.
fn touch<R>(rows: &Rows<R>) -> i64 {
    black_box(rows).iter().map(|(_, weight)| weight).sum()
}
