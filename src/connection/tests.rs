//! A connection over a socket that moves as little as it likes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use super::*;
use crate::models::body::Body;
use crate::models::request::Request;

/// A socket in memory. `moves` says how many bytes each call moves at most; 0 is `WouldBlock`.
#[derive(Debug, Default)]
struct Whimsical {
    incoming: VecDeque<u8>,
    /// The peer has closed behind what is incoming.
    ended: bool,
    sent: Vec<u8>,
    writes: usize,
    moves: Moves,
}

/// Xorshift below a limit; the whole limit each time if `whims` is off.
#[derive(Debug, Default)]
struct Moves {
    state: u64,
    most: usize,
    whims: bool,
}

impl Moves {
    fn next(&mut self) -> usize {
        if !self.whims {
            return self.most;
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 20) as usize % (self.most + 1)
    }
}

impl Socket for Whimsical {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "no room to read into");
        let most = self.moves.next().min(buffer.len());
        if most == 0 || (self.incoming.is_empty() && !self.ended) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = most.min(self.incoming.len());
        for (to, from) in buffer.iter_mut().zip(self.incoming.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let most = self.moves.next();
        if most == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.writes += 1;
        let bytes: Vec<u8> = parts
            .iter()
            .flat_map(|part| part.iter().copied())
            .take(most)
            .collect();
        assert!(!bytes.is_empty(), "nothing to write");
        self.sent.extend(&bytes);
        Ok(bytes.len())
    }

    fn is_readable(&mut self) -> bool {
        !self.incoming.is_empty() || self.ended
    }
}

fn connection(most: usize, seed: Option<u64>) -> Connection<Whimsical> {
    let moves = Moves {
        state: seed.unwrap_or_default(),
        most,
        whims: seed.is_some(),
    };
    let socket = Whimsical {
        moves,
        ..Whimsical::default()
    };
    Connection::new(Wire::plain(socket), ResponseLimits::default())
}

/// Asks until it is done; a wait is over at once.
fn drive<T>(mut step: impl FnMut() -> Result<Step<T>>) -> Result<T> {
    for _ in 0..10_000_000 {
        if let Step::Done(value) = step()? {
            return Ok(value);
        }
    }
    panic!("no end in sight");
}

/// Sends a request with a body in these pieces, or in one with the head if it is one.
fn send(connection: &mut Connection<Whimsical>, pieces: &[&[u8]]) -> Result<Flushed> {
    let mut request = Request::new("POST", "http://h/p")?;
    request = match pieces {
        [only] => request.with_body(*only),
        _ => request.with_body(Body::iter(
            pieces
                .iter()
                .map(|piece| piece.to_vec())
                .collect::<Vec<_>>(),
        )),
    };
    connection.begin(&Outgoing::from(&request), &Tracer::default())?;
    for (at, piece) in pieces.iter().enumerate() {
        connection.announce(piece.len())?;
        if at + 1 == pieces.len() {
            connection.finish(None)?;
        }
        let mut left = *piece;
        drive(|| connection.flush(&mut left))?;
        assert!(left.is_empty());
    }
    Ok(Flushed::All)
}

fn read_body(connection: &mut Connection<Whimsical>, size: usize) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut buffer = vec![0; size];
    loop {
        match drive(|| connection.body(&mut buffer))? {
            0 => return Ok(body),
            count => body.extend_from_slice(&buffer[..count]),
        }
    }
}

const FIXED: &[u8] = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world";
const CHUNKED: &[u8] =
    b"POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";

/// H1-06: the head leaves in one write with a body in memory, and with nothing where there is none.
#[test]
fn one_write() {
    let mut connection = connection(usize::MAX, None);
    send(&mut connection, &[b"hello world"]).unwrap();
    let socket = connection.socket_mut();
    assert_eq!((socket.writes, &*socket.sent), (1, FIXED));
}

/// FLT-11: short reads, short writes that end inside any part, and calls that can do nothing, in any mixture: the
/// same bytes go out, the same response comes in.
#[test]
fn whims() {
    let answers: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: r\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nhello world",
    ];
    for seed in 1..300 {
        for (answer, ended) in answers.into_iter().zip([false, false, true]) {
            let mut connection = connection(1 + seed as usize % 9, Some(seed * 0x9E37_79B9));
            let pieces: &[&[u8]] = if seed % 2 == 0 {
                &[b"hello world"]
            } else {
                &[b"hello", b" world"]
            };
            send(&mut connection, pieces).unwrap();
            let expected = if seed % 2 == 0 { FIXED } else { CHUNKED };
            assert_eq!(connection.socket_mut().sent, expected, "seed {seed}");
            connection.socket_mut().incoming.extend(answer);
            connection.socket_mut().ended = ended;
            let head = drive(|| connection.head()).unwrap();
            assert_eq!(head.status.as_u16(), 200);
            // Either way of reading: through the buffer, and past it.
            let size = [1, 7, 64, 2 * DIRECT][seed as usize % 4];
            assert_eq!(
                read_body(&mut connection, size).unwrap(),
                b"hello world",
                "seed {seed}"
            );
            assert_eq!(connection.is_reusable(), !ended);
            assert_eq!(connection.received(), 11);
        }
    }
}

/// FLT-11, FLT-08: an answer that comes between two short writes ends the upload if it is a refusal.
#[test]
fn an_answer_between_short_writes() {
    let mut connection = connection(1, Some(7));
    connection
        .socket_mut()
        .incoming
        .extend(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
    let request = Request::new("POST", "http://h/p")
        .unwrap()
        .with_body(vec![b'x'; 1 << 20]);
    connection
        .begin(&Outgoing::from(&request), &Tracer::default())
        .unwrap();
    connection.announce(1 << 20).unwrap();
    connection.finish(None).unwrap();
    let body = request.body.as_bytes().unwrap().to_vec();
    let mut left = &body[..];
    assert_eq!(
        drive(|| connection.flush(&mut left)).unwrap(),
        Flushed::Stopped
    );
    assert_eq!(drive(|| connection.head()).unwrap().status.as_u16(), 413);
    assert!(connection.response_done() && !connection.is_reusable());
}

/// R-LIM-18: a head near its limit that arrives one byte a read costs work in proportion to its size.
#[test]
fn a_long_head_byte_by_byte() {
    let mut connection = connection(1, None);
    send(&mut connection, &[b"x"]).unwrap();
    let field = format!("X-Some: {}\r\n", "y".repeat(120));
    let head = format!(
        "HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n",
        field.repeat(2000)
    );
    assert!(head.len() > 250 << 10);
    connection.socket_mut().incoming.extend(head.as_bytes());
    let started = Instant::now();
    assert_eq!(drive(|| connection.head()).unwrap().headers.len(), 2001);
    assert!(
        started.elapsed().as_millis() < 1000,
        "{:?}",
        started.elapsed()
    );
}
