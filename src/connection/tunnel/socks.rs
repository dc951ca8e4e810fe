//! `Handshake`: a SOCKS conversation over a wire.
//!
//! Owns which version says what. Does not own the messages (`protocol/socks.rs`).

use std::net::Ipv4Addr;

use super::{Heard, Pipe, Tunneled, read_failed, write_failed};
use crate::connection::socket::{Socket, Step};
use crate::connection::wire::Wire;
use crate::error::{Error, Kind, Reason, Result};
use crate::models::proxy::{Proxy, ProxyScheme};
use crate::models::url::Url;
use crate::protocol::socks::{Received, Socks};

pub(super) struct Handshake {
    machine: Socks,
    pipe: Pipe,
}

impl Handshake {
    pub(super) fn new(proxy: &Proxy, url: &Url, address: Option<Ipv4Addr>) -> Result<Self> {
        let host = url.raw_host();
        let port = url.port_or_default().unwrap_or_default();
        let login = proxy.login();
        let (user, _) = login.unwrap_or_default();
        let machine = match (proxy.scheme(), address) {
            (ProxyScheme::Socks5, _) => Socks::v5(host, port, login)?,
            (ProxyScheme::Socks4a, _) => Socks::v4a(host, port, user)?,
            (_, Some(address)) => Socks::v4(address, port, user)?,
            // The only names that SOCKS 4 takes are addresses.
            (_, None) if !super::needs_address(proxy, url) => Socks::v4a(host, port, user)?,
            (_, None) => {
                return Err(Error::new(
                    Kind::Connect,
                    format!("the name '{host}' has no IPv4 address, and SOCKS 4 takes no other"),
                )
                .with_reason(Reason::Dns));
            }
        };
        let mut pipe = Pipe::default();
        machine.start(pipe.output.bytes());
        Ok(Self { machine, pipe })
    }

    pub(super) fn step<S: Socket>(&mut self, wire: &mut Wire<S>) -> Result<Step<Tunneled>> {
        if let Some(step) = self.pipe.send(wire).map_err(write_failed)? {
            return Ok(step);
        }
        match self.pipe.receive(wire).map_err(read_failed)? {
            Heard::Some => {}
            Heard::End => return Err(self.machine.eof(!self.pipe.input.is_empty())),
            Heard::Nothing(step) => return Ok(step),
        }
        let (input, output) = (self.pipe.input.bytes(), self.pipe.output.bytes());
        match self.machine.receive(input, output)? {
            Received::More => Ok(Step::Progress),
            Received::Message(used) => {
                self.pipe.input.consume(used);
                Ok(Step::Progress)
            }
            Received::Done(_) => Ok(Step::Done(Tunneled::Done)),
        }
    }
}
