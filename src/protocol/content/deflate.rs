//! The `deflate` coding: the zlib format (RFC 1950), or the raw deflate data (RFC 1951) some servers send instead.
//!
//! Owns the choice between the two and the call into the inflater that `gzip.rs` uses as well.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Layer, Progress, corrupt, truncated};
use crate::error::Result;

pub(super) struct Deflate {
    state: State,
    inflate: Decompress,
    /// All input so far, as long as it may have to be read again as raw data.
    kept: Vec<u8>,
    /// How much of `kept` the inflater has had.
    fed: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waiting for two bytes.
    Start,
    Zlib,
    Raw,
    Ended,
}

impl Deflate {
    pub(super) fn new() -> Self {
        Self {
            state: State::Start,
            inflate: Decompress::new(true),
            kept: Vec::new(),
            fed: 0,
        }
    }

    /// Takes the first two bytes and decides by them.
    fn start(&mut self, input: &[u8]) -> usize {
        let missing = 2usize.saturating_sub(self.kept.len());
        let taken = input.get(..missing).unwrap_or(input);
        self.kept.extend_from_slice(taken);
        if let [first, second] = *self.kept.as_slice() {
            // RFC 1950 section 2.2: method 8, a window of at most 32 KiB, a multiple of 31 as a whole.
            let header = u16::from_be_bytes([first, second]);
            let zlib = first & 0x0F == 8 && first >> 4 <= 7 && header % 31 == 0;
            self.state = if zlib { State::Zlib } else { State::Raw };
            self.inflate.reset(zlib);
        }
        taken.len()
    }

    /// Feeds what was kept, then new input, to the inflater.
    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress> {
        let replaying = self.fed < self.kept.len();
        let zlib = self.state == State::Zlib;
        let whole = self.kept.len() as u64 == self.inflate.total_in() || replaying;
        let bytes = self.kept.get(self.fed..).filter(|kept| !kept.is_empty());
        let result = inflate(&mut self.inflate, bytes.unwrap_or(input), output);
        let Some((moved, ended)) = result else {
            // Raw data may look like a zlib header. If nothing came out of it, it gets its second reading.
            let early = self.inflate.total_out() == 0 && self.inflate.total_in() <= KEPT as u64;
            if !(zlib && whole && early) {
                return Err(corrupt("deflate"));
            }
            self.state = State::Raw;
            self.inflate.reset(false);
            self.fed = 0;
            return Ok(Progress::default());
        };
        if ended {
            self.state = State::Ended;
        }
        if replaying {
            self.fed += moved.used;
            return Ok(Progress { used: 0, ..moved });
        }
        if zlib && whole && self.inflate.total_out() == 0 && self.kept.len() + moved.used <= KEPT {
            self.kept
                .extend_from_slice(input.get(..moved.used).unwrap_or_default());
        } else {
            self.kept = Vec::new();
        }
        self.fed = self.kept.len();
        Ok(moved)
    }
}

impl Layer for Deflate {
    fn step(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Result<Progress> {
        let mut total = Progress::default();
        loop {
            let rest = input.get(total.used..).unwrap_or_default();
            match self.state {
                State::Start => {
                    total.used += self.start(rest);
                    if self.state != State::Start {
                        continue;
                    }
                    if at_end && total.used == 0 && !self.kept.is_empty() {
                        return Err(truncated("deflate"));
                    }
                    return Ok(total);
                }
                State::Zlib | State::Raw => {
                    let before = (self.state, self.fed);
                    let moved = self.inflate(rest, output)?;
                    total.used += moved.used;
                    total.written += moved.written;
                    if total.written > 0 {
                        return Ok(total);
                    }
                    if moved.used > 0 || before != (self.state, self.fed) {
                        continue;
                    }
                    if at_end && total.used == 0 {
                        return Err(truncated("deflate"));
                    }
                    return Ok(total);
                }
                State::Ended => {
                    total.used += rest.len();
                    return Ok(total);
                }
            }
        }
    }
}

/// One call into the inflater: what moved, and whether the deflate data ended. `None` if the data is corrupt.
pub(super) fn inflate(
    inflate: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
) -> Option<(Progress, bool)> {
    let (read, wrote) = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(input, output, FlushDecompress::None);
    let moved = Progress {
        used: usize::try_from(inflate.total_in() - read).unwrap_or(0),
        written: usize::try_from(inflate.total_out() - wrote).unwrap_or(0),
    };
    let ended = matches!(status, Ok(Status::StreamEnd));
    // With input and room for output, standing still is a defect.
    let stuck = moved == Progress::default() && !ended && !input.is_empty();
    (status.is_ok() && !stuck).then_some((moved, ended))
}

/// How much input is kept for a second reading: more than the longest block header.
const KEPT: usize = 1 << 10;
