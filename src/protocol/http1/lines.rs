//! A head or trailer line by line: where it ends, and what is wrong with it.
//!
//! Owns the grammar of what is received: the status line, field lines, obsolete folding, and the limits on them. Does
//! not own making [`Headers`](crate::Headers) of it (`parse.rs`).
//!
//! [`Lines`] goes on where it stopped and reports what is wrong first in the order of bytes, so the verdict does not
//! depend on how they were cut, and the work is linear (R-LIM-18).

#![warn(clippy::indexing_slicing)]

use crate::error::{Error, Reason, Result, escaped};
use crate::models::config::ResponseLimits;
use crate::models::headers::{is_token_byte, is_value_byte};

/// The look for the end of a head or trailer: line by line, each checked once, going on where it stopped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines {
    /// Bytes looked at.
    seen: usize,
    /// Where the head begins: behind one empty line, if there is one.
    base: usize,
    /// Where the unfinished line begins.
    line: usize,
    /// Where the last field begins, for folding.
    field: usize,
    count: usize,
    status_done: bool,
    folded: bool,
}

/// What a section may be, and what it is called when it is more.
pub(super) struct Bounds {
    total: usize,
    line: usize,
    fields: usize,
    strict: bool,
    /// Starts with a status line.
    head: bool,
    broken: Reason,
    large: Reason,
}

impl Bounds {
    pub(super) fn head(limits: &ResponseLimits) -> Self {
        Self {
            total: limits.head,
            line: limits.field,
            fields: limits.fields,
            strict: limits.strict_lines,
            head: true,
            broken: Reason::BadHeader,
            large: Reason::HeadTooLarge,
        }
    }

    pub(super) fn trailer(limits: &ResponseLimits) -> Self {
        Self {
            total: limits.trailer,
            line: limits.trailer.min(limits.field),
            fields: limits.trailer_fields,
            strict: limits.strict_lines,
            head: false,
            broken: Reason::BadTrailer,
            large: Reason::BadTrailer,
        }
    }

    fn too_large(&self, what: &str, limit: usize) -> Error {
        let section = if self.head { "head" } else { "trailer" };
        Error::remote(
            self.large,
            format!("response {section} has more than {limit} {what}"),
        )
    }
}

impl Lines {
    /// Nothing was looked at yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.seen == 0
    }

    /// Where the head begins.
    pub(super) fn base(&self) -> usize {
        self.base
    }

    /// There are folded lines in it.
    pub(super) fn folded(&self) -> bool {
        self.folded
    }

    /// Where the section ends in `input`: behind its empty line. `None` while that is not there.
    ///
    /// What is wrong first in the order of bytes is reported, whatever came in one piece.
    pub(super) fn end(&mut self, input: &[u8], bounds: &Bounds) -> Result<Option<usize>> {
        loop {
            let rest = input.get(self.seen..).unwrap_or_default();
            let feed = memchr::memchr(b'\n', rest).map(|at| self.seen + at);
            let available = input.get(self.line..feed.unwrap_or(input.len()));
            let line = available.unwrap_or_default();
            if bounds.head && !self.status_done {
                self.check_status(line, input, bounds)?;
            }
            // Without its line feed the last byte may still be the CR of the line end.
            let content = match (feed, line) {
                (_, [content @ .., b'\r']) => content.len(),
                (Some(_), _) => line.len(),
                (None, _) => line.len().saturating_sub(1),
            };
            if content > bounds.line {
                return Err(bounds.too_large("bytes in one line", bounds.line));
            }
            if feed.map_or(input.len(), |at| at + 1) > bounds.total {
                return Err(bounds.too_large("bytes", bounds.total));
            }
            let Some(feed) = feed else {
                self.seen = input.len();
                return Ok(None);
            };
            if self.finish_line(line, input, bounds)? {
                return Ok(Some(feed + 1));
            }
            self.seen = feed + 1;
            self.line = feed + 1;
        }
    }

    /// Says whether this was the empty line at the end. `line` is without its line feed.
    fn finish_line(&mut self, line: &[u8], input: &[u8], bounds: &Bounds) -> Result<bool> {
        let (line, bare) = match line.strip_suffix(b"\r") {
            Some(line) => (line, false),
            None => (line, true),
        };
        if bounds.head && !self.status_done {
            if self.base == 0 && line.is_empty() && !bare {
                // RFC 9112 section 2.2 asks servers to skip it, and some servers send one.
                self.base = 2;
                return Ok(false);
            }
            if line.len() < CODE_END || (bare && bounds.strict) {
                return Err(bad_status(input));
            }
            self.status_done = true;
            return Ok(false);
        }
        if bare && bounds.strict {
            return Err(Error::remote(
                bounds.broken,
                format!("line without CR before its LF: {}", escaped(line)),
            ));
        }
        if line.is_empty() {
            return Ok(true);
        }
        if let [b' ' | b'\t', ..] = line {
            self.fold(line, input, bounds)?;
            return Ok(false);
        }
        self.count += 1;
        if self.count > bounds.fields {
            return Err(bounds.too_large("fields", bounds.fields));
        }
        self.field = self.line;
        check_field(line)
            .map_err(|what| Error::remote(bounds.broken, format!("{what}: {}", escaped(line))))?;
        Ok(false)
    }

    /// A line that continues the one before (RFC 9112 section 5.2), unless that would change what a message is.
    fn fold(&mut self, line: &[u8], input: &[u8], bounds: &Bounds) -> Result<()> {
        let field = input.get(self.field..self.line).unwrap_or_default();
        let name = field.split(|&byte| byte == b':').next().unwrap_or_default();
        let what = if self.count == 0 {
            "first field line starts with a blank"
        } else if FOLD_FREE.iter().any(|free| name.eq_ignore_ascii_case(free)) {
            "folded field that must not be folded"
        } else if !line.iter().all(|&byte| is_value_byte(byte)) {
            "control character in a folded field"
        } else {
            self.folded = true;
            return Ok(());
        };
        Err(Error::remote(
            bounds.broken,
            format!("{what}: {}", escaped(line)),
        ))
    }

    /// Looks at the new bytes of the status line: one that cannot belong to it ends the matter at once.
    fn check_status(&self, line: &[u8], input: &[u8], bounds: &Bounds) -> Result<()> {
        let from = self.seen.saturating_sub(self.line);
        // Beyond a limit the length is what is wrong.
        let limit = bounds.line.min(bounds.total.saturating_sub(self.line));
        let until = line.len().min(limit.saturating_add(1));
        let mut before = from.checked_sub(1).and_then(|at| line.get(at)).copied();
        let new = line.get(from..until).unwrap_or_default();
        for (at, &byte) in (from..).zip(new) {
            let fits = match at {
                0 if self.base == 0 && byte == b'\r' => true,
                0..CODE_START => PREFIX.get(at) == Some(&byte) || (at == 7 && byte == b'0'),
                CODE_START => matches!(byte, b'1'..=b'9'),
                10 | 11 => byte.is_ascii_digit(),
                CODE_END => matches!(byte, b' ' | b'\r'),
                _ => is_value_byte(byte) || byte == b'\r',
            };
            if !fits || before == Some(b'\r') {
                return Err(bad_status(input));
            }
            before = Some(byte);
        }
        Ok(())
    }
}

/// One field line (RFC 9112 section 5): a token, a colon, a value without control characters.
fn check_field(line: &[u8]) -> Result<(), &'static str> {
    let Some((name, value)) = memchr::memchr(b':', line).and_then(|at| line.split_at_checked(at))
    else {
        return Err("field line without a colon");
    };
    if name.is_empty() {
        return Err("field without a name");
    }
    if !name.iter().copied().all(is_token_byte) {
        return Err("illegal character in a field name");
    }
    if !value.iter().copied().all(is_value_byte) {
        return Err("control character in a field value");
    }
    Ok(())
}

/// Each line end followed by blanks becomes one space, with the blanks before it (RFC 9112 section 5.2).
pub(super) fn unfold(section: &[u8]) -> Vec<u8> {
    let mut flat = Vec::with_capacity(section.len());
    for line in section.split_inclusive(|&byte| byte == b'\n') {
        if let [b' ' | b'\t', ..] = line {
            let kept = flat.trim_ascii_end().len();
            flat.truncate(kept);
            flat.push(b' ');
            flat.extend_from_slice(line.trim_ascii_start());
            if line.trim_ascii().is_empty() {
                flat.extend_from_slice(b"\r\n");
            }
        } else {
            flat.extend_from_slice(line);
        }
    }
    flat
}

/// Names what the peer seems to speak: a wrong port is far more likely than a broken server.
pub(super) fn bad_status(input: &[u8]) -> Error {
    let what = match input {
        [0x14..=0x17, 3, ..] | [0x15 | 0x16] => {
            "the server answered with TLS on a plain connection"
        }
        [0, 0, _, 4, 0, ..] => "the server answered with HTTP/2 on an HTTP/1.1 connection",
        _ if input.starts_with(b"HTTP/2") || input.starts_with(b"HTTP/3") => {
            "the server names a version of HTTP that has no status line"
        }
        _ if input.starts_with(b"SSH-") => "this looks like an SSH server",
        _ if input.starts_with(b"220") => "this looks like a mail or FTP server",
        _ if input.starts_with(b"+OK") || input.starts_with(b"* OK") => {
            "this looks like a mailbox server"
        }
        _ if input.starts_with(b"ICY ") => "this looks like a SHOUTcast server",
        _ if input.starts_with(b"RTSP/") => "this looks like an RTSP server",
        [b'<', ..] => "a document without a response head",
        _ => "not an HTTP/1.1 status line",
    };
    let line = input
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let shown = if line.is_empty() { input } else { line };
    Error::remote(Reason::BadStatusLine, format!("{what}: {}", escaped(shown)))
}

const PREFIX: &[u8; CODE_START] = b"HTTP/1.1 ";
const CODE_START: usize = 9;
const CODE_END: usize = 12;

/// Fields whose meaning decides about framing, security or where the client goes next (SEC-109).
const FOLD_FREE: [&[u8]; 6] = [
    b"content-length",
    b"transfer-encoding",
    b"connection",
    b"location",
    b"set-cookie",
    b"content-encoding",
];
