//! Sending the body of a request on a stream.
//!
//! Owns flow control on the way out, and the look at an answer meanwhile. Does not own the head (`headers.rs`).

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::headers::{self, Upload};
use super::stream::Stream;
use crate::connection::outbox::Flushed;
use crate::error::{Error, Phase, Result};
use crate::models::headers::Headers;

impl Stream {
    /// Sends some of this piece of the body, and takes it off; waits until the server takes any. Call it until the piece
    /// is empty: each time something moved. [`Flushed::Stopped`] says that the server wants no more: its answer, or the
    /// reason, is what [`head`](Self::head) returns.
    ///
    /// # Errors
    /// `LocalProtocol` for more than was announced; the answer's error if there is one already.
    pub(crate) async fn send(&mut self, piece: &mut Bytes) -> Result<Flushed> {
        self.announce(piece.len())?;
        match poll_fn(|context| self.poll_room(context, piece.len())).await? {
            None => Ok(Flushed::Stopped),
            Some(room) => {
                let part = piece.split_to(room.min(piece.len()));
                Ok(self.push(part))
            }
        }
    }

    /// As [`send`](Self::send), of bytes that are copied.
    pub(crate) async fn send_slice(&mut self, piece: &mut &[u8]) -> Result<Flushed> {
        self.announce(piece.len())?;
        match poll_fn(|context| self.poll_room(context, piece.len())).await? {
            None => Ok(Flushed::Stopped),
            Some(room) => {
                let (part, rest) = piece.split_at(room.min(piece.len()));
                *piece = rest;
                Ok(self.push(Bytes::copy_from_slice(part)))
            }
        }
    }

    /// The body is complete; `trailers` go behind it.
    ///
    /// # Errors
    /// `LocalProtocol` for less than was announced; the stream is cancelled then. The trace callback's.
    pub(crate) fn finish(&mut self, trailers: Option<&Headers>) -> Result<()> {
        if let (Some(_), Upload::Length(1..)) = (&self.sending, self.upload) {
            return Err(self.failed(headers::too_little().in_phase(Phase::Send)));
        }
        let trailers = trailers.map(headers::trailers).transpose()?;
        if let Some(mut sending) = self.sending.take() {
            // If the stream is over already, the answer says why.
            let _ = match trailers {
                Some(trailers) => sending.send_trailers(trailers),
                None => sending.send_data(Bytes::new(), true),
            };
            self.handed_over = Some(sending);
        }
        self.progress.sent()?;
        self.release();
        Ok(())
    }

    /// Waits for the word to send the body, `100 Continue`, or for the final response: whether it was the word. The
    /// caller limits the wait, and sends the body when that is over.
    pub(crate) async fn continued(&mut self) -> Result<bool> {
        poll_fn(|context| {
            let answer = self.poll_head(context);
            match (self.continued, answer) {
                (true, _) => Poll::Ready(Ok(true)),
                (_, answer) => answer.map_ok(|()| false),
            }
        })
        .await
    }

    /// How many bytes may be sent now; `None`: none any more.
    fn poll_room(
        &mut self,
        context: &mut Context<'_>,
        wanted: usize,
    ) -> Poll<Result<Option<usize>>> {
        // An answer may end the upload (SEC-133).
        if self.waiting.is_some()
            && let Poll::Ready(answer) = self.poll_head(context)
        {
            answer?;
        }
        if self.ends_upload() {
            self.stop_sending();
        }
        let Some(sending) = &mut self.sending else {
            return Poll::Ready(Ok(None));
        };
        if wanted == 0 {
            return Poll::Ready(Ok(Some(0)));
        }
        sending.reserve_capacity(wanted.min(PIECE));
        loop {
            match sending.poll_capacity(context) {
                Poll::Ready(None | Some(Err(_))) => {
                    self.sending = None;
                    return Poll::Ready(Ok(None));
                }
                // Room that was granted before is not told again.
                Poll::Pending if sending.capacity() == 0 => return Poll::Pending,
                Poll::Ready(Some(Ok(0))) => {}
                _ => return Poll::Ready(Ok(Some(sending.capacity()))),
            }
        }
    }

    /// Whether the final response says that the body is not wanted.
    fn ends_upload(&self) -> bool {
        self.early
            .as_ref()
            .is_some_and(|head| head.status.as_u16() >= 300)
    }

    /// Gives the rest of the upload up. The reset that tells the server has to wait until the response is read: it is
    /// sent when the stream is dropped.
    fn stop_sending(&mut self) {
        if let Some(mut sending) = self.sending.take() {
            sending.reserve_capacity(0);
            self.handed_over = Some(sending);
            self.is_stopped = true;
        }
    }

    fn announce(&mut self, length: usize) -> Result<()> {
        match self.upload {
            Upload::Nothing if length > 0 => {
                Err(self.failed(headers::too_much().in_phase(Phase::Send)))
            }
            Upload::Length(left) if length as u64 > left => {
                Err(self.failed(headers::too_much().in_phase(Phase::Send)))
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, part: Bytes) -> Flushed {
        let length = part.len() as u64;
        let Some(sending) = &mut self.sending else {
            return Flushed::Stopped;
        };
        if sending.send_data(part, false).is_err() {
            self.sending = None;
            return Flushed::Stopped;
        }
        if let Upload::Length(left) = &mut self.upload {
            *left = left.saturating_sub(length);
        }
        Flushed::All
    }
}

/// How much of a body is asked room for at a time.
const PIECE: usize = 64 << 10;

/// What is asked of a stream that has no response to come.
pub(super) fn misuse() -> Error {
    Error::local("no response is to be had from this stream").in_phase(Phase::Head)
}
