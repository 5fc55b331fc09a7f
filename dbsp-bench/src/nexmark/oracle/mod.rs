//! The queries recomputed from scratch, as plainly as can be: loops, `BTreeMap` and `Vec`.
//!
//! # Invariants  nothing here knows the engine; an oracle reads whole tables and answers with a multiset
//!   of rows, in any order.
//! # Cost  O(n log n) in the tables: enough to check 2,000,000 events, not meant to be raced against.

pub mod q0;
pub mod q1;
pub mod q2;
pub mod q3;
pub mod q4;
pub mod q5;
pub mod q7;
pub mod q8;
pub mod q9;

use super::events::{Auction, Bid, Person};

/// The three tables as they stand.
#[derive(Default)]
pub struct Tables<'t> {
    /// The table `person`.
    pub persons: Vec<&'t Person>,
    /// The table `auction`.
    pub auctions: Vec<&'t Auction>,
    /// The table `bid`.
    pub bids: Vec<&'t Bid>,
}
