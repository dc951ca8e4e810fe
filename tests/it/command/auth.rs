//! Cookies, users, passwords and tokens.

use std::fs;

use super::process::{new_path, papilio};
use super::{head, sent};
use crate::server::{Server, ok, response};

/// CMD-09.
#[test]
fn cookies() {
    let seen = sent(&["--cookies", "a", "1", "--cookies", "b", "-2"]);
    assert_eq!(seen.header("Cookie"), Some("a=1; b=-2"));
    assert_eq!(sent(&[]).header("Cookie"), None);
}

/// CMD-09: Basic; the last counts.
#[test]
fn basic() {
    let seen = sent(&["--auth", "me", "-secret"]);
    assert_eq!(seen.header("Authorization"), Some("Basic bWU6LXNlY3JldA=="));
    let seen = sent(&["--auth", "a", "b", "--auth", "me", "-secret"]);
    assert_eq!(seen.header("Authorization"), Some("Basic bWU6LXNlY3JldA=="));
}

/// CMD-09: without a terminal the password is a line of standard input.
#[test]
fn password_from_standard_input() {
    for (input, expected) in [
        ("-secret\n", "Basic bWU6LXNlY3JldA=="),
        ("-secret\r\nrest", "Basic bWU6LXNlY3JldA=="),
        ("", "Basic bWU6"),
    ] {
        let server = Server::always(ok(""));
        let run = papilio([&server.url("/"), "--auth", "me", "-"]).stdin(input);
        run.run().is(0, head(&ok("")), "");
        assert_eq!(server.only().header("Authorization"), Some(expected));
    }
    let server = Server::always(ok(""));
    let run = papilio([&server.url("/"), "--bearer", "-"]).stdin("token\n");
    run.run().is(0, head(&ok("")), "");
    let seen = server.only();
    assert_eq!(seen.header("Authorization"), Some("Bearer token"));

    papilio(["http://a.test", "--auth", "me", "-", "-c", "@-"])
        .run()
        .is_usage_error("standard input cannot be both the body and a password");
}

#[test]
fn bearer() {
    let seen = sent(&["--bearer", "abc.def"]);
    assert_eq!(seen.header("Authorization"), Some("Bearer abc.def"));
    papilio(["http://a.test", "--bearer", "a", "--auth", "b", "c"])
        .run()
        .is_usage_error("the argument '--");
}

#[test]
fn digest() {
    let challenge = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256"#;
    let asked = response("401 Unauthorized", &[("WWW-Authenticate", challenge)], "");
    let server = Server::replies([&asked, &ok("")]);
    let url = server.url("/");
    let run = papilio([&url, "--auth", "me", "secret", "--digest", "-c", "text"]).run();
    run.is(0, head(&asked) + &head(&ok("")), "");
    let seen = server.seen();
    assert_eq!(seen[0].header("Authorization"), None);
    let answer = seen[1].header("Authorization").unwrap();
    assert!(answer.starts_with("Digest username=\"me\""), "{answer}");
    assert_eq!(seen[1].text(), "text");
    papilio(["http://a.test", "--digest"])
        .run()
        .is_usage_error("the following required arguments were not provided:\n  --auth");
}

#[test]
fn netrc() {
    let file = new_path();
    fs::write(&file, "machine 127.0.0.1 login me password -secret\n").unwrap();
    let option = format!("--netrc={}", file.display());
    let seen = sent(&[&option]);
    assert_eq!(seen.header("Authorization"), Some("Basic bWU6LXNlY3JldA=="));
    fs::remove_file(&file).unwrap();

    let ran = papilio(["http://127.0.0.1:1/", &option]).run();
    assert!(ran.stderr.starts_with("ConfigError: "), "{}", ran.stderr);
    ran.is(1, "", &ran.stderr);
}

/// Without a name it is the file in the home directory, and what follows is the URL.
#[cfg(unix)]
#[test]
fn netrc_at_home() {
    use std::os::unix::fs::PermissionsExt;

    let home = new_path();
    fs::create_dir(&home).unwrap();
    let file = home.join(".netrc");
    fs::write(&file, "machine 127.0.0.1 login me password -secret\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let server = Server::always(ok(""));
    let run = papilio(["--netrc", &server.url("/")]).env("HOME", &home);
    run.run().is(0, head(&ok("")), "");
    let seen = server.only();
    assert_eq!(seen.header("Authorization"), Some("Basic bWU6LXNlY3JldA=="));
    fs::remove_dir_all(home).unwrap();
}
