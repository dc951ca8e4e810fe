//! `Upgraded`: the raw connection behind a 101 response or an accepted CONNECT.
//!
//! Owns reading and writing under the time limits of the request. Does not know what is spoken over it.

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::Instant;

#[cfg(feature = "tls")]
use rustls::ClientConfig;

use crate::connection::deadline::Deadlines;
use crate::connection::pool::Lease;
use crate::connection::socket::{Interest, Socket, Step};
#[cfg(feature = "tls")]
use crate::connection::tls::Tls;
#[cfg(feature = "tls")]
use crate::connection::tls_config::{self, Alpn};
use crate::connection::wire::Wire;
use crate::engine::Driver;
use crate::engine::drive::drive;
use crate::engine::exchange::Conn;
#[cfg(feature = "tls")]
use crate::error::{Error, Kind, Phase, Reason, Result};
#[cfg(not(feature = "tls"))]
use crate::error::{Error, Kind, Result};
#[cfg(feature = "tls")]
use crate::models::body::PIECE;
use crate::models::config::Timeout;
use crate::models::connection::ConnectionInfo;
#[cfg(feature = "tls")]
use crate::models::tls::{ServerName, TlsConfig};
#[cfg(feature = "tls")]
use crate::models::url::Url;

/// The stream of bytes after a protocol switch. Reading gives what the server sent behind its head first.
///
/// Reads and writes wait at most for the read and write limits of the request;
/// [`set_timeout`](Self::set_timeout) changes them.
///
/// ```no_run
/// use std::io::{Read, Write};
///
/// let client = papilio::Client::new();
/// let request = client.get("http://example.org/chat").header("Connection", "Upgrade").header("Upgrade", "chat/1");
/// let mut stream = request.stream()?.upgrade()?;
/// stream.write_all(b"hello\n")?;
/// let mut answer = [0; 5];
/// stream.read_exact(&mut answer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Upgraded<D: Driver = crate::blocking::Blocking> {
    pub(crate) wire: Wire<D::Socket>,
    early: Vec<u8>,
    taken: usize,
    pub(crate) deadlines: Deadlines,
    /// How far waits that are polled have got.
    #[cfg_attr(
        not(feature = "async"),
        expect(dead_code, reason = "who waits on this thread polls nothing")
    )]
    pub(crate) patience: D::Patience,
    /// Holds the slot of the pool.
    _lease: Lease<Box<Conn<D>>>,
}

impl<D: Driver> Upgraded<D> {
    pub(crate) fn new(mut lease: Lease<Box<Conn<D>>>, deadlines: Deadlines) -> Result<Self> {
        let Some(mut connection) = lease.take() else {
            return Err(Error::local("the connection is gone"));
        };
        connection.end()?;
        let (early, mut wire) = connection.into_parts();
        wire.socket_mut().be_prompt();
        Ok(Self {
            wire,
            early,
            taken: 0,
            deadlines,
            patience: D::Patience::default(),
            _lease: lease,
        })
    }

    /// Replaces the time limits; the total counts from now.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).header("Connection", "Upgrade").header("Upgrade", "echo").stream()?;
    /// let mut connection = response.upgrade()?;
    /// connection.set_timeout(std::time::Duration::from_secs(60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_timeout(&mut self, timeout: impl Into<Timeout>) {
        self.deadlines.restart(timeout.into(), Instant::now());
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).header("Connection", "Upgrade").header("Upgrade", "echo").stream()?;
    /// let connection = response.upgrade()?;
    /// assert!(connection.peer_addr()?.ip().is_loopback());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.wire.socket().peer_addr()
    }

    /// The address of this side.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).header("Connection", "Upgrade").header("Upgrade", "echo").stream()?;
    /// let connection = response.upgrade()?;
    /// assert!(connection.local_addr()?.ip().is_loopback());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.wire.socket().local_addr()
    }

    /// What is known of the connection: the addresses, and what TLS came to.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).header("Connection", "Upgrade").header("Upgrade", "echo").stream()?;
    /// let connection = response.upgrade()?;
    /// assert!(connection.connection().tls().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "get_extra_info")]
    pub fn connection(&self) -> ConnectionInfo {
        self.wire.info()
    }

    /// Whether something is there to be read at once: bytes, the end, or an error.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).header("Connection", "Upgrade").header("Upgrade", "echo").stream()?;
    /// let mut connection = response.upgrade()?;
    /// let mut greeting = [0; 5];
    /// connection.read_exact(&mut greeting)?;
    /// assert_eq!(&greeting, b"hello");
    /// assert!(!connection.is_readable());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_readable(&mut self) -> bool {
        if self.taken < self.early.len() {
            return true;
        }
        #[cfg(feature = "tls")]
        if self.wire.is_tls() {
            return self.read_ahead();
        }
        self.wire.socket_mut().is_readable()
    }

    /// Whether TLS has plain text, or none will come: what the socket has may be messages of the protocol alone.
    #[cfg(feature = "tls")]
    fn read_ahead(&mut self) -> bool {
        let mut ahead = vec![0; PIECE];
        loop {
            match self.wire.read(&mut ahead) {
                Ok(count) => {
                    ahead.truncate(count);
                    (self.early, self.taken) = (ahead, 0);
                    return true;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return e.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Shakes hands over what is there, within the connect limit.
    #[cfg(feature = "tls")]
    pub(crate) async fn shake(mut self, config: &TlsConfig, name: &ServerName) -> Result<Self> {
        let in_tls = |error: Error| error.in_phase(Phase::Tls);
        if self.taken < self.early.len() {
            // Nobody has vouched for them, and inside TLS they would look as if somebody had.
            return Err(in_tls(Error::remote(
                Reason::Unsolicited,
                "the server sent bytes ahead of TLS that were not read",
            )));
        }
        if !self.wire.can_start_tls() {
            return Err(in_tls(Error::local(
                "there is TLS in TLS on this connection already",
            )));
        }
        let session = Tls::new(self.tls_config(config, name)?, name.as_str()).map_err(in_tls)?;
        self.wire.start_tls(session);
        let until = self.deadlines.connect(Instant::now());
        drive::<D, _, _>(&mut self.wire, |_| until, Wire::handshake)
            .await
            .map_err(in_tls)?;
        Ok(self)
    }

    /// As for a connection to a URL with that name.
    #[cfg(feature = "tls")]
    fn tls_config(&self, config: &TlsConfig, name: &ServerName) -> Result<Arc<ClientConfig>> {
        let name = name.as_str();
        let host = match name.contains(':') {
            true => format!("[{name}]"),
            false => name.to_owned(),
        };
        let port = self.peer_addr().map_or(443, |address| address.port());
        let url = Url::parse(&format!("https://{host}:{port}"))?;
        tls_config::for_origin(config, &url, None, Alpn::Unsaid)
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        let deadlines = &self.deadlines;
        drive::<D, _, _>(
            &mut self.wire,
            |now| deadlines.write(now),
            |wire| step(wire.shutdown(), Interest::Write, Kind::Write),
        )
        .await
    }

    /// What came behind the head, as far as it was not taken yet.
    pub(crate) fn take_early(&mut self, buffer: &mut [u8]) -> usize {
        let early = self.early.get(self.taken..).unwrap_or_default();
        let count = early.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(early) {
            *to = *from;
        }
        self.taken += count;
        count
    }

    /// Bytes from the other side; 0 is the end.
    pub(crate) async fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.deadlines.check()?;
        let count = self.take_early(buffer);
        if count > 0 {
            return Ok(count);
        }
        let deadlines = &self.deadlines;
        drive::<D, _, _>(
            &mut self.wire,
            |now| deadlines.read(now),
            |wire| step(wire.read(buffer), Interest::Read, Kind::Read),
        )
        .await
    }

    /// Sends what the other side takes of these bytes.
    pub(crate) async fn transmit(&mut self, bytes: &[u8]) -> Result<usize> {
        self.deadlines.check()?;
        let deadlines = &self.deadlines;
        drive::<D, _, _>(
            &mut self.wire,
            |now| deadlines.write(now),
            |wire| {
                step(
                    wire.write(&[IoSlice::new(bytes)]),
                    Interest::Write,
                    Kind::Write,
                )
            },
        )
        .await
    }

    /// Sends what is still held.
    pub(crate) async fn drain(&mut self) -> Result<()> {
        self.deadlines.check()?;
        let deadlines = &self.deadlines;
        drive::<D, _, _>(
            &mut self.wire,
            |now| deadlines.write(now),
            |wire| step(wire.flush(), Interest::Write, Kind::Write),
        )
        .await
    }
}

/// A call on a wire as a step.
fn step<T>(result: io::Result<T>, interest: Interest, kind: Kind) -> Result<Step<T>> {
    match result {
        Ok(value) => Ok(Step::Done(value)),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Step::Wait(interest)),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(Step::Progress),
        Err(e) => Err(Error::new(kind, "the connection failed").with_source(e)),
    }
}

impl<D: Driver> fmt::Debug for Upgraded<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded")
            .field("peer", &self.peer_addr().ok())
            .finish_non_exhaustive()
    }
}
