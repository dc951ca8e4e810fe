//! Hostile, broken and cut responses over real sockets, each followed by proof that nothing of it stays behind.

#[path = "../reference/responses.rs"]
mod responses;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::driver::{Client, Kind, Limits, Reason, ResponseLimits, Result};

use self::responses::{Case, cases};
use crate::alone::{alone, descriptors};
use crate::server::{Pace, Script, Server, in_every_pace, ok, script};

const LIMIT: Duration = Duration::from_secs(5);

/// A client with one connection, so that whatever keeps its slot is found out.
fn narrow(limits: ResponseLimits) -> Client {
    Client::builder()
        .limits(Limits::client().max_connections(1))
        .response_limits(limits)
        .timeout(LIMIT)
        .build()
        .unwrap()
}

/// The check after every error: the slot is free, the same client works, and at no time two sockets were open.
#[track_caller]
fn clean_after(client: &Client, server: &Server, what: &str) {
    works_after(client, server, what);
    assert_eq!(server.most_open(), 1, "{what}: two sockets at once");
}

/// The slot is free and the same client works.
#[track_caller]
fn works_after(client: &Client, server: &Server, what: &str) {
    let started = Instant::now();
    let next = client.get(server.url("/good")).send().expect(what);
    assert_eq!(next.text(), "good", "{what}");
    assert!(started.elapsed() < LIMIT / 2, "{what}: waited for a slot");
    let pool = format!("{client:?}");
    let at_rest = "Requests: 0 active, 0 queued | Connections: 0 active, 1 idle";
    assert!(pool.contains(at_rest), "{what}: {pool}");
}

/// Plays this on the first connection, and answers well on it and on all later ones.
fn first_then_good(first: Script) -> Server {
    Server::with(move |index| {
        let first = if index == 0 { first.clone() } else { script() };
        first.serve(|_| ok("good"))
    })
}

/// Every line of the table, in one piece and byte by byte: SEC-101 to SEC-129, SEC-131, SEC-132, R-LIM-01, R-LIM-02,
/// R-LIM-03, R-LIM-04, R-LIM-05, R-LIM-06, H1-20 to H1-25, H1-27, H1-29 to H1-35, H1-40, H1-50, H1-51, H1-52.
#[test]
fn table_of_responses() {
    if !alone(concat!(module_path!(), "::table_of_responses"), &[]) {
        return;
    }
    let cases = cases();
    drop(Client::new());
    let before = descriptors();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    case.check(Pace::Whole);
                    case.check(case.small_pace());
                }
            });
        }
    });
    assert_eq!(descriptors(), before, "descriptors");
}

impl Case {
    fn limits(&self) -> ResponseLimits {
        let limits = ResponseLimits::default().body(self.most_body);
        limits
            .strict_lines(self.strict_lines)
            .strict_framing(self.strict_framing)
    }

    /// Byte by byte, or what is like it where that would take seconds.
    fn small_pace(&self) -> Pace {
        if self.bytes.len() < 2000 {
            Pace::Bytes
        } else {
            Pace::Chunks(self.bytes.len() / 300, Duration::from_micros(30))
        }
    }

    fn check(&self, pace: Pace) {
        let what = format!("{} {pace:?}", self.name);
        let answer = script().read().send(&self.bytes).pace(pace);
        let server = first_then_good(if self.fin { answer.close() } else { answer });
        let client = narrow(self.limits());
        let started = Instant::now();
        let outcome = self.ask(&client, &server);
        assert!(started.elapsed() < LIMIT / 2, "{what}: slow");
        let reused = match outcome {
            Ok((status, switched, body)) => {
                assert_eq!(self.verdict, "ok", "{what}: {status}");
                let reuse = self.expected.ends_with("reuse");
                let end = match switched {
                    true => "switched",
                    false if reuse => "reuse",
                    false => "close",
                };
                assert_eq!(format!("{status} {end}"), self.expected, "{what}");
                assert!(body == self.body, "{what}: {body:?}");
                // What follows the message has to be there before the next request, to be found by it.
                let all = self.bytes.len() as u64;
                server.wait_until(|server| server.sent() == all || server.open() == 0);
                if self.fin {
                    server.wait_until(|server| server.open() == 0);
                }
                reuse && !self.fin
            }
            Err(error) => {
                let reason = error.reason().map(|reason| format!(" {reason:?}"));
                let verdict = format!("{:?}{}", error.kind(), reason.unwrap_or_default());
                assert_eq!(verdict, self.verdict, "{what}: {error}");
                false
            }
        };
        clean_after(&client, &server, &what);
        let expected: &[usize] = if reused { &[2] } else { &[1, 1] };
        assert_eq!(server.requests_per_connection(), expected, "{what}");
        drop(client);
        server.wait_until(|server| server.open() == 0);
    }

    fn ask(&self, client: &Client, server: &Server) -> Result<(u16, bool, Vec<u8>)> {
        let mut request = client.request(self.method, server.url("/"));
        if self.upgrade {
            request = request
                .header("Upgrade", "websocket")
                .header("Connection", "upgrade");
        }
        let response = request.stream()?;
        let status = response.status().as_u16();
        if self.expected.ends_with("switched") {
            response.upgrade()?;
            return Ok((status, true, Vec::new()));
        }
        let body = response.buffer()?.into_content();
        Ok((status, false, body.to_vec()))
    }
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";

/// SEC-128: the connection ends at every place of a message, with FIN and with RST; never a short body as a success,
/// not in memory and not from a stream, and the error counts the bytes.
#[test]
fn early_ends() {
    type Bytes = Option<(u64, Option<u64>)>;
    // What was sent, and how much of a body it holds.
    let cases: &[(String, Bytes)] = &[
        (String::new(), None),
        ("HTTP/1".into(), Some((0, None))),
        ("HTTP/1.1 200 OK\r\nContent-Le".into(), Some((0, None))),
        ("HTTP/1.1 200 OK\r\nX: 1\r\n".into(), Some((0, None))),
        (LENGTH.into(), Some((0, Some(10)))),
        (format!("{LENGTH}ab"), Some((2, Some(10)))),
        (CHUNKED.into(), Some((0, None))),
        (format!("{CHUNKED}3"), Some((0, None))),
        (format!("{CHUNKED}3;ext"), Some((0, None))),
        (format!("{CHUNKED}3\r\nab"), Some((2, None))),
        (format!("{CHUNKED}3\r\nabc"), Some((3, None))),
        (format!("{CHUNKED}3\r\nabc\r\n"), Some((3, None))),
        (format!("{CHUNKED}3\r\nabc\r\n0\r\n"), Some((3, None))),
        (format!("{CHUNKED}3\r\nabc\r\n0\r\nX: "), Some((3, None))),
    ];
    let run = |sent: &str, expected: Bytes, reset: bool, stream: bool| {
        let what = format!("{sent:?} reset {reset} stream {stream}");
        let answer = script().read().send(sent);
        let server = first_then_good(if reset {
            answer.sleep(Duration::from_millis(5)).reset()
        } else {
            answer.close()
        });
        let client = narrow(ResponseLimits::default());
        let request = client.get(server.url("/"));
        let error = if stream {
            let pieces = request
                .stream()
                .and_then(|mut response| response.iter_bytes().collect::<Result<Vec<_>>>());
            pieces.expect_err(&what)
        } else {
            request.send().expect_err(&what)
        };
        let (kind, reason) = match (sent.is_empty(), reset) {
            (true, _) => (Kind::Read, Some(Reason::ServerDisconnected)),
            (_, false) => (Kind::RemoteProtocol, Some(Reason::Incomplete)),
            (_, true) => (Kind::Read, None),
        };
        assert_eq!((error.kind(), error.reason()), (kind, reason), "{what}");
        let bytes = error
            .bytes_received()
            .map(|received| (received, error.bytes_expected()));
        assert_eq!(bytes, expected, "{what}: {error}");
        clean_after(&client, &server, &what);
        assert_eq!(server.requests_per_connection(), [1, 1], "{what}");
    };
    thread::scope(|scope| {
        for (sent, expected) in cases {
            scope.spawn(|| {
                for (reset, stream) in [(false, false), (false, true), (true, false), (true, true)]
                {
                    run(sent, *expected, reset, stream);
                }
            });
        }
    });
}

/// SEC-127, H1-31: without framing the body runs to the FIN; an RST is not an end.
#[test]
fn bodies_to_the_close() {
    let head = "HTTP/1.1 200 OK\r\nX: y\r\n\r\nall of it";
    in_every_pace(|pace| {
        let server = first_then_good(script().read().send(head).close().pace(pace));
        let client = narrow(ResponseLimits::default());
        let response = client.get(server.url("/")).send().unwrap();
        assert_eq!(response.text(), "all of it");
        clean_after(&client, &server, "closed");
    });
    let wait = Duration::from_millis(5);
    let server = first_then_good(script().read().send(head).sleep(wait).reset());
    let client = narrow(ResponseLimits::default());
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::Read);
    assert_eq!(error.bytes_received(), Some(9));
    clean_after(&client, &server, "reset");
}

/// SEC-102, SEC-103: what is not HTTP is refused at the byte that shows it, with no wait for more, and the message
/// says what it looks like. R-LIM-17: bytes of the peer are cut and escaped.
#[test]
fn other_protocols_are_named() {
    let cases: &[(&[u8], &str)] = &[
        (b"\x15\x03\x01\x00\x02\x02\x46", "TLS"),
        (b"\x16\x03\x03\x00\x04\x02", "TLS"),
        (b"<html>old", "<html>old"),
        (b"SSH-2.0-x\r\n", "SSH"),
        (b"HTTP/1.1 200 \x1b[2J\x07\r\n", r"\x1b"),
    ];
    for (bytes, named) in cases {
        let server = first_then_good(script().read().send(bytes).drain());
        let client = narrow(ResponseLimits::default());
        let error = client.get(server.url("/")).send().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::BadStatusLine), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(named), "{text}");
        assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
        clean_after(&client, &server, named);
    }
    let long = [b"X: ".as_slice(), &[b'a'; 5000], b"\x01\r\n\r\n"].concat();
    let bytes = [b"HTTP/1.1 200 OK\r\n".as_slice(), &long].concat();
    let server = first_then_good(script().read().send(&bytes).drain());
    let client = narrow(ResponseLimits::default());
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::BadHeader));
    assert!(error.to_string().len() < 1200, "{error}");
    clean_after(&client, &server, "a long line");
}

/// SEC-108, SEC-111, SEC-115: what is accepted stays visible as it came.
#[test]
fn odd_fields_stay_visible() {
    let head = b"HTTP/1.1 200 OK\r\nX-A: gr\xc3\xbc\xc3\x9fe\r\nX-B: gr\xfc\xdfe\r\n\
        Content-Length: 2, 2\r\nContent-Length: 2\r\n\r\nok";
    in_every_pace(|pace| {
        let server = first_then_good(script().read().send(head).pace(pace));
        let client = narrow(ResponseLimits::default());
        let response = client.get(server.url("/")).send().unwrap();
        let headers = response.headers();
        assert_eq!(headers.get_bytes("x-b"), Some(&b"gr\xfc\xdfe"[..]));
        assert_eq!(headers.get("content-length").unwrap(), "2, 2, 2");
        clean_after(&client, &server, "odd fields");
    });
    let both = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let server = first_then_good(script().read().send(both));
    let client = narrow(ResponseLimits::default());
    let response = client.get(server.url("/")).send().unwrap();
    assert_eq!(response.text(), "ok");
    assert_eq!(response.headers().get("content-length").unwrap(), "3");
    clean_after(&client, &server, "both");
    assert_eq!(server.requests_per_connection(), [1, 1]);
}

/// R-LIM-01, R-LIM-02, R-LIM-05, R-LIM-06, R-LIM-09, SEC-123: a server that never ends is cut off at the limit.
#[test]
fn floods_end_at_the_limit() {
    let body = format!("{CHUNKED}5\r\n");
    let cases: &[(&str, &str, Kind, Reason)] = &[
        (
            "HTTP/1.1 200 OK\r\n",
            "X: 0123456789\r\n",
            Kind::RemoteProtocol,
            Reason::HeadTooLarge,
        ),
        (
            "HTTP/1.1 200 OK\r\nX: ",
            "0123456789",
            Kind::RemoteProtocol,
            Reason::HeadTooLarge,
        ),
        (
            "HTTP/1.1 200 ",
            "0123456789",
            Kind::RemoteProtocol,
            Reason::HeadTooLarge,
        ),
        (
            "",
            "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n",
            Kind::RemoteProtocol,
            Reason::TooManyInterim,
        ),
        (
            CHUNKED,
            "1;0123456789abcdef=0123456789abcdef0123456789abcdef\r\nx\r\n",
            Kind::RemoteProtocol,
            Reason::BadChunk,
        ),
        (CHUNKED, "0000000", Kind::RemoteProtocol, Reason::BadChunk),
        (
            &format!("{CHUNKED}0\r\n"),
            "X: 0123456789\r\n",
            Kind::RemoteProtocol,
            Reason::BadTrailer,
        ),
        (&body, "01234\r\n5\r\n", Kind::Limit, Reason::BodyTooLarge),
        (
            "HTTP/1.1 200 OK\r\n\r\n",
            "endless",
            Kind::Limit,
            Reason::BodyTooLarge,
        ),
    ];
    for (begin, pattern, kind, reason) in cases {
        let what = format!("{begin:?} {pattern:?}");
        let server = first_then_good(script().read().send(begin).flood(pattern));
        let client = narrow(ResponseLimits::default().body(1 << 20));
        let error = client.get(server.url("/")).send().expect_err(&what);
        assert_eq!(
            (error.kind(), error.reason()),
            (*kind, Some(*reason)),
            "{what}: {error}"
        );
        clean_after(&client, &server, &what);
    }
}

/// R-LIM-01 to R-LIM-06: the limits are the caller's to set.
#[test]
fn limits_can_be_set() {
    let limits = ResponseLimits::default();
    let head = "HTTP/1.1 200 OK\r\nX: 0123456789\r\nY: 1\r\nContent-Length: 0\r\n\r\n";
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
    let interim = format!("{interim}{head}");
    let chunks = format!("{CHUNKED}2;extension\r\nok\r\n0\r\nX: y\r\nZ: z\r\n\r\n");
    let cases: &[(ResponseLimits, &str, Reason)] = &[
        (limits.head(40), head, Reason::HeadTooLarge),
        (limits.field(12), head, Reason::HeadTooLarge),
        (limits.fields(2), head, Reason::HeadTooLarge),
        (limits.interim(1), &interim, Reason::TooManyInterim),
        (limits.chunk_line(8), &chunks, Reason::BadChunk),
        (limits.trailer(8, 64), &chunks, Reason::BadTrailer),
        (limits.trailer(100, 1), &chunks, Reason::BadTrailer),
    ];
    for (limits, bytes, reason) in cases {
        let server = first_then_good(script().read().send(bytes));
        let error = narrow(*limits).get(server.url("/")).send().unwrap_err();
        assert_eq!(error.reason(), Some(*reason), "{bytes:?}: {error}");
        let server = first_then_good(script().read().send(bytes));
        let fine = narrow(ResponseLimits::default());
        fine.get(server.url("/")).send().unwrap();
        clean_after(&fine, &server, bytes);
        assert_eq!(server.connections(), 1);
    }
}

/// SEC-134, SEC-505: framing is decided once. What the content or the caller makes of a body cannot move the border
/// between two messages.
#[test]
fn content_errors_do_not_touch_framing() {
    let coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!";
    let text = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=nonsense\r\nContent-Length: 4\r\n\r\n\xc3\xbc\xff\x00";
    in_every_pace(|pace| {
        #[cfg(feature = "gzip")]
        {
            let server = first_then_good(script().read().send(coded).pace(pace));
            let client = narrow(ResponseLimits::default());
            let error = client.get(server.url("/")).send().unwrap_err();
            assert_eq!(error.kind(), Kind::Decoding);
            clean_after(&client, &server, "decoding");
            assert_eq!(server.connections(), 2);
        }
        #[cfg(not(feature = "gzip"))]
        let _ = coded;
        let server = first_then_good(script().read().send(text).pace(pace));
        let client = narrow(ResponseLimits::default());
        let response = client.get(server.url("/")).send().unwrap();
        #[cfg(feature = "json")]
        assert_eq!(response.json::<u8>().unwrap_err().kind(), Kind::Json);
        assert_eq!(response.content().len(), 4);
        clean_after(&client, &server, "text");
        assert_eq!(server.connections(), 1);
    });
}

/// R-LIM-10, POOL-12: what is buffered already is passed over and the connection kept; what would have to be waited
/// for is not, nor is a body that was announced longer.
#[test]
fn unread_bodies() {
    let cases = [
        (ok([b'x'; 1000]), 1),
        (b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), 1),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut".to_vec(),
            2,
        ),
        (format!("{CHUNKED}2\r\nok\r\n0\r\n\r\n").into_bytes(), 1),
        (format!("{CHUNKED}2\r\nok\r\n").into_bytes(), 2),
    ];
    for (bytes, connections) in cases {
        let server = first_then_good(script().read().send(&bytes));
        let client = narrow(ResponseLimits::default());
        let started = Instant::now();
        drop(client.get(server.url("/")).stream().unwrap());
        assert!(started.elapsed() < LIMIT / 2, "it waited");
        let what = String::from_utf8_lossy(&bytes);
        clean_after(&client, &server, &what);
        assert_eq!(server.connections(), connections, "{what}");
    }
    let server = first_then_good(script().read().send(ok(vec![b'x'; 4 << 20])));
    let client = narrow(ResponseLimits::default());
    let mut response = client.get(server.url("/")).stream().unwrap();
    response.close();
    assert!(response.num_bytes_downloaded() <= 64 << 10);
    // The server is in the middle of a write, and may learn late that its client is gone.
    works_after(&client, &server, "4 MiB");
    assert_eq!(server.connections(), 2);
}

/// FLT-12: no descriptor left for a socket is a clean error, and it passes when there are some again.
#[cfg(unix)]
#[test]
fn out_of_descriptors() {
    if !alone(concat!(module_path!(), "::out_of_descriptors"), &[]) {
        return;
    }
    let server = Server::always(ok("good"));
    let client = narrow(ResponseLimits::default());
    for _ in 0..2 {
        let mut hoard = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            hoard.push(file);
            assert!(hoard.len() < 100_000, "there is no limit");
        }
        for host in ["127.0.0.1", "localhost"] {
            let started = Instant::now();
            let error = client.get(server.url_on(host, "/")).send().unwrap_err();
            assert_eq!(error.kind(), Kind::Connect, "{error}");
            assert!(started.elapsed() < LIMIT / 2);
        }
        drop(hoard);
        assert_eq!(
            client
                .get(server.url("/"))
                .header("Connection", "close")
                .send()
                .unwrap()
                .text(),
            "good"
        );
        server.wait_until(|server| server.open() == 0);
    }
}
