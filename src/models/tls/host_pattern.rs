//! `HostPattern`: which hosts a client certificate or a pin is for.

use crate::error::{Error, Kind, Result};
use crate::models::url::Url;

/// `example.org`, `*.example.org` for every name below it, or `*`; each perhaps with a port, and with `https://` before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern {
    /// `None` is any.
    name: Option<String>,
    below: bool,
    port: Option<u16>,
}

impl HostPattern {
    /// # Errors
    /// `Config` if the text is not a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        // What stands before an `@` may be a password.
        let shown = text.rsplit('@').next().unwrap_or_default();
        let bad = || {
            let message = format!(
                "{shown:?} names no hosts; write \"example.org\", \"*.example.org\" or \"example.org:8443\""
            );
            Error::new(Kind::Config, message)
        };
        let rest = text.strip_prefix("https://").unwrap_or(text);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() || rest.contains(['/', '?', '#', '@', '\\']) {
            return Err(bad());
        }
        let (below, any, name) = match (rest.strip_prefix("*."), rest.strip_prefix('*')) {
            (Some(name), _) => (true, false, name),
            (None, Some(port)) if port.is_empty() || port.starts_with(':') => (false, true, port),
            _ => (false, false, rest),
        };
        // The host goes through the rules of URLs, so that both sides of a comparison are written alike.
        let authority = format!("//{}{name}", if any { "any" } else { "" });
        let url = Url::parse(&authority).map_err(|e| bad().with_source(e))?;
        let host = url.raw_host().trim_end_matches('.');
        if host.is_empty() || host.contains('*') {
            return Err(bad());
        }
        Ok(Self {
            name: (!any).then(|| host.to_owned()),
            below,
            port: url.port(),
        })
    }

    /// A dot at the end of a host makes no difference: `example.org.` is the same server, and would else escape its pin.
    pub(crate) fn matches(&self, url: &Url) -> bool {
        let host = url.raw_host().trim_end_matches('.');
        let of_name = |name: &str| {
            let front = host.strip_suffix(name);
            front.is_some_and(|front| match self.below {
                true => front.len() > 1 && front.ends_with('.'),
                false => front.is_empty(),
            })
        };
        self.name.as_deref().is_none_or(of_name)
            && self
                .port
                .is_none_or(|port| url.port_or_default() == Some(port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_urls() {
        for (pattern, url, expected) in [
            ("example.org", "https://example.org/x", true),
            ("example.org", "https://EXAMPLE.org.:8443/", true),
            ("example.org.", "https://example.org/", true),
            ("example.org", "https://www.example.org/", false),
            ("example.org", "https://notexample.org/", false),
            ("*.example.org", "https://a.b.example.org/", true),
            ("*.example.org", "https://example.org/", false),
            ("*.example.org", "https://notexample.org/", false),
            ("example.org:8443", "https://example.org:8443/", true),
            ("example.org:8443", "https://example.org/", false),
            ("https://example.org:443", "https://example.org/", true),
            (
                "https://example.org:443/",
                "https://example.org:444/",
                false,
            ),
            ("bücher.de", "https://xn--bcher-kva.de/", true),
            ("127.0.0.1", "https://127.0.0.1:1/", true),
            ("[::1]:8443", "https://[::1]:8443/", true),
            ("*", "https://any.test/", true),
            ("*:8443", "https://any.test/", false),
        ] {
            let parsed = HostPattern::parse(pattern).unwrap();
            assert_eq!(
                parsed.matches(&Url::parse(url).unwrap()),
                expected,
                "{pattern} {url}"
            );
        }
        for text in [
            "",
            "http://example.org",
            "a/b",
            "*example.org",
            "*.",
            "a:b",
            "a.*.b",
        ] {
            let error = HostPattern::parse(text).unwrap_err();
            assert_eq!(error.kind(), Kind::Config, "{text}");
        }
        let error = HostPattern::parse("user:secret@example.org").unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
}
