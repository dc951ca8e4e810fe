//! A server of HTTP/2 without TLS that says the frames it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// `:status: 200` of HPACK's table.
pub(crate) const OK: &[u8] = &[0x88];

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The code of RST_STREAM or GOAWAY.
    pub(crate) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// A frame as bytes.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A field as HPACK writes what is in no table.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0, u8::try_from(name.len()).unwrap()];
    bytes.extend(name.as_bytes());
    bytes.push(u8::try_from(value.len()).unwrap());
    bytes.extend(value.as_bytes());
    bytes
}

pub(crate) fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (name, value) in pairs {
        payload.extend(name.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

pub(crate) fn go_away(last: u32, code: u32) -> Vec<u8> {
    let mut payload = last.to_be_bytes().to_vec();
    payload.extend(code.to_be_bytes());
    frame(GOAWAY, 0, 0, &payload)
}

pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

/// A listening server; each connection has a thread.
pub(crate) struct Raw {
    address: SocketAddr,
    accepts: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Raw {
    /// Plays this for each connection, whose number counts from 1.
    pub(crate) fn start(play: impl Fn(usize, &mut Conn) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let raw = Self {
            address: listener.local_addr().unwrap(),
            accepts: Arc::default(),
            over: Arc::default(),
            streams: Arc::default(),
        };
        let (accepts, over) = (Arc::clone(&raw.accepts), Arc::clone(&raw.over));
        let streams = Arc::clone(&raw.streams);
        let play = Arc::new(play);
        thread::spawn(move || {
            loop {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                if over.load(SeqCst) {
                    return;
                }
                let number = accepts.fetch_add(1, SeqCst) + 1;
                stream.set_nodelay(true).unwrap();
                streams.lock().unwrap().push(stream.try_clone().unwrap());
                let play = Arc::clone(&play);
                thread::spawn(move || {
                    let mut conn = Conn { stream };
                    if conn.begin().is_some() {
                        play(number, &mut conn);
                    }
                    conn.close();
                });
            }
        });
        raw
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn accepts(&self) -> usize {
        self.accepts.load(SeqCst)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.over.store(true, SeqCst);
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the acceptor.
        let _ = TcpStream::connect(self.address);
    }
}

/// One connection, seen from the server.
pub(crate) struct Conn {
    stream: TcpStream,
}

impl Conn {
    /// Takes the preface and says SETTINGS.
    fn begin(&mut self) -> Option<()> {
        let mut preface = [0; 24];
        self.stream.read_exact(&mut preface).ok()?;
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        Some(())
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // Whether the client still listens is what tests find out.
        let _ = self.stream.write_all(bytes);
    }

    pub(crate) fn settings(&mut self, pairs: &[(u16, u32)]) {
        self.send(&settings(pairs));
    }

    /// The next frame; `None` at the end of the connection.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes(head[5..9].try_into().unwrap()),
            payload,
        })
    }

    /// The next frame of this type; others are passed over, settings acknowledged.
    pub(crate) fn wait_for(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let next = self.next()?;
            if next.kind == SETTINGS && next.flags & ACK == 0 {
                self.send(&frame(SETTINGS, ACK, 0, &[]));
            }
            if next.kind == kind {
                return Some(next);
            }
        }
    }

    /// The number of the next request.
    pub(crate) fn request(&mut self) -> Option<u32> {
        self.wait_for(HEADERS).map(|frame| frame.stream)
    }

    /// 200 and this body.
    pub(crate) fn answer(&mut self, stream: u32, body: &str) {
        let mut bytes = frame(HEADERS, END_HEADERS, stream, OK);
        bytes.extend(frame(DATA, END_STREAM, stream, body.as_bytes()));
        self.send(&bytes);
    }

    /// Answers everything from now on.
    pub(crate) fn serve(&mut self, body: &str) {
        while let Some(stream) = self.request() {
            self.answer(stream, body);
        }
    }

    /// Reads on without a word.
    pub(crate) fn be_silent(&mut self) {
        while self.next().is_some() {}
    }

    pub(crate) fn pause(&self, milliseconds: u64) {
        thread::sleep(Duration::from_millis(milliseconds));
    }

    pub(crate) fn close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
