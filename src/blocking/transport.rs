//! `HttpTransport`: one request over the network, one response head back.
//!
//! Owns the pool and the choice between using a connection again, opening one, and the one safe repetition. Does not
//! own cookies, redirects or hooks.

use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use crate::blocking::body::BodyStream;
use crate::blocking::exchange::{StdConnection, exchange};
use crate::blocking::response::StreamingResponse;
use crate::blocking::{connect, wait};
use crate::client::Network;
use crate::connection::Connection;
use crate::connection::deadline::Deadlines;
use crate::connection::events::event;
use crate::connection::pool::{Key, Lease, Pool};
use crate::error::{Error, Kind, Phase, Result};
use crate::models::request::Request;
use crate::models::response::Head;
use crate::models::url::Url;
use crate::protocol::http1::ParsedHead;

/// The network.
pub(crate) struct HttpTransport {
    pool: Pool<Box<StdConnection>>,
    network: Network,
    /// Built by the first https request: plain http never reads a root.
    #[cfg(feature = "tls")]
    tls: OnceLock<std::sync::Arc<rustls::ClientConfig>>,
}

impl HttpTransport {
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
            pool: Pool::new(network.limits),
            network,
            #[cfg(feature = "tls")]
            tls: OnceLock::new(),
        })
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }

    pub(crate) fn trust_env(&self) -> bool {
        self.network.tls.trust_env
    }

    pub(crate) fn pool(&self) -> &Pool<Box<StdConnection>> {
        &self.pool
    }

    /// Sends one request and returns as soon as the head of its response is there.
    pub(crate) fn send(
        &self,
        request: &mut Request,
        deadlines: Deadlines,
    ) -> Result<StreamingResponse> {
        let started = Instant::now();
        check_scheme(request)?;
        let mut lease = self.checkout(&request.url, &deadlines)?;
        loop {
            request.body.prepare()?;
            let reused = match lease.connection() {
                Some(_) => true,
                None => {
                    // Found before a connection is opened: what must not be sent.
                    StdConnection::check(request)?;
                    lease.fill(Box::new(self.open(&request.url, &deadlines)?));
                    false
                }
            };
            let Some(connection) = lease.connection() else {
                return Err(Error::new(Kind::Connect, "the connection is gone"));
            };
            connection.set_limits(self.network.response_limits);
            match exchange(connection, request, &deadlines) {
                Ok(head) => return self.respond(head, lease, deadlines, started),
                Err(error) if reused && self.may_repeat(connection, request, &error) => {
                    log::debug!(target: "papilio::connection", "connection.stale: sending again on a new connection");
                    drop(lease.take());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A slot, with an idle connection that is still good if there is one. The check costs one system call and is made
    /// at every checkout, however short the idle time was (SEC-130).
    fn checkout(&self, url: &Url, deadlines: &Deadlines) -> Result<Lease<Box<StdConnection>>> {
        let mut ticket = self.pool.ticket(Key(url.clone()));
        let until = deadlines.pool(deadlines.started());
        let mut lease = wait::on_poll(until, |waker, now| ticket.poll(waker, now))
            .map_err(|e| e.in_phase(Phase::Pool))?;
        while lease.connection().is_some_and(|connection| {
            // The last response left it patient; a look must not wait.
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
    fn open(&self, url: &Url, deadlines: &Deadlines) -> Result<StdConnection> {
        let mut tried = 0;
        loop {
            match self.open_once(url, deadlines) {
                Err(error) if error.is_connect() && tried < self.network.connect_retries => {
                    let pause = connect::retry_pause(tried);
                    event!(
                        connection,
                        "retry",
                        started,
                        "pause={pause:?} exception={error}"
                    );
                    thread::sleep(deadlines.pause(pause, Instant::now())?);
                    event!(connection, "retry", complete);
                    tried += 1;
                }
                result => return result,
            }
        }
    }

    fn open_once(&self, url: &Url, deadlines: &Deadlines) -> Result<StdConnection> {
        #[cfg_attr(
            not(feature = "tls"),
            expect(unused_mut, reason = "only TLS changes it")
        )]
        let mut wire = connect::tcp(url, deadlines)?;
        #[cfg(feature = "tls")]
        if matches!(url.scheme(), "https" | "wss") {
            let host = url.raw_host();
            let session = crate::connection::tls::Tls::new(self.tls_config()?, host)?;
            connect::tls(&mut wire, session, host, deadlines)?;
        }
        Ok(Connection::new(wire, self.network.response_limits))
    }

    #[cfg(feature = "tls")]
    fn tls_config(&self) -> Result<std::sync::Arc<rustls::ClientConfig>> {
        if let Some(config) = self.tls.get() {
            return Ok(std::sync::Arc::clone(config));
        }
        let config = crate::connection::roots::client_config(&self.network.tls)?;
        Ok(std::sync::Arc::clone(self.tls.get_or_init(|| config)))
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
        let body = BodyStream::live(lease, deadlines, started, self.network.response_limits);
        StreamingResponse::assemble(head, body)
    }
}

/// POOL-19: which URLs go to the network at all.
fn check_scheme(request: &Request) -> Result<()> {
    let url = &request.url;
    if url.has_ambiguous_host() {
        let host = url.raw_host();
        return Err(Error::invalid_url(format!(
            "Ambiguous IPv4 address: '{host}'"
        )));
    }
    let message = match url.scheme() {
        _ if !url.is_absolute()
            && (url.scheme().is_empty() || matches!(url.scheme(), "http" | "https")) =>
        {
            "Request URL is missing an 'http://' or 'https://' protocol.".to_owned()
        }
        "http" => return Ok(()),
        #[cfg(feature = "tls")]
        "https" => return Ok(()),
        #[cfg(not(feature = "tls"))]
        "https" | "wss" => {
            "https needs papilio's feature `tls`, which this build lacks.".to_owned()
        }
        "ws" | "wss" if request.headers.contains("Upgrade") => return Ok(()),
        scheme => format!("Request URL has an unsupported protocol '{scheme}://'."),
    };
    Err(Error::new(Kind::UnsupportedProtocol, message))
}
