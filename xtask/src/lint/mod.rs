//! `cargo xtask lint`: what the compiler's tools and our own rules say about the tree.
//!
//! Format, clippy over the feature sets, rustdoc with warnings denied, each library alone without features;
//! then our own checks, each a file: a function from data to lines of text, which its tests call directly.

mod layering;
mod licence;
mod manifest;
mod policy;
mod source;
pub(crate) mod tidy;

use std::process::ExitCode;

use anyhow::Result;

use crate::{
    command::Cmd,
    feature_sets, peers,
    report::{Findings, Report},
    workspace::Workspace,
};

/// Runs the checks and prints the table.
pub(crate) fn run() -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    let mut report = Report::new("lint");
    steps(&workspace, &mut report);
    Ok(report.finish())
}

/// Adds the steps of `cargo xtask lint` to `report`, the quick ones first.
pub(crate) fn steps(workspace: &Workspace, report: &mut Report) {
    report.check("layering", || Ok(over_members(workspace, layering::check(&workspace.members))));
    report.check("tidy", || tidy::check_tree(workspace));
    report.check("package metadata", || Ok(over_members(workspace, manifest::check(&workspace.members))));
    report.check("dependency policy", || policy::check(workspace));
    if has_component(report, "fmt", "rustfmt") {
        report.command("fmt", &Cmd::cargo("fmt --all --check").within(&workspace.root));
        // Its format is all that is checked of the peers: anything more would build them.
        let peers = Cmd::cargo("fmt --check --manifest-path").arg(peers::MANIFEST);
        report.command("fmt: peers", &peers.within(&workspace.root));
    }
    if has_component(report, "clippy", "clippy") {
        clippy(workspace, report);
    }
    let rustdoc = Cmd::cargo("doc --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings");
    report.command("rustdoc", &rustdoc.within(&workspace.root));
    alone(workspace, report);
}

fn clippy(workspace: &Workspace, report: &mut Report) {
    for selection in feature_sets::selections(&workspace.members, 1) {
        let command =
            Cmd::cargo("clippy --all-targets").args(&selection.arguments).args(["--", "-D", "warnings"]);
        report.command(&format!("clippy: {}", selection.name), &command.within(&workspace.root));
    }
}

/// Builds each library as a stranger would who wants nothing but it: a feature that only another member's
/// tests turn on cannot hide here, for dev-dependencies are left out.
fn alone(workspace: &Workspace, report: &mut Report) {
    for library in workspace.libraries() {
        let command = Cmd::cargo("check --lib --no-default-features -p").arg(&library.name);
        report.command(&format!("alone: {}", library.name), &command.within(&workspace.root));
    }
}

/// Whether `cargo NAME` is there; when not, says how to get it and records a failure.
fn has_component(report: &mut Report, name: &str, component: &str) -> bool {
    let is_there = Cmd::cargo(name).arg("--version").output().is_ok();
    if !is_there {
        let how = format!("`cargo {name}` is not installed; get it with `rustup component add {component}`");
        report.failed(name, &how);
    }
    is_there
}

fn over_members(workspace: &Workspace, problems: Vec<String>) -> Findings {
    Findings { problems, summary: format!("{} packages", workspace.members.len()) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_real_tree_is_tidy_and_layered() {
        let workspace = Workspace::load_from(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut problems = layering::check(&workspace.members);
        problems.extend(tidy::check_tree(&workspace).unwrap().problems);
        assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    }
}
