//! Engines that a binary brings along: the peers, which this crate's own binary does not have.
//!
//! # Shape
//! A suite runs its own engines and those that it finds here, in the same turns over the same changes. The
//! package `dbsp-bench/peers`, a workspace of its own, fills this in; so no build of this project compiles a peer.

use crate::headline::{Make, MakeRemote};
use crate::latency;
use crate::nexmark::query::Rivals;

/// The peers of each suite; by default none.
#[derive(Clone, Default)]
pub struct Peers {
    /// Peers of the headline that run in this process.
    pub headline: Vec<(&'static str, Make)>,
    /// Peers of the headline that run in a process of their own.
    pub remote: Vec<(&'static str, MakeRemote)>,
    /// Peers of the Nexmark queries.
    pub nexmark: Rivals,
    /// Peers of the one-row steps.
    pub latency: Vec<(&'static str, latency::Make)>,
}

impl Peers {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headline.is_empty() && self.remote.is_empty()
    }
}
