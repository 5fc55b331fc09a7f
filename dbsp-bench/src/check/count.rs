//! Counting the instructions of a step.
//!
//! The binary runs itself under callgrind (`child-instructions SUITE CASE ENGINE STEPS MADE`). The child makes
//! the same number of changes in either run, `MADE`, and takes `STEPS` of them after some that warm it up.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{headline, latency};

/// The first argument by which the binary is told to be a child process of the check: see [`child`].
pub const CHILD: &str = "child-instructions";

/// Steps before those that count.
pub(crate) const WARM_UP: usize = 10;

/// What to count.
pub(super) struct Job<'a> {
    pub(super) suite: &'a str,
    pub(super) case: &'a str,
    pub(super) engine: &'a str,
    pub(super) steps: usize,
}

impl Job<'_> {
    /// Instructions of a step.
    pub(super) fn count(&self) -> Result<u64> {
        let [once, twice] = [self.steps, 2 * self.steps].map(|steps| self.run(steps));
        let (once, twice) = (once?, twice?);
        let counted = twice.checked_sub(once).with_context(|| {
            format!("{} {}: {twice} instructions with twice the steps of {once}", self.suite, self.case)
        })?;
        Ok(counted / self.steps as u64)
    }

    /// Instructions of a whole run.
    fn run(&self, steps: usize) -> Result<u64> {
        let binary = std::env::current_exe().context("cannot find this binary")?;
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(binary)
            .args([CHILD, self.suite, self.case, self.engine])
            .args([steps, 2 * self.steps].map(|count| count.to_string()))
            .stdin(Stdio::null())
            .output()
            .context("cannot run valgrind")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} {} under valgrind: {}", self.suite, self.case, said.trim());
        collected(&said).with_context(|| format!("valgrind gave no count, but: {}", said.trim()))
    }
}

/// Whether valgrind can be run.
pub(super) fn is_available() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs the steps of one case on one engine.
///
/// # Errors
/// When the arguments are not of that form, or a step fails.
pub fn child(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut argument = |name: &str| arguments.next().with_context(|| format!("{CHILD}: {name} is missing"));
    let (suite, case, engine) = (argument("the suite")?, argument("the case")?, argument("the engine")?);
    let steps: usize = argument("the steps")?.parse()?;
    let made: usize = argument("the changes")?.parse()?;
    match suite.as_str() {
        "headline" => headline::take_steps(&case, &engine, WARM_UP + steps, WARM_UP + made),
        "latency" => latency::take_steps(&case, WARM_UP + steps, WARM_UP + made),
        other => bail!("{CHILD}: there is no suite {other} to count in"),
    }
}

/// The count in what callgrind wrote at its end.
fn collected(said: &str) -> Option<u64> {
    let count = said.lines().find_map(|line| line.split_once("Collected :"))?.1;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        let said =
            "==7== Events    : Ir\n==7== Collected : 40907104\n==7== \n==7== I   refs:      40,907,104\n";
        assert_eq!(collected(said), Some(40_907_104));
        assert_eq!(collected("==7== nothing"), None);
    }

    #[test]
    fn every_case_of_the_check_can_take_its_steps() {
        for (suite, case, _) in super::super::CASES {
            let arguments = [suite, case, "dbsp", "2", "3"].map(str::to_owned);
            child(arguments.into_iter()).unwrap();
        }
        for (case, rival) in super::super::AGAINST_NAIVE {
            let small = case.replace("50000", "2000");
            child(["headline", &small, rival, "1", "2"].map(str::to_owned).into_iter()).unwrap();
        }
        assert!(child(["headline", "join/9/1", "nobody", "1", "1"].map(str::to_owned).into_iter()).is_err());
    }
}
