//! What both clients share at the surface: settings and builders.

pub(crate) mod builder;
pub(crate) mod request;

use crate::error::Result;
use crate::flow::defaults::Defaults;
use crate::models::config::{Limits, ResponseLimits};
use crate::models::response::DefaultEncoding;
use crate::models::tls::TlsConfig;
use crate::models::url::Url;

/// What a client does to requests and responses; can change while the client lives.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) defaults: Defaults,
    pub(crate) default_encoding: DefaultEncoding,
}

/// What a client's connections are like; fixed once it is built.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) limits: Limits,
    pub(crate) response_limits: ResponseLimits,
    pub(crate) tls: TlsConfig,
    pub(crate) connect_retries: u32,
    pub(crate) retry_stale: bool,
}

impl Config {
    /// A base URL as it is kept: ending in a slash; an empty one is none (CLT-21).
    pub(crate) fn base_url(url: Url) -> Result<Option<Url>> {
        if url.as_str().is_empty() {
            Ok(None)
        } else {
            url.with_base_slash().map(Some)
        }
    }
}
