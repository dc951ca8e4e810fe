//! The `papilio` command, as a process: what it sends, prints and returns.

mod about;
mod auth;
mod body;
mod download;
mod failure;
#[cfg(all(feature = "async", feature = "tls"))]
mod http2;
mod network;
mod output;
mod process;
mod resume;
mod retry;
#[cfg(target_os = "linux")]
mod screen;
mod session;
#[cfg(target_os = "linux")]
mod terminal;
mod verbose;

use super::server::{Server, ok, response, script};
use process::{papilio, read_until};

/// What the command prints of a response without a body: the head as it was sent, with plain line ends.
fn head(response: &[u8]) -> String {
    let text = String::from_utf8_lossy(response).replace("\r\n", "\n");
    let end = text.find("\n\n").unwrap();
    text[..end + 2].to_owned()
}

/// A response of this type, and what is printed of its head.
fn typed(content_type: &str, body: impl AsRef<[u8]>) -> (Vec<u8>, String) {
    let response = response("200 OK", &[("Content-Type", content_type)], body);
    let head = head(&response);
    (response, head)
}

/// The body as the command shows it.
fn shown(content_type: &str, body: impl AsRef<[u8]>) -> String {
    let (response, head) = typed(content_type, body);
    let server = Server::always(response);
    let ran = papilio([server.url("/")]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    ran.text().strip_prefix(&head).unwrap().to_owned()
}

/// The request that these arguments make.
fn sent(arguments: &[&str]) -> super::server::Seen {
    let server = Server::always(ok(""));
    let url = server.url("/path?x=1");
    let ran = papilio([url.as_str()].iter().chain(arguments)).run();
    ran.is(0, head(&ok("")), "");
    server.only()
}

/// CMD-01: one URL, before or after the options.
#[test]
fn one_url() {
    let server = Server::always(ok(""));
    papilio(["-m", "PUT", &server.url("/a")])
        .run()
        .is(0, head(&ok("")), "");
    assert_eq!(server.only().head.lines().next(), Some("PUT /a HTTP/1.1"));
    papilio::<&str>([])
        .run()
        .is_usage_error("the following required arguments were not provided:\n  <URL>");
    papilio(["http://a.test", "http://b.test"])
        .run()
        .is_usage_error("unexpected argument 'http://b.test' found");
}

/// CMD-02.
#[test]
fn method() {
    assert_eq!(sent(&[]).method, "GET");
    assert_eq!(sent(&["-m", "delete"]).method, "DELETE");
    assert_eq!(sent(&["--method", "pAtch"]).method, "PATCH");
    for body in [
        &["-c", "x"][..],
        &["-c", ""],
        &["-d", "a", "b"],
        &["-j", "null"],
    ] {
        assert_eq!(sent(body).method, "POST");
        assert_eq!(sent(&[body, &["-m", "put"]].concat()).method, "PUT");
    }
}

/// CMD-03.
#[test]
fn params() {
    let seen = sent(&["-p", "a", "1", "--params", "b", "é &", "-p", "a", "-2"]);
    assert_eq!(seen.target, "/path?x=1&a=1&a=-2&b=%C3%A9+%26");
    assert_eq!(sent(&["-p", "x", "2"]).target, "/path?x=2");
}

/// CMD-04.
#[test]
fn content() {
    let seen = sent(&["-c", "-é"]);
    assert_eq!(seen.text(), "-é");
    assert_eq!(seen.header("Content-Length"), Some("3"));
    assert_eq!(seen.header("Content-Type"), None);
    assert_eq!(sent(&["--content", "two\nlines"]).text(), "two\nlines");
}

/// CMD-05: repeated names are all sent.
#[test]
fn data() {
    let seen = sent(&["-d", "a", "1 2", "--data", "b", "&", "-d", "a", "3"]);
    assert_eq!(seen.text(), "a=1+2&a=3&b=%26");
    let content_type = seen.header("Content-Type");
    assert_eq!(content_type, Some("application/x-www-form-urlencoded"));
}

/// CMD-07.
#[test]
fn json() {
    let seen = sent(&["-j", "{\"b\": [1, 2.50],\n \"a\": \"é\"}"]);
    assert_eq!(seen.text(), r#"{"b":[1,2.50],"a":"é"}"#);
    assert_eq!(seen.header("Content-Type"), Some("application/json"));
    assert_eq!(sent(&["--json", "-1"]).text(), "-1");
    papilio(["http://a.test", "-j", "{"])
        .run()
        .is_usage_error("invalid value '{' for '--json <TEXT>': Not valid JSON");
}

/// CMD-08: `-h` is for headers.
#[test]
fn headers() {
    let seen = sent(&[
        "-h",
        "X-A",
        "1",
        "--headers",
        "x-a",
        "-2",
        "-h",
        "Accept",
        "text/plain",
    ]);
    let values: Vec<_> = seen.headers_named("X-A").collect();
    assert_eq!(values, ["1", "-2"]);
    assert_eq!(seen.header("Accept"), Some("text/plain"));
    assert!(seen.head.contains("\r\nx-a: -2"), "{}", seen.head);
}

/// CMD-12: two arguments, not one.
#[test]
fn options_of_two_values() {
    for option in ["-h", "-p", "-d"] {
        let run = papilio(["http://a.test", option, "X-A=1"]).run();
        run.is_usage_error("2 values required for '--");
    }
    assert_eq!(sent(&["-h", "X-A", "b=1"]).header("X-A"), Some("b=1"));
}

/// CMD-13.
#[test]
fn bodies_exclude_each_other() {
    let bodies: [&[&str]; 4] = [
        &["-c", "x"],
        &["-j", "1"],
        &["-d", "a", "b"],
        &["-f", "a", "b"],
    ];
    for first in bodies {
        let is_form = |body: &[&str]| ["-d", "-f"].contains(&body[0]);
        for second in bodies
            .iter()
            .filter(|body| **body != first && !(is_form(first) && is_form(body)))
        {
            let arguments = [&["http://a.test"], first, second].concat();
            let ran = papilio(arguments).run();
            ran.is_usage_error("the argument '--");
            assert!(ran.stderr.contains("cannot be used with"), "{}", ran.stderr);
        }
    }
}

/// FLT-19: lengths of time that are none.
#[test]
fn timeouts_out_of_range() {
    for text in ["nan", "inf", "-1", "1e300", "five", ""] {
        papilio(["http://a.test", "--timeout", text])
            .run()
            .is_usage_error(&format!("invalid value '{text}' for '--timeout <SECONDS>'"));
    }
    // Nearly the longest there is.
    sent(&["--timeout", "1.8e19"]);
    let server = Server::start(script().read().stall());
    let ran = papilio([&server.url("/"), "--timeout", "0"]).run();
    assert_eq!((ran.code, ran.text()), (Some(1), ""));
    assert!(ran.stderr.contains("Timeout: "), "{}", ran.stderr);
}

#[test]
fn timeout() {
    let server = Server::start(script().read().stall());
    let ran = papilio([&server.url("/"), "--timeout", "0.05"]).run();
    assert_eq!((ran.code, ran.text()), (Some(1), ""));
    assert!(ran.stderr.starts_with("ReadTimeout: "), "{}", ran.stderr);
}

/// CMD-11: help is not an error.
#[test]
fn help_and_version() {
    let ran = papilio(["--help"]).run();
    ran.is(0, &ran.stdout, "");
    let help = ran.text();
    assert!(help.contains("Usage: papilio <URL> [OPTIONS]\n"), "{help}");
    for option in [
        "-m, --method <METHOD>",
        "-p, --params <NAME> <VALUE>",
        "-h, --headers <NAME> <VALUE>",
        "    --cookies <NAME> <VALUE>",
        "-c, --content <TEXT>",
        "-d, --data <NAME> <VALUE>",
        "-f, --files <NAME> <FILENAME>",
        "-j, --json <TEXT>",
        "    --auth <USER> <PASS>",
        "    --digest",
        "    --bearer <TOKEN>",
        "    --netrc[=<FILE>]",
        "    --session <FILE>",
        "-L, --follow-redirects",
        "    --timeout <SECONDS>",
        "    --retry <N>",
        "    --retry-any",
        "    --proxy <URL>",
        "    --http2",
        "    --resolve <HOST:PORT:ADDRESS>",
        "    --unix-socket <PATH>",
        "    --local-address <ADDRESS>",
        "    --cacert <FILE>",
        "    --cert <FILE>",
        "    --key <FILE>",
        "    --key-password <PASS>",
        "    --no-verify",
        "-o, --download <FILE>",
        "    --continue",
        "    --raw",
        "    --as-json",
        "    --headers-only",
        "-q, --quiet",
        "    --timing",
        "-v, --verbose",
        "    --completions <SHELL>",
        "    --man",
        "    --help",
        "-V, --version",
    ] {
        assert!(help.contains(&format!("\n  {option}")), "{option}");
    }
    let version = format!("papilio {}\n", env!("CARGO_PKG_VERSION"));
    papilio(["--version"]).run().is(0, version, "");
}

/// The status line, the headers in order and case, an empty line.
#[test]
fn head_as_on_the_wire() {
    let server = Server::replies([
        "HTTP/1.1 404 No Such Page\r\nx-B: 2\r\nX-a:  1 \r\nx-b: 3\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 \r\ncontent-length: 0\r\n\r\n",
    ]);
    papilio([server.url("/")]).run().is(
        1,
        "HTTP/1.1 404 No Such Page\nx-B: 2\nX-a: 1\nx-b: 3\nContent-Length: 0\n\n",
        "",
    );
    papilio([server.url("/")])
        .run()
        .is(0, "HTTP/1.0 200\ncontent-length: 0\n\n", "");
}

#[test]
fn head_is_printed_before_the_body_comes() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n";
    let server = Server::start(script().read().send(reply).send("cut").stall());
    let mut running = papilio([server.url("/")]).start();
    let mut stdout = running.take_stdout();
    assert_eq!(read_until(&mut stdout, b"\n\n"), head(reply).as_bytes());
    assert_eq!(read_until(&mut stdout, b"cut"), b"cut");
}

/// CMD-21: a line end after the body, and nothing if there is none.
#[test]
fn body_and_line_end() {
    assert_eq!(shown("text/plain", ""), "");
    assert_eq!(shown("application/json", ""), "");
    assert_eq!(shown("image/png", ""), "");
    assert_eq!(shown("text/plain", "text"), "text\n");
    assert_eq!(shown("text/plain", "line\r\n"), "line\r\n\n");
}

/// CMD-22: four blanks a level; order, numbers, escapes and repeated names as they were.
#[test]
fn json_is_indented() {
    let body = r#" {"b":1.50,"a":[1E400,-0,{"é":"\u00e9\"}, {"}],"e":[ ],"o":{},"b":[[],null]}"#;
    let indented = r#"{
    "b": 1.50,
    "a": [
        1E400,
        -0,
        {
            "é": "\u00e9\"}, {"
        }
    ],
    "e": [],
    "o": {},
    "b": [
        [],
        null
    ]
}
"#;
    assert_eq!(shown("application/json", body), indented);
    assert_eq!(shown("Application/JSON; charset=x", body), indented);
    assert_eq!(shown("application/problem+json", body), indented);
    assert_eq!(
        shown("application/json", "\u{FEFF}[12345678901234567890]"),
        "[\n    12345678901234567890\n]\n"
    );
    let utf16: Vec<u8> = "[\"é\"]"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    assert_eq!(shown("application/json", utf16), "[\n    \"é\"\n]\n");
    assert_eq!(shown("application/json", "\"a b\""), "\"a b\"\n");
}

/// CMD-22: what is not JSON is text.
#[test]
fn invalid_json_is_text() {
    for text in ["{\"a\":1", "[1,]", "[1] 2", "{'a': 1}", "nothing", "\"open"] {
        assert_eq!(shown("application/json", text), format!("{text}\n"));
    }
    // Nor is it worth an indent of megabytes.
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(shown("application/json", &deep), format!("{deep}\n"));
    assert_eq!(
        shown("application/json;charset=latin-1", b"{\"\xe9"),
        "{\"é\n"
    );
}

/// CMD-23.
#[test]
fn text_types() {
    for content_type in [
        "text/plain",
        "text/html",
        "text/css",
        "text/xml",
        "text/javascript",
        "text/x-python",
        "application/xml",
        "application/javascript",
        "application/xhtml+xml",
        "application/rss+xml",
        "image/svg+xml",
        "application/toml",
        "application/x-sh",
        "application/x-www-form-urlencoded",
        "text/csv",
        "text/markdown",
        "application/atom+xml",
        "application/yaml",
        "application/graphql",
        "application/sql",
        "TEXT/HTML ; charset=utf-8",
    ] {
        assert_eq!(shown(content_type, "é <1>"), "é <1>\n", "{content_type}");
    }
    assert_eq!(shown("application/ld+json", "[1]"), "[\n    1\n]\n");
    let latin = shown("text/plain; charset=iso-8859-1", b"caf\xe9");
    assert_eq!(latin, "café\n");
    assert_eq!(shown("text/plain", b"caf\xe9"), "caf\u{FFFD}\n");
}

/// CMD-24: the size is that of the decoded body.
#[test]
fn binary_is_counted() {
    let size = "<5 bytes of binary data>\n";
    for content_type in ["image/png", "application/octet-stream", "text", "nonsense"] {
        assert_eq!(shown(content_type, "\0\x01\x02\x03\x04"), size);
    }
    let server = Server::always(ok("12345"));
    let expected = format!("{}{size}", head(&ok("12345")));
    papilio([server.url("/")]).run().is(0, expected, "");

    // "12345" as gzip.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x0334261\x05\0\x1c:\xf5\xcb\x05\0\0\0";
    let reply = response("200 OK", &[("Content-Encoding", "gzip")], gzip);
    let server = Server::always(&reply);
    let expected = format!("{}{size}", head(&reply));
    papilio([server.url("/")]).run().is(0, expected, "");
}

/// CMD-25: what is not a terminal gets no colours and no changes, whatever the environment says.
#[test]
fn piped_output_is_plain() {
    let line = format!("{}\x1b[1m\r\u{9b}", "long ".repeat(100));
    let (reply, head) = typed("text/plain", &line);
    let server = Server::always(reply);
    let run = papilio([server.url("/")])
        .env("CLICOLOR_FORCE", "1")
        .env("COLUMNS", "20");
    run.run().is(0, format!("{head}{line}\n"), "");
}

/// CMD-27.
#[test]
fn header_values_that_are_not_ascii() {
    let reply = |name: &[u8]| {
        let reply = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Name: ", name];
        [&reply.concat()[..], b"\r\n\r\n"].concat()
    };
    let server = Server::replies([reply("é".as_bytes()), reply(b"\xe9")]);
    let expected = "HTTP/1.1 200 OK\nContent-Length: 0\nX-Name: é\n\n";
    papilio([server.url("/")]).run().is(0, expected, "");
    papilio([server.url("/")]).run().is(0, expected, "");
}

/// Every example of the README that begins with `papilio` works as it stands there, but for the name of the server.
#[cfg(unix)]
#[test]
fn readme_examples() {
    let readme = include_str!("../../README.md");
    let server = Server::always(typed("application/json", "[1]").0);
    let directory = process::new_path();
    std::fs::create_dir(&directory).unwrap();
    let mut count = 0;
    let blocks = readme.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    for line in lines.filter(|line| line.starts_with("papilio ")) {
        let line = line.replace("https://www.example.org/", &server.url("/"));
        let mut run = process::shell(&line, "");
        run.command.current_dir(&directory);
        let ran = run.run();
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.stderr);
        assert!(!ran.stdout.is_empty(), "{line}");
        count += 1;
    }
    assert!(count > 5, "the README has lost its examples");
    let downloaded = std::fs::read(directory.join("page.json")).unwrap();
    assert_eq!(downloaded, b"[1]");
    std::fs::remove_dir_all(directory).unwrap();
}

/// Standard input is read only where it is named.
#[test]
fn standard_input_is_left_alone() {
    let server = Server::always(ok(""));
    let run = papilio([server.url("/")]).stdin("unused");
    run.run().is(0, head(&ok("")), "");
    assert_eq!(server.only().body, b"");
}
