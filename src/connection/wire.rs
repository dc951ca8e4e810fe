//! `Wire`: a socket with or without TLS over it, as one stream of plain bytes.
//!
//! Owns the stacking. Does not own HTTP (`connection/mod.rs`) or sessions (`connection/tls.rs`).

use std::io::{self, IoSlice};

use crate::connection::socket::Socket;
#[cfg(feature = "tls")]
use crate::connection::{socket::Step, tls::Tls};
#[cfg(feature = "tls")]
use crate::error::Result;
use crate::models::connection::ConnectionInfo;

/// Plain bytes in and out; every call may say `WouldBlock`.
#[derive(Debug)]
pub(crate) struct Wire<S: Socket> {
    socket: S,
    #[cfg(feature = "tls")]
    tls: Option<Box<Tls>>,
}

impl<S: Socket> Wire<S> {
    pub(crate) fn plain(socket: S) -> Self {
        Self {
            socket,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Puts a TLS session over the socket; its handshake is to follow.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(&mut self, tls: Tls) {
        self.tls = Some(Box::new(tls));
    }

    #[cfg(feature = "tls")]
    pub(crate) fn handshake(&mut self) -> Result<Step<()>> {
        match &mut self.tls {
            Some(tls) => tls.handshake(&mut self.socket),
            None => Ok(Step::Done(())),
        }
    }

    /// The same connection, its TLS session included, over another descriptor of the same socket.
    ///
    /// # Errors
    /// Those of `map`.
    #[cfg(feature = "async")]
    #[allow(dead_code, reason = "for the drivers to come")]
    pub(crate) fn map_socket<T: Socket>(
        #[cfg_attr(not(feature = "tls"), allow(unused_mut))] mut self,
        map: impl FnOnce(&S) -> io::Result<T>,
    ) -> io::Result<Wire<T>> {
        Ok(Wire {
            socket: map(&self.socket)?,
            // What is left has no session to say goodbye for.
            #[cfg(feature = "tls")]
            tls: self.tls.take(),
        })
    }

    /// What is known of the connection, as it stands now.
    pub(crate) fn info(&self) -> ConnectionInfo {
        ConnectionInfo {
            peer_addr: self.socket.peer_addr().ok(),
            local_addr: self.socket.local_addr().ok(),
            #[cfg(feature = "tls")]
            tls: self.tls.as_deref().map(Tls::info),
            #[cfg(not(feature = "tls"))]
            tls: None,
        }
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }

    pub(crate) fn socket_mut(&mut self) -> &mut S {
        &mut self.socket
    }

    /// Besides `WouldBlock` it may say `Interrupted`: something came, but nothing to hand out yet.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.read(&mut self.socket, buffer);
        }
        self.socket.read(buffer)
    }

    pub(crate) fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.write(&mut self.socket, parts);
        }
        self.socket.write(parts)
    }

    /// Sends what TLS still holds.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.flush(&mut self.socket);
        }
        Ok(())
    }

    /// Whether an idle connection has anything to say: bytes, an end or an error, which make it useless. TLS messages
    /// that carry no data, session tickets above all, are taken in and do not count (SEC-130, TRP-05).
    pub(crate) fn has_news(&mut self) -> bool {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return loop {
                match tls.read(&mut self.socket, &mut [0]) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => break false,
                    _ => break true,
                }
            };
        }
        self.socket.is_readable()
    }
}

#[cfg(feature = "tls")]
impl<S: Socket> Drop for Wire<S> {
    fn drop(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.close(&mut self.socket);
        }
    }
}
