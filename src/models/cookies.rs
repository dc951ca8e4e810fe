//! `Cookies`: a jar that keeps what servers set and what the caller sets, and knows what goes with which request.
//!
//! Owns the public interface and the lock. Does not own how a `Set-Cookie` field is read (`cookies/parse.rs`,
//! `cookies/date.rs`), which cookies are accepted (`cookies/accept.rs`), who matches whom (`cookies/matching.rs`), the
//! storage and its limits (`cookies/jar.rs`), files (`cookies/netscape.rs`, `cookies/serialize.rs`), or when a client
//! asks. There is no clock here: the time is given.

mod accept;
mod cookie;
mod date;
mod jar;
mod matching;
mod netscape;
mod parse;
#[cfg(feature = "json")]
mod serialize;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

pub use cookie::{Cookie, SameSite};

use crate::error::{Error, Kind, Result, escaped};
use crate::models::url::Url;
use jar::Jar;

/// A cookie jar by the rules of browsers (RFC 6265bis), with map-like access by name.
///
/// A shared reference is enough to change it: there is a lock inside, and `Cookies` is `Send + Sync`. A clone is a copy
/// that goes its own way.
///
/// A cookie is identified by its domain, path and name. Its [domain](Cookie::domain) is stored as text: empty for a
/// cookie that is sent to every host, `www.example.com` for one that only that host gets back, `.example.com` for one
/// that a server set for the domain and all below it. Methods that take a domain mean that text.
///
/// Of what servers set at most 180 cookies a domain and 3000 in all are kept, and the oldest go first; what the caller
/// sets does not count. A cookie that is not UTF-8, or longer than 4096 bytes, is ignored.
///
/// ```
/// use std::time::SystemTime;
/// use papilio::{Cookies, Url};
///
/// let cookies = Cookies::from_pairs([("theme", "dark")])?;
/// let url = Url::parse("https://www.example.org/account/login")?;
/// let now = SystemTime::now();
/// cookies.store(&url, ["id=42; Path=/; Secure", "step=1"], now);
/// assert_eq!(cookies.get("id")?.as_deref(), Some("42"));
/// let sent = cookies.header_for(&url, now);
/// assert_eq!(sent.as_deref(), Some("step=1; theme=dark; id=42"));
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "CookieJar")]
#[doc(alias = "Jar")]
#[derive(Default)]
pub struct Cookies {
    jar: Mutex<Jar>,
}

impl Cookies {
    /// No cookies.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// assert!(Cookies::new().is_empty());
    /// ```
    pub const fn new() -> Self {
        Self {
            jar: Mutex::new(Jar::new()),
        }
    }

    /// From names and values: of a list, an array, a map. Each is as for [`set`](Self::set).
    ///
    /// # Errors
    /// `LocalProtocol` for a name or value that cannot be sent.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs(std::collections::BTreeMap::from([("a", "1"), ("b", "2")]))?;
    /// assert_eq!(cookies.len(), 2);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        let cookies = Self::new();
        for (name, value) in pairs {
            cookies.set(name, value)?;
        }
        Ok(cookies)
    }

    /// Sets a cookie that is sent to every host and path, until it is deleted.
    ///
    /// # Errors
    /// `LocalProtocol` if the name is empty or has a `=`, if either has a `;` or a control character, or begins or ends
    /// with a blank.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::new();
    /// cookies.set("theme", "dark")?;
    /// assert_eq!(cookies.get("theme")?.as_deref(), Some("dark"));
    /// assert!(cookies.set("a", "b; Secure").is_err());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set(&self, name: impl Into<String>, value: impl Into<String>) -> Result<()> {
        self.insert(Cookie::new(name, value))
    }

    /// Sets a cookie that is sent to a domain and all below it, for a path and all below it. An empty domain is every
    /// host, and the path `/` is every path.
    ///
    /// # Errors
    /// `LocalProtocol` as for [`set`](Self::set), for a domain that is no host name, and for a path that does not begin
    /// with `/` or has a `;` or a control character.
    ///
    /// ```
    /// # use papilio::{Cookies, Url};
    /// let cookies = Cookies::new();
    /// cookies.set_for("id", "42", "example.org", "/shop")?;
    /// let url = Url::parse("http://www.example.org/shop/cart")?;
    /// assert!(cookies.header_for(&url, std::time::SystemTime::now()).is_some());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_for(
        &self,
        name: impl Into<String>,
        value: impl Into<String>,
        domain: impl Into<String>,
        path: impl Into<String>,
    ) -> Result<()> {
        let cookie = Cookie::new(name, value);
        self.insert(cookie.with_domain(domain).with_path(path))
    }

    /// Sets a cookie with whatever it has, replacing the one of the same domain, path and name.
    ///
    /// # Errors
    /// As for [`set_for`](Self::set_for).
    ///
    /// ```
    /// # use papilio::{Cookie, Cookies};
    /// let cookies = Cookies::new();
    /// cookies.insert(Cookie::new("id", "42").with_domain("example.org").with_secure(true))?;
    /// assert_eq!(cookies.len(), 1);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn insert(&self, cookie: Cookie) -> Result<()> {
        let cookie = cookie.checked()?;
        self.lock().put(cookie, false);
        Ok(())
    }

    /// The value of the cookie of that name, whatever its domain and path.
    ///
    /// # Errors
    /// `CookieConflict` if there are several; [`get_in`](Self::get_in) tells them apart.
    ///
    /// ```
    /// # use papilio::{Cookies, Kind};
    /// let cookies = Cookies::from_pairs([("id", "1")])?;
    /// assert_eq!(cookies.get("id")?.as_deref(), Some("1"));
    /// assert_eq!(cookies.get("none")?, None);
    /// cookies.set_for("id", "2", "example.org", "/")?;
    /// assert_eq!(cookies.get("id").unwrap_err().kind(), Kind::CookieConflict);
    /// assert_eq!(cookies.get_in("id", Some("example.org"), None)?.as_deref(), Some("2"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn get(&self, name: &str) -> Result<Option<String>> {
        self.get_in(name, None, None)
    }

    /// The value of the cookie of that name and, where given, of exactly that stored domain and path.
    ///
    /// # Errors
    /// `CookieConflict` if there are several.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("id", "1")])?;
    /// cookies.set_for("id", "2", "example.org", "/")?;
    /// assert_eq!(cookies.get_in("id", Some("example.org"), Some("/"))?.as_deref(), Some("2"));
    /// assert_eq!(cookies.get_in("id", Some(""), None)?.as_deref(), Some("1"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn get_in(
        &self,
        name: &str,
        domain: Option<&str>,
        path: Option<&str>,
    ) -> Result<Option<String>> {
        let jar = self.lock();
        let mut found = jar.named(name, domain, path);
        let first = found.next();
        if found.next().is_some() {
            let name = escaped(name.as_bytes());
            return Err(Error::new(
                Kind::CookieConflict,
                format!("Multiple cookies exist with name={name}"),
            ));
        }
        Ok(first.map(|cookie| cookie.value().to_owned()))
    }

    /// Whether there is a cookie of that name.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// assert!(cookies.contains("a") && !cookies.contains("c"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn contains(&self, name: &str) -> bool {
        self.lock().named(name, None, None).next().is_some()
    }

    /// Deletes every cookie of that name; says whether there was one.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// assert!(cookies.delete("a"));
    /// assert!(!cookies.delete("a"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "remove")]
    pub fn delete(&self, name: &str) -> bool {
        self.delete_in(name, None, None)
    }

    /// Deletes the cookies of that name and, where given, of exactly that stored domain and path; says whether there was
    /// one.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// cookies.set_for("a", "3", "example.org", "/")?;
    /// assert!(cookies.delete_in("a", Some("example.org"), None));
    /// assert_eq!(cookies.get("a")?.as_deref(), Some("1"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn delete_in(&self, name: &str, domain: Option<&str>, path: Option<&str>) -> bool {
        self.lock().remove(domain, |cookie| {
            cookie.name() == name && path.is_none_or(|path| cookie.path() == path)
        })
    }

    /// Deletes all.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// cookies.clear();
    /// assert!(cookies.is_empty());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn clear(&self) {
        *self.lock() = Jar::new();
    }

    /// Deletes all of exactly that stored domain.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// cookies.set_for("c", "3", "example.org", "/")?;
    /// cookies.clear_domain("example.org");
    /// assert_eq!(cookies.len(), 2);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn clear_domain(&self, domain: &str) {
        self.lock().remove(Some(domain), |_| true);
    }

    /// Deletes all of exactly that stored domain and path.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// cookies.set_for("c", "3", "example.org", "/shop")?;
    /// cookies.clear_path("example.org", "/shop");
    /// assert_eq!(cookies.len(), 2);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn clear_path(&self, domain: &str, path: &str) {
        self.lock()
            .remove(Some(domain), |cookie| cookie.path() == path);
    }

    /// Adds all of another jar's, replacing those of the same domain, path and name.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// cookies.update(&Cookies::from_pairs([("b", "9"), ("c", "3")])?);
    /// assert_eq!(cookies.get("b")?.as_deref(), Some("9"));
    /// assert_eq!(cookies.len(), 3);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn update(&self, other: &Self) {
        // A copy first: one lock at a time, for `other` may be this jar, or two threads may update crosswise.
        let other = other.lock().clone();
        self.lock().update(other);
    }

    /// How many cookies there are, the expired that have not been seen yet among them.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// assert_eq!(cookies.len(), 2);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// assert!(Cookies::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// A copy of each cookie as of now, in order of insertion.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// let names: Vec<String> = cookies.iter().map(|cookie| cookie.name().to_owned()).collect();
    /// assert_eq!(names, ["a", "b"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "jar")]
    pub fn iter(&self) -> std::vec::IntoIter<Cookie> {
        let jar = self.lock();
        let cookies: Vec<Cookie> = jar.in_order().into_iter().cloned().collect();
        cookies.into_iter()
    }

    /// Takes up the `Set-Cookie` fields of one response to a request for that URL; a client does this by itself. What
    /// the rules forbid is ignored, and of more than 50 fields so is the rest.
    ///
    /// Without a `Domain` a cookie is only for the host that set it. A domain that is not the host or above it is
    /// refused, and so is a single label, or with the feature `public-suffix` everything under which anybody may register
    /// a name. `Secure` is refused from `http`, except on loopback, and `http` does not replace what `https` has set.
    /// Lifetimes are cut to 400 days.
    ///
    /// ```
    /// # use papilio::{Cookies, Url};
    /// let cookies = Cookies::new();
    /// let url = Url::parse("https://www.example.org/")?;
    /// cookies.store(&url, ["id=42; HttpOnly", "no=1; Domain=example.com"], std::time::SystemTime::now());
    /// assert_eq!(cookies.len(), 1);
    /// assert!(cookies.iter().next().unwrap().http_only());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn store<I>(&self, url: &Url, set_cookie: I, now: SystemTime)
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut received = Vec::new();
        for field in set_cookie.into_iter().take(MAX_FIELDS) {
            received.extend(accept::accept(url, field.as_ref(), now));
        }
        if received.is_empty() {
            return;
        }
        let mut jar = self.lock();
        jar.remove_expired(now);
        for cookie in received {
            jar.receive(cookie);
        }
    }

    /// The value of the `Cookie` field for a request to that URL: `name=value` joined by `; `, longest path first, then
    /// in order of insertion; at most 150 cookies, and 8190 bytes with the field's name. `None` if nothing matches.
    /// Expired cookies met on the way are deleted.
    ///
    /// ```
    /// # use papilio::{Cookies, Url};
    /// let cookies = Cookies::from_pairs([("a", "1"), ("b", "2")])?;
    /// let url = Url::parse("https://www.example.org/")?;
    /// let now = std::time::SystemTime::now();
    /// assert_eq!(cookies.header_for(&url, now).as_deref(), Some("a=1; b=2"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn header_for(&self, url: &Url, now: SystemTime) -> Option<String> {
        let mut jar = self.lock();
        if jar.is_empty() {
            return None;
        }
        jar.header(url, now)
    }

    /// [`header_for`](Self::header_for) with the cookies of one request added, which replace those of the same domain,
    /// path and name. They are not kept.
    pub(crate) fn header_with(
        &self,
        request_level: &Self,
        url: &Url,
        now: SystemTime,
    ) -> Option<String> {
        if request_level.is_empty() {
            return self.header_for(url, now);
        }
        let mut both = self.lock().matching(url, now);
        both.update(request_level.lock().matching(url, now));
        both.header(url, now)
    }

    fn lock(&self) -> MutexGuard<'_, Jar> {
        // No method leaves the jar half changed where it could panic.
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Cookies {
    fn clone(&self) -> Self {
        Self {
            jar: Mutex::new(self.lock().clone()),
        }
    }
}

/// Names and domains; values as `[secure]`.
impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies")?;
        f.debug_list().entries(self).finish()
    }
}

impl IntoIterator for &Cookies {
    type Item = Cookie;
    type IntoIter = std::vec::IntoIter<Cookie>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// How many `Set-Cookie` fields of one response are looked at.
const MAX_FIELDS: usize = 50;
