//! Transports beside each other: each network transport has a pool of its own.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::driver::{Client, HttpTransport, Kind, Limits, MockTransport, Response, Timeout};
use crate::server::{Server, ok, script};

/// LIM-02: the limits of one transport do not count the connections of another.
#[test]
fn each_transport_has_its_own_pool() {
    let server = Server::always(ok("x"));
    let one = Limits::new().max_connections(1);
    let mounted = HttpTransport::builder().limits(one).build().unwrap();
    let client = Client::builder()
        .limits(one)
        .mount("http://localhost", mounted)
        .timeout(Timeout::all(Duration::from_millis(300)))
        .build()
        .unwrap();
    let here = client.get(server.url("/")).stream().unwrap();
    let there = client
        .get(server.url_on("localhost", "/"))
        .stream()
        .unwrap();
    assert_eq!(server.most_open(), 2);
    drop((here, there));

    let server = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
            .stall(),
    );
    let _held = client.get(server.url("/")).stream().unwrap();
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::PoolTimeout);
}

/// TMO-14: a transport of the caller's gets the limits, and nobody enforces them.
#[test]
fn limits_are_told_to_other_transports_and_not_enforced() {
    let limit = Duration::from_millis(1);
    let slow = MockTransport::new(move |request| {
        assert_eq!(request.timeout(), Some(&Timeout::all(limit)));
        std::thread::sleep(Duration::from_millis(20));
        Ok(Response::builder(200).text("late"))
    });
    let client = Client::builder()
        .transport(slow)
        .timeout(limit)
        .build()
        .unwrap();
    assert_eq!(
        client.get("http://example.org/").send().unwrap().text(),
        "late"
    );
}

/// H1-26: a large body comes in large pieces, up to 64 KiB a read.
#[test]
fn large_bodies_are_read_in_large_pieces() {
    let body = vec![b'x'; 4 << 20];
    let server = Server::always(ok(&body));
    let client = Client::new();
    let mut response = client.get(server.url("/")).stream().unwrap();
    let pieces: Vec<usize> = response
        .iter_raw()
        .map(|piece| piece.unwrap().len())
        .collect();
    assert_eq!(pieces.iter().sum::<usize>(), body.len());
    let largest = pieces.iter().max().copied().unwrap();
    assert!(largest > 16 << 10 && largest <= 64 << 10, "{pieces:?}");
    let mut again = client.get(server.url("/")).stream().unwrap();
    let size = NonZeroUsize::new(1 << 20).unwrap();
    assert_eq!(again.iter_raw().chunk_size(size).count(), 4);
}
