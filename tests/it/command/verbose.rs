//! `--verbose` and the debug log.

use super::process::papilio;
use super::{head, typed};
use crate::server::{Server, ok};

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
    assert_eq!(lines.next(), Some("GET / HTTP/1.1"));
    assert_eq!(ran.code, Some(0));

    let server = Server::start_tls(serve(), Tls::from(Identity::SelfSigned).only_tls12());
    let ran = papilio([&server.url("/"), "-v", "--no-verify"]).run();
    let lines = [
        "* SSL established using 'TLSv1.2' / 'TLS_ECDHE_",
        "* Selected ALPN protocol: None\n",
    ];
    for line in lines {
        assert!(ran.text().contains(line), "{}", ran.text());
    }
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    std::fs::remove_file(roots).unwrap();
}

#[cfg(feature = "tls")]
#[test]
fn certificates_are_verified_unless_told_not_to() {
    use crate::server::script;
    use crate::server::tls::Identity;

    let server = Server::start_tls(script().serve(|_| ok("")), Identity::SelfSigned);
    let ran = papilio([server.url("/")]).run();
    assert_eq!((ran.code, ran.text()), (Some(1), ""));
    assert!(ran.stderr.starts_with("ConnectError: "), "{}", ran.stderr);
    papilio([&server.url("/"), "--no-verify"])
        .run()
        .is(0, head(&ok("")), "");
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
