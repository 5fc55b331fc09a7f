//! q9 recomputed: each auction with the bid that wins it.

use std::collections::BTreeMap;

use super::Tables;
use crate::nexmark::events::{Auction, Bid};
use crate::nexmark::queries::q9::{Item, Row};

/// Every auction that has a bid in time, with the highest: of equals the earliest, then the smallest
/// bidder.
#[must_use]
pub fn rows(tables: &Tables<'_>) -> Vec<Row> {
    let mut by_auction: BTreeMap<u64, Vec<&Bid>> = BTreeMap::new();
    for bid in &tables.bids {
        by_auction.entry(bid.auction).or_default().push(bid);
    }
    let mut partitions: BTreeMap<u64, Vec<(&Auction, &Bid)>> = BTreeMap::new();
    for auction in &tables.auctions {
        for bid in by_auction.get(&auction.id).into_iter().flatten() {
            if auction.date_time <= bid.date_time && bid.date_time <= auction.expires {
                partitions.entry(auction.id).or_default().push((auction, bid));
            }
        }
    }
    let mut rows = Vec::new();
    for mut partition in partitions.into_values() {
        partition.sort_by_key(|(_, bid)| (-bid.price, bid.date_time, bid.bidder));
        let (auction, bid) = partition[0];
        rows.push(Row {
            item: Item::from(auction),
            bidder: bid.bidder,
            price: bid.price,
            bid_date_time: bid.date_time,
        });
    }
    rows
}
