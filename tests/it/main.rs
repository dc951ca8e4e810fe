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
#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "a table of cases is as long as it is"
)]

mod alone;
mod apps;
#[cfg(feature = "async")]
mod asynchronous;
mod authentication;
#[cfg(feature = "env_logger")]
mod basic_config;
mod cancel;
mod clients;
#[cfg(feature = "cli")]
mod command;
mod common;
mod cookie_client;
mod cookies;
mod decoding;
mod documentation;
mod driver;
mod environment;
mod errors;
mod examples;
mod failures;
mod headers;
mod hooks;
#[cfg(all(feature = "async", feature = "tls"))]
mod http2;
mod interim;
mod layering;
mod listener;
mod logging;
mod mounts;
#[cfg(feature = "multipart")]
mod multipart;
mod names;
mod options;
mod pool;
mod progress;
mod project;
mod promises;
mod proxies;
mod query;
mod redirects;
mod requests;
mod responses;
mod robustness;
mod runtime;
mod secrets;
mod sending;
#[allow(
    dead_code,
    reason = "a rig has tools that no test of today's feature set takes up"
)]
mod server;
mod sockets;
mod spec;
mod text;
mod timeouts;
#[cfg(feature = "tls")]
mod tls;
mod top;
mod trace;
mod transports;
mod upgrades;
mod urls;
