//! Blocks that no bucket has.
//!
//! # Cost        take, give: O(1). A block is allocated where none is left, with a few to spare: they serve later steps, in
//!   which some buckets grow as others shrink. More than a few, and more than half of all, are not kept.
//! # Not here    what stands in a block: one that is given keeps it, and one that is taken may have it. Rows that own
//!   something are gone before.

use crate::indexed::buckets::bucket::{BLOCK, Block};

/// So many blocks at most are free after a step that had to make some,
const MOST: usize = 32;
/// and one for so many that there are.
const SHARE: usize = 64;

/// Blocks kept to be used again; see the [module](self).
#[derive(Clone)]
pub(super) struct Spare<T> {
    free: Vec<Block<T>>,
    /// How many there are, with those of buckets.
    made: usize,
    /// Whether some were made since there were last spare ones.
    is_short: bool,
    /// So many are free, at least, after a step that had to make some.
    least: usize,
}

impl<T> Spare<T> {
    pub(super) const fn at_least(least: usize) -> Self {
        Self { free: Vec::new(), made: 0, is_short: false, least }
    }

    /// How many blocks there are, with those of buckets.
    #[cfg(test)]
    pub(super) fn made(&self) -> usize {
        self.made
    }

    /// How many blocks no bucket has.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.free.len()
    }

    /// Bytes of all blocks, also of those of buckets.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.made * BLOCK * size_of::<T>() + self.free.capacity() * size_of::<Block<T>>()
    }

    /// Keeps a block, unless many, and more than half of all, are free; without feature `pool` none is kept.
    #[inline(never)]
    pub(super) fn give(&mut self, block: Block<T>) {
        let is_enough = self.free.len() > MOST + self.least && 2 * self.free.len() > self.made;
        if is_enough || cfg!(not(feature = "pool")) {
            self.made -= 1;
        } else {
            self.free.push(block);
        }
    }

    /// Keeps all of some blocks.
    pub(super) fn give_all(&mut self, blocks: impl Iterator<Item = Block<T>>) {
        self.free.extend(blocks);
    }
}

impl<T: Clone> Spare<T> {
    /// A block in which anything may stand; a new one is filled.
    #[cold]
    pub(super) fn take(&mut self, fill: &T) -> Block<T> {
        self.free.pop().unwrap_or_else(|| {
            self.made += 1;
            self.is_short = true;
            filled(fill)
        })
    }

    /// To be called at the end of a step: makes a few blocks to spare if there were not enough.
    #[inline]
    pub(super) fn make(&mut self, fill: &T) {
        if cfg!(feature = "pool") && self.is_short {
            self.fill_up(fill);
        }
    }

    #[inline(never)]
    fn fill_up(&mut self, fill: &T) {
        self.is_short = false;
        let spare = (self.made / 4).min(MOST + self.made / SHARE).max(self.least);
        while self.free.len() < spare {
            self.free.push(filled(fill));
            self.made += 1;
        }
        // Room for all of them: giving them back does not allocate.
        self.free.reserve(self.made - self.free.len());
    }
}

/// A block made where it stays: rows may be larger than a stack.
fn filled<T: Clone>(fill: &T) -> Block<T> {
    let filled: Vec<T> = vec![fill.clone(); BLOCK];
    Box::try_from(filled).ok().expect("a vector has as many as it was made with")
}
