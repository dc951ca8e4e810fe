//! Tunnels over a proxy in memory that moves as little as it likes.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::*;
use crate::error::Reason;
use crate::flow::auth::DigestAuth;

/// A proxy that answers when it has heard enough.
#[derive(Debug, Default)]
struct Scripted {
    turns: VecDeque<(Enough, Vec<u8>)>,
    /// It closes behind its last answer.
    closes: bool,
    /// What it heard, turn by turn.
    heard: Vec<Vec<u8>>,
    hearing: Vec<u8>,
    saying: VecDeque<u8>,
    /// The most that moves in one call.
    most: usize,
    /// Every other call can do nothing.
    is_slow: bool,
    calls: usize,
}

#[derive(Debug)]
enum Enough {
    /// An empty line.
    Head,
    Bytes(usize),
}

impl Scripted {
    fn turn(&mut self) -> usize {
        self.calls += 1;
        if self.is_slow && self.calls.is_multiple_of(2) {
            0
        } else {
            self.most
        }
    }
}

impl Socket for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.turn().min(buffer.len()).min(self.saying.len());
        let is_over = self.saying.is_empty() && self.turns.is_empty() && self.closes;
        if most == 0 && !is_over {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for (to, from) in buffer.iter_mut().zip(self.saying.drain(..most)) {
            *to = from;
        }
        Ok(most)
    }

    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
        let count = self.turn().min(bytes.len());
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.hearing.extend(&bytes[..count]);
        let has_enough = match self.turns.front() {
            Some((Enough::Head, _)) => self.hearing.ends_with(b"\r\n\r\n"),
            Some((Enough::Bytes(count), _)) => self.hearing.len() >= *count,
            None => self.closes,
        };
        if has_enough {
            self.heard.push(std::mem::take(&mut self.hearing));
            if let Some((_, answer)) = self.turns.pop_front() {
                self.saying.extend(answer);
            }
        }
        Ok(count)
    }

    fn is_readable(&mut self) -> bool {
        !self.saying.is_empty()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }
}

/// Answers to heads.
fn http(answers: &[&str], closes: bool) -> Scripted {
    let turns = answers
        .iter()
        .map(|a| (Enough::Head, a.as_bytes().to_vec()));
    Scripted {
        turns: turns.collect(),
        closes,
        most: usize::MAX,
        ..Scripted::default()
    }
}

fn socks(turns: &[(usize, &[u8])]) -> Scripted {
    let turns = turns.iter().map(|(n, a)| (Enough::Bytes(*n), a.to_vec()));
    Scripted {
        turns: turns.collect(),
        closes: true,
        most: usize::MAX,
        ..Scripted::default()
    }
}

fn tunnel(proxy: &Proxy, url: &str) -> Result<Tunnel> {
    let url = Url::parse(url).unwrap();
    Tunnel::new(proxy, &url, None, ResponseLimits::default())
}

fn proxy(url: &str) -> Proxy {
    Proxy::new(url).unwrap()
}

/// Steps until something comes of it.
fn lead(tunnel: &mut Tunnel, wire: &mut Wire<Scripted>) -> Result<Tunneled> {
    for _ in 0..1_000_000 {
        if let Step::Done(tunneled) = tunnel.step(wire)? {
            return Ok(tunneled);
        }
    }
    panic!("no end in sight");
}

fn heard(wire: &Wire<Scripted>) -> Vec<String> {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    wire.socket().heard.iter().map(text).collect()
}

/// The error and what it looked like on the way there: the same however the bytes come.
fn refused(proxy: &Proxy, socket: impl Fn() -> Scripted) -> Error {
    let errors: Vec<Error> = [
        (1, true),
        (7, false),
        (usize::MAX, true),
        (usize::MAX, false),
    ]
    .into_iter()
    .map(|(most, is_slow)| {
        let mut wire = Wire::plain(Scripted {
            most,
            is_slow,
            ..socket()
        });
        let mut tunnel = tunnel(proxy, "https://example.org").unwrap();
        lead(&mut tunnel, &mut wire).unwrap_err()
    })
    .collect();
    let texts: Vec<String> = errors.iter().map(Error::to_string).collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    errors.into_iter().next_back().unwrap()
}

const OK: &str = "HTTP/1.1 200 Connection established\r\n\r\n";
const CHALLENGE: &str = "HTTP/1.1 407 Proxy Authentication Required\r\n\
     Proxy-Authenticate: Digest realm=\"p\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n\
     Content-Length: 6\r\n\r\nsorry\n";

/// PRX-22, R-PRX-06: nothing of the request but host and port.
#[test]
fn the_request() {
    let plain = proxy("http://proxy:3128");
    let full = proxy("http://us%65r:p%40ss@proxy")
        .header("X-A", "1")
        .header("x-b", "2");
    let basic = "Proxy-Authorization: Basic dXNlcjpwQHNz\r\nX-A: 1\r\nx-b: 2\r\n";
    for (proxy, url, target, more) in [
        (
            &plain,
            "https://u:p@example.org/path?q",
            "example.org:443",
            "",
        ),
        (&plain, "wss://example.org:8443", "example.org:8443", ""),
        (&plain, "https://[2001:db8::1]/", "[2001:db8::1]:443", ""),
        (&full, "https://example.org", "example.org:443", basic),
    ] {
        for (most, is_slow) in [(usize::MAX, false), (1, false), (3, true)] {
            let socket = Scripted {
                most,
                is_slow,
                ..http(&[OK], false)
            };
            let mut wire = Wire::plain(socket);
            let tunneled = lead(&mut tunnel(proxy, url).unwrap(), &mut wire).unwrap();
            assert_eq!(tunneled, Tunneled::Done);
            let expected =
                format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nAccept: */*\r\n{more}\r\n");
            assert_eq!(heard(&wire), [expected]);
        }
    }
}

/// SEC-204
#[test]
fn a_zone_is_of_this_machine() {
    for proxy in [proxy("http://h"), proxy("socks5://h")] {
        let error = tunnel(&proxy, "https://[fe80::1%25eth0]/").err().unwrap();
        assert_eq!(error.kind(), Kind::InvalidUrl);
    }
}

/// R-PRX-01
#[test]
fn framing_of_a_success_means_nothing() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 204 OK\r\nContent-Length: x\r\nTransfer-Encoding: y\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 Fine\r\nConnection: close\r\n\r\n",
    ] {
        for most in [1, usize::MAX] {
            let mut wire = Wire::plain(Scripted {
                most,
                ..http(&[head], false)
            });
            let mut tunnel = tunnel(&proxy("http://h"), "https://example.org").unwrap();
            assert_eq!(lead(&mut tunnel, &mut wire).unwrap(), Tunneled::Done);
        }
    }
}

/// R-PRX-02
#[test]
fn bytes_behind_a_success_are_foreign() {
    let head = format!("{OK}HTTP/1.1 200 OK\r\n\r\n");
    let mut wire = Wire::plain(http(&[&head], false));
    let mut tunnel = tunnel(&proxy("http://h"), "https://example.org").unwrap();
    let error = lead(&mut tunnel, &mut wire).unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy);
    assert!(error.to_string().contains("bytes of its own"), "{error}");
}

/// PRX-24, R-PRX-03
#[test]
fn a_refusal_is_an_error_with_the_answer() {
    for (answer, message, content) in [
        (CHALLENGE.to_owned(), "407 Proxy Authentication Required", "sorry\n"),
        (
            "HTTP/1.1 403 \r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n2\r\nno\r\n0\r\n\r\n".into(),
            "403",
            "no",
        ),
        ("HTTP/1.0 502 Bad Luck\r\n\r\nuntil the end".into(), "502 Bad Luck", "until the end"),
        // Cut, or with framing nobody can read: the status is known all the same.
        ("HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nhalf".into(), "503 Busy", "half"),
        ("HTTP/1.1 302 Found\r\nLocation: http://login/\r\nContent-Length: 0\r\n\r\n".into(), "302 Found", ""),
    ] {
        let error = refused(&proxy("http://h"), || http(&[&answer], true));
        assert_eq!((error.kind(), error.phase()), (Kind::Proxy, Some(Phase::Proxy)));
        assert_eq!(error.to_string(), format!("{message} while setting up the proxy"));
        let response = error.response().unwrap();
        assert_eq!(response.text(), content);
        assert_eq!(response.status().as_str(), &message[..3]);
    }
    let long = format!(
        "HTTP/1.1 500 Long\r\nContent-Length: 1000000\r\n\r\n{}",
        "x".repeat(1_000_000)
    );
    let error = refused(&proxy("http://h"), || http(&[&long], false));
    assert_eq!(error.response().unwrap().content().len(), 64 << 10);
}

/// R-PRX-03: what is known when the time is up.
#[test]
fn a_refusal_that_never_ends() {
    let answer = "HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nhalf";
    let mut wire = Wire::plain(http(&[answer], false));
    let mut tunnel = tunnel(&proxy("http://h"), "https://example.org").unwrap();
    assert!(tunnel.refusal().is_none());
    for _ in 0..10 {
        let step = tunnel.step(&mut wire).unwrap();
        assert!(!matches!(step, Step::Done(_)));
    }
    let error = tunnel.refusal().unwrap();
    assert!(error.to_string().starts_with("503 Busy "), "{error}");
    assert_eq!(error.response().unwrap().text(), "half");
}

/// PRX-29
#[test]
fn a_proxy_that_goes_away() {
    for (answer, reason) in [
        ("", Reason::ServerDisconnected),
        ("HTTP/1.1 200 OK\r\n", Reason::Incomplete),
    ] {
        let error = refused(&proxy("http://h"), || http(&[answer], true));
        assert_eq!(error.kind(), Kind::RemoteProtocol);
        assert_eq!(
            (error.reason(), error.phase()),
            (Some(reason), Some(Phase::Proxy))
        );
    }
}

/// R-PRX-07
#[test]
fn the_head_has_limits() {
    let fields = "X: y\r\n".repeat(5000);
    let long = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    let line = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(70_000));
    let interim = format!("{}{OK}", "HTTP/1.1 100 Go on\r\n\r\n".repeat(40));
    for (answer, reason) in [
        (&long, Reason::HeadTooLarge),
        (&line, Reason::HeadTooLarge),
        (&interim, Reason::TooManyInterim),
        (&"SSH-2.0-x\r\n\r\n".to_owned(), Reason::BadStatusLine),
        (
            &"HTTP/1.1 101 Go\r\n\r\n".to_owned(),
            Reason::UnexpectedUpgrade,
        ),
    ] {
        let mut wire = Wire::plain(http(&[answer], false));
        let mut tunnel = tunnel(&proxy("http://h"), "https://example.org").unwrap();
        let error = lead(&mut tunnel, &mut wire).unwrap_err();
        assert_eq!(error.reason(), Some(reason), "{error}");
        assert_eq!(error.phase(), Some(Phase::Proxy));
    }
}

/// R-PRX-04: on the same connection if it stays; the next tunnel through this proxy is ready for it.
#[test]
fn a_challenge_is_answered_once() {
    let proxy = proxy("http://h").auth(DigestAuth::new("user", "secret"));
    let mut wire = Wire::plain(Scripted {
        most: 5,
        is_slow: true,
        ..http(&[CHALLENGE, OK], false)
    });
    let mut first = tunnel(&proxy, "https://example.org").unwrap();
    assert_eq!(lead(&mut first, &mut wire).unwrap(), Tunneled::Done);
    let said = heard(&wire);
    assert!(!said[0].contains("Authorization"));
    let (head, answer) = said[1].split_once("Proxy-Authorization: Digest ").unwrap();
    assert!(head.ends_with("Accept: */*\r\n"), "{head}");
    assert!(
        answer.contains("username=\"user\", realm=\"p\", nonce=\"n\", uri=\"example.org:443\"")
    );
    assert!(answer.contains("nc=00000001") && !said[1].contains("\r\nAuthorization"));

    let mut wire = Wire::plain(http(&[OK], false));
    let mut second = tunnel(&proxy, "https://[::1]:8443").unwrap();
    lead(&mut second, &mut wire).unwrap();
    let said = heard(&wire);
    assert!(said[0].contains("uri=\"[::1]:8443\"") && said[0].contains("nc=00000002"));

    // Another proxy knows nothing of it.
    let other = Proxy::new("http://other").unwrap();
    let other = other.auth(DigestAuth::new("user", "secret"));
    let mut wire = Wire::plain(http(&[OK], false));
    lead(
        &mut tunnel(&other, "https://example.org").unwrap(),
        &mut wire,
    )
    .unwrap();
    assert!(!heard(&wire)[0].contains("Authorization"));
}

/// R-PRX-04
#[test]
fn a_challenge_on_a_connection_that_closes() {
    let close = CHALLENGE.replace("Content-Length", "Connection: close\r\nContent-Length");
    let old = CHALLENGE.replace(
        "Content-Length",
        "Proxy-Connection: close\r\nContent-Length",
    );
    let unframed = CHALLENGE.replace("Content-Length: 6\r\n", "");
    for answer in [&close, &old, &unframed, CHALLENGE] {
        let proxy = proxy("http://h").auth(DigestAuth::new("user", "secret"));
        let mut tunnel = tunnel(&proxy, "https://example.org").unwrap();
        let mut wire = Wire::plain(http(&[answer], true));
        assert_eq!(lead(&mut tunnel, &mut wire).unwrap(), Tunneled::Reconnect);
        let mut wire = Wire::plain(http(&[OK], false));
        assert_eq!(lead(&mut tunnel, &mut wire).unwrap(), Tunneled::Done);
        assert!(heard(&wire)[0].contains("Proxy-Authorization: Digest "));
    }
}

/// R-PRX-04: a second refusal is the end of it, and so is a challenge nobody here can answer.
#[test]
fn a_challenge_that_does_not_help() {
    let stale = CHALLENGE.replace("nonce=\"n\"", "nonce=\"m\", stale=true");
    let basic = CHALLENGE.replace("Digest realm", "Basic realm");
    for answers in [&[CHALLENGE, CHALLENGE][..], &[CHALLENGE, &stale], &[&basic]] {
        let proxy = proxy("http://h").auth(DigestAuth::new("user", "secret"));
        let mut wire = Wire::plain(http(answers, false));
        let error = lead(
            &mut tunnel(&proxy, "https://example.org").unwrap(),
            &mut wire,
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("407 Proxy Authentication Required "),
            "{error}"
        );
        assert_eq!(error.response().unwrap().status(), 407);
        assert_eq!(wire.socket().turns.len(), 0);
    }
    // Credentials that were sent already are not sent again.
    let error = refused(&proxy("http://u:p@h"), || http(&[CHALLENGE], true));
    assert_eq!(error.response().unwrap().status(), 407);
    let broken = CHALLENGE.replace("nonce=\"n\", ", "");
    let proxy = proxy("http://h").auth(DigestAuth::new("user", "secret"));
    let error = refused(&proxy, || http(&[&broken], true));
    assert_eq!(
        (error.kind(), error.phase()),
        (Kind::Auth, Some(Phase::Proxy))
    );
}

/// PRX-30, PRX-34, PRX-35
#[test]
fn through_socks() {
    let granted = b"\x05\x00\x00\x01\0\0\0\0\0\0";
    for scheme in ["socks5", "socks5h"] {
        for (most, is_slow) in [(usize::MAX, false), (1, true), (4, false)] {
            let turns: [(usize, &[u8]); 3] = [(3, b"\x05\x02"), (5, b"\x01\x00"), (18, granted)];
            let mut wire = Wire::plain(Scripted {
                most,
                is_slow,
                ..socks(&turns)
            });
            let proxy = proxy(&format!("{scheme}://u:p@h"));
            let mut tunnel = tunnel(&proxy, "http://example.org").unwrap();
            assert_eq!(lead(&mut tunnel, &mut wire).unwrap(), Tunneled::Done);
            let last = &wire.socket().heard[2];
            assert_eq!(last, b"\x05\x01\x00\x03\x0bexample.org\x00\x50");
        }
    }
}

/// PRX-33, PRX-35, R-PRX-08
#[test]
fn socks_that_fails() {
    let url = "socks5://h";
    let error = refused(&proxy(url), || {
        socks(&[(3, b"\x05\x00"), (18, b"\x05\x05\0\x01")])
    });
    assert_eq!(
        error.to_string(),
        "Proxy Server could not connect: Connection refused. while setting up the proxy"
    );
    for turns in [
        &[(3, &b"\x05"[..])][..],
        &[(3, b"")],
        &[(3, b"\x05\x00"), (18, b"\x05\0\0\x01")],
    ] {
        let error = refused(&proxy(url), || socks(turns));
        assert_eq!(
            (error.kind(), error.phase()),
            (Kind::Proxy, Some(Phase::Proxy))
        );
        assert!(
            error.to_string().contains("closed the connection"),
            "{error}"
        );
    }
}

#[test]
fn socks4_needs_an_address() {
    let url = Url::parse("https://example.org").unwrap();
    let four = proxy("socks4://me@h");
    assert!(needs_address(&four, &url) && !needs_address(&proxy("socks4a://h"), &url));
    let limits = ResponseLimits::default();
    let error = Tunnel::new(&four, &url, None, limits).err().unwrap();
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Connect, Some(Reason::Dns))
    );
    let address = Some(Ipv4Addr::new(192, 0, 2, 7));
    let mut wire = Wire::plain(socks(&[(11, b"\x00\x5a\0\0\0\0\0\0")]));
    let mut tunnel = Tunnel::new(&four, &url, address, limits).unwrap();
    assert_eq!(lead(&mut tunnel, &mut wire).unwrap(), Tunneled::Done);
    assert_eq!(wire.socket().heard, [b"\x04\x01\x01\xbb\xc0\0\x02\x07me\0"]);
}

/// R-PRX-09
#[test]
fn errors_behind_a_proxy_say_so() {
    let error = Error::new(Kind::Read, "gone")
        .in_phase(Phase::Head)
        .through_proxy();
    assert_eq!(
        error.to_string(),
        "gone while reading the response head through proxy"
    );
    let error = Error::new(Kind::Proxy, "no")
        .of_phase(Phase::Proxy)
        .through_proxy();
    assert_eq!(error.to_string(), "no while setting up the proxy");
}
