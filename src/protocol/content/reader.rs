//! `ContentReader`: a decoder and the received bytes that wait for it.
//!
//! Owns the buffer between the connection and the decoder, and the limit on decoded bytes. Receives nothing itself:
//! whoever drives it fetches bytes when it asks for them, so nothing is ever inflated ahead of the reader.

use std::fmt;

use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;
use crate::protocol::content::Decoder;

/// Decodes what it is fed.
pub(crate) struct ContentReader {
    decoder: Decoder,
    input: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    decoded: u64,
    limit: Option<u64>,
}

/// The outcome of one try to decode.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// So many bytes were written.
    Bytes(usize),
    /// Received bytes are wanted, to be put into [`ContentReader::input`].
    Hungry,
    /// The content is complete.
    End,
}

impl ContentReader {
    /// What undoes the codings the headers name, `None` if there are none.
    ///
    /// # Errors
    /// As [`Decoder::for_headers`].
    pub(crate) fn for_headers(
        headers: &Headers,
        limits: &ResponseLimits,
    ) -> Result<Option<Box<Self>>> {
        Ok(
            Decoder::for_headers(headers, limits.codings)?.map(|decoder| {
                let input = vec![0; INPUT];
                let limit = limits.body;
                Box::new(Self {
                    decoder,
                    input,
                    start: 0,
                    end: 0,
                    at_end: false,
                    decoded: 0,
                    limit,
                })
            }),
        )
    }

    /// Decodes from what was received.
    ///
    /// # Errors
    /// `Decoding` for broken or cut content, `Limit` for too much of it.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<Decoded> {
        loop {
            let input = self.input.get(self.start..self.end).unwrap_or_default();
            let progress = self.decoder.step(input, buffer, self.at_end)?;
            self.start += progress.used;
            if progress.written > 0 {
                return self.count(progress.written);
            }
            if progress.used > 0 && self.start < self.end {
                continue;
            }
            if self.at_end {
                return Ok(Decoded::End);
            }
            return Ok(Decoded::Hungry);
        }
    }

    /// Where received bytes are to be put, after [`Decoded::Hungry`].
    pub(crate) fn input(&mut self) -> &mut [u8] {
        // What the decoder could not use yet stays in front.
        self.input.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        self.input.get_mut(self.end..).unwrap_or_default()
    }

    /// So many bytes were put there; 0 says that none will follow.
    pub(crate) fn received(&mut self, count: usize) {
        self.at_end = count == 0;
        self.end = (self.end + count).min(self.input.len());
    }

    fn count(&mut self, written: usize) -> Result<Decoded> {
        self.decoded = self.decoded.saturating_add(written as u64);
        match self.limit {
            Some(limit) if self.decoded > limit => Err(Error::new(
                Kind::Limit,
                format!("the decoded body is larger than the limit of {limit} bytes"),
            )
            .with_reason(Reason::BodyTooLarge)
            .in_phase(Phase::Body)),
            _ => Ok(Decoded::Bytes(written)),
        }
    }
}

/// How much is received at a time for decoding.
const INPUT: usize = 16 << 10;

impl fmt::Debug for ContentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentReader")
            .field("decoded", &self.decoded)
            .finish_non_exhaustive()
    }
}
