//! `LineSplitter` and `CharChunks`: text that comes in pieces, cut into lines or into runs of characters.
//!
//! Owns what is held back between pieces. Each character is looked at once, however the text is cut.

use memchr::memchr2;

use crate::error::{Error, Kind, Reason, Result};

/// Cuts text into lines at LF, CRLF and CR, and nowhere else.
///
/// Push a piece, then pop until there is nothing; so no more than one line and one piece are ever held.
#[derive(Debug)]
pub(crate) struct LineSplitter {
    held: Held,
    limit: usize,
    /// The last line ended in a CR at the very end of the text so far: an LF that follows belongs to it.
    after_cr: bool,
}

impl LineSplitter {
    /// `limit` is the longest line in bytes of UTF-8, without its terminator.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            held: Held::default(),
            limit,
            after_cr: false,
        }
    }

    /// Adds the next piece.
    pub(crate) fn push(&mut self, text: &str) {
        let mut text = text;
        if self.after_cr && !text.is_empty() {
            self.after_cr = false;
            text = text.strip_prefix('\n').unwrap_or(text);
        }
        self.held.push(text);
    }

    /// The next line without its terminator; `None` if there is no complete one. With `at_end` what is left is a line
    /// too, unless it is empty.
    ///
    /// # Errors
    /// `Limit` with `LineTooLong`, for a complete line or one under way, and again on every later call.
    pub(crate) fn pop(&mut self, at_end: bool) -> Result<Option<String>> {
        let fresh = self.held.fresh().as_bytes();
        let (length, terminator) = match memchr2(b'\n', b'\r', fresh) {
            Some(at) => {
                let crlf = fresh
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(b"\r\n"));
                (self.held.seen + at, if crlf { 2 } else { 1 })
            }
            None => (self.held.text().len(), 0),
        };
        if length > self.limit {
            let message = format!("A line is longer than {} bytes", self.limit);
            return Err(Error::new(Kind::Limit, message).with_reason(Reason::LineTooLong));
        }
        if terminator == 0 && (!at_end || length == 0) {
            self.held.seen = length;
            return Ok(None);
        }
        let line = self.held.take(length);
        let ended = self.held.take(terminator);
        self.after_cr = ended == "\r" && self.held.text().is_empty();
        Ok(Some(line))
    }
}

/// Cuts text into runs of so many characters.
#[derive(Debug)]
pub(crate) struct CharChunks {
    held: Held,
    size: usize,
    /// Characters in the part of `held` that was looked at.
    count: usize,
}

impl CharChunks {
    /// `size` is the number of characters in a run; 0 counts as 1.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            held: Held::default(),
            size: size.max(1),
            count: 0,
        }
    }

    /// Adds the next piece.
    pub(crate) fn push(&mut self, text: &str) {
        self.held.push(text);
    }

    /// The next full run, or with `at_end` whatever is left; never an empty one.
    pub(crate) fn pop(&mut self, at_end: bool) -> Option<String> {
        let fresh = self.held.fresh();
        let missing = self.size.saturating_sub(self.count);
        let mut length = self.held.seen;
        let mut found = 0;
        for c in fresh.chars().take(missing) {
            length += c.len_utf8();
            found += 1;
        }
        if found < missing && !(at_end && length > 0) {
            self.count += found;
            self.held.seen = length;
            return None;
        }
        self.count = 0;
        Some(self.held.take(length))
    }
}

/// Text of which the front goes away again and again.
#[derive(Debug, Default)]
struct Held {
    buffer: String,
    /// Where the text begins; what is before it is gone.
    start: usize,
    /// How much of the text was looked at without finding an end in it.
    seen: usize,
}

impl Held {
    fn text(&self) -> &str {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn fresh(&self) -> &str {
        self.text().get(self.seen..).unwrap_or_default()
    }

    fn push(&mut self, text: &str) {
        // Moving no more than was taken keeps all the moving linear.
        if self.start >= self.text().len() {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.push_str(text);
    }

    /// Takes the first `length` bytes, which must end at a character.
    fn take(&mut self, length: usize) -> String {
        let taken = self.text().get(..length).unwrap_or_default().to_owned();
        self.start += taken.len();
        self.seen = 0;
        taken
    }
}
