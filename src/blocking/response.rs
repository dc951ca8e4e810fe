//! What a caller of the blocking client does with a body that streams.
//!
//! Owns reading to the end, the iterators and `io::Read`. Does not own the stream itself (`blocking/body.rs`) or the
//! cutting into pieces (`models/pieces.rs`).

use std::fmt;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::blocking::body::{BodyStream, Source};
use crate::blocking::upgraded::Upgraded;
use crate::error::{Error, Kind, Phase, Result};
use crate::models::body::PIECE;
use crate::models::config::ResponseLimits;
use crate::models::pieces::{Lines, Pieces, TextPieces};
use crate::models::request::Request;
use crate::models::response::{DefaultEncoding, Response, ResponseBuilder};
use crate::models::timings::Stopwatch;

/// A response whose body is still to be read. It holds its connection until the body was read to the end, or until it
/// is closed or dropped.
///
/// It is an [`io::Read`] of the decoded body. The body can be taken once: a second iterator gets
/// [`Kind::StreamConsumed`], reading after [`close`](Self::close) gets [`Kind::StreamClosed`].
///
/// ```no_run
/// let client = papilio::Client::new();
/// let mut response = client.get("https://www.example.org/").stream()?;
/// for line in response.iter_lines() {
///     println!("{}", line?);
/// }
/// # Ok::<(), papilio::Error>(())
/// ```
pub type StreamingResponse = Response<BodyStream>;

impl StreamingResponse {
    /// Sees how the content is coded, and what the client knows of such responses.
    pub(crate) fn adopt(
        &mut self,
        request: &Request,
        began: Instant,
        limits: ResponseLimits,
        encoding: &DefaultEncoding,
    ) -> Result<()> {
        let stopwatch = request.extensions().get::<Stopwatch>();
        self.body.began(began, stopwatch);
        self.head.stopwatch = stopwatch.cloned();
        self.body.limits = limits;
        self.head.default_encoding = encoding.clone();
        self.body.decode(&self.head.headers)
    }

    /// Reads the body into memory where it is, so that a hook can look at it; whoever reads it next gets what is kept.
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"body"[..]);
    /// assert_eq!(response.load()?, "body");
    /// assert_eq!(response.buffer()?.text(), "body");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`buffer`](Self::buffer).
    pub fn load(&mut self) -> Result<Bytes> {
        if let (Source::Memory(content), None) = (&self.body.source, &self.body.decoder) {
            return Ok(content.clone());
        }
        if self.body.taken {
            return Err(self.attach(consumed()));
        }
        let content = self.collect(usize::MAX).map_err(|e| self.attach(e))?.0;
        self.body.keep(content.clone());
        Ok(content)
    }

    /// Reads at most so many bytes of a response on the way to the final one; the rest is given up.
    pub(crate) fn absorb(mut self, most: usize) -> Result<Response> {
        let (content, cut) = self.collect(most).map_err(|e| self.attach(e))?;
        self.body.close();
        Ok(self.finish(content, cut))
    }

    /// Reads the body into memory.
    ///
    /// # Errors
    /// [`Kind::StreamConsumed`] if it was taken already; whatever can go wrong while reading: [`Kind::ReadTimeout`],
    /// [`Kind::Read`], [`Kind::RemoteProtocol`], [`Kind::Decoding`], [`Kind::Limit`], [`Kind::TotalTimeout`].
    #[doc(alias = "read")]
    pub fn buffer(mut self) -> Result<Response> {
        if self.body.taken {
            return Err(self.attach(consumed()));
        }
        let (content, _) = self.collect(usize::MAX).map_err(|e| self.attach(e))?;
        Ok(self.finish(content, false))
    }

    /// The body in pieces as received, not decoded.
    pub fn iter_raw(&mut self) -> Pieces<StreamPieces<'_>> {
        Pieces::new(self.pieces(false))
    }

    /// The decoded body in pieces.
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"streamed"[..]);
    /// let pieces: Vec<_> = response.iter_bytes().collect::<papilio::Result<_>>()?;
    /// assert_eq!(pieces, ["streamed"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn iter_bytes(&mut self) -> Pieces<StreamPieces<'_>> {
        Pieces::new(self.pieces(true))
    }

    /// The text in pieces, by the charset of the response; characters are never split.
    pub fn iter_text(&mut self) -> TextPieces<StreamPieces<'_>> {
        let charset = self.head.stream_charset();
        TextPieces::new(self.pieces(true), charset)
    }

    /// The lines of the text, without their terminators: LF, CR LF or CR. A line over the limit (1 MiB unless set) is
    /// [`Kind::Limit`].
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"one\r\ntwo"[..]);
    /// let lines: Vec<_> = response.iter_lines().collect::<papilio::Result<_>>()?;
    /// assert_eq!(lines, ["one", "two"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn iter_lines(&mut self) -> Lines<StreamPieces<'_>> {
        let limit = self.body.limits.line;
        Lines::new(self.iter_text(), limit).on_limit(StreamPieces::give_up)
    }

    /// Gives up what was not read and frees the connection.
    pub fn close(&mut self) {
        self.body.close();
    }

    /// Whether the body was read to its end, or given up.
    pub fn is_closed(&self) -> bool {
        self.body.is_over()
    }

    /// Whether the body was taken, by an iterator or by `io::Read`.
    pub fn is_stream_consumed(&self) -> bool {
        self.body.taken
    }

    /// Body bytes received so far, before content decoding.
    pub fn num_bytes_downloaded(&self) -> u64 {
        self.body.downloaded
    }

    /// From just before the request was handed to the connection until the body was read or closed; `None` until then.
    pub fn elapsed(&self) -> Option<Duration> {
        self.body.elapsed
    }

    /// The response if it is 2xx, else an error that holds its head; the body is given up.
    ///
    /// # Errors
    /// [`Kind::Status`].
    #[doc(alias = "raise_for_status")]
    pub fn error_for_status(mut self) -> Result<Self> {
        if self.is_success() {
            return Ok(self);
        }
        let error = self.attach(Error::new(Kind::Status, self.status_message()));
        self.body.close();
        Err(error.with_response(Response {
            head: self.head,
            body: Bytes::new(),
        }))
    }

    /// The connection itself, after 101 Switching Protocols or a 2xx answer to CONNECT: what was received past the
    /// head first, then the stream. It never returns to the pool, but holds its slot until it is dropped.
    ///
    /// # Errors
    /// [`Kind::LocalProtocol`] if the connection was not switched.
    pub fn upgrade(mut self) -> Result<Upgraded> {
        match std::mem::replace(&mut self.body.source, Source::Closed) {
            Source::Live(live) if live.lease.connection_ref().is_some_and(|c| c.switched()) => {
                Upgraded::new(live.lease, live.deadlines).map_err(|e| self.attach(e))
            }
            source => {
                self.body.source = source;
                Err(self.attach(Error::local("the server did not switch protocols")))
            }
        }
    }

    fn pieces(&mut self, decoded: bool) -> StreamPieces<'_> {
        StreamPieces {
            response: self,
            decoded,
            buffer: Vec::new(),
            stage: Stage::Fresh,
        }
    }

    fn finish(mut self, content: Bytes, cut: bool) -> Response {
        self.head.elapsed = self.body.elapsed;
        self.head.downloaded = self.body.downloaded;
        self.head.trailers = self.body.trailers.take();
        self.head.cut = cut;
        Response {
            head: self.head,
            body: content,
        }
    }

    /// The body, or so much of it, and whether there would have been more.
    fn collect(&mut self, most: usize) -> Result<(Bytes, bool)> {
        // The announced length is a hint, never an order (R-LIM-13).
        let hint = match &self.body.source {
            Source::Live(live) if self.body.decoder.is_none() => live
                .lease
                .connection_ref()
                .and_then(|c| c.content_length())
                .unwrap_or_default(),
            Source::Memory(content) if self.body.decoder.is_none() => content.len() as u64,
            _ => 0,
        };
        let mut content = vec![
            0;
            usize::try_from(hint)
                .unwrap_or(usize::MAX)
                .min(PIECE)
                .min(most)
        ];
        let mut filled = 0;
        let mut cut = false;
        loop {
            if filled == content.len() {
                if matches!(self.body.source, Source::Done) && self.body.decoder.is_none() {
                    break;
                }
                if filled == most {
                    cut = self.body.read_decoded(&mut [0])? > 0;
                    break;
                }
                content.resize((content.len() * 2).max(PIECE / 8).min(most), 0);
            }
            match self
                .body
                .read_decoded(content.get_mut(filled..).unwrap_or_default())?
            {
                0 => break,
                count => filled += count,
            }
        }
        content.truncate(filled);
        Ok((content.into(), cut))
    }
}

/// The decoded body.
impl Read for StreamingResponse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.taken = true;
        self.body
            .read_decoded(buffer)
            .map_err(|e| self.attach(e).into())
    }
}

/// As it would come from the network, its content coded as its headers say.
impl From<Response> for StreamingResponse {
    fn from(response: Response) -> Self {
        let body = BodyStream::memory(response.body, ResponseLimits::default());
        Self {
            head: response.head,
            body,
        }
    }
}

/// What the iterators of a [`StreamingResponse`] draw from.
///
/// ```
/// let mut response = papilio::Response::builder(200).stream(&b"abc"[..]);
/// let mut pieces = response.iter_bytes();
/// assert_eq!(pieces.next().transpose()?.as_deref(), Some(&b"abc"[..]));
/// # Ok::<(), papilio::Error>(())
/// ```
pub struct StreamPieces<'a> {
    response: &'a mut StreamingResponse,
    decoded: bool,
    buffer: Vec<u8>,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Fresh,
    Reading,
    Over,
}

impl StreamPieces<'_> {
    fn piece(&mut self) -> Result<Option<Bytes>> {
        let body = &mut self.response.body;
        if self.stage == Stage::Fresh {
            self.stage = Stage::Reading;
            let closed = matches!(body.source, Source::Closed);
            if !closed && std::mem::replace(&mut body.taken, true) {
                return Err(consumed());
            }
            self.buffer.resize(PIECE, 0);
        }
        let count = if self.decoded {
            body.read_decoded(&mut self.buffer)?
        } else {
            body.read_raw(&mut self.buffer)?
        };
        Ok(self
            .buffer
            .get(..count)
            .filter(|piece| !piece.is_empty())
            .map(Bytes::copy_from_slice))
    }

    /// Whoever reads from here wants no more of it: the response is closed (RES-29).
    fn give_up(&mut self, error: Error) -> Error {
        self.stage = Stage::Over;
        self.response.close();
        self.response.attach(error.in_phase(Phase::Body))
    }
}

impl Iterator for StreamPieces<'_> {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stage == Stage::Over {
            return None;
        }
        let piece = self
            .piece()
            .map_err(|e| self.response.attach(e))
            .transpose();
        if !matches!(piece, Some(Ok(_))) {
            self.stage = Stage::Over;
        }
        piece
    }
}

impl fmt::Debug for StreamPieces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamPieces").finish_non_exhaustive()
    }
}

/// A response by hand whose body streams.
impl ResponseBuilder {
    /// With what this reader gives as body: `Transfer-Encoding: chunked`, unless a length was given as header.
    pub fn stream(mut self, reader: impl Read + Send + 'static) -> StreamingResponse {
        let headers = &mut self.head.headers;
        if !headers.contains("Content-Length") && !headers.contains("Transfer-Encoding") {
            headers.push("Transfer-Encoding", b"chunked");
        }
        self.raw_stream(reader)
    }

    /// With what this reader gives as body, and no header but those given.
    pub fn raw_stream(self, reader: impl Read + Send + 'static) -> StreamingResponse {
        let mut body = BodyStream::reader(reader, ResponseLimits::default());
        if body.decode(&self.head.headers).is_err() {
            // More codings than anyone honest uses: the body is handed out as it is.
            body.decoder = None;
        }
        Response {
            head: Box::new(self.head),
            body,
        }
    }
}

fn consumed() -> Error {
    Error::new(
        Kind::StreamConsumed,
        "the response body was read already and is not kept",
    )
}
