//! The `br` coding (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Layer, Progress, corrupt, truncated};
use crate::error::Result;

pub(super) struct Brotli {
    /// `None` once the stream has ended.
    state: Option<Box<State>>,
    started: bool,
}

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

impl Brotli {
    pub(super) fn new() -> Self {
        // Strict: no large windows, which are no part of RFC 7932 and know no bound.
        let state = BrotliState::new_strict(
            StandardAlloc::default(),
            StandardAlloc::default(),
            StandardAlloc::default(),
        );
        Self {
            state: Some(Box::new(state)),
            started: false,
        }
    }
}

impl Layer for Brotli {
    fn step(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Result<Progress> {
        self.started |= !input.is_empty();
        let Some(state) = self.state.as_mut().filter(|_| self.started) else {
            // Nothing came yet, or all that comes is ignored.
            return Ok(Progress {
                used: input.len(),
                written: 0,
            });
        };
        let (mut left, mut used) = (input.len(), 0);
        let (mut room, mut written, mut total) = (output.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut used,
            input,
            &mut room,
            &mut written,
            output,
            &mut total,
            state,
        );
        match result {
            BrotliResult::ResultSuccess => {
                self.state = None;
                used = input.len();
            }
            BrotliResult::NeedsMoreInput if at_end && used == 0 && written == 0 => {
                return Err(truncated("br"));
            }
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(corrupt("br")),
        }
        Ok(Progress { used, written })
    }
}
