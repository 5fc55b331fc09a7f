//! q2 recomputed: the bids on some auctions.

use super::Tables;
use crate::nexmark::queries::q2::Row;

/// Auction and price of the bids whose auction is asked for.
pub fn rows(tables: &Tables<'_>, is_asked_for: impl Fn(u64) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for bid in &tables.bids {
        if is_asked_for(bid.auction) {
            rows.push((bid.auction, bid.price));
        }
    }
    rows
}
