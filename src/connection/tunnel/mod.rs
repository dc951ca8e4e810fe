//! `Tunnel`: leads a fresh connection through a proxy to an origin.
//!
//! Owns which handshake a proxy needs, and moving its bytes. Does not own their meaning (`tunnel/http.rs`,
//! `protocol/socks.rs`), opening connections or waiting.

mod http;
mod socks;
#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr};

use crate::connection::buffer::Buffer;
use crate::connection::outbox::Outbox;
use crate::connection::socket::{Interest, Socket, Step};
use crate::connection::wire::Wire;
use crate::error::{Error, Kind, Phase, Result};
use crate::models::config::ResponseLimits;
use crate::models::proxy::{Proxy, ProxyScheme};
use crate::models::request::Request;
use crate::models::url::Url;
use http::Connect;
use socks::Handshake;

/// The way through one proxy to one origin.
///
/// It is stepped over a wire to the proxy, with the proxy's TLS done if it has any; when it is done, what goes over the
/// wire goes to the origin, whose TLS comes then.
pub(crate) struct Tunnel(Way);

enum Way {
    Http(Box<Connect>),
    Socks(Box<Handshake>),
}

/// What came of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tunneled {
    /// The wire leads to the origin.
    Done,
    /// The proxy closes this connection and wants credentials on another: [`Tunnel::step`] goes on with that.
    Reconnect,
}

impl Tunnel {
    /// To the host and port of `url`. `address` is that of the host, if it [has to be known](needs_address).
    ///
    /// # Errors
    /// `InvalidUrl` for an address with a zone, which is another one at the proxy (SEC-204), `Proxy` for what the proxy
    /// cannot be asked for, and whatever the authentication scheme says.
    pub(crate) fn new(
        proxy: &Proxy,
        url: &Url,
        address: Option<Ipv4Addr>,
        limits: ResponseLimits,
    ) -> Result<Self> {
        check_url(url)?;
        Ok(Self(if proxy.scheme().is_http() {
            Way::Http(Box::new(Connect::new(proxy, url, limits)?))
        } else {
            Way::Socks(Box::new(Handshake::new(proxy, url, address)?))
        }))
    }

    /// Goes on until it is done or the socket has to be waited for. After an error the wire is of no use.
    ///
    /// # Errors
    /// `Proxy` if the proxy refuses or makes no sense, `RemoteProtocol` if it breaks HTTP or goes away, `Read` and
    /// `Write` if the connection fails.
    pub(crate) fn step<S: Socket>(&mut self, wire: &mut Wire<S>) -> Result<Step<Tunneled>> {
        let step = match &mut self.0 {
            Way::Http(connect) => connect.step(wire),
            Way::Socks(handshake) => handshake.step(wire),
        };
        step.map_err(|error| error.of_phase(Phase::Proxy))
    }

    /// The request that a proxy of HTTP is asked with, to be shown; there is none for SOCKS.
    ///
    /// # Errors
    /// None that [`new`](Self::new) has not had.
    pub(crate) fn request(&self) -> Result<Option<Request>> {
        match &self.0 {
            Way::Http(connect) => connect.request().map(Some),
            Way::Socks(_) => Ok(None),
        }
    }

    /// What the proxy has said already, if it refused and the time is up before the end of its explanation.
    pub(crate) fn refusal(&mut self) -> Option<Error> {
        match &mut self.0 {
            Way::Http(connect) => connect.refusal(),
            Way::Socks(_) => None,
        }
        .map(|error| error.of_phase(Phase::Proxy))
    }
}

/// Whether the address of the URL's host has to be looked up for this proxy: an IPv4 address, for [`Tunnel::new`].
pub(crate) fn needs_address(proxy: &Proxy, url: &Url) -> bool {
    proxy.scheme() == ProxyScheme::Socks4 && url.raw_host().parse::<IpAddr>().is_err()
}

/// A zone means something on this machine only (SEC-204).
pub(crate) fn check_url(url: &Url) -> Result<()> {
    if url.has_zone() {
        return Err(Error::invalid_url(
            "an IPv6 address with a zone cannot be reached through a proxy",
        ));
    }
    Ok(())
}

/// Bytes on their way in and out during a handshake.
#[derive(Default)]
struct Pipe {
    input: Buffer,
    output: Outbox,
}

/// How receiving went.
enum Heard {
    Some,
    End,
    Nothing(Step<Tunneled>),
}

impl Pipe {
    /// Sends what is ready; `None` is all of it.
    fn send<S: Socket>(&mut self, wire: &mut Wire<S>) -> io::Result<Option<Step<Tunneled>>> {
        let mut moved = false;
        let wait = |moved| {
            let wait = if moved { Step::Moved } else { Step::Wait };
            Ok(Some(wait(Interest::Write)))
        };
        while !self.output.is_empty() {
            match wire.write(&[IoSlice::new(self.output.rest())]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.output.sent(count);
                    moved = true;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return wait(moved),
                Err(e) => return Err(e),
            }
        }
        match wire.flush() {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => wait(moved),
            result => result.map(|()| None),
        }
    }

    fn receive<S: Socket>(&mut self, wire: &mut Wire<S>) -> io::Result<Heard> {
        match self.input.fill(|room| wire.read(room)) {
            Ok(0) => Ok(Heard::End),
            Ok(_) => Ok(Heard::Some),
            Err(e) => match e.kind() {
                io::ErrorKind::WouldBlock => Ok(Heard::Nothing(Step::Wait(Interest::Read))),
                io::ErrorKind::Interrupted => Ok(Heard::Nothing(Step::Progress)),
                // TLS that ends without a goodbye is an end here, where every message says its length.
                io::ErrorKind::UnexpectedEof => Ok(Heard::End),
                _ => Err(e),
            },
        }
    }
}

fn read_failed(error: io::Error) -> Error {
    Error::new(
        Kind::Read,
        format!("the connection to the proxy failed: {error}"),
    )
    .with_source(error)
}

fn write_failed(error: io::Error) -> Error {
    Error::new(
        Kind::Write,
        format!("the connection to the proxy failed: {error}"),
    )
    .with_source(error)
}
