//! The dependency policy: few packages below the libraries, no C build among them, known licences everywhere.
//!
//! # Shape
//! The count reads `cargo tree -e normal` over the three libraries with their default features, which is what a
//! user's build takes. The licences read `cargo metadata` over the whole workspace with all features, tests and
//! build scripts included, for the platform this runs on.
//!
//! # Not here
//! No database of known faults: that needs the network, and belongs to a scheduled job.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand, Package};

use super::licence;
use crate::{command::Cmd, report::Findings, workspace::Workspace};

/// The libraries a user takes; what lies below them counts too.
const LIBRARIES: [&str; 3] = ["dbsp-zset", "dbsp-ops", "dbsp-runtime"];
/// A default build of the libraries takes fewer packages than this, our own included.
const LIMIT: usize = 25;
/// Build-dependencies that mean a compiler, a build system or a library from outside of Rust.
const FOREIGN_BUILDS: [&str; 4] = ["bindgen", "cc", "cmake", "pkg-config"];

/// What the policy reads of a package.
#[derive(Clone, Debug, Default)]
struct Facts {
    licence: Option<String>,
    links: Option<String>,
    build_dependencies: Vec<String>,
}

/// A package's name and version.
type Id = (String, String);

/// Checks the whole workspace.
pub(crate) fn check(workspace: &Workspace) -> Result<Findings> {
    let packages = all_packages(workspace)?;
    let build = library_build(workspace)?;
    let mut problems = check_build(&build, &packages);
    problems.extend(check_licences(&packages));
    let summary = format!("{} packages, of which the libraries take {}", packages.len(), build.len());
    Ok(Findings { problems, summary })
}

fn check_build(build: &BTreeSet<Id>, packages: &BTreeMap<Id, Facts>) -> Vec<String> {
    let mut problems = Vec::new();
    if build.len() >= LIMIT {
        let names: Vec<&str> = build.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        problems.push(format!("the libraries take {} packages, not under {LIMIT}: {names}", build.len()));
    }
    for id @ (name, version) in build {
        let Some(facts) = packages.get(id) else {
            problems.push(format!("{name} {version}: in `cargo tree` but not in `cargo metadata`"));
            continue;
        };
        if let Some(links) = &facts.links {
            problems.push(format!("{name} {version}: links `{links}`; the libraries pull in no native code"));
        }
        for tool in facts.build_dependencies.iter().filter(|tool| FOREIGN_BUILDS.contains(&tool.as_str())) {
            problems.push(format!("{name} {version}: builds with {tool}; the libraries pull in no C build"));
        }
    }
    problems
}

fn check_licences(packages: &BTreeMap<Id, Facts>) -> Vec<String> {
    let judge = |((name, version), facts): (&Id, &Facts)| match &facts.licence {
        Some(licence) if licence::is_allowed(licence) => None,
        Some(licence) => Some(format!("{name} {version}: licence `{licence}` is not on our list")),
        None => Some(format!("{name} {version}: names no licence")),
    };
    packages.iter().filter_map(judge).collect()
}

fn all_packages(workspace: &Workspace) -> Result<BTreeMap<Id, Facts>> {
    let metadata = MetadataCommand::new()
        .current_dir(&workspace.root)
        .features(CargoOpt::AllFeatures)
        // Without this, cargo would download what only other platforms build.
        .other_options(["--filter-platform".to_owned(), host()?])
        .exec()
        .context("`cargo metadata` cannot resolve the workspace")?;
    let built: BTreeSet<_> =
        metadata.resolve.iter().flat_map(|resolve| &resolve.nodes).map(|n| &n.id).collect();
    let packages = metadata.packages.iter().filter(|package| built.contains(&package.id));
    Ok(packages
        .map(|package| ((package.name.to_string(), package.version.to_string()), facts(package)))
        .collect())
}

fn facts(package: &Package) -> Facts {
    let build = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Build);
    Facts {
        licence: package.license.clone(),
        links: package.links.clone(),
        build_dependencies: build.map(|dependency| dependency.name.clone()).collect(),
    }
}

/// The packages of a default build of the libraries.
fn library_build(workspace: &Workspace) -> Result<BTreeSet<Id>> {
    let command = Cmd::cargo("tree -e normal --prefix none --format {p}")
        .args(LIBRARIES.iter().flat_map(|library| ["-p", library]))
        .within(&workspace.root);
    println!("$ {command}");
    Ok(parse_tree(&command.output()?))
}

/// Reads lines such as `hashbrown v0.17.1 (*)`; a package that occurs twice counts once.
fn parse_tree(text: &str) -> BTreeSet<Id> {
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    text.lines().filter_map(package).collect()
}

fn host() -> Result<String> {
    let version = Cmd::new("rustc").arg("-vV").output()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> Id {
        (name.to_owned(), "1.0.0".to_owned())
    }

    fn licensed(licence: &str) -> Facts {
        Facts { licence: Some(licence.to_owned()), ..Facts::default() }
    }

    #[test]
    fn a_tree_counts_each_package_once() {
        let text =
            "dbsp-zset v0.1.0 (/work)\nhashbrown v0.17.1\n\ndbsp-ops v0.1.0 (/work)\nhashbrown v0.17.1 (*)\n";
        let names: Vec<String> =
            parse_tree(text).into_iter().map(|(name, version)| name + " " + &version).collect();
        assert_eq!(names, ["dbsp-ops 0.1.0", "dbsp-zset 0.1.0", "hashbrown 0.17.1"]);
    }

    #[test]
    fn native_code_and_c_builds_are_named() {
        let native = Facts { links: Some("zstd".to_owned()), ..licensed("MIT") };
        let builds =
            Facts { build_dependencies: vec!["cc".to_owned(), "autocfg".to_owned()], ..licensed("MIT") };
        let packages = BTreeMap::from([(id("a"), native), (id("b"), builds), (id("c"), licensed("MIT"))]);
        let build = packages.keys().cloned().collect();
        let expected = [
            "a 1.0.0: links `zstd`; the libraries pull in no native code",
            "b 1.0.0: builds with cc; the libraries pull in no C build",
        ];
        assert_eq!(check_build(&build, &packages), expected);
    }

    #[test]
    fn too_many_packages_are_listed() {
        let packages: BTreeMap<Id, Facts> =
            (0..LIMIT).map(|i| (id(&format!("p{i}")), licensed("MIT"))).collect();
        let build: BTreeSet<Id> = packages.keys().cloned().collect();
        assert!(
            check_build(&build, &packages)[0]
                .starts_with("the libraries take 25 packages, not under 25: p0, ")
        );
    }

    #[test]
    fn a_licence_off_the_list_is_named() {
        let packages = BTreeMap::from([
            (id("a"), licensed("GPL-3.0")),
            (id("b"), Facts::default()),
            (id("c"), licensed("MIT")),
        ]);
        let expected = ["a 1.0.0: licence `GPL-3.0` is not on our list", "b 1.0.0: names no licence"];
        assert_eq!(check_licences(&packages), expected);
    }
}
