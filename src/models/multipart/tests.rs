//! Layout, boundary and pieces, without a request around them.

use std::io::{Cursor, Read};

use super::boundary::Boundary;
use super::{Form, Part, media_type};
use crate::error::{Kind, Result};
use crate::models::body::{Body, PIECE};
use crate::models::query::QueryParams;

fn bb() -> Boundary {
    Boundary::given(b"BB".to_vec()).unwrap()
}

fn body(form: Form) -> Body {
    form.encode(&QueryParams::new(), &bb()).unwrap()
}

fn text(form: Form) -> String {
    String::from_utf8(body(form).buffer().unwrap().to_vec()).unwrap()
}

/// The pieces of one sending.
fn pieces(body: &mut Body, room: usize) -> Result<Vec<Vec<u8>>> {
    body.prepare()?;
    let mut scratch = vec![0; room];
    let mut pieces = Vec::new();
    while let Some(piece) = body.next(&mut scratch)? {
        pieces.push(piece.to_vec());
    }
    Ok(pieces)
}

fn sizes(body: &mut Body, room: usize) -> Vec<usize> {
    pieces(body, room).unwrap().iter().map(Vec::len).collect()
}

/// A reader of unknown length that gives a few bytes at a time.
struct Slow(&'static [u8], usize);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = buffer.len().min(self.1);
        self.0.read(&mut buffer[..room])
    }
}

/// VEC-35 VEC-37 MPF-07
#[test]
fn the_layout_is_exact() {
    let named = || Form::new().part("f", Part::bytes("abc").file_name("n.txt"));
    assert_eq!(
        text(named()),
        "--BB\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\
         Content-Type: text/plain\r\n\r\nabc\r\n--BB--\r\n"
    );
    assert_eq!(body(named()).len(), Some(107));
    let nameless = || Form::new().part("f", Part::bytes("abc").file_name(""));
    assert_eq!(
        text(nameless()),
        "--BB\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nabc\r\n--BB--\r\n"
    );
    assert_eq!(body(nameless()).len(), Some(63));
}

/// VEC-36 MPF-09 SEC-206
#[test]
fn names_cannot_end_their_quotes_or_lines() {
    let hostile = "na\"me\\\r\n\u{1b}é";
    let form = Form::new().part(hostile, Part::bytes("").file_name(hostile));
    let escaped = "na%22me\\\\%0D%0A\u{1b}é";
    let start = format!(
        "--BB\r\nContent-Disposition: form-data; name=\"{escaped}\"; filename=\"{escaped}\"\r\n"
    );
    assert!(text(form).starts_with(&start));
    let all: String = (0..=0x20).map(char::from).chain(['\x7f']).collect();
    let expected: String = (0..=0x20_u8)
        .map(|byte| match byte {
            0x1b | 0x20 => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let found = text(Form::new().text(all, ""));
    assert!(found.contains(&format!("name=\"{expected}\x7f\"\r\n")));
}

/// MPF-02 MPF-08
#[test]
fn fields_have_a_name_and_a_value_only() {
    let form = Form::new()
        .text("a", "é")
        .text("a", 7)
        .text("b", [true, false])
        .text("c", None::<&str>);
    let field = |name, value| {
        format!("--BB\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let expected = [
        field("a", "é"),
        field("a", "7"),
        field("b", "true"),
        field("b", "false"),
        field("c", ""),
        "--BB--\r\n".to_owned(),
    ];
    assert_eq!(text(form), expected.concat());
}

/// MPF-05
#[test]
fn media_types_follow_the_extension() {
    for (name, expected) in [
        ("a.txt", "text/plain"),
        ("a.b.JSON", "application/json"),
        ("A.PNG", "image/png"),
        ("a.jpg", "image/jpeg"),
        ("a.js", "text/javascript"),
        ("a.mjs", "text/javascript"),
        ("a.tar.gz", "application/x-tar"),
        ("a.TAR.bz2", "application/x-tar"),
        ("a.tgz", "application/x-tar"),
        ("a.tar", "application/x-tar"),
        ("a.html", "text/html"),
        ("a.csv", "text/csv"),
        ("a.pdf", "application/pdf"),
        ("a.unheard-of", "application/octet-stream"),
        ("upload", "application/octet-stream"),
        (".txt", "application/octet-stream"),
        (".tar.gz", "application/gzip"),
        ("a.", "application/octet-stream"),
        (".", "application/octet-stream"),
        ("", "application/octet-stream"),
    ] {
        assert_eq!(media_type::guess(name), expected, "{name}");
    }
}

/// MPF-03 MPF-04 MPF-05 MPF-06
#[test]
fn header_lines_stand_in_order() {
    let head = |part: Part| {
        let text = text(Form::new().part("f", part));
        let start = "--BB\r\nContent-Disposition: form-data; name=\"f\"";
        let rest = text.strip_prefix(start).unwrap().to_owned();
        rest.split_once("\r\n\r\n").unwrap().0.to_owned()
    };
    let octets = "\r\nContent-Type: application/octet-stream";
    assert_eq!(
        head(Part::bytes("x")),
        format!("; filename=\"upload\"{octets}")
    );
    assert_eq!(
        head(Part::reader(Slow(b"x", 1)).file_name("é.bin")),
        format!("; filename=\"é.bin\"{octets}")
    );
    assert_eq!(
        head(Part::text("x").mime("a/b").unwrap()),
        "\r\nContent-Type: a/b"
    );
    let extra = |name: &str| {
        Part::bytes("x")
            .file_name("n.txt")
            .mime("a/b")
            .unwrap()
            .header("X-One", "1")
            .unwrap()
            .header(name, "c/d")
            .unwrap()
    };
    let start = "; filename=\"n.txt\"\r\nX-One: 1\r\n";
    assert_eq!(
        head(extra("X-Two")),
        format!("{start}X-Two: c/d\r\nContent-Type: a/b")
    );
    assert_eq!(
        head(extra("CONTENT-TYPE")),
        format!("{start}CONTENT-TYPE: c/d")
    );
}

/// SEC-206
#[test]
fn header_lines_cannot_be_smuggled() {
    for bad in ["", "a/b\r\nX: y", "a/b\n", "a\0b", " a/b"] {
        let error = Part::bytes("x").mime(bad).unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol, "{bad:?}");
    }
    for (name, value) in [
        ("X", "a\r\nb"),
        ("X y", "a"),
        ("", "a"),
        ("content-disposition", "form-data; name=\"other\""),
    ] {
        let error = Part::bytes("x").header(name, value).unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol, "{name:?}");
    }
}

/// MPF-10 SEC-206
#[test]
fn boundaries_are_random_or_given_tokens() {
    let random = Boundary::for_request(None).unwrap();
    assert_eq!(random.as_bytes().len(), 32);
    let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    assert!(random.as_bytes().iter().all(is_digit));
    let other = Boundary::for_request(Some(b"text/plain; boundary=no")).unwrap();
    assert_eq!(other.as_bytes().len(), 32);
    assert_ne!(other.as_bytes(), random.as_bytes());
    let longest = "b".repeat(70);
    for (value, expected) in [
        ("multipart/form-data; boundary=BB", "BB"),
        (
            "Multipart/Form-Data;charset=utf-8 ; BOUNDARY=BB ; a=b",
            "BB",
        ),
        ("multipart/form-data; boundary=\"B\\B\"; a", "BB"),
        ("multipart/form-data; a=\"; boundary=x\"; boundary=BB", "BB"),
        ("multipart/form-data; a; ; b= ; boundary=BB", "BB"),
        (
            &format!("multipart/form-data; boundary={longest}"),
            &longest,
        ),
    ] {
        let boundary = Boundary::for_request(Some(value.as_bytes())).unwrap();
        assert_eq!(boundary.as_bytes(), expected.as_bytes(), "{value}");
        assert_eq!(boundary.completed(value.as_bytes()), None);
    }
    for value in [
        "",
        "\"\"",
        "a b",
        "\"a b\"",
        "a,b",
        "\"a\\\"b\"",
        "é",
        "(a)",
        "a:b",
        "a=b",
        "\"",
        &"b".repeat(71),
    ] {
        let value = format!("multipart/form-data; boundary={value}");
        let error = Boundary::for_request(Some(value.as_bytes())).unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol, "{value}");
    }
}

/// MPF-10
#[test]
fn a_missing_boundary_is_added_to_forms_only() {
    for (value, start) in [
        ("multipart/form-data", "multipart/form-data"),
        ("multipart/form-data; a=b; ", "multipart/form-data; a=b"),
        ("Multipart/form-data;", "Multipart/form-data"),
    ] {
        let boundary = Boundary::for_request(Some(value.as_bytes())).unwrap();
        let text = String::from_utf8_lossy(boundary.as_bytes()).into_owned();
        let completed = boundary.completed(value.as_bytes()).unwrap();
        assert_eq!(completed, format!("{start}; boundary={text}").as_bytes());
    }
    for value in [
        "multipart/form-database",
        "multipart/mixed",
        "text/plain",
        "",
    ] {
        let boundary = Boundary::for_request(Some(value.as_bytes())).unwrap();
        assert_eq!(boundary.completed(value.as_bytes()), None, "{value}");
    }
}

/// WSH-27
#[test]
fn content_with_the_given_boundary_is_refused() {
    let encode = |content: &'static str, boundary: &Boundary| {
        let form = Form::new().part("f", Part::bytes(content));
        form.encode(&QueryParams::new(), boundary).map(drop)
    };
    for content in ["--BB", "a\r\n--BB--\r\n", "a--BB\n--BBC", "\r--BB"] {
        let error = encode(content, &bb()).unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol, "{content:?}");
        assert!(!error.to_string().contains(content), "{error}");
    }
    let part = Part::bytes("a").header("--BBx", "1").unwrap();
    let form = Form::new().part("f", part);
    let error = form.encode(&QueryParams::new(), &bb()).unwrap_err();
    assert_eq!(error.kind(), Kind::LocalProtocol);
    for content in ["a--BB", "--B", "BB", "-\n-BB", "\n-BB"] {
        encode(content, &bb()).unwrap();
    }
}

#[test]
fn a_form_in_memory_is_a_body_in_memory() {
    let form = Form::new()
        .text("a", 1)
        .part("b", Part::bytes(vec![7; PIECE]));
    let form = body(form);
    assert_eq!(form.as_bytes().unwrap().len() as u64, form.len().unwrap());
    assert!(form.try_clone().is_some());
}

/// MPF-12: text is joined, and with what is read; long bytes are lent, not copied.
#[test]
fn pieces_are_as_few_as_they_can_be() {
    let head = "--BB\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n".len();
    let end = "\r\n--BB--\r\n".len();
    let plain = |part: Part| Form::new().part("f", part.file_name(""));
    let file = |size: usize| Part::seekable(Cursor::new(vec![7_u8; size])).unwrap();
    // A small file is one piece with all that is around it.
    assert_eq!(
        sizes(&mut body(plain(file(100))), PIECE),
        [head + 100 + end]
    );
    // A large one fills piece after piece.
    let size = 2 * PIECE;
    assert_eq!(
        sizes(&mut body(plain(file(size))), PIECE),
        [PIECE, PIECE, head + end]
    );
    // What a reader gives is passed on at once.
    let slow = plain(Part::reader(Slow(b"abcdef", 2)));
    assert_eq!(sizes(&mut body(slow), PIECE), [head + 2, 2, 2, end]);
    // Pieces of others stay whole.
    let iter = plain(Part::stream(Body::iter(["abc", "", "de"])));
    let sizes_of_iter = sizes(&mut body(iter), PIECE);
    assert_eq!(sizes_of_iter, [head, 3, 0, 2, 0, end]);
    // Bytes that are longer than a piece are handed out where they are.
    let bytes = bytes::Bytes::from(vec![7; PIECE + 10]);
    let mut body = body(plain(Part::bytes(bytes.clone())));
    let mut scratch = vec![0; PIECE];
    let first = body.next(&mut scratch).unwrap().unwrap().len();
    let second = body.next(&mut scratch).unwrap().unwrap();
    assert_eq!(first, head);
    assert_eq!(second.as_ptr(), bytes.as_ptr());
    assert_eq!(second.len(), PIECE);
    let third = body.next(&mut scratch).unwrap().unwrap();
    assert_eq!(third.len(), 10 + end);
    assert_eq!(body.next(&mut scratch).unwrap(), None);
}

/// The bytes are the same however much room there is.
#[test]
fn room_does_not_matter() {
    let make = || {
        Form::new()
            .text("a", "1")
            .part("b", Part::seekable(Cursor::new("0123456789")).unwrap())
            .part("c", Part::stream(Body::iter(["x", "", "yz"])))
            .part("d", Part::sized(&b"sized"[..], 5))
            .part("e", Part::bytes(vec![b'e'; PIECE + 1]))
            .part("f", Part::reader(Slow(b"slow", 3)))
            .part("g", Part::stream(Body::from("told").on_progress(|_, _| {})))
    };
    let whole = pieces(&mut body(make()), PIECE).unwrap().concat();
    for room in 1..200 {
        let cut = pieces(&mut body(make()), room).unwrap().concat();
        assert!(cut == whole, "{room}");
    }
}

/// MPF-12
#[test]
fn the_length_is_known_if_every_part_has_one() {
    let known = || {
        Form::new()
            .part("a", Part::seekable(Cursor::new("0123456789")).unwrap())
            .part("b", Part::sized(&b"sized"[..], 5))
            .part("c", Part::bytes(vec![0; PIECE + 1]))
    };
    let mut one = body(known());
    let length = one.len().unwrap();
    assert_eq!(one.buffer().unwrap().len() as u64, length);
    let unknown = known().part("d", Part::reader(Slow(b"x", 1)));
    assert_eq!(body(unknown).len(), None);
    let endless = known().part("d", Part::sized(std::io::repeat(0), u64::MAX));
    assert_eq!(body(endless).len(), None);
}

/// WSH-27: even where another part would make up for it.
#[test]
fn a_part_keeps_its_word_about_its_length() {
    for (first, second) in [(4, 6), (6, 4)] {
        let form = Form::new()
            .part("a", Part::sized(&b"abcde"[..], first))
            .part("b", Part::sized(&b"abcde"[..], second));
        let mut body = body(form);
        assert!(body.len().is_some());
        let error = pieces(&mut body, PIECE).unwrap_err();
        assert_eq!(error.kind(), Kind::Body);
    }
}

/// MPF-13 REQ-30 REQ-31
#[test]
fn replayable_if_every_part_is() {
    let replayable = || {
        Form::new()
            .part("a", Part::seekable(Cursor::new("0123456789")).unwrap())
            .part("b", Part::bytes(vec![b'b'; PIECE + 1]))
            .part("c", Part::stream(Body::factory(|| Body::iter(["x", "y"]))))
            .part("d", Part::stream(Body::factory(|| Body::from("bytes"))))
    };
    let mut again = body(replayable());
    assert!(again.is_replayable());
    let first = pieces(&mut again, PIECE).unwrap().concat();
    // Also from the middle.
    again.prepare().unwrap();
    again.next(&mut [0; 20]).unwrap();
    assert!(pieces(&mut again, 64).unwrap().concat() == first);
    let mut once = body(replayable().part("e", Part::reader(Slow(b"x", 1))));
    assert!(!once.is_replayable());
    pieces(&mut once, PIECE).unwrap();
    let error = pieces(&mut once, PIECE).unwrap_err();
    assert_eq!(error.kind(), Kind::StreamConsumed);
}

#[test]
fn debug_shows_no_content() {
    let form = Form::new()
        .text("user", "secret")
        .part("f", Part::bytes("secret").file_name("n.txt"));
    let shown = format!("{form:?}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("user") && shown.contains("n.txt"), "{shown}");
}
