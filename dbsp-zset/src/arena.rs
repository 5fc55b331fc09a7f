//! An arena of small blocks: room for many short lists whose lengths keep changing.
//!
//! # Shape       chunks of doubling size that never move; a block is 2, 4, 8, 16 or 32 slots of one
//!   chunk, aligned to its size; freed blocks wait in a list per size.
//! # Invariants  a [`Block`] belongs to the arena that made it; its first `len` slots are filled.
//! # Cost        push and remove O(1), or the length of the block where it changes its size.
//! # Not here    the arena does not know which blocks are alive: their owner releases them. A
//!   block that is forgotten leaks its values and is never unsound.
//!
//! One heap cell per key, as a table of vectors has it, costs an allocation for each new key and
//! each outgrown vector. Here a step that changes as many rows as it frees finds all its blocks in
//! the free lists and allocates nothing.
#![allow(unsafe_code, reason = "slots are uninitialised until their block fills them")]

use std::mem::MaybeUninit;

/// How many sizes of blocks there are: 2, 4, 8, 16, 32 slots.
const CLASSES: usize = 5;
/// Slots of the first chunk; each further chunk has twice as many as the one before.
const FIRST_CHUNK: usize = 64;
/// The most values a block can hold.
pub(crate) const LARGEST_BLOCK: usize = 2 << (CLASSES - 1);

/// A store of values in small blocks; see the [module](self).
pub(crate) struct Arena<T> {
    chunks: Vec<Box<[MaybeUninit<T>]>>,
    /// Slots handed out so far, over all chunks.
    used: usize,
    free: [FreeBlocks; CLASSES],
}

/// The freed blocks of one size.
struct FreeBlocks {
    offsets: Vec<u32>,
    /// How many blocks of this size there are, freed or not: `offsets` has room for them all, so that
    /// freeing a block never allocates.
    made: usize,
}

impl FreeBlocks {
    const fn new() -> Self {
        Self { offsets: Vec::new(), made: 0 }
    }

    /// Makes room for the offsets of further blocks.
    fn made(&mut self, blocks: usize) {
        self.made += blocks;
        let missing = (self.made - self.offsets.len()).max(FIRST_CHUNK);
        self.offsets.reserve(missing);
    }
}

/// A short list whose values stand in an [`Arena`].
pub(crate) struct Block {
    offset: u32,
    len: u8,
    class: u8,
}

impl Block {
    /// How many values the block holds.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    fn capacity(&self) -> usize {
        2 << self.class
    }
}

impl<T> Arena<T> {
    /// An arena without memory.
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), used: 0, free: [const { FreeBlocks::new() }; CLASSES] }
    }

    /// A block that holds `first` and `second`.
    pub(crate) fn block_of_two(&mut self, first: T, second: T) -> Block {
        let mut block = Block { offset: self.take(0), len: 0, class: 0 };
        self.push(&mut block, first);
        self.push(&mut block, second);
        block
    }

    /// The values of a block.
    #[inline]
    pub(crate) fn slice(&self, block: &Block) -> &[T] {
        let (chunk, start) = place(block.offset as usize);
        let slots: *const [MaybeUninit<T>] = &self.chunks[chunk][start..start + block.len()];
        // SAFETY: the first `len` slots of a block are filled: push() fills slot `len` before it
        // counts it, swap_remove() and release() stop counting a slot before they empty it. A slot
        // has the layout of its value, and the borrow of the arena outlives the slice.
        unsafe { &*(slots as *const [T]) }
    }

    /// The values of a block, with leave to change them.
    #[inline]
    pub(crate) fn slice_mut(&mut self, block: &Block) -> &mut [T] {
        let (chunk, start) = place(block.offset as usize);
        let slots: *mut [MaybeUninit<T>] = &mut self.chunks[chunk][start..start + block.len()];
        // SAFETY: as in slice(); the arena is borrowed mutably, so no other slice of it lives.
        unsafe { &mut *(slots as *mut [T]) }
    }

    /// Appends a value, moving the block to the next size if it is full.
    ///
    /// # Panics
    /// If the block already holds [`LARGEST_BLOCK`] values.
    pub(crate) fn push(&mut self, block: &mut Block, value: T) {
        if block.len() == block.capacity() {
            assert!(block.len() < LARGEST_BLOCK, "a full block of the largest size cannot grow");
            self.resize(block, block.class + 1);
        }
        let (chunk, start) = place(block.offset as usize);
        self.chunks[chunk][start + block.len()].write(value);
        block.len += 1;
    }

    /// Removes the value at `position`; the last value moves there. A block that is a quarter full
    /// moves to the next smaller size.
    ///
    /// # Panics
    /// If the block holds no value at `position`.
    pub(crate) fn swap_remove(&mut self, block: &mut Block, position: usize) -> T {
        let last = block.len() - 1;
        self.slice_mut(block).swap(position, last);
        block.len -= 1;
        let (chunk, start) = place(block.offset as usize);
        // SAFETY: the slot at `last` was filled, and the block has just stopped counting it, so
        // that nothing reads it again before a push() fills it.
        let value = unsafe { self.chunks[chunk][start + last].assume_init_read() };
        if block.class > 0 && block.len() * 4 <= block.capacity() {
            self.resize(block, block.class - 1);
        }
        value
    }

    /// Drops the values of a block and takes its slots back.
    pub(crate) fn release(&mut self, mut block: Block) {
        while block.len > 0 {
            block.len -= 1;
            let (chunk, start) = place(block.offset as usize);
            let slot = &mut self.chunks[chunk][start + block.len()];
            // SAFETY: the slot at `len` was filled, and the block has just stopped counting it.
            unsafe { slot.assume_init_drop() };
        }
        self.free[block.class as usize].offsets.push(block.offset);
    }

    /// Bytes of memory the arena owns itself, not counting what its values own.
    pub(crate) fn allocated_bytes(&self) -> usize {
        let slots: usize = self.chunks.iter().map(|chunk| chunk.len()).sum();
        let free: usize = self.free.iter().map(|free| free.offsets.capacity()).sum();
        slots * size_of::<T>() + free * size_of::<u32>()
    }

    /// Moves the values of a block to one of another size that has room for them.
    fn resize(&mut self, block: &mut Block, class: u8) {
        let offset = self.take(class as usize);
        let (from, to) = (place(block.offset as usize), place(offset as usize));
        for i in 0..block.len() {
            // SAFETY: slot i < len of the old block is filled. Its value is moved out here and the
            // old block is given up below, so nothing reads that slot again; `len` is unchanged and
            // the slots of the new block are filled in the same order. Nothing in between can panic:
            // both places lie inside their chunks, as take() hands out whole blocks.
            let value = unsafe { self.chunks[from.0][from.1 + i].assume_init_read() };
            self.chunks[to.0][to.1 + i].write(value);
        }
        self.free[block.class as usize].offsets.push(block.offset);
        block.offset = offset;
        block.class = class;
    }

    /// An unused block of a size: a freed one, else half of a larger one, else fresh slots.
    fn take(&mut self, class: usize) -> u32 {
        if let Some(offset) = self.free[class].offsets.pop() {
            return offset;
        }
        if class + 1 < CLASSES {
            let whole = self.take(class + 1);
            self.free[class + 1].made -= 1;
            self.free[class].made(2);
            self.free[class].offsets.push(whole + (2 << class));
            return whole;
        }
        let offset = self.used;
        let end = u32::try_from(offset + LARGEST_BLOCK).expect("an arena holds at most u32::MAX slots");
        if place(offset).0 == self.chunks.len() {
            self.chunks.push(Box::new_uninit_slice(FIRST_CHUNK << self.chunks.len()));
        }
        self.used = end as usize;
        self.free[class].made(1);
        offset as u32
    }
}

/// The chunk of an offset, and the place in it.
#[inline]
fn place(offset: usize) -> (usize, usize) {
    let shifted = offset + FIRST_CHUNK;
    let chunk = (shifted.ilog2() - FIRST_CHUNK.ilog2()) as usize;
    (chunk, shifted - (FIRST_CHUNK << chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn places_follow_each_other_through_doubling_chunks() {
        assert_eq!(place(0), (0, 0));
        assert_eq!(place(63), (0, 63));
        assert_eq!(place(64), (1, 0));
        assert_eq!(place(191), (1, 127));
        assert_eq!(place(192), (2, 0));
    }

    #[test]
    fn blocks_grow_and_shrink_and_drop_each_value_once() {
        let witness = Rc::new(());
        let mut arena = Arena::new();
        let mut blocks = Vec::new();
        for n in 0..100 {
            let mut block = arena.block_of_two((n, Rc::clone(&witness)), (n + 1, Rc::clone(&witness)));
            for i in 2..LARGEST_BLOCK {
                arena.push(&mut block, (n + i, Rc::clone(&witness)));
            }
            blocks.push((n, block));
        }
        assert_eq!(Rc::strong_count(&witness), 1 + 100 * LARGEST_BLOCK);
        for (n, block) in &mut blocks {
            assert!(arena.slice(block).iter().map(|row| row.0).eq(*n..*n + LARGEST_BLOCK));
            while block.len() > 1 {
                let last = block.len() - 1;
                assert_eq!(arena.swap_remove(block, last).0, *n + last);
            }
            assert_eq!((arena.slice(block)[0].0, block.class), (*n, 0));
        }
        let used = arena.used;
        for (_, block) in blocks {
            arena.release(block);
        }
        assert_eq!(Rc::strong_count(&witness), 1);
        for n in 0..100 {
            let block = arena.block_of_two((n, Rc::clone(&witness)), (n, Rc::clone(&witness)));
            arena.release(block);
        }
        assert_eq!(arena.used, used, "freed blocks serve again");
    }
}
