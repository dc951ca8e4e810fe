//! The driver that is awaited, on tokio.
//!
//! This file owns [`Async`]: its answers to every wait, which are readiness futures and timers of tokio.

pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod pieces;
pub(crate) mod response;
pub(crate) mod transport;
mod upgraded;

use std::future::poll_fn;
use std::io;
use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::time::timeout_at;

use crate::asynchronous::body::ForeignStream;
use crate::asynchronous::response::AsyncStreamingResponse;
use crate::asynchronous::transport::{AsyncHttpTransport, AsyncTransport};
use crate::connection::deadline::Until;
use crate::connection::events::Tracer;
use crate::connection::http2::{self, Http2};
use crate::connection::socket::Interest;
use crate::connection::tokio_socket::TokioSocket;
use crate::connection::wire::Wire;
use crate::engine::Driver;
use crate::error::{Error, Kind, Result};
use crate::models::auth::AuthFlow;
use crate::models::body::Body;
use crate::models::cancel::CancelToken;
use crate::models::http2::Http2Settings;
use crate::models::request::Request;
use crate::models::response::Response;

/// A future in a box, which may move between threads.
///
/// ```
/// use papilio::BoxFuture;
/// fn later(text: &str) -> BoxFuture<'_, usize> {
///     Box::pin(async move { text.len() })
/// }
/// ```
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Names the clients that are awaited: [`AsyncClient`](crate::AsyncClient) is a
/// [`BaseClient<Async>`](crate::BaseClient).
///
/// ```
/// use papilio::{Async, AsyncClient, BaseClient};
/// let client: BaseClient<Async> = AsyncClient::new();
/// ```
#[derive(Debug)]
pub enum Async {}

impl Driver for Async {
    type Socket = TokioSocket;
    type Transport = dyn AsyncTransport;
    type RequestHook = dyn for<'a> Fn(&'a mut Request) -> BoxFuture<'a, Result<()>> + Send + Sync;
    type ResponseHook =
        dyn for<'a> Fn(&'a mut AsyncStreamingResponse) -> BoxFuture<'a, Result<()>> + Send + Sync;
    type Crank = ();
    type Patience = upgraded::Patience;
    type Foreign = ForeignStream;

    fn adopt(socket: socket2::Socket) -> io::Result<TokioSocket> {
        TokioSocket::new(socket)
    }

    fn is_alive(socket: &TokioSocket) -> bool {
        socket.is_registered()
    }

    async fn ready(socket: &mut TokioSocket, interest: Interest, until: Until<'_>) -> Result<()> {
        let ready = poll_fn(|cx| socket.poll_ready(interest, cx));
        Self::within(ready, until)
            .await?
            .map_err(|e| unwaited(Kind::Read, e))
    }

    async fn any_writable(
        sockets: &mut [&mut TokioSocket],
        until: Option<Instant>,
        cancel: Option<&CancelToken>,
    ) -> Result<()> {
        let ready = poll_fn(|cx| {
            // All are asked, so that each wakes this task.
            let mut some = Poll::Pending;
            for socket in sockets.iter() {
                if let Poll::Ready(result) = socket.poll_write_ready(cx) {
                    some = Poll::Ready(result);
                }
            }
            some
        });
        let ready = async {
            let ready = match until {
                Some(until) => {
                    in_runtime()?;
                    // Late or not, the sockets are looked at next.
                    timeout_at(until.into(), ready).await.unwrap_or(Ok(()))
                }
                None => ready.await,
            };
            ready.map_err(|e| unwaited(Kind::Connect, e))
        };
        or_cancelled(ready, cancel).await
    }

    async fn within<F: Future + Send>(future: F, until: Until<'_>) -> Result<F::Output> {
        let timed = async {
            match until.at() {
                Some(at) => {
                    in_runtime()?;
                    timeout_at(at.into(), future)
                        .await
                        .map_err(|_| until.error())
                }
                None => Ok(future.await),
            }
        };
        or_cancelled(timed, until.cancel()).await
    }

    async fn sleep(pause: Duration, cancel: Option<&CancelToken>) -> Result<()> {
        let slept = async {
            tokio::time::sleep(pause).await;
            Ok(())
        };
        or_cancelled(slept, cancel).await
    }

    fn aside<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<impl Future<Output = Option<T>> + Send> {
        let runtime = runtime().map_err(io::Error::other)?;
        let task = runtime.spawn_blocking(work);
        Ok(async move { task.await.ok() })
    }

    fn multiplex(
        _: &(),
        wire: Wire<TokioSocket>,
        settings: &Http2Settings,
        tracer: &Tracer,
        tell: impl Fn() + Send + 'static,
    ) -> Result<Http2> {
        let (handle, mut task) = http2::adopt(wire, settings, tracer)?;
        task.on_change(tell);
        let runtime = runtime()?;
        drop(runtime.spawn(task));
        Ok(handle.within(runtime.id()))
    }

    async fn next_piece<'a>(
        body: &'a mut Body,
        scratch: &'a mut Vec<u8>,
        until: Until<'_>,
    ) -> Result<Option<&'a [u8]>> {
        Self::within(body::next_piece(body, scratch), until).await?
    }

    async fn pull(body: &mut ForeignStream, buffer: &mut [u8]) -> io::Result<usize> {
        body.read(buffer).await
    }

    fn network(network: Arc<AsyncHttpTransport>) -> Arc<dyn AsyncTransport> {
        network
    }

    async fn send(
        transport: &(dyn AsyncTransport + 'static),
        request: &mut Request,
    ) -> Result<AsyncStreamingResponse> {
        transport.send(request).await
    }

    fn close(transport: &(dyn AsyncTransport + 'static)) {
        transport.close();
    }

    async fn prepare(auth: &mut dyn AuthFlow, last: Option<&Response>) -> Result<()> {
        auth.prepare_async(last).await
    }

    async fn on_request(hook: &Self::RequestHook, request: &mut Request) -> Result<()> {
        hook(request).await
    }

    async fn on_response(
        hook: &Self::ResponseHook,
        response: &mut AsyncStreamingResponse,
    ) -> Result<()> {
        hook(response).await
    }
}

/// The outcome of the future, unless the call is cancelled: looked for first, and then whenever the future has to wait.
async fn or_cancelled<T>(
    future: impl Future<Output = Result<T>>,
    cancel: Option<&CancelToken>,
) -> Result<T> {
    let mut watch = match cancel {
        Some(token) => {
            token.check()?;
            Some(token.watch())
        }
        None => None,
    };
    let mut future = pin!(future);
    poll_fn(|cx| match (future.as_mut().poll(cx), &mut watch) {
        (Poll::Pending, Some(watch)) => watch.poll(cx.waker()).map(Err),
        (outcome, _) => outcome,
    })
    .await
}

/// # Errors
/// Outside of a runtime, where nothing could be waited for.
pub(crate) fn in_runtime() -> Result<()> {
    runtime().map(drop)
}

/// The runtime that is entered.
///
/// # Errors
/// If there is none: tokio's own calls panic then.
pub(crate) fn runtime() -> Result<Handle> {
    Handle::try_current().map_err(|e| {
        Error::new(
            Kind::Config,
            "AsyncClient sends within a tokio runtime, and there is none here",
        )
        .with_source(e)
    })
}

/// Before anything is sent: whether there is a runtime that can wait for a time.
///
/// # Errors
/// If not. tokio has no way to ask a runtime for its timers; it panics where there are none.
pub(crate) fn can_wait() -> Result<()> {
    in_runtime()?;
    catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).map_err(|_| {
        Error::new(
            Kind::Config,
            "AsyncClient needs the timers of its tokio runtime, which was built without: enable_time or enable_all",
        )
    })
}

fn unwaited(kind: Kind, why: io::Error) -> Error {
    Error::new(kind, "waiting for the socket failed").with_source(why)
}
