//! `Wire`: a socket with or without TLS over it, as one stream of plain bytes.
//!
//! Owns the stacking: none, one session, or the origin's over the proxy's. Does not own HTTP (`connection/mod.rs`) or
//! sessions (`connection/tls.rs`).

use std::io::{self, IoSlice};
#[cfg(feature = "tls")]
use std::net::SocketAddr;

use crate::connection::socket::Socket;
#[cfg(feature = "tls")]
use crate::connection::{
    socket::{Interest, Step},
    tls::Tls,
};
#[cfg(feature = "tls")]
use crate::error::Result;
use crate::models::connection::ConnectionInfo;

/// Plain bytes in and out; every call may say `WouldBlock`.
#[derive(Debug)]
pub(crate) struct Wire<S: Socket> {
    socket: S,
    is_proxied: bool,
    #[cfg(feature = "tls")]
    layers: Layers,
}

/// The TLS sessions over a socket.
#[cfg(feature = "tls")]
#[derive(Debug)]
enum Layers {
    None,
    /// With the origin.
    Origin(Box<Tls>),
    /// With the proxy, and nothing in it.
    Proxy(Box<Tls>),
    /// With the origin, inside one with the proxy (PRX-26).
    Both(Box<Pair>),
}

#[cfg(feature = "tls")]
#[derive(Debug)]
struct Pair {
    origin: Tls,
    proxy: Tls,
}

impl<S: Socket> Wire<S> {
    pub(crate) fn plain(socket: S) -> Self {
        Self {
            socket,
            is_proxied: false,
            #[cfg(feature = "tls")]
            layers: Layers::None,
        }
    }

    /// Notes that the other side is a proxy.
    pub(crate) fn be_proxied(&mut self) {
        self.is_proxied = true;
    }

    /// Puts a TLS session with the origin over what is there; its handshake is to follow.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(&mut self, tls: Tls) {
        self.layers = match std::mem::replace(&mut self.layers, Layers::None) {
            Layers::Proxy(below) | Layers::Origin(below) => Layers::Both(Box::new(Pair {
                origin: tls,
                proxy: *below,
            })),
            _ => Layers::Origin(Box::new(tls)),
        };
    }

    /// Whether there is room for another TLS session.
    #[cfg(feature = "tls")]
    pub(crate) fn can_start_tls(&self) -> bool {
        !matches!(self.layers, Layers::Both(_))
    }

    /// Whether there is a TLS session, with whomever.
    #[cfg(feature = "tls")]
    pub(crate) fn is_tls(&self) -> bool {
        !matches!(self.layers, Layers::None)
    }

    /// Puts a TLS session with a proxy over the socket; its handshake is to follow.
    #[cfg(feature = "tls")]
    pub(crate) fn start_proxy_tls(&mut self, tls: Tls) {
        self.layers = Layers::Proxy(Box::new(tls));
    }

    /// Goes on with the handshake of the session that was started last.
    #[cfg(feature = "tls")]
    pub(crate) fn handshake(&mut self) -> Result<Step<()>> {
        match &mut self.layers {
            Layers::None => Ok(Step::Done(())),
            Layers::Origin(tls) | Layers::Proxy(tls) => tls.handshake(&mut self.socket),
            Layers::Both(pair) => pair.handshake(&mut self.socket),
        }
    }

    /// The same connection, its TLS session included, over another descriptor of the same socket.
    ///
    /// # Errors
    /// Those of `map`.
    #[cfg(feature = "async")]
    pub(crate) fn map_socket<T: Socket>(
        #[cfg_attr(not(feature = "tls"), allow(unused_mut))] mut self,
        map: impl FnOnce(&S) -> io::Result<T>,
    ) -> io::Result<Wire<T>> {
        Ok(Wire {
            socket: map(&self.socket)?,
            is_proxied: self.is_proxied,
            // What is left has no session to say goodbye for.
            #[cfg(feature = "tls")]
            layers: std::mem::replace(&mut self.layers, Layers::None),
        })
    }

    /// The application protocol that TLS with the origin agreed on.
    #[cfg(feature = "async")]
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        #[cfg(feature = "tls")]
        match &self.layers {
            Layers::None | Layers::Proxy(_) => None,
            Layers::Origin(tls) => tls.alpn(),
            Layers::Both(pair) => pair.origin.alpn(),
        }
        #[cfg(not(feature = "tls"))]
        None
    }

    /// What is known of the connection, as it stands now.
    pub(crate) fn info(&self) -> ConnectionInfo {
        ConnectionInfo {
            peer_addr: self.socket.peer_addr().ok(),
            local_addr: self.socket.local_addr().ok(),
            unix_path: self.socket.unix_path(),
            is_proxied: self.is_proxied,
            // A session with a proxy says nothing about the way to the origin.
            #[cfg(feature = "tls")]
            tls: match &self.layers {
                Layers::None | Layers::Proxy(_) => None,
                Layers::Origin(tls) => Some(tls.info()),
                Layers::Both(pair) => Some(pair.origin.info()),
            },
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
        match &mut self.layers {
            Layers::None => {}
            Layers::Origin(tls) | Layers::Proxy(tls) => return tls.read(&mut self.socket, buffer),
            Layers::Both(pair) => return pair.read(&mut self.socket, buffer),
        }
        self.socket.read(buffer)
    }

    pub(crate) fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        match &mut self.layers {
            Layers::None => {}
            Layers::Origin(tls) | Layers::Proxy(tls) => return tls.write(&mut self.socket, parts),
            Layers::Both(pair) => return pair.write(&mut self.socket, parts),
        }
        self.socket.write(parts)
    }

    /// Sends what TLS still holds.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        match &mut self.layers {
            Layers::None => {}
            Layers::Origin(tls) | Layers::Proxy(tls) => return tls.flush(&mut self.socket),
            Layers::Both(pair) => return pair.flush(&mut self.socket),
        }
        Ok(())
    }

    /// Says that nothing more will be sent, in every layer; may say `WouldBlock`, to be called again then.
    pub(crate) fn shutdown(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        match &mut self.layers {
            Layers::None => {}
            Layers::Origin(tls) | Layers::Proxy(tls) => tls.finish(),
            Layers::Both(pair) => {
                pair.origin.finish();
                let (origin, mut below) = pair.split(&mut self.socket);
                origin.flush(&mut below)?;
                pair.proxy.finish();
            }
        }
        self.flush()?;
        self.socket.shutdown()
    }

    /// Whether an idle connection has anything to say: bytes, an end or an error, which make it useless. TLS messages
    /// that carry no data, session tickets above all, are taken in and do not count (SEC-130, TRP-05).
    pub(crate) fn has_news(&mut self) -> bool {
        #[cfg(feature = "tls")]
        if !matches!(self.layers, Layers::None) {
            return loop {
                match self.read(&mut [0]) {
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
        match &mut self.layers {
            Layers::None => {}
            Layers::Origin(tls) | Layers::Proxy(tls) => tls.close(&mut self.socket),
            Layers::Both(pair) => pair.close(&mut self.socket),
        }
    }
}

#[cfg(feature = "tls")]
impl Pair {
    fn handshake<S: Socket>(&mut self, socket: &mut S) -> Result<Step<()>> {
        let (origin, mut below) = self.split(socket);
        let step = origin.handshake(&mut below)?;
        // The session below takes more than the socket does, so what the one above has sent may still be here.
        match self.proxy.flush(socket) {
            Ok(()) => Ok(step),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(match step {
                Step::Done(()) | Step::Wait(Interest::Write) => Step::Wait(Interest::Write),
                Step::Progress => Step::Progress,
                Step::Wait(_) => Step::Wait(Interest::Both),
                Step::Moved(_) => Step::Moved(Interest::Both),
            }),
            Err(e) => Err(self.origin.handshake_error(e)),
        }
    }

    fn read<S: Socket>(&mut self, socket: &mut S, buffer: &mut [u8]) -> io::Result<usize> {
        let (origin, mut below) = self.split(socket);
        origin.read(&mut below, buffer)
    }

    fn write<S: Socket>(&mut self, socket: &mut S, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let (origin, mut below) = self.split(socket);
        origin.write(&mut below, parts)
    }

    fn flush<S: Socket>(&mut self, socket: &mut S) -> io::Result<()> {
        let (origin, mut below) = self.split(socket);
        origin.flush(&mut below)?;
        self.proxy.flush(socket)
    }

    fn close<S: Socket>(&mut self, socket: &mut S) {
        let (origin, mut below) = self.split(socket);
        origin.close(&mut below);
        self.proxy.close(socket);
    }

    fn split<'a, S: Socket>(&'a mut self, socket: &'a mut S) -> (&'a mut Tls, Below<'a, S>) {
        let proxy = &mut self.proxy;
        (&mut self.origin, Below { proxy, socket })
    }
}

/// The session with the proxy, as the socket of the one inside it.
#[cfg(feature = "tls")]
struct Below<'a, S: Socket> {
    proxy: &'a mut Tls,
    socket: &'a mut S,
}

#[cfg(feature = "tls")]
impl<S: Socket> Socket for Below<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.proxy.read(self.socket, buffer)
    }

    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.proxy.write(self.socket, parts)
    }

    fn is_readable(&mut self) -> bool {
        self.socket.is_readable()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn is_connected(&self) -> io::Result<bool> {
        self.socket.is_connected()
    }
}

#[cfg(test)]
mod tests;
