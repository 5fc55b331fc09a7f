//! Blocks that no bucket has.
//!
//! # Shape       shelves with room for 512 blocks each, and for all blocks that there are: giving one back allocates nothing,
//!   and no list of all of them doubles.
//! # Cost        take, give: O(1). A block is allocated where none is left, with a few to spare: they serve later steps, in
//!   which some buckets grow as others shrink. A step makes a bounded number of those. More than a few, and more than half of
//!   all, are not kept.
//! # Not here    what stands in a block: one that is given keeps it, and one that is taken may have it. Rows that own
//!   something are gone before.

use crate::indexed::buckets::bucket::{BLOCK, Block};

/// So many blocks at most are free after a step that had to make some,
const MOST: usize = 32;
/// and one for so many that there are.
const SHARE: usize = 64;
/// So many bytes of blocks are made to spare in a step.
const BYTES_A_STEP: usize = 1 << 14;
/// How many blocks a shelf holds.
const SHELF: usize = 512;

/// Blocks kept to be used again; see the [module](self).
#[derive(Clone)]
pub(super) struct Spare<T> {
    /// All full but the last of those that are in use.
    shelves: Vec<Vec<Block<T>>>,
    free: usize,
    /// How many there are, with those of buckets.
    made: usize,
    /// Whether some were made since there were last spare ones.
    is_short: bool,
    /// So many are free, at least, after a step that had to make some.
    least: usize,
}

impl<T> Spare<T> {
    pub(super) const fn at_least(least: usize) -> Self {
        Self { shelves: Vec::new(), free: 0, made: 0, is_short: false, least }
    }

    /// How many blocks there are, with those of buckets.
    #[cfg(test)]
    pub(super) fn made(&self) -> usize {
        self.made
    }

    /// How many blocks no bucket has.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.free
    }

    /// Bytes of all blocks, also of those of buckets.
    pub(super) fn allocated_bytes(&self) -> usize {
        let room: usize = self.shelves.iter().map(Vec::capacity).sum();
        self.made * BLOCK * size_of::<T>()
            + room * size_of::<Block<T>>()
            + self.shelves.capacity() * size_of::<Vec<Block<T>>>()
    }

    /// Keeps a block, unless many, and more than half of all, are free; without feature `pool` none is kept.
    #[inline(never)]
    pub(super) fn give(&mut self, block: Block<T>) {
        let is_enough = self.free > MOST + self.least && 2 * self.free > self.made;
        if is_enough || cfg!(not(feature = "pool")) {
            self.made -= 1;
            // One of those that were free goes, too: they become fewer as the others do.
            if self.pop().is_some() {
                self.made -= 1;
            }
            if self.shelves.len() > self.made.div_ceil(SHELF) + 1 {
                // The blocks that are free have room in the others: they are fewer than all.
                self.shelves.pop();
            }
        } else {
            self.put(block);
        }
    }

    /// Keeps all of some blocks.
    pub(super) fn give_all(&mut self, blocks: impl Iterator<Item = Block<T>>) {
        blocks.for_each(|block| self.put(block));
    }

    fn pop(&mut self) -> Option<Block<T>> {
        let last = self.free.checked_sub(1)?;
        self.free = last;
        self.shelves[last / SHELF].pop()
    }

    fn put(&mut self, block: Block<T>) {
        if self.free / SHELF == self.shelves.len() {
            self.shelves.push(Vec::new());
        }
        self.shelves[self.free / SHELF].push(block);
        self.free += 1;
    }
}

impl<T: Clone> Spare<T> {
    /// A block in which anything may stand; a new one is filled.
    #[cold]
    pub(super) fn take(&mut self, fill: &T) -> Block<T> {
        self.pop().unwrap_or_else(|| {
            self.made += 1;
            self.is_short = true;
            filled(fill)
        })
    }

    /// To be called at the end of a step that took so many rows: makes a few blocks to spare if there were not enough.
    #[inline]
    pub(super) fn make(&mut self, fill: &T, rows: usize) {
        if cfg!(feature = "pool") && self.is_short {
            self.fill_up(fill, rows);
        }
    }

    #[inline(never)]
    fn fill_up(&mut self, fill: &T, rows: usize) {
        let spare = (self.made / 4).min(MOST + self.made / SHARE).max(self.least);
        let block = BLOCK * size_of::<T>().max(1);
        let budget = (BYTES_A_STEP / block).max(4) + rows / BLOCK;
        let more = spare.saturating_sub(self.free).min(budget);
        for _ in 0..more {
            self.put(filled(fill));
            self.made += 1;
        }
        self.is_short = self.free < spare;
        // Room for all of them: giving them back does not allocate.
        let shelves = self.made.div_ceil(SHELF);
        while self.shelves.len() < shelves {
            self.shelves.push(Vec::new());
        }
        for (at, shelf) in self.shelves.iter_mut().enumerate().rev() {
            let room = SHELF.min(self.made.saturating_sub(at * SHELF));
            if shelf.capacity() >= SHELF {
                break;
            }
            shelf.reserve(room.saturating_sub(shelf.len()));
        }
    }
}

/// A block made where it stays: rows may be larger than a stack.
fn filled<T: Clone>(fill: &T) -> Block<T> {
    let filled: Vec<T> = vec![fill.clone(); BLOCK];
    Box::try_from(filled).ok().expect("a vector has as many as it was made with")
}
