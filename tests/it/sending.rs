//! Requests as the wire sees them: every byte that leaves, and what must never leave.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::driver::{
    Body, Client, Headers, Kind, Limits, Method, QueryParams, Request, RequestBuilder, Timeout, Url,
};
use crate::alone::alone;
use crate::server::{Server, ok, response, script};

const SECOND: Duration = Duration::from_secs(1);

fn bare() -> Client {
    let mut client = Client::builder().timeout(5 * SECOND).build().unwrap();
    client.headers_mut().clear();
    client
}

/// H1-01, H1-05, H1-06, H1-09, H1-10, VEC-30, VEC-31: the exact bytes. Nothing is added, nothing is moved but `Host`.
#[test]
fn exact_bytes() {
    let server = Server::echo();
    let client = bare();
    let url = server.url("/a b?x=é#f");
    let host = format!("127.0.0.1:{}", server.port());
    let stream = || Body::iter(["a", "", "bc"]);
    let cases = [
        (
            client.request("get", &url),
            format!("GET /a%20b?x=%C3%A9 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ),
        (
            client
                .request(Method::from_bytes(b"odd!").unwrap(), &url)
                .header("X-One", "1")
                .header("hOST", "h"),
            "odd! /a%20b?x=%C3%A9 HTTP/1.1\r\nhOST: h\r\nX-One: 1\r\n\r\n".to_owned(),
        ),
        (
            client
                .post(&url)
                .body("hello")
                .header("Expect", "100-continue"),
            format!(
                "POST /a%20b?x=%C3%A9 HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
            ),
        ),
        (
            client.post(&url).body(stream()),
            format!(
                "POST /a%20b?x=%C3%A9 HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n\
                 1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
            ),
        ),
        (
            client.put(&url).body(Body::iter([vec![b'x'; 26]])),
            format!(
                "PUT /a%20b?x=%C3%A9 HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n\
                 1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n"
            ),
        ),
        (
            client
                .post(&url)
                .body(stream())
                .header("Content-Length", "3"),
            format!(
                "POST /a%20b?x=%C3%A9 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\n\r\nabc"
            ),
        ),
        (
            client.request("GET", server.url("")),
            format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ),
    ];
    for (request, expected) in cases {
        let response = request.send().unwrap();
        assert_eq!(response.text(), expected);
    }
    let mut by_hand = Request::new("GET", server.url("/")).unwrap();
    by_hand.headers.append("x", "y").unwrap();
    let expected = format!("GET / HTTP/1.1\r\nHost: {host}\r\nx: y\r\n\r\n");
    assert_eq!(Client::new().send(by_hand).unwrap().text(), expected);
    let defaults = Client::new()
        .post(&url)
        .header("X-One", "1")
        .header("Host", "h")
        .body(stream())
        .send()
        .unwrap();
    let text = defaults.text();
    let coding = text
        .lines()
        .find(|line| line.starts_with("Accept-Encoding"))
        .map(|line| format!("{line}\r\n"));
    let expected = format!(
        "POST /a%20b?x=%C3%A9 HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n{}Connection: keep-alive\r\n\
         User-Agent: papilio/{}\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
        coding.unwrap_or_default(),
        env!("CARGO_PKG_VERSION"),
    );
    assert_eq!(text, expected);
    assert_eq!(server.connections(), 3, "one for each client");
}

/// H1-06: the head and a small body leave in one write, so the server reads them in one piece.
#[test]
fn one_segment() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut pieces = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = socket.read(&mut buffer) {
            pieces.push(buffer[..count].to_vec());
            if buffer[..count].ends_with(b"end") {
                socket.write_all(&ok("")).unwrap();
            }
        }
        pieces
    });
    let client = bare();
    let bodies: Vec<String> = (0..20).map(|n| "x".repeat(n * 300) + "end").collect();
    for body in &bodies {
        client.post(&url).body(body.as_str()).send().unwrap();
    }
    drop(client);
    let pieces = server.join().unwrap();
    assert_eq!(pieces.len(), bodies.len(), "one read a request");
    for (piece, body) in pieces.iter().zip(&bodies) {
        assert!(piece.starts_with(b"POST / HTTP/1.1\r\n") && piece.ends_with(body.as_bytes()));
    }
}

/// SEC-201, SEC-202, SEC-207, SEC-209, SEC-210, SEC-211, H1-01, H1-02, H1-03, H1-04: refused with `LocalProtocol`
/// before a connection is opened.
#[test]
fn refused_before_connecting() {
    let server = Server::always(ok(""));
    let client = Client::builder().timeout(5 * SECOND).build().unwrap();
    let url = server.url("/");
    let get = || client.request("GET", &url);
    let mut cases = Cases::new();
    for method in [
        "",
        "G ET",
        "GET\r\nX: y",
        "GET\n",
        "GET\0",
        "GÉT",
        "G:T",
        "G/T",
        "\tGET",
    ] {
        cases.push((format!("method {method:?}"), client.request(method, &url)));
    }
    for value in ["a\rb", "a\nb", "a\r\nX: y", "a\0", "\x01", "a\x7f"] {
        cases.push((format!("value {value:?}"), get().header("X-A", value)));
        cases.push((format!("host {value:?}"), get().header("Host", value)));
    }
    for name in [
        "", "a b", "a:b", "a\r\nb", "a\0", "ä", " a", "a ", "a\t", "(a)",
    ] {
        cases.push((format!("name {name:?}"), get().header(name, "v")));
    }
    for host in ["a/b", "a@b", "a#b", "a?b", "a b", "a\\b", "a%b\"", "é"] {
        cases.push((format!("host {host:?}"), get().header("Host", host)));
    }
    cases.push((
        "two hosts".into(),
        get().header("Host", "a").header("host", "a"),
    ));
    for target in ["", "a b", "/\r\n", "/\0", "/é", "/a#b", "*"] {
        cases.push((format!("target {target:?}"), get().target(target)));
    }
    cases.push(("1 MiB".into(), get().header("X", vec![b'a'; 1 << 20])));
    let mut many = get();
    for _ in 0..70_000 {
        many = many.header("X-Some", "16 bytes");
    }
    cases.push(("many fields".into(), many));
    all_refused(cases);
    let nothing = Request::raw("GET", &url, Body::empty()).unwrap();
    assert_eq!(
        client.send(nothing).unwrap_err().kind(),
        Kind::LocalProtocol,
        "no Host"
    );
    assert!(
        Client::builder().header("X", "a\r\nb").build().is_err(),
        "a default header"
    );
    assert!(
        Client::builder().user_agent("a\nb").build().is_err(),
        "the user agent"
    );
    assert_eq!(server.connections(), 0);
}

/// SEC-207, H1-04: so are framings that two readers could read in two ways.
#[test]
fn refused_framings() {
    let server = Server::always(ok(""));
    let client = Client::builder().timeout(5 * SECOND).build().unwrap();
    let url = server.url("/");
    let get = || client.request("GET", &url);
    let post = || client.post(&url).body("hello");
    let mut cases = Cases::new();
    for length in [
        "4",
        "6",
        "",
        "+5",
        "5, 6",
        "0x5",
        "5 5",
        "-5",
        "99999999999999999999999",
    ] {
        cases.push((
            format!("length {length:?}"),
            post().header("content-LENGTH", length),
        ));
    }
    let lengths = post()
        .header("Content-Length", "5")
        .header("content-length", "6");
    cases.push(("two lengths".into(), lengths));
    for coding in [
        "gzip",
        "identity",
        "",
        "chunked, chunked",
        "gzip, chunked",
        "chunked;x=y",
    ] {
        cases.push((
            format!("coding {coding:?}"),
            post().header("Transfer-Encoding", coding),
        ));
    }
    let codings = post()
        .header("Transfer-Encoding", "chunked")
        .header("transfer-encoding", "chunked");
    cases.push(("two codings".into(), codings));
    for (length, coding) in [
        ("Content-Length", "Transfer-Encoding"),
        ("CONTENT-length", "transfer-ENCODING"),
    ] {
        let both = post().header(length, "5").header(coding, "chunked");
        cases.push((format!("{length} and {coding}"), both));
        let other_order = post().header(coding, "chunked").header(length, "5");
        cases.push((format!("{coding} and {length}"), other_order));
    }
    let stated = get().header("Content-Length", "5");
    cases.push(("a length and no body".into(), stated));
    all_refused(cases);
    assert_eq!(server.connections(), 0);
}

type Cases<'a> = Vec<(String, RequestBuilder<&'a Client>)>;

fn all_refused(cases: Cases<'_>) {
    for (what, request) in cases {
        let error = request.send().expect_err(&what);
        assert_eq!(error.kind(), Kind::LocalProtocol, "{what}: {error}");
        assert!(
            !error.to_string().contains(['\r', '\n', '\0']),
            "{what}: {error:?}"
        );
    }
}

/// H1-02, H1-04, SEC-207: what is allowed, and the one framing field it becomes.
#[test]
fn allowed_framings() {
    let server = Server::echo();
    let client = bare();
    let empty_host = client
        .get(server.url("/"))
        .header("Host", "")
        .send()
        .unwrap();
    assert_eq!(empty_host.text(), "GET / HTTP/1.1\r\nHost: \r\n\r\n");
    let url = server.url("/");
    let post = || client.post(&url).header("Host", "h").body("hello");
    let cases = [
        (
            post().header("Content-Length", "5"),
            "Content-Length: 5\r\n\r\nhello",
        ),
        (
            post().header("Content-Length", "5, 5"),
            "Content-Length: 5\r\n\r\nhello",
        ),
        (
            post()
                .header("Content-Length", "5")
                .header("content-length", "5"),
            "Content-Length: 5\r\n\r\nhello",
        ),
        (
            post().header("Transfer-Encoding", "Chunked"),
            "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ),
    ];
    for (request, expected) in cases {
        let text = request.send().unwrap();
        let text = text.text();
        assert_eq!(
            text.strip_prefix("POST / HTTP/1.1\r\nHost: h\r\n"),
            Some(expected)
        );
    }
}

/// SEC-203, SEC-204: hosts and ports that are none are refused; nothing that could end a line or begin a part of its
/// own gets from a URL to the wire as it is.
#[test]
fn urls_on_the_wire() {
    let server = Server::echo();
    let client = bare();
    let port = server.port();
    let hosts = [
        "127.0.0.1%2F",
        "127.0.0.1%00",
        "127.0.0.1\\",
        "a b",
        "a\r\nb",
        "a\0b",
        "[127.0.0.1]",
        "[::1",
        "::1]",
        "[::1%25eth0",
        "a<b",
        "a|b",
        "a^b",
        "1.2.3.4.5",
        "0x7f.1",
        "256.1.1.1",
        "127.1",
    ];
    for host in hosts {
        let url = format!("http://{host}:{port}/");
        let error = client.get(url.as_str()).send().expect_err(&url);
        assert_eq!(error.kind(), Kind::InvalidUrl, "{url}: {error}");
    }
    for url in [
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:8 0/",
        "http://127.0.0.1:+80/",
    ] {
        assert_eq!(
            client.get(url).send().unwrap_err().kind(),
            Kind::InvalidUrl,
            "{url}"
        );
    }
    assert_eq!(server.connections(), 0);
    for odd in [
        "a b", "ü", "\"<>", "💥", "%zz", "a%20b", "\u{a0}", "\u{2028}", "`{|}",
    ] {
        for place in [
            format!("/{odd}"),
            format!("/?{odd}"),
            format!("/#{odd}"),
            format!("/x?q={odd}#{odd}"),
        ] {
            let sent = client.get(server.url(&place)).send().unwrap();
            let text = sent.text();
            let line = text.lines().next().unwrap_or_default();
            let [method, target, version] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{place:?} became {line:?}");
            };
            assert_eq!((method, version), ("GET", "HTTP/1.1"));
            assert!(
                target
                    .bytes()
                    .all(|b| b.is_ascii_graphic() && !b"\"<>#".contains(&b)),
                "{place:?}: {target}"
            );
        }
    }
    for bad in ["\r", "\n", "\t", "\0", "\x1b", "\x7f"] {
        for place in [format!("/{bad}"), format!("/?{bad}"), format!("/a{bad}b?c")] {
            let error = client.get(server.url(&place)).send().expect_err(&place);
            assert_eq!(error.kind(), Kind::InvalidUrl, "{place:?}");
        }
        // As data it is encoded.
        let sent = client
            .get(server.url("/"))
            .query([("k", bad)])
            .send()
            .unwrap();
        let expected = format!("GET /?k=%{:02X} HTTP/1.1", bad.as_bytes()[0]);
        assert_eq!(sent.text().lines().next(), Some(&*expected));
    }
}

/// SEC-205, SEC-209, POOL-01: a password in the URL is never in the target, `Host`, logs or errors, and makes no pool
/// of its own; a `Host` of the caller's moves the connection nowhere.
#[test]
fn where_secrets_and_hosts_go() {
    static LINES: Mutex<String> = Mutex::new(String::new());
    struct Capture;
    impl log::Log for Capture {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            let mut lines = LINES.lock().unwrap();
            *lines += &format!("{} {}\n", record.target(), record.args());
        }
        fn flush(&self) {}
    }
    if !alone(concat!(module_path!(), "::where_secrets_and_hosts_go"), &[]) {
        return;
    }
    log::set_logger(&Capture).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let server = Server::handler(|seen| match &*seen.target {
        "/bad" => b"HTTP/1.1 nonsense\r\n".to_vec(),
        _ => ok(&seen.raw),
    });
    let client = bare();
    let host = format!("127.0.0.1:{}", server.port());
    let url = |path| format!("http://ada:s3same@{host}{path}");
    for _ in 0..2 {
        let sent = client.get(url("/x")).send().unwrap();
        let head = sent.text();
        assert!(
            head.starts_with(&format!("GET /x HTTP/1.1\r\nHost: {host}\r\n")),
            "{head}"
        );
        assert!(!head.contains("s3same") && !format!("{sent:?}").contains("s3same"));
    }
    client.get(server.url("/y")).send().unwrap();
    let moved = client
        .get(server.url("/z"))
        .header("Host", "elsewhere.test")
        .send()
        .unwrap();
    assert!(moved.text().contains("\r\nHost: elsewhere.test\r\n"));
    let secret = client
        .get(server.url("/z"))
        .header("Authorization", "Bearer s3same")
        .header("Cookie", "a=s3same");
    let request = secret.build().unwrap();
    assert!(!format!("{request:?} {:?}", request.headers).contains("s3same"));
    client.send(request).unwrap();
    assert_eq!(server.connections(), 1, "one origin");
    let error = client.get(url("/bad")).send().unwrap_err();
    assert!(
        !format!("{error} {error:?} {client:?}").contains("s3same"),
        "{error:?}"
    );
    assert_eq!(
        error.url().map(Url::password),
        Some("s3same".into()),
        "but it is there"
    );
    let lines = LINES.lock().unwrap();
    assert!(
        lines.contains("send_request_headers.started") && lines.contains("[secure]@"),
        "{lines}"
    );
    assert!(!lines.contains("s3same"), "{lines}");
}

/// SEC-208, FLT-21: a stream that is shorter or longer than was announced, or fails, is an error; the excess is never
/// written, the connection never used again.
#[test]
fn streams_of_the_wrong_length() {
    struct Fails(usize);
    impl Read for Fails {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0 {
                0 => Err(io::Error::other("the disk is gone")),
                left => {
                    let count = left.min(buffer.len());
                    buffer[..count].fill(b'x');
                    self.0 -= count;
                    Ok(count)
                }
            }
        }
    }
    let mut cases: Vec<(Body, Option<usize>, Kind)> = vec![
        (Body::sized(&b"short"[..], 9), None, Kind::LocalProtocol),
        (Body::sized(&b""[..], 9), None, Kind::LocalProtocol),
        (
            Body::sized(io::repeat(b'x'), 100_000),
            None,
            Kind::LocalProtocol,
        ),
        (Body::sized(&b"longer"[..], 3), None, Kind::LocalProtocol),
        (Body::sized(Fails(5), 9), None, Kind::Body),
        (Body::reader(Fails(5)), None, Kind::Body),
    ];
    cases.push((Body::reader(&b"short"[..]), Some(9), Kind::LocalProtocol));
    cases.push((Body::iter(["lon", "ger"]), Some(4), Kind::LocalProtocol));
    for (number, (body, length, kind)) in cases.into_iter().enumerate() {
        let announced = body
            .len()
            .map_or(length, |length| usize::try_from(length).ok());
        let server = Server::always(ok("good"));
        let client = Client::builder()
            .timeout(5 * SECOND)
            .limits(Limits::client().max_connections(1))
            .build()
            .unwrap();
        let mut request = client.post(server.url("/")).body(body);
        if let Some(length) = length {
            request = request.header("Content-Length", length.to_string());
        }
        let error = request.send().expect_err("a wrong length");
        assert_eq!(error.kind(), kind, "case {number}: {error}");
        server.wait_until(|server| server.open() == 0);
        for seen in server.seen() {
            assert!(
                !seen.complete,
                "case {number}: a truncated upload passed for a whole one"
            );
            let most = announced.unwrap_or(usize::MAX);
            assert!(
                seen.body.len() <= most,
                "case {number}: too much was written"
            );
        }
        assert_eq!(client.get(server.url("/")).send().unwrap().text(), "good");
    }
}

/// SEC-133, H1-07, H1-08, VEC-76, FLT-08: the answer that comes while the body is still being sent is delivered, the
/// rest of the body is not sent, and the connection is not used again.
#[test]
fn answers_before_the_end_of_the_upload() {
    let refusal = response("413 Content Too Large", &[], "no");
    let early = script().read_head().send(&refusal);
    let limit = Timeout::all(5 * SECOND);
    let scripts = [
        ("stops reading", early.clone().stall()),
        ("closes", early.clone().close()),
        (
            "closes with unread bytes",
            early
                .sleep(SECOND / 50)
                .half_close()
                .sleep(SECOND / 20)
                .reset(),
        ),
    ];
    for (what, script) in scripts {
        for stream in [false, true] {
            let good = crate::server::script().serve(|_| ok("good"));
            let server = Server::each([script.clone(), good]);
            let client = Client::builder().timeout(limit).build().unwrap();
            let upload = vec![b'x'; 20 << 20];
            let body = if stream {
                Body::reader(io::Cursor::new(upload))
            } else {
                upload.into()
            };
            let started = Instant::now();
            let answer = client.post(server.url("/")).body(body).send().expect(what);
            assert_eq!(
                (answer.status().as_u16(), &*answer.text()),
                (413, "no"),
                "{what}"
            );
            assert!(
                started.elapsed() < 3 * SECOND,
                "{what}: {:?}",
                started.elapsed()
            );
            assert_eq!(client.get(server.url("/")).send().unwrap().text(), "good");
            assert_eq!(server.connections(), 2, "{what}");
        }
    }
    // Nothing was answered: the broken pipe is what there is to tell.
    let server = Server::start(script().read_head().reset());
    let client = Client::builder().timeout(limit).build().unwrap();
    let error = client
        .post(server.url("/"))
        .body(vec![b'x'; 20 << 20])
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Write, "{error}");
    assert_eq!(server.connections(), 1, "a POST is not repeated");
}

/// SEC-133: a whole body that met its answer early leaves the connection good.
#[test]
fn a_whole_upload_keeps_the_connection() {
    let early = script()
        .read_head()
        .send(response("401 Unauthorized", &[], "who?"))
        .read_body()
        .serve(|_| ok("good"));
    let server = Server::start(early);
    let client = Client::builder().timeout(5 * SECOND).build().unwrap();
    let answer = client.post(server.url("/")).body("small").send().unwrap();
    assert_eq!(answer.text(), "who?");
    assert_eq!(client.get(server.url("/")).send().unwrap().text(), "good");
    assert_eq!(server.connections(), 1);
}

/// SEC-215: parameters, forms and JSON are encoded from data; depth is an error, not the end of the stack.
#[test]
fn data_is_encoded() {
    let server = Server::echo();
    let client = bare();
    let nasty = [("a&b=c", "d&e=f#g?h"), ("\r\nX: y", "\0"), ("%41", "+ %")];
    let sent = client.get(server.url("/")).query(nasty).send().unwrap();
    let text = sent.text();
    let query = text
        .split(' ')
        .nth(1)
        .and_then(|target| target.split_once('?'));
    let (_, query) = query.expect("a query");
    assert_eq!(QueryParams::from(query), QueryParams::from(nasty));
    let sent = client.post(server.url("/")).form(nasty).send().unwrap();
    let text = sent.text();
    let (head, form) = text.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("Content-Length: {}", form.len())),
        "{head}"
    );
    assert_eq!(QueryParams::from(form), QueryParams::from(nasty));
    #[cfg(feature = "json")]
    {
        let value = serde_json::json!({"a\"b\r\n": u64::MAX, "c": ["\0", 1e300]});
        let sent = client.post(server.url("/")).json(&value).send().unwrap();
        let text = sent.text();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            body,
            r#"{"a\"b\r\n":18446744073709551615,"c":["\u0000",1e+300]}"#
        );
        let deep = Server::always(ok("[".repeat(1_000_000)));
        let answer = client.get(deep.url("/")).send().unwrap();
        let error = answer.json::<serde_json::Value>().unwrap_err();
        assert_eq!(error.kind(), Kind::Json);
        let huge = Server::always(ok("9".repeat(100_000)));
        let answer = client.get(huge.url("/")).send().unwrap();
        assert_eq!(answer.json::<u64>().unwrap_err().kind(), Kind::Json);
    }
}

/// SEC-201, SEC-202, SEC-203, SEC-207, SEC-215: whatever is put into a request, the server reads exactly that one
/// request, or none was sent.
#[test]
fn random_requests_parse_back() {
    let server = Server::always(ok(""));
    let client = Client::builder().timeout(5 * SECOND).build().unwrap();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut expected = Vec::new();
    for round in 0..600 {
        let base = server.url("/");
        let method = random.pick(&[
            "GET", "POST", "put", "Patch", "DELETE", "X-ODD", "A B", "G\r\n",
        ]);
        let mut request = client
            .request(*method, base + &random.text(6))
            .query([(random.text(4), random.text(4))]);
        for _ in 0..random.below(4) {
            let name = random.pick(&[
                "X-A",
                "x-b",
                "Accept",
                "HOST",
                "Content-Type",
                "a:b",
                "é",
                "TE",
            ]);
            request = request.header(name, random.text(8));
        }
        let data: Vec<u8> = (0..random.below(40))
            .map(|_| random.below(256) as u8)
            .collect();
        let text = random.text(12);
        request = match random.below(6) {
            0 => request.body(data),
            1 => request.body(Body::iter(
                data.chunks(7).map(<[u8]>::to_vec).collect::<Vec<_>>(),
            )),
            2 => request.body(Body::sized(
                io::Cursor::new(data.clone()),
                data.len() as u64,
            )),
            3 => request.form([(text.clone(), text)]),
            4 => request
                .header("Content-Length", random.below(3).to_string())
                .body(data),
            _ => request,
        };
        let Ok(mut request) = request.build() else {
            continue;
        };
        let content = request.body.buffer().unwrap().to_vec();
        let model = Model {
            method: request.method.to_string(),
            target: request.url.raw_path().into_owned(),
            fields: wire_order(&request.headers),
            body: content,
        };
        match client.send(request) {
            Ok(_) => expected.push(model),
            Err(error) => assert_eq!(error.kind(), Kind::LocalProtocol, "round {round}: {error}"),
        }
    }
    let seen = server.seen();
    assert_eq!(seen.len(), expected.len());
    assert!(seen.len() > 100, "{} were sent", seen.len());
    for (seen, model) in seen.into_iter().zip(expected) {
        let seen = Model {
            method: seen.method,
            target: seen.target,
            fields: seen.headers,
            body: seen.body,
        };
        assert_eq!(seen, model);
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Model {
    method: String,
    target: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

fn wire_order(headers: &Headers) -> Vec<(String, String)> {
    let pairs = || {
        headers
            .iter()
            .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()))
    };
    let is_host = |pair: &(String, String)| pair.0.eq_ignore_ascii_case("host");
    pairs()
        .filter(is_host)
        .chain(pairs().filter(|pair| !is_host(pair)))
        .collect()
}

/// Xorshift: the same requests in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn text(&mut self, most: u64) -> String {
        let plain = [
            "a", "B", "7", "/", "?", "=", "&", "%", "%0D%0A", "+", ";", "\"", "é", "💥", ".", "[",
            "@", "|",
        ];
        let nasty = [
            "\r\n",
            "\n",
            "\r",
            "\0",
            "\t",
            " ",
            "\u{7f}",
            "#",
            "HTTP/1.1\r\n\r\n",
            "\\",
        ];
        let any_nasty = self.below(3) == 0;
        (0..self.below(most))
            .map(|_| {
                if any_nasty && self.below(3) == 0 {
                    *self.pick(&nasty)
                } else {
                    *self.pick(&plain)
                }
            })
            .collect()
    }
}
