//! Multipart forms: what the client announces and what arrives.

use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::driver::{Body, Client, Kind, Request};
use papilio::multipart::{Form, Part};

use crate::server::{Seen, Server, ok, script};

#[path = "../reference/multipart.rs"]
mod reference;

use reference::Piece;

/// A file that goes when the test does.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let folder = std::env::temp_dir().join(format!("papilio-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::File::create(&path).unwrap().write_all(content).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(self.0.parent().unwrap()));
    }
}

/// The boundary a request announced.
fn boundary(seen: &Seen) -> &str {
    let value = seen.header("Content-Type").unwrap();
    value.split_once("boundary=").unwrap().1
}

fn parts(seen: &Seen) -> Vec<Piece> {
    reference::read(&seen.body, boundary(seen).as_bytes())
        .unwrap_or_else(|| panic!("not a form: {:?}", String::from_utf8_lossy(&seen.body)))
}

fn send(form: Form) -> Seen {
    let server = Server::always(ok(""));
    let client = Client::new();
    client.post(server.url("/")).multipart(form).send().unwrap();
    server.only()
}

fn build(headers: &[(&str, &str)], form: Form) -> papilio::Result<Request> {
    let client = Client::new();
    let mut builder = client.post("http://e.com/");
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.multipart(form).build()
}

fn one() -> Form {
    Form::new().part("f", Part::bytes("abc").file_name("n.txt"))
}

/// MPF-01 MPF-02 MPF-04 MPF-05 MPF-11 MPF-12
#[test]
fn fields_and_files_arrive_in_order() {
    let file = Scratch::new("photo é.JPG", &[0xFF; 100_000]);
    let form = Form::new()
        .text("a", "1")
        .file("f", &file.0)
        .unwrap()
        .part("f", Part::bytes("again"))
        .text("a", "2");
    let seen = send(form);
    let boundary = boundary(&seen);
    assert_eq!(boundary.len(), 32);
    assert_eq!(
        seen.header("Content-Type").unwrap(),
        format!("multipart/form-data; boundary={boundary}")
    );
    let length = seen.body.len().to_string();
    assert_eq!(seen.header("Content-Length"), Some(&*length));
    let piece = |name: &str, file_name: Option<&str>, media_type: &str, content: &[u8]| Piece {
        name: name.into(),
        file_name: file_name.map(Into::into),
        fields: file_name
            .map(|_| ("Content-Type".into(), media_type.into()))
            .into_iter()
            .collect(),
        content: content.to_vec(),
    };
    let octets = "application/octet-stream";
    let expected = [
        piece("a", None, "", b"1"),
        piece("f", Some("photo é.JPG"), "image/jpeg", &[0xFF; 100_000]),
        piece("f", Some("upload"), octets, b"again"),
        piece("a", None, "", b"2"),
    ];
    assert!(parts(&seen) == expected);
}

/// MPF-01 MPF-02 MPF-14 REQ-02
#[test]
fn form_fields_come_before_the_parts() {
    let client = Client::new();
    let fields = || [("a", vec!["1", "é&="]), ("b", vec![""])];
    let server = Server::always(ok(""));
    for swapped in [false, true] {
        let post = client.post(server.url("/"));
        let post = if swapped {
            post.multipart(one()).form(fields())
        } else {
            post.form(fields()).multipart(one())
        };
        post.send().unwrap();
        let seen = server.seen().pop().unwrap();
        let parts = parts(&seen);
        let found: Vec<_> = parts
            .iter()
            .map(|piece| (&*piece.name, &*piece.content))
            .collect();
        let expected: [(&[u8], &[u8]); 4] = [
            (b"a", b"1"),
            (b"a", "é&=".as_bytes()),
            (b"b", b""),
            (b"f", b"abc"),
        ];
        assert_eq!(found, expected);
    }
    let post = client.post(server.url("/"));
    post.form([("a", "1")])
        .multipart(Form::new())
        .send()
        .unwrap();
    let seen = server.seen().pop().unwrap();
    let content_type = seen.header("Content-Type");
    assert_eq!(content_type, Some("application/x-www-form-urlencoded"));
    assert_eq!(seen.body, b"a=1");
    let empty = send(Form::new());
    assert_eq!(empty.header("Content-Length"), Some("0"));
    assert_eq!(empty.header("Content-Type"), None);
}

/// REQ-02
#[test]
fn other_bodies_do_not_go_with_a_form() {
    let client = Client::new();
    let post = || client.post("http://e.com/");
    for request in [
        post().body("x").multipart(one()).build(),
        post().multipart(one()).body("x").build(),
        #[cfg(feature = "json")]
        post().json(&1).multipart(one()).build(),
        #[cfg(feature = "json")]
        post().multipart(one()).json(&1).build(),
    ] {
        assert_eq!(request.unwrap_err().kind(), Kind::Config);
    }
}

/// MPF-12 REQ-04
#[test]
fn a_reader_of_unknown_length_is_sent_in_chunks() {
    let form = || one().part("r", Part::reader(Cursor::new("stream")));
    let seen = send(form());
    assert_eq!(seen.header("Transfer-Encoding"), Some("chunked"));
    assert_eq!(seen.header("Content-Length"), None);
    assert_eq!(parts(&seen)[1].content, b"stream");
    // Known or not, if the caller says so.
    let request = build(&[("transfer-encoding", "chunked")], one()).unwrap();
    assert!(!request.headers.contains("Content-Length"));
}

/// VEC-35 MPF-10 REQ-03
#[test]
fn a_boundary_of_the_caller_is_used() {
    let given = "Multipart/Form-Data; charset=utf-8; Boundary=\"BB\"";
    let mut request = build(&[("content-type", given)], one()).unwrap();
    assert_eq!(request.headers.get("Content-Type").as_deref(), Some(given));
    assert_eq!(
        request.headers.get("Content-Length").as_deref(),
        Some("107")
    );
    assert_eq!(
        request.body.buffer().unwrap(),
        b"--BB\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\
          Content-Type: text/plain\r\n\r\nabc\r\n--BB--\r\n"
    );
    let request = build(&[("Content-Type", "multipart/form-data")], one()).unwrap();
    let value = request.headers.get("Content-Type").unwrap().into_owned();
    let boundary = value
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    assert_eq!(request.headers.get_all("Content-Type").count(), 1);
    assert_eq!(
        reference::read(request.content().unwrap(), boundary.as_bytes())
            .unwrap()
            .len(),
        1
    );
    let request = build(&[("Content-Type", "multipart/mixed")], one()).unwrap();
    assert_eq!(
        request.headers.get("Content-Type").as_deref(),
        Some("multipart/mixed")
    );
    let request = build(&[("content-length", "170")], one()).unwrap();
    assert_eq!(
        request
            .headers
            .get_all("Content-Length")
            .collect::<Vec<_>>(),
        ["170"]
    );
}

/// MPF-10: from the client's headers too.
#[test]
fn a_client_may_have_the_boundary() {
    let client = Client::builder()
        .header("Content-Type", "multipart/form-data; boundary=BB")
        .build()
        .unwrap();
    let request = client
        .post("http://e.com/")
        .multipart(one())
        .build()
        .unwrap();
    assert!(request.content().unwrap().starts_with(b"--BB\r\n"));
    assert_eq!(request.headers.get_all("Content-Type").count(), 1);
}

/// MPF-10 SEC-206
#[test]
fn boundaries_are_new_for_each_request_and_tokens() {
    let made = || {
        let request = build(&[], one()).unwrap();
        request.headers.get("Content-Type").unwrap().into_owned()
    };
    assert_ne!(made(), made());
    for bad in ["\"a b\"", "", "\"a\\\"\"", "a,b"] {
        let value = format!("multipart/form-data; boundary={bad}");
        let error = build(&[("Content-Type", &value)], one()).unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol, "{value}");
    }
}

/// MPF-13 REQ-30 CLT-39
#[test]
fn files_are_rewound_when_sent_again() {
    let file = Scratch::new("again.txt", &[b'x'; 70_000]);
    let server = Server::always(ok(""));
    let client = Client::new();
    let post = client.post(server.url("/"));
    let form = one().file("g", &file.0).unwrap();
    let request = post.multipart(form).build().unwrap();
    assert!(request.body.is_replayable());
    let request = client.send(request).unwrap().into_request().unwrap();
    client.send(request).unwrap();
    let seen = server.seen();
    assert!(seen[0].raw == seen[1].raw);
    assert_eq!(parts(&seen[1])[1].content.len(), 70_000);
}

/// MPF-13: also when a connection died before its answer.
#[test]
fn files_are_rewound_for_another_connection() {
    let server = Server::each([
        script().read().send(ok("")).read().reset(),
        script().read().send(ok("")),
    ]);
    let client = Client::new();
    client.get(server.url("/")).send().unwrap();
    let file = Part::seekable(Cursor::new(vec![b'x'; 70_000])).unwrap();
    let put = client.put(server.url("/"));
    put.multipart(one().part("g", file)).send().unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen[1].raw == seen[2].raw);
    assert_eq!(parts(&seen[2])[1].content.len(), 70_000);
}

/// MPF-13 REQ-31
#[test]
fn a_reader_cannot_be_sent_again() {
    let server = Server::always(ok(""));
    let client = Client::new();
    let form = one().part("r", Part::reader(Cursor::new("once")));
    let request = client
        .post(server.url("/"))
        .multipart(form)
        .build()
        .unwrap();
    let request = client.send(request).unwrap().into_request().unwrap();
    let error = client.send(request).unwrap_err();
    assert_eq!(error.kind(), Kind::StreamConsumed);
    assert_eq!(server.seen().len(), 1);
}

/// WSH-27
#[test]
fn a_part_that_breaks_its_word_breaks_the_request() {
    let server = Server::start(script().read_head().drain());
    let client = Client::new();
    let form = Form::new().part("s", Part::sized(Cursor::new("12345"), 6));
    let error = client
        .post(server.url("/"))
        .multipart(form)
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Body);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("1 bytes before"), "{source}");
    server.wait_until(|server| server.left() == 1);
}

/// WSH-29
#[test]
fn forms_report_progress() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&calls);
    let part = Part::stream(Body::from("of one part").on_progress(|_, _| {}));
    let form = one()
        .part(
            "g",
            Part::seekable(Cursor::new(vec![b'x'; 100_000])).unwrap(),
        )
        .part("h", part)
        .on_progress(move |sent, total| log.lock().unwrap().push((sent, total)));
    let length = send(form).body.len() as u64;
    let calls = calls.lock().unwrap();
    assert_eq!(calls.first(), Some(&(0, Some(length))));
    assert_eq!(calls.last(), Some(&(length, Some(length))));
    assert!(calls.is_sorted() && calls.len() > 2);
}
