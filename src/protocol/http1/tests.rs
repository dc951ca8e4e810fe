//! The table of responses, and what a table cannot say.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use http::Method;

use responses::{Case, cases};

use super::replay::{End, Outcome, Play, encode_chunks};
use super::*;
use crate::models::url::Url;

#[path = "../../../tests/reference/http1.rs"]
mod reference;
#[path = "../../../tests/reference/responses.rs"]
mod responses;

/// `tests/data/responses.txt` (SEC-101 to SEC-129, SEC-131, SEC-132, R-LIM-01 to R-LIM-06, H1-20 to H1-52): each case
/// in one piece and byte by byte, short ones cut in two at every position; the verdict is always the same.
#[test]
fn table_of_responses() {
    for case in cases() {
        case.check(&[&case.bytes], "in one piece");
        let single: Vec<_> = case.bytes.chunks(1).collect();
        case.check(&single, "byte by byte");
        if case.bytes.len() < 200 {
            for at in 1..case.bytes.len() {
                let (a, b) = case.bytes.split_at(at);
                case.check(&[a, b], &format!("cut at {at}"));
            }
        }
    }
}

impl Case {
    fn play(&self) -> Play {
        let mut play = Play {
            method: self.method.parse().unwrap(),
            upgrade: self.upgrade,
            fin: self.fin,
            ..Play::default()
        };
        play.limits.strict_lines = self.strict_lines;
        play.limits.strict_framing = self.strict_framing;
        play.limits.body = self.most_body;
        play
    }

    fn check(&self, pieces: &[&[u8]], how: &str) {
        for (max, direct) in [(usize::MAX, false), (7, false), (usize::MAX, true)] {
            let play = Play {
                max,
                direct,
                ..self.play()
            };
            let outcome = play.run(pieces.iter().copied());
            let (verdict, expected) = describe(&outcome);
            let how = format!(
                "{} {how}, max {max}, direct {direct}: {:?}",
                self.name, outcome.error
            );
            assert_eq!(verdict, self.verdict, "{how}");
            if verdict == "ok" {
                assert_eq!(expected, self.expected, "{how}");
                assert!(outcome.body == self.body, "{how}: the body");
                self.check_reference(&outcome, &how);
            }
        }
    }
}

impl Case {
    /// What is accepted, a reader that shares nothing with this one has read the same way.
    fn check_reference(&self, outcome: &Outcome, how: &str) {
        let method = self.method;
        let other = reference::read(method, &self.bytes, self.fin).expect(how);
        assert_eq!(outcome.status, Some(other.status), "{how}");
        assert!(outcome.body == other.body, "{how}");
        assert_eq!(self.bytes.len() - outcome.used, other.rest, "{how}");
        let bytes = |headers: &Headers| -> Vec<_> {
            let raw = headers.raw().map(|(n, v)| (n.to_vec(), v.to_vec()));
            raw.collect()
        };
        assert_eq!(bytes(&outcome.headers), other.fields, "{how}");
        let trailers = outcome.trailers.as_ref().map(bytes);
        assert_eq!(trailers.unwrap_or_default(), other.trailers, "{how}");
    }
}

fn describe(outcome: &Outcome) -> (String, String) {
    if let Some(error) = &outcome.error {
        let reason = error.reason().map(|reason| format!(" {reason:?}"));
        return (
            format!("{:?}{}", error.kind(), reason.unwrap_or_default()),
            "-".into(),
        );
    }
    let end = match outcome.end {
        End::Reuse => "reuse",
        End::Close => "close",
        End::Switched => "switched",
        End::Pending => return ("pending".into(), "-".into()),
    };
    (
        "ok".into(),
        format!("{} {end}", outcome.status.unwrap_or_default()),
    )
}

fn url() -> Url {
    Url::parse("http://example.org/a?b=c").unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Headers {
    Headers::from_pairs(pairs.iter().copied()).unwrap()
}

fn post<'a>(url: &'a Url, headers: &'a Headers, length: BodyLength) -> Outgoing<'a> {
    Outgoing {
        method: &Method::POST,
        url,
        headers,
        target: None,
        form: Target::Origin,
        length,
    }
}

/// A POST with these fields besides Host, started.
fn started(fields: &[(&str, &str)], length: BodyLength) -> (Result<()>, Vec<u8>, Exchange) {
    let mut headers = pairs(&[("Host", "example.org")]);
    headers.update(&pairs(fields));
    let mut exchange = Exchange::new(ResponseLimits::default());
    let mut out = b"before".to_vec();
    let result = exchange.start(&post(&url(), &headers, length), &mut out);
    (result, out, exchange)
}

/// A GET, sent.
fn asked() -> Exchange {
    let mut exchange = Exchange::new(ResponseLimits::default());
    ask(&mut exchange).unwrap();
    exchange
}

fn ask(exchange: &mut Exchange) -> Result<()> {
    let headers = pairs(&[("Host", "example.org")]);
    let (url, method) = (url(), Method::GET);
    let request = Outgoing {
        method: &method,
        ..post(&url, &headers, BodyLength::Empty)
    };
    exchange.start(&request, &mut Vec::new())
}

/// HDR-21, H1-01, TRP-03: the request line, Host first, the others in order and case; nothing is added (H1-10).
#[test]
fn head_of_a_request() {
    let headers = pairs(&[
        ("X-One", "1"),
        ("aCCept", "*/*"),
        ("hOST", "h"),
        ("x-one", ""),
    ]);
    let mut out = Vec::new();
    let url = url();
    let request = Outgoing {
        method: &Method::GET,
        ..post(&url, &headers, BodyLength::Empty)
    };
    let mut exchange = Exchange::new(ResponseLimits::default());
    exchange.start(&request, &mut out).unwrap();
    let expected = "GET /a?b=c HTTP/1.1\r\nhOST: h\r\nX-One: 1\r\naCCept: */*\r\nx-one: \r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    assert!(exchange.request_done());
}

/// The request line of one request, or the error.
fn line(method: &str, url: &str, target: Option<&[u8]>, form: Target) -> Result<String, String> {
    let headers = pairs(&[("Host", "h")]);
    let mut out = Vec::new();
    let request = Outgoing {
        method: &method.parse().unwrap(),
        url: &Url::parse(url).unwrap(),
        headers: &headers,
        target,
        form,
        length: BodyLength::Empty,
    };
    let mut exchange = Exchange::new(ResponseLimits::default());
    match exchange.start(&request, &mut out) {
        Ok(()) => Ok(String::from_utf8_lossy(out.split(|&b| b == b'\r').next().unwrap()).into()),
        Err(error) => {
            assert_eq!(error.kind(), Kind::LocalProtocol);
            assert!(out.is_empty(), "nothing is written");
            Err(error.to_string())
        }
    }
}

/// SEC-210, EXT-04, H1-01: which target goes where, and which never goes anywhere. The fragment stays here.
#[test]
fn request_targets() {
    use Target::{Absolute, Authority, Origin};
    let url = "http://u:p@example.org:81/p?q#f";
    assert_eq!(line("GET", url, None, Origin).unwrap(), "GET /p?q HTTP/1.1");
    assert_eq!(
        line("GET", url, None, Absolute).unwrap(),
        "GET http://example.org:81/p?q HTTP/1.1"
    );
    let connect = "CONNECT example.org:81 HTTP/1.1";
    assert_eq!(line("CONNECT", url, None, Authority).unwrap(), connect);
    assert_eq!(line("CONNECT", url, None, Origin).unwrap(), connect);
    for (url, expected) in [
        ("https://h/", "CONNECT h:443 HTTP/1.1"),
        ("http://h/", "CONNECT h:80 HTTP/1.1"),
        ("https://[::1]/", "CONNECT [::1]:443 HTTP/1.1"),
    ] {
        assert_eq!(line("CONNECT", url, None, Authority).unwrap(), expected);
    }
    line("GET", url, None, Authority).unwrap_err();
    line("GET", "https://h/", None, Absolute).unwrap_err();
    let verbatim = |method, target: &'static [u8]| line(method, url, Some(target), Origin);
    assert_eq!(verbatim("OPTIONS", b"*").unwrap(), "OPTIONS * HTTP/1.1");
    assert_eq!(verbatim("CONNECT", b"x:1").unwrap(), "CONNECT x:1 HTTP/1.1");
    assert_eq!(
        verbatim("GET", b"http://o/\\|").unwrap(),
        "GET http://o/\\| HTTP/1.1"
    );
    for target in [
        &b""[..],
        b"*",
        b"/a b",
        b"/a\r\nX: y",
        b"/\0",
        b"/\t",
        b"/\xe4",
        b"/a#b",
        b"/\x7f",
    ] {
        verbatim("GET", target).unwrap_err();
    }
}

/// SEC-201: a method that is no token is no `Method`, so it cannot get here.
#[test]
fn methods_are_tokens() {
    for bad in ["", "G T", "GET\r\n", "GET\0", "G\tT", "GÉT", "GET/", "GET:"] {
        assert!(Method::from_bytes(bad.as_bytes()).is_err(), "{bad:?}");
    }
    let custom = line("M-SEARCH", "http://h/", None, Target::Origin);
    assert_eq!(custom.unwrap(), "M-SEARCH / HTTP/1.1");
}

/// SEC-202, H1-03: what cannot be written cannot enter `Headers`, so no head can be made of it.
#[test]
fn fields_are_fields() {
    let mut headers = Headers::new();
    for value in [
        "a\rb",
        "a\nb",
        "a\r\nX: y",
        "a\0b",
        "a\x01",
        " a",
        "a\t",
        "\x7f",
    ] {
        assert!(headers.append("X", value).is_err(), "{value:?}");
    }
    for name in ["", "a b", "a:", "a\r\n", "é", "a\0"] {
        assert!(headers.append(name, "x").is_err(), "{name:?}");
    }
    assert!(headers.is_empty());
}

/// H1-02: exactly one Host, which may be empty but not anything.
#[test]
fn one_host() {
    let start = |fields: &[(&str, &str)]| {
        let mut out = Vec::new();
        let mut exchange = Exchange::new(ResponseLimits::default());
        let headers = pairs(fields);
        let result = exchange.start(&post(&url(), &headers, BodyLength::Empty), &mut out);
        assert_eq!(result.is_err(), out.is_empty());
        result.map_err(|error| (error.kind(), error.to_string()))
    };
    start(&[("Host", "")]).unwrap();
    start(&[("Host", "[::1]:80")]).unwrap();
    for bad in [
        &[("A", "b")][..],
        &[("Host", "a"), ("host", "a")],
        &[("Host", "a/b")],
        &[("Host", "u@a")],
        &[("Host", "a b")],
        &[("Host", "a\\b")],
        &[("Host", "ä")],
    ] {
        assert_eq!(start(bad).unwrap_err().0, Kind::LocalProtocol, "{bad:?}");
    }
}

/// SEC-207, H1-04: one framing field, which says what the body is.
#[test]
fn framing_of_requests() {
    use BodyLength::{Empty, Known, Unknown};
    let chunked = ("Transfer-Encoding", "chunked");
    let five = ("Content-Length", "5");
    for (fields, length) in [
        (&[chunked, five][..], Known(5)),
        (&[five, chunked], Unknown),
        (
            &[("content-length", "5"), ("TRANSFER-ENCODING", "chunked")],
            Unknown,
        ),
        (&[("Content-Length", "0"), chunked], Empty),
        (&[("Content-Length", "x"), chunked], Empty),
        (&[five, ("Transfer-Encoding", "gzip")], Known(5)),
        (&[chunked, chunked], Unknown),
        (&[("Transfer-Encoding", "gzip, chunked")], Unknown),
        (&[("Transfer-Encoding", "")], Unknown),
        (&[five], Known(4)),
        (&[five], Known(6)),
        (&[five], Empty),
        (&[("Content-Length", "")], Unknown),
        (&[("Content-Length", "+5")], Known(5)),
        (&[("Content-Length", "5, 6")], Known(5)),
        (&[("Content-Length", "000000000000000000005")], Known(5)),
        (&[five, ("content-length", "6")], Known(5)),
        (&[], Known(5)),
        (&[], Unknown),
    ] {
        let (result, out, mut exchange) = started(fields, length);
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol, "{fields:?}");
        assert_eq!(error.phase(), Some(Phase::Send));
        assert_eq!(out, b"before", "{fields:?}");
        assert!(exchange.head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
    // The same length twice is one length, and one field on the wire.
    for fields in [
        &[five, ("content-length", "5")][..],
        &[("Content-Length", "5, 5")],
        &[("Content-Length", "5 ,5"), five],
    ] {
        let (result, out, mut exchange) = started(fields, Known(5));
        result.unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(
            out.ends_with("\r\nHost: example.org\r\nContent-Length: 5\r\n\r\n"),
            "{out}"
        );
        assert_eq!(exchange.data(5, &mut Vec::new()).unwrap(), b"");
    }
}

/// H1-05, REQ-11: lower-case sizes, no empty chunk, no trailers.
#[test]
fn chunks_of_a_request() {
    let (result, _, mut exchange) =
        started(&[("transfer-encoding", "Chunked")], BodyLength::Known(29));
    result.unwrap();
    let mut out = Vec::new();
    for data in [&b"a"[..], b"", b"bc", &[b'x'; 26]] {
        let after = exchange.data(data.len(), &mut out).unwrap();
        out.extend_from_slice(data);
        out.extend_from_slice(after);
    }
    assert!(!exchange.request_done());
    exchange.end(None, &mut out).unwrap();
    assert!(exchange.request_done());
    let expected = "1\r\na\r\n2\r\nbc\r\n1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    let mut lines = Vec::new();
    for len in [0xF, 0x10, 0xFFF, 0x1000, usize::MAX] {
        encode::chunk_line(len, &mut lines);
    }
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(
        lines,
        format!("f\r\n10\r\nfff\r\n1000\r\n{:x}\r\n", usize::MAX)
    );
}

/// SEC-208: a body must have the length it was announced with; not one byte too many is announced.
#[test]
fn bodies_of_the_wrong_length() {
    let five = [("Content-Length", "5")];
    let mut out = Vec::new();
    let (_, _, mut exchange) = started(&five, BodyLength::Unknown);
    exchange.data(3, &mut out).unwrap();
    let error = exchange.data(3, &mut out).unwrap_err();
    assert_eq!(error.kind(), Kind::LocalProtocol);
    assert!(error.to_string().starts_with("Too much data"), "{error}");
    assert!(exchange.data(1, &mut out).is_err());

    let (_, _, mut exchange) = started(&five, BodyLength::Unknown);
    exchange.data(4, &mut out).unwrap();
    let error = exchange.end(None, &mut out).unwrap_err();
    assert_eq!(error.kind(), Kind::LocalProtocol);
    assert!(error.to_string().starts_with("Too little data"), "{error}");
    assert!(!exchange.request_done() && !exchange.reusable());
    assert!(exchange.end(None, &mut out).is_err());

    let (_, _, mut exchange) = started(&[], BodyLength::Empty);
    assert!(exchange.data(1, &mut out).is_err());
    assert!(out.is_empty());
}

/// SEC-211: a head of 1 MiB can be sent, one byte more cannot.
#[test]
fn heads_of_a_mebibyte() {
    let (_, out, _) = started(&[("X", "")], BodyLength::Empty);
    let room = (1 << 20) - (out.len() - b"before".len());
    let value = "x".repeat(room);
    started(&[("X", &value)], BodyLength::Empty).0.unwrap();
    let value = "x".repeat(room + 1);
    let (result, out, _) = started(&[("X", &value)], BodyLength::Empty);
    assert_eq!(result.unwrap_err().kind(), Kind::LocalProtocol);
    assert_eq!(out, b"before");
}

/// SEC-102: the verdict comes with the offending byte, not before it and not after it.
#[test]
fn status_line_is_judged_byte_by_byte() {
    for (bytes, at) in [
        (&b"XTTP"[..], 0),
        (b"HTTp/1.1", 3),
        (b"HTTP/2", 5),
        (b"HTTP/1.2 ", 7),
        (b"HTTP/1.1\t", 8),
        (b"HTTP/1.1 099", 9),
        (b"HTTP/1.1 20 ", 11),
        (b"HTTP/1.1 2000", 12),
        (b"HTTP/1.1 200 a\0", 14),
        (b"HTTP/1.1 200 a\rb", 15),
        (b"HTTP/1.1 200\rb", 13),
        (b"\r\n\r\n", 2),
        (b"\rH", 1),
    ] {
        let mut exchange = asked();
        for end in 1..=at {
            let step = exchange.head(&bytes[..end]);
            assert!(matches!(step, Ok(HeadStep::More { used: 0 })), "{end}");
        }
        let error = exchange.head(&bytes[..=at]).unwrap_err();
        assert_eq!(error.reason(), Some(Reason::BadStatusLine));
        assert_eq!(error.phase(), Some(Phase::Head));
        let mut exchange = asked();
        assert!(exchange.head(bytes).is_err());
    }
}

/// SEC-103: the message says what the peer seems to speak; R-LIM-17: its bytes are escaped and cut.
#[test]
fn messages_help_and_do_no_harm() {
    let says = |bytes: &[u8]| asked().head(bytes).unwrap_err().to_string();
    let tls = "the server answered with TLS on a plain connection";
    assert!(says(b"\x15\x03\x01\x00\x02\x02\x46").starts_with(tls));
    assert!(says(b"\x16\x03\x03").starts_with(tls));
    assert!(says(b"\0\0\x06\x04\0\0\0\0\0").contains("HTTP/2"));
    assert!(says(b"HTTP/2.0 200\r\n").contains("names a version"));
    assert!(says(b"SSH-2.0-x\r\n").contains("SSH"));
    assert!(says(b"220 mx ESMTP\r\n").contains("mail"));
    assert!(says(b"<html>").contains("document"));
    let nasty = says(b"\x1b[2J\x07evil\r\nmore");
    assert!(nasty.contains(r"'\x1b[2J\x07evil'"), "{nasty}");
    for bytes in [
        "X".repeat(5000),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "\x1b".repeat(5000)),
        format!("HTTP/1.1 200 OK\r\nA: b\r\nC: {}\r\n", "\0".repeat(5000)),
    ] {
        let text = says(bytes.as_bytes());
        assert!(
            text.len() < 1000 && !text.bytes().any(|b| b < b' '),
            "{text}"
        );
    }
}

/// The final head at the start of `input`.
fn parsed(input: &[u8]) -> (usize, ParsedHead) {
    match asked().head(input).unwrap() {
        HeadStep::Final { used, head } => (used, head),
        other => panic!("{other:?}"),
    }
}

fn list(headers: &Headers) -> Vec<(&str, &[u8])> {
    headers.iter().collect()
}

/// H1-22, H1-24, TRP-03: names keep their case, order and number; blanks around values go.
#[test]
fn fields_as_received() {
    let input = b"HTTP/1.1 200 OK\r\nB: 1\r\na:\t 2 \t\r\nb:\r\nA: 2\nC: \xe4\r\n\r\nrest";
    let (used, head) = parsed(input);
    assert_eq!(&input[used..], b"rest");
    assert_eq!(
        list(&head.headers),
        [
            ("B", &b"1"[..]),
            ("a", b"2"),
            ("b", b""),
            ("A", b"2"),
            ("C", b"\xe4")
        ]
    );
    assert_eq!(head.version, Version::HTTP_11);
    assert_eq!(parsed(b"HTTP/1.0 200\n\n").1.version, Version::HTTP_10);
}

/// SEC-109, H1-23, TRP-01: a fold is one space, and what is in it stays a value.
#[test]
fn folded_fields() {
    let (_, head) = parsed(
        b"HTTP/1.1 200 OK\r\nA: 1 \r\n\t 2\r\n  3  \r\nB:\r\n x\r\nC: y\r\n \r\nD: z\n Content-Length: 9\n\n",
    );
    assert_eq!(
        list(&head.headers),
        [
            ("A", &b"1 2 3"[..]),
            ("B", b"x"),
            ("C", b"y"),
            ("D", b"z Content-Length: 9")
        ]
    );
}

/// SEC-111, SEC-115, SEC-125: what decides nothing is still shown.
#[test]
fn framing_fields_stay_visible() {
    let (_, head) = parsed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2, 2\r\n\r\n");
    assert_eq!(
        list(&head.headers),
        [("Content-Length", &b"2"[..]), ("content-length", b"2, 2")]
    );
    let (_, head) =
        parsed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(head.headers.len(), 2);
    let (_, head) = parsed(b"HTTP/1.1 304 X\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(head.headers.get_bytes("content-length"), Some(&b"2"[..]));
}

/// TRP-02, RES-03: the reason is kept as it came, unless it is the usual one.
#[test]
fn reasons() {
    let reason = |line: &str| {
        parsed(format!("HTTP/1.1 {line}\r\n\r\n").as_bytes())
            .1
            .reason
    };
    assert_eq!(reason("200 OK"), None);
    assert_eq!(reason("404 Not Found"), None);
    assert_eq!(reason("200 ok").as_deref(), Some(&b"ok"[..]));
    assert_eq!(reason("200 ").as_deref(), Some(&b""[..]));
    assert_eq!(reason("200").as_deref(), Some(&b""[..]));
    assert_eq!(reason("799 Odd").as_deref(), Some(&b"Odd"[..]));
    assert_eq!(
        reason("200 sch\u{f6}n").as_deref(),
        Some("sch\u{f6}n".as_bytes())
    );
    // Where the table of COD-02 and the `http` crate disagree, COD-02 is the usual one.
    for (line, usual) in [
        ("203 Non-Authoritative Information", true),
        ("203 Non Authoritative Information", false),
        ("413 Payload Too Large", false),
        ("413 Request Entity Too Large", true),
        ("414 URI Too Long", false),
        ("416 Range Not Satisfiable", false),
    ] {
        let kept = (!usual).then(|| &line.as_bytes()[4..]);
        assert_eq!(reason(line).as_deref(), kept, "{line}");
    }
}

/// H1-25, TRP-01: more fields than the parser's first array holds.
#[test]
fn many_fields() {
    for count in [31, 32, 33, 64, 65, 3000] {
        let fields: String = (0..count).map(|n| format!("N{n}: {n}\r\n")).collect();
        let (_, head) = parsed(format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes());
        assert_eq!(head.headers.len(), count);
        let last = format!("n{}", count - 1);
        assert_eq!(head.headers.get(&last).unwrap(), (count - 1).to_string());
    }
}

/// H1-27, SEC-122: interim heads are handed over one by one, the final one after them.
#[test]
fn interim_heads() {
    let mut exchange = asked();
    let mut input: &[u8] =
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    let HeadStep::Interim { used, head } = exchange.head(input).unwrap() else {
        panic!("interim");
    };
    assert_eq!(head.status, 103);
    assert_eq!(head.headers.get("link").as_deref(), Some("</a>"));
    assert!(!exchange.response_done());
    input = &input[used..];
    let HeadStep::Final { used, head } = exchange.head(input).unwrap() else {
        panic!("final");
    };
    assert_eq!((head.status.as_u16(), used), (204, input.len()));
    assert!(exchange.response_done() && exchange.reusable());
}

/// SEC-120, H1-34: trailers are kept apart from the headers and change nothing.
#[test]
fn trailers_are_kept_apart() {
    let input = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: head\r\n\r\n\
        1\r\nx\r\n0\r\nA: tail\r\nContent-Length: 9\r\nConnection: close\r\nB: 1\r\n 2\r\n\r\n";
    let outcome = Play::default().run([&input[..]]);
    assert_eq!(outcome.end, End::Reuse);
    assert_eq!(
        list(&outcome.headers),
        [("Transfer-Encoding", &b"chunked"[..]), ("A", b"head")]
    );
    assert_eq!(
        list(&outcome.trailers.unwrap()),
        [
            ("A", &b"tail"[..]),
            ("Content-Length", b"9"),
            ("Connection", b"close"),
            ("B", b"1 2")
        ]
    );
}

/// SEC-128, H1-32: an early end says how much there was and how much there should have been.
#[test]
fn early_ends() {
    let mut exchange = asked();
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    exchange.head(head).unwrap();
    assert_eq!(exchange.content_length(), Some(10));
    let piece = exchange.body(b"abc", usize::MAX).unwrap();
    assert_eq!(piece, Piece::Data { skip: 0, len: 3 });
    let error = exchange.body_eof().unwrap_err();
    assert_eq!(error.kind(), Kind::RemoteProtocol);
    assert_eq!(error.reason(), Some(Reason::Incomplete));
    assert_eq!(error.phase(), Some(Phase::Body));
    assert_eq!(
        (error.bytes_received(), error.bytes_expected()),
        (Some(3), Some(10))
    );
    let text = "peer closed connection without sending complete message body \
        (received 3 bytes, expected 10)";
    assert!(error.to_string().starts_with(text), "{error}");

    let mut exchange = asked();
    exchange
        .head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    exchange.body(b"5\r\nab", usize::MAX).unwrap();
    let error = exchange.body_eof().unwrap_err();
    assert_eq!(
        (error.bytes_received(), error.bytes_expected()),
        (Some(2), None)
    );
    assert!(
        error.to_string().contains("(incomplete chunked read)"),
        "{error}"
    );
    assert!(exchange.body(b"c", usize::MAX).is_err());

    let error = asked().head_eof(false);
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Read, Some(Reason::ServerDisconnected))
    );
    let text = "Server disconnected without sending a response";
    assert!(error.to_string().starts_with(text), "{error}");
    let error = asked().head_eof(true);
    assert_eq!(error.reason(), Some(Reason::Incomplete));
    assert_eq!(error.bytes_received(), Some(0));
}

/// SEC-133, H1-08, H1-40: an answer before the end of the request is read, and the connection is not used again.
#[test]
fn early_answers() {
    let answer = b"HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\n";
    let answered = |exchange: &mut Exchange| {
        exchange.head(answer).unwrap();
        exchange.body(b"ab", usize::MAX).unwrap();
        assert!(exchange.response_done());
    };
    let five = [("Content-Length", "5")];
    let (_, _, mut exchange) = started(&five, BodyLength::Known(5));
    answered(&mut exchange);
    assert!(!exchange.reusable());
    // The rest may still be sent, and then there is no doubt.
    exchange.data(5, &mut Vec::new()).unwrap();
    exchange.end(None, &mut Vec::new()).unwrap();
    assert!(exchange.reusable());

    let (_, _, mut exchange) = started(&five, BodyLength::Known(5));
    exchange.abandon_request();
    answered(&mut exchange);
    assert!(!exchange.reusable());
    assert!(exchange.data(5, &mut Vec::new()).is_err());

    // Given up after all was announced: it may not have been written.
    let (_, _, mut exchange) = started(&[], BodyLength::Empty);
    exchange.abandon_request();
    answered(&mut exchange);
    assert!(!exchange.reusable());
}

/// H1-40, SEC-131: the request's own `close` counts; SEC-132: after HTTP/1.0 the next request is still HTTP/1.1.
#[test]
fn who_closes() {
    let (_, _, mut exchange) = started(&[("Connection", "foo, Close")], BodyLength::Empty);
    exchange.head(b"HTTP/1.1 204 X\r\n\r\n").unwrap();
    assert!(exchange.response_done() && !exchange.reusable());
    assert!(ask(&mut exchange).is_err());

    let mut exchange = asked();
    exchange
        .head(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    assert!(exchange.reusable());
    let headers = pairs(&[("Host", "h")]);
    let mut out = Vec::new();
    exchange
        .start(&post(&url(), &headers, BodyLength::Empty), &mut out)
        .unwrap();
    assert!(out.starts_with(b"POST /a?b=c HTTP/1.1\r\n"));
    assert!(!exchange.reusable() && !exchange.response_done());
}

/// SEC-134: framing is decided once; steps out of order are errors, never another reading of the bytes.
#[test]
fn steps_out_of_order() {
    let fresh = || Exchange::new(ResponseLimits::default());
    let unasked = fresh().head(b"HTTP/1.1 200 OK\r\n\r\n").unwrap_err();
    assert_eq!(unasked.reason(), Some(Reason::Unsolicited));
    assert!(fresh().body(b"x", 1).is_err());
    assert!(fresh().body_eof().is_err());
    assert!(fresh().took(1).is_err());
    assert!(fresh().data(1, &mut Vec::new()).is_err());
    assert!(fresh().end(None, &mut Vec::new()).is_err());
    assert!(!fresh().reusable() && !fresh().request_done() && !fresh().switched());
    // Two requests at once (H1-10).
    assert!(ask(&mut asked()).is_err());

    let mut exchange = asked();
    assert!(exchange.body(b"x", 1).is_err(), "body before head");
    let failed = |exchange: &mut Exchange| {
        assert!(exchange.head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(exchange.body(b"x", 1).is_err());
        assert!(exchange.body_eof().is_err());
        assert!(exchange.took(0).is_err());
        assert!(exchange.data(1, &mut Vec::new()).is_err());
        assert!(exchange.end(None, &mut Vec::new()).is_err());
        assert!(ask(exchange).is_err());
        exchange.abandon_request();
        assert!(!exchange.reusable() && !exchange.response_done() && exchange.direct() == 0);
    };
    failed(&mut exchange);

    let mut exchange = asked();
    exchange
        .head(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        .unwrap();
    assert!(
        exchange.head(b"HTTP/1.1 200 OK\r\n\r\n").is_err(),
        "head after head"
    );
    failed(&mut exchange);

    let mut exchange = asked();
    exchange
        .head(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        .unwrap();
    assert_eq!(exchange.direct(), 5);
    exchange.took(5).unwrap();
    assert_eq!((exchange.received(), exchange.direct()), (5, 0));
    assert_eq!(exchange.body(b"x", 1).unwrap(), Piece::End { used: 0 });
    exchange.body_eof().unwrap();
    assert!(!exchange.reusable(), "the peer has closed");

    let mut exchange = asked();
    exchange
        .head(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        .unwrap();
    assert!(exchange.took(6).is_err(), "more than there is");
    failed(&mut exchange);
}

/// SEC-119, SEC-126: bytes that belong to nobody are never handed out.
#[test]
fn bytes_of_nobody() {
    let outcome = Play::default()
        .run([&b"HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 200 OK\r\n\r\n"[..]]);
    assert!(outcome.body.is_empty());
    assert_eq!(outcome.used, 37);
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let outcome = Play::default().run([format!("{head}2\r\nabX\r\n").as_bytes()]);
    assert_eq!(outcome.body, b"ab");
    assert_eq!(outcome.error.unwrap().reason(), Some(Reason::BadChunk));
}

/// R-LIM-13, SEC-112: nothing is reserved from what a peer announces, which here would be half of all memory there
/// can be; `direct` is bounded by the limit on bodies.
#[test]
fn announced_sizes_reserve_nothing() {
    let mut exchange = asked();
    exchange
        .head(b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n")
        .unwrap();
    assert_eq!(exchange.direct(), i64::MAX as u64);
    let piece = exchange.body(b"ab", 9).unwrap();
    assert_eq!(piece, Piece::Data { skip: 0, len: 2 });

    let mut exchange = asked();
    exchange.set_limits(ResponseLimits::default().body(7));
    exchange.head(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    assert_eq!(exchange.direct(), 7);
    exchange.took(7).unwrap();
    assert_eq!(exchange.direct(), 0);
    assert_eq!(exchange.body(b"", 9).unwrap(), Piece::More { used: 0 });
    let error = exchange.body(b"x", 9).unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Limit, Some(Reason::BodyTooLarge))
    );
}

/// R-LIM-18: a head of 256 KiB and a chunk line, byte by byte, in linear time. Each look gets the whole buffer.
#[test]
fn drips_are_linear() {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    for _ in 0..4 {
        head.extend_from_slice(format!("A: {}\r\n", "a".repeat(65_000)).as_bytes());
    }
    head.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
    let begun = std::time::Instant::now();
    let mut exchange = asked();
    for end in 1..head.len() {
        let step = exchange.head(&head[..end]).unwrap();
        assert!(matches!(step, HeadStep::More { used: 0 }));
    }
    assert!(matches!(exchange.head(&head), Ok(HeadStep::Final { .. })));
    for byte in format!("1;{}\r", "e".repeat(4000)).bytes() {
        let step = exchange.body(&[byte], 1).unwrap();
        assert_eq!(step, Piece::More { used: 1 });
    }
    // Without optimisation; looking from the start each time takes minutes.
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

/// R-LIM-14: equal names and large values cost no more than their bytes.
#[test]
fn many_equal_fields_are_linear() {
    let begun = std::time::Instant::now();
    for field in [
        "Content-Length: 1\r\n",
        "Connection: a\r\n",
        "Set-Cookie: a=b\r\n",
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n{}\r\n",
            field.repeat(4095)
        );
        assert_eq!(parsed(head.as_bytes()).1.headers.len(), 4096);
    }
    let list = "1,".repeat(30_000);
    parsed(format!("HTTP/1.1 200 OK\r\nContent-Length: {list}1\r\n\r\n").as_bytes());
    assert!(begun.elapsed().as_millis() < 1000, "{:?}", begun.elapsed());
}

/// What our encoder chunks our decoder gives back, however it is cut.
#[test]
fn chunks_there_and_back() {
    let data: Vec<u8> = (0..=255).collect();
    let pieces: Vec<&[u8]> = data.chunks(37).chain([&data[..1], b""]).collect();
    let mut wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    wire.extend(encode_chunks(&pieces));
    for size in [1, 2, 3, 7, 50, 1000] {
        let outcome = Play::default().run(wire.chunks(size));
        assert_eq!(outcome.body, pieces.concat());
        assert_eq!(outcome.end, End::Reuse);
    }
}
