//! The bench binary: the suites with the engines of this project alone.

use std::process::ExitCode;

use dbsp_bench::peers::Peers;
use dbsp_testkit::alloc::Counting;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting::new(MiMalloc);

fn main() -> ExitCode {
    dbsp_bench::program::run(&Peers::default())
}
