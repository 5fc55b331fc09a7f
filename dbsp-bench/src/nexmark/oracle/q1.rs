//! q1 recomputed: every bid with its price times 0.908.

use super::Tables;
use crate::nexmark::queries::q1::Row;

/// Auction, bidder, price in thousandths and time of every bid.
#[must_use]
pub fn rows(tables: &Tables<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for bid in &tables.bids {
        // 0.908 = 1 − 0.092, in thousandths.
        let euros = bid.price * 1_000 - bid.price * 92;
        rows.push((bid.auction, bid.bidder, euros, bid.date_time));
    }
    rows
}
