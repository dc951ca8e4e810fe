//! The sources behind a [`Body`]: readers, iterators, factories, and the one that counts.
//!
//! Owns how each becomes pieces and goes back to its beginning. Does not own when that is done (`models/body.rs`).

use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;

use super::{Body, BodySource, PIECE, Trailers};

/// A reader that cannot go back.
pub(super) struct ReaderSource<R> {
    pub(super) reader: R,
    pub(super) length: Option<u64>,
}

impl<R: Read + Send> BodySource for ReaderSource<R> {
    fn next<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        fill(&mut self.reader, scratch)
    }

    fn length(&self) -> Option<u64> {
        self.length
    }

    fn fills_scratch(&self) -> bool {
        true
    }
}

/// A reader that can go back to where it stood.
pub(super) struct SeekSource<R> {
    reader: R,
    start: u64,
    length: u64,
}

impl<R: Seek> SeekSource<R> {
    /// From where the reader stands to its end.
    pub(super) fn measure(mut reader: R) -> io::Result<Self> {
        let start = reader.stream_position()?;
        let end = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(start))?;
        Ok(Self {
            reader,
            start,
            length: end.saturating_sub(start),
        })
    }
}

impl<R: Read + Seek + Send> BodySource for SeekSource<R> {
    fn next<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        fill(&mut self.reader, scratch)
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn fills_scratch(&self) -> bool {
        true
    }

    fn replayable(&self) -> bool {
        true
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.reader.seek(SeekFrom::Start(self.start)).map(drop)
    }
}

/// Pieces as somebody else cut them.
pub(super) struct IterSource<F> {
    next: F,
    piece: Bytes,
}

impl<F: FnMut() -> Option<io::Result<Bytes>>> IterSource<F> {
    pub(super) fn new(next: F) -> Self {
        Self {
            next,
            piece: Bytes::new(),
        }
    }
}

impl<F: FnMut() -> Option<io::Result<Bytes>> + Send> BodySource for IterSource<F> {
    fn next<'a>(&'a mut self, _scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        self.piece = match (self.next)() {
            Some(piece) => piece?,
            None => return Ok(None),
        };
        Ok(Some(&self.piece))
    }
}

/// Bodies made anew for each sending.
pub(super) struct FactorySource<F> {
    make: F,
    current: Body,
}

impl<F: Fn() -> Body> FactorySource<F> {
    pub(super) fn new(make: F) -> Self {
        Self {
            current: make(),
            make,
        }
    }
}

impl<F: Fn() -> Body + Send> BodySource for FactorySource<F> {
    fn next<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        self.current.lend(scratch)
    }

    fn length(&self) -> Option<u64> {
        self.current.len()
    }

    fn replayable(&self) -> bool {
        true
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.current = (self.make)();
        Ok(())
    }

    fn trailers(&self) -> Option<Box<Trailers>> {
        self.current.trailers.clone()
    }
}

/// Another body, and somebody who is told how far it got.
pub(super) struct ProgressSource<F> {
    body: Body,
    report: F,
    /// `None` before the first piece was asked for.
    sent: Option<u64>,
    /// The piece that was handed out last. It counts once the next one is asked for.
    pending: u64,
}

impl<F: FnMut(u64, Option<u64>)> ProgressSource<F> {
    pub(super) fn new(body: Body, report: F) -> Self {
        Self {
            body,
            report,
            sent: None,
            pending: 0,
        }
    }

    /// Where the next piece begins.
    fn advance(&mut self) -> u64 {
        let sent = match self.sent {
            Some(before) if self.pending == 0 => return before,
            Some(before) => before.saturating_add(self.pending),
            None => 0,
        };
        self.sent = Some(sent);
        self.pending = 0;
        (self.report)(sent, self.body.len());
        sent
    }
}

impl<F: FnMut(u64, Option<u64>) + Send> BodySource for ProgressSource<F> {
    fn next<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        let start = self.advance();
        let piece = if self.body.as_bytes().is_some() {
            let rest = usize::try_from(start)
                .ok()
                .and_then(|start| self.body.as_bytes()?.get(start..))
                .unwrap_or_default();
            let piece = rest.get(..PIECE).unwrap_or(rest);
            (!piece.is_empty()).then_some(piece)
        } else {
            self.body.lend(scratch)?
        };
        self.pending = piece.map_or(0, |piece| piece.len() as u64);
        Ok(piece)
    }

    fn length(&self) -> Option<u64> {
        self.body.len()
    }

    fn replayable(&self) -> bool {
        self.body.is_replayable()
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.body.prepare()?;
        (self.sent, self.pending) = (None, 0);
        Ok(())
    }

    fn trailers(&self) -> Option<Box<Trailers>> {
        self.body.trailers.clone()
    }
}

/// One read, tried again when a signal interrupted it (FLT-11).
fn fill<'a>(reader: &mut impl Read, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
    loop {
        match reader.read(scratch) {
            Ok(0) => return Ok(None),
            Ok(n) => return Ok(scratch.get(..n)),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
