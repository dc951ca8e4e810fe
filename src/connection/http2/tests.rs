//! Requests, their places, and how connections end.

use std::sync::Mutex;

use super::raw_tests::*;
use super::*;
use crate::connection::outbox::Flushed;
use crate::models::config::ResponseLimits;
use crate::models::request::Request;
use crate::models::trace::Trace;
use crate::protocol::http1::Outgoing;

fn post(body: &'static str) -> Request {
    let request = Request::new("POST", "http://example.org/").unwrap();
    request.with_body(body)
}

/// Sends all of it.
async fn upload(stream: &mut Stream, body: impl Into<Bytes>) -> Result<Flushed> {
    let mut body = body.into();
    while !body.is_empty() {
        if within(stream.send(&mut body)).await? == Flushed::Stopped {
            return Ok(Flushed::Stopped);
        }
    }
    stream.finish(None).map(|()| Flushed::All)
}

/// A server of h2's own that sends the body back, with trailers.
async fn echo(io: tokio::net::TcpStream) {
    let mut connection = h2::server::handshake(io).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let (parts, mut body) = request.into_parts();
            let response = http::Response::builder()
                .header("x-path", parts.uri.to_string())
                .header("set-cookie", "a=1")
                .header("set-cookie", "b=2")
                .body(())
                .unwrap();
            let mut back = respond.send_response(response, false).unwrap();
            while let Some(Ok(piece)) = body.data().await {
                body.flow_control().release_capacity(piece.len()).unwrap();
                let mut piece = piece;
                while !piece.is_empty() {
                    back.reserve_capacity(piece.len());
                    let room = std::future::poll_fn(|cx| back.poll_capacity(cx)).await;
                    let Some(Ok(room)) = room else { return };
                    let part = piece.split_to(room.min(piece.len()));
                    back.send_data(part, false).unwrap();
                }
            }
            let mut trailers = http::HeaderMap::new();
            trailers.insert("x-end", "yes".parse().unwrap());
            back.send_trailers(trailers).unwrap();
        });
    }
}

/// H2-03, H2-07, EXT-12: a request and its response; TRP-13.
#[tokio::test]
async fn there_and_back() {
    let (listener, address) = listen().await;
    tokio::spawn(async move { echo(listener.accept().await.unwrap().0).await });
    let connection = connect(address).await;
    for round in 0..3_u32 {
        let mut stream = start(&connection, &post("hello")).await.unwrap();
        assert_eq!(stream.id(), 2 * round + 1);
        assert_eq!(upload(&mut stream, "hello").await.unwrap(), Flushed::All);
        let head = within(stream.head()).await.unwrap();
        assert_eq!(head.version, http::Version::HTTP_2);
        assert_eq!(head.reason, None);
        let fields: Vec<_> = head.headers.iter().collect();
        assert_eq!(fields[0], ("x-path", &b"http://example.org/"[..]));
        assert_eq!(
            fields[1..],
            [("set-cookie", &b"a=1"[..]), ("set-cookie", b"b=2")]
        );
        let mut buffer = [0; 3];
        assert_eq!(within(stream.read(&mut buffer)).await.unwrap(), 3);
        assert_eq!(&buffer, b"hel");
        assert_eq!(within(stream.data()).await.unwrap().unwrap(), "lo");
        assert!(!stream.response_done());
        assert_eq!(within(stream.data()).await.unwrap(), None);
        assert_eq!(stream.received(), 5);
        let trailers = stream.trailers().unwrap();
        assert_eq!(trailers.get("x-end").as_deref(), Some("yes"));
        assert!(stream.response_done());
        // Before the stream is dropped.
        assert_eq!(connection.streams(), 0);
        assert!(connection.idle_since().is_some());
    }
}

/// H2-04, H2-08: large bodies both ways at once, above every window.
#[tokio::test]
async fn large_bodies() {
    let (listener, address) = listen().await;
    tokio::spawn(async move { echo(listener.accept().await.unwrap().0).await });
    let settings = Http2Settings::default()
        .stream_window(100_000)
        .connection_window(100_000);
    let connection = connect_with(address, &settings).await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let request = Request::new("PUT", "http://example.org/").unwrap();
    let request = request.with_body(crate::Body::reader(std::io::empty()));
    let mut stream = start(&connection, &request).await.unwrap();
    let (mut sent, mut back) = (&body[..], Vec::new());
    while !sent.is_empty() {
        let count = sent.len().min(50_000);
        let (mut piece, rest) = sent.split_at(count);
        sent = rest;
        while !piece.is_empty() {
            assert_eq!(
                within(stream.send_slice(&mut piece)).await.unwrap(),
                Flushed::All
            );
        }
        if back.is_empty() {
            assert_eq!(within(stream.head()).await.unwrap().status, 200);
        }
        while back.len() < body.len() - sent.len() {
            back.extend(within(stream.data()).await.unwrap().unwrap());
        }
    }
    stream.finish(None).unwrap();
    assert_eq!(within(stream.data()).await.unwrap(), None);
    assert!(back == body);
}

/// H2-05: one until the settings are there, then as many as they say; first come, first served.
#[tokio::test]
async fn places() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    let mut first = start(&connection, &get()).await.unwrap();
    assert!(connection.try_open().is_none());
    assert!(!connection.has_room());
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(connection.open())).collect();
    for opening in &mut waiting {
        let soon = Duration::from_millis(10);
        assert!(tokio::time::timeout(soon, opening).await.is_err());
    }
    assert_eq!(connection.waiting(), 3);
    raw.send(&settings(&[(3, 2)])).await;
    let second = within(waiting.remove(0)).await.unwrap();
    assert_eq!((connection.streams(), connection.waiting()), (2, 2));
    // One gives up; the next takes over.
    drop(waiting.remove(0));
    assert!(connection.try_open().is_none());
    drop(second);
    let third = within(waiting.remove(0)).await.unwrap();
    assert_eq!((connection.streams(), connection.waiting()), (2, 0));
    let id = raw.wait_for(HEADERS).await.unwrap().stream;
    raw.answer(id).await;
    assert_eq!(finish(&mut first).await.unwrap().status, 200);
    assert!(connection.has_room());
    drop(third);
    assert_eq!(connection.streams(), 0);
    // More than the server allows is never asked of it: R-H2-09.
    raw.send(&settings(&[(3, 0)])).await;
    within(async {
        while connection.has_room() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert!(connection.can_take_more());
    raw.send(&settings(&[(3, 1000)])).await;
    let all: Vec<Slot> = within(async {
        let first = connection.open().await.unwrap();
        std::iter::once(first)
            .chain(std::iter::from_fn(|| connection.try_open()))
            .collect()
    })
    .await;
    assert_eq!(all.len(), 100);
}

/// H2-06, H2-10, R-H2-06: what the server did not look at may be sent again, what it did goes on.
#[tokio::test]
async fn going_away() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    raw.send(&settings(&[])).await;
    raw.wait_for(SETTINGS).await.unwrap();
    let mut first = start(&connection, &get()).await.unwrap();
    let mut second = start(&connection, &get()).await.unwrap();
    let mut third = start(&connection, &post("hello")).await.unwrap();
    let mut last = 0;
    while last != 5 {
        last = raw.wait_for(HEADERS).await.unwrap().stream;
    }
    raw.send(&go_away(3, 0)).await;
    let error = within(third.head()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::RemoteProtocol);
    assert_eq!(error.reason(), Some(Reason::Http2(0)));
    assert!(third.is_unprocessed());
    assert!(!connection.can_take_more());
    assert!(connection.is_open());
    assert!(within(connection.open()).await.is_err());
    raw.answer(1).await;
    assert_eq!(finish(&mut first).await.unwrap().status, 200);
    raw.answer(3).await;
    assert_eq!(finish(&mut second).await.unwrap().status, 200);
    assert!(!second.is_unprocessed());
    // The last stream is over: so is the connection.
    while within(raw.next()).await.is_some() {}
    within(async {
        while connection.is_open() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// H2-09, R-H2-07: a stream that is reset.
#[tokio::test]
async fn reset_streams() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    raw.send(&settings(&[])).await;
    for (code, unprocessed) in [(7, true), (2, false), (0, false), (8, false)] {
        let mut stream = start(&connection, &get()).await.unwrap();
        let id = raw.wait_for(HEADERS).await.unwrap().stream;
        raw.send(&reset(id, code)).await;
        let error = within(stream.head()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::RemoteProtocol);
        assert_eq!(error.reason(), Some(Reason::Http2(code)));
        assert_eq!(stream.is_unprocessed(), unprocessed, "{code}");
    }
    // Within the body it is too late to try again.
    let mut stream = start(&connection, &get()).await.unwrap();
    let id = raw.wait_for(HEADERS).await.unwrap().stream;
    let head = [OK.to_vec(), field(b"content-length", b"10")].concat();
    raw.send(&frame(HEADERS, END_HEADERS, id, &head)).await;
    raw.send(&frame(DATA, 0, id, b"four")).await;
    raw.send(&reset(id, 7)).await;
    within(stream.head()).await.unwrap();
    assert_eq!(stream.content_length(), Some(10));
    assert_eq!(within(stream.data()).await.unwrap().unwrap(), "four");
    let error = within(stream.data()).await.unwrap_err();
    assert_eq!(error.bytes_received(), Some(4));
    assert_eq!(error.bytes_expected(), Some(10));
    assert!(!stream.is_unprocessed());
    let mut next = start(&connection, &get()).await.unwrap();
    let id = raw.wait_for(HEADERS).await.unwrap().stream;
    raw.answer(id).await;
    assert_eq!(finish(&mut next).await.unwrap().status, 200);
}

/// H2-09: the end of the connection.
#[tokio::test]
async fn disconnected() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    let mut stream = start(&connection, &get()).await.unwrap();
    raw.request().await;
    drop(raw);
    let error = within(stream.head()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::RemoteProtocol);
    assert_eq!(error.reason(), Some(Reason::ServerDisconnected));
    assert!(
        error.to_string().starts_with("Server disconnected"),
        "{error}"
    );
    assert!(stream.is_unanswered() && !stream.is_unprocessed());
    assert!(!connection.is_open());
    let error = within(connection.open()).await.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::ServerDisconnected));
}

/// R-H2-11: the response is complete while the body is being sent, and the server wants no more of that.
#[tokio::test]
async fn answered_early() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    for status in [OK, &[0x8D]] {
        let request = Request::new("POST", "http://example.org/").unwrap();
        let request = request.with_body(vec![0; 1 << 20]);
        let mut stream = start(&connection, &request).await.unwrap();
        let server = async {
            raw.send(&settings(&[])).await;
            let room = (1_u32 << 20).to_be_bytes();
            raw.send(&frame(WINDOW_UPDATE, 0, 0, &room)).await;
            let id = raw.wait_for(HEADERS).await.unwrap().stream;
            raw.wait_for(DATA).await.unwrap();
            raw.send(&frame(HEADERS, END_HEADERS, id, status)).await;
            raw.send(&frame(DATA, END_STREAM, id, b"early")).await;
            raw.send(&reset(id, 0)).await;
        };
        let client = upload(&mut stream, vec![0; 1 << 20]);
        let (outcome, ()) = tokio::join!(client, server);
        assert_eq!(outcome.unwrap(), Flushed::Stopped);
        let answer = finish(&mut stream).await.unwrap();
        assert_eq!(answer.body, b"early");
        assert_eq!(connection.streams(), 0);
    }
    assert!(connection.can_take_more());
}

/// H2-11, R-H2-08, R-H2-12: a response that is dropped is cancelled, gives its window back and frees its place.
#[tokio::test]
async fn dropped() {
    let (listener, address) = listen().await;
    let settings = Http2Settings::default()
        .stream_window(65_535)
        .connection_window(65_535);
    let connection = connect_with(address, &settings).await;
    let mut raw = Raw::accept(&listener).await;
    raw.send(&raw_tests::settings(&[])).await;
    for read_some in [false, true].repeat(3) {
        let mut stream = start(&connection, &get()).await.unwrap();
        let id = raw.wait_for(HEADERS).await.unwrap().stream;
        raw.send(&frame(HEADERS, END_HEADERS, id, OK)).await;
        for _ in 0..3 {
            raw.send(&frame(DATA, 0, id, &[1; 16_000])).await;
        }
        within(stream.head()).await.unwrap();
        if read_some {
            within(stream.data()).await.unwrap();
        }
        drop(stream);
        assert_eq!(connection.streams(), 0);
        let reset = within(raw.wait_for(RST_STREAM)).await.unwrap();
        assert_eq!((reset.stream, reset.code()), (id, 8));
    }
    // Six times as much as the window came, and there is room for more.
    let mut stream = start(&connection, &get()).await.unwrap();
    let id = raw.wait_for(HEADERS).await.unwrap().stream;
    raw.send(&frame(HEADERS, END_HEADERS, id, OK)).await;
    raw.send(&frame(DATA, 0, id, &[1; 16_000])).await;
    raw.send(&frame(DATA, END_STREAM, id, &[1; 16_000])).await;
    assert_eq!(finish(&mut stream).await.unwrap().body.len(), 32_000);

    // Before it is answered.
    let waiting = start(&connection, &get()).await.unwrap();
    let id = raw.wait_for(HEADERS).await.unwrap().stream;
    drop(waiting);
    let reset = within(raw.wait_for(RST_STREAM)).await.unwrap();
    assert_eq!((reset.stream, reset.code()), (id, 8));
    assert!(connection.can_take_more());
}

/// R-H2-13: a server that is silent is asked, and given up.
#[tokio::test]
async fn pings() {
    let settings = Http2Settings::default()
        .ping_interval(Duration::from_millis(50))
        .ping_timeout(Duration::from_millis(200));
    let (listener, address) = listen().await;
    let connection = connect_with(address, &settings).await;
    let mut raw = Raw::accept(&listener).await;
    raw.send(&raw_tests::settings(&[])).await;
    // Nobody waits for anything: nothing is asked.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(connection.is_open());
    let mut stream = start(&connection, &get()).await.unwrap();
    let id = raw.wait_for(HEADERS).await.unwrap().stream;
    // Answered three times, and then no more.
    for _ in 0..3 {
        let ping = within(raw.wait_for(PING)).await.unwrap();
        raw.send(&frame(PING, ACK, 0, &ping.payload)).await;
    }
    raw.send(&frame(HEADERS, END_HEADERS, id, OK)).await;
    within(stream.head()).await.unwrap();
    let error = within(stream.data()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::ReadTimeout);
    assert!(error.is_timeout());
    assert!(!connection.is_open());
}

/// TMO-13: whoever gives the connection up fails everybody on it.
#[tokio::test]
async fn given_up() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    raw.send(&settings(&[])).await;
    raw.wait_for(SETTINGS).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(start(&connection, &get()).await.unwrap());
    }
    connection.fail(Kind::ReadTimeout);
    assert!(!connection.can_take_more());
    for stream in &mut streams {
        let error = within(stream.head()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::ReadTimeout);
    }
    assert_eq!(connection.streams(), 0);
    while within(raw.next()).await.is_some() {}
}

/// When nobody has a handle any more, the connection is closed with a word.
#[tokio::test]
async fn let_go() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    let mut stream = start(&connection, &get()).await.unwrap();
    drop(connection);
    let id = raw.request().await;
    raw.answer(id).await;
    assert_eq!(finish(&mut stream).await.unwrap().status, 200);
    drop(stream);
    assert_eq!(within(raw.wait_for(GOAWAY)).await.unwrap().code(), 0);
    assert!(within(raw.next()).await.is_none());
}

/// A body must be what was announced.
#[tokio::test]
async fn announced_lengths() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    raw.send(&settings(&[])).await;
    for wrong in ["hell", "hello!"] {
        let mut stream = start(&connection, &post("hello")).await.unwrap();
        let error = upload(&mut stream, wrong).await.unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol);
        drop(stream);
        raw.wait_for(RST_STREAM).await.unwrap();
    }
    assert_eq!(connection.streams(), 0);
}

/// The word to send the body.
#[tokio::test]
async fn expect_continue() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    raw.send(&settings(&[])).await;
    for word in [true, false] {
        let mut stream = start(&connection, &post("hello")).await.unwrap();
        let id = raw.wait_for(HEADERS).await.unwrap().stream;
        if word {
            let block = field(b":status", b"100");
            raw.send(&frame(HEADERS, END_HEADERS, id, &block)).await;
        } else {
            raw.answer(id).await;
        }
        assert_eq!(within(stream.continued()).await.unwrap(), word);
        if word {
            upload(&mut stream, "hello").await.unwrap();
            assert_eq!(raw.wait_for(DATA).await.unwrap().payload, b"hello");
            raw.answer(id).await;
        }
        assert_eq!(finish(&mut stream).await.unwrap().status, 200);
    }
}

/// EXT-20, EXT-21, EXT-22: the events of the first request of a connection, and of the next.
#[tokio::test]
async fn events() {
    let (listener, address) = listen().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut request = get();
    let log = Arc::clone(&told);
    request.extensions_mut().insert(Trace::new(move |event| {
        log.lock().unwrap().push(event.to_string());
        Ok(())
    }));
    let tracer = Tracer::of(&request);
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let wire = Wire::plain(TokioSocket::from_tcp(stream.into_std().unwrap()).unwrap());
    let (connection, task) = adopt(wire, &Http2Settings::default(), &tracer).unwrap();
    tokio::spawn(task);
    let server = tokio::spawn(async move {
        let mut raw = Raw::accept(&listener).await;
        raw.send(&settings(&[])).await;
        while let Some(head) = raw.wait_for(HEADERS).await {
            raw.send(&frame(HEADERS, END_HEADERS, head.stream, OK))
                .await;
            raw.send(&frame(DATA, END_STREAM, head.stream, b"x")).await;
        }
    });
    for _ in 0..2 {
        let slot = within(connection.open()).await.unwrap();
        let limits = ResponseLimits::default();
        let mut stream = slot
            .send(&Outgoing::from(&request), limits, &tracer)
            .unwrap();
        finish(&mut stream).await.unwrap();
        stream.end().unwrap();
    }
    drop(connection);
    within(server).await.unwrap();
    let told = told.lock().unwrap();
    let steps = |id: u32| {
        [
            format!("send_request_headers.started request=<Request GET> stream_id={id}"),
            "send_request_headers.complete".to_owned(),
            format!("send_request_body.started request=<Request GET> stream_id={id}"),
            "send_request_body.complete".to_owned(),
            format!("receive_response_headers.started request=<Request GET> stream_id={id}"),
            "receive_response_headers.complete return_value=(200, {})".to_owned(),
            format!("receive_response_body.started request=<Request GET> stream_id={id}"),
            "receive_response_body.complete".to_owned(),
            format!("response_closed.started stream_id={id}"),
            "response_closed.complete".to_owned(),
        ]
    };
    let mut expected = vec![
        "send_connection_init.started request=<Request GET>".to_owned(),
        "send_connection_init.complete".to_owned(),
    ];
    expected.extend(steps(1));
    expected.insert(
        7,
        "receive_remote_settings.started request=<Request GET> stream_id=1".to_owned(),
    );
    expected.insert(8, "receive_remote_settings.complete".to_owned());
    expected.extend(steps(3));
    let expected: Vec<_> = expected.iter().map(|e| format!("http2.{e}")).collect();
    assert_eq!(*told, expected);
}

/// The blocking client's way: the wire of a plain socket, a thread that runs the connection, and callers that park.
#[test]
fn without_a_runtime_of_the_caller() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let server = runtime();
    let (listener, address) = server.block_on(listen());
    std::thread::spawn(move || {
        server.block_on(async { echo(listener.accept().await.unwrap().0).await });
    });
    let socket = StdSocket::new(std::net::TcpStream::connect(address).unwrap().into()).unwrap();
    let settings = Http2Settings::default();
    let (connection, task) = adopt(Wire::plain(socket), &settings, &Tracer::default()).unwrap();
    let run = std::thread::spawn(move || runtime().block_on(task));
    assert_eq!(connection.info().peer_addr(), Some(address));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let connection = connection.clone();
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let slot = park(connection.open()).unwrap();
                    let request = post("hello");
                    let limits = ResponseLimits::default();
                    let request = Outgoing::from(&request);
                    let mut stream = slot.send(&request, limits, &Tracer::default()).unwrap();
                    let mut body = Bytes::from_static(b"hello");
                    while !body.is_empty() {
                        park(stream.send(&mut body)).unwrap();
                    }
                    stream.finish(None).unwrap();
                    assert_eq!(park(stream.head()).unwrap().status, 200);
                    let mut back = Vec::new();
                    while let Some(piece) = park(stream.data()).unwrap() {
                        back.extend(piece);
                    }
                    assert_eq!(back, b"hello");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.join().unwrap();
    }
    assert_eq!(connection.streams(), 0);
    drop(connection);
    run.join().unwrap();
}

/// The wake-up of a parked thread.
struct Unpark(std::thread::Thread);

impl std::task::Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn park<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        match polled {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park_timeout(Duration::from_secs(10)),
        }
    }
}

/// A runtime that goes before its connections fails what is on them.
#[test]
fn a_runtime_that_is_gone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (connection, mut stream, _raw) = runtime.block_on(async {
        let (listener, address) = listen().await;
        let connection = connect(address).await;
        let stream = start(&connection, &get()).await.unwrap();
        (connection, stream, Raw::accept(&listener).await)
    });
    drop(runtime);
    let error = park(stream.head()).unwrap_err();
    assert_eq!(error.reason(), Some(Reason::ServerDisconnected));
    assert!(!connection.is_open());
    assert!(park(connection.open()).is_err());
}

/// Whoever shares connections hears when there is room again, and when there will be none.
#[tokio::test]
async fn watchers() {
    struct Count(std::sync::atomic::AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let _raw = Raw::accept(&listener).await;
    let count = Arc::new(Count(0.into()));
    let counted = || count.0.load(std::sync::atomic::Ordering::SeqCst);
    let waker = Waker::from(Arc::clone(&count));
    let slot = connection.try_open().unwrap();
    connection.watch(&waker);
    connection.watch(&waker);
    assert_eq!(counted(), 0);
    drop(slot);
    assert_eq!(counted(), 1);
    drop(connection.try_open().unwrap());
    assert_eq!(counted(), 1);
    connection.watch(&waker);
    connection.fail(Kind::ReadTimeout);
    assert_eq!(counted(), 2);
    assert!(connection.is_same(&connection.clone()));
}

/// A request that was answered before the server hung up is answered, though the rest of it could not be sent.
#[tokio::test]
async fn answered_and_hung_up() {
    let (listener, address) = listen().await;
    let connection = connect(address).await;
    let mut raw = Raw::accept(&listener).await;
    let request = Request::new("POST", "http://example.org/").unwrap();
    let request = request.with_body(vec![0; 1 << 20]);
    let mut stream = start(&connection, &request).await.unwrap();
    let server = async {
        raw.send(&settings(&[(4, 1 << 24)])).await;
        let room = (1_u32 << 24).to_be_bytes();
        raw.send(&frame(WINDOW_UPDATE, 0, 0, &room)).await;
        let id = raw.wait_for(HEADERS).await.unwrap().stream;
        let head = [vec![0x8D], field(b"content-length", b"9")].concat();
        raw.send(&frame(HEADERS, END_HEADERS, id, &head)).await;
        raw.send(&frame(DATA, END_STREAM, id, b"too large")).await;
        raw.send(&go_away(id, 0)).await;
        // Closed with bytes unread: the client meets a reset.
        drop(raw);
    };
    let (outcome, ()) = tokio::join!(upload(&mut stream, vec![0; 1 << 20]), server);
    assert_eq!(outcome.unwrap(), Flushed::Stopped);
    assert_eq!(finish(&mut stream).await.unwrap().body, b"too large");
}

/// R-H2-09: numbers for streams come to an end; what runs goes on.
#[tokio::test]
async fn no_numbers_left() {
    let (listener, address) = listen().await;
    let settings = Http2Settings {
        first_stream: (1 << 31) - 3,
        ..Http2Settings::default()
    };
    let connection = connect_with(address, &settings).await;
    let mut raw = Raw::accept(&listener).await;
    raw.send(&raw_tests::settings(&[])).await;
    raw.wait_for(SETTINGS).await.unwrap();
    let mut first = start(&connection, &get()).await.unwrap();
    assert!(connection.can_take_more());
    let mut last = start(&connection, &get()).await.unwrap();
    assert_eq!(last.id(), (1 << 31) - 1);
    assert!(!connection.can_take_more());
    let error = within(connection.open()).await.unwrap_err();
    assert_ne!(error.kind(), Kind::LocalProtocol);
    for stream in [&mut first, &mut last] {
        raw.answer(stream.id()).await;
        assert_eq!(finish(stream).await.unwrap().status, 200);
    }
    drop((first, last, connection));
    assert_eq!(within(raw.wait_for(GOAWAY)).await.unwrap().code(), 0);
}

/// A session of TLS goes along when a plain socket is handed to a runtime.
#[cfg(feature = "tls")]
#[tokio::test]
async fn over_tls() {
    use crate::connection::socket::Step;
    use crate::connection::tls::Tls;
    use rustls::pki_types::PrivateKeyDer;

    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = pair.cert.der().clone();
    let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).unwrap();
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let mut client = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];

    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
        let stream = listener.accept().await.unwrap().0;
        let stream = acceptor.accept(stream).await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut body = respond
                .send_response(http::Response::new(()), false)
                .unwrap();
            body.send_data(Bytes::from(vec![7; 1 << 20]), true).unwrap();
        }
    });
    let socket = std::net::TcpStream::connect(address).unwrap();
    let mut wire = Wire::plain(StdSocket::new(socket.into()).unwrap());
    wire.start_tls(Tls::new(Arc::new(client), "localhost").unwrap());
    within(async {
        while !matches!(wire.handshake().unwrap(), Step::Done(())) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    let (connection, task) = adopt(wire, &Http2Settings::default(), &Tracer::default()).unwrap();
    let run = tokio::spawn(task);
    assert_eq!(connection.info().tls().unwrap().alpn(), Some(&b"h2"[..]));
    for _ in 0..3 {
        assert_eq!(exchange(&connection).await.unwrap().body.len(), 1 << 20);
    }
    drop(connection);
    within(run).await.unwrap();
    within(server).await.unwrap();
}

/// hyper, and many requests at the same time on one connection.
#[tokio::test]
async fn hyper_answers() {
    use http_body_util::{BodyExt, Full};
    use hyper::body::Incoming;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let stream = listener.accept().await.unwrap().0;
        let service = hyper::service::service_fn(|request: http::Request<Incoming>| async move {
            let body = request.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>(http::Response::new(Full::new(body)))
        });
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(7)
            .serve_connection(TokioIo::new(stream), service)
            .await
    });
    let connection = connect(address).await;
    let requests: Vec<_> = (0..200_u8)
        .map(|number| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let body = vec![number; 10 * usize::from(number)];
                let request = Request::new("POST", "http://example.org/").unwrap();
                let request = request.with_body(body.clone());
                let mut stream = start(&connection, &request).await.unwrap();
                assert!(connection.streams() <= 7);
                assert_eq!(
                    upload(&mut stream, body.clone()).await.unwrap(),
                    Flushed::All
                );
                assert_eq!(finish(&mut stream).await.unwrap().body, body);
            })
        })
        .collect();
    for request in requests {
        within(request).await.unwrap();
    }
    assert_eq!((connection.streams(), connection.waiting()), (0, 0));
}
