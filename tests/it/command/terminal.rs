//! The command on a terminal: a pair of pseudo-terminals stands for it.

use std::fs::File;
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

use super::process::{Run, new_path, papilio, read_all};
use super::typed;
use crate::server::{Refused, Server, ok, response};

/// What a run shows on a terminal, on which of its streams.
struct Shown {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn on_terminal(mut run: Run) -> Shown {
    let (stdout, own_stdout) = terminal();
    let (stderr, own_stderr) = terminal();
    run.command.stdout(own_stdout).stderr(own_stderr);
    // The command's side of the terminals is closed here with the `Run`.
    let mut running = run.start();
    let read = |stream| thread::spawn(move || read_all(stream));
    let (stdout, stderr) = (read(stdout), read(stderr));
    let code = running.wait().code();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    Shown {
        code,
        stdout: text(stdout.join().unwrap()),
        stderr: text(stderr.join().unwrap()),
    }
}

/// The side of whoever looks at it, and the side of the program.
fn terminal() -> (File, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let ours = openpt(flags).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let theirs = ioctl_tiocgptpeer(&ours, flags).unwrap();
    (ours.into(), theirs.into())
}

/// CMD-25: colours on a terminal, unless `NO_COLOR` is set.
#[test]
fn colours() {
    let (reply, head) = typed("application/json", r#"{"a": ["b", 1, true]}"#);
    let server = Server::always(reply);
    let shown = on_terminal(papilio([server.url("/")]));
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    let expected = "\x1b[34mHTTP/1.1\x1b[0m \x1b[32m200 OK\x1b[0m\n\
        \x1b[36mContent-Length\x1b[0m: 21\n\x1b[36mContent-Type\x1b[0m: application/json\n\n\
        {\n    \x1b[36m\"a\"\x1b[0m: [\n        \x1b[32m\"b\"\x1b[0m,\n        \x1b[33m1\x1b[0m,\n        \
        \x1b[35mtrue\x1b[0m\n    ]\n}\n";
    assert_eq!(shown.stdout, expected);

    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let shown = on_terminal(papilio([server.url("/")]).env(name, value));
        let body = "{\n    \"a\": [\n        \"b\",\n        1,\n        true\n    ]\n}\n";
        assert_eq!(shown.stdout, format!("{head}{body}"));
    }
}

/// CMD-26: a server does not drive the terminal.
#[test]
fn control_characters_are_escaped() {
    let body = "a\x1b]0;title\x07\tb\r\nc\rd\u{7f}\u{9b}31m\0é\n\r";
    let safe = "a\\x1b]0;title\\x07\tb\nc\\x0dd\\x7f\\x9b31m\\x00é\n\\x0d\n";
    let (reply, head) = typed("text/plain", body);
    let server = Server::always(reply);
    let shown = on_terminal(papilio([server.url("/")]).env("NO_COLOR", "1"));
    assert_eq!(shown.stdout, format!("{head}{safe}"));

    let (reply, head) = typed("application/json", "[\"\u{9b}31m\u{7f}\"]");
    let server = Server::always(reply);
    let shown = on_terminal(papilio([server.url("/")]).env("NO_COLOR", "1"));
    assert_eq!(shown.stdout, format!("{head}[\n    \"\\x9b31m\\x7f\"\n]\n"));

    // `\u{9b}` in a header is a control character once it is text.
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \x9b31m\r\n\r\n";
    let server = Server::always(reply);
    let shown = on_terminal(papilio([server.url("/")]).env("NO_COLOR", "1"));
    let expected = "HTTP/1.1 200 OK\nContent-Length: 0\nX: \\x9b31m\n\n";
    assert_eq!(shown.stdout, expected);
}

/// CMD-26: not even when the body was asked for as bytes.
#[test]
fn downloads_to_a_terminal_are_escaped() {
    let (reply, head) = typed("image/png", b"a\x1b[31mb\xff\n\r");
    let server = Server::always(reply);
    let run = papilio([&server.url("/"), "--download", "-"]).env("NO_COLOR", "1");
    let shown = on_terminal(run);
    assert_eq!(shown.stdout, format!("{head}a\\x1b[31mb\u{fffd}\n\\x0d"));
}

/// CMD-41: errors are red.
#[test]
fn errors_are_red() {
    let url = Refused::port().url("/");
    let shown = on_terminal(papilio([&url]));
    assert_eq!((shown.code, shown.stdout.as_str()), (Some(1), ""));
    let line = &shown.stderr;
    assert!(line.starts_with("\x1b[31mConnectError: "), "{line:?}");
    assert!(line.ends_with("\x1b[0m\n"), "{line:?}");
    let shown = on_terminal(papilio([&url]).env("NO_COLOR", "1"));
    assert!(shown.stderr.starts_with("ConnectError: "), "{line:?}");
}

/// CMD-30: progress is shown on standard error; it counts the bytes of the wire.
#[test]
fn progress() {
    let path = new_path();
    let file = path.to_str().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    // "12345" as gzip: 25 bytes.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x0334261\x05\0\x1c:\xf5\xcb\x05\0\0\0";
    let reply = response("200 OK", &[("Content-Encoding", "gzip")], gzip);
    let server = Server::always(&reply);
    let run = papilio([&server.url("/"), "--download", file]).env("NO_COLOR", "1");
    let shown = on_terminal(run);
    assert_eq!((shown.code, shown.stdout), (Some(0), super::head(&reply)));
    for part in [name, "100%", "[=", "25 B/25 B", "B/s"] {
        assert!(shown.stderr.contains(part), "{part}: {:?}", shown.stderr);
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"12345");

    let unknown = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end";
    let server = Server::always(unknown);
    let shown = on_terminal(papilio([&server.url("/"), "--download", file]));
    assert!(shown.stderr.contains("13 B "), "{:?}", shown.stderr);
    assert!(!shown.stderr.contains('%'), "{:?}", shown.stderr);
    std::fs::remove_file(path).unwrap();

    let server = Server::always(ok("shown, not saved"));
    assert_eq!(on_terminal(papilio([server.url("/")])).stderr, "");
}
