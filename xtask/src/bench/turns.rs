//! Turns: built variants that run one after another, over a few rounds, and the comparison of their reports.
//!
//! In turns, so that a machine that grows slower or faster while this runs favours none of them. The first
//! variant runs once more at the end of each round, as its own control: what it "gains" over itself is noise.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};

use super::{
    Turns,
    gains::{Comparison, Pair, Run, read},
    variants::{Built, Variant},
};

/// The name of the control.
const AGAIN: &str = "again";

/// A comparison to be made: what it is called, what has to be run, and what is compared with what.
pub(super) struct Plan<'a> {
    /// `matrix` or `pgo`: the folder of its reports, too.
    pub(super) name: &'a str,
    /// The target folder of the workspace.
    pub(super) target: &'a Path,
    pub(super) turns: &'a Turns,
    /// The names of the variants that each column compares: head, slower, faster.
    pub(super) columns: Vec<[String; 3]>,
}

impl Plan<'_> {
    /// Where the binaries are kept.
    pub(super) fn binaries(&self) -> PathBuf {
        self.target.join(self.name).join("bin")
    }

    /// Where the reports go.
    pub(super) fn reports(&self) -> PathBuf {
        self.target.join("bench").join(self.name)
    }

    /// Builds what can be built; what cannot is a line in `failures`.
    pub(super) fn build(&self, variants: Vec<Variant>, failures: &mut Vec<String>) -> Vec<Built> {
        let built = variants.into_iter().map(|variant| variant.build(&self.binaries()));
        let told = built.filter_map(|built| built.map_err(|error| failed(failures, &error)).ok());
        told.collect()
    }

    /// Runs `built` in turns, prints and writes what was gained; fails when anything failed.
    ///
    /// The first of `built` is the one whose times are shown.
    pub(super) fn compare(&self, built: &[Built], mut failures: Vec<String>) -> Result<ExitCode> {
        let first = built.first().context("no variant could be built")?;
        let folder = self.reports();
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let control = (format!("{}-{AGAIN}", first.variant.name), first);
        let mut runners: Vec<(String, &Built)> =
            built.iter().map(|built| (built.variant.name.clone(), built)).collect();
        runners.push(control);

        let mut runs: Vec<Vec<Option<Run>>> = vec![Vec::new(); runners.len()];
        for round in 1..=self.turns.rounds {
            println!("\n# round {round} of {}", self.turns.rounds);
            for ((name, built), runs) in runners.iter().zip(&mut runs) {
                let json = folder.join(format!("{name}.{round}.json"));
                let run = self.once(built, &json).with_context(|| format!("{name}, round {round}"));
                runs.push(run.map_err(|error| failed(&mut failures, &error)).ok());
            }
        }

        let names: Vec<&str> = runners.iter().map(|(name, _)| name.as_str()).collect();
        let comparison = Comparison::new(names[0], self.pairs(&names), &runs);
        let summary = folder.join("summary.md");
        fs::write(&summary, comparison.markdown())
            .with_context(|| format!("cannot write {}", summary.display()))?;
        println!("\n{comparison}");
        failures.iter().for_each(|failure| println!("FAILED: {failure}"));
        println!("{}\n{}", summary.display(), folder.join("*.json").display());
        Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Runs one variant once. Its own tables would drown ours; they are beside its JSON, as HTML.
    fn once(&self, built: &Built, json: &Path) -> Result<Run> {
        // A run that dies must not leave the figures of an earlier one to be read.
        let _ = fs::remove_file(json);
        let command = built.run(&self.turns.arguments, json, self.target);
        println!("$ {command}");
        let start = Instant::now();
        let status = command.status_without_output()?;
        ensure!(status.success(), "`{command}` failed ({status})");
        println!("# {:.0} s", start.elapsed().as_secs_f64());
        let text = fs::read_to_string(json).with_context(|| format!("cannot read {}", json.display()))?;
        let run = read(&text).with_context(|| json.display().to_string())?;
        if let Some(features) = built.variant.features.as_ref().filter(|features| !run.has(features)) {
            println!("# note: the report says it was built with {:?}, not {features:?}", run.features);
        }
        Ok(run)
    }

    /// The columns whose variants are there, and the control.
    fn pairs(&self, names: &[&str]) -> Vec<Pair> {
        let find = |name: &str| names.iter().position(|known| *known == name);
        let pair = |[head, slower, faster]: &[String; 3]| {
            Some(Pair { head: head.clone(), slower: find(slower)?, faster: find(faster)?, is_control: false })
        };
        let mut pairs: Vec<Pair> = self.columns.iter().filter_map(pair).collect();
        let again = names.len() - 1;
        pairs.push(Pair { head: AGAIN.to_owned(), slower: again, faster: 0, is_control: true });
        pairs
    }
}

/// Notes and prints a failure, so that it is seen when it happens and again at the end.
fn failed(failures: &mut Vec<String>, error: &anyhow::Error) {
    println!("# FAILED: {error:#}");
    failures.push(format!("{error:#}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_without_its_variant_is_left_out_and_the_control_is_last() {
        let turns = Turns { rounds: 1, arguments: Vec::new() };
        let column = |head: &str| [head.to_owned(), format!("without-{head}"), "all-on".to_owned()];
        let columns = vec![column("simd"), column("prefetch")];
        let plan = Plan { name: "matrix", target: Path::new("target"), turns: &turns, columns };
        let pairs = plan.pairs(&["all-on", "without-prefetch", "all-on-again"]);
        let told: Vec<_> =
            pairs.iter().map(|p| (p.head.as_str(), p.slower, p.faster, p.is_control)).collect();
        assert_eq!(told, [("prefetch", 1, 0, false), ("again", 2, 0, true)]);
    }
}
