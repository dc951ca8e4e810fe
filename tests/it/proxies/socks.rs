//! SOCKS, every version, byte by byte.

use std::net::Ipv4Addr;
use std::time::Instant;

use papilio::{Client, Kind, Phase, Proxy, Timeout};

use super::{LIMIT, plain, through, told};
use crate::server::{Pace, Script, Server, in_every_pace, ok, script};

const NO_LOGIN: [u8; 3] = [5, 1, 0];
const LOGIN: [u8; 3] = [5, 1, 2];
/// Bound to 1.2.3.4:5.
const GRANTED: [u8; 10] = [5, 0, 0, 1, 1, 2, 3, 4, 0, 5];
const GRANTED4: [u8; 8] = [0, 90, 0, 0, 0, 0, 0, 0];

fn ask(kind: u8, address: &[u8], port: u16) -> Vec<u8> {
    [&[5, 1, 0, kind], address, &port.to_be_bytes()].concat()
}

fn named(host: &str, port: u16) -> Vec<u8> {
    let length = u8::try_from(host.len()).unwrap();
    ask(3, &[&[length], host.as_bytes()].concat(), port)
}

fn ask4(address: [u8; 4], port: u16, rest: &str) -> Vec<u8> {
    [&[4, 1], &port.to_be_bytes()[..], &address, rest.as_bytes()].concat()
}

fn url(scheme: &str, server: &Server) -> String {
    format!("{scheme}://127.0.0.1:{}", server.port())
}

/// Without a login, up to the address that is asked for.
fn greeting(asked: Vec<u8>) -> Script {
    script().expect(NO_LOGIN).send([5, 0]).expect(asked)
}

/// PRX-30, PRX-31, PRX-34, PRX-35, R-PRX-08: every kind of address, with and without a login, in any pieces; http goes
/// through the tunnel too, in the form for origins, and is kept per origin.
#[test]
fn version_5() {
    let long = format!("{}.invalid", "long.".repeat(30));
    let v6 = "2001:db8::1"
        .parse::<std::net::Ipv6Addr>()
        .unwrap()
        .octets();
    let granted6 = [&[5, 0, 0, 4], &v6[..], &[0, 5]].concat();
    let granted_name = b"\x05\0\0\x03\x09proxy.lan\0\x05";
    in_every_pace(|pace| {
        for (scheme, target, asked, granted) in [
            (
                "socks5",
                "http://origin.invalid/p",
                named("origin.invalid", 80),
                &GRANTED[..],
            ),
            (
                "socks5h",
                "http://origin.invalid:81/p",
                named("origin.invalid", 81),
                &granted6,
            ),
            (
                "socks5",
                "http://192.0.2.7/p",
                ask(1, &[192, 0, 2, 7], 80),
                granted_name,
            ),
            (
                "socks5h",
                "http://[2001:db8::1]:8080/p",
                ask(4, &v6, 8080),
                &GRANTED,
            ),
            (
                "socks5h",
                &format!("http://{long}/p"),
                named(&long, 80),
                &GRANTED,
            ),
        ] {
            let rest = script().send(granted).pace(pace);
            let serve = script().serve(|seen| ok(&seen.head));
            let server = Server::start(greeting(asked.clone()).then(rest).then(serve.clone()));
            let client = through(url(scheme, &server));
            for _ in 0..2 {
                let head = client.get(target).send().unwrap().text().into_owned();
                assert!(head.starts_with("GET /p HTTP/1.1\r\nHost: "), "{head}");
                assert!(!head.to_ascii_lowercase().contains("proxy"), "{head}");
            }
            assert_eq!(server.requests_per_connection(), [2]);

            let login = [&[1, 4][..], b"user", &[9], b"pass word"].concat();
            let server = Server::start(
                script()
                    .expect(LOGIN)
                    .send([5, 2])
                    .expect(login)
                    .send([1, 0])
                    .expect(asked)
                    .send(granted)
                    .pace(pace)
                    .then(serve),
            );
            let with = url(scheme, &server).replace("//", "//user:pass%20word@");
            let head = through(with)
                .get(target)
                .send()
                .unwrap()
                .text()
                .into_owned();
            super::without_secrets(&head);
            let proxy = Proxy::new(url(scheme, &server)).unwrap();
            let client = through(proxy.basic_auth("user", "pass word"));
            client.get(target).send().unwrap();
        }
    });
}

/// One connection for each origin.
#[test]
fn a_tunnel_for_each_origin() {
    let serve = || script().send(GRANTED).serve(|_| ok(""));
    let server = Server::each([
        greeting(named("a.invalid", 80)).then(serve()),
        greeting(named("b.invalid", 80)).then(serve()),
    ]);
    let client = through(url("socks5h", &server));
    for host in ["a", "b", "a", "A", "b"] {
        client
            .get(format!("http://{host}.invalid/"))
            .send()
            .unwrap();
    }
    assert_eq!(server.requests_per_connection(), [3, 2]);
}

/// SOCKS 4 takes addresses, which are looked up here; 4a takes names, which are not.
#[test]
fn versions_4_and_4a() {
    let serve = || {
        script()
            .send(GRANTED4)
            .pace(Pace::Bytes)
            .serve(|_| ok("in"))
    };
    let start = |asked: Vec<u8>| Server::start(script().expect(asked).then(serve()));
    for (user, sent) in [("", ""), ("user@", "user"), ("user:pass%20word@", "user")] {
        let fetch = |scheme: &str, target: &str, asked: Vec<u8>| {
            let server = start(asked);
            let proxy = url(scheme, &server).replace("//", &format!("//{user}"));
            let client = plain()
                .proxy(proxy)
                .resolve("origin.invalid", Ipv4Addr::new(192, 0, 2, 1));
            let answer = client.build().unwrap().get(target).send().unwrap();
            assert_eq!(answer.text(), "in");
        };
        let end = format!("{sent}\0");
        let named = format!("{end}origin.invalid\0");
        let target = "http://origin.invalid/";
        fetch("socks4", target, ask4([192, 0, 2, 1], 80, &end));
        fetch("socks4a", target, ask4([0, 0, 0, 1], 80, &named));
        for scheme in ["socks4", "socks4a"] {
            let asked = ask4([198, 51, 100, 7], 8080, &end);
            fetch(scheme, "http://198.51.100.7:8080/", asked);
        }
    }
    for (scheme, target, kind, said) in [
        ("socks4", "http://[::1]/", Kind::Proxy, "IPv6"),
        ("socks4a", "http://[::1]/", Kind::Proxy, "IPv6"),
        (
            "socks4",
            "http://six.invalid/",
            Kind::Proxy,
            "no IPv4 address",
        ),
        (
            "socks4",
            "http://none.invalid/",
            Kind::Connect,
            "cannot be looked up",
        ),
    ] {
        let server = start(Vec::new());
        let client = plain()
            .proxy(url(scheme, &server))
            .resolve("six.invalid", std::net::Ipv6Addr::LOCALHOST)
            .resolve("none.invalid", Vec::<Ipv4Addr>::new());
        let error = client.build().unwrap().get(target).send().unwrap_err();
        let text = told(&error, kind);
        assert!(text.contains(said), "{text}");
    }
}

fn refusal(scheme: &str, script: Script) -> (papilio::Error, String) {
    let server = Server::start(script.drain());
    let proxy = url(scheme, &server).replace("//", "//user:pass%20word@");
    let client: Client = plain().proxy(proxy).connect_retries(2).build().unwrap();
    let error = client.get("http://origin.invalid/").send().unwrap_err();
    assert_eq!(server.connections(), 1, "it is not asked again");
    server.wait_until(|server| server.open() == 0);
    assert!(server.seen().is_empty());
    let text = told(&error, error.kind());
    (error, text)
}

/// PRX-31, PRX-32, PRX-33, PRX-35, R-PRX-08: every answer that is not the one that was hoped for.
#[test]
fn refusals() {
    let login = [&[1, 4][..], b"user", &[9], b"pass word"].concat();
    let known = || {
        script()
            .expect(LOGIN)
            .send([5, 2])
            .expect(&login)
            .send([1, 0])
            .expect(named("origin.invalid", 80))
    };
    let greeted = |answer: &[u8]| script().expect(LOGIN).send(answer);
    let mut cases: Vec<(Script, String)> = Vec::new();
    for (method, name) in [
        (0, "NO AUTHENTICATION REQUIRED"),
        (1, "GSSAPI"),
        (0xFF, "NO ACCEPTABLE METHODS"),
    ] {
        let text = format!("Requested USERNAME/PASSWORD from proxy server, but got {name}.");
        cases.push((greeted(&[5, method]), text));
    }
    let rejected = greeted(&[5, 2]).expect(&login).send([1, 1]);
    cases.push((rejected, "Invalid username/password".into()));
    for (code, text) in [
        (1, "General SOCKS server failure"),
        (2, "Connection not allowed by ruleset"),
        (3, "Network unreachable"),
        (4, "Host unreachable"),
        (5, "Connection refused"),
        (6, "TTL expired"),
        (7, "Command not supported"),
        (8, "Address type not supported"),
        (99, "Unknown reply code 99"),
    ] {
        let script = known().send([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
        cases.push((script, format!("Proxy Server could not connect: {text}.")));
    }
    for (script, text) in [
        (greeted(b"HTTP/1.1 400 Bad\r\n"), "not SOCKS"),
        (greeted(&[4, 2]), "not SOCKS"),
        (greeted(&[5, 2, 1]), "more than the answer"),
        (known().send([5, 0, 0, 9, 1]), "unknown type 9"),
        (known().send([1, 0, 0, 1]), "not SOCKS"),
        (
            known().send([&GRANTED[..], b"hello"].concat()),
            "more than the answer",
        ),
    ] {
        cases.push((script, text.into()));
    }
    for (script, expected) in cases {
        let (error, text) = refusal("socks5", script);
        assert_eq!(
            (error.kind(), error.phase()),
            (Kind::Proxy, Some(Phase::Proxy))
        );
        assert!(text.contains(&expected), "{text} / {expected}");
    }
    for (code, text) in [
        (91, "Request rejected or failed"),
        (92, "No identd on the client"),
        (93, "The client's identd names another user"),
        (7, "Unknown reply code 7"),
    ] {
        for scheme in ["socks4", "socks4a"] {
            let server = Server::start(script().send([0, code, 0, 0, 0, 0, 0, 0]).drain());
            let client = plain().proxy(url(scheme, &server)).build().unwrap();
            let error = client.get("http://192.0.2.1/").send().unwrap_err();
            let said = told(&error, Kind::Proxy);
            assert!(said.contains(text), "{said}");
        }
    }
}

/// PRX-35, R-PRX-08: answers that end before their end, and limits of the messages.
#[test]
fn short_answers_and_long_questions() {
    for at in 0..GRANTED.len() {
        let cut = greeting(named("origin.invalid", 80)).send(&GRANTED[..at]);
        let server = Server::start(cut.close());
        let error = through(url("socks5", &server))
            .get("http://origin.invalid/")
            .send();
        let text = told(&error.unwrap_err(), Kind::Proxy);
        assert!(text.contains("the proxy closed the connection"), "{text}");
    }
    let server = Server::start(script().drain());
    let too_long = "x".repeat(256);
    for (user, password) in [(&*too_long, "p"), ("u", &*too_long)] {
        let proxy = Proxy::new(url("socks5", &server)).unwrap();
        let proxy = proxy.basic_auth(user, password);
        let error = plain()
            .proxy(proxy)
            .build()
            .unwrap()
            .get("http://origin.invalid/")
            .send();
        let text = told(&error.unwrap_err(), Kind::Proxy);
        assert!(
            text.contains("256 bytes") && !text.contains("xxx"),
            "{text}"
        );
    }
}

/// TMO-10, ERR-04: the whole handshake has the connect limit.
#[test]
fn a_slow_handshake() {
    let drips = script().expect(NO_LOGIN).send_slowly([5, 0], 1, LIMIT / 10);
    for script in [
        script().drain(),
        greeting(named("origin.invalid", 80)).drain(),
        drips,
    ] {
        let server = Server::start(script);
        let client = through(url("socks5h", &server));
        let brief = Timeout::all(LIMIT).connect(LIMIT / 40);
        let began = Instant::now();
        let error = client.get("http://origin.invalid/").timeout(brief).send();
        let error = error.unwrap_err();
        told(&error, Kind::ConnectTimeout);
        assert_eq!(error.phase(), Some(Phase::Proxy));
        assert!(began.elapsed() < LIMIT / 4);
        server.wait_until(|server| server.open() == 0);
    }
}

/// PRX-34, PRX-30: https inside, by the name of the URL, which nobody here has looked up.
#[cfg(feature = "tls")]
#[test]
fn https_inside() {
    use crate::server::tls::Identity;

    for (scheme, asked) in [
        ("socks5h", named("localhost", 8443)),
        ("socks5", named("localhost", 8443)),
    ] {
        let script = greeting(asked).send(GRANTED);
        let inner = script.start_tls(Identity::Good).serve(|_| ok("inside"));
        let server = Server::start(inner);
        let client = plain()
            .proxy(url(scheme, &server))
            .resolver(|_: &str| -> papilio::Result<_> { panic!("a lookup") });
        let answer = client
            .build()
            .unwrap()
            .get("https://localhost:8443/")
            .send();
        let answer = answer.unwrap();
        assert_eq!(answer.text(), "inside");
        let connection = answer.connection().unwrap();
        assert!(connection.is_proxied() && connection.tls().is_some());
        assert_eq!(server.only().server_name.as_deref(), Some("localhost"));
    }
    let script = script()
        .expect(ask4([0, 0, 0, 1], 443, "\0localhost\0"))
        .send(GRANTED4);
    let server = Server::start(script.start_tls(Identity::WrongName).drain());
    let error = through(url("socks4a", &server))
        .get("https://localhost/")
        .send();
    let text = told(&error.unwrap_err(), Kind::Connect);
    assert!(text.contains("through proxy"), "{text}");
}

/// CON-08: the same for those who await.
#[cfg(feature = "async")]
#[tokio::test]
async fn awaited() {
    let granted = script().send(GRANTED).pace(Pace::Bytes).serve(|_| ok("in"));
    let server = Server::each([
        greeting(named("origin.invalid", 80)).then(granted),
        greeting(named("origin.invalid", 80)).send([5, 5]).drain(),
        script().drain(),
    ]);
    let limits = papilio::Limits::client().max_keepalive_connections(0);
    let client = papilio::AsyncClient::builder()
        .limits(limits)
        .proxy(url("socks5h", &server))
        .timeout(Timeout::all(LIMIT).connect(LIMIT / 20));
    let client = client.build().unwrap();
    let get = || client.get("http://origin.invalid/").send();
    assert_eq!(get().await.unwrap().text(), "in");
    let text = told(&get().await.unwrap_err(), Kind::Proxy);
    assert!(text.contains("Connection refused"), "{text}");
    told(&get().await.unwrap_err(), Kind::ConnectTimeout);
}
