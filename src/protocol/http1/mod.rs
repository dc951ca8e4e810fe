//! One HTTP/1.1 exchange after another, without I/O: who may do what now, how bodies are framed, may we go on.
//!
//! Owns the two state machines of a connection, ours and the peer's, and every transition of them. Does not own the
//! grammar (`encode.rs`, `parse.rs`, `lines.rs`, `body.rs`), sockets, buffers or time.
//!
//! Any error leaves both machines failed, so a broken connection cannot be used again by accident.

#![warn(clippy::indexing_slicing)]

mod body;
mod encode;
mod framing;
mod lines;
mod message;
mod parse;
#[cfg(any(test, fuzzing))]
pub(crate) mod replay;

use std::time::Duration;

use http::{Method, StatusCode, Version};

use self::body::Decoder;
pub(crate) use self::body::Piece;
use self::encode::Delimiter;
use self::framing::{Coding, Framing, Length};
use self::lines::Lines;
pub(crate) use self::message::{BodyLength, HeadStep, Outgoing, ParsedHead, Target};
use self::parse::Received;
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Exchange {
    limits: ResponseLimits,
    us: Us,
    them: Them,
    request: Asked,
    /// Neither side has said that the connection ends, nor done anything that makes its end doubtful.
    keep_alive: bool,
    /// For how many seconds the peer says it keeps the connection.
    keep_alive_for: Option<u32>,
    /// Interim responses of this exchange, and their bytes.
    interim: (usize, usize),
    decoder: Decoder,
    content_length: Option<u64>,
}

/// What we have sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Us {
    Idle,
    Body(Delimiter),
    Done,
    Abandoned,
    Failed,
}

/// What the peer has sent; its body is in `Exchange::decoder`.
#[derive(Debug, Clone, Copy)]
enum Them {
    Idle,
    Head(Lines),
    Body,
    Done,
    Switched,
    Failed,
}

/// What of the request decides how the response is read.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    head: bool,
    connect: bool,
    upgrade: bool,
}

impl Exchange {
    pub(crate) fn new(limits: ResponseLimits) -> Self {
        Self {
            limits,
            us: Us::Idle,
            them: Them::Idle,
            request: Asked::default(),
            keep_alive: true,
            keep_alive_for: None,
            interim: (0, 0),
            decoder: Decoder::empty(),
            content_length: None,
        }
    }

    /// For the responses from here on.
    pub(crate) fn set_limits(&mut self, limits: ResponseLimits) {
        self.limits = limits;
    }

    /// Checks the request and appends its head to `out`, or nothing if there is an error; a new exchange begins.
    pub(crate) fn start(&mut self, request: &Outgoing<'_>, out: &mut Vec<u8>) -> Result<()> {
        let mark = out.len();
        let begun = match (self.us, self.them) {
            (Us::Idle, Them::Idle) => encode::head(request, out),
            _ if self.reusable() => encode::head(request, out),
            _ => Err(misuse("the connection cannot take another request")),
        };
        let (framing, delimiter) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                out.truncate(mark);
                return Err(self.fail(error, Phase::Send));
            }
        };
        *self = Self {
            limits: self.limits,
            us: match delimiter {
                Delimiter::Nothing | Delimiter::Length(0) => Us::Done,
                delimiter => Us::Body(delimiter),
            },
            them: Them::Head(Lines::default()),
            request: Asked {
                head: *request.method == Method::HEAD,
                connect: *request.method == Method::CONNECT,
                upgrade: framing.upgrade,
            },
            keep_alive: !framing.close,
            keep_alive_for: None,
            interim: (0, 0),
            decoder: Decoder::empty(),
            content_length: None,
        };
        Ok(())
    }

    /// Announces the next `len` bytes of the body: appends a chunk line to `out` if there is one, and returns what
    /// has to follow the data.
    pub(crate) fn data(&mut self, len: usize, out: &mut Vec<u8>) -> Result<&'static [u8]> {
        match &mut self.us {
            // An empty chunk would be the last one.
            Us::Body(_) | Us::Done if len == 0 => Ok(b""),
            Us::Body(Delimiter::Chunked) => {
                encode::chunk_line(len, out);
                Ok(b"\r\n")
            }
            Us::Body(Delimiter::Length(left)) if len as u64 <= *left => {
                *left -= len as u64;
                Ok(b"")
            }
            Us::Body(_) | Us::Done => Err(self.fail(encode::too_much(), Phase::Send)),
            _ => Err(self.fail(misuse("no request body can be sent now"), Phase::Send)),
        }
    }

    /// The body is complete: appends the last chunk, if there is one, and what follows it.
    pub(crate) fn end(&mut self, trailers: Option<&Headers>, out: &mut Vec<u8>) -> Result<()> {
        match self.us {
            Us::Body(Delimiter::Chunked) => {
                if let Err(error) = encode::last_chunk(trailers, out) {
                    return Err(self.fail(error, Phase::Send));
                }
            }
            _ if trailers.is_some() => {
                let error = misuse("only a body in chunks has trailers");
                return Err(self.fail(error, Phase::Send));
            }
            Us::Body(Delimiter::Length(0) | Delimiter::Nothing) | Us::Done => {}
            Us::Body(Delimiter::Length(_)) => {
                return Err(self.fail(encode::too_little(), Phase::Send));
            }
            _ => return Err(self.fail(misuse("no request body can be ended now"), Phase::Send)),
        }
        self.us = Us::Done;
        Ok(())
    }

    /// Whether the whole request was announced.
    pub(crate) fn request_done(&self) -> bool {
        self.us == Us::Done
    }

    /// The upload was given up, so nobody knows how much of the request the peer will see.
    pub(crate) fn abandon_request(&mut self) {
        if self.us != Us::Failed {
            self.us = Us::Abandoned;
        }
    }

    /// Looks for a response head at the start of `input`, which begins at the first byte not yet used.
    pub(crate) fn head(&mut self, input: &[u8]) -> Result<HeadStep> {
        self.read_head(input)
            .map_err(|error| self.fail(error, Phase::Head))
    }

    /// What it means that the connection ended before the head was complete.
    pub(crate) fn head_eof(&mut self, any_input: bool) -> Error {
        let error = if any_input || self.interim.0 > 0 {
            Error::remote(
                Reason::Incomplete,
                "Server disconnected within the response head",
            )
            .with_bytes(0, None)
        } else {
            Error::new(Kind::Read, "Server disconnected without sending a response")
                .with_reason(Reason::ServerDisconnected)
        };
        self.fail(error, Phase::Head)
    }

    /// The next step through the body in `input`, which begins at the first byte not yet used.
    pub(crate) fn body(&mut self, input: &[u8], max: usize) -> Result<Piece> {
        let step = match self.them {
            Them::Body => self.decoder.next(input, max, &self.limits),
            Them::Done | Them::Switched => return Ok(Piece::End { used: 0 }),
            _ => Err(misuse("no response body can be read now")),
        };
        self.after_body(step)
    }

    /// The connection ended: the end of the body or an early one.
    pub(crate) fn body_eof(&mut self) -> Result<()> {
        self.keep_alive = false;
        let step = match self.them {
            Them::Body => self.decoder.eof(),
            Them::Done | Them::Switched => return Ok(()),
            _ => Err(misuse("no response body can be read now")),
        };
        self.after_body(step)
    }

    /// Body bytes that may be read past this machine, straight from the socket: 0 if framing comes next, `u64::MAX`
    /// if all there is belongs to the body.
    pub(crate) fn direct(&self) -> u64 {
        match self.them {
            Them::Body => self.decoder.direct(&self.limits),
            _ => 0,
        }
    }

    /// So many bytes were read past this machine.
    pub(crate) fn took(&mut self, n: u64) -> Result<()> {
        let step = match self.them {
            Them::Body => self.decoder.took(n, &self.limits),
            _ => Err(misuse("no response body can be read now")),
        };
        self.after_body(step)
    }

    /// Whether the response is complete: true right after a head without a body.
    pub(crate) fn response_done(&self) -> bool {
        matches!(self.them, Them::Done)
    }

    /// The length of the response body, if that is how it is framed.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Whether the connection speaks something else from here on: after 101, or 2xx to CONNECT.
    pub(crate) fn switched(&self) -> bool {
        matches!(self.them, Them::Switched)
    }

    /// Whether the connection may take another request, if no byte is left over: both sides are done, neither wants
    /// to close, and there is no doubt about where the messages ended (RFC 9112 section 9.3).
    pub(crate) fn reusable(&self) -> bool {
        self.keep_alive && self.us == Us::Done && matches!(self.them, Them::Done)
    }

    /// How long the peer says it keeps the connection while nothing is asked of it.
    pub(crate) fn keep_alive_for(&self) -> Option<Duration> {
        self.keep_alive_for.map(|s| Duration::from_secs(s.into()))
    }

    /// Body bytes received so far, without framing.
    pub(crate) fn received(&self) -> u64 {
        self.decoder.received
    }

    /// The trailer fields, once, after the end of the body.
    pub(crate) fn trailers(&mut self) -> Option<Headers> {
        self.decoder.trailers.take()
    }

    fn read_head(&mut self, input: &[u8]) -> Result<HeadStep> {
        let Them::Head(lines) = &mut self.them else {
            return Err(match self.them {
                Them::Idle => Error::remote(Reason::Unsolicited, "bytes without a request"),
                _ => misuse("no response head can be read now"),
            });
        };
        let Some(received) = parse::head(lines, input, &self.limits)? else {
            return Ok(HeadStep::More { used: 0 });
        };
        let Received {
            used,
            head,
            framing,
        } = received;
        if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS {
            *lines = Lines::default();
            self.count_interim(used)?;
            return Ok(HeadStep::Interim { used, head });
        }
        self.begin_body(&head, framing)?;
        Ok(HeadStep::Final { used, head })
    }

    fn count_interim(&mut self, bytes: usize) -> Result<()> {
        self.interim.0 += 1;
        self.interim.1 += bytes;
        if self.interim.0 > self.limits.interim || self.interim.1 > self.limits.head {
            return Err(Error::remote(
                Reason::TooManyInterim,
                format!("{} interim responses and no final one", self.interim.0),
            ));
        }
        Ok(())
    }

    /// Decides, once, how the body is framed (RFC 9112 section 6.3) and whether the peer keeps the connection
    /// (section 9.3).
    fn begin_body(&mut self, head: &ParsedHead, framing: Framing) -> Result<()> {
        let old = head.version == Version::HTTP_10;
        self.keep_alive &= !framing.close && (!old || framing.keep_alive);
        self.keep_alive_for = framing.timeout;
        if head.status == StatusCode::SWITCHING_PROTOCOLS && !self.request.upgrade {
            return Err(Error::remote(
                Reason::UnexpectedUpgrade,
                "the server switched protocols without being asked",
            ));
        }
        if head.status == StatusCode::SWITCHING_PROTOCOLS
            || (self.request.connect && head.status.is_success())
        {
            self.them = Them::Switched;
            return Ok(());
        }
        let both = framing.coding != Coding::Absent && framing.length != Length::Absent;
        if self.request.head
            || matches!(
                head.status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            )
        {
            // No body whatever the fields say; fields nobody can read make it doubtful what the peer thinks.
            let doubt = both || framing.coding == Coding::Bad || framing.length == Length::Bad;
            self.keep_alive &= !doubt;
            self.them = Them::Done;
            return Ok(());
        }
        self.decoder = match (framing.coding, framing.length) {
            (Coding::Chunked, _) if old => {
                return Err(bad_framing("Transfer-Encoding in an HTTP/1.0 response"));
            }
            (Coding::Bad, _) => {
                return Err(bad_framing("Transfer-Encoding other than one 'chunked'"));
            }
            (Coding::Chunked, _) if both && self.limits.strict_framing => {
                return Err(bad_framing("both Content-Length and Transfer-Encoding"));
            }
            (Coding::Chunked, _) => {
                // One of the two may have been smuggled in: read it, but never go on after it.
                self.keep_alive &= !both;
                Decoder::chunked()
            }
            (Coding::Absent, Length::Bytes { value, .. }) => {
                body::within(&self.limits, 0, value)?;
                self.content_length = Some(value);
                Decoder::length(value)
            }
            (Coding::Absent, Length::Bad) => {
                return Err(bad_framing("Content-Length that is not one number"));
            }
            (Coding::Absent, Length::Absent) => {
                self.keep_alive = false;
                Decoder::to_close()
            }
        };
        self.them = if self.decoder.is_done() {
            Them::Done
        } else {
            Them::Body
        };
        Ok(())
    }

    fn after_body<T>(&mut self, step: Result<T>) -> Result<T> {
        match step {
            Ok(step) => {
                if self.decoder.is_done() {
                    self.them = Them::Done;
                }
                Ok(step)
            }
            Err(error) => Err(self.fail(error, Phase::Body)),
        }
    }

    fn fail(&mut self, error: Error, phase: Phase) -> Error {
        self.us = Us::Failed;
        self.them = Them::Failed;
        error.in_phase(phase)
    }
}

fn bad_framing(message: &'static str) -> Error {
    Error::remote(Reason::BadFraming, message)
}

/// The caller's steps are out of order; only a bug of ours, or a call after an error, gets here.
fn misuse(message: &'static str) -> Error {
    Error::local(message)
}

#[cfg(test)]
mod tests;
