//! Responses: accessors, status helpers, responses made by hand, bodies in memory and bodies that stream.

use std::io::Read;
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use super::common::{clean_after, client, fails, fails_on, one_slot};
use super::driver::{
    Client, Error, Kind, Phase, Reason, Response, ResponseLimits, StreamingResponse, Timeout,
};
use crate::server::{Server, chunked, ok, response, script};

const SECOND: Duration = Duration::from_secs(1);

fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

fn all<T>(pieces: impl Iterator<Item = papilio::Result<T>>) -> Vec<T> {
    pieces.collect::<papilio::Result<_>>().unwrap()
}

/// EXT-10, EXT-11, TRP-02: each version by its name; a reason phrase of any bytes, or none.
#[test]
fn versions_and_reasons() {
    use papilio::{EventInfo, Version};

    let names = [
        (Version::HTTP_10, "HTTP/1.0"),
        (Version::HTTP_11, "HTTP/1.1"),
        (Version::HTTP_2, "HTTP/2"),
    ];
    for (version, name) in names {
        let response = Response::builder(200).version(version).bytes("");
        assert_eq!(response.http_version(), name);
        // Of the table, where nothing was received.
        assert_eq!(response.reason_phrase(), "OK");
    }
    let server = Server::always(&b"HTTP/1.1 200 \xFCber\r\nContent-Length: 0\r\n\r\n"[..]);
    let client = client();
    let request = client.get(server.url("/")).trace(|event| {
        if let EventInfo::Head { reason, .. } = event.info() {
            assert_eq!(reason, b"\xFCber");
        }
        Ok(())
    });
    let answer = request.send().unwrap();
    assert_eq!(
        (answer.http_version(), answer.status().as_u16()),
        ("HTTP/1.1", 200)
    );
    assert_eq!(answer.reason_phrase(), "ber");
}

#[test]
fn the_head_of_a_response() {
    let server = Server::always("HTTP/1.0 250 Fine by me\r\nX: y\r\nContent-Length: 2\r\n\r\nhi");
    let url = server.url("/a?b#c");
    let answer = client().get(&url).header("X-Mine", "1").send().unwrap();
    assert_eq!(answer.status(), 250);
    assert_eq!(answer.reason_phrase(), "Fine by me");
    assert_eq!(answer.http_version(), "HTTP/1.0");
    assert_eq!(answer.version(), papilio::Version::HTTP_10);
    assert_eq!(answer.url().as_str(), url);
    assert_eq!(answer.headers().get("x").as_deref(), Some("y"));
    let request = answer.request().unwrap();
    assert_eq!(request.headers.get("x-mine").as_deref(), Some("1"));
    let mut answer = answer;
    answer.extensions_mut().insert(7_u8);
    assert_eq!(answer.extensions().get::<u8>(), Some(&7));
    assert!(answer.trailers().is_none());
    let by_hand = Response::builder(299).bytes("");
    assert_eq!(by_hand.http_version(), "HTTP/1.1");
    assert_eq!(by_hand.url().as_str(), "");
    assert!(by_hand.request().is_none());
    assert_eq!(by_hand.reason_phrase(), "");
}

/// RES-04
#[test]
fn status_classes() {
    for status in 100..=999 {
        let response = Response::builder(status).bytes("");
        let class = status / 100;
        assert_eq!(
            [
                response.is_informational(),
                response.is_success(),
                response.is_redirect(),
                response.is_client_error(),
                response.is_server_error(),
                response.is_error(),
            ],
            [
                class == 1,
                class == 2,
                class == 3,
                class == 4,
                class == 5,
                matches!(class, 4 | 5)
            ],
            "{status}"
        );
    }
}

/// RES-05
#[test]
fn redirect_locations() {
    for status in 100..=599 {
        let with = Response::builder(status).header("location", "/x").bytes("");
        let without = Response::builder(status).bytes("");
        let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
        assert_eq!(with.has_redirect_location(), is_redirect, "{status}");
        assert!(!without.has_redirect_location());
    }
}

/// RES-06, RES-07
#[test]
fn anything_but_2xx_is_an_error_on_request() {
    let cases = [
        (102, "", "Informational response '102 Processing'"),
        (302, "", "Redirect response '302 Found'"),
        (302, "/new", "Redirect response '302 Found'"),
        (304, "/new", "Redirect response '304 Not Modified'"),
        (404, "", "Client error '404 Not Found'"),
        (503, "", "Server error '503 Service Unavailable'"),
        (600, "", "Invalid status code '600 '"),
    ];
    for (status, location, begin) in cases {
        let answer = || {
            let builder = Response::builder(status);
            if location.is_empty() {
                builder.bytes("why")
            } else {
                builder.header("Location", location).bytes("why")
            }
        };
        let mut lines = vec![format!("{begin} for url ''")];
        if status == 302 && !location.is_empty() {
            lines.push("Redirect location: '/new'".to_owned());
        }
        lines.push(format!(
            "For more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/{status}"
        ));
        let error = answer().error_for_status_ref().map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::Status);
        assert_eq!(error.to_string(), lines.join("\n"));
        let error = answer().error_for_status().unwrap_err();
        assert_eq!(error.to_string(), lines.join("\n"));
        assert!(error.is_status());
        assert_eq!(error.response().unwrap().status().as_u16(), status);
        assert_eq!(error.into_response().unwrap().text(), "why");
    }
    for status in [200, 204, 299] {
        let answer = Response::builder(status).text("[1]");
        assert_eq!(answer.error_for_status_ref().unwrap().text(), "[1]");
        assert_eq!(answer.error_for_status().unwrap().text(), "[1]");
    }
}

/// RES-06, RES-07
#[test]
fn a_status_error_names_the_request_without_secrets() {
    let fields = [
        ("Location", "http://me:hidden@e.com/x"),
        ("Connection", "close"),
    ];
    let server = Server::always(response("303 Over There", &fields, "body"));
    let url = format!("http://user:secret@127.0.0.1:{}/x", server.port());
    let error = client()
        .get(&url)
        .send()
        .unwrap()
        .error_for_status()
        .unwrap_err();
    let said = error.to_string();
    let shown = format!("http://user:[secure]@127.0.0.1:{}/x", server.port());
    assert!(said.starts_with(&format!(
        "Redirect response '303 Over There' for url '{shown}'\n"
    )));
    assert!(
        said.contains("\nRedirect location: 'http://me:[secure]@e.com/x'\n"),
        "{said}"
    );
    for text in [said, format!("{error:?}")] {
        assert!(
            !text.contains("hidden") && !text.contains(":secret"),
            "{text}"
        );
    }
    assert_eq!(error.method().unwrap(), "GET");
    assert_eq!(error.url().unwrap().as_str(), url);
    assert_eq!(error.response().unwrap().text(), "body");

    // While it streams: the head is kept, the body given up, the connection with it.
    let server = Server::start(script().read().send("HTTP/1.1 500 No\r\n\r\n").drain());
    let error = fails(|client| client.get(server.url("/")).stream()?.error_for_status());
    assert_eq!(error.kind(), Kind::Status);
    assert!(
        error
            .to_string()
            .starts_with("Server error '500 No' for url")
    );
    assert_eq!(error.response().unwrap().status(), 500);
    assert_eq!(error.url().unwrap().as_str(), server.url("/"));
    server.wait_until(|server| server.left() == 1);
}

#[cfg(feature = "json")]
#[test]
fn a_status_check_chains() -> papilio::Result<()> {
    let server = Server::always(ok("[1, 2]"));
    let numbers: Vec<u8> = client()
        .get(server.url("/"))
        .send()?
        .error_for_status()?
        .json()?;
    assert_eq!(numbers, [1, 2]);
    Ok(())
}

/// RES-08
#[test]
fn elapsed_runs_from_the_sending_to_the_end_of_the_body() {
    let pause = Duration::from_millis(60);
    let server = Server::start(
        script()
            .read()
            .sleep(pause)
            .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\na")
            .sleep(pause)
            .send("b")
            .close(),
    );
    let began = Instant::now();
    let answer = client().get(server.url("/")).send().unwrap();
    assert!((pause * 2..=began.elapsed()).contains(&answer.elapsed()));
    let client = Client::new();
    let mut stream = client.get(server.url("/")).stream().unwrap();
    assert_eq!(stream.elapsed(), None);
    let mut piece = [0; 1];
    stream.read_exact(&mut piece).unwrap();
    assert_eq!(stream.elapsed(), None);
    stream.read_exact(&mut piece).unwrap();
    let elapsed = stream.elapsed().unwrap();
    assert!(elapsed >= pause * 2);
    thread::sleep(pause);
    assert_eq!(stream.elapsed(), Some(elapsed));
    let mut closed = client.get(server.url("/")).stream().unwrap();
    closed.close();
    assert!(closed.elapsed().unwrap() >= pause);
    // By hand it took no time.
    assert_eq!(Response::builder(200).text("x").elapsed(), Duration::ZERO);
}

/// RES-09
#[test]
fn received_bytes_are_counted_without_framing() {
    let server = Server::always(chunked(["abc", "defgh"]));
    let client = client();
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(answer.num_bytes_downloaded(), 8);
    let mut stream = client.get(server.url("/")).stream().unwrap();
    assert_eq!(stream.num_bytes_downloaded(), 0);
    let mut three = [0; 3];
    stream.read_exact(&mut three).unwrap();
    assert!((3..=8).contains(&stream.num_bytes_downloaded()));
    stream.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(stream.num_bytes_downloaded(), 8);
}

/// RES-09, DEC-09, DEC-10: before decoding, whose own headers stay as they came, whatever was asked for.
#[cfg(feature = "gzip")]
#[test]
fn decoding_leaves_count_and_headers_alone() {
    let packed = crate::decoding::gzip(&b"hello ".repeat(100));
    let length = packed.len().to_string();
    let server = Server::always(response("200 OK", &[("content-encoding", "GZip")], &packed));
    let client = client();
    let answer = client
        .get(server.url("/"))
        .header("Accept-Encoding", "identity")
        .send()
        .unwrap();
    assert_eq!(answer.content().len(), 600);
    assert_eq!(answer.num_bytes_downloaded(), packed.len() as u64);
    assert_eq!(
        answer.headers().get("content-length").as_deref(),
        Some(&*length)
    );
    assert_eq!(
        answer.headers().get("Content-Encoding").as_deref(),
        Some("GZip")
    );
    let mut stream = client.get(server.url("/")).stream().unwrap();
    assert_eq!(all(stream.iter_raw()).concat(), packed);
    assert_eq!(stream.num_bytes_downloaded(), packed.len() as u64);
    let mut stream = client.get(server.url("/")).stream().unwrap();
    assert_eq!(all(stream.iter_bytes()).concat(), b"hello ".repeat(100));
    assert_eq!(server.requests_per_connection(), [3]);
}

/// RES-10
#[test]
fn debug_is_status_and_reason() {
    let answer = Response::builder(404)
        .header("Set-Cookie", "a=1")
        .text("content");
    assert_eq!(format!("{answer:?}"), "<Response [404 Not Found]>");
    assert_eq!(
        format!("{:?}", Response::builder(599).bytes("")),
        "<Response [599]>"
    );
    let server = Server::always("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
    let answer = client().get(server.url("/")).send().unwrap();
    assert_eq!(format!("{answer:?}"), "<Response [200]>");
    let stream = Response::builder(200).stream(&b"content"[..]);
    assert_eq!(format!("{stream:?}"), "<Response [200 OK]>");
}

fn headers<B>(response: &Response<B>) -> Vec<(String, String)> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    response
        .headers()
        .iter()
        .map(|(n, v)| (n.to_owned(), text(v)))
        .collect()
}

/// RES-14
#[test]
fn responses_by_hand() {
    let build = |fields: &[(&str, &str)]| {
        fields
            .iter()
            .fold(Response::builder(200), |builder, (name, value)| {
                builder.header(name, value)
            })
    };
    let length = |n: &str| ("Content-Length".to_owned(), n.to_owned());
    let kind = |kind: &str| ("Content-Type".to_owned(), kind.to_owned());
    let plain = "text/plain; charset=utf-8";
    assert_eq!(headers(&build(&[]).bytes("abc")), [length("3")]);
    assert_eq!(headers(&build(&[]).bytes("")), []);
    assert_eq!(headers(&build(&[]).text("né")), [length("3"), kind(plain)]);
    assert_eq!(
        headers(&build(&[]).html("<p>")),
        [length("3"), kind("text/html; charset=utf-8")]
    );
    let chunked = ("Transfer-Encoding".to_owned(), "chunked".to_owned());
    assert_eq!(headers(&build(&[]).stream(&b"abc"[..])), [chunked]);
    assert_eq!(headers(&build(&[]).raw_stream(&b"abc"[..])), []);
    // Given headers win.
    let given = [("content-length", "9"), ("content-type", "x/y")];
    let text = build(&given).text("abc");
    assert_eq!(headers(&text).len(), 2);
    assert_eq!(text.headers().get("content-type").as_deref(), Some("x/y"));
    let stream = build(&given[..1]).stream(&b"abc"[..]);
    assert_eq!(headers(&stream).len(), 1);
    assert_eq!(stream.buffer().unwrap().text(), "abc");
    assert_eq!(
        build(&[])
            .raw_stream(&b"abc"[..])
            .buffer()
            .unwrap()
            .content(),
        "abc"
    );
    // What makes no sense is a server error that says why.
    let bad = build(&[("a b", "c")]).text("fine");
    assert_eq!(bad.status(), 500);
    assert!(bad.text().contains("a b"));
    assert_eq!(Response::builder(42).bytes("").status(), 500);
}

/// RES-14
#[cfg(feature = "json")]
#[test]
fn json_by_hand() {
    let answer = Response::builder(201)
        .json(&serde_json::json!({"a": [1, "é"]}))
        .unwrap();
    assert_eq!(answer.text(), r#"{"a":[1,"é"]}"#);
    assert_eq!(
        answer.headers().get("content-type").as_deref(),
        Some("application/json")
    );
    assert_eq!(
        answer.headers().get("content-length").as_deref(),
        Some("14")
    );
}

/// RES-20
#[test]
fn a_body_in_memory_can_be_read_again_and_again() {
    let server = Server::always(ok("one\ntwo\n"));
    let answer = client().get(server.url("/")).send().unwrap();
    for _ in 0..2 {
        assert_eq!(answer.content(), "one\ntwo\n");
        assert_eq!(answer.text(), "one\ntwo\n");
        assert_eq!(all(answer.iter_bytes()), ["one\ntwo\n"]);
        assert_eq!(all(answer.iter_text()), ["one\ntwo\n"]);
        assert_eq!(all(answer.iter_lines()), ["one", "two"]);
    }
    assert_eq!(answer.into_content(), "one\ntwo\n");
    #[cfg(feature = "json")]
    {
        let answer = Response::builder(200).text("[1]");
        assert_eq!(
            answer.json::<Vec<u8>>().unwrap(),
            answer.json::<[u8; 1]>().unwrap()
        );
    }
}

/// A stream from a server that sends this body.
fn stream(body: &[u8]) -> (Server, Client, StreamingResponse) {
    let server = Server::always(ok(body));
    let client = client();
    let stream = client.get(server.url("/")).stream().unwrap();
    (server, client, stream)
}

/// RES-21
#[test]
fn a_stream_is_read_in_pieces_or_as_a_whole_or_closed() {
    let body = "añb\r\nc".as_bytes();
    let (_server, client, mut raw) = stream(body);
    assert_eq!(all(raw.iter_raw()).concat(), body);
    clean_after(&client);
    let (_server, client, mut bytes) = stream(body);
    assert_eq!(all(bytes.iter_bytes()).concat(), body);
    clean_after(&client);
    let (_server, client, mut text) = stream(body);
    assert_eq!(all(text.iter_text()).concat(), "añb\r\nc");
    clean_after(&client);
    let (_server, client, mut lines) = stream(body);
    assert_eq!(all(lines.iter_lines()), ["añb", "c"]);
    clean_after(&client);
    let (_server, client, mut reader) = stream(body);
    let mut read = Vec::new();
    assert_eq!(reader.read_to_end(&mut read).unwrap(), body.len());
    assert_eq!(read, body);
    clean_after(&client);
    let (_server, client, whole) = stream(body);
    assert_eq!(whole.buffer().unwrap().content(), body);
    clean_after(&client);
    let (_server, client, mut closed) = stream(body);
    assert!(!closed.is_closed());
    closed.close();
    assert!(closed.is_closed());
    clean_after(&client);
}

/// RES-22
#[test]
fn a_stream_is_consumed_once() {
    let kind = |item: Option<papilio::Result<papilio::Bytes>>| item.unwrap().unwrap_err().kind();
    let (_server, client, mut twice) = stream(b"abc");
    assert!(!twice.is_stream_consumed());
    assert_eq!(all(twice.iter_raw()).concat(), b"abc");
    assert!(twice.is_stream_consumed() && twice.is_closed());
    assert_eq!(kind(twice.iter_raw().next()), Kind::StreamConsumed);
    assert_eq!(kind(twice.iter_bytes().next()), Kind::StreamConsumed);
    let lines = twice.iter_lines().next().unwrap();
    assert_eq!(lines.unwrap_err().kind(), Kind::StreamConsumed);
    let error = twice.buffer().unwrap_err();
    assert_eq!(error.kind(), Kind::StreamConsumed);
    assert!(error.is_stream() && error.url().is_some());
    clean_after(&client);

    // An iterator left in the middle has taken it as well.
    let (_server, client, mut begun) = stream(b"abc");
    assert_eq!(
        begun
            .iter_raw()
            .chunk_size(size(1))
            .next()
            .unwrap()
            .unwrap(),
        "a"
    );
    assert_eq!(kind(begun.iter_raw().next()), Kind::StreamConsumed);
    drop(begun);
    clean_after(&client);

    let (_server, client, mut closed) = stream(b"abc");
    closed.close();
    assert_eq!(kind(closed.iter_raw().next()), Kind::StreamClosed);
    assert_eq!(kind(closed.iter_bytes().next()), Kind::StreamClosed);
    let text = closed.iter_text().next().unwrap();
    assert_eq!(text.unwrap_err().kind(), Kind::StreamClosed);
    assert!(closed.iter_lines().next().unwrap().is_err());
    assert_eq!(closed.buffer().unwrap_err().kind(), Kind::StreamClosed);
    clean_after(&client);
}

/// RES-23
#[test]
fn the_end_of_a_stream_gives_the_connection_back() {
    let server = Server::replies([chunked(["a", "b"]), ok("abc"), ok(""), ok("x")]);
    let client = client();
    for body in ["ab", "abc", ""] {
        let mut stream = client.get(server.url("/")).stream().unwrap();
        assert_eq!(all(stream.iter_bytes()).concat(), body.as_bytes());
        assert!(stream.is_closed());
        // It is still alive; the only slot is free all the same.
        let pool = format!("{client:?}");
        assert!(pool.contains("0 active, 1 idle"), "{pool}");
    }
    client.get(server.url("/")).send().unwrap();
    assert_eq!(server.requests_per_connection(), [4]);

    let endless = script().read().send("HTTP/1.1 200 OK\r\n\r\nbegin").drain();
    let server = Server::start(endless);
    let stream = client.get(server.url("/")).stream().unwrap();
    drop(stream);
    clean_after(&client);
    server.wait_until(|server| server.left() == 1);
}

/// RES-24, RES-25
#[test]
fn pieces_come_as_received_or_in_one_size() {
    let slow = script()
        .read()
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .sleep(Duration::from_millis(50))
        .send("4\r\ndefg\r\n0\r\n\r\n");
    let server = Server::with(move |_| slow.clone());
    let client = client();
    let get = || client.get(server.url("/")).stream().unwrap();
    assert_eq!(all(get().iter_raw()), ["abc", "defg"]);
    assert_eq!(all(get().iter_bytes()), ["abc", "defg"]);
    for (n, pieces) in [
        (1, vec!["a", "b", "c", "d", "e", "f", "g"]),
        (2, vec!["ab", "cd", "ef", "g"]),
        (7, vec!["abcdefg"]),
        (100, vec!["abcdefg"]),
    ] {
        assert_eq!(all(get().iter_raw().chunk_size(size(n))), pieces);
        assert_eq!(all(get().iter_bytes().chunk_size(size(n))), pieces);
        let whole = Response::builder(200).text("abcdefg");
        assert_eq!(all(whole.iter_bytes().chunk_size(size(n))), pieces);
    }
    let empty = Response::builder(200).bytes("");
    assert_eq!(empty.iter_bytes().count(), 0);
    assert_eq!(Response::builder(200).text("abc").iter_bytes().count(), 1);
    let mut empty = Response::builder(200).stream(std::io::empty());
    assert_eq!(empty.iter_raw().chunk_size(size(3)).count(), 0);
}

/// RES-26
#[test]
fn text_comes_in_whole_characters() {
    for body in ["añ€😀b", "", "plain"] {
        for step in 1..=4 {
            let (_server, _client, mut stream) = stream(body.as_bytes());
            let text = all(stream.iter_text().chunk_size(size(step)));
            assert_eq!(text.concat(), body);
            let lengths: Vec<_> = text.iter().map(|piece| piece.chars().count()).collect();
            if let Some((last, others)) = lengths.split_last() {
                assert!(others.iter().all(|&n| n == step) && (1..=step).contains(last));
            }
        }
    }
    // Byte by byte, with an invalid byte and half a character at the end.
    let body = b"a\xff\xe2\x82\xacb\xe2\x82";
    let drip = script().read().send("HTTP/1.1 200 OK\r\n\r\n");
    let drip = drip.send_slowly(body, 1, Duration::from_millis(2)).close();
    let server = Server::start(drip);
    let mut stream = client().get(server.url("/")).stream().unwrap();
    let pieces = all(stream.iter_text());
    assert_eq!(pieces.concat(), "a\u{FFFD}€b\u{FFFD}");
    assert!(pieces.iter().all(|piece| !piece.is_empty()));
}

/// RES-27, RES-28
#[test]
fn lines_end_at_lf_crlf_and_cr_however_they_arrive() {
    let cases: [(&str, &[&str]); 7] = [
        ("", &[]),
        ("\n", &[""]),
        ("a\n\nb", &["a", "", "b"]),
        ("a\r\nb\r\n", &["a", "b"]),
        ("a\rb\r\r\nc", &["a", "b", "", "c"]),
        (
            "a\u{b}b\u{c}c\u{1c}d\u{85}e\u{2028}f\u{2029}g",
            &["a\u{b}b\u{c}c\u{1c}d\u{85}e\u{2028}f\u{2029}g"],
        ),
        ("no end", &["no end"]),
    ];
    for (body, lines) in cases {
        let whole = Response::builder(200).text(body);
        assert_eq!(all(whole.iter_lines()), lines);
        let drip = script().read().send("HTTP/1.1 200 OK\r\n\r\n");
        let server = Server::start(drip.send_slowly(body, 1, Duration::from_millis(1)).close());
        let mut stream = client().get(server.url("/")).stream().unwrap();
        assert_eq!(all(stream.iter_lines()), lines, "{body:?}");
    }
}

/// How a stream can be read to its first error, which closes it.
fn broken(client: &Client, url: &str, read: fn(&mut StreamingResponse) -> Option<Error>) -> Error {
    fails_on(client, |client| {
        let mut stream = client.get(url).stream()?;
        let error = read(&mut stream).unwrap();
        assert!(stream.is_closed());
        Err::<(), _>(error)
    })
}

/// RES-29
#[test]
fn an_error_while_reading_names_the_request_and_closes() {
    let ways: [fn(&mut StreamingResponse) -> Option<Error>; 5] = [
        |stream| stream.iter_raw().find_map(Result::err),
        |stream| stream.iter_bytes().find_map(Result::err),
        |stream| stream.iter_text().find_map(Result::err),
        |stream| stream.iter_lines().find_map(Result::err),
        |stream| {
            let error = std::io::copy(stream, &mut std::io::sink()).err()?;
            error
                .into_inner()?
                .downcast::<Error>()
                .ok()
                .map(|error| *error)
        },
    ];
    let cut = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            .close(),
    );
    let silent = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            .drain(),
    );
    let reset = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            .sleep(Duration::from_millis(20))
            .reset(),
    );
    let bad = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nz\r\n";
    let bad = Server::start(script().read().send(bad).drain());
    let cases = [
        (&cut, Kind::RemoteProtocol, Some(Reason::Incomplete)),
        (&silent, Kind::ReadTimeout, None),
        (&reset, Kind::Read, None),
        (&bad, Kind::RemoteProtocol, Some(Reason::BadChunk)),
    ];
    let limits = Timeout::all(SECOND).read(Duration::from_millis(50));
    let client = one_slot().timeout(limits).build().unwrap();
    for (server, kind, reason) in cases {
        for way in ways {
            let error = broken(&client, &server.url("/p"), way);
            assert_eq!((error.kind(), error.reason()), (kind, reason));
            assert_eq!(error.phase(), Some(Phase::Body));
            assert_eq!(error.method().unwrap(), "GET");
            assert_eq!(error.url().unwrap().as_str(), server.url("/p"));
        }
    }
}

/// RES-29, R-LIM-11
#[test]
fn a_line_over_the_limit_ends_the_stream() {
    let server = Server::always(ok("short\nthis is too long\nshort\n"));
    let limits = ResponseLimits::default().line(10);
    let client = one_slot().response_limits(limits).build().unwrap();
    let error = fails_on(&client, |client| {
        let mut stream = client.get(server.url("/lines")).stream()?;
        let mut lines = stream.iter_lines();
        assert_eq!(lines.next().unwrap().unwrap(), "short");
        let error = lines.next().unwrap().unwrap_err();
        assert!(lines.next().is_none());
        drop(lines);
        assert!(stream.is_closed());
        Err::<(), _>(error)
    });
    assert_eq!(error.kind(), Kind::Limit);
    assert_eq!(error.reason(), Some(Reason::LineTooLong));
    assert_eq!(error.url().unwrap().as_str(), server.url("/lines"));
    // A line without an end costs no more than the limit.
    let endless = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\n\r\n")
            .flood("data"),
    );
    let error = fails(|client| {
        let mut stream = client.get(endless.url("/")).stream()?;
        let error = stream.iter_lines().next().unwrap().unwrap_err();
        assert!(stream.num_bytes_downloaded() < 2 << 20);
        Err::<(), _>(error)
    });
    assert_eq!(error.reason(), Some(Reason::LineTooLong));
    endless.wait_until(|server| server.left() == 1);
}

#[test]
fn trailers_are_known_at_the_end() {
    let sent =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n";
    let server = Server::always(sent);
    let client = client();
    let answer = client.get(server.url("/")).send().unwrap();
    let trailers = answer.trailers().unwrap();
    assert_eq!(trailers.get("x-sum").as_deref(), Some("7"));
    assert_eq!(answer.headers().get("x-sum"), None);
}

/// RES-02: the version as text, whoever the response came from.
#[test]
fn versions_as_text() {
    use papilio::Version;

    for (version, text) in [
        (Version::HTTP_10, "HTTP/1.0"),
        (Version::HTTP_11, "HTTP/1.1"),
        (Version::HTTP_2, "HTTP/2"),
    ] {
        let response = Response::builder(200).version(version).text("");
        assert_eq!(
            (response.version(), response.http_version()),
            (version, text)
        );
    }
    assert_eq!(Response::builder(200).text("").http_version(), "HTTP/1.1");
    let old = Server::replies(["HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"]);
    assert_eq!(
        Client::new()
            .get(old.url("/"))
            .send()
            .unwrap()
            .http_version(),
        "HTTP/1.0"
    );
}
