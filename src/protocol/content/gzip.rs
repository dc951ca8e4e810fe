//! The `gzip` coding (RFC 1952): member after member, header and trailer checked.
//!
//! Owns the framing; the deflate data inside goes through `deflate.rs`.

use flate2::{Crc, Decompress};

use super::deflate::inflate;
use super::{Layer, Progress, corrupt, truncated};
use crate::error::Result;

pub(super) struct Gzip {
    state: State,
    /// Whether the first member is still to come to its end.
    first: bool,
    flags: u8,
    inflate: Decompress,
    header: Crc,
    body: Crc,
}

/// What the next byte belongs to (RFC 1952 section 2.3).
#[derive(Clone, Copy)]
enum State {
    /// The ten fixed bytes, so many of them read.
    Fixed(u8),
    ExtraLength(Option<u8>),
    Extra(u16),
    Name,
    Comment,
    HeaderCrc(Option<u8>),
    Body,
    /// CRC32 and ISIZE, so many bytes read.
    Trailer([u8; 8], usize),
    /// After the last member.
    Ignored,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self {
            state: State::Fixed(0),
            first: true,
            flags: 0,
            inflate: Decompress::new(false),
            header: Crc::new(),
            body: Crc::new(),
        }
    }

    /// Takes one byte of a header.
    fn header(&mut self, byte: u8) -> Result<()> {
        if !matches!(self.state, State::HeaderCrc(_)) {
            self.header.update(&[byte]);
        }
        match self.state {
            State::Fixed(at) => return self.fixed(at, byte),
            State::ExtraLength(None) => self.state = State::ExtraLength(Some(byte)),
            State::ExtraLength(Some(low)) => match u16::from_le_bytes([low, byte]) {
                0 => self.section(NAME),
                length => self.state = State::Extra(length),
            },
            State::Extra(1) => self.section(NAME),
            State::Extra(left) => self.state = State::Extra(left.saturating_sub(1)),
            State::Name if byte == 0 => self.section(COMMENT),
            State::Comment if byte == 0 => self.section(HEADER_CRC),
            State::HeaderCrc(None) => self.state = State::HeaderCrc(Some(byte)),
            State::HeaderCrc(Some(low)) => {
                let [expected @ .., _, _] = self.header.sum().to_le_bytes();
                if expected != [low, byte] {
                    return Err(corrupt("gzip"));
                }
                self.begin_body();
            }
            State::Name | State::Comment | State::Body | State::Trailer(..) | State::Ignored => {}
        }
        Ok(())
    }

    fn fixed(&mut self, at: u8, byte: u8) -> Result<()> {
        let fits = match at {
            0 => byte == 0x1F,
            1 => byte == 0x8B,
            2 => byte == 8,
            3 => byte & RESERVED == 0,
            _ => true,
        };
        match at {
            // What does not start like a member is padding or garbage, unless there was no member before it.
            0..=2 if !fits && !self.first => self.state = State::Ignored,
            _ if !fits => return Err(corrupt("gzip")),
            9 => self.section(EXTRA),
            _ => self.state = State::Fixed(at + 1),
        }
        if at == 3 {
            self.flags = byte;
        }
        Ok(())
    }

    /// Goes on to the first section from this one on that the header has.
    fn section(&mut self, from: u8) {
        let order = [EXTRA, NAME, COMMENT, HEADER_CRC];
        let next = order
            .into_iter()
            .skip_while(|&flag| flag != from)
            .find(|flag| self.flags & flag != 0);
        match next {
            Some(EXTRA) => self.state = State::ExtraLength(None),
            Some(NAME) => self.state = State::Name,
            Some(COMMENT) => self.state = State::Comment,
            Some(_) => self.state = State::HeaderCrc(None),
            None => self.begin_body(),
        }
    }

    fn begin_body(&mut self) {
        self.state = State::Body;
        self.inflate.reset(false);
        self.body.reset();
    }

    /// Takes bytes of the trailer and checks it once it is whole.
    fn trailer(&mut self, mut bytes: [u8; 8], mut at: usize, input: &[u8]) -> Result<usize> {
        let mut used = 0;
        for (slot, &byte) in bytes.iter_mut().skip(at).zip(input) {
            *slot = byte;
            used += 1;
        }
        at += used;
        self.state = State::Trailer(bytes, at);
        if at == bytes.len() {
            let (crc, size) = (self.body.sum(), self.body.amount());
            if u64::from_le_bytes(bytes) != u64::from(size) << 32 | u64::from(crc) {
                return Err(corrupt("gzip"));
            }
            self.state = State::Fixed(0);
            self.first = false;
            self.header.reset();
        }
        Ok(used)
    }

    /// Whether the input may end here. The beginning of another member that never comes to its method is garbage.
    fn complete(&self) -> bool {
        match self.state {
            State::Ignored | State::Fixed(0) => true,
            State::Fixed(at) => !self.first && at < 3,
            _ => false,
        }
    }
}

impl Layer for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Result<Progress> {
        let mut total = Progress::default();
        loop {
            let rest = input.get(total.used..).unwrap_or_default();
            match (self.state, rest) {
                (State::Body, _) => {
                    let (moved, ended) =
                        inflate(&mut self.inflate, rest, output).ok_or_else(|| corrupt("gzip"))?;
                    self.body
                        .update(output.get(..moved.written).unwrap_or_default());
                    total.used += moved.used;
                    total.written += moved.written;
                    if ended {
                        self.state = State::Trailer([0; 8], 0);
                    }
                    if total.written > 0 {
                        return Ok(total);
                    }
                    if ended || moved.used > 0 {
                        continue;
                    }
                }
                (State::Ignored, _) => total.used += rest.len(),
                (State::Trailer(bytes, at), [_, ..]) => {
                    total.used += self.trailer(bytes, at, rest)?;
                    continue;
                }
                (_, &[byte, ..]) => {
                    self.header(byte)?;
                    total.used += 1;
                    continue;
                }
                (_, []) => {}
            }
            if at_end && total.used == 0 && !self.complete() {
                return Err(truncated("gzip"));
            }
            return Ok(total);
        }
    }
}

const HEADER_CRC: u8 = 0x02;
const EXTRA: u8 = 0x04;
const NAME: u8 = 0x08;
const COMMENT: u8 = 0x10;
/// Must be zero (RFC 1952 section 2.3.1.2): they may stand for sections nobody here knows.
const RESERVED: u8 = 0xE0;
