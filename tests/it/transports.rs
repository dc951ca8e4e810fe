//! Transports other than the network, and which of them a request takes.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::common::{clean_after, empty, mocked, moved, one_slot, statuses};
use super::driver::{
    Body, Client, Error, HttpTransport, Kind, Limits, MockTransport, Request, Response, Result,
    StreamingResponse, Timeout, Transport, streamed,
};
use crate::server::{Server, ok, response};

/// A transport that answers with its name and counts how often it is closed.
struct Named(&'static str, Arc<AtomicUsize>);

impl Transport for Named {
    fn send(&self, _: &mut Request) -> Result<StreamingResponse> {
        Ok(Response::builder(200).text(self.0).into())
    }

    fn close(&self) {
        self.1.fetch_add(1, SeqCst);
    }
}

fn named(name: &'static str) -> Named {
    Named(name, Arc::default())
}

/// Which transport a URL goes to, of those mounted with the pattern as their name.
fn route(patterns: &[&'static str], url: &str) -> String {
    let mut builder = Client::builder().transport(named("default"));
    for &pattern in patterns {
        builder = builder.mount(pattern, named(pattern));
    }
    let client = builder.build().unwrap();
    client.get(url).send().unwrap().text().into_owned()
}

/// TRN-01, TRN-02
#[test]
fn a_transport_gets_everything_and_does_one_exchange() {
    #[derive(Clone, PartialEq, Debug)]
    struct Mark(u8);
    struct Inspector(Arc<Mutex<Vec<String>>>);
    impl Transport for Inspector {
        fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
            let mark = request.extensions().get::<Mark>().map(|mark| mark.0);
            let timeout = request.timeout().and_then(|t| t.read);
            let names: Vec<_> = request.headers.keys().collect();
            let body = request.body.buffer()?.to_vec();
            self.0.lock().unwrap().push(format!(
                "{} {} {mark:?} {timeout:?} {} {}",
                request.method,
                request.url,
                names.contains(&"authorization".to_owned()),
                String::from_utf8_lossy(&body)
            ));
            let head = Response::builder(302)
                .header("Location", "/n")
                .header("Set-Cookie", "a=1");
            let mut response = streamed(head, &b"streamed"[..]);
            response.extensions_mut().insert(Mark(9));
            Ok(response)
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let client = Client::builder()
        .transport(Inspector(Arc::clone(&seen)))
        .build()
        .unwrap();
    let answer = client
        .put("http://h/x?y=1")
        .extension(Mark(3))
        .timeout(Duration::from_secs(8))
        .auth(("u", "p"))
        .body(Body::iter(["a", "b"]))
        .send()
        .unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        ["PUT http://h/x?y=1 Some(3) Some(8s) true ab"]
    );
    assert_eq!(
        (answer.status().as_u16(), &*answer.text()),
        (302, "streamed")
    );
    assert_eq!(answer.extensions().get::<Mark>(), Some(&Mark(9)));
    // On its own it follows nothing and keeps no cookies.
    let inspector: &dyn Transport = &Inspector(seen);
    let mut request = Request::new("GET", "http://h/").unwrap();
    assert_eq!(inspector.send(&mut request).unwrap().status(), 302);
    inspector.close();
    assert!(!request.headers.contains("Cookie"));
}

/// TRN-02: errors come out as they are, with the request.
#[test]
fn errors_of_a_transport() {
    struct Broken;
    impl Transport for Broken {
        fn send(&self, _: &mut Request) -> Result<StreamingResponse> {
            let cause = std::io::Error::other("the cable is cut");
            Err(Error::new(Kind::Connect, "no way").with_source(cause))
        }
    }
    let client = Client::builder().transport(Broken).build().unwrap();
    let error = client.get("http://u:s3cret@h/").send().unwrap_err();
    assert!(error.is_transport() && error.is_connect());
    assert_eq!(error.request().unwrap().url.raw_host(), "h");
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the cable is cut"
    );
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

/// Notes its end.
struct Tap(Arc<AtomicUsize>, &'static [u8]);

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.len().min(buffer.len()).min(2);
        buffer[..count].copy_from_slice(&self.1[..count]);
        self.1 = &self.1[count..];
        Ok(count)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

struct Streaming(Arc<AtomicUsize>);

impl Transport for Streaming {
    fn send(&self, _: &mut Request) -> Result<StreamingResponse> {
        let body = Tap(Arc::clone(&self.0), b"caf\xe9 au lait");
        Ok(streamed(Response::builder(200), body))
    }
}

/// TRN-03, TRN-04
#[test]
fn a_streamed_body_is_closed_with_its_response() {
    let ended = Arc::new(AtomicUsize::new(0));
    let client = Client::builder()
        .transport(Streaming(Arc::clone(&ended)))
        .default_encoding("latin-1")
        .build()
        .unwrap();
    let mut stream = client.get("http://h/").stream().unwrap();
    assert_eq!(stream.request().unwrap().method, "GET");
    let mut two = [0; 2];
    stream.read_exact(&mut two).unwrap();
    assert_eq!((ended.load(SeqCst), stream.elapsed()), (0, None));
    drop(stream);
    assert_eq!(ended.load(SeqCst), 1);
    let mut stream = client.get("http://h/").stream().unwrap();
    stream.close();
    assert_eq!(ended.load(SeqCst), 2);
    assert!(stream.elapsed().is_some());
    let answer = client.get("http://h/").send().unwrap();
    assert_eq!(ended.load(SeqCst), 3);
    assert_eq!(answer.text(), "caf\u{e9} au lait");
    assert_eq!(answer.url().as_str(), "http://h/");
    // A plain body.
    let (client, _) = mocked(Client::builder().default_encoding("latin-1"), |_| {
        Response::builder(200).bytes(&b"caf\xe9"[..])
    });
    assert_eq!(client.get("http://h/").send().unwrap().text(), "caf\u{e9}");
}

/// TRN-05
#[test]
fn the_network_on_its_own() {
    let network = HttpTransport::builder()
        .limits(Limits::new().max_connections(1))
        .trust_env(false)
        .connect_retries(1)
        .verify(false)
        .build()
        .unwrap();
    let server = Server::handler(|seen| {
        response(
            "302 Found",
            &[("Location", "/n"), ("Set-Cookie", "a=1")],
            &seen.raw,
        )
    });
    let mut request = Request::new("GET", server.url("/")).unwrap();
    request.set_timeout(Timeout::default().pool(Duration::ZERO));
    let first = network.send(&mut request).unwrap();
    assert_eq!(first.status(), 302);
    assert!(first.request().is_none());
    assert_eq!(
        network.send(&mut request).unwrap_err().kind(),
        Kind::PoolTimeout
    );
    drop(first);

    // Given to a client, its limits count and not the client's.
    let client = Client::builder()
        .limits(Limits::new().max_connections(50))
        .transport(network)
        .build()
        .unwrap();
    let stream = client.get(server.url("/")).stream().unwrap();
    let second = client
        .get(server.url("/"))
        .timeout(Timeout::default().pool(Duration::ZERO));
    assert_eq!(second.send().unwrap_err().kind(), Kind::PoolTimeout);
    assert!(
        stream
            .buffer()
            .unwrap()
            .text()
            .contains("\r\nUser-Agent: papilio/")
    );
    assert!(client.cookies().contains("a"));
    assert_eq!(
        HttpTransport::builder()
            .limits(Limits::new().max_connections(0))
            .build()
            .unwrap_err()
            .kind(),
        Kind::Config
    );
}

/// TRN-05: nor does the client's trust in certificates.
#[cfg(feature = "tls")]
#[test]
fn a_transport_has_its_own_trust() {
    use crate::server::script;
    use crate::server::tls::{Identity, ca_pem};
    let server = Server::start_tls(script().serve(|_| ok("x")), Identity::Good);
    let network = || HttpTransport::builder().trust_env(false);
    let blind = Client::builder()
        .verify(false)
        .transport(network().build().unwrap())
        .build()
        .unwrap();
    assert_eq!(
        blind.get(server.url("/")).send().unwrap_err().kind(),
        Kind::Connect
    );
    let knowing = network().add_root_certificate(ca_pem()).build().unwrap();
    let client = Client::builder().transport(knowing).build().unwrap();
    assert_eq!(client.get(server.url("/")).send().unwrap().text(), "x");
}

/// TRN-06, CLT-10
#[test]
fn every_transport_is_closed_once() {
    let (default, mounted, shared) = (Arc::default(), Arc::default(), Arc::default());
    let twice = Arc::new(Named("shared", Arc::clone(&shared)));
    let client = Client::builder()
        .transport(Named("default", Arc::clone(&default)))
        .mount("all://a.com", Named("a", Arc::clone(&mounted)))
        .mount("all://b.com", Arc::clone(&twice))
        .mount("all://c.com", twice)
        .unmount("all://d.com")
        .build()
        .unwrap();
    assert!(!client.is_closed());
    for (host, expected) in [
        ("a.com", "a"),
        ("b.com", "shared"),
        ("c.com", "shared"),
        ("d.com", "default"),
        ("e.com", "default"),
    ] {
        let answer = client.get(format!("http://{host}/")).send().unwrap();
        assert_eq!(answer.text(), expected);
    }
    let other = client.clone();
    client.close();
    client.close();
    other.close();
    assert!(client.is_closed() && other.is_closed());
    assert_eq!(
        (
            default.load(SeqCst),
            mounted.load(SeqCst),
            shared.load(SeqCst)
        ),
        (1, 1, 2)
    );
}

/// CLT-10, CLT-11
#[test]
fn nothing_is_sent_once_the_client_is_closed() {
    let hooked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&hooked);
    let builder = Client::builder().on_request(move |_| {
        count.fetch_add(1, SeqCst);
        Ok(())
    });
    let (client, record) = mocked(builder, |_| empty(200));
    client.close();
    let request = client.get("http://h/").build().unwrap();
    for error in [
        client.get("http://h/").send().unwrap_err(),
        client.get("http://h/").stream().unwrap_err(),
        client.send(request).unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::ClientClosed);
        assert!(error.to_string().contains("closed"), "{error}");
        assert!(error.request().is_some());
    }
    assert_eq!(hooked.load(SeqCst), 0);
    assert!(record.all().is_empty());
}

/// PRX-10
#[test]
fn what_is_a_pattern() {
    for bad in [
        "http",
        "example.com",
        "a:b",
        "http://a.com/path",
        "http://u@a.com",
        "http://a.com?x",
        "http://a.com:port",
    ] {
        let error = Client::builder()
            .mount(bad, named("x"))
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{bad}");
    }
    let error = Client::builder()
        .mount("http", named("x"))
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("http://"), "{error}");
    for pattern in [
        "",
        "all://",
        "*://",
        "all://*",
        "://a.com",
        "http://*:80",
        "http://",
        "all://:80",
    ] {
        assert_eq!(route(&[pattern], "http://a.com/"), pattern);
    }
    assert_eq!(route(&["https://"], "http://a.com/"), "default");
}

/// PRX-11
#[test]
fn hosts_of_patterns() {
    for (pattern, matching, not) in [
        (
            "all://example.com",
            vec!["example.com", "EXAMPLE.com"],
            vec!["www.example.com", "example.org"],
        ),
        (
            "all://*.example.com",
            vec!["www.example.com", "a.b.example.com"],
            vec!["example.com", "notexample.com"],
        ),
        (
            "all://*example.com",
            vec!["example.com", "www.example.com"],
            vec!["notexample.com"],
        ),
        (
            "all://CAF\u{c9}.com",
            vec!["caf\u{e9}.com", "xn--caf-dma.com"],
            vec!["cafe.com"],
        ),
    ] {
        for host in matching {
            assert_eq!(
                route(&[pattern], &format!("http://{host}/")),
                pattern,
                "{host}"
            );
        }
        for host in not {
            assert_eq!(
                route(&[pattern], &format!("http://{host}/")),
                "default",
                "{host}"
            );
        }
    }
}

/// PRX-12
#[test]
fn ports_of_patterns() {
    for (pattern, url, matches) in [
        ("all://h:443", "https://h/", true),
        ("all://h:443", "http://h/", false),
        ("http://h:80", "http://h/", true),
        ("http://h:80", "http://h:8080/", false),
        ("http://h:8080", "http://h:8080/", true),
        ("http://h:8080", "http://h/", false),
        ("http://h", "http://h:8080/", true),
    ] {
        let expected = if matches { pattern } else { "default" };
        assert_eq!(route(&[pattern], url), expected, "{url}");
    }
}

/// PRX-13
#[test]
fn the_most_specific_pattern_wins() {
    let all = [
        "all://",
        "http://",
        "https://",
        "all://com",
        "all://*.com",
        "all://aa.com",
        "http://aa.com",
        "all://aa.com:81",
    ];
    let reversed: Vec<_> = all.iter().copied().rev().collect();
    for (url, expected) in [
        ("ftp://x/", "all://"),
        ("http://x/", "http://"),
        ("https://x/", "https://"),
        ("https://b.com/", "all://*.com"),
        ("https://aa.com/", "all://aa.com"),
        ("http://aa.com/", "http://aa.com"),
        ("http://aa.com:81/", "all://aa.com:81"),
    ] {
        assert_eq!(route(&all, url), expected, "{url}");
        assert_eq!(route(&reversed, url), expected, "{url}");
    }
    // Ties: the first; the same text: the last.
    assert_eq!(
        route(&["all://*a.com", "all://*A.com"], "http://a.com/"),
        "all://*a.com"
    );
    assert_eq!(
        route(&["all://*A.com", "all://*a.com"], "http://a.com/"),
        "all://*A.com"
    );
    let client = Client::builder()
        .mount("http://a.com", named("first"))
        .mount("http://a.com", named("second"))
        .build()
        .unwrap();
    assert_eq!(client.get("http://a.com/").send().unwrap().text(), "second");
}

/// PRX-14, TRN-06
#[test]
fn none_is_the_default_transport() {
    let client = Client::builder()
        .transport(named("default"))
        .mount("all://", named("all"))
        .unmount("all://direct.com")
        .build()
        .unwrap();
    assert_eq!(client.get("http://a.com/").send().unwrap().text(), "all");
    assert_eq!(
        client.get("http://direct.com/").send().unwrap().text(),
        "default"
    );
    // The default is the network unless another was given.
    let server = Server::always(ok("network"));
    let client = Client::builder()
        .mount("all://", named("all"))
        .unmount("http://127.0.0.1")
        .build()
        .unwrap();
    assert_eq!(
        client.get(server.url("/")).send().unwrap().text(),
        "network"
    );
}

/// PRX-15
#[test]
fn schemes_of_ones_own() {
    let files = MockTransport::new(|request| {
        Ok(Response::builder(200).text(format!(
            "{} {}",
            request.url.raw_host(),
            request.url.path()
        )))
    });
    let client = Client::builder().mount("file://", files).build().unwrap();
    let answer = client.get("file:///etc/hosts").send().unwrap();
    assert_eq!(answer.text(), " /etc/hosts");
    assert_eq!(
        client.get("file://host/x").send().unwrap().text(),
        "host /x"
    );
    let error = client.get("files:///etc/hosts").send().unwrap_err();
    assert_eq!(error.kind(), Kind::UnsupportedProtocol);
}

/// TRN-20
#[test]
fn a_mock_is_like_the_network() {
    let builder = || {
        Client::builder()
            .follow_redirects(true)
            .auth(papilio::DigestAuth::new("u", "p"))
    };
    let (client, record) = mocked(builder(), |request| match request.url.path().as_ref() {
        "/" if request.headers.contains("Authorization") => moved(307, "/echo"),
        "/" => Response::builder(401)
            .header("WWW-Authenticate", r#"Digest realm="r", nonce="n""#)
            .header("Set-Cookie", "id=1")
            .bytes(""),
        _ => Response::builder(200).bytes(request.content().unwrap().to_vec()),
    });
    let body = Body::factory(|| Body::iter(["str", "eam"]));
    let answer = client.post("http://h/").body(body).send().unwrap();
    assert_eq!(answer.text(), "stream");
    assert_eq!(answer.http_version(), "HTTP/1.1");
    assert_eq!(statuses(answer.history()), [401, 307]);
    assert_eq!(
        record.header("Cookie")[1..],
        ["id=1", "id=1"].map(|c| Some(c.to_owned()))
    );
    assert!(record.all().iter().all(|sent| sent.body == b"stream"));
    // An error is the call's.
    let failing = MockTransport::new(|_| Err(Error::new(Kind::ReadTimeout, "too slow")));
    let client = Client::builder().transport(failing).build().unwrap();
    let error = client.get("http://h/").send().unwrap_err();
    assert!(error.is_timeout() && error.request().is_some());
}

/// TRN-20: content coding is undone.
#[cfg(feature = "gzip")]
#[test]
fn a_mocks_body_is_decoded() {
    let packed = crate::decoding::gzip(b"plain");
    let (client, _) = mocked(Client::builder(), move |_| {
        Response::builder(200)
            .header("Content-Encoding", "gzip")
            .bytes(packed.clone())
    });
    assert_eq!(client.get("http://h/").send().unwrap().text(), "plain");
    let (client, _) = mocked(Client::builder(), |_| {
        Response::builder(200)
            .header("Content-Encoding", "gzip")
            .bytes("no gzip")
    });
    assert_eq!(
        client.get("http://h/").send().unwrap_err().kind(),
        Kind::Decoding
    );
}

/// TRN-01: one transport around another, here one that tries again.
#[test]
fn a_transport_that_tries_again() {
    struct Retry<T>(T);
    impl<T: Transport> Transport for Retry<T> {
        fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
            loop {
                let response = self.0.send(request)?;
                if response.status() != 503 {
                    return Ok(response);
                }
            }
        }

        fn close(&self) {
            self.0.close();
        }
    }
    let busy = || response("503 Service Unavailable", &[], "later");
    let server = Server::replies([busy(), busy(), ok("now")]);
    let network = HttpTransport::builder()
        .limits(Limits::new().max_connections(1))
        .build()
        .unwrap();
    let client = Client::builder().transport(Retry(network)).build().unwrap();
    let answer = client.post(server.url("/")).body("again").send().unwrap();
    assert_eq!(answer.text(), "now");
    assert!(answer.history().is_empty());
    assert!(server.seen().iter().all(|seen| seen.text() == "again"));
    assert_eq!(server.requests_per_connection(), [3]);
    client.close();
    server.wait_until(|server| server.open() == 0);
}

/// A response of a transport that nobody wants gives its connection back.
#[test]
fn dropped_responses_leave_nothing_behind() {
    let server = Server::always(ok("x".repeat(100_000)));
    let client = one_slot().build().unwrap();
    for _ in 0..3 {
        drop(client.get(server.url("/")).stream().unwrap());
    }
    clean_after(&client);
}

/// ERR-05: an error of a transport of the caller's gets the request, one that names a request keeps its own.
#[test]
fn errors_of_a_transport_get_the_request() {
    let client = Client::builder()
        .transport(MockTransport::new(|_| {
            Err(Error::new(Kind::Connect, "no network here"))
        }))
        .build()
        .unwrap();
    let error = client
        .get("http://u:secret@example.org/x")
        .send()
        .unwrap_err();
    assert_eq!(
        error
            .request()
            .map(|request| request.url.path().into_owned())
            .as_deref(),
        Some("/x")
    );
    assert_eq!(
        error.to_string(),
        "no network here (GET http://u:[secure]@example.org/x)"
    );

    // A body that fails while it is read names the request as well.
    let cut = MockTransport::new(|_| {
        Ok(Response::builder(200)
            .header("Content-Encoding", "gzip")
            .bytes(&b"\x1f\x8b\x08"[..]))
    });
    let client = Client::builder().transport(cut).build().unwrap();
    let error = client.get("http://example.org/y").send().unwrap_err();
    assert_eq!(error.kind(), Kind::Decoding);
    assert_eq!(
        error.url().map(|url| url.as_str().to_owned()).as_deref(),
        Some("http://example.org/y")
    );
}
