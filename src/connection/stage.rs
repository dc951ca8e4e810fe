//! How far an exchange has got.

/// How far the request has got, for the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    New,
    Idle,
    Headers,
    Body,
    Sent,
}

/// How an upload went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Everything given so far is sent.
    All,
    /// The peer has answered or gone; the rest must not be sent.
    Stopped,
}
