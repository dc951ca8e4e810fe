//! `Key`: what must be equal for a connection to be used again.
//!
//! Owns the comparison. Does not hold what is fixed for all of a pool, see below.

use std::sync::Arc;

use crate::models::url::Url;

/// What must be equal for a connection to be used again (R-TLS-07): scheme, host and effective port of the URL, the
/// server name asked for in TLS if it is not the host, whether HTTP/2 was ruled out, and whether a proxy at the other
/// end forwards requests.
///
/// Everything else that matters is fixed per transport, and each transport has a pool of its own: the proxy with its
/// credentials, verification, client certificates, ALPN, socket options, the local address. The user name and password
/// of the URL make no difference, as they are part of a request, not of the connection.
#[derive(Clone)]
pub(crate) struct Key {
    url: Url,
    /// Behind a pointer, because a lease is moved with the response it is part of. Whoever uses one such key again and
    /// again keeps and clones it.
    extra: Option<Arc<Extra>>,
}

#[derive(Clone, Default, PartialEq)]
struct Extra {
    server_name: Option<Box<str>>,
    exclusive: bool,
    forwards: bool,
}

/// Which connections may turn out to serve many requests at once, because HTTP/2 is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    Never,
    /// Where TLS decides.
    Https,
    /// Where HTTP/2 is spoken without asking.
    Always,
}

impl Key {
    /// A connection to the origin of this URL, direct or through a tunnel.
    pub(crate) fn of(url: &Url) -> Self {
        Self {
            url: url.clone(),
            extra: None,
        }
    }

    /// A connection to a proxy that forwards plain requests, whatever their origin (R-PRX-10).
    pub(crate) fn proxy(proxy: &Url) -> Self {
        Self::of(proxy).with(|extra| extra.forwards = true)
    }

    /// With another name in TLS than the host's (EXT-03).
    pub(crate) fn with_server_name(self, name: &str) -> Self {
        self.with(|extra| extra.server_name = Some(name.into()))
    }

    /// With HTTP/2 ruled out for this request, as one that upgrades the connection must have it.
    pub(crate) fn exclusive(self) -> Self {
        self.with(|extra| extra.exclusive = true)
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn matches(&self, other: &Self) -> bool {
        self.url.same_origin(&other.url)
            && match (&self.extra, &other.extra) {
                (None, None) => true,
                (Some(a), Some(b)) => a == b,
                _ => false,
            }
    }

    fn with(mut self, change: impl FnOnce(&mut Extra)) -> Self {
        change(Arc::make_mut(self.extra.get_or_insert_default()));
        self
    }
}

impl Sharing {
    /// Whether those who ask while such a connection is being opened wait for the outcome (POOL-07).
    pub(super) fn covers(self, key: &Key) -> bool {
        let extra = key.extra.as_deref();
        let exclusive = extra.is_some_and(|extra| extra.exclusive || extra.forwards);
        match self {
            Self::Never => false,
            Self::Https => !exclusive && key.url.scheme() == "https",
            Self::Always => !exclusive,
        }
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
        assert!(!key.matches(&key.clone().exclusive()));
        assert!(proxy("http://p:3128").matches(&proxy("http://u:s@p:3128/")));
        assert!(!proxy("https://p").matches(&of("https://p")));
    }

    /// POOL-07: https if HTTP/2 may be negotiated, everything if it need not be; never what HTTP/2 cannot do.
    #[test]
    fn what_may_be_shared() {
        let of = |url: &str| Key::of(&Url::parse(url).unwrap());
        let cases = [
            (of("https://a"), [false, true, true]),
            (of("https://a").with_server_name("b"), [false, true, true]),
            (of("https://a").exclusive(), [false; 3]),
            (of("http://a"), [false, false, true]),
            (of("wss://a").exclusive(), [false; 3]),
            (Key::proxy(&Url::parse("https://p").unwrap()), [false; 3]),
        ];
        for (key, expected) in cases {
            let all = [Sharing::Never, Sharing::Https, Sharing::Always];
            assert_eq!(all.map(|sharing| sharing.covers(&key)), expected);
        }
    }
}
