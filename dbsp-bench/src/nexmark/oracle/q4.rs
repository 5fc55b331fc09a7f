//! q4 recomputed: the mean of the highest bids of each category.

use std::collections::BTreeMap;

use super::Tables;
use crate::nexmark::events::Bid;
use crate::nexmark::queries::q4::Row;

/// Category, and sum and count of the highest bids of its auctions.
#[must_use]
pub fn rows(tables: &Tables<'_>) -> Vec<Row> {
    let mut by_auction: BTreeMap<u64, Vec<&Bid>> = BTreeMap::new();
    for bid in &tables.bids {
        by_auction.entry(bid.auction).or_default().push(bid);
    }
    let mut highest: BTreeMap<(u64, u64), i64> = BTreeMap::new();
    for auction in &tables.auctions {
        for bid in by_auction.get(&auction.id).into_iter().flatten() {
            if (auction.date_time..=auction.expires).contains(&bid.date_time) {
                let price = highest.entry((auction.id, auction.category)).or_insert(bid.price);
                *price = bid.price.max(*price);
            }
        }
    }
    let mut categories: BTreeMap<u64, (i128, i64)> = BTreeMap::new();
    for ((_, category), price) in highest {
        let (sum, count) = categories.entry(category).or_default();
        *sum += i128::from(price);
        *count += 1;
    }
    categories.into_iter().map(|(category, (sum, count))| (category, sum, count)).collect()
}
