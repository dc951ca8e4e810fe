//! `Socket`: bytes in and out of a descriptor, never a wait.
//!
//! Owns the trait the rest of `connection` is written against, and `StdSocket`, its blocking client's implementation.
//! Does not own waiting (`blocking/wait.rs`) or opening (`blocking/connect.rs`).

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a step that cannot go on waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
    Both,
}

/// The outcome of a step that never sleeps.
#[derive(Debug)]
pub(crate) enum Step<T> {
    Done(T),
    /// Bytes moved, the end is not reached: silence starts anew; ask again.
    Progress,
    /// Nothing can be done until the socket is ready.
    Wait(Interest),
    /// Bytes moved, and now nothing can be done until the socket is ready: silence starts anew.
    Moved(Interest),
}

/// A non-blocking byte stream: `WouldBlock` says that nothing can be done now.
pub(crate) trait Socket: Send {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Whether something (bytes, the end, an error) is there to be read; takes nothing and never waits.
    fn is_readable(&mut self) -> bool;
    fn peer_addr(&self) -> io::Result<SocketAddr>;
    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// What a connect that did not wait came to, if it failed.
    fn take_error(&self) -> io::Result<Option<io::Error>>;

    /// Lets reads wait by themselves for at most this long, where that is possible; `None` is for ever.
    fn be_patient(&mut self, _timeout: Option<Duration>) {}

    /// Back to calls that never wait.
    fn be_prompt(&mut self) {}
}

/// A socket of the standard library.
///
/// On Linux every call says for itself whether it may wait. While a response is all that can happen, the *patient* mode
/// lets the kernel wait inside `recv` with `SO_RCVTIMEO`, which saves the `poll` before it; its `WouldBlock` then means
/// that the time is up. Elsewhere the socket is non-blocking and patience is refused.
#[derive(Debug)]
pub(crate) struct StdSocket {
    stream: TcpStream,
    patient: bool,
    /// What `SO_RCVTIMEO` is set to; `None`: never set.
    receive_timeout: Option<Option<Duration>>,
}

impl StdSocket {
    /// Takes over a connected stream.
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(!PER_CALL)?;
        Ok(Self {
            stream,
            patient: false,
            receive_timeout: None,
        })
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Lets reads wait in the kernel for at most this long.
    fn wait_in_kernel(&mut self, timeout: Option<Duration>) {
        self.patient = false;
        // A zero timeout means "for ever" to the kernel, and one below a tick may be rounded to that.
        if !PER_CALL || timeout.is_some_and(|timeout| timeout < Duration::from_millis(1)) {
            return;
        }
        if self.receive_timeout != Some(timeout) {
            if self.stream.set_read_timeout(timeout).is_err() {
                return;
            }
            self.receive_timeout = Some(timeout);
        }
        self.patient = true;
    }

    pub(crate) fn is_patient(&self) -> bool {
        self.patient
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(papilio_portable)))]
mod calls {
    use super::*;
    use rustix::io::Errno;
    use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg};

    /// `MSG_DONTWAIT` decides per call.
    pub(super) const PER_CALL: bool = true;

    impl Socket for StdSocket {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let flags = if self.patient {
                RecvFlags::empty()
            } else {
                RecvFlags::DONTWAIT
            };
            loop {
                match recv(&self.stream, &mut *buffer, flags) {
                    Err(Errno::INTR) => {}
                    result => return Ok(result?.0),
                }
            }
        }

        fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            loop {
                let result = match parts {
                    [only] => send(&self.stream, only, flags),
                    parts => sendmsg(
                        &self.stream,
                        parts,
                        &mut SendAncillaryBuffer::default(),
                        flags,
                    ),
                };
                match result {
                    Err(Errno::INTR) => {}
                    result => return Ok(result?),
                }
            }
        }

        fn is_readable(&mut self) -> bool {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            recv(&self.stream, &mut [0_u8; 1], flags) != Err(Errno::AGAIN)
        }

        fn peer_addr(&self) -> io::Result<SocketAddr> {
            self.stream.peer_addr()
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            self.stream.local_addr()
        }

        fn take_error(&self) -> io::Result<Option<io::Error>> {
            self.stream.take_error()
        }

        fn be_patient(&mut self, timeout: Option<Duration>) {
            self.wait_in_kernel(timeout);
        }

        fn be_prompt(&mut self) {
            self.patient = false;
        }
    }
}

// `--cfg papilio_portable` runs on Linux what runs elsewhere, so that it can be tested here.
#[cfg(any(not(any(target_os = "linux", target_os = "android")), papilio_portable))]
mod calls {
    use super::*;
    use std::io::{Read, Write};

    /// The socket as a whole is non-blocking.
    pub(super) const PER_CALL: bool = false;

    impl Socket for StdSocket {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            retry(|| self.stream.read(buffer))
        }

        fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            retry(|| self.stream.write_vectored(parts))
        }

        fn is_readable(&mut self) -> bool {
            !matches!(retry(|| self.stream.peek(&mut [0_u8; 1])), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
        }

        fn peer_addr(&self) -> io::Result<SocketAddr> {
            self.stream.peer_addr()
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            self.stream.local_addr()
        }

        fn take_error(&self) -> io::Result<Option<io::Error>> {
            self.stream.take_error()
        }

        fn be_patient(&mut self, timeout: Option<Duration>) {
            self.wait_in_kernel(timeout);
        }

        fn be_prompt(&mut self) {
            self.patient = false;
        }
    }

    fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match call() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

use calls::PER_CALL;
