//! An allocator that counts, so that "a warm step allocates nothing" is a test.
//!
//! A test or a bench installs [`Counting`] around the allocator of its choice and asks [`count`] what a
//! closure did. The counters belong to the thread, so tests that run beside each other do not disturb.
//!
//! # Cost
//! Some thread-local additions for each call; no lock, no atomic, no allocation.
//!
//! # Not here
//! No live or peak size of the process, and no view over several threads: a worker thread counts its own.
//!
//! ```
//! use dbsp_testkit::alloc::{Counting, count};
//! use std::alloc::System;
//!
//! #[global_allocator]
//! static ALLOCATOR: Counting<System> = Counting::new(System);
//!
//! let counts = count(|| drop(vec![0_u8; 100]));
//! assert_eq!((counts.allocations, counts.allocated_bytes, counts.deallocations), (1, 100, 1));
//! assert_eq!(counts.live_bytes(), 0);
//! assert!(count(|| ()).is_zero());
//! ```
#![allow(
    unsafe_code,
    reason = "a global allocator is an unsafe trait; every call goes on to another allocator"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ops::Sub;

/// The allocator `A`, with each call counted for the calling thread.
#[derive(Debug, Default)]
pub struct Counting<A>(A);

impl<A> Counting<A> {
    /// Wraps an allocator.
    pub const fn new(inner: A) -> Self {
        Self(inner)
    }
}

/// What a thread asked of the allocator.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Fresh allocations.
    pub allocations: u64,
    /// Changes of size; each also counts its old and its new bytes.
    pub reallocations: u64,
    /// Blocks given back, on whichever thread they were allocated.
    pub deallocations: u64,
    /// Bytes asked for.
    pub allocated_bytes: u64,
    /// Bytes given back.
    pub deallocated_bytes: u64,
}

impl Counts {
    const ZERO: Self =
        Self { allocations: 0, reallocations: 0, deallocations: 0, allocated_bytes: 0, deallocated_bytes: 0 };

    /// Holds when nothing was allocated, resized or given back.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// Bytes asked for and not given back; below zero where more was given back than asked for.
    #[must_use]
    pub fn live_bytes(&self) -> i64 {
        self.allocated_bytes.cast_signed() - self.deallocated_bytes.cast_signed()
    }
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            allocations: self.allocations - earlier.allocations,
            reallocations: self.reallocations - earlier.reallocations,
            deallocations: self.deallocations - earlier.deallocations,
            allocated_bytes: self.allocated_bytes - earlier.allocated_bytes,
            deallocated_bytes: self.deallocated_bytes - earlier.deallocated_bytes,
        }
    }
}

thread_local! {
    // Const and without a destructor: reading it neither allocates nor can come too late.
    static COUNTS: Cell<Counts> = const { Cell::new(Counts::ZERO) };
}

/// What this thread did since it started.
#[must_use]
pub fn so_far() -> Counts {
    COUNTS.get()
}

/// What this thread does while `f` runs.
///
/// # Panics
/// When [`Counting`] is not the global allocator: a count of zero would prove nothing.
pub fn count(f: impl FnOnce()) -> Counts {
    let before = so_far();
    drop(std::hint::black_box(Box::new(0_u8)));
    assert!(so_far() != before, "alloc::Counting is not the #[global_allocator] of this program");
    let before = so_far();
    f();
    so_far() - before
}

fn tally(change: impl FnOnce(&mut Counts)) {
    let mut counts = COUNTS.get();
    change(&mut counts);
    COUNTS.set(counts);
}

// SAFETY: every method hands its arguments unchanged to the same method of `A`, which keeps the contract,
// and returns what `A` returned; the tally neither allocates nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        tally(|counts| {
            counts.allocations += 1;
            counts.allocated_bytes += layout.size() as u64;
        });
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `A`.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        tally(|counts| {
            counts.allocations += 1;
            counts.allocated_bytes += layout.size() as u64;
        });
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is that of `A`.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        tally(|counts| {
            counts.reallocations += 1;
            counts.allocated_bytes += new_size as u64;
            counts.deallocated_bytes += layout.size() as u64;
        });
        // SAFETY: `pointer` came from `alloc` of this allocator, so from `A`; the rest is the caller's word.
        unsafe { self.0.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        tally(|counts| {
            counts.deallocations += 1;
            counts.deallocated_bytes += layout.size() as u64;
        });
        // SAFETY: `pointer` came from `alloc` of this allocator, so from `A`, with this layout.
        unsafe { self.0.dealloc(pointer, layout) }
    }
}
