//! From hash to position: hashbrown tables of a bounded size, of 8 bytes a slot, half a hash and a position.
//!
//! # Shape       up to [`ONE`] entries stand in one table; more in linear hashing: of `n` segments, a hash belongs to the one
//!   that its bits from [`SHIFT`] on name, modulo the power of two that `n` reaches, and modulo half of it if there is no such
//!   segment yet.
//! # Invariants  no segment grows past [`MOST_SLOTS`] slots; only where hashes were chosen are there larger ones, of what came
//!   before that showed, or merged while an index shrinks. Of positions with one hash at most [`ALIKE`] are here: more are
//!   refused, as are those that find their segment full.
//! # Cost        find, insert, remove: O(1) expected, and at worst a look at the slots of one segment. Growth splits one
//!   segment each [`LOAD`] entries and moves nothing else, some 5 µs, where a table of a million entries took 10 ms to
//!   double; only [`ONE`] entries become segments at once, in 300. Shrinking merges two in the same way.
//! # Not here    no key: positions are found by a hash alone or with a question about each; no key is ever hashed again.
//!
//! The segments that are not split yet in a round are twice as full as the others, and there are as many of either on average:
//! that is what spreads the work evenly, without a directory. One table where that is soon moved: choosing a segment costs a
//! group-by of 50,000 groups 15 % of its time. Hashes that were chosen with malice show by the tags that they share: then
//! segments, small as they are, bound how far a lookup has to go. What was refused is the caller's to keep.

use hashbrown::HashTable;
use hashbrown::hash_table::{Entry, OccupiedEntry, VacantEntry};

/// So many entries stand in one table, or fewer if the caller says so.
pub(crate) const ONE: usize = 1 << 16;
/// From this bit on a hash says which segment it belongs to; below are the bits that choose a slot, and on top those of the tag.
const SHIFT: u32 = 11;
/// A segment has at most so many slots.
const MOST_SLOTS: usize = 1 << SHIFT;
/// So many of them can be full: hashbrown keeps an eighth free.
const MOST: usize = MOST_SLOTS / 8 * 7;
/// How many entries there are for each segment. One that is due for its split has twice as many, half of what it has room for:
/// so there is always a larger size for slots that removals have used up, or they are few enough to be freed in place.
const LOAD: usize = MOST / 4;
/// Segments are merged where there are so few entries for each: hysteresis, so that a table that swings allocates nothing.
const LOW: usize = LOAD / 4;
/// So many positions may have one hash. Where a lookup meets as many of its tag somebody has chosen them.
const ALIKE: usize = 16;

/// An index of positions by hash; see the [module](self).
#[derive(Clone, Default)]
pub(crate) struct Index {
    /// All entries, where `many` is empty.
    one: HashTable<Slot>,
    many: Vec<HashTable<Slot>>,
    /// The power of two that the length of `many` reaches, less one.
    mask: usize,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u32,
    position: u32,
}

/// A position that was found.
pub(crate) struct Found<'a> {
    slot: OccupiedEntry<'a, Slot>,
}

impl Found<'_> {
    #[inline]
    pub(crate) fn position(&self) -> u32 {
        self.slot.get().position
    }

    /// Removes the position, and gives it.
    #[inline]
    pub(crate) fn remove(self) -> u32 {
        self.slot.remove().0.position
    }
}

/// A place for a position, where none was found.
pub(crate) struct Vacancy<'a> {
    slot: VacantEntry<'a, Slot>,
    hash: u32,
}

impl Vacancy<'_> {
    /// Puts a position there.
    #[inline]
    pub(crate) fn fill(self, position: u32) {
        self.slot.insert(Slot { hash: self.hash, position });
    }
}

/// The 64 bits that hashbrown wants: its low bits choose the bucket, its top seven the tag.
#[inline]
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// Which of `count` segments a hash belongs to; `mask` is the next power of two, less one.
#[inline]
fn place(hash: u32, count: usize, mask: usize) -> usize {
    let bits = (hash >> SHIFT) as usize;
    // No branch, which could not be predicted.
    bits & mask >> u32::from(bits & mask >= count)
}

/// The segment that becomes two when segment `last` is made.
fn parent(last: usize) -> usize {
    last ^ 1 << last.ilog2()
}

impl Index {
    pub(crate) const fn new() -> Self {
        Self { one: HashTable::new(), many: Vec::new(), mask: 0 }
    }

    /// The segment that a hash belongs to.
    #[inline]
    fn segment_mut(&mut self, hash: u32) -> &mut HashTable<Slot> {
        if self.many.is_empty() {
            return &mut self.one;
        }
        let place = place(hash, self.many.len(), self.mask);
        &mut self.many[place]
    }

    fn segments(&self) -> &[HashTable<Slot>] {
        if self.many.is_empty() { std::slice::from_ref(&self.one) } else { &self.many }
    }

    fn segments_mut(&mut self) -> &mut [HashTable<Slot>] {
        if self.many.is_empty() { std::slice::from_mut(&mut self.one) } else { &mut self.many }
    }

    /// Makes room for `additional` further positions where so many `entries` are; at once where there are none.
    pub(crate) fn reserve(&mut self, entries: usize, additional: usize, one: usize) {
        let needed = entries.saturating_add(additional);
        if self.many.is_empty() && needed <= one {
            self.one.reserve(additional, |slot| spread(slot.hash));
        } else if entries == 0 && self.many.is_empty() {
            self.one = HashTable::new();
            self.make_segments(needed);
        }
    }

    /// Makes as many empty segments as so many entries need.
    fn make_segments(&mut self, entries: usize) {
        let count = entries.div_ceil(LOAD).max(2);
        // Those that are split already in this round get half of what the others get, and a little more.
        let halves = 1 << count.ilog2();
        let share = entries / halves;
        let share = share + share / 16;
        let capacity = |at: usize| if at >= halves || at + halves < count { share / 2 } else { share };
        self.many = (0..count).map(|at| HashTable::with_capacity(capacity(at).min(MOST))).collect();
        self.set_mask();
    }

    /// Moves all entries from one table to segments, if they are not there. Those that find no room, as they were chosen to
    /// belong to few segments, make theirs larger.
    #[inline(never)]
    fn scatter(&mut self) {
        if self.many.is_empty() {
            let one = std::mem::take(&mut self.one);
            self.make_segments(one.len().max(LOAD));
            for slot in one {
                add(self.segment_mut(slot.hash), [slot]);
            }
        }
    }

    /// Moves all entries from segments to one table.
    fn gather(&mut self, entries: usize) {
        self.one = HashTable::with_capacity(entries);
        for segment in std::mem::take(&mut self.many) {
            add(&mut self.one, segment);
        }
    }

    fn set_mask(&mut self) {
        self.mask = self.many.len().next_power_of_two() - 1;
    }

    /// Splits a segment if there are too many entries for those that there are; one table, if there are more than `one`.
    #[inline]
    pub(crate) fn grow(&mut self, entries: usize, one: usize) {
        let most = if self.many.is_empty() { one } else { LOAD * self.many.len() };
        if entries > most {
            self.split();
        }
    }

    /// Makes one segment more, of those slots of its parent that belong there; of one table it makes several.
    #[inline(never)]
    fn split(&mut self) {
        if self.many.is_empty() {
            return self.scatter();
        }
        let count = self.many.len();
        let parent = parent(count);
        let whole = std::mem::take(&mut self.many[parent]);
        let capacity = (whole.len() / 16 * 9).min(MOST);
        self.many[parent] = HashTable::with_capacity(capacity);
        self.many.push(HashTable::with_capacity(capacity));
        self.set_mask();
        for slot in whole {
            add(self.segment_mut(slot.hash), [slot]);
        }
    }

    /// Merges segments if there are few entries for those that there are; so many entries are gone since this was asked last.
    /// Far fewer than `one` become one table again.
    #[inline]
    pub(crate) fn shrink(&mut self, entries: usize, gone: usize, one: usize) {
        if !self.many.is_empty() && entries < (LOW * self.many.len()).max(one / 4) {
            self.merge(entries, gone, one);
        }
    }

    #[inline(never)]
    fn merge(&mut self, entries: usize, gone: usize, one: usize) {
        // Segments follow entries: a removal pays for two, so that an index which was emptied at once catches up.
        for _ in 0..2 * gone.max(1) {
            let count = self.many.len();
            if entries < one / 4 {
                return self.gather(entries);
            }
            if count < 3 || entries >= LOW * count {
                return;
            }
            if let Some(last) = self.many.pop() {
                let parent = &mut self.many[parent(count - 1)];
                if parent.is_empty() {
                    *parent = last;
                } else {
                    if parent.capacity() - parent.len() < last.len() {
                        let capacity = parent.len() + last.len();
                        let kept = std::mem::replace(parent, HashTable::with_capacity(capacity));
                        add(parent, kept);
                    }
                    add(parent, last);
                }
            }
            self.set_mask();
        }
    }

    /// Gives memory back that is not needed for `capacity` positions. Segments with far fewer than `one` entries become one
    /// table first.
    pub(crate) fn shrink_to(&mut self, capacity: usize, entries: usize, one: usize) {
        if !self.is_one() && entries < one / 4 {
            self.gather(entries);
        }
        self.one.shrink_to(capacity, |slot| spread(slot.hash));
    }

    /// The first position under a hash that `is_it` accepts. `FAR` says that there are segments.
    #[inline(always)]
    pub(crate) fn find<const FAR: bool>(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let segment = if FAR { &self.many[place(hash, self.many.len(), self.mask)] } else { &self.one };
        let found = segment.find(spread(hash), |slot| slot.hash == hash && is_it(slot.position));
        found.map(|slot| slot.position)
    }

    /// Whether all entries stand in one table, which nearly all callers find.
    #[inline(always)]
    pub(crate) fn is_one(&self) -> bool {
        self.many.is_empty()
    }

    /// The first position under a hash that `is_it` accepts, or the place for one. There is none where hashes look chosen:
    /// then [`insert`](Self::insert) is to be asked. `FAR` says that there are segments.
    #[inline(always)]
    pub(crate) fn entry<const FAR: bool>(
        &mut self,
        hash: u32,
        is_it: impl Fn(u32) -> bool,
    ) -> Result<Found<'_>, Option<Vacancy<'_>>> {
        let mut met = 0;
        let is_it = |slot: &Slot| {
            slot.hash == hash && is_it(slot.position) || {
                met += 1;
                false
            }
        };
        let segment = if FAR { self.segment_mut(hash) } else { &mut self.one };
        // hashbrown would make the segment larger, whatever its size.
        if FAR && segment.len() == segment.capacity() && !make_room(segment) {
            return match segment.find_entry(spread(hash), is_it) {
                Ok(slot) => Ok(Found { slot }),
                Err(_) => Err(None),
            };
        }
        match segment.entry(spread(hash), is_it, |slot| spread(slot.hash)) {
            Entry::Occupied(slot) => Ok(Found { slot }),
            Entry::Vacant(_) if met >= ALIKE => Err(None),
            Entry::Vacant(slot) => Err(Some(Vacancy { slot, hash })),
        }
    }

    /// Adds a position under a hash, unless its segment is full or as many as may be have that hash. What was asked for by
    /// [`entry`](Self::entry) before.
    #[must_use]
    pub(crate) fn insert(&mut self, hash: u32, position: u32) -> bool {
        // First of all, as looking through a full segment takes long.
        if !self.has_room(hash) {
            return false;
        }
        let (mut alike, mut met) = (0, 0);
        let found = self.segment_mut(hash).find(spread(hash), |slot| {
            met += 1;
            alike += usize::from(slot.hash == hash);
            false
        });
        debug_assert!(found.is_none(), "every slot was declined");
        if met >= ALIKE {
            self.scatter();
        }
        if alike >= ALIKE || !self.has_room(hash) {
            return false;
        }
        let segment = self.segment_mut(hash);
        add(segment, [Slot { hash, position }]);
        true
    }

    /// Whether there is room for a position under a hash, or can be made.
    fn has_room(&mut self, hash: u32) -> bool {
        let is_one = self.is_one();
        let segment = self.segment_mut(hash);
        is_one || segment.len() < segment.capacity() || make_room(segment)
    }

    /// Puts another position in the place of one; whether that one is here.
    pub(crate) fn replace(&mut self, hash: u32, before: u32, after: u32) -> bool {
        let slot = self.segment_mut(hash).find_mut(spread(hash), |slot| slot.position == before);
        slot.map(|slot| slot.position = after).is_some()
    }

    /// Removes a position; whether it was here.
    pub(crate) fn remove(&mut self, hash: u32, position: u32) -> bool {
        let slot = self.segment_mut(hash).find_entry(spread(hash), |slot| slot.position == position);
        slot.map(OccupiedEntry::remove).is_ok()
    }

    /// Removes every position and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.segments_mut().iter_mut().for_each(HashTable::clear);
    }

    /// How many positions there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.segments().iter().map(HashTable::len).sum()
    }

    /// How many slots emptying has to go through.
    pub(crate) fn slot_count(&self) -> usize {
        self.segments().iter().map(HashTable::num_buckets).sum()
    }

    pub(crate) fn allocated_bytes(&self) -> usize {
        let segments = self.segments().iter().map(HashTable::allocation_size);
        segments.sum::<usize>() + self.many.capacity() * size_of::<HashTable<Slot>>()
    }
}

/// Makes room in a segment without a free slot, unless it is full. hashbrown frees slots that removals have used up in place,
/// and allocates nothing, if half of the slots are free then; else it doubles.
#[cold]
#[inline(never)]
fn make_room(segment: &mut HashTable<Slot>) -> bool {
    let (slots, len) = (segment.num_buckets(), segment.len());
    if slots < MOST_SLOTS || len < slots / 16 * 7 {
        segment.reserve(1, |slot| spread(slot.hash));
    } else if len < slots / 16 * 13 {
        // Only hashes that were chosen fill a segment so far.
        let kept = std::mem::replace(segment, HashTable::with_capacity(slots / 8 * 7));
        add(segment, kept);
    }
    segment.len() < segment.capacity()
}

/// Adds slots that are not there.
fn add(segment: &mut HashTable<Slot>, slots: impl IntoIterator<Item = Slot>) {
    for slot in slots {
        segment.insert_unique(spread(slot.hash), slot, |slot| spread(slot.hash));
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
        assert!((1_000..40_000).contains(&index.allocated_bytes()));
        assert!(index.slot_count() >= list.len() && index.len() == list.len());
    }

    /// A mixed number.
    fn hash(n: u32) -> u32 {
        (u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }

    #[test]
    fn no_step_moves_more_than_a_segment_while_an_index_grows_and_shrinks() {
        const ENTRIES: u32 = 200_000;
        let mut index = Index::new();
        for position in 0..ENTRIES {
            let segments = index.many.len();
            assert!(index.insert(hash(position), position));
            index.grow(position as usize + 1, ONE);
            assert!(index.many.len() <= segments + 1 || segments == 0);
        }
        assert_eq!((index.len(), index.many.len()), (ENTRIES as usize, (ENTRIES as usize).div_ceil(LOAD)));
        assert!(index.segments().iter().all(|segment| segment.num_buckets() <= MOST_SLOTS));
        assert!((0..ENTRIES).all(|position| find(&index, hash(position), |_| true) == Some(position)));
        for position in (0..ENTRIES).rev() {
            let segments = index.many.len();
            assert!(index.remove(hash(position), position));
            index.shrink(position as usize, 1, ONE);
            assert!(
                index.many.len() + 2 >= segments || index.many.is_empty() && position as usize <= ONE / 4
            );
            assert!(
                (0..position)
                    .step_by(1 + position as usize / 2)
                    .all(|n| find(&index, hash(n), |_| true) == Some(n))
            );
        }
        assert!(index.len() == 0 && index.many.is_empty());
    }

    #[test]
    fn room_that_was_made_at_once_serves_as_what_grew() {
        for entries in [1, 1_000, 60_000, 70_000, 200_000] {
            let mut index = Index::new();
            index.reserve(0, entries, ONE);
            let bytes = index.allocated_bytes();
            for n in 0..entries as u32 {
                assert!(index.insert(hash(n), n));
                index.grow(n as usize + 1, ONE);
            }
            assert_eq!(index.allocated_bytes(), bytes, "{entries}");
            assert!((0..entries as u32).all(|n| find(&index, hash(n), |_| true) == Some(n)));
        }
    }

    #[test]
    fn hashes_that_are_alike_are_refused_past_a_bound() {
        let mut index = Index::new();
        assert_eq!((0..100).filter(|n| index.insert(7, *n)).count(), ALIKE);
        // One segment, however many there are: their slots are alike, and so are their tags.
        let mut index = Index::new();
        let mut taken = 0;
        for n in 0..20_000 {
            taken += usize::from(index.insert(n << 25 | n >> 7 << 17, n));
            index.grow(n as usize, ONE);
        }
        assert!(taken <= 2 * MOST, "{taken}");
        assert!(index.segments().iter().all(|segment| segment.num_buckets() <= 2 * MOST_SLOTS));
    }
}
