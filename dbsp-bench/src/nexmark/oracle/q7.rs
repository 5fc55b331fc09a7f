//! q7 recomputed: the bids that reach the highest price of a 10 s window.

use std::collections::BTreeMap;

use super::Tables;
use crate::nexmark::queries::q7::Row;

/// Auction, price, bidder and time of the bid; once for each window that it is the highest of.
#[must_use]
pub fn rows(tables: &Tables<'_>) -> Vec<Row> {
    let mut highest: BTreeMap<i64, i64> = BTreeMap::new();
    for bid in &tables.bids {
        let end = bid.date_time.div_euclid(10_000) * 10_000 + 10_000;
        let price = highest.entry(end).or_insert(bid.price);
        *price = bid.price.max(*price);
    }
    let mut rows = Vec::new();
    for bid in &tables.bids {
        // b.date_time BETWEEN end - 10 s AND end
        for (_, price) in highest.range(bid.date_time..=bid.date_time + 10_000) {
            if *price == bid.price {
                rows.push((bid.auction, bid.price, bid.bidder, bid.date_time));
            }
        }
    }
    rows
}
