//! The command: arguments to a request, the response to output, and what came of it to an exit code.
//!
//! Owns the order of things and how failures end. Does not own the arguments (`args.rs`), how a response looks
//! (`render.rs`) or files (`download.rs`). Of papilio it uses what every user has.

mod args;
mod download;
mod json;
mod output;
mod render;
mod trace;

use std::fmt;
use std::io;
use std::process::ExitCode;

use papilio::{Client, Request, Timeout};

use args::Args;
use download::Download;
use output::Output;

/// Runs the command and says how it ended: 0 for a 2xx response, 1 for another one or an error, 2 for wrong use.
pub(crate) fn run() -> ExitCode {
    let args = match Args::from_command_line() {
        Ok(args) => args,
        Err(code) => return code,
    };
    match execute(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => failure.report(),
    }
}

/// What ended the command early.
pub(crate) enum Failure {
    /// The arguments make no sense.
    Usage(String),
    Request(papilio::Error),
    /// The body ended early, and what there is of it was kept.
    Kept(papilio::Error, String),
    /// A file could not be written.
    File(String),
    /// Standard output could not be written.
    Output(io::Error),
}

impl From<papilio::Error> for Failure {
    fn from(error: papilio::Error) -> Self {
        Self::Request(error)
    }
}

/// Whether the response is a 2xx.
fn execute(args: Args) -> Result<bool, Failure> {
    let mut output = Output::stdout();
    let download = args.download.as_deref().map(Download::open).transpose()?;
    let client = Client::builder()
        .timeout(Timeout::all(args.timeout))
        .verify(!args.no_verify)
        .build()?;
    let verbose = args.verbose;
    let mut request = request(&client, args)?;
    trace::start(verbose, &mut request);

    let response = client.stream(request)?;
    let success = response.is_success();
    render::head(&response, &mut output).map_err(Failure::Output)?;
    match download {
        Some(download) => download.save(response, &mut output)?,
        None => render::body(response, &mut output)?,
    }
    Ok(success)
}

fn request(client: &Client, args: Args) -> papilio::Result<Request> {
    let method = args.method();
    let mut builder = client.request(method, &args.url);
    for [name, value] in args::pairs(&args.headers) {
        builder = builder.header(name, value);
    }
    if !args.params.is_empty() {
        builder = builder.query(args::query(&args.params));
    }
    if let Some(content) = args.content {
        builder = builder.body(content);
    }
    if !args.data.is_empty() {
        builder = builder.form(args::query(&args.data));
    }
    if let Some(json) = &args.json {
        builder = builder.json(json);
    }
    builder.build()
}

impl Failure {
    fn report(self) -> ExitCode {
        match self {
            Self::Usage(message) => {
                args::report(&message);
                return ExitCode::from(2);
            }
            // Who does not want to know the rest does not want to know of errors either.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::from(CLOSED_PIPE);
            }
            failure => output::error_line(&failure.to_string()),
        }
        ExitCode::FAILURE
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
fn request_error(error: &papilio::Error) -> String {
    let mut text = format!("{}: {error}", error.kind().name());
    if let (Some(method), Some(url)) = (error.method(), error.url()) {
        let request = format!(" ({method} {})", url.masked());
        if text.ends_with(&request) {
            text.truncate(text.len() - request.len());
        }
    }
    text
}

/// What a shell says of a program that a closed pipe has ended.
const CLOSED_PIPE: u8 = 141;
