//! `--download`.

use std::fs;

use super::head;
use super::process::{new_path, papilio};
use crate::server::{Refused, Server, chunked, ok, response, script};

/// CMD-30: whatever the status, and nothing on standard error where there is no terminal.
#[test]
fn to_a_file() {
    let path = new_path();
    let file = path.to_str().unwrap();
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x0334261\x05\0\x1c:\xf5\xcb\x05\0\0\0";
    let not_found = response("404 Not Found", &[("Content-Encoding", "gzip")], gzip);
    let replies = [ok(b"\0 long \xff body"), chunked(["a", "b"]), not_found];
    let server = Server::replies(&replies);
    for (reply, (code, body)) in
        replies
            .iter()
            .zip([(0, &b"\0 long \xff body"[..]), (0, b"ab"), (1, b"12345")])
    {
        papilio([&server.url("/"), "--download", file])
            .run()
            .is(code, head(reply), "");
        assert_eq!(fs::read(&path).unwrap(), body);
    }
    fs::remove_file(path).unwrap();
}

/// CMD-30: the file grows as the body arrives.
#[test]
fn as_it_arrives() {
    let path = new_path();
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst";
    let server = Server::start(script().read().send(reply).stall());
    let running = papilio([&server.url("/"), "--download", path.to_str().unwrap()]).start();
    server.wait_until(|_| fs::read(&path).is_ok_and(|content| content == b"first"));
    drop(running);
    fs::remove_file(path).unwrap();
}

/// CMD-11: `-` is standard output, and bytes are bytes there.
#[test]
fn to_standard_output() {
    let body = b"\0\xff\r\n\x1b";
    let server = Server::always(ok(body));
    let expected = [head(&ok(body)).as_bytes(), body].concat();
    papilio([&server.url("/"), "--download", "-"])
        .run()
        .is(0, expected, "");
}

/// CMD-31: nothing is sent.
#[test]
fn unwritable_file() {
    let server = Server::always(ok(""));
    let directory = env!("CARGO_TARGET_TMPDIR");
    for file in ["/nowhere/at/all", directory] {
        let ran = papilio([&server.url("/"), "--download", file]).run();
        ran.is_usage_error(&format!("cannot write to '{file}': "));
    }
    assert_eq!(server.connections(), 0);
}

/// An existing file is not touched by a request that fails, and none is left behind.
#[test]
fn no_response_changes_no_file() {
    let path = new_path();
    let file = path.to_str().unwrap();
    let url = Refused::port().url("/");
    assert_eq!(papilio([&url, "--download", file]).run().code, Some(1));
    assert!(!path.exists());
    fs::write(&path, "kept").unwrap();
    assert_eq!(papilio([&url, "--download", file]).run().code, Some(1));
    assert_eq!(fs::read(&path).unwrap(), b"kept");
    fs::remove_file(path).unwrap();
}

/// CMD-44: a body that is cut is no success, and the message says what there is.
#[test]
fn cut_body() {
    let path = new_path();
    let file = path.to_str().unwrap();
    fs::write(&path, "a longer text than what comes").unwrap();
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let server = Server::start(script().read().send(reply).send("first").close());
    let ran = papilio([&server.url("/"), "--download", file]).run();
    assert!(
        ran.stderr.starts_with("RemoteProtocolError: "),
        "{}",
        ran.stderr
    );
    let end = format!("; '{file}' has the first 5 bytes\n");
    assert!(ran.stderr.ends_with(&end), "{}", ran.stderr);
    ran.is(1, head(reply.as_bytes()), &ran.stderr);
    assert_eq!(fs::read(&path).unwrap(), b"first");
    fs::remove_file(path).unwrap();
}

/// The server does not choose the file.
#[test]
fn names_of_servers_are_ignored() {
    let path = new_path();
    let disposition = ("Content-Disposition", "attachment; filename=../../x");
    let reply = response("200 OK", &[disposition], "body");
    let server = Server::always(&reply);
    let file = path.to_str().unwrap();
    papilio([&server.url("/"), "--download", file])
        .run()
        .is(0, head(&reply), "");
    assert_eq!(fs::read(&path).unwrap(), b"body");
    fs::remove_file(path).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk() {
    let server = Server::always(ok("body"));
    papilio([&server.url("/"), "--download", "/dev/full"]).run().is(
        1,
        head(&ok("body")),
        "Error: cannot write to '/dev/full': No space left on device (os error 28); it has the first 0 bytes\n",
    );
}
