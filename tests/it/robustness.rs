//! Hostile, broken and cut responses over real sockets, each followed by proof that nothing of it stays behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use papilio::{Client, Kind, Limits, Reason, ResponseLimits, Result};

use super::alone::{alone, descriptors};
use super::server::{Pace, Script, Server, in_every_pace, ok, script};

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
    let started = Instant::now();
    let next = client.get(server.url("/good")).send().expect(what);
    assert_eq!(next.text(), "good", "{what}");
    assert!(started.elapsed() < LIMIT / 2, "{what}: waited for a slot");
    assert_eq!(server.most_open(), 1, "{what}: two sockets at once");
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
/// R-LIM-03, R-LIM-04, R-LIM-05, R-LIM-06, H1-20 to H1-25, H1-27, H1-29 to H1-36, H1-40, H1-50, H1-51, H1-52.
#[test]
fn table_of_responses() {
    alone("robustness::table_of_responses", || {
        let table = include_str!("../data/responses.txt");
        let cases: Vec<Case> = table
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(Case::parse)
            .collect();
        assert!(cases.len() >= 320, "{} cases", cases.len());
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
    });
}

struct Case<'a> {
    name: &'a str,
    method: &'a str,
    upgrade: bool,
    limits: ResponseLimits,
    verdict: &'a str,
    expected: &'a str,
    body: Vec<u8>,
    bytes: Vec<u8>,
    fin: bool,
}

impl<'a> Case<'a> {
    /// The format is described in the head of the table.
    fn parse(line: &'a str) -> Self {
        let columns: Vec<_> = line.split(" | ").collect();
        let [name, request, verdict, expected, bytes] = columns[..] else {
            panic!("five columns: {line}");
        };
        let mut words = request.split(' ');
        let method = words.next().unwrap();
        let (mut upgrade, mut limits) = (false, ResponseLimits::default());
        for option in words {
            match option {
                "+upgrade" => upgrade = true,
                "+strict-lines" => limits = limits.strict_lines(true),
                "+strict-framing" => limits = limits.strict_framing(true),
                _ => {
                    let most: u64 = option.strip_prefix("+body=").unwrap().parse().unwrap();
                    limits = limits.body(most);
                }
            }
        }
        let (expected, body) = expected.split_once(" \"").unwrap_or((expected, "\""));
        Self {
            name,
            method,
            upgrade,
            limits,
            verdict,
            expected,
            body: unescape(body.strip_suffix('"').unwrap()),
            bytes: unescape(bytes.strip_suffix(r"\E").unwrap_or(bytes)),
            fin: bytes.ends_with(r"\E"),
        }
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
        let client = narrow(self.limits);
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
                server.wait_until(|server| server.sent() == self.bytes.len() as u64);
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
        let body = response.read()?.into_content();
        Ok((status, false, body.to_vec()))
    }
}

/// The escapes of the table's header.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => match rest.next().unwrap() {
                b'r' => out.push(b'\r'),
                b'n' => out.push(b'\n'),
                b't' => out.push(b'\t'),
                b'0' => out.push(0),
                b'\\' => out.push(b'\\'),
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    let digits = std::str::from_utf8(&digits).unwrap();
                    out.push(u8::from_str_radix(digits, 16).unwrap());
                }
                other => panic!("escape {other}"),
            },
            b'{' => {
                let inner: Vec<u8> = rest.by_ref().take_while(|&b| b != b'}').collect();
                let inner = std::str::from_utf8(&inner).unwrap();
                let (count, text) = inner.split_once('*').unwrap();
                out.extend(unescape(text).repeat(count.parse().unwrap()));
            }
            _ => out.push(byte),
        }
    }
    out
}
