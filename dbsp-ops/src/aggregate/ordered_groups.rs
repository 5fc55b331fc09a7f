//! Groups of rows in order, of which a step remembers what it needs to know of them as they were.
//!
//! # Shape       an [`OrderedTrace`]; the groups that the step touched, each with something about how it was before;
//!   the rows of the step, each with the place of its group among those.
//! # Invariants  between steps nothing is touched, no row waits, and no group is empty.
//! # Cost        O(log group) a row; rows of which many share a group are gathered by group and sorted first, and go
//!   down its tree together: 250 ns a row became 90 where 37,000 rows of a step were of two groups of 100,000.

use dbsp_zset::{
    Delta, Held, Holds, OrderedTrace, Overflow, Reclaim, Row, Summaries, Usage, renew, shrink_vec,
};

/// So many rows of a group are sorted before they are applied; without feature `bulk` each goes alone.
const MANY: usize = if cfg!(feature = "bulk") { 8 } else { usize::MAX / 2 };

/// A row of the step under way.
#[derive(Clone)]
struct Waiting<V> {
    /// Where its group stands in `touched`.
    place: u32,
    value: V,
    weight: i64,
}

/// Ordered groups with the changes of one step, of which `before` is remembered for each group; see the
/// [module](self).
#[derive(Clone)]
pub(crate) struct OrderedGroups<K, V, S, B> {
    trace: OrderedTrace<K, V, i64, S>,
    /// The rows of this step, in the order in which they are applied.
    rows: Vec<Waiting<V>>,
    /// How many of them are in the trace.
    applied: usize,
    touched: Vec<(usize, B)>,
    /// For each group where it stands in `touched`, if it does: there is no need to clear this.
    places: Vec<u32>,
    /// Positions of the groups of some rows.
    found: Vec<usize>,
    /// While rows are gathered: for each touched group where its next row goes, and for each row where it goes.
    starts: Vec<u32>,
    targets: Vec<u32>,
    /// How many rows steps have.
    usage: Usage,
}

impl<K, V, S, B> OrderedGroups<K, V, S, B> {
    pub(crate) const fn new() -> Self {
        Self {
            trace: OrderedTrace::new(),
            rows: Vec::new(),
            applied: 0,
            touched: Vec::new(),
            places: Vec::new(),
            found: Vec::new(),
            starts: Vec::new(),
            targets: Vec::new(),
            usage: Usage::new(),
        }
    }
}

impl<K, V, S, B> Holds for OrderedGroups<K, V, S, B> {
    fn held(&self) -> Held {
        let Held { rows, bytes } = self.trace.held();
        let scratch = self.rows.capacity() * size_of::<Waiting<V>>()
            + self.touched.capacity() * size_of::<(usize, B)>()
            + (self.places.capacity() + self.starts.capacity() + self.targets.capacity()) * size_of::<u32>()
            + self.found.capacity() * size_of::<usize>();
        Held { rows, bytes: bytes + scratch }
    }
}

impl<K: Row, V: Row, S, B> OrderedGroups<K, V, S, B> {
    /// Takes some rows of the step, and asks `before` about each group that is touched for the first time.
    pub(crate) fn take(
        &mut self,
        piece: &Delta<(K, V)>,
        mut before: impl FnMut(Summaries<'_, V, i64, S>) -> Result<B, Overflow>,
    ) -> Result<(), Overflow> {
        self.found.clear();
        self.trace.locate(piece.rows(), |(key, _)| key, &mut self.found);
        if self.places.len() < self.trace.group_count() {
            self.places.resize(self.trace.group_count(), 0);
        }
        self.rows.reserve(piece.len());
        for (group, ((_, value), weight)) in self.found.iter().copied().zip(piece) {
            let mut place = self.places[group];
            if self.touched.get(place as usize).is_none_or(|touched| touched.0 != group) {
                place = self.touched.len() as u32;
                self.touched.push((group, before(self.trace.at(group).1)?));
                self.places[group] = place;
            }
            self.rows.push(Waiting { place, value: value.clone(), weight: *weight });
        }
        Ok(())
    }

    /// Brings the rows that were taken into the trace.
    pub(crate) fn apply(&mut self) -> Result<(), Overflow> {
        if self.rows.len() >= MANY.saturating_mul(self.touched.len()) {
            self.gather();
        }
        let Self { trace, rows, applied, touched, .. } = self;
        rows.chunk_by_mut(|one, other| one.place == other.place).try_for_each(|rows| {
            if rows.len() >= MANY {
                // What takes away comes first, so that a weight that fits does not overflow on the way.
                rows.sort_unstable_by(|one, other| {
                    (&one.value, one.weight).cmp(&(&other.value, other.weight))
                });
            }
            trace.change_at(touched[rows[0].place as usize].0, |tree| {
                if rows.len() >= MANY {
                    return tree.try_update_sorted(rows.iter().map(|row| (&row.value, &row.weight)), applied);
                }
                rows.iter().try_for_each(|row| {
                    tree.try_update(&row.value, &row.weight)?;
                    *applied += 1;
                    Ok(())
                })
            })
        })
    }

    /// Brings the rows of each group together. O(rows): each goes straight to its place.
    fn gather(&mut self) {
        let Self { rows, touched, starts, targets, .. } = self;
        if touched.len() == 1 {
            return;
        }
        renew(starts, Vec::clear);
        starts.resize(touched.len(), 0);
        rows.iter().for_each(|row| starts[row.place as usize] += 1);
        let mut next = 0;
        for start in &mut *starts {
            next += std::mem::replace(start, next);
        }
        renew(targets, Vec::clear);
        targets.extend(rows.iter().map(|row| {
            let start = &mut starts[row.place as usize];
            *start += 1;
            *start - 1
        }));
        for i in 0..rows.len() {
            while targets[i] as usize != i {
                let target = targets[i] as usize;
                rows.swap(i, target);
                targets.swap(i, target);
            }
        }
    }

    /// What was remembered of each touched group, its key, and its values as they are now.
    pub(crate) fn try_each(
        &mut self,
        mut visit: impl FnMut(&B, &K, Summaries<'_, V, i64, S>) -> Result<(), Overflow>,
    ) -> Result<(), Overflow> {
        self.touched.iter().try_for_each(|(group, before)| {
            let (key, now) = self.trace.at(*group);
            visit(before, key, now)
        })
    }

    /// The rows of this step: what was remembered of the group, its key, the value, the weight.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&B, &K, &V, i64)> {
        self.rows.iter().map(|row| {
            let (group, before) = &self.touched[row.place as usize];
            (before, self.trace.key(*group), &row.value, row.weight)
        })
    }

    /// Gives memory of buffers back. Comes between steps.
    pub(crate) fn shrink(&mut self, reclaim: Reclaim) {
        let needed = self.usage.end_period(reclaim);
        shrink_vec(&mut self.rows, needed);
        shrink_vec(&mut self.touched, needed);
        shrink_vec(&mut self.found, needed);
        for scratch in [&mut self.starts, &mut self.targets] {
            scratch.clear();
            shrink_vec(scratch, needed);
        }
    }

    /// Makes the step final.
    pub(crate) fn commit(&mut self) {
        self.usage.note(self.rows.len());
        renew(&mut self.rows, Vec::clear);
        renew(&mut self.found, Vec::clear);
        self.applied = 0;
        // The last group moves to where one is removed, so removals go from the back.
        self.touched.sort_unstable_by_key(|touched| std::cmp::Reverse(touched.0));
        for (group, _) in self.touched.drain(..) {
            self.trace.remove_empty(group);
        }
        renew(&mut self.touched, Vec::clear);
        // As the table does, which gives memory back after it has lost most of its keys.
        let most = 8 * self.trace.len().max(64);
        if self.rows.capacity() > most {
            self.rows.shrink_to(most);
            self.found.shrink_to(most);
            self.targets.shrink_to(most);
            self.starts.shrink_to(most);
            self.touched.shrink_to(most);
        }
        if self.places.len() > 8 * self.trace.group_count().max(64) {
            self.places.truncate(self.trace.group_count());
            self.places.shrink_to_fit();
        }
    }

    /// Takes the step back, wherever it stopped.
    pub(crate) fn abort(&mut self) -> Result<(), Overflow> {
        // Backwards, so that each weight only takes values that it has already had.
        for row in self.rows[..self.applied].iter().rev() {
            let (group, _) = self.touched[row.place as usize];
            self.trace.change_at(group, |tree| tree.try_retract(&row.value, &row.weight))?;
        }
        // Where `before` failed there are groups of the same piece that it was not asked about.
        self.found.extend(self.touched.drain(..).map(|(group, _)| group));
        self.found.sort_unstable_by(|one, other| other.cmp(one));
        self.found.drain(..).for_each(|group| self.trace.remove_empty(group));
        self.commit();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_fails_leaves_no_empty_groups() {
        let mut groups = OrderedGroups::<u32, u32, (), ()>::new();
        let mut asked = 0;
        let outcome = groups.take(&(0..20).map(|key| ((key, 5), 1)).collect(), |_| {
            asked += 1;
            if asked == 3 { Err(Overflow) } else { Ok(()) }
        });
        assert_eq!((outcome, groups.trace.group_count()), (Err(Overflow), 20));
        groups.abort().expect("the step is taken back");
        assert_eq!(groups.trace.group_count(), 0);
    }

    #[test]
    fn sorting_does_not_make_a_weight_overflow_on_the_way() {
        let mut groups = OrderedGroups::<u32, u32, (), ()>::new();
        groups.take(&Delta::from_iter([((0, 7), i64::MAX)]), |_| Ok(())).expect("a group without rows");
        groups.apply().expect("it fits");
        groups.commit();
        for length in 0..200 {
            let swap = [((0, 7), -1), ((0, 7), 1)];
            let rows = (0..length).map(|n| ((0, n % 15), 1)).filter(|((_, value), _)| *value != 7);
            groups.take(&rows.clone().chain(swap).chain(rows).collect(), |_| Ok(())).expect("a group");
            assert_eq!(groups.apply(), Ok(()), "{length}");
            groups.abort().expect("the step is taken back");
        }
    }
}
