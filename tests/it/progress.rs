//! Upload progress, over the network.

use std::sync::{Arc, Mutex};

use super::driver::{Body, Client};
use crate::server::{Server, ok, script};

type Calls = Arc<Mutex<Vec<(u64, Option<u64>)>>>;

/// The body with its calls written down.
fn watched(body: Body) -> (Body, Calls) {
    let calls = Calls::default();
    let log = Arc::clone(&calls);
    let body = body.on_progress(move |sent, total| log.lock().unwrap().push((sent, total)));
    (body, calls)
}

fn send(body: Body) -> Vec<u8> {
    let server = Server::always(ok(""));
    let client = Client::new();
    client.post(server.url("/")).body(body).send().unwrap();
    server.only().body
}

/// WSH-29
#[test]
fn every_kind_of_body_reports() {
    let bytes = vec![b'x'; 150_000];
    let steps = [0, 65_536, 131_072, 150_000];
    let known: Vec<_> = steps.iter().map(|&sent| (sent, Some(150_000))).collect();
    let unknown: Vec<_> = steps.iter().map(|&sent| (sent, None)).collect();
    let cursor = || std::io::Cursor::new(vec![b'x'; 150_000]);
    for (body, expected) in [
        (Body::from(bytes.clone()), &known),
        (Body::seekable(cursor()).unwrap(), &known),
        (Body::sized(cursor(), 150_000), &known),
        (
            Body::factory(move || Body::seekable(cursor()).unwrap()),
            &known,
        ),
        (Body::reader(cursor()), &unknown),
    ] {
        let (body, calls) = watched(body);
        assert!(send(body) == bytes);
        assert_eq!(*calls.lock().unwrap(), *expected);
    }
    let (body, calls) = watched(Body::iter(["abc", "", "de"]));
    assert_eq!(send(body), b"abcde");
    assert_eq!(*calls.lock().unwrap(), [(0, None), (3, None), (5, None)]);
    let (body, calls) = watched(Body::empty());
    assert_eq!(send(body), b"");
    assert_eq!(*calls.lock().unwrap(), []);
}

/// WSH-29: a step is reported when the connection took it, not when it was read.
#[test]
fn what_is_not_taken_is_not_reported() {
    let (body, calls) = watched(Body::sized(std::io::repeat(1), 1 << 40));
    let server = Server::start(script().read_head().stall());
    let client = Client::new();
    let error = client
        .post(server.url("/"))
        .body(body)
        .timeout(papilio::Timeout::none().write(std::time::Duration::from_millis(200)))
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), papilio::Kind::WriteTimeout);
    let calls = calls.lock().unwrap();
    let (last, total) = calls.last().copied().unwrap();
    assert_eq!(total, Some(1 << 40));
    assert!(calls.is_sorted() && last % 65_536 == 0);
    // What the buffers of the system hold, and no more.
    assert!((1..64 << 20).contains(&last), "{last}");
}

/// WSH-29 CLT-39: sent again, it counts again.
#[test]
fn a_second_sending_begins_at_zero() {
    let (body, calls) = watched(Body::from("abc"));
    assert!(body.is_replayable());
    assert_eq!((body.len(), body.as_bytes()), (Some(3), None));
    let server = Server::always(ok(""));
    let client = Client::new();
    let request = client.post(server.url("/")).body(body).build().unwrap();
    let request = client.send(request).unwrap().into_request().unwrap();
    client.send(request).unwrap();
    let bodies: Vec<_> = server.seen().iter().map(|seen| seen.body.clone()).collect();
    assert_eq!(bodies, [b"abc", b"abc"]);
    let once = [(0, Some(3)), (3, Some(3))];
    assert_eq!(*calls.lock().unwrap(), [once, once].concat());
}
