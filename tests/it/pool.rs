//! Connections: used again, replaced, limited, given back, whatever happens to those who hold them.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use super::driver::{Body, Client, Kind, Limits, Reason, Request, StreamingResponse, Timeout};
use crate::server::{Script, Server, ok, response, script};

const MS: Duration = Duration::from_millis(1);
const LIMIT: Duration = Duration::from_secs(5);

fn client(limits: Limits) -> Client {
    Client::builder()
        .limits(limits)
        .timeout(LIMIT)
        .build()
        .unwrap()
}

fn roomy() -> Client {
    client(Limits::client())
}

fn narrow() -> Client {
    client(Limits::client().max_connections(1))
}

/// Waits until a FIN or stray bytes of the server have certainly arrived.
fn settle(server: &Server) {
    server.wait_until(|server| server.open() == 0);
}

/// Sends three GETs one after another; how many connections that took.
fn three(client: &Client, server: &Server) -> usize {
    for _ in 0..3 {
        assert_eq!(client.get(server.url("/")).send().unwrap().text(), "ok");
    }
    server.connections()
}

/// VEC-70, VEC-71, VEC-72, VEC-73, POOL-06, POOL-09, POOL-11, LIM-01, SEC-129, SEC-131, SEC-132, H1-35, H1-40: how
/// many connections three GETs take.
#[test]
fn three_requests() {
    let reply = |fields: &[(&str, &str)]| response("200 OK", fields, "ok");
    let old = |fields: &str| {
        format!("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n{fields}\r\nok").into_bytes()
    };
    let keep = Limits::client();
    let cases: &[(&str, Vec<u8>, Limits, usize)] = &[
        ("keep-alive", reply(&[]), keep, 1),
        ("close", reply(&[("Connection", "close")]), keep, 3),
        (
            "close in a list",
            reply(&[("Connection", "x, CLOSE")]),
            keep,
            3,
        ),
        (
            "a word with close in it",
            reply(&[("Connection", "keep-alive, closed")]),
            keep,
            1,
        ),
        ("1.0", old(""), keep, 3),
        ("1.0 that stays", old("Connection: Keep-Alive\r\n"), keep, 1),
        (
            "expiry 0",
            reply(&[]),
            keep.keepalive_expiry(Duration::ZERO),
            3,
        ),
        ("no expiry", reply(&[]), keep.keepalive_expiry(None), 1),
        (
            "no idle ones",
            reply(&[]),
            keep.max_keepalive_connections(0),
            3,
        ),
        (
            "any number of idle ones",
            reply(&[]),
            keep.max_keepalive_connections(None),
            1,
        ),
        ("no bounds", reply(&[]), Limits::new(), 1),
        (
            "bytes beyond the body",
            [reply(&[]), b"HTTP/1.1 200 OK\r\n\r\n".to_vec()].concat(),
            keep,
            3,
        ),
    ];
    for (what, reply, limits, connections) in cases {
        let server = Server::always(reply);
        assert_eq!(three(&client(*limits), &server), *connections, "{what}");
    }
    let server = Server::always(ok("ok"));
    let client = roomy();
    for _ in 0..3 {
        client
            .get(server.url("/"))
            .header("Connection", "close")
            .send()
            .unwrap();
    }
    assert_eq!(server.connections(), 3, "close of the request");
}

/// VEC-72, FLT-06, SEC-130, POOL-08: an idle connection that was closed, reset or written to is replaced silently, and
/// nothing of what came is taken for an answer.
#[test]
fn idle_connections_with_news() {
    let stray: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let timed_out: &[u8] =
        b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = || script().read().send(ok("ok"));
    let ends: [(&str, Script); 5] = [
        ("closes", answer().close()),
        ("resets", answer().sleep(5 * MS).reset()),
        ("half-closes", answer().half_close().drain()),
        ("writes", answer().sleep(5 * MS).send(stray).drain()),
        ("times out", answer().sleep(5 * MS).send(timed_out).close()),
    ];
    for (what, end) in ends {
        let server = Server::start(end);
        let client = narrow();
        for round in 1..=3 {
            // A POST: nothing here may count on repetition.
            let answer = client.post(server.url("/")).body("x").send().expect(what);
            assert_eq!(answer.text(), "ok", "{what}");
            thread::sleep(20 * MS);
            assert_eq!(server.connections(), round, "{what}");
        }
        assert_eq!(server.seen().len(), 3, "{what}: each request once");
    }
}

/// FLT-06: all idle connections went stale together: each is tried and thrown away, then a new one serves.
#[test]
fn a_pool_full_of_stale_connections() {
    let server = Server::with(|index| match index {
        0..4 => script()
            .read()
            .sleep(30 * MS)
            .send(ok("ok"))
            .sleep(10 * MS)
            .close(),
        _ => script().serve(|_| ok("ok")),
    });
    let client = roomy();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| client.get(server.url("/")).send().unwrap());
        }
    });
    settle(&server);
    assert_eq!(client.post(server.url("/")).send().unwrap().text(), "ok");
    assert_eq!(server.connections(), 5);
    assert!(format!("{client:?}").contains("Connections: 0 active, 1 idle"));
}

/// FLT-06: a server that says how long it keeps a connection is believed: one second less is what is used.
#[test]
fn keep_alive_timeout_of_the_server() {
    for (value, connections) in [
        ("timeout=1", 2),
        ("timeout=5, max=100", 1),
        ("nonsense", 1),
        ("max=5", 1),
    ] {
        let server = Server::always(response("200 OK", &[("Keep-Alive", value)], "ok"));
        let client = narrow();
        for _ in 0..2 {
            client.get(server.url("/")).send().unwrap();
        }
        assert_eq!(server.connections(), connections, "{value}");
    }
}

/// POOL-09: the deadline of an idle connection counts from when it became idle, and expired ones are closed.
#[test]
fn idle_connections_expire() {
    let server = Server::always(ok("ok"));
    let client = client(Limits::client().keepalive_expiry(60 * MS));
    client.get(server.url("/")).send().unwrap();
    client.get(server.url("/")).send().unwrap();
    assert_eq!(server.connections(), 1);
    thread::sleep(90 * MS);
    client.get(server.url("/")).send().unwrap();
    assert_eq!((server.connections(), server.most_open()), (2, 1));
}

/// What happens to a request whose connection ends behind it.
#[derive(Debug, Clone, Copy)]
enum Sent {
    Nothing,
    Small(&'static str),
    Large(&'static str),
    Replayable,
    OneShot,
}

/// FLT-07, POOL-15, WSH-03: a request that was written to a reused connection, which then ends without a byte of a
/// response: sent once more only where that cannot do anything twice.
#[test]
fn stale_races() {
    use Sent::{Large, Nothing, OneShot, Replayable, Small};
    let cases = [
        ("GET", Nothing, true),
        ("HEAD", Nothing, true),
        ("OPTIONS", Nothing, true),
        ("DELETE", Nothing, true),
        ("TRACE", Nothing, true),
        ("PUT", Small("x"), true),
        ("PUT", Large("x"), true),
        ("PUT", Replayable, true),
        ("PUT", OneShot, false),
        ("DELETE", OneShot, false),
        ("POST", Nothing, false),
        ("POST", Small("x"), false),
        ("POST", Replayable, false),
        ("PATCH", Small("x"), false),
        ("X-OWN", Nothing, false),
    ];
    for (method, sent, repeated) in cases {
        for reset in [false, true] {
            for fresh in [false, true] {
                let what = format!("{method} {sent:?} reset {reset} fresh {fresh}");
                let end = script().read();
                let end = if reset { end.reset() } else { end.close() };
                let first = if fresh {
                    end
                } else {
                    script().read().send(ok("ok")).then(end)
                };
                let server = Server::each([first, script().serve(|_| ok("ok"))]);
                let client = roomy();
                if !fresh {
                    client.get(server.url("/")).send().unwrap();
                }
                let request = client.request(method, server.url("/"));
                let request = match sent {
                    Nothing => request,
                    Small(text) => request.body(text),
                    Large(text) => request.body(text.repeat(200_000)),
                    Replayable => request.body(Body::seekable(io::Cursor::new("seek")).unwrap()),
                    OneShot => request.body(Body::reader(&b"once"[..])),
                };
                let before = usize::from(!fresh);
                match request.send() {
                    Ok(answer) => {
                        assert!(repeated && !fresh, "{what}: repeated");
                        assert_eq!(answer.status().as_u16(), 200, "{what}");
                        let seen = server.seen();
                        assert_eq!(seen.len(), before + 2, "{what}");
                        assert_eq!(seen[1].raw, seen[2].raw, "{what}: not the same again");
                    }
                    Err(error) => {
                        assert!(!repeated || fresh, "{what}: {error}");
                        assert_eq!(error.kind(), Kind::Read, "{what}: {error}");
                        assert_eq!(error.reason(), Some(Reason::ServerDisconnected), "{what}");
                        assert_eq!(server.seen().len(), before + 1, "{what}");
                        assert_eq!(server.connections(), 1, "{what}");
                    }
                }
            }
        }
    }
}

/// POOL-15: switched off, not even a GET is repeated; and it is repeated once, not for ever.
#[test]
fn the_repetition_is_one_and_can_be_off() {
    let once_then_gone = || script().read().send(ok("ok")).read().close();
    let server = Server::each([once_then_gone(), script().read().close()]);
    let client = roomy();
    client.get(server.url("/")).send().unwrap();
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::ServerDisconnected));
    assert_eq!(server.requests_per_connection(), [2, 1]);

    let server = Server::each([once_then_gone()]);
    let client = Client::builder()
        .retry_stale(false)
        .timeout(LIMIT)
        .build()
        .unwrap();
    client.get(server.url("/")).send().unwrap();
    client.get(server.url("/")).send().unwrap_err();
    assert_eq!(server.requests_per_connection(), [2]);
    // A byte of a response is an answer, however short.
    let server = Server::each([script().read().send(ok("ok")).read().send("H").close()]);
    let client = roomy();
    client.get(server.url("/")).send().unwrap();
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::Incomplete));
}

/// VEC-74, POOL-01, POOL-03: one slot serves two origins in turn, the idle connection of the other giving way.
#[test]
fn one_slot_for_two_origins() {
    let (a, b) = (Server::always(ok("a")), Server::always(ok("b")));
    let client = narrow();
    for (server, expected) in [(&a, "a"), (&b, "b"), (&a, "a")] {
        assert_eq!(client.get(server.url("/")).send().unwrap().text(), expected);
    }
    assert_eq!((a.connections(), b.connections()), (2, 1));
    assert_eq!((a.most_open(), b.most_open()), (1, 1));
    // The same host by another name is another origin.
    let client = client_with_two();
    client.get(a.url_on("localhost", "/")).send().unwrap();
    client.get(a.url("/")).send().unwrap();
    client.get(a.url_on("LOCALHOST", "/")).send().unwrap();
    assert_eq!(a.connections(), 4);
}

fn client_with_two() -> Client {
    client(Limits::client().max_connections(2))
}

/// VEC-75, POOL-16, LIM-01, R-LIM-16: an open stream holds its slot; the next request waits for it, as long
/// as the pool limit says.
#[test]
fn open_streams_hold_slots() {
    let server = Server::always(ok(vec![b'x'; 100_000]));
    let client = narrow();
    let stream = client.get(server.url("/")).stream().unwrap();
    let started = Instant::now();
    let waiting = Timeout::all(LIMIT).pool(200 * MS);
    let error = client
        .get(server.url("/"))
        .timeout(waiting)
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::PoolTimeout);
    assert!((200 * MS..LIMIT / 2).contains(&started.elapsed()));
    let counts = format!("{client:?}");
    assert!(
        counts.contains("Requests: 1 active, 0 queued | Connections: 1 active, 0 idle"),
        "{counts}"
    );
    thread::scope(|scope| {
        let next = scope.spawn(|| client.get(server.url("/")).send());
        server.wait_until(|_| format!("{client:?}").contains("1 queued"));
        assert_eq!(stream.buffer().unwrap().content().len(), 100_000);
        assert_eq!(next.join().unwrap().unwrap().content().len(), 100_000);
    });
    assert_eq!(server.connections(), 1);
}

/// POOL-02, POOL-04: slots are given in the order of arrival.
#[test]
fn the_queue_is_fair() {
    let server = Server::handler(|seen| ok(seen.target.as_bytes()));
    let client = narrow();
    let holder = client.get(server.url("/holder")).stream().unwrap();
    thread::scope(|scope| {
        for number in 1..=6 {
            let client = &client;
            let url = server.url(&format!("/{number}"));
            scope.spawn(move || client.get(url).send().unwrap());
            let queued = format!("{number} queued");
            server.wait_until(|_| format!("{client:?}").contains(&queued));
        }
        drop(holder);
    });
    let order: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(order, ["/holder", "/1", "/2", "/3", "/4", "/5", "/6"]);
}

/// R-POOL-02, R-LIM-16, R-POOL-07, LIM-01, POOL-10: eight threads on one client, requests that end in every way:
/// never more sockets than allowed, never more idle ones, every answer to its own request, no slot lost.
#[test]
fn threads_share_a_client() {
    fn shareable<T: Send + Sync + Clone>(_: &T) {}
    fn movable<T: Send>(_: &T) {}
    let server = Server::handler(|seen| match &*seen.target {
        target if target.ends_with("/cut") => {
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n1".to_vec()
        }
        target if target.ends_with("/close") => {
            response("200 OK", &[("Connection", "close")], target)
        }
        target => ok([target.as_bytes(), &[b'.'; 3000]].concat()),
    });
    let client = client(
        Limits::client()
            .max_connections(3)
            .max_keepalive_connections(2),
    );
    shareable(&client);
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (client, server, done) = (client.clone(), &server, &done);
            scope.spawn(move || {
                for round in 0..60 {
                    let end = ["", "/cut", "/close", "/drop", ""][(thread + round) % 5];
                    let path = format!("/{thread}/{round}{end}");
                    let request = client.get(server.url(&path));
                    match end {
                        "/cut" => assert_eq!(
                            request.send().unwrap_err().reason(),
                            Some(Reason::Incomplete)
                        ),
                        "/drop" => {
                            let response = request.stream().unwrap();
                            movable(&response);
                            drop(response);
                        }
                        _ => assert!(request.send().unwrap().text().starts_with(&path)),
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(done.into_inner(), 480);
    assert!(
        server.most_open() <= 3,
        "{} connections at once",
        server.most_open()
    );
    let counts = format!("{client:?}");
    assert!(
        counts.contains("Requests: 0 active, 0 queued | Connections: 0 active,"),
        "{counts}"
    );
    server.wait_until(|server| server.open() <= 2);
    drop(client);
    settle(&server);
}

/// R-POOL-05, POOL-17: after `close`, running requests end, waiters and later calls get an error, sockets are gone.
#[test]
fn closing() {
    let begin = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegin";
    let server = Server::with(move |index| match index {
        0 => script().serve(|_| ok("ok")),
        _ => script().read().send(begin).drain(),
    });
    let client = client(Limits::client().max_connections(2));
    let first = client.get(server.url("/")).send();
    let mut stream = client.get(server.url("/")).stream().unwrap();
    drop(first);
    let mut other = client.clone().get(server.url("/")).stream();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| client.get(server.url("/")).send());
        server.wait_until(|_| format!("{client:?}").contains("1 queued"));
        client.close();
        client.close();
        let error = waiter.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::ClientClosed);
    });
    assert!(client.clone().is_closed());
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::ClientClosed);
    for response in [Some(&mut stream), other.as_mut().ok()]
        .into_iter()
        .flatten()
    {
        let error = response.iter_bytes().find_map(Result::err).expect("closed");
        assert_eq!(error.kind(), Kind::StreamClosed);
    }
    drop((stream, other));
    settle(&server);
}

/// FLT-13, R-POOL-04: a panic in the caller's body passes through, and takes neither the slot nor the pool with it;
/// a body may use the client that sends it.
#[test]
fn bodies_that_panic_or_call_back() {
    struct Panics;
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("in the caller's reader")
        }
    }
    let server = Server::always(ok("ok"));
    let client = narrow();
    for _ in 0..2 {
        let call = || {
            client
                .post(server.url("/"))
                .body(Body::reader(Panics))
                .send()
        };
        let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(
            panic.downcast_ref::<&str>(),
            Some(&"in the caller's reader")
        );
        assert_eq!(client.get(server.url("/")).send().unwrap().text(), "ok");
    }
    assert_eq!(server.most_open(), 1);

    struct Calls(Client, String, bool);
    impl Read for Calls {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.2, true) {
                return Ok(0);
            }
            let answer = self.0.get(&self.1).send()?;
            buffer[..2].copy_from_slice(answer.content());
            Ok(2)
        }
    }
    let client = client_with_two();
    let body = Body::reader(Calls(client.clone(), server.url("/inner"), false));
    client.post(server.url("/outer")).body(body).send().unwrap();
    let outer = server
        .seen()
        .into_iter()
        .find(|seen| seen.target == "/outer");
    assert_eq!(outer.unwrap().body, b"ok");
    // With one slot it cannot come to an end: the limit of the pool ends it, nothing hangs.
    let client = narrow();
    let mut request = Request::new("GET", server.url("/inner")).unwrap();
    request.set_timeout(Timeout::all(LIMIT).pool(50 * MS));
    let inner = client.clone();
    let mut request = Some(request);
    let body = Body::try_iter(std::iter::from_fn(move || {
        Some(inner.send(request.take()?).map(|r| r.into_content()))
    }));
    let error = client
        .post(server.url("/outer"))
        .body(body)
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Body);
    assert_eq!(client.get(server.url("/")).send().unwrap().text(), "ok");
}

/// FLT-14, POOL-12: half-read responses, responses that outlive their client, responses moved to another thread.
#[test]
fn responses_with_lives_of_their_own() {
    let server = Server::always(ok(vec![b'x'; 1 << 20]));
    let client = narrow();
    let half = |client: &Client| -> StreamingResponse {
        let mut response = client.get(server.url("/")).stream().unwrap();
        let mut some = [0; 1000];
        response.read_exact(&mut some).unwrap();
        response
    };
    drop(half(&client));
    let moved = half(&client);
    let rest = thread::spawn(move || moved.into_rest()).join().unwrap();
    assert_eq!(rest, (1 << 20) - 1000);
    let late = half(&client);
    drop(client);
    let rest = late.into_rest();
    assert_eq!(rest, (1 << 20) - 1000);
    let later = half(&narrow());
    drop(later);
    settle(&server);
}

trait IntoRest {
    fn into_rest(self) -> usize;
}

impl IntoRest for StreamingResponse {
    fn into_rest(mut self) -> usize {
        let mut rest = Vec::new();
        self.read_to_end(&mut rest).unwrap()
    }
}

/// FLT-16, POOL-18: waiters that give up just as slots come free lose none; every round the pool serves at once.
#[test]
fn waiters_that_time_out_lose_no_slot() {
    let server = Server::always(ok("ok"));
    let client = client_with_two();
    let go = Arc::new(Barrier::new(6));
    thread::scope(|scope| {
        for thread in 0..6 {
            let (client, server, go) = (&client, &server, Arc::clone(&go));
            scope.spawn(move || {
                go.wait();
                for round in 0..60_u32 {
                    let patience =
                        Duration::from_micros(u64::from((thread * 37 + round * 13) % 300));
                    let limit = Timeout::all(LIMIT).pool(patience);
                    match client.get(server.url("/")).timeout(limit).send() {
                        Ok(answer) => assert_eq!(answer.text(), "ok"),
                        Err(error) => assert_eq!(error.kind(), Kind::PoolTimeout),
                    }
                }
            });
        }
    });
    assert!(server.most_open() <= 2);
    let held: Vec<_> = (0..2)
        .map(|_| client.get(server.url("/")).stream().unwrap())
        .collect();
    drop(held);
    let counts = format!("{client:?}");
    assert!(
        counts.contains("Requests: 0 active, 0 queued | Connections: 0 active, 2 idle"),
        "{counts}"
    );
    let each = format!("{client:#?}");
    let origin = server.url("");
    let line = format!(
        "{}: <Connection [HTTP/1.1, IDLE, Request Count: ",
        origin.trim_end_matches('/')
    );
    assert_eq!(each.matches(&line).count(), 2, "{each}");
}

/// POOL-13, POOL-14: what fails frees its slot: a connect, a broken response.
#[test]
fn failures_free_their_slot() {
    let refused = crate::server::Refused::port();
    let server = Server::replies([
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n".to_vec(),
        ok("ok"),
    ]);
    let client = narrow();
    for _ in 0..3 {
        assert_eq!(
            client.get(refused.url("/")).send().unwrap_err().kind(),
            Kind::Connect
        );
    }
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::BadFraming));
    assert_eq!(client.get(server.url("/")).send().unwrap().text(), "ok");
    assert_eq!((server.connections(), server.most_open()), (2, 1));
}

/// LIM-01: limits are checked when the client is built, and are its own.
#[test]
fn limits_are_of_the_client() {
    let none = Client::builder()
        .limits(Limits::client().max_connections(0))
        .build();
    assert_eq!(none.unwrap_err().kind(), Kind::Config);
    let server = Server::always(ok(vec![b'x'; 100_000]));
    let (one, other) = (narrow(), narrow());
    let held = one.get(server.url("/")).stream().unwrap();
    other.get(server.url("/")).send().unwrap();
    let limit = Timeout::all(LIMIT).pool(Duration::ZERO);
    let error = one
        .clone()
        .get(server.url("/"))
        .timeout(limit)
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::PoolTimeout, "a clone shares the pool");
    drop(held);
    // The smaller of the two limits is how many stay idle.
    let server = Server::always(ok("ok"));
    let client = client(
        Limits::client()
            .max_connections(4)
            .max_keepalive_connections(9),
    );
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| client.get(server.url("/")).send().unwrap());
        }
    });
    assert!(server.open() <= 4);
}

/// POOL-19: which schemes reach the network.
#[test]
fn schemes() {
    let server = Server::always(ok("ok"));
    let client = roomy();
    let missing = "Request URL is missing an 'http://' or 'https://' protocol.";
    let unsupported =
        |scheme: &str| format!("Request URL has an unsupported protocol '{scheme}://'.");
    let cases = [
        ("/relative", missing.to_owned()),
        ("//host/path", missing.to_owned()),
        ("http:///path", missing.to_owned()),
        ("", missing.to_owned()),
        ("ftp://127.0.0.1/", unsupported("ftp")),
        ("file:///etc/passwd", unsupported("file")),
        ("unix://127.0.0.1/", unsupported("unix")),
        ("ws://127.0.0.1/", unsupported("ws")),
        ("wss://127.0.0.1/", unsupported("wss")),
    ];
    for (url, message) in cases {
        let error = client.get(url).send().expect_err(url);
        assert_eq!(error.kind(), Kind::UnsupportedProtocol, "{url}: {error}");
        assert!(error.to_string().starts_with(&message), "{url}: {error}");
    }
    let ws = server.url("/").replace("http:", "ws:");
    let answer = client
        .get(ws)
        .header("Upgrade", "websocket")
        .header("Connection", "upgrade")
        .send();
    assert_eq!(answer.unwrap().text(), "ok");
}
