//! `Cookie`: one record of a jar.
//!
//! Owns what a caller may put in. Does not own what a server may (`accept.rs`).

use std::fmt;
use std::time::SystemTime;

use super::matching;
use crate::error::{Error, Result};

/// A cookie with everything a jar knows about it. Changing a copy changes no jar.
///
/// ```
/// use papilio::{Cookie, Cookies};
///
/// let cookies = Cookies::new();
/// cookies.insert(Cookie::new("id", "42").with_domain("example.org").with_secure(true))?;
/// assert_eq!(cookies.iter().next().map(|cookie| cookie.secure()), Some(true));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cookie {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) domain: String,
    pub(super) host_only: bool,
    pub(super) path: String,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: Option<SameSite>,
    pub(super) expires: Option<SystemTime>,
}

/// What a server said about requests that other sites cause. papilio keeps it and does not act on it: it has no pages.
///
/// ```
/// use papilio::{Cookie, SameSite};
/// let cookie = Cookie::new("id", "42").with_same_site(SameSite::Lax);
/// assert_eq!(cookie.same_site(), Some(SameSite::Lax));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum SameSite {
    /// Only with requests from the same site.
    Strict,
    /// Also when a link is followed.
    Lax,
    /// With every request.
    None,
}

impl Cookie {
    /// A cookie for every host and path, that does not expire. What cannot be sent is refused when it enters a jar.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// let cookie = Cookie::new("id", "42");
    /// assert_eq!((cookie.domain(), cookie.path()), ("", "/"));
    /// ```
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            domain: String::new(),
            host_only: false,
            path: String::from("/"),
            secure: false,
            http_only: false,
            same_site: None,
            expires: None,
        }
    }

    /// The name.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// assert_eq!(Cookie::new("id", "42").name(), "id");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, as it was received: quotes belong to it, and `%XX` stays.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// assert_eq!(Cookie::new("id", "42").value(), "42");
    /// ```
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The domain as stored: empty for every host, `www.example.com` for one host or as the caller set it,
    /// `.example.com` if a server set it for a domain.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// let cookie = Cookie::new("id", "42").with_domain("example.org");
    /// assert_eq!(cookie.domain(), "example.org");
    /// ```
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it is sent to exactly the host that its domain names, and not to hosts below it.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// let cookie = Cookie::new("id", "42").with_domain("example.org").with_host_only(true);
    /// assert!(cookie.host_only());
    /// ```
    pub fn host_only(&self) -> bool {
        self.host_only
    }

    /// The path it is sent to, with everything below.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// let cookie = Cookie::new("id", "42").with_path("/shop");
    /// assert_eq!(cookie.path(), "/shop");
    /// ```
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is sent by `https` and `wss` only.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// assert!(!Cookie::new("id", "42").secure());
    /// ```
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// Whether the server meant it to be hidden from scripts. It is sent like any other.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// assert!(!Cookie::new("id", "42").http_only());
    /// ```
    pub fn http_only(&self) -> bool {
        self.http_only
    }

    /// What the server said in `SameSite`, if it did.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// assert_eq!(Cookie::new("id", "42").same_site(), None);
    /// ```
    pub fn same_site(&self) -> Option<SameSite> {
        self.same_site
    }

    /// When it stops being sent; `None` if it stays as long as the jar.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// assert_eq!(Cookie::new("id", "42").expires(), None);
    /// ```
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Whether its time has passed.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// use std::time::{Duration, SystemTime};
    /// let now = SystemTime::now();
    /// let cookie = Cookie::new("id", "42").with_expires(now + Duration::from_secs(60));
    /// assert!(!cookie.is_expired(now));
    /// assert!(cookie.is_expired(now + Duration::from_secs(61)));
    /// ```
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The same cookie for a domain and all below it, with or without a leading dot; empty for every host.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// let cookie = Cookie::new("id", "42").with_domain("example.org");
    /// assert_eq!(cookie.domain(), "example.org");
    /// ```
    pub fn with_domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// The same cookie for its domain alone, or again for all below it.
    ///
    /// ```
    /// # use papilio::{Cookie, Cookies, Url};
    /// let cookie = Cookie::new("id", "42").with_domain("example.org").with_host_only(true);
    /// let cookies = Cookies::new();
    /// cookies.insert(cookie)?;
    /// let url = Url::parse("https://www.example.org/")?;
    /// assert_eq!(cookies.header_for(&url, std::time::SystemTime::now()), None);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_host_only(mut self, host_only: bool) -> Self {
        self.host_only = host_only;
        self
    }

    /// The same cookie for a path and all below it.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// let cookie = Cookie::new("id", "42").with_path("/shop");
    /// assert_eq!(cookie.path(), "/shop");
    /// ```
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The same cookie for `https` and `wss` only, or again for all schemes.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// let cookie = Cookie::new("id", "42").with_secure(true);
    /// assert!(cookie.secure());
    /// ```
    pub fn with_secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// The same cookie with the mark that hides it from scripts, or without.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// let cookie = Cookie::new("id", "42").with_http_only(true);
    /// assert!(cookie.http_only());
    /// ```
    pub fn with_http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// The same cookie with another `SameSite`.
    ///
    /// ```
    /// # use papilio::{Cookie, SameSite};
    /// let cookie = Cookie::new("id", "42").with_same_site(SameSite::Lax);
    /// assert_eq!(cookie.same_site(), Some(SameSite::Lax));
    /// ```
    pub fn with_same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// The same cookie with another end.
    ///
    /// ```
    /// # use papilio::Cookie;
    /// use std::time::{Duration, SystemTime};
    /// let cookie = Cookie::new("id", "42").with_expires(SystemTime::now() + Duration::from_secs(60));
    /// assert!(cookie.expires().is_some());
    /// ```
    pub fn with_expires(mut self, expires: impl Into<Option<SystemTime>>) -> Self {
        self.expires = expires.into();
        self
    }

    /// The domain without the leading dot of a domain that a server set.
    pub(super) fn bare_domain(&self) -> &str {
        self.domain.strip_prefix('.').unwrap_or(&self.domain)
    }

    /// What a caller made, as a jar keeps it: safe to be sent, the domain in the form hosts of URLs have.
    pub(super) fn checked(mut self) -> Result<Self> {
        if !is_clean(&self.name) || self.name.is_empty() || self.name.contains('=') {
            return Err(Error::local(
                "a cookie's name must be text without '=', ';' and control characters",
            ));
        }
        if !is_clean(&self.value) {
            return Err(Error::local(
                "a cookie's value must be text without ';' and control characters",
            ));
        }
        if !self.path.starts_with('/') || !is_clean(&self.path) {
            return Err(Error::local("a cookie's path must begin with '/'"));
        }
        let domain = matching::stored_domain(&self.domain)
            .ok_or_else(|| Error::local("a cookie's domain must be a host name"))?;
        self.domain = domain.into_owned();
        if self.host_only {
            self.domain = self.bare_domain().to_owned();
            self.host_only = !self.domain.is_empty();
        }
        Ok(self)
    }
}

/// Name and domain; the value as `[secure]`.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Cookie");
        out.field("name", &self.name)
            .field("value", &format_args!("[secure]"))
            .field("domain", &self.domain)
            .field("path", &self.path);
        for (name, set) in [
            ("host_only", self.host_only),
            ("secure", self.secure),
            ("http_only", self.http_only),
        ] {
            if set {
                out.field(name, &set);
            }
        }
        if let Some(same_site) = self.same_site {
            out.field("same_site", &same_site);
        }
        if let Some(expires) = self.expires {
            out.field("expires", &expires);
        }
        out.finish()
    }
}

/// Nothing that would end the cookie or the field, and no blank at an end, which a server would not see.
fn is_clean(text: &str) -> bool {
    let forbidden = |byte: u8| byte == b';' || (byte.is_ascii_control() && byte != b'\t');
    !text.bytes().any(forbidden) && text.trim_matches([' ', '\t']) == text
}
