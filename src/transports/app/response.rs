//! A response as an application gives it: its head, and its body as somebody reads it.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use http_body::Body;

use super::outcome;
use super::runtime::AppRuntime;
use super::service::BoxError;
use crate::asynchronous::body::ForeignStream;
use crate::asynchronous::response::AsyncStreamingResponse;
use crate::blocking::response::StreamingResponse;
use crate::engine::body::LateTrailers;
use crate::error::Result;
use crate::models::exclusive::Exclusive;
use crate::models::headers::Headers;
use crate::models::response::{Head, Response};

/// What came of a request. A body that nobody will read is none.
pub(super) struct Answer<B> {
    head: Head,
    body: Option<Pieces<B>>,
}

impl<B> Answer<B>
where
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(response: http::Response<B>, is_head: bool) -> Self {
        let (parts, body) = response.into_parts();
        let mut head = Head::new(parts.status, parts.version, Headers::from(&parts.headers));
        head.extensions = parts.extensions;
        // That of a response to HEAD is dropped (TRN-32).
        let body = (!is_head).then(|| Pieces {
            body: Some(Box::pin(body)),
            trailers: LateTrailers::default(),
        });
        Self { head, body }
    }

    pub(super) fn into_blocking(self, runtime: Arc<AppRuntime>) -> StreamingResponse {
        let Some(pieces) = self.body else {
            return empty(self.head).into();
        };
        let trailers = pieces.trailers.clone();
        let reader: Box<dyn Read + Send> = Box::new(Reader {
            pieces: Some(pieces),
            rest: Bytes::new(),
            runtime,
        });
        StreamingResponse::by_hand(self.head, Exclusive::new(reader)).with_late_trailers(trailers)
    }

    pub(super) fn into_async(self) -> AsyncStreamingResponse {
        let Some(pieces) = self.body else {
            return empty(self.head).into();
        };
        let trailers = pieces.trailers.clone();
        AsyncStreamingResponse::by_hand(self.head, ForeignStream::new(pieces))
            .with_late_trailers(trailers)
    }
}

fn empty(head: Head) -> Response {
    Response {
        head: Box::new(head),
        body: Bytes::new(),
    }
}

/// The data of a body. It is dropped at its end, and once it failed.
struct Pieces<B> {
    body: Option<Pin<Box<B>>>,
    trailers: LateTrailers,
}

impl<B> Stream for Pieces<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Some(body) = &mut self.body {
            let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll_frame(cx)));
            let error = match polled {
                Ok(polled) => match ready!(polled) {
                    None => break,
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(mut data) => {
                            let count = data.remaining();
                            return Poll::Ready(Some(Ok(data.copy_to_bytes(count))));
                        }
                        Err(frame) => {
                            if let Ok(trailers) = frame.into_trailers() {
                                self.trailers.set(Headers::from(&trailers));
                            }
                            continue;
                        }
                    },
                    Some(Err(error)) => outcome::failure(error.into()),
                },
                Err(payload) => outcome::panicked(payload),
            };
            self.body = None;
            return Poll::Ready(Some(Err(io::Error::other(error))));
        }
        self.body = None;
        Poll::Ready(None)
    }
}

/// The pieces, each made in the application's runtime when somebody wants it.
struct Reader<B> {
    pieces: Option<Pieces<B>>,
    rest: Bytes,
    runtime: Arc<AppRuntime>,
}

impl<B> Reader<B>
where
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn next(&mut self) -> Result<Option<io::Result<Bytes>>> {
        let Some(mut pieces) = self.pieces.take() else {
            return Ok(None);
        };
        let (pieces, piece) = self.runtime.run(async move {
            let piece = std::future::poll_fn(|cx| Pin::new(&mut pieces).poll_next(cx)).await;
            (pieces, piece)
        })?;
        self.pieces = Some(pieces);
        Ok(piece)
    }
}

impl<B> Read for Reader<B>
where
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.rest.is_empty() {
            match self.next()? {
                Some(piece) => self.rest = piece?,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(buffer.len());
        self.rest
            .split_to(count)
            .copy_to_slice(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

impl<B> Drop for Reader<B> {
    fn drop(&mut self) {
        let _runtime = self.runtime.enter();
        self.pieces = None;
    }
}
