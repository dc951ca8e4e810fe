//! How the command ends when things go wrong.

use super::process::{papilio, read_all, read_until};
use super::{head, typed};
use crate::server::{Refused, Server, response, script};

/// CMD-40.
#[test]
fn exit_codes() {
    for (status, code) in [
        ("200 OK", 0),
        ("299 Odd", 0),
        ("302 Found", 1),
        ("404 Not Found", 1),
        ("500 Oh", 1),
        ("600 Odd", 1),
    ] {
        let reply = response(status, &[("Location", "/")], "");
        let server = Server::always(&reply);
        papilio([server.url("/")]).run().is(code, head(&reply), "");
    }
    let refused = Refused::port();
    assert_eq!(papilio([refused.url("/")]).run().code, Some(1));
    assert_eq!(papilio(["http://a.test", "--bad"]).run().code, Some(2));
    assert_eq!(papilio::<&str>([]).run().code, Some(2));
    let bad_value = papilio(["http://a.test", "--timeout", "x"]).run();
    assert_eq!(bad_value.code, Some(2));
}

/// CMD-41, DCN-07: the name and the message, on standard error.
#[test]
fn errors() {
    papilio(["invalid://example.org"]).run().is(
        1,
        "",
        "UnsupportedProtocol: Request URL has an unsupported protocol 'invalid://'.\n",
    );
    let refused = Refused::port();
    let ran = papilio([refused.url("/")]).run();
    let address = refused.address();
    let start = format!("ConnectError: cannot connect to '127.0.0.1': {address}: ");
    assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
    assert!(
        ran.stderr.ends_with(" while connecting\n"),
        "{}",
        ran.stderr
    );
    ran.is(1, "", &ran.stderr);
    // A password in the URL is not repeated.
    let url = refused.url("/").replace("http://", "http://me:secret@");
    let ran = papilio([url]).run();
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    assert!(
        ran.stderr.ends_with(" while connecting\n"),
        "{}",
        ran.stderr
    );
}

/// Invalid URLs, headers and certificate files are errors like others.
#[test]
fn errors_before_the_request() {
    let ran = papilio(["http://example.org:port/"]).run();
    ran.is(1, "", "InvalidURL: Invalid port: 'port'\n");
    let ran = papilio(["http://example.org/", "-h", "X A", "1"]).run();
    assert!(
        ran.stderr.starts_with("LocalProtocolError: "),
        "{}",
        ran.stderr
    );
    ran.is(1, "", &ran.stderr);
    let ran = papilio(["https://127.0.0.1:1/"])
        .env("SSL_CERT_FILE", "/nowhere/at/all.pem")
        .run();
    assert_eq!((ran.code, ran.text()), (Some(1), ""));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

/// CMD-43.
#[test]
fn usage_errors() {
    papilio(["http://a.test", "--bad"])
        .run()
        .is_usage_error("unexpected argument '--bad' found");
    papilio(["http://a.test", "-m"])
        .run()
        .is_usage_error("a value is required for '--method <METHOD>'");
}

/// CMD-44: what was printed stays.
#[test]
fn body_that_is_cut() {
    for (content_type, shown) in [
        ("text/plain", "{\"a\": \n"),
        ("application/json", "{\"a\": \n"),
        ("image/png", ""),
    ] {
        let (mut reply, reply_head) = typed(content_type, "{\"a\": 123}");
        reply.truncate(reply.len() - 4);
        let server = Server::start(script().read().send(&reply).close());
        let ran = papilio([server.url("/")]).run();
        let start = "RemoteProtocolError: ";
        assert!(ran.stderr.starts_with(start), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        ran.is(1, format!("{reply_head}{shown}"), &ran.stderr);
    }
}

/// CMD-44, FLT-10 (the command's part): who does not want to read on is not told anything.
#[test]
fn closed_pipe() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let server = Server::start(script().read().send(reply).flood("one line\n"));
    let mut running = papilio([server.url("/")]).start();
    let mut stdout = running.take_stdout();
    let stderr = running.take_stderr();
    read_until(&mut stdout, b"one line\n");
    drop(stdout);
    assert_eq!(running.wait().code(), Some(141));
    assert_eq!(read_all(stderr), b"");
}

/// FLT-10: whatever it is that nobody reads.
#[cfg(unix)]
#[test]
fn closed_pipes() {
    use super::process::shell;
    use crate::server::ok;

    for arguments in [
        "\"$1\"",
        "\"$1\" -v",
        "\"$1\" --raw",
        "\"$1\" --as-json",
        "\"$1\" -o -",
        "--man",
        "--completions zsh",
    ] {
        let server = Server::always(ok("body"));
        let script =
            format!("{{ sleep 0.1; \"$0\" {arguments}; echo \"code $?\" >&2; }} | exec true");
        let ran = shell(&script, &server.url("/")).run();
        assert_eq!(ran.stderr, "code 141\n", "{arguments}");
    }
}

/// CMD-44, FLT-22: the process ends as programs do that are interrupted, which a shell reports as 130.
#[cfg(target_os = "linux")]
#[test]
fn interrupt() {
    use std::os::unix::process::{CommandExt, ExitStatusExt};

    use rustix::process::{Pid, Signal, kill_process, kill_process_group};

    use super::process::shell;

    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let server = Server::start(script().read().send(reply).stall());
    let mut running = papilio([server.url("/")]).start();
    let mut stdout = running.take_stdout();
    assert_eq!(read_until(&mut stdout, b"\n\n"), head(reply).as_bytes());
    kill_process(Pid::from_child(&running.0), Signal::INT).unwrap();
    let status = running.wait();
    assert_eq!((status.code(), status.signal()), (None, Some(2)));

    // As the key does it: everybody on the terminal is told.
    let script = r#"trap : INT; "$0" "$1"; echo "code $?""#;
    let mut run = shell(script, &server.url("/"));
    run.command.process_group(0);
    let mut running = run.start();
    let mut stdout = running.take_stdout();
    assert_eq!(read_until(&mut stdout, b"\n\n"), head(reply).as_bytes());
    kill_process_group(Pid::from_child(&running.0), Signal::INT).unwrap();
    assert_eq!(read_until(&mut stdout, b"\n"), b"code 130\n");
}

/// Standard output that cannot be written is no success.
#[cfg(target_os = "linux")]
#[test]
fn full_disk() {
    let (reply, _) = typed("text/plain", "text");
    let server = Server::always(reply);
    let mut run = papilio([server.url("/")]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    run.command.stdout(full.unwrap());
    let mut running = run.start();
    let mut stderr = running.take_stderr();
    assert_eq!(running.wait().code(), Some(1));
    let line = read_until(&mut stderr, b"\n");
    assert!(line.starts_with(b"Error: cannot write to standard output: No space left on device"));
}
