//! The memory that an engine holds in a case, measured in a process of its own.
//!
//! A peak is a figure of a process, and never falls: of several cases run in one process only the first could
//! be told from the others. So the binary runs itself anew for each case and engine (`child-SUITE …`), makes
//! the input, notes what is resident, runs the steps, and answers with one line of JSON. The input stays in
//! memory to the end, so that the difference of the two figures is the engine's own: its state, its buffers,
//! and one step's changes.
//!
//! Where there is no `/proc` the figures are absent.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::measure;

/// Memory of a process that ran one case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Bytes resident right before the engine was made: the input and the program.
    pub before: Option<u64>,
    /// The most bytes that were resident from there to the end of the last step.
    pub peak: Option<u64>,
}

impl Memory {
    /// Bytes that the engine added to the input.
    #[must_use]
    pub fn added(&self) -> Option<u64> {
        Some(self.peak?.saturating_sub(self.before?))
    }
}

/// Runs `work` and says what it made of this process's memory.
///
/// # Errors
/// When `work` fails.
pub fn around(work: impl FnOnce() -> Result<()>) -> Result<Memory> {
    let before = resident_bytes();
    // Without this the peak would include what generating the events needed for a moment.
    let is_reset = measure::reset_peak_rss();
    work()?;
    let peak = measure::peak_rss_bytes().filter(|_| is_reset);
    Ok(Memory { before, peak })
}

/// Has a child process of this binary do what `arguments` say, and reads its answer.
///
/// # Errors
/// When the child cannot be started, fails, or answers with something else.
pub fn of_child<T: DeserializeOwned>(arguments: &[&str]) -> Result<T> {
    let binary = std::env::current_exe().context("cannot find this binary")?;
    let name = arguments.join(" ");
    let child = Command::new(binary)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run the child process `{name}`"))?;
    ensure!(child.status.success(), "the child process `{name}` ended with {}", child.status);
    serde_json::from_slice(&child.stdout).with_context(|| format!("cannot read the answer of `{name}`"))
}

/// What is resident of this process, in bytes; absent where there is no `/proc`.
///
/// `smaps_rollup` counts the pages. The figure in `status` may be some dozens of them behind, and is read where the
/// kernel has no other.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let read = |file: &str, field: &str| {
        let text = std::fs::read_to_string(file).ok()?;
        let kibibytes = text.lines().find_map(|line| line.strip_prefix(field))?;
        Some(kibibytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    };
    read("/proc/self/smaps_rollup", "Rss:").or_else(|| read("/proc/self/status", "VmRSS:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_during_the_work_is_added() {
        let memory = around(|| {
            std::hint::black_box(vec![1_u8; 64 << 20]);
            Ok(())
        });
        // Other tests of this process may free as much meanwhile, so that no figure is certain.
        let memory = memory.unwrap();
        assert_eq!(memory.added().is_some(), memory.before.is_some() && memory.peak.is_some());
        let text = serde_json::to_string(&memory).unwrap();
        assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), memory);
    }
}
