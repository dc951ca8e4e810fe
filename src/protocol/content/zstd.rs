//! The `zstd` coding (RFC 8878) with the window limit of RFC 9659.
//!
//! Owns the borders between frames; the frames themselves go to libzstd.

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::{Layer, Progress, corrupt, truncated};
use crate::error::Result;

pub(super) struct Zstd {
    /// Made when the first byte comes: it is a C library's, and making it can fail.
    decoder: Option<Decoder<'static>>,
    state: State,
    /// Whether the first frame is still to come to its end.
    first: bool,
    /// The first bytes of a frame.
    magic: [u8; 4],
}

#[derive(Clone, Copy)]
enum State {
    /// At the magic number, so many bytes of it read.
    Magic(usize),
    Frame {
        /// How much of the magic number the library has had.
        fed: usize,
        /// Whether the library may hold output it had no room for.
        pending: bool,
    },
    /// After the last frame.
    Ignored,
}

impl Zstd {
    pub(super) fn new() -> Self {
        Self {
            decoder: None,
            state: State::Magic(0),
            first: true,
            magic: [0; 4],
        }
    }

    /// Collects a magic number and decides by it.
    fn magic(&mut self, at: usize, input: &[u8]) -> Result<usize> {
        let mut used = 0;
        for (slot, &byte) in self.magic.iter_mut().skip(at).zip(input) {
            *slot = byte;
            used += 1;
        }
        self.state = State::Magic(at + used);
        if at + used == self.magic.len() {
            // A frame, or a skippable one (RFC 8878 sections 3.1.1 and 3.1.2).
            let known = matches!(
                self.magic,
                [0x28, 0xB5, 0x2F, 0xFD] | [0x50..=0x5F, 0x2A, 0x4D, 0x18]
            );
            self.state = match known {
                true => State::Frame {
                    fed: 0,
                    pending: false,
                },
                false if self.first => return Err(corrupt("zstd")),
                false => State::Ignored,
            };
        }
        Ok(used)
    }

    /// One call into the library; says whether the frame ended.
    fn frame(&mut self, input: &[u8], output: &mut [u8]) -> Result<(Progress, bool)> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            empty => {
                let mut decoder = Decoder::new().map_err(|e| corrupt("zstd").with_source(e))?;
                decoder
                    .set_parameter(DParameter::WindowLogMax(WINDOW_LOG))
                    .map_err(|e| corrupt("zstd").with_source(e))?;
                empty.insert(decoder)
            }
        };
        let status = decoder
            .run_on_buffers(input, output)
            .map_err(|e| corrupt("zstd").with_source(e))?;
        let moved = Progress {
            used: status.bytes_read,
            written: status.bytes_written,
        };
        Ok((moved, status.remaining == 0))
    }
}

impl Layer for Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Result<Progress> {
        let mut total = Progress::default();
        loop {
            let rest = input.get(total.used..).unwrap_or_default();
            match (self.state, rest) {
                (State::Magic(at), [_, ..]) => {
                    total.used += self.magic(at, rest)?;
                    continue;
                }
                (State::Frame { fed, .. }, _) if fed < self.magic.len() => {
                    let magic = self.magic;
                    let bytes = magic.get(fed..).unwrap_or_default();
                    // Four bytes are never a whole frame.
                    let (moved, _) = self.frame(bytes, output)?;
                    if moved.used == 0 {
                        return Err(corrupt("zstd"));
                    }
                    self.state = State::Frame {
                        fed: fed + moved.used,
                        pending: false,
                    };
                    continue;
                }
                // The library counts calls that give it nothing to do as errors.
                (State::Frame { fed, pending }, _) if pending || !rest.is_empty() => {
                    let (moved, ended) = self.frame(rest, output)?;
                    total.used += moved.used;
                    total.written += moved.written;
                    self.state = State::Frame {
                        fed,
                        pending: moved.written == output.len(),
                    };
                    if ended {
                        self.state = State::Magic(0);
                        self.first = false;
                    }
                    if total.written > 0 {
                        return Ok(total);
                    }
                    if ended || moved.used > 0 || pending {
                        continue;
                    }
                    return Err(corrupt("zstd"));
                }
                (State::Ignored, _) => total.used += rest.len(),
                _ => {}
            }
            // Less than a magic number after a frame is garbage.
            let complete = match self.state {
                State::Magic(at) => at == 0 || !self.first,
                State::Frame { .. } => false,
                State::Ignored => true,
            };
            if at_end && total.used == 0 && !complete {
                return Err(truncated("zstd"));
            }
            return Ok(total);
        }
    }
}

/// 8 MiB (RFC 9659).
const WINDOW_LOG: u32 = 23;
