//! Receiving a response on a stream.
//!
//! Owns interim responses, the head, the body with the windows it gives back, and the trailers. Does not own decoding.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Buf;
#[cfg(test)]
use bytes::Bytes;
use http::{Response, StatusCode};

use super::headers;
use super::stream::Stream;
use super::upload::misuse;
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::headers::Headers;
use crate::protocol::http1::ParsedHead;

impl Stream {
    /// Receives the head of the final response; interim ones are passed over.
    ///
    /// # Errors
    /// `RemoteProtocol`, with the server's code as its reason, if the stream was reset; the connection's error if that
    /// ended; `LocalProtocol` if the head was handed out before.
    pub(crate) async fn head(&mut self) -> Result<ParsedHead> {
        self.progress.awaiting_head()?;
        poll_fn(|context| self.poll_head(context)).await?;
        let Some(head) = self.early.take() else {
            return Err(misuse());
        };
        if self
            .slot
            .as_ref()
            .is_some_and(|slot| slot.hear_of_settings())
        {
            self.progress.settled()?;
        }
        self.progress.received(&head)?;
        self.release();
        Ok(head)
    }

    /// Receives the next piece of the body; `None` is its end, and the trailers are there. The window that the piece
    /// took is given back with it (H2-08).
    ///
    /// # Errors
    /// As [`head`](Self::head). The error says how much was received.
    #[cfg(test)]
    pub(crate) async fn data(&mut self) -> Result<Option<Bytes>> {
        self.progress.reading()?;
        if !poll_fn(|context| self.poll_pending(context)).await? {
            return Ok(None);
        }
        let piece = std::mem::take(&mut self.pending);
        self.consumed(piece.len());
        Ok(Some(piece))
    }

    /// Reads the body into `buffer`; 0 is its end.
    ///
    /// # Errors
    /// As [`data`](Self::data).
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.progress.reading()?;
        if buffer.is_empty() || !poll_fn(|context| self.poll_pending(context)).await? {
            return Ok(0);
        }
        let count = buffer.len().min(self.pending.len());
        if let Some(room) = buffer.get_mut(..count) {
            self.pending.copy_to_slice(room);
        }
        self.consumed(count);
        Ok(count)
    }

    /// Waits for the head, and keeps it.
    pub(super) fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.early.is_some() {
            return Poll::Ready(Ok(()));
        }
        loop {
            let Some(waiting) = &mut self.waiting else {
                return Poll::Ready(Err(misuse()));
            };
            match ready!(waiting.poll_informational(context)) {
                Some(Ok(interim)) => self.interim(&interim)?,
                Some(Err(e)) => return Poll::Ready(Err(self.fail(e, Phase::Head))),
                None => break,
            }
        }
        let Some(waiting) = &mut self.waiting else {
            return Poll::Ready(Err(misuse()));
        };
        let outcome = ready!(Pin::new(waiting).poll(context));
        self.waiting = None;
        let (parts, body) = match outcome {
            Ok(response) => response.into_parts(),
            Err(e) => return Poll::Ready(Err(self.fail(e, Phase::Head))),
        };
        if let Some(slot) = &self.slot {
            slot.shared.heads.fetch_add(1, Ordering::Relaxed);
        }
        match headers::response(&parts, &self.limits) {
            Ok((head, length)) => {
                self.early = Some(head);
                self.content_length = length;
            }
            Err(e) => return Poll::Ready(Err(self.failed(e))),
        }
        self.is_answered = true;
        // Kept to its end: a body without bytes may have trailers.
        self.receiving = (!body.is_end_stream()).then_some(body);
        if self.receiving.is_some()
            && let Some(announced) = self.content_length
        {
            self.allow(announced)?;
        }
        Poll::Ready(Ok(()))
    }

    /// An interim response.
    fn interim(&mut self, interim: &Response<()>) -> Result<()> {
        let status = interim.status();
        // HTTP/2 does not have it (RFC 9113 section 8.6).
        let error = if status == StatusCode::SWITCHING_PROTOCOLS {
            Error::remote(Reason::UnexpectedUpgrade, "101 is not possible over HTTP/2")
        } else if self.interims >= self.limits.interim {
            Error::remote(Reason::TooManyInterim, "too many interim responses")
        } else {
            self.interims += 1;
            self.continued |= status == StatusCode::CONTINUE;
            let headers = Headers::from(interim.headers());
            match self.progress.interim(status, &headers) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            }
        };
        Err(self.failed(error.in_phase(Phase::Head)))
    }

    /// Waits until something of the body is there; `false` is its end.
    fn poll_pending(&mut self, context: &mut Context<'_>) -> Poll<Result<bool>> {
        while self.pending.is_empty() {
            let Some(receiving) = &mut self.receiving else {
                if !self.is_answered {
                    return Poll::Ready(Err(misuse()));
                }
                self.release();
                return Poll::Ready(Ok(false));
            };
            let outcome = match ready!(receiving.poll_data(context)) {
                Some(piece) => piece.map(|piece| self.pending = piece),
                None => {
                    let trailers = ready!(receiving.poll_trailers(context));
                    let limits = &self.limits;
                    match trailers.map(|map| map.map(|map| headers::received(&map, limits))) {
                        Ok(Some(Err(error))) => return Poll::Ready(Err(self.failed(error))),
                        Ok(trailers) => {
                            self.trailers = trailers.and_then(Result::ok);
                            self.receiving = None;
                            Ok(())
                        }
                        Err(error) => Err(error),
                    }
                }
            };
            self.received += self.pending.len() as u64;
            self.allow(self.received)?;
            if let Err(e) = outcome {
                // h2 forgets that the response was complete if the connection ends while the request is not, and if the
                // server says that it wants no more of the request, as it may (RFC 9113 section 8.1, R-H2-11).
                let is_no_harm = e.is_io() || e.reason() == Some(h2::Reason::NO_ERROR);
                if is_no_harm && self.content_length == Some(self.received) {
                    self.give_up();
                    return Poll::Ready(Ok(false));
                }
                let (received, length) = (self.received, self.content_length);
                let error = self.fail(e, Phase::Body).with_bytes(received, length);
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(true))
    }

    /// Fails if a body of this length is more than the caller wants (R-LIM-09).
    fn allow(&mut self, length: u64) -> Result<()> {
        let Some(limit) = self.limits.body.filter(|limit| length > *limit) else {
            return Ok(());
        };
        let text = format!("response body larger than {limit} bytes");
        let error = Error::new(Kind::Limit, text).with_reason(Reason::BodyTooLarge);
        Err(self.failed(error))
    }

    /// Gives the window of bytes back that were handed out.
    fn consumed(&mut self, count: usize) {
        if let Some(receiving) = &mut self.receiving {
            // It fails for more than was received only.
            let _ = receiving.flow_control().release_capacity(count);
        }
    }
}
