//! What a bucket knows of its slots, in one word.
//!
//! # Shape       a bit for each slot, set where a row stands; above them how many those are, how many leading bits
//!   of a hash lead to the bucket, and whether a weight differs from one.
//! # Invariants  the number is that of the bits: taking and giving back a slot changes both by one addition.
//! # Not here    the rows.
//!
//! With one word for all of it, a bucket of 48 rows fits into two cache lines beside its rows, and whether it is
//! full, or thin, needs no count of bits, for which a baseline processor has no instruction.

/// The most rows of a bucket.
pub(super) const SLOTS: usize = 48;

const COUNT: u32 = SLOTS as u32;
const DEPTH: u32 = 56;
const WEIGHTED: u64 = 1 << 63;

/// The word; see the [module](self).
#[derive(Clone, Copy)]
pub(super) struct Slots(u64);

impl Slots {
    /// Full, and without a row: nothing is found here, and nothing put here.
    pub(super) const ABSENT: Self = Self((SLOTS as u64) << COUNT);

    /// No row, at a depth of at most 64.
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
        (self.0 >> COUNT & 0xff) as usize
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

    /// Gives all slots back; all weights are one then.
    pub(super) fn clear(&mut self) {
        *self = Self::empty(self.depth());
    }

    /// How many leading bits of a hash lead to the bucket.
    #[inline]
    pub(super) const fn depth(self) -> u32 {
        (self.0 >> DEPTH & 0x7f) as u32
    }

    pub(super) fn set_depth(&mut self, depth: u32) {
        debug_assert!(depth <= 64, "a hash has 64 bits");
        self.0 = self.0 & !(0x7f << DEPTH) | u64::from(depth) << DEPTH;
    }

    /// Whether a weight differs from one.
    #[inline]
    pub(super) const fn is_weighted(self) -> bool {
        self.0 & WEIGHTED != 0
    }

    pub(super) fn set_weighted(&mut self, is_weighted: bool) {
        self.0 = self.0 & !WEIGHTED | if is_weighted { WEIGHTED } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_word_do_not_touch_each_other() {
        let mut slots = Slots::empty(64);
        for slot in 0..SLOTS {
            assert!(!slots.is_full());
            assert_eq!((slots.first_free(), slots.len()), (slot, slot));
            slots.take(slot);
            slots.set_weighted(slot % 2 == 0);
            assert_eq!((slots.depth(), slots.is_weighted()), (64, slot % 2 == 0));
        }
        assert!(slots.is_full());
        assert_eq!(slots.mask(), (1 << SLOTS) - 1);
        slots.set_depth(3);
        slots.give_back(5);
        slots.give_back(47);
        assert_eq!((slots.first_free(), slots.len(), slots.depth()), (5, SLOTS - 2, 3));
        assert_eq!(slots.mask(), ((1 << 47) - 1) & !(1 << 5));
        assert!(slots.has(4) && !slots.has(5) && !slots.has(47));
        slots.set_weighted(true);
        slots.clear();
        assert_eq!((slots.mask(), slots.len(), slots.depth(), slots.is_weighted()), (0, 0, 3, false));
    }
}
