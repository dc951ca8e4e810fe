//! Bodies from files and standard input, and forms with files (CMD-06, and what WSH-35 asks for).

use std::fs;

use super::process::{Ran, new_path, papilio};
use super::sent;
use crate::server::{Seen, Server, ok};

fn sent_with_stdin(arguments: &[&str], stdin: impl AsRef<[u8]>) -> Seen {
    let server = Server::always(ok(""));
    let url = server.url("/");
    let ran = papilio([url.as_str()].iter().chain(arguments))
        .stdin(stdin)
        .run();
    ran.is(0, super::head(&ok("")), "");
    server.only()
}

fn fails(arguments: &[&str]) -> Ran {
    papilio(["http://127.0.0.1:1/"].iter().chain(arguments)).run()
}

/// A file of this content, as the value of an option.
fn file(content: impl AsRef<[u8]>) -> (std::path::PathBuf, String) {
    let path = new_path();
    fs::write(&path, content).unwrap();
    let option = format!("@{}", path.display());
    (path, option)
}

/// WSH-35: `-c @file`, `-c @-`.
#[test]
fn content() {
    let (path, option) = file(b"bytes\0\xff");
    let seen = sent(&["-c", &option]);
    assert_eq!(seen.body, b"bytes\0\xff");
    assert_eq!(seen.header("Content-Length"), Some("7"));
    assert_eq!(seen.header("Content-Type"), None);
    assert_eq!(seen.method, "POST");
    fs::write(&path, "").unwrap();
    assert_eq!(sent(&["-c", &option]).header("Content-Length"), Some("0"));
    fs::remove_file(path).unwrap();

    let seen = sent_with_stdin(&["-c", "@-"], b"piped\0");
    assert_eq!(seen.body, b"piped\0");
    assert_eq!(seen.header("Content-Length"), Some("6"));
    assert_eq!(sent(&["-c", "@@at"]).text(), "@at");
}

/// What is long is not held in memory, so its length is not known; a file's is.
#[test]
fn long_input() {
    let long = vec![b'x'; 3 << 20];
    let server = Server::always(ok(""));
    let mut running = papilio([&server.url("/"), "-c", "@-"]).stdin("").command;
    let mut child = running.stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &long).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let seen = server.only();
    assert_eq!(seen.header("Transfer-Encoding"), Some("chunked"));
    assert!(seen.body == long);

    let (path, option) = file(&long);
    let seen = sent(&["-c", &option]);
    assert_eq!(seen.header("Content-Length"), Some("3145728"));
    assert!(seen.body == long);

    let server = Server::always(ok(""));
    let mut run = papilio([&server.url("/"), "-c", "@-"]);
    let redirected = fs::File::open(&path).unwrap();
    let status = run.command.stdin(redirected).status().unwrap();
    assert!(status.success());
    let seen = server.only();
    if cfg!(unix) {
        assert_eq!(seen.header("Content-Length"), Some("3145728"));
    }
    assert!(seen.body == long);
    fs::remove_file(path).unwrap();
}

/// CMD-07, WSH-35: JSON from a file, checked and compact like any other.
#[test]
fn json() {
    let (path, option) = file("{\"b\": [1, 2.50],\n \"a\": \"é\"}\n");
    let seen = sent(&["-j", &option]);
    assert_eq!(seen.text(), r#"{"b":[1,2.50],"a":"é"}"#);
    assert_eq!(seen.header("Content-Type"), Some("application/json"));
    fs::write(&path, "{").unwrap();
    let complaint = format!("invalid value '{option}' for '--json <TEXT>': Not valid JSON");
    fails(&["-j", &option]).is_usage_error(&complaint);
    fs::remove_file(path).unwrap();
    assert_eq!(sent_with_stdin(&["-j", "@-"], " [ ] ").text(), "[]");
}

/// CMD-06: parts have the base names of their files; fields go along.
#[test]
fn files() {
    let (path, _) = file("content");
    let name = path.file_name().unwrap().to_str().unwrap();
    let full = path.to_str().unwrap();
    let seen = sent_with_stdin(
        &["-f", "a", full, "--files", "b", "-", "-d", "c", "field"],
        "input",
    );
    assert_eq!(seen.method, "POST");
    let content_type = seen.header("Content-Type").unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let text = seen.text();
    let parts: Vec<&str> = text.split(boundary).collect();
    let expected = [
        ["name=\"c\"\r\n\r\nfield\r\n".to_owned()],
        [format!("name=\"a\"; filename=\"{name}\"\r\n")],
        ["name=\"b\"; filename=\"stdin\"\r\n".to_owned()],
    ];
    assert_eq!(parts.len(), 5, "{text}");
    for (part, [expected]) in parts[1..].iter().zip(expected) {
        assert!(part.contains(&expected), "{part}");
    }
    assert!(parts[2].ends_with("\r\n\r\ncontent\r\n--"), "{text}");
    assert!(parts[3].ends_with("\r\n\r\ninput\r\n--"), "{text}");
    fs::remove_file(path).unwrap();
}

/// CMD-06: what cannot be read is wrong use, and nothing is sent.
#[test]
fn unreadable_files() {
    let directory = env!("CARGO_TARGET_TMPDIR");
    for file in ["/nowhere/at/all", directory] {
        let complaint = format!("cannot read '{file}': ");
        fails(&["-f", "a", file]).is_usage_error(&complaint);
        fails(&["-c", &format!("@{file}")]).is_usage_error(&complaint);
        fails(&["-j", &format!("@{file}")]).is_usage_error(&complaint);
    }
    fails(&["-c", "@"]).is_usage_error("invalid value '@' for '--content <TEXT>'");
    fails(&["-f", "a", "-", "-f", "b", "-"]).is_usage_error("standard input can be sent only once");
}

/// FLT-21: standard input that fails is no body.
#[cfg(unix)]
#[test]
fn standard_input_that_fails() {
    let server = Server::always(ok(""));
    let mut run = papilio([&server.url("/"), "-c", "@-"]);
    let directory = fs::File::open("/").unwrap();
    let output = run.command.stdin(directory).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.starts_with("Error: cannot read standard input: "),
        "{said}"
    );
    assert_eq!(server.connections(), 0);
}

/// FLT-12: without descriptors it ends with a message.
#[cfg(target_os = "linux")]
#[test]
fn no_descriptors() {
    use super::process::shell;

    let (path, option) = file("text");
    let server = Server::always(ok(""));
    let file = path.display();
    // The body's file is the only one there is room for.
    for more in [
        String::new(),
        format!("--netrc='{file}'"),
        format!("-o '{file}.new'"),
        format!("--session '{file}.new'"),
        format!("--cacert '{file}'"),
    ] {
        let arguments = format!("-c '{option}' {more}");
        let script = format!("ulimit -n 4; exec \"$0\" \"$1\" {arguments}");
        let ran = shell(&script, &server.url("/")).run();
        let said = &ran.stderr;
        assert!(matches!(ran.code, Some(1 | 2)), "{arguments}: {said}");
        assert!(said.contains("os error 24"), "{arguments}: {said}");
    }
    fs::remove_file(path).unwrap();
}
