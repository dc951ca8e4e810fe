//! `Outbox`: framing on its way out, and the request as the codec wants it.
//!
//! Owns the bytes and how many of them the socket has taken. Does not write.

use crate::models::request::{Request, RequestTarget};
use crate::protocol::http1::{BodyLength, Outgoing, Target};

/// Bytes on their way out.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    /// Where more is put.
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What the socket has not taken yet.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Takes note of sent bytes; returns how many belong to what comes behind.
    pub(crate) fn sent(&mut self, count: usize) -> usize {
        let mine = count.min(self.rest().len());
        self.sent += mine;
        if self.is_empty() {
            self.clear();
        }
        count - mine
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
    }

    /// Keeps little memory while a connection is idle.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to(Self::KEPT);
    }

    const KEPT: usize = 8 << 10;
}

/// What the codec needs to know of a request.
pub(crate) fn outgoing(request: &Request) -> Outgoing<'_> {
    let target = request.extensions().get::<RequestTarget>();
    Outgoing {
        method: &request.method,
        url: &request.url,
        headers: &request.headers,
        target: target.map(|target| &target.0[..]),
        form: Target::Origin,
        length: match request.body.len() {
            Some(0) if request.body.is_empty() => BodyLength::Empty,
            Some(length) => BodyLength::Known(length),
            None => BodyLength::Unknown,
        },
    }
}
