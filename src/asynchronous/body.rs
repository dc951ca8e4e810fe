//! Bodies in both directions that are not the connection's: a request's body piece by piece, and streams made by hand.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use crate::error::{Error, Kind, Result};
use crate::models::exclusive::Exclusive;
use crate::models::request::Request;

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
            match std::future::poll_fn(|cx| self.poll_piece(cx)).await {
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
    // Both go there and come back.
    let mut body = std::mem::take(&mut request.body);
    let mut room = std::mem::take(scratch);
    let task = tokio::task::spawn_blocking(move || {
        let piece = body.next(&mut room).map(|piece| piece.map(<[u8]>::to_vec));
        (body, room, piece)
    });
    let (body, room, piece) = task
        .await
        .map_err(|e| Error::new(Kind::Body, "reading the request body failed").with_source(e))?;
    request.body = body;
    *scratch = room;
    Ok(match piece? {
        Some(piece) => {
            let count = piece.len().min(scratch.len());
            if piece.len() > scratch.len() {
                *scratch = piece;
                return Ok(Some(scratch));
            }
            let room = scratch.get_mut(..count).unwrap_or_default();
            room.copy_from_slice(piece.get(..count).unwrap_or_default());
            Some(room)
        }
        None => None,
    })
}
