//! Time limits in every phase, refused and silent addresses, and connecting again.

use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use super::driver::{Body, Client, Error, Kind, Limits, Phase, Reason, Timeout};
use crate::server::{BlackHole, Refused, Script, Server, ok, script};

const MS: Duration = Duration::from_millis(1);
/// The limit that is to pass.
const SHORT: Duration = Duration::from_millis(120);
/// What must not be reached: generous, for a machine that is busy.
const LONG: Duration = Duration::from_secs(4);

fn client(timeout: impl Into<Timeout>) -> Client {
    let limits = Limits::client().max_connections(1);
    Client::builder()
        .limits(limits)
        .timeout(timeout)
        .build()
        .unwrap()
}

/// Runs it and checks when it failed, and how.
#[track_caller]
fn fails<T>(
    what: &str,
    kind: Kind,
    after: Duration,
    run: impl FnOnce() -> papilio::Result<T>,
) -> Error {
    let started = Instant::now();
    let error = run().map(drop).expect_err(what);
    let took = started.elapsed();
    assert_eq!(error.kind(), kind, "{what}: {error}");
    assert!(
        took >= after && took < after + LONG / 2,
        "{what}: after {took:?}"
    );
    error
}

/// FLT-04, FLT-09, TMO-05, TMO-06, TMO-07, TMO-11, VEC-78: silence in each phase ends with the limit of that phase
/// alone; the error knows the request and names the phase, and the slot is free.
#[test]
fn silence_in_each_phase() {
    thread::scope(|scope| {
        for (what, first, timeout, upload, kind, phase) in silences() {
            scope.spawn(move || {
                let good = script().serve(|_| ok("good"));
                let server = Server::each([first, good]);
                let client = client(timeout);
                let request = || client.post(server.url("/p")).body(vec![b'x'; upload]);
                let error = fails(what, kind, SHORT, || request().send());
                assert!(error.is_timeout() && error.is_transport(), "{what}");
                assert!(error.to_string().contains(phase), "{what}: {error}");
                assert_eq!(error.method().map(|m| m.as_str()), Some("POST"), "{what}");
                assert!(error.url().is_some_and(|url| url.path() == "/p"), "{what}");
                assert_eq!(
                    client.get(server.url("/")).send().unwrap().text(),
                    "good",
                    "{what}"
                );
                if upload == 0 {
                    // The other end of a full pipe sees only later that it was closed.
                    assert_eq!(server.most_open(), 1, "{what}");
                }
            });
        }
    });
}

/// Which phase, what the server does, the limits, the size of the upload, and the error with its phase in words.
type Silence = (&'static str, Script, Timeout, usize, Kind, &'static str);

fn silences() -> Vec<Silence> {
    let stall = |bytes: &str| script().read().send(bytes).drain();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12";
    let limits = Timeout::all(LONG);
    let head = "while reading the response head";
    let body = "while reading the response body";
    let short = limits.read(SHORT);
    vec![
        ("status line", stall(""), short, 0, Kind::ReadTimeout, head),
        (
            "mid-head",
            stall("HTTP/1.1 200 OK\r\nX:"),
            short,
            0,
            Kind::ReadTimeout,
            head,
        ),
        (
            "after an interim response",
            stall("HTTP/1.1 100 Continue\r\n\r\n"),
            short,
            0,
            Kind::ReadTimeout,
            head,
        ),
        ("mid-body", stall(length), short, 0, Kind::ReadTimeout, body),
        (
            "mid-chunk",
            stall(&format!("{chunked}5\r\nab")),
            short,
            0,
            Kind::ReadTimeout,
            body,
        ),
        (
            "chunk line",
            stall(&format!("{chunked}5")),
            short,
            0,
            Kind::ReadTimeout,
            body,
        ),
        (
            "before the last chunk",
            stall(&format!("{chunked}2\r\nab\r\n")),
            short,
            0,
            Kind::ReadTimeout,
            body,
        ),
        (
            "trailer",
            stall(&format!("{chunked}0\r\nX: y\r\n")),
            short,
            0,
            Kind::ReadTimeout,
            body,
        ),
        (
            "write",
            script().read_head().stall(),
            limits.write(SHORT),
            30 << 20,
            Kind::WriteTimeout,
            "while sending the request",
        ),
    ]
}

/// FLT-04, FLT-01, TMO-05: an address that swallows everything, one that refuses, a TLS server that says nothing.
#[test]
fn no_connection() {
    let hole = BlackHole::start();
    let limits = Timeout::all(LONG).connect(SHORT);
    let error = fails("black hole", Kind::ConnectTimeout, SHORT, || {
        client(limits).get(hole.url("/")).send()
    });
    assert_eq!(error.phase(), Some(Phase::Connect));
    let refused = Refused::port();
    let error = fails("refused", Kind::Connect, Duration::ZERO, || {
        client(LONG).get(refused.url("/")).send()
    });
    let text = error.to_string();
    let address = refused.address().to_string();
    assert!(
        text.contains(&address) && text.contains("os error"),
        "{text}"
    );
    assert!(std::error::Error::source(&error).is_some());
    #[cfg(feature = "tls")]
    {
        let server = Server::start(script().drain());
        let url = format!("https://{}/", server.address());
        let error = fails("hello", Kind::ConnectTimeout, SHORT, || {
            client(limits).get(&*url).send()
        });
        assert_eq!(error.phase(), Some(Phase::Tls));
    }
}

/// FLT-02: a name that does not exist, and lookups that take longer than the limit.
#[test]
fn names_that_lead_nowhere() {
    let error = client(LONG)
        .get("http://no-such-name.invalid/")
        .send()
        .unwrap_err();
    assert!(error.is_connect(), "{error}");
    if error.kind() == Kind::Connect {
        assert_eq!(error.reason(), Some(Reason::Dns));
        assert!(
            error.to_string().contains("no-such-name.invalid"),
            "{error}"
        );
    }
    let instant = Timeout::all(LONG).connect(Duration::ZERO);
    let error = client(instant)
        .get("http://no-such-name.invalid/")
        .send()
        .unwrap_err();
    assert!(error.is_connect(), "{error}");
}

/// FLT-03, FLT-01: of two addresses the one that answers wins, whichever family it is of; one that refuses costs no time.
#[test]
fn localhost_has_two_addresses() {
    for listener in [
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)),
        TcpListener::bind((Ipv6Addr::LOCALHOST, 0)),
    ] {
        // A machine without IPv6.
        let Ok(listener) = listener else { continue };
        let address = listener.local_addr().unwrap();
        let names = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", address.port()));
        if !names.is_ok_and(|mut names| names.any(|name| name == address)) {
            continue;
        }
        let server = thread::spawn(move || listener.accept().map(drop));
        let started = Instant::now();
        let url = format!("http://localhost:{}/", address.port());
        let error = client(LONG).get(url).send().unwrap_err();
        assert_eq!(error.kind(), Kind::Read, "connected, and closed: {error}");
        assert!(started.elapsed() < LONG / 2);
        server.join().unwrap().unwrap();
    }
}

/// WSH-01, FLT-04, FLT-05: the total limit ends every phase, also where bytes drip and no phase would end; it includes
/// what a stream reads later.
#[test]
fn the_total_limit() {
    let hole = BlackHole::start();
    let total = Timeout::all(LONG).total(SHORT);
    let patient = Timeout::none().total(SHORT);
    let drip = |bytes: &str| script().read().send_slowly(bytes.repeat(500), 1, 10 * MS);
    let body = "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n";
    let cases: Vec<(&str, Script)> = vec![
        ("status line", script().read().drain()),
        ("dripping head", drip("HTTP/1.1 200 OK\r\n")),
        ("dripping interim", drip("HTTP/1.1 100 Continue\r\n\r\n")),
        ("dripping body", script().read().send(body).then(drip("x"))),
        ("silent body", script().read().send(body).drain()),
        ("write", script().read_head().stall()),
    ];
    thread::scope(|scope| {
        for timeout in [total, patient] {
            for (what, script) in cases.clone() {
                scope.spawn(move || {
                    // A drip that began before the head was read would begin again with it.
                    let server = Server::start(script);
                    let upload = if what == "write" { 30 << 20 } else { 0 };
                    let client = client(timeout);
                    let request = client.post(server.url("/")).body(vec![b'x'; upload]);
                    let error = fails(what, Kind::TotalTimeout, SHORT, || request.send());
                    assert!(error.is_timeout());
                });
            }
        }
        scope.spawn(|| {
            fails("connect", Kind::TotalTimeout, SHORT, || {
                client(total).get(hole.url("/")).send()
            })
        });
        scope.spawn(|| {
            let server = Server::start(script().read().send(body).drain());
            let client = client(LONG);
            let held = client.get(server.url("/")).stream().unwrap();
            let waiting = client.get(server.url("/")).timeout(total);
            fails("pool", Kind::TotalTimeout, SHORT, || waiting.send());
            drop(held);
        });
        scope.spawn(|| {
            let server = Server::start(script().read().send(body).then(drip("x")));
            let mut stream = client(total).get(server.url("/")).stream().unwrap();
            let error = stream.iter_raw().find_map(Result::err).expect("an end");
            assert_eq!(error.kind(), Kind::TotalTimeout);
        });
        scope.spawn(|| {
            // Pauses between connects count as well.
            let refused = Refused::port();
            let client = Client::builder()
                .connect_retries(9)
                .timeout(total)
                .build()
                .unwrap();
            let error = client.get(refused.url("/")).send().unwrap_err();
            assert_eq!(error.kind(), Kind::TotalTimeout, "{error}");
        });
    });
}

/// FLT-05, TMO-06: the read limit counts silence, so a body that drips goes on; the head as a whole has a limit.
#[test]
fn drips() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow";
    let server = Server::start(script().read().send_slowly(response, 4, 20 * MS));
    let started = Instant::now();
    let answer = client(Timeout::all(LONG).read(150 * MS))
        .get(server.url("/"))
        .send()
        .unwrap();
    assert_eq!(answer.text(), "slow");
    assert!(started.elapsed() > 150 * MS, "it did not drip");

    let endless = "X: y\r\n".repeat(1000);
    let head = format!("HTTP/1.1 200 OK\r\n{endless}");
    let drip = script().read().send_slowly(head, 1, 5 * MS);
    let server = Server::start(drip);
    let own = Timeout::all(LONG).head(SHORT);
    let error = fails("head", Kind::ReadTimeout, SHORT, || {
        client(own).get(server.url("/")).send()
    });
    assert_eq!(error.phase(), Some(Phase::Head));
    let ten_times = Timeout::all(LONG).read(40 * MS);
    fails("ten times", Kind::ReadTimeout, 40 * MS, || {
        client(ten_times).get(server.url("/")).send()
    });
}

/// FLT-23, TMO-07: a source that is slower than the write limit is no matter of the connection's.
#[test]
fn a_slow_source() {
    struct Slow(usize);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Ok(0);
            }
            thread::sleep(60 * MS);
            self.0 -= 1;
            buffer[0] = b'x';
            Ok(1)
        }
    }
    let server = Server::always(ok("ok"));
    let limits = Timeout::all(LONG).write(25 * MS);
    let answer = client(limits)
        .post(server.url("/"))
        .body(Body::reader(Slow(3)))
        .send()
        .unwrap();
    assert_eq!(answer.text(), "ok");
    assert_eq!(server.only().text(), "xxx");
}

/// FLT-23: so is a server that takes long to answer, as long as it is within the read limit.
#[test]
fn a_slow_reader_of_the_response() {
    let server = Server::start(script().read().send(ok(vec![b'x'; 4 << 20])).drain());
    let client = client(Timeout::all(LONG).read(60 * MS));
    let mut stream = client.get(server.url("/")).stream().unwrap();
    thread::sleep(150 * MS);
    let mut body = Vec::new();
    stream.read_to_end(&mut body).unwrap();
    assert_eq!(body.len(), 4 << 20);
}

/// TMO-09, TRP-04, FLT-19: zero fails at once with the kind of its phase, and nothing overflows at the other end.
#[test]
fn zero_and_for_ever() {
    let hole = BlackHole::start();
    let zero = Duration::ZERO;
    let limits = Timeout::all(LONG);
    fails("connect", Kind::ConnectTimeout, zero, || {
        client(limits.connect(zero)).get(hole.url("/")).send()
    });
    let silent = Server::start(script().read().drain());
    fails("read", Kind::ReadTimeout, zero, || {
        client(limits.read(zero)).get(silent.url("/")).send()
    });
    fails("total", Kind::TotalTimeout, zero, || {
        client(limits.total(zero)).get(silent.url("/")).send()
    });
    let full = Server::start(script().read_head().stall());
    let client_of_one = client(limits.write(zero));
    let upload = client_of_one.post(full.url("/")).body(vec![b'x'; 30 << 20]);
    fails("write", Kind::WriteTimeout, zero, || upload.send());
    let server = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
            .drain(),
    );
    let busy = client(limits);
    let held = busy.get(server.url("/")).stream().unwrap();
    let waiting = busy.get(server.url("/")).timeout(limits.pool(zero));
    fails("pool", Kind::PoolTimeout, zero, || waiting.send());
    drop(held);
    let good = Server::always(ok("ok"));
    for endless in [
        Timeout::all(Duration::MAX)
            .total(Duration::MAX)
            .head(Duration::MAX),
        Timeout::none(),
    ] {
        assert_eq!(
            client(endless).get(good.url("/")).send().unwrap().text(),
            "ok"
        );
        let nanosecond = Timeout::none().read(Duration::from_nanos(1));
        fails("1 ns", Kind::ReadTimeout, zero, || {
            client(nanosecond).get(silent.url("/")).send()
        });
    }
}

/// TMO-01, TMO-02, TMO-03, TMO-04, TMO-12: a request's own limits replace all of the client's, none means none, and
/// they hold for the reading of its stream.
#[test]
fn limits_of_one_request() {
    assert_eq!(Timeout::default(), Timeout::all(Duration::from_secs(5)));
    let mixed = Timeout::all(10 * LONG).connect(SHORT);
    assert_eq!((mixed.connect, mixed.read), (Some(SHORT), Some(10 * LONG)));
    let begin = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12";
    let server = Server::start(script().read().send(begin).sleep(SHORT).send("345").close());
    let brief = Timeout::all(SHORT / 4).connect(LONG);
    let client = client(brief);
    fails("of the client", Kind::ReadTimeout, SHORT / 4, || {
        client.get(server.url("/")).send()
    });
    let own = Timeout::none().connect(SHORT);
    assert_eq!(
        client
            .get(server.url("/"))
            .timeout(own)
            .send()
            .unwrap()
            .text(),
        "12345"
    );
    assert_eq!(
        client
            .get(server.url("/"))
            .no_timeout()
            .send()
            .unwrap()
            .text(),
        "12345"
    );
    let mut request = client.get(server.url("/")).build().unwrap();
    assert_eq!(request.timeout(), Some(&brief));
    request.set_timeout(LONG);
    assert_eq!(client.send(request).unwrap().text(), "12345");
    let mut stream = client
        .get(server.url("/"))
        .timeout(Timeout::all(LONG).read(SHORT / 4))
        .stream()
        .unwrap();
    fails("of the stream", Kind::ReadTimeout, Duration::ZERO, || {
        stream.iter_bytes().collect::<papilio::Result<Vec<_>>>()
    });
}

/// VEC-79, RTY-01, RTY-02, RTY-03: connecting is tried again after 0 s and 0.5 s; what fails later is not.
#[test]
fn connecting_again() {
    let refused = Refused::port();
    let client = |retries| {
        Client::builder()
            .connect_retries(retries)
            .timeout(LONG)
            .build()
            .unwrap()
    };
    fails("none", Kind::Connect, Duration::ZERO, || {
        client(0).get(refused.url("/")).send()
    });
    fails("two", Kind::Connect, 500 * MS, || {
        client(2).get(refused.url("/")).send()
    });
    let one = Instant::now();
    client(1).get(refused.url("/")).send().unwrap_err();
    assert!(one.elapsed() < 400 * MS, "the first time at once");
    let server = Server::start(script().read().close());
    let error = client(3).get(server.url("/")).send().unwrap_err();
    assert_eq!((error.kind(), server.connections()), (Kind::Read, 1));
    let hole = BlackHole::start();
    let limits = Timeout::all(LONG).connect(SHORT);
    let patient = client(1);
    fails(
        "each try has the full limit",
        Kind::ConnectTimeout,
        2 * SHORT,
        || patient.get(hole.url("/")).timeout(limits).send(),
    );
}

/// VEC-77: a reset behind the request.
#[test]
fn reset() {
    let server = Server::start(script().read().reset());
    let error = client(LONG).post(server.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::Read);
    assert_eq!(server.connections(), 1);
}

/// TMO-08: the pool limit counts the whole wait.
#[test]
fn the_wait_for_a_slot() {
    let server = Server::always(ok("ok"));
    let client = client(Timeout::all(LONG).pool(SHORT));
    let held = client.get(server.url("/")).stream().unwrap();
    // Its body is there already, so its slot is free; this one's is not.
    drop(held);
    let stalled = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
            .drain(),
    );
    let held = client.get(stalled.url("/")).stream().unwrap();
    let error = fails("pool", Kind::PoolTimeout, SHORT, || {
        client.get(server.url("/")).send()
    });
    assert!(
        error.to_string().contains("while waiting for a connection"),
        "{error}"
    );
    drop(held);
    assert_eq!(client.get(server.url("/")).send().unwrap().text(), "ok");
}
