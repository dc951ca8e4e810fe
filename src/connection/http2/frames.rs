//! `Frames`: where one frame ends and the next begins, in bytes that pass by; `Flood`: when they are too many.
//!
//! Owns the nine bytes before each frame (RFC 9113 section 4.1) and the measure of a flood. Does not own what frames
//! mean: h2 does, which sees the same bytes.

use std::time::{Duration, Instant};

/// Follows the frames of one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD],
    /// Bytes of the head that were seen.
    seen: usize,
    /// Bytes to pass over.
    rest: usize,
}

/// What stands before a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHead {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
}

impl Frames {
    /// Begins behind so many bytes of something else.
    pub(super) fn behind(bytes: usize) -> Self {
        Self {
            rest: bytes,
            ..Self::default()
        }
    }

    /// Passes over bytes; tells of the head of each frame that begins in them.
    pub(super) fn pass(&mut self, mut bytes: &[u8], mut tell: impl FnMut(FrameHead)) {
        while !bytes.is_empty() {
            let skipped = self.rest.min(bytes.len());
            self.rest -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let room = self.head.get_mut(self.seen..).unwrap_or_default();
            let taken = room.len().min(bytes.len());
            let (now, later) = bytes.split_at(taken);
            if let Some(room) = room.get_mut(..taken) {
                room.copy_from_slice(now);
            }
            bytes = later;
            self.seen += taken;
            if self.seen == HEAD {
                self.seen = 0;
                let [a, b, c, kind, flags, ..] = self.head;
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                self.rest = length;
                tell(FrameHead {
                    length,
                    kind,
                    flags,
                });
            }
        }
    }

    /// Whether the last frame is complete, and no other begun.
    pub(super) fn is_between(&self) -> bool {
        self.seen == 0 && self.rest == 0
    }
}

/// Counts frames that get nobody any further, within ten seconds and less whatever moved meanwhile.
#[derive(Debug)]
pub(super) struct Flood {
    count: usize,
    since: Instant,
    /// Bytes of content that moved and were not set off yet.
    moved: usize,
}

impl Flood {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            count: 0,
            since: now,
            moved: 0,
        }
    }

    /// A frame was received.
    pub(super) fn received(&mut self, frame: FrameHead) {
        if frame.kind == kind::DATA && frame.length > 0 {
            self.moved(frame.length);
        } else {
            self.count += 1;
        }
    }

    /// Content moved, in either direction.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved += bytes;
        self.count = self.count.saturating_sub(self.moved / WORTH);
        self.moved %= WORTH;
    }

    /// So many responses were handed out.
    pub(super) fn answered(&mut self, responses: usize) {
        self.count = self.count.saturating_sub(responses.saturating_mul(8));
    }

    pub(super) fn is_too_much(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= PERIOD {
            (self.count, self.since) = (0, now);
        }
        self.count > MOST
    }
}

/// The types of frames that are looked at.
pub(super) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const GOAWAY: u8 = 7;
}

/// The flag of SETTINGS and PING that says that they are answers.
pub(super) const ACK: u8 = 1;

const HEAD: usize = 9;
/// Bytes of content that make up for one frame without.
const WORTH: usize = 512;
/// R-H2-03.
const MOST: usize = 10_000;
const PERIOD: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_however_bytes_are_cut() {
        let mut bytes = b"preface".to_vec();
        bytes.extend([0, 0, 3, 0, 1, 0, 0, 0, 1, b'a', b'b', b'c']);
        bytes.extend([0, 0, 0, 4, 1, 0, 0, 0, 0]);
        bytes.extend([0, 1, 0, 0, 0, 0, 0, 0, 1]);
        for size in 1..=bytes.len() {
            let mut frames = Frames::behind(7);
            let mut found = Vec::new();
            for piece in bytes.chunks(size) {
                frames.pass(piece, |head| found.push((head.kind, head.length)));
            }
            assert_eq!(found, [(0, 3), (4, 0), (0, 256)], "in pieces of {size}");
            assert!(!frames.is_between());
            frames.pass(&[0; 256], |_| found.clear());
            assert!(frames.is_between());
            assert_eq!(found.len(), 3);
        }
    }

    #[test]
    fn a_flood_is_what_does_not_move_anything() {
        let now = Instant::now();
        let frame = |kind, length| FrameHead {
            length,
            kind,
            flags: 0,
        };
        let mut flood = Flood::new(now);
        for _ in 0..MOST {
            flood.received(frame(6, 8));
        }
        assert!(!flood.is_too_much(now));
        flood.received(frame(kind::DATA, 0));
        assert!(flood.is_too_much(now));
        flood.moved(WORTH);
        assert!(!flood.is_too_much(now));
        flood.received(frame(6, 8));
        assert!(flood.is_too_much(now));
        assert!(!flood.is_too_much(now + PERIOD));
        for _ in 0..100 * MOST {
            flood.received(frame(8, 4));
            flood.received(frame(kind::DATA, 1024));
        }
        assert!(!flood.is_too_much(now + PERIOD));
    }
}
