//! Bodies that are polled for, which only an async client can send.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::{Body, BodySource, Source};
use crate::error::{Error, Kind, Result};

/// A body whose pieces come when they come.
pub(crate) trait PolledSource {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>>;
}

struct StreamSource<S> {
    stream: Pin<Box<S>>,
    length: Option<u64>,
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
        Self::stream(StreamSource { stream, length })
    }

    /// Whether its pieces have to be polled for.
    pub(crate) fn is_polled(&mut self) -> bool {
        match &mut self.source {
            Source::Stream { source, .. } => source.get_mut().polled().is_some(),
            Source::Empty | Source::Bytes(_) => false,
        }
    }

    /// The next piece of a body that is polled for; none at its end, and of any other body.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        self.started = true;
        let Source::Stream { source, .. } = &mut self.source else {
            return Poll::Ready(Ok(None));
        };
        match source.get_mut().polled() {
            Some(source) => source
                .poll_piece(cx)
                .map_err(|e| Error::new(Kind::Body, "the request body failed").with_source(e)),
            None => Poll::Ready(Ok(None)),
        }
    }
}

impl<S, T, E> PolledSource for StreamSource<S>
where
    S: Stream<Item = std::result::Result<T, E>>,
    T: Into<Bytes>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        self.stream.as_mut().poll_next(cx).map(|item| {
            item.map(|piece| piece.map(Into::into).map_err(io::Error::other))
                .transpose()
        })
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
