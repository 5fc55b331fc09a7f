//! Times operations with criterion, as a library, and reads its estimates back.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use criterion::{BenchmarkId, Criterion};

use super::operation::Operation;
use crate::{allocations, report};

/// Runs over which allocations are averaged.
const COUNTED: usize = 20;

/// Criterion, set up for a suite of many short cases.
pub(super) struct Timing {
    criterion: Criterion,
    folder: PathBuf,
}

impl Timing {
    /// Criterion with its files beside the report.
    pub(super) fn new(quick: bool) -> anyhow::Result<Self> {
        let folder = report::default_path().with_file_name("criterion");
        // A comparison with the last run, on a machine that others use too, would only be noise.
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        let (samples, warm_up, measurement) = if quick { (10, 20, 80) } else { (20, 100, 400) };
        let criterion = Criterion::default()
            .without_plots()
            .output_directory(&folder)
            .sample_size(samples)
            .nresamples(2_000)
            .warm_up_time(Duration::from_millis(warm_up))
            .measurement_time(Duration::from_millis(measurement));
        Ok(Self { criterion, folder })
    }

    /// The median of one run, in nanoseconds.
    pub(super) fn median_ns(
        &mut self,
        case: &str,
        engine: &str,
        operation: &mut dyn Operation,
    ) -> anyhow::Result<f64> {
        let (group, function) = case.split_once('/').unwrap_or((case, "run"));
        let mut benchmarks = self.criterion.benchmark_group(group);
        benchmarks.bench_function(BenchmarkId::new(function, engine), |bencher| {
            bencher.iter_custom(|runs| (0..runs).map(|_| timed(operation)).sum());
        });
        benchmarks.finish();

        let path = self.folder.join(group).join(function).join(engine).join("new/estimates.json");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let estimates: serde_json::Value = serde_json::from_str(&text)?;
        estimates["median"]["point_estimate"]
            .as_f64()
            .with_context(|| format!("{} has no median", path.display()))
    }
}

/// One run, with the preparation outside the clock.
fn timed(operation: &mut dyn Operation) -> Duration {
    operation.prepare();
    let start = Instant::now();
    std::hint::black_box(operation.run());
    start.elapsed()
}

/// Allocations in one run, on average over some after the first; and the digest of the very first run.
pub(super) fn allocations(operation: &mut dyn Operation) -> (Option<f64>, u64) {
    operation.prepare();
    let digest = operation.run();
    // As many again to warm up: what grows has grown.
    for _ in 0..COUNTED {
        operation.prepare();
        operation.run();
    }
    let mut made = allocations::count().map(|_| 0);
    for _ in 0..COUNTED {
        operation.prepare();
        let before = allocations::count();
        operation.run();
        made = made.zip(allocations::since(before)).map(|(sum, made)| sum + made);
    }
    (allocations::per_step(made, COUNTED), digest)
}
