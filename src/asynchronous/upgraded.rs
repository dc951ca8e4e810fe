//! [`Upgraded`] as tokio's streams are read and written.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::asynchronous::{Async, in_runtime};
use crate::connection::deadline::Until;
use crate::connection::socket::Interest;
use crate::connection::tokio_socket::TokioSocket;
use crate::connection::wire::Wire;
use crate::engine::upgraded::Upgraded;

/// Waits of the two directions, each with its limit.
#[derive(Default)]
pub(crate) struct Patience {
    read: Timer,
    write: Timer,
}

#[derive(Default)]
struct Timer(Option<Pin<Box<tokio::time::Sleep>>>, Option<Until>);

impl Timer {
    /// Calls until it says something else than that it would have to wait.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        wire: &mut Wire<TokioSocket>,
        interest: Interest,
        until: impl Fn() -> Until,
        mut call: impl FnMut(&mut Wire<TokioSocket>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            match call(wire) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                result => {
                    *self = Self::default();
                    return Poll::Ready(result);
                }
            }
            let until = *self.1.get_or_insert_with(&until);
            match wire.socket().poll_ready(interest, cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => {
                    let Some(at) = until.at() else {
                        return Poll::Pending;
                    };
                    in_runtime()?;
                    let sleep = self
                        .0
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
                    ready!(sleep.as_mut().poll(cx));
                    *self = Self::default();
                    return Poll::Ready(Err(until.error().into()));
                }
            }
        }
    }
}

impl AsyncRead for Upgraded<Async> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let room = buffer.initialize_unfilled();
        let count = match this.take_early(room) {
            0 => {
                let deadlines = &this.deadlines;
                let until = || deadlines.read(Instant::now());
                let wire = &mut this.wire;
                let timer = &mut this.patience.read;
                ready!(timer.poll(cx, wire, Interest::Read, until, |wire| wire.read(room)))?
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
        let deadlines = &this.deadlines;
        let until = || deadlines.write(Instant::now());
        let (wire, timer) = (&mut this.wire, &mut this.patience.write);
        timer.poll(cx, wire, Interest::Write, until, |wire| {
            wire.write(&[IoSlice::new(bytes)])
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let deadlines = &this.deadlines;
        let until = || deadlines.write(Instant::now());
        let (wire, timer) = (&mut this.wire, &mut this.patience.write);
        timer.poll(cx, wire, Interest::Write, until, Wire::flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
