//! One accepted connection: requests in, bytes out, with or without TLS, and the ways to end it.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use socket2::SockRef;

/// One request as it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The number of the connection it came on, from 0.
    pub(crate) connection: usize,
    /// Request line and fields as text, without the blank line.
    pub(crate) head: String,
    pub(crate) method: String,
    pub(crate) target: String,
    /// In the order and case they were sent.
    pub(crate) headers: Vec<(String, String)>,
    /// The content, chunks put together.
    pub(crate) body: Vec<u8>,
    /// Every byte of it.
    pub(crate) raw: Vec<u8>,
    /// `false` when the peer left, or the script turned to other things, before the end.
    pub(crate) complete: bool,
    /// The name in the TLS hello, if there was one.
    pub(crate) server_name: Option<String>,
    /// The client's own certificate, in DER.
    pub(crate) client_certificate: Option<Vec<u8>>,
    /// Whether the TLS session is an earlier one.
    pub(crate) resumed: bool,
    /// The application protocol that was agreed on in the TLS handshake.
    pub(crate) alpn: Option<Vec<u8>>,
}

impl Seen {
    /// The value of the only field of that name; `None` if there is none, and several fail the test.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers_named(name);
        let value = values.next();
        assert_eq!(values.next(), None, "a second {name} in {:?}", self.head);
        value
    }

    pub(crate) fn headers_named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of UTF-8")
    }

    /// Fills in the parts of the head. Strict: what a client sends must be right, so anything odd fails the test.
    fn parse(&mut self) {
        assert!(
            self.raw
                .iter()
                .all(|&byte| byte == b'\r' || byte == b'\n' || byte == b'\t' || byte >= 0x20),
            "a control byte in the request head {:?}",
            String::from_utf8_lossy(&self.raw)
        );
        self.head = String::from_utf8_lossy(&self.raw).into_owned();
        self.head.truncate(self.head.len() - 4);
        let mut lines = self.head.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let parts: Vec<_> = line.split(' ').collect();
        let [method, target, "HTTP/1.1"] = parts[..] else {
            panic!("not a request line: {line:?}");
        };
        assert!(
            !method.is_empty() && !target.is_empty(),
            "not a request line: {line:?}"
        );
        (self.method, self.target) = (method.to_owned(), target.to_owned());
        for line in lines {
            let Some((name, value)) = line.split_once(": ").or_else(|| line.split_once(':')) else {
                panic!("not a field line: {line:?}");
            };
            assert!(
                !name.is_empty() && !line.contains(['\r', '\n']) && !name.contains([' ', '\t']),
                "not a field line: {line:?}"
            );
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    fn framing(&self) -> Framing {
        let coding = self.header("transfer-encoding");
        let length = self.header("content-length");
        match (coding, length) {
            (None, None) => Framing::Length(0),
            (None, Some(length)) => Framing::Length(length.parse().expect("a Content-Length")),
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
            _ => panic!("two framings, or an unknown one: {:?}", self.head),
        }
    }
}

enum Framing {
    Length(usize),
    Chunked,
}

/// A socket with what was read ahead of its use.
pub(crate) struct Link {
    tcp: TcpStream,
    /// Sessions inside each other, the innermost last.
    #[cfg(feature = "tls")]
    tls: Vec<rustls::ServerConnection>,
    ahead: VecDeque<u8>,
}

impl Link {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        // Without it the kernel would join what a script sends in pieces.
        tcp.set_nodelay(true).expect("TCP_NODELAY");
        Self {
            tcp,
            #[cfg(feature = "tls")]
            tls: Vec::new(),
            ahead: VecDeque::new(),
        }
    }

    /// From here on everything is inside TLS, beginning with the handshake; inside what TLS there is already.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(
        &mut self,
        config: std::sync::Arc<rustls::ServerConfig>,
    ) -> io::Result<()> {
        assert!(self.ahead.is_empty(), "bytes before the TLS hello");
        let mut tls = rustls::ServerConnection::new(config).expect("a TLS server");
        let mut below = self.below();
        while tls.is_handshaking() {
            tls.complete_io(&mut below)?;
        }
        self.tls.push(tls);
        Ok(())
    }

    #[cfg(feature = "tls")]
    fn below(&mut self) -> Below<'_> {
        Below {
            tls: &mut self.tls,
            tcp: &mut self.tcp,
        }
    }

    /// Changes the keys of TLS 1.3 again and again, with a message each time.
    #[cfg(feature = "tls")]
    pub(crate) fn change_keys(&mut self, times: usize) -> io::Result<()> {
        let tls = self.tls.last_mut().expect("TLS");
        for _ in 0..times {
            tls.refresh_traffic_keys().expect("TLS 1.3");
            while tls.wants_write() {
                tls.write_tls(&mut self.tcp)?;
            }
        }
        Ok(())
    }

    /// Reads a request head into `seen`, blank line included. `Ok(false)`: the peer left before its first byte.
    pub(crate) fn read_head(&mut self, seen: &mut Seen) -> io::Result<bool> {
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls.last() {
            seen.server_name = tls.server_name().map(str::to_owned);
            let certificates = tls.peer_certificates().unwrap_or_default();
            seen.client_certificate = certificates.first().map(|c| c.to_vec());
            seen.resumed = tls.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
            seen.alpn = tls.alpn_protocol().map(<[u8]>::to_vec);
        }
        while !seen.raw.ends_with(b"\r\n\r\n") {
            match self.byte()? {
                Some(byte) => seen.raw.push(byte),
                None if seen.raw.is_empty() => return Ok(false),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        seen.parse();
        Ok(true)
    }

    /// Reads these bytes; others fail the test.
    pub(crate) fn expect(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut got = Vec::new();
        while got.len() < bytes.len() {
            got.push(self.need()?);
        }
        assert_eq!(got, bytes, "{}", got.escape_ascii());
        Ok(())
    }

    /// Reads the rest of a request whose head is there.
    pub(crate) fn read_body(&mut self, seen: &mut Seen) -> io::Result<()> {
        match seen.framing() {
            Framing::Length(length) => self.content(seen, length)?,
            Framing::Chunked => loop {
                let line = self.line(seen)?;
                let size = usize::from_str_radix(&line, 16)
                    .unwrap_or_else(|_| panic!("not a chunk size: {line:?}"));
                if size == 0 {
                    while !self.line(seen)?.is_empty() {}
                    break;
                }
                self.content(seen, size)?;
                let end = self.line(seen)?;
                assert_eq!(end, "", "after the data of a chunk");
            },
        }
        seen.complete = true;
        Ok(())
    }

    /// Reads and forgets until the peer leaves.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        self.ahead.clear();
        while self.fill()? > 0 {
            self.ahead.clear();
        }
        Ok(())
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if !self.tls.is_empty() {
            let mut below = self.below();
            below.write_all(bytes)?;
            return below.flush();
        }
        self.tcp.write_all(bytes)
    }

    /// Says that no more will be sent: the close alert of TLS, then FIN.
    pub(crate) fn half_close(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        for innermost in (0..self.tls.len()).rev() {
            let (below, tls) = self.tls.split_at_mut(innermost);
            let mut below = Below {
                tls: below,
                tcp: &mut self.tcp,
            };
            tls[0].send_close_notify();
            while tls[0].wants_write() {
                tls[0].write_tls(&mut below)?;
            }
            below.flush()?;
        }
        self.cut()
    }

    /// FIN alone: inside TLS that is a truncation.
    pub(crate) fn cut(&mut self) -> io::Result<()> {
        self.tcp.shutdown(Shutdown::Write)
    }

    /// Gives the socket back with everything already received taken from it: closing a socket with unread bytes sends
    /// RST in place of FIN.
    pub(crate) fn empty(mut self) {
        let brief = Some(Duration::from_millis(1));
        let mut scratch = [0; 16 * 1024];
        if self.tcp.set_read_timeout(brief).is_ok() {
            while self.tcp.read(&mut scratch).is_ok_and(|read| read > 0) {}
        }
    }

    /// Closing will send RST, once every handle of the socket is gone.
    pub(crate) fn reset(self) {
        SockRef::from(&self.tcp)
            .set_linger(Some(Duration::ZERO))
            .expect("SO_LINGER");
    }

    fn content(&mut self, seen: &mut Seen, length: usize) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            if self.ahead.is_empty() && self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let take = left.min(self.ahead.len());
            seen.body.extend(self.ahead.drain(..take));
            seen.raw.extend(&seen.body[seen.body.len() - take..]);
            left -= take;
        }
        Ok(())
    }

    fn line(&mut self, seen: &mut Seen) -> io::Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let byte = self.need()?;
            seen.raw.push(byte);
            line.push(byte);
        }
        line.truncate(line.len() - 2);
        Ok(String::from_utf8(line).expect("a chunk line of UTF-8"))
    }

    fn need(&mut self) -> io::Result<u8> {
        self.byte()?
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        if self.ahead.is_empty() && self.fill()? == 0 {
            return Ok(None);
        }
        Ok(self.ahead.pop_front())
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        #[cfg(feature = "tls")]
        let read = self.below().read(&mut buffer)?;
        #[cfg(not(feature = "tls"))]
        let read = self.tcp.read(&mut buffer)?;
        self.ahead.extend(&buffer[..read]);
        Ok(read)
    }
}

/// What a TLS session is read from and written to: the one around it, or the socket.
#[cfg(feature = "tls")]
struct Below<'a> {
    tls: &'a mut [rustls::ServerConnection],
    tcp: &'a mut TcpStream,
}

#[cfg(feature = "tls")]
impl Read for Below<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.tls.split_last_mut() {
            None => self.tcp.read(buffer),
            Some((last, tls)) => {
                let mut below = Below { tls, tcp: self.tcp };
                rustls::Stream::new(last, &mut below).read(buffer)
            }
        }
    }
}

#[cfg(feature = "tls")]
impl Write for Below<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.tls.split_last_mut() {
            None => self.tcp.write(bytes),
            Some((last, tls)) => {
                let mut below = Below { tls, tcp: self.tcp };
                rustls::Stream::new(last, &mut below).write(bytes)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.tls.split_last_mut() {
            None => self.tcp.flush(),
            Some((last, tls)) => {
                let mut below = Below { tls, tcp: self.tcp };
                rustls::Stream::new(last, &mut below).flush()
            }
        }
    }
}
