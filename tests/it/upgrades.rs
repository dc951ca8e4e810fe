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
