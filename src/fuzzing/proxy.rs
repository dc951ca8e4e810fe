//! Doors into the handshakes with proxies.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddr};

use crate::connection::socket::{Socket, Step};
use crate::connection::tunnel::{Tunnel, Tunneled};
use crate::connection::wire::Wire;
use crate::flow::auth::DigestAuth;
use crate::models::config::ResponseLimits;
use crate::models::proxy::Proxy;
use crate::models::url::Url;
use crate::protocol::socks::{Received, Socks};

/// Plays these bytes as a SOCKS proxy that never says more than it is asked for at once, in pieces of this size: how
/// many of them were a whole handshake, `None` if more are needed, or the error.
pub fn socks_answers(
    version: u8,
    has_login: bool,
    input: &[u8],
    size: usize,
) -> Result<Option<usize>, String> {
    let login = has_login.then_some((&b"user"[..], &b"password"[..]));
    let machine = match version {
        4 => Socks::v4(Ipv4Addr::LOCALHOST, 80, b"user"),
        b'a' => Socks::v4a("example.org", 80, b""),
        _ => Socks::v5("example.org", 80, login),
    };
    let mut machine = machine.map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    machine.start(&mut out);
    let mut start = 0;
    let mut end = 0;
    while end < input.len() {
        end = (end + size.max(1)).min(input.len());
        let held = input.get(start..end).unwrap_or_default();
        out.clear();
        match machine.receive(held, &mut out).map_err(|e| e.to_string())? {
            Received::More => assert!(out.is_empty(), "it speaks while it listens"),
            Received::Message(used) => {
                assert!(used > 0 && used <= held.len() && !out.is_empty());
                start += used;
            }
            Received::Done(used) => return Ok(Some(start + used)),
        }
    }
    Ok(None)
}

/// Plays these bytes, in pieces of this size, and then the end of the connection, as the answer to CONNECT: whether the
/// tunnel stands, or another connection is asked for; or what the error is, and the status and content in it.
pub fn connect_answer(
    has_digest: bool,
    input: &[u8],
    size: usize,
) -> Result<bool, (String, Option<(u16, Vec<u8>)>)> {
    let result = lead(has_digest, input, size);
    result.map_err(|error| {
        // What a head is taken for, when it is none, depends on how much of it is there.
        let text = match error.kind() {
            crate::Kind::Proxy => error.to_string(),
            kind => format!("{kind} {:?}", error.reason()),
        };
        let response = error.into_response();
        let shown = response.map(|r| (r.status().as_u16(), r.content().to_vec()));
        (text, shown)
    })
}

fn lead(has_digest: bool, input: &[u8], size: usize) -> crate::Result<bool> {
    let mut proxy = Proxy::new("http://proxy")?;
    if has_digest {
        proxy = proxy.auth(DigestAuth::with_cnonce("user", "password", || {
            Ok("c".into())
        }));
    }
    let url = Url::parse("https://example.org")?;
    let mut tunnel = Tunnel::new(&proxy, &url, None, ResponseLimits::default())?;
    let mut wire = Wire::plain(Recorded {
        input: input.iter().copied().collect(),
        size: size.max(1),
    });
    loop {
        match tunnel.step(&mut wire)? {
            Step::Done(tunneled) => return Ok(tunneled == Tunneled::Done),
            Step::Progress => {}
            Step::Wait(_) | Step::Moved(_) => unreachable!("it is never too early"),
        }
    }
}

/// Bytes to come, whatever is sent; then the end.
#[derive(Debug)]
struct Recorded {
    input: VecDeque<u8>,
    size: usize,
}

impl Socket for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.size.min(buffer.len()).min(self.input.len());
        for (to, from) in buffer.iter_mut().zip(self.input.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(parts.iter().map(|part| part.len()).sum())
    }

    fn is_readable(&mut self) -> bool {
        true
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }
}
