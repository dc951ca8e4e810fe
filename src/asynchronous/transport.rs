//! `AsyncTransport`: what carries one request of an async client.
//!
//! Owns the trait. The network behind it is in `engine/transport.rs`.

use std::sync::Arc;
use std::time::Instant;

use crate::asynchronous::response::AsyncStreamingResponse;
use crate::asynchronous::{Async, BoxFuture, can_wait};
use crate::connection::deadline::Deadlines;
use crate::engine::builder::IntoTransport;
use crate::engine::exchange::buffer;
use crate::engine::transport::BaseHttpTransport;
use crate::error::Result;
use crate::models::request::Request;

/// The network, for an async client.
#[doc(alias = "AsyncHTTPTransport")]
pub type AsyncHttpTransport = BaseHttpTransport<Async>;

/// What carries one request of an [`AsyncClient`](crate::AsyncClient) and brings back the head of its response: the
/// async twin of [`Transport`](crate::Transport).
///
/// ```
/// use papilio::{AsyncClient, AsyncStreamingResponse, AsyncTransport, BoxFuture, Request, Response, Result};
///
/// struct Home;
///
/// impl AsyncTransport for Home {
///     fn send<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
///         Box::pin(async move { Ok(Response::builder(200).text(request.url.path()).into()) })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let client = AsyncClient::builder().transport(Home).build()?;
/// assert_eq!(client.get("http://example.org/x").send().await?.text(), "/x");
/// # Ok::<(), papilio::Error>(())
/// # }).unwrap();
/// ```
///
/// Dropping the future ends the exchange: what it holds is let go then.
#[doc(alias = "AsyncBaseTransport")]
pub trait AsyncTransport: Send + Sync {
    /// Sends the request; the future is ready as soon as the head of its response is there.
    ///
    /// # Errors
    /// Any; the client adds the request to one that lacks it.
    #[doc(alias = "handle_async_request")]
    fn send<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>>;

    /// Lets go of what is kept between requests. Called when the client is closed, perhaps more than once.
    #[doc(alias = "aclose")]
    fn close(&self) {}
}

impl<T: AsyncTransport + ?Sized> AsyncTransport for Arc<T> {
    fn send<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        (**self).send(request)
    }

    fn close(&self) {
        (**self).close();
    }
}

impl AsyncTransport for AsyncHttpTransport {
    fn send<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        Box::pin(async move {
            can_wait()?;
            self.exchange(request).await
        })
    }

    fn close(&self) {
        self.shut();
    }
}

/// Reads the body of a request into memory, for a transport that shows it.
pub(crate) async fn take_in(request: &mut Request) -> Result<()> {
    let now = Instant::now();
    let timeout = request.options.timeout.unwrap_or_default();
    let deadlines = Deadlines::new(timeout, request.options.started.unwrap_or(now));
    buffer::<Async>(&mut request.body, &deadlines).await
}

impl<T: AsyncTransport + 'static> IntoTransport<Async> for T {
    fn into_transport(self) -> Arc<dyn AsyncTransport> {
        Arc::new(self)
    }
}
