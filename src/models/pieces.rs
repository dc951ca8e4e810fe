//! Iterators over a body: pieces of bytes, pieces of text, lines.
//!
//! Owns re-cutting into pieces of a wanted size. Does not know where the bytes come from: a buffered response gives
//! one piece, a stream gives what the connection delivers.

use std::fmt;
use std::num::NonZeroUsize;

use bytes::{Bytes, BytesMut};

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

impl<I: Iterator<Item = Result<Bytes>>> Pieces<I> {
    pub(crate) fn new(source: I) -> Self {
        Self {
            source,
            size: None,
            held: BytesMut::new(),
            ended: false,
        }
    }

    /// Cuts all pieces to this many bytes, but for a shorter last one.
    pub fn chunk_size(mut self, bytes: NonZeroUsize) -> Self {
        self.size = Some(bytes);
        self
    }

    fn next_sized(&mut self, size: usize) -> Option<Result<Bytes>> {
        while self.held.len() < size && !self.ended {
            match self.source.next() {
                Some(Ok(piece)) => self.held.extend_from_slice(&piece),
                Some(Err(error)) => {
                    self.ended = true;
                    self.held.clear();
                    return Some(Err(error));
                }
                None => self.ended = true,
            }
        }
        let n = size.min(self.held.len());
        (n > 0).then(|| Ok(self.held.split_to(n).freeze()))
    }
}

impl<I: Iterator<Item = Result<Bytes>>> Iterator for Pieces<I> {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(size) = self.size {
            return self.next_sized(size.get());
        }
        loop {
            match self.source.next()? {
                Ok(piece) if piece.is_empty() => {}
                piece => return Some(piece),
            }
        }
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

impl<I: Iterator<Item = Result<Bytes>>> TextPieces<I> {
    pub(crate) fn new(source: I, charset: Charset) -> Self {
        Self {
            source,
            decoder: charset.decoder(),
            chunks: None,
            ended: false,
        }
    }

    /// Cuts all pieces to this many characters, but for a shorter last one.
    pub fn chunk_size(mut self, characters: NonZeroUsize) -> Self {
        self.chunks = Some(CharChunks::new(characters.get()));
        self
    }

    /// Decodes the next piece of the source, which may give no text at all.
    fn decode(&mut self) -> Option<Result<String>> {
        let mut text = String::new();
        match self.source.next() {
            Some(Ok(bytes)) => self.decoder.push(&bytes, false, &mut text),
            Some(Err(error)) => {
                self.ended = true;
                self.chunks = None;
                return Some(Err(error));
            }
            None => {
                self.ended = true;
                self.decoder.push(&[], true, &mut text);
            }
        }
        Some(Ok(text))
    }
}

impl<I: Iterator<Item = Result<Bytes>>> Iterator for TextPieces<I> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(run) = self
                .chunks
                .as_mut()
                .and_then(|chunks| chunks.pop(self.ended))
            {
                return Some(Ok(run));
            }
            if self.ended {
                return None;
            }
            match (self.decode()?, &mut self.chunks) {
                (Ok(text), Some(chunks)) => chunks.push(&text),
                (Ok(text), None) if text.is_empty() => {}
                (result, _) => return Some(result),
            }
        }
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

impl<I: Iterator<Item = Result<Bytes>>> Lines<I> {
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

    fn line(&mut self) -> Result<Option<String>> {
        loop {
            match (self.splitter.pop(self.at_end), self.on_limit) {
                (Ok(None), _) => {}
                (Err(error), Some(act)) => return Err(act(&mut self.source.source, error)),
                (result, _) => return result,
            }
            if self.at_end {
                return Ok(None);
            }
            match self.source.next() {
                Some(text) => self.splitter.push(&text?),
                None => self.at_end = true,
            }
        }
    }
}

impl<I: Iterator<Item = Result<Bytes>>> Iterator for Lines<I> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let line = self.line().transpose();
        self.failed = matches!(line, Some(Err(_)));
        line
    }
}

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
