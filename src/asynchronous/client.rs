//! `AsyncClient`: the async client.
//!
//! Owns what is awaited, and the hooks. All else a client does is in `engine/client.rs`.

use std::error::Error as StdError;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;

use crate::asynchronous::response::AsyncStreamingResponse;
use crate::asynchronous::{Async, BoxFuture};
use crate::client::builder::ClientBuilder;
use crate::client::request::{RequestBuilder, WithBody};
use crate::engine::client::BaseClient;
use crate::error::Result;
use crate::models::body::Body;
use crate::models::request::Request;
use crate::models::response::Response;
use crate::protocol::content::accept_encoding;

/// An async HTTP client with a pool of connections, on tokio: a [`Client`](crate::Client) whose sending is awaited.
///
/// A request body that is read, as of [`Body::file`](crate::Body::file) and [`Body::reader`](crate::Body::reader), is read
/// on tokio's threads for blocking work; hooks and transports are awaited and should not block.
///
/// It needs a running tokio runtime, with its I/O and time drivers, when it sends, not when it is built; without one a
/// request fails with [`Kind::Config`](crate::Kind::Config). It may outlive a runtime and be used in another one:
/// connections of the old one are given up then.
///
/// Dropping a future of a request cancels it: the connection is closed or, if nothing was sent on it yet, kept; its slot is
/// free at once.
///
/// ```
/// use papilio::{AsyncClient, MockTransport, Response};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mock = MockTransport::new(|_| Ok(Response::builder(200).text("hello")));
/// let client = AsyncClient::builder().transport(mock).build()?;
/// assert_eq!(client.get("http://example.org/").send().await?.text(), "hello");
/// # Ok::<(), papilio::Error>(())
/// # }).unwrap();
/// ```
pub type AsyncClient = BaseClient<Async>;

impl AsyncClient {
    /// A client with the default settings. Nothing is opened or read before the first request.
    ///
    /// ```
    /// let client = papilio::AsyncClient::new();
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
    /// let client = papilio::AsyncClient::builder().base_url("https://api.example.org/").build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new(accept_encoding())
    }

    /// Sends a request as it is, nothing merged in, and reads the response into memory.
    ///
    /// Dropping its future cancels the request wherever it is: its slot in the pool is free at once, a connection on which
    /// something was sent or received is closed, and no task is left behind.
    ///
    /// # Errors
    /// As [`Client::send`](crate::Client::send), and [`Kind::Config`](crate::Kind::Config) outside of a runtime.
    ///
    /// ```
    /// use papilio::Request;
    /// # use papilio::{AsyncClient, MockTransport, Response};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = AsyncClient::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("hello")))).build()?;
    /// let response = client.send(Request::new("GET", "https://www.example.org/")?).await?;
    /// assert_eq!(response.text(), "hello");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn send(&self, request: Request) -> Result<Response> {
        self.stream(request).await?.buffer().await
    }

    /// Sends a request as it is and returns as soon as the head of the response is there.
    ///
    /// Dropping its future cancels the request, as with [`send`](Self::send).
    ///
    /// # Errors
    /// As [`send`](Self::send), but for what can go wrong while the body is read.
    ///
    /// ```
    /// use papilio::Request;
    /// # use papilio::{AsyncClient, MockTransport, Response};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = AsyncClient::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("hello")))).build()?;
    /// let response = client.stream(Request::new("GET", "https://www.example.org/")?).await?;
    /// assert_eq!(response.status(), 200);
    /// assert_eq!(response.buffer().await?.text(), "hello");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn stream(&self, request: Request) -> Result<AsyncStreamingResponse> {
        self.converse(&mut Some(request)).await
    }

    /// Adds a request hook; see [`ClientBuilder::on_request`].
    ///
    /// ```
    /// # use papilio::{AsyncClient, MockTransport, Response};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = AsyncClient::builder().transport(MockTransport::new(|request| Ok(Response::builder(200).text(request.headers.get("X-Trace").unwrap_or_default())))).build()?;
    /// let mut traced = client.clone();
    /// traced.on_request(|request| Box::pin(async { request.headers.insert("X-Trace", "7") }));
    /// assert_eq!(traced.get("https://www.example.org/").send().await?.text(), "7");
    /// assert_eq!(client.get("https://www.example.org/").send().await?.text(), "");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn on_request(
        &mut self,
        hook: impl for<'a> Fn(&'a mut Request) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) {
        Arc::make_mut(&mut self.hooks).request.push(Arc::new(hook));
    }

    /// Adds a response hook; see [`ClientBuilder::on_response`].
    ///
    /// ```
    /// # use papilio::{AsyncClient, MockTransport, Response};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let mut client = AsyncClient::builder().transport(MockTransport::new(|_| Ok(Response::builder(500).text("")))).build()?;
    /// client.on_response(|response| Box::pin(async { response.error_for_status_ref().map(drop) }));
    /// assert!(client.get("https://www.example.org/").send().await.is_err());
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn on_response(
        &mut self,
        hook: impl for<'a> Fn(&'a mut AsyncStreamingResponse) -> BoxFuture<'a, Result<()>>
        + Send
        + Sync
        + 'static,
    ) {
        Arc::make_mut(&mut self.hooks).response.push(Arc::new(hook));
    }
}

impl Default for AsyncClient {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientBuilder<AsyncClient> {
    /// Calls this with every request right before it is sent, authentication included: also for redirects and
    /// authentication rounds. It may change the request; an error ends the call.
    ///
    /// ```
    /// use papilio::{AsyncClient, MockTransport, Response};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let client = AsyncClient::builder()
    ///     .on_request(|request| Box::pin(async { request.headers.insert("X-Trace", "7") }))
    ///     .transport(MockTransport::new(|request| {
    ///         Ok(Response::builder(200).text(request.headers.get("x-trace").unwrap_or_default()))
    ///     }))
    ///     .build()?;
    /// assert_eq!(client.get("http://example.org/").send().await?.text(), "7");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "event_hooks")]
    pub fn on_request(
        mut self,
        hook: impl for<'a> Fn(&'a mut Request) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        self.parts.hooks.request.push(Arc::new(hook));
        self
    }

    /// Calls this with every response once its head is there and its cookies are stored, before redirects are looked at
    /// and before the body is read. It may change the response, or read it with `load`; an error ends the call.
    ///
    /// ```
    /// use papilio::{AsyncClient, MockTransport, Response};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let client = AsyncClient::builder()
    ///     .on_response(|response| {
    ///         Box::pin(async {
    ///             println!("{} bytes", response.load().await?.len());
    ///             Ok(())
    ///         })
    ///     })
    ///     .transport(MockTransport::new(|_| Ok(Response::builder(200).text("abc"))))
    ///     .build()?;
    /// assert_eq!(client.get("http://example.org/").send().await?.text(), "abc");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "event_hooks")]
    pub fn on_response(
        mut self,
        hook: impl for<'a> Fn(&'a mut AsyncStreamingResponse) -> BoxFuture<'a, Result<()>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.parts.hooks.response.push(Arc::new(hook));
        self
    }
}

impl<B> RequestBuilder<&AsyncClient, B> {
    /// Sends it and reads the response into memory. Dropping its future cancels it, as with [`AsyncClient::send`].
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`AsyncClient::send`].
    ///
    /// ```
    /// # use papilio::{AsyncClient, MockTransport, Response};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = AsyncClient::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("hello")))).build()?;
    /// assert_eq!(client.get("https://www.example.org/").send().await?.text(), "hello");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn send(self) -> Result<Response> {
        self.stream().await?.buffer().await
    }

    /// Sends it and returns as soon as the head of the response is there. Dropping its future cancels it, as with
    /// [`AsyncClient::send`].
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`AsyncClient::stream`].
    ///
    /// ```
    /// # use papilio::{AsyncClient, MockTransport, Response};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = AsyncClient::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("hello")))).build()?;
    /// let response = client.get("https://www.example.org/").stream().await?;
    /// assert_eq!(response.buffer().await?.text(), "hello");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn stream(self) -> Result<AsyncStreamingResponse> {
        let client = self.sender;
        client.stream(self.build()?).await
    }
}

impl RequestBuilder<&AsyncClient, WithBody> {
    /// Sends the pieces of this stream, each as soon as the connection takes it, in chunks. It can be sent once, and is
    /// dropped with the request when that is cancelled; its first error aborts the request with [`Kind::Body`](crate::Kind::Body) and is its source.
    ///
    /// A blocking client cannot send such a body, and has no such method:
    ///
    /// ```compile_fail
    /// let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("a")]);
    /// papilio::Client::new().post("http://example.org/").body_stream(pieces);
    /// ```
    ///
    /// ```
    /// let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("a"), Ok("b")]);
    /// let client = papilio::AsyncClient::new();
    /// let request = client.post("http://example.org/").body_stream(pieces).build()?;
    /// assert_eq!(request.headers.get("Transfer-Encoding").as_deref(), Some("chunked"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "wrap_stream")]
    pub fn body_stream<S, T, E>(self, stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.body(Body::polled(stream, None))
    }

    /// As [`body_stream`](Self::body_stream), for a stream that will give exactly `length` bytes, announced as
    /// `Content-Length`; giving fewer or more fails the request with [`Kind::LocalProtocol`](crate::Kind::LocalProtocol).
    ///
    /// ```
    /// let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("a"), Ok("b")]);
    /// let client = papilio::AsyncClient::new();
    /// let request = client.put("http://example.org/").sized_body_stream(pieces, 2).build()?;
    /// assert_eq!(request.headers.get("Content-Length").as_deref(), Some("2"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn sized_body_stream<S, T, E>(self, stream: S, length: u64) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.body(Body::polled(stream, Some(length)))
    }
}
