//! q0 recomputed: every bid, without its strings.

use super::Tables;
use crate::nexmark::queries::q0::Row;

/// Auction, bidder, price and time of every bid.
#[must_use]
pub fn rows(tables: &Tables<'_>) -> Vec<Row> {
    tables.bids.iter().map(|bid| (bid.auction, bid.bidder, bid.price, bid.date_time)).collect()
}
