//! https: whom the client trusts, what it says when it does not, and HTTP over records.

#[path = "tls/certificates.rs"]
mod certificates;
#[path = "tls/identities.rs"]
mod identities;
#[path = "tls/settings.rs"]
mod settings;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::driver::{Body, Client, ClientBuilder, Kind, Limits, Phase, Reason, Timeout};
use crate::server::tls::{Identity, Tls, ca_pem};
use crate::server::{Pace, Server, in_every_pace, ok, script};

const LIMIT: Duration = Duration::from_secs(4);

fn builder() -> ClientBuilder<Client> {
    let limits = Limits::client().max_connections(1);
    Client::builder()
        .limits(limits)
        .timeout(LIMIT)
        .trust_env(false)
}

/// A file of `tests/data/tls`: keys and certificates that are not made on the spot.
fn data(name: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/");
    std::fs::read_to_string(format!("{path}{name}")).unwrap()
}

/// A client that trusts the test CA besides the others.
fn trusting() -> Client {
    builder().add_root_certificate(ca_pem()).build().unwrap()
}

fn good() -> Server {
    Server::start_tls(script().serve(|seen| ok(&seen.raw)), Identity::Good)
}

/// TLS-02, TLS-08, R-TLS-04: names and addresses, either version, with and without
/// ALPN; SNI is the name without its dot, none for an address, and not the `Host` field.
#[test]
fn handshakes() {
    for tls in [
        Tls::from(Identity::Good),
        Tls::from(Identity::Good).only_tls12(),
        Tls::from(Identity::Good).only_tls13(),
        Tls::from(Identity::Good).alpn(&["h2", "http/1.1"]),
    ] {
        let server = Server::start_tls(script().serve(|_| ok("ok")), tls);
        let client = trusting();
        for (host, sni) in [
            ("localhost", Some("localhost")),
            ("LOCALHOST", Some("localhost")),
            ("127.0.0.1", None),
        ] {
            let request = client
                .get(server.url_on(host, "/"))
                .header("Host", "elsewhere.test");
            assert_eq!(request.send().unwrap().text(), "ok", "{host}");
            assert_eq!(
                server.seen().last().unwrap().server_name.as_deref(),
                sni,
                "{host}"
            );
        }
        let dotted = client.get(server.url_on("localhost.", "/")).send();
        if let Ok(answer) = dotted {
            assert_eq!(answer.text(), "ok");
            assert_eq!(
                server.seen().last().unwrap().server_name.as_deref(),
                Some("localhost")
            );
        }
    }
}

/// TLS-02, TLS-10: each bad certificate is a `Connect` error with a reason and one sentence that
/// says what is wrong; no request is written, and nothing is tried without TLS.
#[test]
fn bad_certificates() {
    use Identity::{
        CommonNameOnly, Expired, NameOnly, NotYetValid, SelfSigned, UnknownCa, WrongName,
    };
    let cases = [
        (
            WrongName,
            "localhost",
            Reason::CertificateName,
            "not valid for 'localhost'",
        ),
        (
            NameOnly,
            "127.0.0.1",
            Reason::CertificateName,
            "not valid for '127.0.0.1'",
        ),
        (
            CommonNameOnly,
            "localhost",
            Reason::CertificateName,
            "not valid for 'localhost'",
        ),
        (Expired, "localhost", Reason::CertificateExpired, "expired"),
        (
            NotYetValid,
            "localhost",
            Reason::CertificateExpired,
            "not valid yet",
        ),
        (
            UnknownCa,
            "localhost",
            Reason::CertificateUnknownIssuer,
            "unknown issuer",
        ),
        (
            SelfSigned,
            "localhost",
            Reason::CertificateUnknownIssuer,
            "unknown issuer",
        ),
    ];
    for (identity, host, reason, text) in cases {
        let server = Server::start_tls(script().serve(|_| ok("")), identity);
        let client = trusting();
        let error = client.get(server.url_on(host, "/")).send().unwrap_err();
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::Connect, Some(reason)),
            "{identity:?}: {error}"
        );
        assert_eq!(error.phase(), Some(Phase::Tls), "{identity:?}");
        assert!(error.to_string().contains(text), "{identity:?}: {error}");
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(
            (server.connections(), server.seen().len()),
            (1, 0),
            "{identity:?}"
        );
        let plain = Server::always(ok("plain"));
        assert_eq!(
            client.get(plain.url("/")).send().unwrap().text(),
            "plain",
            "the slot is free"
        );
    }
    // The CA is unknown to a client that was not told of it.
    let server = good();
    let error = builder()
        .build()
        .unwrap()
        .get(server.url("/"))
        .send()
        .unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CertificateUnknownIssuer));
}

/// TLS-03, TLS-11, R-TLS-03: `verify(false)` takes any certificate, of one client alone.
#[test]
fn no_verification() {
    use Identity::{Expired, SelfSigned, UnknownCa, WrongName};
    for identity in [SelfSigned, Expired, WrongName, UnknownCa] {
        let server = Server::start_tls(script().serve(|_| ok("ok")), identity);
        let careless = builder().verify(false).build().unwrap();
        assert_eq!(careless.get(server.url("/")).send().unwrap().text(), "ok");
        let one_shot = papilio::get(server.url("/")).verify(false).send().unwrap();
        assert_eq!(one_shot.text(), "ok");
        let careful = builder().build().unwrap();
        assert_eq!(
            careful.get(server.url("/")).send().unwrap_err().kind(),
            Kind::Connect
        );
        assert_eq!(
            trusting().get(server.url("/")).send().unwrap_err().kind(),
            Kind::Connect
        );
    }
}

/// TLS-04: a file or a directory in place of the built-in roots; unusable ones are found when the client is
/// built.
#[test]
fn roots_from_files() {
    let directory = std::env::temp_dir().join(format!("papilio-tls-{}", std::process::id()));
    let empty = directory.join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let file = directory.join("ca.pem");
    std::fs::write(&file, ca_pem()).unwrap();
    std::fs::write(directory.join("README"), "no certificate").unwrap();
    let server = good();
    for path in [&file, &directory] {
        let client = builder().verify(path.as_path()).build().unwrap();
        client.get(server.url("/")).send().unwrap();
        let other = Server::start_tls(script().serve(|_| ok("")), Identity::UnknownCa);
        let error = client.get(other.url("/")).send().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::CertificateUnknownIssuer));
    }
    for path in [
        &empty,
        &directory.join("missing.pem"),
        &directory.join("README"),
    ] {
        let error = builder().verify(path.as_path()).build().unwrap_err();
        assert_eq!(error.kind(), Kind::Tls);
        assert!(
            error.to_string().contains(&*path.to_string_lossy()),
            "{error}"
        );
    }
    let error = builder()
        .add_root_certificate("nothing")
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
    std::fs::remove_dir_all(&directory).unwrap();
}

/// R-TLS-12, SEC-103: http on a TLS port, and TLS on a plain one, with a text that says so.
#[test]
fn the_wrong_port() {
    let plain = Server::start(
        script()
            .send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            .drain(),
    );
    let url = plain.url("/").replace("http:", "https:");
    let error = trusting().get(url).send().unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (Kind::Connect, Some(Phase::Tls))
    );
    assert!(error.to_string().contains("not TLS"), "{error}");
    // A TLS server answers what is not a hello with an alert.
    let alert = b"\x15\x03\x03\x00\x02\x02\x46";
    let secure = Server::start(script().read().send(alert).close());
    let error = trusting().get(secure.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::BadStatusLine));
    assert!(error.to_string().contains("TLS"), "{error}");
    // A server that leaves without a word.
    let gone = Server::start(script().close());
    let url = gone.url("/").replace("http:", "https:");
    assert_eq!(
        trusting().get(url).send().unwrap_err().kind(),
        Kind::Connect
    );
}

/// TLS-14, R-TLS-05, SEC-127, SEC-128: an end without the close alert is a truncation where the end of the
/// body is the end of the stream, and nothing where it is not.
#[test]
fn ends_without_a_goodbye() {
    let to_close = "HTTP/1.1 200 OK\r\nX: y\r\n\r\nsome";
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsome";
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsome";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n";
    let head = "HTTP/1.1 200 OK\r\nX:";
    in_every_pace(|pace| {
        let cases = [
            (to_close, false, Ok(())),
            (
                to_close,
                true,
                Err((Kind::RemoteProtocol, Reason::Incomplete)),
            ),
            (length, true, Ok(())),
            (
                short,
                false,
                Err((Kind::RemoteProtocol, Reason::Incomplete)),
            ),
            (short, true, Err((Kind::RemoteProtocol, Reason::Incomplete))),
            (
                chunked,
                true,
                Err((Kind::RemoteProtocol, Reason::Incomplete)),
            ),
            (head, true, Err((Kind::RemoteProtocol, Reason::Incomplete))),
            ("", true, Err((Kind::Read, Reason::ServerDisconnected))),
            ("", false, Err((Kind::Read, Reason::ServerDisconnected))),
        ];
        for (bytes, cut, expected) in cases {
            let what = format!("{bytes:?} cut {cut}");
            let answer = script().read().send(bytes).pace(pace);
            let server = Server::start_tls(
                if cut { answer.cut() } else { answer.close() },
                Identity::Good,
            );
            match (trusting().post(server.url("/")).send(), expected) {
                (Ok(answer), Ok(())) => assert_eq!(answer.text(), "some", "{what}"),
                (Err(error), Err((kind, reason))) => {
                    assert_eq!(
                        (error.kind(), error.reason()),
                        (kind, Some(reason)),
                        "{what}: {error}"
                    );
                    let body = bytes.ends_with("some") || bytes.ends_with("some\r\n");
                    assert_eq!(
                        error.bytes_received().unwrap_or(0),
                        if body { 4 } else { 0 },
                        "{what}"
                    );
                }
                (got, _) => panic!("{what}: {got:?}"),
            }
        }
    });
}

/// SEC-130, TRP-05, POOL-08: session tickets do not make an idle connection useless; an end, a close alert or
/// data do, and a stale race is repeated as over plain TCP (FLT-07).
#[test]
fn idle_connections() {
    for tls in [
        Tls::from(Identity::Good).only_tls12(),
        Tls::from(Identity::Good).only_tls13(),
    ] {
        let server = Server::start_tls(script().serve(|_| ok("ok")), tls);
        let client = trusting();
        for _ in 0..5 {
            let started = Instant::now();
            assert_eq!(client.get(server.url("/")).send().unwrap().text(), "ok");
            assert!(started.elapsed() < LIMIT / 2, "the look at it waited");
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(server.requests_per_connection(), [5]);
    }
    let stray = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let pause = Duration::from_millis(5);
    let answer = || script().read().send(ok("ok"));
    for (what, end) in [
        ("alert", answer().close()),
        ("cut", answer().cut()),
        ("reset", answer().sleep(pause).reset()),
        ("data", answer().sleep(pause).send(stray).drain()),
    ] {
        let server = Server::start_tls(end, Identity::Good);
        let client = trusting();
        for round in 1..=2 {
            assert_eq!(
                client.post(server.url("/")).send().expect(what).text(),
                "ok",
                "{what}"
            );
            thread::sleep(4 * pause);
            assert_eq!(server.connections(), round, "{what}");
        }
    }
    for cut in [false, true] {
        let race = script().read().send(ok("ok")).read();
        let race = if cut { race.cut() } else { race.close() };
        let server = Server::with(move |index| match index {
            0 => script().start_tls(Identity::Good).then(race.clone()),
            _ => script().start_tls(Identity::Good).serve(|_| ok("ok")),
        });
        let url = server.url("/").replace("http:", "https:");
        let client = trusting();
        client.get(&*url).send().unwrap();
        assert_eq!(client.get(&*url).send().unwrap().text(), "ok", "cut {cut}");
        assert_eq!(server.requests_per_connection(), [2, 1]);
    }
}

/// Big bodies in both directions, and byte by byte: records and messages do not share their borders (FLT-11).
#[test]
fn big_bodies() {
    let size = 3 << 20;
    let server = Server::start_tls(script().serve(|seen| ok(&seen.body)), Identity::Good);
    let client = trusting();
    let upload: Vec<u8> = (0..size).map(|n: u32| (n % 251) as u8).collect();
    let answer = client
        .post(server.url("/"))
        .body(upload.clone())
        .send()
        .unwrap();
    assert!(answer.content() == &upload);
    let stream = Body::reader(std::io::Cursor::new(upload.clone()));
    let mut answer = client.put(server.url("/")).body(stream).stream().unwrap();
    let mut got = Vec::new();
    answer.read_to_end(&mut got).unwrap();
    assert!(got == upload);
    assert_eq!(server.connections(), 1);
    let slow = Server::start_tls(
        script()
            .read()
            .send(ok("in many records"))
            .pace(Pace::Bytes),
        Identity::Good,
    );
    assert_eq!(
        client.get(slow.url("/")).send().unwrap().text(),
        "in many records"
    );
}

/// TLS-10: handshakes that cannot come to an end are `Connect` errors, and none hangs.
#[test]
fn handshakes_that_fail() {
    let garbage: [&[u8]; 4] = [
        b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\x16\x03\x01\xff\xff",
        &[0; 600],
    ];
    for bytes in garbage {
        let server = Server::start(script().send(bytes).close());
        let url = server.url("/").replace("http:", "https:");
        let error = trusting().get(url).send().unwrap_err();
        assert_eq!(
            (error.kind(), error.phase()),
            (Kind::Connect, Some(Phase::Tls)),
            "{bytes:?}: {error}"
        );
    }
}

/// FLT-05: a record that drips in is no progress of the head: its limit, ten times the read limit, ends it.
#[test]
fn records_that_drip() {
    let tls = Tls::from(Identity::Good).only_tls12();
    let server = Server::start_tls(script().serve(|_| ok([b'x'; 10_000])), tls);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let address = server.address();
    let between = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut server = TcpStream::connect(address).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let asked = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = from.read(&mut bytes) {
                    // Application data: the handshake is over.
                    asked.fetch_or(bytes[0] == 23, Ordering::SeqCst);
                    to.write_all(&bytes[..count]).unwrap();
                }
                drop(to.shutdown(Shutdown::Both));
            });
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = server.read(&mut bytes) {
                let slow = asked.load(Ordering::SeqCst);
                for piece in bytes[..count].chunks(if slow { 1 } else { 4096 }) {
                    if client.write_all(piece).is_err() {
                        return;
                    }
                    if slow {
                        thread::sleep(Duration::from_millis(2));
                    }
                }
            }
        });
    });
    let started = Instant::now();
    let limits = Timeout::all(LIMIT).read(Duration::from_millis(60));
    let client = builder()
        .add_root_certificate(ca_pem())
        .timeout(limits)
        .build()
        .unwrap();
    let error = client.get(url).send().unwrap_err();
    assert_eq!(error.kind(), Kind::ReadTimeout, "{error}");
    assert!(
        started.elapsed() > Duration::from_millis(500),
        "it was not patient"
    );
    drop(client);
    between.join().unwrap();
}

/// R-TLS-10, R-TLS-13, TLS-06, TLS-08: what the hello offers: 1.3 and 1.2, AEAD suites with forward secrecy, http/1.1
/// alone, and no early data.
#[test]
fn the_hello() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut head = [0; 5];
        socket.read_exact(&mut head).unwrap();
        let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        socket.read_exact(&mut hello).unwrap();
        hello
    });
    trusting().get(url).send().unwrap_err();
    let hello = server.join().unwrap();
    // Handshake header, version, random, session; then suites, compressions, extensions (RFC 8446 section 4.1.2).
    let rest = &hello[4 + 2 + 32..];
    let rest = &rest[1 + usize::from(rest[0])..];
    let (suites, rest) = rest[2..].split_at(usize::from(u16::from_be_bytes([rest[0], rest[1]])));
    for suite in suites.chunks(2) {
        let known = matches!(
            suite,
            [0x13, 1..=3] | [0xC0, 0x2B | 0x2C | 0x2F | 0x30] | [0xCC, 0xA8 | 0xA9] | [0, 0xFF]
        );
        assert!(known, "suite {suite:02x?}");
    }
    assert_eq!(rest[..2], [1, 0], "no compression");
    let mut extensions = &rest[4..];
    let mut seen = Vec::new();
    while let [a, b, c, d, rest @ ..] = extensions {
        let (kind, length) = (
            u16::from_be_bytes([*a, *b]),
            usize::from(u16::from_be_bytes([*c, *d])),
        );
        let (value, rest) = rest.split_at(length);
        match kind {
            16 => assert_eq!(value, b"\0\x09\x08http/1.1"),
            43 => assert_eq!(value, [4, 3, 4, 3, 3], "versions"),
            _ => {}
        }
        seen.push(kind);
        extensions = rest;
    }
    assert!(
        seen.contains(&16) && seen.contains(&43) && !seen.contains(&42),
        "{seen:?}"
    );
}
