//! The layering check: who may know whom among the crates of this workspace.
//!
//! Normal dependencies run one way, `kernels <- zset <- ops <- runtime <- testkit <- bench <- xtask`; a crate
//! may skip storeys. The testkit judges the libraries, so it knows none of them unless its feature `circuit`
//! is on; in return any library's tests may use the testkit.

use crate::workspace::{Dependency, Member};

/// The crates from the ground up; one may depend only on those before it.
const STOREYS: [&str; 7] =
    ["dbsp-kernels", "dbsp-zset", "dbsp-ops", "dbsp-runtime", "dbsp-testkit", "dbsp-bench", "xtask"];
const TESTKIT: &str = "dbsp-testkit";
/// The one feature of the testkit that may bring in crates of ours.
const CIRCUIT: &str = "circuit";

/// The arrows that the layering forbids, one line each.
pub(crate) fn check(members: &[Member]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members {
        let Some(storey) = storey(&member.name) else {
            problems.push(format!("{}: has no storey; give it one in xtask's layering.rs", member.name));
            continue;
        };
        for dependency in member.dependencies.iter().filter(|d| members.iter().any(|m| m.name == d.name)) {
            let is_judge = dependency.is_dev && dependency.name == TESTKIT;
            let is_below = self::storey(&dependency.name).is_some_and(|below| below < storey);
            if !is_below && !is_judge {
                let kind = if dependency.is_dev { "for its tests" } else { "at all" };
                problems.push(format!("{} may not depend on {} {kind}", member.name, dependency.name));
            }
            if member.name == TESTKIT && !dependency.is_dev && !is_behind_circuit(member, dependency) {
                let name = &dependency.name;
                problems.push(format!("{TESTKIT} may depend on {name} only behind its feature `{CIRCUIT}`"));
            }
        }
    }
    problems
}

fn storey(name: &str) -> Option<usize> {
    STOREYS.iter().position(|storey| *storey == name)
}

/// Whether `dependency` is optional, and `circuit` alone, never by default, can turn it on.
fn is_behind_circuit(testkit: &Member, dependency: &Dependency) -> bool {
    let key = dependency.key.as_str();
    let is_mentioned = |value: &String| {
        value.strip_prefix("dep:") == Some(key) || value.split_once('/').is_some_and(|(name, _)| name == key)
    };
    let is_only_circuit = testkit
        .features
        .iter()
        .all(|(feature, values)| feature == CIRCUIT || !values.iter().any(is_mentioned));
    let is_default =
        testkit.features.get("default").is_some_and(|values| values.iter().any(|v| v == CIRCUIT));
    dependency.is_optional && is_only_circuit && !is_default
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members from lines such as `dbsp-ops: dbsp-zset, dbsp-testkit dev`.
    fn members(lines: &[&str]) -> Vec<Member> {
        let dependency = |text: &str| {
            let (name, kind) = text.split_once(' ').unwrap_or((text, ""));
            Dependency {
                name: name.to_owned(),
                key: name.to_owned(),
                is_dev: kind == "dev",
                is_optional: kind == "optional",
                ..Dependency::default()
            }
        };
        let member = |line: &&str| {
            let (name, dependencies) = line.split_once(':').unwrap();
            let dependencies = dependencies.split(',').map(str::trim).filter(|text| !text.is_empty());
            Member {
                name: name.to_owned(),
                dependencies: dependencies.map(dependency).collect(),
                ..Member::default()
            }
        };
        lines.iter().map(member).collect()
    }

    #[test]
    fn arrows_down_and_tests_over_the_testkit_pass() {
        let tree = members(&[
            "dbsp-kernels:",
            "dbsp-zset: dbsp-kernels, serde, dbsp-testkit dev",
            "dbsp-ops: dbsp-zset",
            "dbsp-runtime: dbsp-zset, dbsp-ops, dbsp-testkit dev",
            "dbsp-testkit: proptest",
            "dbsp-bench: dbsp-testkit, dbsp-runtime",
        ]);
        assert_eq!(check(&tree), [""; 0]);
    }

    #[test]
    fn arrows_up_are_named() {
        let tree =
            members(&["dbsp-zset: dbsp-ops", "dbsp-ops: dbsp-runtime dev", "dbsp-runtime:", "dbsp-sql:"]);
        let expected = [
            "dbsp-zset may not depend on dbsp-ops at all",
            "dbsp-ops may not depend on dbsp-runtime for its tests",
            "dbsp-sql: has no storey; give it one in xtask's layering.rs",
        ];
        assert_eq!(check(&tree), expected);
    }

    #[test]
    fn the_testkit_knows_the_runtime_only_behind_circuit() {
        let problem = "dbsp-testkit may depend on dbsp-runtime only behind its feature `circuit`";
        assert_eq!(check(&members(&["dbsp-runtime:", "dbsp-testkit: dbsp-runtime"])), [problem]);

        let mut tree = members(&["dbsp-runtime:", "dbsp-testkit: dbsp-runtime optional"]);
        let features = &mut tree[1].features;
        features.insert("circuit".to_owned(), vec!["dep:dbsp-runtime".to_owned()]);
        assert_eq!(check(&tree), [""; 0]);
        tree[1].features.insert("other".to_owned(), vec!["dbsp-runtime/simd".to_owned()]);
        assert_eq!(check(&tree), [problem]);
    }
}
