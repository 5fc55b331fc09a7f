//! Taking times: samples of steps, their median and p99, memory, and the cost of the clock itself.
//!
//! # Not here
//! No loop over engines: a suite owns its turns, since only it knows what must stay outside the
//! clock.

use std::time::{Duration, Instant};

use cpu_time::{ProcessTime, ThreadTime};

/// Fewest samples of which a p99 is more than another word for the maximum.
const FEWEST_FOR_P99: usize = 100;

/// The same of a p99.99.
const FEWEST_FOR_P9999: usize = 10_000;

/// The times of an engine's steps, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// One figure a sample: nanoseconds a step, averaged over the sample's steps.
    nanos: Vec<f64>,
    steps: usize,
    total: Duration,
    /// The median of each round so far, in nanoseconds.
    rounds: Vec<f64>,
    /// Samples before the round under way.
    ended: usize,
}

impl Samples {
    /// No samples yet, and room for `samples`: so that taking them allocates nothing.
    #[must_use]
    pub fn with_capacity(samples: usize) -> Self {
        Self { nanos: Vec::with_capacity(samples), ..Self::default() }
    }

    /// Adds a sample of one step.
    pub fn push(&mut self, elapsed: Duration) {
        self.push_group(elapsed, 1);
    }

    /// Adds a sample of `steps` steps that were timed as one, being too short for the clock.
    pub fn push_group(&mut self, elapsed: Duration, steps: usize) {
        self.nanos.push(elapsed.as_nanos() as f64 / steps.max(1) as f64);
        self.steps += steps;
        self.total += elapsed;
    }

    /// Ends a round: the samples since the last one get a median of their own.
    pub fn end_round(&mut self) {
        let median = quantile(&mut self.nanos[self.ended..].to_vec(), 0.5);
        self.rounds.extend(median);
        self.ended = self.nanos.len();
    }

    /// The medians of the rounds, in microseconds.
    #[must_use]
    pub fn round_medians_us(&self) -> Vec<f64> {
        self.rounds.iter().map(|nanos| nanos / 1e3).collect()
    }

    /// How many steps were timed.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Seconds of all timed steps together.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.total.as_secs_f64()
    }

    /// The median step in microseconds; absent without a sample.
    #[must_use]
    pub fn median_us(&self) -> Option<f64> {
        self.quantile_us(0.5)
    }

    /// The 99th percentile in microseconds; absent under a hundred samples.
    #[must_use]
    pub fn p99_us(&self) -> Option<f64> {
        (self.nanos.len() >= FEWEST_FOR_P99).then(|| self.quantile_us(0.99)).flatten()
    }

    /// The step that 9,999 of 10,000 steps do not exceed, in microseconds; absent under ten thousand samples.
    #[must_use]
    pub fn p9999_us(&self) -> Option<f64> {
        (self.nanos.len() >= FEWEST_FOR_P9999).then(|| self.quantile_us(0.9999)).flatten()
    }

    /// The `q`-quantile (nearest rank) in microseconds.
    #[must_use]
    pub fn quantile_us(&self, q: f64) -> Option<f64> {
        quantile(&mut self.nanos.clone(), q).map(|nanos| nanos / 1e3)
    }
}

/// The `q`-quantile of `values` by nearest rank; sorts them. Absent when there are none.
pub fn quantile(values: &mut [f64], q: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let rank = (q * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied()
}

/// Runs `work` and says how long it took.
pub fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = std::hint::black_box(work());
    (value, start.elapsed())
}

/// Processor time of an engine's steps: what the calling thread spends in them, and what every other thread spends
/// from the first step until it is at rest, so that work put off to the background counts too.
#[derive(Debug)]
pub struct CpuClock {
    process: Option<Duration>,
    thread: Option<Duration>,
    step: Option<Duration>,
    in_steps: Duration,
}

impl CpuClock {
    /// How long [`CpuClock::finish`] waits for the other threads at most.
    const PATIENCE: Duration = Duration::from_millis(500);
    /// How long it looks at them each time.
    const GLANCE: Duration = Duration::from_millis(2);

    /// A clock that counts other threads from now on.
    #[must_use]
    pub fn new() -> Self {
        Self { process: process_cpu(), thread: thread_cpu(), step: None, in_steps: Duration::ZERO }
    }

    /// Starts counting this thread.
    pub fn start(&mut self) {
        self.step = thread_cpu();
    }

    /// Stops counting this thread.
    pub fn stop(&mut self) {
        if let Some(spent) = thread_cpu().zip(self.step).and_then(|(now, step)| now.checked_sub(step)) {
            self.in_steps += spent;
        }
    }

    /// Waits until the other threads rest, and gives the sum; absent where the system does not tell.
    #[must_use]
    pub fn finish(self) -> Option<Duration> {
        // Saturating: the clocks are read one after the other, and this thread goes on meanwhile.
        let others = || {
            let here = thread_cpu()?.saturating_sub(self.thread?);
            Some(process_cpu()?.saturating_sub(self.process?).saturating_sub(here))
        };
        let mut spent = others()?;
        let waiting = Instant::now();
        // Without other threads the two clocks differ by their own cost only.
        while spent > Self::GLANCE && waiting.elapsed() < Self::PATIENCE {
            std::thread::sleep(Self::GLANCE);
            let now = others()?;
            if now.saturating_sub(spent) < Self::GLANCE / 20 {
                break;
            }
            spent = now;
        }
        Some(self.in_steps + others()?)
    }
}

impl Default for CpuClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Processor time of all threads of this process so far.
fn process_cpu() -> Option<Duration> {
    Some(ProcessTime::try_now().ok()?.as_duration())
}

/// Processor time of this thread so far.
fn thread_cpu() -> Option<Duration> {
    Some(ThreadTime::try_now().ok()?.as_duration())
}

/// What reading the clock twice costs, in nanoseconds: the median of many tries.
#[must_use]
pub fn clock_cost_ns() -> f64 {
    // In groups, since one reading is below the clock's own grain.
    let mut costs: Vec<f64> = (0..101)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..1000 {
                std::hint::black_box(std::hint::black_box(Instant::now()).elapsed());
            }
            start.elapsed().as_nanos() as f64 / 1000.0
        })
        .collect();
    // Of two readings between two others, a timed step contains one.
    quantile(&mut costs, 0.5).unwrap_or_default() / 2.0
}

/// The most memory this process has held since [`reset_peak_rss`], in bytes; absent off Linux.
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kibibytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Makes [`peak_rss_bytes`] count from now on; says whether the system let it.
pub fn reset_peak_rss() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut values, 0.5), Some(50.0));
        assert_eq!(quantile(&mut values, 0.99), Some(99.0));
        assert_eq!(quantile(&mut values, 1.0), Some(100.0));
        assert_eq!(quantile(&mut [], 0.5), None);
    }

    #[test]
    fn a_group_counts_all_of_its_steps() {
        let mut samples = Samples::default();
        samples.push_group(Duration::from_micros(100), 10);
        samples.push(Duration::from_micros(30));
        samples.push(Duration::from_micros(20));
        assert_eq!(samples.steps(), 12);
        assert_eq!(samples.median_us(), Some(20.0));
        assert_eq!(samples.p99_us(), None);
    }

    #[test]
    fn a_round_has_the_median_of_its_own_samples() {
        let mut samples = Samples::default();
        for round in [[1, 2, 3], [7, 9, 8]] {
            round.iter().for_each(|micros| samples.push(Duration::from_micros(*micros)));
            samples.end_round();
        }
        samples.end_round();
        assert_eq!(samples.round_medians_us(), [2.0, 8.0]);
    }

    #[test]
    fn processor_time_counts_this_threads_steps_and_other_threads() {
        let spin = |time: Duration| {
            let start = ThreadTime::now();
            while start.elapsed() < time {
                std::hint::spin_loop();
            }
        };
        let mut clock = CpuClock::new();
        spin(Duration::from_millis(40));
        clock.start();
        spin(Duration::from_millis(10));
        clock.stop();
        std::thread::spawn(move || spin(Duration::from_millis(10))).join().unwrap();
        // Tests beside this one share the process, so there is a lower bound only.
        assert!(clock.finish().is_none_or(|spent| spent >= Duration::from_millis(19)));
    }
}
