//! The order of things, once for every client: what is done between the caller and the connections.
//!
//! This file owns [`Driver`]: all that differs between a blocking and an async client, which is waiting and what callers
//! are handed. Everything else here is `async fn`s over it. The blocking driver's futures wait when they are polled and
//! are ready then, so its clients poll each once, without a runtime.

mod attempt;
pub(crate) mod body;
pub(crate) mod builder;
pub(crate) mod client;
pub(crate) mod connect;
pub(crate) mod drive;
pub(crate) mod exchange;
#[cfg(feature = "async")]
pub(crate) mod http2;
pub(crate) mod line;
pub(crate) mod reach;
pub(crate) mod response;
pub(crate) mod transport;
pub(crate) mod upgraded;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::connection::deadline::Until;
#[cfg(feature = "async")]
use crate::connection::events::Tracer;
#[cfg(feature = "async")]
use crate::connection::http2::Http2;
use crate::connection::socket::{Interest, Socket};
#[cfg(feature = "async")]
use crate::connection::wire::Wire;
use crate::engine::body::BodyStream;
use crate::engine::transport::BaseHttpTransport;
use crate::error::Result;
use crate::models::auth::AuthFlow;
use crate::models::body::Body;
use crate::models::cancel::CancelToken;
#[cfg(feature = "async")]
use crate::models::http2::Http2Settings;
use crate::models::request::Request;
use crate::models::response::Response;

/// A response whose body is still to be read, of the clients of a driver.
pub(crate) type Streaming<D> = Response<BodyStream<D>>;

/// How a client waits, and what its users give it. Implemented by [`Blocking`](crate::Blocking) and `Async`.
pub(crate) trait Driver: Sized + Send + Sync + 'static {
    /// A connection to somewhere, which never waits by itself.
    type Socket: Socket + fmt::Debug + Sync;
    /// What its clients send requests through.
    type Transport: ?Sized + Send + Sync;
    /// Functions that are called with each request.
    type RequestHook: ?Sized + Send + Sync;
    /// Functions that are called with each response.
    type ResponseHook: ?Sized + Send + Sync;
    /// What is remembered between two polls of a switched connection.
    type Patience: Default + Send + Sync;
    /// What keeps shared connections of HTTP/2 going, one for each pool.
    #[cfg(feature = "async")]
    type Crank: Default + Send + Sync;
    /// A body that somebody else made.
    type Foreign: Send + Sync;

    /// Takes over a socket, connected or about to be.
    fn adopt(socket: socket2::Socket) -> io::Result<Self::Socket>;

    /// Whether an idle connection can still be waited for.
    fn is_alive(_socket: &Self::Socket) -> bool {
        true
    }

    /// Waits until the socket may be ready; the error of `until` if that comes first.
    fn ready(
        socket: &mut Self::Socket,
        interest: Interest,
        until: Until<'_>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Waits until one of the sockets may be writable, until then, or until the call is cancelled, which is an error.
    fn any_writable(
        sockets: &mut [&mut Self::Socket],
        until: Option<Instant>,
        cancel: Option<&CancelToken>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// The outcome of a future; the error of `until` if that comes first.
    fn within<F: Future + Send>(
        future: F,
        until: Until<'_>,
    ) -> impl Future<Output = Result<F::Output>> + Send;

    /// Lets time pass, unless the call is cancelled meanwhile.
    fn sleep(
        pause: Duration,
        cancel: Option<&CancelToken>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Does what cannot but wait for itself beside this thread. When nobody wants its outcome any more, it ends alone.
    fn aside<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<impl Future<Output = Option<T>> + Send>;

    /// Takes a connection over for HTTP/2; what has to go on between calls is the crank's. `tell` is called when places on
    /// it come or go.
    #[cfg(feature = "async")]
    fn multiplex(
        crank: &Self::Crank,
        wire: Wire<Self::Socket>,
        settings: &Http2Settings,
        tracer: &Tracer,
        tell: impl Fn() + Send + 'static,
    ) -> Result<Http2>;

    /// The next piece of a request's body, none at its end; the error of `until` if that comes first and can be noticed.
    fn next_piece<'a>(
        body: &'a mut Body,
        scratch: &'a mut Vec<u8>,
        until: Until,
    ) -> impl Future<Output = Result<Option<&'a [u8]>>> + Send;

    /// Bytes of a body that somebody else made; 0 is its end.
    fn pull<'a>(
        body: &'a mut Self::Foreign,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// The network as one of its transports.
    fn network(network: Arc<BaseHttpTransport<Self>>) -> Arc<Self::Transport>;

    /// Sends one request through a transport.
    fn send(
        transport: &Self::Transport,
        request: &mut Request,
    ) -> impl Future<Output = Result<Streaming<Self>>> + Send;

    /// Tells a transport that its client is closed.
    fn close(transport: &Self::Transport);

    /// Lets a way of authenticating do what it has to wait for.
    fn prepare<'a>(
        auth: &'a mut dyn AuthFlow,
        last: Option<&'a Response>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Calls a hook.
    fn on_request<'a>(
        hook: &'a Self::RequestHook,
        request: &'a mut Request,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Calls a hook.
    fn on_response<'a>(
        hook: &'a Self::ResponseHook,
        response: &'a mut Streaming<Self>,
    ) -> impl Future<Output = Result<()>> + Send;
}
