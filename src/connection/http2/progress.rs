//! `Progress`: how far a request on a stream has got, told event by event.
//!
//! Owns the order of the events (EXT-22, EXT-23). Does not own who listens (`connection/events.rs`).

use http::StatusCode;

use crate::connection::events::{Name, Tracer};
use crate::error::{Error, Kind, Result};
use crate::models::headers::Headers;
use crate::models::trace::EventInfo;
use crate::protocol::http1::ParsedHead;

/// The events of one stream. An error of its own is the callback's, which ends the request.
#[derive(Debug, Default)]
pub(super) struct Progress {
    tracer: Tracer,
    stream: u32,
    /// The step that was started and has not ended.
    open: Option<Name>,
}

impl Progress {
    /// The head of the request is handed over.
    pub(super) fn begin(&mut self, tracer: &Tracer, stream: u32) -> Result<()> {
        self.tracer.clone_from(tracer);
        self.stream = stream;
        if self.tracer.is_off() {
            return Ok(());
        }
        self.start(Name::H2SendRequestHeaders)?;
        self.finish(EventInfo::None)?;
        self.start(Name::H2SendRequestBody)
    }

    /// The request is handed over to its end, or as far as it will be.
    pub(super) fn sent(&mut self) -> Result<()> {
        if self.open == Some(Name::H2SendRequestBody) {
            return self.finish(EventInfo::None);
        }
        Ok(())
    }

    /// The server's settings were received.
    pub(super) fn settled(&self) -> Result<()> {
        let name = Name::H2ReceiveRemoteSettings;
        self.tracer.started_on_stream(name, self.stream)?;
        self.tracer.complete(name, EventInfo::None)
    }

    /// An interim response is there.
    ///
    /// # Errors
    /// The callback's.
    pub(super) fn interim(&self, status: StatusCode, headers: &Headers) -> Result<()> {
        log::trace!(target: "papilio::http2", "interim response {status} {headers:?}");
        self.tracer.informational(status, headers)
    }

    /// The head of the response is waited for.
    pub(super) fn awaiting_head(&mut self) -> Result<()> {
        if self.tracer.is_off() || self.open == Some(Name::H2ReceiveResponseHeaders) {
            return Ok(());
        }
        self.sent()?;
        self.start(Name::H2ReceiveResponseHeaders)
    }

    /// The head of the response is there.
    pub(super) fn received(&mut self, head: &ParsedHead) -> Result<()> {
        if self.tracer.is_off() {
            return Ok(());
        }
        self.finish(head.info())
    }

    /// The body is being read.
    pub(super) fn reading(&mut self) -> Result<()> {
        if self.tracer.is_off() || self.open == Some(Name::H2ReceiveResponseBody) {
            return Ok(());
        }
        self.start(Name::H2ReceiveResponseBody)
    }

    /// The step at hand failed.
    pub(super) fn failed(&mut self, error: &Error) {
        if let Some(name) = self.open.take() {
            self.tracer.failed(name, error);
        }
    }

    /// The request is over; whether the response was received to its end.
    pub(super) fn end(&mut self, done: bool) -> Result<()> {
        if self.tracer.is_off() {
            return Ok(());
        }
        let body = match self.open {
            Some(Name::H2ReceiveResponseBody) if done => self.finish(EventInfo::None),
            None => Ok(()),
            Some(_) => {
                self.failed(&Error::new(
                    Kind::StreamClosed,
                    "the response was closed before its body was read",
                ));
                Ok(())
            }
        };
        let tracer = std::mem::take(&mut self.tracer);
        let stream = EventInfo::Stream {
            request: None,
            id: self.stream,
        };
        let closed = tracer
            .started(Name::H2ResponseClosed, stream)
            .and_then(|()| tracer.complete(Name::H2ResponseClosed, EventInfo::None));
        body.and(closed)
    }

    fn start(&mut self, name: Name) -> Result<()> {
        self.tracer.started_on_stream(name, self.stream)?;
        self.open = Some(name);
        Ok(())
    }

    fn finish(&mut self, info: EventInfo<'_>) -> Result<()> {
        match self.open.take() {
            Some(name) => self.tracer.complete(name, info),
            None => Ok(()),
        }
    }
}
