//! Errors: every kind that can be provoked, what it says, and what can be asked of it.

use std::error::Error as StdError;
use std::time::Duration;

use super::driver::{
    Body, Client, Error, Headers, Kind, Phase, QueryParams, Reason, Request, Response,
    ResponseLimits, Result, Timeout, Url, streamed,
};

#[cfg(feature = "tls")]
use super::common::fails_on;
use super::common::{client, fails, one_slot};
use crate::server::{BlackHole, Refused, Script, Server, ok, script};

const BRIEF: Duration = Duration::from_millis(50);

/// The URL with a name and a password in it.
fn with_secret(url: &str) -> String {
    url.replacen("://", "://user:s3cret@", 1)
}

/// One line that names the fact, the phase and the request, and no secret anywhere in the error.
#[track_caller]
fn check(error: &Error, kind: Kind, reason: Option<Reason>, phase: Option<Phase>, fact: &str) {
    assert_eq!(
        (error.kind(), error.reason(), error.phase()),
        (kind, reason, phase),
        "{error:?}"
    );
    let said = error.to_string();
    assert_eq!(said.lines().count(), 1, "{said:?}");
    assert!(!said.chars().any(char::is_control), "{said:?}");
    assert!(said.contains(fact), "{said:?} does not say {fact:?}");
    if let Some(phase) = phase {
        assert!(
            said.contains(&phase.to_string()),
            "{said:?} does not say {phase:?}"
        );
    }
    let url = error.url().expect("the URL of the request");
    let line = format!("({} {})", error.method().unwrap(), url.masked());
    assert!(said.ends_with(&line), "{said:?} does not end in {line:?}");
    assert!(line.contains("user:[secure]@"), "{line}");
    assert_no_secret(error);
}

#[track_caller]
fn assert_no_secret(error: &Error) {
    let mut texts = vec![
        format!("{error}"),
        format!("{error:?}"),
        format!("{error:#?}"),
    ];
    let mut source = error.source();
    while let Some(error) = source {
        texts.extend([error.to_string(), format!("{error:?}")]);
        source = error.source();
    }
    for text in texts {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

/// What a client with a single slot says to a server with this script; the client is as good as new afterwards.
#[track_caller]
fn provoked(script: Script, attempt: impl FnOnce(&Client, &str) -> Result<()>) -> Error {
    let server = Server::start(script);
    let url = with_secret(&server.url("/x?q"));
    let error = fails(|client| attempt(client, &url));
    server.wait_until(|server| server.open() == 0);
    error
}

fn get(client: &Client, url: &str) -> Result<()> {
    client
        .get(url)
        .timeout(Timeout::default().read(BRIEF))
        .send()
        .map(drop)
}

/// ERR-06: what a peer does that breaks HTTP.
#[test]
fn broken_protocols() {
    use Phase::{Body, Head};
    use Reason::{
        BadChunk, BadFraming, BadHeader, BadStatusLine, BadTrailer, HeadTooLarge, Incomplete,
        TooManyInterim, UnexpectedUpgrade,
    };
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases: Vec<(String, Reason, Phase, &str)> = vec![
        ("SSH-2.0-OpenSSH\r\n".into(), BadStatusLine, Head, ""),
        ("\x16\x03\x01\x02\0".into(), BadStatusLine, Head, "TLS"),
        (
            "HTTP/1.1 200 OK\r\nA\x1b[31m: b\r\n\r\n".into(),
            BadHeader,
            Head,
            r"\x1b[31m",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n".into(),
            BadFraming,
            Head,
            "Content-Length",
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(5000)),
            HeadTooLarge,
            Head,
            "4096",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\n".repeat(40),
            TooManyInterim,
            Head,
            "33 interim responses",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\n\r\n".into(),
            UnexpectedUpgrade,
            Head,
            "switched protocols",
        ),
        ("HTTP/1.1 200 OK\r\nConte".into(), Incomplete, Head, ""),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".into(),
            Incomplete,
            Body,
            "10",
        ),
        (format!("{chunked}3\r\nabc\r\n"), Incomplete, Body, ""),
        (format!("{chunked}xyz\r\n"), BadChunk, Body, "'x'"),
        (
            format!("{chunked}0\r\nA b: c\r\n\r\n"),
            BadTrailer,
            Body,
            "",
        ),
    ];
    for (sent, reason, phase, fact) in cases {
        let error = provoked(script().read().send(&sent).close(), get);
        check(
            &error,
            Kind::RemoteProtocol,
            Some(reason),
            Some(phase),
            fact,
        );
        assert!(error.request().is_some() || phase == Body);
    }
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
    let error = provoked(script().read().send(cut).close(), get);
    assert_eq!(error.bytes_received(), Some(3));
    assert_eq!(error.bytes_expected(), Some(10));
}

/// ERR-06: the network fails.
#[test]
fn broken_connections() {
    let gone = provoked(script().read().close(), get);
    let reason = Some(Reason::ServerDisconnected);
    check(&gone, Kind::Read, reason, Some(Phase::Head), "isconnected");
    let reset = provoked(script().read().reset(), get);
    check(&reset, Kind::Read, reason, Some(Phase::Head), "reset");
    assert!(reset.source().is_some());
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
    let begun = script().read().send(begun).sleep(BRIEF / 5).reset();
    let reset = provoked(begun, |client, url| client.get(url).send().map(drop));
    check(&reset, Kind::Read, None, Some(Phase::Body), "reset");

    let large = || Body::iter(std::iter::repeat_n(vec![0; 64 << 10], 1000));
    let dead = script().read_head().sleep(BRIEF / 5).reset();
    let error = provoked(dead, |client, url| {
        client.post(url).body(large()).send().map(drop)
    });
    check(
        &error,
        Kind::Write,
        None,
        Some(Phase::Send),
        "sending failed",
    );
    assert!(error.source().is_some());

    let refused = Refused::port();
    let error = fails(|client| client.get(with_secret(&refused.url("/"))).send());
    check(
        &error,
        Kind::Connect,
        None,
        Some(Phase::Connect),
        &refused.address().to_string(),
    );
    assert!(error.source().is_some());
    // Longer than any name: looked up in vain without asking anybody.
    let nowhere = format!("http://user:s3cret@{}.invalid/", "a".repeat(64));
    let error = fails(|client| client.get(&nowhere).send());
    check(
        &error,
        Kind::Connect,
        Some(Reason::Dns),
        Some(Phase::Lookup),
        "cannot be looked up",
    );
}

/// ERR-06
#[cfg(feature = "tls")]
#[test]
fn broken_tls() {
    use crate::server::tls::{Identity, ca_pem};
    let cases = [
        (Identity::WrongName, Reason::CertificateName),
        (Identity::Expired, Reason::CertificateExpired),
        (Identity::SelfSigned, Reason::CertificateUnknownIssuer),
    ];
    for (identity, reason) in cases {
        let server = Server::start_tls(script().serve(|_| ok("")), identity);
        let client = one_slot().add_root_certificate(ca_pem()).build().unwrap();
        let url = with_secret(&server.url("/"));
        let error = fails_on(&client, |client| client.get(&url).send());
        check(&error, Kind::Connect, Some(reason), Some(Phase::Tls), "");
        assert!(server.seen().is_empty());
    }
    let silent = Server::start(script().drain());
    let url = with_secret(&silent.url("/")).replace("http:", "https:");
    let brief = Timeout::default().connect(BRIEF);
    let error = fails(|client| client.get(&url).timeout(brief).send());
    check(&error, Kind::ConnectTimeout, None, Some(Phase::Tls), "50ms");
}

/// ERR-06, TMO-11
#[test]
fn silence() {
    let silent = || script().read().drain();
    let wait = |timeout: Timeout| {
        move |client: &Client, url: &str| client.get(url).timeout(timeout).send().map(drop)
    };
    let default = Timeout::default();
    let mut errors = Vec::new();

    let error = provoked(silent(), wait(default.read(BRIEF)));
    check(&error, Kind::ReadTimeout, None, Some(Phase::Head), "50ms");
    errors.push(error);
    let begun = script()
        .read()
        .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        .drain();
    let error = provoked(begun, wait(default.read(BRIEF)));
    check(&error, Kind::ReadTimeout, None, Some(Phase::Body), "50ms");
    let error = provoked(silent(), wait(default.total(BRIEF)));
    check(
        &error,
        Kind::TotalTimeout,
        None,
        Some(Phase::Head),
        "total limit of 50ms",
    );

    let stuffed = Server::start(script().read_head().stall());
    let url = with_secret(&stuffed.url("/"));
    let large = Body::iter(std::iter::repeat_n(vec![0; 64 << 10], 1000));
    let error = fails(|client| {
        client
            .post(&url)
            .body(large)
            .timeout(default.write(BRIEF))
            .send()
    });
    check(&error, Kind::WriteTimeout, None, Some(Phase::Send), "50ms");
    errors.push(error);

    let server = Server::start(silent());
    let url = with_secret(&server.url("/"));
    let busy = Server::start(script().read().send("HTTP/1.1 200 OK\r\n\r\n").drain());
    let error = fails(|client| {
        let _holding = client.get(busy.url("/")).stream()?;
        client.get(&url).timeout(default.pool(BRIEF)).send()
    });
    check(&error, Kind::PoolTimeout, None, Some(Phase::Pool), "50ms");
    errors.push(error);

    if cfg!(target_os = "linux") {
        let hole = BlackHole::start();
        let url = with_secret(&hole.url("/"));
        let error = fails(|client| client.get(&url).timeout(default.connect(BRIEF)).send());
        check(
            &error,
            Kind::ConnectTimeout,
            None,
            Some(Phase::Connect),
            "50ms",
        );
        errors.push(error);
    }
    for error in errors {
        assert!(error.is_timeout());
        assert!(error.request().is_some());
    }
}

/// ERR-06: the caller's own doing, found before anything is sent.
#[test]
fn the_callers_fault() {
    let server = Server::each([]);
    let url = with_secret(&server.url("/"));
    type Attempt<'a> = &'a dyn Fn(&Client) -> Result<Response>;
    let send = Some(Phase::Send);
    let cases: [(Kind, Option<Phase>, &str, Attempt<'_>); 4] = [
        (Kind::UnsupportedProtocol, None, "ftp://", &|client| {
            client.get("ftp://user:s3cret@e.com/").send()
        }),
        (Kind::LocalProtocol, send, "Host", &|client| {
            client.send(Request::raw("GET", &url, Body::empty())?)
        }),
        (Kind::LocalProtocol, send, "multiple Host", &|client| {
            client
                .get(&url)
                .header("Host", "a")
                .header("Host", "b")
                .send()
        }),
        (Kind::LocalProtocol, send, "request target", &|client| {
            client.get(&url).target("/a b").send()
        }),
    ];
    for (kind, phase, fact, attempt) in cases {
        let error = fails(attempt);
        check(&error, kind, None, phase, fact);
        assert!(error.request().is_some());
    }
    let consumed = fails(|client| {
        let good = Server::always(ok(""));
        let request = client
            .post(with_secret(&good.url("/")))
            .body(Body::iter(["a"]))
            .build()?;
        let sent = client.send(request)?.into_request().unwrap();
        client.send(sent)
    });
    check(&consumed, Kind::StreamConsumed, None, None, "Body::factory");
    let closed = client();
    closed.close();
    let error = closed.get(&url).send().unwrap_err();
    check(&error, Kind::ClientClosed, None, None, "closed");
    let failing = || Body::try_iter([Ok("a"), Err("the disk is full")]);
    let error = provoked(script().read(), |client, url| {
        client.post(url).body(failing()).send().map(drop)
    });
    check(
        &error,
        Kind::Body,
        None,
        Some(Phase::Send),
        "request body failed",
    );
    assert_eq!(server.connections(), 0);
}

/// ERR-06: what is wrong with the content.
#[test]
fn bad_content() {
    let coded = |coding: &str| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Encoding: {coding}\r\n\r\nabc"
        );
        script().read().send(head).drain()
    };
    if cfg!(feature = "gzip") {
        let error = provoked(coded("gzip"), get);
        check(&error, Kind::Decoding, None, Some(Phase::Body), "gzip");
    }
    let error = provoked(coded("a,b,c,d,e,f"), get);
    check(
        &error,
        Kind::Decoding,
        Some(Reason::TooManyCodings),
        Some(Phase::Head),
        "6 content codings",
    );
    let server = Server::always(ok("too much"));
    let limits = ResponseLimits::default().body(5);
    let client = one_slot().response_limits(limits).build().unwrap();
    let url = with_secret(&server.url("/"));
    let error = client.get(&url).send().unwrap_err();
    check(
        &error,
        Kind::Limit,
        Some(Reason::BodyTooLarge),
        Some(Phase::Head),
        "5",
    );
    #[cfg(feature = "json")]
    {
        let error = self::client()
            .get(&url)
            .send()
            .unwrap()
            .json::<u8>()
            .unwrap_err();
        check(&error, Kind::Json, None, None, "not valid JSON");
        assert!(error.source().is_some());
    }
}

/// Kinds that belong to no request under way.
#[test]
fn errors_without_a_request() {
    let parse = |url: &str| Url::parse(url).unwrap_err();
    let cases = [
        (parse("http://h:x/"), Kind::InvalidUrl, "Invalid port: 'x'"),
        (
            client().get("http://[::1").build().unwrap_err(),
            Kind::InvalidUrl,
            "",
        ),
        (
            Client::builder()
                .default_encoding("klingon")
                .build()
                .unwrap_err(),
            Kind::Config,
            "klingon",
        ),
        (
            Headers::new().append("a b", "").unwrap_err(),
            Kind::LocalProtocol,
            "'a b'",
        ),
        (
            Body::file("/no/such/file").unwrap_err(),
            Kind::Body,
            "/no/such/file",
        ),
        (
            Request::raw("GET", "http://e.com", Body::reader(&b""[..]))
                .unwrap()
                .content()
                .unwrap_err(),
            Kind::RequestNotRead,
            "stream",
        ),
        (
            Response::builder(200)
                .text("x")
                .set_encoding("klingon")
                .unwrap_err(),
            Kind::Config,
            "klingon",
        ),
    ];
    for (error, kind, fact) in cases {
        assert_eq!(error.kind(), kind);
        assert!(error.url().is_none() && error.method().is_none() && error.phase().is_none());
        let said = error.to_string();
        assert!(said.contains(fact) && said.lines().count() == 1, "{said}");
    }
    #[cfg(feature = "tls")]
    {
        let error = Client::builder()
            .verify("/no/such.pem")
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Tls);
        assert!(error.to_string().contains("/no/such.pem"));
        assert!(error.source().is_some());
    }
}

/// ERR-01
#[test]
fn one_type_that_can_go_anywhere() {
    fn goes_anywhere<T: StdError + Send + Sync + 'static>() {}
    goes_anywhere::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    let error = Error::new(Kind::Connect, "outer").with_source(Error::new(Kind::Read, "inner"));
    assert_eq!(error.source().unwrap().to_string(), "inner");
    assert!(error.source().unwrap().downcast_ref::<Error>().is_some());
    let reasoned = Error::new(Kind::RemoteProtocol, "x").with_reason(Reason::BadChunk);
    assert_eq!(reasoned.reason(), Some(Reason::BadChunk));

    let refused = Refused::port();
    let error = client()
        .put(refused.url("/a"))
        .body("b")
        .send()
        .unwrap_err();
    let request = error.request().unwrap();
    assert_eq!(
        (request.method.as_str(), request.content().unwrap()),
        ("PUT", &b"b"[..])
    );
    assert_eq!(error.url().unwrap().as_str(), refused.url("/a"));
    assert!(error.response().is_none());
    let server = Server::always("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nhm");
    let error = client()
        .get(server.url("/"))
        .send()
        .unwrap()
        .error_for_status()
        .unwrap_err();
    assert_eq!(error.response().unwrap().text(), "hm");
    assert_eq!(error.into_response().unwrap().status(), 404);
}

const KINDS: &[(Kind, &str)] = &[
    (Kind::ConnectTimeout, "ConnectTimeout"),
    (Kind::ReadTimeout, "ReadTimeout"),
    (Kind::WriteTimeout, "WriteTimeout"),
    (Kind::PoolTimeout, "PoolTimeout"),
    (Kind::Connect, "ConnectError"),
    (Kind::Read, "ReadError"),
    (Kind::Write, "WriteError"),
    (Kind::Close, "CloseError"),
    (Kind::LocalProtocol, "LocalProtocolError"),
    (Kind::RemoteProtocol, "RemoteProtocolError"),
    (Kind::Proxy, "ProxyError"),
    (Kind::UnsupportedProtocol, "UnsupportedProtocol"),
    (Kind::Decoding, "DecodingError"),
    (Kind::TooManyRedirects, "TooManyRedirects"),
    (Kind::Status, "HTTPStatusError"),
    (Kind::InvalidUrl, "InvalidURL"),
    (Kind::CookieConflict, "CookieConflict"),
    (Kind::StreamConsumed, "StreamConsumed"),
    (Kind::StreamClosed, "StreamClosed"),
    (Kind::ResponseNotRead, "ResponseNotRead"),
    (Kind::RequestNotRead, "RequestNotRead"),
    (Kind::Auth, "AuthError"),
    (Kind::Config, "ConfigError"),
    (Kind::Tls, "TLSError"),
    (Kind::Json, "JSONError"),
    (Kind::ClientClosed, "ClientClosed"),
    (Kind::Body, "BodyError"),
    (Kind::Limit, "LimitError"),
    (Kind::Cancelled, "Cancelled"),
    (Kind::TotalTimeout, "TotalTimeout"),
    (Kind::Custom, "CustomError"),
];

/// ERR-08
#[test]
fn kinds_have_the_names_of_httpx() {
    for (kind, name) in KINDS {
        assert_eq!(kind.name(), *name);
        assert_eq!(kind.to_string(), *name);
    }
}

/// ERR-02, ERR-03
#[test]
fn the_tree_of_kinds() {
    type Test = fn(&Error) -> bool;
    let tree: [(&str, Test, &[Kind]); 8] = [
        (
            "timeout",
            Error::is_timeout,
            &[
                Kind::ConnectTimeout,
                Kind::ReadTimeout,
                Kind::WriteTimeout,
                Kind::PoolTimeout,
                Kind::TotalTimeout,
            ],
        ),
        (
            "network",
            Error::is_network,
            &[Kind::Connect, Kind::Read, Kind::Write, Kind::Close],
        ),
        (
            "protocol",
            Error::is_protocol,
            &[Kind::LocalProtocol, Kind::RemoteProtocol, Kind::Auth],
        ),
        (
            "connect",
            Error::is_connect,
            &[Kind::Connect, Kind::ConnectTimeout],
        ),
        ("status", Error::is_status, &[Kind::Status]),
        (
            "stream",
            Error::is_stream,
            &[
                Kind::StreamConsumed,
                Kind::StreamClosed,
                Kind::ResponseNotRead,
                Kind::RequestNotRead,
            ],
        ),
        // Besides timeouts, network and protocol errors.
        (
            "transport",
            Error::is_transport,
            &[Kind::Proxy, Kind::UnsupportedProtocol],
        ),
        // Besides transport errors.
        (
            "request",
            Error::is_request,
            &[
                Kind::Decoding,
                Kind::TooManyRedirects,
                Kind::Limit,
                Kind::Cancelled,
                Kind::Body,
            ],
        ),
    ];
    for (kind, _) in KINDS {
        let error = Error::new(*kind, "made up");
        let lower = error.is_timeout() || error.is_network() || error.is_protocol();
        for (name, test, kinds) in tree {
            let inherited = match name {
                "transport" => lower,
                "request" => error.is_transport(),
                _ => false,
            };
            assert_eq!(
                test(&error),
                inherited || kinds.contains(kind),
                "{name} {kind}"
            );
        }
        assert_eq!(error.is_http(), error.is_request() || error.is_status());
    }
}

/// Text and bytes made to upset.
fn nasty() -> Vec<String> {
    let mut all: Vec<String> = [
        "",
        " ",
        "\0",
        "\r\n",
        "%",
        "%%%",
        "%zz",
        "http://",
        "http://[",
        "http://[::1",
        "http://a:b:c",
        "://",
        "http://u:p@",
        "?",
        "#",
        "é",
        "http://é..x",
        "a\u{202e}b",
        "\u{FEFF}",
        "=",
        "&&==",
        "text/plain; charset=\"",
        "charset*=''%",
        "99999999999999999999",
        "-1",
        "\u{10FFFF}",
        "http://999.1.1.1",
        "//",
        "a:b",
        "http:/x",
        "..",
        ";",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push("a".repeat(100_000));
    all.push("%".repeat(70_000));
    // A small generator: the same text in every run.
    let mut state = 0x2545_F491_u64;
    for _ in 0..500 {
        let length = state % 24;
        let mut text = String::new();
        for _ in 0..length {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let pick = (state >> 33) as u32;
            let c = match pick % 4 {
                0 => char::from_u32(pick / 4 % 0x11_0000),
                1 => "/:?#[]@%=&;.\\\"".chars().nth(pick as usize / 4 % 14),
                _ => char::from_u32(pick / 4 % 128),
            };
            text.extend(c);
        }
        state = state.rotate_left(7).wrapping_add(99);
        all.push(text);
    }
    all
}

/// ERR-07
#[test]
fn nothing_panics_on_bad_input() {
    let base = Url::parse("http://e.com/a/b?c#d").unwrap();
    let client = client();
    let mut refused = 0;
    for text in nasty() {
        let text = text.as_str();
        let mut tally = |failed: bool| refused += usize::from(failed);
        match Url::parse(text) {
            Ok(url) => {
                let parts = (
                    url.host().into_owned(),
                    url.netloc().to_owned(),
                    url.path().into_owned(),
                );
                assert!(!format!("{url:?}{parts:?}{}", url.masked()).is_empty());
            }
            Err(error) => assert_eq!(error.kind(), Kind::InvalidUrl),
        }
        tally(base.join(text).is_err());
        tally(Headers::from_pairs([(text, text)]).is_err());
        tally(Headers::new().insert("X", text).is_err());
        let params = QueryParams::parse(text)
            .set(text, text)
            .add(text, "x")
            .remove(text);
        assert_eq!(params.get(text), None);
        tally(
            Client::builder()
                .base_url(text)
                .header(text, text)
                .default_encoding(text)
                .build()
                .is_err(),
        );
        tally(client.request(text, "http://e.com").build().is_err());
        let request = client
            .post(text)
            .query(text)
            .header("Host", text)
            .target(text)
            .form(text);
        tally(request.build().is_err());
        tally(
            client
                .get("http://e.com")
                .header("Host", text)
                .target(text)
                .build()
                .is_err(),
        );
        let mut response = Response::builder(200)
            .header("Content-Type", text)
            .text(text);
        tally(response.set_encoding(text).is_err());
        tally(response.text_with_encoding(text).is_err());
        assert!(response.text().len() + response.iter_lines().count() < 1 << 20);
        #[cfg(feature = "json")]
        tally(response.json::<serde_json::Value>().is_err());
        let coded = Response::builder(200).header("Content-Encoding", text);
        let mut coded = streamed(coded, &b"abc"[..]);
        tally(coded.iter_bytes().any(|piece| piece.is_err()));
    }
    assert!(refused > 1000, "{refused}");
}

/// ERR-07: a server may send anything at all.
#[test]
fn nothing_panics_on_what_a_server_sends() {
    let client = one_slot()
        .timeout(Timeout::all(BRIEF * 20))
        .build()
        .unwrap();
    for (number, text) in nasty().into_iter().enumerate().filter(|(n, _)| n % 10 == 0) {
        let sent = match number % 3 {
            0 => text,
            1 => format!("HTTP/1.1 200 {text}\r\n\r\n{text}"),
            _ => {
                format!("HTTP/1.1 200 OK\r\nX: {text}\r\nTransfer-Encoding: chunked\r\n\r\n{text}")
            }
        };
        let server = Server::start(script().read().send(sent).close());
        match client.get(server.url("/")).send() {
            Ok(response) => assert_eq!(response.status(), 200),
            Err(error) => assert!(error.is_request(), "{error:?}"),
        }
    }
    super::common::clean_after(&client);
}
