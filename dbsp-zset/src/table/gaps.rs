//! Changing many entries of a table, of which some go and others come.
//!
//! # Shape       an entry that goes leaves a gap, which the next one that comes fills; in the end the last entries move to
//!   the gaps that are left.
//! # Invariants  a gap is in no index, so no lookup finds it; between changes of the table there is none.
//! # Cost        one lookup a change, and one for each entry that moves. Those are no more than the gaps, and no more than
//!   the entries that stay: losing nearly everything is as cheap as indexing the rest anew.
//!
//! A change of a collection mostly replaces rows, so nearly every gap is filled by what comes next. Taking each entry out
//! at once costs two lookups more, of itself and of the last one, which moves.

use std::hash::Hash;

use crate::table::{DenseTable, SMALL, SPARSE, narrow, short_hash};

/// Positions of entries that went; see the [module](self).
#[derive(Clone, Default)]
pub(crate) struct Gaps {
    positions: Vec<u32>,
}

impl Gaps {
    pub(crate) const fn new() -> Self {
        Self { positions: Vec::new() }
    }

    /// Forgets all gaps.
    pub(crate) fn clear(&mut self) {
        self.positions.clear();
    }

    /// Makes room for so many gaps: how many are open at once varies from step to step.
    pub(crate) fn reserve(&mut self, most: usize) {
        self.positions.reserve(most);
    }

    /// Gives memory back that only a far larger table needs.
    #[inline]
    pub(crate) fn shrink(&mut self, entries: usize) {
        if self.positions.capacity() > SPARSE * entries.max(SMALL) {
            self.positions.shrink_to(2 * entries.max(SMALL));
        }
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        self.positions.capacity() * size_of::<u32>()
    }
}

impl<K: Ord + Hash + Clone, V> DenseTable<K, V> {
    /// Changes the value of a key with a known hash by `change`, which says whether the entry goes; if the key is absent, it
    /// gets the value `fresh()`, if there is one.
    ///
    /// # Errors
    /// That of `change`; the entry then stays.
    #[inline]
    pub(crate) fn try_change<E>(
        &mut self,
        hash: u32,
        key: &K,
        gaps: &mut Gaps,
        change: impl FnOnce(&mut V) -> Result<bool, E>,
        fresh: impl FnOnce() -> Option<V>,
    ) -> Result<(), E> {
        if self.index.is_one() {
            self.change_in::<false, E>(hash, key, gaps, change, fresh)
        } else {
            self.change_far(hash, key, gaps, change, fresh)
        }
    }

    /// Apart, so that what looks into the only table of an index stays short.
    #[inline(never)]
    fn change_far<E>(
        &mut self,
        hash: u32,
        key: &K,
        gaps: &mut Gaps,
        change: impl FnOnce(&mut V) -> Result<bool, E>,
        fresh: impl FnOnce() -> Option<V>,
    ) -> Result<(), E> {
        self.change_in::<true, E>(hash, key, gaps, change, fresh)
    }

    #[inline(always)]
    fn change_in<const FAR: bool, E>(
        &mut self,
        hash: u32,
        key: &K,
        gaps: &mut Gaps,
        change: impl FnOnce(&mut V) -> Result<bool, E>,
        fresh: impl FnOnce() -> Option<V>,
    ) -> Result<(), E> {
        let entries = &mut self.entries;
        let entry = if FAR {
            self.index.entry::<FAR>(hash, |position| entries[position as usize].0 == *key)
        } else {
            let entries = entries.first();
            self.index.entry::<FAR>(hash, |position| entries[position as usize].0 == *key)
        };
        match entry {
            Ok(found) => {
                let position = found.position() as usize;
                let entry = if FAR { &mut entries[position] } else { &mut entries.first_mut()[position] };
                if change(&mut entry.1)? {
                    gaps.positions.push(found.remove());
                }
            }
            Err(Some(vacancy)) if !self.overflow.may_hold(hash) => {
                let Some(value) = fresh() else { return Ok(()) };
                let entry = (key.clone(), value);
                if let Some(gap) = gaps.positions.pop() {
                    if FAR {
                        entries[gap as usize] = entry;
                    } else {
                        entries.first_mut()[gap as usize] = entry;
                    }
                    vacancy.fill(gap);
                } else {
                    let position = narrow(entries.len());
                    entries.push(entry);
                    vacancy.fill(position);
                    self.index.grow(self.entries.len(), Self::ONE);
                }
            }
            Err(_) => self.change_overflow(hash, key, gaps, change, fresh)?,
        }
        Ok(())
    }

    /// As [`try_change`](Self::try_change) for a key that is not in the index.
    #[cold]
    #[inline(never)]
    fn change_overflow<E>(
        &mut self,
        hash: u32,
        key: &K,
        gaps: &mut Gaps,
        change: impl FnOnce(&mut V) -> Result<bool, E>,
        fresh: impl FnOnce() -> Option<V>,
    ) -> Result<(), E> {
        if let Some(position) = self.overflow.find(key) {
            if change(&mut self.entries[position as usize].1)? {
                self.overflow.remove(key);
                gaps.positions.push(position);
            }
            return Ok(());
        }
        let Some(value) = fresh() else { return Ok(()) };
        if let Some(gap) = gaps.positions.last().copied() {
            let entry = (key.clone(), value);
            self.enter(hash, key, gap);
            self.entries[gap as usize] = entry;
            gaps.positions.pop();
        } else {
            self.append(hash, key.clone(), value);
        }
        Ok(())
    }

    /// Moves the last entries to the gaps that are left. A table that is then mostly empty gives memory back.
    pub(crate) fn close(&mut self, gaps: &mut Gaps) {
        if gaps.positions.is_empty() {
            return;
        }
        // From the back: what moves is then never a gap itself.
        gaps.positions.sort_unstable_by(|one, other| other.cmp(one));
        let gone = gaps.positions.len();
        for gap in gaps.positions.drain(..) {
            let last = self.entries.len() - 1;
            if gap as usize != last {
                self.redirect(short_hash(&self.entries[last].0), last, gap as usize);
            }
            self.entries.swap_remove(gap as usize);
        }
        self.shrink_if_sparse(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn what_comes_stands_where_something_went() {
        let mut table: DenseTable<u32, i64> = DenseTable::new();
        let mut gaps = Gaps::new();
        let add = |table: &mut DenseTable<_, i64>, gaps: &mut Gaps, key: u32, weight: i64| {
            let change = |sum: &mut i64| {
                *sum += weight;
                Ok::<_, ()>(*sum == 0)
            };
            table.try_change(short_hash(&key), &key, gaps, change, || Some(weight)).expect("no change fails");
        };
        (0..10).for_each(|key| add(&mut table, &mut gaps, key, 1));
        for (key, weight) in [(3, -1), (9, -1), (7, 1), (20, 1), (5, -1), (3, 1), (4, -1)] {
            add(&mut table, &mut gaps, key, weight);
        }
        assert_eq!((table.find(&20), table.find(&3), table.find(&9)), (Some(9), Some(5), None));
        table.close(&mut gaps);
        // The last ones move to the gaps that were left, at 3 and at 4.
        assert_eq!((table.find(&20), table.find(&8)), (Some(4), Some(3)));
        assert_eq!((table.len(), table.get(&7)), (8, Some(&2)));
    }

    #[test]
    fn agrees_with_a_std_map_under_deltas_of_all_sizes() {
        let mut state = 1_u64;
        let mut random = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        let (mut table, mut gaps, mut model) = (DenseTable::new(), Gaps::new(), HashMap::<u64, i64>::new());
        for _ in 0..400 {
            let (changes, keys, bias) = (random(300), 1 + random(400), random(3));
            for _ in 0..changes {
                let (key, weight) = (random(keys), if random(3) < bias { 1 } else { -1 });
                let change = |sum: &mut i64| {
                    *sum += weight;
                    Ok::<_, ()>(*sum == 0)
                };
                table
                    .try_change(short_hash(&key), &key, &mut gaps, change, || Some(weight))
                    .expect("no change fails");
                *model.entry(key).or_insert(0) += weight;
            }
            table.close(&mut gaps);
            model.retain(|_, weight| *weight != 0);
            assert!(table.entries().all(|(key, weight)| model.get(key) == Some(weight)));
            assert!(model.keys().all(|key| table.find(key).is_some()));
            assert_eq!((table.len(), table.index.len() + table.overflow.len()), (model.len(), model.len()));
        }
    }
}
