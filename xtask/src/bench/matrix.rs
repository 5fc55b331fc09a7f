//! `cargo xtask bench --matrix`: what each switch of the engine buys, on each case.

use std::process::ExitCode;

use anyhow::{Result, ensure};

use super::{
    Turns,
    turns::Plan,
    variants::{combinations, switches, without},
};
use crate::workspace::Workspace;

/// Builds all combinations, runs them in turns, and shows the gain of each switch and of all together.
pub(super) fn run(workspace: &Workspace, turns: &Turns) -> Result<ExitCode> {
    let switches = switches(workspace)?;
    ensure!(!switches.is_empty(), "dbsp-bench has no default features: there is nothing to switch");
    println!("# switches: {}", switches.join(", "));
    let plan = Plan { name: "matrix", target: &workspace.target, turns, columns: columns(&switches) };
    let mut failures = Vec::new();
    let built = plan.build(combinations(&switches, &workspace.target), &mut failures);
    plan.compare(&built, failures)
}

/// A column a switch, and one for all of them: head, slower, faster.
fn columns(switches: &[String]) -> Vec<[String; 3]> {
    let column = |head: &str, slower: String| [head.to_owned(), slower, "all-on".to_owned()];
    let mut columns: Vec<_> = switches.iter().map(|switch| column(switch, without(switch))).collect();
    if switches.len() > 1 {
        columns.push(column("all", "all-off".to_owned()));
    }
    columns
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_column_compares_two_variants_that_are_built() {
        for count in 1..4 {
            let switches: Vec<String> =
                ["simd", "prefetch", "pool"].iter().take(count).map(|name| (*name).to_owned()).collect();
            let names: Vec<String> =
                combinations(&switches, Path::new("target")).into_iter().map(|v| v.name).collect();
            for [head, slower, faster] in columns(&switches) {
                assert!(names.contains(&slower) && names.contains(&faster), "{head} of {switches:?}");
            }
        }
    }
}
