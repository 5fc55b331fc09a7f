//! The committed baseline: instructions of a step by case, and the compiler that made the code.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// The file, beside this package's manifest.
const FILE: &str = "baseline.json";

/// What was accepted last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Baseline {
    rustc: Option<String>,
    instructions_per_step: BTreeMap<String, u64>,
}

impl Baseline {
    /// An empty baseline of the compiler that is there now.
    pub(super) fn of_this_compiler() -> Self {
        Self { rustc: Machine::of_this().rustc, ..Self::default() }
    }

    /// Reads the committed one; empty if there is none yet.
    pub(super) fn read() -> Result<Self> {
        let path = path()?;
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no baseline", path.display()))
    }

    /// Writes it where it is committed.
    pub(super) fn write(&self) -> Result<PathBuf> {
        let path = path()?;
        crate::report::write(&path, &(serde_json::to_string_pretty(self)? + "\n"))?;
        Ok(path)
    }

    /// Whether this machine's compiler made the code that was counted: another makes other code.
    pub(super) fn is_of_this_compiler(&self) -> bool {
        self.rustc.is_some() && self.rustc == Machine::of_this().rustc
    }

    /// The compiler's name.
    pub(super) fn compiler(&self) -> &str {
        self.rustc.as_deref().unwrap_or("no compiler")
    }

    /// What a case took.
    pub(super) fn instructions(&self, case: &str) -> Option<u64> {
        self.instructions_per_step.get(case).copied()
    }

    /// Notes what a case took.
    pub(super) fn set(&mut self, case: String, instructions: u64) {
        self.instructions_per_step.insert(case, instructions);
    }
}

fn path() -> Result<PathBuf> {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR");
    let folder =
        folder.context("CARGO_MANIFEST_DIR is not set: run the check as `cargo xtask bench --check`")?;
    Ok(PathBuf::from(folder).join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let mut baseline = Baseline::of_this_compiler();
        baseline.set("latency ops10".to_owned(), 4_321);
        let text = serde_json::to_string(&baseline).unwrap();
        let read: Baseline = serde_json::from_str(&text).unwrap();
        assert_eq!(read, baseline);
        assert_eq!((read.instructions("latency ops10"), read.instructions("ops1")), (Some(4_321), None));
        assert!(read.is_of_this_compiler() && !Baseline::default().is_of_this_compiler());
    }
}
