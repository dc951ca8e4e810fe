//! [`Upgraded`] as tokio's streams are read and written.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::asynchronous::{Async, in_runtime};
use crate::connection::deadline::{Deadlines, Until};
use crate::connection::socket::Interest;
use crate::connection::tokio_socket::TokioSocket;
use crate::connection::wire::Wire;
use crate::engine::upgraded::Upgraded;
#[cfg(feature = "tls")]
use crate::error::Result;
use crate::models::cancel::Watch;
#[cfg(feature = "tls")]
use crate::models::tls::{ServerName, TlsConfig};

#[cfg(feature = "tls")]
impl Upgraded<Async> {
    /// As [`Upgraded::start_tls`] of blocking clients.
    ///
    /// # Errors
    /// As there.
    pub async fn start_tls(self, config: &TlsConfig, name: &ServerName) -> Result<Self> {
        self.shake(config, name).await
    }
}

/// Waits of the two directions, each with its limits.
#[derive(Default)]
pub(crate) struct Patience {
    read: Timer,
    write: Timer,
}

#[derive(Default)]
struct Timer {
    until: Option<Until<'static>>,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    watch: Option<Watch>,
}

impl Timer {
    /// Calls until it says something else than that it would have to wait.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        wire: &mut Wire<TokioSocket>,
        interest: Interest,
        (deadlines, limit): (&Deadlines, Limit),
        mut call: impl FnMut(&mut Wire<TokioSocket>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        deadlines.check()?;
        loop {
            match call(wire) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                result => {
                    *self = Self::default();
                    return Poll::Ready(result);
                }
            }
            if let Some(token) = deadlines.cancel()
                && let Poll::Ready(error) = self
                    .watch
                    .get_or_insert_with(|| token.watch())
                    .poll(cx.waker())
            {
                return Poll::Ready(Err(error.into()));
            }
            let until = *self
                .until
                .get_or_insert_with(|| limit(deadlines, Instant::now()).timed());
            match wire.socket().poll_ready(interest, cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => {
                    let Some(at) = until.at() else {
                        return Poll::Pending;
                    };
                    in_runtime()?;
                    let sleep = self
                        .sleep
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
                    ready!(sleep.as_mut().poll(cx));
                    *self = Self::default();
                    return Poll::Ready(Err(until.error().into()));
                }
            }
        }
    }
}

/// One of the limits.
type Limit = for<'a> fn(&'a Deadlines, Instant) -> Until<'a>;

impl AsyncRead for Upgraded<Async> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let room = buffer.initialize_unfilled();
        this.deadlines.check()?;
        let count = match this.take_early(room) {
            0 => {
                let limit = (&this.deadlines, Deadlines::read as Limit);
                let wire = &mut this.wire;
                let timer = &mut this.patience.read;
                ready!(timer.poll(cx, wire, Interest::Read, limit, |wire| wire.read(room)))?
            }
            count => count,
        };
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Upgraded<Async> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let limit = (&this.deadlines, Deadlines::write as Limit);
        let (wire, timer) = (&mut this.wire, &mut this.patience.write);
        timer.poll(cx, wire, Interest::Write, limit, |wire| {
            wire.write(&[IoSlice::new(bytes)])
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let limit = (&this.deadlines, Deadlines::write as Limit);
        let (wire, timer) = (&mut this.wire, &mut this.patience.write);
        timer.poll(cx, wire, Interest::Write, limit, Wire::flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let limit = (&this.deadlines, Deadlines::write as Limit);
        let (wire, timer) = (&mut this.wire, &mut this.patience.write);
        timer.poll(cx, wire, Interest::Write, limit, Wire::shutdown)
    }
}
