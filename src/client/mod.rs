//! What both clients share at the surface: settings and builders.

pub(crate) mod builder;
pub(crate) mod request;
pub(crate) mod response;

use std::time::Duration;

use crate::client::builder::proxy::ProxySettings;
use crate::error::Result;
use crate::flow::Rules;
use crate::flow::defaults::Defaults;
use crate::models::address::AddressPolicy;
use crate::models::cancel::CancelToken;
use crate::models::config::{Limits, ResponseLimits};
#[cfg(feature = "async")]
use crate::models::http2::Http2Settings;
use crate::models::informational::OnInformational;
use crate::models::resolver::Lookup;
use crate::models::response::DefaultEncoding;
use crate::models::socket::SocketSettings;
use crate::models::tls::TlsConfig;
use crate::models::url::Url;

/// What a client does to requests and responses; can change while the client lives.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) defaults: Defaults,
    pub(crate) rules: Rules,
    pub(crate) default_encoding: DefaultEncoding,
    /// Every request is timed.
    pub(crate) timings: bool,
    /// Who is told of interim responses.
    pub(crate) informational: Option<OnInformational>,
    /// Ends all calls.
    pub(crate) cancel: Option<CancelToken>,
}

/// What a client's connections are like; fixed once it is built.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) limits: Limits,
    pub(crate) response_limits: ResponseLimits,
    pub(crate) tls: TlsConfig,
    #[cfg(feature = "async")]
    pub(crate) protocols: Protocols,
    pub(crate) connect_retries: u32,
    pub(crate) retry_stale: bool,
    /// How long a body waits for the word of the server.
    pub(crate) expect_wait: Duration,
    pub(crate) sockets: SocketSettings,
    pub(crate) lookup: Lookup,
    pub(crate) addresses: AddressPolicy,
    pub(crate) proxies: ProxySettings,
}

/// Which versions of HTTP are spoken.
#[cfg(feature = "async")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protocols {
    pub(crate) http1: bool,
    pub(crate) http2: bool,
    pub(crate) settings: Http2Settings,
}

/// What a [`ClientBuilder`](builder::ClientBuilder) can build, and what it collects for that alone.
///
/// ```
/// use papilio::{Buildable, Client, ClientBuilder, HttpTransport};
/// fn patient<B: Buildable>(builder: ClientBuilder<B>) -> ClientBuilder<B> {
///     builder.connect_retries(3)
/// }
/// let client = patient(Client::builder()).build()?;
/// let network = patient(HttpTransport::builder()).build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait Buildable: sealed::Sealed {
    /// Transports and hooks, which differ between the clients.
    #[doc(hidden)]
    type Parts: Default;
}

/// A client, as opposed to a transport alone.
///
/// ```
/// use papilio::{Client, ClientBuilder, ClientKind};
/// fn polite<C: ClientKind>(client: ClientBuilder<C>) -> ClientBuilder<C> {
///     client.user_agent("butterflies/1.0 (+https://www.example.org/)")
/// }
/// let client = polite(Client::builder()).build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait ClientKind: Buildable {}

pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}
}

impl Config {
    /// The defaults as they may be printed.
    pub(crate) fn shown(&self) -> Defaults {
        let mut defaults = self.defaults.clone();
        for name in &self.rules.secrets {
            if defaults.headers.contains(name) {
                defaults.headers.replace(name, b"[secure]");
            }
        }
        defaults
    }

    /// A base URL as it is kept: ending in a slash; an empty one is none (CLT-21).
    pub(crate) fn base_url(url: Url) -> Result<Option<Url>> {
        if url.as_str().is_empty() {
            Ok(None)
        } else {
            url.with_base_slash().map(Some)
        }
    }
}
