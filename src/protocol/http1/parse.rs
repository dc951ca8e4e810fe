//! The head of a response from bytes, and sections of fields in general.
//!
//! Owns turning bytes into a status, a reason and [`Headers`]. Does not own what is wrong with bytes that cannot be
//! turned (`lines.rs`) or what a head means for the body (`mod.rs`).
//!
//! A head that is complete in the buffer and has nothing unusual is parsed once, by httparse, on the stack. Everything
//! else goes line by line through [`Lines`] first, which alone decides what is wrong and says so.

#![warn(clippy::indexing_slicing)]

use http::{StatusCode, Version};
use httparse::Status;

use super::ParsedHead;
use super::framing::Framing;
use super::lines::{Bounds, Lines, bad_status, unfold};
use crate::error::{Error, Reason, Result};
use crate::models::config::ResponseLimits;
use crate::models::headers::{Headers, is_value_byte};
use crate::models::status::reason_phrase;

/// A complete head: how many bytes it took, what it is and what it says about framing.
pub(super) struct Received {
    pub(super) used: usize,
    pub(super) head: ParsedHead,
    pub(super) framing: Framing,
}

/// The response head at the start of `input`, or `None` while it is incomplete.
pub(super) fn head(
    lines: &mut Lines,
    input: &[u8],
    limits: &ResponseLimits,
) -> Result<Option<Received>> {
    if lines.is_fresh()
        && let Some(received) = quick(input, limits)
    {
        return Ok(Some(received));
    }
    let Some(used) = lines.end(input, &Bounds::head(limits))? else {
        return Ok(None);
    };
    let whole = input.get(lines.base()..used).unwrap_or_default();
    let (line, section) = split_status(whole).ok_or_else(|| bad_status(whole))?;
    let (headers, framing, _) = checked(lines, section)
        .ok_or_else(|| Error::remote(Reason::BadHeader, "unreadable header section"))?;
    let head = line.with(headers);
    Ok(Some(Received {
        used,
        head,
        framing,
    }))
}

/// The trailer section at the start of `input`, or `None` while it is incomplete (RFC 9112 section 7.1.2).
pub(super) fn trailer(
    lines: &mut Lines,
    input: &[u8],
    limits: &ResponseLimits,
) -> Result<Option<(usize, Headers)>> {
    let Some(used) = lines.end(input, &Bounds::trailer(limits))? else {
        return Ok(None);
    };
    let section = input.get(..used).unwrap_or_default();
    let (headers, ..) = checked(lines, section)
        .ok_or_else(|| Error::remote(Reason::BadTrailer, "unreadable trailer section"))?;
    Ok(Some((used, headers)))
}

/// The common case, or `None`: incomplete, broken, folded, or large enough that limits have to be looked at.
fn quick(input: &[u8], limits: &ResponseLimits) -> Option<Received> {
    let (line, section) = split_status(input)?;
    let (headers, framing, len) = fields(section)?;
    let used = input.len() - section.len() + len;
    let small = used <= limits.head.min(limits.field) && headers.len() <= limits.fields;
    if !small || limits.strict_lines {
        return None;
    }
    Some(Received {
        used,
        head: line.with(headers),
        framing,
    })
}

struct StatusLine<'a> {
    version: Version,
    status: StatusCode,
    reason: &'a [u8],
}

impl StatusLine<'_> {
    fn with(self, headers: Headers) -> ParsedHead {
        let usual = self.reason == reason_phrase(self.status).as_bytes();
        ParsedHead {
            status: self.status,
            version: self.version,
            reason: (!usual).then(|| self.reason.into()),
            headers,
        }
    }
}

/// The status line (RFC 9112 section 4) and what follows it; `None` if it is incomplete or broken.
fn split_status(input: &[u8]) -> Option<(StatusLine<'_>, &[u8])> {
    let (
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            minor @ (b'0' | b'1'),
            b' ',
            code @ ..,
        ],
        rest,
    ) = input.split_first_chunk::<12>()?
    else {
        return None;
    };
    let status = StatusCode::from_bytes(code).ok()?;
    let (line, rest) = rest.split_at_checked(memchr::memchr(b'\n', rest)?)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let reason = match line {
        [] => line,
        [b' ', reason @ ..] => reason,
        _ => return None,
    };
    if !reason.iter().all(|&byte| is_value_byte(byte)) {
        return None;
    }
    let version = match minor {
        b'0' => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    let line = StatusLine {
        version,
        status,
        reason,
    };
    Some((line, rest.get(1..)?))
}

/// The fields of a section that `lines` has passed.
fn checked(lines: &Lines, section: &[u8]) -> Option<(Headers, Framing, usize)> {
    if lines.folded() {
        fields(&unfold(section))
    } else {
        fields(section)
    }
}

/// Fields up to and with the empty line, and how many bytes that was. No folding.
fn fields(section: &[u8]) -> Option<(Headers, Framing, usize)> {
    let mut array = [httparse::EMPTY_HEADER; ON_STACK];
    match httparse::parse_headers(section, &mut array) {
        Ok(Status::Complete((len, fields))) => Some(collect(fields, len)),
        Err(httparse::Error::TooManyHeaders) => {
            // One line feed a field and one at the end: enough room, and no more than the bytes that came.
            let room = memchr::memchr_iter(b'\n', section).count();
            let mut array = vec![httparse::EMPTY_HEADER; room];
            match httparse::parse_headers(section, &mut array) {
                Ok(Status::Complete((len, fields))) => Some(collect(fields, len)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn collect(fields: &[httparse::Header<'_>], len: usize) -> (Headers, Framing, usize) {
    let size = fields.iter().map(|f| 8 + f.name.len() + f.value.len());
    let mut headers = Headers::with_capacity(size.sum());
    let mut framing = Framing::default();
    for field in fields {
        framing.note(field.name.as_bytes(), field.value);
        headers.push(field.name, field.value);
    }
    (headers, framing, len)
}

/// Heads with more fields than this cost an allocation.
const ON_STACK: usize = 32;
