//! HTTP/2 with Node, which does at once what others do by chance.

use std::collections::BTreeMap;
use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use papilio::{Body, Client, Kind, Reason};
use serde_json::Value;

use crate::programs::http2::Node;
use crate::programs::{UVICORN, alone, builder, client, figure, growth, json, work};

fn both() -> Client {
    builder().http2(true).build().unwrap()
}

fn url(port: u16, path: &str) -> String {
    format!("https://127.0.0.1:{port}{path}")
}

#[track_caller]
fn about(client: &Client, node: &Node) -> Value {
    json(&client.get(url(node.tls, "/about")).send().unwrap())
}

/// H2-02, H2-03
#[test]
fn what_the_server_sees() {
    let node = Node::start();
    let client = both();
    let response = client
        .post(url(node.tls, "/count?a=b"))
        .header("X-Mixed-Case", "one")
        .header("Connection", "keep-alive")
        .header("Keep-Alive", "timeout=5")
        .header("TE", "trailers")
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .body("content")
        .send()
        .unwrap();
    let seen = json(&response);
    let headers = seen["headers"].as_object().unwrap();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", "/count?a=b"),
        (":authority", &*format!("127.0.0.1:{}", node.tls)),
        ("x-mixed-case", "one"),
        ("x-twice", "1, 2"),
        ("content-length", "7"),
    ] {
        assert_eq!(
            headers.get(name).and_then(Value::as_str),
            Some(value),
            "{seen}"
        );
    }
    for unwanted in [
        "host",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "X-Mixed-Case",
    ] {
        assert!(!headers.contains_key(unwanted), "{unwanted}: {seen}");
    }
    assert_eq!((&seen["bytes"], &seen["alpn"]), (&7.into(), &"h2".into()));
    let facts = node.facts();
    let settings = &facts["settings"][0];
    assert_eq!(settings["enablePush"], false, "{facts}");
    assert!(
        settings["initialWindowSize"].as_u64().unwrap() >= 1 << 24,
        "{facts}"
    );
}

/// H2-10, R-H2-06: GOAWAY in the middle of 1,000 requests.
#[test]
fn goaway() {
    let node = Node::start();
    let client = both();
    thread::scope(|scope| {
        for thread in 0..8 {
            let (client, node) = (&client, &node);
            scope.spawn(move || {
                for number in 0..125 {
                    let method = if number % 2 == 0 { "GET" } else { "POST" };
                    let path = format!("/count?{thread}-{number}");
                    let mut request = client.request(method, url(node.leaving, &path));
                    if method == "POST" {
                        request = request.body("some content");
                    }
                    let seen = json(&request.send().unwrap());
                    assert_eq!(seen["headers"][":path"], *path, "{seen}");
                }
            });
        }
    });
    let facts = node.facts();
    let mut times = BTreeMap::new();
    for request in facts["requests"].as_array().unwrap() {
        *times.entry(request.as_str().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(times.len(), 1000);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    let (sessions, goaways) = (&facts["sessions"], facts["goaways"].as_u64().unwrap());
    assert!(goaways >= 20, "{goaways}");
    println!("{sessions} sessions, {goaways} GOAWAY");
    drop(client);
    node.until(|facts| facts["open"] == 0);
}

/// H2-09, R-H2-07: what ends one stream leaves the connection alone.
#[test]
fn resets() {
    let node = Node::start();
    let client = both();
    let session = about(&client, &node)["session"].clone();
    for code in [1, 2, 11] {
        let error = client
            .get(url(node.tls, &format!("/reset?code={code}")))
            .send()
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::RemoteProtocol, Some(Reason::Http2(code))),
            "{error}"
        );
        assert_eq!(about(&client, &node)["session"], session);
    }
    // Refused means: not even looked at.
    let again = client
        .post(url(node.tls, "/refused-once?1"))
        .body("again")
        .send()
        .unwrap();
    assert_eq!(json(&again)["session"], session);
    let facts = node.facts();
    let refused = "POST /refused-once?1";
    let times = facts["requests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| **one == refused);
    assert_eq!(times.count(), 2, "{facts}");

    let mut half = client.get(url(node.tls, "/half")).stream().unwrap();
    let mut content = Vec::new();
    assert!(half.read_to_end(&mut content).is_err());
    assert_eq!(content.len(), 500);
    drop(half);
    assert_eq!(about(&client, &node)["session"], session);
    assert_eq!(node.facts()["sessions"], 1);

    // Without a word.
    let error = client.get(url(node.tls, "/gone")).send().unwrap_err();
    println!("{error}");
    assert_eq!(error.kind(), Kind::RemoteProtocol, "{error}");
    assert_ne!(about(&client, &node)["session"], session);
}

/// H2-07, H2-13, R-H2-11
#[test]
fn around_the_response() {
    let node = Node::start();
    let client = both();
    assert_eq!(
        client.get(url(node.tls, "/hints")).send().unwrap().status(),
        200
    );
    let trailers = client.get(url(node.tls, "/trailers")).send().unwrap();
    assert_eq!(trailers.text(), "with trailers\n");
    assert!(!trailers.headers().contains("x-sum"));
    let early = client.post(url(node.tls, "/early"));
    let early = early
        .body(Body::file(work("files/large.bin")).unwrap())
        .send()
        .unwrap();
    assert_eq!(early.status(), 413);
    assert_eq!(about(&client, &node)["session"], 1);
}

/// H2-11, TMO-13: who goes early says so; a connection on which nothing came while somebody waited is over.
#[test]
fn giving_up() {
    let node = Node::start();
    let client = both();
    let mut response = client
        .get(url(node.tls, "/large?bytes=1073741824"))
        .stream()
        .unwrap();
    response.read_exact(&mut [0; 1000]).unwrap();
    drop(response);
    node.until(|facts| facts["resets"] == Value::from(vec![8]));
    assert_eq!(about(&client, &node)["session"], 1);

    let began = Instant::now();
    let slow = client
        .get(url(node.tls, "/slow?ms=3000"))
        .timeout(Duration::from_millis(300));
    assert_eq!(slow.send().unwrap_err().kind(), Kind::ReadTimeout);
    assert!(began.elapsed() < Duration::from_secs(1));
    node.until(|facts| facts["resets"].as_array().unwrap().len() == 2);
    assert_eq!(about(&client, &node)["session"], 2);
}

/// H2-05, H2-06: the server takes 50 at a time, on one connection.
#[test]
fn many_at_once() {
    let node = Node::start();
    let client = both();
    about(&client, &node);
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..90 {
            scope.spawn(|| {
                let slow = client.get(url(node.tls, "/slow?ms=300")).send().unwrap();
                assert_eq!(json(&slow)["session"], 1);
            });
        }
    });
    let took = began.elapsed();
    assert!((600..3000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(node.facts()["sessions"], 1);
}

/// H2-08: 1 GiB, each piece in its place, in little memory.
#[test]
fn a_gibibyte() {
    if !alone("http2_node::a_gibibyte") {
        return;
    }
    const PIECE: usize = 1 << 16;
    let node = Node::start();
    let client = both();
    about(&client, &node);
    let began = Instant::now();
    let grown = growth(|| {
        let mut response = client
            .get(url(node.tls, "/large?bytes=1073741824"))
            .stream()
            .unwrap();
        let mut piece = vec![0; PIECE];
        for number in 0_u32..1 << 14 {
            response.read_exact(&mut piece).unwrap();
            let (place, rest) = piece.split_at(8);
            assert_eq!(place, f64::from(number).to_be_bytes(), "{number}");
            assert!(rest.iter().all(|byte| *byte == 0x70), "{number}");
        }
        assert_eq!(response.read(&mut piece).unwrap(), 0);
    });
    figure(&format!(
        "1 GiB from Node by HTTP/2 in {:.1?}, memory grew by {grown:?} KiB",
        began.elapsed()
    ));
    // The windows are 16 MiB and more.
    assert!(grown.is_none_or(|grown| grown < 80 << 10), "{grown:?} KiB");

    // And back.
    let began = Instant::now();
    let grown = growth(|| {
        let body = Body::sized(std::io::repeat(0x70).take(1 << 30), 1 << 30);
        let sent = client.put(url(node.tls, "/length")).body(body);
        let sent = sent.timeout(Duration::from_secs(60)).send().unwrap();
        assert_eq!(json(&sent)["bytes"].as_u64(), Some(1 << 30));
    });
    figure(&format!(
        "1 GiB to Node by HTTP/2 in {:.1?}, memory grew by {grown:?} KiB",
        began.elapsed()
    ));
    assert!(grown.is_none_or(|grown| grown < 80 << 10), "{grown:?} KiB");
}

/// H2-04: flow control of the other side: its windows are 1 MiB and less.
#[test]
fn an_upload() {
    let node = Node::start();
    let truth = json(
        &client()
            .get(UVICORN.url("/truth?file=files/large.bin"))
            .send()
            .unwrap(),
    );
    let client = both();
    let began = Instant::now();
    let body = Body::file(work("files/large.bin")).unwrap();
    let counted = json(
        &client
            .put(url(node.tls, "/count"))
            .body(body)
            .send()
            .unwrap(),
    );
    assert_eq!(
        (&counted["bytes"], &counted["crc"]),
        (&truth["bytes"], &truth["crc"])
    );
    figure(&format!(
        "256 MiB to Node by HTTP/2 in {:.1?}",
        began.elapsed()
    ));
    let content = "to and fro ".repeat(50_000);
    let echo = client
        .post(url(node.tls, "/echo"))
        .body(content.clone())
        .send()
        .unwrap();
    assert!(echo.text() == content);
}
