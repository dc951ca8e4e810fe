//! A form as a body: what is in memory joined, what is not read when its turn comes.
//!
//! Owns the pieces and their lengths. Does not own what is written around the parts (`models/multipart.rs`).

use std::io;

use bytes::Bytes;

use crate::models::body::{Body, BodySource, PIECE};

/// A form being put together.
#[derive(Default)]
pub(super) struct Assembly {
    segments: Vec<Segment>,
    /// What comes after the last segment.
    text: Vec<u8>,
}

/// A stretch of the body.
enum Segment {
    Memory {
        bytes: Bytes,
        sent: usize,
    },
    Stream {
        body: Body,
        left: Option<u64>,
        /// Whether it can be read to where its text was copied.
        fills_scratch: bool,
    },
}

impl Assembly {
    pub(super) fn text(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    /// A part's content. What is small is copied, so that many fields make one piece.
    pub(super) fn body(&mut self, mut body: Body) {
        match body.shared() {
            Some(bytes) if bytes.len() <= PIECE => self.text(&bytes),
            Some(bytes) => {
                self.end_text();
                self.segments.push(Segment::Memory { bytes, sent: 0 });
            }
            None => {
                self.end_text();
                self.segments.push(Segment::Stream {
                    left: body.len(),
                    fills_scratch: body.fills_scratch(),
                    body,
                });
            }
        }
    }

    /// The body; one in memory if nothing has to be read for it and nothing in it is large.
    pub(super) fn finish(mut self) -> Body {
        if self.segments.is_empty() {
            return Body::from(self.text);
        }
        self.end_text();
        Body::stream(FormSource {
            segments: self.segments,
            at: 0,
        })
    }

    fn end_text(&mut self) {
        let bytes = Bytes::from(std::mem::take(&mut self.text));
        self.segments.push(Segment::Memory { bytes, sent: 0 });
    }
}

struct FormSource {
    segments: Vec<Segment>,
    at: usize,
}

impl BodySource for FormSource {
    fn next<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match self.gather(scratch)? {
            0 => self.lend(scratch),
            filled => Ok(scratch.get(..filled)),
        }
    }

    fn length(&self) -> Option<u64> {
        self.segments.iter().try_fold(0_u64, |sum, segment| {
            sum.checked_add(match segment {
                Segment::Memory { bytes, .. } => bytes.len() as u64,
                Segment::Stream { body, .. } => body.len()?,
            })
        })
    }

    fn replayable(&self) -> bool {
        self.segments.iter().all(|segment| match segment {
            Segment::Memory { .. } => true,
            Segment::Stream { body, .. } => body.is_replayable(),
        })
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.at = 0;
        for segment in &mut self.segments {
            match segment {
                Segment::Memory { sent, .. } => *sent = 0,
                Segment::Stream { body, left, .. } => {
                    body.prepare()?;
                    *left = body.len();
                }
            }
        }
        Ok(())
    }
}

impl FormSource {
    /// Joins what fits into `scratch`: text, and the one read of a stream with the text around it. 0 if what comes next
    /// is better lent, and at the end.
    fn gather(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(segment) = self.segments.get_mut(self.at) {
            let room = scratch.get_mut(filled..).unwrap_or_default();
            match segment {
                Segment::Memory { bytes, sent } => {
                    let rest = bytes.get(*sent..).unwrap_or_default();
                    let Some(room) = room.get_mut(..rest.len()) else {
                        break;
                    };
                    room.copy_from_slice(rest);
                    filled += rest.len();
                    *sent = bytes.len();
                    self.at += 1;
                }
                Segment::Stream {
                    body,
                    left,
                    fills_scratch: true,
                } if !room.is_empty() => {
                    let read = count(body.lend(room)?, left)?.map_or(0, <[u8]>::len);
                    filled += read;
                    match left {
                        // The end, by its word or by its length; the latter is checked by one more read.
                        _ if read == 0 => self.at += 1,
                        Some(0) => {}
                        // What a slow reader gave is not held back for more.
                        _ => break,
                    }
                }
                Segment::Stream { .. } => break,
            }
        }
        Ok(filled)
    }

    /// The next piece where it is, uncopied.
    fn lend<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match self.segments.get_mut(self.at) {
            None => Ok(None),
            Some(Segment::Memory { bytes, sent }) => {
                let start = *sent;
                let rest = bytes.get(start..).unwrap_or_default();
                let piece = rest.get(..PIECE).unwrap_or(rest);
                *sent += piece.len();
                if *sent == bytes.len() {
                    self.at += 1;
                }
                Ok(Some(piece))
            }
            Some(Segment::Stream { body, left, .. }) => {
                let piece = count(body.lend(scratch)?, left)?;
                if piece.is_none() {
                    self.at += 1;
                }
                // The end of a part is not the end of the form.
                Ok(Some(piece.unwrap_or_default()))
            }
        }
    }
}

/// Holds a part to the length it announced: what is missing or too much would shift all that follows.
fn count<'a>(piece: Option<&'a [u8]>, left: &mut Option<u64>) -> io::Result<Option<&'a [u8]>> {
    let Some(expected) = left else {
        return Ok(piece);
    };
    match piece {
        Some(piece) => match expected.checked_sub(piece.len() as u64) {
            Some(rest) => *expected = rest,
            None => return Err(io::Error::other("a part gave more bytes than it announced")),
        },
        None if *expected > 0 => {
            return Err(io::Error::other(format!(
                "a part ended {expected} bytes before its announced end"
            )));
        }
        None => {}
    }
    Ok(piece)
}
