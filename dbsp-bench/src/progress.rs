//! The progress bar that all suites share.
//!
//! # Not here
//! No output once the bar is gone: tables and notes are the report's.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar with the case under way; hidden by default, and where the terminal is none.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
}

impl Default for Progress {
    fn default() -> Self {
        Self { bar: ProgressBar::hidden() }
    }
}

impl Progress {
    /// A bar that shows itself on stderr.
    #[must_use]
    pub fn visible() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Tells the bar of `cases` more cases to come.
    pub fn expect(&self, cases: usize) {
        self.bar.inc_length(cases as u64);
    }

    /// Shows what is under way.
    pub fn start(&self, suite: &str, case: &str) {
        self.bar.set_message(format!("{suite} {case}"));
        self.bar.tick();
    }

    /// Counts one case as done.
    pub fn done(&self) {
        self.bar.inc(1);
    }

    /// Takes the bar off the screen.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
