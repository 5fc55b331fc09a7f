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
    /// Slots at the end of the last chunk that were never part of a block.
    unused: usize,
    free: [FreeBlocks; CLASSES],
}

/// The freed blocks of one size.
struct FreeBlocks {
    places: Vec<Place>,
    /// How many blocks of this size there are, freed or not: `places` has room for them all, so that
    /// freeing a block never allocates.
    made: usize,
}

impl FreeBlocks {
    const fn new() -> Self {
        Self { places: Vec::new(), made: 0 }
    }

    /// Makes room for the places of further blocks.
    fn made(&mut self, blocks: usize) {
        self.made += blocks;
        let missing = (self.made - self.places.len()).max(FIRST_CHUNK);
        self.places.reserve(missing);
    }
}

/// A short list whose values stand in an [`Arena`].
pub(crate) struct Block {
    place: Place,
    len: u8,
    class: u8,
}

/// Where a block begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    chunk: u8,
    start: u32,
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
        Self { chunks: Vec::new(), unused: 0, free: [const { FreeBlocks::new() }; CLASSES] }
    }

    /// A block that holds `first` and `second`.
    pub(crate) fn block_of_two(&mut self, first: T, second: T) -> Block {
        let mut block = Block { place: self.take(0), len: 0, class: 0 };
        self.push(&mut block, first);
        self.push(&mut block, second);
        block
    }

    /// The values of a block.
    #[inline]
    pub(crate) fn slice(&self, block: &Block) -> &[T] {
        let Place { chunk, start } = block.place;
        let slots: *const [MaybeUninit<T>] =
            &self.chunks[usize::from(chunk)][start as usize..][..block.len()];
        // SAFETY: the first `len` slots of a block are filled: push() fills slot `len` before it
        // counts it, swap_remove() and release() stop counting a slot before they empty it. A slot
        // has the layout of its value, and the borrow of the arena outlives the slice.
        unsafe { &*(slots as *const [T]) }
    }

    /// The values of a block, with leave to change them.
    #[inline]
    pub(crate) fn slice_mut(&mut self, block: &Block) -> &mut [T] {
        let Place { chunk, start } = block.place;
        let slots: *mut [MaybeUninit<T>] =
            &mut self.chunks[usize::from(chunk)][start as usize..][..block.len()];
        // SAFETY: as in slice(); the arena is borrowed mutably, so no other slice of it lives.
        unsafe { &mut *(slots as *mut [T]) }
    }

    /// Appends a value, moving the block to the next size if it is full.
    ///
    /// # Panics
    /// If the block already holds [`LARGEST_BLOCK`] values.
    #[inline]
    pub(crate) fn push(&mut self, block: &mut Block, value: T) {
        if block.len() == block.capacity() {
            assert!(block.len() < LARGEST_BLOCK, "a full block of the largest size cannot grow");
            self.resize(block, block.class + 1);
        }
        self.slot(block.place, block.len()).write(value);
        block.len += 1;
    }

    /// Removes the value at `position`; the last value moves there. A block that is a quarter full
    /// moves to the next smaller size.
    ///
    /// # Panics
    /// If the block holds no value at `position`.
    #[inline]
    pub(crate) fn swap_remove(&mut self, block: &mut Block, position: usize) -> T {
        let Place { chunk, start } = block.place;
        let slots = &mut self.chunks[usize::from(chunk)][start as usize..][..block.len()];
        let last = slots.len() - 1;
        block.len -= 1;
        // SAFETY: the slot at `position` is one of the block's filled ones, as indexing has checked. It
        // is filled anew below, unless it is the last one, which the block no longer counts.
        let value = unsafe { slots[position].assume_init_read() };
        // SAFETY: the slot at `last` is filled, and the block has just stopped counting it. If it is the
        // one at `position`, its copy goes back to where nothing will read or drop it.
        let moved = unsafe { slots[last].assume_init_read() };
        slots[position].write(moved);
        if block.class > 0 && block.len() * 4 <= block.capacity() {
            self.resize(block, block.class - 1);
        }
        value
    }

    /// Drops the values of a block and takes its slots back.
    pub(crate) fn release(&mut self, mut block: Block) {
        while block.len > 0 {
            block.len -= 1;
            let slot = self.slot(block.place, block.len());
            // SAFETY: the slot at `len` was filled, and the block has just stopped counting it.
            unsafe { slot.assume_init_drop() };
        }
        self.free[block.class as usize].places.push(block.place);
    }

    /// Bytes of memory the arena owns itself, not counting what its values own.
    pub(crate) fn allocated_bytes(&self) -> usize {
        let slots: usize = self.chunks.iter().map(|chunk| chunk.len()).sum();
        let free: usize = self.free.iter().map(|free| free.places.capacity()).sum();
        slots * size_of::<T>() + free * size_of::<Place>()
    }

    /// Moves the values of a block to one of another size that has room for them.
    #[inline(never)]
    fn resize(&mut self, block: &mut Block, class: u8) {
        let to = self.take(class as usize);
        for i in 0..block.len() {
            // SAFETY: slot i < len of the old block is filled. Its value is moved out here and the
            // old block is given up below, so nothing reads that slot again; `len` is unchanged and
            // the slots of the new block are filled in the same order. Nothing in between can panic:
            // both places lie inside their chunks, as take() hands out whole blocks.
            let value = unsafe { self.slot(block.place, i).assume_init_read() };
            self.slot(to, i).write(value);
        }
        self.free[block.class as usize].places.push(block.place);
        block.place = to;
        block.class = class;
    }

    /// An unused block of a size: a freed one, else half of a larger one, else fresh slots.
    fn take(&mut self, class: usize) -> Place {
        if let Some(place) = self.free[class].places.pop() {
            return place;
        }
        if class + 1 < CLASSES {
            let whole = self.take(class + 1);
            self.free[class + 1].made -= 1;
            self.free[class].made(2);
            self.free[class].places.push(Place { start: whole.start + (2 << class), ..whole });
            return whole;
        }
        if self.unused == 0 {
            let slots = FIRST_CHUNK << self.chunks.len();
            assert!(u32::try_from(slots).is_ok(), "a chunk of an arena holds at most u32::MAX slots");
            self.chunks.push(Box::new_uninit_slice(slots));
            self.unused = slots;
        }
        let chunk = self.chunks.len() - 1;
        let start = self.chunks[chunk].len() - self.unused;
        self.unused -= LARGEST_BLOCK;
        self.free[class].made(1);
        Place { chunk: chunk as u8, start: start as u32 }
    }

    /// The slot at `i` from a place.
    #[inline]
    fn slot(&mut self, place: Place, i: usize) -> &mut MaybeUninit<T> {
        &mut self.chunks[usize::from(place.chunk)][place.start as usize + i]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

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
        let (chunks, unused) = (arena.chunks.len(), arena.unused);
        for (_, block) in blocks {
            arena.release(block);
        }
        assert_eq!(Rc::strong_count(&witness), 1);
        for n in 0..100 {
            let block = arena.block_of_two((n, Rc::clone(&witness)), (n, Rc::clone(&witness)));
            arena.release(block);
        }
        assert_eq!((arena.chunks.len(), arena.unused), (chunks, unused), "freed blocks serve again");
    }
}
