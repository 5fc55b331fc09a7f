//! The rows of each group that have its greatest rank, ties included: arg max.
//!
//! SQL writes it as `RANK() OVER (PARTITION BY key ORDER BY rank DESC) = 1`, or as a join of the rows with the
//! maximum of their group. That join keeps every row twice, by rank in an index and in order for the maximum;
//! this operator keeps them once.
//!
//! # Formula     let m(g) be the greatest rank in group g that a row of positive weight has, and g|m the rows of
//!   rank m. With m before and m' after the step: Δ(g|m) = g'|m' − g'|m + Δ|m, and where m = m' only Δ|m.
//! # State       the rows of each group in a [`SummaryTree`](dbsp_zset::SummaryTree): O(rows)
//! # Cost        O(log group) a change and what goes out; a change below the top costs nothing further
//!
//! Rows of the greatest rank come out with the weights that they have, also with negative ones, as the join
//! would have it.

use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row, Summaries};

use crate::aggregate::ordered::{Max, PositiveRows};
use crate::aggregate::ordered_groups::OrderedGroups;
use crate::fused::Piecewise;
use crate::operator::{Operator, Torn};

/// The incremental arg max over rows `(key, (rank, rest))`; see the [module](self).
///
/// ```
/// use dbsp_ops::{ArgMax, Operator};
/// use dbsp_zset::Delta;
///
/// let mut best = ArgMax::new();
/// let mut out = Delta::new();
/// let bids = [(("vase", (30, "ann")), 1), (("vase", (70, "bob")), 1), (("vase", (70, "eve")), 1)];
/// best.step(&Delta::from_iter(bids), &mut out)?;
/// best.commit();
/// assert_eq!(format!("{out:?}"), r#"{("vase", (70, "bob")): +1, ("vase", (70, "eve")): +1}"#);
/// out.clear();
/// best.step(&Delta::from_iter([(("vase", (70, "bob")), -1)]), &mut out)?;
/// best.commit();
/// assert_eq!(format!("{out:?}"), r#"{("vase", (70, "bob")): -1}"#);
/// # Ok::<(), dbsp_zset::Overflow>(())
/// ```
pub struct ArgMax<K, P: Row, V: Row> {
    /// The groups; remembered of each is its greatest rank before the step.
    groups: OrderedGroups<K, (P, V), PositiveRows, Option<P>>,
}

impl<K: Row, P: Row, V: Row> ArgMax<K, P, V> {
    /// An arg max before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self { groups: OrderedGroups::new() }
    }
}

impl<K: Row, P: Row, V: Row> Default for ArgMax<K, P, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, P: Row, V: Row> Holds for ArgMax<K, P, V> {
    fn held(&self) -> Held {
        self.groups.held()
    }
}

impl<K: Row, P: Row, V: Row> Operator for ArgMax<K, P, V> {
    type In = (K, (P, V));
    type Out = (K, (P, V));

    fn step(&mut self, delta: &Delta<Self::In>, out: &mut Delta<Self::Out>) -> Result<(), Overflow> {
        self.take(delta)?;
        self.give(out)
    }

    fn commit(&mut self) {
        self.groups.commit();
    }

    fn abort(&mut self, _: &Delta<Self::In>) -> Result<(), Torn> {
        self.groups.abort()
    }

    fn shrink(&mut self, reclaim: Reclaim) {
        self.groups.shrink(reclaim);
    }
}

impl<K: Row, P: Row, V: Row> Piecewise for ArgMax<K, P, V> {
    fn take(&mut self, piece: &Delta<Self::In>) -> Result<(), Overflow> {
        self.groups.take(piece, greatest)
    }

    fn give(&mut self, out: &mut Delta<Self::Out>) -> Result<(), Overflow> {
        self.groups.apply()?;
        for (before, key, row, weight) in self.groups.rows() {
            if before.as_ref() == Some(&row.0) {
                out.push((key.clone(), row.clone()), weight);
            }
        }
        self.groups.try_each(|before, key, mut group| {
            let now = greatest(group.again())?;
            if *before == now {
                return Ok(());
            }
            if let Some(rank) = now {
                let came = |row: &(P, V), weight| out.push((key.clone(), row.clone()), weight);
                group.again().visit_range(|row| row.0.cmp(&rank), came);
            }
            let mut is_out_of_range = false;
            if let Some(rank) = before {
                group.visit_range(
                    |row| row.0.cmp(rank),
                    |row, weight| match weight.checked_neg() {
                        Some(weight) => out.push((key.clone(), row.clone()), weight),
                        None => is_out_of_range = true,
                    },
                );
            }
            if is_out_of_range { Err(Overflow) } else { Ok(()) }
        })
    }
}

/// The greatest rank in a group that a row of positive weight has.
fn greatest<P: Row, V: Row>(group: Summaries<'_, (P, V), i64, PositiveRows>) -> Result<Option<P>, Overflow> {
    Ok(group.find_last(&Max, |positive| *positive > 0)?.map(|((rank, _), _)| rank.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a step of some bids `(rank, row)` on one item makes of a circuit, consolidated.
    fn step(best: &mut ArgMax<u8, i32, char>, bids: &[((i32, char), i64)]) -> String {
        let mut out = Delta::new();
        let delta: Delta<(u8, (i32, char))> = bids.iter().map(|(bid, weight)| ((0, *bid), *weight)).collect();
        best.step(&delta, &mut out).expect("small weights");
        best.commit();
        let rows = out.consolidate().expect("small weights");
        format!("{:?}", rows.iter().map(|((_, row), weight)| (*row, *weight)).collect::<Vec<_>>())
    }

    #[test]
    fn the_top_falls_back_and_ties_go_one_by_one() {
        let mut best = ArgMax::new();
        let bids = [((5, 'a'), 1), ((5, 'b'), 2), ((3, 'c'), 1), ((3, 'd'), 1)];
        assert_eq!(step(&mut best, &bids), "[((5, 'a'), 1), ((5, 'b'), 2)]");
        assert_eq!(step(&mut best, &[((3, 'd'), -1), ((4, 'e'), 1)]), "[]");
        assert_eq!(step(&mut best, &[((5, 'b'), -1), ((5, 'f'), 1)]), "[((5, 'b'), -1), ((5, 'f'), 1)]");
        let gone = [((5, 'a'), -1), ((5, 'b'), -1), ((5, 'f'), -1), ((4, 'e'), -1)];
        let fallen = "[((3, 'c'), 1), ((5, 'a'), -1), ((5, 'b'), -1), ((5, 'f'), -1)]";
        assert_eq!(step(&mut best, &gone), fallen);
        assert_eq!(step(&mut best, &[((3, 'c'), -1)]), "[((3, 'c'), -1)]");
        assert_eq!(best.held().rows, 0);
    }

    #[test]
    fn an_aborted_step_leaves_the_groups_as_they_were() {
        let mut best = ArgMax::new();
        step(&mut best, &[((5, 'a'), 1), ((3, 'c'), i64::MAX)]);
        let delta = Delta::from_iter([((0, (9, 'z')), 1), ((0, (5, 'a')), -1), ((0, (3, 'c')), 1)]);
        assert_eq!(best.step(&delta, &mut Delta::new()), Err(Overflow));
        best.abort(&delta).expect("the step is taken back");
        assert_eq!(best.held().rows, 2);
        assert_eq!(step(&mut best, &[((6, 'b'), 1)]), "[((5, 'a'), -1), ((6, 'b'), 1)]");
    }
}
