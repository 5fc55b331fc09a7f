//! What a bucket knows of its slots, in one word.
//!
//! # Shape       a bit for each slot, set where a row stands; above them how many those are, how many leading bits
//!   of a hash lead to the bucket, and flags: a weight differs from one, rows that belong here
//!   may be [spilled](super::spill) and why, the bucket is one of those that hold such rows.
//! # Invariants  the number is that of the bits: taking and giving back a slot changes both by one addition.
//! # Not here    the rows.
//!
//! With one word for all of it, a bucket of 48 rows fits into two cache lines beside its rows, and whether it is
//! full, or thin, needs no count of bits, for which a baseline processor has no instruction.

/// The most rows of a bucket.
pub(super) const SLOTS: usize = 48;

const COUNT: u32 = SLOTS as u32;
const COUNTS: u64 = 0x3f;
const DEPTH: u32 = 56;
const DEPTHS: u64 = 0x3f;
const SPILLED: u64 = 1 << 54;
const OVERFLOW: u64 = 1 << 55;
const WEIGHTED: u64 = 1 << 63;

/// The word; see the [module](self).
#[derive(Clone, Copy)]
pub(super) struct Slots(u64);

impl Slots {
    /// Full, and without a row: nothing is found here, and nothing put here.
    pub(super) const ABSENT: Self = Self((SLOTS as u64) << COUNT);

    /// No row, at a depth of at most 63.
    #[inline]
    pub(super) const fn empty(depth: u32) -> Self {
        Self((depth as u64) << DEPTH)
    }

    /// One bit for each slot with a row.
    #[inline]
    pub(super) const fn mask(self) -> u64 {
        self.0 & ((1 << SLOTS) - 1)
    }

    /// One bit for each slot without a row, and others behind the last slot.
    #[inline]
    pub(super) const fn free(self) -> u64 {
        !self.0
    }

    /// How many rows there are.
    #[inline]
    pub(super) const fn len(self) -> usize {
        (self.0 >> COUNT & COUNTS) as usize
    }

    #[inline]
    pub(super) const fn is_full(self) -> bool {
        self.len() == SLOTS
    }

    /// The first slot without a row, in a bucket that is not full.
    #[inline]
    pub(super) const fn first_free(self) -> usize {
        self.0.trailing_ones() as usize
    }

    /// The last slot with a row, in a bucket that is not empty.
    #[inline]
    pub(super) const fn last_taken(self) -> usize {
        self.mask().ilog2() as usize
    }

    /// Whether a row stands in a slot.
    #[inline]
    pub(super) const fn has(self, slot: usize) -> bool {
        self.mask() >> slot & 1 == 1
    }

    /// Takes a slot that is free.
    #[inline]
    pub(super) fn take(&mut self, slot: usize) {
        debug_assert!(!self.has(slot), "slot {slot} is taken");
        self.0 += 1 << slot | 1 << COUNT;
    }

    /// Gives a slot back that is taken.
    #[inline]
    pub(super) fn give_back(&mut self, slot: usize) {
        debug_assert!(self.has(slot), "slot {slot} is free");
        self.0 -= 1 << slot | 1 << COUNT;
    }

    /// How many leading bits of a hash lead to the bucket.
    #[inline]
    pub(super) const fn depth(self) -> u32 {
        (self.0 >> DEPTH & DEPTHS) as u32
    }

    pub(super) fn set_depth(&mut self, depth: u32) {
        debug_assert!(u64::from(depth) <= DEPTHS, "nothing has 2^63 entries");
        self.0 = self.0 & !(DEPTHS << DEPTH) | u64::from(depth) << DEPTH;
    }

    /// Whether a weight differs from one.
    #[inline]
    pub(super) const fn is_weighted(self) -> bool {
        self.0 & WEIGHTED != 0
    }

    pub(super) fn set_weighted(&mut self, is_weighted: bool) {
        self.set(WEIGHTED, is_weighted);
    }

    /// Whether rows that belong here may have been spilled.
    #[inline]
    pub(super) const fn has_spilled(self) -> bool {
        self.0 & SPILLED != 0
    }

    pub(super) fn set_spilled(&mut self, has_spilled: bool) {
        self.set(SPILLED | OVERFLOW, false);
        self.set(SPILLED, has_spilled);
    }

    /// Whether the bucket has spilled a row as it could not be split.
    #[inline]
    pub(super) const fn is_stuck(self) -> bool {
        self.0 & (SPILLED | OVERFLOW) == SPILLED | OVERFLOW
    }

    pub(super) fn set_stuck(&mut self) {
        self.set(SPILLED | OVERFLOW, true);
    }

    /// Whether the bucket is one of those for spilled rows.
    #[inline]
    pub(super) const fn is_overflow(self) -> bool {
        self.0 & (SPILLED | OVERFLOW) == OVERFLOW
    }

    pub(super) fn set_overflow(&mut self) {
        self.set(OVERFLOW, true);
    }

    /// Whether the slots are those of no bucket: full, and without a row.
    #[inline]
    pub(super) const fn is_absent(self) -> bool {
        self.is_full() && self.mask() == 0
    }

    fn set(&mut self, flag: u64, is_set: bool) {
        self.0 = self.0 & !flag | if is_set { flag } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_word_do_not_touch_each_other() {
        let mut slots = Slots::empty(63);
        for slot in 0..SLOTS {
            assert!(!slots.is_full());
            assert_eq!((slots.first_free(), slots.len()), (slot, slot));
            slots.take(slot);
            slots.set_weighted(slot % 2 == 0);
            assert_eq!((slots.depth(), slots.is_weighted()), (63, slot % 2 == 0));
        }
        assert!(slots.is_full());
        assert_eq!(slots.mask(), (1 << SLOTS) - 1);
        slots.set_depth(3);
        slots.give_back(5);
        slots.give_back(47);
        assert_eq!((slots.first_free(), slots.len(), slots.depth()), (5, SLOTS - 2, 3));
        assert_eq!(slots.mask(), ((1 << 47) - 1) & !(1 << 5));
        assert!(slots.has(4) && !slots.has(5) && !slots.has(47));
        let flags =
            |slots: &Slots| [slots.is_weighted(), slots.has_spilled(), slots.is_stuck(), slots.is_overflow()];
        slots.set_weighted(true);
        assert_eq!(flags(&slots), [true, false, false, false]);
        slots.set_weighted(false);
        slots.set_spilled(true);
        assert_eq!(flags(&slots), [false, true, false, false]);
        slots.set_stuck();
        assert_eq!(flags(&slots), [false, true, true, false]);
        slots.set_spilled(false);
        slots.set_overflow();
        assert_eq!(flags(&slots), [false, false, false, true]);
        assert_eq!((slots.len(), slots.depth()), (SLOTS - 2, 3));
        assert!(Slots::ABSENT.is_absent() && !slots.is_absent() && !Slots::empty(0).is_absent());
    }
}
