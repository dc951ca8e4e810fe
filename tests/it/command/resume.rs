//! `--download` with `--continue`.

use std::fs;
use std::path::{Path, PathBuf};

use super::process::{Ran, new_path, papilio};
use crate::server::{Server, response, script};

const WHOLE: &str = "0123456789";

/// A file to download to, in a directory of its own.
struct Place {
    directory: PathBuf,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = new_path();
        fs::create_dir(&directory).unwrap();
        let file = directory.join("file");
        Self { directory, file }
    }

    /// With the first four bytes there, from a response with these fields.
    fn begun(server: &Server, arguments: &[&str]) -> Self {
        let place = Self::new();
        let ran = place.run(server, arguments);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert_eq!(place.part(), Some(b"0123".to_vec()));
        place
    }

    fn run(&self, server: &Server, arguments: &[&str]) -> Ran {
        let url = server.url("/file");
        let file = self.file.to_str().unwrap();
        papilio([&[url.as_str(), "-o", file], arguments].concat()).run()
    }

    fn part(&self) -> Option<Vec<u8>> {
        fs::read(self.file.with_extension("part")).ok()
    }

    /// The file is complete, and nothing else is left.
    #[track_caller]
    fn is_complete(&self, content: &str) {
        assert_eq!(fs::read_to_string(&self.file).unwrap(), content);
        assert_eq!(names(&self.directory), ["file"]);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.directory));
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The whole, but for its end.
fn cut(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut reply = response("200 OK", fields, WHOLE);
    reply.truncate(reply.len() - 6);
    reply
}

/// A server whose first connection is cut after four bytes; the second request gets this reply.
fn server(fields: &[(&str, &str)], then: &[u8]) -> Server {
    Server::each([
        script().read().send(cut(fields)).close(),
        script().read().send(then).close(),
    ])
}

fn rest(fields: &[(&str, &str)], body: &str) -> Vec<u8> {
    response("206 Partial Content", fields, body)
}

const TAG: (&str, &str) = ("ETag", "\"v1\"");
const RANGE: (&str, &str) = ("Content-Range", "bytes 4-9/10");

/// A download that was cut goes on where it ended, if the content is the same: by its entity tag, or by its date.
#[test]
fn rest_of_a_file() {
    let date = [
        ("Last-Modified", "Sun, 06 Nov 1994 08:49:30 GMT"),
        ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ];
    for (fields, validator) in [(&[TAG][..], "\"v1\""), (&date, date[0].1)] {
        for first in [&[][..], &["--continue"]] {
            let server = server(fields, &rest(&[TAG, RANGE], "456789"));
            let place = Place::begun(&server, first);
            assert_eq!(names(&place.directory), ["file.part", "file.part.json"]);
            let ran = place.run(&server, &["--continue"]);
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
            place.is_complete(WHOLE);
            let seen = &server.seen()[1];
            assert_eq!(seen.header("Range"), Some("bytes=4-"));
            assert_eq!(seen.header("If-Range"), Some(validator));
            assert_eq!(seen.header("Accept-Encoding"), Some("identity"));
        }
    }
}

/// The message names the way on; what is noted of the content is nobody else's business.
#[cfg(unix)]
#[test]
fn after_a_cut() {
    use std::os::unix::fs::MetadataExt;

    let server = Server::always(cut(&[TAG]));
    let place = Place::new();
    let server = {
        drop(server);
        Server::start(script().read().send(cut(&[TAG])).close())
    };
    let ran = place.run(&server, &[]);
    let end = "file.part' has the first 4 bytes, --continue goes on from there\n";
    assert!(ran.stderr.ends_with(end), "{}", ran.stderr);
    let note = fs::metadata(place.file.with_extension("part.json")).unwrap();
    assert_eq!(note.mode() & 0o777, 0o600);
    assert!(!place.file.exists());
}

/// Another content, or a server that knows no parts: everything anew.
#[test]
fn everything_anew() {
    let anew = response("200 OK", &[("ETag", "\"v2\"")], "another");
    let server = server(&[TAG], &anew);
    let place = Place::begun(&server, &[]);
    let ran = place.run(&server, &["--continue"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    place.is_complete("another");
}

/// Without something that tells contents apart, or for another URL, no part is asked for.
#[test]
fn no_part_is_asked_for() {
    let now = "Sun, 06 Nov 1994 08:49:37 GMT";
    for fields in [
        &[][..],
        &[("ETag", "W/\"v1\"")],
        &[("Last-Modified", now)],
        &[("Last-Modified", now), ("Date", now)],
    ] {
        let server = server(fields, &response("200 OK", &[], WHOLE));
        let place = Place::begun(&server, &["--continue"]);
        assert_eq!(place.run(&server, &["--continue"]).code, Some(0));
        place.is_complete(WHOLE);
        assert_eq!(server.seen()[1].header("Range"), None, "{fields:?}");
    }

    let server = server(&[TAG], &response("200 OK", &[], "other"));
    let place = Place::begun(&server, &[]);
    let url = server.url("/other");
    let file = place.file.to_str().unwrap();
    let ran = papilio([&url, "-o", file, "--continue"]).run();
    assert_eq!(ran.code, Some(0));
    assert_eq!(server.seen()[1].header("Range"), None);
    place.is_complete("other");
}

/// Without `--continue` it begins anew.
#[test]
fn only_if_asked_for() {
    let server = server(&[TAG], &response("200 OK", &[], WHOLE));
    let place = Place::begun(&server, &[]);
    assert_eq!(place.run(&server, &[]).code, Some(0));
    assert_eq!(server.seen()[1].header("Range"), None);
    place.is_complete(WHOLE);
}

/// Coded content is never mixed in: it is not noted when it comes, and refused as a part.
#[test]
fn coded_content() {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x0334261\x05\0\x1c:\xf5\xcb\x05\0\0\0";
    let whole = response("200 OK", &[TAG, ("Content-Encoding", "gzip")], gzip);
    let server = Server::each([
        script().read().send(&whole[..whole.len() - 1]).close(),
        script().read().send(response("200 OK", &[], WHOLE)).close(),
    ]);
    let place = Place::new();
    assert_eq!(place.run(&server, &["--continue"]).code, Some(1));
    assert_eq!(server.only().header("Accept-Encoding"), Some("identity"));
    assert_eq!(place.run(&server, &["--continue"]).code, Some(0));
    assert_eq!(server.seen()[1].header("Range"), None);
    place.is_complete(WHOLE);
}

/// Parts that do not fit are not taken, and what is there stays.
#[test]
fn wrong_parts() {
    let coded = ("Content-Encoding", "gzip");
    let other = ("ETag", "\"v2\"");
    for (fields, body, complaint) in [
        (&[][..], "456789", "does not say which part it is"),
        (
            &[("Content-Range", "bytes 3-9/10")],
            "3456789",
            "begins elsewhere than asked",
        ),
        (
            &[("Content-Range", "bytes 5-9/10")],
            "56789",
            "begins elsewhere than asked",
        ),
        (
            &[("Content-Range", "bytes 4-7/10")],
            "4567",
            "is not the whole rest",
        ),
        (
            &[("Content-Range", "bytes 4-8/9")],
            "45678",
            "is of a file of another length",
        ),
        (
            &[("Content-Range", "bytes 4-9/9")],
            "456789",
            "does not say which part it is",
        ),
        (&[RANGE], "45678", "is not as long as it says"),
        (
            &[RANGE, other],
            "456789",
            "is of another version of the file",
        ),
        (&[RANGE, coded], "456789", "is coded, though not to be"),
    ] {
        let server = server(&[TAG], &rest(fields, body));
        let place = Place::begun(&server, &[]);
        let ran = place.run(&server, &["--continue"]);
        let expected = format!("Error: the part that the server sent {complaint}; ");
        assert!(
            ran.stderr.starts_with(&expected),
            "{complaint}: {}",
            ran.stderr
        );
        assert_eq!(ran.code, Some(1));
        assert_eq!(place.part(), Some(b"0123".to_vec()));
        assert!(!place.file.exists());
    }
}

/// 416: there is nothing more to come, or the file is another one.
#[test]
fn no_such_part() {
    let answer =
        |range: &str| response("416 Range Not Satisfiable", &[("Content-Range", range)], "");
    let server = server(&[TAG], &answer("bytes */4"));
    let place = Place::begun(&server, &[]);
    let ran = place.run(&server, &["--continue"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    place.is_complete("0123");

    for range in ["bytes */3", "bytes */*", "nonsense"] {
        let server = Server::each([
            script().read().send(cut(&[TAG])).close(),
            script().read().send(answer(range)).close(),
            script().read().send(response("200 OK", &[], "new")).close(),
        ]);
        let place = Place::begun(&server, &[]);
        let ran = place.run(&server, &["--continue"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert_eq!(server.seen()[2].header("Range"), None);
        place.is_complete("new");
    }
}

/// An error of the server says nothing of the file.
#[test]
fn errors_of_the_server() {
    let error = response("500 Oh", &[], "sorry");
    let server = server(&[TAG], &error);
    let place = Place::begun(&server, &[]);
    let ran = place.run(&server, &["--continue"]);
    ran.is(
        1,
        super::head(&error),
        "Error: the answer 500 is not the file, and not saved\n",
    );
    assert_eq!(place.part(), Some(b"0123".to_vec()));
}

/// With `--retry` it goes on by itself.
#[test]
fn by_itself() {
    let server = server(&[TAG], &rest(&[TAG, RANGE], "456789"));
    let place = Place::new();
    let ran = place.run(&server, &["--continue", "--retry", "2"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(0),
            "RemoteProtocolError: trying again in 0.5 s, 1 more after that\n"
        )
    );
    place.is_complete(WHOLE);
}

#[test]
fn wrong_use() {
    let bad = |arguments: &[&str]| papilio(["http://a.test"].iter().chain(arguments)).run();
    bad(&["--continue"]).is_usage_error("the following required arguments were not provided");
    bad(&["--continue", "-o", "-"]).is_usage_error("--continue needs a file to go on with");
    if cfg!(unix) {
        bad(&["--continue", "-o", "/dev/null"])
            .is_usage_error("--continue needs a file to go on with");
    }
}
