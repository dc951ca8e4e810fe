//! `BodyStream`: a response's body on its way from the connection to the caller.
//!
//! Owns reading, decoding in passing, and the giving back of the connection. Does not own decoding
//! (`protocol/content`) or what callers can do with a stream (`engine/response.rs`).

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::connection::deadline::Deadlines;
use crate::connection::pool::Lease;
use crate::engine::Driver;
use crate::engine::drive::unless_cancelled;
use crate::engine::exchange::{Conn, read_body};
#[cfg(feature = "async")]
use crate::engine::http2::LiveStream;
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::cancel::CancelToken;
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;
use crate::models::timings::{Mark, Stopwatch};
use crate::protocol::content::reader::{ContentReader, Decoded};

/// The body of a response that streams: of a [`StreamingResponse`](crate::StreamingResponse) unless said otherwise.
///
/// ```
/// use papilio::{BodyStream, Response};
/// // What functions that take either kind of response write.
/// fn is_json<B>(response: &Response<B>) -> bool {
///     response.headers().get("Content-Type").as_deref() == Some("application/json")
/// }
/// let response: Response<BodyStream> = Response::builder(200).stream(&b"[]"[..]);
/// assert!(!is_json(&response));
/// ```
pub struct BodyStream<D: Driver = crate::blocking::Blocking>(pub(crate) Box<Inner<D>>);

/// What is in the box: a response is moved from hand to hand, and this is not small.
pub(crate) struct Inner<D: Driver> {
    pub(super) source: Source<D>,
    pub(super) decoder: Option<Box<ContentReader>>,
    pub(super) limits: ResponseLimits,
    /// Someone reads it; an iterator that begins now comes too late.
    pub(super) taken: bool,
    pub(super) downloaded: u64,
    pub(super) trailers: Option<Headers>,
    /// Where the trailers of a body that somebody else made are, once it was read.
    #[cfg(feature = "tower")]
    pub(super) late_trailers: Option<LateTrailers>,
    pub(super) elapsed: Option<Duration>,
    /// Ends the reading of what somebody else made.
    pub(super) cancel: Option<CancelToken>,
    stopwatch: Option<Stopwatch>,
    started: Instant,
}

/// Where the bytes come from.
#[allow(clippy::large_enum_variant, reason = "it lies in a box")]
pub(super) enum Source<D: Driver> {
    /// All were received, or there were none.
    Done,
    /// Given up, or failed.
    Closed,
    Live(Live<D>),
    #[cfg(feature = "async")]
    Stream(LiveStream<D>),
    /// Made by hand, for tests and transports.
    Foreign(D::Foreign),
    /// In memory: of a response made by hand, or read before its time.
    Memory(Bytes),
}

/// Trailers that whoever makes a body leaves here at its end.
#[cfg(feature = "tower")]
#[derive(Clone, Default)]
pub(crate) struct LateTrailers(std::sync::Arc<std::sync::Mutex<Option<Headers>>>);

#[cfg(feature = "tower")]
impl LateTrailers {
    pub(crate) fn set(&self, trailers: Headers) {
        *self.lock() = Some(trailers);
    }

    fn take(&self) -> Option<Headers> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Headers>> {
        let result = self.0.lock();
        result.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The connection a body comes from.
pub(super) struct Live<D: Driver> {
    pub(super) lease: Lease<Box<Conn<D>>>,
    pub(super) deadlines: Deadlines,
}

impl<D: Driver> BodyStream<D> {
    /// The body behind a head that was just received.
    #[inline]
    pub(crate) fn live(
        lease: Lease<Box<Conn<D>>>,
        deadlines: &Deadlines,
        started: Instant,
        limits: ResponseLimits,
    ) -> Self {
        let deadlines = deadlines.clone();
        Self::over(Source::Live(Live { lease, deadlines }), started, limits)
    }

    /// As [`live`](Self::live), of HTTP/2.
    #[cfg(feature = "async")]
    pub(crate) fn stream(live: LiveStream<D>, started: Instant, limits: ResponseLimits) -> Self {
        Self::over(Source::Stream(live), started, limits)
    }

    pub(crate) fn foreign(body: D::Foreign, limits: ResponseLimits) -> Self {
        Self::over(Source::Foreign(body), Instant::now(), limits)
    }

    pub(super) fn memory(content: Bytes, limits: ResponseLimits) -> Self {
        let downloaded = content.len() as u64;
        let mut stream = Self::over(Source::Memory(content), Instant::now(), limits);
        stream.0.downloaded = downloaded;
        stream
    }

    #[inline]
    fn over(source: Source<D>, started: Instant, limits: ResponseLimits) -> Self {
        // Room first, so that what goes there is made there.
        Self(Box::write(
            Box::new_uninit(),
            Inner {
                source,
                decoder: None,
                limits,
                taken: false,
                downloaded: 0,
                trailers: None,
                #[cfg(feature = "tower")]
                late_trailers: None,
                elapsed: None,
                cancel: None,
                stopwatch: None,
                started,
            },
        ))
    }
}

impl<D: Driver> Inner<D> {
    /// Without a body, the connection is free again at once.
    pub(crate) fn settle(&mut self) -> Result<()> {
        match &self.source {
            #[cfg(feature = "async")]
            Source::Stream(live) if live.stream.response_done() => self.release(Source::Done),
            Source::Live(live)
                if live
                    .lease
                    .connection_ref()
                    .is_some_and(|c| c.response_done() && !c.switched()) =>
            {
                self.release(Source::Done)
            }
            _ => Ok(()),
        }
    }

    /// Decodes by these headers from now on.
    pub(super) fn decode(&mut self, headers: &Headers) -> Result<()> {
        if !self.is_over() {
            self.decoder = ContentReader::for_headers(headers, &self.limits)?;
        }
        Ok(())
    }

    /// When the request went to its transport, and who takes the time.
    pub(super) fn began(&mut self, at: Instant, stopwatch: Option<&Stopwatch>) {
        self.started = at;
        if let Some(stopwatch) = stopwatch {
            let now = Instant::now();
            // Unless the transport has said so.
            stopwatch.mark(Mark::FirstByte, now);
            if self.is_over() {
                stopwatch.mark(Mark::End, now);
            } else {
                self.stopwatch = Some(stopwatch.clone());
            }
        }
    }

    /// Puts back what was read, decoded.
    pub(super) fn keep(&mut self, content: Bytes) {
        self.source = Source::Memory(content);
        self.decoder = None;
    }

    /// Whether nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.source, Source::Done | Source::Closed)
    }

    /// Decoded bytes; 0 is the end.
    pub(crate) async fn read_decoded(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let Some(decoder) = &mut self.decoder else {
                return self.read_raw(buffer).await;
            };
            if buffer.is_empty() {
                return Ok(0);
            }
            let error = match decoder.read(buffer) {
                Ok(Decoded::Bytes(count)) => return Ok(count),
                Ok(Decoded::End) => {
                    if !self.is_over() {
                        self.release(Source::Done)?;
                    }
                    return Ok(0);
                }
                // The connection stays here until the last of it was decoded: an error still closes it.
                Ok(Decoded::Hungry) => {
                    match self
                        .source
                        .pull(decoder.input(), &mut self.downloaded, self.cancel.as_ref())
                        .await
                    {
                        Ok((count, _)) => {
                            decoder.received(count);
                            continue;
                        }
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            // Framing may be intact, the content is not: nothing more of it is trusted (SEC-505).
            self.decoder = None;
            self.abandon(&error);
            return Err(error);
        }
    }

    /// Bytes as received, without transfer framing; 0 is the end.
    pub(crate) async fn read_raw(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let pulled = self
            .source
            .pull(buffer, &mut self.downloaded, self.cancel.as_ref())
            .await;
        let result = match pulled {
            Ok(_) if self.is_too_large() => Err(self.too_large()),
            result => result,
        };
        match &result {
            _ if self.is_over() => {}
            Ok((_, true)) => self.release(Source::Done)?,
            Ok(_) => {}
            Err(error) => self.fail(error),
        }
        result.map(|(count, _)| count)
    }

    /// Whether more was received than there may be. The codec of HTTP/1.1 has looked at this already, and sooner.
    fn is_too_large(&self) -> bool {
        self.limits
            .body
            .is_some_and(|limit| self.downloaded > limit)
    }

    #[cold]
    fn too_large(&self) -> Error {
        let limit = self.limits.body.unwrap_or(u64::MAX);
        Error::new(
            Kind::Limit,
            format!("response body larger than {limit} bytes"),
        )
        .with_reason(Reason::BodyTooLarge)
    }

    /// Gives up what was not read. What lies in the buffer already is passed over to save the connection; nothing is
    /// waited for (R-LIM-10).
    pub(super) fn close(&mut self) {
        if let Source::Live(Live { lease, .. }) = &mut self.source
            && let Some(connection) = lease.connection()
        {
            connection.skip_buffered();
        }
        if !self.is_over() {
            // Nobody is left to be told what the callback says; the connection is closed for it.
            let _ = self.release(Source::Closed);
        }
    }

    /// Gives up what was not read, and the connection with it.
    fn abandon(&mut self, error: &Error) {
        if !self.is_over() {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: &Error) {
        match &mut self.source {
            Source::Live(Live { lease, .. }) => {
                if let Some(mut connection) = lease.take() {
                    connection.progress.failed(error);
                    // There is an error already.
                    let _ = connection.end();
                }
            }
            // It has told its own.
            #[cfg(feature = "async")]
            Source::Stream(live) => drop(live.stream.end()),
            _ => {}
        }
        let _ = self.release(Source::Closed);
    }

    /// Lets go of the source: a connection that may be used again goes back to the pool, another one is closed.
    ///
    /// # Errors
    /// The trace callback's; the connection is closed then.
    fn release(&mut self, then: Source<D>) -> Result<()> {
        #[cfg(feature = "tower")]
        if let Some(late) = self.late_trailers.take() {
            self.trailers = late.take();
        }
        let now = Instant::now();
        self.elapsed
            .get_or_insert_with(|| now.saturating_duration_since(self.started));
        if let Some(stopwatch) = self.stopwatch.take() {
            stopwatch.mark(Mark::End, now);
        }
        // Where it is: it is large to move.
        let released = match &mut self.source {
            Source::Live(live) => live.release(now, &mut self.trailers),
            #[cfg(feature = "async")]
            Source::Stream(live) => {
                let ended = live.stream.end();
                if ended.is_ok() {
                    self.trailers = live.stream.trailers();
                }
                ended
            }
            _ => Ok(()),
        };
        self.source = then;
        released
    }
}

impl<D: Driver> Source<D> {
    /// Bytes as received, and whether they were the last.
    async fn pull(
        &mut self,
        buffer: &mut [u8],
        downloaded: &mut u64,
        cancel: Option<&CancelToken>,
    ) -> Result<(usize, bool)> {
        match self {
            Self::Done => Ok((0, true)),
            Self::Closed => Err(Error::new(
                Kind::StreamClosed,
                "the response was closed before its body was read",
            )),
            Self::Foreign(body) => {
                if let Some(token) = cancel {
                    token.check().map_err(|e| e.in_phase(Phase::Body))?;
                }
                let read = unless_cancelled::<D, _>(D::pull(body, buffer), cancel)
                    .await
                    .map_err(|e| e.in_phase(Phase::Body))?;
                let count = read.map_err(|e| {
                    Error::new(Kind::Read, "the response body failed").with_source(e)
                })?;
                *downloaded += count as u64;
                Ok((count, count == 0 && !buffer.is_empty()))
            }
            Self::Memory(content) => {
                let count = content.len().min(buffer.len());
                let piece = content.split_to(count);
                buffer
                    .get_mut(..count)
                    .unwrap_or_default()
                    .copy_from_slice(&piece);
                Ok((count, content.is_empty()))
            }
            #[cfg(feature = "async")]
            Self::Stream(live) => {
                if live.lease.is_pool_closed() {
                    return Err(client_gone());
                }
                let result = live.read(buffer).await;
                *downloaded = live.stream.received();
                Ok((result?, live.stream.response_done()))
            }
            Self::Live(live) => {
                let result = live.read(buffer).await;
                let connection = live.lease.connection_ref();
                *downloaded = connection.map_or(0, |c| c.received());
                let over = connection.is_none_or(|c| c.response_done() || c.switched());
                Ok((result?, over))
            }
        }
    }
}

impl<D: Driver> Live<D> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.lease.is_pool_closed() {
            return Err(client_gone());
        }
        self.deadlines
            .check()
            .map_err(|e| e.in_phase(Phase::Body))?;
        let Some(connection) = self.lease.connection() else {
            return Ok(0);
        };
        read_body::<D>(connection, buffer, &self.deadlines).await
    }

    /// Gives the connection back if it may be used again.
    fn release(&mut self, now: Instant, trailers: &mut Option<Headers>) -> Result<()> {
        if let Some(connection) = self.lease.connection() {
            connection.end()?;
            *trailers = connection.trailers();
            if connection.is_reusable() {
                connection.rest();
                let good_for = connection.good_for();
                self.lease.give_back(now, good_for);
            }
        }
        Ok(())
    }
}

fn client_gone() -> Error {
    Error::new(
        Kind::StreamClosed,
        "the client was closed before the body was read",
    )
}

impl<D: Driver> Drop for Inner<D> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<D: Driver> fmt::Debug for BodyStream<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("downloaded", &self.0.downloaded)
            .finish_non_exhaustive()
    }
}
