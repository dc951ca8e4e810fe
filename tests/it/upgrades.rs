//! Connections that stop speaking HTTP: `101 Switching Protocols`, and CONNECT of the caller's own.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::driver::{Client, Kind, Limits, Reason, StreamingResponse, Timeout};
use crate::server::{Pace, Server, in_every_pace, ok, script};

const LIMIT: Duration = Duration::from_secs(4);
const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n";

fn narrow() -> Client {
    let limits = Limits::client().max_connections(1);
    Client::builder()
        .limits(limits)
        .timeout(LIMIT)
        .build()
        .unwrap()
}

fn ask(client: &Client, server: &Server) -> papilio::Result<StreamingResponse> {
    client
        .get(server.url("/"))
        .header("Upgrade", "echo")
        .header("Connection", "upgrade")
        .stream()
}

/// A server that switches, sends a greeting, then answers one request in the new protocol, which is HTTP again.
fn switching(head: &'static str, pace: Pace) -> Server {
    let switched = script().read().send(head).send("early bird;").pace(pace);
    let inner = script().read().send("late bird").close();
    let good = script().serve(|_| ok("good"));
    Server::each([switched.then(inner), good])
}

/// H1-50, H1-51: bytes that came with the head are read first, then the stream; the slot is held until it is dropped,
/// and the connection never returns to the pool.
#[test]
fn the_raw_connection() {
    in_every_pace(|pace| {
        for connect in [false, true] {
            let head = if connect {
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
            } else {
                SWITCH
            };
            let server = switching(head, pace);
            let client = narrow();
            let response = if connect {
                client
                    .request("CONNECT", server.url("/"))
                    .target("target.test:99")
                    .stream()
                    .unwrap()
            } else {
                ask(&client, &server).unwrap()
            };
            let mut stream = response.upgrade().unwrap();
            assert_eq!(stream.peer_addr().unwrap(), server.address());
            let mut early = [0; 11];
            stream.read_exact(&mut early).unwrap();
            assert_eq!(&early, b"early bird;");
            stream.write_all(b"PING / HTTP/1.1\r\n\r\n").unwrap();
            stream.flush().unwrap();
            let mut late = String::new();
            stream.read_to_string(&mut late).unwrap();
            assert_eq!(late, "late bird");
            let waiting = Timeout::all(LIMIT).pool(Duration::from_millis(30));
            let error = client
                .get(server.url("/"))
                .timeout(waiting)
                .send()
                .unwrap_err();
            assert_eq!(error.kind(), Kind::PoolTimeout, "the slot is held");
            drop(stream);
            assert_eq!(client.get(server.url("/")).send().unwrap().text(), "good");
            assert_eq!(server.requests_per_connection(), [2, 1]);
            let line = server.seen()[0].head.lines().next().map(str::to_owned);
            let expected = if connect {
                "CONNECT target.test:99 HTTP/1.1"
            } else {
                "GET / HTTP/1.1"
            };
            assert_eq!(line.as_deref(), Some(expected));
        }
    });
}

/// H1-50: as a response it has an empty body at once, whatever follows; closing it closes the connection.
#[test]
fn a_switched_response_is_empty() {
    for connect in [false, true] {
        let head = if connect {
            "HTTP/1.1 204 Fine\r\nTransfer-Encoding: chunked\r\n\r\n"
        } else {
            SWITCH
        };
        for greeting in ["", "hello"] {
            let server = Server::each([
                script().read().send(head).send(greeting).drain(),
                script().serve(|_| ok("good")),
            ]);
            let client = narrow();
            let started = Instant::now();
            let response = if connect {
                client.request("CONNECT", server.url("/")).stream().unwrap()
            } else {
                ask(&client, &server).unwrap()
            };
            let response = response.buffer().unwrap();
            assert!(response.content().is_empty());
            assert!(started.elapsed() < LIMIT / 2, "it waited for a body");
            assert_eq!(client.get(server.url("/")).send().unwrap().text(), "good");
            assert_eq!(server.connections(), 2);
        }
    }
}

/// H1-50, H1-51, H1-52, SEC-124: a switch nobody asked for is an error; a server that does not switch answers as ever,
/// and the connection goes on.
#[test]
fn no_switch() {
    let server = Server::each([
        script().read().send(SWITCH).drain(),
        script().serve(|_| ok("good")),
    ]);
    let client = narrow();
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::UnexpectedUpgrade));
    assert_eq!(client.get(server.url("/")).send().unwrap().text(), "good");

    let server = Server::handler(|seen| match &*seen.method {
        "CONNECT" => crate::server::response("407 Proxy Authentication Required", &[], "no"),
        _ => ok("plain"),
    });
    let client = narrow();
    let response = ask(&client, &server).unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let refused = response.upgrade().unwrap_err();
    assert_eq!(refused.kind(), Kind::LocalProtocol);
    assert_eq!(
        ask(&client, &server).unwrap().buffer().unwrap().text(),
        "plain"
    );
    let refused = client.request("CONNECT", server.url("/")).send().unwrap();
    assert_eq!((refused.status().as_u16(), &*refused.text()), (407, "no"));
    assert_eq!(client.get(server.url("/")).send().unwrap().text(), "plain");
    assert!(server.connections() <= 2);
}

/// The limits of the request hold for its raw connection, until others are set.
#[test]
fn limits_of_the_raw_connection() {
    let server = Server::start(script().read().send(SWITCH).drain());
    let mut stream = ask(&narrow(), &server).unwrap().upgrade().unwrap();
    stream.set_timeout(Duration::from_millis(50));
    assert!(!stream.is_readable());
    let error = stream.read(&mut [0; 9]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

/// EXT-13: limits for reading and writing, one direction ended, the whole closed, and what is known of it.
#[test]
fn a_stream_with_limits_and_an_end() {
    let stalls = script().read().send(SWITCH).stall();
    let server = Server::start(stalls);
    let response = ask(&narrow(), &server).unwrap();
    let known = response.connection().unwrap().clone();
    let mut stream = response.upgrade().unwrap();
    assert_eq!(stream.connection(), known);
    assert_eq!(stream.connection().peer_addr(), Some(server.address()));
    assert_eq!(stream.local_addr().ok(), known.local_addr());
    stream.set_timeout(Timeout::all(LIMIT).write(Duration::from_millis(50)));
    let piece = vec![0; 1 << 20];
    let error = loop {
        if let Err(error) = stream.write_all(&piece) {
            break error;
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    let source = error.get_ref().unwrap().downcast_ref::<papilio::Error>();
    assert_eq!(source.unwrap().kind(), Kind::WriteTimeout);
    drop(stream);

    let server = Server::start(script().read().send(SWITCH).expect("last words").drain());
    let mut stream = ask(&narrow(), &server).unwrap().upgrade().unwrap();
    stream.write_all(b"last words").unwrap();
    stream.shutdown().unwrap();
    server.wait_until(|server| server.left() == 1);
    assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0);
    assert!(stream.write(b"more").is_err());

    let server = Server::start(script().read().send(SWITCH).drain());
    let stream = ask(&narrow(), &server).unwrap().upgrade().unwrap();
    assert_eq!(server.open(), 1);
    drop(stream);
    server.wait_until(|server| server.open() == 0);
}

#[cfg(feature = "tls")]
mod tls {
    use super::super::driver::Upgraded;
    use papilio::{Phase, ServerName, TlsConfig};

    use super::*;
    use crate::server::Script;
    use crate::server::tls::{Identity, Tls, ca_pem};

    fn config() -> TlsConfig {
        let config = TlsConfig::builder().trust_env(false);
        config.add_root_certificate(ca_pem()).build().unwrap()
    }

    fn name(name: &str) -> ServerName {
        ServerName::new(name).unwrap()
    }

    fn plain() -> Script {
        script()
            .read()
            .send(SWITCH)
            .expect("STARTTLS\n")
            .send("GO\n")
    }

    /// Up to where TLS begins.
    fn ready(server: &Server) -> Upgraded {
        let mut stream = ask(&narrow(), server).unwrap().upgrade().unwrap();
        stream.write_all(b"STARTTLS\n").unwrap();
        stream.read_exact(&mut [0; 3]).unwrap();
        stream
    }

    fn hello(stream: &mut Upgraded) -> String {
        stream
            .write_all(b"HI / HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// EXT-13, TLS-15: TLS begins in the middle, under the name that was given.
    #[test]
    fn tls_in_the_middle() {
        for tls in [
            Tls::from(Identity::Good).only_tls12().alpn(&["http/1.1"]),
            Tls::from(Identity::Good).only_tls13(),
        ] {
            let inner = script().start_tls(tls).read().send("secret").close();
            let server = Server::start(plain().then(inner));
            let stream = ready(&server);
            assert_eq!(stream.connection().tls(), None);
            let mut stream = stream.start_tls(&config(), &name("localhost")).unwrap();
            let known = stream.connection();
            assert_eq!(known.peer_addr(), Some(server.address()));
            let tls = known.tls().unwrap();
            assert!(tls.version().starts_with("TLSv1."));
            assert_eq!((tls.alpn(), tls.peer_certificates().len()), (None, 1));
            assert_eq!(hello(&mut stream), "secret");
            let seen = server.seen();
            assert_eq!(seen[1].server_name.as_deref(), Some("localhost"));
            assert_eq!(seen[1].method, "HI");
        }
    }

    /// EXT-13: what is there to be read of a TLS session, and its end in one direction.
    #[test]
    fn readable_text() {
        let inner = script()
            .start_tls(Identity::Good)
            .expect("ping")
            .send("pong");
        let server = Server::start(plain().then(inner.expect("last").drain()));
        let stream = ready(&server);
        let mut stream = stream.start_tls(&config(), &name("127.0.0.1")).unwrap();
        // The tickets of the session are no text.
        std::thread::sleep(Duration::from_millis(50));
        assert!(!stream.is_readable());
        stream.write_all(b"ping").unwrap();
        let began = Instant::now();
        while !stream.is_readable() {
            assert!(began.elapsed() < LIMIT);
        }
        let mut text = [0; 4];
        stream.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"pong");
        stream.write_all(b"last").unwrap();
        stream.shutdown().unwrap();
        server.wait_until(|server| server.left() == 1);
        assert_eq!(server.errors(), [""; 0], "a clean end");
    }

    /// EXT-13: a tunnel that the caller opened, through a connection that has TLS already.
    #[test]
    fn tls_in_tls() {
        let inner = script()
            .start_tls(Identity::Good)
            .read()
            .send("secret")
            .close();
        let open = script().read().send("HTTP/1.1 200 OK\r\n\r\n").then(inner);
        let server = Server::start_tls(open, Identity::NameOnly);
        let client = Client::builder().add_root_certificate(ca_pem());
        let client = client.timeout(LIMIT).build().unwrap();
        let request = client.request("CONNECT", server.url_on("localhost", "/"));
        let request = request.target("origin.test:443").stream();
        let tunnel = request.unwrap().upgrade().unwrap();
        assert!(tunnel.connection().tls().is_some());
        let mut stream = tunnel.start_tls(&config(), &name("127.0.0.1")).unwrap();
        assert_eq!(hello(&mut stream), "secret");
        // Once.
        let error = stream.start_tls(&config(), &name("127.0.0.1")).unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol);
    }

    /// EXT-13, TLS-10: the ways in which it fails; a server cannot smuggle text into the session.
    #[test]
    fn tls_that_fails() {
        let start = |inner: Script| Server::start(plain().then(inner));
        let wrong = start(script().start_tls(Identity::WrongName).drain());
        let error = ready(&wrong).start_tls(&config(), &name("localhost"));
        let error = error.unwrap_err();
        assert_eq!(
            (error.kind(), error.phase()),
            (Kind::Connect, Some(Phase::Tls))
        );
        assert_eq!(error.reason(), Some(Reason::CertificateName));

        let silent = start(script().drain());
        let mut stream = ready(&silent);
        stream.set_timeout(Timeout::all(LIMIT).connect(LIMIT / 40));
        let error = stream.start_tls(&config(), &name("localhost")).unwrap_err();
        assert_eq!(error.kind(), Kind::ConnectTimeout);

        let glued = Server::start(
            script()
                .read()
                .send(format!("{SWITCH}250 injected\n"))
                .drain(),
        );
        let stream = ask(&narrow(), &glued).unwrap().upgrade().unwrap();
        let error = stream.start_tls(&config(), &name("localhost")).unwrap_err();
        assert_eq!(error.kind(), Kind::RemoteProtocol);
        assert_eq!(error.reason(), Some(Reason::Unsolicited));
    }

    /// EXT-13, CON-08: the same for those who await.
    #[cfg(feature = "async")]
    #[tokio::test]
    async fn awaited() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let inner = script().start_tls(Identity::Good).read().send("secret");
        let server = Server::start(plain().then(inner.drain()));
        let client = papilio::AsyncClient::builder()
            .trust_env(false)
            .timeout(LIMIT);
        let client = client.build().unwrap();
        let request = client
            .get(server.url("/"))
            .header("Upgrade", "echo")
            .header("Connection", "upgrade");
        let mut stream = request.stream().await.unwrap().upgrade().unwrap();
        stream.set_timeout(Duration::from_millis(50));
        let error = stream.read(&mut [0; 9]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        stream.set_timeout(LIMIT);
        stream.write_all(b"STARTTLS\n").await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        let mut stream = stream
            .start_tls(&config(), &name("localhost"))
            .await
            .unwrap();
        assert!(stream.connection().tls().is_some());
        stream.write_all(b"HI / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut text = [0; 6];
        stream.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"secret");
        stream.shutdown().await.unwrap();
        server.wait_until(|server| server.left() == 1);
        assert_eq!(server.errors(), [""; 0], "a clean end");
    }
}
