//! Transports besides the network.

pub(crate) mod app;
pub(crate) mod mock;
