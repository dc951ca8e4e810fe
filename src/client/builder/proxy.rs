//! Which URLs go through which proxy.
//!
//! Owns the settings. Does not own patterns (`flow/route.rs`), proxies (`models/proxy.rs`) or the environment.

use crate::client::Buildable;
use crate::client::builder::ClientBuilder;
use crate::error::Result;
use crate::flow::route::{Pattern, Routes};
use crate::models::proxy::{IntoProxy, Proxy};

/// What a client was told about proxies.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProxySettings {
    /// The environment has no say.
    pub(crate) explicit: bool,
    /// `None` is no proxy.
    pub(crate) routes: Routes<Option<Proxy>>,
}

impl<C: Buildable> ClientBuilder<C> {
    /// Sends everything through this proxy: a URL such as `http://user:password@localhost:3128` or
    /// `socks5://localhost`, or a [`Proxy`]. The environment's proxies do not count then.
    ///
    /// ```
    /// use papilio::Client;
    /// let client = Client::builder().proxy("http://localhost:3128").build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "proxies")]
    pub fn proxy(self, proxy: impl IntoProxy) -> Self {
        self.proxy_for("all://", proxy)
    }

    /// Sends what this pattern matches through this proxy. Patterns are those of mounts: `scheme://host:port`, of which
    /// any part may be missing; the most specific one counts, whatever the order.
    ///
    /// ```
    /// use papilio::Client;
    /// let client = Client::builder()
    ///     .proxy_for("https://", "http://localhost:3128")
    ///     .proxy_for("all://*.example.org", "socks5://localhost")
    ///     .no_proxy_for("all://intranet.example.org")
    ///     .build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn proxy_for(mut self, pattern: &str, proxy: impl IntoProxy) -> Self {
        let checked = proxy.into_proxy().and_then(|proxy| {
            proxy.check()?;
            Ok(proxy)
        });
        match checked {
            Ok(proxy) => self.proxy_route(pattern, Some(proxy)),
            Err(error) => {
                self.fail(error);
                self
            }
        }
    }

    /// Sends what this pattern matches without a proxy.
    ///
    /// ```
    /// let client = papilio::Client::builder()
    ///     .proxy("http://localhost:3128")
    ///     .no_proxy_for("all://*.intranet.example.org")
    ///     .build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn no_proxy_for(self, pattern: &str) -> Self {
        self.proxy_route(pattern, None)
    }

    /// Sends everything without a proxy, whatever the environment or a setting before this one says.
    ///
    /// ```
    /// use papilio::Client;
    /// let client = Client::builder().no_proxy().build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn no_proxy(mut self) -> Self {
        self.network.proxies = ProxySettings {
            explicit: true,
            routes: Routes::default(),
        };
        self
    }

    fn proxy_route(mut self, pattern: &str, proxy: Option<Proxy>) -> Self {
        self.network.proxies.explicit = true;
        let parsed: Result<Pattern> = Pattern::parse(pattern);
        match parsed {
            Ok(pattern) => self.network.proxies.routes.insert(pattern, proxy),
            Err(error) => self.fail(error),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocking::client::Client;
    use crate::error::Kind;
    use crate::models::url::Url;

    fn builder() -> ClientBuilder<Client> {
        Client::builder()
    }

    fn through(builder: ClientBuilder<Client>, url: &str) -> Option<String> {
        let mut builder = builder;
        let settings = builder.network().unwrap().proxies;
        let proxy = settings.routes.find(&Url::parse(url).unwrap())?.clone();
        proxy.map(|proxy| proxy.to_string())
    }

    /// PRX-01, PRX-14
    #[test]
    fn the_most_specific_pattern_counts() {
        let all = || {
            builder()
                .no_proxy_for("all://direct.example.org")
                .proxy_for("https://", "http://b")
                .proxy("http://a")
        };
        for (url, proxy) in [
            ("http://example.org", Some("http://a")),
            ("https://example.org", Some("http://b")),
            ("https://direct.example.org", None),
        ] {
            assert_eq!(through(all(), url).as_deref(), proxy, "{url}");
        }
        assert!(all().network.proxies.explicit);
        let some = builder().proxy_for("http://", "http://a");
        assert!(
            some.network.proxies.explicit,
            "as with one for all (CLT-04)"
        );
        let none = all().no_proxy();
        assert!(none.network.proxies.explicit);
        assert_eq!(through(none, "http://example.org"), None);
    }

    /// PRX-02, PRX-10, R-PRX-11
    #[test]
    fn bad_settings_are_found_when_it_is_built() {
        for mut builder in [
            builder().proxy("ftp://h"),
            builder().proxy("http://h:x"),
            builder().proxy("http://"),
            builder().proxy_for("http", "http://h"),
            builder().no_proxy_for("http"),
            builder().proxy(Proxy::new("http://h").unwrap().verify(false)),
        ] {
            assert_eq!(builder.network().unwrap_err().kind(), Kind::Config);
        }
    }
}
