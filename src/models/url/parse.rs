//! From text to [`Url`]: the RFC 3986 appendix B split, the rules between components, and the one place where a URL's
//! text is put together.
//!
//! Owns [`Draft`] (the components of a URL to be) and the short way for text that is normal already. Does not own the
//! rules of single components (`escape.rs`, `host.rs`).

use std::borrow::Cow;
use std::sync::Arc;

use super::escape::{
    FRAGMENT, HOST, MAX_LEN, PATH, QUERY, SCHEME, USERINFO, check_text, encode, is, span,
};
use super::{Parts, Url, host, join};
use crate::error::{Error, Result};

pub(super) fn parse(text: &str) -> Result<Url> {
    if text.len() <= MAX_LEN
        && let Some(parts) = parse_normal(text)
    {
        return Ok(Url {
            text: Arc::from(text),
            parts,
        });
    }
    Draft::parse(text)?.finish()
}

/// Every component as it will be stored, but for dot segments and default ports.
#[derive(Default)]
pub(super) struct Draft<'a> {
    /// In lower case, or empty.
    pub(super) scheme: Cow<'a, str>,
    pub(super) userinfo: Cow<'a, str>,
    /// With brackets around an IP literal.
    pub(super) host: Cow<'a, str>,
    pub(super) port: Option<u16>,
    pub(super) path: Cow<'a, str>,
    pub(super) query: Option<Cow<'a, str>>,
    pub(super) fragment: Option<Cow<'a, str>>,
}

impl<'a> Draft<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self> {
        check_text(text)?;
        let (rest, fragment) = cut(text, '#');
        let (rest, query) = cut(rest, '?');
        let (scheme, rest) = split_scheme(rest);
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest
                .split_at_checked(rest.find('/').unwrap_or(rest.len()))
                .unwrap_or((rest, "")),
            None => ("", rest),
        };
        let (userinfo, authority_host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let mut draft = Self {
            scheme: lowercase(scheme),
            userinfo: encode(userinfo, USERINFO),
            path: encode(path, PATH),
            query: query.map(|query| encode(query, QUERY)),
            fragment: fragment.map(|fragment| encode(fragment, FRAGMENT)),
            ..Self::default()
        };
        if !authority.is_empty() {
            let (host, port) = host::split(authority_host)?;
            if host.is_empty() {
                return Err(empty_host());
            }
            draft.host = host::normalize(host)?;
            draft.port = host::port(port.unwrap_or_default())?;
        }
        Ok(draft)
    }

    /// The components of a URL that is there already.
    pub(super) fn of(url: &'a Url) -> Self {
        Self {
            scheme: Cow::Borrowed(url.scheme()),
            userinfo: Cow::Borrowed(url.userinfo()),
            host: Cow::Borrowed(url.stored_host()),
            port: url.port(),
            path: Cow::Borrowed(url.stored_path()),
            query: url.stored_query().map(Cow::Borrowed),
            fragment: url.stored_fragment().map(Cow::Borrowed),
        }
    }

    pub(super) fn into_owned(self) -> Draft<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Draft {
            scheme: own(self.scheme),
            userinfo: own(self.userinfo),
            host: own(self.host),
            port: self.port,
            path: own(self.path),
            query: self.query.map(own),
            fragment: self.fragment.map(own),
        }
    }

    /// Applies the rules between components and writes the text.
    pub(super) fn finish(mut self) -> Result<Url> {
        let has_authority = !self.host.is_empty();
        if !has_authority && (!self.userinfo.is_empty() || self.port.is_some()) {
            return Err(empty_host());
        }
        if self.port.is_some() && self.port == host::default_port(&self.scheme) {
            self.port = None;
        }
        if (has_authority || !self.scheme.is_empty()) && join::has_dot_segments(&self.path) {
            self.path = Cow::Owned(join::remove_dot_segments(&self.path));
        }
        self.check_path(has_authority)?;
        self.write()
    }

    /// RFC 3986 section 3.3: what the path may start with, so that it is read as a path again.
    fn check_path(&self, has_authority: bool) -> Result<()> {
        let message = if has_authority {
            if self.path.is_empty() || self.path.starts_with('/') {
                return Ok(());
            }
            "For absolute URLs, path must be empty or begin with '/'"
        } else if self.path.starts_with("//") {
            "URLs without a host cannot have a path starting with '//'"
        } else if !self.scheme.is_empty() {
            return Ok(());
        } else if self.path.starts_with(':') {
            "Relative URLs cannot have a path starting with ':'"
        } else if split_scheme(&self.path).1.len() != self.path.len() {
            "Relative URLs cannot have a path starting with what reads as a scheme"
        } else {
            return Ok(());
        };
        Err(Error::invalid_url(message))
    }

    fn write(&self) -> Result<Url> {
        let long = |_| Error::invalid_url("URL too long");
        let optional = |part: &Option<Cow<'_, str>>| part.as_ref().map_or(0, |part| part.len());
        let mut text = String::with_capacity(
            self.scheme.len()
                + self.userinfo.len()
                + self.host.len()
                + self.path.len()
                + optional(&self.query)
                + optional(&self.fragment)
                + 12,
        );
        let mut parts = Parts {
            scheme: u32::try_from(self.scheme.len()).map_err(long)?,
            port: self.port,
            ..Parts::default()
        };
        if !self.scheme.is_empty() {
            text.push_str(&self.scheme);
            text.push(':');
        }
        if !self.host.is_empty() {
            text.push_str("//");
        }
        parts.authority = u32::try_from(text.len()).map_err(long)?;
        if !self.userinfo.is_empty() {
            text.push_str(&self.userinfo);
            text.push('@');
        }
        parts.host = u32::try_from(text.len()).map_err(long)?;
        text.push_str(&self.host);
        parts.host_end = u32::try_from(text.len()).map_err(long)?;
        if let Some(port) = self.port {
            text.push(':');
            text.push_str(&port.to_string());
        }
        parts.path = u32::try_from(text.len()).map_err(long)?;
        text.push_str(&self.path);
        parts.path_end = u32::try_from(text.len()).map_err(long)?;
        if let Some(query) = &self.query {
            text.push('?');
            text.push_str(query);
        }
        parts.query_end = u32::try_from(text.len()).map_err(long)?;
        if let Some(fragment) = &self.fragment {
            text.push('#');
            text.push_str(fragment);
        }
        u32::try_from(text.len()).map_err(long)?;
        Ok(Url {
            text: Arc::from(text),
            parts,
        })
    }
}

/// Where the components are, if the text is an `http` or `https` URL or an absolute path that needs no change at all
/// and no closer look. `None` says nothing about the text.
fn parse_normal(text: &str) -> Option<Parts> {
    let bytes = text.as_bytes();
    let (scheme, authority, default_port) = if bytes.starts_with(b"http://") {
        (4, 7, 80)
    } else if bytes.starts_with(b"https://") {
        (5, 8, 443)
    } else if bytes.first() == Some(&b'/') && bytes.get(1) != Some(&b'/') {
        (0, 0, 0)
    } else {
        return None;
    };
    let mut at = authority;
    let mut port = None;
    if scheme != 0 {
        at += span(bytes.get(at..)?, HOST);
        let host = text.get(authority..at)?;
        if host.is_empty() || host::is_bad_ipv4(host) {
            return None;
        }
    }
    let host_end = at;
    if scheme != 0 && bytes.get(at) == Some(&b':') {
        let (digits, value) = parse_port(bytes.get(at + 1..)?, default_port)?;
        at += 1 + digits;
        port = Some(value);
    }
    let path = at;
    at += span(bytes.get(at..)?, PATH);
    let stored = text.get(path..at)?;
    if !(stored.is_empty() || stored.starts_with('/'))
        || (scheme != 0 && join::has_dot_segments(stored))
    {
        return None;
    }
    let path_end = at;
    if bytes.get(at) == Some(&b'?') {
        at += 1 + span(bytes.get(at + 1..)?, QUERY);
    }
    let query_end = at;
    if bytes.get(at) == Some(&b'#') {
        at += 1 + span(bytes.get(at + 1..)?, FRAGMENT);
    }
    if at != bytes.len() {
        return None;
    }
    let offset = |at: usize| u32::try_from(at).ok();
    Some(Parts {
        scheme,
        authority: offset(authority)?,
        host: offset(authority)?,
        host_end: offset(host_end)?,
        path: offset(path)?,
        path_end: offset(path_end)?,
        query_end: offset(query_end)?,
        port,
    })
}

/// How many digits, and the port, if it is written as it would be stored.
fn parse_port(bytes: &[u8], default: u16) -> Option<(usize, u16)> {
    let mut value = 0_u16;
    let mut digits = 0;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            break;
        }
        value = value.checked_mul(10)?.checked_add(u16::from(byte - b'0'))?;
        digits += 1;
    }
    let zero_padded = bytes.first() == Some(&b'0') && digits > 1;
    (digits > 0 && !zero_padded && value != default).then_some((digits, value))
}

/// The text before the first `mark`, and what follows it.
fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The scheme, and what follows its colon. A colon at the very start is an empty scheme; anything that is none is part
/// of the path.
fn split_scheme(text: &str) -> (&str, &str) {
    match text.split_once(':') {
        Some((scheme, rest)) if scheme.is_empty() || is_scheme(scheme) => (scheme, rest),
        _ => ("", text),
    }
}

/// RFC 3986 section 3.1.
pub(super) fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| is(byte.to_ascii_lowercase(), SCHEME))
}

pub(super) fn lowercase(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn empty_host() -> Error {
    Error::invalid_url("Empty host in URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short way and the long way are one: what the first accepts, the second leaves as it is.
    #[test]
    fn both_ways_agree() {
        let pieces = [
            "http://", "https://", "/", "//", "?", "#", ":", "80", "443", "8080", "0", "99999",
            "a", "B", ".", "..", "1.2.3.4", "01", "%41", "é", "@", "[::1]", "-", "*", "\\", " ",
            ":x",
        ];
        let mut state = 88_172_645_463_325_252_u64;
        let mut next = |n: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % n as u64).unwrap()
        };
        let mut short = 0;
        for _ in 0..100_000 {
            let mut text = String::from(pieces[next(3)]);
            for _ in 0..next(8) {
                text.push_str(pieces[next(pieces.len())]);
            }
            let Some(parts) = parse_normal(&text) else {
                continue;
            };
            short += 1;
            let url = Draft::parse(&text).and_then(Draft::finish).unwrap();
            assert_eq!(url.as_str(), text);
            assert_eq!(url.parts, parts, "{text}");
        }
        assert!(short > 5_000, "{short}");
    }

    #[test]
    fn ordinary_urls_take_the_short_way() {
        for text in [
            "http://127.0.0.1:8080/path?x=1",
            "https://example.com",
            "https://www.example.com/a/b.html?q=a+b&c=%20#top",
            "/relative/../path?x",
        ] {
            assert!(parse_normal(text).is_some(), "{text}");
        }
    }

    #[test]
    fn components_are_found_again() {
        for text in [
            "",
            "x",
            "http://u:p@h:81/p?q#f",
            "//h",
            "x:y?z",
            "http://[::1]?",
        ] {
            let url = parse(text).unwrap();
            let copy = Draft::of(&url).finish().unwrap();
            assert_eq!((copy.as_str(), copy.parts), (text, url.parts));
        }
    }
}
