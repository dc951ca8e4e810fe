//! `Upgraded`: the raw connection behind a 101 response or an accepted CONNECT.
//!
//! Owns reading and writing under the time limits of the request. Does not know what is spoken over it.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use crate::blocking::exchange::StdConnection;
use crate::blocking::wait;
use crate::connection::deadline::{Deadlines, Until};
use crate::connection::pool::Lease;
use crate::connection::socket::{Interest, Socket, StdSocket};
use crate::connection::wire::Wire;
use crate::error::{Error, Result};
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
pub struct Upgraded {
    wire: Wire<StdSocket>,
    early: Vec<u8>,
    taken: usize,
    deadlines: Deadlines,
    /// Holds the slot of the pool.
    _lease: Lease<Box<StdConnection>>,
}

impl Upgraded {
    pub(crate) fn new(mut lease: Lease<Box<StdConnection>>, deadlines: Deadlines) -> Result<Self> {
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
            _lease: lease,
        })
    }

    /// Replaces the time limits; the total counts from now.
    pub fn set_timeout(&mut self, timeout: impl Into<Timeout>) {
        self.deadlines = Deadlines::new(timeout.into(), Instant::now());
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

    fn wait(&self, interest: Interest, until: Until) -> io::Result<()> {
        Ok(wait::on_socket(
            self.wire.socket().stream(),
            interest,
            until,
        )?)
    }
}

impl Read for Upgraded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let early = self.early.get(self.taken..).unwrap_or_default();
        if !early.is_empty() {
            let count = early.len().min(buffer.len());
            for (to, from) in buffer.iter_mut().zip(early) {
                *to = *from;
            }
            self.taken += count;
            return Ok(count);
        }
        let until = self.deadlines.read(Instant::now());
        loop {
            match self.wire.read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(Interest::Read, until)?
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Write for Upgraded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let until = self.deadlines.write(Instant::now());
        loop {
            match self.wire.write(&[IoSlice::new(bytes)]) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(Interest::Write, until)?
                }
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let until = self.deadlines.write(Instant::now());
        loop {
            match self.wire.flush() {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(Interest::Write, until)?
                }
                result => return result,
            }
        }
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded")
            .field("peer", &self.peer_addr().ok())
            .finish_non_exhaustive()
    }
}
