//! `Line`: one way onto the network, direct or through one proxy, with its pool of connections.
//!
//! Owns the choice between using a connection again, opening one, the one safe repetition, and the proxy's challenge.
//! Does not own cookies, redirects or hooks.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::client::Network;
use crate::connection::Connection;
use crate::connection::deadline::Deadlines;
use crate::connection::events::Tracer;
use crate::connection::forward::Forward;
use crate::connection::pool::{Key, Lease, Pool, Sharing};
use crate::connection::socket::Socket;
#[cfg(feature = "tls")]
use crate::connection::tls_config;
use crate::engine::body::BodyStream;
use crate::engine::connect::Opening;
use crate::engine::exchange::{Conn, exchange, outgoing};
use crate::engine::{Driver, Streaming};
use crate::error::{Error, Kind, Phase, Result};
use crate::models::proxy::{Proxy, ProxyAuth};
use crate::models::request::Request;
use crate::models::response::{Head, Response};
#[cfg(feature = "tls")]
use crate::models::tls::ServerName;
use crate::models::url::Url;
use crate::protocol::http1::ParsedHead;

pub(crate) struct Line<D: Driver> {
    pool: Pool<Box<Conn<D>>>,
    network: Arc<Network>,
    proxy: Option<Proxied>,
}

struct Proxied {
    proxy: Proxy,
    /// For requests that it forwards.
    key: Key,
}

/// A request in the form in which a proxy gets it, or in which the origin gets it past a proxy.
struct Form {
    forward: Forward,
    auth: Option<ProxyAuth>,
}

impl<D: Driver> Line<D> {
    /// Checks the files that were named; opens nothing (CLT-03).
    pub(crate) fn new(network: Arc<Network>, proxy: Option<&Proxy>) -> Result<Self> {
        #[cfg(feature = "tls")]
        {
            tls_config::check(&network.tls)?;
            if let Some(proxy) = proxy {
                tls_config::check(&proxy.tls(network.tls.trust_env))?;
            }
        }
        Ok(Self {
            pool: Pool::new(network.limits, Sharing::Never),
            network,
            proxy: proxy.map(|proxy| Proxied {
                key: Key::proxy(proxy.url()),
                proxy: proxy.clone(),
            }),
        })
    }

    pub(crate) async fn exchange(&self, request: &mut Request) -> Result<Streaming<D>> {
        let started = Instant::now();
        let timeout = request.options.timeout.unwrap_or_default();
        let deadlines = Deadlines::new(timeout, request.options.started.unwrap_or(started))
            .cancelled_by(request.options.cancel.as_ref());
        deadlines.check()?;
        check_scheme(request)?;
        let tracer = Tracer::of(request);
        let mut form = self.form(request)?;
        let mut lease = self.checkout(request, &deadlines, started).await?;
        loop {
            request.body.prepare()?;
            let forward = form.as_ref().map(|form| &form.forward);
            let reused = match lease.connection() {
                Some(_) => {
                    tracer.attempt();
                    true
                }
                None => {
                    // Found before a connection is opened: what must not be sent.
                    Conn::<D>::check(&outgoing(request, forward))?;
                    check_host(&request.url)?;
                    let connection = self.open(request, &deadlines, &tracer).await?;
                    lease.fill(Box::new(connection));
                    false
                }
            };
            let Some(connection) = lease.connection() else {
                return Err(Error::new(Kind::Connect, "the connection is gone"));
            };
            connection.set_limits(self.network.response_limits);
            let head = match exchange::<D>(connection, request, forward, &deadlines, &tracer).await
            {
                Ok(head) => head,
                Err(error)
                    if reused
                        && !tracer.has_refused()
                        && self.may_repeat(connection, request, &error) =>
                {
                    log::debug!(target: "papilio::connection", "connection.stale: sending again on a new connection");
                    drop(lease.take());
                    continue;
                }
                Err(error) if self.proxy.is_some() => return Err(error.through_proxy()),
                Err(error) => return Err(error),
            };
            let response = self.respond(head, lease, deadlines.clone(), started)?;
            let Some(Form {
                forward,
                auth: Some(auth),
            }) = &mut form
            else {
                return Ok(response);
            };
            if !auth.wants(response.head.status, &response.head.headers) {
                return Ok(response);
            }
            // What the proxy says to that is read, so that the connection can be used again (R-PRX-04).
            let interim = self.network.response_limits.interim_body;
            let refusal = response.absorb(interim).await?;
            let content = refusal.content().clone();
            match auth.again(refusal.headers(), content, &mut request.body)? {
                Some(value) => forward.authorize(request, Some(&value))?,
                None => return Ok(refusal.into()),
            }
            lease = self.checkout(request, &deadlines, Instant::now()).await?;
        }
    }

    /// The form the request is sent in, if that is not its own.
    fn form(&self, request: &mut Request) -> Result<Option<Form>> {
        match &self.proxy {
            Some(Proxied { proxy, .. }) if proxy.forwards(&request.url) => {
                let mut auth = proxy.authentication();
                Ok(Some(Form {
                    forward: Forward::new(request, proxy, &mut auth)?,
                    auth: Some(auth),
                }))
            }
            _ => Ok(Forward::past(request).map(|forward| Form {
                forward,
                auth: None,
            })),
        }
    }

    fn key(&self, request: &Request) -> Key {
        if let Some(Proxied { proxy, key }) = &self.proxy
            && proxy.forwards(&request.url)
        {
            return key.clone();
        }
        let key = Key::of(&request.url);
        #[cfg(feature = "tls")]
        if let Some(name) = request.extensions().get::<ServerName>() {
            return key.with_server_name(name.as_str());
        }
        key
    }

    /// A slot, with an idle connection that is still good if there is one. The check costs one system call and is made
    /// at every checkout, however short the idle time was (SEC-130).
    async fn checkout(
        &self,
        request: &Request,
        deadlines: &Deadlines,
        now: Instant,
    ) -> Result<Lease<Box<Conn<D>>>> {
        let mut ticket = self.pool.ticket(self.key(request));
        // The first try needs nobody to wake.
        let mut lease = match ticket.poll(Waker::noop(), now) {
            Poll::Ready(lease) => lease,
            Poll::Pending => {
                let slot = poll_fn(|cx| ticket.poll(cx.waker(), Instant::now()));
                D::within(slot, deadlines.pool(now))
                    .await
                    .and_then(|lease| lease)
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

    async fn open(
        &self,
        request: &Request,
        deadlines: &Deadlines,
        tracer: &Tracer,
    ) -> Result<Conn<D>> {
        let opening = Opening {
            network: &self.network,
            proxy: self.proxy.as_ref().map(|proxied| &proxied.proxy),
            url: &request.url,
            #[cfg(feature = "tls")]
            server_name: request
                .extensions()
                .get::<ServerName>()
                .map(ServerName::as_str),
            #[cfg(feature = "tls")]
            alpn: tls_config::Alpn::Http11,
            deadlines,
            tracer,
        };
        let wire = opening.open::<D>().await?;
        Ok(Connection::new(wire, self.network.response_limits))
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

/// Its pool, and its proxy without secrets.
impl<D: Driver> fmt::Debug for Line<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proxy {
            Some(Proxied { proxy, .. }) => write!(f, "{:?} through {proxy}", self.pool),
            None => self.pool.fmt(f),
        }
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
