//! http and https proxies: squid and tinyproxy.

use std::fs;
use std::thread;

use papilio::{Client, ClientBuilder, DigestAuth, Kind, Proxy, Reason, Response, Verify};

use crate::programs::squid::{PASSWORD, Squid, Tinyproxy, USER};
use crate::programs::{
    HTTPBIN, LARGE, NGINX, NGINX_HTTP2, NGINX_TLS, TEXT, UVICORN, builder, figure, header, json,
    nginx_saw, open, same, work,
};

fn url(scheme: &str, user: &str, port: u16) -> String {
    format!("{scheme}://{user}127.0.0.1:{port}")
}

/// By TLS, with the proxy's authority.
fn secure(user: &str, port: u16) -> Proxy {
    Proxy::new(url("https", user, port))
        .unwrap()
        .verify(Verify::Path(work("proxy/client.pem")))
}

fn get(builder: ClientBuilder<Client>, url: &str) -> papilio::Result<Response> {
    builder.build().unwrap().get(url).send()
}

/// PRX-01, PRX-20, PRX-25, R-PRX-05, R-PRX-10
#[test]
fn forwarding() {
    let mut squid = Squid::start();
    let client = builder()
        .proxy(url("http", "ada:lovelace@", squid.basic))
        .build()
        .unwrap();
    // Only squid knows the name.
    let target = NGINX.url_of("origin.test", "/text.txt?forwarded=1");
    let response = client.get(&target).send().unwrap();
    assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
    assert!(header(&response, "via").contains("squid"), "{response:?}");
    let posted = UVICORN.url_of("origin.test", "/echo");
    let response = client.post(&posted).body("to and fro").send().unwrap();
    assert_eq!(response.text(), "to and fro");
    let shown = HTTPBIN.url_of("origin.test", "/headers");
    let shown = json(&client.get(&shown).send().unwrap());
    assert!(
        shown["headers"].get("Proxy-Authorization").is_none(),
        "{shown}"
    );

    let seen = squid.seen(3);
    let basic = "Proxy-Authorization: Basic YWRhOmxvdmVsYWNl";
    for (one, (method, target)) in seen.iter().zip([("GET", &target), ("POST", &posted)]) {
        assert_eq!(
            (&*one.method, &one.target, one.status),
            (method, target, 200)
        );
        assert_eq!(one.user.as_deref(), Some(USER));
        assert_eq!(one.fields[0], basic, "{one:?}");
        let host = target.split('/').nth(2);
        assert_eq!(one.field("host"), host, "{one:?}");
    }
    // Three origins, one connection.
    assert!(
        seen.iter().all(|one| one.client == seen[0].client),
        "{seen:?}"
    );
    let log = nginx_saw("forwarded=1", 1);
    assert_eq!(log.len(), 1);
    assert!(
        log[0].contains("HTTP/1.1") && log[0].ends_with("proxy=-"),
        "{log:?}"
    );
}

/// PRX-22, PRX-23, PRX-25, R-PRX-05, R-PRX-06
#[test]
fn tunnels() {
    let mut squid = Squid::start();
    let client = builder()
        .http2(true)
        .proxy(url("http", "ada:lovelace@", squid.basic))
        .header("X-Secret", "for the origin")
        .build()
        .unwrap();
    let first = NGINX_TLS.url_of("origin.test", "/text.txt?tunnel=1");
    let second = NGINX_HTTP2.url_of("origin.test", "/text.txt?tunnel=2");
    for (target, version) in [(&first, "HTTP/1.1"), (&second, "HTTP/2")] {
        for _ in 0..3 {
            let response = client.get(target).send().unwrap();
            assert_eq!(response.http_version(), version);
            assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
        }
    }
    drop(client);
    let seen = squid.seen(2);
    assert_eq!(seen.len(), 2, "{seen:?}");
    for target in [&first, &second] {
        let place = target.split('/').nth(2).unwrap();
        let one = seen.iter().find(|one| one.target == place).unwrap();
        assert_eq!((&*one.method, one.status), ("CONNECT", 200));
        assert_eq!(one.field("host"), Some(place));
        assert_eq!(one.field("accept"), Some("*/*"));
        assert_eq!(one.user.as_deref(), Some(USER));
        assert_eq!(one.fields.len(), 3, "{one:?}");
    }
    for mark in ["tunnel=1", "tunnel=2"] {
        let log = nginx_saw(mark, 3);
        assert_eq!(log.len(), 3);
        assert!(
            log.iter()
                .all(|line| line.contains("sni=origin.test") && line.ends_with("proxy=-")),
            "{log:?}"
        );
    }
}

/// PRX-24, PRX-27, PRX-28, R-PRX-03
#[test]
fn refusals() {
    let mut squid = Squid::start();
    let (plain, hidden) = (
        NGINX.url_of("origin.test", "/"),
        NGINX_TLS.url_of("origin.test", "/"),
    );
    for (port, user, status, reason) in [
        (squid.basic, "", 407, "Proxy Authentication Required"),
        (
            squid.basic,
            "ada:wr0ng@",
            407,
            "Proxy Authentication Required",
        ),
        (squid.refusing, "", 403, "Forbidden"),
    ] {
        let through = || builder().proxy(url("http", user, port));
        let response = get(through(), &plain).unwrap();
        assert_eq!(response.status(), status);
        assert!(response.text().contains("squid"), "{}", response.text());

        let error = get(through(), &hidden).unwrap_err();
        println!("{error}");
        assert_eq!(error.kind(), Kind::Proxy, "{error}");
        assert!(
            error.to_string().contains(&format!("{status} {reason}")),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error:?}");
        let answer = error.response().unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.text().contains("squid"), "{}", answer.text());
        assert_eq!(
            answer.headers().contains("proxy-authenticate"),
            status == 407
        );
    }
    // Nobody is there; no name for the proxy.
    let [nobody] = crate::programs::process::free_ports();
    for target in [&plain, &hidden] {
        let error = get(builder().proxy(url("http", "", nobody)), target).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect, "{error}");
    }
    // The proxy says what became of an origin that is not there.
    let lost = format!("origin.test:{nobody}");
    let through = || builder().proxy(url("http", "", squid.open));
    assert_eq!(
        get(through(), &format!("http://{lost}/")).unwrap().status(),
        503
    );
    let error = get(through(), &format!("https://{lost}/")).unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy, "{error}");
    assert_eq!(squid.seen(8).len(), 8);
}

/// R-PRX-04: one round for each way, and none when the challenge is known.
#[test]
fn digest() {
    for choose in [|squid: &Squid| squid.digest, |squid: &Squid| squid.either] {
        let mut squid = Squid::start();
        let port = choose(&squid);
        let proxy = |password| {
            Proxy::new(url("http", "", port))
                .unwrap()
                .auth(DigestAuth::new(USER, password))
        };
        let client = builder().proxy(proxy(PASSWORD)).build().unwrap();
        for number in 0..3 {
            let target = NGINX.url_of("origin.test", &format!("/text.txt?digest={number}"));
            assert_eq!(client.get(&target).send().unwrap().status(), 200);
        }
        let seen = squid.seen(4);
        let statuses: Vec<_> = seen.iter().map(|one| one.status).collect();
        assert_eq!(statuses, [407, 200, 200, 200], "{seen:?}");
        assert_eq!(seen[0].field("proxy-authorization"), None);
        for (one, count) in seen[1..]
            .iter()
            .zip(["nc=00000001", "nc=00000002", "nc=00000003"])
        {
            let sent = one.field("proxy-authorization").unwrap();
            assert!(
                sent.starts_with("Digest ") && sent.contains(count),
                "{sent}"
            );
            assert_eq!(one.user.as_deref(), Some(USER));
        }
        drop(client);

        let client = builder()
            .http2(true)
            .proxy(proxy(PASSWORD))
            .build()
            .unwrap();
        for target in [NGINX_TLS, NGINX_HTTP2] {
            let target = target.url_of("origin.test", "/index.html?digest=tunnel");
            assert_eq!(client.get(target).send().unwrap().status(), 200);
        }
        drop(client);
        let seen = squid.seen(7);
        let connects: Vec<_> = seen[4..]
            .iter()
            .map(|one| (&*one.method, one.status))
            .collect();
        let mut statuses: Vec<_> = connects.iter().map(|(_, status)| *status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 407], "{seen:?}");
        assert!(connects.iter().all(|(method, _)| *method == "CONNECT"));
        assert!(
            nginx_saw("digest=tunnel", 2)
                .iter()
                .all(|line| line.ends_with("proxy=-"))
        );

        // A wrong password is not tried again and again.
        let before = squid.seen(7).len();
        let through = || builder().proxy(proxy("wr0ng"));
        assert_eq!(
            get(through(), &NGINX.url_of("origin.test", "/"))
                .unwrap()
                .status(),
            407
        );
        let error = get(through(), &NGINX_TLS.url_of("origin.test", "/")).unwrap_err();
        assert_eq!(error.kind(), Kind::Proxy, "{error}");
        let seen = squid.seen(before + 4);
        assert_eq!(seen.len(), before + 4, "{seen:?}");
        assert!(
            seen[before..].iter().all(|one| one.status == 407),
            "{seen:?}"
        );
    }
}

/// PRX-26, PRX-28, R-PRX-06: TLS in TLS, two authorities.
#[test]
fn by_tls() {
    let mut squid = Squid::start();
    let client = builder()
        .http2(true)
        .proxy(secure("ada:lovelace@", squid.tls_basic))
        .build()
        .unwrap();
    for (target, version) in [
        (NGINX, "HTTP/1.1"),
        (NGINX_TLS, "HTTP/1.1"),
        (NGINX_HTTP2, "HTTP/2"),
    ] {
        let response = client
            .get(target.url_of("origin.test", "/text.txt"))
            .send()
            .unwrap();
        assert_eq!(response.http_version(), version);
        assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
    }
    drop(client);
    assert!(
        squid
            .seen(3)
            .iter()
            .all(|one| one.status == 200 && one.user.as_deref() == Some(USER))
    );

    let target = NGINX_TLS.url_of("origin.test", "/");
    // The proxy's authority is not the origin's, nor the other way round.
    let unknown = builder().proxy(url("https", "", squid.tls));
    let not_for_origins = Client::builder()
        .trust_env(false)
        .proxy(secure("", squid.tls));
    for through in [unknown, not_for_origins] {
        let error = get(through, &target).unwrap_err();
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::Connect, Some(Reason::CertificateUnknownIssuer)),
            "{error}"
        );
    }
    // Its certificate is not for this name.
    let named = Proxy::new(url("https", "", squid.tls).replace("127.0.0.1", "localhost"))
        .unwrap()
        .verify(Verify::Path(work("proxy/client.pem")));
    let error = get(builder().proxy(named), &target).unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Connect, Some(Reason::CertificateName)),
        "{error}"
    );
    let error = get(builder().proxy(secure("", squid.tls_basic)), &target).unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy, "{error}");
    // Plain http to its port of TLS, and TLS to a plain one.
    for (scheme, port) in [("http", squid.tls), ("https", squid.open)] {
        let error = get(builder().proxy(url(scheme, "", port)), &target).unwrap_err();
        println!("{error}");
        assert!(
            [Kind::Connect, Kind::Read, Kind::RemoteProtocol].contains(&error.kind()),
            "{error}"
        );
    }
}

/// PRX-26
#[test]
fn large_bodies() {
    let squid = Squid::start();
    for (name, proxy) in [
        ("a proxy", Proxy::new(url("http", "", squid.open)).unwrap()),
        ("TLS in TLS", secure("", squid.tls)),
    ] {
        let client = builder().proxy(proxy).build().unwrap();
        let began = std::time::Instant::now();
        let response = client
            .get(NGINX_TLS.url_of("origin.test", "/large.bin"))
            .stream()
            .unwrap();
        assert_eq!(same(response, open("files/large.bin")), LARGE);
        figure(&format!(
            "256 MiB through {name} in {:.1?}",
            began.elapsed()
        ));
        let target = NGINX_TLS.url_of("origin.test", "/put/through.txt");
        let body = papilio::Body::file(work("files/text.txt")).unwrap();
        assert!(client.put(&target).body(body).send().unwrap().is_success());
        assert_eq!(
            same(open("files/put/through.txt"), open("files/text.txt")),
            TEXT
        );
        fs::remove_file(work("files/put/through.txt")).unwrap();
    }
}

/// PRX-13, PRX-14, R-PRX-05: a redirect leaves the proxy, and its credentials stay behind.
#[test]
fn routes() {
    let mut squid = Squid::start();
    let proxied = || {
        builder().follow_redirects(true).proxy_for(
            "all://origin.test",
            url("http", "ada:lovelace@", squid.basic),
        )
    };
    let client = proxied().build().unwrap();
    let start = NGINX.url_of("origin.test", "/to-https?route=1");
    let response = client.get(&start).send().unwrap();
    assert_eq!(
        (response.status().as_u16(), response.history().len()),
        (200, 1)
    );
    assert_eq!(response.url().host(), "127.0.0.1");
    let direct = HTTPBIN.url("/headers");
    let shown = json(&client.get(&direct).send().unwrap()).to_string();
    assert!(
        !shown.contains("Proxy-Authorization") && !shown.contains("Via"),
        "{shown}"
    );

    let all = builder()
        .proxy(url("http", "", squid.refusing))
        .no_proxy_for("http://127.0.0.1")
        .build()
        .unwrap();
    assert_eq!(all.get(&direct).send().unwrap().status(), 200);
    assert_eq!(
        all.get(NGINX.url_of("localhost", "/"))
            .send()
            .unwrap()
            .status(),
        403
    );
    let seen = squid.seen(2);
    assert_eq!((seen.len(), &seen[0].target), (2, &start), "{seen:?}");
}

/// Many at once, of both sorts.
#[test]
fn threads() {
    let mut squid = Squid::start();
    let client = builder()
        .proxy(url("http", "", squid.open))
        .build()
        .unwrap();
    thread::scope(|scope| {
        for number in 0..8 {
            let client = &client;
            scope.spawn(move || {
                for turn in 0..20 {
                    let program = if (number + turn) % 2 == 0 {
                        NGINX
                    } else {
                        NGINX_TLS
                    };
                    let target = program.url_of("origin.test", "/index.html?many");
                    assert!(client.get(target).send().unwrap().text().contains('蝶'));
                }
            });
        }
    });
    drop(client);
    assert_eq!(nginx_saw("?many", 160).len(), 160);
    let seen = squid.seen(81);
    let forwarded = seen.iter().filter(|one| one.method == "GET").count();
    assert_eq!(forwarded, 80);
    assert!(
        seen.len() - forwarded <= 8,
        "{} tunnels",
        seen.len() - forwarded
    );
}

/// PRX-22, PRX-24, PRX-25 with another program.
#[test]
fn tinyproxy() {
    let tinyproxy = Tinyproxy::start();
    let through = |user: &str| builder().proxy(url("http", user, tinyproxy.port));
    for target in [NGINX, NGINX_TLS] {
        let target = target.url_of("origin.test", "/text.txt");
        let response = get(through("ada:lovelace@"), &target).unwrap();
        assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
    }
    let error = get(through(""), &NGINX_TLS.url_of("origin.test", "/")).unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy, "{error}");
    assert!(error.to_string().contains("407"), "{error}");
    let said = tinyproxy.output();
    assert!(said.contains("CONNECT origin.test:"), "{said}");
}
