//! All that a client does, over HTTP/2.

use std::io::{Cursor, Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use papilio::{Body, DigestAuth, Http2Settings, Kind, Reason, ResponseLimits};

use super::face::{Builder, Client, Drink, Go, builder, hooked};
use crate::http2::raw::{
    DATA, END_HEADERS, END_STREAM, HEADERS, OK, RST_STREAM, Raw, field, frame,
};
use crate::http2::rig::{Rig, Server, ca};

fn trusting() -> Builder {
    builder().add_root_certificate(ca()).http2(true)
}

fn prior() -> Builder {
    builder().http2(true).http1(false)
}

fn start(builder: Builder) -> (Server, Client) {
    (Rig::tls().start(), builder.build().unwrap())
}

/// H2-03, H2-07, EXT-10, EXT-11, EXT-12
#[test]
fn heads() {
    let (server, client) = start(trusting());
    let response = client
        .get(server.url("/a?b=c#d"))
        .header("X-Mixed-Case", "1")
        .header("Connection", "keep-alive")
        .header("Keep-Alive", "timeout=5")
        .go()
        .unwrap();
    let (first, fields) = response.text().split_once('\n').map(own).unwrap();
    assert_eq!(first, format!("GET {} HTTP/2.0", server.url("/a?b=c")));
    for (name, there) in [
        ("\"x-mixed-case\": \"1\"", true),
        ("\"user-agent\": \"papilio", true),
        ("\"host\"", false),
        ("connection", false),
        ("keep-alive", false),
    ] {
        assert_eq!(fields.contains(name), there, "{name}: {fields}");
    }
    assert_eq!(response.http_version(), "HTTP/2");
    assert_eq!(response.reason_phrase(), "OK");
    assert_eq!(response.stream_id(), Some(1));
    assert!(
        response
            .headers()
            .iter()
            .all(|(name, _)| name == name.to_lowercase())
    );
    let response = client.get(server.url("/status?code=599")).go().unwrap();
    assert_eq!(
        (response.status().as_u16(), &*response.reason_phrase()),
        (599, "")
    );
    assert_eq!(response.stream_id(), Some(3));
    assert!(response.connection().unwrap().peer_addr() == Some(server.address()));
}

fn own((a, b): (&str, &str)) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

/// H2-04: bodies of every kind, and none.
#[test]
fn uploads() {
    let (server, client) = start(trusting());
    let path =
        std::env::temp_dir().join(format!("papilio-h2-{}-{:p}", std::process::id(), &client));
    std::fs::File::create(&path)
        .unwrap()
        .write_all(&vec![7; 300_000])
        .unwrap();
    let bodies = [
        ("text", Body::from("text"), 4, 116 + 101 + 120 + 116),
        ("none", Body::from(""), 0, 0),
        (
            "large",
            Body::from(vec![1; 1_000_000]),
            1_000_000,
            1_000_000,
        ),
        (
            "reader",
            Body::reader(Cursor::new(vec![1; 200_000])),
            200_000,
            200_000,
        ),
        ("empty", Body::reader(std::io::empty()), 0, 0),
        (
            "sized",
            Body::sized(Cursor::new(vec![2; 1000]), 1000),
            1000,
            2000,
        ),
        ("file", Body::file(&path).unwrap(), 300_000, 2_100_000),
        (
            "iter",
            Body::iter(vec![vec![1; 10], Vec::new(), vec![2; 10]]),
            20,
            30,
        ),
    ];
    for (name, body, count, sum) in bodies {
        let counted = client.post(server.url("/count")).body(body).go();
        assert_eq!(counted.unwrap().text(), format!("{count} {sum}"), "{name}");
    }
    std::fs::remove_file(path).unwrap();
    let form = client
        .post(server.url("/echo"))
        .form([("a", "b c")])
        .go()
        .unwrap();
    assert_eq!(form.text(), "a=b+c");
    assert_eq!(server.accepts(), 1);
    // A body that does not keep its word is no request, and ends only its stream.
    let short = Body::sized(Cursor::new(vec![2; 1000]), 1001);
    let error = client
        .post(server.url("/count"))
        .body(short)
        .go()
        .unwrap_err();
    assert!(
        matches!(error.kind(), Kind::LocalProtocol | Kind::Body),
        "{error}"
    );
    let broken = Body::try_iter([Ok(vec![1]), Err(std::io::Error::other("no more"))]);
    let error = client
        .post(server.url("/count"))
        .body(broken)
        .go()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Body, "{error}");
    client.get(server.url("/")).go().unwrap();
    assert_eq!(server.accepts(), 1);
}

#[cfg(feature = "multipart")]
#[test]
fn forms() {
    use papilio::multipart::{Form, Part};
    let (server, client) = start(trusting());
    let form = Form::new()
        .text("name", "value")
        .part("file", Part::bytes(vec![b'x'; 200_000]));
    let echo = client
        .post(server.url("/echo"))
        .multipart(form)
        .go()
        .unwrap();
    let text = echo.text();
    assert!(text.starts_with("--") && text.contains("name=\"name\"\r\n\r\nvalue\r\n"));
    assert!(text.len() > 200_000);
}

/// H2-07, H2-13: what is no content.
#[test]
fn responses_without_content() {
    let (server, client) = start(trusting());
    let head = client.head(server.url("/large?bytes=5000")).go().unwrap();
    assert_eq!((head.status().as_u16(), head.content().len()), (200, 0));
    let empty = client.get(server.url("/empty")).go().unwrap();
    assert_eq!((empty.status().as_u16(), empty.content().len()), (204, 0));
    let response = client.get(server.url("/trailers")).go().unwrap();
    assert_eq!(response.text(), "with trailers");
    assert!(!response.headers().contains("x-sum"));
    let trailers = response.trailers().unwrap();
    assert_eq!(trailers.get("X-Sum").as_deref(), Some("42"));
    assert_eq!(server.accepts(), 1);
}

/// Cookies, redirects, hooks, authentication and decoding know nothing of versions.
#[test]
fn everything_above() {
    let (server, client) = start(hooked(trusting()).follow_redirects(true));
    client.get(server.url("/set-cookie")).go().unwrap();
    let seen = client.get(server.url("/")).go().unwrap();
    assert!(
        seen.text().contains("\"cookie\": \"taste=good\""),
        "{}",
        seen.text()
    );
    assert!(
        seen.text().contains("\"x-hook\": \"was here\""),
        "{}",
        seen.text()
    );
    let moved = client
        .post(server.url("/moved"))
        .body("carried over")
        .go()
        .unwrap();
    assert_eq!((&*moved.text(), moved.history().len()), ("carried over", 1));
    assert_eq!(moved.history()[0].http_version(), "HTTP/2");
    let digest = client
        .post(server.url("/digest"))
        .auth(DigestAuth::new("user", "password"))
        .body("again");
    let digest = digest.go().unwrap();
    assert_eq!((digest.status().as_u16(), &*digest.text()), (200, "again"));
    if cfg!(feature = "gzip") {
        let response = client.get(server.url("/gzip")).go().unwrap();
        assert_eq!(response.text(), "decoded");
    }
    assert_eq!(server.accepts(), 1);
}

/// R-H2-11: the answer counts, not what was left of the upload.
#[test]
fn early_answers() {
    let (server, client) = start(trusting());
    for _ in 0..3 {
        let body = Body::reader(Cursor::new(vec![0; 50_000_000]));
        let response = client.post(server.url("/early")).body(body).go().unwrap();
        assert_eq!(
            (response.status().as_u16(), &*response.text()),
            (413, "413")
        );
    }
    assert_eq!(server.accepts(), 1);

    // RST_STREAM(NO_ERROR) behind a complete answer.
    let raw = Raw::start(|_, conn| {
        conn.settings(&[]);
        let stream = conn.request().unwrap();
        conn.answer(stream, "enough");
        conn.send(&crate::http2::raw::reset(stream, 0));
        conn.be_silent();
    });
    let client = prior().build().unwrap();
    let body = vec![0; 1_000_000];
    let response = client.post(raw.url("/")).body(body).go().unwrap();
    assert_eq!(response.text(), "enough");
}

/// H2-07: interim responses are passed over, as many as are allowed.
#[test]
fn interim_responses() {
    let server = Raw::start(|_, conn| {
        conn.settings(&[]);
        while let Some(stream) = conn.request() {
            let count = if stream == 1 { 3 } else { 40 };
            for _ in 0..count {
                let hints = field(":status", "103");
                conn.send(&frame(HEADERS, END_HEADERS, stream, &hints));
            }
            conn.answer(stream, "final");
        }
    });
    let client = prior().build().unwrap();
    let response = client.get(server.url("/")).go().unwrap();
    assert_eq!(
        (response.status().as_u16(), &*response.text()),
        (200, "final")
    );
    let error = client.get(server.url("/")).go().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::TooManyInterim), "{error}");
}

/// R-LIM-01, R-LIM-02, R-LIM-03, R-LIM-06, R-LIM-09
#[test]
fn limits_on_responses() {
    let limits = ResponseLimits::default().body(10_000).field(2000);
    let (server, client) = start(trusting().response_limits(limits));
    let ok = client.get(server.url("/large?bytes=10000")).go().unwrap();
    assert_eq!(ok.content().len(), 10_000);
    // Whether the length was announced or not.
    let long = "x".repeat(10_001);
    for request in [
        client.get(server.url("/large?bytes=11000")).go(),
        client
            .post(server.url("/digest"))
            .header("Authorization", "x")
            .body(long)
            .go(),
    ] {
        let error = request.unwrap_err();
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::Limit, Some(Reason::BodyTooLarge))
        );
    }
    client.get(server.url("/head?bytes=1900")).go().unwrap();
    let error = client.get(server.url("/head?bytes=2100")).go().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::HeadTooLarge), "{error}");
    assert_eq!(
        client
            .head(server.url("/large?bytes=11000"))
            .go()
            .unwrap()
            .status(),
        200
    );

    // By the measure of the connection, which the server was told.
    let settings = Http2Settings::default().max_head(1000);
    let client = trusting().http2_settings(settings).build().unwrap();
    let error = client.get(server.url("/head?bytes=1900")).go().unwrap_err();
    assert_eq!(error.kind(), Kind::RemoteProtocol, "{error}");

    let raw = Raw::start(|_, conn| {
        conn.settings(&[]);
        while let Some(stream) = conn.request() {
            let mut bytes = frame(HEADERS, END_HEADERS, stream, OK);
            bytes.extend(frame(DATA, 0, stream, b"body"));
            let trailers = field("x-t", "1").repeat(65);
            bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &trailers));
            conn.send(&bytes);
        }
    });
    let client = prior().build().unwrap();
    let error = client.get(raw.url("/")).go().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::BadTrailer), "{error}");
}

/// EXT-20, EXT-21, EXT-22: a request and its steps; the second one has no connection to open.
#[test]
fn events() {
    let (server, client) = start(trusting());
    let told = Arc::new(Mutex::new(Vec::new()));
    for round in 1..=2 {
        let events = Arc::clone(&told);
        let response = client
            .post(server.url("/echo"))
            .body("content")
            .trace(move |event| {
                events.lock().unwrap().push(event.name().to_owned());
                Ok(())
            })
            .timings()
            .go()
            .unwrap();
        let told = std::mem::take(&mut *told.lock().unwrap());
        let steps: Vec<&str> = told
            .iter()
            .filter_map(|n| n.strip_suffix(".started"))
            .collect();
        let mut expected = vec![
            "connection.connect_tcp",
            "connection.start_tls",
            "http2.send_connection_init",
            "http2.send_request_headers",
            "http2.send_request_body",
            "http2.receive_response_headers",
            "http2.receive_remote_settings",
            "http2.receive_response_body",
            "http2.response_closed",
        ];
        if round == 2 {
            expected.drain(..3);
            expected.retain(|name| *name != "http2.receive_remote_settings");
        }
        assert_eq!(steps, expected, "{told:?}");
        let complete = told.iter().filter(|name| name.ends_with(".complete"));
        assert_eq!(complete.count(), expected.len(), "{told:?}");
        let timings = response.timings().unwrap();
        let (sent, first) = (timings.sent().unwrap(), timings.first_byte().unwrap());
        assert!(
            sent <= first && first <= timings.end().unwrap(),
            "{timings:?}"
        );
        assert_eq!(timings.tls().is_some(), round == 1, "{timings:?}");
    }
}

/// A callback that says no ends the request, not the connection, and nothing is tried again.
#[test]
fn a_callback_that_says_no() {
    let (server, client) = start(trusting());
    client.get(server.url("/")).go().unwrap();
    for name in [
        "http2.send_request_headers.started",
        "http2.receive_response_headers.started",
        "http2.receive_response_headers.complete",
        "http2.receive_response_body.started",
    ] {
        let refused = client.get(server.url("/slow?ms=50")).trace(move |event| {
            if event.name() == name {
                return Err(papilio::Error::new(Kind::Config, "no"));
            }
            Ok(())
        });
        let error = refused.go().unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{name}: {error}");
    }
    client.get(server.url("/")).go().unwrap();
    assert_eq!(server.accepts(), 1);
}

/// RES-22: a body is read once, piece by piece.
#[test]
fn a_body_in_pieces() {
    let (server, client) = start(trusting());
    let response = client
        .get(server.url("/large?bytes=2000000"))
        .open()
        .unwrap();
    assert_eq!(response.http_version(), "HTTP/2");
    let mut body = response.body();
    let mut piece = vec![0; 1000];
    for number in 0..2000_usize {
        body.read_exact(&mut piece).unwrap();
        assert!(
            piece.iter().all(|byte| *byte == number.to_le_bytes()[0]),
            "{number}"
        );
    }
    assert_eq!(body.read(&mut piece).unwrap(), 0);
    assert_eq!(server.accepts(), 1);
}

/// H2-04: a body that comes slowly, while others come and go.
#[test]
fn a_slow_body() {
    let (server, client) = start(trusting());
    thread::scope(|scope| {
        scope.spawn(|| {
            let pieces = (0..5).map(|_| {
                thread::sleep(Duration::from_millis(60));
                vec![b'x'; 10]
            });
            let body = Body::iter(pieces.collect::<Vec<_>>());
            let echo = client.post(server.url("/echo")).body(body).go().unwrap();
            assert_eq!(echo.text(), "x".repeat(50));
        });
        for _ in 0..20 {
            client.get(server.url("/")).go().unwrap();
        }
    });
    assert!(server.accepts() <= 1);
    let _ = RST_STREAM;
}
