//! What a blocking client alone is given: transports and hooks.

use std::fmt;
use std::sync::Arc;

use crate::blocking::client::Client;
use crate::blocking::response::StreamingResponse;
use crate::blocking::transport::Transport;
use crate::client::builder::ClientBuilder;
use crate::error::Result;
use crate::flow::route::{Pattern, Routes};
use crate::models::request::Request;

type RequestHook = Arc<dyn Fn(&mut Request) -> Result<()> + Send + Sync>;
type ResponseHook = Arc<dyn Fn(&mut StreamingResponse) -> Result<()> + Send + Sync>;

/// Transports and hooks of a [`Client`].
#[expect(
    unnameable_types,
    reason = "what the builder collects is nobody else's"
)]
#[derive(Clone, Default)]
pub struct Parts {
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) mounts: Routes<Option<Arc<dyn Transport>>>,
    pub(crate) hooks: Hooks,
}

/// Functions that are called for every single request and response, in order.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) request: Vec<RequestHook>,
    pub(crate) response: Vec<ResponseHook>,
}

impl ClientBuilder<Client> {
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
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.parts.transport = Some(Arc::new(transport));
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
    pub fn mount(self, pattern: &str, transport: impl Transport + 'static) -> Self {
        self.route(pattern, Some(Arc::new(transport)))
    }

    /// Sends requests whose URL matches the pattern through the default transport, whatever less specific mounts say.
    pub fn unmount(self, pattern: &str) -> Self {
        self.route(pattern, None)
    }

    /// Calls this with every request right before it is sent, authentication included: also for redirects and
    /// authentication rounds. It may change the request; an error ends the call.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    ///
    /// let client = Client::builder()
    ///     .on_request(|request| request.headers.insert("X-Trace", "7"))
    ///     .transport(MockTransport::new(|request| {
    ///         Ok(Response::builder(200).text(request.headers.get("x-trace").unwrap_or_default()))
    ///     }))
    ///     .build()?;
    /// assert_eq!(client.get("http://example.org/").send()?.text(), "7");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "event_hooks")]
    pub fn on_request(
        mut self,
        hook: impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.parts.hooks.request.push(Arc::new(hook));
        self
    }

    /// Calls this with every response once its head is there and its cookies are stored, before redirects are looked at
    /// and before the body is read. It may change the response, or read it with `load`; an error ends the call.
    ///
    /// ```
    /// use papilio::{Client, Kind, MockTransport, Response};
    ///
    /// let client = Client::builder()
    ///     .on_response(|response| response.error_for_status_ref().map(drop))
    ///     .transport(MockTransport::new(|_| Ok(Response::builder(500).text("broken"))))
    ///     .build()?;
    /// assert_eq!(client.get("http://example.org/").send().unwrap_err().kind(), Kind::Status);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "event_hooks")]
    pub fn on_response(
        mut self,
        hook: impl Fn(&mut StreamingResponse) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.parts.hooks.response.push(Arc::new(hook));
        self
    }

    fn route(mut self, pattern: &str, transport: Option<Arc<dyn Transport>>) -> Self {
        match Pattern::parse(pattern) {
            Ok(pattern) => self.parts.mounts.insert(pattern, transport),
            Err(error) => self.fail(error),
        }
        self
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("mounts", &self.mounts)
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} request hooks, {} response hooks",
            self.request.len(),
            self.response.len()
        )
    }
}
