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

/// CMD-30: the file grows as the body arrives, under its other name.
#[test]
fn as_it_arrives() {
    let path = new_path();
    let part = path.with_extension("part");
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst";
    let server = Server::start(script().read().send(reply).stall());
    let running = papilio([&server.url("/"), "--download", path.to_str().unwrap()]).start();
    server.wait_until(|_| fs::read(&part).is_ok_and(|content| content == b"first"));
    assert!(!path.exists());
    drop(running);
    fs::remove_file(part).unwrap();
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

/// CMD-44, SEC-128 (the command's part), FLT-20: a body that is cut is no success; the file of that name stays as it was,
/// and the message says what there is.
#[test]
fn cut_body() {
    let path = new_path();
    let file = path.to_str().unwrap();
    fs::write(&path, "what was there").unwrap();
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let server = Server::start(script().read().send(reply).send("first").close());
    let ran = papilio([&server.url("/"), "--download", file]).run();
    let start = "RemoteProtocolError: ";
    assert!(ran.stderr.starts_with(start), "{}", ran.stderr);
    let end = format!("; '{file}.part' has the first 5 bytes\n");
    assert!(ran.stderr.ends_with(&end), "{}", ran.stderr);
    ran.is(1, head(reply.as_bytes()), &ran.stderr);
    assert_eq!(fs::read(&path).unwrap(), b"what was there");
    let part = path.with_extension("part");
    assert_eq!(fs::read(&part).unwrap(), b"first");

    // The next one begins anew, and leaves nothing behind but the file.
    let server = Server::always(ok("whole"));
    let ran = papilio([&server.url("/"), "--download", file]).run();
    ran.is(0, head(&ok("whole")), "");
    assert_eq!(server.only().header("Range"), None);
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert!(!part.exists());

    // Where nothing came, nothing is kept.
    let server = Server::start(script().read().send(reply).close());
    let ran = papilio([&server.url("/"), "--download", file]).run();
    assert_eq!(ran.code, Some(1));
    assert!(!ran.stderr.contains("part"), "{}", ran.stderr);
    assert!(!part.exists());
    fs::remove_file(path).unwrap();
}

/// A file that is replaced keeps its permissions, and a link leads where it led.
#[cfg(unix)]
#[test]
fn replaced_file() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let path = new_path();
    let link = new_path();
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&path, &link).unwrap();
    let server = Server::always(ok("new"));
    let ran = papilio([&server.url("/"), "-o", link.to_str().unwrap()]).run();
    ran.is(0, head(&ok("new")), "");
    assert_eq!(fs::read(&path).unwrap(), b"new");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(fs::read_link(&link).unwrap(), path);

    // What is not the command's own is not written to under the other name.
    let part = path.with_extension("part");
    symlink("/nowhere/at/all", &part).unwrap();
    let ran = papilio([&server.url("/"), "-o", path.to_str().unwrap()]).run();
    ran.is_usage_error(&format!("cannot write to '{}': ", path.display()));
    for path in [part, link, path] {
        fs::remove_file(path).unwrap();
    }
}

/// FLT-20: the server does not choose the file.
#[test]
fn names_of_servers_are_ignored() {
    let directory = new_path();
    fs::create_dir(&directory).unwrap();
    let path = directory.join("file");
    for name in ["../../x", "/tmp/x", "x", "..\\x"] {
        let disposition = format!("attachment; filename=\"{name}\"");
        let reply = response("200 OK", &[("Content-Disposition", &disposition)], "body");
        let server = Server::always(&reply);
        papilio([&server.url("/y"), "--download", path.to_str().unwrap()])
            .run()
            .is(0, head(&reply), "");
        assert_eq!(fs::read(&path).unwrap(), b"body");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }
    fs::remove_dir_all(directory).unwrap();
}

/// FLT-20.
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
