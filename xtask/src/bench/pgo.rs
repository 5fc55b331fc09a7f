//! `cargo xtask bench --pgo`: what profile-guided optimisation buys, on each case.
//!
//! # Shape
//! An instrumented build runs the same arguments with `--quick` as training; `llvm-profdata` merges the counts;
//! a second build uses them; then the plain build and that one run in turns. The platform is named to cargo, so
//! that build scripts and macros are neither instrumented nor read a profile that is not theirs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, ensure};

use super::{Turns, turns::Plan, variants::Variant};
use crate::{command::Cmd, workspace::Workspace};

const PLAIN: &str = "plain";
const OPTIMISED: &str = "optimised";
/// How to get what merges the profiles.
const ADVICE: &str = "`rustup component add llvm-tools` gets the one that fits this compiler";

/// What this run writes, in `target/pgo`.
struct Folders {
    target: PathBuf,
    pgo: PathBuf,
}

/// Trains, builds with the profile, runs both builds in turns, and shows the gain.
pub(super) fn run(workspace: &Workspace, turns: &Turns) -> Result<ExitCode> {
    // First of all: the builds take minutes, and are of no use without it.
    let host = host(&Cmd::new("rustc").arg("-vV").output()?)?;
    let sysroot = Cmd::new("rustc").args(["--print", "sysroot"]).output()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = env::split_paths(&path).collect();
    let profdata = merger(Path::new(sysroot.trim()), &host, &path, Path::is_file)?;
    println!("# profiles are merged by {}", profdata.display());

    let folders = Folders { target: workspace.target.clone(), pgo: workspace.target.join("pgo") };
    let columns = vec![[OPTIMISED.to_owned(), PLAIN.to_owned(), OPTIMISED.to_owned()]];
    let plan = Plan { name: "pgo", target: &folders.target, turns, columns };
    train(&plan, &folders, &host, &profdata)?;

    // Cargo does not see that a profile has changed: what was built with another one has to go.
    empty(&folders.pgo.join(OPTIMISED))?;
    let mut failures = Vec::new();
    let variants = vec![Variant::plain(PLAIN, &folders.target), folders.optimised(&host)];
    let built = plan.build(variants, &mut failures);
    plan.compare(&built, failures)
}

/// Builds the instrumented workbench, runs it, and merges what it counted.
fn train(plan: &Plan<'_>, folders: &Folders, host: &str, profdata: &Path) -> Result<()> {
    let instrumented = folders.instrumented(host).build(&plan.binaries())?;
    empty(&folders.counts())?;
    let json = plan.reports().join("training.json");
    let training = instrumented.run(&quick(&plan.turns.arguments), &json, &folders.target);
    println!("\n$ {training}");
    ensure!(training.status_without_output()?.success(), "the training run failed");
    let merge = folders.merge(profdata);
    println!("$ {merge}");
    merge.output().with_context(|| {
        let profdata = profdata.display();
        format!("{profdata} must be of the LLVM that rustc was built with, or a newer one: {ADVICE}")
    })?;
    Ok(())
}

impl Folders {
    /// Where the instrumented build writes its counts, a file a process.
    fn counts(&self) -> PathBuf {
        self.pgo.join("counts")
    }

    /// The counts of all processes together.
    fn profile(&self) -> PathBuf {
        self.pgo.join("merged.profdata")
    }

    fn instrumented(&self, host: &str) -> Variant {
        self.variant("instrumented", host, format!("-Cprofile-generate={}", self.counts().display()))
    }

    fn optimised(&self, host: &str) -> Variant {
        self.variant(OPTIMISED, host, format!("-Cprofile-use={}", self.profile().display()))
    }

    fn variant(&self, name: &str, host: &str, flags: String) -> Variant {
        Variant {
            rustflags: Some(flags),
            platform: Some(host.to_owned()),
            ..Variant::plain(name, &self.pgo.join(name))
        }
    }

    /// The command that merges the counts.
    fn merge(&self, profdata: &Path) -> Cmd {
        Cmd::new(&profdata.display().to_string())
            .args(["merge", "-o"])
            .arg(&self.profile().display().to_string())
            .arg(&self.counts().display().to_string())
    }
}

/// The arguments of the training: the same, and quick.
fn quick(arguments: &[String]) -> Vec<String> {
    let mut arguments = arguments.to_vec();
    if !arguments.iter().any(|argument| argument == "--quick") {
        arguments.push("--quick".to_owned());
    }
    arguments
}

/// The platform that rustc runs on, out of `rustc -vV`.
fn host(version: &str) -> Result<String> {
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// The `llvm-profdata` of the toolchain, which fits; else the one in `PATH`, which may be too old.
fn merger(sysroot: &Path, host: &str, path: &[PathBuf], is_there: impl Fn(&Path) -> bool) -> Result<PathBuf> {
    let name = format!("llvm-profdata{}", env::consts::EXE_SUFFIX);
    let own = sysroot.join("lib/rustlib").join(host).join("bin").join(&name);
    let others = path.iter().map(|folder| folder.join(&name));
    let found = std::iter::once(own).chain(others).find(|path| is_there(path));
    found.with_context(|| format!("{name} is neither in rustc's sysroot nor in PATH: {ADVICE}"))
}

/// Removes a folder of ours with all that is in it, where it is there.
fn empty(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot empty {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "x86_64-unknown-linux-gnu";
    const OWN: &str = "/rust/lib/rustlib/x86_64-unknown-linux-gnu/bin/llvm-profdata";

    fn found(there: &[&str]) -> Result<PathBuf> {
        let path = [PathBuf::from("/usr/bin")];
        merger(Path::new("/rust"), HOST, &path, |path| there.iter().any(|known| Path::new(known) == path))
    }

    #[test]
    #[cfg(unix)]
    fn the_merger_of_the_toolchain_comes_before_that_in_path() {
        assert_eq!(found(&["/usr/bin/llvm-profdata", OWN]).unwrap(), Path::new(OWN));
        assert_eq!(found(&["/usr/bin/llvm-profdata"]).unwrap(), Path::new("/usr/bin/llvm-profdata"));
    }

    #[test]
    fn without_a_merger_one_is_told_how_to_get_it() {
        assert!(found(&[]).unwrap_err().to_string().contains("`rustup component add llvm-tools`"));
    }

    #[test]
    #[cfg(unix)]
    fn the_builds_name_the_platform_and_the_profile() {
        let folders = Folders { target: "/t".into(), pgo: "/t/pgo".into() };
        let instrumented = folders.instrumented(HOST);
        assert_eq!(instrumented.rustflags.as_deref(), Some("-Cprofile-generate=/t/pgo/counts"));
        assert_eq!(instrumented.platform.as_deref(), Some(HOST));
        assert_eq!(instrumented.target, Path::new("/t/pgo/instrumented"));
        let optimised = folders.optimised(HOST);
        assert_eq!(optimised.rustflags.as_deref(), Some("-Cprofile-use=/t/pgo/merged.profdata"));
        let merge = folders.merge(Path::new(OWN)).to_string();
        assert_eq!(merge, format!("{OWN} merge -o /t/pgo/merged.profdata /t/pgo/counts"));
    }

    #[test]
    fn the_training_is_quick_once() {
        let arguments = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(quick(&arguments("latency")), arguments("latency --quick"));
        assert_eq!(quick(&arguments("latency --quick")), arguments("latency --quick"));
    }

    #[test]
    fn the_host_is_read_from_rustc() {
        assert_eq!(host("rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n").unwrap(), HOST);
        assert!(host("").is_err());
    }
}
