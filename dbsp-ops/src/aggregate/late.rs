//! Additions of a step that overflowed when their row came, and are tried again once all rows were taken.
//!
//! # Shape       an entry for each part of a group's count and total that a row could not be added to. They are tried again
//!   part by part and key by key, with the entries of one part in whatever order each partial sum fits.
//! # Invariants  between steps there is none. For integers a part is refused exactly if its total has no value, as
//!   [`settle`](mod@dbsp_zset::settle) says.
//! # Cost        nothing unless something overflows; then O(n log n) for n entries, and a clone of each row.

use dbsp_zset::{Overflow, Row, Semigroup, settle};

use crate::aggregate::linear::LinearAggregate;
use crate::groups::Groups;
use crate::overflow::Excess;

/// More entries are given back after a step.
const KEPT: usize = 1_024;

/// What is added late; see the [module](self).
pub(crate) struct Late<K, V> {
    entries: Vec<Entry<K, V>>,
}

/// An addition of a row to a part of its group.
struct Entry<K, V> {
    /// The parts of the total, and behind them the count.
    part: usize,
    row: (K, V),
    weight: i64,
}

impl<K, V> Late<K, V> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry<K, V>>()
    }

    /// Forgets all entries. Keeps memory for some.
    pub(crate) fn clear(&mut self) {
        let kept = if cfg!(feature = "pool") { KEPT } else { 0 };
        self.entries.clear();
        self.entries.shrink_to(kept);
    }
}

impl<K: Row, V: Row> Late<K, V> {
    /// Adds a row to the count of its group and to those parts of its total that it can be added to, and keeps it for the
    /// others.
    pub(crate) fn take<G: LinearAggregate<V>>(
        &mut self,
        aggregate: &G,
        row: &(K, V),
        weight: i64,
        count: &mut i64,
        total: &mut G::Total,
    ) {
        if count.try_add_assign(&weight).is_err() {
            self.entries.push(Entry { part: G::PARTS, row: row.clone(), weight });
        }
        self.take_counted(aggregate, row, weight, total);
    }

    /// As [`take`](Self::take), without the count.
    pub(crate) fn take_counted<G: LinearAggregate<V>>(
        &mut self,
        aggregate: &G,
        row: &(K, V),
        weight: i64,
        total: &mut G::Total,
    ) {
        for part in 0..G::PARTS {
            if aggregate.add_part(part, total, &row.1, weight).is_err() {
                self.entries.push(Entry { part, row: row.clone(), weight });
            }
        }
    }

    /// Adds what was kept. Where that is impossible, `failed` becomes the key and what has no value for it.
    ///
    /// # Errors
    /// [`Overflow`] where a part has no value; the step has then to be aborted.
    #[cold]
    pub(crate) fn settle<G: LinearAggregate<V>>(
        &mut self,
        aggregate: &G,
        groups: &mut Groups<K, (i64, G::Total)>,
        failed: &mut Option<(K, Excess)>,
    ) -> Result<(), Overflow> {
        self.entries.sort_unstable_by(|one, other| (one.part, &one.row.0).cmp(&(other.part, &other.row.0)));
        for run in self.entries.chunk_by_mut(|one, other| one.part == other.part && one.row.0 == other.row.0)
        {
            let Some(Entry { row: (key, _), .. }) = run.first() else { continue };
            let (count, total) = groups.touch(key);
            let left = settle(run, |Entry { part, row: (_, value), weight }| {
                add(aggregate, *part, value, *weight, count, total)
            });
            if left > 0 {
                let Entry { part, row: (key, value), weight } = &run[0];
                let excess = if *part == G::PARTS {
                    Excess::of("a count", (*weight).into())
                } else {
                    aggregate.excess_of_part(*part, value, *weight)
                };
                *failed = Some((key.clone(), excess));
                return Err(Overflow);
            }
        }
        self.clear();
        Ok(())
    }
}

/// Adds a row to one part of its group.
fn add<V, G: LinearAggregate<V>>(
    aggregate: &G,
    part: usize,
    value: &V,
    weight: i64,
    count: &mut i64,
    total: &mut G::Total,
) -> Result<(), Overflow> {
    if part == G::PARTS {
        count.try_add_assign(&weight)
    } else {
        aggregate.add_part(part, total, value, weight)
    }
}
