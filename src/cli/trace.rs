//! `--verbose`: the request and its connection, told as they happen; and the debug log.
//!
//! Owns listening to the library's log. The lines of the connection are picked from its named events; what no event tells
//! (the certificate) is not shown.

use std::env;
use std::io;
use std::sync::{Mutex, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};
use papilio::{Headers, Method, Request, Url};

use super::output::Output;
use super::render;

/// Listens from here on: 1 for the request and its connection, 2 for the debug log as well. `RUST_LOG` asks for the
/// debug log too, and says what goes into it.
pub(crate) fn start(verbose: u8, request: &Request) {
    let story = (verbose > 0).then(|| Story {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        output: Mutex::new(Output::stdout()),
    });
    let log = debug_log(verbose);
    let level = log.as_ref().map_or(LevelFilter::Off, |log| log.filter());
    let level = level.max(story.as_ref().map_or(LevelFilter::Off, |_| {
        // The level of the events.
        LevelFilter::Debug
    }));
    if level > LevelFilter::Off && log::set_boxed_logger(Box::new(Listener { story, log })).is_ok()
    {
        log::set_max_level(level);
    }
}

fn debug_log(verbose: u8) -> Option<env_logger::Logger> {
    let is_set = env::var_os(VARIABLE).is_some_and(|value| !value.is_empty());
    if is_set {
        return Some(env_logger::Builder::from_env(VARIABLE).build());
    }
    (verbose > 1).then(|| {
        env_logger::Builder::new()
            .filter(Some("papilio"), LevelFilter::Debug)
            .build()
    })
}

struct Listener {
    story: Option<Story>,
    log: Option<env_logger::Logger>,
}

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let in_story = self.story.is_some() && Story::is_about(metadata);
        in_story || self.log.as_ref().is_some_and(|log| log.enabled(metadata))
    }

    fn log(&self, record: &Record<'_>) {
        if let Some(log) = &self.log {
            log.log(record);
        }
        if let Some(story) = &self.story
            && Story::is_about(record.metadata())
        {
            // The response will meet the same trouble with the output, and report it.
            drop(story.tell(&record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// What is told of one request.
struct Story {
    method: Method,
    url: Url,
    headers: Headers,
    output: Mutex<Output>,
}

impl Story {
    fn is_about(metadata: &Metadata<'_>) -> bool {
        matches!(metadata.target(), "papilio::connection" | "papilio::http11")
    }

    fn tell(&self, event: &str) -> io::Result<()> {
        let (name, facts) = event.split_once(' ').unwrap_or((event, ""));
        let result = facts.strip_prefix("return_value=").unwrap_or_default();
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            "connection.connect_tcp.started" => {
                output.text(&format!("* Connecting to '{}'\n", self.url.raw_host()))?;
            }
            "connection.connect_tcp.complete" => connected(result, &mut output)?,
            "connection.start_tls.complete" => secured(result, &mut output)?,
            "http11.send_request_headers.started" => self.tell_request(&mut output)?,
            _ => return Ok(()),
        }
        output.flush()
    }

    /// As it is sent: `Host` first.
    fn tell_request(&self, output: &mut Output) -> io::Result<()> {
        let target = if self.method == Method::CONNECT {
            let port = self.url.port_or_default().unwrap_or_default();
            let host = self.url.netloc();
            match self.url.port() {
                Some(_) => host.to_owned(),
                None => format!("{host}:{port}"),
            }
        } else {
            self.url.raw_path().into_owned()
        };
        output.text(&format!("{} {target} HTTP/1.1\n", self.method))?;
        let is_host = |name: &str| name.eq_ignore_ascii_case("Host");
        render::fields(&self.headers, is_host, output)?;
        render::fields(&self.headers, |name| !is_host(name), output)?;
        output.text("\n")
    }
}

/// `Some(127.0.0.1:80)`.
fn connected(result: &str, output: &mut Output) -> io::Result<()> {
    let address = result
        .strip_prefix("Some(")
        .and_then(|result| result.strip_suffix(')'));
    let Some((ip, port)) = address.and_then(|address| address.rsplit_once(':')) else {
        return Ok(());
    };
    let ip = ip.trim_matches(['[', ']']);
    output.text(&format!("* Connected to '{ip}' on port {port}\n"))
}

/// `TLSv1_3 / TLS13_AES_128_GCM_SHA256 / h2`.
fn secured(result: &str, output: &mut Output) -> io::Result<()> {
    let mut parts = result.splitn(3, " / ");
    let (Some(version), Some(suite), Some(alpn)) = (parts.next(), parts.next(), parts.next())
    else {
        return Ok(());
    };
    let version = version.replace('_', ".");
    // The registered names do not say the version.
    let suite = suite.replacen("TLS13_", "TLS_", 1);
    let alpn = match alpn {
        "no ALPN" => "None".to_owned(),
        alpn => format!("'{alpn}'"),
    };
    output.text(&format!(
        "* SSL established using '{version}' / '{suite}'\n* Selected ALPN protocol: {alpn}\n"
    ))
}

const VARIABLE: &str = "RUST_LOG";
