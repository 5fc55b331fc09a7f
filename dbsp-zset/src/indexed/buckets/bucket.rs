//! A bucket: up to 48 rows, found by a byte of each row's hash.
//!
//! # Shape       slots for the rows, in no order: one byte of the hash of each row and one of the hash of its key, so
//!   that a lookup compares 48 bytes at once and then, as a rule, one row; the blocks in which the rows stand; and a
//!   word that says which slots are taken. Two cache lines, and the rows.
//! # Invariants  tags of free slots mean nothing: every mask is cut to the slots that are taken.
//! # Cost        find: O(1), without a branch that depends on how full the bucket is.
//! # Not here    the rows and the memory for them, which [`blocks`](super::blocks) gives and takes; which bucket a row
//!   belongs to, and what to do with a full one: see the parent module. The weights, which stand apart, as nearly all
//!   are one.

use dbsp_kernels::match_tags;

use crate::indexed::buckets::address::{Address, Tags};
use crate::indexed::buckets::arena::Place;
use crate::indexed::buckets::slots::{SLOTS, Slots};
use crate::prefetch::prefetch_lines;

/// How many slots share a block.
pub(super) const BLOCK: usize = 16;

/// The rows, or the weights, of so many slots. In a free one stands what was there last, or a copy of another, but none
/// of rows that own something.
pub(super) type Block<R> = Box<[R; BLOCK]>;

/// Up to 48 rows; see the [module](self).
#[derive(Clone)]
#[repr(align(64))]
pub(super) struct Bucket<R> {
    row_tags: [u8; SLOTS],
    key_tags: [u8; SLOTS],
    /// The slots, 16 in each; none of those without a row. Where rows own something theirs stand beside.
    pub(super) blocks: [Option<Block<R>>; SLOTS / BLOCK],
    pub(super) slots: Slots,
}

/// An empty bucket.
impl<R> Default for Bucket<R> {
    fn default() -> Self {
        let blocks = [const { None }; SLOTS / BLOCK];
        Self { row_tags: [0; SLOTS], key_tags: [0; SLOTS], blocks, slots: Slots::empty(0) }
    }
}

impl<R> Bucket<R> {
    /// Whether rows own something. Those that do are dropped as they go, so that no free slot keeps one.
    pub(super) const OWNS: bool = std::mem::needs_drop::<R>();

    /// The bucket that stands for those there are not.
    pub(super) fn absent() -> Self {
        Self { slots: Slots::ABSENT, ..Self::default() }
    }

    /// A mask of the rows that may have this tag: some may have another hash.
    #[inline]
    pub(super) fn with_row_tag(&self, row_tag: u8) -> u64 {
        match_tags(&self.row_tags, row_tag) & self.slots.mask()
    }

    /// The same mask, or if it has no row one that begins with the slot that the next row gets.
    #[inline]
    pub(super) fn or_free(&self, mask: u64) -> u64 {
        if mask == 0 { self.slots.free() } else { mask }
    }

    /// A mask of the rows whose key may have this tag: some may have another key.
    #[inline]
    pub(super) fn candidates(&self, key_tag: u8) -> u64 {
        match_tags(&self.key_tags, key_tag) & self.slots.mask()
    }

    /// Whether more than `most` rows may have one key. Where this says no, no key needs to be looked at.
    pub(super) fn may_be_crowded(&self, most: usize) -> bool {
        let (mut counts, mut highest) = ([0_u8; 256], 0);
        for slot in ones(self.slots.mask()) {
            let count = &mut counts[usize::from(self.key_tags[slot])];
            *count += 1;
            highest = highest.max(*count);
        }
        usize::from(highest) > most
    }

    /// Takes a free slot for a row.
    #[inline]
    pub(super) fn take(&mut self, slot: usize, tags: Tags) {
        self.slots.take(slot);
        self.row_tags[slot] = tags.row;
        self.key_tags[slot] = tags.key;
    }

    /// The tags of a row.
    pub(super) fn tags(&self, slot: usize) -> Tags {
        Tags { row: self.row_tags[slot], key: self.key_tags[slot] }
    }

    /// Gives a slot back of which the row is gone, unless another one is there that may move: this is given back then.
    pub(super) fn close(&mut self, slot: usize, moved: usize) {
        self.slots.give_back(moved);
        self.row_tags[slot] = self.row_tags[moved];
        self.key_tags[slot] = self.key_tags[moved];
    }

    /// Notes where a bucket without rows is looked for: what has rows says that by their hashes.
    pub(super) fn note(&mut self, address: Address) {
        self.row_tags[..8].copy_from_slice(&address.key_hash.to_le_bytes());
        self.row_tags[8..16].copy_from_slice(&address.value_hash.to_le_bytes());
    }

    /// What was noted of a bucket without rows.
    pub(super) fn noted(&self) -> Address {
        Address { key_hash: self.number(0), value_hash: self.number(1) }
    }

    /// A number of 64 bits where the tags of rows are in use for another purpose.
    fn number(&self, at: usize) -> u64 {
        let bytes = self.row_tags[8 * at..].first_chunk().copied();
        u64::from_le_bytes(bytes.unwrap_or_default())
    }

    /// Asks for what a lookup reads first.
    #[inline]
    pub(super) fn prefetch(&self) {
        prefetch_lines(self);
    }
}

/// One that is vacant is as the one that is absent, with links where the tags of its rows would be.
impl<R> Place for Bucket<R> {
    fn links(&self) -> Option<[u32; 2]> {
        let links = self.number(0);
        self.slots.is_absent().then_some([links as u32, (links >> 32) as u32])
    }

    fn set_links(&mut self, links: Option<[u32; 2]>) {
        match links {
            Some([before, behind]) => {
                self.slots = Slots::ABSENT;
                let links = u64::from(before) | u64::from(behind) << 32;
                self.row_tags[..8].copy_from_slice(&links.to_le_bytes());
            }
            None => self.slots = Slots::empty(0),
        }
    }
}

/// The places of the ones of a mask, the lowest first.
#[inline]
pub(super) fn ones(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let i = mask.trailing_zeros();
        (mask != 0).then(|| {
            mask &= mask - 1;
            i as usize
        })
    })
}
