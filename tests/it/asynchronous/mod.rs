//! The async client: the tests of behaviour once more, with `driver.rs` between them and papilio; and what only this
//! client does.

#![allow(
    clippy::duplicate_mod,
    reason = "one body of test, compiled for each of the two clients"
)]

mod cancellation;
#[allow(
    dead_code,
    reason = "a face has all of its features, whether a test looks at them or not"
)]
mod driver;
mod load;
mod runtimes;
mod streaming;

#[path = "../authentication.rs"]
mod authentication;
#[path = "../clients.rs"]
mod clients;
#[path = "../common.rs"]
mod common;
#[path = "../cookie_client.rs"]
mod cookie_client;
#[path = "../decoding.rs"]
mod decoding;
#[path = "../errors.rs"]
mod errors;
#[path = "../headers.rs"]
mod headers;
#[path = "../hooks.rs"]
mod hooks;
#[path = "../logging.rs"]
mod logging;
#[path = "../mounts.rs"]
mod mounts;
#[cfg(feature = "multipart")]
#[path = "../multipart.rs"]
mod multipart;
#[path = "../options.rs"]
mod options;
#[path = "../pool.rs"]
mod pool;
#[path = "../progress.rs"]
mod progress;
#[path = "../redirects.rs"]
mod redirects;
#[path = "../requests.rs"]
mod requests;
#[path = "../responses.rs"]
mod responses;
#[path = "../robustness.rs"]
mod robustness;
#[path = "../secrets.rs"]
mod secrets;
#[path = "../sending.rs"]
mod sending;
#[path = "../text.rs"]
mod text;
#[path = "../timeouts.rs"]
mod timeouts;
#[cfg(feature = "tls")]
#[path = "../tls.rs"]
mod tls;
#[path = "../trace.rs"]
mod trace;
#[path = "../transports.rs"]
mod transports;
#[path = "../upgrades.rs"]
mod upgrades;
