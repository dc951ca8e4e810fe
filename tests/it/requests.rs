//! Request bodies: their headers, their framing on the wire, what happens when they fail or are needed again.

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::common::{client, fails, fails_on, names};
use super::driver::{Body, Client, Error, Kind, QueryParams, Request};
use crate::server::{Seen, Server, in_every_pace, ok, script};

/// What arrives when this body is sent by POST.
fn posted(body: impl Into<Body>) -> Seen {
    let server = Server::always(ok(""));
    client().post(server.url("/")).body(body).send().unwrap();
    server.only()
}

/// The framing and type on the wire.
fn framing(seen: &Seen) -> [Option<&str>; 3] {
    ["Content-Length", "Transfer-Encoding", "Content-Type"].map(|name| seen.header(name))
}

/// The sizes of the chunks on the wire, the last one of 0 bytes included.
fn chunk_sizes(seen: &Seen) -> Vec<usize> {
    let start = seen.raw.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let mut rest = &seen.raw[start..];
    let mut sizes = Vec::new();
    while !rest.is_empty() {
        let end = rest.windows(2).position(|w| w == b"\r\n").unwrap();
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(line, 16).unwrap();
        sizes.push(size);
        rest = &rest[end + 2 + size + 2..];
    }
    sizes
}

/// VEC-30
#[test]
fn a_streamed_post_byte_by_byte() {
    let server = Server::always(ok(""));
    let url = server.url("/a b?x=é#f");
    let body = Body::iter(["a", "", "bc"]);
    let client = client();
    let request = client.post(url).header("X-One", "1").header("Host", "h");
    request.body(body).send().unwrap();
    let codings = client.headers().get("accept-encoding");
    let codings = codings.map_or(String::new(), |c| format!("Accept-Encoding: {c}\r\n"));
    // The given Host stands where the automatic one would.
    let expected = format!(
        "POST /a%20b?x=%C3%A9 HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n{codings}Connection: keep-alive\r\n\
         User-Agent: papilio/{}\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n\r\n\
         1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(String::from_utf8_lossy(&server.only().raw), expected);
}

/// VEC-32, REQ-20
#[test]
fn forms() {
    let server = Server::always(ok(""));
    let client = client();
    let form = QueryParams::from([("a", [1, 2])])
        .add("b", true)
        .add("c", None::<u8>)
        .add("d", 1.5)
        .add("e f", "x y/~é");
    let cases = [
        (form, "a=1&a=2&b=true&c=&d=1.5&e+f=x+y%2F~%C3%A9"),
        ([("a", "1"), ("b", "2"), ("a", "3")].into(), "a=1&a=3&b=2"),
        (
            std::collections::BTreeMap::from([("k", vec!["x", "y"])]).into(),
            "k=x&k=y",
        ),
        ("a=1&b=%20".into(), "a=1&b=+"),
    ];
    for (form, expected) in cases {
        client.post(server.url("/")).form(form).send().unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.text(), expected);
        let length = expected.len().to_string();
        let form = Some("application/x-www-form-urlencoded");
        assert_eq!(framing(&seen), [Some(&*length), None, form]);
    }
    assert_eq!(server.seen()[0].header("content-length"), Some("41"));
}

/// REQ-20
#[cfg(feature = "json")]
#[test]
fn forms_from_structs() {
    #[derive(serde::Serialize)]
    struct Form<'a> {
        name: &'a str,
        age: Option<u8>,
        tags: Vec<&'a str>,
    }
    let form = Form {
        name: "Ada L",
        age: None,
        tags: vec!["x", "y"],
    };
    let client = client();
    let request = client
        .post("http://e.com")
        .form(QueryParams::from_serialize(&form).unwrap());
    let request = request.build().unwrap();
    assert_eq!(request.content().unwrap(), b"name=Ada+L&age=&tags=x&tags=y");
}

/// VEC-33, REQ-21
#[cfg(feature = "json")]
#[test]
fn json_is_compact_in_utf_8_and_in_order() {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        a: (u8, &'a str),
        b: Option<u8>,
    }
    let server = Server::always(ok(""));
    let document = Document {
        a: (1, "é"),
        b: None,
    };
    client()
        .post(server.url("/"))
        .json(&document)
        .send()
        .unwrap();
    let seen = server.only();
    assert_eq!(seen.text(), r#"{"a":[1,"é"],"b":null}"#);
    assert_eq!(framing(&seen), [Some("23"), None, Some("application/json")]);
    let json = |value: serde_json::Value| {
        let request = client().post("http://e.com").json(&value).build().unwrap();
        String::from_utf8(request.content().unwrap().to_vec()).unwrap()
    };
    assert_eq!(json(serde_json::Value::Null), "null");
    assert_eq!(json("a\"\n".into()), r#""a\"\n""#);
    let client = client();
    let infinite = client
        .post("http://e.com")
        .json(&f64::INFINITY)
        .build()
        .unwrap();
    assert_eq!(infinite.content().unwrap(), b"null");
    let ordered = client
        .post("http://e.com")
        .json(&[("z", 1), ("a", 2)])
        .build()
        .unwrap();
    assert_eq!(ordered.content().unwrap(), br#"[["z",1],["a",2]]"#);
}

/// REQ-22
#[cfg(feature = "json")]
#[test]
fn json_that_cannot_be_written_fails_before_the_network() {
    let server = Server::each([]);
    let map = std::collections::BTreeMap::from([((1, 2), 3)]);
    let error = client()
        .post(server.url("/"))
        .json(&map)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Json);
    assert!(std::error::Error::source(&error).is_some());
    let error = fails(|client| client.post(server.url("/")).json(&map).send());
    assert_eq!(error.kind(), Kind::Json);
    assert_eq!(server.connections(), 0);
}

#[test]
fn two_kinds_of_body_are_an_error() {
    let client = client();
    let post = || client.post("http://e.com");
    let both = [
        post().body("a").form([("b", 1)]).build(),
        post().form([("b", 1)]).body("a").build(),
    ];
    #[cfg(feature = "json")]
    let both = both.into_iter().chain([
        post().body("a").json(&1).build(),
        post().json(&1).form([("b", 1)]).build(),
    ]);
    for result in both {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.to_string().contains("both"), "{error}");
    }
    // The same kind again replaces it.
    let request = post().body("a").body("bc").build().unwrap();
    assert_eq!(request.content().unwrap(), b"bc");
}

/// REQ-03
#[test]
fn body_headers_of_ones_own_win() {
    let server = Server::always(ok(""));
    let client = client();
    let post = || client.post(server.url("/"));
    post()
        .header("content-type", "text/x")
        .form([("a", 1)])
        .send()
        .unwrap();
    post()
        .header("CONTENT-LENGTH", "3")
        .body("abc")
        .send()
        .unwrap();
    post()
        .header("Content-Length", "3")
        .body(Body::iter(["a", "bc"]))
        .send()
        .unwrap();
    let seen = server.seen();
    assert_eq!(framing(&seen[0]), [Some("3"), None, Some("text/x")]);
    assert_eq!(framing(&seen[1]), [Some("3"), None, None]);
    assert_eq!(framing(&seen[2]), [Some("3"), None, None]);
    assert!(names(&seen[1]).contains(&"CONTENT-LENGTH"));
    assert_eq!(seen[2].text(), "abc");
    // A client's default counts as given.
    let client = Client::builder()
        .header("Content-Type", "text/y")
        .build()
        .unwrap();
    let request = client
        .post("http://e.com")
        .form([("a", 1)])
        .build()
        .unwrap();
    let types: Vec<_> = request.headers.get_all("content-type").collect();
    assert_eq!(types, ["text/y"]);
}

/// REQ-04
#[test]
fn chunked_by_wish_is_chunked_only() {
    let server = Server::always(ok(""));
    let client = client();
    let post = || {
        client
            .post(server.url("/"))
            .header("transfer-encoding", "chunked")
    };
    post().body("abc").send().unwrap();
    post().form([("a", 1)]).send().unwrap();
    for seen in server.seen() {
        assert_eq!(seen.header("content-length"), None);
        assert_eq!(seen.text().len(), 3);
        assert_eq!(chunk_sizes(&seen), [3, 0]);
    }
}

/// VEC-34, REQ-05
#[test]
fn no_body() {
    let server = Server::always(ok(""));
    let client = client();
    for method in ["POST", "PUT", "PATCH"] {
        client.request(method, server.url("/")).send().unwrap();
        client
            .request(method, server.url("/"))
            .body("")
            .send()
            .unwrap();
        client
            .request(method, server.url("/"))
            .body(Vec::new())
            .send()
            .unwrap();
        client
            .request(method, server.url("/"))
            .form("")
            .send()
            .unwrap();
        client
            .send(Request::new(method, server.url("/")).unwrap())
            .unwrap();
    }
    for seen in server.seen() {
        assert_eq!(framing(&seen), [Some("0"), None, None], "{}", seen.head);
        assert_eq!(seen.body, b"");
    }
    let before = server.seen().len();
    for method in ["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "MKCOL"] {
        client.request(method, server.url("/")).send().unwrap();
        client
            .request(method, server.url("/"))
            .body("")
            .send()
            .unwrap();
        client
            .send(Request::new(method, server.url("/")).unwrap())
            .unwrap();
    }
    assert_eq!(server.seen().len(), before + 18);
    for seen in &server.seen()[before..] {
        assert_eq!(framing(seen), [None; 3], "{}", seen.head);
    }
}

/// REQ-06
#[test]
fn other_methods_may_have_a_body() {
    let server = Server::always(ok(""));
    for method in ["GET", "DELETE", "OPTIONS", "REPORT"] {
        client()
            .request(method, server.url("/"))
            .body("abc")
            .send()
            .unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(framing(&seen), [Some("3"), None, None]);
        assert_eq!(seen.text(), "abc");
    }
}

/// REQ-10
#[test]
fn bytes_and_text_have_a_length_and_no_type() {
    for (body, sent) in [
        (Body::from("né"), "né".as_bytes()),
        (Body::from(String::from("abc")), b"abc"),
        (Body::from(vec![0, 255]), b"\0\xff"),
        (Body::from(b"\r\n\r\n"), b"\r\n\r\n"),
        (Body::from(papilio::Bytes::from_static(b"abcd")), b"abcd"),
    ] {
        let seen = posted(body);
        let length = sent.len().to_string();
        assert_eq!(framing(&seen), [Some(&*length), None, None]);
        assert_eq!(seen.body, sent);
    }
}

/// REQ-11
#[test]
fn each_item_of_an_iterator_is_a_chunk() {
    let seen = posted(Body::iter(vec![&b"abc"[..], b"", b"d", &[7; 300], b""]));
    assert_eq!(framing(&seen), [None, Some("chunked"), None]);
    assert_eq!(chunk_sizes(&seen), [3, 1, 300, 0]);
    assert_eq!(seen.body.len(), 304);
    // Nothing at all is still a stream.
    let seen = posted(Body::iter(Vec::<&str>::new()));
    assert_eq!(framing(&seen), [None, Some("chunked"), None]);
    assert_eq!(chunk_sizes(&seen), [0]);
}

/// A file with this content that is removed at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("papilio-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// Notes how much is asked for at a time.
struct Asked<R>(R, Arc<Mutex<Vec<usize>>>);

impl<R: Read> Read for Asked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1.lock().unwrap().push(buffer.len());
        self.0.read(buffer)
    }
}

impl<R: Seek> Seek for Asked<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// REQ-12
#[test]
fn files_and_seekable_readers_are_sent_from_where_they_stand() {
    let content: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    let file = Temporary::new("seekable", &content);
    let seen = posted(Body::file(&file.0).unwrap());
    assert_eq!(framing(&seen), [Some("200000"), None, None]);
    assert_eq!(seen.body, content);
    let mut open = fs::File::open(&file.0).unwrap();
    open.seek(SeekFrom::Start(150_000)).unwrap();
    let seen = posted(Body::try_from(open).unwrap());
    assert_eq!(seen.header("content-length"), Some("50000"));
    assert_eq!(seen.body, &content[150_000..]);
    let mut cursor = Cursor::new(content.clone());
    cursor.set_position(3);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = posted(Body::seekable(Asked(cursor, Arc::clone(&asked))).unwrap());
    assert_eq!(seen.body, &content[3..]);
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|&size| size == 65_536), "{asked:?}");
    let missing = Body::file("/no/such/file").unwrap_err();
    assert_eq!(missing.kind(), Kind::Body);
    assert!(missing.to_string().contains("/no/such/file"));
}

/// REQ-13
#[test]
fn plain_readers_are_chunked_unless_their_length_is_given() {
    let content = vec![b'x'; 150_000];
    let seen = posted(Body::reader(Cursor::new(content.clone())));
    assert_eq!(framing(&seen), [None, Some("chunked"), None]);
    assert_eq!(chunk_sizes(&seen), [65_536, 65_536, 18_928, 0]);
    assert_eq!(seen.body, content);
    let seen = posted(Body::sized(Cursor::new(content.clone()), 150_000));
    assert_eq!(framing(&seen), [Some("150000"), None, None]);
    assert_eq!(seen.body, content);
}

/// REQ-14, SEC-208
#[test]
fn a_body_of_another_length_than_announced_fails() {
    let sized = |content: &'static str, length| Body::sized(content.as_bytes(), length);
    let cases: [(Body, Option<&str>, &str); 6] = [
        (sized("abc", 5), None, "Too little data"),
        (sized("abc", 2), None, "Too much data"),
        (Body::iter(["ab", "c"]), Some("5"), "Too little data"),
        (Body::iter(["ab", "c"]), Some("2"), "Too much data"),
        (Body::from("abc"), Some("5"), "Too little data"),
        (Body::from("abc"), Some("2"), "Too much data"),
    ];
    for (body, length, message) in cases {
        let server = Server::start(script().read().send(ok("")));
        let error = fails(|client| {
            let mut request = client.post(server.url("/"));
            if let Some(length) = length {
                request = request.header("Content-Length", length);
            }
            request.body(body).send()
        });
        assert_eq!(error.kind(), Kind::LocalProtocol);
        assert!(error.to_string().starts_with(message), "{error}");
        server.wait_until(|server| server.open() == 0);
        for seen in server.seen() {
            let announced: usize = seen.header("content-length").unwrap().parse().unwrap();
            assert!(seen.body.len() <= announced);
            assert!(!seen.complete || seen.body.len() == announced);
        }
    }
}

/// REQ-15
#[test]
fn a_body_that_fails_ends_the_request() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    let bodies = || {
        [
            Body::try_iter([Ok("begin"), Err("disk on fire")]),
            Body::reader((&b"begin"[..]).chain(Broken)),
            Body::sized((&b"begin"[..]).chain(Broken), 10),
        ]
    };
    for body in bodies() {
        let server = Server::start(script().read().send(ok("")));
        let error = fails(|client| client.post(server.url("/")).body(body).send());
        assert_eq!(error.kind(), Kind::Body);
        let mut source = std::error::Error::source(&error);
        let mut chain = String::new();
        while let Some(error) = source {
            chain.push_str(&error.to_string());
            source = error.source();
        }
        assert!(chain.contains("disk on fire"), "{chain:?}");
        server.wait_until(|server| server.open() == 0);
        assert!(server.seen().iter().all(|seen| !seen.complete));
    }
}

/// REQ-30
#[test]
fn which_bodies_can_be_sent_again() {
    let server = Server::always(ok(""));
    let client = client();
    let file = Temporary::new("again", b"from a file");
    let mut later = Cursor::new("xxfrom here");
    later.set_position(2);
    let cases: Vec<(Body, &str)> = vec![
        (Body::empty(), ""),
        (Body::from("text"), "text"),
        (Body::from(vec![b'b']), "b"),
        (Body::file(&file.0).unwrap(), "from a file"),
        (Body::seekable(later).unwrap(), "from here"),
        (Body::factory(|| Body::iter(["made ", "anew"])), "made anew"),
        (Body::factory(|| Body::from("bytes")), "bytes"),
        (Body::factory(|| Body::sized(&b"abc"[..], 3)), "abc"),
    ];
    for (body, sent) in cases {
        assert!(body.is_replayable());
        let mut request = client.post(server.url("/")).body(body).build().unwrap();
        for _ in 0..3 {
            request = client.send(request).unwrap().into_request().unwrap();
            assert_eq!(server.seen().pop().unwrap().text(), sent);
        }
    }
    for body in [
        Body::iter(["a"]),
        Body::reader(&b"a"[..]),
        Body::sized(&b"a"[..], 1),
    ] {
        assert!(!body.is_replayable());
        let request = client.post(server.url("/")).body(body).build().unwrap();
        let request = client.send(request).unwrap().into_request().unwrap();
        let before = server.seen().len();
        let error = fails_on(&client, |client| client.send(request));
        assert_eq!(error.kind(), Kind::StreamConsumed);
        assert_eq!(server.seen().len(), before);
    }
}

/// REQ-32
#[test]
fn content_is_there_for_bodies_in_memory() {
    let server = Server::always(ok(""));
    let client = client();
    let post = || client.post(server.url("/"));
    assert_eq!(
        post().body("abc").build().unwrap().content().unwrap(),
        b"abc"
    );
    assert_eq!(post().build().unwrap().content().unwrap(), b"");
    let mut request = post().body(Body::iter(["ab", "c"])).build().unwrap();
    assert_eq!(request.content().unwrap_err().kind(), Kind::RequestNotRead);
    assert_eq!(request.body.buffer().unwrap(), b"abc");
    assert_eq!(request.content().unwrap(), b"abc");
    assert!(request.body.is_replayable());
    assert_eq!(
        request.headers.get("transfer-encoding").as_deref(),
        Some("chunked")
    );
    let request = client.send(request).unwrap().into_request().unwrap();
    client.send(request).unwrap();
    for seen in server.seen() {
        assert_eq!(framing(&seen), [None, Some("chunked"), None]);
        assert_eq!(seen.text(), "abc");
    }
    // What was sent cannot be read any more.
    let request = post().body(Body::iter(["a"])).build().unwrap();
    let mut request = client.send(request).unwrap().into_request().unwrap();
    assert_eq!(
        request.body.buffer().unwrap_err().kind(),
        Kind::StreamConsumed
    );
}

/// REQ-33
#[test]
fn a_raw_request_has_no_headers_and_needs_a_host() {
    let server = Server::always(ok(""));
    let raw = || Request::raw("POST", server.url("/"), Body::iter(["abc"])).unwrap();
    assert!(raw().headers.is_empty());
    let error = fails(|client| client.send(raw()));
    assert_eq!(error.kind(), Kind::LocalProtocol);
    assert!(
        error.to_string().starts_with("Missing mandatory Host"),
        "{error}"
    );
    assert_eq!(server.connections(), 0);
    let mut request = raw();
    request.headers.append("Host", "h").unwrap();
    request.headers.append("Content-Length", "3").unwrap();
    client().send(request).unwrap();
    assert_eq!(
        server.only().head,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3"
    );
}

/// REQ-34
#[test]
fn debug_shows_method_and_masked_url() {
    let mut request = Request::new("post", "http://user:secret@e.com/?q").unwrap();
    request.headers.append("Authorization", "hidden").unwrap();
    let request = request.with_body("content");
    let text = format!("{request:?}");
    assert_eq!(text, "<Request('POST', 'http://user:[secure]@e.com/?q')>");
    let client = client();
    let builder = client.post("http://user:secret@e.com/").body("content");
    let text = format!("{builder:?}");
    assert!(
        !text.contains("secret") && !text.contains("content"),
        "{text}"
    );
}

/// REQ-35
#[test]
fn a_body_is_pulled_as_the_connection_takes_it() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let items = {
        let pulled = Arc::clone(&pulled);
        (0..1000).map(move |_| {
            pulled.fetch_add(1, Ordering::SeqCst);
            vec![0_u8; 64 << 10]
        })
    };
    // 64 MiB for a server that reads none of it for a while.
    let server = Server::start(
        script()
            .read_head()
            .sleep(Duration::from_millis(200))
            .read_body()
            .send(ok("got it")),
    );
    let client = client();
    thread::scope(|scope| {
        let request = client.post(server.url("/")).body(Body::iter(items));
        let upload = scope.spawn(|| request.send().map_err(Error::into_response));
        server.wait_until(|server| server.seen().len() == 1);
        thread::sleep(Duration::from_millis(100));
        let early = pulled.load(Ordering::SeqCst);
        assert!((1..500).contains(&early), "{early} items are on their way");
        let answer = upload.join().unwrap().unwrap();
        assert_eq!(answer.text(), "got it");
    });
    assert_eq!(pulled.load(Ordering::SeqCst), 1000);
    assert_eq!(server.only().body.len(), 1000 * (64 << 10));
}

/// SEC-133: the answer is there before the body is.
#[test]
fn an_early_answer_ends_the_upload() {
    in_every_pace(|pace| {
        let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch";
        let server = Server::start(script().read_head().send(refusal).stall().pace(pace));
        let client = client();
        let endless = std::iter::repeat_n(vec![0_u8; 64 << 10], 2000);
        let answer = client
            .post(server.url("/"))
            .body(Body::iter(endless))
            .send()
            .unwrap();
        assert_eq!(answer.status(), 413);
        assert_eq!(answer.text(), "much");
        // The rest of the upload was not sent, so nobody else may use the connection.
        super::common::clean_after(&client);
    });
}
