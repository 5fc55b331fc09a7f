//! The runtime from outside: steps, faults, views, graphs, allocations.

#[global_allocator]
static ALLOCATOR: dbsp_testkit::alloc::Counting<std::alloc::System> =
    dbsp_testkit::alloc::Counting::new(std::alloc::System);

mod allocations;
mod amplification;
mod faults;
mod graph;
mod memory;
mod misuse;
mod numbers;
mod owned_rows;
mod profile;
mod upserts;
mod views;
