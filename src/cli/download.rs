//! `--download`: the body to a file, whole or not at all.
//!
//! Owns the files: the content goes to `FILE.part`, which takes the name FILE once it is complete; beside it, in
//! `FILE.part.json`, is what it takes to go on with it. The server has no say in where they are. Whether an answer goes on
//! with what is there is `resume.rs`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use papilio::{Headers, StreamingResponse};

use super::Failure;
use super::args::Args;
use super::call::Call;
use super::output::Output;
use super::progress::Progress;
use super::render;
use super::resume::{self, Answer, Note};
use super::session::create_private;

/// Where the body goes.
pub(crate) enum Download {
    Stdout,
    /// What is no file, such as a device: written as it comes.
    Straight(File),
    File(Target),
}

/// A file that can be written to. An existing one stays as it is until there is something to put in its place.
pub(crate) struct Target {
    path: PathBuf,
    part: PathBuf,
    note: PathBuf,
    file: File,
    /// There is nothing in it worth keeping.
    is_empty: bool,
}

impl Download {
    /// Opens the file, so that it is known before the request whether it can be written.
    pub(crate) fn open(path: &Path, resume: bool) -> Result<Self, Failure> {
        let is_stdout = path == Path::new("-");
        let is_file = fs::metadata(path).map_or(true, |metadata| metadata.is_file());
        if resume && (is_stdout || !is_file) {
            let message = "--continue needs a file to go on with";
            return Err(Failure::Usage(message.to_owned()));
        }
        if is_stdout {
            return Ok(Self::Stdout);
        }
        let opened = if is_file {
            Target::open(path).map(Self::File)
        } else {
            OpenOptions::new()
                .write(true)
                .open(path)
                .map(Self::Straight)
        };
        opened.map_err(|error| Failure::Usage(cannot_write(path, &error)))
    }

    /// Sends the request and writes the body as it arrives. The result is the last response, and whether all is well.
    pub(crate) fn run(
        self,
        call: &mut Call<'_>,
        args: &Args,
    ) -> Result<(StreamingResponse, bool), Failure> {
        if let Self::File(target) = self {
            return target.run(call, args);
        }
        let mut response = call.send(&Headers::new())?;
        let is_success = response.is_success();
        match self {
            Self::Straight(mut file) => {
                let name = file_name(args);
                copy_with_progress(&mut response, &mut file, &name, 0, args).map_err(|cut| {
                    match cut {
                        Cut::Reading(error, _) => error.into(),
                        Cut::Writing(error, written) => Failure::File(format!(
                            "cannot write to '{name}': {error}; it has the first {written} bytes"
                        )),
                    }
                })?;
            }
            _ => render::raw(&mut response, &mut Output::stdout())?,
        }
        Ok((response, is_success))
    }
}

impl Target {
    fn open(path: &Path) -> io::Result<Self> {
        // Of a link it is the file behind it that is replaced.
        let path = match fs::canonicalize(path) {
            Ok(real) => {
                OpenOptions::new().write(true).open(&real)?;
                real
            }
            Err(_) => path.to_owned(),
        };
        let (part, note) = (
            with_suffix(&path, ".part"),
            with_suffix(&path, ".part.json"),
        );
        let mut options = OpenOptions::new();
        options.write(true);
        let created = options.clone().create_new(true).open(&part);
        let (file, is_empty) = match created {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !fs::symlink_metadata(&part)?.is_file() {
                    let message = format!("'{}' is not a file", part.display());
                    return Err(io::Error::other(message));
                }
                (options.open(&part)?, false)
            }
            result => (result?, true),
        };
        Ok(Self {
            path,
            part,
            note,
            file,
            is_empty,
        })
    }

    fn run(
        mut self,
        call: &mut Call<'_>,
        args: &Args,
    ) -> Result<(StreamingResponse, bool), Failure> {
        loop {
            let kept = if args.resume { self.kept(args) } else { None };
            let headers = match &kept {
                Some((note, kept)) => note.headers(*kept)?,
                None if args.resume => resume::identity()?,
                None => Headers::new(),
            };
            let mut response = call.send(&headers)?;
            let answer = match &kept {
                Some((note, kept)) => note.judge(*kept, &response),
                None if args.resume && !response.is_success() => Answer::Refused,
                None => Answer::Whole,
            };
            let (start, length) = match (answer, kept) {
                (Answer::Rest(length), Some((_, kept))) => (kept, Some(length)),
                (Answer::Complete, _) => {
                    self.finish()?;
                    return Ok((response, true));
                }
                (Answer::Changed, _) => {
                    self.begin(0, None)?;
                    continue;
                }
                (Answer::Nonsense(why), _) => return Err(self.refuse(why)),
                (Answer::Refused, _) => {
                    let status = response.status().as_u16();
                    let message = format!("the answer {status} is not the file, and not saved");
                    return Err(Failure::File(message));
                }
                _ => (0, None),
            };
            self.begin(start, Note::of(args.url(), &response))?;
            let name = file_name(args);
            match copy_with_progress(&mut response, &mut self.file, &name, start, args) {
                Ok(written) if length.is_some_and(|length| start + written != length) => {
                    return Err(self.refuse("is not as long as it says"));
                }
                Ok(_) => {
                    let is_success = response.is_success();
                    self.finish()?;
                    return Ok((response, is_success));
                }
                Err(Cut::Reading(error, _)) if args.resume && call.may_resume(&error) => {}
                Err(cut) => return Err(self.cut(cut, start)),
            }
        }
    }

    /// What is there of this URL's file, if one can go on with it.
    fn kept(&self, args: &Args) -> Option<(Note, u64)> {
        let note: Note = serde_json::from_slice(&fs::read(&self.note).ok()?).ok()?;
        let kept = self.file.metadata().ok()?.len();
        (note.is_of(args.url()) && kept > 0).then_some((note, kept))
    }

    /// From here on the file holds the response, behind so many bytes that are there already.
    fn begin(&mut self, start: u64, note: Option<Note>) -> Result<(), Failure> {
        self.is_empty = start == 0;
        let begun = self.file.set_len(start);
        begun
            .and_then(|()| self.file.seek(SeekFrom::Start(start)))
            .map_err(|error| Failure::File(cannot_write(&self.part, &error)))?;
        if start > 0 {
            return Ok(());
        }
        drop(fs::remove_file(&self.note));
        if let Some(note) = note {
            // Without it the file is fetched from its beginning next time, which does no harm.
            let text = serde_json::to_vec(&note).unwrap_or_default();
            drop(create_private(&self.note).and_then(|mut file| file.write_all(&text)));
        }
        Ok(())
    }

    /// The file is complete: it gets its name, and the permissions of the one it replaces.
    fn finish(&mut self) -> Result<(), Failure> {
        self.is_empty = false;
        if let Ok(old) = fs::metadata(&self.path) {
            drop(fs::set_permissions(&self.part, old.permissions()));
        }
        drop(fs::remove_file(&self.note));
        fs::rename(&self.part, &self.path)
            .map_err(|error| Failure::File(cannot_write(&self.path, &error)))
    }

    /// The body ended early.
    fn cut(&mut self, cut: Cut, start: u64) -> Failure {
        let part = self.part.display();
        match cut {
            Cut::Reading(error, written) => {
                let kept = start + written;
                self.is_empty = kept == 0;
                if self.is_empty {
                    return error.into();
                }
                let way_on = if self.note.exists() {
                    ", --continue goes on from there"
                } else {
                    ""
                };
                let message = format!("'{part}' has the first {kept} bytes{way_on}");
                Failure::Kept(error, message)
            }
            Cut::Writing(error, written) => {
                let kept = start + written;
                self.is_empty = kept == 0;
                let message = cannot_write(&self.part, &error);
                Failure::File(format!("{message}; it has the first {kept} bytes"))
            }
        }
    }

    fn refuse(&mut self, why: &str) -> Failure {
        let part = self.part.display();
        Failure::File(format!(
            "the part that the server sent {why}; without --continue '{part}' is fetched anew"
        ))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.is_empty {
            // If they cannot be removed, no harm is done.
            drop(fs::remove_file(&self.part));
            drop(fs::remove_file(&self.note));
        }
    }
}

/// Why copying ended early, and after how many bytes.
enum Cut {
    Reading(papilio::Error, u64),
    Writing(io::Error, u64),
}

/// Writes the decoded body, and shows the bytes that have been received for it. The result is how many were written.
fn copy_with_progress(
    response: &mut StreamingResponse,
    file: &mut File,
    name: &str,
    start: u64,
    args: &Args,
) -> Result<u64, Cut> {
    let length = response.headers().get("Content-Length");
    let length = length.and_then(|length| length.parse::<u64>().ok());
    let length = length.and_then(|length| length.checked_add(start));
    let progress = Progress::new(name, length, start, args.quiet);
    let mut buffer = vec![0; PIECE];
    let mut written = 0;
    loop {
        let count = response
            .read(&mut buffer)
            .map_err(|error| Cut::Reading(request_error(error), written))?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            return Ok(written);
        }
        file.write_all(piece)
            .map_err(|error| Cut::Writing(error, written))?;
        written += count as u64;
        progress.set(start + response.num_bytes_downloaded());
    }
}

/// The error inside of what `io::Read` returns.
fn request_error(error: io::Error) -> papilio::Error {
    error.downcast().unwrap_or_else(|error| {
        papilio::Error::new(papilio::Kind::Read, "the response body failed").with_source(error)
    })
}

fn file_name(args: &Args) -> String {
    let path = args.download.as_deref().unwrap_or_else(|| Path::new(""));
    path.display().to_string()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("cannot write to '{}': {error}", path.display())
}

const PIECE: usize = 64 * 1024;
