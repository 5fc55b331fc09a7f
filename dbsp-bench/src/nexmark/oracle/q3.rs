//! q3 recomputed: sellers of three states with their auctions in category 10.

use std::collections::BTreeMap;

use super::Tables;
use crate::nexmark::events::Person;
use crate::nexmark::queries::q3::Row;

/// Name, city and state of the seller, and the auction.
#[must_use]
pub fn rows(tables: &Tables<'_>) -> Vec<Row> {
    let mut by_id: BTreeMap<u64, Vec<&Person>> = BTreeMap::new();
    for person in &tables.persons {
        by_id.entry(person.id).or_default().push(person);
    }
    let mut rows = Vec::new();
    for auction in &tables.auctions {
        for seller in by_id.get(&auction.seller).into_iter().flatten() {
            if auction.category == 10 && ["or", "id", "ca"].contains(&&*seller.state) {
                rows.push((seller.name.clone(), seller.city.clone(), seller.state.clone(), auction.id));
            }
        }
    }
    rows
}
