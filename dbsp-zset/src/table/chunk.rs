//! One cache line of an index: seven positions, found by their hashes at once.
//!
//! # Shape       seven hashes and seven positions, a bit for each slot that is taken, and how many positions went on to later
//!   chunks as this one was full.
//! # Cost        a lookup compares all hashes without a branch; nothing here looks at a second line.
//! # Not here    which chunk a hash belongs to, and which one comes next: see [`chunks`](super::chunks).

use dbsp_kernels::match_hashes;

/// So many positions stand in a chunk.
pub(super) const SLOTS: usize = 7;
/// All slots are taken.
const FULL: u8 = (1 << SLOTS) - 1;

/// Up to seven positions; see the [module](self).
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Chunk {
    /// One for each slot; the last one is nobody's.
    hashes: [u32; SLOTS + 1],
    positions: [u32; SLOTS],
    /// How many positions that belong here, or before, stand behind this chunk.
    passed: u16,
    /// A bit for each slot that is taken.
    taken: u8,
}

impl Chunk {
    /// Seven free slots.
    pub(super) const EMPTY: Self =
        Self { hashes: [0; SLOTS + 1], positions: [0; SLOTS], passed: 0, taken: 0 };

    /// A mask of the slots with a hash.
    #[inline(always)]
    pub(super) fn matches(&self, hash: u32) -> u8 {
        match_hashes(&self.hashes, hash) & self.taken
    }

    /// The position in a slot.
    #[inline(always)]
    pub(super) fn position(&self, slot: usize) -> u32 {
        self.positions[slot]
    }

    /// Puts another position into a slot that is taken.
    pub(super) fn set_position(&mut self, slot: usize, position: u32) {
        self.positions[slot] = position;
    }

    /// Whether no slot is free.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.taken == FULL
    }

    /// Whether what belongs here, or before, may stand behind this chunk.
    #[inline(always)]
    pub(super) fn has_passed(&self) -> bool {
        self.passed != 0
    }

    /// Notes that a position went on from here.
    #[inline(always)]
    pub(super) fn pass(&mut self) {
        self.passed = self.passed.saturating_add(1);
    }

    /// Notes that a position which went on from here is gone. A count that is full stays so until the chunk is filled anew:
    /// lookups then go on without need, but miss nothing.
    #[inline(always)]
    pub(super) fn unpass(&mut self) {
        if self.passed < u16::MAX {
            self.passed -= 1;
        }
    }

    /// Takes the first free slot of a chunk that is not full.
    #[inline(always)]
    pub(super) fn push(&mut self, hash: u32, position: u32) {
        let slot = self.taken.trailing_ones() as usize;
        (self.hashes[slot], self.positions[slot]) = (hash, position);
        self.taken |= 1 << slot;
    }

    /// Frees a slot that is taken.
    #[inline(always)]
    pub(super) fn free(&mut self, slot: usize) {
        self.taken &= !(1 << slot);
    }

    /// What stands here: hashes with their positions.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        let slots = self.hashes.into_iter().zip(self.positions).enumerate();
        let taken = self.taken;
        slots.filter(move |(slot, _)| taken >> slot & 1 == 1).map(|(_, pair)| pair)
    }

    /// Frees all slots.
    pub(super) fn clear(&mut self) {
        (self.passed, self.taken) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_one_cache_line() {
        assert_eq!((size_of::<Chunk>(), align_of::<Chunk>()), (64, 64));
    }

    #[test]
    fn slots_are_taken_found_and_freed() {
        let mut chunk = Chunk::EMPTY;
        // Free slots have the hash 0, which must not be found.
        assert_eq!(chunk.matches(0), 0);
        for n in 0..SLOTS as u32 {
            assert!(!chunk.is_full());
            chunk.push(n % 2, 10 * n);
        }
        assert!(chunk.is_full());
        assert_eq!((chunk.matches(0), chunk.matches(1), chunk.position(5)), (0b101_0101, 0b10_1010, 50));
        chunk.free(3);
        chunk.set_position(1, 11);
        assert_eq!((chunk.matches(1), chunk.iter().count()), (0b10_0010, 6));
        chunk.push(9, 90);
        assert_eq!(
            chunk.iter().collect::<Vec<_>>(),
            [(0, 0), (1, 11), (0, 20), (9, 90), (0, 40), (1, 50), (0, 60)]
        );
        chunk.pass();
        assert!(chunk.has_passed());
        chunk.unpass();
        assert!(!chunk.has_passed());
        chunk.clear();
        assert_eq!(chunk.iter().next(), None);
    }
}
