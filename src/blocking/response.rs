//! What a caller of the blocking client does with a body that streams.
//!
//! Owns the waiting for it, the iterators and `io::Read`. Does not own what is waited for (`engine/response.rs`) or the
//! cutting into pieces (`models/pieces.rs`).

use std::fmt;
use std::io::{self, Read};
use std::pin::pin;

use bytes::Bytes;

use crate::blocking::wait::block_on;
use crate::engine::body::BodyStream;
use crate::engine::response::Cursor;
use crate::error::{Error, Result};
use crate::models::exclusive::Exclusive;
use crate::models::pieces::{Lines, Pieces, TextPieces};
use crate::models::response::{Response, ResponseBuilder};

/// A response whose body is still to be read. It holds its connection until the body was read to the end, or until it
/// is closed or dropped.
///
/// It is an [`io::Read`] of the decoded body. The body can be taken once: a second iterator gets
/// [`Kind::StreamConsumed`](crate::Kind::StreamConsumed), reading after [`close`](Self::close) gets [`Kind::StreamClosed`](crate::Kind::StreamClosed).
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
        block_on(self.keep())
    }

    /// Reads the body into memory.
    ///
    /// # Errors
    /// [`Kind::StreamConsumed`](crate::Kind::StreamConsumed) if it was taken already; whatever can go wrong while reading: [`Kind::ReadTimeout`](crate::Kind::ReadTimeout),
    /// [`Kind::Read`](crate::Kind::Read), [`Kind::RemoteProtocol`](crate::Kind::RemoteProtocol), [`Kind::Decoding`](crate::Kind::Decoding), [`Kind::Limit`](crate::Kind::Limit), [`Kind::TotalTimeout`](crate::Kind::TotalTimeout).
    ///
    /// ```
    /// let response = papilio::Response::builder(200).stream(&b"body"[..]);
    /// assert_eq!(response.buffer()?.content(), "body");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "read")]
    pub fn buffer(self) -> Result<Response> {
        block_on(pin!(self.into_buffered()))
    }

    /// The body in pieces as received, not decoded.
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"raw"[..]);
    /// let pieces: Vec<_> = response.iter_raw().collect::<papilio::Result<_>>()?;
    /// assert_eq!(pieces, ["raw"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
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
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream("naïve".as_bytes());
    /// let text: String = response.iter_text().collect::<papilio::Result<_>>()?;
    /// assert_eq!(text, "naïve");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn iter_text(&mut self) -> TextPieces<StreamPieces<'_>> {
        let charset = self.head.stream_charset();
        TextPieces::new(self.pieces(true), charset)
    }

    /// The lines of the text, without their terminators: LF, CR LF or CR. A line over the limit (1 MiB unless set) is
    /// [`Kind::Limit`](crate::Kind::Limit).
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"one\r\ntwo"[..]);
    /// let lines: Vec<_> = response.iter_lines().collect::<papilio::Result<_>>()?;
    /// assert_eq!(lines, ["one", "two"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn iter_lines(&mut self) -> Lines<StreamPieces<'_>> {
        let limit = self.line_limit();
        Lines::new(self.iter_text(), limit).on_limit(StreamPieces::give_up)
    }

    fn pieces(&mut self, decoded: bool) -> StreamPieces<'_> {
        StreamPieces {
            response: self,
            cursor: Cursor::new(decoded),
        }
    }
}

/// The decoded body.
impl Read for StreamingResponse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(block_on(self.read_on(buffer))?)
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
    cursor: Cursor,
}

impl StreamPieces<'_> {
    /// Whoever reads from here wants no more of it (RES-29).
    fn give_up(&mut self, error: Error) -> Error {
        self.cursor.give_up(self.response, error)
    }
}

impl Iterator for StreamPieces<'_> {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        block_on(self.cursor.next(self.response))
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
    ///
    /// ```
    /// let response = papilio::Response::builder(200).stream(&b"streamed"[..]);
    /// assert_eq!(response.headers().get("Transfer-Encoding").as_deref(), Some("chunked"));
    /// assert_eq!(response.buffer()?.text(), "streamed");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn stream(mut self, reader: impl Read + Send + 'static) -> StreamingResponse {
        self.announce_stream();
        self.raw_stream(reader)
    }

    /// With what this reader gives as body, and no header but those given.
    ///
    /// ```
    /// let response = papilio::Response::builder(200).raw_stream(&b"streamed"[..]);
    /// assert!(response.headers().is_empty());
    /// ```
    pub fn raw_stream(self, reader: impl Read + Send + 'static) -> StreamingResponse {
        let reader: Box<dyn Read + Send> = Box::new(reader);
        Response::by_hand(self.head, Exclusive::new(reader))
    }
}
