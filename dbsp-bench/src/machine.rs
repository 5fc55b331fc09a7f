//! Where a run took place: machine, toolchain, commit, features.
//!
//! # Invariants
//! What cannot be found out is absent; nothing here fails a run.

use std::process::Command;

use serde::{Deserialize, Serialize};

/// A machine and its toolchain.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Hardware threads that this process may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<usize>,
    /// Installed memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Operating system and architecture.
    pub os: String,
    /// What `rustc -V` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rustc: Option<String>,
    /// The global allocator of the binary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocator: Option<String>,
    /// The load average over one minute when the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
}

impl Machine {
    /// The machine that this process runs on.
    #[must_use]
    pub fn of_this() -> Self {
        let proc = |file: &str| std::fs::read_to_string(format!("/proc/{file}")).ok();
        Self {
            cpu: proc("cpuinfo").and_then(|text| field(&text, "model name")),
            cores: std::thread::available_parallelism().ok().map(usize::from),
            memory_bytes: proc("meminfo").and_then(|text| {
                let kibibytes = field(&text, "MemTotal")?;
                Some(kibibytes.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
            }),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            rustc: said_by("rustc", &["-V"]),
            allocator: None,
            load: proc("loadavg").and_then(|text| text.split_whitespace().next()?.parse().ok()),
        }
    }
}

/// The commit of the working tree and whether the tree differs from it; absent outside a repository.
#[must_use]
pub fn commit() -> Option<(String, bool)> {
    let root = env!("CARGO_MANIFEST_DIR");
    let commit = said_by("git", &["-C", root, "rev-parse", "--short=12", "HEAD"])?;
    let dirty = said_by("git", &["--no-optional-locks", "-C", root, "status", "--porcelain"])?;
    Some((commit, !dirty.is_empty()))
}

/// The cargo features of the engine that this build has on: optimisations, and a secret seed.
#[must_use]
pub fn features() -> Vec<String> {
    [
        ("bulk", cfg!(feature = "bulk")),
        ("fast-table", cfg!(feature = "fast-table")),
        ("fused", cfg!(feature = "fused")),
        ("pool", cfg!(feature = "pool")),
        ("prefetch", cfg!(feature = "prefetch")),
        ("secret-seed", cfg!(feature = "secret-seed")),
        ("simd", cfg!(feature = "simd")),
    ]
    .into_iter()
    .filter(|(_, on)| *on)
    .map(|(name, _)| name.to_owned())
    .collect()
}

/// The value of `name : value` in a file of /proc.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a command prints, where it can be run and succeeds.
fn said_by(command: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(command).args(arguments).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_proc_is_found_by_its_name() {
        let text = "processor\t: 0\nmodel name\t: EPYC: the 2nd\nmodel name\t: other\n";
        assert_eq!(field(text, "model name").as_deref(), Some("EPYC: the 2nd"));
        assert_eq!(field(text, "flags"), None);
    }

    #[test]
    fn a_command_that_is_not_there_says_nothing() {
        assert_eq!(said_by("no-such-command-of-ours", &[]), None);
    }
}
