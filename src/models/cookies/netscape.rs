//! The `cookies.txt` format of Netscape, curl and browser exporters.
//!
//! Owns a line's grammar. Does not own reading and writing files.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Cookie, Cookies};
use crate::error::{Error, Kind, Result};

impl Cookies {
    /// The jar as the text of a `cookies.txt` file, as curl, wget, yt-dlp and Python read it.
    ///
    /// The format has no place for `SameSite`, for cookies that are sent to every host (those are left out), and for
    /// fractions of seconds. Cookies with a tab in their value are left out too. Write the file so that nobody else
    /// can read it.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let cookies = Cookies::new();
    /// cookies.set_for("id", "42", ".example.org", "/")?;
    /// let text = cookies.to_netscape();
    /// assert!(text.ends_with(".example.org\tTRUE\t/\tFALSE\t0\tid\t42\n"));
    /// assert_eq!(Cookies::from_netscape(&text)?.get("id")?.as_deref(), Some("42"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "MozillaCookieJar")]
    pub fn to_netscape(&self) -> String {
        let mut text = String::from(HEAD);
        for cookie in self {
            let tab = [cookie.name(), cookie.value(), cookie.path()]
                .iter()
                .any(|field| field.contains('\t'));
            if !tab && !cookie.domain().is_empty() {
                text.push_str(&line(&cookie));
            }
        }
        text
    }

    /// Cookies from the text of a `cookies.txt` file. Comments, empty lines and cookies without a name are skipped;
    /// `#HttpOnly_` before the domain is understood.
    ///
    /// # Errors
    /// `Config` with the number of a line that is not a cookie.
    ///
    /// ```
    /// # use papilio::Cookies;
    /// let text = "www.example.org\tFALSE\t/\tTRUE\t0\tid\t42\n";
    /// let cookies = Cookies::from_netscape(text)?;
    /// assert_eq!(cookies.get("id")?.as_deref(), Some("42"));
    /// assert!(Cookies::from_netscape("nonsense").is_err());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn from_netscape(text: &str) -> Result<Self> {
        let cookies = Self::new();
        for (number, line) in (1..).zip(text.lines()) {
            let (line, http_only) = match line.strip_prefix(HTTP_ONLY) {
                Some(line) => (line, true),
                None => (line, false),
            };
            if line.trim().is_empty() || (line.starts_with('#') && !http_only) {
                continue;
            }
            let wrong = || format!("line {number} of the cookie file is not a cookie");
            let cookie = cookie(line).ok_or_else(|| Error::new(Kind::Config, wrong()))?;
            if cookie.name().is_empty() {
                continue;
            }
            let cookie = cookie.with_http_only(http_only);
            let cookie = cookie
                .checked()
                .map_err(|error| Error::new(Kind::Config, wrong()).with_source(error))?;
            cookies.lock().put(cookie, true);
        }
        Ok(cookies)
    }
}

fn line(cookie: &Cookie) -> String {
    let truth = |is: bool| if is { "TRUE" } else { "FALSE" };
    let prefix = if cookie.http_only() { HTTP_ONLY } else { "" };
    // Readers tell the two kinds of domains by the flag, or by the dot.
    let dot = if cookie.host_only() { "" } else { "." };
    let (domain, all) = (cookie.bare_domain(), truth(!cookie.host_only()));
    let (path, secure) = (cookie.path(), truth(cookie.secure()));
    let (name, value) = (cookie.name(), cookie.value());
    let expires = cookie.expires().map_or(0, seconds);
    format!("{prefix}{dot}{domain}\t{all}\t{path}\t{secure}\t{expires}\t{name}\t{value}\n")
}

/// Domain, whether for all below it, path, secure, expiry, name, value. An editor may have cut the tab before an empty
/// value.
fn cookie(line: &str) -> Option<Cookie> {
    let mut fields = line.split('\t');
    let domain = fields.next()?;
    let host_only = !fields.next()?.eq_ignore_ascii_case("true");
    let path = fields.next()?;
    let secure = fields.next()?.eq_ignore_ascii_case("true");
    let expires = expiry(fields.next()?)?;
    let (name, value) = (fields.next()?, fields.next().unwrap_or_default());
    let bare = domain.strip_prefix('.').unwrap_or(domain);
    // A cookie for every host is nothing that a server could have set.
    if bare.is_empty() || fields.next().is_some() {
        return None;
    }
    let dot = if host_only { "" } else { "." };
    Some(
        Cookie::new(name, value)
            .with_domain(format!("{dot}{bare}"))
            .with_host_only(host_only)
            .with_path(path)
            .with_secure(secure)
            .with_expires(expires),
    )
}

/// Seconds since 1970, for some with a fraction; nothing, 0 and less are for cookies that end with the session.
fn expiry(text: &str) -> Option<Option<SystemTime>> {
    let whole = text.split('.').next().unwrap_or_default();
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() != whole.len() || digits.bytes().all(|digit| digit == b'0') {
        return Some(None);
    }
    // What is too far away to be told is never.
    let time = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    Some(digits.parse().ok().and_then(time))
}

/// At least 1: 0 is a cookie without an end.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(1, |since| since.as_secs().max(1))
}

/// Python's reader wants exactly this first line.
const HEAD: &str = "# Netscape HTTP Cookie File\n\n";

const HTTP_ONLY: &str = "#HttpOnly_";
