//! `BodyStream`: a response's body on its way from the connection to the caller.
//!
//! Owns reading, decoding in passing, and the giving back of the connection. Does not own decoding
//! (`protocol/content`) or what callers can do with a stream (`blocking/response.rs`).

use std::fmt;
use std::io::Read;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::blocking::exchange::{StdConnection, read_body};
use crate::connection::deadline::Deadlines;
use crate::connection::pool::Lease;
use crate::error::{Error, Kind, Result};
use crate::models::config::ResponseLimits;
use crate::models::exclusive::Exclusive;
use crate::models::headers::Headers;
use crate::models::timings::{Mark, Stopwatch};
use crate::protocol::content::reader::{ContentReader, Decoded};

/// The body of a [`StreamingResponse`](crate::StreamingResponse).
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
pub struct BodyStream {
    pub(super) source: Source,
    pub(super) decoder: Option<Box<ContentReader>>,
    pub(super) limits: ResponseLimits,
    /// Someone reads it; an iterator that begins now comes too late.
    pub(super) taken: bool,
    pub(super) downloaded: u64,
    pub(super) trailers: Option<Headers>,
    pub(super) elapsed: Option<Duration>,
    stopwatch: Option<Stopwatch>,
    started: Instant,
}

/// Where the bytes come from.
pub(super) enum Source {
    /// All were received, or there were none.
    Done,
    /// Given up, or failed.
    Closed,
    Live(Live),
    /// Made by hand, for tests and transports.
    Reader(Exclusive<Box<dyn Read + Send>>),
    /// In memory: of a response made by hand, or read before its time.
    Memory(Bytes),
}

/// The connection a body comes from.
pub(super) struct Live {
    pub(super) lease: Lease<Box<StdConnection>>,
    pub(super) deadlines: Deadlines,
}

impl BodyStream {
    /// The body behind a head that was just received.
    pub(crate) fn live(
        lease: Lease<Box<StdConnection>>,
        deadlines: Deadlines,
        started: Instant,
        limits: ResponseLimits,
    ) -> Self {
        let source = Source::Live(Live { lease, deadlines });
        let mut stream = Self::over(source, limits);
        stream.started = started;
        stream
    }

    /// Without a body, the connection is free again at once.
    pub(crate) fn settle(&mut self) -> Result<()> {
        match &self.source {
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

    pub(super) fn reader(reader: impl Read + Send + 'static, limits: ResponseLimits) -> Self {
        Self::over(Source::Reader(Exclusive::new(Box::new(reader))), limits)
    }

    pub(super) fn memory(content: Bytes, limits: ResponseLimits) -> Self {
        let downloaded = content.len() as u64;
        let mut stream = Self::over(Source::Memory(content), limits);
        stream.downloaded = downloaded;
        stream
    }

    fn over(source: Source, limits: ResponseLimits) -> Self {
        Self {
            source,
            decoder: None,
            limits,
            taken: false,
            downloaded: 0,
            trailers: None,
            elapsed: None,
            stopwatch: None,
            started: Instant::now(),
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
    pub(super) fn read_decoded(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Some(mut decoder) = self.decoder.take() else {
            return self.read_raw(buffer);
        };
        let result = self.read_through(&mut decoder, buffer);
        match &result {
            // Framing may be intact, the content is not: nothing more of it is trusted (SEC-505).
            Err(error) => self.abandon(error),
            Ok(_) => self.decoder = Some(decoder),
        }
        result
    }

    fn read_through(&mut self, decoder: &mut ContentReader, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match decoder.read(buffer)? {
                Decoded::Bytes(count) => return Ok(count),
                Decoded::End => {
                    if !self.is_over() {
                        self.release(Source::Done)?;
                    }
                    return Ok(0);
                }
                // The connection stays here until the last of it was decoded: an error still closes it.
                Decoded::Hungry => {
                    let count = self.pull(decoder.input()).0?;
                    decoder.received(count);
                }
            }
        }
    }

    /// Bytes as received, without transfer framing; 0 is the end.
    pub(super) fn read_raw(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let (result, over) = self.pull(buffer);
        match &result {
            _ if self.is_over() => {}
            Ok(_) if over => self.release(Source::Done)?,
            Ok(_) => {}
            Err(error) => self.fail(error),
        }
        result
    }

    /// Bytes as received, and whether they were the last.
    fn pull(&mut self, buffer: &mut [u8]) -> (Result<usize>, bool) {
        match &mut self.source {
            Source::Done => (Ok(0), true),
            Source::Closed => {
                let error = Error::new(
                    Kind::StreamClosed,
                    "the response was closed before its body was read",
                );
                (Err(error), true)
            }
            Source::Reader(reader) => {
                let result = reader
                    .get_mut()
                    .read(buffer)
                    .map_err(|e| Error::new(Kind::Read, "the response body failed").with_source(e));
                self.downloaded += *result.as_ref().unwrap_or(&0) as u64;
                let over = matches!(result, Ok(0)) && !buffer.is_empty();
                (result, over)
            }
            Source::Memory(content) => {
                let count = content.len().min(buffer.len());
                let piece = content.split_to(count);
                buffer
                    .get_mut(..count)
                    .unwrap_or_default()
                    .copy_from_slice(&piece);
                (Ok(count), content.is_empty())
            }
            Source::Live(live) => {
                let result = live.read(buffer);
                let connection = live.lease.connection_ref();
                self.downloaded = connection.map_or(0, |c| c.received());
                let over = connection.is_none_or(|c| c.response_done() || c.switched());
                (result, over)
            }
        }
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
        if let Source::Live(Live { lease, .. }) = &mut self.source
            && let Some(mut connection) = lease.take()
        {
            connection.progress.failed(error);
            // There is an error already.
            let _ = connection.end();
        }
        let _ = self.release(Source::Closed);
    }

    /// Lets go of the source: a connection that may be used again goes back to the pool, another one is closed.
    ///
    /// # Errors
    /// The trace callback's; the connection is closed then.
    fn release(&mut self, then: Source) -> Result<()> {
        self.elapsed.get_or_insert_with(|| self.started.elapsed());
        if let Some(stopwatch) = self.stopwatch.take() {
            stopwatch.mark(Mark::End, Instant::now());
        }
        if let Source::Live(mut live) = std::mem::replace(&mut self.source, then)
            && let Some(connection) = live.lease.connection()
        {
            connection.end()?;
            self.trailers = connection.trailers();
            if connection.is_reusable() {
                connection.rest();
                let good_for = connection.good_for();
                live.lease.keep(Instant::now(), good_for);
            }
        }
        Ok(())
    }
}

impl Live {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.lease.is_pool_closed() {
            return Err(Error::new(
                Kind::StreamClosed,
                "the client was closed before the body was read",
            ));
        }
        let Some(connection) = self.lease.connection() else {
            return Ok(0);
        };
        read_body(connection, buffer, &self.deadlines)
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("downloaded", &self.downloaded)
            .finish_non_exhaustive()
    }
}
