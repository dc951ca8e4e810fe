//! SOCKS proxies: Dante and microsocks.

use papilio::{Client, Kind, Proxy, Response};

use crate::programs::process::free_ports;
use crate::programs::socks::{Dante, Microsocks};
use crate::programs::squid::{PASSWORD, USER};
use crate::programs::{
    LARGE, NGINX, NGINX_HTTP2, NGINX_TLS, Program, TEXT, builder, figure, nginx_saw, open, same,
};

fn through(proxy: impl Into<String>) -> Client {
    builder().http2(true).proxy(proxy.into()).build().unwrap()
}

fn text(client: &Client, url: &str) -> Response {
    let response = client.get(url).send().unwrap();
    assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
    response
}

/// PRX-30, PRX-31, PRX-34
#[test]
fn socks5_for_everybody() {
    let dante = Dante::start();
    for scheme in ["socks5", "socks5h"] {
        let client = through(format!("{scheme}://127.0.0.1:{}", dante.port));
        let mark = format!("/text.txt?{scheme}");
        for (program, version) in [
            (NGINX, "HTTP/1.1"),
            (NGINX_TLS, "HTTP/1.1"),
            (NGINX_HTTP2, "HTTP/2"),
        ] {
            for host in ["origin.test", "127.0.0.1"] {
                let response = text(&client, &program.url_of(host, &mark));
                assert_eq!(response.http_version(), version);
            }
        }
        // Origin form, not the absolute form for proxies.
        let log = nginx_saw(&format!("GET {mark} "), 6);
        assert_eq!(log.len(), 6, "{log:?}");
    }
    let said = dante.output();
    for program in [NGINX, NGINX_TLS, NGINX_HTTP2] {
        let passed = format!(" 127.0.0.1.{}", program.port());
        assert!(said.matches(&passed).count() >= 4, "{said}");
    }
}

/// PRX-33, R-PRX-08
#[test]
fn what_dante_refuses() {
    let dante = Dante::start();
    let client = through(format!("socks5://127.0.0.1:{}", dante.port));
    let [nobody] = free_ports();
    for (port, why) in [
        (dante.blocked, "Connection not allowed by ruleset"),
        (nobody, "Connection refused"),
    ] {
        for scheme in ["http", "https"] {
            let error = client
                .get(format!("{scheme}://127.0.0.1:{port}/"))
                .send()
                .unwrap_err();
            println!("{error}");
            assert_eq!(error.kind(), Kind::Proxy, "{error}");
            let expected = format!("Proxy Server could not connect: {why}.");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }
    // It wants no password.
    let client = through(format!("socks5://ada:lovelace@127.0.0.1:{}", dante.port));
    let error = client.get(NGINX.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy, "{error}");
    let expected = "Requested USERNAME/PASSWORD from proxy server, but got NO ACCEPTABLE METHODS.";
    assert!(error.to_string().contains(expected), "{error}");
}

/// PRX-30, PRX-31, PRX-32
#[test]
fn socks5_with_a_password() {
    let microsocks = Microsocks::start();
    let address = format!("socks5://127.0.0.1:{}", microsocks.port);
    let known = Proxy::new(&*address).unwrap().basic_auth(USER, PASSWORD);
    let client = builder().proxy(known).build().unwrap();
    for host in ["origin.test", "127.0.0.1", "[::1]"] {
        for program in [NGINX, NGINX_TLS] {
            text(&client, &program.url_of(host, "/text.txt"));
        }
    }
    drop(client);
    let said = microsocks.output();
    for host in ["origin.test", "127.0.0.1", "::1"] {
        let line = |program: Program| format!("connected to {host}:{}\n", program.port());
        assert!(
            said.contains(&line(NGINX)) && said.contains(&line(NGINX_TLS)),
            "{said}"
        );
    }

    for (user, expected) in [
        ("ada:wr0ng@", "Invalid username/password"),
        (
            "",
            "Requested NO AUTHENTICATION REQUIRED from proxy server, but got NO ACCEPTABLE METHODS.",
        ),
    ] {
        let client = through(address.replace("//", &format!("//{user}")));
        let error = client.get(NGINX_TLS.url("/")).send().unwrap_err();
        println!("{error}");
        assert_eq!(error.kind(), Kind::Proxy, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error:?}");
    }
}

/// Of version 4, the address is looked up here.
#[test]
fn socks4() {
    let dante = Dante::start();
    let client = through(format!("socks4://127.0.0.1:{}", dante.port));
    for program in [NGINX, NGINX_TLS, NGINX_HTTP2] {
        text(&client, &program.url_of("127.0.0.1", "/text.txt"));
    }
    let error = client
        .get(format!("http://127.0.0.1:{}/", dante.blocked))
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy, "{error}");
}

/// PRX-34
#[test]
fn large_body() {
    let dante = Dante::start();
    let client = through(format!("socks5://127.0.0.1:{}", dante.port));
    let began = std::time::Instant::now();
    let response = client.get(NGINX_TLS.url("/large.bin")).stream().unwrap();
    assert_eq!(same(response, open("files/large.bin")), LARGE);
    figure(&format!(
        "256 MiB through Dante by TLS in {:.1?}",
        began.elapsed()
    ));
}
