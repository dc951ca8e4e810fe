//! Plain data: what users hold. May be built, compared and printed without a client; no I/O, no clock, no threads. (The
//! system's resolver, a value whose one method waits, is called by drivers only.)

pub(crate) mod address;
pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod cancel;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod cookies;
pub(crate) mod exclusive;
pub(crate) mod headers;
#[cfg(feature = "async")]
pub(crate) mod http2;
pub(crate) mod informational;
pub(crate) mod links;
#[cfg(feature = "multipart")]
pub(crate) mod multipart;
pub(crate) mod pieces;
pub(crate) mod proxy;
pub(crate) mod query;
pub(crate) mod record;
pub(crate) mod request;
pub(crate) mod resolver;
pub(crate) mod response;
pub(crate) mod socket;
pub(crate) mod status;
pub(crate) mod text;
pub(crate) mod timings;
pub(crate) mod tls;
pub(crate) mod trace;
pub(crate) mod url;
