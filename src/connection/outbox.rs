//! `Outbox`: framing on its way out, and the request as the codec wants it.
//!
//! Owns the bytes and how many of them the socket has taken. Does not write.

/// Bytes on their way out.
#[derive(Default)]
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

/// How an upload went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Everything given so far is sent.
    All,
    /// The peer has answered or gone; the rest must not be sent.
    Stopped,
}
