//! `Transport`: what carries one request of a blocking client.
//!
//! Owns the trait. The network behind it is in `engine/transport.rs`.

use std::pin::pin;
use std::sync::Arc;

use crate::blocking::Blocking;
use crate::blocking::response::StreamingResponse;
use crate::blocking::wait::block_on;
use crate::engine::builder::IntoTransport;
use crate::engine::transport::BaseHttpTransport;
use crate::error::Result;
use crate::models::request::Request;

/// The network, for a blocking client.
#[doc(alias = "HTTPTransport")]
pub type HttpTransport = BaseHttpTransport<Blocking>;

/// What carries one request and brings back the head of its response.
///
/// It does one exchange and nothing else: redirects, cookies, authentication, hooks and content decoding are the
/// client's. The request is complete; the response's body is as it came, its content coding not undone. One transport
/// that wraps another can retry, cache, limit or count; see the example `retry_transport`.
///
/// ```
/// use papilio::{Client, Error, Kind, Request, Response, Result, StreamingResponse, Transport};
///
/// struct Offline;
///
/// impl Transport for Offline {
///     fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
///         match request.url.path().as_ref() {
///             "/" => Ok(Response::builder(200).text("home").into()),
///             _ => Err(Error::new(Kind::Connect, "no network here")),
///         }
///     }
/// }
///
/// let client = Client::builder().transport(Offline).build()?;
/// assert_eq!(client.get("http://example.org/").send()?.text(), "home");
/// assert_eq!(client.get("http://example.org/x").send().unwrap_err().kind(), Kind::Connect);
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "BaseTransport")]
pub trait Transport: Send + Sync {
    /// Sends the request and returns as soon as the head of its response is there.
    ///
    /// # Errors
    /// Any; the client adds the request to one that lacks it.
    #[doc(alias = "handle_request")]
    fn send(&self, request: &mut Request) -> Result<StreamingResponse>;

    /// Lets go of what is kept between requests. Called when the client is closed, perhaps more than once.
    fn close(&self) {}
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        (**self).send(request)
    }

    fn close(&self) {
        (**self).close();
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        block_on(pin!(self.exchange(request)))
    }

    fn close(&self) {
        self.shut();
    }
}

impl<T: Transport + 'static> IntoTransport<Blocking> for T {
    fn into_transport(self) -> Arc<dyn Transport> {
        Arc::new(self)
    }
}
