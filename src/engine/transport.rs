//! `BaseHttpTransport`: one request over the network, one response head back.
//!
//! Owns the pool and the choice between using a connection again, opening one, and the one safe repetition. Does not
//! own cookies, redirects or hooks.

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
#[cfg(feature = "tls")]
use std::sync::OnceLock;
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::client::builder::ClientBuilder;
use crate::client::{Buildable, Network, sealed};
use crate::connection::Connection;
use crate::connection::deadline::Deadlines;
use crate::connection::events::{Name, Tracer};
use crate::connection::pool::{Key, Lease, Pool, Sharing};
use crate::connection::socket::Socket;
use crate::engine::body::BodyStream;
use crate::engine::exchange::{Conn, exchange};
use crate::engine::{Driver, Streaming, connect};
use crate::error::{Error, Kind, Phase, Result};
use crate::models::request::Request;
use crate::models::response::{Head, Response};
use crate::models::trace::EventInfo;
use crate::models::url::Url;
use crate::protocol::http1::ParsedHead;

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
#[doc(alias = "AsyncHTTPTransport")]
pub struct BaseHttpTransport<D: Driver> {
    pool: Pool<Box<Conn<D>>>,
    network: Network,
    /// Built by the first https request: plain http never reads a root.
    #[cfg(feature = "tls")]
    tls: OnceLock<Arc<rustls::ClientConfig>>,
}

impl<D: Driver> BaseHttpTransport<D> {
    /// Checks the files that were named; opens nothing (CLT-03).
    pub(crate) fn new(network: Network) -> Result<Self> {
        #[cfg(feature = "tls")]
        {
            use crate::connection::roots;
            use crate::models::tls::Verify;
            if let Verify::Path(path) = &network.tls.verify {
                roots::check_path(path)?;
            }
            network
                .tls
                .extra_roots
                .iter()
                .try_for_each(|pem| roots::check_pem(pem))?;
        }
        Ok(Self {
            pool: Pool::new(network.limits, Sharing::Never),
            network,
            #[cfg(feature = "tls")]
            tls: OnceLock::new(),
        })
    }

    /// Settings for a transport on its own: those of [`ClientBuilder`] that are about connections.
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new("")
    }

    pub(crate) async fn exchange(&self, request: &mut Request) -> Result<Streaming<D>> {
        let started = Instant::now();
        let timeout = request.options.timeout.unwrap_or_default();
        let deadlines = Deadlines::new(timeout, request.options.started.unwrap_or(started));
        check_scheme(request)?;
        let tracer = Tracer::of(request);
        let mut lease = self.checkout(&request.url, &deadlines, started).await?;
        loop {
            request.body.prepare()?;
            let reused = match lease.connection() {
                Some(_) => {
                    tracer.attempt();
                    true
                }
                None => {
                    // Found before a connection is opened: what must not be sent.
                    Conn::<D>::check(request)?;
                    check_host(&request.url)?;
                    let connection = self.open(&request.url, &deadlines, &tracer).await?;
                    lease.fill(Box::new(connection));
                    false
                }
            };
            let Some(connection) = lease.connection() else {
                return Err(Error::new(Kind::Connect, "the connection is gone"));
            };
            connection.set_limits(self.network.response_limits);
            match exchange::<D>(connection, request, &deadlines, &tracer).await {
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
    async fn checkout(
        &self,
        url: &Url,
        deadlines: &Deadlines,
        now: Instant,
    ) -> Result<Lease<Box<Conn<D>>>> {
        let mut ticket = self.pool.ticket(Key::of(url));
        let until = deadlines.pool(now);
        // The first try needs nobody to wake.
        let mut lease = match ticket.poll(Waker::noop(), now) {
            Poll::Ready(lease) => lease,
            Poll::Pending => {
                let slot = poll_fn(|cx| ticket.poll(cx.waker(), Instant::now()));
                D::within(slot, until).await.and_then(|lease| lease)
            }
        }
        .map_err(|e| e.in_phase(Phase::Pool))?;
        while lease.connection().is_some_and(|connection| {
            // Inside TLS the look is a read, and the socket may still be as patient as the last response needed it.
            let socket = connection.socket_mut();
            socket.be_prompt();
            !D::is_alive(socket) || connection.is_stale()
        }) {
            lease.replace(Instant::now());
        }
        Ok(lease)
    }

    /// Whether a request that failed on a used connection is sent once more: nothing of a response came, and either
    /// nothing was sent or the method may be repeated and so may the body (POOL-15, FLT-07, RFC 9110 section 9.2.2).
    fn may_repeat(&self, connection: &Conn<D>, request: &Request, error: &Error) -> bool {
        let gone = matches!(error.kind(), Kind::Read | Kind::Write) && connection.is_unanswered();
        let repeatable = request.method.is_idempotent() && request.body.is_replayable();
        self.network.retry_stale && gone && (repeatable || connection.is_untouched())
    }

    /// A new connection, tried again as often as was asked for (RTY-01..03).
    async fn open(&self, url: &Url, deadlines: &Deadlines, tracer: &Tracer) -> Result<Conn<D>> {
        let mut tried = 0;
        loop {
            tracer.attempt();
            let error = match self.open_once(url, deadlines, tracer).await {
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
                Ok(pause) => D::sleep(pause).await,
                Err(error) => {
                    tracer.failed(Name::Retry, &error);
                    return Err(error);
                }
            }
            tracer.complete(Name::Retry, EventInfo::None)?;
            tried += 1;
        }
    }

    async fn open_once(
        &self,
        url: &Url,
        deadlines: &Deadlines,
        tracer: &Tracer,
    ) -> Result<Conn<D>> {
        // Before the connection: what is wrong with the settings is wrong without a server (LOG-06).
        #[cfg(feature = "tls")]
        let session = match url.scheme() {
            "https" | "wss" => Some(crate::connection::tls::Tls::new(
                self.tls_config()?,
                url.raw_host(),
            )?),
            _ => None,
        };
        #[cfg_attr(
            not(feature = "tls"),
            expect(unused_mut, reason = "only TLS changes it")
        )]
        let mut wire = connect::tcp::<D>(url, deadlines, tracer).await?;
        #[cfg(feature = "tls")]
        if let Some(session) = session {
            connect::tls::<D>(&mut wire, session, url.raw_host(), deadlines, tracer).await?;
        }
        Ok(Connection::new(wire, self.network.response_limits))
    }

    #[cfg(feature = "tls")]
    fn tls_config(&self) -> Result<Arc<rustls::ClientConfig>> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let config = crate::connection::roots::client_config(&self.network.tls)?;
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }

    /// Closes idle connections and turns everyone else away.
    pub(crate) fn shut(&self) {
        self.pool.close();
    }

    /// Puts head and body together.
    fn respond(
        &self,
        parsed: ParsedHead,
        lease: Lease<Box<Conn<D>>>,
        deadlines: Deadlines,
        started: Instant,
    ) -> Result<Streaming<D>> {
        let mut head = Head::new(parsed.status, parsed.version, parsed.headers);
        head.reason = parsed.reason;
        head.connection = lease
            .connection_ref()
            .map(|connection| Arc::clone(&connection.info));
        let body = BodyStream::live(lease, deadlines, started, self.network.response_limits);
        let mut response = Response {
            head: Box::new(head),
            body,
        };
        response.body.settle()?;
        Ok(response)
    }
}

impl<D: Driver> fmt::Debug for BaseHttpTransport<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl<D: Driver> sealed::Sealed for BaseHttpTransport<D> {}

impl<D: Driver> Buildable for BaseHttpTransport<D> {
    type Parts = ();
}

impl<D: Driver> ClientBuilder<BaseHttpTransport<D>> {
    /// The transport. No network I/O happens; files of certificates that were named are read.
    ///
    /// # Errors
    /// [`Kind::Config`] for a setting that makes no sense, [`Kind::Tls`] for certificates that cannot be used.
    pub fn build(mut self) -> Result<BaseHttpTransport<D>> {
        BaseHttpTransport::new(self.network()?)
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
