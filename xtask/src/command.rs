//! A command: a program with its arguments and environment, which prints as one can paste it into a shell.

use std::{
    env,
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result, ensure};

/// A program to run, with what it is given.
#[derive(Clone)]
pub(crate) struct Cmd {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    folder: Option<PathBuf>,
}

impl Cmd {
    /// A program by name, found in `PATH`.
    pub(crate) fn new(program: &str) -> Self {
        Self { program: program.to_owned(), arguments: Vec::new(), environment: Vec::new(), folder: None }
    }

    /// Cargo, with arguments that need no quoting, split at spaces.
    pub(crate) fn cargo(arguments: &str) -> Self {
        Self::new("cargo").args(arguments.split_whitespace())
    }

    /// Adds one argument, as it is.
    pub(crate) fn arg(self, argument: &str) -> Self {
        self.args([argument])
    }

    /// Adds arguments, as they are.
    pub(crate) fn args<S: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets one environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds to `RUSTFLAGS`, keeping the flags that the caller's environment already holds.
    pub(crate) fn rustflags(self, flags: &str) -> Self {
        let held = env::var("RUSTFLAGS").unwrap_or_default();
        self.env("RUSTFLAGS", format!("{held} {flags}").trim())
    }

    /// Runs in `folder` instead of the current one.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Runs to the end with our own standard streams.
    ///
    /// # Errors
    /// When the program cannot be started; a program that ran and failed is a status.
    pub(crate) fn status(&self) -> Result<ExitStatus> {
        self.build().status().with_context(|| self.cannot_start())
    }

    /// Runs to the end with our own standard error; what it writes to standard output goes nowhere.
    ///
    /// # Errors
    /// When the program cannot be started; a program that ran and failed is a status.
    pub(crate) fn status_without_output(&self) -> Result<ExitStatus> {
        self.build().stdout(Stdio::null()).status().with_context(|| self.cannot_start())
    }

    /// Runs to the end and returns what it wrote to standard output.
    ///
    /// # Errors
    /// When the program cannot be started, fails (its standard error is in the message), or writes no UTF-8.
    pub(crate) fn output(&self) -> Result<String> {
        let output = self.build().stdin(Stdio::null()).output().with_context(|| self.cannot_start())?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{self}` failed ({}): {}", output.status, stderr.trim());
        String::from_utf8(output.stdout).with_context(|| format!("`{self}` did not write UTF-8"))
    }

    fn build(&self) -> Command {
        // Cargo names itself to what it runs; the very same one is taken again, whatever PATH says.
        let cargo = (self.program == "cargo").then(|| env::var("CARGO").ok()).flatten();
        let mut command = Command::new(cargo.as_ref().unwrap_or(&self.program));
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn cannot_start(&self) -> String {
        format!("cannot start `{}`: is it installed and in PATH?", self.program)
    }
}

impl Display for Cmd {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.environment {
            write!(f, "{name}={} ", quoted(value))?;
        }
        write!(f, "{}", self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", quoted(argument)))
    }
}

/// `text` as a POSIX shell reads it back.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_one_can_paste_it() {
        let command = Cmd::cargo("test -p dbsp-zset").arg("it's").env("RUSTDOCFLAGS", "-D warnings").arg("");
        assert_eq!(command.to_string(), r"RUSTDOCFLAGS='-D warnings' cargo test -p dbsp-zset 'it'\''s' ''");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Cmd::new("no-such-program-of-ours").output().unwrap_err().to_string();
        assert_eq!(error, "cannot start `no-such-program-of-ours`: is it installed and in PATH?");
    }
}
