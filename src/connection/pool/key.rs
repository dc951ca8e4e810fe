//! `Key`: what must be equal for a connection to be used again.
//!
//! Owns the comparison. Does not hold what is fixed for all of a pool, see below.

use std::sync::Arc;

use crate::models::url::Url;

/// What must be equal for a connection to be used again (R-TLS-07): scheme, host and effective port of the URL, the
/// server name asked for in TLS if it is not the host, whether HTTP/2 was offered, and whether a proxy at the other end
/// forwards requests.
///
/// Everything else that matters is fixed per transport, and each transport has a pool of its own: the proxy with its
/// credentials, verification, client certificates, socket options, the local address. The user name and password of
/// the URL make no difference, as they are part of a request, not of the connection.
#[derive(Clone)]
pub(crate) struct Key {
    url: Url,
    server_name: Option<Arc<str>>,
    shares: bool,
    forwards: bool,
}

impl Key {
    /// A connection to the origin of this URL, direct or through a tunnel.
    pub(crate) fn of(url: &Url) -> Self {
        Self {
            url: url.clone(),
            server_name: None,
            shares: false,
            forwards: false,
        }
    }

    /// A connection to a proxy that forwards plain requests, whatever their origin (R-PRX-10).
    pub(crate) fn proxy(proxy: &Url) -> Self {
        Self {
            forwards: true,
            ..Self::of(proxy)
        }
    }

    /// With another name in TLS than the host's (EXT-03).
    pub(crate) fn with_server_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Whether HTTP/2 is offered, so that what is opened may turn out to serve many at once: those who ask while it is
    /// being opened wait for the outcome (POOL-07).
    pub(crate) fn sharing(mut self, on: bool) -> Self {
        self.shares = on;
        self
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn shares(&self) -> bool {
        self.shares
    }

    pub(super) fn matches(&self, other: &Self) -> bool {
        self.url.same_origin(&other.url)
            && self.shares == other.shares
            && self.forwards == other.forwards
            && self.server_name == other.server_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-TLS-07, EXT-03, POOL-01, R-PRX-10: what may share a connection, and what may not.
    #[test]
    fn what_matches() {
        let of = |url: &str| Key::of(&Url::parse(url).unwrap());
        let proxy = |url: &str| Key::proxy(&Url::parse(url).unwrap());
        let key = of("https://user:secret@a/x?y#z");
        for same in ["https://a", "HTTPS://A:443/", "https://other@a/b"] {
            assert!(key.matches(&of(same)), "{same}");
        }
        for other in ["http://a", "https://a:444", "https://b", "wss://a"] {
            assert!(!key.matches(&of(other)), "{other}");
        }
        let named = |name: &str| of("https://a").with_server_name(name);
        assert!(named("b").matches(&named("b")));
        for other in [of("https://a"), named("c"), named("a")] {
            assert!(!named("b").matches(&other) && !other.matches(&named("b")));
        }
        assert!(!key.matches(&key.clone().sharing(true)));
        assert!(proxy("http://p:3128").matches(&proxy("http://u:s@p:3128/")));
        assert!(!proxy("https://p").matches(&of("https://p")));
    }
}
