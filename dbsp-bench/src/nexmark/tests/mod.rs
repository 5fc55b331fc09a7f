//! Every query, circuit against oracle: over generated streams, and over the official rows and results.

mod official;
mod streams;

use std::collections::BTreeMap;

use super::changes;
use super::events::Event;
use super::oracle::Tables;
use super::query::{Query, Running};
use super::verify;

/// The tables that a history of changes leads to.
#[derive(Default)]
struct History {
    rows: BTreeMap<Event, i64>,
}

impl History {
    fn apply(&mut self, event: &Event, weight: i64) {
        let sum = self.rows.entry(event.clone()).or_default();
        *sum += weight;
        if *sum == 0 {
            self.rows.remove(event);
        }
    }

    /// The tables as they stand; none while a row is deleted that is yet to be inserted.
    fn tables(&self) -> Option<Tables<'_>> {
        let mut tables = Tables::default();
        for (event, &weight) in &self.rows {
            for _ in 0..usize::try_from(weight).ok()? {
                match event {
                    Event::Person(row) => tables.persons.push(row),
                    Event::Auction(row) => tables.auctions.push(row),
                    Event::Bid(row) => tables.bids.push(row),
                }
            }
        }
        Some(tables)
    }
}

/// Runs `Q` over `changes` in steps of `size` and holds its integrated output against the oracle, after
/// each of some twenty steps and at the end. Gives the rows that it ends with.
fn agree<Q: Query>(changes: &[(Event, i64)], size: usize) -> Vec<(Q::Row, i64)> {
    let mut running = Running::<Q>::new().unwrap();
    let (mut history, mut result) = (History::default(), Vec::new());
    let steps = changes.len().div_ceil(size);
    for (number, step) in changes.chunks(size).enumerate() {
        for mut fed in changes::steps(step.iter().cloned(), size) {
            let delta = running.step(&mut fed).unwrap();
            result.extend(delta.iter().map(|(row, weight)| (row.clone(), *weight)));
        }
        for (event, weight) in step {
            history.apply(event, *weight);
        }
        if number + 1 == steps || number % steps.div_ceil(20) == 0 {
            result = verify::integrated(result);
            let Some(tables) = history.tables() else { continue };
            let oracle = Q::oracle(&tables).into_iter().map(|row| (row, 1)).collect();
            let difference = verify::difference(&result, &verify::integrated(oracle));
            assert_eq!(difference, None, "{} in steps of {size}, after step {number}", Q::NAME);
        }
    }
    verify::integrated(result)
}
