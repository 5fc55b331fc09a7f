//! From hash to position: half a hash and a position a slot.
//!
//! # Shape       up to [`ONE`] entries stand in one hashbrown table, as it is the fastest that there is of that size; more in
//!   [chunks], which grow a piece at a time.
//! # Invariants  of positions with one hash at most [`ALIKE`] are here: more are refused.
//! # Cost        find, insert, remove: O(1) expected, O(log n) for hashes that were chosen. A table of a million entries took
//!   10 ms to double; now only half of [`ONE`] entries move at once, in 200 µs, and from the table to chunks [`STEP`] slots with
//!   each entry that comes. Until all have moved a lookup looks in both.
//! # Not here    no key: positions are found by a hash alone or with a question about each; no key is ever hashed again. What
//!   was refused is the caller's to keep.

use hashbrown::HashTable;
use hashbrown::hash_table::{Entry, OccupiedEntry, VacantEntry};

use crate::table::chunks::{self, Chunks};

/// So many entries stand in one table, or fewer if the caller says so: what fits into 65,536 slots of which an eighth stays
/// free, less the one that hashbrown makes room for early.
pub(crate) const ONE: usize = (1 << 16) / 8 * 7 - 1;
/// So many slots of the table move to chunks with each entry that comes.
const STEP: usize = 16;
/// So many positions may have one hash. Where a lookup meets as many of its tag somebody has chosen them.
pub(super) const ALIKE: usize = 16;

/// An index of positions by hash; see the [module](self).
#[derive(Clone, Default)]
pub(crate) struct Index {
    /// All entries, where `many` is empty; else those that have not moved there yet.
    one: HashTable<Slot>,
    many: Chunks,
    /// Slots of `one` before this have moved to `many`.
    moved: usize,
    /// Whether hashes looked chosen: chunks then stay until there are no entries.
    is_wary: bool,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Slot {
    hash: u32,
    position: u32,
}

/// A position that was found.
pub(crate) enum Found<'a> {
    One(OccupiedEntry<'a, Slot>),
    Many(chunks::Found<'a>),
}

impl Found<'_> {
    #[inline(always)]
    pub(crate) fn position(&self) -> u32 {
        match self {
            Self::One(slot) => slot.get().position,
            Self::Many(found) => found.position(),
        }
    }

    /// Removes the position, and gives it.
    #[inline(always)]
    pub(crate) fn remove(self) -> u32 {
        match self {
            Self::One(slot) => slot.remove().0.position,
            Self::Many(found) => found.remove(),
        }
    }
}

/// A place for a position, where none was found.
pub(crate) enum Vacancy<'a> {
    One(VacantEntry<'a, Slot>, u32),
    Many(chunks::Vacancy<'a>),
}

impl Vacancy<'_> {
    /// Puts a position there.
    #[inline(always)]
    pub(crate) fn fill(self, position: u32) {
        match self {
            Self::One(slot, hash) => _ = slot.insert(Slot { hash, position }),
            Self::Many(vacancy) => vacancy.fill(position),
        }
    }
}

/// The 64 bits that hashbrown wants: its low bits choose the bucket, its top seven the tag.
#[inline]
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl Index {
    pub(crate) const fn new() -> Self {
        Self { one: HashTable::new(), many: Chunks::new(), moved: 0, is_wary: false }
    }

    /// Whether all entries stand in one table, which nearly all callers find.
    #[inline(always)]
    pub(crate) fn is_one(&self) -> bool {
        self.many.is_empty()
    }

    /// Makes room for `additional` further positions where so many `entries` are; at once where there are none.
    pub(crate) fn reserve(&mut self, entries: usize, additional: usize, one: usize) {
        let needed = entries.saturating_add(additional);
        if self.is_one() && needed <= one {
            self.one.reserve(additional, |slot| spread(slot.hash));
        } else if entries == 0 && self.is_one() {
            self.one = HashTable::new();
            self.many.build(needed);
        }
    }

    /// Whether the last entries of the one table have still to move to chunks.
    #[inline(always)]
    pub(crate) fn is_moving(&self) -> bool {
        !self.is_one() && !self.one.is_empty()
    }

    /// Makes chunks, to which all entries are to move.
    fn start_moving(&mut self) {
        self.many.build(self.one.len());
        self.moved = 0;
    }

    /// Moves what stands in the next slots of the one table.
    #[cold]
    fn go_on_moving(&mut self, slots: usize) {
        let until = self.one.num_buckets().min(self.moved.saturating_add(slots));
        for at in self.moved..until {
            if let Ok(slot) = self.one.get_bucket_entry(at) {
                let slot = slot.remove().0;
                self.many.place(slot.hash, slot.position);
            }
        }
        self.moved = until;
        if self.one.is_empty() {
            self.one = HashTable::new();
        }
    }

    /// Moves what has a hash, so that all of it is in chunks.
    #[inline(always)]
    fn move_hash(&mut self, hash: u32) {
        if !self.one.is_empty() {
            self.move_all_of(hash);
        }
    }

    #[cold]
    fn move_all_of(&mut self, hash: u32) {
        while let Ok(slot) = self.one.find_entry(spread(hash), |slot| slot.hash == hash) {
            let slot = slot.remove().0;
            self.many.place(slot.hash, slot.position);
        }
        if self.one.is_empty() {
            self.one = HashTable::new();
        }
    }

    /// Moves all entries from chunks to one table.
    fn gather(&mut self, entries: usize) {
        let rest = std::mem::replace(&mut self.one, HashTable::with_capacity(entries));
        self.is_wary = false;
        let many = std::mem::take(&mut self.many);
        many.iter().for_each(|(hash, position)| self.add(hash, position));
        rest.into_iter().for_each(|slot| self.add(slot.hash, slot.position));
    }

    /// Adds a position that is not there to the one table.
    fn add(&mut self, hash: u32, position: u32) {
        self.one.insert_unique(spread(hash), Slot { hash, position }, |slot| spread(slot.hash));
    }

    /// Takes notice that there are so many entries: more than `one` move to chunks, and those grow.
    #[inline]
    pub(crate) fn grow(&mut self, entries: usize, one: usize) {
        if !self.is_one() {
            self.many.grow(entries);
            if !self.one.is_empty() {
                self.go_on_moving(STEP);
            }
        } else if entries > one {
            self.start_moving();
        }
    }

    /// Takes notice that there are so many entries, and so many are gone since this was asked last: chunks shrink, and far
    /// fewer than `one` entries move to one table again.
    #[inline]
    pub(crate) fn shrink(&mut self, entries: usize, gone: usize, one: usize) {
        if self.is_moving() {
            self.go_on_moving(STEP * gone.max(1));
        }
        if !self.is_one() && (self.many.is_sparse(entries) || entries < one / 4) {
            self.shrink_many(entries, gone, one);
        }
    }

    #[inline(never)]
    fn shrink_many(&mut self, entries: usize, gone: usize, one: usize) {
        self.is_wary |= self.many.has_spilled();
        if entries == 0 || entries < one / 4 && !self.is_wary {
            self.gather(entries);
        } else {
            // Segments follow entries: a removal pays for two, so that an index which was emptied at once catches up.
            self.many.merge(entries, 2 * gone.max(1));
        }
    }

    /// Gives memory back that is not needed for `capacity` positions in one table.
    pub(crate) fn shrink_to(&mut self, capacity: usize) {
        if self.is_one() {
            self.one.shrink_to(capacity, |slot| spread(slot.hash));
        }
    }

    /// Asks for the place of a hash, where there are chunks, and gives it to be used by [`find_at`](Self::find_at).
    #[inline(always)]
    pub(crate) fn prefetch(&self, hash: u32) -> usize {
        self.many.prefetch(hash)
    }

    /// As [`find`](Self::find) in chunks alone, with the place of the hash.
    #[inline(always)]
    pub(crate) fn find_at(&self, home: usize, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.many.find_at(home, hash, is_it)
    }

    /// The first position under a hash that `is_it` accepts. `FAR` says that there are chunks.
    #[inline(always)]
    pub(crate) fn find<const FAR: bool>(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        if FAR {
            let found = self.many.find(hash, &is_it);
            if found.is_some() || self.one.is_empty() {
                return found;
            }
        }
        let found = self.one.find(spread(hash), |slot| slot.hash == hash && is_it(slot.position));
        found.map(|slot| slot.position)
    }

    /// The first position under a hash that `is_it` accepts, or the place for one. There is none where hashes look chosen:
    /// then [`insert`](Self::insert) is to be asked. `FAR` says that there are chunks.
    #[inline(always)]
    pub(crate) fn entry<const FAR: bool>(
        &mut self,
        hash: u32,
        is_it: impl Fn(u32) -> bool,
    ) -> Result<Found<'_>, Option<Vacancy<'_>>> {
        if FAR {
            self.move_hash(hash);
            return match self.many.entry(hash, is_it) {
                Ok(found) => Ok(Found::Many(found)),
                Err(vacancy) => Err(vacancy.map(Vacancy::Many)),
            };
        }
        let mut met = 0;
        let is_it = |slot: &Slot| {
            slot.hash == hash && is_it(slot.position) || {
                met += 1;
                false
            }
        };
        match self.one.entry(spread(hash), is_it, |slot| spread(slot.hash)) {
            Entry::Occupied(slot) => Ok(Found::One(slot)),
            // What many have of a tag somebody has chosen.
            Entry::Vacant(_) if met >= ALIKE => Err(None),
            Entry::Vacant(slot) => Err(Some(Vacancy::One(slot, hash))),
        }
    }

    /// Adds a position under a hash, unless as many as may be have that hash. What was asked for by [`entry`](Self::entry)
    /// before.
    #[must_use]
    pub(crate) fn insert(&mut self, hash: u32, position: u32) -> bool {
        if self.is_one() {
            let (mut alike, mut met) = (0, 0);
            let found = self.one.find(spread(hash), |slot| {
                met += 1;
                alike += usize::from(slot.hash == hash);
                false
            });
            debug_assert!(found.is_none(), "every slot was declined");
            if alike >= ALIKE {
                return false;
            }
            if met < ALIKE {
                self.add(hash, position);
                return true;
            }
            // Chunks bound how far a lookup has to go.
            self.start_moving();
            self.go_on_moving(usize::MAX);
            self.is_wary = true;
        }
        self.move_hash(hash);
        self.many.insert(hash, position)
    }

    /// Puts another position in the place of one; whether that one is here.
    pub(crate) fn replace(&mut self, hash: u32, before: u32, after: u32) -> bool {
        if !self.is_one() {
            self.move_hash(hash);
            return self.many.replace(hash, before, after);
        }
        let slot = self.one.find_mut(spread(hash), |slot| slot.position == before);
        slot.map(|slot| slot.position = after).is_some()
    }

    /// Removes a position; whether it was here.
    pub(crate) fn remove(&mut self, hash: u32, position: u32) -> bool {
        if !self.is_one() {
            self.move_hash(hash);
            return self.many.remove(hash, position);
        }
        let slot = self.one.find_entry(spread(hash), |slot| slot.position == position);
        slot.map(OccupiedEntry::remove).is_ok()
    }

    /// Removes every position and keeps the memory.
    pub(crate) fn clear(&mut self) {
        if self.is_moving() {
            self.one = HashTable::new();
        }
        self.one.clear();
        self.many.clear();
    }

    /// How many positions there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.one.len() + self.many.iter().count()
    }

    /// How many slots emptying has to go through.
    pub(crate) fn slot_count(&self) -> usize {
        self.one.num_buckets() + self.many.slot_count()
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        self.one.allocation_size() + self.many.allocated_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(index: &Index, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        if index.is_one() { index.find::<false>(hash, is_it) } else { index.find::<true>(hash, is_it) }
    }

    #[test]
    fn agrees_with_a_list_where_hashes_collide() {
        let mut state = 7_u64;
        let mut random = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        let mut index = Index::new();
        let mut list: Vec<(u32, u32)> = Vec::new();
        for position in 0..4_000 {
            // Few hashes, near each other and near the end of the table: long probes that wrap.
            let hash = (random(40) as u32).wrapping_sub(20);
            match random(3) {
                0 if !list.is_empty() => {
                    let (hash, position) = list.swap_remove(random(list.len() as u64) as usize);
                    assert!(index.remove(hash, position));
                }
                1 if !list.is_empty() => {
                    let i = random(list.len() as u64) as usize;
                    assert!(index.replace(list[i].0, list[i].1, position));
                    list[i].1 = position;
                }
                _ => {
                    if index.insert(hash, position) {
                        list.push((hash, position));
                    } else {
                        assert_eq!(list.iter().filter(|(other, _)| *other == hash).count(), ALIKE);
                    }
                }
            }
            if list.len() > 200 {
                index.clear();
                index.reserve(0, 50, ONE);
                list.clear();
            }
            for (hash, position) in &list {
                assert_eq!(find(&index, *hash, |found| found == *position), Some(*position));
            }
            assert_eq!(find(&index, hash, |found| !list.contains(&(hash, found))), None);
        }
        assert!((1_000..80_000).contains(&index.allocated_bytes()));
        assert!(index.slot_count() >= list.len() && index.len() == list.len());
    }

    /// A mixed number.
    fn hash(n: u32) -> u32 {
        (u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }

    #[test]
    fn entries_move_to_chunks_and_back() {
        const ENTRIES: u32 = 100_000;
        let mut index = Index::new();
        for position in 0..ENTRIES {
            assert!(index.insert(hash(position), position));
            index.grow(position as usize + 1, ONE);
            assert_eq!(index.is_one(), (position as usize) < ONE);
            if index.is_moving() && position.is_multiple_of(64) {
                // Each in turn is looked up, replaced, or removed and added again, wherever it stands.
                let one = hash(!position) % position;
                assert_eq!(find(&index, hash(one), |_| true), Some(one));
                assert!(index.replace(hash(one), one, one));
                assert!(index.entry::<true>(hash(one), |found| found == one).is_ok());
                assert!(index.remove(hash(one), one) && index.insert(hash(one), one));
                assert_eq!(
                    (index.len(), index.entry::<true>(!hash(one), |_| true).is_ok()),
                    (position as usize + 1, false)
                );
            }
        }
        assert!(!index.is_moving());
        assert_eq!(index.len(), ENTRIES as usize);
        assert!((0..ENTRIES).all(|position| find(&index, hash(position), |_| true) == Some(position)));
        for position in (0..ENTRIES).rev() {
            assert!(index.remove(hash(position), position));
            index.shrink(position as usize, 1, ONE);
            assert_eq!(index.is_one(), (position as usize) < ONE / 4);
        }
        assert_eq!(index.len(), 0);
    }

    #[test]
    fn room_that_was_made_at_once_serves_as_what_grew() {
        for entries in [1, 1_000, 60_000, 70_000, 200_000] {
            let mut index = Index::new();
            index.reserve(0, entries, ONE);
            let slots = index.slot_count();
            for n in 0..entries as u32 {
                assert!(index.insert(hash(n), n));
                index.grow(n as usize + 1, ONE);
            }
            assert_eq!(index.slot_count(), slots, "{entries}");
            assert!((0..entries as u32).all(|n| find(&index, hash(n), |_| true) == Some(n)));
        }
    }

    #[test]
    fn hashes_that_are_alike_are_refused_past_a_bound() {
        let mut index = Index::new();
        assert_eq!((0..100).filter(|n| index.insert(7, *n)).count(), ALIKE);
        // One tag and one slot: that shows, and what comes goes to chunks until all are gone.
        let mut index = Index::new();
        for n in 0..20_000 {
            assert!(index.insert(n << 25 | n >> 7 << 17, n));
            index.grow(n as usize, ONE);
        }
        assert!(!index.is_one() && index.len() == 20_000);
        for n in (0..20_000).rev() {
            assert!(!index.is_one() && index.remove(n << 25 | n >> 7 << 17, n));
            index.shrink(n as usize, 1, ONE);
        }
        assert!(index.is_one());
    }
}
