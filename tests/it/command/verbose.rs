//! `--verbose` and the debug log.

use super::process::papilio;
use super::{head, typed};
use crate::server::{Server, ok, response};

/// The request as it was sent, and the connection, before the response (CMD-11).
#[test]
fn request_and_connection() {
    let (reply, reply_head) = typed("text/plain", "text");
    let server = Server::always(reply);
    let url = server.url("/path?a=b#c");
    let ran = papilio([
        &url,
        "-v",
        "-h",
        "Authorization",
        "Basic eA==",
        "-c",
        "unseen",
    ])
    .run();
    let seen = server.only();
    let expected = format!(
        "* Connecting to '127.0.0.1'\n* Connected to '127.0.0.1' on port {}\n{}\n\n{reply_head}text\n",
        server.port(),
        seen.head.replace("\r\n", "\n"),
    );
    ran.is(0, &expected, "");
    let host = format!(
        "\nPOST /path?a=b HTTP/1.1\nHost: 127.0.0.1:{}\n",
        server.port()
    );
    assert!(expected.contains(&host), "{expected}");
    assert!(expected.contains("\nAuthorization: Basic eA==\n"));
}

/// CMD-28: what is said of the connection and the certificate, also where it is not verified.
#[cfg(feature = "tls")]
#[test]
fn tls() {
    use super::process::new_path;
    use crate::server::script;
    use crate::server::tls::{Identity, Tls, ca_pem};

    let roots = new_path();
    std::fs::write(&roots, ca_pem()).unwrap();
    let serve = || script().serve(|_| ok(""));
    let tls = Tls::from(Identity::Good).only_tls13().alpn(&["http/1.1"]);
    let server = Server::start_tls(serve(), tls);
    let run = papilio([&server.url("/"), "--verbose"]).env("SSL_CERT_FILE", &roots);
    let ran = run.run();
    let mut lines = ran.text().lines();
    assert_eq!(lines.next(), Some("* Connecting to '127.0.0.1'"));
    assert!(lines.next().unwrap().starts_with("* Connected to "));
    let established = lines.next().unwrap();
    assert!(
        established.starts_with("* SSL established using 'TLSv1.3' / 'TLS_"),
        "{established}"
    );
    assert_eq!(lines.next(), Some("* Selected ALPN protocol: 'http/1.1'"));
    assert_eq!(lines.next(), Some("* Server certificate:"));
    let facts: Vec<&str> = lines
        .by_ref()
        .take_while(|line| line.starts_with('*'))
        .collect();
    let number = |line: &str| {
        let number = line
            .strip_prefix("*   serialNumber: '")?
            .strip_suffix('\'')?;
        number
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then_some(number.len() > 3)
    };
    let patterns: Vec<String> = facts
        .iter()
        .map(|line| match number(line) {
            Some(true) => "*   serialNumber: ...".to_owned(),
            _ => (*line).to_owned(),
        })
        .collect();
    println!("{patterns:#?}");
    for part in [
        "*   subject:",
        "*     commonName: ",
        "*   issuer:",
        "*   version: 3",
        "*   serialNumber: ...",
        "*   notBefore: '",
        "*   notAfter: '",
        "*   subjectAltName:",
        "*     IP Address: '127.0.0.1'",
    ] {
        assert!(patterns.iter().any(|line| line.starts_with(part)), "{part}");
    }
    assert_eq!(ran.code, Some(0));

    let server = Server::start_tls(serve(), Tls::from(Identity::SelfSigned).only_tls12());
    let ran = papilio([&server.url("/"), "-v", "--no-verify"]).run();
    let lines = [
        "* SSL established using 'TLSv1.2' / 'TLS_ECDHE_",
        "* Selected ALPN protocol: None\n",
        "* Server certificate:\n*   subject:\n",
    ];
    for line in lines {
        assert!(ran.text().contains(line), "{}", ran.text());
    }
    assert_eq!(ran.code, Some(0));
    std::fs::remove_file(roots).unwrap();
}

/// R-TLS-03 (the command's part): it is said that nothing is verified.
#[cfg(feature = "tls")]
#[test]
fn certificates_are_verified_unless_told_not_to() {
    use crate::server::script;
    use crate::server::tls::Identity;

    let server = Server::start_tls(script().serve(|_| ok("")), Identity::SelfSigned);
    let ran = papilio([server.url("/")]).run();
    assert_eq!((ran.code, ran.text()), (Some(1), ""));
    assert!(ran.stderr.starts_with("ConnectError: "), "{}", ran.stderr);
    let warning = "Warning: certificates are not verified, so anybody may be the server.\n";
    papilio([&server.url("/"), "--no-verify"])
        .run()
        .is(0, head(&ok("")), warning);
}

/// CMD-20, CMD-29: every request and every response, those of redirects and authentication rounds too; a connection that
/// is used again is not told of.
#[test]
fn every_exchange() {
    let challenge = r#"Digest realm="r", nonce="n", qop="auth""#;
    let moved = response("302 Found", &[("Location", "/next?a=b")], "not shown");
    let asked = response(
        "401 Unauthorized",
        &[("WWW-Authenticate", challenge)],
        "nor this",
    );
    let (last, _) = typed("text/plain", "the end");
    let replies = [moved, asked, last];
    let server = Server::replies(&replies);
    let url = server.url("/");
    let arguments = [
        url.as_str(),
        "-v",
        "-L",
        "--auth",
        "me",
        "secret",
        "--digest",
    ];
    let ran = papilio(arguments).run();
    let mut expected = format!(
        "* Connecting to '127.0.0.1'\n* Connected to '127.0.0.1' on port {}\n",
        server.port()
    );
    for (seen, reply) in server.seen().iter().zip(&replies) {
        expected += &seen.head.replace("\r\n", "\n");
        expected += "\n\n";
        expected += &head(reply);
    }
    ran.is(0, expected + "the end\n", "");
    let lines: Vec<_> = ran.text().lines().collect();
    for line in ["GET / HTTP/1.1", "GET /next?a=b HTTP/1.1"] {
        assert!(lines.contains(&line), "{}", ran.text());
    }
    let authorization = "Authorization: Digest username=\"me\"";
    assert!(lines.iter().any(|line| line.starts_with(authorization)));

    let server = Server::replies(&replies);
    let ran = papilio([&server.url("/"), "-L", "--auth", "me", "secret", "--digest"]).run();
    let expected: String = replies.iter().map(|reply| head(reply)).collect();
    ran.is(0, expected + "the end\n", "");
}

/// A redirect is not followed unless asked for (CMD-10).
#[test]
fn redirects_are_followed_when_asked_for() {
    let moved = response("302 Found", &[("Location", "/next")], "");
    let server = Server::always(&moved);
    papilio([server.url("/")]).run().is(1, head(&moved), "");
    assert_eq!(server.only().target, "/");
    let server = Server::replies([&moved, &ok("")]);
    let ran = papilio([&server.url("/"), "--follow-redirects"]).run();
    ran.is(0, head(&moved) + &head(&ok("")), "");
    let server = Server::always(&moved);
    let ran = papilio([&server.url("/"), "-L", "-q"]).run();
    assert_eq!((ran.code, ran.text()), (Some(1), ""));
    assert!(
        ran.stderr.starts_with("TooManyRedirects: "),
        "{}",
        ran.stderr
    );
}

/// CMD-45: off unless asked for; standard error only.
#[test]
fn debug_log() {
    let event = " DEBUG papilio::connection] connection.connect_tcp.started ";
    let server = Server::always(ok(""));
    let url = server.url("/");
    let quiet = papilio([&url, "-v"]).run();
    assert_eq!(quiet.stderr, "");

    let twice = papilio([&url, "-vv"]).run();
    assert!(twice.stderr.contains(event), "{}", twice.stderr);
    twice.is(0, &quiet.stdout, &twice.stderr);

    let asked = papilio([&url]).env("RUST_LOG", "papilio=debug").run();
    assert!(asked.stderr.contains(event), "{}", asked.stderr);
    asked.is(0, head(&ok("")), &asked.stderr);

    let other = papilio([&url, "-vv"]).env("RUST_LOG", "papilio=info").run();
    let line = format!(
        "HTTP Request: GET {} \"HTTP/1.1 200 OK\"\n",
        server.url("/")
    );
    assert!(other.stderr.ends_with(&line), "{}", other.stderr);
    assert_eq!(other.stderr.lines().count(), 1);
    other.is(0, &quiet.stdout, &other.stderr);
}
