//! Which version is spoken, over which way, and how long a connection lives.

use std::thread;
use std::time::Duration;

use papilio::{Kind, Limits, Timeout};

use super::face::{Builder, Client, Drink, Go, builder};
use crate::http2::raw::Raw;
use crate::http2::rig::{Rig, ca, until};
use crate::http2::tunnels::{connect_proxy, socks_proxy};

fn trusting() -> Builder {
    builder().add_root_certificate(ca())
}

fn version(client: &Client, url: &str) -> &'static str {
    client.get(url).go().unwrap().http_version()
}

/// H2-01, CLT-09, DCN-01, TLS-08: off unless asked for; then TLS decides, or nobody: there is no upgrade of http.
#[test]
fn who_decides() {
    let off = trusting().build().unwrap();
    let on = trusting().http2(true).build().unwrap();
    let prior = trusting().http2(true).http1(false).build().unwrap();
    let both = Rig::tls().start();
    let old = Rig::tls().alpn(&["http/1.1"]).start();
    let mute = Rig::tls().alpn(&[]).start();
    let plain = Rig::plain().start();
    for (client, server, expected) in [
        (&off, &both, "HTTP/1.1"),
        (&on, &both, "HTTP/2"),
        (&prior, &both, "HTTP/2"),
        (&on, &old, "HTTP/1.1"),
        (&on, &mute, "HTTP/1.1"),
        (&off, &plain, "HTTP/1.1"),
        (&on, &plain, "HTTP/1.1"),
        (&prior, &plain, "HTTP/2"),
    ] {
        assert_eq!(version(client, &server.url("/")), expected);
    }
    let response = on.get(both.url("/")).go().unwrap();
    let tls = response.connection().unwrap().tls().unwrap();
    assert_eq!(tls.alpn(), Some(&b"h2"[..]));
    // Picked from another list: no protocol in common.
    let error = prior.get(old.url("/")).go().unwrap_err();
    assert_eq!(error.kind(), Kind::Connect, "{error}");
    // Nobody asked for anything else than HTTP/2, and that is not what is spoken here.
    let only = Rig::plain().only_http1().start();
    let error = prior.get(only.url("/")).go().unwrap_err();
    assert!(error.is_transport(), "{error}");
    let error = builder().http1(false).build().unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
}

/// R-TLS-09: h2 that was not offered is no choice.
#[test]
fn h2_only_if_offered() {
    let server = Rig::tls().alpn(&["h2"]).start();
    let error = trusting()
        .build()
        .unwrap()
        .get(server.url("/"))
        .go()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Connect, "{error}");
    let on = trusting().http2(true).build().unwrap();
    assert_eq!(version(&on, &server.url("/")), "HTTP/2");
}

/// POOL-07: those who wait for a connection that turns out to be HTTP/1.1 get their own.
#[test]
fn a_crowd_at_an_old_server() {
    let server = Rig::tls().alpn(&["http/1.1"]).start();
    let client = trusting().http2(true).build().unwrap();
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let slow = client.get(server.url("/slow?ms=100")).go().unwrap();
                assert_eq!(slow.http_version(), "HTTP/1.1");
            });
        }
    });
    assert_eq!(server.requests().len(), 10);
    assert!((2..=10).contains(&server.accepts()), "{}", server.accepts());
}

/// PRX-23, PRX-34: inside of tunnels as without them.
#[test]
fn through_proxies() {
    let (tls, plain) = (Rig::tls().start(), Rig::plain().start());
    let http = format!("http://{}", connect_proxy());
    let socks = format!("socks5://{}", socks_proxy());
    let socks_h = format!("socks5h://{}", socks_proxy());
    for proxy in [&http, &socks, &socks_h] {
        let client = trusting().http2(true).proxy(proxy.as_str());
        let client = client.build().unwrap();
        for _ in 0..2 {
            let response = client.post(tls.url("/echo")).body("inside").go().unwrap();
            assert_eq!(
                (response.http_version(), &*response.text()),
                ("HTTP/2", "inside")
            );
        }
    }
    assert_eq!(tls.accepts(), 3, "each is used again");
    let client = builder().http2(true).http1(false).proxy(socks.as_str());
    assert_eq!(version(&client.build().unwrap(), &plain.url("/")), "HTTP/2");
}

/// H2-14: what switches protocols is HTTP/1.1's, on a connection of its own; and nobody's if that is off.
#[test]
fn switching_protocols() {
    let server = Rig::tls().start();
    let client = trusting().http2(true).build().unwrap();
    assert_eq!(version(&client, &server.url("/")), "HTTP/2");
    let upgrade = |client: &Client| {
        let request = client.get(server.url("/")).header("Connection", "Upgrade");
        request.header("Upgrade", "websocket").open()
    };
    let response = upgrade(&client).unwrap();
    assert_eq!(response.http_version(), "HTTP/1.1");
    assert!(response.drain().unwrap().text().contains("websocket"));
    assert_eq!(version(&client, &server.url("/")), "HTTP/2");
    assert_eq!(server.accepts(), 2);
    let connect = client
        .request("CONNECT", server.url("/"))
        .target("elsewhere:443");
    if let Ok(answer) = connect.go() {
        assert_eq!(answer.http_version(), "HTTP/1.1");
    }
    let only = trusting().http2(true).http1(false).build().unwrap();
    let error = upgrade(&only).unwrap_err();
    assert_eq!(error.kind(), Kind::LocalProtocol, "{error}");
    let connect = only
        .request("CONNECT", server.url("/"))
        .target("elsewhere:443");
    assert_eq!(connect.go().unwrap_err().kind(), Kind::LocalProtocol);
}

/// H2-14: 101 has no meaning here.
#[test]
fn a_switch_nobody_asked_for() {
    let server = Raw::start(|_, conn| {
        use crate::http2::raw::{END_HEADERS, HEADERS, field, frame};
        conn.settings(&[]);
        let stream = conn.request().unwrap();
        conn.send(&frame(
            HEADERS,
            END_HEADERS,
            stream,
            &field(":status", "101"),
        ));
        conn.serve("after");
    });
    let client = builder().http2(true).http1(false).build().unwrap();
    let error = client.get(server.url("/")).go().unwrap_err();
    assert_eq!(error.kind(), Kind::RemoteProtocol, "{error}");
    assert_eq!(client.get(server.url("/")).go().unwrap().text(), "after");
}

/// H2-12: idle time begins when the last stream ends.
#[test]
fn expiry() {
    let server = Rig::plain().start();
    let limits = Limits::client().keepalive_expiry(Duration::from_millis(400));
    let client = builder().http2(true).http1(false).limits(limits);
    let client = client.build().unwrap();
    // Longer than the expiry, but never idle.
    client.get(server.url("/slow?ms=600")).go().unwrap();
    client.get(server.url("/")).go().unwrap();
    assert_eq!(server.accepts(), 1);
    thread::sleep(Duration::from_millis(600));
    client.get(server.url("/")).go().unwrap();
    assert_eq!(server.accepts(), 2);
    until("the old one is closed", || server.open() == 1);
    drop(client);
    until("and so is the new one", || server.open() == 0);
}

/// H2-05, POOL-07: who waits for a stream waits as long as for a connection.
#[test]
fn waiting_for_a_stream() {
    let server = Rig::plain().max_streams(2).start();
    let timeout = Timeout::all(Duration::from_secs(5)).pool(Duration::from_millis(200));
    let client = builder().http2(true).http1(false).timeout(timeout);
    let client = client.build().unwrap();
    client.get(server.url("/")).go().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| client.get(server.url("/slow?ms=900")).go().unwrap());
        }
        until("both run", || server.running() == 2);
        let error = client.get(server.url("/")).go().unwrap_err();
        assert_eq!(error.kind(), Kind::PoolTimeout, "{error}");
    });
    client.get(server.url("/")).go().unwrap();
    assert_eq!((server.accepts(), server.most()), (1, 2));
}

/// CLT-11, FLT-14: a client that is closed lets go of everything, responses on their way too.
#[test]
fn closing_the_client() {
    let server = Rig::tls().start();
    let client = trusting().http2(true).build().unwrap();
    let response = client.get(server.url("/half")).open().unwrap();
    client.close();
    assert_eq!(
        client.get(server.url("/")).go().unwrap_err().kind(),
        Kind::ClientClosed
    );
    let error = response.drain().unwrap_err();
    assert_eq!(error.kind(), Kind::StreamClosed, "{error}");
    until("it is closed", || server.open() == 0);

    // Dropped, it lets responses finish.
    let client = trusting().http2(true).build().unwrap();
    let response = client
        .get(server.url("/large?bytes=100000"))
        .open()
        .unwrap();
    drop(client);
    let response = thread::spawn(|| response.drain()).join().unwrap().unwrap();
    assert_eq!(response.content().len(), 100_000);
    until("it is closed", || server.open() == 0);
}
