//! HTTP/2 with nginx, nghttpd and hypercorn.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use papilio::multipart::Form;
use papilio::{Body, Client, Method, Response};

use crate::programs::http2::{Hypercorn, Nghttpd};
use crate::programs::{
    LARGE, NGINX, NGINX_HTTP2, NGINX_HTTP2_LEAVING, NGINX_HTTP2_PLAIN, NGINX_TLS, TEXT, UVICORN,
    builder, client, figure, header, json, nginx_saw, open, same, work,
};

fn both() -> Client {
    builder().http2(true).build().unwrap()
}

fn only() -> Client {
    builder().http2(true).http1(false).build().unwrap()
}

#[track_caller]
fn text(client: &Client, url: &str) -> Response {
    let response = client.get(url).send().unwrap();
    assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
    response
}

/// nginx's number of the connection.
fn connection<B>(response: &Response<B>) -> String {
    let value = header(response, "x-connection");
    value.split(' ').next().unwrap().to_owned()
}

/// H2-05, H2-06, H2-08: so many at once, each begun before any is read, on one connection.
#[test]
fn a_hundred_streams() {
    const STREAMS: usize = 100;
    let nghttpd = Nghttpd::start();
    let local = |port| format!("https://127.0.0.1:{port}/text.txt");
    for (client, url) in [
        (both(), NGINX_HTTP2.url("/text.txt")),
        (only(), NGINX_HTTP2_PLAIN.url("/text.txt")),
        (both(), local(nghttpd.tls)),
    ] {
        text(&client, &url);
        let all = Barrier::new(STREAMS);
        let addresses: BTreeSet<_> = thread::scope(|scope| {
            let one = || {
                let response = client.get(&url).stream().unwrap();
                let address = response.connection().unwrap().local_addr();
                all.wait();
                assert_eq!(same(response, open("files/text.txt")), TEXT);
                address
            };
            let callers: Vec<_> = (0..STREAMS).map(|_| scope.spawn(one)).collect();
            callers.into_iter().map(|c| c.join().unwrap()).collect()
        });
        assert_eq!(addresses.len(), 1, "{url}: {addresses:?}");
    }
}

/// H2-01, H2-07, TLS-08, R-TLS-09
#[test]
fn who_speaks_it() {
    let (both, only, off) = (both(), only(), client());
    for (client, program, version) in [
        (&both, NGINX_HTTP2, "HTTP/2"),
        (&only, NGINX_HTTP2, "HTTP/2"),
        (&only, NGINX_HTTP2_PLAIN, "HTTP/2"),
        // Nobody offers it, or nobody picks it; there is no upgrade of http.
        (&off, NGINX_HTTP2, "HTTP/1.1"),
        (&both, NGINX_TLS, "HTTP/1.1"),
        (&both, NGINX, "HTTP/1.1"),
    ] {
        let response = text(client, &program.url("/text.txt?speaks"));
        assert_eq!(
            (response.http_version(), response.status().as_u16()),
            (version, 200)
        );
    }
    assert_eq!(
        text(&both, &NGINX_HTTP2.url("/text.txt")).reason_phrase(),
        "OK"
    );
    let log = nginx_saw("?speaks", 6);
    let versions: Vec<_> = log
        .iter()
        .map(|line| line.split(' ').nth(3).unwrap())
        .collect();
    let (two, one) = ("HTTP/2.0", "HTTP/1.1");
    assert_eq!(versions, [two, two, two, one, one, one], "{log:?}");
    assert!(only.get(NGINX_TLS.url("/")).send().is_err());
    let info = text(&both, &NGINX_HTTP2.url("/text.txt"));
    let info = info.connection().unwrap();
    assert_eq!(info.tls().unwrap().alpn(), Some(&b"h2"[..]));
}

/// H2-03, H2-06, H2-07
#[test]
fn one_connection() {
    for (client, program) in [(both(), NGINX_HTTP2), (only(), NGINX_HTTP2_PLAIN)] {
        let first = connection(&text(&client, &program.url("/text.txt")));
        for (path, status) in [
            ("/none", 404),
            ("/teapot", 418),
            ("/empty.txt", 200),
            ("/index.html", 200),
        ] {
            let response = client.get(program.url(path)).send().unwrap();
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(connection(&response), first, "{path}");
            let named = format!("HTTP/2.0 127.0.0.1 127.0.0.1:{}", program.port());
            assert_eq!(header(&response, "x-http"), named);
        }
        let head = client.head(program.url("/text.txt")).send().unwrap();
        assert_eq!(
            (head.content().len(), connection(&head)),
            (0, first.clone())
        );
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let response = client.get(program.url("/index.html")).send().unwrap();
                        assert!(response.text().contains('蝶'));
                        assert_eq!(connection(&response), first);
                    }
                });
            }
        });
    }
}

/// H2-08, H2-11: a slow reader, and one that gives up, do not stand in anybody's way.
#[test]
fn streams_side_by_side() {
    let client = both();
    let mut slow = client.get(NGINX_HTTP2.url("/slow")).stream().unwrap();
    let mut unread = client
        .get(NGINX_HTTP2.url("/large.bin?unread"))
        .stream()
        .unwrap();
    let (first, mut piece) = (connection(&slow), [0; 100]);
    slow.read_exact(&mut piece).unwrap();
    unread.read_exact(&mut piece).unwrap();
    for _ in 0..5 {
        assert_eq!(
            connection(&text(&client, &NGINX_HTTP2.url("/text.txt"))),
            first
        );
    }
    drop(unread);
    drop(slow);
    assert_eq!(
        connection(&text(&client, &NGINX_HTTP2.url("/text.txt"))),
        first
    );
    // nginx was told, and did not send all of it.
    let log = nginx_saw("?unread", 1);
    assert!(log[0].contains("GET /large.bin"), "{log:?}");
}

/// H2-04, H2-08: more than any window, both ways, byte for byte.
#[test]
fn large_bodies() {
    for (name, client, program) in [
        ("TLS", both(), NGINX_HTTP2),
        ("TCP", only(), NGINX_HTTP2_PLAIN),
    ] {
        let began = Instant::now();
        let response = client.get(program.url("/large.bin")).stream().unwrap();
        assert_eq!(same(response, open("files/large.bin")), LARGE);
        figure(&format!(
            "256 MiB from nginx by HTTP/2 over {name} in {:.1?}",
            began.elapsed()
        ));
        let began = Instant::now();
        let body = Body::file(work("files/large.bin")).unwrap();
        let put = client
            .put(program.url("/put/two.bin"))
            .body(body)
            .send()
            .unwrap();
        assert_eq!(put.status(), 201);
        assert_eq!(
            same(open("files/put/two.bin"), open("files/large.bin")),
            LARGE
        );
        figure(&format!(
            "256 MiB to nginx by HTTP/2 over {name} in {:.1?}",
            began.elapsed()
        ));
        fs::remove_file(work("files/put/two.bin")).unwrap();
    }
}

/// R-H2-11: the answer comes before the body is there.
#[test]
fn an_early_answer() {
    let client = both();
    let first = connection(&text(&client, &NGINX_HTTP2.url("/text.txt")));
    let body = Body::file(work("files/large.bin")).unwrap();
    let response = client
        .post(NGINX_HTTP2.url("/small-only"))
        .body(body)
        .send()
        .unwrap();
    assert_eq!(response.status(), 413);
    println!(
        "{first} {}",
        connection(&text(&client, &NGINX_HTTP2.url("/text.txt")))
    );
}

/// H2-10, R-H2-06: nginx leaves after every 37 requests, wherever the others are. None is lost, none is done twice.
#[test]
fn goaway_of_nginx() {
    for method in [Method::GET, Method::POST] {
        let client = both();
        thread::scope(|scope| {
            for thread in 0..8 {
                let (client, method) = (&client, &method);
                scope.spawn(move || {
                    for number in 0..125 {
                        let path = format!("/leaving-{method}?{thread}-{number}");
                        let url = NGINX_HTTP2_LEAVING.url(&path);
                        let mut request = client.request(method.clone(), url);
                        if *method == Method::POST {
                            request = request.body("some content");
                        }
                        let response = request.send().unwrap();
                        assert_eq!(response.text(), format!("{path}\n"));
                    }
                });
            }
        });
        let log = nginx_saw(&format!("/leaving-{method}?"), 1000);
        let paths: BTreeSet<_> = log
            .iter()
            .map(|line| line.split(' ').nth(8).unwrap())
            .collect();
        assert_eq!((log.len(), paths.len()), (1000, 1000));
        let connections: BTreeSet<_> = log
            .iter()
            .map(|line| line.split(' ').nth(4).unwrap())
            .collect();
        assert!(connections.len() >= 27, "{}", connections.len());
        assert!(log.iter().all(|line| line.contains("HTTP/2.0")));
        println!("{method}: {} connections", connections.len());
    }
}

/// H2-02, H2-04, H2-13
#[test]
fn nghttpd() {
    let nghttpd = Nghttpd::start();
    let content = fs::read(work("files/text.txt")).unwrap();
    for (client, base) in [
        (both(), format!("https://127.0.0.1:{}", nghttpd.tls)),
        (only(), format!("http://127.0.0.1:{}", nghttpd.plain)),
    ] {
        text(&client, &format!("{base}/text.txt"));
        for method in ["POST", "PUT"] {
            let echo = client
                .request(method, format!("{base}/echo"))
                .body(content.clone());
            let echo = echo.send().unwrap();
            assert_eq!(same(&echo.content()[..], &content[..]), TEXT);
        }
        let empty = client.post(format!("{base}/echo")).body("").send().unwrap();
        assert_eq!(empty.content().len(), 0);
        assert_eq!(
            client.get(format!("{base}/none")).send().unwrap().status(),
            404
        );
    }
    let frames = nghttpd.output();
    let push = frames.matches("[SETTINGS_ENABLE_PUSH(0x02):0]").count();
    let connections = frames.matches("recv SETTINGS frame <length=").count();
    assert!(push == 2, "{push} of {connections}");
    for unwanted in [
        "recv RST_STREAM",
        "recv PRIORITY",
        "PUSH_PROMISE",
        "recv (stream_id=1) host:",
    ] {
        assert!(!frames.contains(unwanted), "{unwanted}: {frames}");
    }
}

/// H2-04, H2-10: hypercorn's own limits and manners.
#[test]
fn hypercorn() {
    let hypercorn = Hypercorn::start();
    let truth = json(
        &client()
            .get(UVICORN.url("/truth?file=files/text.txt"))
            .send()
            .unwrap(),
    );
    for (client, base) in [
        (both(), format!("https://127.0.0.1:{}", hypercorn.tls)),
        (only(), format!("http://127.0.0.1:{}", hypercorn.plain)),
    ] {
        let form = Form::new().file("file", work("files/text.txt")).unwrap();
        let counted = json(
            &client
                .post(format!("{base}/count"))
                .multipart(form)
                .send()
                .unwrap(),
        );
        assert_eq!(counted["parts"][0]["crc"], truth["crc"], "{counted}");
        let body = Body::file(work("files/text.txt")).unwrap();
        let echo = client
            .post(format!("{base}/echo"))
            .body(body)
            .send()
            .unwrap();
        assert_eq!(same(&echo.content()[..], open("files/text.txt")), TEXT);
        let chunks = client.get(format!("{base}/chunks")).send().unwrap();
        assert!(
            chunks.text().starts_with("chunk 0 \nchunk 1 x"),
            "{}",
            chunks.text()
        );
        let mut moved = builder().http2(true).follow_redirects(true);
        if base.starts_with("http:") {
            moved = moved.http1(false);
        }
        let moved = moved.build().unwrap();
        let body = Body::file(work("files/text.txt")).unwrap();
        let moved = moved
            .post(format!("{base}/moved-late"))
            .body(body)
            .send()
            .unwrap();
        assert_eq!(json(&moved)["bytes"], truth["bytes"]);
    }
    hypercorn.until("has told all", |said| {
        said.matches("2 POST /count 200").count() == 4
    });
}
