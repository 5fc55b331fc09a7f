//! What one step is fed: a delta for each of the three tables.
//!
//! # Invariants  rows of a table keep the order of the stream; the tables' common order is lost, as it is
//!   in any engine that takes a step's changes together.

use dbsp_zset::Delta;

use super::events::{Auction, Bid, Event, Person};
use super::oracle::Tables;

/// Rows that come and go in one step.
#[derive(Clone, Default)]
pub struct Changes {
    /// Changes of the table `person`.
    pub persons: Delta<Person>,
    /// Changes of the table `auction`.
    pub auctions: Delta<Auction>,
    /// Changes of the table `bid`.
    pub bids: Delta<Bid>,
}

impl Changes {
    /// Adds the row of `event`, `weight` times.
    pub fn push(&mut self, event: Event, weight: i64) {
        match event {
            Event::Person(row) => self.persons.push(row, weight),
            Event::Auction(row) => self.auctions.push(row, weight),
            Event::Bid(row) => self.bids.push(row, weight),
        }
    }

    /// How many rows come or go.
    #[must_use]
    pub fn len(&self) -> usize {
        self.persons.len() + self.auctions.len() + self.bids.len()
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Cuts a stream of changes into steps of `size` changes; the last may be shorter.
///
/// # Panics
/// When `size` is zero.
pub fn steps(changes: impl IntoIterator<Item = (Event, i64)>, size: usize) -> Vec<Changes> {
    assert_ne!(size, 0, "a step has at least one change");
    let mut steps: Vec<Changes> = Vec::new();
    for (event, weight) in changes {
        match steps.last_mut().filter(|step| step.len() < size) {
            Some(step) => step.push(event, weight),
            None => {
                let mut step = Changes::default();
                step.push(event, weight);
                steps.push(step);
            }
        }
    }
    steps
}

/// The tables after `steps`, of which none deletes a row.
#[must_use]
pub fn tables(steps: &[Changes]) -> Tables<'_> {
    Tables {
        persons: steps.iter().flat_map(|step| step.persons.rows()).collect(),
        auctions: steps.iter().flat_map(|step| step.auctions.rows()).collect(),
        bids: steps.iter().flat_map(|step| step.bids.rows()).collect(),
    }
}
