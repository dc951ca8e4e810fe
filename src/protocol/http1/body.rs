//! The body of a response from bytes: by length, in chunks, or to the end of the connection.
//!
//! Owns the decoders and what is wrong with a chunk. Does not own which of them applies (`mod.rs`) or content codings
//! (`protocol/content.rs`).

#![warn(clippy::indexing_slicing)]

use super::framing::{MAX_DIGITS, MAX_LENGTH};
use super::lines::Lines;
use super::parse;
use crate::error::{Error, Kind, Reason, Result, escaped};
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;

/// One step through received bytes: skip some, hand some out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// After `skip` bytes of framing come `len` bytes of body; `len` is not 0.
    Data { skip: usize, len: usize },
    /// `used` bytes of framing, then more input is needed.
    More { used: usize },
    /// `used` bytes of framing, then the message is over.
    End { used: usize },
}

/// A body under way.
#[derive(Debug)]
pub(super) struct Decoder {
    framing: Framing,
    /// Body bytes handed out.
    pub(super) received: u64,
    pub(super) trailers: Option<Headers>,
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    /// Of `total` bytes so many are left; 0 is the end.
    Length {
        left: u64,
        total: u64,
    },
    Chunked {
        state: Chunked,
        /// Bytes of chunk lines that say nothing, of all chunks together.
        idle: u64,
    },
    ToClose,
    Done,
}

/// Where in a chunked body (RFC 9112 section 7.1) the next byte stands.
#[derive(Debug, Clone, Copy)]
enum Chunked {
    Line(Line),
    Data { left: u64 },
    DataCr,
    DataLf,
    Trailer(Lines),
}

/// A chunk line so far.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    size: u64,
    digits: usize,
    len: usize,
    part: Part,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Size,
    Blank,
    Extension,
    Lf,
}

impl Decoder {
    /// Nothing follows the head.
    pub(super) fn empty() -> Self {
        Self::new(Framing::Done)
    }

    pub(super) fn length(total: u64) -> Self {
        match total {
            0 => Self::new(Framing::Done),
            left => Self::new(Framing::Length { left, total }),
        }
    }

    pub(super) fn chunked() -> Self {
        let state = Chunked::Line(Line::default());
        Self::new(Framing::Chunked { state, idle: 0 })
    }

    pub(super) fn to_close() -> Self {
        Self::new(Framing::ToClose)
    }

    fn new(framing: Framing) -> Self {
        Self {
            framing,
            received: 0,
            trailers: None,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.framing, Framing::Done)
    }

    /// The next step through `input`, which begins at the first byte not yet used; at most `max` bytes of data.
    pub(super) fn next(
        &mut self,
        input: &[u8],
        max: usize,
        limits: &ResponseLimits,
    ) -> Result<Piece> {
        match self.framing {
            Framing::Done => Ok(Piece::End { used: 0 }),
            Framing::Chunked { .. } => self.next_chunked(input, max, limits),
            Framing::ToClose if !input.is_empty() && self.direct(limits) == 0 => {
                Err(too_large(limits))
            }
            Framing::Length { .. } | Framing::ToClose => self.hand_out(0, input.len(), max, limits),
        }
    }

    fn next_chunked(&mut self, input: &[u8], max: usize, limits: &ResponseLimits) -> Result<Piece> {
        let mut used = 0;
        while let Framing::Chunked { state, idle } = &mut self.framing {
            let rest = input.get(used..).unwrap_or_default();
            match state {
                Chunked::Data { .. } => return self.hand_out(used, rest.len(), max, limits),
                Chunked::Trailer(lines) => {
                    let Some((len, trailers)) = parse::trailer(lines, rest, limits)? else {
                        return Ok(Piece::More { used });
                    };
                    used += len;
                    self.trailers = (!trailers.is_empty()).then_some(trailers);
                    self.framing = Framing::Done;
                }
                _ => {
                    let Some(&byte) = rest.first() else {
                        return Ok(Piece::More { used });
                    };
                    *state = match *state {
                        Chunked::Line(mut line) => {
                            match line.push(byte, limits, idle, self.received)? {
                                None => Chunked::Line(line),
                                Some(0) => Chunked::Trailer(Lines::default()),
                                Some(left) => {
                                    within(limits, self.received, left)?;
                                    Chunked::Data { left }
                                }
                            }
                        }
                        Chunked::DataCr if byte == b'\r' => Chunked::DataLf,
                        Chunked::DataLf if byte == b'\n' => Chunked::Line(Line::default()),
                        _ => return Err(bad_chunk("chunk data not followed by CRLF", rest)),
                    };
                    used += 1;
                }
            }
        }
        Ok(Piece::End { used })
    }

    fn hand_out(
        &mut self,
        skip: usize,
        available: usize,
        max: usize,
        limits: &ResponseLimits,
    ) -> Result<Piece> {
        let direct = usize::try_from(self.direct(limits)).unwrap_or(usize::MAX);
        let len = available.min(max).min(direct);
        if len == 0 {
            return Ok(Piece::More { used: skip });
        }
        self.took(len as u64, limits)?;
        Ok(Piece::Data { skip, len })
    }

    /// How many bytes of body come next, with nothing between them.
    pub(super) fn direct(&self, limits: &ResponseLimits) -> u64 {
        match self.framing {
            Framing::Length { left, .. } => left,
            Framing::Chunked {
                state: Chunked::Data { left },
                ..
            } => left,
            Framing::ToClose => match limits.body {
                Some(limit) => limit.saturating_sub(self.received),
                None => u64::MAX,
            },
            _ => 0,
        }
    }

    /// So many bytes of body went out.
    pub(super) fn took(&mut self, n: u64, limits: &ResponseLimits) -> Result<()> {
        if n > self.direct(limits) {
            return Err(Error::local("more bytes taken than the body has"));
        }
        self.received = self.received.saturating_add(n);
        match &mut self.framing {
            Framing::Length { left, .. } => {
                *left -= n;
                if *left == 0 {
                    self.framing = Framing::Done;
                }
            }
            Framing::Chunked { state, .. } => {
                if let Chunked::Data { left } = state {
                    *left -= n;
                    if *left == 0 {
                        *state = Chunked::DataCr;
                    }
                }
            }
            Framing::ToClose | Framing::Done => {}
        }
        Ok(())
    }

    /// The connection ended. Only a body without other framing ends with it (RFC 9112 section 8).
    pub(super) fn eof(&mut self) -> Result<()> {
        let received = self.received;
        let (expected, what) = match self.framing {
            Framing::Done => return Ok(()),
            Framing::ToClose => {
                self.framing = Framing::Done;
                return Ok(());
            }
            Framing::Length { total, .. } => (
                Some(total),
                format!("received {received} bytes, expected {total}"),
            ),
            Framing::Chunked { .. } => (None, "incomplete chunked read".to_owned()),
        };
        let message =
            format!("peer closed connection without sending complete message body ({what})");
        Err(Error::remote(Reason::Incomplete, message).with_bytes(received, expected))
    }
}

impl Line {
    /// Takes the next byte of the line; the size when the line is complete.
    ///
    /// Extensions are ignored, but not for ever: what a peer makes us read must be in proportion to what it sends.
    fn push(
        &mut self,
        byte: u8,
        limits: &ResponseLimits,
        idle: &mut u64,
        received: u64,
    ) -> Result<Option<u64>> {
        let bad = |what| Err(bad_chunk(what, &[byte]));
        self.part = match (self.part, byte) {
            (Part::Lf, b'\n') => return Ok(Some(self.size)),
            (Part::Lf, _) => return bad("CR without LF in a chunk line"),
            (_, b'\r') if self.digits == 0 => return bad("chunk line without a size"),
            (_, b'\r') => Part::Lf,
            (Part::Size, _) if byte.is_ascii_hexdigit() => {
                self.digit(byte)?;
                Part::Size
            }
            (Part::Size, _) if self.digits == 0 => return bad("chunk size that is not a number"),
            (Part::Size | Part::Blank, b' ' | b'\t') => Part::Blank,
            (Part::Size | Part::Blank, b';') => Part::Extension,
            (Part::Extension, b'\t' | b' '..=b'~' | 0x80..) => Part::Extension,
            _ => return bad("illegal character in a chunk line"),
        };
        if self.part == Part::Lf {
            return Ok(None);
        }
        self.len += 1;
        if self.len > limits.chunk_line {
            return bad("chunk line too long");
        }
        if self.part != Part::Size {
            *idle += 1;
            if *idle > received.saturating_add(FREE_IDLE) {
                return bad("more bytes of chunk extensions than of body");
            }
        }
        Ok(None)
    }

    fn digit(&mut self, byte: u8) -> Result<()> {
        self.digits += 1;
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => (byte | 0x20) - b'a' + 10,
        };
        // The bound leaves no room for the shift to lose a bit.
        let size = (self.size << 4) | u64::from(digit);
        if self.digits > MAX_DIGITS || self.size > MAX_LENGTH >> 4 {
            return Err(bad_chunk("chunk size out of range", &[byte]));
        }
        self.size = size;
        Ok(())
    }
}

/// Fails if so many more bytes are more than the caller wants.
pub(super) fn within(limits: &ResponseLimits, received: u64, more: u64) -> Result<()> {
    match limits.body {
        Some(limit) if received.saturating_add(more) > limit => Err(too_large(limits)),
        _ => Ok(()),
    }
}

fn too_large(limits: &ResponseLimits) -> Error {
    let limit = limits.body.unwrap_or(u64::MAX);
    Error::new(
        Kind::Limit,
        format!("response body larger than {limit} bytes"),
    )
    .with_reason(Reason::BodyTooLarge)
}

fn bad_chunk(what: &str, near: &[u8]) -> Error {
    let near = near.get(..20).unwrap_or(near);
    Error::remote(Reason::BadChunk, format!("{what}: {}", escaped(near)))
}

/// Extension bytes that need no body to justify them (R-LIM-05).
const FREE_IDLE: u64 = 16 << 10;
