//! q5 recomputed: the auctions with the most bids of each 10 s window, a window every 2 s.

use std::collections::BTreeMap;

use super::Tables;
use crate::nexmark::queries::q5::Row;

/// Auction and number of bids; once for each window that it wins.
#[must_use]
pub fn rows(tables: &Tables<'_>) -> Vec<Row> {
    let mut windows: BTreeMap<i64, BTreeMap<u64, i64>> = BTreeMap::new();
    for bid in &tables.bids {
        let mut start = bid.date_time.div_euclid(2_000) * 2_000;
        while bid.date_time < start + 10_000 {
            *windows.entry(start).or_default().entry(bid.auction).or_default() += 1;
            start -= 2_000;
        }
    }
    let mut rows = Vec::new();
    for counts in windows.values() {
        let most = counts.values().max();
        rows.extend(counts.iter().filter(|(_, count)| Some(*count) == most).map(|(a, count)| (*a, *count)));
    }
    rows
}
