//! What is shown: the body alone, the heads alone, nothing, and how long it took.

use super::process::{papilio, read_until};
use super::{head, typed};
use crate::server::{Refused, Server, ok, response, script};

/// WSH-35: `--raw` is for programs: the body's own bytes, whatever its type, and nothing else.
#[test]
fn raw() {
    for (content_type, body) in [
        ("application/json", &b"{\"b\":1,  \"a\":[]}"[..]),
        ("image/png", b"\0\xff\r\n\x1b"),
        ("text/plain; charset=iso-8859-1", b"caf\xe9"),
        ("text/html", b"<p>"),
    ] {
        let server = Server::always(typed(content_type, body).0);
        papilio([&server.url("/"), "--raw"]).run().is(0, body, "");
    }
    let moved = response("302 Found", &[("Location", "/next")], "not this");
    let server = Server::replies([moved, ok("this")]);
    papilio([&server.url("/"), "--raw", "-L"])
        .run()
        .is(0, "this", "");
    let server = Server::always(response("404 Not Found", &[], "none"));
    papilio([&server.url("/"), "--raw"]).run().is(1, "none", "");
    papilio(["http://a.test", "--raw", "--headers-only"])
        .run()
        .is_usage_error("the argument '--raw' cannot be used with '--headers-only'");
}

/// `--verbose` then goes where it is not in the way.
#[test]
fn raw_and_verbose() {
    let server = Server::always(ok("body"));
    let ran = papilio([&server.url("/"), "--raw", "-v"]).run();
    let start = "* Connecting to '127.0.0.1'\n* Connected to ";
    assert!(ran.stderr.starts_with(start), "{}", ran.stderr);
    let end = format!("\n\n{}", head(&ok("body")));
    assert!(ran.stderr.ends_with(&end), "{}", ran.stderr);
    ran.is(0, "body", &ran.stderr);
}

/// Lines of JSON are there as soon as they come.
#[test]
fn lines_as_they_come() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{\"a\":1}\n";
    let server = Server::start(script().read().send(reply).stall());
    let mut running = papilio([&server.url("/"), "--raw"]).start();
    let mut stdout = running.take_stdout();
    assert_eq!(read_until(&mut stdout, b"\n"), b"{\"a\":1}\n");
    drop(running);
    let mut running = papilio([server.url("/")]).start();
    let mut stdout = running.take_stdout();
    assert_eq!(
        read_until(&mut stdout, b"\n\n"),
        head(reply.as_bytes()).as_bytes()
    );
    assert_eq!(read_until(&mut stdout, b"\n"), b"{\"a\":1}\n");
}

/// WSH-35: `--headers-only` does not wait for the body.
#[test]
fn headers_only() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n";
    let server = Server::start(script().read().send(reply).stall());
    let ran = papilio([&server.url("/"), "--headers-only"]).run();
    ran.is(0, head(reply), "");
}

/// WSH-35: `--quiet` shows errors and nothing else.
#[test]
fn quiet() {
    let (reply, _) = typed("text/plain", "text");
    let server = Server::always(&reply);
    papilio([&server.url("/"), "--quiet"]).run().is(0, "", "");
    let missing = Server::always(response("404 Not Found", &[], "none"));
    papilio([&missing.url("/"), "-q"]).run().is(1, "", "");
    let ran = papilio([&Refused::port().url("/"), "-q"]).run();
    assert!(ran.stderr.starts_with("ConnectError: "), "{}", ran.stderr);
    ran.is(1, "", &ran.stderr);
    // A body that is cut is an error all the same.
    let server = Server::start(script().read().send(&reply[..reply.len() - 1]).close());
    let ran = papilio([&server.url("/"), "-q"]).run();
    assert!(
        ran.stderr.starts_with("RemoteProtocolError: "),
        "{}",
        ran.stderr
    );
    ran.is(1, "", &ran.stderr);
}

/// `--timing`: a line for each step, on standard error.
#[test]
fn timing() {
    let moved = response("302 Found", &[("Location", "/next")], "");
    let server = Server::replies([moved, ok("body")]);
    let ran = papilio([&server.url("/"), "--raw", "-L", "--timing"]).run();
    ran.is(0, "body", &ran.stderr);
    let rows: Vec<(&str, &str)> = ran
        .stderr
        .lines()
        .map(|line| line.split_at(11))
        .map(|(name, time)| (name.trim(), time.trim()))
        .collect();
    let names: Vec<_> = rows.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["Name lookup", "Connect", "TLS", "First byte", "Total"]
    );
    let milliseconds = |row: usize| {
        let (_, time) = rows[row];
        time.strip_suffix(" ms")
            .map(|time| time.parse::<f64>().unwrap())
    };
    // The connection stood already.
    assert_eq!(
        (milliseconds(0), milliseconds(1), milliseconds(2)),
        (None, None, None)
    );
    assert!(milliseconds(3).unwrap() > 0.0);
    assert!(milliseconds(4).unwrap() >= milliseconds(3).unwrap());

    let server = Server::always(ok("body"));
    let ran = papilio([&server.url("/"), "--raw", "--timing"]).run();
    let connect = ran.stderr.lines().nth(1).unwrap();
    assert!(
        connect.starts_with("Connect ") && connect.ends_with(" ms"),
        "{connect}"
    );
}

/// WSH-35: the whole response as one line of JSON.
#[test]
fn as_json() {
    let line = |reply: &[u8], arguments: &[&str]| -> serde_json::Value {
        let server = Server::always(reply);
        let url = server.url("/p?q=1").replace("//", "//me:secret@");
        let ran = papilio([&[url.as_str(), "--as-json"], arguments].concat()).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert_eq!(ran.text().lines().count(), 1);
        assert!(!ran.text().contains("secret"), "{}", ran.text());
        serde_json::from_str(ran.text()).unwrap()
    };
    let reply = typed("application/json", "{\"b\":1.50,\"a\":[]}").0;
    let record = line(&reply, &[]);
    assert_eq!(record["method"], "GET");
    assert!(
        record["url"].as_str().unwrap().ends_with("/p?q=1"),
        "{record}"
    );
    assert_eq!(record["http_version"], "HTTP/1.1");
    assert_eq!(
        (&record["status"], &record["reason"]),
        (&200.into(), &"OK".into())
    );
    assert_eq!(
        record["headers"][1],
        serde_json::json!(["Content-Type", "application/json"])
    );
    assert_eq!(record["json"].to_string(), "{\"b\":1.50,\"a\":[]}");
    assert!(record["elapsed"].as_f64().unwrap() > 0.0);
    assert_eq!(record["redirects"], serde_json::json!([]));

    let record = line(&typed("text/plain", "é\n").0, &[]);
    assert_eq!((&record["text"], record.get("json")), (&"é\n".into(), None));
    assert_eq!(
        line(&typed("image/png", b"\0\xff").0, &[])["base64"],
        "AP8="
    );
    assert_eq!(line(&typed("application/json", "{").0, &[])["text"], "{");
    for record in [line(&ok(""), &[]), line(&ok("text"), &["--headers-only"])] {
        let has_body = ["json", "text", "base64"]
            .iter()
            .any(|name| record.get(name).is_some());
        assert!(!has_body, "{record}");
    }

    let moved = response("302 Found", &[("Location", "/next")], "");
    let server = Server::replies([moved, ok("")]);
    let ran = papilio([&server.url("/"), "--as-json", "-L"]).run();
    let record: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(record["redirects"][0]["status"], 302);
    assert_eq!(record["redirects"][0]["url"], server.url("/"));
}
