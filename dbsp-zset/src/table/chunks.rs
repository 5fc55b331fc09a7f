//! Positions by hash, of many entries: chunks of one cache line, in segments that split and merge one at a time.
//!
//! # Shape       a hash belongs to a chunk, and stands there or, where that is full, in one of those behind it; [`RING`] chunks in
//!   a ring are a segment. Linear hashing: of `n` segments, a hash belongs to the one that its bits from [`SHIFT`] on name,
//!   modulo the power of two that `n` reaches, and modulo half of it if there is no such segment yet.
//!   What finds no room in [`FAR`] chunks, as only chosen hashes do, is spilled into an ordered set.
//! # Invariants  a chunk counts the positions that went on from it, so a lookup ends where none did; what is spilled went on from
//!   all of its chunks. At most [`ALIKE`] positions have one hash: more are refused.
//! # Cost        find, insert, remove: mostly one cache miss, where a table with tags beside its slots takes two. Growth splits one
//!   segment each [`SHARE`] entries and moves nothing else, some 2 µs; shrinking merges two in the same way. Eight bytes a slot,
//!   of which 39 to 79 % are taken.
//! # Not here    few entries: see [`index`](super::index).
//!
//! Segments do not split evenly as entries come, which would leave half of them half empty: a round in which all split, one
//! after the other, starts when they are 70 % full, and ends an eighth of the entries later.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::prefetch::prefetch_one;
use crate::table::chunk::{Chunk, SLOTS};
use crate::table::index::ALIKE;

/// The low bits of a hash choose a chunk of a segment, those from this one on the segment.
const SHIFT: u32 = 6;
/// A segment has so many chunks.
const RING: usize = 1 << SHIFT;
/// A round of splits starts when there are so many entries for each segment, 70 % of their slots: at 79 %, its end, a segment
/// of an average hash is full once in some million.
const START: usize = RING * SLOTS * 7 / 10;
/// In a round one segment splits when so many entries have come: the round takes an eighth of all.
const SHARE: usize = START / 8;
/// Segments merge where there are so few entries for each: hysteresis, so that a table that swings allocates nothing.
const LOW: usize = RING * SLOTS / 7;
/// So many chunks are one piece of memory, of 64 KiB, which is made when something comes to stand there: to touch a megabyte for
/// the first time takes half a millisecond.
const PIECE: usize = 16 * RING;
/// In so many chunks, from the one that it belongs to on, a position may stand.
const FAR: usize = 16;

/// Positions by hash; see the [module](self).
#[derive(Clone, Default)]
pub(super) struct Chunks {
    pieces: Vec<Box<[Chunk]>>,
    /// How many segments there are.
    segments: usize,
    /// The power of two that they reach, less one.
    mask: usize,
    /// With more entries than these a segment splits.
    most: usize,
    /// What has no room in its chunks: [orders](order) of hashes, with positions.
    spilled: BTreeSet<(u32, u32)>,
}

/// A position that was found.
pub(crate) struct Found<'a> {
    spot: Spot<'a>,
    hash: u32,
    slot: usize,
    position: u32,
}

/// Room for a position, where none was found.
pub(crate) struct Vacancy<'a> {
    spot: Spot<'a>,
    hash: u32,
}

/// Where to put a position, or where it stands.
enum Spot<'a> {
    /// In the chunk that its hash belongs to, as mostly.
    Home(&'a mut Chunk),
    /// Elsewhere, where it stands already, or where there is room.
    Elsewhere(&'a mut Chunks),
}

impl Found<'_> {
    #[inline]
    pub(super) fn position(&self) -> u32 {
        self.position
    }

    /// Removes the position, and gives it.
    #[inline]
    pub(super) fn remove(self) -> u32 {
        match self.spot {
            Spot::Home(chunk) => chunk.free(self.slot),
            Spot::Elsewhere(chunks) => _ = chunks.remove(self.hash, self.position),
        }
        self.position
    }
}

impl Vacancy<'_> {
    /// Puts a position there.
    #[inline]
    pub(super) fn fill(self, position: u32) {
        match self.spot {
            Spot::Home(chunk) => chunk.push(self.hash, position),
            Spot::Elsewhere(chunks) => chunks.place(self.hash, position),
        }
    }
}

/// How many entries may be in so many segments before one splits.
const fn most(segments: usize) -> usize {
    let halves = 1 << segments.ilog2();
    START * halves + SHARE * (segments - halves)
}

/// The fewest segments that so many entries need.
fn segments_for(entries: usize) -> usize {
    let mut segments = 1;
    while most(segments) + SHARE * segments < entries {
        segments *= 2;
    }
    segments + entries.saturating_sub(most(segments)).div_ceil(SHARE)
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { pieces: Vec::new(), segments: 0, mask: 0, most: 0, spilled: BTreeSet::new() }
    }

    /// Whether there is no segment.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.segments == 0
    }

    /// Which chunk a hash belongs to.
    #[inline(always)]
    pub(super) fn home(&self, hash: u32) -> usize {
        let bits = (hash >> SHIFT) as usize;
        // No branch, which could not be predicted.
        let segment = bits & self.mask >> u32::from(bits & self.mask >= self.segments);
        segment << SHIFT | hash as usize & (RING - 1)
    }

    /// The chunk behind one in its ring.
    #[inline(always)]
    const fn next(at: usize) -> usize {
        at & !(RING - 1) | (at + 1) & (RING - 1)
    }

    #[inline(always)]
    fn chunk(&self, at: usize) -> &Chunk {
        const NONE: &Chunk = &Chunk::EMPTY;
        self.pieces[at / PIECE].get(at % PIECE).unwrap_or(NONE)
    }

    #[inline(always)]
    fn chunk_mut(&mut self, at: usize) -> &mut Chunk {
        let piece = &mut self.pieces[at / PIECE];
        if piece.is_empty() {
            *piece = make_piece();
        }
        &mut piece[at % PIECE]
    }

    /// Asks for the chunk that a hash belongs to, and gives it.
    #[inline(always)]
    pub(super) fn prefetch(&self, hash: u32) -> usize {
        let home = self.home(hash);
        prefetch_one(self.chunk(home));
        home
    }

    /// The first position under a hash that `is_it` accepts.
    #[inline(always)]
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.find_at(self.home(hash), hash, is_it)
    }

    /// As [`find`](Self::find), with the chunk that the hash belongs to.
    #[inline(always)]
    pub(super) fn find_at(&self, home: usize, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let chunk = self.chunk(home);
        let mut mask = chunk.matches(hash);
        while mask != 0 {
            let position = chunk.position(mask.trailing_zeros() as usize);
            if is_it(position) {
                return Some(position);
            }
            mask &= mask - 1;
        }
        if chunk.has_passed() { self.find_behind(home, hash, is_it) } else { None }
    }

    /// As [`find`](Self::find), where more than one chunk has to be looked at.
    #[inline(never)]
    fn find_behind(&self, home: usize, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.search(home, hash, is_it).ok().map(|(_, position)| position)
    }

    /// Where the first position stands under a hash that `is_it` accepts, and that position; or how many it did not accept.
    #[inline(always)]
    fn search(&self, home: usize, hash: u32, is_it: impl Fn(u32) -> bool) -> Result<(Place, u32), usize> {
        let (mut at, mut met) = (home, 0);
        for _ in 0..FAR {
            let chunk = self.chunk(at);
            let mut mask = chunk.matches(hash);
            while mask != 0 {
                let slot = mask.trailing_zeros() as usize;
                let position = chunk.position(slot);
                if is_it(position) {
                    return Ok((Place::Slot(at, slot), position));
                }
                met += 1;
                mask &= mask - 1;
            }
            if !chunk.has_passed() {
                return Err(met);
            }
            at = Self::next(at);
        }
        for (_, position) in self.spilled.range((order(hash), 0)..=(order(hash), u32::MAX)) {
            if is_it(*position) {
                return Ok((Place::Spilled, *position));
            }
            met += 1;
        }
        Err(met)
    }

    /// The first position under a hash that `is_it` accepts, or room for one. There is none where hashes look chosen:
    /// then no position with it is taken in.
    #[inline(always)]
    pub(super) fn entry(
        &mut self,
        hash: u32,
        is_it: impl Fn(u32) -> bool,
    ) -> Result<Found<'_>, Option<Vacancy<'_>>> {
        let home = self.home(hash);
        let chunk = self.chunk(home);
        let mut mask = chunk.matches(hash);
        while mask != 0 {
            let slot = mask.trailing_zeros() as usize;
            let position = chunk.position(slot);
            if is_it(position) {
                let spot = Spot::Home(self.chunk_mut(home));
                return Ok(Found { spot, hash, slot, position });
            }
            mask &= mask - 1;
        }
        if chunk.has_passed() || chunk.is_full() {
            return self.entry_behind(home, hash, is_it);
        }
        Err(Some(Vacancy { spot: Spot::Home(self.chunk_mut(home)), hash }))
    }

    /// As [`entry`](Self::entry), where more than one chunk has to be looked at.
    #[inline(never)]
    fn entry_behind(
        &mut self,
        home: usize,
        hash: u32,
        is_it: impl Fn(u32) -> bool,
    ) -> Result<Found<'_>, Option<Vacancy<'_>>> {
        match self.search(home, hash, is_it) {
            Ok((Place::Slot(at, slot), position)) if at == home => {
                Ok(Found { spot: Spot::Home(self.chunk_mut(home)), hash, slot, position })
            }
            Ok((_, position)) => Ok(Found { spot: Spot::Elsewhere(self), hash, slot: 0, position }),
            Err(met) if met >= ALIKE => Err(None),
            Err(_) => Err(Some(Vacancy { spot: Spot::Elsewhere(self), hash })),
        }
    }

    /// Adds a position that is not here, and has a hash that fewer than [`ALIKE`] others have.
    #[inline]
    pub(super) fn place(&mut self, hash: u32, position: u32) {
        let mut at = self.home(hash);
        for _ in 0..FAR {
            let chunk = self.chunk_mut(at);
            if !chunk.is_full() {
                chunk.push(hash, position);
                return;
            }
            chunk.pass();
            at = Self::next(at);
        }
        self.spill(hash, position);
    }

    #[cold]
    fn spill(&mut self, hash: u32, position: u32) {
        self.spilled.insert((order(hash), position));
    }

    /// Adds a position under a hash, unless [`ALIKE`] have it already.
    #[must_use]
    pub(super) fn insert(&mut self, hash: u32, position: u32) -> bool {
        match self.entry(hash, |_| false) {
            Err(Some(vacancy)) => {
                vacancy.fill(position);
                true
            }
            _ => false,
        }
    }

    /// Puts another position in the place of one; whether that one is here.
    pub(super) fn replace(&mut self, hash: u32, before: u32, after: u32) -> bool {
        match self.search(self.home(hash), hash, |position| position == before) {
            Ok((Place::Slot(at, slot), _)) => self.chunk_mut(at).set_position(slot, after),
            Ok((Place::Spilled, _)) => {
                self.spilled.remove(&(order(hash), before));
                self.spill(hash, after);
            }
            Err(_) => return false,
        }
        true
    }

    /// Removes a position; whether it was here.
    pub(super) fn remove(&mut self, hash: u32, position: u32) -> bool {
        let home = self.home(hash);
        let Ok((place, _)) = self.search(home, hash, |found| found == position) else { return false };
        let until = match place {
            Place::Slot(at, slot) => {
                self.chunk_mut(at).free(slot);
                Some(at)
            }
            Place::Spilled => {
                self.spilled.remove(&(order(hash), position));
                None
            }
        };
        let mut passed = home;
        for _ in 0..FAR {
            if Some(passed) == until {
                break;
            }
            self.chunk_mut(passed).unpass();
            passed = Self::next(passed);
        }
        true
    }

    /// Makes as many empty segments as so many entries need.
    pub(super) fn build(&mut self, entries: usize) {
        self.pieces.clear();
        self.resize(segments_for(entries));
    }

    /// Makes room for so many segments. Those that come are empty, and those that go have to be.
    fn resize(&mut self, segments: usize) {
        let pieces = (segments * RING).div_ceil(PIECE);
        self.pieces.resize_with(pieces, Box::default);
        self.segments = segments;
        self.mask = segments.next_power_of_two() - 1;
        self.most = most(segments);
    }

    /// Splits a segment if there are too many entries for those that there are.
    #[inline(always)]
    pub(super) fn grow(&mut self, entries: usize) {
        if entries > self.most {
            self.split();
        }
    }

    /// Makes one segment more, of those positions of its parent that belong there.
    #[inline(never)]
    fn split(&mut self) {
        let last = self.segments;
        self.move_segment(parent(last), last.ilog2(), last + 1);
    }

    /// Places all positions of a segment anew, where there are so many segments. So many bits of a hash say that it belongs to
    /// the segment.
    fn move_segment(&mut self, segment: usize, bits: u32, segments: usize) {
        let at = segment * RING;
        let mut moving = [Chunk::EMPTY; RING];
        if let Some(chunks) = self.pieces[at / PIECE].get_mut(at % PIECE..at % PIECE + RING) {
            moving.swap_with_slice(chunks);
        }
        let spilled = if self.spilled.is_empty() { Vec::new() } else { self.unspill(segment, bits) };
        self.resize(segments);
        moving.iter().flat_map(Chunk::iter).for_each(|(hash, position)| self.place(hash, position));
        spilled.into_iter().for_each(|(hash, position)| self.place(hash, position));
    }

    /// Takes out what is spilled of a segment: hashes and positions.
    #[cold]
    fn unspill(&mut self, segment: usize, bits: u32) -> Vec<(u32, u32)> {
        let orders = orders(segment, bits);
        let spilled = self.spilled.range((*orders.start(), 0)..=(*orders.end(), u32::MAX)).copied();
        let spilled: Vec<(u32, u32)> = spilled.collect();
        spilled.iter().for_each(|entry| _ = self.spilled.remove(entry));
        spilled.into_iter().map(|(order, position)| (hash_of_order(order), position)).collect()
    }

    /// Whether there are so few entries that segments may be merged.
    #[inline(always)]
    pub(super) fn is_sparse(&self, entries: usize) -> bool {
        entries < LOW * self.segments
    }

    /// Merges up to so many pairs of segments if there are few entries for those that there are.
    #[inline(never)]
    pub(super) fn merge(&mut self, entries: usize, pairs: usize) {
        for _ in 0..pairs {
            let last = self.segments - 1;
            if last == 0 || !self.is_sparse(entries) {
                return;
            }
            self.move_segment(last, last.ilog2() + 1, last);
        }
    }

    /// Whether hashes looked chosen: some have no room in their chunks.
    pub(super) fn has_spilled(&self) -> bool {
        !self.spilled.is_empty()
    }

    /// All hashes with their positions.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        let spilled = self.spilled.iter().map(|(order, position)| (hash_of_order(*order), *position));
        self.pieces.iter().flat_map(|piece| piece.iter()).flat_map(Chunk::iter).chain(spilled)
    }

    /// Removes every position and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.pieces.iter_mut().flat_map(|piece| piece.iter_mut()).for_each(Chunk::clear);
        self.spilled.clear();
    }

    /// How many slots emptying has to go through.
    pub(super) fn slot_count(&self) -> usize {
        self.segments * RING * SLOTS
    }

    /// Of the ordered set about so many: its nodes are two thirds full.
    pub(super) fn allocated_bytes(&self) -> usize {
        let chunks: usize = self.pieces.iter().map(|piece| piece.len()).sum();
        let pieces = chunks * size_of::<Chunk>() + self.pieces.capacity() * size_of::<Box<[Chunk]>>();
        pieces + self.spilled.len() * 12
    }
}

#[cold]
#[inline(never)]
fn make_piece() -> Box<[Chunk]> {
    vec![Chunk::EMPTY; PIECE].into_boxed_slice()
}

/// Where a position stands.
enum Place {
    /// In a slot of a chunk.
    Slot(usize, usize),
    Spilled,
}

/// A number for each hash so that those of one segment follow each other, however many there are.
fn order(hash: u32) -> u32 {
    hash.rotate_right(SHIFT).reverse_bits()
}

/// The hash that has such an [order].
fn hash_of_order(order: u32) -> u32 {
    order.reverse_bits().rotate_left(SHIFT)
}

/// The orders of all hashes that so many bits lead to a segment.
fn orders(segment: usize, bits: u32) -> RangeInclusive<u32> {
    let first = (segment as u32).reverse_bits();
    first..=first | u32::MAX.unbounded_shr(bits)
}

/// The segment that becomes two when segment `last` is made.
fn parent(last: usize) -> usize {
    last ^ 1 << last.ilog2()
}

#[cfg(test)]
mod tests;
