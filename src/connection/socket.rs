//! `Socket`: bytes in and out of a descriptor, never a wait.
//!
//! Owns the trait the rest of `connection` is written against, and `StdSocket`, its blocking client's implementation.
//! Does not own waiting (`blocking/wait.rs`) or opening (`connection/open.rs`).

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use socket2::Socket as RawSocket;

use crate::connection::open::outcome;

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
    /// The path of a Unix socket that this is connected to.
    fn unix_path(&self) -> Option<PathBuf> {
        None
    }

    /// Says that nothing more will be sent.
    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// How a connect that did not wait stands: over, still running, or failed.
    fn is_connected(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// Lets reads wait by themselves for at most this long, where that is possible; `None` is for ever.
    fn be_patient(&mut self, _timeout: Option<Duration>) {}

    /// Back to calls that never wait.
    fn be_prompt(&mut self) {}
}

/// A socket for the standard library's kind of I/O, of TCP or a Unix socket: the calls are the same for both.
///
/// On Linux every call says for itself whether it may wait. While a response is all that can happen, the *patient* mode
/// lets the kernel wait inside `recv` with `SO_RCVTIMEO`, which saves the `poll` before it; its `WouldBlock` then means
/// that the time is up. Elsewhere the socket is non-blocking and patience is refused.
#[derive(Debug)]
pub(crate) struct StdSocket {
    stream: RawSocket,
    patient: bool,
    /// What `SO_RCVTIMEO` is set to; `None`: never set.
    receive_timeout: Option<Option<Duration>>,
}

impl StdSocket {
    /// Takes over a connected socket, or one that is about to be.
    pub(crate) fn new(stream: RawSocket) -> io::Result<Self> {
        stream.set_nonblocking(!PER_CALL)?;
        Ok(Self {
            stream,
            patient: false,
            receive_timeout: None,
        })
    }

    pub(crate) fn stream(&self) -> &RawSocket {
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

/// What both kinds of calls have in common: facts about a connected socket.
mod facts {
    use super::*;

    pub(super) fn peer_addr(socket: &RawSocket) -> io::Result<SocketAddr> {
        internet(&socket.peer_addr()?)
    }

    pub(super) fn local_addr(socket: &RawSocket) -> io::Result<SocketAddr> {
        internet(&socket.local_addr()?)
    }

    #[cfg(unix)]
    pub(super) fn unix_path(socket: &RawSocket) -> Option<PathBuf> {
        socket.peer_addr().ok()?.as_pathname().map(PathBuf::from)
    }

    #[cfg(not(unix))]
    pub(super) fn unix_path(_: &RawSocket) -> Option<PathBuf> {
        None
    }

    fn internet(address: &socket2::SockAddr) -> io::Result<SocketAddr> {
        address.as_socket().ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "a Unix socket has no address",
            )
        })
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
            facts::peer_addr(&self.stream)
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            facts::local_addr(&self.stream)
        }

        fn unix_path(&self) -> Option<PathBuf> {
            facts::unix_path(&self.stream)
        }

        fn shutdown(&mut self) -> io::Result<()> {
            self.stream.shutdown(Shutdown::Write)
        }

        fn is_connected(&self) -> io::Result<bool> {
            outcome(&self.stream)
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
    use std::mem::MaybeUninit;

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
            !matches!(retry(|| self.stream.peek(&mut [MaybeUninit::uninit(); 1])), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
        }

        fn peer_addr(&self) -> io::Result<SocketAddr> {
            facts::peer_addr(&self.stream)
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            facts::local_addr(&self.stream)
        }

        fn unix_path(&self) -> Option<PathBuf> {
            facts::unix_path(&self.stream)
        }

        fn shutdown(&mut self) -> io::Result<()> {
            self.stream.shutdown(Shutdown::Write)
        }

        fn is_connected(&self) -> io::Result<bool> {
            outcome(&self.stream)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    fn echo(socket: &mut StdSocket, far: &mut (impl io::Read + io::Write)) {
        let mut byte = [0; 8];
        assert!(!socket.is_readable());
        let error = socket.read(&mut byte).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let parts = [IoSlice::new(b"a"), IoSlice::new(b"bc")];
        assert_eq!(socket.write(&parts).unwrap(), 3);
        far.read_exact(&mut byte[..3]).unwrap();
        far.write_all(b"d").unwrap();
        while !socket.is_readable() {}
        assert_eq!(socket.read(&mut byte).unwrap(), 1);
        assert_eq!(&byte[..3], b"dbc");
        socket.be_patient(Some(Duration::from_millis(20)));
        if socket.is_patient() {
            let error = socket.read(&mut byte).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            socket.be_prompt();
        }
    }

    #[test]
    fn over_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, near_address) = listener.accept().unwrap();
        let mut socket = StdSocket::new(near.into()).unwrap();
        echo(&mut socket, &mut far);
        assert_eq!(socket.peer_addr().unwrap(), listener.local_addr().unwrap());
        assert_eq!(socket.local_addr().unwrap(), near_address);
        assert_eq!(socket.unix_path(), None);
    }

    /// TRN-07
    #[cfg(unix)]
    #[test]
    fn over_a_unix_socket() {
        use crate::connection::wire::Wire;
        use std::os::unix::net::{UnixListener, UnixStream};

        let path = std::env::temp_dir().join(format!("papilio-socket-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let near = UnixStream::connect(&path).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        let mut socket = StdSocket::new(near.into()).unwrap();
        echo(&mut socket, &mut far);
        assert!(socket.peer_addr().is_err() && socket.local_addr().is_err());
        let wire = Wire::plain(socket);
        let info = wire.info();
        assert_eq!(info.unix_path(), Some(path.as_path()));
        assert_eq!((info.peer_addr(), info.local_addr()), (None, None));
        assert_eq!(info.to_string(), path.display().to_string());
        std::fs::remove_file(&path).unwrap();
    }
}
