//! Bodies in both directions that are not the connection's: a request's body piece by piece, and streams made by hand.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::error::{Error, Kind, Result};
use crate::models::body::PIECE;
use crate::models::exclusive::Exclusive;
use crate::models::request::Request;

/// A stream of whatever can become bytes.
pub(crate) struct Mapped<S>(pub(crate) Pin<Box<S>>);

impl<S, T, E> Stream for Mapped<S>
where
    S: Stream<Item = Result<T, E>>,
    T: Into<Bytes>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.0.as_mut().poll_next(cx));
        Poll::Ready(item.map(|piece| piece.map(Into::into).map_err(io::Error::other)))
    }
}

type BoxStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// A response body that somebody else made.
pub(crate) struct ForeignStream {
    stream: Exclusive<BoxStream>,
    /// What was received and not yet read.
    rest: Bytes,
}

impl ForeignStream {
    pub(crate) fn new(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self {
            stream: Exclusive::new(Box::pin(stream)),
            rest: Bytes::new(),
        }
    }

    /// Bytes of it; 0 is its end.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.rest.is_empty() {
            match poll_fn(|cx| self.poll_piece(cx)).await {
                Some(piece) => self.rest = piece?,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(buffer.len());
        let piece = self.rest.split_to(count);
        buffer
            .get_mut(..count)
            .unwrap_or_default()
            .copy_from_slice(&piece);
        Ok(count)
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.stream.get_mut().as_mut().poll_next(cx)
    }
}

/// The next piece of a request's body. One that is read, rather than in memory, is read on a thread where that may wait.
pub(super) async fn next_piece<'a>(
    request: &'a mut Request,
    scratch: &'a mut Vec<u8>,
) -> Result<Option<&'a [u8]>> {
    if request.body.is_polled() {
        let piece = poll_fn(|cx| request.body.poll_piece(cx)).await?;
        return Ok(piece.map(|piece| {
            scratch.clear();
            scratch.extend_from_slice(&piece);
            scratch.as_slice()
        }));
    }
    // Both go there and come back.
    let mut body = std::mem::take(&mut request.body);
    let mut room = std::mem::take(scratch);
    room.resize(PIECE, 0);
    let task = tokio::task::spawn_blocking(move || {
        // A piece that lies elsewhere than in the room is copied there.
        let piece = match body.next(&mut room) {
            Ok(Some(piece)) => Ok(Some(piece.to_vec())),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        (body, room, piece)
    });
    let (body, room, piece) = task
        .await
        .map_err(|e| Error::new(Kind::Body, "reading the request body failed").with_source(e))?;
    request.body = body;
    *scratch = room;
    Ok(piece?.map(|piece| {
        *scratch = piece;
        scratch.as_slice()
    }))
}
