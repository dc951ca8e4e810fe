//! How far a download has come: a line on standard error, if that is a terminal.

use std::io::{self, IsTerminal};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt;
use super::output::harmless;

/// A bar, or nothing where nobody would see it.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// For a file of this length, if that is known, of which so much is there.
    pub(crate) fn new(name: &str, length: Option<u64>, start: u64, is_quiet: bool) -> Self {
        if is_quiet || !io::stderr().is_terminal() {
            return Self(None);
        }
        let (bar, template) = match length {
            Some(length) => (ProgressBar::new(length), WITH_LENGTH),
            None => (ProgressBar::new_spinner(), WITHOUT_LENGTH),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(short(name));
        // The rate and the time left are of what is still to come.
        bar.set_position(start);
        bar.reset_eta();
        interrupt::progress_is_shown(true);
        Self(Some(bar))
    }

    pub(crate) fn set(&self, received: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(received);
        }
    }
}

/// Leaves the bar as it stands.
impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.abandon();
            interrupt::progress_is_shown(false);
        }
    }
}

/// The last part of a path, and not so much of it that there is no room for the bar.
fn short(name: &str) -> String {
    let name = Path::new(name).file_name().unwrap_or_else(|| name.as_ref());
    let name = harmless(&name.to_string_lossy()).replace(['\n', '\t'], " ");
    if name.chars().count() <= LONGEST_NAME {
        return name;
    }
    let start: String = name.chars().take(LONGEST_NAME - 1).collect();
    start + "…"
}

const LONGEST_NAME: usize = 24;
const WITH_LENGTH: &str = "{prefix} {percent:>3}% [{wide_bar}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} left";
const WITHOUT_LENGTH: &str = "{prefix} {spinner} {binary_bytes} {binary_bytes_per_sec}";
