//! Moving bytes without ever waiting: sockets, TLS, the HTTP/1.1 exchange, the pool.
//!
//! This file owns [`Connection`]: one exchange after another over a [`Wire`]. It does not own the meaning of bytes
//! (`protocol/`), waiting (the drivers) or which request is sent (`flow/`).

pub(crate) mod buffer;
pub(crate) mod deadline;
pub(crate) mod events;
mod expect;
mod facts;
pub(crate) mod forward;
#[cfg(feature = "async")]
pub(crate) mod http2;
pub(crate) mod open;
pub(crate) mod outbox;
pub(crate) mod pool;
pub(crate) mod progress;
pub(crate) mod race;
pub(crate) mod socket;
#[cfg(feature = "tls")]
pub(crate) mod tls;
#[cfg(feature = "tls")]
pub(crate) mod tls_config;
#[cfg(feature = "async")]
pub(crate) mod tokio_socket;
pub(crate) mod tunnel;
pub(crate) mod wire;

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::connection::buffer::Buffer;
use crate::connection::events::Tracer;
use crate::connection::outbox::{Flushed, Outbox};
use crate::connection::progress::Progress;
use crate::connection::socket::{Interest, Socket, Step};
use crate::connection::wire::Wire;
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::config::ResponseLimits;
use crate::models::connection::ConnectionInfo;
use crate::models::headers::Headers;
use crate::protocol::http1::{Exchange, HeadStep, Outgoing, ParsedHead, Piece};

/// One HTTP/1.1 connection, used for one request after another.
pub(crate) struct Connection<S: Socket> {
    wire: Wire<S>,
    exchange: Exchange,
    input: Buffer,
    /// Framing to send before the body piece at hand, and behind it.
    before: Outbox,
    behind: Outbox,
    pub(crate) progress: Progress,
    /// What is known of it, for responses.
    pub(crate) info: Arc<ConnectionInfo>,
    /// How many requests it served, and whether it is at one.
    requests: u64,
    active: bool,
    /// Why sending stopped, if it failed; the response may still be there (H1-07).
    write_error: Option<io::Error>,
    /// A final response that came while the body was still being sent.
    early: Option<ParsedHead>,
    /// The server has said that it wants the body.
    continued: bool,
    /// Whether any byte of this request was taken by the socket, and any of its response received.
    sent_any: bool,
    received_any: bool,
}

impl<S: Socket> Connection<S> {
    pub(crate) fn new(wire: Wire<S>, limits: ResponseLimits) -> Self {
        let info = Arc::new(wire.info());
        Self {
            wire,
            exchange: Exchange::new(limits),
            input: Buffer::default(),
            before: Outbox::default(),
            behind: Outbox::default(),
            progress: Progress::default(),
            info,
            requests: 0,
            active: false,
            write_error: None,
            early: None,
            continued: false,
            sent_any: false,
            received_any: false,
        }
    }

    pub(crate) fn socket_mut(&mut self) -> &mut S {
        self.wire.socket_mut()
    }

    /// Whether the request may be sent at all; found without a connection.
    pub(crate) fn check(request: &Outgoing<'_>) -> Result<()> {
        Exchange::new(ResponseLimits::default()).start(request, &mut Vec::new())
    }

    /// Starts an exchange: checks the request and makes its head ready to send, in one write with the first piece of
    /// the body.
    pub(crate) fn begin(&mut self, request: &Outgoing<'_>, tracer: &Tracer) -> Result<()> {
        self.before.clear();
        self.behind.clear();
        (self.write_error, self.early) = (None, None);
        (self.sent_any, self.received_any, self.continued) = (false, false, false);
        self.exchange.start(request, self.before.bytes())?;
        self.requests += 1;
        self.active = true;
        self.progress.begin(tracer)
    }

    /// Announces the next piece of the body, to be passed to [`flush`](Self::flush).
    pub(crate) fn announce(&mut self, length: usize) -> Result<()> {
        let behind = self.exchange.data(length, self.before.bytes())?;
        self.behind.bytes().extend_from_slice(behind);
        Ok(())
    }

    /// Announces the end of the body, and what is sent behind it.
    pub(crate) fn finish(&mut self, trailers: Option<&Headers>) -> Result<()> {
        self.exchange.end(trailers, self.behind.bytes())
    }

    /// Sends what is ready: framing, this piece of the body (advanced as it goes), framing. Meanwhile an answer is
    /// listened for: one that ends the upload, or a broken pipe, stops it.
    pub(crate) fn flush(&mut self, piece: &mut &[u8]) -> Result<Step<Flushed>> {
        if self.write_error.is_some() {
            return Ok(Step::Done(Flushed::Stopped));
        }
        let mut moved = false;
        while !(self.before.is_empty() && piece.is_empty() && self.behind.is_empty()) {
            match self.write_some(piece) {
                Ok(0) => return Ok(self.stop(io::ErrorKind::WriteZero.into())),
                Ok(_) => (self.sent_any, moved) = (true, true),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return self.listen(moved),
                Err(e) => return Ok(self.stop(e)),
            }
        }
        match self.wire.flush() {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return self.listen(moved),
            Err(e) => return Ok(self.stop(e)),
            Ok(()) => {}
        }
        self.progress.flushed(self.exchange.request_done())?;
        Ok(Step::Done(Flushed::All))
    }

    /// Looks between two pieces of a body, without waiting, for an answer that ends the upload (SEC-133).
    pub(crate) fn is_answered_early(&mut self) -> Result<bool> {
        if self.early.is_some() || !self.wire.socket_mut().is_readable() {
            return Ok(false);
        }
        Ok(matches!(self.listen(false)?, Step::Done(Flushed::Stopped)))
    }

    /// Receives the head of the final response; interim ones are passed over (H1-27).
    pub(crate) fn head(&mut self) -> Result<Step<ParsedHead>> {
        self.progress.awaiting_head()?;
        if let Some(head) = self.early.take() {
            self.progress.received(&head)?;
            return Ok(Step::Done(head));
        }
        if let Some(head) = self.parse_head()? {
            self.progress.received(&head)?;
            return Ok(Step::Done(head));
        }
        match self.receive() {
            Ok(0) => return Err(self.head_end()),
            Ok(_) => self.heard(),
            Err(e) => return self.failed(e, Phase::Head),
        }
        match self.parse_head()? {
            Some(head) => {
                self.progress.received(&head)?;
                Ok(Step::Done(head))
            }
            None => Ok(Step::Progress),
        }
    }

    /// Reads the body into `buffer`; 0 is its end.
    pub(crate) fn body(&mut self, buffer: &mut [u8]) -> Result<Step<usize>> {
        self.progress.reading()?;
        if let Some(count) = self.parse_body(buffer)? {
            return Ok(Step::Done(count));
        }
        // Straight into the caller's memory, where that is worth the missing read-ahead.
        let direct = usize::try_from(self.exchange.direct()).unwrap_or(usize::MAX);
        if direct > 0 && buffer.len() >= DIRECT {
            let most = direct.min(buffer.len());
            return match self.wire.read(buffer.get_mut(..most).unwrap_or_default()) {
                Ok(0) => self.exchange.body_eof().map(|()| Step::Done(0)),
                Ok(count) => self.exchange.took(count as u64).map(|()| Step::Done(count)),
                Err(e) => self.failed(e, Phase::Body),
            };
        }
        match self.receive() {
            Ok(0) => self.exchange.body_eof().map(|()| Step::Done(0)),
            Ok(_) => Ok(self.parse_body(buffer)?.map_or(Step::Progress, Step::Done)),
            Err(e) => self.failed(e, Phase::Body),
        }
    }

    /// Tells that the response is over, with or without a rest of it.
    ///
    /// # Errors
    /// The trace callback's: the connection must not be used again.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.progress.end(self.exchange.response_done())
    }

    /// Whether the connection may serve another request: both sides done, nothing left over (SEC-129).
    pub(crate) fn is_reusable(&self) -> bool {
        self.exchange.reusable() && self.input.is_empty() && self.write_error.is_none()
    }

    /// How long an idle connection is good for by what the peer says, less a second for the way (FLT-06).
    pub(crate) fn good_for(&self) -> Option<Duration> {
        let limit = self.exchange.keep_alive_for();
        limit.map(|limit| limit.saturating_sub(Duration::from_secs(1)))
    }

    /// Makes an idle connection small.
    pub(crate) fn rest(&mut self) {
        self.input.shrink();
        self.before.shrink();
        self.active = false;
    }

    /// Passes over what is left of the body as far as it was received already.
    pub(crate) fn skip_buffered(&mut self) {
        while !self.exchange.response_done() && !self.input.is_empty() {
            match self.exchange.body(self.input.bytes(), usize::MAX) {
                Ok(Piece::Data { skip, len }) => self.input.consume(skip + len),
                Ok(Piece::More { used } | Piece::End { used }) if used > 0 => {
                    self.input.consume(used)
                }
                _ => return,
            }
        }
    }

    /// Whether an idle connection must not be used again.
    pub(crate) fn is_stale(&mut self) -> bool {
        !self.input.is_empty() || self.wire.has_news()
    }

    /// The stream behind a switched connection: what was received already, then the wire.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Wire<S>) {
        (self.input.bytes().to_vec(), self.wire)
    }

    fn write_some(&mut self, piece: &mut &[u8]) -> io::Result<usize> {
        let parts = [self.before.rest(), piece, self.behind.rest()];
        let slices = parts.map(IoSlice::new);
        // One part alone, the usual case of a request without a body, needs no gathering.
        let count = match parts.map(<[u8]>::is_empty) {
            [false, true, true] => self.wire.write(slices.get(..1).unwrap_or_default())?,
            [true, false, true] => self.wire.write(slices.get(1..2).unwrap_or_default())?,
            _ => self.wire.write(&slices)?,
        };
        let left = self.before.sent(count);
        let taken = left.min(piece.len());
        *piece = piece.get(taken..).unwrap_or_default();
        self.behind.sent(left - taken);
        Ok(count)
    }

    /// The peer takes no more for now. It may be answering: a final response that ends the upload is taken at once,
    /// another one is held while the rest is sent.
    fn listen(&mut self, moved: bool) -> Result<Step<Flushed>> {
        let wait = if moved { Step::Moved } else { Step::Wait };
        if self.early.is_some() {
            return Ok(wait(Interest::Write));
        }
        match self.receive() {
            Ok(0) => return Ok(self.stop(io::ErrorKind::BrokenPipe.into())),
            Ok(_) => self.heard(),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(wait(Interest::Both)),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(Step::Progress),
            Err(e) => return Ok(self.stop(e)),
        }
        if let Some(head) = self.parse_head()? {
            let options = head.headers.get_list_split("Connection");
            let ends = head.status.as_u16() >= 300
                || options
                    .iter()
                    .any(|option| option.eq_ignore_ascii_case("close"));
            self.early = Some(head);
            if ends {
                self.exchange.abandon_request();
                self.progress.flushed(true)?;
                return Ok(Step::Done(Flushed::Stopped));
            }
        }
        Ok(Step::Progress)
    }

    /// Sending failed: there may be an answer all the same, so [`head`](Self::head) decides what to report.
    fn stop(&mut self, error: io::Error) -> Step<Flushed> {
        self.progress.stopped(&error);
        self.write_error = Some(error);
        self.exchange.abandon_request();
        Step::Done(Flushed::Stopped)
    }

    fn heard(&mut self) {
        self.received_any = true;
        self.progress.answered();
    }

    fn receive(&mut self) -> io::Result<usize> {
        let wire = &mut self.wire;
        self.input.fill(|room| wire.read(room))
    }

    /// The final head, if what was received holds it.
    fn parse_head(&mut self) -> Result<Option<ParsedHead>> {
        while !self.input.is_empty() {
            match self.exchange.head(self.input.bytes())? {
                HeadStep::Final { used, head } => {
                    self.input.consume(used);
                    return Ok(Some(head));
                }
                HeadStep::Interim { used, head } => {
                    self.input.consume(used);
                    self.continued |= head.status == StatusCode::CONTINUE;
                    self.progress.interim(&head)?;
                }
                HeadStep::More { used } => {
                    self.input.consume(used);
                    break;
                }
            }
        }
        Ok(None)
    }

    /// Body bytes out of what was received: `Some(0)` is the end of the body, `None` asks for more.
    fn parse_body(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        // What follows a switch is no body (H1-50).
        if buffer.is_empty() || self.exchange.response_done() || self.exchange.switched() {
            return Ok(Some(0));
        }
        if self.input.is_empty() {
            return Ok(None);
        }
        match self.exchange.body(self.input.bytes(), buffer.len())? {
            Piece::Data { skip, len } => {
                let data = self.input.bytes().get(skip..skip + len).unwrap_or_default();
                if let Some(room) = buffer.get_mut(..data.len()) {
                    room.copy_from_slice(data);
                }
                self.input.consume(skip + len);
                Ok(Some(len))
            }
            Piece::End { used } => {
                self.input.consume(used);
                Ok(Some(0))
            }
            Piece::More { used } => {
                self.input.consume(used);
                Ok(None)
            }
        }
    }

    /// The stream ended before or within a head.
    fn head_end(&mut self) -> Error {
        match self.write_error.take() {
            Some(error) if !self.received_any => write_failed(error),
            _ => self.exchange.head_eof(self.received_any),
        }
    }

    fn failed<T>(&mut self, error: io::Error, phase: Phase) -> Result<Step<T>> {
        match error.kind() {
            io::ErrorKind::WouldBlock => return Ok(Step::Wait(Interest::Read)),
            io::ErrorKind::Interrupted => return Ok(Step::Progress),
            _ => {}
        }
        if let Some(error) = self.write_error.take().filter(|_| phase == Phase::Head) {
            return Err(write_failed(error));
        }
        self.exchange.abandon_request();
        let unanswered = phase == Phase::Head && !self.received_any;
        // TLS without its goodbye is a truncation, not an end (R-TLS-05, SEC-127).
        let cut = error.kind() == io::ErrorKind::UnexpectedEof;
        let failed = match (cut, unanswered) {
            (true, false) => Error::remote(
                Reason::Incomplete,
                "the connection was cut without a TLS close",
            ),
            _ => Error::new(Kind::Read, format!("receiving failed: {error}")),
        };
        let failed = if unanswered {
            failed.with_reason(Reason::ServerDisconnected)
        } else {
            // Every early end says how far it got (SEC-128).
            failed.with_bytes(self.exchange.received(), self.exchange.content_length())
        };
        Err(failed.in_phase(phase).with_source(error))
    }
}

/// From this size on a body is read straight into the caller's buffer.
const DIRECT: usize = 4 << 10;

fn write_failed(error: io::Error) -> Error {
    Error::new(Kind::Write, format!("sending failed: {error}"))
        .in_phase(Phase::Send)
        .with_source(error)
}

#[cfg(test)]
mod tests;
