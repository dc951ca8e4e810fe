//! `--download`: the body to a file, and how far it has come.
//!
//! Owns the file and the progress display. The server has no say in where the file is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use papilio::StreamingResponse;

use super::Failure;
use super::output::Output;
use super::render;

/// Where the body goes.
pub(crate) enum Download {
    Stdout,
    File(Target),
}

/// A file that can be written to. An existing one keeps its content until there is something to put in its place; one
/// that was made goes away if there never is.
pub(crate) struct Target {
    path: PathBuf,
    file: File,
    is_new: bool,
}

impl Download {
    /// Opens the file, so that it is known before the request whether it can be written.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let mut options = OpenOptions::new();
        options.write(true);
        let opened = match options.clone().create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                options.open(path).map(|file| (file, false))
            }
            result => result.map(|file| (file, true)),
        };
        match opened {
            Ok((file, is_new)) => Ok(Self::File(Target {
                path: path.to_owned(),
                file,
                is_new,
            })),
            Err(error) => Err(Failure::Usage(format!(
                "cannot write to '{}': {error}",
                path.display()
            ))),
        }
    }

    /// Writes the body as it arrives.
    pub(crate) fn save(
        self,
        mut response: StreamingResponse,
        output: &mut Output,
    ) -> Result<(), Failure> {
        match self {
            // What asks for bytes on a terminal gets characters: a server must not drive the terminal.
            Self::Stdout if output.is_terminal() => {
                let shown = render::text(&mut response, false, output);
                output.flush().map_err(Failure::Output)?;
                shown
            }
            Self::Stdout => {
                let copied = copy(&mut response, |piece, _| {
                    output.bytes(piece).and_then(|()| output.flush())
                });
                copied.map_err(|cut| match cut {
                    Cut::Reading(error, _) => error.into(),
                    Cut::Writing(error, _) => Failure::Output(error),
                })
            }
            Self::File(target) => target.save(&mut response),
        }
    }
}

impl Target {
    fn save(mut self, response: &mut StreamingResponse) -> Result<(), Failure> {
        let name = self.path.display().to_string();
        self.begin()
            .map_err(|error| Failure::File(format!("cannot write to '{name}': {error}")))?;
        let progress = Progress::new(&name, response);
        let copied = copy(response, |piece, received| {
            self.file.write_all(piece)?;
            progress.set(received);
            Ok(())
        });
        progress.end();
        copied.map_err(|cut| match cut {
            Cut::Reading(error, written) => {
                Failure::Kept(error, format!("'{name}' has the first {written} bytes"))
            }
            Cut::Writing(error, written) => Failure::File(format!(
                "cannot write to '{name}': {error}; it has the first {written} bytes"
            )),
        })
    }

    /// From here on the file is the response's.
    fn begin(&mut self) -> io::Result<()> {
        self.is_new = false;
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.is_new {
            // It is empty; if it cannot be removed, no harm is done.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Why copying ended early, and after how many bytes.
enum Cut {
    Reading(papilio::Error, u64),
    Writing(io::Error, u64),
}

/// Hands each piece of the decoded body over, with how many bytes have been received for it.
fn copy(
    response: &mut StreamingResponse,
    mut write: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> Result<(), Cut> {
    let mut buffer = vec![0; PIECE];
    let mut written = 0;
    loop {
        let count = response
            .read(&mut buffer)
            .map_err(|error| Cut::Reading(request_error(error), written))?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            return Ok(());
        }
        write(piece, response.num_bytes_downloaded())
            .map_err(|error| Cut::Writing(error, written))?;
        written += count as u64;
    }
}

/// The error inside of what `io::Read` returns.
fn request_error(error: io::Error) -> papilio::Error {
    error.downcast().unwrap_or_else(|error| {
        papilio::Error::new(papilio::Kind::Read, "the response body failed").with_source(error)
    })
}

/// A bar on standard error, if that is a terminal.
struct Progress(Option<ProgressBar>);

impl Progress {
    fn new(name: &str, response: &StreamingResponse) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let length = response.headers().get("Content-Length");
        let length: Option<u64> = length.and_then(|length| length.parse().ok());
        let (bar, template) = match length {
            Some(length) => (ProgressBar::new(length), WITH_LENGTH),
            None => (ProgressBar::new_spinner(), WITHOUT_LENGTH),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        bar.set_prefix(name);
        Self(Some(bar))
    }

    fn set(&self, received: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(received);
        }
    }

    /// Leaves the bar as it stands.
    fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.abandon();
        }
    }
}

const PIECE: usize = 64 * 1024;
const WITH_LENGTH: &str = "{prefix} {percent:>3}% [{wide_bar}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}";
const WITHOUT_LENGTH: &str = "{prefix} {spinner} {binary_bytes} {binary_bytes_per_sec}";
