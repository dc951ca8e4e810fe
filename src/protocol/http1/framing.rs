//! What the fields about framing and persistence say: Content-Length, Transfer-Encoding, Connection, Keep-Alive,
//! Upgrade.
//!
//! Owns reading them, in either direction, in one pass. Does not own what follows from it: `mod.rs` does for
//! responses, `encode.rs` for requests.

#![warn(clippy::indexing_slicing)]

/// The sum of a message's framing fields, noted one field at a time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Framing {
    pub(super) length: Length,
    pub(super) coding: Coding,
    /// `close` is an element of a Connection field.
    pub(super) close: bool,
    /// `keep-alive` is an element of a Connection field.
    pub(super) keep_alive: bool,
    /// The `timeout` of a Keep-Alive field, in seconds.
    pub(super) timeout: Option<u32>,
    /// There is an Upgrade field.
    pub(super) upgrade: bool,
}

/// All Content-Length fields together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Length {
    #[default]
    Absent,
    /// One value, however often; `digits` tells `5` from `05`, which are different texts.
    Bytes {
        value: u64,
        digits: usize,
    },
    Bad,
}

/// All Transfer-Encoding fields together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Coding {
    #[default]
    Absent,
    /// Exactly one `chunked`.
    Chunked,
    /// Anything else: a client cannot know where such a body ends (RFC 9112 section 6.3).
    Bad,
}

impl Framing {
    /// Takes one field in; names that mean nothing here cost a comparison of lengths.
    pub(super) fn note(&mut self, name: &[u8], value: &[u8]) {
        match name.len() {
            7 if is(name, b"upgrade") => self.upgrade = true,
            10 if is(name, b"connection") => self.note_connection(value),
            10 if is(name, b"keep-alive") => self.note_keep_alive(value),
            14 if is(name, b"content-length") => {
                for element in value.split(|&byte| byte == b',') {
                    self.length = self.length.and(trim(element));
                }
            }
            17 if is(name, b"transfer-encoding") => {
                let chunked = is(trim(value), b"chunked");
                self.coding = match self.coding {
                    Coding::Absent if chunked => Coding::Chunked,
                    _ => Coding::Bad,
                };
            }
            _ => {}
        }
    }

    fn note_connection(&mut self, value: &[u8]) {
        // Nearly all there are.
        if is(value, b"keep-alive") {
            self.keep_alive = true;
            return;
        }
        for element in value.split(|&byte| byte == b',') {
            let element = trim(element);
            self.close |= is(element, b"close");
            self.keep_alive |= is(element, b"keep-alive");
        }
    }

    /// `timeout=5, max=100`; what cannot be read says nothing. Of several the shortest counts.
    fn note_keep_alive(&mut self, value: &[u8]) {
        for element in value.split(|&byte| byte == b',') {
            let Some((name, seconds)) = trim(element).split_at_checked(8) else {
                continue;
            };
            if let (true, Length::Bytes { value, .. }) =
                (is(name, b"timeout="), Length::parse(trim(seconds)))
            {
                let seconds = u32::try_from(value).unwrap_or(u32::MAX);
                self.timeout = Some(self.timeout.map_or(seconds, |before| before.min(seconds)));
            }
        }
    }
}

impl Length {
    /// One more value. Values must be the same text: a peer that sees another number would see another message
    /// (RFC 9110 section 8.6, RFC 9112 section 6.3).
    fn and(self, text: &[u8]) -> Self {
        let next = Self::parse(text);
        match self {
            Self::Absent => next,
            _ if self == next => next,
            _ => Self::Bad,
        }
    }

    fn parse(text: &[u8]) -> Self {
        let digits = text.len();
        if digits == 0 || digits > MAX_DIGITS {
            return Self::Bad;
        }
        let mut value = 0u64;
        for byte in text {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Self::Bad;
            }
            value = match value
                .checked_mul(10)
                .and_then(|v| v.checked_add(digit.into()))
            {
                Some(value) if value <= MAX_LENGTH => value,
                _ => return Self::Bad,
            };
        }
        Self::Bytes { value, digits }
    }
}

/// Whether that is `text` in any case. Only for text without control characters, such as fields that were checked:
/// `|` makes lower case of a letter and leaves a hyphen alone, at a fraction of the price of looking what it is.
pub(super) fn is<const N: usize>(text: &[u8], lower: &[u8; N]) -> bool {
    let Ok(text) = <&[u8; N]>::try_from(text) else {
        return false;
    };
    let differs = |sum: u8, (byte, lower): (&u8, &u8)| sum | ((byte | 0x20) ^ lower);
    text.iter().zip(lower).fold(0, differs) == 0
}

/// Without the blanks of RFC 9110 section 5.6.3 at either end; no other white space is one.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The largest length anyone agrees on.
pub(super) const MAX_LENGTH: u64 = i64::MAX as u64;

/// Leading zeros are harmless, a wall of them is not.
pub(super) const MAX_DIGITS: usize = 20;
