//! `TokioSocket`: a socket of tokio behind the [`Socket`] trait.
//!
//! Owns reading and writing without a wait, and the registration of who waits. Does not own opening (the drivers).

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::task::{Context, Poll, Waker};

use socket2::SockRef;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::runtime::Handle;

use crate::connection::open::outcome;
use crate::connection::socket::{Interest, Socket};

/// A socket of tokio: its calls never wait; whoever has to wait asks for its readiness.
///
/// A `WouldBlock` may be out of date until readiness was asked for: wait for it, then try again.
#[derive(Debug)]
pub(crate) enum TokioSocket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
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
        in_runtime()?;
        stream.set_nonblocking(true)?;
        TcpStream::from_std(stream).map(Self::Tcp)
    }

    /// As [`from_tcp`](Self::from_tcp).
    #[cfg(unix)]
    pub(crate) fn from_unix(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        in_runtime()?;
        stream.set_nonblocking(true)?;
        UnixStream::from_std(stream).map(Self::Unix)
    }

    /// Whether the runtime it is registered with is there; of one that is gone, nobody would ever hear.
    pub(crate) fn is_registered(&self) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        !matches!(self.poll_write_ready(&mut nobody), Poll::Ready(Err(_)))
    }

    /// Waits until a read may get something. One task at a time.
    pub(crate) fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(context),
            #[cfg(unix)]
            Self::Unix(stream) => stream.poll_read_ready(context),
        }
    }

    /// Waits until a write may get rid of something. One task at a time.
    pub(crate) fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(context),
            #[cfg(unix)]
            Self::Unix(stream) => stream.poll_write_ready(context),
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
            Self::Tcp(stream) => stream.try_read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_read(buffer),
        })
    }

    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        retry(|| match self {
            Self::Tcp(stream) => stream.try_write_vectored(parts),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_write_vectored(parts),
        })
    }

    fn is_readable(&mut self) -> bool {
        // Asked of the socket itself: what the runtime knows of it may be out of date.
        let mut byte = [MaybeUninit::uninit()];
        let looked = retry(|| match self {
            Self::Tcp(stream) => SockRef::from(&*stream).peek(&mut byte),
            #[cfg(unix)]
            Self::Unix(stream) => SockRef::from(&*stream).peek(&mut byte),
        });
        !matches!(looked, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr(),
            #[cfg(unix)]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.local_addr(),
            #[cfg(unix)]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn is_connected(&self) -> io::Result<bool> {
        match self {
            Self::Tcp(stream) => outcome(&SockRef::from(stream)),
            #[cfg(unix)]
            Self::Unix(stream) => outcome(&SockRef::from(stream)),
        }
    }

    fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => SockRef::from(&*stream).shutdown(Shutdown::Write),
            #[cfg(unix)]
            Self::Unix(stream) => SockRef::from(&*stream).shutdown(Shutdown::Write),
        }
    }

    fn unix_path(&self) -> Option<PathBuf> {
        match self {
            Self::Tcp(_) => None,
            #[cfg(unix)]
            Self::Unix(stream) => stream.peer_addr().ok()?.as_pathname().map(Into::into),
        }
    }
}

/// tokio panics where there is none.
fn in_runtime() -> io::Result<()> {
    Handle::try_current().map(drop).map_err(io::Error::other)
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
    fn a_runtime_that_is_gone_is_noticed() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
        };
        let (near, _far) = pair();
        let first = runtime();
        let socket = first.block_on(async { TokioSocket::from_tcp(near).unwrap() });
        drop(first);
        assert!(!socket.is_registered());
    }
}
