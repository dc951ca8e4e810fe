//! Bodies that are polled for, which only an async client can send.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::{Body, BodySource, Source};
use crate::error::{Error, Kind, Result};

/// A body whose pieces come when they come.
pub(crate) trait PolledSource {
    /// Whether there is another piece, once that is known.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>>;

    /// The piece that came last.
    fn piece(&self) -> &Bytes;
}

struct StreamSource<S> {
    stream: Pin<Box<S>>,
    length: Option<u64>,
    piece: Bytes,
}

impl Body {
    /// A stream of pieces, of this length if it is known. It can be sent once.
    pub(crate) fn polled<S, T, E>(stream: S, length: Option<u64>) -> Self
    where
        S: Stream<Item = std::result::Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let stream = Box::pin(stream);
        let piece = Bytes::new();
        Self::stream(StreamSource {
            stream,
            length,
            piece,
        })
    }

    /// Whether its pieces have to be polled for.
    pub(crate) fn is_polled(&mut self) -> bool {
        match &mut self.source {
            Source::Stream { source, .. } => source.get_mut().polled().is_some(),
            Source::Empty | Source::Bytes(_) => false,
        }
    }

    /// Whether there is a next piece of a body that is polled for: none at its end, and of any other body.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        self.started = true;
        let Source::Stream { source, .. } = &mut self.source else {
            return Poll::Ready(Ok(false));
        };
        match source.get_mut().polled() {
            Some(source) => source
                .poll_piece(cx)
                .map_err(|e| Error::new(Kind::Body, "the request body failed").with_source(e)),
            None => Poll::Ready(Ok(false)),
        }
    }

    /// What was polled for last.
    pub(crate) fn polled_piece(&mut self) -> &Bytes {
        static NOTHING: Bytes = Bytes::new();
        let Source::Stream { source, .. } = &mut self.source else {
            return &NOTHING;
        };
        match source.get_mut().polled() {
            Some(source) => source.piece(),
            None => &NOTHING,
        }
    }
}

impl<S, T, E> PolledSource for StreamSource<S>
where
    S: Stream<Item = std::result::Result<T, E>>,
    T: Into<Bytes>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let item = ready!(self.stream.as_mut().poll_next(cx));
        let piece = item.transpose().map_err(io::Error::other)?;
        let more = piece.is_some();
        self.piece = piece.map(Into::into).unwrap_or_default();
        Poll::Ready(Ok(more))
    }

    fn piece(&self) -> &Bytes {
        &self.piece
    }
}

impl<S, T, E> BodySource for StreamSource<S>
where
    S: Stream<Item = std::result::Result<T, E>> + Send,
    T: Into<Bytes>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn next<'a>(&'a mut self, _scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        Err(io::Error::other(
            "the body is an async stream, which only AsyncClient can send",
        ))
    }

    fn length(&self) -> Option<u64> {
        self.length
    }

    fn polled(&mut self) -> Option<&mut dyn PolledSource> {
        Some(self)
    }
}
