//! Bytes to meaning and back: no socket, no clock, no log line above TRACE.

pub(crate) mod content;
pub(crate) mod http1;
pub(crate) mod socks;
