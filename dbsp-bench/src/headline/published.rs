//! The headline as it was published: everything is rebuilt inside the clock.
//!
//! This project's ancestor, an F# engine, took its figure so: 50,000 rows `(i, A|B|C)` from `Random(42)`, 1,000
//! changes that each give a random row a new category, rows by category counted; load, change and count all timed.
//! It says more about loading than about stepping, and is kept because 39.63 ms against 12.50 ms is where this
//! project starts.

use std::collections::BTreeMap;

use anyhow::ensure;

use super::dotnet_random::DotnetRandom;
use super::tables::{Table, table};
use crate::allocations;
use crate::measure::{Samples, time};
use crate::report::Row;

/// The name of the case.
pub(super) const CASE: &str = "published/50000/1000";

const ROWS: usize = 50_000;
const CHANGES: usize = 1_000;
const ROUNDS: usize = 5;
const OLD: [&str; 3] = ["A", "B", "C"];
const NEW: [&str; 3] = ["A_NEW", "B_NEW", "C_NEW"];

/// The counts that the original published.
const COUNTS: [(&str, i64); 6] =
    [("A", 16_319), ("A_NEW", 313), ("B", 16_336), ("B_NEW", 327), ("C", 16_355), ("C_NEW", 350)];

/// Rows and changes, in the order in which the original drew them.
#[derive(Debug, Clone)]
pub(super) struct Published {
    /// The categories by id.
    pub(super) rows: Vec<(u64, &'static str)>,
    /// Upserts; the last one to an id wins.
    pub(super) changes: Vec<(u64, &'static str)>,
}

/// Rows by category.
pub(super) type Counts = Vec<(&'static str, i64)>;

/// Loads, changes and counts.
type Rebuild = fn(&Published) -> anyhow::Result<Counts>;

const ENGINES: [(&str, Rebuild); 3] =
    [("naive", naive), ("handwritten", handwritten), ("dbsp", super::incremental::published)];

/// Runs the case: a row for each engine.
///
/// # Errors
/// When an engine faults or its counts are not the published ones.
pub(super) fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let input = Published::draw();
    let expected = BTreeMap::from(COUNTS);
    let mut samples = vec![Samples::default(); ENGINES.len()];
    let mut allocated = vec![Some(0); ENGINES.len()];
    for round in 0..=ROUNDS {
        for (i, (name, rebuild)) in ENGINES.iter().enumerate() {
            for _ in 0..if quick { 1 } else { 10 } {
                let before = allocations::count();
                let (counts, elapsed) = time(|| rebuild(&input));
                let made = allocations::since(before);
                let counts: BTreeMap<&str, i64> = counts?.into_iter().collect();
                ensure!(counts == expected, "{name} counts {counts:?}, published are {expected:?}");
                if round > 0 {
                    samples[i].push(elapsed);
                    allocated[i] = allocated[i].zip(made).map(|(sum, made)| sum + made);
                }
            }
        }
    }
    let rows = ENGINES.iter().zip(samples).zip(allocated).map(|(((name, _), samples), allocated)| {
        let mut row = Row::new("headline", CASE, name).with_steps(&samples, ROWS + CHANGES);
        row.allocs_per_step = allocations::per_step(allocated, samples.steps());
        row.verified = Some(true);
        row
    });
    Ok(rows.collect())
}

impl Published {
    /// Draws the rows, then the changes, from one generator.
    pub(super) fn draw() -> Self {
        let mut random = DotnetRandom::new(42);
        let rows = (0..ROWS as u64).map(|id| (id, OLD[random.below(3)])).collect();
        let changes = (0..CHANGES).map(|_| (random.below(ROWS) as u64, NEW[random.below(3)])).collect();
        Self { rows, changes }
    }
}

/// The rows in a `Vec` by id, changed in place, and counted into a small table.
fn naive(input: &Published) -> anyhow::Result<Counts> {
    let mut rows: Vec<&'static str> = input.rows.iter().map(|(_, category)| *category).collect();
    for (id, category) in &input.changes {
        if let Some(row) = usize::try_from(*id).ok().and_then(|id| rows.get_mut(id)) {
            *row = category;
        }
    }
    let mut counts: Table<&'static str, i64> = table(6);
    for category in rows {
        *counts.entry(category).or_default() += 1;
    }
    Ok(counts.into_iter().collect())
}

/// A table of the rows and a table of the counts, both brought up to date row by row.
fn handwritten(input: &Published) -> anyhow::Result<Counts> {
    let mut rows: Table<u64, &'static str> = table(ROWS as u64);
    let mut counts: Table<&'static str, i64> = table(6);
    for &(id, category) in input.rows.iter().chain(&input.changes) {
        if let Some(old) = rows.insert(id, category)
            && let Some(count) = counts.get_mut(old)
        {
            *count -= 1;
        }
        *counts.entry(category).or_default() += 1;
    }
    counts.retain(|_, count| *count != 0);
    Ok(counts.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_counts_what_was_published() {
        let input = Published::draw();
        for (name, rebuild) in ENGINES {
            let mut counts = rebuild(&input).unwrap();
            counts.sort_unstable();
            assert_eq!(counts, COUNTS, "{name}");
        }
    }
}
