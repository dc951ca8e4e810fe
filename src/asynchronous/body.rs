//! Bodies in both directions that are not the connection's: a request's body piece by piece, and streams made by hand.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::asynchronous::runtime;
use crate::error::{Error, Kind, Result};
use crate::models::body::{Body, PIECE};
use crate::models::exclusive::Exclusive;

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

/// The next piece of a request's body. One that is read, rather than polled for, is read on a thread where that may wait.
pub(super) async fn next_piece<'a>(
    body: &'a mut Body,
    scratch: &'a mut Vec<u8>,
) -> Result<Option<&'a [u8]>> {
    if body.is_polled() {
        let more = poll_fn(|cx| body.poll_piece(cx)).await?;
        return Ok(more.then(|| &body.polled_piece()[..]));
    }
    let runtime = runtime()?;
    // Both go there and come back, unless nobody waits for them any more.
    let mut lent = std::mem::take(body);
    let mut room = std::mem::take(scratch);
    room.resize(PIECE, 0);
    let task = runtime.spawn_blocking(move || {
        let place = place(&mut lent, &mut room);
        (lent, room, place)
    });
    let place;
    (*body, *scratch, place) = match task.await {
        Ok(back) => back,
        Err(e) if e.is_panic() => resume_unwind(e.into_panic()),
        Err(e) => {
            let message = "the runtime ended before the request body was read";
            return Err(Error::new(Kind::Body, message).with_source(e));
        }
    };
    Ok(match place? {
        Some(Place::Room(range)) => Some(scratch.get(range).unwrap_or_default()),
        Some(Place::Elsewhere(piece)) => {
            *scratch = piece;
            Some(scratch)
        }
        None => None,
    })
}

/// Where a piece lies.
enum Place {
    Room(Range<usize>),
    Elsewhere(Vec<u8>),
}

/// Reads a piece, which stays where it is if that is the room: bodies that are read are read into it.
fn place(body: &mut Body, room: &mut [u8]) -> Result<Option<Place>> {
    let (start, size) = (room.as_ptr().addr(), room.len());
    let Some(piece) = body.next(room)? else {
        return Ok(None);
    };
    let at = piece.as_ptr().addr().wrapping_sub(start);
    Ok(Some(match at.checked_add(piece.len()) {
        Some(end) if end <= size => Place::Room(at..end),
        _ => Place::Elsewhere(piece.to_vec()),
    }))
}
