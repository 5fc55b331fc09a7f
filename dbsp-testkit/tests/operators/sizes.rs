//! Rows of every size, of none and of 64 KiB, rows that own memory, and rows whose hashes are all alike.
//!
//! `DBSP_LONG=1` takes 100,000 steps with each of those that are not large.

use crate::cases::cases;
use crate::cell::{Alike, Cell};
use crate::run::{Changes, Run};

/// Random steps of each operator, in between with all rows taken away.
fn random_steps<C: Cell>(steps: usize, changes: u64) {
    let cases = cases::<C>();
    let is_long = std::env::var_os("DBSP_LONG").is_some();
    let steps = match size_of::<C>() {
        0..100 if is_long => 100_000 / cases.len(),
        _ if is_long => 20 * steps,
        _ => steps,
    };
    for (case, seed) in cases.iter().zip(1..) {
        let mut state: u64 = seed;
        let mut random = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        let mut run = Run::new(case);
        for step in 0..steps {
            let keys = 1 + random(12);
            let step_of = [(); 2].map(|()| {
                let changes = (0..random(changes)).map(|_| {
                    let row = (random(keys) as i64, random(40) as i64);
                    (row, [1, 1, 2, -1][random(4) as usize])
                });
                changes.collect::<Vec<_>>()
            });
            let changes: Changes = step_of;
            run.feed(&changes);
            assert_eq!(run.step(&changes), Ok(()), "{} step {step}", case.name);
            if step % 8 == 7 {
                assert_eq!(run.drain(), Ok(()), "{} step {step}", case.name);
            }
        }
        assert_eq!(run.drain(), Ok(()), "{}", case.name);
    }
}

#[test]
fn rows_without_a_size_are_rows() {
    random_steps::<()>(20, 30);
    random_steps::<[u8; 0]>(20, 30);
}

#[test]
fn rows_of_one_byte_and_of_24_bytes_are_rows() {
    random_steps::<[u8; 1]>(20, 60);
    random_steps::<[u8; 24]>(20, 60);
}

#[test]
fn rows_of_4_kib_are_rows() {
    random_steps::<[u8; 4096]>(10, 40);
}

#[test]
fn rows_of_64_kib_are_rows() {
    // Without optimisation a row that goes through a chain is copied in each of its calls.
    let thread = std::thread::Builder::new().stack_size(16 << 20);
    let steps = thread.spawn(|| random_steps::<[u8; 65536]>(3, 12)).expect("a thread");
    steps.join().expect("all steps are right");
}

#[test]
fn rows_that_own_memory_are_rows() {
    random_steps::<String>(20, 60);
}

#[test]
fn rows_whose_hashes_are_all_alike_are_rows() {
    random_steps::<Alike>(10, 60);
}
