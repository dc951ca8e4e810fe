//! The command on a terminal: what is seen there in the end, as pictures, and byte by byte where that matters.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::process::{Run, new_path, papilio};
use super::screen::{Screen, is_picture, picture};
use super::typed;
use crate::server::{Pace, Refused, Server, ok, response, script};

/// The exit code, and everything that came to the terminal.
fn on_terminal(run: Run) -> (Option<i32>, String) {
    let (code, bytes) = Screen::new().start(run).end();
    (
        code,
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n"),
    )
}

/// Runs to a picture.
#[track_caller]
fn looks_like(run: Run, expected_code: i32, name: &str) {
    let (code, bytes) = Screen::new().start(run).end();
    assert_eq!(code, Some(expected_code));
    is_picture(&picture(&bytes), name);
}

/// Without colours, so that escapes are what they are about.
fn uncoloured(reply: &[u8], arguments: &[&str]) -> String {
    let server = Server::always(reply);
    let url = server.url("/");
    let run = papilio([&[url.as_str()], arguments].concat()).env("NO_COLOR", "1");
    on_terminal(run).1
}

/// CMD-25: colours on a terminal, unless `NO_COLOR` is set.
#[test]
fn colours() {
    let (reply, head) = typed("application/json", r#"{"a": ["b", 1, true], "é": null}"#);
    let server = Server::always(&reply);
    looks_like(papilio([server.url("/")]), 0, "json.txt");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let (code, shown) = on_terminal(papilio([server.url("/")]).env(name, value));
        let body = "{\n    \"a\": [\n        \"b\",\n        1,\n        true\n    ],\n    \"é\": null\n}\n";
        assert_eq!((code, shown), (Some(0), format!("{head}{body}")));
    }
}

/// The status lines of redirects and errors.
#[test]
fn heads() {
    let moved = response("302 Found", &[("Location", "/next")], "");
    let server = Server::replies([moved, response("404 Not Found", &[], "")]);
    looks_like(papilio([&server.url("/"), "-L"]), 1, "heads.txt");
}

const HTML: &str = r#"<!DOCTYPE html>
<!-- a comment with <b>tags</b> - and -- dashes -->
<html lang="en"><head><title>1 < 2 & <b></title>
<meta charset=utf-8 content='a > b'>
<script async>if (a<b && c</d/) { "</scr"; }</script>
<style>p > a { color: red }</STYLE ></head>
<body><p class = "x" hidden>Fish &amp; chips &#38; 3 < 4, a<b</p>
<br/><IMG src=a.png alt=""><>
</body></html>"#;

const XML: &str = r#"<?xml version="1.0"?>
<a:feed xmlns:a="urn:a"><title>not <b>raw</b></title>
<!----><![CDATA[ <not a="tag"> ]] > ]]></a:feed>"#;

/// CMD-25: HTML and XML are coloured; their text is not changed, in whatever pieces it comes.
#[test]
fn markup() {
    for (content_type, text, name) in [
        ("text/html; charset=utf-8", HTML, "html.txt"),
        ("application/atom+xml", XML, "xml.txt"),
    ] {
        let (reply, head) = typed(content_type, text);
        let server = Server::always(&reply);
        looks_like(papilio([server.url("/")]), 0, name);
        let whole = on_terminal(papilio([server.url("/")])).1;
        assert_eq!(plain(&whole), format!("{head}{text}\n"));

        let server = Server::start(script().read().send(&reply).close().pace(Pace::Bytes));
        let (_, bytes) = Screen::new().start(papilio([server.url("/")])).end();
        is_picture(&picture(&bytes), name);
    }
    // Wherever it ends, all of it is there.
    for length in (1..HTML.len()).step_by(23) {
        let text = &HTML[..length];
        let (reply, head) = typed("text/html", text);
        let shown = on_terminal(papilio([Server::always(reply).url("/")])).1;
        assert_eq!(plain(&shown), format!("{head}{text}\n"));
    }
}

/// Without the sequences that colour.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').unwrap().1)
}

/// CMD-26: a server does not drive the terminal.
#[test]
fn control_characters_are_escaped() {
    let body = "a\x1b]0;title\x07\tb\r\nc\rd\u{7f}\u{9b}31m\0é\n\r";
    let safe = "a\\x1b]0;title\\x07\tb\nc\\x0dd\\x7f\\x9b31m\\x00é\n\\x0d\n";
    for content_type in ["text/plain", "text/html", "text/xml"] {
        let (reply, head) = typed(content_type, body);
        assert_eq!(uncoloured(&reply, &[]), format!("{head}{safe}"));
        let server = Server::always(&reply);
        let (_, shown) = on_terminal(papilio([server.url("/")]));
        assert!(shown.ends_with(safe), "{shown:?}");
    }
    let (reply, head) = typed("application/json", "[\"\u{9b}31m\u{7f}\"]");
    let safe = "[\n    \"\\x9b31m\\x7f\"\n]\n";
    assert_eq!(uncoloured(&reply, &[]), format!("{head}{safe}"));

    // `\u{9b}` in a header is a control character once it is text.
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \x9b31m\r\n\r\n";
    let expected = "HTTP/1.1 200 OK\nContent-Length: 0\nX: \\x9b31m\n\n";
    assert_eq!(uncoloured(reply, &[]), expected);
}

/// CMD-26: nor does it turn the text around.
#[test]
fn bidirectional_controls_are_escaped() {
    let body =
        "user\u{202e}txt.exe\u{202c} \u{2066}a\u{2069} \u{200e}\u{200f}\u{61c}\u{2028}ש\u{200d}";
    let safe = "user\\u{202e}txt.exe\\u{202c} \\u{2066}a\\u{2069} \\u{200e}\\u{200f}\\u{61c}\\u{2028}ש\u{200d}\n";
    let (reply, head) = typed("text/plain; charset=utf-8", body);
    assert_eq!(uncoloured(&reply, &[]), format!("{head}{safe}"));
    // In a header, and in a message about one.
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a\u{202e}b\r\n\r\n";
    let shown = uncoloured(reply.as_bytes(), &[]);
    assert!(shown.contains("\nX: a\\u{202e}b\n"), "{shown}");
    let reply = "HTTP/1.1 302 \u{202e}\r\nLocation: \u{202e}\x1b[1m:\r\nContent-Length: 0\r\n\r\n";
    let shown = uncoloured(reply.as_bytes(), &["-L"]);
    assert!(
        !shown.contains('\u{202e}') && !shown.contains('\x1b'),
        "{shown:?}"
    );
}

/// CMD-26: not even when the body was asked for as bytes.
#[test]
fn bodies_asked_for_as_bytes_are_escaped() {
    let (reply, head) = typed("image/png", b"a\x1b[31mb\xff\n\r");
    let safe = "a\\x1b[31mb\u{fffd}\n\\x0d";
    let shown = uncoloured(&reply, &["--download", "-"]);
    assert_eq!(shown, format!("{head}{safe}"));
    assert_eq!(uncoloured(&reply, &["--raw"]), safe);
}

/// CMD-24: what is binary is counted.
#[test]
fn binary() {
    let (reply, head) = typed("image/png", b"\x89PNG\x1b[31m");
    let shown = uncoloured(&reply, &[]);
    assert_eq!(shown, format!("{head}<9 bytes of binary data>\n"));
}

/// CMD-41: errors are red.
#[test]
fn errors_are_red() {
    looks_like(papilio(["invalid://example.org"]), 1, "error.txt");
    let url = Refused::port().url("/");
    let (_, shown) = on_terminal(papilio([&url]).env("NO_COLOR", "1"));
    assert!(shown.starts_with("ConnectError: "), "{shown:?}");
}

/// What was wrong with the arguments, and help.
#[test]
fn usage() {
    looks_like(papilio(["--timeout", "soon", "x"]), 2, "usage.txt");
    let (code, shown) = on_terminal(papilio(["--help"]));
    assert_eq!(code, Some(0));
    assert!(plain(&shown).contains("Usage: papilio <URL> [OPTIONS]\n"));
    let widest = plain(&shown).lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?}");
}

/// CMD-30: progress is shown on standard error; it counts the bytes of the wire.
#[test]
fn progress() {
    let path = new_path();
    let file = path.to_str().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let download = |server: &Server| {
        let run = papilio([&server.url("/"), "--download", file]).env("NO_COLOR", "1");
        let (code, shown) = on_terminal(run);
        assert_eq!(code, Some(0), "{shown}");
        picture(shown.replace('\n', "\r\n").as_bytes())
    };
    // "12345" as gzip: 25 bytes.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x0334261\x05\0\x1c:\xf5\xcb\x05\0\0\0";
    let reply = response("200 OK", &[("Content-Encoding", "gzip")], gzip);
    let shown = download(&Server::always(&reply));
    let line = shown.lines().last().unwrap();
    for part in [name, " 100% [====", "] 25 B/25 B ", "B/s 0s left"] {
        assert!(line.contains(part), "{part}: {shown}");
    }
    assert_eq!(line.chars().count(), 80, "{line}");
    assert_eq!(std::fs::read(&path).unwrap(), b"12345");

    let unknown = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end";
    let shown = download(&Server::always(unknown));
    let line = shown.lines().last().unwrap();
    assert!(line.contains("13 B "), "{shown}");
    assert!(!line.contains('%'), "{shown}");

    for arguments in [&["-q", "-o", file][..], &[]] {
        let server = Server::always(ok(""));
        let url = server.url("/");
        let (_, shown) = on_terminal(papilio([&[url.as_str()], arguments].concat()));
        assert!(!shown.contains("B/s"), "{shown}");
    }
    std::fs::remove_file(path).unwrap();
}

/// Half of it: the percentage, the bar, and the time that is left.
#[test]
fn progress_on_the_way() {
    let path = new_path();
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n";
    let half = vec![b'x'; 1 << 20];
    let server = Server::start(script().read().send(reply).send(half).stall());
    let file = path.to_str().unwrap();
    let run = papilio([&server.url("/"), "-o", file, "--timeout", "0.5"]);
    let (code, bytes) = Screen::new().start(run).end();
    assert_eq!(code, Some(1));
    let shown = picture(&bytes);
    for part in [" 50% [===", "1.00 MiB/2.00 MiB ", "iB/s ", "s left"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    std::fs::remove_file(path.with_extension("part")).unwrap();
}

/// CMD-09: the password is asked for, and does not show.
#[test]
fn password() {
    let server = Server::always(ok(""));
    let run = papilio([&server.url("/"), "--auth", "me\u{202e}", "-"]).env("NO_COLOR", "1");
    let mut watched = Screen::new().start(run);
    wait_until(|| !watched.screen.echoes());
    watched.screen.write("-secret\n");
    let (code, bytes) = watched.end();
    let shown = String::from_utf8(bytes).unwrap();
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        shown.starts_with("Password of me\\u{202e}: \r\nHTTP/1.1 200"),
        "{shown:?}"
    );
    let seen = server.only();
    assert_eq!(
        seen.header("Authorization"),
        Some("Basic bWXigK46LXNlY3JldA==")
    );
}

/// CMD-44, FLT-22: an interrupt leaves the terminal as it was, and is 130.
#[test]
fn interrupt() {
    let interrupt = |watched: &super::screen::Watched| {
        kill_process(Pid::from_child(&watched.running.0), Signal::INT).unwrap();
    };
    let server = Server::always(ok(""));
    let mut watched = Screen::new().start(papilio([&server.url("/"), "--auth", "me", "-"]));
    wait_until(|| !watched.screen.echoes());
    interrupt(&watched);
    assert_eq!(watched.running.wait().code(), Some(130));
    assert!(watched.screen.echoes());
    let (_, bytes) = watched.end();
    assert_eq!(bytes, b"Password of me: \r\n".as_slice());
    assert_eq!(server.connections(), 0);

    // Colours end, and the progress display has its line for itself.
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst";
    let server = Server::start(script().read().send(reply).stall());
    let path = new_path();
    let part = path.with_extension("part");
    let watched = Screen::new().start(papilio([&server.url("/"), "-o", path.to_str().unwrap()]));
    wait_until(|| std::fs::read(&part).is_ok_and(|content| content == b"first"));
    thread::sleep(Duration::from_millis(50));
    interrupt(&watched);
    let (code, bytes) = watched.end();
    assert_eq!(code, Some(130));
    assert!(bytes.ends_with(b"\r\n\x1b[0m"), "{}", bytes.escape_ascii());
    std::fs::remove_file(part).unwrap();
}

/// FLT-22: also if whoever should read the output does not.
#[test]
fn interrupt_while_output_waits() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let server = Server::start(script().read().send(reply).flood("one line\n"));
    let watched = Screen::new().start_piped(papilio([server.url("/")]));
    // Until pipe and sockets are full.
    let mut sent = 0;
    wait_until(|| server.sent() > 100_000);
    while server.sent() > sent {
        sent = server.sent();
        thread::sleep(Duration::from_millis(100));
    }
    kill_process(Pid::from_child(&watched.running.0), Signal::INT).unwrap();
    let began = Instant::now();
    let (code, _) = watched.end();
    assert_eq!(code, Some(130));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "waited 10 seconds in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

/// CMD-26: nor is it in the log that a server reaches the terminal.
#[test]
fn log_lines_are_escaped() {
    let reply = "HTTP/1.1 200 \u{202e}OK\r\nX\u{1}: \u{9b}1m\r\nContent-Length: 0\r\n\r\n";
    for reply in [reply, &reply.replace("X\u{1}", "X")] {
        let shown = uncoloured(reply.as_bytes(), &["-vv"]);
        assert!(shown.contains(" DEBUG papilio::"), "{shown}");
        let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.contains(is_harmful), "{shown:?}");
    }
}
