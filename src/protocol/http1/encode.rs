//! Requests as bytes: the head, and the lines around chunks.
//!
//! Owns the grammar of what is sent and the choice of the request's framing. Does not own which fields a request has
//! (`client/request.rs`) or whose turn it is (`mod.rs`).

#![warn(clippy::indexing_slicing)]

use http::Method;

use super::framing::{Coding, Framing, Length, is, trim};
use super::{BodyLength, Outgoing, Target};
use crate::error::{Error, Result, escaped};
use crate::models::headers::Headers;

/// How the body of a request is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// There is none.
    Nothing,
    /// So many bytes are still to come.
    Length(u64),
    Chunked,
}

/// Appends the head. On an error `out` may hold a part of it, which the caller takes back.
pub(super) fn head(request: &Outgoing<'_>, out: &mut Vec<u8>) -> Result<(Framing, Delimiter)> {
    let mark = out.len();
    // The bookkeeping of a field in `Headers` is larger than its punctuation on the wire.
    out.reserve(request.headers.size() + 128);
    request_line(request, out)?;
    let framing = fields(request, out)?;
    out.extend_from_slice(b"\r\n");
    if out.len() - mark > MAX_HEAD {
        return Err(Error::local("Request head larger than 1 MiB"));
    }
    let delimiter = delimiter(&framing, request.length)?;
    Ok((framing, delimiter))
}

/// RFC 9112 section 3.
fn request_line(request: &Outgoing<'_>, out: &mut Vec<u8>) -> Result<()> {
    // A token by its type.
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b' ');
    let start = out.len();
    target(request, out)?;
    let target = out.get(start..).unwrap_or_default();
    // A raw `#` would be a fragment, which is never sent (RFC 9110 section 4.2.5).
    if target.is_empty() || !target.iter().all(|&b| b.is_ascii_graphic() && b != b'#') {
        return Err(Error::local(format!(
            "Illegal request target {}",
            escaped(target)
        )));
    }
    if target == b"*" && *request.method != Method::OPTIONS {
        return Err(Error::local("Request target '*' is for OPTIONS only"));
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    Ok(())
}

/// RFC 9112 section 3.2: origin form, absolute form to a proxy, authority form for CONNECT.
fn target(request: &Outgoing<'_>, out: &mut Vec<u8>) -> Result<()> {
    let url = request.url;
    if let Some(verbatim) = request.target {
        out.extend_from_slice(verbatim);
        return Ok(());
    }
    let connect = *request.method == Method::CONNECT;
    match request.form {
        // CONNECT has no other form.
        _ if connect => {
            out.extend_from_slice(url.netloc().as_bytes());
            if url.port().is_none() {
                // The port is never left out (RFC 9110 section 9.3.6).
                let secure = matches!(url.scheme(), "https" | "wss");
                out.extend_from_slice(if secure { b":443" } else { b":80" });
            }
        }
        Target::Authority => return Err(Error::local("Authority form is for CONNECT only")),
        Target::Origin => url.write_target(out),
        Target::Absolute if !matches!(url.scheme(), "http" | "ws") => {
            return Err(Error::local("Absolute form is for http URLs only"));
        }
        Target::Absolute => {
            out.extend_from_slice(b"http://");
            out.extend_from_slice(url.netloc().as_bytes());
            url.write_target(out);
        }
    }
    Ok(())
}

/// `Host` first, the others in order and case. Their grammar was checked when they entered [`Headers`].
///
/// [`Headers`]: crate::Headers
fn fields(request: &Outgoing<'_>, out: &mut Vec<u8>) -> Result<Framing> {
    let mut framing = Framing::default();
    let mut hosts = 0;
    let (name, host) = request
        .headers
        .raw()
        .find(|(name, _)| is(name, b"host"))
        .ok_or_else(|| Error::local("Missing mandatory Host: header"))?;
    if !host.iter().all(|&byte| is_authority_byte(byte)) {
        return Err(Error::local(format!(
            "Illegal Host header {}",
            escaped(host)
        )));
    }
    field(name, host, out);
    for (name, value) in request.headers.raw() {
        if is(name, b"host") {
            hosts += 1;
            continue;
        }
        let seen = framing.length;
        framing.note(name, value);
        if framing.length == seen {
            // Not a length, or one that was sent already: one framing field is enough.
            if seen == Length::Absent || !is(name, b"content-length") {
                field(name, value, out);
            }
        } else if let Some(first) = value.split(|&byte| byte == b',').next() {
            field(name, trim(first), out);
        }
    }
    if hosts > 1 {
        return Err(Error::local("Found multiple Host: headers"));
    }
    Ok(framing)
}

fn field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// What the fields announce must be what the body is: two recipients must never see two messages
/// (RFC 9112 section 6.2 and 6.3).
fn delimiter(framing: &Framing, body: BodyLength) -> Result<Delimiter> {
    match (framing.coding, framing.length) {
        (Coding::Absent, Length::Absent) => match body {
            BodyLength::Empty | BodyLength::Known(0) => Ok(Delimiter::Nothing),
            _ => Err(Error::local(
                "Body without Content-Length or Transfer-Encoding",
            )),
        },
        (Coding::Absent, Length::Bytes { value, .. }) => match body {
            BodyLength::Unknown => Ok(Delimiter::Length(value)),
            BodyLength::Empty if value == 0 => Ok(Delimiter::Length(0)),
            BodyLength::Known(known) if value == known => Ok(Delimiter::Length(value)),
            BodyLength::Known(known) if value < known => Err(too_much()),
            _ => Err(too_little()),
        },
        (Coding::Absent, Length::Bad) => Err(Error::local("bad Content-Length")),
        (Coding::Chunked, Length::Absent) => Ok(Delimiter::Chunked),
        (Coding::Bad, Length::Absent) => Err(Error::local(
            "Only 'chunked' Transfer-Encoding is supported",
        )),
        (_, _) => Err(Error::local(
            "Both Content-Length and Transfer-Encoding in one request",
        )),
    }
}

/// The line before a chunk of `len` bytes: `1*HEXDIG CRLF` (RFC 9112 section 7.1), lower case.
pub(super) fn chunk_line(len: usize, out: &mut Vec<u8>) {
    let digits = (usize::BITS - len.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        let nibble = (len >> (4 * place)) as u8 & 0xF;
        out.push(match nibble {
            0..=9 => b'0' + nibble,
            _ => b'a' + nibble - 10,
        });
    }
    out.extend_from_slice(b"\r\n");
}

pub(super) fn too_much() -> Error {
    Error::local("Too much data for declared Content-Length")
}

pub(super) fn too_little() -> Error {
    Error::local("Too little data for declared Content-Length")
}

/// `uri-host [ ":" port ]` of RFC 9110 section 7.2: nothing that could start another part of a URL, or another host.
fn is_authority_byte(byte: u8) -> bool {
    byte < 128 && (AUTHORITY >> byte) & 1 == 1
}

/// Unreserved characters, sub-delims, `%`, `:` and brackets, one bit for each.
const AUTHORITY: u128 = {
    let mut set = 0;
    let mut byte = 0;
    while byte < 128 {
        let fits = matches!(byte, b'!' | b'$'..=b'.' | b'0'..=b';' | b'=' | b'A'..=b'[')
            || matches!(byte, b']' | b'_' | b'a'..=b'z' | b'~');
        if fits {
            set |= 1 << byte;
        }
        byte += 1;
    }
    set
};

/// The last chunk and the trailer section (RFC 9112 section 7.1.2).
pub(super) fn last_chunk(trailers: Option<&Headers>, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"0\r\n");
    if let Some(trailers) = trailers {
        if trailers.size() > MAX_HEAD {
            return Err(Error::local("Request trailers larger than 1 MiB"));
        }
        for (name, value) in trailers.raw() {
            field(name, value, out);
        }
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// SEC-211.
const MAX_HEAD: usize = 1 << 20;
