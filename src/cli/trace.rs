//! `--verbose`: the request and its connection, told as they happen; and the debug log.
//!
//! Owns what is told of the events of a request.

use std::env;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use env_logger::Target;
use log::LevelFilter;
use papilio::{ConnectionInfo, Event, EventInfo, EventPhase, Method, Request, TlsInfo, Trace};

use super::certificate;
use super::output::{Output, harmless};
use super::render;

/// Tells of requests and their connections on this stream.
pub(crate) fn teller(output: Output) -> Trace {
    let output = Mutex::new(output);
    Trace::new(move |event| {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        // The response will meet the same trouble with the output, and report it.
        drop(tell(event, &mut output));
        Ok(())
    })
}

/// Starts the debug log, if it is asked for: by `--verbose` twice, or by `RUST_LOG`, which says what goes into it.
pub(crate) fn start_log(verbose: u8) {
    if let Some(log) = debug_log(verbose) {
        let level = log.filter();
        if log::set_boxed_logger(Box::new(log)).is_ok() {
            log::set_max_level(level);
        }
    }
}

fn debug_log(verbose: u8) -> Option<env_logger::Logger> {
    let is_set = env::var_os(VARIABLE).is_some_and(|value| !value.is_empty());
    let mut builder = if is_set {
        env_logger::Builder::from_env(VARIABLE)
    } else if verbose > 1 {
        let mut builder = env_logger::Builder::new();
        builder.filter(Some("papilio"), LevelFilter::Debug);
        builder
    } else {
        return None;
    };
    Some(builder.target(Target::Pipe(Box::new(Log))).build())
}

/// The log goes where errors go, and what a server said is as harmless in it.
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = harmless(&String::from_utf8_lossy(bytes));
        io::stderr().write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn tell(event: &Event<'_>, output: &mut Output) -> io::Result<()> {
    match (event.step(), event.phase(), event.info()) {
        (_, EventPhase::Started, EventInfo::Connect { host, .. }) => {
            output.text(&format!("* Connecting to '{host}'\n"))?;
        }
        (_, EventPhase::Started, EventInfo::ConnectUnix { path, .. }) => {
            output.text(&format!("* Connecting to '{}'\n", path.display()))?;
        }
        (_, EventPhase::Complete, EventInfo::Connected(connection)) => match connection.tls() {
            None => connected(connection, output)?,
            Some(tls) => secured(tls, output)?,
        },
        ("http11.send_request_headers", EventPhase::Started, EventInfo::Request(request)) => {
            tell_request(request, "HTTP/1.1", output)?;
        }
        (
            "http2.send_request_headers",
            EventPhase::Started,
            EventInfo::Stream {
                request: Some(request),
                ..
            },
        ) => tell_request(request, "HTTP/2", output)?,
        _ => return Ok(()),
    }
    output.flush()
}

/// As it is sent: `Host` first, and names in lower case with HTTP/2.
fn tell_request(request: &Request, version: &str, output: &mut Output) -> io::Result<()> {
    let Request {
        method,
        url,
        headers,
        ..
    } = request;
    let target = if *method == Method::CONNECT {
        let port = url.port_or_default().unwrap_or_default();
        let host = url.netloc();
        match url.port() {
            Some(_) => host.to_owned(),
            None => format!("{host}:{port}"),
        }
    } else {
        url.raw_path().into_owned()
    };
    output.text(&format!("{method} {target} {version}\n"))?;
    let is_host = |name: &str| name.eq_ignore_ascii_case("Host");
    let is_lower = version == "HTTP/2";
    render::fields(headers, is_lower, is_host, output)?;
    render::fields(headers, is_lower, |name| !is_host(name), output)?;
    output.text("\n")
}

fn connected(connection: &ConnectionInfo, output: &mut Output) -> io::Result<()> {
    let Some(address) = connection.peer_addr() else {
        return Ok(());
    };
    let (ip, port) = (address.ip(), address.port());
    output.text(&format!("* Connected to '{ip}' on port {port}\n"))
}

fn secured(tls: &TlsInfo, output: &mut Output) -> io::Result<()> {
    let alpn = match tls.alpn() {
        None => "None".to_owned(),
        Some(alpn) => format!("'{}'", alpn.escape_ascii()),
    };
    output.text(&format!(
        "* SSL established using '{}' / '{}'\n* Selected ALPN protocol: {alpn}\n",
        tls.version(),
        tls.cipher_suite()
    ))?;
    let own = tls.peer_certificates().next();
    for line in own.map(certificate::describe).unwrap_or_default() {
        output.text(&line)?;
        output.text("\n")?;
    }
    Ok(())
}

const VARIABLE: &str = "RUST_LOG";
