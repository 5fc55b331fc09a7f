//! The workspace as `cargo metadata` describes it, cut down to what the checks read.
//!
//! Plain values, so that a check takes data and gives text, and its tests write their own small workspaces.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::command::Cmd;

/// The workspace this binary was built from, or is run in.
pub(crate) struct Workspace {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// The workspace's own packages.
    pub(crate) members: Vec<Member>,
}

/// One package of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Has a library target.
    pub(crate) has_library: bool,
    /// May go to a registry: `publish` is not false.
    pub(crate) is_publishable: bool,
    /// Each feature with what it turns on, as written in the manifest.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) examples: Vec<Example>,
    /// The fields a registry shows, by name; absent when the manifest has none.
    pub(crate) about: BTreeMap<&'static str, String>,
}

/// A line of a member's dependency tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dependency {
    /// The package depended on.
    pub(crate) name: String,
    /// What the manifest calls it, which differs from `name` when renamed.
    pub(crate) key: String,
    pub(crate) is_dev: bool,
    pub(crate) is_optional: bool,
    pub(crate) default_features: bool,
    pub(crate) features: Vec<String>,
}

/// An example program of a member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Example {
    pub(crate) name: String,
    pub(crate) required_features: Vec<String>,
}

impl Workspace {
    /// Reads the workspace of the current folder.
    pub(crate) fn load() -> Result<Self> {
        Self::load_from(&std::env::current_dir().context("the current folder cannot be read")?)
    }

    /// Reads the workspace that `folder` lies in.
    pub(crate) fn load_from(folder: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(folder)
            .no_deps()
            .exec()
            .with_context(|| format!("`cargo metadata` failed in {}", folder.display()))?;
        let members = metadata.workspace_packages().into_iter().map(Member::new).collect();
        Ok(Self { root: metadata.workspace_root.into(), target: metadata.target_directory.into(), members })
    }

    /// The members others build on: a library that may be published.
    pub(crate) fn libraries(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_library())
    }

    /// Every file git tracks or would track, by its path from the root, with `/` between folders.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let list = Cmd::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .within(&self.root)
            .output()
            .context("the list of files comes from git")?;
        let mut files: Vec<String> = list.split_terminator('\0').map(str::to_owned).collect();
        // A file that is deleted and not yet committed is still in the index.
        files.retain(|file| self.root.join(file).is_file());
        files.sort_unstable();
        files.dedup();
        Ok(files)
    }

    /// The text of a file, by its path from the root.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        fs::read_to_string(self.root.join(file)).with_context(|| format!("{file} cannot be read"))
    }
}

impl Member {
    /// A library that may be published; the workbench and xtask are not.
    pub(crate) fn is_library(&self) -> bool {
        self.has_library && self.is_publishable
    }

    fn new(package: &Package) -> Self {
        let dependencies = package.dependencies.iter().map(|dependency| Dependency {
            name: dependency.name.clone(),
            key: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
            is_dev: dependency.kind == DependencyKind::Development,
            is_optional: dependency.optional,
            default_features: dependency.uses_default_features,
            features: dependency.features.clone(),
        });
        let examples = package.targets.iter().filter(|target| target.is_example()).map(|target| Example {
            name: target.name.clone(),
            required_features: target.required_features.clone(),
        });
        Self {
            name: package.name.to_string(),
            has_library: package.targets.iter().any(cargo_metadata::Target::is_lib),
            is_publishable: package.publish.as_ref().is_none_or(|registries| !registries.is_empty()),
            features: package.features.clone(),
            dependencies: dependencies.collect(),
            examples: examples.collect(),
            about: about(package),
        }
    }
}

fn about(package: &Package) -> BTreeMap<&'static str, String> {
    let readme = package.readme().filter(|path| path.is_file());
    let fields = [
        ("description", package.description.clone()),
        ("license", package.license.clone()),
        ("repository", package.repository.clone()),
        ("readme", readme.map(|path| path.to_string())),
        ("keywords", Some(package.keywords.join(", "))),
        ("categories", Some(package.categories.join(", "))),
    ];
    let written = |(name, value): (&'static str, Option<String>)| Some((name, value?));
    fields.into_iter().filter_map(written).filter(|(_, value)| !value.trim().is_empty()).collect()
}
