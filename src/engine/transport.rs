//! `BaseHttpTransport`: the network as a transport.
//!
//! Owns which way a request goes: direct, or through one of the proxies. Does not own the way itself
//! (`engine/line.rs`).

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use crate::client::builder::ClientBuilder;
use crate::client::{Buildable, Network, sealed};
use crate::engine::line::Line;
use crate::engine::{Driver, Streaming};
use crate::error::Result;
use crate::flow::route::Routes;
use crate::models::proxy::Proxy;
use crate::models::request::Request;

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
    direct: Line<D>,
    /// Only of a transport that was built by itself; a client has one for each of its proxies.
    proxied: Routes<Option<Line<D>>>,
}

impl<D: Driver> BaseHttpTransport<D> {
    /// Settings for a transport on its own: those of [`ClientBuilder`] that are about connections.
    ///
    /// ```
    /// use papilio::{Client, HttpTransport, Limits};
    /// let network = HttpTransport::builder().limits(Limits::client().max_connections(4)).build()?;
    /// let client = Client::builder().mount("https://api.example.org", network).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new("")
    }

    /// One line, through this proxy or none. Checks the files that were named; opens nothing (CLT-03).
    pub(crate) fn new(network: Arc<Network>, proxy: Option<&Proxy>) -> Result<Self> {
        Ok(Self {
            direct: Line::new(network, proxy)?,
            proxied: Routes::default(),
        })
    }

    pub(crate) async fn exchange(&self, request: &mut Request) -> Result<Streaming<D>> {
        let line = match self.proxied.find(&request.url) {
            Some(Some(line)) => line,
            _ => &self.direct,
        };
        let response = line.exchange(request).await?;
        // Whoever does not know the expectation gets the request without it (RFC 9110 section 10.1.1).
        if response.head.status == StatusCode::EXPECTATION_FAILED
            && request.expects_continue()
            && request.body.is_sendable()
        {
            log::debug!(target: "papilio::connection", "connection.unexpected: sending again without Expect");
            drop(response);
            request.headers.remove("Expect");
            return line.exchange(request).await;
        }
        Ok(response)
    }

    /// Closes idle connections and turns everyone else away.
    pub(crate) fn shut(&self) {
        self.direct.shut();
        self.proxied.targets().flatten().for_each(Line::shut);
    }
}

impl<D: Driver> fmt::Debug for BaseHttpTransport<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("pool", &self.direct)
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
    /// [`Kind::Config`](crate::Kind::Config) for a setting that makes no sense, [`Kind::Tls`](crate::Kind::Tls) for certificates that cannot be used.
    ///
    /// ```
    /// use papilio::{HttpTransport, Kind};
    /// let error = HttpTransport::builder().verify("no/such/file.pem").build().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Tls);
    /// ```
    pub fn build(mut self) -> Result<BaseHttpTransport<D>> {
        let network = Arc::new(self.network()?);
        let mut transport = BaseHttpTransport::new(Arc::clone(&network), None)?;
        for (pattern, proxy) in network.proxies.routes.iter() {
            let line = match proxy {
                Some(proxy) => Some(Line::new(Arc::clone(&network), Some(proxy))?),
                None => None,
            };
            transport.proxied.insert(pattern.clone(), line);
        }
        Ok(transport)
    }
}
