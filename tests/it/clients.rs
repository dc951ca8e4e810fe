//! Clients: their settings and life, what they add to requests, base URLs, building and sending, time limits by request.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use super::common::{client, fails, fails_on, names, one_slot};
use super::driver::{Client, Headers, Kind, Limits, QueryParams, Request, Response, Timeout};
use crate::server::{BlackHole, Refused, Server, ok, response, script};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_new_client_has_the_documented_settings() {
    let client = Client::new();
    assert_eq!(client.timeout(), Timeout::all(SECOND * 5));
    assert!(client.params().is_empty());
    assert_eq!(client.headers().len(), 4 - usize::from(no_codings()));
    assert!(client.base_url().is_none());
    assert!(client.trust_env());
    assert!(!client.is_closed());
    assert!(
        !Client::builder()
            .trust_env(false)
            .build()
            .unwrap()
            .trust_env()
    );
}

fn no_codings() -> bool {
    !cfg!(any(feature = "gzip", feature = "brotli", feature = "zstd"))
}

/// CLT-02
#[test]
fn limits_of_their_own_and_of_a_client() {
    for limits in [Limits::new(), Limits::default()] {
        assert_eq!(limits.max_connections, None);
        assert_eq!(limits.max_keepalive_connections, None);
        assert_eq!(limits.keepalive_expiry, Some(SECOND * 5));
    }
    assert_eq!(
        Limits::client(),
        Limits::new()
            .max_connections(100)
            .max_keepalive_connections(20)
    );

    // The client's own default, by what it does.
    let server = Server::always(ok("x"));
    let client = Client::new();
    let get = || {
        client
            .get(server.url("/"))
            .timeout(Timeout::default().pool(SECOND / 50))
    };
    let streams: Vec<_> = (0..100).map(|_| get().stream().unwrap()).collect();
    assert_eq!(server.most_open(), 100);
    assert_eq!(get().send().unwrap_err().kind(), Kind::PoolTimeout);
    for stream in streams {
        stream.buffer().unwrap();
    }
    server.wait_until(|server| server.open() == 20);
}

/// CLT-03
#[test]
fn building_opens_no_connection_and_checks_files() {
    let hole = BlackHole::start();
    let began = Instant::now();
    let server = Server::each([]);
    Client::builder().base_url(hole.url("/")).build().unwrap();
    Client::builder().base_url(server.url("/")).build().unwrap();
    assert!(began.elapsed() < SECOND / 2);
    assert_eq!(server.connections(), 0);
    let bad = [
        (
            Client::builder().limits(Limits::new().max_connections(0)),
            Kind::Config,
        ),
        (Client::builder().default_encoding("klingon"), Kind::Config),
        (Client::builder().header("a b", "c"), Kind::LocalProtocol),
        (Client::builder().base_url("http://[::1"), Kind::InvalidUrl),
    ];
    for (builder, kind) in bad {
        assert_eq!(builder.build().unwrap_err().kind(), kind);
    }
}

/// CLT-03
#[cfg(feature = "tls")]
#[test]
fn certificate_files_are_read_when_the_client_is_built() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let bad = [
        Client::builder().verify("/no/such/file.pem"),
        Client::builder().verify(here),
        Client::builder().add_root_certificate("no certificate"),
        Client::builder()
            .add_root_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ];
    for builder in bad {
        assert_eq!(builder.build().unwrap_err().kind(), Kind::Tls);
    }
}

/// CLT-06, R-POOL-07 for blocking clients
#[test]
fn one_client_serves_many_threads() {
    fn shareable<T: Send + Sync + Clone>(_: &T) {}
    fn sendable<T: Send>(_: &T) {}
    let client = Client::new();
    shareable(&client);
    let server = Server::handler(|seen| ok(seen.target.as_bytes()));
    thread::scope(|scope| {
        for thread in 0..8 {
            let (client, server) = (&client, &server);
            scope.spawn(move || {
                for turn in 0..20 {
                    let path = format!("/{thread}/{turn}");
                    let stream = client.get(server.url(&path)).stream().unwrap();
                    sendable(&stream);
                    assert_eq!(stream.buffer().unwrap().text(), path);
                }
            });
        }
    });
    assert!(server.most_open() <= 8);
    assert_eq!(server.seen().len(), 160);
}

#[test]
fn settings_can_change_while_the_client_lives() {
    let mut client = Client::new();
    let before = client.clone();
    client.headers_mut().insert("X-A", "1").unwrap();
    client.set_params(QueryParams::parse("a=1"));
    client.set_timeout(SECOND);
    client.set_base_url("http://h/sub").unwrap();
    assert_eq!(client.headers().get("x-a").as_deref(), Some("1"));
    assert_eq!(client.params().get("a"), Some("1"));
    assert_eq!(client.timeout(), Timeout::all(SECOND));
    let request = client.get("x").build().unwrap();
    assert_eq!(request.url.as_str(), "http://h/sub/x?a=1");
    assert_eq!(request.timeout(), Some(&Timeout::all(SECOND)));
    // A clone shares connections, not settings.
    assert!(before.params().is_empty() && before.base_url().is_none());
    assert_eq!(before.headers().get("x-a"), None);
}

/// CLT-08
#[test]
fn setting_headers_keeps_the_defaults_and_setting_a_base_url_its_slash() {
    let mut client = Client::builder().header("X-Old", "1").build().unwrap();
    let defaults = Client::new();
    client.set_headers(&Headers::from_pairs([("accept", "text/html"), ("X-New", "2")]).unwrap());
    let mut expected = defaults.headers().clone();
    expected.remove("Accept");
    expected.append("accept", "text/html").unwrap();
    expected.append("X-New", "2").unwrap();
    let fields = |headers: &Headers| -> Vec<(String, Vec<u8>)> {
        headers
            .iter()
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .collect()
    };
    assert_eq!(fields(client.headers()), fields(&expected));
    client.set_base_url("http://h/sub").unwrap();
    assert_eq!(client.base_url().unwrap().as_str(), "http://h/sub/");
    client.set_base_url("").unwrap();
    assert!(client.base_url().is_none());
    let error = client.set_base_url("http://h/?q").unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidUrl);
}

#[test]
fn a_closed_client_closes_idle_connections_and_sends_nothing() {
    let server = Server::always(ok("x"));
    let client = client();
    client.get(server.url("/")).send().unwrap();
    assert_eq!(server.open(), 1);
    let clone = client.clone();
    client.close();
    client.close();
    assert!(client.is_closed() && clone.is_closed());
    server.wait_until(|server| server.open() == 0);
    for closed in [&client, &clone] {
        let error = closed.get(server.url("/")).send().unwrap_err();
        assert_eq!(error.kind(), Kind::ClientClosed);
        assert!(error.to_string().contains("has been closed"), "{error}");
    }
    assert_eq!(server.seen().len(), 1);
}

/// CLT-12
#[test]
fn the_last_handle_closes_pooled_connections() {
    let server = Server::always(ok("x"));
    let client = client();
    assert!(!client.is_closed());
    let clone = client.clone();
    client.get(server.url("/")).send().unwrap();
    drop(client);
    clone.get(server.url("/")).send().unwrap();
    assert_eq!(server.requests_per_connection(), [2]);
    drop(clone);
    server.wait_until(|server| server.open() == 0);
    let closed = self::client();
    closed.close();
    assert!(closed.is_closed());
    // Nothing reopens it: not a request that fails, not a new setting.
    let mut closed = closed;
    drop(closed.get(server.url("/")).send());
    closed.set_timeout(SECOND);
    assert!(closed.is_closed());
    assert_eq!(server.connections(), 1);
}

/// CLT-13
#[test]
fn closing_ends_live_streams_at_their_next_read() {
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin";
    let server = Server::start(script().read().send(begun).drain());
    let client = Client::new();
    let mut stream = client.get(server.url("/")).stream().unwrap();
    let mut first = [0; 5];
    stream.read_exact(&mut first).unwrap();
    client.close();
    let error = stream.buffer().unwrap_err();
    assert!(error.is_network() || error.is_stream(), "{error:?}");
    server.wait_until(|server| server.left() == 1);
    // A stream that was never read, and one that outlives its client.
    let client = Client::new();
    let unread = client.get(server.url("/")).stream().unwrap();
    let outliving = client.get(server.url("/")).stream().unwrap();
    client.close();
    drop(client);
    drop(unread);
    drop(outliving);
    server.wait_until(|server| server.left() == 3);
}

#[test]
fn a_request_without_limits_of_its_own_gets_the_clients() {
    let own = Timeout::all(SECOND * 3).total(SECOND * 9);
    let client = Client::builder()
        .timeout(Timeout::all(SECOND * 7).read(None))
        .query([("a", "1")])
        .build()
        .unwrap();
    let base = client.get("http://e.com/").build().unwrap();
    assert_eq!(base.timeout(), Some(&client.timeout()));
    let request = client
        .get("http://e.com/")
        .timeout(own)
        .extension(7_u8)
        .build()
        .unwrap();
    // Wholly: nothing of the client's limits is left.
    assert_eq!(request.timeout(), Some(&own));
    assert_eq!(request.extensions().get::<u8>(), Some(&7));
}

/// CLT-15, VEC-38
#[test]
fn a_requests_headers_replace_the_clients_of_the_same_name() {
    let server = Server::always(ok(""));
    let client = Client::builder()
        .header("X-A", "1")
        .header("accept", "text/html")
        .header("User-Agent", "me")
        .build()
        .unwrap();
    let request = client
        .post(server.url("/"))
        .header("X-A", "2")
        .header("X-A", "3")
        .body(r#"{"a":1}"#)
        .header("x-b", "4");
    request.send().unwrap();
    let seen = server.only();
    let mut expected = vec![
        "Host",
        "Accept-Encoding",
        "Connection",
        "accept",
        "User-Agent",
    ];
    if no_codings() {
        expected.remove(1);
    }
    expected.extend(["X-A", "X-A", "x-b", "Content-Length"]);
    assert_eq!(names(&seen), expected);
    assert_eq!(seen.headers_named("x-a").collect::<Vec<_>>(), ["2", "3"]);
    assert_eq!(seen.header("accept"), Some("text/html"));
    assert_eq!(seen.header("user-agent"), Some("me"));

    // A name given twice by the client goes as a whole, whatever its case.
    let mut client = Client::new();
    client.headers_mut().clear();
    for (name, value) in [("X-A", "1"), ("B", "2"), ("x-a", "3")] {
        client.headers_mut().append(name, value).unwrap();
    }
    let request = client
        .get(server.url("/"))
        .header("x-A", "9")
        .build()
        .unwrap();
    let fields: Vec<_> = request.headers.iter().skip(1).collect();
    assert_eq!(fields, [("B", &b"2"[..]), ("x-A", b"9")]);
}

/// VEC-38
#[cfg(all(feature = "json", feature = "gzip"))]
#[test]
fn the_headers_of_a_json_body_come_last() {
    let server = Server::always(ok(""));
    let client = Client::builder()
        .header("X-A", "1")
        .header("accept", "text/html")
        .header("User-Agent", "me")
        .build()
        .unwrap();
    let request = client
        .post(server.url("/"))
        .header("X-A", "2")
        .header("X-A", "3");
    request.json(&[1]).send().unwrap();
    let order =
        "Host Accept-Encoding Connection accept User-Agent X-A X-A Content-Length Content-Type";
    assert_eq!(names(&server.only()).join(" "), order);
}

/// CLT-16
#[test]
fn a_default_is_removed_from_the_client_or_the_built_request() {
    let server = Server::always(ok(""));
    let mut client = Client::new();
    let mut request = client
        .get(server.url("/"))
        .header("Accept", "")
        .build()
        .unwrap();
    assert_eq!(request.headers.get("accept").as_deref(), Some(""));
    assert!(request.headers.remove("accept") && request.headers.remove("user-agent"));
    client.send(request).unwrap();
    client.headers_mut().remove("Connection");
    client.get(server.url("/")).send().unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].header("accept"), None);
    assert_eq!(seen[0].header("user-agent"), None);
    assert_eq!(seen[1].header("connection"), None);
    assert!(seen[1].header("accept").is_some());
}

/// CLT-17, CLT-18, VEC-25
#[test]
fn params_are_merged_without_loss() {
    // client params, URL, request params, result
    let cases: &[(&str, &str, Option<&str>, &str)] = &[
        (
            "",
            "http://e.com/?x=1&y=0",
            Some("y=2"),
            "http://e.com/?x=1&y=2",
        ),
        (
            "c=1",
            "http://e.com/?x=1&y=0",
            Some("y=2"),
            "http://e.com/?x=1&y=2&c=1",
        ),
        (
            "a=1&b=2&a=3",
            "http://e.com/",
            Some("c=4&a=5"),
            "http://e.com/?a=5&b=2&c=4",
        ),
        ("a=1", "http://e.com/", Some(""), "http://e.com/?a=1"),
        // The URL's own text stays as it was, to the byte.
        ("", "http://e.com/?", None, "http://e.com/?"),
        ("", "http://e.com/?", Some(""), "http://e.com/?"),
        (
            "",
            "http://e.com/?a=b c&d=e/f&&g",
            None,
            "http://e.com/?a=b%20c&d=e/f&&g",
        ),
        (
            "",
            "http://e.com/?a=b c&d=e/f&g=%7e",
            Some("h=1"),
            "http://e.com/?a=b%20c&d=e/f&g=%7e&h=1",
        ),
        // By decoded key; all values where the first one stood.
        (
            "",
            "http://e.com/?%61=1&b=2&a=3",
            Some("a=8&a=9"),
            "http://e.com/?a=8&a=9&b=2",
        ),
        (
            "",
            "http://e.com/?x=1#f",
            Some("y=2"),
            "http://e.com/?x=1&y=2#f",
        ),
    ];
    for &(client, url, params, expected) in cases {
        let client = Client::builder().query(client).build().unwrap();
        let mut request = client.get(url);
        if let Some(params) = params {
            request = request.query(params);
        }
        assert_eq!(request.build().unwrap().url.as_str(), expected);
    }
}

/// CLT-21, CLT-22, CLT-23, CLT-24, CLT-25, VEC-22
#[test]
fn relative_urls_are_appended_to_the_base() {
    let cases = [
        ("http://b.com/sub", "x", "http://b.com/sub/x"),
        ("http://b.com/sub", "/x", "http://b.com/sub/x"),
        ("http://b.com/sub", "?q=1", "http://b.com/sub/?q=1"),
        ("http://b.com/sub", "../x", "http://b.com/x"),
        ("http://b.com/sub/", "///x/", "http://b.com/sub/x/"),
        ("http://b.com/sub", "", "http://b.com/sub/"),
        ("http://b.com/sub", "/", "http://b.com/sub/"),
        ("http://b.com", "x", "http://b.com/x"),
        ("http://b.com/sub", "x?q#fragment", "http://b.com/sub/x?q"),
        ("http://b.com/sub", "https://c.com/y#f", "https://c.com/y#f"),
        ("", "http://c.com/y", "http://c.com/y"),
        ("", "x", "x"),
    ];
    for (base, url, expected) in cases {
        let client = Client::builder().base_url(base).build().unwrap();
        let request = client.get(url).build().unwrap();
        assert_eq!(request.url.as_str(), expected, "{base} {url}");
    }
    let client = Client::builder().base_url("https://h/sub").build().unwrap();
    assert_eq!(client.base_url().unwrap().as_str(), "https://h/sub/");
    for base in ["http://h/?q=1", "http://h/?", "http://h/#f"] {
        let error = Client::builder().base_url(base).build().unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidUrl, "{base}");
    }
}

/// CLT-26
#[test]
fn half_absolute_urls_do_not_meet_a_base() {
    let with_base = || one_slot().base_url("http://b.com/sub").build().unwrap();
    for url in ["//x", "//host/path"] {
        let error = fails_on(&with_base(), |client| client.get(url).send());
        assert_eq!(error.kind(), Kind::InvalidUrl, "{url}");
    }
    for url in ["https:", "http:/x", "a:b/c", "mailto:a@b"] {
        let error = fails_on(&with_base(), |client| client.get(url).send());
        assert_eq!(error.kind(), Kind::UnsupportedProtocol, "{url}");
    }
}

/// CLT-27
#[test]
fn a_relative_url_without_a_base_fails_when_it_is_sent() {
    for url in ["/x", "x", "", "//host/x", "?q"] {
        assert!(client().get(url).build().is_ok(), "{url}");
        let error = fails(|client| client.get(url).send());
        assert_eq!(error.kind(), Kind::UnsupportedProtocol, "{url}");
        let said = error.to_string();
        let wanted = "Request URL is missing an 'http://' or 'https://' protocol";
        assert!(said.starts_with(wanted), "{said}");
    }
}

/// CLT-30
#[test]
fn a_built_request_can_be_changed_before_it_is_sent() {
    let server = Server::always(ok(""));
    let client = Client::builder()
        .base_url(server.url("/api"))
        .header("X-Client", "1")
        .timeout(SECOND * 3)
        .build()
        .unwrap();
    let mut request = client
        .request("patch", "items")
        .query([("a", 1)])
        .body("old")
        .build()
        .unwrap();
    assert_eq!(request.url.as_str(), server.url("/api/items?a=1"));
    assert_eq!(request.timeout(), Some(&Timeout::all(SECOND * 3)));
    assert_eq!(request.headers.get("x-client").as_deref(), Some("1"));
    request.method = "PUT".parse().unwrap();
    request.url = request.url.join("other?b=2").unwrap();
    request.headers.insert("X-Client", "2").unwrap();
    request.headers.insert("Content-Length", "5").unwrap();
    request.body = "newer".into();
    client.send(request).unwrap();
    let seen = server.only();
    assert_eq!((&*seen.method, &*seen.target), ("PUT", "/api/other?b=2"));
    assert_eq!(seen.header("x-client"), Some("2"));
    assert_eq!(seen.text(), "newer");
}

/// VEC-31
#[test]
fn a_request_made_by_hand_is_sent_as_it_is() {
    let server = Server::always(ok(""));
    let client = Client::builder()
        .base_url("http://elsewhere.test/")
        .header("X-Client", "1")
        .query([("q", "1")])
        .build()
        .unwrap();
    let mut request = Request::new("GET", server.url("/")).unwrap();
    request.headers.append("x", "y").unwrap();
    client.send(request).unwrap();
    let host = format!("127.0.0.1:{}", server.port());
    let expected = format!("GET / HTTP/1.1\r\nHost: {host}\r\nx: y");
    assert_eq!(server.only().head, expected);
    let post = Request::new("post", server.url("/"))
        .unwrap()
        .with_body("abc");
    client.send(post).unwrap();
    let expected = format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3");
    assert_eq!(server.seen()[1].head, expected);
}

#[test]
fn sending_applies_the_clients_limits_where_the_request_has_none() {
    let server = Server::start(script().read().drain());
    let impatient = |timeout| one_slot().timeout(timeout).build().unwrap();
    let by_hand = || Request::new("GET", server.url("/")).unwrap();
    let pool = Timeout::default().pool(SECOND);
    let brief = pool.read(SECOND / 20);
    let error = fails_on(&impatient(brief), |client| client.send(by_hand()));
    assert_eq!(error.kind(), Kind::ReadTimeout);
    assert_eq!(error.request().unwrap().timeout(), Some(&brief));
    let began = Instant::now();
    let error = fails_on(&impatient(pool.read(SECOND * 60)), |client| {
        let mut request = by_hand();
        request.set_timeout(brief);
        client.send(request)
    });
    assert_eq!(error.kind(), Kind::ReadTimeout);
    assert!(began.elapsed() < SECOND * 5);
}

/// CLT-34
#[test]
fn the_short_ways_are_build_and_send() {
    let server = Server::echo();
    let client = Client::new();
    let start = || {
        client
            .request("put", server.url("/a?b"))
            .header("X", "1")
            .body("abc")
    };
    let short = start().send().unwrap();
    let long = client.send(start().build().unwrap()).unwrap();
    let short_stream = start().stream().unwrap();
    let long_stream = client.stream(start().build().unwrap()).unwrap();
    let all: Vec<Response> = vec![
        short,
        long,
        short_stream.buffer().unwrap(),
        long_stream.buffer().unwrap(),
    ];
    for response in &all {
        assert_eq!(response.content(), all[0].content());
        assert!(response.text().starts_with("PUT /a?b HTTP/1.1\r\n"));
    }
}

/// CLT-38
#[test]
fn methods_as_text_are_upper_cased_and_may_be_any_token() {
    let server = Server::always(ok(""));
    let client = client();
    for (given, sent) in [
        ("get", "GET"),
        ("PoSt", "POST"),
        ("version-control", "VERSION-CONTROL"),
        ("!#$%&'*+-.^_`|~9", "!#$%&'*+-.^_`|~9"),
    ] {
        client.request(given, server.url("/")).send().unwrap();
        assert_eq!(server.seen().pop().unwrap().method, sent);
    }
    let seen = server.seen().len();
    for bad in ["", "A B", "A\r\nB", "É", "A/B", "A\0", "(x)"] {
        let error = fails(|client| client.request(bad, server.url("/")).send());
        assert_eq!(error.kind(), Kind::LocalProtocol, "{bad:?}");
    }
    assert_eq!(server.seen().len(), seen);
}

/// CLT-39
#[test]
fn a_request_with_a_replayable_body_can_be_sent_again() {
    let server = Server::echo();
    let client = client();
    let request = client.post(server.url("/")).body("again").build().unwrap();
    let first = client.send(request).unwrap();
    let first_text = first.text().into_owned();
    let second = client.send(first.into_request().unwrap()).unwrap();
    assert_eq!(second.text(), first_text);
    assert_eq!(server.requests_per_connection(), [2]);
}

/// TMO-01
#[test]
fn four_limits_each_a_duration_or_none() {
    let five = Some(SECOND * 5);
    let Timeout {
        connect,
        read,
        write,
        pool,
        ..
    } = Timeout::default();
    assert_eq!([connect, read, write, pool], [five; 4]);
    // Without limits it waits for as long as it takes, here longer than the client would.
    let slow = script().read().sleep(SECOND / 5).send(ok("late"));
    let server = Server::start(slow);
    let client = one_slot()
        .timeout(Timeout::all(SECOND / 20))
        .build()
        .unwrap();
    let patient = client.get(server.url("/")).no_timeout().send().unwrap();
    assert_eq!(patient.text(), "late");
    assert_eq!(patient.request().unwrap().timeout(), Some(&Timeout::none()));
}

/// TMO-02
#[test]
fn single_limits_replace_one_of_all() {
    let some = |seconds| Some(Duration::from_secs(seconds));
    let cases = [
        (
            Timeout::all(SECOND * 10).connect(SECOND * 60),
            [some(60), some(10), some(10), some(10)],
        ),
        (Timeout::none().read(SECOND), [None, some(1), None, None]),
        (
            Timeout::default().write(None),
            [some(5), some(5), None, some(5)],
        ),
        (
            Timeout::none().pool(SECOND * 2),
            [None, None, None, some(2)],
        ),
        (Timeout::from(SECOND), [some(1); 4]),
        (Timeout::from(None), [None; 4]),
    ];
    for (timeout, expected) in cases {
        let Timeout {
            connect,
            read,
            write,
            pool,
            ..
        } = timeout;
        assert_eq!([connect, read, write, pool], expected);
    }
}

/// TMO-03
#[test]
fn a_requests_limits_replace_the_clients_wholly() {
    let client = Client::builder()
        .timeout(Timeout::all(SECOND * 7).total(SECOND * 70).head(SECOND))
        .build()
        .unwrap();
    let get = || client.get("http://e.com/");
    let own = Timeout::none().read(SECOND);
    assert_eq!(get().timeout(own).build().unwrap().timeout(), Some(&own));
    let none = get().no_timeout().build().unwrap();
    assert_eq!(none.timeout(), Some(&Timeout::none()));
    let none = get().timeout(None).build().unwrap();
    assert_eq!(none.timeout(), Some(&Timeout::none()));
}

/// TMO-04
#[test]
fn the_limits_travel_with_the_request() {
    let client = Client::builder().timeout(SECOND * 7).build().unwrap();
    let server = Server::always(ok(""));
    let mut request = client.get(server.url("/")).build().unwrap();
    assert_eq!(request.timeout(), Some(&Timeout::all(SECOND * 7)));
    request.set_timeout(SECOND * 3);
    let sent = client.send(request).unwrap().into_request().unwrap();
    assert_eq!(sent.timeout(), Some(&Timeout::all(SECOND * 3)));
    let by_hand = Request::new("GET", server.url("/")).unwrap();
    assert_eq!(by_hand.timeout(), None);
    let sent = client.send(by_hand).unwrap().into_request().unwrap();
    assert_eq!(sent.timeout(), Some(&Timeout::all(SECOND * 7)));
}

#[test]
fn a_failure_after_the_head_gives_the_connection_up() {
    let cut = response("200 OK", &[], "0123456789");
    let server = Server::each([
        script().read().send(&cut[..cut.len() - 3]).close(),
        script().read().send(cut).close(),
    ]);
    let client = client();
    let error = fails_on(&client, |client| client.get(server.url("/")).send());
    assert_eq!(error.kind(), Kind::RemoteProtocol);
    assert_eq!(
        client.get(server.url("/")).send().unwrap().text(),
        "0123456789"
    );
    let refused = Refused::port();
    let error = fails_on(&client, |client| client.get(refused.url("/")).send());
    assert_eq!(error.kind(), Kind::Connect);
}

/// TRP-05: the session tickets of TLS 1.3 are no news, and the look at the idle connection does not wait.
#[cfg(feature = "tls")]
#[test]
fn a_connection_inside_tls_is_used_again_at_once() {
    use crate::server::tls::{Identity, Tls, ca_pem};
    for tls in [
        Tls::from(Identity::Good).only_tls12(),
        Tls::from(Identity::Good).only_tls13(),
    ] {
        let server = Server::start_tls(script().serve(|_| ok("x")), tls);
        let client = one_slot().add_root_certificate(ca_pem()).build().unwrap();
        let began = Instant::now();
        for _ in 0..3 {
            client.get(server.url("/")).send().unwrap();
        }
        assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
        assert_eq!(server.requests_per_connection(), [3]);
    }
}
