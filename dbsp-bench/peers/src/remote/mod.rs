//! Engines that run as scripts: DuckDB, Polars and PyDBSP, each in a Python process of its own.
//!
//! # Shape
//! The process is `peers/python/peer.py ENGINE`; `protocol` is what is said to it and what it answers, one line of
//! JSON each; rows and changes go by `files`, which both sides read and write outside the clock. The script
//! times its steps itself, and sends the checksum of its whole output after each turn.
//!
//! # Faults
//! A script that cannot be started, says that it failed, or does not answer in time is an error, and the suite
//! goes on without it.

mod files;
mod process;
mod protocol;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use dbsp_bench::headline::{Change, Outcome, Remote, RemoteTurn, View, Workload};

use self::process::Process;
use self::protocol::{Answer, Ask};

/// The variable that names the interpreter, and the one that says why there is none; `cargo xtask` sets one of them.
const PYTHON: &str = "DBSP_PEERS_PYTHON";
const NO_PYTHON: &str = "DBSP_PEERS_NO_PYTHON";

/// DuckDB over the workload's base.
///
/// # Errors
/// When its process cannot be had or fails on the load.
pub fn duckdb(view: View, workload: &Workload) -> Result<Box<dyn Remote>> {
    Ok(Box::new(Script::loaded("duckdb", view, workload)?))
}

/// Polars over the workload's base.
///
/// # Errors
/// When its process cannot be had or fails on the load.
pub fn polars(view: View, workload: &Workload) -> Result<Box<dyn Remote>> {
    Ok(Box::new(Script::loaded("polars", view, workload)?))
}

/// PyDBSP over the workload's base.
///
/// # Errors
/// When its process cannot be had or fails on the load.
pub fn pydbsp(view: View, workload: &Workload) -> Result<Box<dyn Remote>> {
    Ok(Box::new(Script::loaded("pydbsp", view, workload)?))
}

/// A running script with one view, and the folder of its files.
struct Script {
    process: Process,
    folder: PathBuf,
    outcome: Outcome,
}

impl Script {
    fn loaded(engine: &'static str, view: View, workload: &Workload) -> Result<Self> {
        let python = std::env::var(PYTHON).map_err(|_| {
            let why = std::env::var(NO_PYTHON).unwrap_or_else(|_| format!("{PYTHON} is not set"));
            anyhow::anyhow!("{why}")
        })?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join("peer.py");
        ensure!(script.is_file(), "there is no {}", script.display());
        let report = dbsp_bench::report::default_path();
        let folder = report.with_file_name("peers").join(format!("{engine}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;

        let (rows, dimension) = (folder.join("rows"), folder.join("dimension"));
        files::write(&rows, &files::rows(&workload.base))?;
        files::write(&dimension, &files::dimension(&workload.dimension))?;
        let process = Process::start(&python, &script, engine)?;
        // From here on `drop` takes the files away.
        let mut script = Self { process, folder, outcome: Outcome::default() };
        let answer =
            script.process.ask(&Ask::Load { view: view.name(), rows: &rows, dimension: &dimension })?;
        script.outcome = outcome(&answer)?;
        Ok(script)
    }
}

impl Remote for Script {
    fn loaded(&self) -> &Outcome {
        &self.outcome
    }

    fn turn(&mut self, changes: &[Change], timed: &[usize]) -> Result<RemoteTurn> {
        let file = self.folder.join("changes");
        files::write(&file, &files::changes(changes))?;
        let answer = self.process.ask(&Ask::Turn { changes: &file, timed })?;
        let nanos = answer.nanos.clone().unwrap_or_default();
        ensure!(nanos.len() == timed.len(), "{} of {} timed steps have a time", nanos.len(), timed.len());
        let cpu_nanos = answer.cpu_nanos.context("the answer has no processor time")?;
        Ok(RemoteTurn { nanos, cpu_nanos, outcome: outcome(&answer)? })
    }

    fn quit(mut self: Box<Self>) -> Result<Option<u64>> {
        Ok(self.process.ask(&Ask::Quit)?.peak_rss_bytes)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // What is left behind lies in the target folder.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The outcome that an answer tells.
fn outcome(answer: &Answer) -> Result<Outcome> {
    let rows = answer.rows.context("the answer has no number of rows")?;
    let checksum = answer.checksum.as_deref().context("the answer has no checksum")?;
    Ok(Outcome::told(rows, protocol::checksum(checksum)?))
}
