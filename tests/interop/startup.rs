//! That the programs are what the tests of papilio take them for, as curl sees them.

use std::process::Command;

use serde_json::Value;

use crate::programs::http2::{Hypercorn, Nghttpd, Node};
use crate::programs::process::free_ports;
use crate::programs::socks::{Dante, Microsocks};
use crate::programs::squid::{Squid, Tinyproxy};
use crate::programs::{
    NGINX, NGINX_CLIENT, NGINX_CLIENT_ASKED, NGINX_EARLY, NGINX_EXPIRED, NGINX_HTTP2,
    NGINX_HTTP2_LEAVING, NGINX_HTTP2_PLAIN, NGINX_TLS, Program, nginx_saw, work,
};

/// The body, then a line with the statuses of the response and of CONNECT, the version, and curl's own exit code.
fn curl(arguments: &[&str]) -> (String, String) {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--max-time",
            "10",
            "--noproxy",
            "",
            "--write-out",
        ])
        .arg("\n%{http_code} %{http_connect} %{http_version} %{exitcode}")
        .arg("--cacert")
        .arg(work("client.pem"))
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, facts) = text.rsplit_once('\n').unwrap();
    (body.to_owned(), facts.to_owned())
}

#[track_caller]
fn facts(expected: &str, arguments: &[&str]) {
    assert_eq!(curl(arguments).1, expected, "{arguments:?}");
}

fn at_origin(program: Program) -> String {
    program.url_of("origin.test", "/index.html")
}

#[test]
fn squid() {
    let mut squid = Squid::start();
    let (plain, secure) = (at_origin(NGINX), at_origin(NGINX_HTTP2));
    let mut count = 0;
    for (scheme, port, user, forwarded, connected) in [
        ("http", squid.open, "", "200", "200"),
        ("http", squid.basic, "ada:lovelace@", "200", "200"),
        ("http", squid.basic, "ada:wrong@", "407", "407"),
        ("http", squid.basic, "", "407", "407"),
        ("http", squid.refusing, "", "403", "403"),
        ("https", squid.tls, "", "200", "200"),
        ("https", squid.tls_basic, "ada:lovelace@", "200", "200"),
        ("https", squid.tls_basic, "", "407", "407"),
    ] {
        let proxy = format!("{scheme}://{user}127.0.0.1:{port}");
        let authority = work("proxy/client.pem");
        let through = [
            "--proxy-cacert",
            authority.to_str().unwrap(),
            "--proxy",
            &proxy,
        ];
        facts(
            &format!("{forwarded} 000 1.1 0"),
            &[&through[..], &[&plain]].concat(),
        );
        let expected = match connected {
            "200" => "200 200 2 0".to_owned(),
            other => format!("000 {other} 0 56"),
        };
        facts(&expected, &[&through[..], &[&secure]].concat());
        count += 2;
        let seen = squid.seen(count);
        let [first, second] = &seen[count - 2..] else {
            panic!()
        };
        assert_eq!(
            (first.port, &*first.method, &first.target),
            (port, "GET", &plain)
        );
        assert_eq!((second.port, &*second.method), (port, "CONNECT"));
        assert_eq!(first.status.to_string(), forwarded);
        assert!(first.field("user-agent").is_some(), "{first:?}");
    }
    // Two requests on one connection.
    let proxy = format!("http://127.0.0.1:{}", squid.open);
    facts(
        "200 000 1.1 0",
        &["--proxy", &proxy, "--output", "/dev/null", &plain, &plain],
    );
    count += 2;
    let seen = squid.seen(count);
    assert_eq!(seen[count - 2].client, seen[count - 1].client, "{seen:?}");
    // curl has to know the name of the proxy's authority.
    let proxy = format!("https://127.0.0.1:{}", squid.tls);
    facts("000 000 0 60", &["--proxy", &proxy, &secure]);

    for (port, schemes) in [(squid.digest, 1), (squid.either, 2)] {
        let proxy = format!("http://ada:lovelace@127.0.0.1:{port}");
        let (_, challenge) = curl(&["--proxy-digest", "--proxy", &proxy, &plain]);
        assert_eq!(challenge, "200 000 1.1 0");
        facts(
            "200 200 2 0",
            &["--proxy-digest", "--proxy", &proxy, &secure],
        );
        let (text, _) = curl(&[
            "--include",
            "--proxy",
            &proxy.replace("ada:lovelace@", ""),
            &plain,
        ]);
        assert_eq!(
            text.matches("Proxy-Authenticate: ").count(),
            schemes,
            "{text}"
        );
    }
    let seen = squid.seen(1);
    let known: Vec<_> = seen
        .iter()
        .filter(|one| one.port == squid.digest && one.status == 200)
        .map(|one| {
            (
                one.user.as_deref(),
                one.field("proxy-authorization").unwrap(),
            )
        })
        .collect();
    assert_eq!(known.len(), 2, "{seen:?}");
    assert!(
        known
            .iter()
            .all(|(user, field)| *user == Some("ada") && field.starts_with("Digest "))
    );
}

#[test]
fn tinyproxy() {
    let tinyproxy = Tinyproxy::start();
    let proxy = |user: &str| format!("http://{user}127.0.0.1:{}", tinyproxy.port);
    facts(
        "200 000 1.1 0",
        &["--proxy", &proxy("ada:lovelace@"), &at_origin(NGINX)],
    );
    facts(
        "200 200 2 0",
        &["--proxy", &proxy("ada:lovelace@"), &at_origin(NGINX_HTTP2)],
    );
    facts(
        "000 407 0 56",
        &["--proxy", &proxy(""), &at_origin(NGINX_HTTP2)],
    );
    assert!(
        tinyproxy.output().contains("origin.test"),
        "{}",
        tinyproxy.output()
    );
}

#[test]
fn socks() {
    let dante = Dante::start();
    let [nobody] = free_ports();
    let through = |scheme: &str| format!("{scheme}://127.0.0.1:{}", dante.port);
    facts(
        "200 000 1.1 0",
        &["--proxy", &through("socks5h"), &at_origin(NGINX)],
    );
    facts(
        "200 000 2 0",
        &["--proxy", &through("socks5h"), &at_origin(NGINX_HTTP2)],
    );
    facts(
        "200 000 1.1 0",
        &["--proxy", &through("socks4"), &NGINX.url("/")],
    );
    for port in [dante.blocked, nobody] {
        let url = format!("http://127.0.0.1:{port}/");
        facts("000 000 0 97", &["--proxy", &through("socks5h"), &url]);
    }
    let said = dante.output();
    assert!(
        said.contains(&format!("127.0.0.1.{}", NGINX_HTTP2.port())),
        "{said}"
    );

    let microsocks = Microsocks::start();
    let through = |user: &str| format!("socks5h://{user}127.0.0.1:{}", microsocks.port);
    facts(
        "200 000 1.1 0",
        &["--proxy", &through("ada:lovelace@"), &at_origin(NGINX)],
    );
    facts(
        "000 000 0 97",
        &["--proxy", &through("ada:wrong@"), &at_origin(NGINX)],
    );
    facts(
        "000 000 0 97",
        &["--proxy", &through(""), &at_origin(NGINX)],
    );
    let said = microsocks.output();
    assert!(said.contains("connected to origin.test:"), "{said}");
}

#[test]
fn nginx() {
    for program in [NGINX_EXPIRED, NGINX_EARLY] {
        facts("000 000 0 60", &[&program.url("/text.txt")]);
    }
    for (program, status) in [(NGINX_CLIENT, "400"), (NGINX_CLIENT_ASKED, "200")] {
        facts(
            &format!("{status} 000 1.1 0"),
            &[&program.url("/index.html")],
        );
    }
    let certificate = work("clients/ada.pem");
    let key = work("clients/ada-encrypted.key");
    let known = [
        "--cert",
        certificate.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
    ];
    let pass = ["--pass", "l'été 100%", "--include"];
    let (text, _) = curl(&[&known[..], &pass[..], &[&NGINX_CLIENT.url("/index.html")]].concat());
    assert!(text.contains("X-Client: SUCCESS CN=ada,"), "{text}");

    facts("200 000 2 0", &[&NGINX_HTTP2.url("/index.html")]);
    facts(
        "200 000 2 0",
        &[
            "--http2-prior-knowledge",
            &NGINX_HTTP2_PLAIN.url("/index.html"),
        ],
    );
    facts(
        "200 000 2 0",
        &[&NGINX_HTTP2.url_of("[::1]", "/index.html")],
    );
    facts(
        "200 000 1.1 0",
        &[&NGINX_TLS.url_of("[::1]", "/index.html")],
    );
    for (name, url, expected) in [
        (
            "nginx.sock",
            "http://any.example/index.html",
            "200 000 1.1 0",
        ),
        (
            "nginx-tls.sock",
            "https://localhost/index.html",
            "200 000 1.1 0",
        ),
    ] {
        let path = work(name);
        facts(expected, &["--unix-socket", path.to_str().unwrap(), url]);
    }
    let path = work("nginx-http2.sock");
    let path = path.to_str().unwrap();
    facts(
        "200 000 2 0",
        &[
            "--unix-socket",
            path,
            "--http2-prior-knowledge",
            "http://any/index.html",
        ],
    );

    // What the log tells.
    for (place, fact) in [
        ("/nginx.sock HTTP/1.1 ", " host=any.example "),
        (
            "/nginx-tls.sock HTTP/1.1 ",
            " host=localhost client=- sni=localhost ",
        ),
        ("/nginx-http2.sock HTTP/2.0 ", " host=any "),
        (" ::1 HTTP/2.0 ", " 200 GET /index.html host=[::1]:"),
        (" client=CN=ada,", " proxy=-"),
    ] {
        let log = nginx_saw(place, 1);
        assert!(log.iter().any(|line| line.contains(fact)), "{fact} {log:?}");
    }

    // Two farewells on the way.
    let urls = NGINX_HTTP2_LEAVING.url("/curl-[1-100]");
    facts("200 000 2 0", &["--output", "/dev/null", &urls]);
    let log = nginx_saw("GET /curl-", 100);
    let mut paths: Vec<_> = log
        .iter()
        .map(|line| line.split(' ').nth(8).unwrap())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!((paths.len(), log.len()), (100, 100), "{log:?}");
}

#[test]
fn servers_of_http2() {
    let (nghttpd, hypercorn) = (Nghttpd::start(), Hypercorn::start());
    for (secure, plain, path) in [
        (nghttpd.tls, nghttpd.plain, "index.html"),
        (hypercorn.tls, hypercorn.plain, "chunks"),
    ] {
        facts(
            "200 000 2 0",
            &[&format!("https://127.0.0.1:{secure}/{path}")],
        );
        let plain = format!("http://127.0.0.1:{plain}/{path}");
        facts("200 000 2 0", &["--http2-prior-knowledge", &plain]);
    }
    facts(
        "200 000 1.1 0",
        &[
            "--http1.1",
            &format!("https://127.0.0.1:{}/chunks", hypercorn.tls),
        ],
    );
    let echo = format!("https://127.0.0.1:{}/", nghttpd.tls);
    let (text, _) = curl(&["--data", "to and fro", "--include", &echo]);
    assert!(text.contains("to and fro"), "{text}");
    let frames = nghttpd.output();
    assert!(
        frames.contains("recv DATA frame") && frames.contains("x-sum: 42"),
        "{frames}"
    );
    assert!(
        hypercorn.output().contains("2 GET /chunks 200"),
        "{}",
        hypercorn.output()
    );
}

#[test]
fn node() {
    let node = Node::start();
    let url = |path: &str| format!("https://127.0.0.1:{}/{path}", node.tls);
    let (about, last) = curl(&[&url("about?x=1")]);
    assert_eq!(last, "200 000 2 0");
    let about: Value = serde_json::from_str(&about).unwrap();
    assert_eq!(
        (&about["stream"], &about["alpn"]),
        (&1.into(), &"h2".into()),
        "{about}"
    );
    facts(
        "200 000 2 0",
        &[
            "--http2-prior-knowledge",
            &format!("http://127.0.0.1:{}/about", node.plain),
        ],
    );
    // The CRC of the check value of its definition.
    let (counted, _) = curl(&["--data", "123456789", &url("count")]);
    assert!(
        counted.contains("\"bytes\":9,\"crc\":3421780262"),
        "{counted}"
    );
    assert_eq!(curl(&["--data", "back", &url("echo")]).0, "back");
    facts(
        "200 000 2 0",
        &["--output", "/dev/null", &url("large?bytes=100000")],
    );
    assert_eq!(curl(&[&url("reset?code=2")]).1, "000 000 0 92");
    facts("413 000 2 0", &["--data", "much", &url("early")]);
    let facts = node.forget();
    assert_eq!(facts["requests"][0], "GET /about?x=1");

    // What a server may do to 60 requests in a row.
    let leaving = format!("https://127.0.0.1:{}/about?n=[1-60]", node.leaving);
    let (text, last) = curl(&[&leaving]);
    assert_eq!(
        (text.matches("\"stream\":").count(), &*last),
        (60, "200 000 2 0")
    );
    let facts = node.until(|facts| facts["open"] == 0);
    assert_eq!(
        (&facts["sessions"], &facts["goaways"]),
        (&3.into(), &2.into()),
        "{facts}"
    );
    assert_eq!(facts["requests"].as_array().unwrap().len(), 60);
}
