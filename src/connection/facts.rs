//! What may be asked of a connection.

use std::fmt;

use super::Connection;
#[cfg(feature = "async")]
use crate::connection::http2::Http2;
use crate::connection::pool::Pooled;
use crate::connection::socket::Socket;
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;

impl<S: Socket> Connection<S> {
    pub(crate) fn response_done(&self) -> bool {
        self.exchange.response_done()
    }

    pub(crate) fn content_length(&self) -> Option<u64> {
        self.exchange.content_length()
    }

    pub(crate) fn switched(&self) -> bool {
        self.exchange.switched()
    }

    /// Body bytes received, without their framing.
    pub(crate) fn received(&self) -> u64 {
        self.exchange.received()
    }

    pub(crate) fn trailers(&mut self) -> Option<Headers> {
        self.exchange.trailers()
    }

    pub(crate) fn set_limits(&mut self, limits: ResponseLimits) {
        self.exchange.set_limits(limits);
    }

    /// Whether the peer has seen nothing of this request.
    pub(crate) fn is_untouched(&self) -> bool {
        !self.sent_any
    }

    /// Whether the peer has said nothing in return.
    pub(crate) fn is_unanswered(&self) -> bool {
        !self.received_any
    }
}

impl<S: Socket> Pooled for Box<Connection<S>> {
    #[cfg(feature = "async")]
    type Shared = Http2;
    #[cfg(not(feature = "async"))]
    type Shared = std::convert::Infallible;
}

/// State and number of requests, as in HTTPX (POOL-18); nothing of what is sent or received.
impl<S: Socket> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.active, self.requests) {
            (true, _) => "ACTIVE",
            (false, 0) => "NEW",
            (false, _) => "IDLE",
        };
        write!(
            f,
            "<Connection [HTTP/1.1, {state}, Request Count: {}]>",
            self.requests
        )
    }
}
