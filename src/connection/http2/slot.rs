//! `Slot`: a place for one request on a connection, and `Opening`, the wait for one.
//!
//! Owns how a request gets from its place onto a stream. Does not own the queue (`shared.rs`).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;

use super::progress::Progress;
use super::shared::Asked;
use super::stream::Stream;
use super::{Http2, errors, headers};
use crate::connection::events::Tracer;
use crate::error::{Phase, Result};
use crate::models::config::ResponseLimits;
use crate::protocol::http1::Outgoing;

/// The wait for a place; dropped, it leaves the queue.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub(crate) struct Opening {
    pub(super) connection: Http2,
    pub(super) ticket: Option<u64>,
}

impl Future for Opening {
    type Output = Result<Slot>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Slot>> {
        let shared = &self.connection.shared;
        match shared.ask(self.ticket, context.waker()) {
            Asked::Queued(ticket) => {
                self.ticket = Some(ticket);
                Poll::Pending
            }
            Asked::Never => Poll::Ready(Err(self.connection.refusal())),
            Asked::Granted => {
                self.ticket = None;
                Poll::Ready(Ok(Slot {
                    connection: self.connection.clone(),
                }))
            }
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.connection.shared.leave(ticket);
        }
    }
}

/// A place for one request. Dropped, it is free for the next.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(super) connection: Http2,
}

impl Slot {
    /// Hands the head of the request over. Its body, if there is one, is to follow.
    ///
    /// # Errors
    /// `LocalProtocol` for what cannot be sent; the trace callback's. After any other the request may be sent again on
    /// another connection: nothing of it was sent.
    pub(crate) fn send(
        mut self,
        request: &Outgoing<'_>,
        limits: ResponseLimits,
        tracer: &Tracer,
    ) -> Result<Stream> {
        let (head, upload) = headers::request(request)?;
        let ends = upload == headers::Upload::Nothing;
        let (waiting, sending) = match self.connection.sender.send_request(head, ends) {
            Ok(both) => both,
            Err(e) if e.is_io() || e.reason().is_some() => {
                let error = errors::translate(e, self.connection.shared.how_ended(), Phase::Send);
                self.connection.shared.go_away();
                return Err(error);
            }
            // The fields were checked, so there are no numbers left (RFC 9113 section 5.1.1).
            Err(e) => {
                self.connection.shared.go_away();
                return Err(self.connection.refusal().with_source(e));
            }
        };
        let mut stream = Stream {
            id: sending.stream_id().into(),
            sending: (!ends).then_some(sending),
            handed_over: None,
            is_stopped: false,
            upload,
            waiting: Some(waiting),
            receiving: None,
            early: None,
            interims: 0,
            continued: false,
            pending: Bytes::new(),
            received: 0,
            content_length: None,
            trailers: None,
            limits,
            progress: Progress::default(),
            is_answered: false,
            is_unprocessed: false,
            slot: Some(self),
        };
        if stream.id >= LAST_STREAM
            && let Some(slot) = &stream.slot
        {
            slot.shared.go_away();
        }
        stream.progress.begin(tracer, stream.id)?;
        if ends {
            stream.progress.sent()?;
        }
        Ok(stream)
    }
}

/// What streams ask of their connection.
impl std::ops::Deref for Slot {
    type Target = Http2;

    fn deref(&self) -> &Http2 {
        &self.connection
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connection.shared.free(Instant::now());
    }
}

/// The last number a stream can have.
const LAST_STREAM: u32 = (1 << 31) - 1;
