//! Iterators over a body: pieces of bytes, pieces of text, lines.
//!
//! Owns re-cutting into pieces of a wanted size. Does not know where the bytes come from: a buffered response gives
//! one piece, a stream gives what the connection delivers.

use std::fmt;
use std::num::NonZeroUsize;

use bytes::{Bytes, BytesMut};

use crate::error::Result;
use crate::models::text::{Charset, LineSplitter, TextDecoder};

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
        Self { source, size: None, held: BytesMut::new(), ended: false }
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
#[must_use]
pub struct TextPieces<I> {
    source: I,
    decoder: TextDecoder,
    size: Option<NonZeroUsize>,
    held: String,
    /// Where in `held` the next piece starts.
    at: usize,
    /// How many characters wait there; counted only when a size is set.
    characters: usize,
    ended: bool,
}

impl<I: Iterator<Item = Result<Bytes>>> TextPieces<I> {
    pub(crate) fn new(source: I, charset: Charset) -> Self {
        Self { source, decoder: charset.decoder(), size: None, held: String::new(), at: 0, characters: 0, ended: false }
    }

    /// Cuts all pieces to this many characters, but for a shorter last one.
    pub fn chunk_size(mut self, characters: NonZeroUsize) -> Self {
        self.size = Some(characters);
        self
    }

    /// Takes the wanted piece out of what is held, if enough is held.
    fn cut(&mut self) -> Option<String> {
        let rest = self.held.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = match self.size {
            Some(size) if size.get() <= self.characters => {
                self.characters -= size.get();
                rest.char_indices().nth(size.get()).map_or(rest.len(), |(at, _)| at)
            }
            Some(_) if !self.ended => return None,
            _ => {
                self.characters = 0;
                rest.len()
            }
        };
        let piece = rest.get(..end)?.to_owned();
        self.at += end;
        Some(piece)
    }

    /// Decodes more; what was given out already is dropped first, so the work stays linear.
    fn push(&mut self, bytes: &[u8], last: bool) {
        self.held.drain(..self.at);
        self.at = 0;
        let before = self.held.len();
        self.decoder.push(bytes, last, &mut self.held);
        if self.size.is_some() {
            self.characters += self.held.get(before..).unwrap_or_default().chars().count();
        }
    }
}

impl<I: Iterator<Item = Result<Bytes>>> Iterator for TextPieces<I> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self.cut() {
                return Some(Ok(piece));
            }
            if self.ended {
                return None;
            }
            match self.source.next() {
                Some(Ok(bytes)) => self.push(&bytes, false),
                Some(Err(error)) => {
                    self.ended = true;
                    self.at = self.held.len();
                    return Some(Err(error));
                }
                None => {
                    self.ended = true;
                    self.push(&[], true);
                }
            }
        }
    }
}

/// The lines of a body, without their terminators: LF, CR LF or CR, and nothing else.
#[must_use]
pub struct Lines<I> {
    source: TextPieces<I>,
    splitter: LineSplitter,
    ended: bool,
}

impl<I: Iterator<Item = Result<Bytes>>> Lines<I> {
    pub(crate) fn new(source: TextPieces<I>, limit: usize) -> Self {
        Self { source, splitter: LineSplitter::new(limit), ended: false }
    }
}

impl<I: Iterator<Item = Result<Bytes>>> Iterator for Lines<I> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.splitter.next_line() {
                Err(error) => {
                    self.ended = true;
                    self.splitter = LineSplitter::new(0);
                    return Some(Err(error));
                }
                Ok(Some(line)) => return Some(Ok(line)),
                Ok(None) if self.ended => return None,
                Ok(None) => {}
            }
            match self.source.next() {
                Some(Ok(text)) => self.splitter.push(&text),
                Some(Err(error)) => {
                    self.ended = true;
                    self.splitter = LineSplitter::new(0);
                    return Some(Err(error));
                }
                None => {
                    self.ended = true;
                    self.splitter.finish();
                }
            }
        }
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
