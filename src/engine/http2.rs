//! One request and its response on a connection of HTTP/2.
//!
//! Owns the order of an upload and the limits of its waits. Does not own streams (`connection/http2/`), or which
//! connection it is (`engine/line.rs`).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::connection::deadline::Deadlines;
use crate::connection::events::Tracer;
use crate::connection::forward::Forward;
use crate::connection::http2::{Http2, Stream};
use crate::connection::outbox::Flushed;
use crate::connection::pool::Lease;
use crate::engine::Driver;
use crate::engine::exchange::{Conn, outgoing};
use crate::error::{Error, Kind, Phase, Result};
use crate::models::body::{PIECE, Trailers};
use crate::models::config::ResponseLimits;
use crate::models::request::Request;
use crate::protocol::http1::ParsedHead;

/// A response that comes on a stream, as far as it is not read.
pub(crate) struct LiveStream<D: Driver> {
    pub(crate) stream: Stream,
    pub(crate) deadlines: Deadlines,
    /// What the pool counts; given back with the stream.
    pub(crate) lease: Lease<Box<Conn<D>>>,
    handle: Http2,
}

/// A request that came to nothing.
pub(crate) struct Refused {
    pub(crate) error: Error,
    /// The server has not looked at it: any method may be sent again on another connection (R-H2-06, R-H2-07).
    pub(crate) is_unprocessed: bool,
    /// It did not even get onto a stream.
    pub(crate) is_unsent: bool,
    /// Nothing of an answer was received.
    pub(crate) is_unanswered: bool,
}

/// Sends the request, its body included, and receives the head of the response.
pub(crate) async fn exchange<D: Driver>(
    handle: &Http2,
    request: &mut Request,
    form: Option<&Forward>,
    deadlines: &Deadlines,
    limits: ResponseLimits,
    tracer: &Tracer,
) -> Result<(Stream, ParsedHead), Refused> {
    let mut stream = begin::<D>(handle, request, form, deadlines, limits, tracer)
        .await
        .map_err(|error| Refused {
            is_unprocessed: !error.is_timeout() && !tracer.has_refused() && !is_ours(&error),
            is_unsent: true,
            is_unanswered: true,
            error,
        })?;
    let outcome = match send::<D>(&mut stream, request, deadlines).await {
        Ok(()) => receive::<D>(&mut stream, handle, deadlines).await,
        Err(error) => Err(error.in_phase(Phase::Send)),
    };
    match outcome {
        Ok(head) => Ok((stream, head)),
        Err(error) => Err(Refused {
            is_unprocessed: stream.is_unprocessed(),
            is_unsent: false,
            is_unanswered: stream.is_unanswered(),
            error,
        }),
    }
}

/// Whether the request itself is what cannot be sent.
fn is_ours(error: &Error) -> bool {
    error.kind() == Kind::LocalProtocol
}

/// A place on the connection, and the head of the request on it.
async fn begin<D: Driver>(
    handle: &Http2,
    request: &Request,
    form: Option<&Forward>,
    deadlines: &Deadlines,
    limits: ResponseLimits,
    tracer: &Tracer,
) -> Result<Stream> {
    let slot = match handle.try_open() {
        Some(slot) => slot,
        None => {
            let until = deadlines.pool(Instant::now());
            D::within(handle.open(), until)
                .await
                .and_then(|slot| slot)
                .map_err(|e| e.in_phase(Phase::Pool))?
        }
    };
    slot.send(&outgoing(request, form), limits, tracer)
}

/// The body, piece by piece as the server takes it.
async fn send<D: Driver>(
    stream: &mut Stream,
    request: &mut Request,
    deadlines: &Deadlines,
) -> Result<()> {
    if stream.request_done() {
        return Ok(());
    }
    if deadlines.word.is_some() && !is_wanted::<D>(stream, deadlines).await? {
        return Ok(());
    }
    if let Some(mut bytes) = request.body.shared() {
        while !bytes.is_empty() {
            if push::<D>(stream, &mut bytes, deadlines).await? == Flushed::Stopped {
                return Ok(());
            }
        }
        return finish(stream, request);
    }
    let mut scratch = vec![0; PIECE];
    let until = deadlines.total(Instant::now());
    while let Some(mut piece) = D::next_piece(&mut request.body, &mut scratch, until).await? {
        while !piece.is_empty() {
            let until = deadlines.write(Instant::now());
            if D::within(stream.send_slice(&mut piece), until).await?? == Flushed::Stopped {
                return Ok(());
            }
        }
    }
    finish(stream, request)
}

/// The end of the body, and its trailers, which are made only now.
fn finish(stream: &mut Stream, request: &Request) -> Result<()> {
    let trailers = request.body.trailers().map(Trailers::fields).transpose()?;
    stream.finish(trailers.as_ref())
}

/// Waits for the word to send the body, not for ever (RFC 9110 section 10.1.1). Whether it is to be sent.
async fn is_wanted<D: Driver>(stream: &mut Stream, deadlines: &Deadlines) -> Result<bool> {
    let until = deadlines.word(Instant::now());
    match D::within(stream.continued(), until).await {
        Ok(wanted) => wanted,
        Err(error) if error.kind() == Kind::ReadTimeout => Ok(true),
        Err(error) => Err(error),
    }
}

async fn push<D: Driver>(
    stream: &mut Stream,
    bytes: &mut Bytes,
    deadlines: &Deadlines,
) -> Result<Flushed> {
    let until = deadlines.write(Instant::now());
    D::within(stream.send(bytes), until).await?
}

async fn receive<D: Driver>(
    stream: &mut Stream,
    handle: &Http2,
    deadlines: &Deadlines,
) -> Result<ParsedHead> {
    let now = Instant::now();
    let reads = handle.reads();
    let head = D::within(stream.head(), deadlines.head(now, now)).await;
    head.unwrap_or_else(|error| Err(silent(handle, reads, error)))
        .map_err(|e| e.in_phase(Phase::Head))
}

/// Time is up. If nothing at all came over the connection meanwhile, it is over for all that are on it (TMO-13).
fn silent(handle: &Http2, reads: usize, error: Error) -> Error {
    if error.kind() == Kind::ReadTimeout && handle.reads() == reads {
        handle.fail(error.kind());
    }
    error
}

impl<D: Driver> LiveStream<D> {
    pub(crate) fn new(
        stream: Stream,
        deadlines: Deadlines,
        lease: Lease<Box<Conn<D>>>,
        handle: Http2,
    ) -> Self {
        Self {
            stream,
            deadlines,
            lease,
            handle,
        }
    }

    /// Body bytes; 0 is the end.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.deadlines
            .check()
            .map_err(|e| e.in_phase(Phase::Body))?;
        let reads = self.handle.reads();
        let until = self.deadlines.read(Instant::now());
        let count = D::within(self.stream.read(buffer), until).await;
        count
            .unwrap_or_else(|error| Err(silent(&self.handle, reads, error)))
            .map_err(|e| e.in_phase(Phase::Body))
    }

    /// What is known of the connection.
    pub(crate) fn info(&self) -> Arc<crate::models::connection::ConnectionInfo> {
        Arc::clone(self.handle.info())
    }
}
