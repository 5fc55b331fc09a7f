//! What this thread has asked of the allocator so far, when the binary counts it.
//!
//! The binary, and the unit tests, wrap their global allocator in the testkit's counting one. Until it is said that they
//! do, a count is absent.

use std::sync::atomic::{AtomicBool, Ordering};

use dbsp_testkit::alloc::{self, Counts};

/// Whether the global allocator counts: set by `main`, and by tests that ask for a count.
static COUNTING: AtomicBool = AtomicBool::new(false);

/// Declares that the global allocator of this binary counts.
pub fn are_counted() {
    COUNTING.store(true, Ordering::Relaxed);
}

/// All that this thread has asked of the allocator so far; absent when nobody counts it.
#[must_use]
pub fn so_far() -> Option<Counts> {
    COUNTING.load(Ordering::Relaxed).then(alloc::so_far)
}

/// What this thread has asked of the allocator since an earlier [`so_far`].
#[must_use]
pub fn counts_since(before: Option<Counts>) -> Option<Counts> {
    Some(so_far()? - before?)
}

/// Allocations and changes of size that this thread has made so far; absent when nobody counts them.
#[must_use]
pub fn count() -> Option<u64> {
    so_far().map(|counts| counts.allocations + counts.reallocations)
}

/// Allocations since an earlier [`count`].
#[must_use]
pub fn since(before: Option<u64>) -> Option<u64> {
    count()?.checked_sub(before?)
}

/// `allocations` over `steps` steps.
#[must_use]
pub fn per_step(allocations: Option<u64>, steps: usize) -> Option<f64> {
    (steps > 0).then_some(allocations? as f64 / steps as f64)
}
