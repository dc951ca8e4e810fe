//! `--session`: cookies from one run to the next.

use std::fs;

use super::head;
use super::process::{new_path, papilio};
use crate::server::{Refused, Server, ok, response};

/// WSH-35: what a server sets goes into the file, and from there to the server; the cookies of one run do not.
#[test]
fn from_run_to_run() {
    let path = new_path();
    let file = path.to_str().unwrap();
    let set = |cookies: &[&str]| {
        let fields: Vec<_> = cookies.iter().map(|c| ("Set-Cookie", *c)).collect();
        response("200 OK", &fields, "")
    };
    let replies = [
        set(&["id=42; Path=/; HttpOnly", "old=1; Path=/"]),
        set(&["old=; Max-Age=0; Path=/"]),
        ok(""),
    ];
    let server = Server::replies(&replies);
    let url = server.url("/");
    papilio([&url, "--session", file, "--cookies", "once", "1"])
        .run()
        .is(0, head(&replies[0]), "");
    for reply in &replies[1..] {
        papilio([&url, "--session", file])
            .run()
            .is(0, head(reply), "");
    }
    let cookies: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.header("Cookie").map(str::to_owned))
        .collect();
    let cookies: Vec<_> = cookies.iter().map(Option::as_deref).collect();
    assert_eq!(
        cookies,
        [Some("once=1"), Some("id=42; old=1"), Some("id=42")]
    );

    // A list in JSON, as the jar writes it.
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(kept.as_array().unwrap().len(), 1);
    assert_eq!(kept[0]["name"], "id");
    assert_eq!(kept[0]["http_only"], true);
    fs::remove_file(path).unwrap();
}

/// Nobody else may read it, and it is never half written.
#[cfg(unix)]
#[test]
fn file_is_private_and_replaced() {
    use std::os::unix::fs::{MetadataExt, symlink};

    let directory = new_path();
    fs::create_dir(&directory).unwrap();
    let (path, link) = (directory.join("session"), directory.join("link"));
    let reply = response("200 OK", &[("Set-Cookie", "a=1; Path=/")], "");
    let server = Server::always(&reply);
    let run = |file: &std::path::Path| {
        let ran = papilio([&server.url("/"), "--session", file.to_str().unwrap()]).run();
        ran.is(0, head(&reply), "");
    };
    run(&path);
    let before = fs::metadata(&path).unwrap();
    assert_eq!(before.mode() & 0o777, 0o600);
    symlink(&path, &link).unwrap();
    run(&link);
    assert_ne!(fs::metadata(&path).unwrap().ino(), before.ino());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    fs::remove_dir_all(directory).unwrap();
}

/// Cookies of the way are kept, even if the way leads nowhere.
#[test]
fn kept_after_a_failure() {
    let path = new_path();
    let target = Refused::port().url("/");
    let fields = [("Location", target.as_str()), ("Set-Cookie", "a=1; Path=/")];
    let server = Server::always(response("302 Found", &fields, ""));
    let file = path.to_str().unwrap();
    let ran = papilio([&server.url("/"), "-L", "--session", file]).run();
    assert_eq!(ran.code, Some(1));
    assert!(fs::read_to_string(&path).unwrap().contains("\"a\""));
    fs::remove_file(path).unwrap();
}

#[test]
fn bad_files() {
    let path = new_path();
    let file = path.to_str().unwrap();
    for content in ["{", "7", "[{}]", ""] {
        fs::write(&path, content).unwrap();
        papilio(["http://a.test", "--session", file])
            .run()
            .is_usage_error(&format!("'{file}' is not a session: "));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    fs::remove_file(path).unwrap();
    let server = Server::always(ok(""));
    let ran = papilio([&server.url("/"), "--session", "/nowhere/at/all"]).run();
    assert!(
        ran.stderr
            .starts_with("Error: cannot write the session '/nowhere/at/all': "),
        "{}",
        ran.stderr
    );
    ran.is(1, head(&ok("")), &ran.stderr);
}

/// CMD-14: without the option nothing is kept.
#[test]
fn nothing_is_stored() {
    let directory = new_path();
    fs::create_dir(&directory).unwrap();
    let reply = response("200 OK", &[("Set-Cookie", "a=1; Path=/")], "");
    let server = Server::always(&reply);
    for _ in 0..2 {
        let mut run = papilio([server.url("/")]).env("HOME", &directory);
        run.command.current_dir(&directory);
        run.run().is(0, head(&reply), "");
    }
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("Cookie").is_none())
    );
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    fs::remove_dir_all(directory).unwrap();
}
