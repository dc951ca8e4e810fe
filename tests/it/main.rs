//! The integration tests: one binary, one module a topic, only papilio's public API.
//!
//! `server` is the rig: a scripted server on loopback, so no test needs the network. `spec` and `layering` test the
//! project itself: that the tests cover the specification, and that the source keeps its shape.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do its helpers"
)]

mod alone;
mod layering;
mod pool;
mod project;
mod robustness;
mod runtime;
mod sending;
#[allow(
    dead_code,
    reason = "a rig has tools that no test of today's feature set takes up"
)]
mod server;
mod spec;
mod timeouts;
#[cfg(feature = "tls")]
mod tls;
mod upgrades;
