//! `HttpTransport`: one request over the network, one response head back.
//!
//! Owns the pool and the choice between using a connection again, opening one, and the one safe repetition. Does not
//! own cookies, redirects or hooks.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::blocking::body::BodyStream;
use crate::blocking::exchange::{StdConnection, exchange};
use crate::blocking::response::StreamingResponse;
use crate::blocking::{connect, wait};
use crate::client::builder::ClientBuilder;
use crate::client::{Buildable, Network, sealed};
use crate::connection::Connection;
use crate::connection::deadline::Deadlines;
use crate::connection::events::{Name, Tracer};
use crate::connection::pool::{Key, Lease, Pool};
#[cfg(feature = "tls")]
use crate::connection::tls_config;
use crate::error::{Error, Kind, Phase, Result};
use crate::models::request::Request;
use crate::models::response::Head;
use crate::models::trace::EventInfo;
use crate::models::url::Url;
use crate::protocol::http1::ParsedHead;

/// What carries one request and brings back the head of its response.
///
/// It does one exchange and nothing else: redirects, cookies, authentication, hooks and content decoding are the
/// client's. The request is complete; the response's body is as it came, its content coding not undone. One transport
/// that wraps another can retry, cache, limit or count; see the example `retry_transport`.
///
/// ```
/// use papilio::{Client, Error, Kind, Request, Response, Result, StreamingResponse, Transport};
///
/// struct Offline;
///
/// impl Transport for Offline {
///     fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
///         match request.url.path().as_ref() {
///             "/" => Ok(Response::builder(200).text("home").into()),
///             _ => Err(Error::new(Kind::Connect, "no network here")),
///         }
///     }
/// }
///
/// let client = Client::builder().transport(Offline).build()?;
/// assert_eq!(client.get("http://example.org/").send()?.text(), "home");
/// assert_eq!(client.get("http://example.org/x").send().unwrap_err().kind(), Kind::Connect);
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "BaseTransport")]
pub trait Transport: Send + Sync {
    /// Sends the request and returns as soon as the head of its response is there.
    ///
    /// # Errors
    /// Any; the client adds the request to one that lacks it.
    #[doc(alias = "handle_request")]
    fn send(&self, request: &mut Request) -> Result<StreamingResponse>;

    /// Lets go of what is kept between requests. Called when the client is closed, perhaps more than once.
    fn close(&self) {}
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        (**self).send(request)
    }

    fn close(&self) {
        (**self).close();
    }
}

/// The network: HTTP/1.1 over pooled connections, with or without TLS. What every client uses unless told otherwise.
///
/// ```
/// use papilio::{Client, HttpTransport, Limits};
///
/// let network = HttpTransport::builder().limits(Limits::new().max_connections(4)).build()?;
/// let client = Client::builder().mount("all://*.example.org", network).build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "HTTPTransport")]
pub struct HttpTransport {
    pool: Pool<Box<StdConnection>>,
    network: Network,
}

impl HttpTransport {
    /// Checks the files that were named; opens nothing (CLT-03).
    pub(crate) fn new(network: Network) -> Result<Self> {
        #[cfg(feature = "tls")]
        tls_config::check(&network.tls)?;
        Ok(Self {
            pool: Pool::new(network.limits),
            network,
        })
    }

    /// Settings for a transport on its own: those of [`ClientBuilder`] that are about connections.
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new("")
    }

    fn exchange(&self, request: &mut Request) -> Result<StreamingResponse> {
        let started = Instant::now();
        let timeout = request.options.timeout.unwrap_or_default();
        let deadlines = Deadlines::new(timeout, request.options.started.unwrap_or(started));
        check_scheme(request)?;
        let tracer = Tracer::of(request);
        let mut lease = self.checkout(&request.url, &deadlines, started)?;
        loop {
            request.body.prepare()?;
            let reused = match lease.connection() {
                Some(_) => {
                    tracer.attempt();
                    true
                }
                None => {
                    // Found before a connection is opened: what must not be sent.
                    StdConnection::check(request)?;
                    check_host(&request.url)?;
                    lease.fill(Box::new(self.open(&request.url, &deadlines, &tracer)?));
                    false
                }
            };
            let Some(connection) = lease.connection() else {
                return Err(Error::new(Kind::Connect, "the connection is gone"));
            };
            connection.set_limits(self.network.response_limits);
            match exchange(connection, request, &deadlines, &tracer) {
                Ok(head) => return self.respond(head, lease, deadlines, started),
                Err(error)
                    if reused
                        && !tracer.has_refused()
                        && self.may_repeat(connection, request, &error) =>
                {
                    log::debug!(target: "papilio::connection", "connection.stale: sending again on a new connection");
                    drop(lease.take());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A slot, with an idle connection that is still good if there is one. The check costs one system call and is made
    /// at every checkout, however short the idle time was (SEC-130).
    fn checkout(
        &self,
        url: &Url,
        deadlines: &Deadlines,
        now: Instant,
    ) -> Result<Lease<Box<StdConnection>>> {
        let mut ticket = self.pool.ticket(Key(url.clone()));
        let until = deadlines.pool(now);
        let mut lease = wait::on_poll(until, |waker, now| ticket.poll(waker, now))
            .map_err(|e| e.in_phase(Phase::Pool))?;
        while lease.connection().is_some_and(|connection| {
            // Inside TLS the look is a read, and the socket may still be as patient as the last response needed it.
            connection.socket_mut().be_prompt();
            connection.is_stale()
        }) {
            lease.replace(Instant::now());
        }
        Ok(lease)
    }

    /// Whether a request that failed on a used connection is sent once more: nothing of a response came, and either
    /// nothing was sent or the method may be repeated and so may the body (POOL-15, FLT-07, RFC 9110 section 9.2.2).
    fn may_repeat(&self, connection: &StdConnection, request: &Request, error: &Error) -> bool {
        let gone = matches!(error.kind(), Kind::Read | Kind::Write) && connection.is_unanswered();
        let repeatable = request.method.is_idempotent() && request.body.is_replayable();
        self.network.retry_stale && gone && (repeatable || connection.is_untouched())
    }

    /// A new connection, tried again as often as was asked for (RTY-01..03).
    fn open(&self, url: &Url, deadlines: &Deadlines, tracer: &Tracer) -> Result<StdConnection> {
        let mut tried = 0;
        loop {
            tracer.attempt();
            let error = match self.open_once(url, deadlines, tracer) {
                Err(error) if error.is_connect() && !tracer.has_refused() => error,
                result => return result,
            };
            if tried == self.network.connect_retries {
                return Err(error);
            }
            let pause = connect::retry_pause(tried);
            let info = EventInfo::Retry {
                host: url.raw_host(),
                port: url.port_or_default().unwrap_or_default(),
                timeout: deadlines.timeout.connect,
                pause,
                error: &error,
            };
            tracer.started(Name::Retry, info)?;
            match deadlines.pause(pause, Instant::now()) {
                Ok(pause) => thread::sleep(pause),
                Err(error) => {
                    tracer.failed(Name::Retry, &error);
                    return Err(error);
                }
            }
            tracer.complete(Name::Retry, EventInfo::None)?;
            tried += 1;
        }
    }

    fn open_once(
        &self,
        url: &Url,
        deadlines: &Deadlines,
        tracer: &Tracer,
    ) -> Result<StdConnection> {
        // Before the connection: what is wrong with the settings is wrong without a server (LOG-06).
        #[cfg(feature = "tls")]
        let session = match url.scheme() {
            "https" | "wss" => Some(crate::connection::tls::Tls::new(
                tls_config::for_origin(&self.network.tls, url, None, tls_config::Alpn::Http11)?,
                url.raw_host(),
            )?),
            _ => None,
        };
        #[cfg_attr(
            not(feature = "tls"),
            expect(unused_mut, reason = "only TLS changes it")
        )]
        let mut wire = connect::tcp(url, deadlines, tracer)?;
        #[cfg(feature = "tls")]
        if let Some(session) = session {
            connect::tls(&mut wire, session, url.raw_host(), deadlines, tracer)?;
        }
        Ok(Connection::new(wire, self.network.response_limits))
    }

    /// Puts head and body together.
    fn respond(
        &self,
        parsed: ParsedHead,
        lease: Lease<Box<StdConnection>>,
        deadlines: Deadlines,
        started: Instant,
    ) -> Result<StreamingResponse> {
        let mut head = Head::new(parsed.status, parsed.version, parsed.headers);
        head.reason = parsed.reason;
        head.connection = lease
            .connection_ref()
            .map(|connection| Arc::clone(&connection.info));
        let body = BodyStream::live(lease, deadlines, started, self.network.response_limits);
        let mut response = StreamingResponse {
            head: Box::new(head),
            body,
        };
        response.body.settle()?;
        Ok(response)
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        self.exchange(request)
    }

    fn close(&self) {
        self.pool.close();
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl sealed::Sealed for HttpTransport {}

impl Buildable for HttpTransport {
    type Parts = ();
}

impl ClientBuilder<HttpTransport> {
    /// The transport. No network I/O happens; files of certificates that were named are read.
    ///
    /// # Errors
    /// [`Kind::Config`] for a setting that makes no sense, [`Kind::Tls`] for certificates that cannot be used.
    pub fn build(mut self) -> Result<HttpTransport> {
        HttpTransport::new(self.network()?)
    }
}

/// What a resolver might take for another host than everyone else (SEC-204).
fn check_host(url: &Url) -> Result<()> {
    if url.has_ambiguous_host() {
        let host = url.raw_host();
        return Err(Error::invalid_url(format!(
            "Ambiguous IPv4 address: '{host}'"
        )));
    }
    Ok(())
}

/// POOL-19: which URLs go to the network at all.
fn check_scheme(request: &Request) -> Result<()> {
    let url = &request.url;
    let message = match url.scheme() {
        _ if !url.is_absolute()
            && (url.scheme().is_empty() || matches!(url.scheme(), "http" | "https")) =>
        {
            "Request URL is missing an 'http://' or 'https://' protocol.".to_owned()
        }
        "https" | "wss" if !cfg!(feature = "tls") => {
            "https needs papilio's feature `tls`, which this build lacks.".to_owned()
        }
        "http" | "https" => return Ok(()),
        "ws" | "wss" if request.headers.contains("Upgrade") => return Ok(()),
        scheme => format!("Request URL has an unsupported protocol '{scheme}://'."),
    };
    Err(Error::new(Kind::UnsupportedProtocol, message))
}
