//! Variants: builds of the workbench that differ in features or in flags of the compiler.
//!
//! # Shape
//! Cargo keeps what it built with different features apart, so variants that differ in features share one target
//! folder and with it all dependencies; only the binary has one name for all, and is copied away after each build.
//! Other flags for the compiler get a folder of their own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};

use crate::{command::Cmd, workspace::Workspace};

/// The package that is built.
const PACKAGE: &str = "dbsp-bench";

/// One way to build the workbench.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    /// What tables and files call it, such as `without-simd`.
    pub(super) name: String,
    /// The features that are on; the default ones where none are named.
    pub(super) features: Option<Vec<String>>,
    /// Flags for the compiler, beside those of the caller's environment.
    pub(super) rustflags: Option<String>,
    /// The platform to name to cargo: then the flags reach no build script and no macro.
    pub(super) platform: Option<String>,
    /// The target folder.
    pub(super) target: PathBuf,
}

/// A variant that is built.
#[derive(Clone, Debug)]
pub(super) struct Built {
    pub(super) variant: Variant,
    pub(super) binary: PathBuf,
}

impl Variant {
    /// The workbench as `cargo xtask bench` builds it.
    pub(super) fn plain(name: &str, target: &Path) -> Self {
        let target = target.to_owned();
        Self { name: name.to_owned(), features: None, rustflags: None, platform: None, target }
    }

    /// Builds it, and keeps the binary as `folder/NAME`, where the next build leaves it alone.
    pub(super) fn build(self, folder: &Path) -> Result<Built> {
        let command = self.command();
        println!("\n$ {command}");
        let start = Instant::now();
        ensure!(command.status()?.success(), "{} could not be built", self.name);
        println!("# built {} in {:.0} s", self.name, start.elapsed().as_secs_f64());
        let binary = folder.join(format!("{}{}", self.name, env::consts::EXE_SUFFIX));
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let built = self.built();
        fs::copy(&built, &binary)
            .with_context(|| format!("cannot copy {} to {}", built.display(), binary.display()))?;
        Ok(Built { variant: self, binary })
    }

    /// The command that builds it.
    fn command(&self) -> Cmd {
        let mut command = Cmd::cargo("build --profile measure --bin dbsp-bench --package").arg(PACKAGE);
        if let Some(features) = &self.features {
            command = command.arg("--no-default-features");
            if !features.is_empty() {
                command = command.arg("--features").arg(&features.join(","));
            }
        }
        if let Some(platform) = &self.platform {
            command = command.arg("--target").arg(platform);
        }
        command = command.arg("--target-dir").arg(&self.target.display().to_string());
        match &self.rustflags {
            Some(flags) => command.rustflags(flags),
            None => command,
        }
    }

    /// Where cargo puts the binary.
    fn built(&self) -> PathBuf {
        let folder =
            self.platform.as_ref().map_or_else(|| self.target.clone(), |name| self.target.join(name));
        folder.join("measure").join(format!("{PACKAGE}{}", env::consts::EXE_SUFFIX))
    }
}

impl Built {
    /// The command that runs it with `arguments` and writes its report to `json`.
    pub(super) fn run(&self, arguments: &[String], json: &Path, target: &Path) -> Cmd {
        Cmd::new(&self.binary.display().to_string())
            .args(arguments)
            .arg("--json")
            .arg(&json.display().to_string())
            // The files of criterion go where they always go.
            .env("CARGO_TARGET_DIR", &target.display().to_string())
    }
}

/// The switches: the default features of the workbench, by name.
pub(super) fn switches(workspace: &Workspace) -> Result<Vec<String>> {
    let bench = workspace.members.iter().find(|member| member.name == PACKAGE);
    let features = &bench.with_context(|| format!("this workspace has no {PACKAGE}"))?.features;
    let default = features.get("default").map(Vec::as_slice).unwrap_or_default();
    // What is no feature of its own, such as `dep:x` or `x/y`, cannot be switched alone.
    Ok(default.iter().filter(|name| features.contains_key(*name)).cloned().collect())
}

/// All on, each off alone, all off; no set of switches twice.
///
/// All on is the plain build: cargo, which counts `default` as a feature too, has then built it already.
pub(super) fn combinations(switches: &[String], target: &Path) -> Vec<Variant> {
    let variant = |name: &str, on| Variant { features: Some(on), ..Variant::plain(name, target) };
    let mut found = vec![Variant::plain("all-on", target)];
    for off in switches {
        let on = switches.iter().filter(|switch| *switch != off).cloned().collect();
        found.push(variant(&without(off), on));
    }
    if switches.len() > 1 {
        found.push(variant("all-off", Vec::new()));
    }
    found
}

/// The name of the variant that lacks one switch.
pub(super) fn without(switch: &str) -> String {
    format!("without-{switch}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Member;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn lines(switches: &[&str]) -> Vec<String> {
        let line = |variant: Variant| {
            format!("{}: {}", variant.name, variant.features.map_or("default".to_owned(), |on| on.join(" ")))
        };
        combinations(&strings(switches), Path::new("target")).into_iter().map(line).collect()
    }

    #[test]
    fn each_switch_is_off_alone_and_all_together() {
        let expected = [
            "all-on: default",
            "without-simd: prefetch pool",
            "without-prefetch: simd pool",
            "without-pool: simd prefetch",
            "all-off: ",
        ];
        assert_eq!(lines(&["simd", "prefetch", "pool"]), expected);
    }

    #[test]
    fn a_single_switch_is_not_measured_off_twice() {
        assert_eq!(lines(&["simd"]), ["all-on: default", "without-simd: "]);
        assert_eq!(lines(&[]), ["all-on: default"]);
    }

    #[test]
    fn the_switches_are_the_default_features_that_can_be_switched() {
        let features = [
            ("default", vec!["simd", "prefetch", "dep:x", "y/z"]),
            ("simd", vec!["y/simd"]),
            ("prefetch", vec![]),
            ("serde", vec![]),
        ];
        let features = features.iter().map(|(name, values)| ((*name).to_owned(), strings(values)));
        let bench = Member { name: PACKAGE.to_owned(), features: features.collect(), ..Member::default() };
        let workspace = |members| Workspace { root: PathBuf::new(), target: PathBuf::new(), members };
        assert_eq!(switches(&workspace(vec![bench])).unwrap(), ["simd", "prefetch"]);
        assert!(switches(&workspace(Vec::new())).is_err());
    }

    #[test]
    fn a_variant_is_built_by_a_command_that_one_can_paste() {
        let variants = combinations(&strings(&["simd", "prefetch"]), Path::new("target"));
        let commands: Vec<String> = variants.iter().map(|v| v.command().to_string()).collect();
        let start = "cargo build --profile measure --bin dbsp-bench --package dbsp-bench";
        assert_eq!(commands[0], format!("{start} --target-dir target"));
        let start = format!("{start} --no-default-features");
        assert_eq!(commands[1], format!("{start} --features prefetch --target-dir target"));
        assert_eq!(commands[3], format!("{start} --target-dir target"));
    }

    #[test]
    fn a_variant_runs_with_the_arguments_and_its_own_report() {
        let variant = Variant::plain("all-on", Path::new("target"));
        let built = Built { variant, binary: PathBuf::from("target/matrix/all-on") };
        let command = built.run(&strings(&["latency", "--quick"]), Path::new("a.json"), Path::new("target"));
        let expected = "CARGO_TARGET_DIR=target target/matrix/all-on latency --quick --json a.json";
        assert_eq!(command.to_string(), expected);
    }
}
