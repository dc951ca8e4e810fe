//! What comes before a response and behind a body: interim responses, `100 Continue`, trailers; with every client.

use std::io::Read;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use papilio::{
    Body, Client, ClientBuilder, ClientKind, Error, Headers, Informational, Kind, Limits, Reason,
    Request, RequestBuilder, Response, Result, Timeout, Trailers,
};

use super::server::{Script, Server, in_every_pace, ok, response, script};

/// WSH-08, SEC-120: the trailers of a response, in memory and as a stream; they change nothing.
#[test]
fn trailers_of_responses() {
    let tail = "X-Sum: 7\r\nx-sum: 8\r\nContent-Length: 99\r\nConnection: close\r\nSet-Cookie: a=b\r\n\r\n";
    let plain = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n";
    #[cfg_attr(not(feature = "gzip"), expect(unused_mut))]
    let mut answers = vec![[plain, tail].concat().into_bytes()];
    #[cfg(feature = "gzip")]
    {
        let mut coded = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n19\r\n".to_vec();
        coded.extend_from_slice(HELLO);
        coded.extend_from_slice(b"\r\n0\r\n");
        coded.extend_from_slice(tail.as_bytes());
        answers.push(coded);
    }
    let check = |trailers: Option<&Headers>| {
        let trailers = trailers.expect("trailers");
        let sums: Vec<_> = trailers.get_all("X-Sum").collect();
        assert_eq!(sums, ["7", "8"]);
        assert_eq!(trailers.get("Content-Length").as_deref(), Some("99"));
    };
    in_every_pace(|pace| {
        for answer in &answers {
            with_each(&Settings::default(), |client| {
                let once = script().read().send(answer);
                let server = Server::start(once.clone().then(once).then(good()).pace(pace));
                let get = || Request::new("GET", server.url("/")).unwrap();
                let (before, body, after) = client.stream(get());
                assert_eq!((before, &*body), (None, &b"hello"[..]));
                check(after.as_ref());
                let response = client.send(get()).unwrap();
                assert_eq!(response.text(), "hello");
                assert!(!response.headers().contains("X-Sum"));
                check(response.trailers());
                let response = client.is_well(&server);
                assert!(response.trailers().is_none());
                assert_eq!(server.connections(), 1);
                assert_eq!(server.seen()[2].header("cookie"), None);
            });
        }
    });
}

/// WSH-08, H1-05: the exact bytes, whatever kind of body it is, and the connection goes on.
#[test]
fn trailers_of_requests() {
    let sum = || fields([("X-Sum", "7"), ("x-other", "")]);
    let all = "0\r\nX-Sum: 7\r\nx-other: \r\n\r\n";
    let bodies: [(fn() -> Body, &str); 5] = [
        (|| Body::from("hello"), "5\r\nhello\r\n"),
        (|| Body::reader(&b"hello"[..]), "5\r\nhello\r\n"),
        (|| Body::sized(&b"hello"[..], 5), "5\r\nhello\r\n"),
        (|| Body::iter(["he", "", "llo"]), "2\r\nhe\r\n3\r\nllo\r\n"),
        (Body::empty, ""),
    ];
    with_each(&Settings::default(), |client| {
        let server = Server::start(good());
        for (body, chunks) in &bodies {
            let request = post(&server).body(body()).trailers(sum());
            client.send(request.build().unwrap()).unwrap();
            let seen = server.seen().pop().unwrap();
            let raw = String::from_utf8(seen.raw.clone()).unwrap();
            let head = format!(
                "POST / HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, x-other\r\n\r\n",
                server.address()
            );
            assert_eq!(raw, format!("{head}{chunks}{all}"));
        }
        // Known only at the end.
        let count = Arc::new(AtomicU64::new(0));
        let pieces = ["first", "second"].into_iter().inspect({
            let count = Arc::clone(&count);
            move |piece| {
                let _ = count.fetch_add(piece.len() as u64, SeqCst);
            }
        });
        let count = Trailers::computed(["X-Count", "X-Not-Today"], move || {
            Headers::from_pairs([("X-Count", count.load(SeqCst).to_string())])
        });
        let request = post(&server).body(Body::iter(pieces)).trailers(count);
        client.send(request.build().unwrap()).unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.header("trailer"), Some("X-Count, X-Not-Today"));
        assert!(
            seen.raw
                .ends_with(b"6\r\nsecond\r\n0\r\nX-Count: 11\r\n\r\n")
        );
        assert_eq!(server.connections(), 1);
    });
}

/// WSH-08, SEC-207: a length and trailers, or a field that means nothing in them, is refused before anything is sent; what
/// is found only at the end ends the connection.
#[test]
fn trailers_that_cannot_be_sent() {
    let sum = || fields([("X-Sum", "7")]);
    with_each(&Settings::default(), |client| {
        let server = Server::start(good());
        let mut by_hand = Request::new("POST", server.url("/")).unwrap();
        by_hand.body = Body::from("x").with_trailers(sum());
        let raw = Request::raw("POST", server.url("/"), Body::empty().with_trailers(sum()));
        let length = post(&server).body("hello").header("Content-Length", "5");
        let forbidden = Body::from("x").with_trailers(fields([("Host", "example.org")]));
        for request in [
            Ok(by_hand),
            raw,
            length.trailers(sum()).build(),
            post(&server)
                .body("x")
                .trailers(fields([("content-length", "1")]))
                .build(),
            post(&server).body(forbidden).build(),
            post(&server)
                .trailers(Trailers::computed(["a b"], || Ok(Headers::new())))
                .build(),
        ] {
            let error = request
                .and_then(|request| client.send(request))
                .unwrap_err();
            assert_eq!(error.kind(), Kind::LocalProtocol, "{error}");
        }
        assert_eq!(server.connections(), 0);
    });
    with_each(&Settings::default(), |client| {
        for (kind, trailers) in [
            (
                Kind::LocalProtocol,
                Trailers::computed(["A"], || Ok(fields([("B", "1")]))),
            ),
            (
                Kind::Custom,
                Trailers::computed(["A"], || Err(Error::new(Kind::Custom, "no"))),
            ),
        ] {
            let server = then_good(script().read_head().drain());
            let request = post(&server).body(Body::iter(["x"])).trailers(trailers);
            let error = client.send(request.build().unwrap()).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            client.is_well(&server);
        }
    });
}

/// WSH-08, WSH-10, RED-04: what belongs to the body goes with it, or goes when it goes.
#[test]
fn redirects_of_what_belongs_to_the_body() {
    let settings = Settings {
        follow: true,
        ..Settings::default()
    };
    with_each(&settings, |client| {
        for (status, kept) in [("307 Temporary Redirect", true), ("303 See Other", false)] {
            let server = Server::each([script()
                .read_head()
                .send(CONTINUE)
                .read_body()
                .send(response(status, &[("Location", "/next")], ""))
                .read_head()
                .send(CONTINUE)
                .read_body()
                .send(ok("end"))]);
            let request = post(&server)
                .body("x")
                .trailers(fields([("A", "1")]))
                .expect_continue();
            assert_eq!(client.send(request.build().unwrap()).unwrap().text(), "end");
            let last = server.seen().pop().unwrap();
            for name in ["Trailer", "Expect", "Transfer-Encoding"] {
                assert_eq!(last.header(name).is_some(), kept, "{name}");
            }
            assert_eq!(last.raw.ends_with(b"\r\n1\r\nx\r\n0\r\nA: 1\r\n\r\n"), kept);
        }
    });
}

/// WSH-09, SEC-122, H1-27: each as it comes, with its headers; the client's callback first; the connection goes on.
#[test]
fn interim_responses() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\nLink: <a.js>; rel=next\r\nContent-Length: 5\r\n\r\n";
    let answer = [hints, CONTINUE, "HTTP/1.1 102 X\r\nSet-Cookie: a=b\r\n\r\n"].concat();
    let answer = [answer.into_bytes(), ok("final")].concat();
    in_every_pace(|pace| {
        let heard = Heard::default();
        let settings = Settings {
            interim: Some(heard.callback("client")),
            ..Settings::default()
        };
        with_each(&settings, |client| {
            let server = Server::start(script().read().send(&answer).then(good()).pace(pace));
            let mut request = Request::builder("GET", server.url("/page"));
            let mine = heard.callback("request");
            request = request.on_informational(move |interim| mine(interim));
            let response = client.send(request.build().unwrap()).unwrap();
            assert_eq!(response.text(), "final");
            let hints = "103 /page /style.css a.js";
            let expected = [hints, "100 /page", "102 /page"];
            let expected = expected.map(|one| [format!("client {one}"), format!("request {one}")]);
            assert_eq!(heard.take(), expected.concat());
            client.is_well(&server);
            assert_eq!(server.seen()[1].header("cookie"), None);
            assert_eq!((server.connections(), heard.take().len()), (1, 0));
        });
    });
}

/// WSH-09: it is heard before the final response is there; redirects too, and no others than those of this client.
#[test]
fn early_hints_are_early() {
    let heard = Heard::default();
    let settings = Settings {
        interim: Some(heard.callback("client")),
        follow: true,
        ..Settings::default()
    };
    with_each(&settings, |client| {
        let hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
        let moved = response("302 Found", &[("Location", "/b")], "");
        let server = Server::start(
            script()
                .read()
                .send(hints)
                .send(moved)
                .read()
                .send(hints)
                .sleep(SHORT)
                .send(ok("b")),
        );
        let at = Arc::new(Mutex::new(Vec::new()));
        let request = Request::builder("GET", server.url("/a")).on_informational({
            let at = Arc::clone(&at);
            move |_| {
                at.lock().unwrap().push(Instant::now());
                Ok(())
            }
        });
        let response = client.send(request.build().unwrap()).unwrap();
        assert!(at.lock().unwrap()[1].elapsed() >= SHORT - Duration::from_millis(20));
        assert_eq!(heard.take(), ["client 103 /a", "client 103 /b"]);
        assert_eq!(at.lock().unwrap().len(), 2);
        // A request that was sent by that client, with another one.
        let mut again = response.request().unwrap().try_clone().unwrap();
        again.headers.remove("Cookie");
        let server = Server::start(script().read().send(hints).send(ok("")));
        again.url = papilio::Url::parse(&server.url("/")).unwrap();
        Client::new().send(again).unwrap();
        assert_eq!((heard.take().len(), at.lock().unwrap().len()), (0, 3));
    });
}

/// WSH-09: an error ends the request, once, and the connection.
#[test]
fn a_callback_that_refuses() {
    let calls = Arc::new(AtomicUsize::new(0));
    with_each(&Settings::default(), |client| {
        let refuse = {
            let calls = Arc::clone(&calls);
            move |_: &Informational<'_>| {
                calls.fetch_add(1, SeqCst);
                Err(Error::new(Kind::Read, "enough"))
            }
        };
        let bad = [&b"HTTP/1.1 103 Early Hints\r\n\r\n"[..], &ok("x")].concat();
        // On a connection that was used before, where a failed GET is repeated otherwise.
        let server = Server::each([script().read().send(ok("good")).read().send(bad), good()]);
        client.is_well(&server);
        let request = Request::builder("GET", server.url("/")).on_informational(refuse);
        let error = client.send(request.build().unwrap()).unwrap_err();
        assert!(error.to_string().contains("enough"), "{error}");
        assert_eq!(calls.swap(0, SeqCst), 1);
        client.is_well(&server);
        assert_eq!(server.requests_per_connection(), [2, 1]);
    });
}

/// WSH-09, R-LIM-04: a flood is told as far as the limit.
#[test]
fn a_flood_of_interim_responses() {
    let heard = Heard::default();
    let settings = Settings {
        interim: Some(heard.callback("client")),
        ..Settings::default()
    };
    with_each(&settings, |client| {
        for (with_body, read) in [(false, script().read()), (true, script().read_head())] {
            let server = then_good(read.flood("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"));
            let mut request = post(&server);
            if with_body {
                request = request.body("hello").expect_continue();
            }
            let error = client.send(request.build().unwrap()).unwrap_err();
            assert_eq!(error.reason(), Some(Reason::TooManyInterim), "{error}");
            assert_eq!(heard.take().len(), 32);
            client.is_well(&server);
        }
    });
}

/// WSH-10: the head, the word, the body; each alone, and nothing else is different.
#[test]
fn the_body_waits_for_the_word() {
    let hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
    let words = [CONTINUE.to_owned(), format!("{hints}{CONTINUE}")];
    in_every_pace(|pace| {
        for word in &words {
            with_each(&Settings::default(), |client| {
                let server = Server::start(
                    script()
                        .read_head()
                        .sleep(SHORT)
                        .send(word)
                        .read_body()
                        .send(ok("end"))
                        .then(good())
                        .pace(pace),
                );
                let told = Arc::new(Mutex::new(None));
                let body = Body::iter(std::iter::once_with({
                    let told = Arc::clone(&told);
                    move || {
                        *told.lock().unwrap() = Some(Instant::now());
                        "hello"
                    }
                }));
                let began = Instant::now();
                let request = post(&server).body(body).expect_continue().build().unwrap();
                assert_eq!(client.send(request).unwrap().text(), "end");
                let asked = told.lock().unwrap().unwrap();
                assert!(asked - began >= SHORT, "the body did not wait");
                assert!(began.elapsed() < LONG / 2, "the word was not heard");
                assert!(server.only().raw.ends_with(b"\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
                client.is_well(&server);
                assert_eq!(server.connections(), 1);
            });
        }
    });
}

/// WSH-10, H1-09: a header of the caller's own does the same, and there is nothing to wait for without a body.
#[test]
fn headers_of_the_callers_own() {
    with_each(&Settings::default(), |client| {
        let server = Server::start(
            script()
                .read_head()
                .send(CONTINUE)
                .read_body()
                .send(ok(""))
                .then(good()),
        );
        let began = Instant::now();
        let mut request = post(&server).body("hello").header("expect", "100-Continue");
        client.send(request.build().unwrap()).unwrap();
        request = post(&server).header("Expect", "100-continue");
        client.send(request.build().unwrap()).unwrap();
        assert!(began.elapsed() < LONG / 2);
        let seen = server.seen();
        assert!(
            seen[0]
                .raw
                .ends_with(b"\r\nexpect: 100-Continue\r\nContent-Length: 5\r\n\r\nhello")
        );
        assert!(
            seen[1]
                .raw
                .ends_with(b"\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n")
        );
        // Something else that is expected is the server's business.
        let request = post(&server).body("hello").header("Expect", "x=1");
        client.send(request.build().unwrap()).unwrap();
        assert!(began.elapsed() < LONG / 2);
    });
}

/// WSH-10, H1-09: a server that says nothing gets the body when the time is up; the word may come later, or never.
#[test]
fn servers_without_a_word() {
    for (late, wait) in [("", SHORT), (CONTINUE, SHORT), ("", Duration::ZERO)] {
        with_each(&Settings::wait(wait), |client| {
            let server = Server::start(script().read().send(late).send(ok("end")).then(good()));
            let began = Instant::now();
            let request = post(&server).body("hello").expect_continue();
            assert_eq!(client.send(request.build().unwrap()).unwrap().text(), "end");
            assert!(began.elapsed() >= wait && began.elapsed() < LONG / 2);
            assert_eq!(server.only().text(), "hello");
            client.is_well(&server);
            assert_eq!(server.connections(), 1);
        });
    }
}

/// WSH-10, SEC-133: a final answer in place of the word is the answer. The body is not sent, and the connection not used
/// again, whatever it says.
#[test]
fn final_answers_in_place_of_the_word() {
    for status in [
        "413 Content Too Large",
        "401 Unauthorized",
        "500 X",
        "200 OK",
    ] {
        with_each(&Settings::default(), |client| {
            let answer = response(status, &[], "no");
            let server = then_good(script().read_head().send(answer).read_body());
            let request = post(&server).body("hello").expect_continue();
            let response = client.send(request.build().unwrap()).unwrap();
            assert_eq!(
                (response.reason_phrase().as_ref(), &*response.text()),
                (&status[4..], "no")
            );
            client.is_well(&server);
            let first = &server.seen()[0];
            assert_eq!((first.body.len(), first.complete), (0, false));
            assert_eq!(server.requests_per_connection(), [1, 1]);
        });
    }
}

/// WSH-10, RED-05: a redirect or a challenge instead: the body is still whole, even one that can be sent only once.
#[test]
fn what_was_not_sent_can_be_sent() {
    let settings = Settings {
        follow: true,
        ..Settings::default()
    };
    with_each(&settings, |client| {
        let moved = response("307 X", &[("Location", "/next")], "");
        let challenge = response(
            "401 X",
            &[("WWW-Authenticate", r#"Digest realm="r", nonce="n""#)],
            "",
        );
        let granted = script()
            .read_head()
            .send(CONTINUE)
            .read_body()
            .send(ok("end"));
        let server = Server::each([
            script().read_head().send(challenge).read_body(),
            script().read_head().send(moved).read_body(),
            granted,
        ]);
        let request = post(&server)
            .body(Body::reader(&b"only once"[..]))
            .auth(papilio::DigestAuth::new("user", "password"))
            .expect_continue();
        assert_eq!(client.send(request.build().unwrap()).unwrap().text(), "end");
        let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies, [&b""[..], b"", b"only once"]);
    });
}

/// WSH-10: 417 to one who asks: once more, without asking.
#[test]
fn expectations_that_fail() {
    let failed = || response("417 Expectation Failed", &[], "what?");
    with_each(&Settings::default(), |client| {
        for second in [ok("end"), failed()] {
            let server = Server::each([
                script().read_head().send(failed()).read_body(),
                script().read().send(&second).then(good()),
            ]);
            let body = Body::reader(&b"only once"[..]);
            let request = post(&server).body(body).expect_continue();
            let response = client.send(request.build().unwrap()).unwrap();
            assert!(second.ends_with(&response.content()[..]));
            assert!(!response.request().unwrap().headers.contains("Expect"));
            let seen = server.seen();
            assert_eq!(seen.len(), 2);
            assert_eq!((seen[0].body.len(), seen[1].text()), (0, "only once"));
            assert_eq!(
                (seen[0].header("expect"), seen[1].header("expect")),
                (Some("100-continue"), None)
            );
            client.is_well(&server);
        }
        // A body that was sent, and cannot be sent again, leaves the answer as it is.
        let server = Server::start(
            script()
                .read_head()
                .send(CONTINUE)
                .read_body()
                .send(failed()),
        );
        let request = post(&server)
            .body(Body::reader(&b"x"[..]))
            .expect_continue();
        assert_eq!(client.send(request.build().unwrap()).unwrap().status(), 417);
        assert_eq!(server.seen().len(), 1);
    });
}

/// WSH-10, FLT-05: the ways to fail while a body waits.
#[test]
fn failures_in_place_of_the_word() {
    let settings = Settings {
        total: Some(SHORT * 3),
        ..Settings::default()
    };
    let cases: [(Script, Kind, Option<Reason>); 5] = [
        (
            script().read_head().close(),
            Kind::Read,
            Some(Reason::ServerDisconnected),
        ),
        (
            script().read_head().reset(),
            Kind::Read,
            Some(Reason::ServerDisconnected),
        ),
        (
            script().read_head().send("HTTP/1.1 1").close(),
            Kind::RemoteProtocol,
            Some(Reason::Incomplete),
        ),
        (
            script().read_head().send("SSH-2.0").drain(),
            Kind::RemoteProtocol,
            Some(Reason::BadStatusLine),
        ),
        (script().read_head().drain(), Kind::TotalTimeout, None),
    ];
    with_each(&settings, |client| {
        for (script, kind, reason) in cases.clone() {
            let server = then_good(script);
            let request = post(&server).body("hello").expect_continue();
            let error = client.send(request.build().unwrap()).unwrap_err();
            assert_eq!((error.kind(), error.reason()), (kind, reason), "{error}");
            client.is_well(&server);
            assert_eq!(server.seen()[0].body, b"");
        }
    });
}

/// WSH-10: for large bodies by itself, if that is wanted.
#[test]
fn large_bodies_ask() {
    let client = Client::builder().expect_continue_above(5).build().unwrap();
    let asks = |body: Body| {
        let request = client
            .put("http://example.org/")
            .body(body)
            .build()
            .unwrap();
        request.headers.contains("Expect")
    };
    assert!(!asks(Body::empty()) && !asks(Body::from("hello")));
    assert!(asks(Body::from("hello!")) && asks(Body::iter(["h"])));
    let own = client
        .put("http://example.org/")
        .header("Expect", "x")
        .body("hello!");
    let own = own.build().unwrap();
    assert_eq!(own.headers.get_all("Expect").collect::<Vec<_>>(), ["x"]);
}

/// What a test needs of a client.
#[derive(Clone)]
struct Settings {
    wait: Duration,
    interim: Option<Callback>,
    follow: bool,
    total: Option<Duration>,
}

type Callback = Arc<dyn Fn(&Informational<'_>) -> Result<()> + Send + Sync>;

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait: LONG,
            interim: None,
            follow: false,
            total: None,
        }
    }
}

impl Settings {
    fn wait(wait: Duration) -> Self {
        Self {
            wait,
            ..Self::default()
        }
    }

    /// One slot: if it is not given back the next request fails.
    fn apply<C: ClientKind>(&self, builder: ClientBuilder<C>) -> ClientBuilder<C> {
        let pool = Duration::from_secs(1);
        let builder = builder
            .limits(Limits::new().max_connections(1))
            .timeout(Timeout::all(LONG).pool(pool).total(self.total))
            .trust_env(false)
            .expect_continue_wait(self.wait)
            .follow_redirects(self.follow);
        match self.interim.clone() {
            Some(callback) => builder.on_informational(move |interim| callback(interim)),
            None => builder,
        }
    }
}

/// A client of one kind or the other.
enum Any {
    Blocking(Client),
    #[cfg(feature = "async")]
    Async(papilio::AsyncClient, tokio::runtime::Runtime),
}

/// Runs the test with a client of each kind.
fn with_each(settings: &Settings, test: impl Fn(&Any)) {
    println!("blocking");
    test(&Any::Blocking(
        settings.apply(Client::builder()).build().unwrap(),
    ));
    #[cfg(feature = "async")]
    {
        println!("async");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let client = settings.apply(papilio::AsyncClient::builder());
        test(&Any::Async(client.build().unwrap(), runtime));
    }
}

impl Any {
    fn send(&self, request: Request) -> Result<Response> {
        match self {
            Self::Blocking(client) => client.send(request),
            #[cfg(feature = "async")]
            Self::Async(client, runtime) => runtime.block_on(client.send(request)),
        }
    }

    /// Reads a response as a stream: its trailers before and after, and what is in between.
    fn stream(&self, request: Request) -> (Option<Headers>, Vec<u8>, Option<Headers>) {
        match self {
            Self::Blocking(client) => {
                let mut response = client.stream(request).unwrap();
                let before = response.trailers().cloned();
                let mut body = Vec::new();
                response.read_to_end(&mut body).unwrap();
                (before, body, response.trailers().cloned())
            }
            #[cfg(feature = "async")]
            Self::Async(client, runtime) => runtime.block_on(async {
                use futures_util::TryStreamExt;
                let mut response = client.stream(request).await.unwrap();
                let before = response.trailers().cloned();
                let body: Vec<_> = response.iter_bytes().try_collect().await.unwrap();
                (before, body.concat(), response.trailers().cloned())
            }),
        }
    }

    /// The slot is free, and a request is served.
    #[track_caller]
    fn is_well(&self, server: &Server) -> Response {
        let response = self.send(Request::new("GET", server.url("/good")).unwrap());
        let response = response.expect("a good request");
        assert_eq!(response.text(), "good");
        response
    }
}

/// The interim responses that callbacks were told of: who, the status, the path and the links.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn callback(&self, who: &'static str) -> Callback {
        let heard = self.clone();
        Arc::new(move |interim| {
            let mut line = format!(
                "{who} {} {}",
                interim.status().as_u16(),
                interim.url().path()
            );
            for (_, link) in interim.links().iter() {
                line.extend([" ", link.url()]);
            }
            heard.0.lock().unwrap().push(line);
            Ok(())
        })
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn post(server: &Server) -> RequestBuilder<()> {
    Request::builder("POST", server.url("/"))
}

fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Headers {
    Headers::from_pairs(pairs).unwrap()
}

/// The first connection plays the script, the second is good.
fn then_good(script: Script) -> Server {
    Server::each([script, good()])
}

fn good() -> Script {
    script().serve(|_| ok("good"))
}

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(60);
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// `hello` as gzip.
#[cfg(feature = "gzip")]
const HELLO: &[u8; 25] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00";
