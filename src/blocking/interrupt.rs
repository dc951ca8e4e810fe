//! Waits of this thread that a [`CancelToken`] can end.
//!
//! Owns how a thread is reached that is inside `poll(2)`: by a descriptor of its own, which is polled with the sockets and
//! becomes readable. Where there is none, the thread looks up every few milliseconds. Calls without a token never come
//! here.

use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fd::AsFd;

use crate::blocking::wait;
use crate::connection::deadline::Until;
use crate::connection::socket::Interest;
use crate::error::Result;
use crate::models::cancel::CancelToken;

/// As [`wait::on_socket`], or until the call is cancelled.
pub(super) fn on_socket(socket: &impl AsFd, interest: Interest, until: Until<'_>) -> Result<()> {
    let is_ready = match until.cancel() {
        Some(token) => on_sockets(&[socket], interest, until.sooner_of(None), token)?,
        None => return wait::on_socket(socket, interest, until),
    };
    if is_ready { Ok(()) } else { Err(until.error()) }
}

/// As [`wait::on_sockets`], or until the call is cancelled, which is an error.
pub(super) fn on_sockets<F: AsFd>(
    sockets: &[F],
    interest: Interest,
    until: Option<Instant>,
    token: &CancelToken,
) -> Result<bool> {
    token.check()?;
    #[cfg(all(unix, not(papilio_portable)))]
    if let Some(outcome) = signal::on_sockets(sockets, interest, until, token) {
        return outcome;
    }
    in_slices(sockets, interest, until, token)
}

/// Lets time pass; fails when the call is cancelled.
pub(super) fn sleep(pause: Duration, token: &CancelToken) -> Result<()> {
    let end = Instant::now().checked_add(pause);
    let waker = wait::unparking();
    let mut watch = token.watch();
    loop {
        if let Poll::Ready(error) = watch.poll(&waker) {
            return Err(error);
        }
        match left(end) {
            Some(Duration::ZERO) => return Ok(()),
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
}

fn left(until: Option<Instant>) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(Instant::now()))
}

/// The wait in slices, with a look at the token after each.
fn in_slices<F: AsFd>(
    sockets: &[F],
    interest: Interest,
    until: Option<Instant>,
    token: &CancelToken,
) -> Result<bool> {
    loop {
        let left = left(until);
        let slice = left.unwrap_or(SLICE).min(SLICE);
        if wait::on_sockets(sockets, interest, Some(slice))? {
            return Ok(true);
        }
        token.check()?;
        if left.is_some_and(|left| left <= slice) {
            return Ok(false);
        }
    }
}

const SLICE: Duration = Duration::from_millis(5);

/// The descriptor of each thread. Not on Windows, whose `poll` knows nothing but sockets of the internet.
#[cfg(all(unix, not(papilio_portable)))]
mod signal {
    use super::*;
    use std::cell::RefCell;
    use std::io::{self, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::task::{Wake, Waker};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    /// Both ends of a stream to oneself: what is written to one makes the other readable.
    struct Signal {
        near: UnixStream,
        far: UnixStream,
    }

    thread_local! {
        static OWN: RefCell<Option<Arc<Signal>>> = const { RefCell::new(None) };
    }

    /// The wait; nothing if there is no descriptor for it.
    pub(super) fn on_sockets<F: AsFd>(
        sockets: &[F],
        interest: Interest,
        until: Option<Instant>,
        token: &CancelToken,
    ) -> Option<Result<bool>> {
        let signal = Signal::own()?;
        let waker = Waker::from(Arc::clone(&signal));
        let mut watch = token.watch();
        let flags = wait::flags(interest);
        loop {
            if let Poll::Ready(error) = watch.poll(&waker) {
                return Some(Err(error));
            }
            let sockets = sockets.iter().map(|socket| PollFd::new(socket, flags));
            let signalled = PollFd::new(&signal.near, PollFlags::IN);
            let mut descriptors: Vec<PollFd<'_>> = sockets.chain([signalled]).collect();
            // A wait longer than the system can express is a wait for ever.
            let timespec = left(until).and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut descriptors, timespec.as_ref()) {
                Ok(0) => return Some(Ok(false)),
                Err(Errno::INTR) => continue,
                Err(e) => return Some(Err(wait::failed(e))),
                Ok(_) => {}
            }
            let signalled = descriptors
                .pop()
                .is_some_and(|own| !own.revents().is_empty());
            if descriptors
                .iter()
                .any(|socket| !socket.revents().is_empty())
            {
                return Some(Ok(true));
            }
            if signalled {
                // For this wait, or for an earlier one that was over before it heard of it.
                signal.reset();
            }
        }
    }

    impl Signal {
        /// That of this thread.
        fn own() -> Option<Arc<Self>> {
            let get = |own: &RefCell<Option<Arc<Self>>>| {
                let mut own = own.try_borrow_mut().ok()?;
                if own.is_none() {
                    *own = Self::new().ok().map(Arc::new);
                }
                own.clone()
            };
            // A thread that is ending has none.
            OWN.try_with(get).ok().flatten()
        }

        fn new() -> io::Result<Self> {
            let (near, far) = UnixStream::pair()?;
            near.set_nonblocking(true)?;
            far.set_nonblocking(true)?;
            Ok(Self { near, far })
        }

        fn reset(&self) {
            let mut near = &self.near;
            while near.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
        }
    }

    impl Wake for Signal {
        fn wake(self: Arc<Self>) {
            // Where nothing more can be written, it is readable.
            let _ = (&self.far).write(&[1]);
        }
    }
}
