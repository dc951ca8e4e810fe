//! The command against nginx and httpbin.

use std::process::{Command, Output};

use crate::programs::{HTTPBIN, LARGE, NGINX, NGINX_TLS, TEXT, open, same, work};

fn papilio(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papilio"));
    for name in ["RUST_LOG", "NO_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name);
    }
    command
        .env("SSL_CERT_FILE", work("client.pem"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_page() {
    for program in [NGINX, NGINX_TLS] {
        let output = papilio(&[&program.url("/index.html")]);
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(
            shown.starts_with("HTTP/1.1 200 OK\n") && shown.contains("größer als nötig: 蝶"),
            "{shown}"
        );
    }
    let output = papilio(&[&NGINX.url("/none")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("404 Not Found"));
    let output = papilio(&[
        &HTTPBIN.url("/post"),
        "-j",
        "{\"name\": \"Ada\"}",
        "-p",
        "q",
        "two words",
    ]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(
        shown.contains("\"q\": \"two words\"") && shown.contains("\"name\": \"Ada\""),
        "{shown}"
    );
}

#[test]
fn a_file() {
    for (program, name) in [(NGINX, "plain.bin"), (NGINX_TLS, "secure.bin")] {
        let path = work(name);
        let output = papilio(&[
            &program.url("/large.bin"),
            "--download",
            path.to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert_eq!(same(open(name), open("files/large.bin")), LARGE);
        std::fs::remove_file(path).unwrap();
    }
    let output = papilio(&[&NGINX.url("/text.txt"), "--download", "-"]);
    let (_, body) = output
        .stdout
        .split_at(output.stdout.len() - usize::try_from(TEXT).unwrap());
    assert_eq!(same(body, open("files/text.txt")), TEXT);
}
