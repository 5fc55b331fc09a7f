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
//! would have it. Rows that come to a rank in the step in which another becomes the greatest do not come out.

use dbsp_zset::{Delta, Held, Holds, Overflow, Reclaim, Row, Summaries, Usage, renew, shrink_vec};

use crate::aggregate::ordered::{Max, PositiveRows};
use crate::aggregate::ordered_groups::OrderedGroups;
use crate::fused::Piecewise;
use crate::operator::{Operator, Torn};
use crate::wide_weight::push_wide;

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
    /// For each touched group whether another rank is its greatest after the step.
    is_moved: Vec<bool>,
    /// Of groups whose greatest rank moved, what the step changed in the rows of the old one: the place of the group, the row
    /// and its weight.
    left_behind: Vec<(usize, (P, V), i64)>,
    usage: Usage,
}

impl<K: Row, P: Row, V: Row> ArgMax<K, P, V> {
    /// An arg max before its first step.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            groups: OrderedGroups::new(),
            is_moved: Vec::new(),
            left_behind: Vec::new(),
            usage: Usage::new(),
        }
    }
}

impl<K: Row, P: Row, V: Row> Default for ArgMax<K, P, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, P: Row, V: Row> Holds for ArgMax<K, P, V> {
    fn held(&self) -> Held {
        let Held { rows, bytes } = self.groups.held();
        let left_behind = self.left_behind.capacity() * size_of::<(usize, (P, V), i64)>();
        Held { rows, bytes: bytes + self.is_moved.capacity() + left_behind }
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
        let needed = self.usage.end_period(reclaim);
        shrink_vec(&mut self.is_moved, needed);
        shrink_vec(&mut self.left_behind, needed);
    }
}

impl<K: Row, P: Row, V: Row> Piecewise for ArgMax<K, P, V> {
    fn take(&mut self, piece: &Delta<Self::In>) -> Result<(), Overflow> {
        self.groups.take(piece, greatest)
    }

    fn give(&mut self, out: &mut Delta<Self::Out>) -> Result<(), Overflow> {
        let Self { groups, is_moved, left_behind, usage } = self;
        renew(is_moved, Vec::clear);
        renew(left_behind, Vec::clear);
        groups.apply()?;
        groups.try_each(|before, key, mut group| {
            let now = greatest(group.again())?;
            is_moved.push(*before != now);
            if *before != now
                && let Some(rank) = now
            {
                let came = |row: &(P, V), weight| out.push((key.clone(), row.clone()), weight);
                group.visit_range(|row| row.0.cmp(&rank), came);
            }
            Ok(())
        })?;
        for (place, before, key, row, weight) in groups.rows() {
            if before.as_ref() != Some(&row.0) {
                continue;
            }
            if is_moved[place] {
                left_behind.push((place, row.clone(), weight));
            } else {
                out.push((key.clone(), row.clone()), weight);
            }
        }
        usage.note(is_moved.len().max(left_behind.len()));
        left_behind.sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        let (mut moved, mut changed) = (is_moved.iter().enumerate(), left_behind.iter().peekable());
        groups.try_each(|before, key, group| {
            let (Some((place, true)), Some(rank)) = (moved.next(), before) else { return Ok(()) };
            // The rows of the old rank as they were: as they are now, less what the step changed. Both come in order.
            let mut outcome = Ok(());
            let mut left = |row: &(P, V), weight: i128| {
                if let Err(overflow) = push_wide(out, (key.clone(), row.clone()), weight) {
                    outcome = Err(overflow);
                }
            };
            let mut change_of = |row: Option<&(P, V)>, left: &mut dyn FnMut(&(P, V), i128)| {
                let mut sum = 0;
                while let Some((_, other, weight)) =
                    changed.next_if(|next| next.0 == place && row.is_none_or(|row| next.1 <= *row))
                {
                    if row == Some(other) {
                        sum += i128::from(*weight);
                    } else {
                        // It is not there any more, or never was: what it had is what it lost.
                        left(other, (*weight).into());
                    }
                }
                sum
            };
            group.visit_range(
                |row| row.0.cmp(rank),
                |row, weight| {
                    let change = change_of(Some(row), &mut left);
                    left(row, change - i128::from(weight));
                },
            );
            change_of(None, &mut left);
            outcome
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
    fn rows_of_a_rank_that_is_overtaken_in_their_step_do_not_come_out() {
        let mut best = ArgMax::new();
        step(&mut best, &[((5, 'a'), 1), ((5, 'b'), 3), ((5, 'c'), 1)]);
        let mut bids: Vec<_> = ('d'..='z').map(|row| ((5, row), 1)).collect();
        bids.extend([((5, 'b'), -1), ((5, 'a'), -1), ((9, 'x'), 1)]);
        let delta = bids.iter().map(|(bid, weight)| ((0, *bid), *weight)).collect();
        let mut out = Delta::new();
        best.step(&delta, &mut out).expect("small weights");
        assert_eq!(out.len(), 4);
        best.abort(&delta).expect("the step is taken back");
        assert_eq!(step(&mut best, &bids), "[((5, 'a'), -1), ((5, 'b'), -3), ((5, 'c'), -1), ((9, 'x'), 1)]");
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
