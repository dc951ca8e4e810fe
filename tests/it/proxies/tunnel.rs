//! Tunnels by CONNECT, and TLS through them.

use std::time::{Duration, Instant};

use papilio::{Client, DigestAuth, Kind, Phase, Proxy, Reason, Timeout};

use super::{BASIC, LIMIT, known, lines, plain, through, told, without_secrets};
use crate::server::tls::{Identity, Tls, ca_pem};
use crate::server::{Pace, Script, Server, in_every_pace, ok, response, script};

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// Opens the tunnel, then is the origin.
fn tunnel(tls: impl Into<Tls>) -> Script {
    script().read().send(OPEN).then(origin(tls))
}

fn origin(tls: impl Into<Tls>) -> Script {
    script().start_tls(tls).serve(|seen| ok(&seen.target))
}

/// PRX-22, PRX-23, PRX-25, R-PRX-01, R-PRX-05, R-PRX-06: every byte of CONNECT, and who hears what.
#[test]
fn every_byte_of_a_tunnel() {
    in_every_pace(|pace| {
        let open = "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
        let tls = Tls::from(Identity::Good).alpn(&["http/1.1"]);
        let server = Server::start(script().read().send(open).pace(pace).then(origin(tls)));
        let proxy = Proxy::new(known("http", &server)).unwrap();
        let client = through(proxy.header("X-Routing", "fast"));
        let request = client
            .post("https://me:hidden@localhost/path?query")
            .header("Cookie", "session=hidden")
            .header("X-Key", "hidden")
            .body("hidden");
        let answer = request.send().unwrap();
        assert_eq!(answer.text(), "/path?query");
        let connection = answer.connection().unwrap();
        assert!(connection.is_proxied() && connection.tls().is_some());
        assert_eq!(connection.peer_addr(), Some(server.address()));
        // The same tunnel again.
        client.get("https://localhost:443/again").send().unwrap();
        assert_eq!(server.requests_per_connection(), [3]);
        let seen = server.seen();
        let connect = format!(
            "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\nAccept: */*\r\n\
             Proxy-Authorization: {BASIC}\r\nX-Routing: fast\r\n\r\n"
        );
        assert_eq!(String::from_utf8_lossy(&seen[0].raw), connect);
        for inner in &seen[1..] {
            let raw = String::from_utf8_lossy(&inner.raw).to_ascii_lowercase();
            assert!(
                !raw.contains("proxy") && !raw.contains("x-routing"),
                "{raw}"
            );
            without_secrets(&raw);
            assert_eq!(inner.header("host"), Some("localhost"));
            assert_eq!(inner.server_name.as_deref(), Some("localhost"));
            assert_eq!(inner.alpn.as_deref(), Some(&b"http/1.1"[..]));
        }
        assert_eq!(seen[1].header("x-key"), Some("hidden"));
    });
}

/// PRX-22: addresses and ports; one tunnel for each origin (R-TLS-07).
#[test]
fn a_tunnel_for_each_origin() {
    let server = Server::with(|_| tunnel(Identity::Good));
    let client = plain().proxy(server.url("")).verify(false);
    let client = client.build().unwrap();
    for url in [
        "https://[::1]:8443/",
        "https://127.0.0.1/",
        "https://LOCALHOST/",
        "https://localhost:444/",
        "https://localhost/",
    ] {
        client.get(url).send().unwrap();
    }
    let seen = server.seen();
    let connects: Vec<_> = lines(&seen);
    let connects: Vec<_> = connects.iter().filter(|l| l.starts_with('C')).collect();
    assert_eq!(
        connects,
        [
            &"CONNECT [::1]:8443",
            &"CONNECT 127.0.0.1:443",
            &"CONNECT localhost:443",
            &"CONNECT localhost:444"
        ]
    );
    assert_eq!(seen[0].header("host"), Some("[::1]:8443"));
}

/// PRX-24, R-PRX-03: a refusal is an error that has the proxy's answer, and never the origin's response.
#[test]
fn a_refusal() {
    in_every_pace(|pace| {
        for (status, fields) in [
            (
                "403 Forbidden",
                &[("Set-Cookie", "a=b"), ("X-Why", "policy")][..],
            ),
            (
                "302 Found",
                &[("Location", "http://127.0.0.1:1/"), ("X-Why", "policy")],
            ),
            (
                "401 Unauthorized",
                &[("WWW-Authenticate", "Basic"), ("X-Why", "policy")],
            ),
            ("407 Proxy Authentication Required", &[("X-Why", "policy")]),
            ("500 ", &[("X-Why", "policy")]),
        ] {
            let refusal = response(status, fields, "not there");
            let server = Server::start(script().read().send(refusal).pace(pace).drain());
            let client = plain()
                .proxy(known("http", &server))
                .follow_redirects(true)
                .auth(("me", "hidden"))
                .connect_retries(3)
                .build()
                .unwrap();
            let error = client.get("https://localhost/").send().unwrap_err();
            let text = told(&error, Kind::Proxy);
            assert!(text.starts_with(status.trim_end()), "{text}");
            assert!(text.contains("GET https://localhost/"), "{text}");
            assert_eq!(error.phase(), Some(Phase::Proxy));
            let answer = error.response().unwrap();
            assert_eq!(answer.status().as_str(), &status[..3]);
            assert_eq!(answer.headers().get("x-why").as_deref(), Some("policy"));
            assert_eq!(&answer.content()[..], b"not there");
            assert_eq!(client.cookies().iter().count(), 0);
            assert_eq!(server.connections(), 1);
            server.wait_until(|server| server.open() == 0);
            let seen = server.only();
            assert_eq!(seen.header("authorization"), None);
        }
    });
    // Of a body without end there is a part.
    let head = "HTTP/1.1 403 No\r\nContent-Length: 9999999\r\n\r\n";
    let server = Server::start(script().read().send(head).flood("x"));
    let error = through(server.url("")).get("https://localhost/").send();
    let error = error.unwrap_err();
    told(&error, Kind::Proxy);
    assert!((1..=64 << 10).contains(&error.response().unwrap().content().len()));
}

/// R-PRX-02
#[test]
fn bytes_of_the_proxys_own() {
    let server = Server::start(script().read().send(format!("{OPEN}hello")).drain());
    let error = through(server.url("")).get("https://localhost/").send();
    told(&error.unwrap_err(), Kind::Proxy);
    server.wait_until(|server| server.open() == 0);
}

/// PRX-29, R-PRX-09, RTY-04: a proxy that goes away meanwhile; nothing of that is tried again.
#[test]
fn a_proxy_that_goes_away() {
    for (script, kind, reason) in [
        (
            script().read().close(),
            Kind::RemoteProtocol,
            Some(Reason::ServerDisconnected),
        ),
        (
            script().read().send("HTTP/1.1 20").close(),
            Kind::RemoteProtocol,
            Some(Reason::Incomplete),
        ),
        (script().read().reset(), Kind::Read, None),
        (
            script().read().send("what?\r\n\r\n").close(),
            Kind::RemoteProtocol,
            Some(Reason::BadStatusLine),
        ),
    ] {
        let server = Server::start(script);
        let client = plain().proxy(known("http", &server)).connect_retries(2);
        let client = client.build().unwrap();
        let error = client.get("https://localhost/").send().unwrap_err();
        let text = told(&error, kind);
        assert!(text.contains("proxy"), "{text}");
        assert_eq!(
            (error.reason(), error.phase()),
            (reason, Some(Phase::Proxy)),
            "{text}"
        );
        assert_eq!(server.connections(), 1);
    }
    // Behind it, the origin's ways to die.
    let dies = script()
        .read()
        .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut");
    for (inner, kind) in [
        (script().read().cut(), Kind::Read),
        (dies.cut(), Kind::RemoteProtocol),
    ] {
        let server = Server::start(
            script()
                .read()
                .send(OPEN)
                .start_tls(Identity::Good)
                .then(inner),
        );
        let error = through(server.url("")).post("https://localhost/").send();
        let text = told(&error.unwrap_err(), kind);
        assert!(text.contains(" through proxy"), "{text}");
    }
}

/// R-PRX-07, TMO-10, FLT-04: all that is said to the proxy has the connect limit, however it drips; TLS behind it has one
/// of its own.
#[test]
fn a_slow_proxy() {
    let brief = Timeout::all(LIMIT).connect(LIMIT / 20);
    let slowly = |bytes: &str| script().read().send_slowly(bytes, 1, LIMIT / 100);
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1000));
    let refusal = "HTTP/1.1 403 No\r\nContent-Length: 1000\r\n\r\nxxxxx";
    for (script, kind, phase) in [
        (script().drain(), Kind::ConnectTimeout, Phase::Proxy),
        (slowly(&endless), Kind::ConnectTimeout, Phase::Proxy),
        (
            script().read().send(refusal).drain(),
            Kind::Proxy,
            Phase::Proxy,
        ),
        (
            script().read().send(OPEN).drain(),
            Kind::ConnectTimeout,
            Phase::Tls,
        ),
    ] {
        let server = Server::start(script);
        let client = plain().proxy(server.url("")).build().unwrap();
        let began = Instant::now();
        let error = client.get("https://localhost/").timeout(brief).send();
        let error = error.unwrap_err();
        told(&error, kind);
        assert_eq!(error.phase(), Some(phase));
        let took = began.elapsed();
        assert!(took >= LIMIT / 21 && took < LIMIT / 2, "{took:?}");
        server.wait_until(|server| server.open() == 0);
    }
    let server = Server::start(script().read().drain());
    let total = Timeout::all(LIMIT).total(Duration::from_millis(80));
    let client = through(server.url(""));
    let error = client.get("https://localhost/").timeout(total).send();
    told(&error.unwrap_err(), Kind::TotalTimeout);
    // What it answered in time, though slowly.
    let server = Server::start(
        script()
            .read()
            .send(OPEN)
            .pace(Pace::Chunks(7, Duration::from_millis(5)))
            .start_tls(Identity::Good)
            .serve(|_| ok("there")),
    );
    let client = through(server.url(""));
    assert_eq!(
        client.get("https://localhost/").send().unwrap().text(),
        "there"
    );
}

/// R-PRX-07: the head has the limits of any head.
#[test]
fn a_head_without_end() {
    let server = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\n")
            .flood("A: b\r\n"),
    );
    let error = through(server.url("")).get("https://localhost/").send();
    assert_eq!(error.unwrap_err().reason(), Some(Reason::HeadTooLarge));
}

/// R-PRX-04: one round of Digest with CONNECT, on the same connection or on another; the next tunnel needs none.
#[test]
fn digest_for_a_tunnel() {
    for closes in [false, true] {
        let challenge = r#"Digest realm="p", nonce="n1", qop="auth""#;
        let mut fields = vec![("Proxy-Authenticate", challenge)];
        if closes {
            fields.push(("Connection", "close"));
        }
        let refusal = script().read().send(response("407 Who", &fields, "who"));
        let server = Server::each(match closes {
            false => vec![refusal.then(tunnel(Identity::Good)), tunnel(Identity::Good)],
            true => vec![
                refusal.close(),
                tunnel(Identity::Good),
                tunnel(Identity::Good),
            ],
        });
        let proxy = Proxy::new(server.url("")).unwrap();
        let client = through(proxy.auth(DigestAuth::new("user", "pass word")));
        for url in ["https://localhost/", "https://127.0.0.1/"] {
            assert_eq!(client.get(url).send().unwrap().text(), "/");
        }
        let seen = server.seen();
        let value = |at: usize| seen[at].header("proxy-authorization");
        assert_eq!(value(0), None);
        for (at, uri, count) in [(1, "localhost:443", 1), (3, "127.0.0.1:443", 2)] {
            let value = value(at).unwrap();
            assert!(value.contains(&format!(r#"uri="{uri}""#)), "{value}");
            assert!(value.contains(&format!("nc=0000000{count}")), "{value}");
            assert_eq!(seen[at].method, "CONNECT");
        }
        assert_eq!((value(2), value(4)), (None, None), "inside");
        assert_eq!(seen.len(), 5);
    }
}

/// TLS-10, R-PRX-06: the origin is verified by its own name, whatever the proxy is called.
#[test]
fn the_wrong_origin() {
    let server = Server::start(tunnel(Identity::WrongName));
    let error = through(known("http", &server))
        .get("https://localhost/x")
        .send();
    let error = error.unwrap_err();
    let text = told(&error, Kind::Connect);
    assert!(text.contains("through proxy"), "{text}");
    assert_eq!(error.reason(), Some(Reason::CertificateName));
    assert_eq!(server.only().method, "CONNECT", "and no request");
}

/// PRX-23, TLS-09, EXT-03, R-TLS-07: another name in TLS than in CONNECT; such connections are kept apart.
#[test]
fn another_name_inside() {
    let server = Server::with(|_| tunnel(Identity::Good));
    let client = through(server.url(""));
    let url = "https://origin.invalid:8443/";
    let get = |name: &str| client.get(url).server_name(name).send();
    assert_eq!(get("localhost").unwrap().text(), "/");
    assert_eq!(get("LocalHost").unwrap().text(), "/");
    let error = client.get(url).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CertificateName));
    get("127.0.0.1").unwrap();
    let seen = server.seen();
    assert_eq!(server.requests_per_connection(), [3, 1, 2]);
    for (at, name) in [(1, Some("localhost")), (2, Some("localhost")), (5, None)] {
        assert_eq!(seen[at].server_name.as_deref(), name);
        assert_eq!(seen[at].header("host"), Some("origin.invalid:8443"));
    }
    assert!(seen[0].head.starts_with("CONNECT origin.invalid:8443 "));
}

/// PRX-26, R-PRX-06: TLS in TLS; each side by its own name and its own roots.
#[test]
fn tls_in_tls() {
    let outer = || Tls::from(Identity::NameOnly).alpn(&["http/1.1"]);
    for (inner, size) in [
        (Tls::from(Identity::Good).only_tls12(), 10),
        (Tls::from(Identity::Good).only_tls13(), 1 << 20),
    ] {
        let answer = vec![b'x'; size];
        let inner = script()
            .start_tls(inner)
            .serve(move |seen| ok([&answer, &*seen.body].concat()));
        let server = Server::start_tls(script().read().send(OPEN).then(inner), outer());
        let url = format!("https://user:pass%20word@localhost:{}", server.port());
        let client = through(Proxy::new(url).unwrap().add_root_certificate(ca_pem()));
        for body in [0, size] {
            let request = client.post("https://127.0.0.1/");
            let answer = request.body(vec![b'y'; body]).send().unwrap();
            assert_eq!(answer.content().len(), size + body);
            assert!(answer.connection().unwrap().tls().is_some());
        }
        let seen = server.seen();
        assert_eq!(server.requests_per_connection(), [3]);
        assert_eq!(seen[0].server_name.as_deref(), Some("localhost"));
        assert_eq!(seen[0].header("proxy-authorization"), Some(BASIC));
        assert_eq!(seen[1].server_name, None, "an address");
        assert_eq!(seen[1].header("proxy-authorization"), None);
    }
    // Trust in the proxy is no trust in the origin, and the reverse.
    let careless = |outer: Identity, inner: Identity, proxied: bool| {
        let server = Server::start_tls(tunnel(inner), outer);
        let proxy = Proxy::new(format!("https://localhost:{}", server.port())).unwrap();
        let client = match proxied {
            true => plain().proxy(proxy.verify(false)),
            false => plain().proxy(proxy).verify(false),
        };
        let client = client.build().unwrap();
        let result = client.get("https://localhost/").send();
        (
            result.map(drop).map_err(|e| e.reason()),
            server.seen().len(),
        )
    };
    let unknown = Err(Some(Reason::CertificateUnknownIssuer));
    assert_eq!(
        careless(Identity::SelfSigned, Identity::Good, true),
        (Ok(()), 2)
    );
    assert_eq!(
        careless(Identity::SelfSigned, Identity::SelfSigned, true),
        (unknown, 1)
    );
    assert_eq!(
        careless(Identity::SelfSigned, Identity::SelfSigned, false),
        (unknown, 0)
    );
}

/// R-TLS-08: who we are to origins, the proxy is not told.
#[test]
fn certificates_of_ours() {
    use crate::server::tls::client_pem;

    let (certificate, key) = client_pem(None);
    let pem = [certificate, key].concat();
    let path = std::env::temp_dir().join(format!("papilio-proxied-{}.pem", std::process::id()));
    std::fs::write(&path, pem).unwrap();
    let asking = || Tls::from(Identity::Good).asks_clients(false);
    let server = Server::start_tls(tunnel(asking()), asking());
    let url = format!("https://localhost:{}", server.port());
    let client = plain()
        .proxy(Proxy::new(url).unwrap().add_root_certificate(ca_pem()))
        .cert(papilio::ClientCert::from_file(&path).for_any_host())
        .build();
    std::fs::remove_file(&path).unwrap();
    client.unwrap().get("https://localhost/").send().unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].client_certificate, None);
    assert!(seen[1].client_certificate.is_some());
}

/// R-PRX-05, CON-08: the same for those who await.
#[cfg(feature = "async")]
#[tokio::test]
async fn awaited() {
    let server = Server::start(tunnel(Identity::Good));
    let client = papilio::AsyncClient::builder()
        .trust_env(false)
        .add_root_certificate(ca_pem())
        .proxy(known("http", &server))
        .build()
        .unwrap();
    let answer = client.get("https://localhost/x").send().await.unwrap();
    assert_eq!(answer.text(), "/x");
    let seen = server.seen();
    assert_eq!(seen[0].header("proxy-authorization"), Some(BASIC));
    assert_eq!(seen[1].header("proxy-authorization"), None);
    let refusing = Server::always(response("403 Forbidden", &[], "no"));
    let client = papilio::AsyncClient::builder().proxy(refusing.url(""));
    let client = client.build().unwrap();
    let error = client.get("https://localhost/").send();
    let error = error.await.unwrap_err();
    told(&error, Kind::Proxy);
    assert_eq!(&error.response().unwrap().content()[..], b"no");
}

/// A tunnel is the client's own business: whoever asks for CONNECT through a proxy asks the proxy for it.
#[test]
fn connect_of_the_callers_own() {
    let server = Server::start(script().read().send(OPEN).send("hi"));
    let client: Client = through(known("http", &server));
    let request = client.request("CONNECT", "http://origin.invalid:99/");
    let mut stream = request
        .target("origin.invalid:99")
        .stream()
        .unwrap()
        .upgrade()
        .unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
    assert_eq!(text, "hi");
    let seen = server.only();
    assert!(
        seen.head
            .starts_with("CONNECT origin.invalid:99 HTTP/1.1\r\n"),
        "{}",
        seen.head
    );
    assert_eq!(seen.header("proxy-authorization"), Some(BASIC));
}
