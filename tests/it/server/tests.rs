//! The rig tested with plain sockets, so that a failure elsewhere is papilio's.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::{BlackHole, Pace, Refused, Server, chunked, in_every_pace, ok, response, script};

const GET: &[u8] = b"GET /a?b HTTP/1.1\r\nHost: x\r\nX-One: 1\r\n\r\n";

fn connect(server: &Server) -> TcpStream {
    let socket = TcpStream::connect(server.address()).unwrap();
    let limit = Some(Duration::from_secs(5));
    socket.set_read_timeout(limit).unwrap();
    socket
}

fn read_all(mut socket: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    bytes
}

fn exchange(server: &Server, request: &[u8]) -> Vec<u8> {
    let mut socket = connect(server);
    socket.write_all(request).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    read_all(&socket)
}

#[test]
fn records_a_request_and_sends_the_script() {
    in_every_pace(|pace| {
        let answer = b"HTTP/1.1 204 \r\n\r\n";
        let server = Server::start(script().read().send(answer).close().pace(pace));
        assert_eq!(exchange(&server, GET), answer);
        let seen = server.only();
        assert_eq!((&*seen.method, &*seen.target), ("GET", "/a?b"));
        assert_eq!(seen.header("x-one"), Some("1"));
        assert_eq!(seen.raw, GET);
        assert!(seen.complete);
        assert_eq!(server.sent(), 17);
    });
}

#[test]
fn reads_both_framings_and_serves_on() {
    let server = Server::echo();
    let request = [
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc".as_slice(),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n",
    ];
    let answers = exchange(&server, &request.concat());
    assert_eq!(answers, [ok(request[0]), ok(request[1])].concat());
    let bodies: Vec<_> = server.seen().iter().map(|s| s.text().to_owned()).collect();
    assert_eq!(bodies, ["abc", "def"]);
    assert_eq!(server.requests_per_connection(), [2]);
}

#[test]
fn replies_run_across_connections_and_obey_close() {
    let closing = response("200 OK", &[("Connection", "close")], "1");
    let server = Server::replies([closing.clone(), ok("2")]);
    let mut first = connect(&server);
    first.write_all(GET).unwrap();
    assert_eq!(read_all(&first), closing);
    assert_eq!(exchange(&server, GET), ok("2"));
    assert_eq!(server.requests_per_connection(), [1, 1]);
    server.wait_until(|server| server.open() == 0);
}

#[test]
fn a_connection_that_ended_is_not_counted_beside_the_next() {
    let server = Server::always(ok(""));
    for _ in 0..20 {
        exchange(&server, GET);
    }
    assert_eq!(server.connections(), 20);
    if cfg!(target_os = "linux") {
        assert_eq!(server.most_open(), 1);
    }
    let held: Vec<_> = (0..3).map(|_| connect(&server)).collect();
    server.wait_until(|server| server.connections() == 23);
    assert!(server.most_open() >= 3);
    drop(held);
}

#[test]
fn a_reset_is_not_an_end() {
    // The peer must have read what was sent: a reset takes the rest away.
    let pause = Duration::from_millis(100);
    let server = Server::start(script().read().send("HTTP").sleep(pause).reset());
    let mut socket = connect(&server);
    socket.write_all(GET).unwrap();
    let mut start = [0; 4];
    socket.read_exact(&mut start).unwrap();
    let error = socket.read(&mut start).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_close_is_not_a_reset_even_with_bytes_unread() {
    let server = Server::start(script().read_head().close());
    let mut socket = connect(&server);
    socket
        .write_all(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
        .unwrap();
    assert_eq!(read_all(&socket), b"");
}

#[test]
fn a_request_cut_short_is_recorded_as_such() {
    let server = Server::echo();
    exchange(&server, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf");
    let seen = server.only();
    assert_eq!((seen.text(), seen.complete), ("half", false));
    server.wait_until(|server| server.left() == 1);
}

#[test]
fn segments_arrive_one_by_one() {
    for (pace, expected) in [(Pace::SplitAt(3), "HTT"), (Pace::Whole, "HTTP")] {
        let slow = script().read().pace(pace);
        let server = Server::start(match pace {
            Pace::Whole => slow.send("HTTP"),
            _ => slow.send_slowly("HTTP", 3, Duration::from_millis(50)),
        });
        let mut socket = connect(&server);
        socket.write_all(GET).unwrap();
        let mut bytes = [0; 9];
        let read = socket.read(&mut bytes).unwrap();
        assert_eq!(&bytes[..read], expected.as_bytes());
    }
}

#[test]
fn half_close_still_reads() {
    let server = Server::start(script().half_close().read());
    let mut socket = connect(&server);
    assert_eq!(read_all(&socket), b"");
    socket.write_all(GET).unwrap();
    server.wait_until(|server| server.seen().len() == 1);
}

#[test]
fn a_flood_stops_when_nobody_drinks_and_drain_notices_the_end() {
    let server = Server::each([script().flood("spam"), script().drain()]);
    let flooded = connect(&server);
    server.wait_until(|server| server.sent() > 0);
    let drained = connect(&server);
    drop(flooded);
    drop(drained);
    server.wait_until(|server| server.left() == 2 && server.open() == 0);
}

#[test]
fn dropping_ends_every_kind_of_wait_at_once() {
    let server = Server::with(|index| match index {
        0 => script().stall(),
        1 => script().sleep(Duration::from_secs(60)),
        2 => script().read(),
        3 => script().drain(),
        _ => script().flood("spam"),
    });
    let sockets: Vec<_> = (0..5).map(|_| connect(&server)).collect();
    server.wait_until(|server| server.connections() == 5);
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(1));
    drop(sockets);
}

#[test]
fn trouble_in_a_thread_fails_the_test() {
    type Case = (fn() -> Server, &'static [u8], &'static str);
    let cases: [Case; 4] = [
        (
            Server::echo,
            b"GET  / HTTP/1.1\r\n\r\n",
            "not a request line",
        ),
        (
            Server::echo,
            b"GET / HTTP/1.1\r\na b: c\r\n\r\n",
            "not a field line",
        ),
        (|| Server::replies([""; 0]), GET, "request 0 has no reply"),
        (|| Server::each([]), GET, "connection 0 was not expected"),
    ];
    for (start, request, expected) in cases {
        let failure = catch_unwind(AssertUnwindSafe(|| {
            let server = start();
            let mut socket = connect(&server);
            socket.write_all(request).unwrap();
            drop(socket.read(&mut [0; 64]));
        }))
        .unwrap_err();
        let text = failure.downcast_ref::<String>().unwrap();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn nobody_answers_where_nobody_should() {
    let refused = Refused::port();
    let error = TcpStream::connect(refused.address()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let hole = BlackHole::start();
    if cfg!(target_os = "linux") {
        let error =
            TcpStream::connect_timeout(&hole.address(), Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn chunks_are_framed() {
    let bytes = chunked(["wiki", "pedia in chunks."]);
    let body = b"\r\n\r\n4\r\nwiki\r\n10\r\npedia in chunks.\r\n0\r\n\r\n";
    assert!(bytes.ends_with(body));
}

#[cfg(feature = "tls")]
mod tls {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

    use super::super::tls::{Identity, Tls, ca_pem};
    use super::{GET, Server, connect, ok, script};

    type Stream = StreamOwned<ClientConnection, TcpStream>;

    fn handshake(server: &Server, name: &'static str) -> std::io::Result<Stream> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(ca_pem().as_bytes()).unwrap();
        roots.add(ca).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(name).unwrap();
        let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut socket = connect(server);
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        Ok(Stream::new(tls, socket))
    }

    #[test]
    fn serves_inside_tls() {
        let good = Tls::from(Identity::Good).alpn(&["http/1.1"]);
        for tls in [good.clone().only_tls12(), good.only_tls13()] {
            let server = Server::start_tls(script().read().send(ok("hello")), tls);
            assert!(server.url("/").starts_with("https://127.0.0.1:"));
            for name in ["localhost", "127.0.0.1"] {
                let mut stream = handshake(&server, name).unwrap();
                assert_eq!(stream.conn.alpn_protocol(), Some(b"http/1.1".as_slice()));
                stream.write_all(GET).unwrap();
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).unwrap();
                assert_eq!(answer, ok("hello"));
            }
            let names: Vec<_> = server.seen().into_iter().map(|s| s.server_name).collect();
            assert_eq!(names, [Some("localhost".to_owned()), None]);
        }
    }

    #[test]
    fn a_cut_is_seen_as_one() {
        let server = Server::start_tls(script().read().send("HTTP").cut(), Identity::Good);
        let mut stream = handshake(&server, "localhost").unwrap();
        stream.write_all(GET).unwrap();
        let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn bad_identities_are_bad() {
        use Identity::{
            CommonNameOnly, Expired, NameOnly, NotYetValid, SelfSigned, UnknownCa, WrongName,
        };
        let cases = [
            (Expired, "localhost", "Expired"),
            (NotYetValid, "localhost", "NotValidYet"),
            (WrongName, "localhost", "NotValidForName"),
            (CommonNameOnly, "localhost", "NotValidForName"),
            (NameOnly, "127.0.0.1", "NotValidForName"),
            (SelfSigned, "localhost", "UnknownIssuer"),
            (UnknownCa, "localhost", "UnknownIssuer"),
        ];
        for (identity, name, expected) in cases {
            let server = Server::start_tls(script().read(), identity);
            let error = handshake(&server, name).unwrap_err();
            let text = format!("{error:?}");
            assert!(text.contains(expected), "{identity:?}: {text}");
            assert!(server.seen().is_empty());
        }
    }
}
