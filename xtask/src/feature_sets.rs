//! The feature sets: which cargo selections show every library with no, default and all features, and without one or
//! two of the default features.
//!
//! Cargo unifies features over a selection: `cargo test --workspace --no-default-features` with the workbench
//! in it turns `simd` back on, and a dev-dependency on `dbsp-testkit` with `circuit` gives `circuit` to the
//! testkit's own tests. So the selections are not a hand list. They are found by computing what each library
//! would really be built with, and adding a run for each set that no run so far shows exactly.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::Member;

/// A set of packages and features that one cargo command builds together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// What a reader calls it, such as `no features`.
    pub(crate) name: String,
    /// The arguments that select it.
    pub(crate) arguments: Vec<String>,
}

/// The features asked for on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    Default,
    None,
    All,
}

type Features = BTreeSet<String>;

/// The fewest selections, found greedily, that build each library with exactly its none, default and all sets; then all
/// libraries together without the features that are on by default, where there are several, `left_out` of them at a time.
///
/// With two at a time half as many builds show each feature off while most others are on.
///
/// The whole workspace with default features comes first. Members that are no libraries are in that one only:
/// what they offer beyond it, such as benchmarks of peers, may be far too heavy for a check.
pub(crate) fn selections(members: &[Member], left_out: usize) -> Vec<Selection> {
    let everything: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let libraries: Vec<&Member> = members.iter().filter(|member| member.is_library()).collect();
    let mut seen = BTreeSet::new();
    see(members, &everything, Request::Default, &mut seen);
    let mut found = vec![selection(None, Request::Default)];

    for request in [Request::None, Request::All, Request::Default] {
        let missing = |seen: &BTreeSet<(String, Features)>| -> Vec<&str> {
            let is_unseen =
                |library: &&&Member| !seen.contains(&(library.name.clone(), own(library, request)));
            libraries.iter().filter(is_unseen).map(|library| library.name.as_str()).collect()
        };
        let together = match request {
            // A library's plain path must also serve the libraries above it: all of them together.
            Request::None if !missing(&seen).is_empty() => {
                libraries.iter().map(|l| l.name.as_str()).collect()
            }
            _ => missing(&seen),
        };
        if !together.is_empty() {
            see(members, &together, request, &mut seen);
            found.push(selection(Some(&together), request));
        }
        for alone in missing(&seen) {
            // What a single package still does not show, no command line shows.
            let one = selection(Some(&[alone]), request);
            see(members, &[alone], request, &mut seen);
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found.extend(without(&libraries, left_out));
    found
}

/// Selections of all libraries that leave out each feature that is on by default, so many at a time.
fn without(libraries: &[&Member], left_out: usize) -> Vec<Selection> {
    let defaults = libraries.iter().flat_map(|library| {
        own(library, Request::Default).into_iter().map(|feature| (library.name.as_str(), feature))
    });
    let defaults: Vec<(&str, String)> = defaults.collect();
    let features: Features = defaults.iter().map(|(_, feature)| feature.clone()).collect();
    if features.len() < 2 {
        return Vec::new();
    }
    let names: Vec<&str> = libraries.iter().map(|library| library.name.as_str()).collect();
    let without = |off: &[String]| {
        let mut one = selection(Some(&names), Request::None);
        let others = defaults.iter().filter(|(_, feature)| !off.contains(feature));
        let others: Vec<String> = others.map(|(name, feature)| format!("{name}/{feature}")).collect();
        one.name = one.name.replace("no features", &format!("without {}", off.join(" and ")));
        one.arguments.push(format!("--features={}", others.join(",")));
        one
    };
    features.into_iter().collect::<Vec<_>>().chunks(left_out).map(without).collect()
}

/// Notes each member's effective features in one selection.
fn see(members: &[Member], selected: &[&str], request: Request, seen: &mut BTreeSet<(String, Features)>) {
    let built = effective(members, selected, request);
    seen.extend(built.into_iter().filter(|(name, _)| selected.contains(&name.as_str())));
}

/// The features each member is built with when `selected` are built and tested together.
fn effective(members: &[Member], selected: &[&str], request: Request) -> BTreeMap<String, Features> {
    let find = |name: &str| members.iter().find(|member| member.name == name);
    let mut built: BTreeMap<String, Features> = BTreeMap::new();
    for member in selected.iter().filter_map(|name| find(name)) {
        built.insert(member.name.clone(), own(member, request));
    }
    loop {
        let mut next = built.clone();
        for (member, features) in built.iter().filter_map(|(name, features)| Some((find(name)?, features))) {
            let turned_on = expand(member, features);
            for dependency in &member.dependencies {
                let Some(target) = find(&dependency.name) else { continue };
                let is_tested = selected.contains(&member.name.as_str());
                let is_on = !dependency.is_optional || turned_on.dependencies.contains(&dependency.key);
                if !is_on || (dependency.is_dev && !is_tested) {
                    continue;
                }
                let mut wanted: Features = dependency.features.iter().cloned().collect();
                let asked = turned_on.of_dependencies.iter().filter(|(key, _)| *key == dependency.key);
                wanted.extend(asked.map(|(_, feature)| feature.clone()));
                wanted.extend(dependency.default_features.then(|| "default".to_owned()));
                next.entry(target.name.clone()).or_default().extend(expand(target, &wanted).own);
            }
        }
        if next == built {
            return built;
        }
        built = next;
    }
}

/// The features a member has when asked on its own, in full.
fn own(member: &Member, request: Request) -> Features {
    let asked = match request {
        Request::None => Features::new(),
        Request::Default => Features::from(["default".to_owned()]),
        Request::All => member.features.keys().cloned().collect(),
    };
    expand(member, &asked).own
}

/// What a set of a member's features turns on.
#[derive(Default)]
struct TurnedOn {
    /// The member's own features, `default` itself left out.
    own: Features,
    /// Optional dependencies, by their key in the manifest.
    dependencies: BTreeSet<String>,
    /// Features of dependencies: key, feature.
    of_dependencies: BTreeSet<(String, String)>,
}

fn expand(member: &Member, asked: &Features) -> TurnedOn {
    let mut on = TurnedOn::default();
    let mut queue: Vec<&str> = asked.iter().map(String::as_str).collect();
    while let Some(value) = queue.pop() {
        if let Some(dependency) = value.strip_prefix("dep:") {
            on.dependencies.insert(dependency.to_owned());
        } else if let Some((dependency, feature)) = value.split_once('/') {
            let key = dependency.trim_end_matches('?');
            if key == dependency {
                on.dependencies.insert(key.to_owned());
            }
            on.of_dependencies.insert((key.to_owned(), feature.to_owned()));
        } else if let Some(values) = member.features.get(value)
            && on.own.insert(value.to_owned())
        {
            queue.extend(values.iter().map(String::as_str));
        }
    }
    on.own.remove("default");
    on
}

fn selection(packages: Option<&[&str]>, request: Request) -> Selection {
    let (words, flag) = match request {
        Request::Default => ("default features", None),
        Request::None => ("no features", Some("--no-default-features")),
        Request::All => ("all features", Some("--all-features")),
    };
    let mut arguments = Vec::new();
    let whom = match packages {
        None => {
            arguments.push("--workspace".to_owned());
            "workspace".to_owned()
        }
        Some(packages) => {
            arguments.extend(packages.iter().flat_map(|package| ["-p".to_owned(), (*package).to_owned()]));
            if packages.len() > 2 { format!("{} libraries", packages.len()) } else { packages.join(" ") }
        }
    };
    arguments.extend(flag.map(str::to_owned));
    Selection { name: format!("{whom}, {words}"), arguments }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    /// A library with features, each `name = [values]`, and dependencies, each `name +feature… [dev] [optional]`.
    fn library(name: &str, features: &[(&str, &[&str])], dependencies: &[&str]) -> Member {
        let strings = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let dependency = |line: &&str| {
            let words: Vec<&str> = line.split(' ').collect();
            Dependency {
                name: words[0].to_owned(),
                key: words[0].to_owned(),
                is_dev: words.contains(&"dev"),
                is_optional: words.contains(&"optional"),
                default_features: words.contains(&"+default"),
                features: words.iter().filter_map(|w| w.strip_prefix('+')).map(str::to_owned).collect(),
            }
        };
        Member {
            name: name.to_owned(),
            has_library: true,
            is_publishable: true,
            features: features.iter().map(|(key, values)| ((*key).to_owned(), strings(values))).collect(),
            dependencies: dependencies.iter().map(dependency).collect(),
            ..Member::default()
        }
    }

    fn lines(members: &[Member]) -> Vec<String> {
        lines_without(members, 1)
    }

    fn lines_without(members: &[Member], left_out: usize) -> Vec<String> {
        selections(members, left_out)
            .iter()
            .map(|one| format!("{}: {}", one.name, one.arguments.join(" ")))
            .collect()
    }

    #[test]
    fn a_workspace_without_features_is_built_once() {
        let members = [library("a", &[], &[]), library("b", &[], &["a"])];
        assert_eq!(lines(&members), ["workspace, default features: --workspace"]);
    }

    #[test]
    fn each_set_that_unification_hides_gets_a_run_of_its_own() {
        let bench = Member { is_publishable: false, ..library("bench", &[], &["zset +simd", "testkit"]) };
        let members = [
            library("zset", &[("default", &["simd"]), ("simd", &[]), ("serde", &[])], &["testkit dev"]),
            library(
                "runtime",
                &[("default", &["simd"]), ("simd", &["zset/simd"])],
                &["zset", "testkit dev +circuit"],
            ),
            library("testkit", &[("circuit", &["dep:runtime"])], &["runtime optional"]),
            bench,
        ];
        let expected = [
            "workspace, default features: --workspace",
            "3 libraries, no features: -p zset -p runtime -p testkit --no-default-features",
            // The runs above give the testkit `circuit`, through the runtime's tests: alone it has none.
            "testkit, no features: -p testkit --no-default-features",
            "zset, all features: -p zset --all-features",
        ];
        assert_eq!(lines(&members), expected);
    }

    #[test]
    fn each_default_feature_is_left_out_once() {
        let members = [
            library(
                "zset",
                &[("default", &["pool", "simd"]), ("simd", &[]), ("pool", &[]), ("serde", &[])],
                &[],
            ),
            library("ops", &[("default", &["pool"]), ("pool", &["zset/pool"])], &["zset"]),
            library("testkit", &[], &[]),
        ];
        let found = lines(&members);
        assert_eq!(
            found[found.len() - 2..],
            [
                "3 libraries, without pool: -p zset -p ops -p testkit --no-default-features --features=zset/simd",
                "3 libraries, without simd: -p zset -p ops -p testkit --no-default-features --features=zset/pool,ops/pool",
            ]
        );
        let found = lines_without(&members, 2);
        assert_eq!(
            found[found.len() - 1],
            "3 libraries, without pool and simd: -p zset -p ops -p testkit --no-default-features --features="
        );
    }

    #[test]
    fn a_feature_forced_by_the_workbench_is_shown_without_it_too() {
        let bench = Member { is_publishable: false, ..library("bench", &[], &["a +fast"]) };
        let members = [library("a", &[("fast", &[])], &[]), bench];
        let expected =
            ["workspace, default features: --workspace", "a, no features: -p a --no-default-features"];
        assert_eq!(lines(&members), expected);
    }
}
