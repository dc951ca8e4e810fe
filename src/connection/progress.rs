//! `Progress`: how far an exchange has got, told event by event.
//!
//! Owns the order of the events of an exchange (EXT-22, EXT-23): each that started is complete or failed before the
//! next. Does not own the exchange (`connection/mod.rs`) or who listens (`connection/events.rs`).

use std::io;

use crate::connection::events::{Name, Tracer};
use crate::error::{Error, Kind, Phase, Result};
use crate::models::timings::Mark;
use crate::models::trace::EventInfo;
use crate::protocol::http1::ParsedHead;

/// The events of one exchange. An error of its own is the callback's, which ends the exchange.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    tracer: Tracer,
    /// The step that was started and has not ended.
    open: Option<Name>,
}

impl Progress {
    /// The request is about to be sent.
    #[inline]
    pub(crate) fn begin(&mut self, tracer: &Tracer) -> Result<()> {
        self.tracer.clone_from(tracer);
        self.open = None;
        if self.tracer.is_off() {
            return Ok(());
        }
        self.start(Name::SendRequestHeaders)
    }

    /// What there was to send is sent; whether that was the last of it.
    #[inline]
    pub(crate) fn flushed(&mut self, all: bool) -> Result<()> {
        if self.tracer.is_off() {
            return Ok(());
        }
        if self.open == Some(Name::SendRequestHeaders) {
            self.finish(EventInfo::None)?;
            self.start(Name::SendRequestBody)?;
        }
        if all && self.open == Some(Name::SendRequestBody) {
            self.finish(EventInfo::None)?;
        }
        Ok(())
    }

    /// Something of the response is there.
    #[inline]
    pub(crate) fn answered(&self) {
        self.tracer.mark(Mark::FirstByte);
    }

    /// An interim response is there.
    ///
    /// # Errors
    /// What the callback for these returned: the exchange is over.
    #[cold]
    pub(crate) fn interim(&mut self, head: &ParsedHead) -> Result<()> {
        log::trace!(target: "papilio::http11", "interim response{}", head.info());
        self.tracer.informational(head.status, &head.headers)
    }

    /// The head of the response is waited for.
    #[inline]
    pub(crate) fn awaiting_head(&mut self) -> Result<()> {
        if self.tracer.is_off() || self.open == Some(Name::ReceiveResponseHeaders) {
            return Ok(());
        }
        self.start(Name::ReceiveResponseHeaders)
    }

    /// The head of the response is there.
    #[inline]
    pub(crate) fn received(&mut self, head: &ParsedHead) -> Result<()> {
        if self.tracer.is_off() {
            return Ok(());
        }
        self.finish(head.info())
    }

    /// The body is being read.
    #[inline]
    pub(crate) fn reading(&mut self) -> Result<()> {
        if self.tracer.is_off() || self.open == Some(Name::ReceiveResponseBody) {
            return Ok(());
        }
        self.start(Name::ReceiveResponseBody)
    }

    /// Sending failed; there may be an answer all the same.
    pub(crate) fn stopped(&mut self, error: &io::Error) {
        if !self.tracer.is_off() {
            let error = Error::new(Kind::Write, format!("sending failed: {error}"));
            self.failed(&error.in_phase(Phase::Send));
        }
    }

    /// The step at hand failed.
    pub(crate) fn failed(&mut self, error: &Error) {
        if let Some(name) = self.open.take() {
            self.tracer.failed(name, error);
        }
    }

    /// The exchange is over; whether the response was received to its end.
    #[inline]
    pub(crate) fn end(&mut self, done: bool) -> Result<()> {
        if self.tracer.is_off() {
            return Ok(());
        }
        self.close(done)
    }

    #[cold]
    fn close(&mut self, done: bool) -> Result<()> {
        let body = match self.open {
            Some(Name::ReceiveResponseBody) if done => self.finish(EventInfo::None),
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
        let closed = tracer
            .started_with_request(Name::ResponseClosed)
            .and_then(|()| tracer.complete(Name::ResponseClosed, EventInfo::None));
        body.and(closed)
    }

    #[cold]
    fn start(&mut self, name: Name) -> Result<()> {
        self.tracer.started_with_request(name)?;
        self.open = Some(name);
        Ok(())
    }

    #[cold]
    fn finish(&mut self, info: EventInfo<'_>) -> Result<()> {
        match self.open.take() {
            Some(name) => self.tracer.complete(name, info),
            None => Ok(()),
        }
    }
}
