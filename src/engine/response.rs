//! What is done with a body that streams, whoever waits for it.
//!
//! Owns reading to the end and piece by piece. Does not own the stream itself (`engine/body.rs`) or what callers are
//! handed (`response.rs` of the drivers).

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::engine::Driver;
use crate::engine::body::{BodyStream, Inner, Source};
use crate::engine::upgraded::Upgraded;
use crate::error::{Error, Kind, Phase, Result};
use crate::models::body::PIECE;
use crate::models::config::ResponseLimits;
use crate::models::request::Request;
use crate::models::response::{DefaultEncoding, Head, Response};
use crate::models::timings::Stopwatch;

impl<D: Driver> Response<BodyStream<D>> {
    /// Sees how the content is coded, and what the client knows of such responses.
    pub(crate) fn adopt(
        &mut self,
        request: &Request,
        began: Instant,
        limits: ResponseLimits,
        encoding: &DefaultEncoding,
    ) -> Result<()> {
        let stopwatch = request.extensions().get::<Stopwatch>();
        self.body.0.began(began, stopwatch);
        self.head.stopwatch = stopwatch.cloned();
        self.body.0.limits = limits;
        self.body.0.cancel.clone_from(&request.options.cancel);
        self.head.default_encoding = encoding.clone();
        self.body.0.decode(&self.head.headers)
    }

    /// Reads the body into memory where it is; whoever reads it next gets what is kept.
    pub(crate) async fn keep(&mut self) -> Result<Bytes> {
        if let (Source::Memory(content), None) = (&self.body.0.source, &self.body.0.decoder) {
            return Ok(content.clone());
        }
        if self.body.0.taken {
            return Err(self.attach(consumed()));
        }
        // If this future is dropped on the way, what it has read is gone: the body counts as read then.
        self.body.0.taken = true;
        let collected = self.collect(usize::MAX).await;
        self.body.0.taken = false;
        let (content, _) = collected.map_err(|e| self.attach(e))?;
        self.body.0.keep(content.clone());
        Ok(content)
    }

    /// Reads at most so many bytes of a response on the way to the final one; the rest is given up.
    pub(crate) async fn absorb(mut self, most: usize) -> Result<Response> {
        let (content, cut) = self.collect(most).await.map_err(|e| self.attach(e))?;
        self.body.0.close();
        Ok(self.finish(content, cut))
    }

    /// Reads the body into memory.
    pub(crate) async fn into_buffered(mut self) -> Result<Response> {
        if self.body.0.taken {
            return Err(self.attach(consumed()));
        }
        let (content, _) = self.collect(usize::MAX).await.map_err(|e| self.attach(e))?;
        Ok(self.finish(content, false))
    }

    /// Gives up what was not read and frees the connection.
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"a long body"[..]);
    /// response.close();
    /// assert!(response.is_closed());
    /// assert!(response.load().is_err());
    /// ```
    pub fn close(&mut self) {
        self.body.0.close();
    }

    /// Whether the body was read to its end, or given up.
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"body"[..]);
    /// assert!(!response.is_closed());
    /// for piece in response.iter_bytes() {
    ///     drop(piece?);
    /// }
    /// assert!(response.is_closed());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        self.body.0.is_over()
    }

    /// Whether the body was taken, by an iterator or by `io::Read`.
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"body"[..]);
    /// assert!(!response.is_stream_consumed());
    /// response.iter_bytes().next();
    /// assert!(response.is_stream_consumed());
    /// ```
    pub fn is_stream_consumed(&self) -> bool {
        self.body.0.taken
    }

    /// Body bytes received so far, before content decoding.
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).stream(&b"body"[..]);
    /// for piece in response.iter_raw() {
    ///     drop(piece?);
    /// }
    /// assert_eq!(response.num_bytes_downloaded(), 4);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn num_bytes_downloaded(&self) -> u64 {
        self.body.0.downloaded
    }

    /// From just before the request was handed to the connection until the body was read or closed; `None` until then.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("body")))).build()?;
    /// let mut response = client.get("https://www.example.org/").stream()?;
    /// response.load()?;
    /// println!("{:?}", response.elapsed());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn elapsed(&self) -> Option<Duration> {
        self.body.0.elapsed
    }

    /// The response if it is 2xx, else an error that holds its head; the body is given up.
    ///
    /// # Errors
    /// [`Kind::Status`].
    ///
    /// ```
    /// use papilio::{Kind, Response};
    /// assert!(Response::builder(200).stream(&b"fine"[..]).error_for_status().is_ok());
    /// let error = Response::builder(500).stream(&b"broken"[..]).error_for_status().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Status);
    /// assert_eq!(error.response().unwrap().status(), 500);
    /// ```
    #[doc(alias = "raise_for_status")]
    pub fn error_for_status(mut self) -> Result<Self> {
        if self.is_success() {
            return Ok(self);
        }
        let error = self.attach(Error::new(Kind::Status, self.status_message()));
        self.body.0.close();
        Err(error.with_response(Response {
            head: self.head,
            body: Bytes::new(),
        }))
    }

    /// The connection itself, after 101 Switching Protocols or a 2xx answer to CONNECT: what was received past the
    /// head first, then the stream. It never returns to the pool, but holds its slot until it is dropped.
    ///
    /// # Errors
    /// [`Kind::LocalProtocol`] if the connection was not switched.
    ///
    /// ```
    /// use papilio::{Kind, Response};
    /// let error = Response::builder(200).stream(&b""[..]).upgrade().unwrap_err();
    /// assert_eq!(error.kind(), Kind::LocalProtocol);
    /// ```
    pub fn upgrade(mut self) -> Result<Upgraded<D>> {
        match std::mem::replace(&mut self.body.0.source, Source::Closed) {
            Source::Live(live) if live.lease.connection_ref().is_some_and(|c| c.switched()) => {
                Upgraded::new(live.lease, live.deadlines).map_err(|e| self.attach(e))
            }
            source => {
                self.body.0.source = source;
                Err(self.attach(Error::local("the server did not switch protocols")))
            }
        }
    }

    /// Around a body that somebody else made.
    pub(crate) fn by_hand(head: Head, body: D::Foreign) -> Self {
        let mut body = BodyStream::foreign(body, ResponseLimits::default());
        if body.0.decode(&head.headers).is_err() {
            // More codings than anyone honest uses: the body is handed out as it is.
            body.0.decoder = None;
        }
        Self {
            head: Box::new(head),
            body,
        }
    }

    /// The same, whose trailers will be there.
    #[cfg(feature = "tower")]
    pub(crate) fn with_late_trailers(
        mut self,
        trailers: crate::engine::body::LateTrailers,
    ) -> Self {
        self.body.0.late_trailers = Some(trailers);
        self
    }

    /// How long a line may be.
    pub(crate) fn line_limit(&self) -> usize {
        self.body.0.limits.line
    }

    /// Decoded bytes, for whoever reads it as one stream; 0 is the end.
    pub(crate) async fn read_on(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.body.0.taken = true;
        let result = self.body.0.read_decoded(buffer).await;
        self.take_trailers();
        result.map_err(|e| self.attach(e))
    }

    /// What came behind the body belongs to the response.
    fn take_trailers(&mut self) {
        if self.body.0.trailers.is_some() {
            self.head.trailers = self.body.0.trailers.take();
        }
    }

    fn finish(mut self, content: Bytes, cut: bool) -> Response {
        self.head.elapsed = self.body.0.elapsed;
        self.head.downloaded = self.body.0.downloaded;
        self.head.cut = cut;
        Response {
            head: self.head,
            body: content,
        }
    }

    /// The body, or so much of it, and whether there would have been more.
    async fn collect(&mut self, most: usize) -> Result<(Bytes, bool)> {
        // The announced length is a hint, never an order (R-LIM-13).
        let hint = match &self.body.0.source {
            Source::Live(live) if self.body.0.decoder.is_none() => live
                .lease
                .connection_ref()
                .and_then(|c| c.content_length())
                .unwrap_or_default(),
            #[cfg(feature = "async")]
            Source::Stream(live) if self.body.0.decoder.is_none() => {
                live.stream.content_length().unwrap_or_default()
            }
            Source::Memory(content) if self.body.0.decoder.is_none() => content.len() as u64,
            _ => 0,
        };
        let mut content = vec![
            0;
            usize::try_from(hint)
                .unwrap_or(usize::MAX)
                .min(PIECE)
                .min(most)
        ];
        let mut filled = 0;
        let mut cut = false;
        loop {
            if filled == content.len() {
                if matches!(self.body.0.source, Source::Done) && self.body.0.decoder.is_none() {
                    break;
                }
                if filled == most {
                    cut = self.body.0.read_decoded(&mut [0]).await? > 0;
                    break;
                }
                content.resize((content.len() * 2).max(PIECE / 8).min(most), 0);
            }
            match self
                .body
                .0
                .read_decoded(content.get_mut(filled..).unwrap_or_default())
                .await?
            {
                0 => break,
                count => filled += count,
            }
        }
        content.truncate(filled);
        self.take_trailers();
        Ok((content.into(), cut))
    }
}

/// As it would come from the network, its content coded as its headers say.
impl<D: Driver> From<Response> for Response<BodyStream<D>> {
    fn from(response: Response) -> Self {
        let body = BodyStream::memory(response.body, ResponseLimits::default());
        Self {
            head: response.head,
            body,
        }
    }
}

/// How far somebody has read a body piece by piece.
pub(crate) struct Cursor {
    decoded: bool,
    buffer: Vec<u8>,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Fresh,
    Reading,
    Over,
}

impl Cursor {
    /// At the beginning of the body, decoded or as received.
    pub(crate) fn new(decoded: bool) -> Self {
        Self {
            decoded,
            buffer: Vec::new(),
            stage: Stage::Fresh,
        }
    }

    /// The next piece; none at the end, and after an error.
    pub(crate) async fn next<D: Driver>(
        &mut self,
        response: &mut Response<BodyStream<D>>,
    ) -> Option<Result<Bytes>> {
        if self.stage == Stage::Over {
            return None;
        }
        let piece = self.piece(&mut response.body.0).await;
        response.take_trailers();
        let piece = piece.map_err(|e| response.attach(e)).transpose();
        if !matches!(piece, Some(Ok(_))) {
            self.stage = Stage::Over;
        }
        piece
    }

    async fn piece<D: Driver>(&mut self, body: &mut Inner<D>) -> Result<Option<Bytes>> {
        if self.stage == Stage::Fresh {
            self.stage = Stage::Reading;
            let closed = matches!(body.source, Source::Closed);
            if !closed && std::mem::replace(&mut body.taken, true) {
                return Err(consumed());
            }
            self.buffer.resize(PIECE, 0);
        }
        let count = if self.decoded {
            body.read_decoded(&mut self.buffer).await?
        } else {
            body.read_raw(&mut self.buffer).await?
        };
        Ok(self
            .buffer
            .get(..count)
            .filter(|piece| !piece.is_empty())
            .map(Bytes::copy_from_slice))
    }

    /// Whoever reads from here wants no more of it: the response is closed (RES-29).
    pub(crate) fn give_up<D: Driver>(
        &mut self,
        response: &mut Response<BodyStream<D>>,
        error: Error,
    ) -> Error {
        self.stage = Stage::Over;
        response.close();
        response.attach(error.in_phase(Phase::Body))
    }
}

fn consumed() -> Error {
    Error::new(
        Kind::StreamConsumed,
        "the response body was read already and is not kept",
    )
}
