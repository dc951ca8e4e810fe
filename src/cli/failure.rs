//! `Failure`: what ended the command early, what is said of it, and the exit code.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

use papilio::Kind;

use super::output::error_line;
use super::usage;

/// What ended the command early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments make no sense.
    Usage(String),
    Request(papilio::Error),
    /// The body ended early, and what there is of it was kept.
    Kept(papilio::Error, String),
    /// A file could not be read or written, or what should be in it is not to be had.
    File(String),
    /// Standard output could not be written.
    Output(io::Error),
}

impl Failure {
    /// Says it on standard error.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Usage(message) => {
                usage::report(&message);
                return ExitCode::from(2);
            }
            // Who does not want to know the rest does not want to know of errors either.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::from(CLOSED_PIPE);
            }
            failure => error_line(&failure.to_string()),
        }
        ExitCode::FAILURE
    }
}

impl From<papilio::Error> for Failure {
    fn from(error: papilio::Error) -> Self {
        Self::Request(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::File(message) => write!(f, "Error: {message}"),
            Self::Request(error) => f.write_str(&request_error(error)),
            Self::Kept(error, kept) => write!(f, "{}; {kept}", request_error(error)),
            Self::Output(error) => write!(f, "Error: cannot write to standard output: {error}"),
        }
    }
}

/// `{Name}: {message}`, without the request: whoever typed it knows it.
pub(crate) fn request_error(error: &papilio::Error) -> String {
    let mut text = format!("{}: {error}", error.kind().name());
    if let (Some(method), Some(url)) = (error.method(), error.url()) {
        let request = format!(" ({method} {})", url.masked());
        if text.ends_with(&request) {
            text.truncate(text.len() - request.len());
        }
    }
    // What a file is about says why in its source; what happened on the network says it all in one line.
    let is_local = matches!(error.kind(), Kind::Config | Kind::Tls | Kind::Body);
    let mut source = error.source().filter(|_| is_local);
    while let Some(why) = source {
        let said = why.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = why.source();
    }
    text
}

/// What a shell says of a program that a closed pipe has ended.
const CLOSED_PIPE: u8 = 141;
