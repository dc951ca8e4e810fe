//! `Stream`: one request and its response on a connection that is shared.
//!
//! Owns the state of the stream, and its end. Sending is in `upload.rs`, receiving in `download.rs`.

use std::fmt;

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};

use super::Slot;
use super::errors;
use super::headers::Upload;
use super::progress::Progress;
use crate::error::{Error, Phase, Result};
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;
use crate::protocol::http1::ParsedHead;

/// One request on its way. Dropped before its end it is cancelled (H2-11): the server is told, the connection stays.
///
/// Its futures may be polled by anybody, and dropped at any time.
pub(crate) struct Stream {
    pub(super) id: u32,
    pub(super) sending: Option<SendStream<Bytes>>,
    /// The same once all was handed over, or no more will be: what lies in queues can still be called off.
    pub(super) handed_over: Option<SendStream<Bytes>>,
    pub(super) is_stopped: bool,
    pub(super) upload: Upload,
    pub(super) waiting: Option<ResponseFuture>,
    pub(super) receiving: Option<RecvStream>,
    /// A final response that came while the body was still being sent, or was not asked for yet.
    pub(super) early: Option<ParsedHead>,
    pub(super) interims: usize,
    pub(super) continued: bool,
    /// Received, and not yet handed out.
    pub(super) pending: Bytes,
    pub(super) received: u64,
    pub(super) content_length: Option<u64>,
    pub(super) trailers: Option<Headers>,
    pub(super) limits: ResponseLimits,
    pub(super) progress: Progress,
    pub(super) is_answered: bool,
    pub(super) is_unprocessed: bool,
    /// The place on the connection, until both sides are done.
    pub(super) slot: Option<Slot>,
}

impl Stream {
    /// The number of the stream: EXT-12.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Whether the request was handed over to its end, or given up.
    pub(crate) fn request_done(&self) -> bool {
        self.sending.is_none()
    }

    /// Whether the response was received to its end, and handed out.
    pub(crate) fn response_done(&self) -> bool {
        self.is_answered && self.receiving.is_none() && self.pending.is_empty()
    }

    /// Whether the server said that it did not look at the request: it may be sent again, whatever its method, if its
    /// body can be.
    pub(crate) fn is_unprocessed(&self) -> bool {
        self.is_unprocessed
    }

    /// Whether nothing of a response was received.
    pub(crate) fn is_unanswered(&self) -> bool {
        !self.is_answered && self.interims == 0
    }

    /// The length that the response announces.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Bytes of the body that were received.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The fields behind the body.
    pub(crate) fn trailers(&mut self) -> Option<Headers> {
        self.trailers.take()
    }

    /// Tells that the response is over, with or without a rest of it.
    ///
    /// # Errors
    /// The trace callback's.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.progress.end(self.response_done())
    }

    /// The error of this stream, and what it means for the request.
    pub(super) fn fail(&mut self, error: h2::Error, phase: Phase) -> Error {
        if !self.is_answered {
            self.is_unprocessed = errors::is_unprocessed(&error);
        }
        // It has heard of the end already.
        (self.sending, self.handed_over) = (None, None);
        let end = self.slot.as_ref().and_then(|slot| slot.how_ended());
        self.failed(errors::translate(error, end, phase))
    }

    /// The stream is over because of an error, which is told.
    pub(super) fn failed(&mut self, error: Error) -> Error {
        self.progress.failed(&error);
        self.give_up();
        error
    }

    /// Stops both directions and frees the place.
    pub(super) fn give_up(&mut self) {
        let is_over = self.is_answered && self.receiving.is_none() && !self.is_stopped;
        let stands = self.slot.as_ref().is_some_and(|slot| slot.is_open());
        let (unsent, sent) = (self.sending.take(), self.handed_over.take());
        // Said at once: h2 on its own would send first what the server may never have room for.
        if let Some(mut sending) = unsent.or_else(|| sent.filter(|_| !is_over))
            && stands
        {
            sending.send_reset(h2::Reason::CANCEL);
        }
        // The last of them cancels what is not complete.
        (self.waiting, self.receiving) = (None, None);
        self.pending = Bytes::new();
        self.slot = None;
    }

    /// Frees the place once both sides are done.
    pub(super) fn release(&mut self) {
        if self.sending.is_none() && self.is_answered && self.receiving.is_none() {
            if self.is_stopped {
                self.give_up();
            }
            self.slot = None;
        }
    }
}

/// Whatever is not done is cancelled by h2 when its last handle goes, and the window given back (R-H2-12).
impl Drop for Stream {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Nothing of what is sent or received.
impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("id", &self.id)
            .field("request_done", &self.request_done())
            .field("response_done", &self.response_done())
            .finish()
    }
}
