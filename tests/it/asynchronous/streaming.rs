//! Streams in both directions, async hooks and mocks, switched connections: what only the async client has.

use std::convert::Infallible;
use std::io::{self, Cursor};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use papilio::{
    AsyncClient, AsyncMockTransport, AsyncPieces, AsyncStreamingResponse, AsyncTransport,
    BasicAuth, Body, BoxFuture, ClientBuilder, DigestAuth, FunctionAuth, Kind, Limits,
    MockTransport, Request, Response, Result, Timeout,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Pace, Server, chunked, ok, response, script};

const LIMIT: Duration = Duration::from_secs(4);
const MS: Duration = Duration::from_millis(1);

fn one_slot() -> ClientBuilder<AsyncClient> {
    AsyncClient::builder()
        .limits(Limits::new().max_connections(1))
        .timeout(Timeout::all(LIMIT).pool(Duration::from_secs(1)))
        .trust_env(false)
}

fn client() -> AsyncClient {
    one_slot().build().unwrap()
}

fn pieces_of(texts: [&'static str; 3]) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::iter(texts).then(|text| async move {
        tokio::task::yield_now().await;
        Ok(Bytes::from_static(text.as_bytes()))
    })
}

/// ASY-01: the same models, and everything may move between threads.
#[test]
fn types() {
    fn is_shared<T: Send + Sync + 'static>() {}
    fn is_cloned<T: Clone>() {}
    fn is_sent<T: Send>(value: T) -> T {
        value
    }
    is_shared::<AsyncClient>();
    is_cloned::<AsyncClient>();
    is_shared::<ClientBuilder<AsyncClient>>();
    is_shared::<AsyncStreamingResponse>();
    is_shared::<papilio::AsyncHttpTransport>();
    is_shared::<papilio::Upgraded<papilio::Async>>();
    let client = client();
    let request = || Request::new("GET", "http://e.com").unwrap();
    let same: fn(&AsyncClient) -> &papilio::Cookies = AsyncClient::cookies;
    assert!(same(&client).is_empty());
    drop(is_sent(client.get("http://e.com").send()));
    drop(is_sent(client.post("http://e.com").stream()));
    drop(is_sent(client.send(request())));
    drop(is_sent(client.stream(request())));
    let streamed = || AsyncStreamingResponse::from(Response::builder(200).text(""));
    let mut response = streamed();
    drop(is_sent(response.load()));
    drop(is_sent(response.read(&mut [])));
    drop(is_sent(response.iter_raw()));
    drop(is_sent(response.iter_bytes()));
    drop(is_sent(response.iter_text()));
    drop(is_sent(response.iter_lines()));
    drop(is_sent(response.reader()));
    drop(is_sent(response.buffer()));
    let owned: AsyncPieces<'static> = is_sent(streamed().into_stream());
    drop(owned);
}

/// ASY-03
#[tokio::test]
async fn responses_as_streams() {
    let server = Server::start(
        script()
            .pace(Pace::Bytes)
            .serve(|seen| match &*seen.target {
                "/lines" => chunked(["one\nt", "wo\n", "three"]),
                _ => response(
                    "200 OK",
                    &[("Content-Type", "text/plain; charset=utf-8")],
                    "na\u{ef}ve",
                ),
            }),
    );
    let client = client();
    let (plain, lines) = (server.url("/"), server.url("/lines"));
    let mut got = client.get(&plain).stream().await.unwrap();
    let raw: Vec<Bytes> = got.iter_raw().try_collect().await.unwrap();
    assert_eq!(raw.concat(), "na\u{ef}ve".as_bytes());
    let again = got.iter_bytes().try_next().await.unwrap_err();
    assert_eq!(again.kind(), Kind::StreamConsumed);

    let mut got = client.get(&plain).stream().await.unwrap();
    let text: String = got.iter_text().try_collect().await.unwrap();
    assert_eq!(text, "na\u{ef}ve");

    let mut got = client.get(&lines).stream().await.unwrap();
    let all: Vec<String> = got.iter_lines().try_collect().await.unwrap();
    assert_eq!(all, ["one", "two", "three"]);

    let mut got = client.get(&lines).stream().await.unwrap();
    let mut text = String::new();
    got.reader().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "one\ntwo\nthree");

    // Read in part, then closed, then dropped without: the connection is given up, the slot is free.
    let mut got = client.get(&lines).stream().await.unwrap();
    let mut some = [0; 2];
    got.reader().read_exact(&mut some).await.unwrap();
    got.close();
    assert!(got.is_closed());
    let error = got.read(&mut some).await.unwrap_err();
    assert_eq!(error.kind(), Kind::StreamClosed);
    let got = client.get(&lines).stream().await.unwrap();
    let mut owned = got.into_stream();
    owned.next().await.unwrap().unwrap();
    drop(owned);
    let whole = client.get(&lines).send().await.unwrap();
    assert_eq!(whole.text(), "one\ntwo\nthree");
}

/// ASY-08: kept, handed on, read elsewhere; the slot is in use until then.
#[tokio::test]
async fn responses_that_are_forwarded() {
    let server = Server::always(ok("x".repeat(100_000)));
    let client = client();
    let request = client.get(server.url("/")).build().unwrap();
    let response = client.stream(request).await.unwrap();
    let mut shelf = vec![response];
    let full = client
        .get(server.url("/"))
        .timeout(Timeout::all(LIMIT).pool(20 * MS));
    let error = full.send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::PoolTimeout);
    let kept = shelf.pop().unwrap();
    let there = Server::handler(|seen| ok(seen.body.len().to_string()));
    let task = tokio::spawn(async move {
        let sender = self::client();
        let body = kept.into_stream();
        sender.post(there.url("/")).body_stream(body).send().await
    });
    assert_eq!(task.await.unwrap().unwrap().text(), "100000");
    let mut request = client.get(server.url("/"));
    request = request.timeout(LIMIT);
    assert_eq!(request.send().await.unwrap().content().len(), 100_000);
}

/// ASY-04: streams of known and unknown length, readers, files, iterators; each byte for byte.
#[tokio::test]
async fn bodies() {
    let server = Server::handler(|seen| ok(&seen.body));
    let (client, url) = (client(), server.url("/"));
    let sent = |request: papilio::RequestBuilder<&AsyncClient>| {
        let client = client.clone();
        let request = request.build().unwrap();
        async move { client.send(request).await.unwrap().text().into_owned() }
    };
    let texts = ["one ", "", "three"];
    let got = sent(client.post(&url).body_stream(pieces_of(texts))).await;
    assert!(got.ends_with("one three"), "{got}");
    let got = sent(client.post(&url).sized_body_stream(pieces_of(texts), 9)).await;
    assert!(got.ends_with("one three"), "{got}");
    let got = sent(client.post(&url).body(Body::reader(Cursor::new("read")))).await;
    assert!(got.ends_with("read"), "{got}");
    let got = sent(client.post(&url).body(Body::iter(["by ", "pieces"]))).await;
    assert!(got.ends_with("by pieces"), "{got}");
    let got = sent(client.post(&url).form([("a", "b c")])).await;
    assert!(got.ends_with("a=b+c"), "{got}");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE-APACHE");
    let got = sent(client.post(&url).body(Body::file(file).unwrap())).await;
    assert!(got.ends_with(&std::fs::read_to_string(file).unwrap()));
    let seen = server.seen();
    let framing = |n: usize| {
        let seen = &seen[n];
        (
            seen.header("content-length").map(str::to_owned),
            seen.header("transfer-encoding").is_some(),
        )
    };
    assert_eq!(framing(0), (None, true));
    assert_eq!(framing(1), (Some("9".to_owned()), false));

    for length in [8, 10] {
        let request = client
            .post(&url)
            .sized_body_stream(pieces_of(texts), length);
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol, "{error}");
    }
    let broken = stream::iter([Ok("good"), Err(io::Error::other("the tap is closed"))]);
    let error = client
        .post(&url)
        .body_stream(broken)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Body);
    let chain = std::iter::successors(std::error::Error::source(&error), |e| e.source());
    assert!(
        chain
            .map(ToString::to_string)
            .any(|text| text == "the tap is closed")
    );
    assert_eq!(
        sent(client.post(&url).body("x")).await.lines().last(),
        Some("x")
    );
}

/// A stream that stalls is ended by the total limit: nothing else can.
#[tokio::test]
async fn a_body_that_never_comes() {
    let server = Server::echo();
    let client = client();
    let began = Instant::now();
    let stuck = stream::pending::<Result<Bytes, Infallible>>();
    let request = client.post(server.url("/")).body_stream(stuck);
    let limited = Timeout::all(LIMIT).total(50 * MS);
    let error = request.timeout(limited).send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::TotalTimeout);
    assert!(began.elapsed() < LIMIT / 2);
    assert_eq!(
        client.get(server.url("/")).send().await.unwrap().status(),
        200
    );
}

/// ASY-04: a stream goes once; a scheme that wants the body first gets it in memory.
#[tokio::test]
async fn streams_and_authentication() {
    let server = Server::handler(|seen| match seen.header("authorization") {
        None => {
            let digest = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
            response("401 Unauthorized", &[("WWW-Authenticate", digest)], "who?")
        }
        Some(_) => ok(&seen.body),
    });
    let (client, url) = (client(), server.url("/"));
    let post = || client.post(&url).body_stream(pieces_of(["a", "b", "c"]));
    let error = post()
        .auth(DigestAuth::new("u", "p"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::StreamConsumed);
    let basic = post().auth(("u", "p")).send().await.unwrap();
    assert_eq!(basic.text(), "abc");

    struct Signs;
    impl papilio::Auth for Signs {
        fn flow(&self) -> Box<dyn papilio::AuthFlow> {
            Box::new(Self)
        }
    }
    impl papilio::AuthFlow for Signs {
        fn next(
            &mut self,
            request: &mut Request,
            last: Option<&Response>,
        ) -> Result<papilio::AuthStep> {
            if last.is_some() {
                return Ok(papilio::AuthStep::Done);
            }
            let sum = request.content().unwrap().len().to_string();
            request.headers.insert("Authorization", sum)?;
            Ok(papilio::AuthStep::Send)
        }

        fn requires_request_body(&self) -> bool {
            true
        }
    }
    let signed = post().auth(papilio_auth(Signs)).send().await.unwrap();
    assert_eq!(signed.text(), "abc");
    assert_eq!(
        server.seen().last().unwrap().header("authorization"),
        Some("3")
    );
    let function = FunctionAuth::new(|request: &mut Request| {
        request.headers.insert("Authorization", "f")?;
        Ok(())
    });
    assert_eq!(post().auth(function).send().await.unwrap().text(), "abc");
    let blocking = papilio::Client::new();
    let same = BasicAuth::new("u", "p");
    assert_eq!(
        blocking
            .get(&url)
            .auth(same.clone())
            .send()
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        client.get(&url).auth(same).send().await.unwrap().status(),
        200
    );
}

/// AUT-44: a flow that has to wait, in each client in its own way; and one that only one of them can serve.
#[tokio::test]
async fn schemes_that_wait() {
    #[derive(Clone, Default)]
    struct Fetched {
        token: String,
        steps: Arc<Mutex<Vec<String>>>,
        only_async: bool,
    }
    impl papilio::Auth for Fetched {
        fn flow(&self) -> Box<dyn papilio::AuthFlow> {
            Box::new(self.clone())
        }
    }
    impl Fetched {
        fn fetched(&mut self, how: &str, last: Option<&Response>) {
            self.token = format!("{how}-{}", last.is_some());
            self.steps.lock().unwrap().push(self.token.clone());
        }
    }
    impl papilio::AuthFlow for Fetched {
        fn next(
            &mut self,
            request: &mut Request,
            last: Option<&Response>,
        ) -> Result<papilio::AuthStep> {
            request.headers.insert("Authorization", &self.token)?;
            let again = last.is_none_or(|last| last.status() == 401);
            Ok(if again {
                papilio::AuthStep::Send
            } else {
                papilio::AuthStep::Done
            })
        }

        fn prepare(&mut self, last: Option<&Response>) -> Result<()> {
            if self.only_async {
                return Err(papilio::Error::new(Kind::Config, "use AsyncClient"));
            }
            std::thread::sleep(MS);
            self.fetched("blocking", last);
            Ok(())
        }

        fn prepare_async<'a>(
            &'a mut self,
            last: Option<&'a Response>,
        ) -> BoxFuture<'a, Result<()>> {
            Box::pin(async move {
                tokio::time::sleep(MS).await;
                self.fetched("async", last);
                Ok(())
            })
        }
    }
    let server = Server::handler(|seen| match seen.header("authorization") {
        Some("async-true" | "blocking-true") => ok("welcome"),
        _ => response("401 Unauthorized", &[], "again"),
    });
    let (client, url) = (client(), server.url("/"));
    let auth = Fetched::default();
    let answer = client
        .get(&url)
        .auth(papilio_auth(auth.clone()))
        .send()
        .await;
    assert_eq!(answer.unwrap().text(), "welcome");
    let blocking = papilio::Client::new();
    let answer = blocking.get(&url).auth(papilio_auth(auth.clone())).send();
    assert_eq!(answer.unwrap().text(), "welcome");
    let steps = [
        "async-false",
        "async-true",
        "blocking-false",
        "blocking-true",
    ];
    assert_eq!(*auth.steps.lock().unwrap(), steps);

    let picky = Fetched {
        only_async: true,
        ..Fetched::default()
    };
    let answer = client
        .get(&url)
        .auth(papilio_auth(picky.clone()))
        .send()
        .await;
    assert_eq!(answer.unwrap().text(), "welcome");
    let error = blocking
        .get(&url)
        .auth(papilio_auth(picky))
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(error.url().unwrap().as_str(), url);
}

fn papilio_auth(auth: impl papilio::Auth + 'static) -> Arc<dyn papilio::Auth> {
    Arc::new(auth)
}

/// HOK-07: hooks that wait, one after another, and may fail.
#[tokio::test]
async fn hooks_are_awaited() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let note = |text: &str| {
        let (heard, text) = (Arc::clone(&heard), text.to_owned());
        move || heard.lock().unwrap().push(text.clone())
    };
    let server = Server::always(ok("body"));
    let (first, second, third) = (note("first"), note("second"), note("third"));
    let (first, second, third) = (Arc::new(first), Arc::new(second), Arc::new(third));
    let client = one_slot()
        .on_request(move |request| {
            let first = Arc::clone(&first);
            Box::pin(async move {
                tokio::time::sleep(MS).await;
                request.headers.insert("X-Hook", "1")?;
                first();
                Ok(())
            })
        })
        .on_request(move |request| {
            let second = Arc::clone(&second);
            Box::pin(async move {
                assert_eq!(request.headers.get("X-Hook").as_deref(), Some("1"));
                second();
                Ok(())
            })
        })
        .on_response(move |response| {
            let third = Arc::clone(&third);
            Box::pin(async move {
                assert_eq!(response.load().await?, "body");
                third();
                Ok(())
            })
        })
        .build()
        .unwrap();
    let answer = client.get(server.url("/")).send().await.unwrap();
    assert_eq!(answer.text(), "body");
    assert_eq!(*heard.lock().unwrap(), ["first", "second", "third"]);
    assert_eq!(server.only().header("x-hook"), Some("1"));

    let mut refusing = client.clone();
    refusing.on_response(|_| {
        Box::pin(async {
            tokio::task::yield_now().await;
            Err(papilio::Error::new(Kind::Config, "not this one"))
        })
    });
    let error = refusing.get(server.url("/")).send().await.unwrap_err();
    assert!(error.to_string().contains("not this one"), "{error}");
    assert_eq!(
        client.get(server.url("/")).send().await.unwrap().text(),
        "body"
    );
}

/// TRN-21: functions and async functions; the body is read first, whatever it comes from; dropped with the request.
#[tokio::test]
async fn mocks() {
    let later = AsyncMockTransport::new(async |request: Request| {
        tokio::time::sleep(MS).await;
        let body = String::from_utf8_lossy(request.content().unwrap()).into_owned();
        match request.url.path().as_ref() {
            "/" => Ok(Response::builder(302)
                .header("Location", "/there")
                .bytes("")),
            "/fails" => Err(papilio::Error::new(Kind::ReadTimeout, "too slow")),
            path => Ok(Response::builder(200).text(format!("{} {path} {body}", request.method))),
        }
    });
    let client = AsyncClient::builder().transport(later).build().unwrap();
    let post = |path: &str| client.post(format!("http://mock{path}"));
    let got = post("/a")
        .body_stream(pieces_of(["a", "b", "c"]))
        .send()
        .await;
    assert_eq!(got.unwrap().text(), "POST /a abc");
    let got = post("/b").body(Body::reader(&b"read"[..])).send().await;
    assert_eq!(got.unwrap().text(), "POST /b read");
    let got = client
        .get("http://mock/")
        .follow_redirects(true)
        .send()
        .await;
    assert_eq!(got.unwrap().text(), "GET /there ");
    let error = post("/fails").send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.url().unwrap().path().as_ref()),
        (Kind::ReadTimeout, "/fails")
    );

    let plain = MockTransport::new(|request: &Request| {
        Ok(Response::builder(200).text(String::from_utf8_lossy(request.content().unwrap())))
    });
    let client = AsyncClient::builder().transport(plain).build().unwrap();
    let request = client
        .put("http://mock/")
        .body_stream(pieces_of(["x", "y", "z"]));
    assert_eq!(request.send().await.unwrap().text(), "xyz");

    let ended = Arc::new(AtomicUsize::new(0));
    struct Guard(Arc<AtomicUsize>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let counted = Arc::clone(&ended);
    let endless = AsyncMockTransport::new(move |_| {
        let guard = Guard(Arc::clone(&counted));
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    });
    let client = AsyncClient::builder().transport(endless).build().unwrap();
    let sent = tokio::time::timeout(10 * MS, client.get("http://mock/").send()).await;
    assert!(sent.is_err());
    assert_eq!(ended.load(SeqCst), 1);
}

/// TRN-21: a transport of one's own around another one, with a body that streams.
#[tokio::test]
async fn transports_of_ones_own() {
    struct Shouting<T>(T);
    impl<T: AsyncTransport> AsyncTransport for Shouting<T> {
        fn send<'a>(
            &'a self,
            request: &'a mut Request,
        ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
            Box::pin(async move {
                let inner = self.0.send(request).await?;
                let status = inner.status().as_u16();
                let loud = inner
                    .into_stream()
                    .map_ok(|piece| Bytes::from(piece.to_ascii_uppercase()));
                Ok(Response::builder(status).async_stream(loud))
            })
        }
    }
    let server = Server::start(script().pace(Pace::Bytes).serve(|_| ok("quiet")));
    let network = papilio::AsyncHttpTransport::builder().build().unwrap();
    let client = AsyncClient::builder()
        .transport(Shouting(network))
        .build()
        .unwrap();
    let answer = client.get(server.url("/")).send().await.unwrap();
    assert_eq!(answer.text(), "QUIET");
}

/// A switched connection, its halves in two tasks, more than the socket holds at once.
#[tokio::test]
async fn upgrades_are_split() {
    const MUCH: usize = 3 << 20;
    let head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: flood\r\nConnection: upgrade\r\n\r\nearly";
    let server = Server::start(script().read().send(head).send(vec![b'f'; MUCH]).drain());
    let client = client();
    let request = client.get(server.url("/")).header("Connection", "upgrade");
    let response = request.header("Upgrade", "flood").stream().await.unwrap();
    let (mut read, mut write) = tokio::io::split(response.upgrade().unwrap());
    let writing = tokio::spawn(async move {
        write.write_all(&vec![b'w'; MUCH]).await?;
        write.flush().await?;
        write.shutdown().await
    });
    let mut early = [0; 5];
    read.read_exact(&mut early).await.unwrap();
    assert_eq!(&early, b"early");
    let mut much = vec![0; MUCH];
    read.read_exact(&mut much).await.unwrap();
    assert!(much.iter().all(|byte| *byte == b'f'));
    writing.await.unwrap().unwrap();
    let full = client
        .get(server.url("/"))
        .timeout(Timeout::all(LIMIT).pool(10 * MS));
    assert_eq!(full.send().await.unwrap_err().kind(), Kind::PoolTimeout);
    drop(read);
    let good = Server::always(ok("good"));
    assert_eq!(
        client.get(good.url("/")).send().await.unwrap().text(),
        "good"
    );
}
