//! Opening a connection: from a socket to what requests can be sent over.
//!
//! Owns the order of proxy, tunnel and TLS, and retries. Does not own sockets (`engine/reach.rs`), handshakes
//! (`connection/tunnel/`, `connection/tls.rs`) or the exchange.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::client::Network;
use crate::connection::deadline::Deadlines;
use crate::connection::events::{Name, Tracer};
use crate::connection::tunnel::{Tunnel, Tunneled, needs_address};
use crate::connection::wire::Wire;
#[cfg(feature = "tls")]
use crate::connection::{
    tls::Tls,
    tls_config::{self, Alpn},
};
use crate::engine::Driver;
use crate::engine::drive::drive;
use crate::engine::reach::{addresses, reach};
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::proxy::{Proxy, ProxyScheme};
use crate::models::trace::EventInfo;
use crate::models::url::Url;

/// What a connection is opened for, and by which settings.
pub(crate) struct Opening<'a> {
    pub(crate) network: &'a Network,
    pub(crate) proxy: Option<&'a Proxy>,
    pub(crate) url: &'a Url,
    /// In place of the host of the URL, for TLS.
    #[cfg(feature = "tls")]
    pub(crate) server_name: Option<&'a str>,
    #[cfg(feature = "tls")]
    pub(crate) alpn: Alpn,
    pub(crate) deadlines: &'a Deadlines,
    pub(crate) tracer: &'a Tracer,
}

impl Opening<'_> {
    /// A new connection, tried again as often as was asked for (RTY-01..04).
    pub(crate) async fn open<D: Driver>(&self) -> Result<Wire<D::Socket>> {
        let mut tried = 0;
        loop {
            self.tracer.attempt();
            let opened = self.open_once::<D>().await;
            let opened = opened.map_err(|error| match self.proxy {
                Some(_) if error.is_transport() => error.through_proxy(),
                _ => error,
            });
            let error = match opened {
                Err(error) if may_retry(&error) && !self.tracer.has_refused() => error,
                result => return result,
            };
            if tried == self.network.connect_retries {
                return Err(error);
            }
            self.pause::<D>(retry_pause(tried), &error).await?;
            tried += 1;
        }
    }

    async fn pause<D: Driver>(&self, pause: Duration, error: &Error) -> Result<()> {
        let (host, port) = self.place();
        let info = EventInfo::Retry {
            host,
            port,
            timeout: self.deadlines.timeout.connect,
            pause,
            error,
        };
        self.tracer.started(Name::Retry, info)?;
        let waited = match self.deadlines.pause(pause, Instant::now()) {
            Ok(pause) => D::sleep(pause, self.deadlines.cancel())
                .await
                .map_err(|e| e.in_phase(Phase::Connect)),
            Err(error) => Err(error),
        };
        match waited {
            Ok(()) => self.tracer.complete(Name::Retry, EventInfo::None),
            Err(error) => {
                self.tracer.failed(Name::Retry, &error);
                Err(error)
            }
        }
    }

    async fn open_once<D: Driver>(&self) -> Result<Wire<D::Socket>> {
        // Before the connection: what is wrong with the settings is wrong without a server (LOG-06).
        #[cfg(feature = "tls")]
        let session = self.session()?;
        #[cfg_attr(
            not(feature = "tls"),
            expect(unused_mut, reason = "only TLS changes it")
        )]
        let mut wire = match self.proxy {
            None => {
                let (event, place) = (Name::ConnectTcp, self.place());
                reach::<D>(self.network, event, place, self.deadlines, self.tracer).await?
            }
            Some(proxy) if proxy.forwards(self.url) => self.reach_proxy::<D>(proxy).await?,
            Some(proxy) => self.tunnel::<D>(proxy).await?,
        };
        #[cfg(feature = "tls")]
        if let Some(session) = session {
            let event = match self.proxy {
                None => Name::StartTls,
                Some(proxy) if proxy.scheme().is_http() => Name::ProxyStartTls,
                Some(_) => Name::SocksStartTls,
            };
            wire.start_tls(session);
            self.shake::<D>(&mut wire, event, self.tls_name()).await?;
        }
        Ok(wire)
    }

    /// A connection to the proxy, with TLS on it if it wants that.
    async fn reach_proxy<D: Driver>(&self, proxy: &Proxy) -> Result<Wire<D::Socket>> {
        let event = match proxy.scheme().is_http() {
            true => Name::ConnectTcp,
            false => Name::SocksConnectTcp,
        };
        let place = (proxy.host(), proxy.port());
        let mut wire = reach::<D>(self.network, event, place, self.deadlines, self.tracer).await?;
        wire.be_proxied();
        if proxy.scheme() == ProxyScheme::Https {
            #[cfg(feature = "tls")]
            {
                let config =
                    tls_config::for_proxy(&proxy.tls(self.network.tls.trust_env), proxy.url())?;
                wire.start_proxy_tls(Tls::new(config, proxy.host())?);
                self.shake::<D>(&mut wire, Name::StartTls, proxy.host())
                    .await?;
            }
            #[cfg(not(feature = "tls"))]
            return Err(Error::new(
                Kind::UnsupportedProtocol,
                "an https proxy needs papilio's feature `tls`, which this build lacks.",
            ));
        }
        Ok(wire)
    }

    /// A connection through the proxy. All of what is said to the proxy is within one connect limit (R-PRX-07).
    async fn tunnel<D: Driver>(&self, proxy: &Proxy) -> Result<Wire<D::Socket>> {
        let address = match needs_address(proxy, self.url) {
            true => Some(self.address::<D>().await?),
            false => None,
        };
        let limits = self.network.response_limits;
        let mut tunnel = Tunnel::new(proxy, self.url, address, limits)?;
        let request = match self.tracer.is_off() {
            true => None,
            false => tunnel.request()?,
        };
        let (event, info) = match &request {
            Some(request) => (Name::SendRequestHeaders, EventInfo::Request(request)),
            None => (Name::SetupSocks5Connection, EventInfo::None),
        };
        loop {
            let mut wire = self.reach_proxy::<D>(proxy).await?;
            self.tracer.started(event, info)?;
            let until = self.deadlines.connect(Instant::now());
            let said = drive::<D, _, _>(&mut wire, |_| until, |wire| tunnel.step(wire)).await;
            match said {
                Ok(outcome) => {
                    self.tracer.complete(event, EventInfo::None)?;
                    match outcome {
                        Tunneled::Done => return Ok(wire),
                        Tunneled::Reconnect => {}
                    }
                }
                Err(error) => {
                    // A refusal whose body never ends is a refusal.
                    let error = match tunnel.refusal().filter(|_| error.is_timeout()) {
                        Some(refusal) => refusal,
                        None => error.in_phase(Phase::Proxy),
                    };
                    self.tracer.failed(event, &error);
                    return Err(error);
                }
            }
        }
    }

    /// The address of the origin, for a proxy that does not look names up.
    async fn address<D: Driver>(&self) -> Result<Ipv4Addr> {
        let until = self.deadlines.connect(Instant::now());
        let (host, port) = self.place();
        let found = addresses::<D>(self.network, host, port, until, self.tracer).await?;
        let is_v4 = |address: &SocketAddr| match address {
            SocketAddr::V4(address) => Some(*address.ip()),
            SocketAddr::V6(_) => None,
        };
        found.iter().find_map(is_v4).ok_or_else(|| {
            let message = format!("'{host}' has no IPv4 address, and SOCKS4 knows no other");
            Error::new(Kind::Proxy, message)
        })
    }

    fn place(&self) -> (&str, u16) {
        let port = self.url.port_or_default().unwrap_or_default();
        (self.url.raw_host(), port)
    }
}

#[cfg(feature = "tls")]
impl Opening<'_> {
    /// The TLS session with the origin, if there is to be one.
    fn session(&self) -> Result<Option<Tls>> {
        if !matches!(self.url.scheme(), "https" | "wss") {
            return Ok(None);
        }
        let proxy = self.proxy.map(Proxy::url);
        let config = tls_config::for_origin(&self.network.tls, self.url, proxy, self.alpn)?;
        Tls::new(config, self.tls_name()).map(Some)
    }

    fn tls_name(&self) -> &str {
        self.server_name.unwrap_or_else(|| self.url.raw_host())
    }

    /// Shakes hands over the wire, within a connect limit of its own (TMO-05).
    async fn shake<D: Driver>(
        &self,
        wire: &mut Wire<D::Socket>,
        event: Name,
        host: &str,
    ) -> Result<()> {
        let until = self.deadlines.connect(Instant::now());
        let info = EventInfo::Tls {
            server_hostname: host,
            timeout: self.deadlines.timeout.connect,
        };
        self.tracer.started(event, info)?;
        match drive::<D, _, _>(wire, |_| until, Wire::handshake).await {
            Ok(()) if self.tracer.is_off() => Ok(()),
            Ok(()) => self
                .tracer
                .complete(event, EventInfo::Connected(&wire.info())),
            Err(error) => {
                let error = error.in_phase(Phase::Tls);
                self.tracer.failed(event, &error);
                Err(error)
            }
        }
    }
}

/// What was said to a proxy that could be reached is not said again (RTY-02, RTY-04), and what is forbidden stays so.
fn may_retry(error: &Error) -> bool {
    error.is_connect()
        && error.phase() != Some(Phase::Proxy)
        && error.reason() != Some(Reason::AddressDenied)
}

/// The pause before retry `n` of a connect, counted from 0: none, then 0.5 s, doubled each time (RTY-03).
fn retry_pause(n: u32) -> Duration {
    match n {
        0 => Duration::ZERO,
        n => {
            Duration::from_millis(500).saturating_mul(1_u32.checked_shl(n - 1).unwrap_or(u32::MAX))
        }
    }
}
