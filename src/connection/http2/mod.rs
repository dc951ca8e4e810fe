//! HTTP/2 over a connection that is shared, for both drivers.
//!
//! This file owns [`Http2`], the handle by which requests get a place on a connection, and [`adopt`], which makes it of
//! a connected wire. The protocol is h2's. Does not own waiting: the futures here need no runtime and no timer, so an
//! async client awaits them and a blocking one polls them on its own thread. Only [`ConnectionTask`] needs a runtime.

mod download;
mod errors;
mod frames;
mod headers;
mod io;
mod progress;
mod shared;
mod slot;
mod stream;
mod task;
mod upload;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::runtime::{Handle, Id};

pub(crate) use io::Link;
pub(crate) use slot::{Opening, Slot};
pub(crate) use stream::Stream;
pub(crate) use task::ConnectionTask;

use crate::connection::events::{Name, Tracer};
use crate::connection::pool::Shareable;
use crate::connection::socket::StdSocket;
use crate::connection::tokio_socket::TokioSocket;
use crate::connection::wire::Wire;
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::connection::ConnectionInfo;
use crate::models::http2::Http2Settings;
use crate::models::trace::EventInfo;
use io::H2Io;
use shared::Shared;

/// Takes a connected and, if need be, encrypted wire over for HTTP/2: the handle, and what the driver has to spawn.
///
/// # Errors
/// The trace callback's. Nothing is sent or received before the task runs.
pub(crate) fn adopt(
    wire: impl Into<Link>,
    settings: &Http2Settings,
    tracer: &Tracer,
) -> Result<(Http2, ConnectionTask)> {
    tracer.started_with_request(Name::H2SendConnectionInit)?;
    let link = wire.into();
    let info = Arc::new(link.info());
    let shared = Arc::new(Shared::new(Instant::now()));
    let io = H2Io::new(link, Arc::clone(&shared));
    let (sender, connection) = shake_hands(builder(settings).handshake(io))?;
    let task = ConnectionTask::new(connection, Arc::clone(&shared), settings);
    tracer.complete(Name::H2SendConnectionInit, EventInfo::None)?;
    let handle = Http2 {
        sender,
        shared,
        info,
        runtime: None,
    };
    Ok((handle, task))
}

/// A connection of HTTP/2. When the last handle and the last stream are gone it is closed.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: SendRequest<Bytes>,
    shared: Arc<Shared>,
    info: Arc<ConnectionInfo>,
    /// The only runtime it is of use in, if there is one: another may not be running when it is needed.
    runtime: Option<Id>,
}

impl Http2 {
    /// The same, for the tasks of this runtime alone.
    pub(crate) fn within(mut self, runtime: Id) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Waits for a place for one request, first come, first served. Until the server's SETTINGS are there, there is one.
    ///
    /// Its error, the connection is over or takes no more, says that nothing was sent: another connection may be tried.
    pub(crate) fn open(&self) -> Opening {
        Opening {
            connection: self.clone(),
            ticket: None,
        }
    }

    /// A place, if one is free and nobody waits.
    pub(crate) fn try_open(&self) -> Option<Slot> {
        self.shared.take().then(|| Slot {
            connection: self.clone(),
        })
    }

    /// What is known of the connection, for responses.
    pub(crate) fn info(&self) -> &Arc<ConnectionInfo> {
        &self.info
    }

    /// Whether it stands. One that takes no more requests may.
    pub(crate) fn is_open(&self) -> bool {
        self.shared.is_open()
    }

    /// Whether it takes requests, if perhaps not at once.
    pub(crate) fn can_take_more(&self) -> bool {
        !self.shared.is_closing()
    }

    /// Whether it takes one at once.
    #[cfg(test)]
    pub(crate) fn has_room(&self) -> bool {
        self.shared.has_room()
    }

    /// How often something was received: to see whether the server is silent.
    pub(crate) fn reads(&self) -> usize {
        self.shared.reads()
    }

    /// Requests on it.
    pub(crate) fn streams(&self) -> usize {
        self.shared.active()
    }

    /// Requests that wait for a place on it.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.shared.waiting()
    }

    /// When the last request left it; `None` while there are some (H2-12).
    #[cfg(test)]
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.shared.idle_since()
    }

    /// Wakes once, when a place may be free or the connection does not take any more.
    #[cfg(test)]
    pub(crate) fn watch(&self, waker: &Waker) {
        self.shared.watch(waker);
    }

    /// Whether it is the same connection.
    #[cfg(test)]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Ends it at once: every request on it fails with an error of this kind (TMO-13).
    pub(crate) fn fail(&self, kind: Kind) {
        self.shared.end(shared::End::GivenUp(kind));
    }

    fn how_ended(&self) -> Option<shared::End> {
        self.shared.how_ended()
    }

    fn hear_of_settings(&self) -> bool {
        self.shared.hear_of_settings()
    }

    /// Why there is no place to be had.
    fn refusal(&self) -> Error {
        match self.shared.how_ended() {
            Some(end) => errors::ended(end, Phase::Send),
            None => Error::remote(
                Reason::ServerDisconnected,
                "the connection takes no more requests",
            )
            .in_phase(Phase::Send),
        }
    }
}

/// How many requests are on it, and whether it takes more.
impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.is_open(), self.can_take_more(), self.streams()) {
            (false, ..) => "CLOSED",
            (_, false, _) => "CLOSING",
            (_, _, 0) => "IDLE",
            _ => "ACTIVE",
        };
        write!(
            f,
            "<Connection [HTTP/2, {state}, Streams: {}]>",
            self.streams()
        )
    }
}

impl Shareable for Http2 {
    fn is_usable(&self) -> bool {
        // Who is in no runtime only gives back what was lent.
        let is_elsewhere = |id| Handle::try_current().is_ok_and(|runtime| runtime.id() != id);
        self.can_take_more() && !self.runtime.is_some_and(is_elsewhere)
    }

    fn most_streams(&self) -> usize {
        self.shared.limit()
    }
}

impl From<Wire<StdSocket>> for Link {
    fn from(wire: Wire<StdSocket>) -> Self {
        Self::Std(Box::new(wire))
    }
}

impl From<Wire<TokioSocket>> for Link {
    fn from(wire: Wire<TokioSocket>) -> Self {
        Self::Tokio(Box::new(wire))
    }
}

/// H2-02, and limits on what has to be remembered (R-H2-03).
fn builder(settings: &Http2Settings) -> h2::client::Builder {
    let mut builder = h2::client::Builder::new();
    builder
        .enable_push(false)
        .initial_max_send_streams(1)
        .max_concurrent_streams(100)
        .initial_window_size(settings.stream_window.min(MAX_WINDOW))
        .initial_connection_window_size(settings.connection_window.clamp(MIN_WINDOW, MAX_WINDOW))
        .max_header_list_size(settings.max_head)
        .max_send_buffer_size(SEND_BUFFER)
        // What arrives late for cancelled streams is passed over; it is not an error of the server's.
        .max_concurrent_reset_streams(1000)
        .reset_stream_duration(Duration::from_secs(30));
    #[cfg(test)]
    builder.initial_stream_id(settings.first_stream);
    builder
}

/// The handshake only writes, and what is written before the task runs is kept ([`H2Io`]): it is over at once.
fn shake_hands<T>(handshake: impl Future<Output = Result<T, h2::Error>>) -> Result<T> {
    let mut handshake = std::pin::pin!(handshake);
    let mut nobody = Context::from_waker(Waker::noop());
    match handshake.as_mut().poll(&mut nobody) {
        Poll::Ready(outcome) => outcome.map_err(|e| errors::translate(e, None, Phase::Send)),
        Poll::Pending => Err(Error::new(Kind::Write, "HTTP/2 did not begin")),
    }
}

const MIN_WINDOW: u32 = 65_535;
/// RFC 9113 section 6.9.1.
const MAX_WINDOW: u32 = (1 << 31) - 1;
/// Bytes of one body that are taken before the socket takes them.
const SEND_BUFFER: usize = 128 << 10;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod raw_tests;
#[cfg(test)]
mod tests;
