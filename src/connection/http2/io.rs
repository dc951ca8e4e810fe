//! `H2Io`: a wire as the byte stream that h2 runs over.
//!
//! Owns the waiting for readiness, the count of frames that pass, and how the stream ended. Does not own what frames
//! mean.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{ACK, Flood, FrameHead, Frames, kind};
use super::shared::{End, Shared};
use crate::connection::socket::StdSocket;
use crate::connection::tokio_socket::TokioSocket;
use crate::connection::wire::Wire;
use crate::models::connection::ConnectionInfo;

/// The bytes of one connection.
#[derive(Debug)]
pub(super) struct H2Io {
    link: Link,
    /// What was written before anybody waited: the preface and the first frames. The handshake of h2 needs no runtime
    /// because of it.
    early: Vec<u8>,
    is_early: bool,
    incoming: Frames,
    outgoing: Frames,
    flood: Flood,
    heads: usize,
    /// Why nothing can be sent any more. What the server said before that is still read.
    broken: Option<io::Error>,
    shared: Arc<Shared>,
}

/// What bytes move over.
#[derive(Debug)]
pub(crate) enum Link {
    /// Becomes [`Link::Tokio`] when it is first used, by then within the runtime that runs the connection.
    Std(Box<Wire<StdSocket>>),
    Tokio(Box<Wire<TokioSocket>>),
    /// It could not be taken over.
    Broken,
}

impl H2Io {
    pub(super) fn new(link: Link, shared: Arc<Shared>) -> Self {
        Self {
            link,
            early: Vec::new(),
            is_early: true,
            incoming: Frames::default(),
            outgoing: Frames::behind(PREFACE),
            flood: Flood::new(Instant::now()),
            heads: 0,
            broken: None,
            shared,
        }
    }

    /// Looks at what was received; says whether that is a flood.
    fn look(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self {
            incoming,
            flood,
            shared,
            ..
        } = self;
        shared.reads.fetch_add(1, Ordering::Relaxed);
        incoming.pass(bytes, |frame: FrameHead| {
            flood.received(frame);
            match frame.kind {
                kind::SETTINGS if frame.flags & ACK == 0 => shared.settle(),
                kind::GOAWAY => shared.go_away(),
                _ => {}
            }
        });
        let heads = shared.heads.load(Ordering::Relaxed);
        flood.answered(heads.wrapping_sub(self.heads));
        self.heads = heads;
        if !flood.is_too_much(Instant::now()) {
            return Ok(());
        }
        self.shared.end(End::Flood);
        self.say_calm();
        Err(io::Error::other("the server floods the connection"))
    }

    /// A last word, as far as that takes no waiting: GOAWAY with ENHANCE_YOUR_CALM (RFC 9113 section 6.8).
    fn say_calm(&mut self) {
        const CALM: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];
        if let Link::Tokio(wire) = &mut self.link
            && self.outgoing.is_between()
            && self.early.is_empty()
        {
            // The server is told why if it still listens.
            let _ = wire.write(&[IoSlice::new(&CALM)]);
            let _ = wire.flush();
        }
    }

    /// Sends what was written early.
    fn poll_early(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_early = false;
        while !self.early.is_empty() && self.broken.is_none() {
            let parts = [IoSlice::new(&self.early)];
            match ready!(poll_write(&mut self.link, context, &parts)) {
                Ok(0) => self.write_failed(io::ErrorKind::WriteZero.into())?,
                Ok(count) => drop(self.early.drain(..count.min(self.early.len()))),
                Err(e) => self.write_failed(e)?,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sending failed. If that is because the server has gone, it may have answered before; reading finds out, and
    /// meets the end.
    fn write_failed(&mut self, error: io::Error) -> io::Result<()> {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        if matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset
        ) {
            self.broken = Some(error);
            return Ok(());
        }
        self.shared.end(End::Write(error.kind(), error.to_string()));
        Err(error)
    }

    /// Receiving ended.
    fn read_ended(&self, end: End) {
        self.shared.end(match &self.broken {
            Some(error) => End::Write(error.kind(), error.to_string()),
            None => end,
        });
    }

    /// Takes note of what was written.
    fn wrote(&mut self, parts: &[IoSlice<'_>], mut count: usize) {
        let Self {
            outgoing, flood, ..
        } = self;
        for part in parts {
            let taken = part.len().min(count);
            count -= taken;
            let taken = part.get(..taken).unwrap_or_default();
            outgoing.pass(taken, |frame| {
                if frame.kind == kind::DATA {
                    flood.moved(frame.length);
                }
            });
        }
    }
}

impl AsyncRead for H2Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = &mut *self;
        let before = buffer.filled().len();
        let outcome = ready!(poll_read(&mut me.link, context, buffer));
        match outcome {
            Ok(()) => {
                let new = buffer.filled().get(before..).unwrap_or_default();
                if new.is_empty() {
                    me.read_ended(End::Closed);
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(me.look(new))
            }
            // TLS without its goodbye; whatever is not complete by now fails (R-TLS-05).
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                me.read_ended(End::Closed);
                Poll::Ready(Err(e))
            }
            Err(e) => {
                me.read_ended(End::Read(e.kind(), e.to_string()));
                Poll::Ready(Err(e))
            }
        }
    }
}

impl AsyncWrite for H2Io {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let me = &mut *self;
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if me.is_early && me.early.len() + length <= EARLY {
            for part in parts {
                me.early.extend_from_slice(part);
            }
            me.wrote(parts, length);
            return Poll::Ready(Ok(length));
        }
        ready!(me.poll_early(context))?;
        if me.broken.is_some() {
            return Poll::Ready(Ok(length));
        }
        let count = match ready!(poll_write(&mut me.link, context, parts)) {
            Ok(count) => count,
            Err(e) => {
                me.write_failed(e)?;
                length
            }
        };
        me.wrote(parts, count);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_early(context))?;
        if self.broken.is_some() {
            return Poll::Ready(Ok(()));
        }
        match ready!(poll_flush(&mut self.link, context)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(e) => Poll::Ready(self.write_failed(e)),
        }
    }

    /// The goodbye of TLS, and that of the socket, come when the wire is dropped.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

impl Link {
    /// What is known of the connection.
    pub(super) fn info(&self) -> ConnectionInfo {
        match self {
            Self::Std(wire) => wire.info(),
            Self::Tokio(wire) => wire.info(),
            Self::Broken => ConnectionInfo {
                peer_addr: None,
                local_addr: None,
                unix_path: None,
                is_proxied: false,
                tls: None,
            },
        }
    }

    fn wire(&mut self) -> io::Result<&mut Wire<TokioSocket>> {
        if let Self::Std(_) = self
            && let Self::Std(wire) = std::mem::replace(self, Self::Broken)
        {
            let socket = |socket: &StdSocket| TokioSocket::new(socket.stream().try_clone()?);
            *self = Self::Tokio(Box::new(wire.map_socket(socket)?));
        }
        match self {
            Self::Tokio(wire) => Ok(wire),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

fn poll_read(
    link: &mut Link,
    context: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let wire = link.wire()?;
    loop {
        match wire.read(buffer.initialize_unfilled()) {
            Ok(count) => {
                buffer.advance(count);
                return Poll::Ready(Ok(()));
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                // TLS may have something to say before it hears more; that it cannot is no reason not to listen.
                let _ = flush(wire, context);
                ready!(wire.socket().poll_read_ready(context))?;
            }
            Err(e) => return Poll::Ready(Err(e)),
        }
    }
}

fn poll_write(
    link: &mut Link,
    context: &mut Context<'_>,
    parts: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let wire = link.wire()?;
    loop {
        match wire.write(parts) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                ready!(wire.socket().poll_write_ready(context))?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return Poll::Ready(result),
        }
    }
}

fn poll_flush(link: &mut Link, context: &mut Context<'_>) -> Poll<io::Result<()>> {
    flush(link.wire()?, context)
}

fn flush(wire: &mut Wire<TokioSocket>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
    loop {
        match wire.flush() {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                ready!(wire.socket().poll_write_ready(context))?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return Poll::Ready(result),
        }
    }
}

/// What a client says first (RFC 9113 section 3.4).
const PREFACE: usize = 24;
/// Bytes that may be written before anybody waits.
const EARLY: usize = 4 << 10;
