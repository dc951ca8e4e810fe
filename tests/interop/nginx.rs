//! nginx over http: connections, files, conditions, redirects, uploads.

use std::fs;
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

use papilio::{Body, Kind, Response, Timeout};

use crate::programs::{
    LARGE, NGINX, NGINX_TLS, TEXT, alone, builder, client, figure, following, growth, header, open,
    same,
};

/// The number of the connection, and of the request on it.
fn connection<B>(response: &Response<B>) -> (u64, u64) {
    let value = header(response, "x-connection");
    let (connection, request) = value.split_once(' ').unwrap();
    (connection.parse().unwrap(), request.parse().unwrap())
}

#[test]
fn connections_are_kept() {
    let client = client();
    let text = NGINX.url("/text.txt");
    let first = connection(&client.get(&text).send().unwrap());
    for number in 2..=50 {
        let response = client.get(&text).send().unwrap();
        assert_eq!(connection(&response), (first.0, number));
    }
    for path in [
        "/none",
        "/teapot",
        "/moved-permanently",
        "/empty.txt",
        "/index.html",
    ] {
        let response = client.get(NGINX.url(path)).send().unwrap();
        assert_eq!(connection(&response).0, first.0, "{path}");
    }
    assert_eq!(connection(&client.head(&text).send().unwrap()).0, first.0);

    // Eight threads share one client.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let response = client.get(NGINX.url("/index.html")).send().unwrap();
                    assert!(response.text().contains('蝶'));
                }
            });
        }
    });
    let state = format!("{client:?}");
    assert!(
        state.contains("0 active, 8 idle") || state.contains("0 active"),
        "{state}"
    );
}

#[test]
fn connections_that_nginx_closes() {
    let client = client();
    let url = NGINX.url("/third-closes");
    let seen: Vec<_> = (0..7)
        .map(|_| connection(&client.get(&url).send().unwrap()))
        .collect();
    let counts: Vec<_> = seen.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [1, 2, 3, 1, 2, 3, 1], "{seen:?}");
    for _ in 0..3 {
        let response = client.get(NGINX.url("/closing")).send().unwrap();
        assert_eq!(header(&response, "connection"), "close");
        assert_eq!(response.text(), "close\n");
    }
    // Closed by nginx while it was idle, GET and POST alike.
    for method in ["GET", "POST"] {
        let request = || {
            client
                .request(method, NGINX.url("/short-lived"))
                .body("x")
                .send()
                .unwrap()
        };
        let before = connection(&request());
        thread::sleep(Duration::from_millis(1300));
        let after = connection(&request());
        assert!(before.0 != after.0 && after.1 == 1, "{before:?} {after:?}");
    }
}

#[test]
fn codings_and_conditions() {
    let client = client();
    let url = NGINX.url("/text.txt");
    let zipped = client.get(&url).send().unwrap();
    assert_eq!(header(&zipped, "content-encoding"), "gzip");
    assert_eq!(header(&zipped, "transfer-encoding"), "chunked");
    assert_eq!(same(&zipped.content()[..], open("files/text.txt")), TEXT);
    assert!(
        zipped.num_bytes_downloaded() < 200_000,
        "{}",
        zipped.num_bytes_downloaded()
    );
    let plain = client
        .get(&url)
        .header("Accept-Encoding", "identity")
        .send()
        .unwrap();
    assert_eq!(header(&plain, "content-length"), "628890");
    assert!(plain.content() == zipped.content());

    let tag = header(&plain, "etag").into_owned();
    let date = header(&plain, "last-modified").into_owned();
    for (name, value) in [("If-None-Match", &tag), ("If-Modified-Since", &date)] {
        let response = client.get(&url).header(name, value).send().unwrap();
        assert_eq!(
            (response.status().as_u16(), response.content().len()),
            (304, 0),
            "{name}"
        );
    }
    let response = client
        .get(&url)
        .header("If-Match", "\"other\"")
        .send()
        .unwrap();
    assert_eq!(response.status(), 412);
    let page = client.get(NGINX.url("/index.html")).send().unwrap();
    assert_eq!(page.charset_encoding().as_deref(), Some("utf-8"));
    assert!(page.text().contains("größer als nötig: 蝶"));
}

#[test]
fn ranges() {
    let client = client();
    let url = NGINX.url("/text.txt");
    let range = |range: &str| {
        let request = client.get(&url).header("Accept-Encoding", "identity");
        request.header("Range", range).send().unwrap()
    };
    let response = range("bytes=0-5");
    assert_eq!(
        (response.status().as_u16(), response.text().as_ref()),
        (206, "line 0")
    );
    assert_eq!(header(&response, "content-range"), "bytes 0-5/628890");
    assert_eq!(range("bytes=-4").text(), "fox\n");
    assert_eq!(range("bytes=628890-").status(), 416);
    let several = range("bytes=0-3,-4");
    assert_eq!(several.status(), 206);
    assert!(header(&several, "content-type").starts_with("multipart/byteranges"));
    assert!(
        several.text().contains("\r\n\r\nline\r\n") && several.text().contains("\r\n\r\nfox\n\r\n")
    );
}

#[test]
fn redirects() {
    let following = following();
    for path in [
        "/moved-permanently",
        "/found",
        "/see-other",
        "/relative",
        "/to-https",
    ] {
        let response = following.get(NGINX.url(path)).send().unwrap();
        assert_eq!(
            (response.status().as_u16(), response.url().path().as_ref()),
            (200, "/text.txt"),
            "{path}"
        );
        assert_eq!(
            response.url().scheme(),
            if path == "/to-https" { "https" } else { "http" }
        );
        assert_eq!(response.history().len(), 1, "{path}");
    }
    let response = following.get(NGINX_TLS.url("/to-http")).send().unwrap();
    assert_eq!(response.url().scheme(), "http");
    for path in ["/temporary", "/permanent"] {
        let body = "again ".repeat(50_000);
        let response = following
            .post(NGINX.url(path))
            .body(body.clone())
            .send()
            .unwrap();
        assert_eq!(response.url().path(), "/upstream/echo");
        assert!(response.text() == body, "{path}");
        let once = Body::reader(io::Cursor::new(body));
        let error = following
            .post(NGINX.url(path))
            .body(once)
            .send()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::StreamConsumed, "{error}");
    }
    let response = following
        .post(NGINX.url("/see-other"))
        .body("x")
        .send()
        .unwrap();
    assert_eq!(response.request().unwrap().method, "GET");
    let error = following.get(NGINX.url("/loop")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::TooManyRedirects, "{error}");
}

#[test]
fn bodies_without_a_length() {
    let client = client();
    let expected: String = (0..100)
        .map(|number| format!("chunk {number} {}\n", "x".repeat(number * 37)))
        .collect();
    for (path, coding) in [
        ("/no-length", ""),
        ("/upstream/chunks", "chunked"),
        ("/trailer", "chunked"),
    ] {
        let identity = client
            .get(NGINX.url(path))
            .header("Accept-Encoding", "identity");
        let response = identity.send().unwrap();
        assert_eq!(header(&response, "transfer-encoding"), coding, "{path}");
        assert!(response.text() == expected, "{path}");
        let trailer = response.trailers().and_then(|t| t.get("X-Sum"));
        assert_eq!(
            trailer.is_some(),
            path == "/trailer",
            "{:?}",
            response.trailers()
        );
        assert!(!response.headers().contains("X-Sum"));
    }
    let zipped = client.get(NGINX.url("/upstream/chunks")).send().unwrap();
    assert_eq!(header(&zipped, "content-encoding"), "gzip");
    assert!(zipped.text() == expected);
}

#[test]
fn a_password() {
    let client = client();
    let url = NGINX.url("/private/text.txt");
    let response = client.get(&url).send().unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(
        header(&response, "www-authenticate"),
        "Basic realm=\"the private part\""
    );
    let response = client.get(&url).auth(("ada", "lovelace")).send().unwrap();
    assert_eq!(response.status(), 200);
    let file = open_netrc();
    let netrc = builder()
        .auth(papilio::NetrcAuth::from_file(file).unwrap())
        .build()
        .unwrap();
    assert_eq!(netrc.get(&url).send().unwrap().status(), 200);
}

fn open_netrc() -> std::path::PathBuf {
    let path = crate::programs::work("netrc");
    fs::write(&path, "machine 127.0.0.1 login ada password lovelace\n").unwrap();
    path
}

/// nginx answers before it has read the body, and reads no more of it.
#[test]
fn a_refused_upload() {
    for body in [
        Body::from(vec![7; 64 << 20]),
        Body::sized(io::repeat(7).take(64 << 20), 64 << 20),
        Body::reader(io::repeat(7).take(64 << 20)),
    ] {
        let response = client()
            .post(NGINX.url("/small-only"))
            .body(body)
            .send()
            .unwrap();
        assert_eq!(response.status(), 413);
        assert!(response.text().contains("413 Request Entity Too Large"));
    }
}

#[test]
fn files_put_and_fetched() {
    let client = client();
    let url = NGINX.url("/put/copy.bin");
    let put = client
        .put(&url)
        .body(Body::file(crate::programs::work("files/large.bin")).unwrap());
    assert_eq!(put.send().unwrap().status(), 201);
    assert_eq!(
        same(open("files/put/copy.bin"), open("files/large.bin")),
        LARGE
    );
    let chunked = client.put(&url).body(Body::iter(["in ", "pieces"]));
    assert_eq!(chunked.send().unwrap().status(), 204);
    assert_eq!(client.get(&url).send().unwrap().text(), "in pieces");
    assert_eq!(client.delete(&url).send().unwrap().status(), 204);
    assert_eq!(client.get(&url).send().unwrap().status(), 404);
}

/// H1-36
#[test]
fn a_large_download_in_little_memory() {
    if !alone("nginx::a_large_download_in_little_memory") {
        return;
    }
    let client = client();
    let url = NGINX.url("/large.bin");
    client.head(&url).send().unwrap();
    let began = Instant::now();
    let grown = growth(|| {
        let response = client.get(&url).stream().unwrap();
        assert_eq!(same(response, open("files/large.bin")), LARGE);
    });
    figure(&format!(
        "256 MiB from nginx in {:.1?}, memory grew by {} KiB",
        began.elapsed(),
        grown.unwrap_or_default()
    ));
    assert!(grown.is_none_or(|kib| kib < 8 << 10), "{grown:?} KiB");
}

#[test]
fn a_slow_download_has_its_limits() {
    let client = client();
    let limit = Timeout::all(Duration::from_secs(5)).total(Duration::from_millis(500));
    let began = Instant::now();
    let request = client
        .get(NGINX.url("/slow"))
        .header("Accept-Encoding", "identity");
    let error = request.timeout(limit).send().unwrap_err();
    assert_eq!(error.kind(), Kind::TotalTimeout, "{error}");
    assert!(
        began.elapsed() < Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
}
