//! `AsyncPieces`: a body piece by piece, as a stream and as a reader of tokio.
//!
//! Owns the state between two polls. Does not own the cutting into pieces of one size, text and lines
//! (`models/pieces.rs`).

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use tokio::io::{AsyncRead, ReadBuf};

use crate::asynchronous::BoxFuture;
use crate::asynchronous::response::AsyncStreamingResponse;
use crate::engine::response::Cursor;
use crate::error::Error;
use crate::error::Result;

/// The body of an [`AsyncStreamingResponse`] piece by piece: a [`Stream`] of bytes, and tokio's [`AsyncRead`].
///
/// Dropped before its end, it leaves the response, or closes it if it owns it. Futures of its next item, or of a read, may
/// be dropped at any time: nothing is lost.
///
/// ```
/// use papilio::Response;
/// use tokio::io::AsyncReadExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let response: papilio::AsyncStreamingResponse = Response::builder(200).text("streamed").into();
/// let mut text = String::new();
/// response.into_stream().read_to_string(&mut text).await?;
/// assert_eq!(text, "streamed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct AsyncPieces<'a> {
    state: State<'a>,
    /// What was received and not yet read.
    rest: Bytes,
}

enum State<'a> {
    Idle(Held<'a>),
    Busy(BoxFuture<'a, (Held<'a>, Option<Result<Bytes>>)>),
    /// Between the two.
    Moving,
}

struct Held<'a> {
    response: Holder<'a>,
    cursor: Cursor,
}

enum Holder<'a> {
    Lent(&'a mut AsyncStreamingResponse),
    Owned(Box<AsyncStreamingResponse>),
}

impl Holder<'_> {
    fn get(&mut self) -> &mut AsyncStreamingResponse {
        match self {
            Self::Lent(response) => response,
            Self::Owned(response) => response,
        }
    }
}

impl<'a> AsyncPieces<'a> {
    pub(super) fn lent(response: &'a mut AsyncStreamingResponse, decoded: bool) -> Self {
        Self::over(Holder::Lent(response), decoded)
    }

    pub(super) fn owned(response: AsyncStreamingResponse) -> Self {
        Self::over(Holder::Owned(Box::new(response)), true)
    }

    fn over(response: Holder<'a>, decoded: bool) -> Self {
        let cursor = Cursor::new(decoded);
        Self {
            state: State::Idle(Held { response, cursor }),
            rest: Bytes::new(),
        }
    }

    /// Whoever reads from here wants no more of it (RES-29).
    pub(super) fn give_up(&mut self, error: Error) -> Error {
        match &mut self.state {
            State::Idle(Held { response, cursor }) => cursor.give_up(response.get(), error),
            State::Busy(_) | State::Moving => error,
        }
    }
}

impl Stream for AsyncPieces<'_> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.rest))));
        }
        let mut future = match std::mem::replace(&mut self.state, State::Moving) {
            State::Busy(future) => future,
            State::Idle(mut held) => Box::pin(async move {
                let piece = held.cursor.next(held.response.get()).await;
                (held, piece)
            }),
            State::Moving => return Poll::Ready(None),
        };
        match future.as_mut().poll(cx) {
            Poll::Ready((held, piece)) => {
                self.state = State::Idle(held);
                Poll::Ready(piece)
            }
            Poll::Pending => {
                self.state = State::Busy(future);
                Poll::Pending
            }
        }
    }
}

impl AsyncRead for AsyncPieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.is_empty() && buffer.remaining() > 0 {
            match ready!(self.as_mut().poll_next(cx)) {
                Some(piece) => self.rest = piece?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for AsyncPieces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncPieces").finish_non_exhaustive()
    }
}
