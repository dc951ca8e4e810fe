//! `Url`: an absolute or relative URL, normalised once, as one shared text and the offsets of its components.
//!
//! Owns the type, its accessors and how it prints. Does not own parsing (`parse.rs`, `escape.rs`, `host.rs`), changing
//! (`build.rs`, `component.rs`, `join.rs`) or query parameters as values (`models/query.rs`).

mod build;
mod component;
mod convert;
mod escape;
mod host;
mod join;
mod origin;
mod parse;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use build::UrlBuilder;
pub use convert::IntoUrl;
pub(crate) use host::{is_ambiguous_ipv4, normal_host};
pub use origin::Origin;

use crate::error::Result;
use crate::models::query::QueryParams;

/// A URL or a relative reference: RFC 3986 grammar, HTTPX's normalisation.
///
/// Parsing lower-cases scheme and host, drops a default port, escapes what must not stand raw, writes an international
/// host in its `xn--` form and, where there is a scheme or a host, removes dot segments. What is left is ASCII without
/// blanks and control characters, so every part of it can go on the wire. A clone is a reference count.
///
/// [`Display`](fmt::Display) prints everything, the password included; [`Debug`] masks the password.
///
/// ```
/// use papilio::Url;
///
/// let url = Url::parse("HTTPS://jo%40email.com:a%20secret@müller.de:1234/pa%20th?search=ab#anchorlink")?;
/// assert_eq!(url.scheme(), "https");
/// assert_eq!(url.username(), "jo@email.com");
/// assert_eq!(url.host(), "müller.de");
/// assert_eq!(url.netloc(), "xn--mller-kva.de:1234");
/// assert_eq!(url.path(), "/pa th");
/// assert_eq!(url.raw_path(), "/pa%20th?search=ab");
/// assert_eq!(url.with_port(443)?.join("/new")?.raw_host(), "xn--mller-kva.de");
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
#[doc(alias = "URL")]
#[doc(alias = "Uri")]
pub struct Url {
    text: Arc<str>,
    parts: Parts,
}

/// Where the components are. Each begins where the one before ends, but for the marks between them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Parts {
    /// The end of the scheme; 0 if there is none.
    scheme: u32,
    /// After `//`; if there is no authority, as `path`.
    authority: u32,
    /// After the userinfo and its `@`.
    host: u32,
    host_end: u32,
    path: u32,
    /// At the `?` if there is a query.
    path_end: u32,
    /// At the `#` if there is a fragment.
    query_end: u32,
    port: Option<u16>,
}

impl Url {
    /// Parses a URL or a relative reference.
    ///
    /// # Errors
    /// `InvalidUrl` for a text over 65,536 bytes, a control character, a host or port that cannot be one, or a path
    /// that would read as something else.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("http://EXAMPLE.com:80/a b")?, "http://example.com/a%20b");
    /// assert!(Url::parse("../x?y")?.is_relative());
    /// assert!(Url::parse("http://example.com/\n").is_err());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        parse::parse(text)
    }

    /// The whole text, password included.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("HTTP://Example.org:80/a b")?.as_str(), "http://example.org/a%20b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme in lower case; empty if there is none.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("HTTPS://example.org/")?.scheme(), "https");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn scheme(&self) -> &str {
        self.slice(0, self.parts.scheme)
    }

    /// User name and password as they are written, without the `@`; empty if absent.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://ada:a%20b@example.org/")?.userinfo(), "ada:a%20b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn userinfo(&self) -> &str {
        self.slice(self.parts.authority, self.parts.host)
            .strip_suffix('@')
            .unwrap_or_default()
    }

    /// The user name, decoded; empty if absent.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://ada%40home@example.org/")?.username(), "ada@home");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn username(&self) -> Cow<'_, str> {
        let userinfo = self.userinfo();
        escape::decode(userinfo.split_once(':').map_or(userinfo, |(name, _)| name))
    }

    /// The password, decoded; empty if absent.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://ada:a%20b@example.org/")?.password(), "a b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn password(&self) -> Cow<'_, str> {
        escape::decode(self.userinfo().split_once(':').map_or("", |(_, word)| word))
    }

    /// The host for people: `xn--` labels decoded, no brackets around an IPv6 address. Empty if absent.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://xn--mller-kva.de/")?.host(), "müller.de");
    /// assert_eq!(Url::parse("https://[::1]/")?.host(), "::1");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn host(&self) -> Cow<'_, str> {
        host::to_unicode(self.raw_host())
    }

    /// The host in ASCII, for name lookup, TLS and headers; no brackets around an IPv6 address. Empty if absent.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://müller.de/")?.raw_host(), "xn--mller-kva.de");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn raw_host(&self) -> &str {
        let host = self.stored_host();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// The port, unless it is the scheme's default.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org:8443/")?.port(), Some(8443));
    /// assert_eq!(Url::parse("https://example.org:443/")?.port(), None);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The port, or the default of `http`, `https`, `ws`, `wss` and `ftp`.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org/")?.port_or_default(), Some(443));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "port_or_known_default")]
    pub fn port_or_default(&self) -> Option<u16> {
        self.port().or_else(|| host::default_port(self.scheme()))
    }

    /// `host` or `host:port` in ASCII, as in a `Host` header.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://ada@example.org:8443/")?.netloc(), "example.org:8443");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn netloc(&self) -> &str {
        self.slice(self.parts.host, self.parts.path)
    }

    /// The path, decoded; `/` if empty.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org/a%20b?c")?.path(), "/a b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn path(&self) -> Cow<'_, str> {
        match self.stored_path() {
            "" => Cow::Borrowed("/"),
            path => escape::decode(path),
        }
    }

    /// Path and query as they are sent: the path (`/` if empty), and `?` and the query if there is one.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org/a%20b?c#d")?.raw_path(), "/a%20b?c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "target")]
    pub fn raw_path(&self) -> Cow<'_, str> {
        let target = self.slice(self.parts.path, self.parts.query_end);
        if !self.stored_path().is_empty() {
            Cow::Borrowed(target)
        } else if target.is_empty() {
            Cow::Borrowed("/")
        } else {
            Cow::Owned(format!("/{target}"))
        }
    }

    /// The query as it is written, without the `?`; empty if absent.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org/?a=b%20c#d")?.query(), "a=b%20c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn query(&self) -> &str {
        self.stored_query().unwrap_or_default()
    }

    /// Whether there is a `?`, even with nothing after it.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert!(Url::parse("https://example.org/?")?.has_query());
    /// assert!(!Url::parse("https://example.org/")?.has_query());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn has_query(&self) -> bool {
        self.parts.path_end != self.parts.query_end
    }

    /// The query as parameters.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.com/?a=b+c&d=e%2Ff")?;
    /// assert_eq!(url.params().get("d"), Some("e/f"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn params(&self) -> QueryParams {
        QueryParams::parse(self.query())
    }

    /// The fragment, decoded, without the `#`; empty if absent. It is never sent.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org/#a%20b")?.fragment(), "a b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn fragment(&self) -> Cow<'_, str> {
        escape::decode(self.stored_fragment().unwrap_or_default())
    }

    /// Whether there are both a scheme and a host.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert!(Url::parse("https://example.org/")?.is_absolute());
    /// assert!(!Url::parse("/a")?.is_absolute());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn is_absolute(&self) -> bool {
        !self.scheme().is_empty() && !self.stored_host().is_empty()
    }

    /// Whether scheme or host is missing.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert!(Url::parse("a?b")?.is_relative());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn is_relative(&self) -> bool {
        !self.is_absolute()
    }

    /// Prints the URL with the password as `[secure]`, and with a user name that has no password, which may be a
    /// token, as `[secure]` too.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://user:pass@example.com/")?;
    /// assert_eq!(url.masked().to_string(), "https://user:[secure]@example.com/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn masked(&self) -> impl fmt::Display {
        Masked(self)
    }

    /// Appends what [`raw_path`](Self::raw_path) is.
    pub(crate) fn write_target(&self, out: &mut Vec<u8>) {
        if self.stored_path().is_empty() {
            out.push(b'/');
        }
        let target = self.slice(self.parts.path, self.parts.query_end);
        out.extend_from_slice(target.as_bytes());
    }

    /// Whether a resolver might read the host as an IPv4 address that others read as a name. Nothing may be sent
    /// there.
    pub(crate) fn has_ambiguous_host(&self) -> bool {
        is_ambiguous_ipv4(self.stored_host())
    }

    /// Whether the host is an IPv6 address with a zone, which means something on this machine only.
    pub(crate) fn has_zone(&self) -> bool {
        self.stored_host().starts_with('[') && self.stored_host().contains('%')
    }

    /// The host, with its brackets if it is an IPv6 address.
    fn stored_host(&self) -> &str {
        self.slice(self.parts.host, self.parts.host_end)
    }

    fn stored_path(&self) -> &str {
        self.slice(self.parts.path, self.parts.path_end)
    }

    fn stored_query(&self) -> Option<&str> {
        self.slice(self.parts.path_end, self.parts.query_end)
            .strip_prefix('?')
    }

    pub(crate) fn stored_fragment(&self) -> Option<&str> {
        self.text
            .get(self.parts.query_end as usize..)
            .and_then(|fragment| fragment.strip_prefix('#'))
    }

    /// Scheme and authority.
    fn before_path(&self) -> &str {
        self.slice(0, self.parts.path)
    }

    fn slice(&self, from: u32, to: u32) -> &str {
        self.text
            .get(from as usize..to as usize)
            .unwrap_or_default()
    }
}

struct Masked<'a>(&'a Url);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(url) = *self;
        let userinfo = url.userinfo();
        if userinfo.is_empty() {
            return f.write_str(url.as_str());
        }
        f.write_str(url.slice(0, url.parts.authority))?;
        if let Some((name, _)) = userinfo.split_once(':') {
            write!(f, "{name}:")?;
        }
        f.write_str("[secure]@")?;
        f.write_str(url.text.get(url.parts.host as usize..).unwrap_or_default())
    }
}

/// Everything, password included.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// With the password masked.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url(\"{}\")", self.masked())
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Url {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Url {}

impl Hash for Url {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialOrd for Url {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Url {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

/// Parses the text first: `http://EXAMPLE.com:80` equals `http://example.com`.
impl PartialEq<str> for Url {
    fn eq(&self, other: &str) -> bool {
        Self::parse(other).is_ok_and(|other| *self == other)
    }
}

impl PartialEq<&str> for Url {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<String> for Url {
    fn eq(&self, other: &String) -> bool {
        *self == **other
    }
}

impl PartialEq<Url> for str {
    fn eq(&self, other: &Url) -> bool {
        other == self
    }
}

impl PartialEq<Url> for &str {
    fn eq(&self, other: &Url) -> bool {
        other == *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// URL-39
    #[test]
    fn the_target_is_written_as_it_reads() {
        for text in [
            "http://h",
            "http://h?a",
            "http://h/p%20q?",
            "/a?b#c",
            "",
            "*",
            "?a",
        ] {
            let url = Url::parse(text).unwrap();
            let mut out = b"GET ".to_vec();
            url.write_target(&mut out);
            assert_eq!(out, format!("GET {}", url.raw_path()).into_bytes());
        }
    }

    /// SEC-204: these hosts are names (URL-15) that may not be connected to.
    #[test]
    fn hosts_some_read_as_addresses_are_known() {
        let ambiguous = |host: &str| {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            url.has_ambiguous_host()
        };
        for host in [
            "127.1",
            "0x7f.1",
            "2130706433",
            "0x",
            "017700000001",
            "1.2.3.4.",
            "a.1",
            "1.2.3.4.5",
        ] {
            assert!(ambiguous(host), "{host}");
        }
        for host in [
            "127.0.0.1",
            "[::1]",
            "1a",
            "0xg",
            "1.com",
            "h",
            "1.2.3.a",
            "x.0y1",
        ] {
            assert!(!ambiguous(host), "{host}");
        }
    }

    /// SEC-204
    #[test]
    fn zones_are_known() {
        let zone = |text: &str| Url::parse(text).unwrap().has_zone();
        assert!(zone("http://[fe80::1%25eth0]/") && zone("http://[fe80::1%eth0]/"));
        assert!(!zone("http://[fe80::1]/") && !zone("http://a%41/%"));
    }

    #[test]
    fn a_url_is_small() {
        assert!(size_of::<Url>() <= 48, "{}", size_of::<Url>());
    }
}
