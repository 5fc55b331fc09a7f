//! The runtime from outside: steps, faults, views, graphs, allocations.

#[global_allocator]
static ALLOCATOR: dbsp_testkit::alloc::Counting<std::alloc::System> =
    dbsp_testkit::alloc::Counting::new(std::alloc::System);

mod allocations;
mod amplification;
mod building;
mod changes;
mod checked;
mod faults;
mod giving_back;
mod graph;
mod long_chains;
mod memory;
mod misuse;
mod newcomers;
mod numbers;
mod owned_rows;
mod panics;
mod profile;
mod shown;
mod upserts;
mod views;
