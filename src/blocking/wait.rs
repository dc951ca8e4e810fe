//! Waiting on this thread: `poll(2)` on sockets, parking for everything else.
//!
//! The only place of the blocking client that sleeps, but for the patient reads of `StdSocket`, the retry pause, and the
//! waits of calls that can be cancelled (`interrupt.rs`).

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use rustix::io::Errno;

use crate::connection::deadline::Until;
use crate::connection::socket::Interest;
use crate::error::{Error, Kind, Result};
use crate::models::cancel::CancelToken;

/// Waits until one of the sockets is ready, or the time is up (`false`). Errors and hang-ups count as ready: the next
/// call on the socket says what they are.
pub(crate) fn on_sockets<F: AsFd>(
    sockets: &[F],
    interest: Interest,
    timeout: Option<Duration>,
) -> Result<bool> {
    let flags = flags(interest);
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut left = timeout;
    loop {
        let mut descriptors: Vec<PollFd<'_>> = sockets
            .iter()
            .map(|socket| PollFd::new(socket, flags))
            .collect();
        // A wait longer than the system can express is a wait for ever.
        let timespec = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut descriptors, timespec.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(Errno::INTR) => {
                left = end.map(|end| end.saturating_duration_since(Instant::now()));
            }
            Err(e) => return Err(failed(e)),
        }
    }
}

pub(super) fn flags(interest: Interest) -> PollFlags {
    match interest {
        Interest::Read => PollFlags::IN,
        Interest::Write => PollFlags::OUT,
        Interest::Both => PollFlags::IN | PollFlags::OUT,
    }
}

pub(super) fn failed(error: Errno) -> Error {
    Error::new(Kind::Read, "waiting for the socket failed").with_source(error)
}

/// Waits for one socket until the limit, whose error it returns.
pub(crate) fn on_socket(socket: &impl AsFd, interest: Interest, until: Until<'_>) -> Result<()> {
    if on_sockets(&[socket], interest, until.left(Instant::now()))? {
        Ok(())
    } else {
        Err(until.error())
    }
}

/// Runs a future on this thread. Those of the blocking driver have waited when they were polled; any other is parked for.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    // The first try needs nobody to wake.
    if let Poll::Ready(value) = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        return value;
    }
    let waker = unparking();
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park();
    }
}

/// Runs a future on this thread until the limit, whose error it returns, or until the call is cancelled.
pub(crate) fn on_future<T>(future: impl Future<Output = T>, until: Until<'_>) -> Result<T> {
    let mut future = pin!(future);
    let waker = unparking();
    let mut watch = until.cancel().map(CancelToken::watch);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Ok(value);
        }
        if let Some(Poll::Ready(error)) = watch.as_mut().map(|watch| watch.poll(&waker)) {
            return Err(error);
        }
        match until.left(Instant::now()) {
            Some(Duration::ZERO) => return Err(until.error()),
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
}

pub(super) fn unparking() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
