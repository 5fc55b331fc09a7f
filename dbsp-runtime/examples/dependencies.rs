//! Which packages does each member of a workspace reach? Kept up to date while dependencies change.
//!
//! Reads a real graph, the `cargo metadata` of this workspace (or of the manifest given as an
//! argument), builds a circuit that follows dependencies up to ten deep, then takes each dependency of
//! a member away and puts it back, and shows what that changed and how long it took, beside the time
//! of a fresh search from every member.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::error::Error;
use std::time::Instant;

use cargo_metadata::MetadataCommand;
use dbsp_runtime::{Builder, Circuit, Input, Stream, View};

/// A package, by its position in the list of all packages.
type Package = u32;
type Edge = (Package, Package);

/// How many dependencies long a path is followed.
const DEPTH: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let graph = Graph::read(std::env::args().nth(1))?;
    println!("{} members, {} packages, {} edges", graph.members.len(), graph.names.len(), graph.edges.len());

    let (mut circuit, (edges, members, reached)) = Circuit::build(reachability)?;
    circuit[members].extend(graph.members.iter().map(|member| (*member, 1)));
    circuit[edges].extend(graph.edges.iter().map(|edge| (*edge, 1)));
    let start = Instant::now();
    circuit.step()?;
    println!("loaded in {:.1?}: {} pairs of member and package", start.elapsed(), circuit[reached].len());
    assert_eq!(pairs(&circuit, reached), graph.search(&graph.edges));

    let mut all: HashSet<Edge> = graph.edges.iter().copied().collect();
    for &(from, to) in graph.edges.iter().filter(|(from, _)| graph.members.contains(from)).take(8) {
        for is_there in [false, true] {
            let weight = if is_there { 1 } else { -1 };
            circuit[edges].push((from, to), weight);
            let start = Instant::now();
            circuit.step()?;
            let incremental = start.elapsed();
            if is_there {
                all.insert((from, to))
            } else {
                all.remove(&(from, to))
            };
            let edges: Vec<Edge> = all.iter().copied().collect();
            let start = Instant::now();
            let searched = graph.search(&edges);
            let anew = start.elapsed();
            assert_eq!(pairs(&circuit, reached), searched);
            let sign = if is_there { '+' } else { '-' };
            let changed = circuit.delta(reached).len();
            let edge = format!("{sign} {} -> {}", graph.names[from as usize], graph.names[to as usize]);
            println!(
                "{edge:44} {changed:4} pairs changed in {incremental:>9.1?}; searched anew in {anew:>9.1?}"
            );
        }
    }
    Ok(())
}

/// The pairs of a member and a package that it reaches within [`DEPTH`] dependencies.
fn reachability(b: &Builder) -> (Input<Edge>, Input<Package>, View<Edge>) {
    let (edges, edges_input) = b.input::<Edge>("edges");
    let (members, members_input) = b.input::<Package>("members");
    let by_source = edges.keyed();
    let mut reached: Stream<'_, Edge> = members.map(|member| (*member, *member)).materialise();
    for _ in 0..DEPTH {
        let further =
            reached.index_by(|(member, at)| (*at, *member)).join(by_source, |_, member, to| (*member, *to));
        reached = reached.union(further);
    }
    (edges_input, members_input, reached.filter(|(member, package)| member != package).view())
}

/// What a view holds.
fn pairs(circuit: &Circuit, view: View<Edge>) -> BTreeSet<Edge> {
    circuit[view].iter().map(|(pair, _)| *pair).collect()
}

/// The dependencies of a workspace.
struct Graph {
    names: Vec<String>,
    members: Vec<Package>,
    edges: Vec<Edge>,
}

impl Graph {
    /// Reads a workspace, this one if no manifest is named.
    fn read(manifest: Option<String>) -> Result<Self, Box<dyn Error>> {
        let manifest = manifest.unwrap_or_else(|| format!("{}/Cargo.toml", env!("CARGO_MANIFEST_DIR")));
        let metadata = MetadataCommand::new().manifest_path(manifest).exec()?;
        let resolve = metadata.resolve.as_ref().ok_or("cargo metadata resolved no dependencies")?;
        let ids: HashMap<_, Package> = resolve.nodes.iter().map(|node| &node.id).zip(0..).collect();
        let mut names = vec![String::new(); ids.len()];
        for package in &metadata.packages {
            names[ids[&package.id] as usize] = package.name.to_string();
        }
        let edges: BTreeSet<Edge> = resolve
            .nodes
            .iter()
            .flat_map(|node| node.dependencies.iter().map(|to| (ids[&node.id], ids[to])))
            .collect();
        let members = metadata.workspace_members.iter().map(|id| ids[id]).collect();
        Ok(Self { names, members, edges: edges.into_iter().collect() })
    }

    /// The same pairs by a breadth-first search from every member.
    fn search(&self, edges: &[Edge]) -> BTreeSet<Edge> {
        let mut targets: BTreeMap<Package, Vec<Package>> = BTreeMap::new();
        for (from, to) in edges {
            targets.entry(*from).or_default().push(*to);
        }
        let mut found = BTreeSet::new();
        for member in &self.members {
            let mut front = vec![*member];
            let mut seen: HashSet<Package> = front.iter().copied().collect();
            for _ in 0..DEPTH {
                let next = front.iter().filter_map(|at| targets.get(at)).flatten();
                front = next.copied().filter(|package| seen.insert(*package)).collect();
            }
            seen.remove(member);
            found.extend(seen.into_iter().map(|package| (*member, package)));
        }
        found
    }
}
