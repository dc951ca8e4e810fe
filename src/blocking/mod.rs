//! The blocking driver: the only code of the blocking client that waits.

pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod connect;
pub(crate) mod exchange;
pub(crate) mod hooks;
pub(crate) mod oneshot;
pub(crate) mod response;
pub(crate) mod transport;
pub(crate) mod upgraded;
pub(crate) mod wait;
