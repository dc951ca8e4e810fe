//! Text of a body: which charset, the decoding of it, and its cutting into lines and pieces.
//!
//! Owns labels, decoders, the `charset` parameter and JSON's own detection of UTF. Does not own which of header, setting
//! and default wins; the response does.

mod charset;
mod decoder;
mod lines;

pub(crate) use charset::Charset;
pub(crate) use decoder::TextDecoder;
pub(crate) use lines::{CharChunks, LineSplitter};

#[cfg(feature = "json")]
use std::borrow::Cow;

#[cfg(feature = "json")]
use crate::error::{Error, Kind, Result};

/// The `charset` parameter of a Content-Type in lower case, known or not; the first one counts.
///
/// Takes the quoted form, blanks around the `=`, and RFC 2231's `charset*=utf-8'en'label`. An empty one counts as none.
pub(crate) fn charset_param(content_type: &str) -> Option<String> {
    let mut rest = content_type;
    while !rest.is_empty() {
        let (piece, tail) = split_parameter(rest);
        rest = tail;
        let Some((name, value)) = piece.split_once('=') else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        let label = if name.eq_ignore_ascii_case("charset") {
            unquoted(value)
        } else if name.eq_ignore_ascii_case("charset*") {
            extended(&unquoted(value))
        } else {
            continue;
        };
        return Some(label.trim().to_lowercase()).filter(|label| !label.is_empty());
    }
    None
}

/// The value of a JSON document.
///
/// # Errors
/// `Json`. What the document says is escaped where the message quotes it, and cut (R-LIM-17).
#[cfg(feature = "json")]
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_str(&json_text(bytes)?).map_err(|e| {
        let what = if e.is_data() {
            "the JSON is not of the expected shape"
        } else {
            "the body is not valid JSON"
        };
        let place = format!(" at line {} column {}", e.line(), e.column());
        let said = e.to_string();
        let mut detail = String::new();
        for c in said.strip_suffix(&place).unwrap_or(&said).chars().take(200) {
            if c.is_control() {
                detail.extend(c.escape_default());
            } else {
                detail.push(c);
            }
        }
        Error::new(Kind::Json, format!("{what}: {detail}{place}")).with_source(e)
    })
}

/// The text of a JSON document: UTF-8, UTF-16 or UTF-32 by its byte-order mark or by where the first four bytes are zero
/// (RFC 4627 section 3), the mark left out.
///
/// # Errors
/// `Json` if the bytes are not valid in that encoding.
#[cfg(feature = "json")]
pub(crate) fn json_text(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let charset = json_charset(bytes);
    charset.decode_strictly(bytes).ok_or_else(|| {
        let message = format!("The content is not valid {}", charset.name());
        Error::new(Kind::Json, message)
    })
}

#[cfg(feature = "json")]
fn json_charset(bytes: &[u8]) -> Charset {
    match *bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Charset::UTF_32,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Charset::UTF_16,
        [0xEF, 0xBB, 0xBF, ..] => Charset::UTF_8_SIG,
        [0, 0, _, _, ..] => Charset::UTF_32_BE,
        [0, _, _, _, ..] | [0, _] => Charset::UTF_16_BE,
        [_, 0, 0, 0, ..] => Charset::UTF_32_LE,
        [_, 0, _, _, ..] | [_, 0] => Charset::UTF_16_LE,
        _ => Charset::UTF_8,
    }
}

/// Everything up to the next semicolon outside of quotes, and everything behind it.
fn split_parameter(text: &str) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                let (piece, tail) = text.split_at_checked(at).unwrap_or((text, ""));
                return (piece, tail.strip_prefix(';').unwrap_or(tail));
            }
            _ => {}
        }
    }
    (text, "")
}

/// A token as it is, or a quoted-string without its quotes and escapes (RFC 9110 section 5.6.4).
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

/// The value of RFC 2231's `charset'language'value`; everything if there are no such quotes.
fn extended(value: &str) -> String {
    let value = value.splitn(3, '\'').nth(2).unwrap_or(value);
    percent_encoding::percent_decode_str(value)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests;
