//! `Client`: the blocking client.
//!
//! Owns what waits, and the hooks. All else a client does is in `engine/client.rs`.

use std::pin::pin;
use std::sync::Arc;

use crate::blocking::Blocking;
use crate::blocking::response::StreamingResponse;
use crate::blocking::wait::block_on;
use crate::client::builder::ClientBuilder;
use crate::client::request::RequestBuilder;
use crate::engine::client::BaseClient;
use crate::error::Result;
use crate::models::request::Request;
use crate::models::response::Response;
use crate::protocol::content::accept_encoding;

/// A blocking HTTP client with a pool of connections.
///
/// A clone shares connections with its original; settings changed on one clone are its own. `Send + Sync`: any number
/// of threads may use one client at once. It needs no runtime, and works on a thread that runs one (it blocks that
/// thread).
///
/// Build a client after `fork`, not before: two processes must not share connections.
///
/// ```
/// use papilio::Client;
///
/// let client = Client::builder().base_url("https://api.example.org/").build()?;
/// let request = client.post("items").json(&["a"]).build()?;
/// assert_eq!(request.headers.get("host").as_deref(), Some("api.example.org"));
/// # Ok::<(), papilio::Error>(())
/// ```
pub type Client = BaseClient<Blocking>;

impl Client {
    /// A client with the default settings. Nothing is opened or read before the first request.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// assert!(client.base_url().is_none() && client.cookies().is_empty());
    /// ```
    pub fn new() -> Self {
        match Self::builder().build() {
            Ok(client) => client,
            // The defaults name no file and hold no contradiction.
            Err(_) => unreachable!("the default settings are valid"),
        }
    }

    /// Settings for a client.
    ///
    /// ```
    /// let client = papilio::Client::builder().base_url("https://api.example.org/").build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new(accept_encoding())
    }

    /// Sends a request as it is, nothing merged in, and reads the response into memory.
    ///
    /// # Errors
    /// By [`Kind`](crate::Kind): `ClientClosed`; `UnsupportedProtocol` and `LocalProtocol` before a connection is
    /// opened; `PoolTimeout`, `Connect`, `ConnectTimeout`, `Write`, `WriteTimeout`, `Read`, `ReadTimeout`,
    /// `RemoteProtocol`, `Decoding`, `Limit`, `TotalTimeout`; `Body` and `StreamConsumed` for the request's own body.
    ///
    /// ```
    /// use papilio::Request;
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("hello")))).build()?;
    /// let response = client.send(Request::new("GET", "https://www.example.org/")?)?;
    /// assert_eq!(response.text(), "hello");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn send(&self, request: Request) -> Result<Response> {
        self.stream(request)?.buffer()
    }

    /// Sends a request as it is and returns as soon as the head of the response is there.
    ///
    /// # Errors
    /// As [`send`](Self::send), but for what can go wrong while the body is read.
    ///
    /// ```
    /// use papilio::Request;
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("one two")))).build()?;
    /// let mut response = client.stream(Request::new("GET", "https://www.example.org/")?)?;
    /// assert_eq!(std::io::read_to_string(&mut response)?, "one two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(&self, request: Request) -> Result<StreamingResponse> {
        let mut slot = Some(request);
        block_on(pin!(self.converse(&mut slot)))
    }

    /// Adds a request hook; see [`ClientBuilder::on_request`].
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|request| Ok(Response::builder(200).text(request.headers.get("X-Trace").unwrap_or_default())))).build()?;
    /// let mut traced = client.clone();
    /// traced.on_request(|request| request.headers.insert("X-Trace", "7"));
    /// assert_eq!(traced.get("https://www.example.org/").send()?.text(), "7");
    /// assert_eq!(client.get("https://www.example.org/").send()?.text(), "");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn on_request(
        &mut self,
        hook: impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static,
    ) {
        Arc::make_mut(&mut self.hooks).request.push(Arc::new(hook));
    }

    /// Adds a response hook; see [`ClientBuilder::on_response`].
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let mut client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(500).text("")))).build()?;
    /// client.on_response(|response| response.error_for_status_ref().map(drop));
    /// assert!(client.get("https://www.example.org/").send().is_err());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn on_response(
        &mut self,
        hook: impl Fn(&mut StreamingResponse) -> Result<()> + Send + Sync + 'static,
    ) {
        Arc::make_mut(&mut self.hooks).response.push(Arc::new(hook));
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientBuilder<Client> {
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
}

impl<B> RequestBuilder<&Client, B> {
    /// Sends it and reads the response into memory.
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`Client::send`].
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("hello")))).build()?;
    /// assert_eq!(client.get("https://www.example.org/").send()?.text(), "hello");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn send(self) -> Result<Response> {
        self.stream()?.buffer()
    }

    /// Sends it and returns as soon as the head of the response is there.
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`Client::stream`].
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("one two")))).build()?;
    /// let mut response = client.get("https://www.example.org/").stream()?;
    /// assert_eq!(response.status(), 200);
    /// assert_eq!(std::io::read_to_string(&mut response)?, "one two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(self) -> Result<StreamingResponse> {
        let client = self.sender;
        client.stream(self.build()?)
    }
}
