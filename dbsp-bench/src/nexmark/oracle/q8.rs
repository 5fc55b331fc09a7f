//! q8 recomputed: the persons who sold in the 10 s in which they registered.

use std::collections::BTreeSet;

use super::Tables;
use crate::nexmark::queries::q8::Row;

/// Person, name and start of the window, each once.
#[must_use]
pub fn rows(tables: &Tables<'_>) -> Vec<Row> {
    let start = |time: i64| time.div_euclid(10_000) * 10_000;
    let sellers: BTreeSet<_> = tables.auctions.iter().map(|row| (row.seller, start(row.date_time))).collect();
    let mut rows = BTreeSet::new();
    for person in &tables.persons {
        let window = start(person.date_time);
        if sellers.contains(&(person.id, window)) {
            rows.insert((person.id, person.name.clone(), window));
        }
    }
    rows.into_iter().collect()
}
