//! `Upgraded`: the raw connection behind a 101 response or an accepted CONNECT.
//!
//! Owns reading and writing under the time limits of the request. Does not know what is spoken over it.

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::Instant;

use crate::connection::deadline::Deadlines;
use crate::connection::pool::Lease;
use crate::connection::socket::{Interest, Socket, Step};
use crate::connection::wire::Wire;
use crate::engine::Driver;
use crate::engine::drive::drive;
use crate::engine::exchange::Conn;
use crate::error::{Error, Kind, Result};
use crate::models::config::Timeout;

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
    pub fn set_timeout(&mut self, timeout: impl Into<Timeout>) {
        self.deadlines.restart(timeout.into(), Instant::now());
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.wire.socket().peer_addr()
    }

    /// Whether something is there to be read at once.
    pub fn is_readable(&mut self) -> bool {
        self.taken < self.early.len() || self.wire.socket_mut().is_readable()
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
