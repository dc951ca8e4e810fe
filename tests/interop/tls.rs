//! nginx over https: versions, trust, resumption, large bodies.

use std::time::Instant;

use papilio::{Body, Client, Kind, Reason, Verify};

use crate::programs::{
    LARGE, NGINX_EARLY, NGINX_EXPIRED, NGINX_RSA, NGINX_TLS, NGINX_TLS12, NGINX_TLS13,
    NGINX_WRONG_NAME, TEXT, builder, client, figure, header, open, same, work,
};

#[test]
fn every_version() {
    for (program, version) in [
        (NGINX_TLS, "TLSv1.3"),
        (NGINX_TLS12, "TLSv1.2"),
        (NGINX_TLS13, "TLSv1.3"),
    ] {
        let client = client();
        for number in 0..3 {
            let response = client.get(program.url("/text.txt")).send().unwrap();
            println!("{}", header(&response, "x-tls"));
            assert!(header(&response, "x-tls").starts_with(version), "{number}");
            assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
        }
        // Connections of their own: the session is taken up again.
        let close = || {
            client
                .get(program.url("/text.txt"))
                .header("Connection", "close")
                .send()
                .unwrap()
        };
        let seen: Vec<_> = (0..3)
            .map(|_| header(&close(), "x-tls").into_owned())
            .collect();
        println!("{seen:?}");
        assert!(seen.last().unwrap().ends_with(" r"), "{seen:?}");
    }
}

#[test]
fn names_of_the_host() {
    let url = NGINX_TLS.url("/text.txt");
    let by_name = url.replace("127.0.0.1", "localhost");
    for url in [url, by_name] {
        assert_eq!(client().get(&url).send().unwrap().status(), 200, "{url}");
    }
}

#[test]
fn trust() {
    let url = NGINX_TLS.url("/text.txt");
    let strict = Client::builder().trust_env(false).build().unwrap();
    for _ in 0..2 {
        let error = strict.get(&url).send().unwrap_err();
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::Connect, Some(Reason::CertificateUnknownIssuer)),
            "{error}"
        );
    }
    let only = Client::builder()
        .trust_env(false)
        .verify(Verify::Path(work("client.pem")));
    assert_eq!(
        only.build().unwrap().get(&url).send().unwrap().status(),
        200
    );
    let any = Client::builder()
        .trust_env(false)
        .verify(false)
        .build()
        .unwrap();
    assert_eq!(any.get(&url).send().unwrap().status(), 200);

    let wrong = NGINX_WRONG_NAME.url("/text.txt");
    let trusting = builder()
        .verify(Verify::Path(work("wrong/client.pem")))
        .build()
        .unwrap();
    let error = trusting.get(&wrong).send().unwrap_err();
    println!("{error}");
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Connect, Some(Reason::CertificateName)),
        "{error}"
    );
    assert_eq!(any.get(&wrong).send().unwrap().status(), 200);
}

/// TLS-10, R-TLS-02
#[test]
fn times_and_keys() {
    for (program, word) in [(NGINX_EXPIRED, "expired"), (NGINX_EARLY, "not valid yet")] {
        let url = program.url("/text.txt");
        let error = client().get(&url).send().unwrap_err();
        println!("{error}");
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::Connect, Some(Reason::CertificateExpired)),
            "{error}"
        );
        assert!(error.to_string().contains(word), "{error}");
        // No request arrived.
        let log = std::fs::read_to_string(work("nginx-access.log")).unwrap();
        let line = format!(" {} ", program.port());
        assert!(
            !log.lines()
                .any(|seen| seen.contains(&line) && seen.contains("text.txt"))
        );
        let any = Client::builder().trust_env(false).verify(false);
        assert_eq!(any.build().unwrap().get(&url).send().unwrap().status(), 200);
    }
    let response = client().get(NGINX_RSA.url("/text.txt")).send().unwrap();
    assert_eq!(response.status(), 200);
    assert!(header(&response, "x-tls").starts_with("TLSv1.3"));
}

/// A plain request to the port of https, and the other way round.
#[test]
fn the_wrong_scheme() {
    let plain = NGINX_TLS.url("/").replace("https:", "http:");
    let response = client().get(plain).send().unwrap();
    assert_eq!(response.status(), 400);
    assert!(
        response
            .text()
            .contains("plain HTTP request was sent to HTTPS port")
    );
    let secure = crate::programs::NGINX.url("/").replace("http:", "https:");
    let error = client().get(secure).send().unwrap_err();
    println!("{error}");
    assert_eq!(error.kind(), Kind::Connect, "{error}");
}

#[test]
fn large_bodies() {
    for program in [NGINX_TLS12, NGINX_TLS13] {
        let began = Instant::now();
        let response = client().get(program.url("/large.bin")).stream().unwrap();
        assert_eq!(same(response, open("files/large.bin")), LARGE);
        let version = if program.port() == NGINX_TLS12.port() {
            "1.2"
        } else {
            "1.3"
        };
        figure(&format!(
            "256 MiB from nginx by TLS {version} in {:.1?}",
            began.elapsed()
        ));
    }
    let client = client();
    let began = Instant::now();
    let body = Body::file(work("files/large.bin")).unwrap();
    let put = client
        .put(NGINX_TLS.url("/put/secret.bin"))
        .body(body)
        .send()
        .unwrap();
    assert_eq!(put.status(), 201);
    assert_eq!(
        same(open("files/put/secret.bin"), open("files/large.bin")),
        LARGE
    );
    figure(&format!(
        "256 MiB to nginx by TLS 1.3 in {:.1?}",
        began.elapsed()
    ));
    assert_eq!(
        client
            .delete(NGINX_TLS.url("/put/secret.bin"))
            .send()
            .unwrap()
            .status(),
        204
    );
}
