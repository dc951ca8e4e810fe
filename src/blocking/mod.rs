//! The driver that waits on the calling thread.
//!
//! This file owns [`Blocking`]: its answers to every wait. Its futures are ready whenever they are polled, because they
//! wait in `poll(2)` or parked meanwhile.

pub(crate) mod aside;
pub(crate) mod client;
#[cfg(feature = "async")]
pub(crate) mod crank;
mod interrupt;
pub(crate) mod oneshot;
pub(crate) mod response;
pub(crate) mod transport;
pub(crate) mod upgraded;
pub(crate) mod wait;

use std::future::ready;
use std::io::{self, Read};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::blocking::response::StreamingResponse;
use crate::blocking::transport::{HttpTransport, Transport};
use crate::connection::deadline::Until;
use crate::connection::socket::{Interest, StdSocket};
#[cfg(feature = "async")]
use crate::connection::{
    events::Tracer,
    http2::{self, Http2},
    wire::Wire,
};
use crate::engine::Driver;
use crate::error::Result;
use crate::models::auth::AuthFlow;
use crate::models::body::Body;
use crate::models::cancel::CancelToken;
use crate::models::exclusive::Exclusive;
#[cfg(feature = "async")]
use crate::models::http2::Http2Settings;
use crate::models::request::Request;
use crate::models::response::Response;

/// Names the clients that wait on the calling thread: [`Client`](crate::Client) is a
/// [`BaseClient<Blocking>`](crate::BaseClient).
///
/// ```
/// use papilio::{BaseClient, Blocking, Client};
/// let client: BaseClient<Blocking> = Client::new();
/// ```
#[derive(Debug)]
pub enum Blocking {}

impl Driver for Blocking {
    type Socket = StdSocket;
    type Transport = dyn Transport;
    type RequestHook = dyn Fn(&mut Request) -> Result<()> + Send + Sync;
    type ResponseHook = dyn Fn(&mut StreamingResponse) -> Result<()> + Send + Sync;
    #[cfg(feature = "async")]
    type Crank = crank::Crank;
    type Patience = ();
    type Foreign = Exclusive<Box<dyn Read + Send>>;

    fn adopt(socket: socket2::Socket) -> io::Result<StdSocket> {
        StdSocket::new(socket)
    }

    fn ready(
        socket: &mut StdSocket,
        interest: Interest,
        until: Until<'_>,
    ) -> impl Future<Output = Result<()>> + Send {
        ready(if until.cancel().is_some() {
            interrupt::on_socket(socket.stream(), interest, until)
        } else if socket.is_patient() {
            // The kernel has waited already.
            Err(until.error())
        } else {
            wait::on_socket(socket.stream(), interest, until)
        })
    }

    fn any_writable(
        sockets: &mut [&mut StdSocket],
        until: Option<Instant>,
        cancel: Option<&CancelToken>,
    ) -> impl Future<Output = Result<()>> + Send {
        let sockets: Vec<_> = sockets.iter().map(|socket| socket.stream()).collect();
        ready(
            match cancel {
                Some(token) => interrupt::on_sockets(&sockets, Interest::Write, until, token),
                None => {
                    let timeout =
                        until.map(|until| until.saturating_duration_since(Instant::now()));
                    wait::on_sockets(&sockets, Interest::Write, timeout)
                }
            }
            .map(drop),
        )
    }

    async fn within<F: Future + Send>(future: F, until: Until<'_>) -> Result<F::Output> {
        wait::on_future(future, until)
    }

    async fn sleep(pause: Duration, cancel: Option<&CancelToken>) -> Result<()> {
        match cancel {
            Some(token) => interrupt::sleep(pause, token),
            None => {
                thread::sleep(pause);
                Ok(())
            }
        }
    }

    fn aside<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<impl Future<Output = Option<T>> + Send> {
        aside::start(work)
    }

    #[cfg(feature = "async")]
    fn multiplex(
        crank: &crank::Crank,
        wire: Wire<StdSocket>,
        settings: &Http2Settings,
        tracer: &Tracer,
        tell: impl Fn() + Send + 'static,
    ) -> Result<Http2> {
        let (handle, mut task) = http2::adopt(wire, settings, tracer)?;
        task.on_change(tell);
        crank.turn(task)?;
        Ok(handle)
    }

    fn next_piece<'a>(
        body: &'a mut Body,
        scratch: &'a mut Vec<u8>,
        _until: Until,
    ) -> impl Future<Output = Result<Option<&'a [u8]>>> + Send {
        ready(body.next(scratch))
    }

    fn pull<'a>(
        body: &'a mut Self::Foreign,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        ready(body.get_mut().read(buffer))
    }

    fn network(network: Arc<HttpTransport>) -> Arc<dyn Transport> {
        network
    }

    fn send(
        transport: &(dyn Transport + 'static),
        request: &mut Request,
    ) -> impl Future<Output = Result<StreamingResponse>> + Send {
        ready(transport.send(request))
    }

    fn close(transport: &(dyn Transport + 'static)) {
        transport.close();
    }

    fn prepare<'a>(
        auth: &'a mut dyn AuthFlow,
        last: Option<&'a Response>,
    ) -> impl Future<Output = Result<()>> + Send {
        ready(auth.prepare(last))
    }

    fn on_request<'a>(
        hook: &'a Self::RequestHook,
        request: &'a mut Request,
    ) -> impl Future<Output = Result<()>> + Send {
        ready(hook(request))
    }

    fn on_response<'a>(
        hook: &'a Self::ResponseHook,
        response: &'a mut StreamingResponse,
    ) -> impl Future<Output = Result<()>> + Send {
        ready(hook(response))
    }
}
