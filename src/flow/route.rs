//! Which transport a URL goes to: patterns, and the table of mounts.
//!
//! Owns the grammar, matching and order of patterns (PRX-10..15). Does not know what a transport is.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::error::{Error, Kind, Result};
use crate::models::address::{literal, network};
use crate::models::url::Url;

/// A pattern such as `all://`, `https://`, `all://*.example.com`, `http://localhost:8080` or `all://10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: String,
    scheme: Option<String>,
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    /// Every address in it (ENV-07).
    Network(IpNet),
    /// An address, and the zone it has to be in if one was written.
    Address(IpAddr, Option<String>),
    Exactly(String),
    /// `*.example.com`: below it.
    Below(String),
    /// `*example.com`: it and below it.
    Within(String),
}

impl Pattern {
    /// # Errors
    /// `Config` if the text is not a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        // What stands before an `@` may be a password.
        let shown = text.rsplit('@').next().unwrap_or_default();
        let bad = |why: &str| Error::new(Kind::Config, format!("the URL pattern {shown:?} {why}"));
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme, rest),
            None if text.is_empty() => ("", ""),
            None if !text.contains(':') => {
                return Err(bad(&format!("has no scheme; did you mean \"{text}://\"?")));
            }
            None => return Err(bad("is not of the form scheme://host:port")),
        };
        let scheme = Some(scheme.to_ascii_lowercase())
            .filter(|scheme| !matches!(scheme.as_str(), "" | "all" | "*"));
        if rest.contains('/')
            && let Some(net) = network(rest)
        {
            return Ok(Self {
                text: text.to_owned(),
                scheme,
                host: Host::Network(net),
                port: None,
            });
        }
        let rest = rest.trim_end_matches('/');
        if rest.contains(['/', '?', '#', '@']) {
            return Err(bad("has more than scheme, host and port"));
        }
        let (stars, name) = match rest {
            _ if rest.starts_with("*.") => (2, rest.get(2..)),
            _ if rest.starts_with('*') => (1, rest.get(1..)),
            _ => (0, Some(rest)),
        };
        let name = name.unwrap_or_default();
        let any = name.is_empty() || name.starts_with(':');
        if name.contains('*') || (any && stars == 2) {
            return Err(bad("has a * where none may be"));
        }
        // The host goes through the rules of URLs, so that both sides of a comparison are written alike.
        let text_url = format!("//{}{name}", if any { "any" } else { "" });
        let url =
            Url::parse(&text_url).map_err(|e| bad("has a host that is none").with_source(e))?;
        Ok(Self {
            text: text.to_owned(),
            scheme,
            host: if any {
                Host::Any
            } else {
                Host::of(stars, url.raw_host())
            },
            port: url.port(),
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn matches(&self, url: &Url) -> bool {
        self.scheme
            .as_deref()
            .is_none_or(|scheme| scheme == url.scheme())
            && self
                .port
                .is_none_or(|port| url.port_or_default() == Some(port))
            && self.host.matches(url.raw_host())
    }

    /// Ports before none, longer hosts before shorter, longer schemes before shorter (PRX-13); larger is earlier. Hosts
    /// come before networks, and small networks before large ones.
    fn rank(&self) -> (bool, (u8, usize), usize) {
        let host = match &self.host {
            Host::Any => (0, 0),
            Host::Network(net) => (1, usize::from(net.prefix_len())),
            Host::Address(ip, _) => (2, ip.to_string().len()),
            Host::Exactly(name) => (2, name.len()),
            Host::Within(name) => (2, name.len() + 1),
            Host::Below(name) => (2, name.len() + 2),
        };
        (
            self.port.is_some(),
            host,
            self.scheme.as_ref().map_or(0, String::len),
        )
    }
}

impl Host {
    /// Of a host as it stands in a URL, behind so many characters of wildcard.
    fn of(wildcard: u8, host: &str) -> Self {
        let name = || without_dot(host).to_owned();
        match (wildcard, literal(host)) {
            (0, Some((ip, zone))) => Self::Address(ip.to_canonical(), zone.map(str::to_owned)),
            (0, None) => Self::Exactly(name()),
            (1, _) => Self::Within(name()),
            _ => Self::Below(name()),
        }
    }

    /// Names are compared at the borders of labels, addresses as addresses: that `*.example.com` stands at the end of a
    /// zone id, or `*0.0.1` at that of an address, means nothing (SEC-312).
    fn matches(&self, host: &str) -> bool {
        if matches!(self, Self::Any) {
            return true;
        }
        if let Some((ip, zone)) = literal(host) {
            let ip = ip.to_canonical();
            return match self {
                Self::Network(net) => net.contains(&ip),
                Self::Address(wanted, wanted_zone) => {
                    ip == *wanted
                        && wanted_zone
                            .as_deref()
                            .is_none_or(|wanted| zone == Some(wanted))
                }
                _ => false,
            };
        }
        let host = without_dot(host);
        let below = |name: &str| {
            host.strip_suffix(name)
                .is_some_and(|front| front.ends_with('.'))
        };
        match self {
            Self::Exactly(name) => host == name,
            Self::Below(name) => below(name),
            Self::Within(name) => host == name || below(name),
            Self::Any | Self::Network(_) | Self::Address(..) => false,
        }
    }
}

/// `example.org.` is `example.org`, said more firmly.
fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// Patterns and what they lead to, the first match first.
#[derive(Clone)]
pub(crate) struct Routes<T>(Vec<(Pattern, T)>);

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Routes<T> {
    /// Adds a route, in place of one with the same text (CLT-05).
    pub(crate) fn insert(&mut self, pattern: Pattern, target: T) {
        self.0.retain(|(other, _)| other.text() != pattern.text());
        let at = self
            .0
            .iter()
            .position(|(other, _)| other.rank() < pattern.rank());
        self.0.insert(at.unwrap_or(self.0.len()), (pattern, target));
    }

    pub(crate) fn find(&self, url: &Url) -> Option<&T> {
        self.0
            .iter()
            .find(|(pattern, _)| pattern.matches(url))
            .map(|(_, target)| target)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Pattern, &T)> {
        self.0.iter().map(|(pattern, target)| (pattern, target))
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, target)| target)
    }
}

impl<T> fmt::Debug for Routes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(pattern, _)| pattern.text()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        Pattern::parse(pattern)
            .unwrap()
            .matches(&Url::parse(url).unwrap())
    }

    /// PRX-10, PRX-11, PRX-12
    #[test]
    fn what_a_pattern_matches() {
        for (pattern, url, expected) in [
            ("", "http://example.com", true),
            ("all://", "https://example.com", true),
            ("*://", "ws://example.com", true),
            ("http://", "http://example.com", true),
            ("http://", "https://example.com", false),
            ("HTTP://", "http://example.com", true),
            ("all://example.com", "http://EXAMPLE.com", true),
            ("all://example.com", "http://www.example.com", false),
            ("all://*", "http://example.com", true),
            ("all://*.example.com", "http://www.example.com", true),
            ("all://*.example.com", "http://example.com", false),
            ("all://*example.com", "http://example.com", true),
            ("all://*example.com", "http://www.example.com", true),
            ("all://*example.com", "http://notexample.com", false),
            ("all://bücher.de", "http://xn--bcher-kva.de", true),
            ("all://[::1]:8080", "http://[::1]:8080", true),
            ("all://h:443", "https://h", true),
            ("http://example.com:80", "http://example.com", true),
            ("http://example.com:80", "http://example.com:8080", false),
            ("all://:1234", "http://any:1234/x", true),
            ("all://*:1234", "http://any:1234/x", true),
            ("all://*:1234", "http://any/x", false),
            (
                "all://*.example.com:1234",
                "http://a.example.com:1234",
                true,
            ),
            ("all://*.example.com:1234", "http://a.example.com", false),
            ("all://example.com.", "http://example.com", true),
            ("all://*.example.com", "http://a.example.com.", true),
            ("all://10.0.0.0/8", "http://10.1.2.3", true),
            ("all://10.0.0.0/8", "http://[::ffff:10.1.2.3]:81", true),
            ("all://10.0.0.0/8", "http://11.0.0.1", false),
            ("all://10.0.0.0/8", "http://10.example.com", false),
            ("https://10.0.0.0/8", "http://10.1.2.3", false),
            ("all://[fd00::]/8", "http://[fdff::1]", true),
            ("all://fd00::/8", "http://[fe00::1]", false),
            ("all://[fe80::1]", "http://[FE80:0::1%25eth0]", true),
            ("all://[fe80::1%25eth0]", "http://[fe80::1%25eth0]", true),
            ("all://[fe80::1%25eth0]", "http://[fe80::1]", false),
            ("all://*.example.com", "http://[::1%25a.example.com]", false),
            ("all://*0.0.1", "http://127.0.0.1", false),
        ] {
            assert_eq!(matches(pattern, url), expected, "{pattern} {url}");
        }
    }

    /// PRX-10
    #[test]
    fn what_is_no_pattern() {
        let error = Pattern::parse("http").unwrap_err();
        assert!(error.to_string().contains("\"http://\""), "{error}");
        for text in [
            "http:x",
            "http://h/path",
            "http://u@h",
            "http://h:port",
            "http://[::1",
            "http://*.",
            "http://*.:80",
            "http://**",
            "http://a.*",
            "http://10.0.0.0/33",
        ] {
            assert_eq!(
                Pattern::parse(text).unwrap_err().kind(),
                Kind::Config,
                "{text}"
            );
        }
    }

    /// PRX-13, CLT-05
    #[test]
    fn the_more_specific_pattern_is_asked_first() {
        let mut routes = Routes::default();
        let patterns = [
            "all://",
            "http://",
            "https://",
            "all://*.example.com",
            "all://example.com",
            "http://example.com",
            "all://example.com:80",
        ];
        for pattern in patterns {
            routes.insert(Pattern::parse(pattern).unwrap(), pattern);
        }
        let find =
            |routes: &Routes<&'static str>, url| routes.find(&Url::parse(url).unwrap()).copied();
        assert_eq!(
            find(&routes, "http://example.com"),
            Some("all://example.com:80")
        );
        assert_eq!(
            find(&routes, "http://example.com:8080"),
            Some("http://example.com")
        );
        assert_eq!(
            find(&routes, "https://example.com"),
            Some("all://example.com")
        );
        assert_eq!(
            find(&routes, "https://www.example.com"),
            Some("all://*.example.com")
        );
        assert_eq!(find(&routes, "https://other.com"), Some("https://"));
        assert_eq!(find(&routes, "ws://other.com"), Some("all://"));
        routes.insert(Pattern::parse("all://").unwrap(), "again");
        assert_eq!(find(&routes, "ws://other.com"), Some("again"));
        assert_eq!(routes.targets().count(), patterns.len());
    }
}
