//! The text of a response: which charset, and what the bytes mean in it.

use super::common::{client, one_slot};
use super::driver::{Client, Kind, Response};
use crate::server::{Server, response};

/// A response with this Content-Type and body.
fn typed(content_type: &str, body: &[u8]) -> Response {
    Response::builder(200)
        .header("Content-Type", content_type)
        .bytes(body.to_vec())
}

/// The answer of a server with this Content-Type and body, by this client.
fn fetched(client: &Client, content_type: &str, body: &[u8]) -> Response {
    let server = Server::always(response("200 OK", &[("Content-Type", content_type)], body));
    client.get(server.url("/")).send().unwrap()
}

/// TXT-01
#[test]
fn the_charset_is_set_or_named_or_the_clients_or_utf_8() {
    let bytes = b"caf\xe9";
    let latin = one_slot().default_encoding("latin-1").build().unwrap();
    let named = "text/plain; charset=iso-8859-2";
    let cases: [(&Client, &str, &str); 3] = [
        (&latin, named, "iso-8859-2"),
        (&latin, "text/plain", "iso-8859-1"),
        (&client(), "text/plain", "utf-8"),
    ];
    for (client, content_type, charset) in cases {
        if charset == "iso-8859-2" && !cfg!(feature = "charset") {
            continue;
        }
        let mut answer = fetched(client, content_type, bytes);
        assert_eq!(answer.encoding().to_lowercase(), charset);
        answer.set_encoding("ascii").unwrap();
        assert_eq!(answer.text(), "caf\u{FFFD}");
    }
    assert_eq!(fetched(&latin, "text/plain", bytes).text(), "café");
    assert_eq!(fetched(&client(), "", bytes).text(), "caf\u{FFFD}");

    // A function is given the whole body, but not while it streams.
    let detecting = one_slot()
        .default_encoding_fn(|body| {
            assert_eq!(body, b"caf\xe9");
            Some("latin-1".to_owned())
        })
        .build()
        .unwrap();
    let answer = fetched(&detecting, "text/plain", bytes);
    assert_eq!(answer.text(), "café");
    let pieces: Vec<String> = answer.iter_text().collect::<Result<_, _>>().unwrap();
    assert_eq!(pieces, ["café"]);
    assert_eq!(
        fetched(&detecting, "text/plain; charset=ascii", bytes).text(),
        "caf\u{FFFD}"
    );
    let server = Server::always(response("200 OK", &[], bytes));
    let streamed = |client: &Client| {
        let mut stream = client.get(server.url("/")).stream().unwrap();
        stream.iter_text().collect::<Result<String, _>>().unwrap()
    };
    assert_eq!(streamed(&detecting), "caf\u{FFFD}");
    assert_eq!(streamed(&latin), "café");
}

/// TXT-02, TXT-04
#[test]
fn a_function_may_know_nothing() {
    for answer in [None, Some("klingon".to_owned())] {
        let client = one_slot()
            .default_encoding_fn(move |_| answer.clone())
            .build()
            .unwrap();
        let answer = fetched(&client, "text/plain", "é".as_bytes());
        assert_eq!((answer.text(), answer.encoding()), ("é".into(), "utf-8"));
    }
}

/// TXT-03
#[test]
fn the_charset_parameter() {
    let cases = [
        ("text/plain; charset=UTF-16", Some("utf-16")),
        ("text/plain; CharSet=\"Latin-1\"; x=y", Some("latin-1")),
        ("text/plain; charset=unheard-of", Some("unheard-of")),
        ("text/plain; charset=a; charset=b", Some("a")),
        ("text/plain; charset*=utf-8'en'koi8-r", Some("koi8-r")),
        ("text/plain; xcharset=a", None),
        ("text/plain", None),
        ("", None),
    ];
    for (content_type, charset) in cases {
        let answer = typed(content_type, b"");
        assert_eq!(
            answer.charset_encoding().as_deref(),
            charset,
            "{content_type}"
        );
    }
    assert_eq!(Response::builder(200).bytes("x").charset_encoding(), None);
}

/// TXT-04, TXT-10
#[test]
fn labels_nobody_knows() {
    for label in ["klingon", "base64", "hex", "rot13", "zip", ""] {
        let mut answer = typed(&format!("text/plain; charset={label}"), "é".as_bytes());
        assert_eq!(answer.text(), "é");
        for result in [
            answer.set_encoding(label),
            answer.text_with_encoding(label).map(drop),
            Client::builder().default_encoding(label).build().map(drop),
        ] {
            assert_eq!(result.unwrap_err().kind(), Kind::Config, "{label}");
        }
        assert_eq!(answer.text(), "é");
    }
    // It gives way to the client's default.
    let latin = one_slot().default_encoding("latin-1").build().unwrap();
    assert_eq!(
        fetched(&latin, "text/plain; charset=klingon", b"\xe9").text(),
        "é"
    );
}

/// TXT-05
#[test]
fn text_can_be_read_in_one_charset_after_another() {
    let mut answer = typed("text/plain; charset=utf-8", b"\xc3\xa9");
    assert_eq!(answer.text(), "é");
    assert_eq!(answer.text_with_encoding("latin-1").unwrap(), "Ã©");
    answer.set_encoding("ascii").unwrap();
    assert_eq!(answer.text(), "\u{FFFD}\u{FFFD}");
    answer.set_encoding("utf_8").unwrap();
    assert_eq!(answer.text(), "é");
}

/// TXT-06, TXT-07, TXT-08, SEC-506
#[test]
fn what_bytes_mean() {
    let cases: [(&str, &[u8], &str); 14] = [
        ("utf-8", b"a\xffb\xe2\x82c", "a\u{FFFD}b\u{FFFD}c"),
        ("utf-8", b"\xf0\x9f\x98", "\u{FFFD}"),
        ("utf-8", b"\xef\xbb\xbfa", "\u{FEFF}a"),
        ("utf-8-sig", b"\xef\xbb\xbfa", "a"),
        ("utf-16", b"\xff\xfea\0", "a"),
        ("utf-16", b"\xfe\xff\0a", "a"),
        ("utf-16", b"a\0b\0", "ab"),
        ("utf-16-be", b"\0a", "a"),
        ("utf-16", b"a\0b", "a\u{FFFD}"),
        ("utf-32", b"\xff\xfe\0\0a\0\0\0", "a"),
        ("utf-32", b"\0\0\xfe\xff\0\0\0a", "a"),
        ("iso-8859-1", b"\x80\x9f\xe9", "\u{80}\u{9f}é"),
        ("latin-1", b"\x93", "\u{93}"),
        ("us-ascii", b"a\x80\xff", "a\u{FFFD}\u{FFFD}"),
    ];
    for (charset, bytes, text) in cases {
        let answer = typed(&format!("text/plain; charset={charset}"), bytes);
        assert_eq!(answer.text(), text, "{charset} {bytes:?}");
        let pieces: String = answer.iter_text().collect::<Result<_, _>>().unwrap();
        assert_eq!(pieces, text);
    }
}

/// TXT-09
#[test]
fn labels_are_matched_loosely() {
    for label in ["utf8", "UTF-8", "utf_8", "Utf8", " utf-8 "] {
        assert_eq!(
            typed(&format!("text/x; charset=\"{label}\""), "é".as_bytes()).text(),
            "é"
        );
    }
    let mut answer = Response::builder(200).bytes(b"\xe9".to_vec());
    for label in ["LATIN_1", "iso8859-1", "ISO_8859-1", "latin1"] {
        answer.set_encoding(label).unwrap();
        assert_eq!(answer.text(), "é");
    }
}

/// TXT-09
#[cfg(feature = "charset")]
#[test]
fn the_charsets_of_the_web() {
    let cases: [(&str, &[u8], &str); 10] = [
        ("windows-1252", b"\x80", "€"),
        ("shift_jis", b"\x83e", "テ"),
        ("euc-jp", b"\xa5\xc6", "テ"),
        ("gbk", b"\xc4\xe3", "你"),
        ("gb18030", b"\xc4\xe3", "你"),
        ("big5", b"\xa7A", "你"),
        ("euc-kr", b"\xb0\xa1", "가"),
        ("koi8-r", b"\xd1", "я"),
        ("windows-1251", b"\xff", "я"),
        ("iso-8859-15", b"\xa4", "€"),
    ];
    for (charset, bytes, text) in cases {
        let answer = typed(&format!("text/plain; charset={charset}"), bytes);
        assert_eq!(answer.text(), text, "{charset}");
        // In pieces of one byte as well.
        let server = Server::always(response(
            "200 OK",
            &[("Content-Type", &format!("a/b; charset={charset}"))],
            bytes,
        ));
        let mut stream = client().get(server.url("/")).stream().unwrap();
        let streamed: String = stream.iter_text().collect::<Result<_, _>>().unwrap();
        assert_eq!(streamed, text);
    }
}

/// TXT-11, SEC-506
#[cfg(feature = "json")]
#[test]
fn json_finds_its_own_encoding() {
    let utf16 = |order: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    };
    let utf32 = |order: fn(u32) -> [u8; 4], text: &str| -> Vec<u8> {
        text.chars().flat_map(|c| order(c.into())).collect()
    };
    let text = r#"["é"]"#;
    let marked = "\u{FEFF}[\"é\"]";
    for bytes in [
        text.as_bytes().to_vec(),
        marked.as_bytes().to_vec(),
        utf16(u16::to_le_bytes, text),
        utf16(u16::to_be_bytes, text),
        utf16(u16::to_le_bytes, marked),
        utf16(u16::to_be_bytes, marked),
        utf32(u32::to_le_bytes, text),
        utf32(u32::to_be_bytes, text),
        utf32(u32::to_le_bytes, marked),
    ] {
        let answer = typed("text/plain; charset=iso-8859-1", &bytes);
        assert_eq!(answer.json::<Vec<String>>().unwrap(), ["é"]);
    }
    for bad in [&b""[..], b"[\"\xe9\"]", b"{", b"nul", b"\xff\xfe[", b"1 2"] {
        let error = typed("application/json", bad)
            .json::<serde_json::Value>()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Json, "{bad:?}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

/// SEC-506: what a peer put into its JSON is escaped where it is quoted.
#[cfg(feature = "json")]
#[test]
fn an_error_about_json_is_fit_for_a_terminal() {
    #[derive(Debug, serde::Deserialize)]
    enum Known {
        Thing,
    }
    let server = Server::always(crate::server::ok(r#""\u001b[31m\r\nEvil: yes\u0085""#));
    let error = client()
        .get(server.url("/x"))
        .send()
        .unwrap()
        .json::<Known>()
        .unwrap_err();
    let said = error.to_string();
    assert!(!said.chars().any(char::is_control), "{said:?}");
    assert!(
        said.contains("Evil: yes") && said.contains(&server.url("/x")),
        "{said}"
    );
    assert!(matches!(
        Response::builder(200).text(r#""Thing""#).json(),
        Ok(Known::Thing)
    ));
}
