//! `Origin`: scheme, host and effective port, what connections, credentials and redirects are kept apart by.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use super::Url;
use super::host::default_port;

/// Scheme, host and port of a URL (RFC 6454 section 4); user name, path, query and fragment are not part of it.
///
/// ```
/// # use papilio::Url;
/// let origin = Url::parse("https://user:secret@example.com:443/path")?.origin();
/// assert_eq!(origin.to_string(), "https://example.com");
/// assert_eq!(origin.port(), Some(443));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// A default port is never written, so equal origins are equal texts.
    text: Arc<str>,
}

impl Origin {
    /// The scheme, in lower case.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org/a")?.origin().scheme(), "https");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn scheme(&self) -> &str {
        self.text.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// The host in ASCII, without brackets.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://[::1]/a")?.origin().host(), "::1");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn host(&self) -> &str {
        let (host, _) = split_port(self.netloc());
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// The port, or the scheme's default.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org/a")?.origin().port(), Some(443));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn port(&self) -> Option<u16> {
        let (_, port) = split_port(self.netloc());
        port.or_else(|| default_port(self.scheme()))
    }

    /// `scheme://host`, and the port if it is not the default.
    ///
    /// ```
    /// # use papilio::Url;
    /// assert_eq!(Url::parse("https://example.org:8443/a")?.origin().as_str(), "https://example.org:8443");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn netloc(&self) -> &str {
        self.text.split_once("//").map_or("", |(_, netloc)| netloc)
    }
}

impl Url {
    /// Scheme, host and port.
    ///
    /// ```
    /// # use papilio::Url;
    /// let one = Url::parse("https://ada@example.org/a")?;
    /// let other = Url::parse("https://example.org:443/b?c")?;
    /// assert_eq!(one.origin(), other.origin());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn origin(&self) -> Origin {
        Origin {
            text: Arc::from(self.origin_text()),
        }
    }

    /// Whether both have the same scheme, host and port, default ports filled in.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.com/a")?;
    /// assert!(url.same_origin(&Url::parse("HTTPS://Example.com:443/b")?));
    /// assert!(!url.same_origin(&Url::parse("http://example.com/a")?));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn same_origin(&self, other: &Self) -> bool {
        self.stored_host() == other.stored_host()
            && self.port() == other.port()
            && self.scheme() == other.scheme()
    }

    /// What [`Origin::as_str`] of this URL's origin is; borrowed if there is no userinfo. Finds it in a map.
    pub(crate) fn origin_text(&self) -> Cow<'_, str> {
        if self.userinfo().is_empty() {
            return Cow::Borrowed(self.before_path());
        }
        Cow::Owned(format!("{}://{}", self.scheme(), self.netloc()))
    }
}

/// An IPv6 address has colons of its own.
fn split_port(netloc: &str) -> (&str, Option<u16>) {
    match netloc.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (netloc, None),
    }
}

impl Borrow<str> for Origin {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({:?})", self.as_str())
    }
}
