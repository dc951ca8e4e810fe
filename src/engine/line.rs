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
use crate::connection::tls_config::{self, Alpn};
#[cfg(feature = "async")]
use crate::connection::wire::Wire;
#[cfg(feature = "async")]
use crate::engine::attempt::Repeats;
use crate::engine::attempt::{Attempt, Outcome};
use crate::engine::connect::Opening;
use crate::engine::exchange::{Conn, outgoing};
use crate::engine::{Driver, Streaming};
use crate::error::{Error, Kind, Phase, Result};
use crate::models::proxy::{Proxy, ProxyAuth};
use crate::models::request::Request;
#[cfg(feature = "tls")]
use crate::models::tls::ServerName;
use crate::models::url::Url;

pub(crate) struct Line<D: Driver> {
    pool: Pool<Box<Conn<D>>>,
    pub(super) network: Arc<Network>,
    proxy: Option<Proxied>,
    #[cfg(feature = "async")]
    crank: D::Crank,
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
            pool: Pool::new(network.limits, sharing(&network)),
            network,
            #[cfg(feature = "async")]
            crank: D::Crank::default(),
            proxy: proxy.map(|proxy| Proxied {
                key: Key::proxy(proxy.url()),
                proxy: proxy.clone(),
            }),
        })
    }

    pub(crate) async fn exchange(&self, request: &mut Request) -> Result<Streaming<D>> {
        let started = Instant::now();
        let timeout = request.options.timeout.unwrap_or_default();
        let mut deadlines = Deadlines::new(timeout, request.options.started.unwrap_or(started))
            .cancelled_by(request.options.cancel.as_ref());
        deadlines.check()?;
        check_scheme(request)?;
        #[cfg(feature = "async")]
        self.check_version(request)?;
        request.body.check_trailers(&request.headers)?;
        let wait = Some(self.network.expect_wait).filter(|wait| !wait.is_zero());
        deadlines.word = wait.filter(|_| request.expects_continue());
        let tracer = Tracer::of(request);
        let mut form = self.form(request)?;
        let mut slot = Some(self.checkout(request, &deadlines, started).await?);
        #[cfg(feature = "async")]
        let mut repeats = Repeats::default();
        loop {
            request.body.prepare()?;
            let forward = form.as_ref().map(|form| &form.forward);
            let lease = match &mut slot {
                Some(lease) => lease,
                None => slot.insert(self.checkout_again(request, &deadlines).await?),
            };
            let reused = lease.is_open();
            if reused {
                tracer.attempt();
            } else {
                // Found before a connection is opened: what must not be sent.
                Conn::<D>::check(&outgoing(request, forward))?;
                check_host(&request.url)?;
                // Out of the way of all requests that open nothing.
                Box::pin(self.open(lease, request, &deadlines, &tracer)).await?;
            }
            let mut attempt = Attempt {
                line: self,
                request,
                forward,
                deadlines: &deadlines,
                tracer: &tracer,
                started,
                reused,
                #[cfg(feature = "async")]
                repeats: &mut repeats,
            };
            let response = match attempt.make(&mut slot).await? {
                Outcome::Response(response) => response,
                Outcome::Again => {
                    log::debug!(target: "papilio::connection", "connection.stale: sending again on a new connection");
                    continue;
                }
            };
            let Some(form) = form.as_mut().filter(|form| form.auth.is_some()) else {
                return Ok(response);
            };
            match Box::pin(form.answer(request, response, &self.network)).await? {
                Answered::Returned(response) => return Ok(*response),
                Answered::Authorized => {}
            }
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
        #[cfg_attr(
            not(feature = "async"),
            expect(unused_mut, reason = "only HTTP/2 changes it")
        )]
        let mut key = Key::of(&request.url);
        #[cfg(feature = "async")]
        if self.network.protocols.http2 && upgrades(request) {
            key = key.exclusive();
        }
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
                // Out of the way of all requests that need not wait.
                Box::pin(D::within(slot, deadlines.pool(now)))
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

    /// Another slot, for a request that could not keep its own.
    async fn checkout_again(
        &self,
        request: &Request,
        deadlines: &Deadlines,
    ) -> Result<Lease<Box<Conn<D>>>> {
        Box::pin(self.checkout(request, deadlines, Instant::now())).await
    }

    /// Opens a connection and puts it into the lease: for this request alone, or shared by all of its origin.
    async fn open(
        &self,
        lease: &mut Lease<Box<Conn<D>>>,
        request: &Request,
        deadlines: &Deadlines,
        tracer: &Tracer,
    ) -> Result<()> {
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
            alpn: self.alpn(request),
            deadlines,
            tracer,
        };
        let wire = opening.open::<D>().await?;
        #[cfg(feature = "async")]
        if self.speaks_http2(request, &wire) {
            let watch = self.pool.watch();
            let tell = move || watch.changed(Instant::now());
            let settings = &self.network.protocols.settings;
            let handle = D::multiplex(&self.crank, wire, settings, tracer, tell)?;
            lease.share(handle);
            return Ok(());
        }
        let connection = Connection::new(wire, self.network.response_limits);
        lease.fill(Box::new(connection));
        Ok(())
    }

    pub(super) fn is_proxied(&self) -> bool {
        self.proxy.is_some()
    }

    /// Closes idle connections and turns everyone else away.
    pub(crate) fn shut(&self) {
        self.pool.close();
    }
}

#[cfg(feature = "tls")]
impl<D: Driver> Line<D> {
    fn alpn(&self, request: &Request) -> Alpn {
        #[cfg(feature = "async")]
        if self.network.protocols.http2 && !upgrades(request) {
            return match self.network.protocols.http1 {
                true => Alpn::Http2OrHttp11,
                false => Alpn::Http2,
            };
        }
        let _ = request;
        Alpn::Http11
    }
}

#[cfg(feature = "async")]
impl<D: Driver> Line<D> {
    /// What only HTTP/1.1 can do, where that is off (H2-14).
    fn check_version(&self, request: &Request) -> Result<()> {
        if upgrades(request) && !self.network.protocols.http1 {
            return Err(Error::local(
                "a switch of protocols is not possible over HTTP/2, and HTTP/1.1 is off",
            ));
        }
        Ok(())
    }

    /// By what TLS agreed on, or without asking (H2-01). What a proxy forwards, and what is to be switched to another
    /// protocol, is HTTP/1.1.
    fn speaks_http2(&self, request: &Request, wire: &Wire<D::Socket>) -> bool {
        let protocols = &self.network.protocols;
        let forwarded = self
            .proxy
            .as_ref()
            .is_some_and(|proxied| proxied.proxy.forwards(&request.url));
        let prior = !protocols.http1 && !forwarded && !upgrades(request);
        protocols.http2 && (prior || wire.alpn() == Some(b"h2"))
    }
}

/// Whether the connection is to be switched to another protocol, which is HTTP/1.1's to do (H2-14).
#[cfg(feature = "async")]
fn upgrades(request: &Request) -> bool {
    request.method == http::Method::CONNECT || request.headers.contains("Upgrade")
}

/// Which connections may turn out to be shared.
fn sharing(network: &Network) -> Sharing {
    #[cfg(feature = "async")]
    match (network.protocols.http1, network.protocols.http2) {
        (_, false) => {}
        (true, true) => return Sharing::Https,
        (false, true) => return Sharing::Always,
    }
    let _ = network;
    Sharing::Never
}

/// What became of a proxy's challenge.
enum Answered<D: Driver> {
    /// It is none, or nothing more can be said to it.
    Returned(Box<Streaming<D>>),
    /// The request is to be sent again.
    Authorized,
}

impl Form {
    /// Answers the proxy's challenge, if the response is one. What the proxy says to it is read, so that the connection can
    /// be used again (R-PRX-04).
    async fn answer<D: Driver>(
        &mut self,
        request: &mut Request,
        response: Streaming<D>,
        network: &Network,
    ) -> Result<Answered<D>> {
        let head = &response.head;
        let Some(auth) = &mut self.auth else {
            return Ok(Answered::Returned(Box::new(response)));
        };
        if !auth.wants(head.status, &head.headers) {
            return Ok(Answered::Returned(Box::new(response)));
        }
        let refusal = response
            .absorb(network.response_limits.interim_body)
            .await?;
        let content = refusal.content().clone();
        match auth.again(refusal.headers(), content, &mut request.body)? {
            Some(value) => {
                self.forward.authorize(request, Some(&value))?;
                Ok(Answered::Authorized)
            }
            None => Ok(Answered::Returned(Box::new(refusal.into()))),
        }
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
