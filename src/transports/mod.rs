//! Transports besides the network.

pub(crate) mod mock;
