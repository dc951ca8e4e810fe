//! The command: arguments to a request, the response to output, and what came of it to an exit code.
//!
//! Owns the order of things. Does not own the arguments (`args.rs`), the request (`call.rs`), how a response looks
//! (`render.rs`) or files (`download.rs`). Of papilio it uses what every user has.

mod args;
mod auth;
mod body;
mod call;
mod certificate;
mod download;
mod failure;
mod interrupt;
mod json;
mod markup;
mod network;
mod output;
mod progress;
mod prompt;
mod record;
mod render;
mod resume;
mod retry;
mod session;
mod timing;
mod trace;
mod usage;

use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use papilio::{Client, Cookies, Headers, Kind, StreamingResponse};

use args::Args;
use body::Body;
use call::Call;
use download::Download;
use failure::Failure;
use output::{Output, print_error};
use session::Session;

/// Runs the command and says how it ended: 0 for a 2xx response, 1 for another one or an error, 2 for wrong use.
pub(crate) fn run() -> ExitCode {
    let args = match usage::arguments() {
        Ok(args) => args,
        Err(code) => return code,
    };
    let ended = match usage::about(&args) {
        Some(printed) => printed.map(|()| true),
        None => execute(&args),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => failure.report(),
    }
}

/// Whether the response is a 2xx.
fn execute(args: &Args) -> Result<bool, Failure> {
    interrupt::watch();
    trace::start_log(args.verbose);
    let download = args.download.as_deref();
    let download = download.map(|path| Download::open(path, args.resume));
    let download = download.transpose()?;
    let body = Body::open(args)?;
    let session = args.session.as_deref().map(Session::open).transpose()?;
    let (session, cookies) = session.unzip();
    let auth = auth::auth(args)?;
    if args.no_verify && !args.quiet {
        print_error("Warning: certificates are not verified, so anybody may be the server.");
    }
    let trouble = Trouble::default();
    let client = client(args, cookies.unwrap_or_default(), trouble.clone())?;
    let told = (args.verbose > 0).then(|| trace::teller(heads(args)));
    let mut call = Call::new(args, &client, body, auth, told);

    let result = exchange(args, &mut call, download);
    // Output that failed is the reason, and the request's failure its consequence.
    let result = match trouble.take() {
        Some(error) => Err(Failure::Output(error)),
        None => result,
    };
    if let Some(session) = session {
        let saved = session.save(client.cookies());
        if result.is_ok() {
            saved?;
        }
    }
    result
}

/// Sends the request, and shows or saves what comes.
fn exchange(args: &Args, call: &mut Call<'_>, download: Option<Download>) -> Result<bool, Failure> {
    let (response, is_success) = match download {
        Some(download) => download.run(call, args)?,
        None => {
            let mut response = call.send(&Headers::new())?;
            let is_success = response.is_success();
            show(args, &mut response)?;
            (response, is_success)
        }
    };
    if args.timing {
        let timings = response.timings();
        print_error(&timing::table(timings.as_ref(), call.elapsed()));
    }
    Ok(is_success)
}

/// The body, in the way that was asked for.
fn show(args: &Args, response: &mut StreamingResponse) -> Result<(), Failure> {
    if args.as_json {
        return record::print(response, args.headers_only, &mut Output::stdout());
    }
    if args.headers_only {
        response.close();
        return Ok(());
    }
    if args.quiet {
        return render::nothing(response);
    }
    let mut output = Output::stdout();
    if args.raw {
        render::raw(response, &mut output)
    } else {
        render::body(response, &mut output)
    }
}

/// Where status lines and headers go.
fn heads(args: &Args) -> Output {
    match (args.raw || args.as_json || args.quiet, args.verbose) {
        (false, _) => Output::stdout(),
        (true, 0) => Output::nowhere(),
        // Standard output is for the body alone.
        (true, _) => Output::stderr(),
    }
}

/// A client that shows the head of every response, those of redirects and authentication included.
fn client(args: &Args, cookies: Cookies, trouble: Trouble) -> Result<Client, Failure> {
    let output = Mutex::new(heads(args));
    let client = network::client(args)?
        .cookies(cookies)
        .on_response(move |response| {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            render::head(response, &mut output).map_err(|error| trouble.keep(error))
        })
        .build()?;
    Ok(client)
}

/// What went wrong with the output while a response was on its way.
#[derive(Clone, Default)]
struct Trouble(Arc<Mutex<Option<io::Error>>>);

impl Trouble {
    /// Keeps it, and makes an error that ends the request.
    fn keep(&self, error: io::Error) -> papilio::Error {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        papilio::Error::new(Kind::Custom, "the output failed")
    }

    fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
