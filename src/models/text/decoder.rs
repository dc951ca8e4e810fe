//! `TextDecoder`: bytes that come in pieces to text, the same text whatever the pieces.
//!
//! Owns the state between pieces. Never fails: what is invalid becomes U+FFFD (one per maximal invalid sequence).

use super::charset::{Charset, Order, Repr};

/// Decodes a body piece by piece; characters are never broken at the borders.
#[derive(Debug)]
pub(crate) struct TextDecoder(State);

#[derive(Debug)]
enum State {
    Utf8(Utf8),
    Utf8Sig(Utf8Sig),
    Ascii,
    Latin1,
    Units(Units),
    #[cfg(feature = "charset")]
    Other(Box<encoding_rs::Decoder>),
}

impl TextDecoder {
    pub(super) fn new(charset: Charset) -> Self {
        Self(match charset.0 {
            Repr::Utf8 => State::Utf8(Utf8::default()),
            Repr::Utf8Sig => State::Utf8Sig(Utf8Sig::default()),
            Repr::Ascii => State::Ascii,
            Repr::Latin1 => State::Latin1,
            Repr::Utf16(order) => State::Units(Units::new(2, order)),
            Repr::Utf32(order) => State::Units(Units::new(4, order)),
            #[cfg(feature = "charset")]
            Repr::Other(encoding) => {
                State::Other(Box::new(encoding.new_decoder_without_bom_handling()))
            }
        })
    }

    /// Appends the text of the next piece to `out`. `last` says that no piece follows: an incomplete character at its
    /// end then becomes U+FFFD, and a later piece would be the first of another text.
    pub(crate) fn push(&mut self, bytes: &[u8], last: bool, out: &mut String) {
        match &mut self.0 {
            State::Utf8(utf8) => utf8.push(bytes, last, out),
            State::Utf8Sig(utf8) => utf8.push(bytes, last, out),
            State::Ascii => {
                out.reserve(bytes.len());
                out.extend(bytes.iter().map(|&byte| match byte {
                    0..=0x7F => char::from(byte),
                    _ => char::REPLACEMENT_CHARACTER,
                }));
            }
            State::Latin1 => {
                out.reserve(bytes.len());
                out.extend(bytes.iter().copied().map(char::from));
            }
            State::Units(units) => units.push(bytes, last, out),
            #[cfg(feature = "charset")]
            State::Other(decoder) => push_other(decoder, bytes, last, out),
        }
    }

    /// Whether anything in UTF-16 or UTF-32 was invalid so far.
    #[cfg(feature = "json")]
    pub(super) fn replaced(&self) -> bool {
        matches!(&self.0, State::Units(units) if units.replaced)
    }
}

#[cfg(feature = "charset")]
fn push_other(decoder: &mut encoding_rs::Decoder, mut bytes: &[u8], last: bool, out: &mut String) {
    loop {
        // At least one character fits; how many more is only a matter of speed.
        out.reserve(bytes.len() + 16);
        let (result, read, _) = decoder.decode_to_string(bytes, out, last);
        bytes = bytes.get(read..).unwrap_or_default();
        if result == encoding_rs::CoderResult::InputEmpty {
            break;
        }
    }
    if last {
        // A decoder that has seen the end must not be called again.
        *decoder = decoder.encoding().new_decoder_without_bom_handling();
    }
}

/// A few bytes held back.
#[derive(Debug, Clone, Copy, Default)]
struct Tail {
    buffer: [u8; 4],
    len: usize,
}

impl Tail {
    fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.buffer.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }
}

#[derive(Debug, Default)]
struct Utf8 {
    /// The beginning of a character, valid as far as it goes.
    tail: Tail,
}

impl Utf8 {
    fn push(&mut self, bytes: &[u8], last: bool, out: &mut String) {
        let mut rest = bytes;
        while self.tail.len > 0 {
            let Some((&byte, after)) = rest.split_first() else {
                break;
            };
            let mut longer = self.tail;
            longer.push(byte);
            match std::str::from_utf8(longer.bytes()) {
                Ok(text) => {
                    out.push_str(text);
                    self.tail.len = 0;
                    rest = after;
                }
                // The byte does not go on with the character; it is looked at again on its own.
                Err(error) if error.error_len().is_some() => {
                    out.push(char::REPLACEMENT_CHARACTER);
                    self.tail.len = 0;
                }
                Err(_) => {
                    self.tail = longer;
                    rest = after;
                }
            }
        }
        while !rest.is_empty() {
            let error = match std::str::from_utf8(rest) {
                Ok(text) => {
                    out.push_str(text);
                    break;
                }
                Err(error) => error,
            };
            let (valid, invalid) = rest
                .split_at_checked(error.valid_up_to())
                .unwrap_or((rest, &[]));
            out.push_str(std::str::from_utf8(valid).unwrap_or_default());
            match error.error_len() {
                Some(length) => {
                    out.push(char::REPLACEMENT_CHARACTER);
                    rest = invalid.get(length..).unwrap_or_default();
                }
                None => {
                    invalid.iter().for_each(|&byte| self.tail.push(byte));
                    break;
                }
            }
        }
        if last && self.tail.len > 0 {
            out.push(char::REPLACEMENT_CHARACTER);
            self.tail.len = 0;
        }
    }
}

/// UTF-8 that may start with a byte-order mark.
#[derive(Debug, Default)]
struct Utf8Sig {
    /// What may be the start of the mark.
    mark: Tail,
    /// Past the place of the mark.
    begun: bool,
    utf8: Utf8,
}

impl Utf8Sig {
    fn push(&mut self, mut bytes: &[u8], last: bool, out: &mut String) {
        while !self.begun {
            let held = self.mark.bytes();
            if held.len() < UTF_8_MARK.len() && UTF_8_MARK.starts_with(held) {
                if let Some((&byte, after)) = bytes.split_first() {
                    self.mark.push(byte);
                    bytes = after;
                    continue;
                }
                if !last {
                    return;
                }
            }
            self.begun = true;
            if held != UTF_8_MARK {
                self.utf8.push(held, false, out);
            }
        }
        self.utf8.push(bytes, last, out);
        if last {
            *self = Self::default();
        }
    }
}

/// UTF-16 and UTF-32.
#[derive(Debug)]
struct Units {
    /// Bytes of one unit: 2 or 4.
    width: usize,
    named: Order,
    order: Order,
    /// Before the first unit, which may be a byte-order mark.
    start: bool,
    tail: Tail,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    #[cfg(feature = "json")]
    replaced: bool,
}

impl Units {
    fn new(width: usize, named: Order) -> Self {
        Self {
            width,
            named,
            order: named,
            start: true,
            tail: Tail::default(),
            high: None,
            #[cfg(feature = "json")]
            replaced: false,
        }
    }

    fn push(&mut self, bytes: &[u8], last: bool, out: &mut String) {
        out.reserve(bytes.len() / self.width);
        for &byte in bytes {
            self.tail.push(byte);
            if self.tail.len == self.width {
                let unit = self.tail.buffer;
                self.tail.len = 0;
                self.unit(unit, out);
            }
        }
        if last {
            // Half a pair and a part of the next unit are one incomplete character.
            if self.high.is_some() || self.tail.len > 0 {
                self.replace(out);
            }
            self.high = None;
            self.tail.len = 0;
            self.start = true;
            self.order = self.named;
        }
    }

    fn unit(&mut self, bytes: [u8; 4], out: &mut String) {
        let value = |order| match (self.width, order, bytes) {
            (2, Order::Big, [a, b, ..]) => u32::from(u16::from_be_bytes([a, b])),
            (2, _, [a, b, ..]) => u32::from(u16::from_le_bytes([a, b])),
            (_, Order::Big, bytes) => u32::from_be_bytes(bytes),
            (_, _, bytes) => u32::from_le_bytes(bytes),
        };
        if std::mem::take(&mut self.start) {
            for order in [Order::Little, Order::Big] {
                if value(order) == 0xFEFF {
                    self.order = order;
                    return;
                }
            }
        }
        let value = value(self.order);
        match u16::try_from(value) {
            Ok(unit) if self.width == 2 => self.utf16(unit, out),
            _ => match char::from_u32(value) {
                Some(c) => out.push(c),
                None => self.replace(out),
            },
        }
    }

    fn utf16(&mut self, unit: u16, out: &mut String) {
        if let Some(high) = self.high.take() {
            if let Some(Ok(c)) = char::decode_utf16([high, unit]).next() {
                out.push(c);
                return;
            }
            self.replace(out);
        }
        match unit {
            0xD800..=0xDBFF => self.high = Some(unit),
            _ => match char::from_u32(u32::from(unit)) {
                Some(c) => out.push(c),
                None => self.replace(out),
            },
        }
    }

    fn replace(&mut self, out: &mut String) {
        out.push(char::REPLACEMENT_CHARACTER);
        #[cfg(feature = "json")]
        {
            self.replaced = true;
        }
    }
}

pub(super) const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";
