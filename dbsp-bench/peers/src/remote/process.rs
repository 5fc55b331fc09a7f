//! A script as a child process, asked line by line, with a limit on how long it may think.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::protocol::{Answer, Ask};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A script that runs until it is dropped.
pub(super) struct Process {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

impl Process {
    /// Starts `script` for `engine`.
    pub(super) fn start(python: &str, script: &Path, engine: &str) -> Result<Self> {
        let mut child = Command::new(python)
            .arg(script)
            .arg(engine)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {python}"))?;
        let requests = child.stdin.take().context("the child process has no standard input")?;
        let output = child.stdout.take().context("the child process has no standard output")?;
        let (sender, answers) = channel();
        // A thread of its own, which sleeps in the read: only so can waiting for a line have a limit.
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, requests, answers })
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(&mut self, ask: &Ask<'_>) -> Result<Answer> {
        let request = serde_json::to_string(ask)? + "\n";
        let sent = self.requests.write_all(request.as_bytes()).and_then(|()| self.requests.flush());
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => Answer::parse(&line),
            Err(RecvTimeoutError::Timeout) => bail!("no answer within {} s", PATIENCE.as_secs()),
            Err(RecvTimeoutError::Disconnected) => {
                sent.context("its process has ended")?;
                bail!("its process ended without an answer")
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
