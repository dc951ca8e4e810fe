//! A server of raw frames, for tests: what it says is what the test says.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::Headers;
use crate::models::config::ResponseLimits;
use crate::models::request::Request;
use crate::protocol::http1::Outgoing;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// `:status: 200` of HPACK's table.
pub(super) const OK: &[u8] = &[0x88];

pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// The code of RST_STREAM or GOAWAY.
    pub(super) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// A frame as bytes.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A field as HPACK writes what is in no table.
pub(super) fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, u8::try_from(name.len()).unwrap()];
    bytes.extend(name);
    bytes.push(u8::try_from(value.len()).unwrap());
    bytes.extend(value);
    bytes
}

/// The settings of a frame.
pub(super) fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (name, value) in pairs {
        payload.extend(name.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

pub(super) fn go_away(last: u32, code: u32) -> Vec<u8> {
    let mut payload = last.to_be_bytes().to_vec();
    payload.extend(code.to_be_bytes());
    frame(GOAWAY, 0, 0, &payload)
}

pub(super) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

/// One connection, seen from the server.
pub(super) struct Raw {
    pub(super) stream: TcpStream,
}

impl Raw {
    /// Takes a connection with its preface.
    pub(super) async fn accept(listener: &TcpListener) -> Self {
        let mut stream = listener.accept().await.unwrap().0;
        stream.set_nodelay(true).unwrap();
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        Self { stream }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        // Whether the client still listens is what tests find out.
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next frame; `None` at the end of the connection.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes(head[5..9].try_into().unwrap()),
            payload,
        })
    }

    /// The next frame of this type; others are passed over, settings acknowledged.
    pub(super) async fn wait_for(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.kind == SETTINGS && frame.flags & ACK == 0 {
                self.send(&raw_tests::frame(SETTINGS, ACK, 0, &[])).await;
            }
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// Sends settings, takes them, and waits for the number of the first request.
    pub(super) async fn request(&mut self) -> u32 {
        self.send(&settings(&[])).await;
        self.wait_for(HEADERS).await.unwrap().stream
    }

    pub(super) async fn answer(&mut self, stream: u32) {
        self.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, OK))
            .await;
    }
}

pub(super) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A connection to there, run by this runtime.
pub(super) async fn connect(address: SocketAddr) -> Http2 {
    connect_with(address, &Http2Settings::default()).await
}

pub(super) async fn connect_with(address: SocketAddr, settings: &Http2Settings) -> Http2 {
    let stream = TcpStream::connect(address).await.unwrap();
    let wire = Wire::plain(TokioSocket::from_tcp(stream.into_std().unwrap()).unwrap());
    let (connection, task) = adopt(wire, settings, &Tracer::default()).unwrap();
    tokio::spawn(task);
    connection
}

pub(super) fn get() -> Request {
    Request::new("GET", "http://example.org/").unwrap()
}

/// Begins a request.
pub(super) async fn start(connection: &Http2, request: &Request) -> Result<Stream> {
    let slot = within(connection.open()).await?;
    let limits = ResponseLimits::default();
    slot.send(&Outgoing::from(request), limits, &Tracer::default())
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

/// The whole response.
pub(super) async fn finish(stream: &mut Stream) -> Result<Answer> {
    let head = within(stream.head()).await?;
    let mut body = Vec::new();
    while let Some(piece) = within(stream.data()).await? {
        body.extend_from_slice(&piece);
    }
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    })
}

/// A whole exchange.
pub(super) async fn exchange(connection: &Http2) -> Result<Answer> {
    finish(&mut start(connection, &get()).await?).await
}

/// Nothing here takes long.
pub(super) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("it takes too long")
}
