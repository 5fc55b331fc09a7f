//! The workbench with the peers: builds `dbsp-bench/peers`, a workspace of its own, and says how to run it.
//!
//! # Shape
//! The binary goes to `target/peers`, where cargo finds it again the next time. The peers that are scripts get a
//! virtual environment in `target/peers/venv`, made once from the pinned `requirements.txt`.
//!
//! # Invariants
//! Only `cargo xtask bench --peers` comes here. A script's peer that cannot be had fails nothing: the binary is
//! told why, and reports it as not measured.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{command::Cmd, workspace::Workspace};

/// The manifest of the peers, from the root.
pub(crate) const MANIFEST: &str = "dbsp-bench/peers/Cargo.toml";
/// What the scripts need, from the root.
const REQUIREMENTS: &str = "dbsp-bench/peers/python/requirements.txt";
/// By these the binary is told of the interpreter, or why there is none.
const PYTHON: &str = "DBSP_PEERS_PYTHON";
const NO_PYTHON: &str = "DBSP_PEERS_NO_PYTHON";
/// Interpreters by preference: PyDBSP wants 3.12 or newer, the other scripts take any.
const PYTHONS: [&str; 3] = ["python3.13", "python3.12", "python3"];

/// Builds the peers, and gives the command that runs them with `arguments`.
pub(crate) fn workbench(arguments: &[String]) -> Result<Cmd> {
    let workspace = Workspace::load()?;
    let target = workspace.target.join("peers");
    let binary = target.join("measure").join(format!("dbsp-peers{}", env::consts::EXE_SUFFIX));
    if !binary.is_file() {
        println!("# the peers are built once, into {}: this takes 5 to 15 minutes", target.display());
    }
    let build = Cmd::cargo("build --locked --profile measure --manifest-path")
        .arg(&workspace.root.join(MANIFEST).display().to_string())
        .arg("--target-dir")
        .arg(&target.display().to_string());
    println!("$ {build}");
    let start = Instant::now();
    ensure!(build.status()?.success(), "the peers could not be built");
    println!("# built the peers in {:.0} s", start.elapsed().as_secs_f64());

    let command = Cmd::new(&binary.display().to_string())
        .args(arguments)
        // Where the report goes: beside that of a run without peers.
        .env("CARGO_TARGET_DIR", &workspace.target.display().to_string());
    Ok(match environment(&workspace.root, &target) {
        Ok(python) => command.env(PYTHON, &python.display().to_string()),
        Err(error) => command.env(NO_PYTHON, &format!("{error:#}")),
    })
}

/// The interpreter of the scripts' virtual environment, which is made unless it is there for these requirements.
fn environment(root: &Path, target: &Path) -> Result<PathBuf> {
    let requirements = root.join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("no {REQUIREMENTS}"))?;
    let folder = target.join("venv");
    let python = folder.join("bin").join("python");
    let made_from = folder.join("requirements.txt");
    if python.is_file() && fs::read_to_string(&made_from).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    let interpreter = interpreter().context("no Python 3 in PATH")?;
    println!("# making {} once, for the peers that are scripts", folder.display());
    let folder = folder.display().to_string();
    run(&Cmd::new(&interpreter.display().to_string()).args(["-m", "venv", "--clear", &folder]))?;
    let pip = Cmd::new(&python.display().to_string()).args(["-m", "pip", "install", "--quiet"]);
    run(&pip.args(["--disable-pip-version-check", "-r"]).arg(&requirements.display().to_string()))?;
    fs::write(&made_from, wanted).with_context(|| format!("cannot write {}", made_from.display()))?;
    Ok(python)
}

fn run(command: &Cmd) -> Result<()> {
    println!("$ {command}");
    let status = command.status()?;
    if !status.success() {
        bail!("`{command}` failed ({status})");
    }
    Ok(())
}

/// The best interpreter in PATH or among those of pyenv.
fn interpreter() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let versions = env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv").join("versions"));
    let versions = versions.and_then(|versions| fs::read_dir(versions).ok());
    folders.extend(versions.into_iter().flatten().flatten().map(|version| version.path().join("bin")));
    best(&folders, |path| {
        // A shim of a version manager may stand in PATH for a version that is not installed.
        path.is_file() && Cmd::new(&path.display().to_string()).arg("--version").output().is_ok()
    })
}

/// The first of [`PYTHONS`] that is there in any of `folders`.
fn best(folders: &[PathBuf], is_there: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    PYTHONS.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|path| is_there(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_python_elsewhere_is_preferred_to_an_older_one_in_path() {
        let folders = [PathBuf::from("/usr/bin"), PathBuf::from("/pyenv/3.12.1/bin")];
        let has = |known: &'static [&str]| move |path: &Path| known.iter().any(|k| Path::new(k) == path);
        let found = best(&folders, has(&["/usr/bin/python3", "/pyenv/3.12.1/bin/python3.12"]));
        assert_eq!(found.as_deref(), Some(Path::new("/pyenv/3.12.1/bin/python3.12")));
        let found = best(&folders, has(&["/usr/bin/python3"]));
        assert_eq!(found.as_deref(), Some(Path::new("/usr/bin/python3")));
        assert_eq!(best(&folders, |_| false), None);
    }
}
