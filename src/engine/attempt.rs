//! `Attempt`: a request sent over one connection, and what comes of it.
//!
//! Owns what a failure means for the connection and for trying again, and the response made of head and body. Does not
//! own which connection it is (`engine/line.rs`) or the exchange itself (`engine/exchange.rs`, `engine/http2.rs`).

use std::sync::Arc;
use std::time::Instant;

use crate::connection::deadline::Deadlines;
use crate::connection::events::Tracer;
use crate::connection::forward::Forward;
use crate::connection::pool::Lease;
use crate::engine::body::BodyStream;
use crate::engine::exchange::{Conn, exchange};
#[cfg(feature = "async")]
use crate::engine::http2::{self, LiveStream};
use crate::engine::line::Line;
use crate::engine::{Driver, Streaming};
#[cfg(feature = "async")]
use crate::error::Reason;
use crate::error::{Error, Kind, Result};
use crate::models::connection::ConnectionInfo;
use crate::models::request::Request;
#[cfg(feature = "async")]
use crate::models::response::StreamId;
use crate::models::response::{Head, Response};
use crate::protocol::http1::ParsedHead;

/// One sending of a request.
pub(super) struct Attempt<'a, D: Driver> {
    pub(super) line: &'a Line<D>,
    pub(super) request: &'a mut Request,
    pub(super) forward: Option<&'a Forward>,
    pub(super) deadlines: &'a Deadlines,
    pub(super) tracer: &'a Tracer,
    pub(super) started: Instant,
    /// The connection has served before.
    pub(super) reused: bool,
    #[cfg(feature = "async")]
    pub(super) repeats: &'a mut Repeats,
}

/// How often a request was sent again on another connection of HTTP/2, by what had become of it.
#[cfg(feature = "async")]
#[derive(Debug, Default)]
pub(super) struct Repeats {
    left: usize,
    refused: usize,
    lost: usize,
}

/// What came of it.
pub(super) enum Outcome<D: Driver> {
    Response(Streaming<D>),
    /// It may be sent once more: in the slot that is left, or in another.
    Again,
}

impl<D: Driver> Attempt<'_, D> {
    /// The lease is taken unless the request is to be sent again in its slot.
    pub(super) async fn make(
        &mut self,
        slot: &mut Option<Lease<Box<Conn<D>>>>,
    ) -> Result<Outcome<D>> {
        #[cfg(feature = "async")]
        if slot.as_ref().is_some_and(|lease| lease.shared().is_some()) {
            return Box::pin(self.make_on_stream(slot.take())).await;
        }
        let Some(connection) = slot.as_mut().and_then(Lease::connection) else {
            return Err(gone());
        };
        let limits = self.line.network.response_limits;
        connection.set_limits(limits);
        let sent = exchange::<D>(
            connection,
            self.request,
            self.forward,
            self.deadlines,
            self.tracer,
        );
        match sent.await {
            Ok(parsed) => {
                let info = Arc::clone(&connection.info);
                let Some(lease) = slot.take() else {
                    return Err(gone());
                };
                let body = BodyStream::live(lease, self.deadlines, self.started, limits);
                settled(head_of(parsed, info), body)
            }
            Err(error) if self.may_repeat(connection, &error) => {
                drop(slot.as_mut().and_then(Lease::take));
                Ok(Outcome::Again)
            }
            Err(error) => {
                // A connection that failed is closed before its request has the error.
                *slot = None;
                Err(self.named(error))
            }
        }
    }

    /// Whether a request that failed on a used connection is sent once more: nothing of a response came, and either
    /// nothing was sent or the method may be repeated and so may the body (POOL-15, FLT-07, RFC 9110 section 9.2.2).
    fn may_repeat(&self, connection: &Conn<D>, error: &Error) -> bool {
        self.reused
            && self.line.network.retry_stale
            && !self.tracer.has_refused()
            && matches!(error.kind(), Kind::Read | Kind::Write)
            && connection.is_unanswered()
            && (self.is_repeatable() || connection.is_untouched())
    }

    fn is_repeatable(&self) -> bool {
        self.request.method.is_idempotent() && self.request.body.is_replayable()
    }

    fn named(&self, error: Error) -> Error {
        if self.line.is_proxied() {
            error.through_proxy()
        } else {
            error
        }
    }
}

#[cfg(feature = "async")]
impl<D: Driver> Attempt<'_, D> {
    async fn make_on_stream(&mut self, lease: Option<Lease<Box<Conn<D>>>>) -> Result<Outcome<D>> {
        let Some(lease) = lease else {
            return Err(gone());
        };
        let Some(handle) = lease.shared().cloned() else {
            return Err(gone());
        };
        let limits = self.line.network.response_limits;
        let sent = http2::exchange::<D>(
            &handle,
            self.request,
            self.forward,
            self.deadlines,
            limits,
            self.tracer,
        );
        match sent.await {
            Ok((stream, parsed)) => {
                let id = StreamId(stream.id());
                let live = LiveStream::new(stream, self.deadlines.clone(), lease, handle);
                let mut head = head_of(parsed, live.info());
                head.extensions.insert(id);
                settled(head, BodyStream::stream(live, self.started, limits))
            }
            Err(refused) if self.may_repeat_elsewhere(&refused) => Ok(Outcome::Again),
            Err(refused) => Err(self.named(refused.error)),
        }
    }

    /// As [`may_repeat`](Self::may_repeat); what the server has not looked at may be sent again whatever it is
    /// (R-H2-06, R-H2-07), as long as its body is still whole. A server that goes on leaving is believed in the end.
    fn may_repeat_elsewhere(&mut self, refused: &http2::Refused) -> bool {
        let error = &refused.error;
        // A server that does not speak HTTP/2 will not learn it.
        let is_alien =
            refused.is_unsent && !self.reused && matches!(error.reason(), Some(Reason::Http2(_)));
        if self.tracer.has_refused() || is_alien {
            return false;
        }
        let (count, most) = match error.reason() {
            Some(REFUSED) if refused.is_unprocessed => (&mut self.repeats.refused, 1),
            _ if refused.is_unprocessed => (&mut self.repeats.left, MOST_LEFT),
            _ => (&mut self.repeats.lost, 1),
        };
        *count += 1;
        if *count > most {
            return false;
        }
        if refused.is_unprocessed {
            return self.request.body.is_sendable();
        }
        self.reused
            && self.line.network.retry_stale
            && (error.reason() == Some(Reason::ServerDisconnected)
                || matches!(error.kind(), Kind::Read | Kind::Write))
            && refused.is_unanswered
            && self.is_repeatable()
    }
}

/// REFUSED_STREAM of RFC 9113 section 7.
#[cfg(feature = "async")]
const REFUSED: Reason = Reason::Http2(7);
/// How often a request may meet a server that leaves. A crowd that comes all at once to a server that serves a few on
/// each connection needs several tries (R-LIM-15).
#[cfg(feature = "async")]
const MOST_LEFT: usize = 20;

fn gone() -> Error {
    Error::new(Kind::Connect, "the connection is gone")
}

#[inline]
fn head_of(parsed: ParsedHead, connection: Arc<ConnectionInfo>) -> Box<Head> {
    // Room first, so that what goes there is made there.
    let mut head = Box::write(
        Box::new_uninit(),
        Head::new(parsed.status, parsed.version, parsed.headers),
    );
    head.reason = parsed.reason;
    head.connection = Some(connection);
    head
}

/// Puts head and body together.
fn settled<D: Driver>(head: Box<Head>, body: BodyStream<D>) -> Result<Outcome<D>> {
    let mut response = Response { head, body };
    response.body.0.settle()?;
    Ok(Outcome::Response(response))
}
