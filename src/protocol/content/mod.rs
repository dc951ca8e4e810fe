//! Content codings: gzip, deflate, br and zstd undone piece by piece, and stacks of them.
//!
//! Owns which codings a response names, their limit, and the moving of bytes through the layers; each layer's format is
//! in its own file. Does not own body limits, framing, or what happens to the connection after an error.

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(feature = "gzip")]
mod deflate;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "zstd")]
mod zstd;

pub(crate) mod reader;

use std::fmt;

use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::headers::Headers;

/// The decoders of one response, the coding that was applied last first.
///
/// Memory is bounded whatever the input: a constant per layer and one buffer between two layers (R-LIM-08).
pub(crate) struct Decoder {
    stages: Vec<Stage>,
    /// Bytes moved between layers since the last byte of output.
    silent: usize,
    failed: bool,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes taken from the front of the input.
    pub(crate) used: usize,
    /// Bytes put at the front of the output.
    pub(crate) written: usize,
}

impl Decoder {
    /// The decoder for the Content-Encoding fields (RFC 9110 section 8.4), `None` if there is nothing to undo.
    ///
    /// Codings nobody here knows are skipped, those around them still undone.
    ///
    /// # Errors
    /// `Decoding` with `TooManyCodings` for more than `limit` codings, `identity` not counted; no decoder is built then.
    pub(crate) fn for_headers(headers: &Headers, limit: usize) -> Result<Option<Self>> {
        if !headers.contains("Content-Encoding") {
            return Ok(None);
        }
        let codings = || {
            headers
                .values("content-encoding")
                .flat_map(|value| value.split(|&byte| byte == b','))
                .map(<[u8]>::trim_ascii)
                .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
        };
        let count = codings().count();
        if count > limit {
            let message = format!("{count} content codings, more than the limit of {limit}");
            return Err(Error::new(Kind::Decoding, message).with_reason(Reason::TooManyCodings));
        }
        let mut stages = Vec::new();
        for name in codings() {
            stages.extend(layer(name).map(Stage::new));
        }
        // The coding listed last was applied last.
        stages.reverse();
        Ok((!stages.is_empty()).then_some(Self {
            stages,
            silent: 0,
            failed: false,
        }))
    }

    /// Moves bytes through all layers: takes some of `input`, writes at most 64 KiB to `output`.
    ///
    /// `at_end` says that nothing follows `input`. Neither bytes used nor written means that more input is needed, or,
    /// at the end, that the body is complete. `output` must not be empty.
    ///
    /// # Errors
    /// `Decoding` for data that is corrupt, and again on every later call; with `TruncatedCoding` if it ended too soon.
    /// A body without a single byte is complete in every coding.
    pub(crate) fn step(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        at_end: bool,
    ) -> Result<Progress> {
        if self.failed {
            return Err(Error::new(
                Kind::Decoding,
                "The content could not be decoded before",
            ));
        }
        let result = self.run(input, output, at_end);
        self.failed = result.is_err();
        result.map_err(|error| error.in_phase(Phase::Body))
    }

    fn run(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Result<Progress> {
        let room = output.len().min(STEP);
        let output = output.get_mut(..room).unwrap_or_default();
        let mut total = Progress::default();
        while total.written == 0 && !output.is_empty() {
            let rest = input.get(total.used..).unwrap_or_default();
            let Some(moved) = self.turn(rest, output, at_end)? else {
                break;
            };
            total.used += moved.used;
            total.written = moved.written;
        }
        if total.written > 0 {
            self.silent = 0;
        }
        Ok(total)
    }

    /// One move of the layer nearest to the output that can move; `None` if none can.
    fn turn(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Result<Option<Progress>> {
        let last = self.stages.len().saturating_sub(1);
        for index in (0..self.stages.len()).rev() {
            let (before, rest) = self.stages.split_at_mut(index);
            let (Some(stage), mut source) = (rest.first_mut(), before.last_mut()) else {
                continue;
            };
            if stage.done || (index != last && !stage.filled().is_empty()) {
                continue;
            }
            let (bytes, ended) = match &source {
                Some(source) => (source.filled(), source.done),
                None => (input, at_end),
            };
            let moved = if index == last {
                stage.layer.step(bytes, output, ended)?
            } else {
                stage.fill(bytes, ended)?
            };
            if moved == Progress::default() {
                if ended {
                    stage.done = true;
                    if index != last {
                        return Ok(Some(moved));
                    }
                }
                continue;
            }
            if let Some(source) = &mut source {
                source.start += moved.used;
            }
            let mut seen = moved;
            if index > 0 {
                seen.used = 0;
            }
            if index < last {
                seen.written = 0;
                self.silent += moved.written;
                if self.silent > SILENT {
                    return Err(Error::new(
                        Kind::Decoding,
                        "Stacked content codings that expand without any output",
                    ));
                }
            }
            return Ok(Some(seen));
        }
        Ok(None)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("layers", &self.stages.len())
            .field("failed", &self.failed)
            .finish()
    }
}

/// The value for Accept-Encoding: the codings that are built in, in order of preference. Empty if there are none; the
/// field is left out then.
pub(crate) const fn accept_encoding() -> &'static str {
    match (
        cfg!(feature = "gzip"),
        cfg!(feature = "brotli"),
        cfg!(feature = "zstd"),
    ) {
        (true, true, true) => "gzip, deflate, br, zstd",
        (true, true, false) => "gzip, deflate, br",
        (true, false, true) => "gzip, deflate, zstd",
        (true, false, false) => "gzip, deflate",
        (false, true, true) => "br, zstd",
        (false, true, false) => "br",
        (false, false, true) => "zstd",
        (false, false, false) => "",
    }
}

/// One coding being undone. `step` is as [`Decoder::step`] is, but `output` is never empty, and nothing is asked for
/// after an error.
trait Layer: Send + Sync {
    fn step(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Result<Progress>;
}

/// A layer and what it wrote for the next one.
struct Stage {
    layer: Box<dyn Layer>,
    /// Empty until used; unused in the last stage, which writes to the caller's output.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    done: bool,
}

impl Stage {
    fn new(layer: Box<dyn Layer>) -> Self {
        Self {
            layer,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            done: false,
        }
    }

    fn filled(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn fill(&mut self, input: &[u8], at_end: bool) -> Result<Progress> {
        self.buffer.resize(BETWEEN, 0);
        let moved = self.layer.step(input, &mut self.buffer, at_end)?;
        self.start = 0;
        self.end = moved.written;
        Ok(moved)
    }
}

/// The layer for a coding's name (RFC 9110 section 8.4.1), if it is built in.
fn layer(name: &[u8]) -> Option<Box<dyn Layer>> {
    match name.to_ascii_lowercase().as_slice() {
        #[cfg(feature = "gzip")]
        b"gzip" | b"x-gzip" => Some(Box::new(gzip::Gzip::new())),
        #[cfg(feature = "gzip")]
        b"deflate" => Some(Box::new(deflate::Deflate::new())),
        #[cfg(feature = "brotli")]
        b"br" => Some(Box::new(brotli::Brotli::new())),
        #[cfg(feature = "zstd")]
        b"zstd" => Some(Box::new(zstd::Zstd::new())),
        _ => None,
    }
}

#[cfg(any(feature = "gzip", feature = "brotli", feature = "zstd"))]
fn corrupt(coding: &str) -> Error {
    Error::new(Kind::Decoding, format!("Corrupt {coding} content"))
}

#[cfg(any(feature = "gzip", feature = "brotli", feature = "zstd"))]
fn truncated(coding: &str) -> Error {
    Error::new(
        Kind::Decoding,
        format!("The {coding} content is incomplete"),
    )
    .with_reason(Reason::TruncatedCoding)
}

/// The most one step writes (R-LIM-08).
const STEP: usize = 64 << 10;

/// The buffer between two layers.
const BETWEEN: usize = 32 << 10;

/// The most that layers may hand each other without a byte of output: five layers of zeros multiply beyond any limit on
/// what was received, and a limit on what was decoded never sees them if the last layer ignores them.
const SILENT: usize = 64 << 20;

#[cfg(test)]
mod tests;
