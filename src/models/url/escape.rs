//! Percent-encoding of the parts of a URL: one byte table, one encoder, and the checks every text passes first.
//!
//! Owns which byte may stand where (URL-30 to URL-35 of the behaviour list) and the length and control character
//! rules. Does not own hosts (`host.rs`) or form encoding (`query.rs`).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};
use crate::models::query::push_hex;

/// The bytes of `text` that may not stand in a `part`, in upper-case hex; the rest, `%` included, as it is.
pub(super) fn encode(text: &str, part: u8) -> Cow<'_, str> {
    let first = span(text.as_bytes(), part);
    let Some((clean, dirty)) = text.split_at_checked(first).filter(|(_, d)| !d.is_empty()) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(clean);
    for byte in dirty.bytes() {
        if is(byte, part) {
            out.push(char::from(byte));
        } else {
            push_hex(&mut out, byte);
        }
    }
    Cow::Owned(out)
}

/// Percent-decoded as UTF-8, invalid bytes replaced.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// How many bytes at the start of `bytes` may stand in a `part`.
pub(super) fn span(bytes: &[u8], part: u8) -> usize {
    bytes
        .iter()
        .position(|&byte| !is(byte, part))
        .unwrap_or(bytes.len())
}

/// Whether the byte may stand in a `part`.
pub(super) fn is(byte: u8, part: u8) -> bool {
    TABLE[usize::from(byte)] & part != 0
}

/// Length and control characters, of a whole URL.
pub(super) fn check_text(text: &str) -> Result<()> {
    if text.len() > MAX_LEN {
        return Err(Error::invalid_url("URL too long"));
    }
    match control(text) {
        None => Ok(()),
        Some((c, at)) => Err(Error::invalid_url(format!(
            "Invalid non-printable ASCII character in URL, {c:?} at position {at}"
        ))),
    }
}

/// Length and control characters, of one component.
pub(super) fn check_component(name: &str, text: &str) -> Result<()> {
    check_len(name, text)?;
    match control(text) {
        None => Ok(()),
        Some((c, at)) => Err(Error::invalid_url(format!(
            "Invalid non-printable ASCII character in URL {name} component, {c:?} at position {at}"
        ))),
    }
}

pub(super) fn check_len(name: &str, text: &str) -> Result<()> {
    if text.len() > MAX_LEN {
        return Err(Error::invalid_url(format!(
            "URL component '{name}' too long"
        )));
    }
    Ok(())
}

/// The first ASCII control character and its place, counted in characters.
fn control(text: &str) -> Option<(char, usize)> {
    let at = text.bytes().position(|byte| byte.is_ascii_control())?;
    let (before, after) = text.split_at_checked(at)?;
    Some((after.chars().next()?, before.chars().count()))
}

/// The longest URL, and the longest component given by itself, in bytes.
pub(super) const MAX_LEN: usize = 65_536;

pub(super) const PATH: u8 = 1;
pub(super) const QUERY: u8 = 2;
pub(super) const FRAGMENT: u8 = 4;
/// A whole userinfo: `:` may stand.
pub(super) const USERINFO: u8 = 8;
/// A user name or a password by itself.
pub(super) const CREDENTIAL: u8 = 16;
/// A host that is no IP literal, in lower case, without escapes.
pub(super) const HOST: u8 = 32;
/// One path segment given as data: `%` and `/` are escaped too (RFC 3986 section 3.3, `pchar`).
pub(super) const SEGMENT: u8 = 64;
/// After the first letter of a scheme, in lower case.
pub(super) const SCHEME: u8 = 128;

const TABLE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0x21_u8;
    while byte < 0x7F {
        let mut parts = 0;
        if !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'?' | b'`' | b'{' | b'}') {
            parts |= PATH;
            if !matches!(
                byte,
                b'/' | b';' | b'=' | b'@' | b'[' | b'\\' | b']' | b'^' | b'|'
            ) {
                parts |= USERINFO;
                if byte != b':' {
                    parts |= CREDENTIAL;
                }
            }
        }
        if !matches!(byte, b'"' | b'#' | b'<' | b'>') {
            parts |= QUERY;
        }
        if !matches!(byte, b'"' | b'<' | b'>' | b'`') {
            parts |= FRAGMENT;
        }
        // RFC 3986 section 2: unreserved and sub-delims.
        if byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'..=b',' | b';' | b'='
            )
        {
            parts |= SEGMENT;
            if !byte.is_ascii_uppercase() {
                parts |= HOST;
            }
        }
        if matches!(byte, b':' | b'@') {
            parts |= SEGMENT;
        }
        if matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.') {
            parts |= SCHEME;
        }
        table[byte as usize] = parts;
        byte += 1;
    }
    table
}
