//! Requests for http URLs, which an http proxy reads and sends on.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use papilio::{Client, DigestAuth, Kind, Phase, Proxy, Reason};

use super::{BASIC, LIMIT, known, lines, plain, through, told};
use crate::common::names;
use crate::server::{BlackHole, Refused, Server, ok, response, script};

/// PRX-20, PRX-25: the whole URL, the origin's `Host`, what the proxy is told in front; nobody looks the name up.
#[test]
fn every_byte_of_a_request() {
    let server = Server::always(ok("from afar"));
    let proxy = Proxy::new(known("http", &server)).unwrap();
    let client = through(proxy.header("X-Routing", "fast").header("X-Two", "proxy"));
    let request = client
        .post("http://me:too@origin.invalid:8080/a%20b?c=d#e")
        .header("x-two", "mine")
        .body("content");
    assert_eq!(request.send().unwrap().text(), "from afar");
    let seen = server.only();
    assert!(
        seen.head
            .starts_with("POST http://origin.invalid:8080/a%20b?c=d HTTP/1.1\r\n")
    );
    assert_eq!(seen.header("host"), Some("origin.invalid:8080"));
    assert_eq!(seen.header("proxy-authorization"), Some(BASIC));
    assert_eq!(seen.header("authorization"), Some("Basic bWU6dG9v"));
    assert_eq!(seen.header("x-two"), Some("mine"));
    assert_eq!(seen.text(), "content");
    // What there are decoders for differs.
    let names: Vec<_> = names(&seen)
        .into_iter()
        .filter(|n| *n != "Accept-Encoding")
        .collect();
    assert_eq!(
        names,
        [
            "Host",
            "Proxy-Authorization",
            "X-Routing",
            "Accept",
            "Connection",
            "User-Agent",
            "x-two",
            "Content-Length",
            "Authorization",
        ]
    );
    for (url, line) in [
        ("http://[::1]:81/x", "GET http://[::1]:81/x"),
        ("http://origin.invalid:80", "GET http://origin.invalid/"),
    ] {
        client.get(url).send().unwrap();
        assert_eq!(lines(&server.seen()).last(), Some(&line));
    }
}

/// PRX-21, R-PRX-10: one connection for any origin, and another for another proxy, be it only by its credentials.
#[test]
fn one_connection_for_all_origins() {
    let server = Server::always(ok("x"));
    let client = plain()
        .proxy_for("http://", known("http", &server))
        .proxy_for("http://other.invalid", server.url(""))
        .build()
        .unwrap();
    for host in ["a", "b", "a:81", "b", "other"] {
        let url = format!("http://{}.invalid/", host.replace(":81", ".x:81"));
        let url = url.replace(
            ".invalid/",
            if host.ends_with("81") {
                "/"
            } else {
                ".invalid/"
            },
        );
        client.get(url).send().unwrap();
    }
    assert_eq!(server.requests_per_connection(), [4, 1]);
    let seen = server.seen();
    assert_eq!(seen[4].header("proxy-authorization"), None);
    // Without a proxy, the same address is an origin.
    client.get("http://a.invalid/").send().unwrap();
    let direct = plain().build().unwrap();
    direct.get(server.url("/")).send().unwrap();
    assert_eq!(server.seen()[6].target, "/");
    assert_eq!(server.connections(), 3);
}

/// PRX-27
#[test]
fn a_407_is_a_response() {
    let refusal = response(
        "407 Proxy Authentication Required",
        &[("Proxy-Authenticate", "Basic realm=\"p\"")],
        "who are you",
    );
    let server = Server::always(refusal);
    for proxy in [server.url(""), known("http", &server)] {
        let answer = through(proxy).get("http://origin.invalid/").send().unwrap();
        assert_eq!(answer.status().as_u16(), 407);
        assert_eq!(answer.text(), "who are you");
    }
    assert_eq!(server.requests_per_connection(), [1, 1]);
}

/// R-PRX-04, WSH-21: one round on the same connection, the body once more; what was learnt serves the next request, of this
/// proxy alone. A second refusal is the answer.
#[test]
fn one_round_of_digest() {
    let challenge = r#"Digest realm="p", nonce="n1", qop="auth", algorithm=SHA-256"#;
    let fields = [("Proxy-Authenticate", challenge)];
    let refusal = || response("407 Who", &fields, "who");
    let server = Server::replies([refusal(), ok("in"), ok("in again"), refusal(), refusal()]);
    let proxy = || Proxy::new(server.url("")).unwrap();
    let digest = || proxy().auth(DigestAuth::new("user", "pass word"));
    let client = through(digest());
    let post = |client: &Client, path: &str| {
        let request = client.post(format!("http://origin.invalid{path}"));
        request.body("content").send().unwrap()
    };
    let answer = post(&client, "/one");
    assert_eq!((answer.status().as_u16(), &*answer.text()), (200, "in"));
    assert!(answer.history().is_empty(), "the proxy is no redirect");
    assert_eq!(post(&client, "/two").text(), "in again");
    let seen = server.seen();
    assert_eq!(server.requests_per_connection(), [3]);
    assert_eq!(seen[0].header("proxy-authorization"), None);
    for (seen, count, uri) in [(&seen[1], 1, "/one"), (&seen[2], 2, "/two")] {
        let value = seen.header("proxy-authorization").unwrap();
        assert!(value.contains(&format!("nc=0000000{count}")), "{value}");
        assert!(value.contains(&format!(r#"uri="http://origin.invalid{uri}""#)));
        assert_eq!(seen.text(), "content");
        assert_eq!(seen.header("authorization"), None);
    }
    // Another proxy starts anew, also at the same address.
    let answer = post(&through(digest()), "/three");
    assert_eq!(answer.status().as_u16(), 407);
    let seen = server.seen();
    assert_eq!(seen.len(), 5);
    assert_eq!(seen[3].header("proxy-authorization"), None);
}

/// R-PRX-04: a body that can be read once is no body for a second round.
#[test]
fn a_challenge_that_comes_too_late() {
    let fields = [("Proxy-Authenticate", r#"Digest realm="p", nonce="n""#)];
    let server = Server::always(response("407 Who", &fields, "who"));
    let proxy = Proxy::new(server.url("")).unwrap();
    let client = through(proxy.auth(DigestAuth::new("user", "pass word")));
    let body = papilio::Body::reader(&b"once"[..]);
    let error = client.post("http://origin.invalid/").body(body).send();
    told(&error.unwrap_err(), Kind::StreamConsumed);
    assert_eq!(server.seen().len(), 1);
}

/// R-PRX-05, SEC-310: who goes past the proxy, by a redirect or by itself, says nothing of what is between it and us.
#[test]
fn nothing_for_the_proxy_past_it() {
    let origin = Server::always(ok("direct"));
    let moved = response("302 Found", &[("Location", &origin.url("/next"))], "");
    let proxy = Server::always(moved);
    let client = plain()
        .proxy_for("all://origin.invalid", known("http", &proxy))
        .follow_redirects(true)
        .build()
        .unwrap();
    let request = client.get("http://origin.invalid/");
    let answer = request.header("Proxy-Authorization", "Basic mine");
    assert_eq!(answer.send().unwrap().text(), "direct");
    client.get("http://origin.invalid/").send().unwrap();
    let request = client.get(origin.url("/"));
    let answer = request.header("Proxy-Authorization", "Basic mine");
    answer.send().unwrap();
    let values = |server: &Server| {
        let seen = server.seen();
        let values = seen.iter().map(|seen| seen.header("proxy-authorization"));
        values.map(|v| v.map(str::to_owned)).collect::<Vec<_>>()
    };
    let told = [Some("Basic mine".to_owned()), Some(BASIC.to_owned())];
    assert_eq!(values(&proxy), told);
    assert_eq!(values(&origin), [None, None, None]);
    for seen in origin.seen() {
        super::without_secrets(&seen.head);
        assert!(
            !seen.head.to_ascii_lowercase().contains("proxy"),
            "{}",
            seen.head
        );
    }
}

/// PRX-28, R-PRX-09, FLT-01, FLT-04: what goes wrong with the proxy.
#[test]
fn a_proxy_that_cannot_be_reached() {
    let refused = Refused::port();
    let hole = BlackHole::start();
    let silent = Server::start(script().drain());
    let cut = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
            .close(),
    );
    let gone = Server::start(script().read().close());
    let late = LIMIT / 40;
    for (proxy, kind, reason, phase) in [
        (refused.url(""), Kind::Connect, None, Phase::Connect),
        (hole.url(""), Kind::ConnectTimeout, None, Phase::Connect),
        (silent.url(""), Kind::ReadTimeout, None, Phase::Head),
        (
            gone.url(""),
            Kind::Read,
            Some(Reason::ServerDisconnected),
            Phase::Head,
        ),
        (
            cut.url(""),
            Kind::RemoteProtocol,
            Some(Reason::Incomplete),
            Phase::Body,
        ),
    ] {
        let client = through(proxy.as_str());
        let began = Instant::now();
        let request = client.get("http://origin.invalid/").timeout(late);
        let error = request.send().unwrap_err();
        let text = told(&error, kind);
        assert!(
            text.contains(" through proxy (GET http://origin.invalid/)"),
            "{text}"
        );
        assert_eq!(
            (error.reason(), error.phase()),
            (reason, Some(phase)),
            "{text}"
        );
        assert!(began.elapsed() < LIMIT / 2, "{text}");
    }
    // Where there is no proxy there is no such word.
    let error = plain().build().unwrap().get(refused.url("/")).send();
    assert!(!error.unwrap_err().to_string().contains("proxy"));
}

/// RTY-04: the proxy is tried again as an origin is; what was sent over the connection is not.
#[test]
fn the_proxy_is_tried_again() {
    let refused = Refused::port();
    let tries = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&tries);
    let client = plain()
        .proxy(refused.url(""))
        .connect_retries(2)
        .build()
        .unwrap();
    let request = client.get("http://origin.invalid/").trace(move |event| {
        record.lock().unwrap().push(event.name());
        Ok(())
    });
    told(&request.send().unwrap_err(), Kind::Connect);
    let count = |name: &str| tries.lock().unwrap().iter().filter(|n| **n == name).count();
    assert_eq!(count("connection.connect_tcp.failed"), 3);
    assert_eq!(count("connection.retry.complete"), 2);

    let gone = Server::start(script().read().close());
    let client = plain().proxy(gone.url("")).connect_retries(2);
    let error = client
        .build()
        .unwrap()
        .post("http://origin.invalid/")
        .send();
    told(&error.unwrap_err(), Kind::Read);
    assert_eq!(gone.connections(), 1);
}

/// R-PRX-10, POOL-15: a connection that the proxy closed meanwhile costs one attempt.
#[test]
fn a_stale_connection_to_a_proxy() {
    let server = Server::each([
        script().read().send(ok("one")).read().close(),
        script().serve(|_| ok("two")),
    ]);
    let client = through(known("http", &server));
    assert_eq!(
        client.get("http://a.invalid/").send().unwrap().text(),
        "one"
    );
    assert_eq!(
        client.get("http://b.invalid/").send().unwrap().text(),
        "two"
    );
    for seen in server.seen() {
        assert_eq!(seen.header("proxy-authorization"), Some(BASIC));
    }
}

/// PRX-26, PRX-28, R-PRX-06, TLS-09: an https proxy by its own name, under its own roots.
#[cfg(feature = "tls")]
#[test]
fn to_an_https_proxy() {
    use crate::server::tls::{Identity, Tls, ca_pem};

    let start = |tls: Tls| Server::start_tls(script().serve(|seen| ok(&seen.target)), tls);
    let server = start(Tls::from(Identity::Good).alpn(&["http/1.1"]));
    let url = format!("https://user:pass%20word@localhost:{}", server.port());
    let trusted = || Proxy::new(&url).unwrap().add_root_certificate(ca_pem());
    let client = through(trusted());
    for path in ["/one", "/two"] {
        let answer = client.get(format!("http://origin.invalid{path}")).send();
        let answer = answer.unwrap();
        assert_eq!(answer.text(), format!("http://origin.invalid{path}"));
        let connection = answer.connection().unwrap();
        assert!(connection.is_proxied());
        assert_eq!(connection.tls(), None, "with the origin there is none");
        assert_eq!(connection.peer_addr(), Some(server.address()));
    }
    assert_eq!(server.requests_per_connection(), [2]);
    let seen = server.seen();
    assert_eq!(seen[0].server_name.as_deref(), Some("localhost"));
    assert_eq!(seen[0].alpn.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(seen[0].header("proxy-authorization"), Some(BASIC));
    // A second client resumes the session of the proxy it was given: the settings were read once.
    let shared = trusted();
    for _ in 0..2 {
        let client = through(shared.clone());
        client.post("http://origin.invalid/").send().unwrap();
    }
    let seen = server.seen();
    assert_eq!((seen[2].resumed, seen[3].resumed), (false, true));
    // The roots for origins are not those for proxies.
    let error = through(&*url).get("http://origin.invalid/").send();
    let text = told(&error.unwrap_err(), Kind::Connect);
    assert!(text.contains("during the TLS handshake"), "{text}");
    assert!(text.contains("through proxy"), "{text}");
    // And verification off is for one proxy.
    let careless = Proxy::new(&url).unwrap().verify(false);
    through(careless)
        .get("http://origin.invalid/")
        .send()
        .unwrap();
    let stranger = start(Identity::SelfSigned.into());
    let url = format!("https://localhost:{}", stranger.port());
    let proxy = Proxy::new(url).unwrap().add_root_certificate(ca_pem());
    let error = through(proxy).get("http://origin.invalid/").send();
    assert_eq!(
        error.unwrap_err().reason(),
        Some(Reason::CertificateUnknownIssuer)
    );
    assert!(stranger.seen().is_empty());
    // A handshake that stalls (PRX-28, FLT-04).
    let silent = Server::start(script().drain());
    let client = through(format!("https://127.0.0.1:{}", silent.port()));
    let brief = papilio::Timeout::all(LIMIT).connect(LIMIT / 40);
    let error = client.get("http://origin.invalid/").timeout(brief).send();
    told(&error.unwrap_err(), Kind::ConnectTimeout);
}
