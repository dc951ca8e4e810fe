//! Headers as a value, and on the wire: order, defaults, Host.

use std::collections::BTreeMap;

use super::common::{client, fails, names};
use super::driver::{Client, HeaderEncoding, Headers, Kind, Request};
use crate::server::{Server, ok, response, script};

fn headers(pairs: &[(&str, &str)]) -> Headers {
    Headers::from_pairs(pairs.iter().copied()).unwrap()
}

fn fields(headers: &Headers) -> Vec<(&str, &str)> {
    headers
        .iter()
        .map(|(name, value)| (name, std::str::from_utf8(value).unwrap()))
        .collect()
}

/// HDR-01
#[test]
fn keeps_every_field_with_its_case_and_order() {
    let pairs = [("B", "1"), ("a", "2"), ("b", "3"), ("C-d", "")];
    let headers = headers(&pairs);
    assert_eq!(fields(&headers), pairs);
    assert_eq!(fields(&headers.clone()), pairs);
    assert_eq!(headers.get("C-D").as_deref(), Some(""));
    assert!(headers.contains("A") && !headers.contains("d"));
    assert_eq!(Headers::new().len(), 0);
    assert!(Headers::new().is_empty() && Headers::default().is_empty());
    let map = BTreeMap::from([("X-One", "1"), ("X-Two", "2")]);
    assert_eq!(
        fields(&Headers::from_pairs(map).unwrap()),
        [("X-One", "1"), ("X-Two", "2")]
    );
}

/// HDR-02, HDR-06
#[test]
fn reads_one_all_and_split_values() {
    let headers = headers(&[
        ("Set", "a, b"),
        ("Other", "x"),
        ("set", "c ,d,"),
        ("SET", ""),
    ]);
    assert_eq!(headers.get("set").as_deref(), Some("a, b, c ,d,, "));
    let all: Vec<_> = headers.get_all("sEt").collect();
    assert_eq!(all, ["a, b", "c ,d,", ""]);
    assert_eq!(headers.get_list_split("Set"), ["a", "b", "c", "d", "", ""]);
    assert_eq!(headers.get_bytes("set"), Some(&b"a, b"[..]));
    assert_eq!(headers.get("missing"), None);
    assert_eq!(headers.get_bytes("missing"), None);
    assert_eq!(headers.get_all("missing").count(), 0);
    assert!(headers.get_list_split("").is_empty());
}

/// HDR-03
#[test]
fn lists_fields_items_and_names() {
    let headers = headers(&[("B", "1"), ("a", "2"), ("b", "3")]);
    assert_eq!(fields(&headers), [("B", "1"), ("a", "2"), ("b", "3")]);
    let multi: Vec<_> = headers.multi_items().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned().into());
    assert_eq!(multi, [pair("b", "1"), pair("a", "2"), pair("b", "3")]);
    let items: Vec<_> = headers.items().collect();
    assert_eq!(items, [pair("b", "1, 3"), pair("a", "2")]);
    assert_eq!(headers.keys().collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(headers.len(), 3);
}

/// HDR-04
#[test]
fn insert_replaces_the_first_in_place() {
    let mut headers = headers(&[("A", "1"), ("B", "2"), ("a", "3"), ("C", "4")]);
    headers.insert("b", "5").unwrap();
    headers.insert("aA", "6").unwrap();
    headers.insert("a", "7").unwrap();
    assert_eq!(
        fields(&headers),
        [("a", "7"), ("b", "5"), ("C", "4"), ("aA", "6")]
    );
}

/// HDR-05
#[test]
fn update_append_and_remove() {
    let mut left = headers(&[("A", "1"), ("B", "2"), ("a", "3")]);
    left.update(&headers(&[("C", "4"), ("a", "5"), ("A", "6")]));
    assert_eq!(
        fields(&left),
        [("B", "2"), ("C", "4"), ("a", "5"), ("A", "6")]
    );
    left.append("b", "7").unwrap();
    assert_eq!(left.get("B").as_deref(), Some("2, 7"));
    assert!(left.remove("a"));
    assert!(!left.remove("a"));
    assert_eq!(fields(&left), [("B", "2"), ("C", "4"), ("b", "7")]);
    assert_eq!(left.len(), 3);
    left.clear();
    assert!(left.is_empty());
}

/// HDR-07
#[test]
fn text_is_stored_as_utf_8_and_other_bytes_as_they_are() {
    let mut headers = headers(&[("X", "é")]);
    assert_eq!(headers.get_bytes("x"), Some("é".as_bytes()));
    headers.insert("X", "ü").unwrap();
    assert_eq!(headers.get_bytes("x"), Some("ü".as_bytes()));
    headers.append("Y", b"\xe9").unwrap();
    assert_eq!(headers.get_bytes("y"), Some(&b"\xe9"[..]));
    let error = headers.append("naïve", "x").unwrap_err();
    assert_eq!(error.kind(), Kind::LocalProtocol);
    let sent = Server::always(ok(""));
    client()
        .get(sent.url("/"))
        .header("X", "é")
        .header("Y", b"\xe9")
        .send()
        .unwrap();
    let raw = sent.only().raw;
    for line in [&b"\r\nX: \xc3\xa9\r\n"[..], b"\r\nY: \xe9\r\n"] {
        assert!(raw.windows(line.len()).any(|window| window == line));
    }
}

/// HDR-08
#[test]
fn values_read_as_ascii_utf_8_or_latin_1_over_the_whole_block() {
    use HeaderEncoding::{Ascii, Latin1, Utf8};
    let cases: [(&[u8], &[u8], HeaderEncoding, &str); 4] = [
        (b"abc", b"x", Ascii, "abc"),
        (b"\xc3\xa9", b"x", Utf8, "é"),
        // One value that is not UTF-8 decides for all.
        (b"\xc3\xa9", b"\xe9", Latin1, "Ã©"),
        (b"\xe9", b"x", Latin1, "é"),
    ];
    for (value, other, encoding, text) in cases {
        let mut headers = Headers::new();
        headers.append("A", value).unwrap();
        headers.append("B", other).unwrap();
        assert_eq!(headers.encoding(), encoding);
        assert_eq!(headers.get("a").as_deref(), Some(text));
        assert_eq!(headers.get_bytes("a"), Some(value));
        headers.set_encoding(Latin1);
        let latin: String = value.iter().copied().map(char::from).collect();
        assert_eq!(headers.encoding(), Latin1);
        assert_eq!(headers.get("a").as_deref(), Some(&*latin));
        headers.set_encoding(Ascii);
        let ascii = latin.replace(|c: char| !c.is_ascii(), "\u{FFFD}");
        assert_eq!(headers.get("a").as_deref(), Some(&*ascii));
    }
    let mut received = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ".to_vec();
    received.extend_from_slice(b"\xe9\r\n\r\n");
    let server = Server::start(script().read().send(received));
    let answer = client().get(server.url("/")).send().unwrap();
    assert_eq!(answer.headers().get("x").as_deref(), Some("é"));
}

/// HDR-09
#[test]
fn what_cannot_be_sent_is_refused_at_entry_and_nothing_goes_out() {
    let server = Server::each([]);
    let url = server.url("/");
    let names = ["", "a b", "a:", "a\r\nb", "a\0", "é", "(a)", " a", "a "];
    let values = [
        "a\r\nEvil: yes",
        "a\nb",
        "a\rb",
        "a\0b",
        " a",
        "a ",
        "\ta",
        "a\t",
        "\x1b",
        "\x7f",
    ];
    let cases = names
        .iter()
        .map(|name| (*name, "x"))
        .chain(values.iter().map(|value| ("X-Name", *value)));
    for (name, value) in cases {
        let refused = [
            Headers::from_pairs([(name, value)]).map(drop),
            Headers::new().append(name, value),
            Headers::new().insert(name, value),
            Client::builder().header(name, value).build().map(drop),
            papilio::get(&url).header(name, value).send().map(drop),
        ];
        for result in refused {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), Kind::LocalProtocol, "{name:?} {value:?}");
            assert!(!error.to_string().contains(['\r', '\n', '\0', '\x1b']));
        }
        let error = fails(|client| client.get(&url).header(name, value).send());
        assert_eq!(error.kind(), Kind::LocalProtocol);
    }
    assert_eq!(server.connections(), 0);
    let server = Server::always(ok(""));
    let client = client();
    let tabs = client
        .get(server.url("/"))
        .header("X", "a\tb c")
        .header("Empty", "");
    tabs.send().unwrap();
    assert_eq!(server.only().header("x"), Some("a\tb c"));
    assert_eq!(server.only().header("empty"), Some(""));
}

/// HDR-10
#[test]
fn equality_ignores_order_and_the_case_of_names() {
    let left = headers(&[("A", "1"), ("b", "2"), ("a", "1")]);
    assert_eq!(left, headers(&[("B", "2"), ("a", "1"), ("A", "1")]));
    assert_ne!(left, headers(&[("A", "1"), ("b", "2")]));
    assert_ne!(left, headers(&[("A", "1"), ("b", "2"), ("a", "3")]));
    assert_ne!(headers(&[("A", "x")]), headers(&[("A", "X")]));
    assert_eq!(headers(&[]), Headers::new());
}

/// HDR-11
#[test]
fn debug_masks_secrets() {
    let mut all = headers(&[("Authorization", "Basic c2VjcmV0"), ("X-Open", "yes")]);
    assert_eq!(
        format!("{all:?}"),
        r#"{"authorization": "[secure]", "x-open": "yes"}"#
    );
    for name in ["Proxy-Authorization", "COOKIE", "Set-Cookie", "set-cookie"] {
        all.append(name, "hidden=1").unwrap();
    }
    assert_eq!(
        format!("{all:?}"),
        r#"[("authorization", "[secure]"), ("x-open", "yes"), ("proxy-authorization", "[secure]"), ("cookie", "[secure]"), ("set-cookie", "[secure]"), ("set-cookie", "[secure]")]"#
    );
    let client = Client::builder().headers(&all).build().unwrap();
    for text in [
        format!("{client:?}"),
        format!("{:#?}", Client::builder().headers(&all)),
    ] {
        assert!(!text.contains("c2Vj") && !text.contains("hidden"), "{text}");
        assert!(
            text.contains("[secure]") && text.contains("x-open"),
            "{text}"
        );
    }
}

/// HDR-20
#[test]
fn a_client_has_four_default_headers() {
    let built_in: [(bool, &[&str]); 3] = [
        (cfg!(feature = "gzip"), &["gzip", "deflate"]),
        (cfg!(feature = "brotli"), &["br"]),
        (cfg!(feature = "zstd"), &["zstd"]),
    ];
    let codings: Vec<&str> = built_in
        .iter()
        .filter(|(on, _)| *on)
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    let codings = codings.join(", ");
    let agent = format!("papilio/{}", env!("CARGO_PKG_VERSION"));
    let mut expected = vec![
        ("Accept", "*/*"),
        ("Accept-Encoding", &codings),
        ("Connection", "keep-alive"),
        ("User-Agent", &agent),
    ];
    if codings.is_empty() {
        expected.remove(1);
    }
    assert_eq!(fields(Client::new().headers()), expected);
}

/// HDR-21
#[test]
fn host_is_first_on_the_wire_and_the_rest_in_order_and_case() {
    let server = Server::always(ok(""));
    let mut request = Request::new("GET", server.url("/")).unwrap();
    request.headers.clear();
    for (name, value) in [("x-B", "1"), ("X-a", "2"), ("hOST", "h"), ("X-A", "3")] {
        request.headers.append(name, value).unwrap();
    }
    client().send(request).unwrap();
    assert_eq!(names(&server.only()), ["hOST", "x-B", "X-a", "X-A"]);
}

#[test]
fn the_order_of_a_built_request() {
    let server = Server::always(ok(""));
    let client = Client::builder().header("X-Client", "1").build().unwrap();
    let without = |name: &str| {
        let all = ["Accept", "Accept-Encoding", "Connection", "User-Agent"];
        let none = client.headers().get("accept-encoding").is_none();
        let kept = |n: &&&str| **n != name && !(none && **n == "Accept-Encoding");
        all.iter()
            .filter(kept)
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let own = || {
        client
            .post(server.url("/"))
            .header("X-Own", "2")
            .header("accept", "3")
    };
    own().send().unwrap();
    own().body("text").send().unwrap();
    own().form([("a", "1")]).send().unwrap();
    own().body(papilio::Body::iter(["a"])).send().unwrap();
    let defaults = without("Accept");
    let expected = [
        format!("Host Content-Length {defaults} X-Client X-Own accept"),
        format!("Host {defaults} X-Client X-Own accept Content-Length"),
        format!("Host {defaults} X-Client X-Own accept Content-Length Content-Type"),
        format!("Host {defaults} X-Client X-Own accept Transfer-Encoding"),
    ];
    for (seen, expected) in server.seen().iter().zip(expected) {
        assert_eq!(names(seen).join(" "), expected);
    }
    assert_eq!(server.seen().len(), 4);
}

/// HDR-23
#[test]
fn a_host_of_ones_own_changes_nothing_but_itself() {
    let server = Server::always(ok(""));
    client()
        .get(server.url("/"))
        .header("host", "other.test:9")
        .send()
        .unwrap();
    let seen = server.only();
    assert_eq!(seen.header("host"), Some("other.test:9"));
    assert_eq!(names(&seen)[0], "host");

    for (url, host) in [
        ("http://example.org/", "example.org"),
        ("http://example.org:80/", "example.org"),
        ("http://EXAMPLE.org:8080/", "example.org:8080"),
        ("https://[::1]:443/", "[::1]"),
        ("http://u:p@müller.de/", "xn--mller-kva.de"),
    ] {
        let request = client().get(url).build().unwrap();
        assert_eq!(request.headers.get("host").as_deref(), Some(host));
        assert_eq!(
            request.headers.get("host"),
            Some(request.url.netloc().into())
        );
    }
    for host in ["a@b", "a/b", "a b", "a, b", "é.de", "a#b", "a?b", "a\\b"] {
        let error = fails(|client| client.get(server.url("/")).header("Host", host).send());
        assert_eq!(error.kind(), Kind::LocalProtocol, "{host}");
    }
    let two = fails(|client| {
        let request = client
            .get(server.url("/"))
            .header("Host", "a")
            .header("host", "a");
        request.send()
    });
    assert_eq!(two.kind(), Kind::LocalProtocol);
    assert_eq!(server.seen().len(), 1);
}

/// HDR-23
#[cfg(feature = "tls")]
#[test]
fn a_host_of_ones_own_does_not_change_the_name_in_tls() {
    use crate::server::tls::{Identity, ca_pem};
    let server = Server::start_tls(script().serve(|_| ok("")), Identity::Good);
    let client = crate::common::one_slot()
        .add_root_certificate(ca_pem())
        .build()
        .unwrap();
    let request = client
        .get(server.url_on("localhost", "/"))
        .header("Host", "other.test");
    request.send().unwrap();
    let seen = server.only();
    assert_eq!(seen.server_name.as_deref(), Some("localhost"));
    assert_eq!(seen.header("host"), Some("other.test"));
}

#[test]
fn received_headers_keep_order_case_and_repeats() {
    let fields = [
        ("Set-Cookie", "a=1"),
        ("X-b", "é"),
        ("set-cookie", "b=2; x"),
    ];
    let server = Server::always(response("200 OK", &fields, "x"));
    let answer = client().get(server.url("/")).send().unwrap();
    let received: Vec<_> = self::fields(answer.headers());
    assert_eq!(received[0], ("Content-Length", "1"));
    assert_eq!(received[1..], fields);
}
