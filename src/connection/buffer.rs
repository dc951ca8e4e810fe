//! `Buffer`: bytes received and not yet understood.
//!
//! Owns growth, shrinking and the two ends. Memory is zeroed once, when the buffer grows, never per read.

use std::io;

/// A byte queue over one allocation.
#[derive(Default)]
pub(crate) struct Buffer {
    data: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// What has been received and not consumed.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.data.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Reads once behind what is there, making room first; `read` gets at least [`Self::FIRST`] bytes of room.
    pub(crate) fn fill(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.data.len() - self.end < Self::FIRST / 2 {
            self.make_room();
        }
        let count = read(self.data.get_mut(self.end..).unwrap_or_default())?;
        self.end = self.end.saturating_add(count).min(self.data.len());
        Ok(count)
    }

    /// What is kept while a connection is idle: little (R-LIM-12).
    pub(crate) fn shrink(&mut self) {
        if self.is_empty() && self.data.len() > Self::IDLE {
            *self = Self::default();
        }
    }

    fn make_room(&mut self) {
        self.data.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        // Doubling from what is held keeps a message that does not fit linear; the codec bounds how much is held.
        if self.data.len() - self.end < Self::FIRST / 2 {
            let size = (self.data.len() * 2).max(Self::FIRST);
            self.data.resize(size, 0);
        }
    }

    const FIRST: usize = 8 << 10;
    const IDLE: usize = 16 << 10;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(buffer: &mut Buffer, bytes: &[u8]) {
        let n = buffer.fill(|room| {
            let n = bytes.len().min(room.len());
            room[..n].copy_from_slice(&bytes[..n]);
            Ok(n)
        });
        assert_eq!(n.unwrap(), bytes.len());
    }

    #[test]
    fn keeps_order_over_growth_and_consumption() {
        let mut buffer = Buffer::default();
        let mut sent = 0_u32;
        let mut seen = 0_u32;
        for round in 0..200 {
            for _ in 0..round {
                put(&mut buffer, &sent.to_be_bytes().repeat(64));
                sent += 1;
            }
            while buffer.bytes().len() >= 256 * (round % 7 + 1) {
                assert_eq!(&buffer.bytes()[..4], seen.to_be_bytes());
                assert_eq!(&buffer.bytes()[252..256], seen.to_be_bytes());
                buffer.consume(256);
                seen += 1;
            }
        }
        assert!(seen > 1000);
    }

    /// R-LIM-12
    #[test]
    fn gives_memory_back_when_idle() {
        let mut buffer = Buffer::default();
        for _ in 0..100 {
            put(&mut buffer, &[7; 4000]);
        }
        buffer.shrink();
        assert_eq!(
            buffer.bytes().len(),
            400_000,
            "nothing is lost while bytes are held"
        );
        buffer.consume(400_000);
        buffer.shrink();
        assert!(buffer.data.capacity() <= Buffer::IDLE);
    }

    #[test]
    fn consuming_too_much_is_harmless() {
        let mut buffer = Buffer::default();
        put(&mut buffer, b"abc");
        buffer.consume(usize::MAX);
        assert!(buffer.is_empty());
    }
}
