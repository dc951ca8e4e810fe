//! A `Set-Cookie` field, taken apart.
//!
//! Owns the grammar (RFC 6265bis section 5.6). Does not own whether the cookie is accepted (`accept.rs`).

use std::borrow::Cow;

use super::cookie::SameSite;
use super::date;

/// What a field says, before anything is checked against the request.
#[derive(Debug, Default, PartialEq)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// Lower case is not made yet; never empty.
    pub(super) domain: Option<Cow<'a, str>>,
    /// Whatever is written; only one that begins with `/` is a path.
    pub(super) path: Option<Cow<'a, str>>,
    /// In seconds; 0 for all that is not in the future.
    pub(super) max_age: Option<u64>,
    /// In seconds since 1970.
    pub(super) expires: Option<i64>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: Option<SameSite>,
}

impl<'a> SetCookie<'a> {
    /// `None` for what is no cookie: no name, no `=`, control bytes, not UTF-8, too long.
    pub(super) fn parse(field: &'a [u8]) -> Option<Self> {
        // Section 5.6 step 1: all control bytes but the tab.
        if field
            .iter()
            .any(|&byte| byte.is_ascii_control() && byte != b'\t')
        {
            return None;
        }
        let mut pieces = field.split(|&byte| byte == b';');
        let (name, value) = halves(pieces.next()?);
        let (name, value) = (name, value?);
        // Section 5.6 step 5, and no name means no cookie, whatever it may look like to others (section 8.8).
        if name.is_empty() || name.len().saturating_add(value.len()) > MAX_PAIR {
            return None;
        }
        let mut cookie = Self {
            name: str::from_utf8(name).ok()?,
            value: str::from_utf8(value).ok()?,
            ..Self::default()
        };
        for piece in pieces {
            let (name, value) = halves(piece);
            let value = value.unwrap_or_default();
            if value.len() <= MAX_ATTRIBUTE {
                cookie.attribute(name, value);
            }
        }
        Some(cookie)
    }

    /// Of an attribute that is repeated the last wins (sections 5.6.1 to 5.6.7); one that makes no sense is not there.
    fn attribute(&mut self, name: &[u8], value: &'a [u8]) {
        if name.eq_ignore_ascii_case(b"expires") {
            self.expires = date::parse(value).or(self.expires);
        } else if name.eq_ignore_ascii_case(b"max-age") {
            self.max_age = max_age(value).or(self.max_age);
        } else if name.eq_ignore_ascii_case(b"domain") {
            let value = value.strip_prefix(b".").unwrap_or(value);
            // What is not UTF-8 becomes a character no host has. An empty one does not undo one before it.
            if !value.is_empty() {
                self.domain = Some(String::from_utf8_lossy(value));
            }
        } else if name.eq_ignore_ascii_case(b"path") {
            self.path = Some(String::from_utf8_lossy(value));
        } else if name.eq_ignore_ascii_case(b"secure") {
            self.secure = true;
        } else if name.eq_ignore_ascii_case(b"httponly") {
            self.http_only = true;
        } else if name.eq_ignore_ascii_case(b"samesite") {
            self.same_site = same_site(value);
        }
    }
}

/// Before and after the first `=`, without blanks around.
fn halves(piece: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut halves = piece.splitn(2, |&byte| byte == b'=');
    let name = trim(halves.next().unwrap_or_default());
    (name, halves.next().map(trim))
}

/// Blank and tab only: no other white space is left here.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Section 5.6.2: digits, perhaps after a minus sign. More than fits is as good as for ever.
fn max_age(value: &[u8]) -> Option<u64> {
    let (digits, negative) = match value {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if negative {
        return Some(0);
    }
    let digit = |sum: u64, byte: &u8| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(byte - b'0'))
    };
    Some(digits.iter().fold(0, digit))
}

/// Section 5.6.7.
fn same_site(value: &[u8]) -> Option<SameSite> {
    let known: [(&[u8], _); 3] = [
        (b"strict", SameSite::Strict),
        (b"lax", SameSite::Lax),
        (b"none", SameSite::None),
    ];
    let mut known = known.into_iter();
    known
        .find(|(name, _)| value.eq_ignore_ascii_case(name))
        .map(|(_, same_site)| same_site)
}

/// Of name and value together, in bytes.
const MAX_PAIR: usize = 4096;

/// Of an attribute's value, in bytes.
const MAX_ATTRIBUTE: usize = 1024;
