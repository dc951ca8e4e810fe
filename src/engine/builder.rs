//! What the builder of a client collects for one driver: its transports, mounts and hooks.
//!
//! Owns them and `build`. Does not own the settings that are the same for all (`client/builder.rs`), or how a hook is given,
//! which differs (`client.rs` of the drivers).

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::client::builder::ClientBuilder;
use crate::client::{Buildable, ClientKind, Network, sealed};
use crate::engine::Driver;
use crate::engine::client::{BaseClient, Core};
use crate::engine::transport::BaseHttpTransport;
use crate::error::Result;
use crate::flow::environment::proxy_routes;
use crate::flow::route::{Pattern, Routes};
use crate::models::proxy::Proxy;

/// Transports and hooks of a [`BaseClient`].
#[expect(
    unnameable_types,
    reason = "what the builder collects is nobody else's"
)]
pub struct Parts<D: Driver> {
    pub(crate) transport: Option<Arc<D::Transport>>,
    pub(crate) mounts: Routes<Option<Arc<D::Transport>>>,
    pub(crate) hooks: Hooks<D>,
}

impl<D: Driver> Default for Parts<D> {
    fn default() -> Self {
        Self {
            transport: None,
            mounts: Routes::default(),
            hooks: Hooks::default(),
        }
    }
}

/// Functions that are called for every single request and response, in order.
pub(crate) struct Hooks<D: Driver> {
    pub(crate) request: Vec<Arc<D::RequestHook>>,
    pub(crate) response: Vec<Arc<D::ResponseHook>>,
}

impl<D: Driver> Default for Hooks<D> {
    fn default() -> Self {
        Self {
            request: Vec::new(),
            response: Vec::new(),
        }
    }
}

impl<D: Driver> Clone for Hooks<D> {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            response: self.response.clone(),
        }
    }
}

/// What can be given as a transport to the clients of the driver `D`: for a [`Client`](crate::Client) any
/// [`Transport`](crate::Transport).
///
/// ```
/// use papilio::{Blocking, Client, IntoTransport, MockTransport, Response};
///
/// fn client(transport: impl IntoTransport<Blocking>) -> papilio::Result<Client> {
///     Client::builder().transport(transport).build()
/// }
/// let client = client(MockTransport::new(|_| Ok(Response::builder(204).text(""))))?;
/// assert_eq!(client.get("http://test/").send()?.status(), 204);
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait IntoTransport<D: Driver> {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "what it becomes is nobody else's")]
    fn into_transport(self) -> Arc<D::Transport>;
}

impl<D: Driver> sealed::Sealed for BaseClient<D> {}

impl<D: Driver> Buildable for BaseClient<D> {
    type Parts = Parts<D>;
}

impl<D: Driver> ClientKind for BaseClient<D> {}

impl<D: Driver> ClientBuilder<BaseClient<D>> {
    /// Sends every request through this instead of the network, unless a mount matches it. What was set about
    /// connections (limits, TLS, proxies) does not apply to it.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    ///
    /// let mock = MockTransport::new(|request| Ok(Response::builder(200).text(request.method.as_str())));
    /// let client = Client::builder().transport(mock).build()?;
    /// assert_eq!(client.put("http://example.org/").send()?.text(), "PUT");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn transport(mut self, transport: impl IntoTransport<D>) -> Self {
        self.parts.transport = Some(transport.into_transport());
        self
    }

    /// Sends requests whose URL matches the pattern through this: `all://`, `https://`, `all://example.org`,
    /// `all://*.example.org` (below it), `all://*example.org` (it and below it), `http://localhost:8080`, or a scheme of
    /// your own, `file://`. The most specific pattern wins: one with a port, then the longest host, then the longest
    /// scheme.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    /// let files = MockTransport::new(|request| Ok(Response::builder(200).text(request.url.path())));
    /// let client = Client::builder().mount("file://", files).build()?;
    /// assert_eq!(client.get("file:///etc/motd").send()?.text(), "/etc/motd");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn mount(self, pattern: &str, transport: impl IntoTransport<D>) -> Self {
        self.route(pattern, Some(transport.into_transport()))
    }

    /// Sends requests whose URL matches the pattern through the default transport, whatever less specific mounts say.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    /// let say = |text: &'static str| MockTransport::new(move |_| Ok(Response::builder(200).text(text)));
    /// let client = Client::builder()
    ///     .transport(say("default"))
    ///     .mount("all://*.example.org", say("mounted"))
    ///     .unmount("all://www.example.org")
    ///     .build()?;
    /// assert_eq!(client.get("http://api.example.org/").send()?.text(), "mounted");
    /// assert_eq!(client.get("http://www.example.org/").send()?.text(), "default");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn unmount(self, pattern: &str) -> Self {
        self.route(pattern, None)
    }

    fn route(mut self, pattern: &str, transport: Option<Arc<D::Transport>>) -> Self {
        match Pattern::parse(pattern) {
            Ok(pattern) => self.parts.mounts.insert(pattern, transport),
            Err(error) => self.fail(error),
        }
        self
    }

    /// The client. No network I/O happens; files of certificates that were named are read.
    ///
    /// # Errors
    /// The first setting that made no sense: [`Kind::Config`](crate::Kind::Config),
    /// [`Kind::InvalidUrl`](crate::Kind::InvalidUrl), [`Kind::LocalProtocol`](crate::Kind::LocalProtocol) for a header;
    /// [`Kind::Tls`](crate::Kind::Tls) for certificates that cannot be used.
    ///
    /// ```
    /// use papilio::{Client, Kind};
    /// assert!(Client::builder().build().is_ok());
    /// let error = Client::builder().header("no name", "x").build().unwrap_err();
    /// assert_eq!(error.kind(), Kind::LocalProtocol);
    /// ```
    pub fn build(mut self) -> Result<BaseClient<D>> {
        let network = Arc::new(self.network()?);
        let mut routes = self.proxy_routes(&network)?;
        let (transport, http) = match self.parts.transport {
            Some(transport) => (transport, None),
            None => {
                let http = Arc::new(BaseHttpTransport::new(Arc::clone(&network), None)?);
                (D::network(Arc::clone(&http)), Some(http))
            }
        };
        // Behind those of proxies, and in place of one for the same pattern (CLT-05, PRX-13).
        for (pattern, mount) in self.parts.mounts.iter() {
            routes.insert(pattern.clone(), mount.clone());
        }
        let core = Core {
            transport,
            http,
            mounts: routes,
            cookies: self.cookies,
            network,
            closed: AtomicBool::new(false),
        };
        Ok(BaseClient {
            config: Arc::new(self.config),
            hooks: Arc::new(self.parts.hooks),
            core: Arc::new(core),
        })
    }

    /// The transports of proxies: those that were set, else those of the environment (CLT-04), each once.
    fn proxy_routes(&self, network: &Arc<Network>) -> Result<Routes<Option<Arc<D::Transport>>>> {
        let mut routes = Routes::default();
        if network.proxies.explicit {
            for (pattern, proxy) in network.proxies.routes.iter() {
                let transport = proxy.as_ref().map(|proxy| through::<D>(network, proxy));
                routes.insert(pattern.clone(), transport.transpose()?);
            }
        } else if network.tls.trust_env && self.parts.transport.is_none() {
            let mut made: Vec<(String, Arc<D::Transport>)> = Vec::new();
            for (pattern, url) in proxy_routes(std::env::vars_os())? {
                let known = made.iter().find(|(other, _)| Some(other) == url.as_ref());
                let transport = match (known, url) {
                    (Some((_, transport)), _) => Some(Arc::clone(transport)),
                    (None, None) => None,
                    (None, Some(url)) => {
                        let proxy = Proxy::new(&url)?;
                        proxy.check()?;
                        let transport = through::<D>(network, &proxy)?;
                        made.push((url, Arc::clone(&transport)));
                        Some(transport)
                    }
                };
                routes.insert(pattern, transport);
            }
        }
        Ok(routes)
    }
}

/// A transport that goes through this proxy.
fn through<D: Driver>(network: &Arc<Network>, proxy: &Proxy) -> Result<Arc<D::Transport>> {
    let transport = BaseHttpTransport::new(Arc::clone(network), Some(proxy))?;
    Ok(D::network(Arc::new(transport)))
}

impl<D: Driver> fmt::Debug for Parts<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("mounts", &self.mounts)
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

impl<D: Driver> fmt::Debug for Hooks<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} request hooks, {} response hooks",
            self.request.len(),
            self.response.len()
        )
    }
}
