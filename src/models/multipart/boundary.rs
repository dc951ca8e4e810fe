//! `Boundary`: the line between the parts of a form.
//!
//! Owns where it comes from, the request's own `Content-Type` or the system's random numbers, and what the request then
//! has to announce.

use memchr::memmem;

use crate::error::{Error, Kind, Result, escaped};
use crate::models::headers::is_token_byte;

/// A boundary (RFC 2046 section 5.1.1).
#[derive(Debug)]
pub(crate) struct Boundary {
    text: Vec<u8>,
    is_random: bool,
}

impl Boundary {
    /// The one of a `Content-Type: multipart/form-data` that the caller gave, else a random one.
    pub(crate) fn for_request(content_type: Option<&[u8]>) -> Result<Self> {
        match content_type.filter(is_form_data).and_then(parameter) {
            Some(given) => Self::given(given),
            None => Self::random(),
        }
    }

    /// What the caller wants must be a token: no quotes are needed around it and none can be broken out of (SEC-206).
    pub(crate) fn given(text: Vec<u8>) -> Result<Self> {
        let fits = (1..=LONGEST).contains(&text.len()) && text.iter().all(|&b| is_token_byte(b));
        if !fits {
            return Err(Error::local(format!(
                "Illegal multipart boundary {}",
                escaped(&text)
            )));
        }
        Ok(Self {
            text,
            is_random: false,
        })
    }

    /// 16 random bytes in hexadecimal: nobody can guess it, so no content need be searched for it.
    fn random() -> Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|e| {
            Error::new(Kind::Body, "no random numbers for a multipart boundary").with_source(e)
        })?;
        let text = format!("{:032x}", u128::from_be_bytes(bytes)).into_bytes();
        Ok(Self {
            text,
            is_random: true,
        })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The `Content-Type` of a request without one.
    pub(crate) fn content_type(&self) -> String {
        let text = String::from_utf8_lossy(&self.text);
        format!("multipart/form-data; boundary={text}")
    }

    /// The caller's `Content-Type` with the boundary added, if it is `multipart/form-data` and lacks one.
    pub(crate) fn completed(&self, content_type: &[u8]) -> Option<Vec<u8>> {
        if !self.is_random || !is_form_data(&content_type) {
            return None;
        }
        let end = content_type
            .iter()
            .rposition(|byte| !matches!(byte, b';' | b' ' | b'\t'))?;
        let content_type = content_type.get(..=end)?;
        Some([content_type, b"; boundary=", &self.text].concat())
    }

    /// Whether a line of these bytes begins as the boundary does, so that a server would see parts that are none. Not
    /// asked of a random one.
    pub(crate) fn is_broken_by(&self, text: &[u8]) -> bool {
        if self.is_random {
            return false;
        }
        let line = [b"--", self.as_bytes()].concat();
        memmem::find_iter(text, &line).any(|at| {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            matches!(before, None | Some(b'\r' | b'\n'))
        })
    }
}

fn is_form_data(content_type: &&[u8]) -> bool {
    let media_type = content_type.split(|&b| b == b';').next();
    media_type.is_some_and(|m| m.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data"))
}

/// The value of the parameter `boundary`, out of its quotes (RFC 9110 section 5.6.6).
fn parameter(content_type: &[u8]) -> Option<Vec<u8>> {
    let mut rest = after(content_type, b';')?;
    loop {
        let (name, value) = rest.split_at(rest.iter().position(|&b| b == b'=' || b == b';')?);
        rest = value.get(1..)?;
        if value.first() == Some(&b';') {
            continue;
        }
        let (value, next) = value_of(rest);
        if name.trim_ascii().eq_ignore_ascii_case(b"boundary") {
            return Some(value);
        }
        rest = next?;
    }
}

/// A parameter's value and what stands behind the `;` after it.
fn value_of(text: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|&b| b == b';').unwrap_or(text.len());
        let (value, _) = text.split_at(end);
        return (value.trim_ascii().to_vec(), after(text, b';'));
    };
    let mut value = Vec::new();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, rest.split_first()) {
            (b'"', _) => break,
            (b'\\', Some((&escaped, behind))) => {
                value.push(escaped);
                rest = behind;
            }
            _ => value.push(byte),
        }
    }
    (value, after(rest, b';'))
}

fn after(text: &[u8], byte: u8) -> Option<&[u8]> {
    let at = text.iter().position(|&b| b == byte)?;
    text.get(at + 1..)
}

/// RFC 2046 section 5.1.1.
const LONGEST: usize = 70;
