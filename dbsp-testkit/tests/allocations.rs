//! The counting allocator counts exactly, and each thread for itself.

use std::alloc::System;
use std::hint::black_box;

use dbsp_testkit::alloc::{Counting, Counts, count};

#[global_allocator]
static ALLOCATOR: Counting<System> = Counting::new(System);

#[test]
fn arithmetic_allocates_nothing() {
    assert!(count(|| assert_eq!(black_box(1) + black_box(2), 3)).is_zero());
}

#[test]
fn a_vector_that_grows_is_one_allocation_and_a_reallocation() {
    let counts = count(|| {
        let mut bytes = Vec::with_capacity(8);
        bytes.extend([0_u8; 8]);
        bytes.reserve_exact(8);
        black_box(&bytes);
    });
    let expected = Counts {
        allocations: 1,
        reallocations: 1,
        deallocations: 1,
        allocated_bytes: 8 + 16,
        deallocated_bytes: 8 + 16,
    };
    assert_eq!(counts, expected);
}

#[test]
fn zeroed_memory_counts_as_well() {
    let counts = count(|| drop(black_box(vec![0_u64; 4])));
    assert_eq!((counts.allocations, counts.allocated_bytes), (1, 32));
}

#[test]
fn what_lives_is_what_was_asked_for_and_not_given_back() {
    let mut kept = Vec::new();
    let counts = count(|| {
        drop(black_box(vec![0_u8; 100]));
        kept = vec![0_u8; 30];
    });
    assert_eq!(counts.live_bytes(), 30);
    assert_eq!(count(|| drop(black_box(kept))).live_bytes(), -30);
}

#[test]
fn other_threads_do_not_disturb() {
    let busy = std::thread::spawn(|| (0..2_000).map(|n| black_box(vec![n; 10]).len()).sum::<usize>());
    assert!(count(|| while !busy.is_finished() {}).is_zero());
    assert_eq!(busy.join().expect("the busy thread ends"), 20_000);
}
