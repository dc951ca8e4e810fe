//! Unix sockets, both families of addresses, and fixed addresses of names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use papilio::{Kind, Reason};

use crate::programs::{
    NGINX, NGINX_HTTP2, NGINX_TLS, TEXT, builder, header, nginx_saw, open, same, work,
};

/// TRN-07
#[test]
fn unix_sockets() {
    let client = builder().unix_socket(work("nginx.sock")).build().unwrap();
    let mut connections = Vec::new();
    for host in ["any.example", "any.example", "other.example:81", "10.9.8.7"] {
        let url = format!("http://{host}/text.txt?unix");
        let response = client.get(url).send().unwrap();
        assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
        connections.push(header(&response, "x-connection").into_owned());
    }
    // Kept, and not shared between hosts.
    let number = |index: usize| connections[index].split(' ').next().unwrap();
    assert_eq!(number(0), number(1), "{connections:?}");
    assert_ne!(number(1), number(2), "{connections:?}");
    let log = nginx_saw("?unix ", 4);
    let hosts: Vec<_> = log
        .iter()
        .map(|line| {
            line.split("host=")
                .nth(1)
                .unwrap()
                .split(' ')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(
        hosts,
        ["any.example", "any.example", "other.example:81", "10.9.8.7"]
    );
    assert!(
        log.iter().all(|line| line.contains("/nginx.sock ")),
        "{log:?}"
    );

    let secure = builder()
        .unix_socket(work("nginx-tls.sock"))
        .build()
        .unwrap();
    let response = secure
        .get("https://origin.test/text.txt?unix-tls")
        .send()
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(nginx_saw("?unix-tls", 1)[0].contains("host=origin.test client=- sni=origin.test"));
    let error = secure.get("https://other.example/").send().unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Connect, Some(Reason::CertificateName)),
        "{error}"
    );

    let known = builder()
        .unix_socket(work("nginx-http2.sock"))
        .http2(true)
        .http1(false)
        .build()
        .unwrap();
    let response = known.get("http://any.example/text.txt").send().unwrap();
    assert_eq!(response.http_version(), "HTTP/2");
    assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);

    let none = builder().unix_socket(work("none.sock")).build().unwrap();
    let error = none.get("http://any.example/").send().unwrap_err();
    assert_eq!(error.kind(), Kind::Connect, "{error}");
}

#[test]
fn both_families() {
    for (program, host) in [
        (NGINX, "[::1]"),
        (NGINX_TLS, "[::1]"),
        (NGINX_HTTP2, "[::1]"),
        (NGINX, "localhost"),
    ] {
        let client = builder().http2(true).build().unwrap();
        let response = client
            .get(program.url_of(host, "/text.txt?families"))
            .send()
            .unwrap();
        assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
    }
    let log = nginx_saw("?families", 4);
    assert!(
        log[..3].iter().all(|line| line.contains(" ::1 ")),
        "{log:?}"
    );
    assert!(
        log[0].contains(&format!("host=[::1]:{} ", NGINX.port())),
        "{log:?}"
    );
}

/// Both families and TLS with the name that was asked for.
#[test]
fn fixed_addresses() {
    let (v4, v6) = (
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    );
    for (address, seen) in [(v4, " 127.0.0.1 "), (v6, " ::1 ")] {
        let client = builder().resolve("origin.test", address).build().unwrap();
        for program in [NGINX, NGINX_TLS] {
            let mark = format!("/text.txt?fixed-{address}");
            let response = client
                .get(program.url_of("origin.test", &mark))
                .send()
                .unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(
                response.connection().unwrap().peer_addr().unwrap().ip(),
                address
            );
        }
        let log = nginx_saw(&format!("?fixed-{address}"), 2);
        assert!(
            log.iter()
                .all(|line| line.contains(seen) && line.contains("host=origin.test:")),
            "{log:?}"
        );
    }
    // Another port, and a first address where nobody is.
    let port = NGINX_TLS.port().parse().unwrap();
    let [nobody] = crate::programs::process::free_ports();
    let client = builder()
        .resolve(
            "one.wild.test",
            [SocketAddr::new(v6, nobody), SocketAddr::new(v4, port)],
        )
        .build()
        .unwrap();
    assert_eq!(
        client
            .get("https://one.wild.test/text.txt")
            .send()
            .unwrap()
            .status(),
        200
    );
    let error = client_of("two.one.wild.test", v4)
        .get(NGINX_TLS.url_of("two.one.wild.test", "/"))
        .send()
        .unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CertificateName), "{error}");
    let error = client
        .get("http://origin.test.invalid/")
        .send()
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Connect, Some(Reason::Dns)),
        "{error}"
    );
}

fn client_of(host: &str, address: IpAddr) -> papilio::Client {
    builder().resolve(host, address).build().unwrap()
}
