//! Iterators over a body, and streams: pieces of bytes, pieces of text, lines.
//!
//! Owns re-cutting into pieces of a wanted size. Does not know where the bytes come from: a buffered response gives
//! one piece, a stream gives what the connection delivers.

use std::fmt;
use std::num::NonZeroUsize;
#[cfg(feature = "async")]
use std::pin::Pin;
#[cfg(feature = "async")]
use std::task::Context;
use std::task::{Poll, ready};

use bytes::{Bytes, BytesMut};
#[cfg(feature = "async")]
use futures_core::Stream;

use crate::error::{Error, Result};
use crate::models::text::{CharChunks, Charset, LineSplitter, TextDecoder};

/// A body in pieces of bytes, as they come or all of one size; never empty ones.
///
/// ```
/// use std::num::NonZeroUsize;
/// let response = papilio::Response::builder(200).text("abcde");
/// let size = NonZeroUsize::new(2).unwrap();
/// let pieces: Vec<_> = response.iter_bytes().chunk_size(size).collect::<papilio::Result<_>>()?;
/// assert_eq!(pieces, ["ab", "cd", "e"]);
/// # Ok::<(), papilio::Error>(())
/// ```
#[must_use]
pub struct Pieces<I> {
    source: I,
    size: Option<NonZeroUsize>,
    held: BytesMut,
    ended: bool,
}

impl<I> Pieces<I> {
    pub(crate) fn new(source: I) -> Self {
        Self {
            source,
            size: None,
            held: BytesMut::new(),
            ended: false,
        }
    }

    /// Cuts all pieces to this many bytes, but for a shorter last one.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// let response = papilio::Response::builder(200).text("abc");
    /// let two = NonZeroUsize::new(2).unwrap();
    /// assert_eq!(response.iter_bytes().chunk_size(two).count(), 2);
    /// ```
    pub fn chunk_size(mut self, bytes: NonZeroUsize) -> Self {
        self.size = Some(bytes);
        self
    }

    fn poll_with(&mut self, mut pull: impl Pull<I>) -> Poll<Option<Result<Bytes>>> {
        if let Some(size) = self.size {
            return self.poll_sized(size.get(), pull);
        }
        loop {
            match ready!(pull(&mut self.source)) {
                Some(Ok(piece)) if piece.is_empty() => {}
                piece => return Poll::Ready(piece),
            }
        }
    }

    fn poll_sized(&mut self, size: usize, mut pull: impl Pull<I>) -> Poll<Option<Result<Bytes>>> {
        while self.held.len() < size && !self.ended {
            match ready!(pull(&mut self.source)) {
                Some(Ok(piece)) => self.held.extend_from_slice(&piece),
                Some(Err(error)) => {
                    self.ended = true;
                    self.held.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.ended = true,
            }
        }
        let n = size.min(self.held.len());
        Poll::Ready((n > 0).then(|| Ok(self.held.split_to(n).freeze())))
    }
}

/// A body in pieces of text, as they come or all of one size; characters are never split, pieces never empty.
///
/// ```
/// use std::num::NonZeroUsize;
/// let response = papilio::Response::builder(200).text("äöü");
/// let size = NonZeroUsize::new(2).unwrap();
/// let pieces: Vec<_> = response.iter_text().chunk_size(size).collect::<papilio::Result<_>>()?;
/// assert_eq!(pieces, ["äö", "ü"]);
/// # Ok::<(), papilio::Error>(())
/// ```
#[must_use]
pub struct TextPieces<I> {
    source: I,
    decoder: TextDecoder,
    chunks: Option<CharChunks>,
    ended: bool,
}

impl<I> TextPieces<I> {
    pub(crate) fn new(source: I, charset: Charset) -> Self {
        Self {
            source,
            decoder: charset.decoder(),
            chunks: None,
            ended: false,
        }
    }

    /// Cuts all pieces to this many characters, but for a shorter last one.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// let response = papilio::Response::builder(200).text("äöü");
    /// let two = NonZeroUsize::new(2).unwrap();
    /// assert_eq!(response.iter_text().chunk_size(two).count(), 2);
    /// ```
    pub fn chunk_size(mut self, characters: NonZeroUsize) -> Self {
        self.chunks = Some(CharChunks::new(characters.get()));
        self
    }

    fn poll_with(&mut self, mut pull: impl Pull<I>) -> Poll<Option<Result<String>>> {
        loop {
            if let Some(run) = self
                .chunks
                .as_mut()
                .and_then(|chunks| chunks.pop(self.ended))
            {
                return Poll::Ready(Some(Ok(run)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let piece = ready!(pull(&mut self.source));
            match (self.decode(piece), &mut self.chunks) {
                (Ok(text), Some(chunks)) => chunks.push(&text),
                (Ok(text), None) if text.is_empty() => {}
                (result, _) => return Poll::Ready(Some(result)),
            }
        }
    }

    /// Decodes the next piece of the source, which may give no text at all.
    fn decode(&mut self, piece: Option<Result<Bytes>>) -> Result<String> {
        let mut text = String::new();
        match piece {
            Some(Ok(bytes)) => self.decoder.push(&bytes, false, &mut text),
            Some(Err(error)) => {
                self.ended = true;
                self.chunks = None;
                return Err(error);
            }
            None => {
                self.ended = true;
                self.decoder.push(&[], true, &mut text);
            }
        }
        Ok(text)
    }
}

/// The lines of a body, without their terminators: LF, CR LF or CR, and nothing else.
///
/// ```
/// let response = papilio::Response::builder(200).text("one\r\ntwo\n");
/// let lines: Vec<_> = response.iter_lines().collect::<papilio::Result<_>>()?;
/// assert_eq!(lines, ["one", "two"]);
/// # Ok::<(), papilio::Error>(())
/// ```
#[must_use]
pub struct Lines<I> {
    source: TextPieces<I>,
    splitter: LineSplitter,
    on_limit: Option<fn(&mut I, Error) -> Error>,
    at_end: bool,
    failed: bool,
}

impl<I> Lines<I> {
    /// `limit` is the longest line that is not an error, in bytes.
    pub(crate) fn new(source: TextPieces<I>, limit: usize) -> Self {
        Self {
            source,
            splitter: LineSplitter::new(limit),
            on_limit: None,
            at_end: false,
            failed: false,
        }
    }

    /// What becomes of the source when a line is too long, and what its error is to say.
    pub(crate) fn on_limit(mut self, act: fn(&mut I, Error) -> Error) -> Self {
        self.on_limit = Some(act);
        self
    }

    fn poll_with(&mut self, pull: impl Pull<I>) -> Poll<Option<Result<String>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let line = ready!(self.poll_line(pull)).transpose();
        self.failed = matches!(line, Some(Err(_)));
        Poll::Ready(line)
    }

    fn poll_line(&mut self, mut pull: impl Pull<I>) -> Poll<Result<Option<String>>> {
        loop {
            match (self.splitter.pop(self.at_end), self.on_limit) {
                (Ok(None), _) => {}
                (Err(error), Some(act)) => {
                    return Poll::Ready(Err(act(&mut self.source.source, error)));
                }
                (result, _) => return Poll::Ready(result),
            }
            if self.at_end {
                return Poll::Ready(Ok(None));
            }
            match ready!(self.source.poll_with(&mut pull)) {
                Some(text) => self.splitter.push(&text?),
                None => self.at_end = true,
            }
        }
    }
}

/// Draws the next piece from a source: at once from an iterator, perhaps later from a stream.
trait Pull<I>: FnMut(&mut I) -> Poll<Option<Result<Bytes>>> {}

impl<I, F: FnMut(&mut I) -> Poll<Option<Result<Bytes>>>> Pull<I> for F {}

macro_rules! iterators_and_streams {
    ($($name:ident of $item:ty),*) => {$(
        impl<I: Iterator<Item = Result<Bytes>>> Iterator for $name<I> {
            type Item = Result<$item>;

            fn next(&mut self) -> Option<Self::Item> {
                match self.poll_with(|source: &mut I| Poll::Ready(source.next())) {
                    Poll::Ready(item) => item,
                    // An iterator never is.
                    Poll::Pending => None,
                }
            }
        }

        #[cfg(feature = "async")]
        impl<I: Stream<Item = Result<Bytes>> + Unpin> Stream for $name<I> {
            type Item = Result<$item>;

            fn poll_next(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<Option<Self::Item>> {
                self.poll_with(|source: &mut I| Pin::new(source).poll_next(cx))
            }
        }
    )*};
}
iterators_and_streams!(Pieces of Bytes, TextPieces of String, Lines of String);

macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl<I> fmt::Debug for $name<I> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
opaque_debug!(Pieces, TextPieces, Lines);
