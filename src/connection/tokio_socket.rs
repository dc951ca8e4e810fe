//! `TokioSocket`: a socket of tokio behind the [`Socket`] trait.
//!
//! Owns reading and writing without a wait, and the registration of who waits. Does not own opening (the drivers).

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::task::{Context, Poll, Waker};

use socket2::SockRef;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::runtime::{Handle, Id};

use crate::connection::open::outcome;
use crate::connection::socket::{Interest, Socket};

/// A socket of tokio: its calls never wait; whoever has to wait asks for its readiness.
///
/// A `WouldBlock` may be out of date until readiness was asked for: wait for it, then try again.
#[derive(Debug)]
pub(crate) enum TokioSocket {
    Tcp(TcpStream, Id),
    #[cfg(unix)]
    Unix(UnixStream, Id),
}

impl TokioSocket {
    /// Takes over a socket, connected or about to be.
    ///
    /// # Errors
    /// Outside of a runtime.
    pub(crate) fn new(socket: socket2::Socket) -> io::Result<Self> {
        #[cfg(unix)]
        if socket.local_addr()?.is_unix() {
            return Self::from_unix(socket.into());
        }
        Self::from_tcp(socket.into())
    }

    /// As [`new`](Self::new).
    pub(crate) fn from_tcp(stream: std::net::TcpStream) -> io::Result<Self> {
        let id = runtime()?;
        stream.set_nonblocking(true)?;
        Ok(Self::Tcp(registered(|| TcpStream::from_std(stream))?, id))
    }

    /// As [`from_tcp`](Self::from_tcp).
    #[cfg(unix)]
    pub(crate) fn from_unix(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        let id = runtime()?;
        stream.set_nonblocking(true)?;
        Ok(Self::Unix(registered(|| UnixStream::from_std(stream))?, id))
    }

    /// Whether it is registered with the runtime that is entered now, and that is not going down: with another one, it may
    /// be that nobody ever hears.
    pub(crate) fn is_registered(&self) -> bool {
        let (Self::Tcp(_, id) | Self::Unix(_, id)) = self;
        let mut nobody = Context::from_waker(Waker::noop());
        runtime().is_ok_and(|now| now == *id)
            && !matches!(self.poll_write_ready(&mut nobody), Poll::Ready(Err(_)))
    }

    /// Waits until a read may get something. One task at a time.
    pub(crate) fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream, _) => stream.poll_read_ready(context),
            #[cfg(unix)]
            Self::Unix(stream, _) => stream.poll_read_ready(context),
        }
    }

    /// Waits until a write may get rid of something. One task at a time.
    pub(crate) fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream, _) => stream.poll_write_ready(context),
            #[cfg(unix)]
            Self::Unix(stream, _) => stream.poll_write_ready(context),
        }
    }

    /// Waits for what a step waits for; of two the first.
    pub(crate) fn poll_ready(
        &self,
        interest: Interest,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match interest {
            Interest::Read => self.poll_read_ready(context),
            Interest::Write => self.poll_write_ready(context),
            Interest::Both => match self.poll_read_ready(context) {
                Poll::Pending => self.poll_write_ready(context),
                ready => ready,
            },
        }
    }
}

impl Socket for TokioSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| match self {
            Self::Tcp(stream, _) => stream.try_read(buffer),
            #[cfg(unix)]
            Self::Unix(stream, _) => stream.try_read(buffer),
        })
    }

    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        retry(|| match self {
            Self::Tcp(stream, _) => stream.try_write_vectored(parts),
            #[cfg(unix)]
            Self::Unix(stream, _) => stream.try_write_vectored(parts),
        })
    }

    fn is_readable(&mut self) -> bool {
        // Asked of the socket itself: what the runtime knows of it may be out of date.
        let mut byte = [MaybeUninit::uninit()];
        let looked = retry(|| match self {
            Self::Tcp(stream, _) => SockRef::from(&*stream).peek(&mut byte),
            #[cfg(unix)]
            Self::Unix(stream, _) => SockRef::from(&*stream).peek(&mut byte),
        });
        !matches!(looked, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(stream, _) => stream.peer_addr(),
            #[cfg(unix)]
            Self::Unix(..) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(stream, _) => stream.local_addr(),
            #[cfg(unix)]
            Self::Unix(..) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn is_connected(&self) -> io::Result<bool> {
        match self {
            Self::Tcp(stream, _) => outcome(&SockRef::from(stream)),
            #[cfg(unix)]
            Self::Unix(stream, _) => outcome(&SockRef::from(stream)),
        }
    }

    fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream, _) => SockRef::from(&*stream).shutdown(Shutdown::Write),
            #[cfg(unix)]
            Self::Unix(stream, _) => SockRef::from(&*stream).shutdown(Shutdown::Write),
        }
    }

    fn unix_path(&self) -> Option<PathBuf> {
        match self {
            Self::Tcp(..) => None,
            #[cfg(unix)]
            Self::Unix(stream, _) => stream.peer_addr().ok()?.as_pathname().map(Into::into),
        }
    }
}

/// Which runtime is entered: tokio panics where there is none.
fn runtime() -> io::Result<Id> {
    match Handle::try_current() {
        Ok(runtime) => Ok(runtime.id()),
        Err(e) => Err(io::Error::other(e)),
    }
}

/// tokio panics where a runtime has no I/O driver, and has no way to ask.
fn registered<T>(register: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(register)).unwrap_or_else(|_| {
        Err(io::Error::other(
            "the runtime was built without I/O: it needs enable_io or enable_all",
        ))
    })
}

fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    fn pair() -> (std::net::TcpStream, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    #[tokio::test]
    async fn reads_and_writes_when_ready() {
        let (near, mut far) = pair();
        let mut near = TokioSocket::from_tcp(near).unwrap();
        assert!(near.is_registered());
        assert!(!near.is_readable());
        let nothing = near.read(&mut [0; 8]).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);

        far.write_all(b"hello").unwrap();
        std::future::poll_fn(|cx| near.poll_ready(Interest::Read, cx))
            .await
            .unwrap();
        assert!(near.is_readable());
        let mut buffer = [0; 8];
        assert_eq!(near.read(&mut buffer).unwrap(), 5);

        std::future::poll_fn(|cx| near.poll_ready(Interest::Both, cx))
            .await
            .unwrap();
        let parts = [IoSlice::new(b"a"), IoSlice::new(b"bc")];
        assert_eq!(near.write(&parts).unwrap(), 3);
        let mut back = [0; 3];
        far.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"abc");
        assert_eq!(near.peer_addr().unwrap(), far.local_addr().unwrap());
    }

    #[test]
    fn outside_of_a_runtime_is_an_error() {
        let (near, _far) = pair();
        assert!(TokioSocket::from_tcp(near).is_err());
    }

    #[test]
    fn a_runtime_that_is_gone_or_not_ours_is_noticed() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
        };
        let (near, mut far) = pair();
        let first = runtime();
        let socket = first.block_on(async { TokioSocket::from_tcp(near).unwrap() });
        let second = runtime();
        second.block_on(async { assert!(!socket.is_registered()) });
        first.block_on(async { assert!(socket.is_registered()) });
        drop(first);
        far.write_all(b"x").unwrap();
        second.block_on(async { assert!(!socket.is_registered()) });
        assert!(!socket.is_registered());
    }

    #[test]
    fn a_runtime_without_io_is_an_error() {
        let (near, _far) = pair();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let error = runtime.block_on(async { TokioSocket::from_tcp(near).unwrap_err() });
        assert!(error.to_string().contains("enable_io"), "{error}");
    }
}
