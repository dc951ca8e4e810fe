//! TLS in TLS in memory: a proxy's session with an origin's inside it.

#![cfg(feature = "tls")]

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection};

use super::*;

/// Both ends of a connection: what we write is taken in by the servers at once, which answer at once.
#[derive(Debug)]
struct Peer {
    proxy: ServerConnection,
    origin: Option<ServerConnection>,
    to_us: VecDeque<u8>,
    /// Plain text that the innermost server got.
    got: Vec<u8>,
    most: usize,
    is_slow: bool,
    calls: Cell<u64>,
    /// Nothing of ours arrives.
    is_deaf: bool,
    has_failed: bool,
    proxy_ended: bool,
    origin_ended: bool,
}

impl Peer {
    fn room(&self) -> usize {
        // A linear congruence: no rhythm that the steps could fall into.
        let state = self.calls.get().wrapping_mul(6_364_136_223_846_793_005);
        self.calls
            .set(state.wrapping_add(1_442_695_040_888_963_407));
        if self.is_slow && state >> 63 == 0 {
            0
        } else {
            self.most
        }
    }

    /// A server that cannot make sense of something hears nothing any more.
    fn take_in(&mut self, bytes: &[u8]) {
        if !self.has_failed {
            self.has_failed = self.try_take_in(bytes).is_err();
            self.put_out();
        }
    }

    fn try_take_in(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let plain = open(&mut self.proxy, &mut bytes, &mut self.proxy_ended)?;
            let Some(origin) = &mut self.origin else {
                self.got.extend(plain);
                continue;
            };
            let mut rest = &plain[..];
            while !rest.is_empty() {
                let plain = open(origin, &mut rest, &mut self.origin_ended)?;
                self.got.extend(plain);
            }
        }
        Ok(())
    }

    fn put_out(&mut self) {
        let mut bytes = Vec::new();
        if let Some(origin) = &mut self.origin {
            while origin.wants_write() {
                origin.write_tls(&mut bytes).unwrap();
            }
            self.proxy.writer().write_all(&bytes).unwrap();
        }
        bytes.clear();
        while self.proxy.wants_write() {
            self.proxy.write_tls(&mut bytes).unwrap();
        }
        self.to_us.extend(bytes);
    }

    fn say(&mut self, text: &[u8]) {
        match &mut self.origin {
            Some(origin) => origin.writer().write_all(text).unwrap(),
            None => self.proxy.writer().write_all(text).unwrap(),
        }
        self.put_out();
    }
}

/// Plain text out of some of these bytes.
fn open(server: &mut ServerConnection, bytes: &mut &[u8], ended: &mut bool) -> io::Result<Vec<u8>> {
    server.read_tls(bytes)?;
    let state = server.process_new_packets().map_err(io::Error::other)?;
    *ended |= state.peer_has_closed();
    let mut plain = vec![0; state.plaintext_bytes_to_read()];
    server.reader().read_exact(&mut plain)?;
    Ok(plain)
}

impl Socket for Peer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.room().min(buffer.len()).min(self.to_us.len());
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for (to, from) in buffer.iter_mut().zip(self.to_us.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
        let count = self.room().min(bytes.len());
        if count == 0 || self.is_deaf {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.take_in(&bytes[..count]);
        Ok(count)
    }

    fn is_readable(&mut self) -> bool {
        !self.to_us.is_empty()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A server with a certificate for that name, and a client that trusts no other.
fn pair(name: &str) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn shake(wire: &mut Wire<Peer>) -> Result<()> {
    for _ in 0..1_000_000 {
        match wire.handshake()? {
            Step::Done(()) => return Ok(()),
            Step::Progress => {}
            // Somebody has to be able to do something: no wait is for ever.
            Step::Wait(interest) | Step::Moved(interest) => {
                let socket = wire.socket_mut();
                let can_write = !socket.is_deaf && interest != Interest::Read;
                assert!(socket.is_readable() || can_write, "stuck on {interest:?}");
            }
        }
    }
    panic!("no end in sight");
}

/// A wire with the proxy's session up.
fn to_proxy(most: usize, is_slow: bool) -> Wire<Peer> {
    let (server, client) = pair("proxy.test");
    let mut wire = Wire::plain(Peer {
        proxy: ServerConnection::new(server).unwrap(),
        origin: None,
        to_us: VecDeque::new(),
        got: Vec::new(),
        most,
        is_slow,
        calls: Cell::new(0),
        is_deaf: false,
        has_failed: false,
        proxy_ended: false,
        origin_ended: false,
    });
    wire.start_proxy_tls(Tls::new(client, "proxy.test").unwrap());
    shake(&mut wire).unwrap();
    wire
}

/// A wire with both sessions up, and the servers at its other end.
fn both(most: usize, is_slow: bool) -> Wire<Peer> {
    let mut wire = to_proxy(most, is_slow);
    assert!(wire.info().tls.is_none(), "the origin's is asked for");
    write(&mut wire, b"CONNECT");
    assert_eq!(wire.socket().got, b"CONNECT");
    wire.socket_mut().say(b"200");
    assert_eq!(read(&mut wire, 3), b"200");
    let (server, client) = pair("origin.test");
    let socket = wire.socket_mut();
    socket.got.clear();
    socket.origin = Some(ServerConnection::new(server).unwrap());
    wire.start_tls(Tls::new(client, "origin.test").unwrap());
    shake(&mut wire).unwrap();
    wire
}

fn write(wire: &mut Wire<Peer>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match wire.write(&[IoSlice::new(bytes)]) {
            Ok(count) => bytes = &bytes[count..],
            Err(e) => assert_eq!(e.kind(), io::ErrorKind::WouldBlock),
        }
    }
    while let Err(e) = wire.flush() {
        assert_eq!(e.kind(), io::ErrorKind::WouldBlock);
    }
}

fn read(wire: &mut Wire<Peer>, count: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 5000];
    while all.len() < count {
        match wire.read(&mut buffer) {
            Ok(0) => panic!("the end"),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                assert_eq!(e.kind(), io::ErrorKind::WouldBlock);
                let socket = wire.socket_mut();
                assert!(socket.is_readable(), "stuck");
            }
        }
    }
    all
}

/// PRX-26, TRP-06: in any mixture of short reads, short writes and calls that can do nothing.
#[test]
fn tls_in_tls() {
    let all: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    for (most, is_slow) in [
        (usize::MAX, false),
        (usize::MAX, true),
        (1000, true),
        (17, true),
    ] {
        let text = &all[..most.saturating_mul(100).min(all.len())];
        let mut wire = both(most, is_slow);
        let tls = wire.info().tls.unwrap();
        assert_eq!(tls.version(), "TLSv1.3");
        write(&mut wire, text);
        assert!(wire.socket().got == text);
        for piece in text.chunks(10_000) {
            wire.socket_mut().say(piece);
            assert!(read(&mut wire, piece.len()) == piece);
        }
    }
}

/// R-PRX-06: each session is verified by its own name and its own roots.
#[test]
fn each_has_its_own_name() {
    let (server, client) = pair("origin.test");
    let (_, stranger) = pair("origin.test");
    for (config, name) in [(client, "proxy.test"), (stranger, "origin.test")] {
        let mut wire = to_proxy(usize::MAX, false);
        let server = ServerConnection::new(Arc::clone(&server)).unwrap();
        wire.socket_mut().origin = Some(server);
        wire.start_tls(Tls::new(config, name).unwrap());
        let error = shake(&mut wire).unwrap_err();
        assert_eq!(error.kind(), crate::error::Kind::Connect);
        assert!(error.reason().is_some(), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// SEC-130, TRP-05: session tickets of either session are no news, words of either and ends are.
#[test]
fn tickets_are_no_news() {
    let mut wire = both(usize::MAX, false);
    assert!(!wire.socket().to_us.is_empty(), "tickets are waiting");
    assert!(!wire.has_news());
    assert!(wire.socket().to_us.is_empty());
    wire.socket_mut().say(b"x");
    assert!(wire.has_news());

    let mut wire = both(100, true);
    while wire.has_news() || !wire.socket().to_us.is_empty() {}
    let socket = wire.socket_mut();
    socket.proxy.send_close_notify();
    socket.put_out();
    wire.socket_mut().is_slow = false;
    assert!(wire.has_news());
}

/// What the inner session has sent may wait in the outer one: it is not forgotten.
#[test]
fn what_is_held_below_is_flushed() {
    let mut wire = both(usize::MAX, false);
    wire.socket_mut().is_deaf = true;
    assert_eq!(wire.write(&[IoSlice::new(b"hello")]).unwrap(), 5);
    assert_eq!(wire.flush().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    wire.socket_mut().is_deaf = false;
    wire.flush().unwrap();
    assert_eq!(wire.socket().got, b"hello");
}

/// TLS-14: both sessions are closed, the inner one first.
#[test]
fn both_say_goodbye() {
    let mut wire = both(usize::MAX, false);
    let Layers::Both(pair) = &mut wire.layers else {
        panic!("two layers");
    };
    pair.close(&mut wire.socket);
    let socket = wire.socket();
    assert!(socket.origin_ended && socket.proxy_ended);
}
