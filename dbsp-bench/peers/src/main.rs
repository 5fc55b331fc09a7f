//! The bench binary with the peers: the suites of `dbsp-bench`, and in the same turns Feldera, differential
//! dataflow, and the engines that run as scripts.

use std::process::ExitCode;

use dbsp_testkit::alloc::Counting;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting::new(MiMalloc);

fn main() -> ExitCode {
    dbsp_bench::program::run(&dbsp_peers::peers())
}
