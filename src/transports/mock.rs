//! `MockTransport` and `AsyncMockTransport`: a function in place of a server.

use std::fmt;

#[cfg(feature = "async")]
use crate::asynchronous::{
    BoxFuture,
    response::AsyncStreamingResponse,
    transport::{AsyncTransport, take_in},
};
use crate::blocking::response::StreamingResponse;
use crate::blocking::transport::Transport;
use crate::error::Result;
use crate::models::request::Request;
use crate::models::response::Response;

/// Answers requests with a function, for tests.
///
/// The request's body is read into memory before the function is called, so `request.content()` works. Everything above
/// the transport works as over the network: redirects, cookies, authentication, hooks, content decoding, the log.
///
/// ```
/// use papilio::{Client, MockTransport, Response};
///
/// let mock = MockTransport::new(|request| match request.url.path().as_ref() {
///     "/json" => Response::builder(200).json(&["a", "b"]),
///     _ => Ok(Response::builder(404).text("nothing here")),
/// });
/// let client = Client::builder().transport(mock).build()?;
/// assert_eq!(client.get("http://test/json").send()?.json::<Vec<String>>()?, ["a", "b"]);
/// assert_eq!(client.get("http://test/").send()?.status(), 404);
/// # Ok::<(), papilio::Error>(())
/// ```
pub struct MockTransport<F>(F);

impl<F: Fn(&Request) -> Result<Response> + Send + Sync> MockTransport<F> {
    /// With this function.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport};
    /// let mock = MockTransport::new(|request| Ok(papilio::Response::builder(200).text(request.url.path())));
    /// let client = Client::builder().transport(mock).build()?;
    /// assert_eq!(client.get("http://test/a").send()?.text(), "/a");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(answer: F) -> Self {
        Self(answer)
    }
}

impl<F: Fn(&Request) -> Result<Response> + Send + Sync> Transport for MockTransport<F> {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        request.body.prepare()?;
        request.body.buffer()?;
        Ok(self.0(request)?.into())
    }
}

#[cfg(feature = "async")]
impl<F: Fn(&Request) -> Result<Response> + Send + Sync> AsyncTransport for MockTransport<F> {
    fn send<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        Box::pin(async move {
            take_in(request).await?;
            Ok(self.0(request)?.into())
        })
    }
}

/// Answers requests of an [`AsyncClient`](crate::AsyncClient) with an async function, for tests: a
/// [`MockTransport`] that is awaited. One whose function is not async serves both clients.
///
/// The function gets the request with its body in memory. Dropping the request that is answered drops its future.
///
/// ```
/// use papilio::{AsyncClient, AsyncMockTransport, Response};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mock = AsyncMockTransport::new(async |request| {
///     tokio::task::yield_now().await;
///     Ok(Response::builder(200).text(request.url.path()))
/// });
/// let client = AsyncClient::builder().transport(mock).build()?;
/// assert_eq!(client.get("http://test/x").send().await?.text(), "/x");
/// # Ok::<(), papilio::Error>(())
/// # }).unwrap();
/// ```
#[cfg(feature = "async")]
pub struct AsyncMockTransport<F>(F);

#[cfg(feature = "async")]
impl<F, A> AsyncMockTransport<F>
where
    F: Fn(Request) -> A + Send + Sync,
    A: Future<Output = Result<Response>> + Send,
{
    /// With this function.
    ///
    /// ```
    /// # use papilio::{AsyncClient, AsyncMockTransport, Response};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let mock = AsyncMockTransport::new(async |_| Ok(Response::builder(200).text("hello")));
    /// let client = AsyncClient::builder().transport(mock).build()?;
    /// assert_eq!(client.get("http://test/").send().await?.text(), "hello");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn new(answer: F) -> Self {
        Self(answer)
    }
}

#[cfg(feature = "async")]
impl<F, A> AsyncTransport for AsyncMockTransport<F>
where
    F: Fn(Request) -> A + Send + Sync,
    A: Future<Output = Result<Response>> + Send,
{
    fn send<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        Box::pin(async move {
            take_in(request).await?;
            Ok(self.0(request.shown()).await?.into())
        })
    }
}

#[cfg(feature = "async")]
impl<F> fmt::Debug for AsyncMockTransport<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncMockTransport(..)")
    }
}

impl<F> fmt::Debug for MockTransport<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MockTransport(..)")
    }
}
