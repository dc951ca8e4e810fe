//! What may stand in a field, and which values are secrets.

use crate::error::{Error, Result, escaped};

/// Whether a field's value must not be printed. The name may be in any case.
pub(crate) fn is_secret(name: &str) -> bool {
    [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
    ]
    .iter()
    .any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Whether a field's value is made of URLs, which may hold a password. The name may be in any case.
pub(crate) fn is_url(name: &str) -> bool {
    ["location", "content-location", "referer", "refresh", "link"]
        .iter()
        .any(|url| name.eq_ignore_ascii_case(url))
}

/// Whether the byte may stand in a token (RFC 9110 section 5.6.2).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
        || byte.is_ascii_alphanumeric()
}

/// Whether the byte may stand inside a field value (RFC 9110 section 5.5): no control character but tab.
pub(crate) const fn is_value_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7F)
}

/// The grammar of RFC 9110 section 5.5; the value is never put into the message, it may be a secret.
pub(super) fn check(name: &str, value: &[u8]) -> Result<()> {
    if name.is_empty() || !name.bytes().all(is_token_byte) {
        return Err(Error::local(format!(
            "Invalid header name {}",
            escaped(name.as_bytes())
        )));
    }
    if let Some(at) = value.iter().position(|&byte| !is_value_byte(byte)) {
        return Err(Error::local(format!(
            "Invalid value of header {name:?}: control character at position {at}"
        )));
    }
    if value.trim_ascii().len() != value.len() {
        return Err(Error::local(format!(
            "Invalid value of header {name:?}: blank at its start or end"
        )));
    }
    Ok(())
}
