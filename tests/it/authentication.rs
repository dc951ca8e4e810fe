//! Authentication through a whole client: who is asked, what is sent, in how many rounds.
//!
//! The digest server here checks every answer with hashes of its own.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use super::driver::{
    Auth, AuthFlow, AuthStep, BasicAuth, BearerAuth, Body, Client, DigestAuth, Error, FunctionAuth,
    Kind, NetrcAuth, Request, Response, ResponseHead, Result,
};
use md5::{Digest, Md5};
use sha2::Sha256;

use super::common::{empty, fails_on, mocked, moved, one_slot, statuses};
use crate::alone::alone;
use crate::server::{Seen, Server, ok, response};

const BASIC: &str = "Basic dTpw";

fn some(value: &str) -> Option<String> {
    Some(value.to_owned())
}

/// The parameters of `Authorization: Digest`, names in the order they came.
fn parameters(authorization: &str) -> Vec<(String, String)> {
    let mut rest = authorization.strip_prefix("Digest ").unwrap();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').unwrap();
        let mut value = String::new();
        if let Some(quoted) = after.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (_, '\\') => value.push(chars.next().unwrap().1),
                    (at, '"') => break at + 1,
                    (_, other) => value.push(other),
                }
            };
            rest = &quoted[end..];
        } else {
            let end = after.find(',').unwrap_or(after.len());
            value.push_str(&after[..end]);
            rest = &after[end..];
        }
        found.push((name.to_owned(), value));
        rest = rest.strip_prefix(", ").unwrap_or(rest);
    }
    found
}

fn hex<D: Digest>(text: impl AsRef<[u8]>) -> String {
    D::digest(text.as_ref())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What a server does with an answer: everything computed anew from the password it knows.
fn is_right(method: &str, target: &str, body: &[u8], authorization: &str) -> bool {
    let all: HashMap<_, _> = parameters(authorization).into_iter().collect();
    let of = |name: &str| all.get(name).map(String::as_str).unwrap_or_default();
    let hash = |text: &[u8]| match of("algorithm") {
        "MD5" | "MD5-sess" => hex::<Md5>(text),
        "SHA-256" => hex::<Sha256>(text),
        "SHA" => hex::<sha1::Sha1>(text),
        "SHA-512" => hex::<sha2::Sha512>(text),
        other => panic!("algorithm {other}"),
    };
    let (nonce, count, client) = (of("nonce"), of("nc"), of("cnonce"));
    let mut secret = hash(format!("{}:{}:Circle of Life", of("username"), of("realm")).as_bytes());
    if of("algorithm").ends_with("-sess") {
        secret = hash(format!("{secret}:{nonce}:{client}").as_bytes());
    }
    let mut subject = format!("{method}:{target}");
    if of("qop") == "auth-int" {
        subject = format!("{subject}:{}", hash(body));
    }
    let subject = hash(subject.as_bytes());
    let expected = match of("qop") {
        "" => hash(format!("{secret}:{nonce}:{subject}").as_bytes()),
        qop => hash(format!("{secret}:{nonce}:{count}:{client}:{qop}:{subject}").as_bytes()),
    };
    of("uri") == target && of("username") == "Mufasa" && of("response") == expected
}

fn right(seen: &Seen) -> bool {
    seen.header("authorization")
        .is_some_and(|value| is_right(&seen.method, &seen.target, &seen.body, value))
}

fn mufasa() -> DigestAuth {
    DigestAuth::new("Mufasa", "Circle of Life")
}

fn challenge(parameters: &str) -> Vec<u8> {
    let value = format!("Digest {parameters}");
    response("401 Unauthorized", &[("WWW-Authenticate", &value)], "who?")
}

const QOP: &str = r#"realm="lions, \"all\"", nonce="n0", qop="auth,auth-int", opaque="o""#;

/// A server that lets Mufasa in.
fn lions(parameters: &'static str) -> Server {
    Server::handler(move |seen| match right(seen) {
        true => ok(&seen.body),
        false => challenge(parameters),
    })
}

fn sent_parameter(seen: &Seen, name: &str) -> Option<String> {
    let all = parameters(seen.header("authorization")?);
    all.into_iter()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value)
}

/// AUT-01, SEC-205
#[test]
fn who_is_asked() {
    let cases: [(Option<(&str, &str)>, &str, u8, Option<&str>); 9] = [
        (None, "http://h/", 0, None),
        (None, "http://u:p@h/", 0, Some(BASIC)),
        (None, "http://u%3a:p@h/", 9, None),
        (None, "http://:p@h/", 0, Some("Basic OnA=")),
        (Some(("a", "b")), "http://u:p@h/", 0, Some("Basic YTpi")),
        (Some(("a", "b")), "http://u:p@h/", 1, Some("Basic YzpkOmU=")),
        (Some(("a", "b")), "http://u:p@h/", 2, Some(BASIC)),
        (Some(("a", "b")), "http://h/", 2, None),
        (
            None,
            "http://caf%C3%A9:p%2f@h/",
            0,
            Some("Basic Y2Fmw6k6cC8="),
        ),
    ];
    for (of_client, url, of_request, expected) in cases {
        let mut builder = Client::builder();
        if let Some(pair) = of_client {
            builder = builder.auth(pair);
        }
        let (client, record) = mocked(builder, |_| empty(200));
        let get = match of_request {
            1 => client.get(url).auth(("c", "d:e")),
            2 => client.get(url).no_auth(),
            _ => client.get(url),
        };
        let answer = get.send();
        if of_request == 9 {
            // SEC-212: a colon in the user name, found before anything is sent.
            assert_eq!(answer.unwrap_err().kind(), Kind::LocalProtocol);
            assert!(record.all().is_empty());
            continue;
        }
        assert_eq!(
            record.header("Authorization"),
            [expected.map(str::to_owned)],
            "{url}"
        );
    }
    // It can be changed while the client lives.
    let (mut client, record) = mocked(Client::builder(), |_| empty(200));
    assert!(client.auth().is_none());
    client.set_auth(("u", "p"));
    assert!(client.auth().is_some());
    client.get("http://h/").send().unwrap();
    client.clear_auth();
    client.get("http://h/").send().unwrap();
    assert_eq!(record.header("Authorization"), [some(BASIC), None]);
}

/// SEC-205: nowhere but in the one header.
#[test]
fn userinfo_on_the_wire() {
    let server = Server::echo();
    let client = Client::new();
    let url = server.url("/x").replace("://", "://us3r:s3cret@");
    let sent = client.get(&url).send().unwrap().text().into_owned();
    assert!(sent.starts_with("GET /x HTTP/1.1\r\n"), "{sent}");
    assert!(!sent.contains("us3r") && !sent.contains("s3cret"));
    let seen = server.only();
    assert_eq!(
        seen.header("host").unwrap(),
        format!("127.0.0.1:{}", server.port())
    );
    assert_eq!(seen.header("authorization"), Some("Basic dXMzcjpzM2NyZXQ="));
    // For that request only, though the connection is the same.
    client.get(server.url("/y")).send().unwrap();
    assert_eq!(server.seen()[1].header("authorization"), None);
    assert_eq!(server.requests_per_connection(), [2]);
    assert!(!format!("{client:?}").contains("s3cret"));
}

/// AUT-02, AUT-03, AUT-10, AUT-11
#[test]
fn what_may_be_given() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let function = FunctionAuth::new(move |request: &mut Request| {
        count.fetch_add(1, SeqCst);
        request.headers.insert("Authorization", "mine")
    });
    let shared: Arc<dyn Auth> = Arc::new(BearerAuth::new("token"));
    let closure = |request: &mut Request| request.headers.insert("X-Key", "k");
    let (client, record) = mocked(Client::builder(), |_| empty(401));
    let get = || client.get("http://h/").header("Authorization", "old");
    get().auth(("u", "p")).send().unwrap();
    get().auth(BasicAuth::new("u", "p")).send().unwrap();
    get().auth(function).send().unwrap();
    get().auth(shared).send().unwrap();
    get().auth(closure).send().unwrap();
    // Digest leaves it alone on its first try.
    get().auth(mufasa()).send().unwrap();
    assert_eq!(
        record.header("Authorization"),
        [BASIC, BASIC, "mine", "Bearer token", "old", "old"].map(some)
    );
    assert_eq!(record.header("X-Key")[4], some("k"));
    assert_eq!(calls.load(SeqCst), 1);
}

/// SEC-212
#[test]
fn credentials_that_cannot_be_sent_open_no_connection() {
    let server = Server::each([]);
    for auth in [("a:b", "c"), ("a\r\n", "c"), ("a", "b\nc"), ("a\0", "")] {
        let error = Client::new()
            .get(server.url("/"))
            .auth(auth)
            .send()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::LocalProtocol);
    }
    assert_eq!(server.connections(), 0);
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("papilio-{}-{name}", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

/// AUT-12, AUT-13, SEC-309
#[test]
fn netrc_by_file() {
    let path = file(
        "netrc",
        "machine a.com login u password p\nmachine xn--caf-dma.com login c password d\ndefault login x password y\n",
    );
    let auth = NetrcAuth::from_file(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let (client, record) = mocked(
        Client::builder().auth(auth).follow_redirects(true),
        |request| match request.url.path().as_ref() {
            "/to-b" => moved(302, "http://b.com/"),
            "/to-caf" => moved(302, "http://caf\u{e9}.com/"),
            _ => empty(200),
        },
    );
    let other = some("Basic eDp5");
    for (url, expected) in [
        ("http://a.com:8080/", vec![some(BASIC)]),
        ("http://A.COM/", vec![some(BASIC)]),
        ("http://www.a.com/", vec![other.clone()]),
        ("http://caf\u{e9}.com/", vec![some("Basic Yzpk")]),
        // The userinfo of the URL wins.
        ("http://a:b@a.com/", vec![some("Basic YTpi")]),
        // Neither the entry of the origin, nor `default`, nor its own without being asked for.
        ("http://a.com/to-b", vec![some(BASIC), None]),
        ("http://a.com/to-caf", vec![some(BASIC), None]),
        ("http://other.com/to-b", vec![other.clone(), None]),
    ] {
        let before = record.all().len();
        client.get(url).send().unwrap();
        assert_eq!(record.header("Authorization")[before..], expected, "{url}");
    }
}

/// AUT-04, AUT-12, SEC-309: the file is there, and is used by those who ask for it.
#[cfg(unix)]
#[test]
fn netrc_is_never_used_unasked() {
    use std::os::unix::fs::PermissionsExt;
    let home = std::env::temp_dir().join(format!("papilio-home-{}", std::process::id()));
    let variables = [("HOME", home.to_str().unwrap()), ("NETRC", "/no/such/file")];
    if !alone(
        concat!(module_path!(), "::netrc_is_never_used_unasked"),
        &variables,
    ) {
        return;
    }
    let home = PathBuf::from(std::env::var("HOME").unwrap());
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join(".netrc"), "default login u password p\n").unwrap();
    fs::set_permissions(home.join(".netrc"), fs::Permissions::from_mode(0o600)).unwrap();
    let server = Server::always(ok(""));
    Client::new().get(server.url("/")).send().unwrap();
    papilio::get(server.url("/")).send().unwrap();
    let auth = NetrcAuth::new();
    fs::remove_dir_all(&home).unwrap();
    let auth = auth.unwrap();
    papilio::get(server.url("/")).auth(auth).send().unwrap();
    let sent: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.header("authorization").map(str::to_owned))
        .collect();
    assert_eq!(sent, [None, None, some(BASIC)]);
}

/// AUT-20, AUT-24, AUT-25, AUT-26, AUT-27, AUT-30
#[test]
fn digest_in_two_rounds() {
    let server = lions(QOP);
    let hooked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&hooked);
    let client = one_slot()
        .on_request(move |request| {
            let has = request.headers.contains("Authorization");
            heard.lock().unwrap().push(has);
            Ok(())
        })
        .build()
        .unwrap();
    let url = server.url("/dir/index.html?a=%20b");
    let answer = client
        .post(&url)
        .body("hello")
        .auth(mufasa())
        .send()
        .unwrap();
    assert_eq!((answer.status().as_u16(), &*answer.text()), (200, "hello"));
    assert_eq!(*hooked.lock().unwrap(), [false, true]);
    assert_eq!(server.requests_per_connection(), [2]);

    let history = answer.history();
    assert_eq!(statuses(history), [401]);
    assert_eq!(history[0].text(), "who?");
    let asked = history[0].request().unwrap();
    assert!(!asked.headers.contains("Authorization"));
    assert_eq!(asked.content().unwrap(), b"hello");

    let seen = server.seen();
    let authorization = seen[1].header("authorization").unwrap();
    let all = parameters(authorization);
    let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "username",
            "realm",
            "nonce",
            "uri",
            "response",
            "algorithm",
            "opaque",
            "qop",
            "nc",
            "cnonce"
        ]
    );
    assert_eq!(all[1].1, "lions, \"all\"");
    assert_eq!(all[3].1, "/dir/index.html?a=%20b");
    assert_eq!((&*all[5].1, &*all[6].1, &*all[7].1), ("MD5", "o", "auth"));
    assert_eq!(all[8].1, "00000001");
    assert!(all[9].1.len() == 16 && all[9].1.bytes().all(|b| b.is_ascii_hexdigit()));
    assert!(
        authorization.contains("algorithm=MD5, ") && authorization.contains("qop=auth, nc=0000")
    );
    // The credentials come last, where the request had none.
    assert_eq!(
        crate::common::names(&seen[1]).last(),
        Some(&"Authorization")
    );
}

/// AUT-20: one answer, and only to a Digest challenge with 401.
#[test]
fn what_digest_does_not_answer() {
    let wrong = Server::always(challenge(QOP));
    let client = one_slot().build().unwrap();
    let answer = client
        .get(wrong.url("/"))
        .auth(DigestAuth::new("Mufasa", "x"))
        .send()
        .unwrap();
    assert_eq!((answer.status().as_u16(), &*answer.text()), (401, "who?"));
    assert_eq!(wrong.seen().len(), 2);
    assert_eq!(statuses(answer.history()), [401]);
    let value = format!("Digest {QOP}");
    for (status, field) in [
        ("403 Forbidden", Some(value.as_str())),
        ("407 Proxy Authentication Required", Some(&value)),
        ("200 OK", Some(&value)),
        ("401 Unauthorized", None),
        ("401 Unauthorized", Some("Basic realm=\"x\"")),
        ("401 Unauthorized", Some("DigestX realm=\"x\", nonce=\"y\"")),
        // SEC-213, AUT-23: an unknown algorithm is not answered.
        (
            "401 Unauthorized",
            Some("Digest realm=\"x\", nonce=\"y\", algorithm=MD6"),
        ),
    ] {
        let fields: Vec<_> = field
            .map(|value| ("WWW-Authenticate", value))
            .into_iter()
            .collect();
        let server = Server::always(response(status, &fields, ""));
        let answer = client.get(server.url("/")).auth(mufasa()).send().unwrap();
        assert_eq!(server.seen().len(), 1, "{status} {field:?}");
        assert!(answer.history().is_empty());
    }
}

/// AUT-21, AUT-23, AUT-25
#[test]
fn digest_variants() {
    for (field, algorithm) in [
        (
            r#"Digest realm="r", nonce="n", qop="auth", algorithm=MD5"#,
            "MD5",
        ),
        (r#"digest REALM="r", Nonce="n", QOP=auth"#, "MD5"),
        (r#"Digest realm="r", nonce="n""#, "MD5"),
        (
            r#"Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess"#,
            "MD5-sess",
        ),
        (
            r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA"#,
            "SHA",
        ),
        (
            r#"Digest realm="r", nonce="n", qop="auth-int, auth", algorithm=SHA-512"#,
            "SHA-512",
        ),
        (
            r#"Basic realm="b", Digest realm="r", nonce="n", qop="auth""#,
            "MD5",
        ),
        (
            r#"Digest realm="r", nonce="n", qop="auth", Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256"#,
            "SHA-256",
        ),
        (r#"Digest realm="r", nonce="n", qop="auth-int""#, "MD5"),
        (
            r#"Digest realm="q\"u\\o,te", nonce="n\",n", qop="auth", opaque="o\\""#,
            "MD5",
        ),
    ] {
        let refused = response("401 Unauthorized", &[("WWW-Authenticate", field)], "");
        let server = Server::handler(move |seen| match right(seen) {
            true => ok("in"),
            false => refused.clone(),
        });
        let post = Client::new()
            .post(server.url("/p?q=1"))
            .body("body")
            .auth(mufasa())
            .send();
        assert_eq!(post.unwrap().text(), "in", "{field}");
        let seen = server.seen();
        assert_eq!(sent_parameter(&seen[1], "algorithm"), some(algorithm));
        let has_qop = field.to_lowercase().contains("qop");
        for name in ["qop", "nc", "cnonce"] {
            assert_eq!(sent_parameter(&seen[1], name).is_some(), has_qop, "{field}");
        }
    }
}

/// AUT-22, SEC-213
#[test]
fn broken_challenges_are_errors() {
    for field in [
        "Digest",
        "Digest realm=\"r\"",
        "Digest nonce=\"n\"",
        "Digest realm=\"r\", nonce=\"n\", nonce=\"m\"",
        "Digest realm=\"r\", nonce=\"n",
        "Digest realm=\"r\", nonce=\"n\", qop=\"\"",
        "Digest realm=\"r\", nonce=\"n\", qop=\"other\"",
    ] {
        let server = Server::always(response(
            "401 Unauthorized",
            &[("WWW-Authenticate", field)],
            "",
        ));
        let client = one_slot().build().unwrap();
        let error = fails_on(&client, |client| {
            client.get(server.url("/")).auth(mufasa()).send()
        });
        assert_eq!(error.kind(), Kind::Auth, "{field}");
        assert!(error.is_protocol());
        assert_eq!(error.request().unwrap().url.as_str(), server.url("/"));
        assert_eq!(server.seen().len(), 1);
    }
}

/// AUT-28, AUT-27
#[test]
fn a_challenge_is_remembered_for_its_origin() {
    let rounds = Arc::new(AtomicUsize::new(0));
    let age = Arc::clone(&rounds);
    let server = Server::handler(move |seen| {
        let nonce = format!("n{}", age.load(SeqCst));
        match right(seen) && sent_parameter(seen, "nonce").as_deref() == Some(&nonce) {
            true => ok(""),
            false => challenge(&format!(r#"realm="r", nonce="{nonce}", qop="auth""#)),
        }
    });
    let other = lions(QOP);
    let client = Client::builder().auth(mufasa()).build().unwrap();
    for _ in 0..3 {
        assert_eq!(client.get(server.url("/")).send().unwrap().status(), 200);
    }
    let counts = |server: &Server| -> Vec<_> {
        server
            .seen()
            .iter()
            .map(|seen| sent_parameter(seen, "nc"))
            .collect()
    };
    let nc = |n: u32| Some(format!("{n:08x}"));
    assert_eq!(counts(&server), [None, nc(1), nc(2), nc(3)]);
    // Another origin gets nothing in advance.
    assert_eq!(client.get(other.url("/")).send().unwrap().status(), 200);
    assert_eq!(counts(&other), [None, nc(1)]);
    // A new challenge is answered once, from 1.
    rounds.fetch_add(1, SeqCst);
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!((answer.status().as_u16(), answer.history().len()), (200, 1));
    assert_eq!(counts(&server)[4..], [nc(4), nc(1)]);
}

/// AUT-28: from many threads no count is used twice.
#[test]
fn one_digest_serves_many_threads() {
    let server = lions(QOP);
    let client = Client::builder().auth(mufasa()).build().unwrap();
    client.get(server.url("/")).send().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(client.get(server.url("/")).send().unwrap().status(), 200);
                }
            });
        }
    });
    let seen = server.seen();
    let mut counts: Vec<_> = seen
        .iter()
        .filter_map(|seen| sent_parameter(seen, "nc"))
        .collect();
    counts.sort();
    let expected: Vec<_> = (1..=21).map(|n| format!("{n:08x}")).collect();
    assert_eq!(counts, expected);
}

/// AUT-29, COK-10, SEC-310
#[test]
fn cookies_of_a_challenge_go_along() {
    let server = || {
        Server::handler(|seen| match right(seen) {
            true => ok(""),
            false => {
                let value = format!("Digest {QOP}");
                let fields = [
                    ("WWW-Authenticate", value.as_str()),
                    ("Set-Cookie", "id=new"),
                ];
                response("401 Unauthorized", &fields, "")
            }
        })
    };
    let retry = |server: &Server| server.seen()[1].header("cookie").map(str::to_owned);
    let client = Client::new();
    let get = |server: &Server| client.get(server.url("/")).auth(mufasa());
    let first = server();
    get(&first).send().unwrap();
    assert_eq!(retry(&first), some("id=new"));
    // What the jar gave is replaced by what it gives now.
    client.cookies().clear();
    client
        .cookies()
        .set_for("id", "old", "127.0.0.1", "/")
        .unwrap();
    client.cookies().set("b", "1").unwrap();
    let second = server();
    get(&second).send().unwrap();
    assert_eq!(second.seen()[0].header("cookie"), Some("id=old; b=1"));
    let renewed = retry(&second).unwrap();
    assert!(
        renewed.contains("id=new") && renewed.contains("b=1"),
        "{renewed}"
    );
    // A header of the caller's stays.
    let third = server();
    get(&third).header("Cookie", "own=1").send().unwrap();
    assert_eq!(retry(&third), some("own=1"));
}

/// REQ-31, AUT-25: a body that is gone cannot be sent again, nor hashed.
#[test]
fn digest_and_one_shot_bodies() {
    let once = || Body::reader(&b"once"[..]);
    for parameters in [QOP, r#"realm="r", nonce="n", qop="auth-int""#] {
        let server = lions(parameters);
        let client = one_slot().build().unwrap();
        let error = fails_on(&client, |client| {
            client
                .post(server.url("/"))
                .body(once())
                .auth(mufasa())
                .send()
        });
        assert_eq!(error.kind(), Kind::StreamConsumed, "{parameters}");
        assert_eq!(server.seen().len(), 1);
    }
    // A body that can be read twice, and one that is sent once the challenge is known.
    let server = lions(QOP);
    let client = Client::builder().auth(mufasa()).build().unwrap();
    let twice = Body::factory(|| Body::iter(["tw", "ice"]));
    let answer = client.post(server.url("/")).body(twice).send().unwrap();
    assert_eq!(answer.text(), "twice");
    let answer = client.post(server.url("/")).body(once()).send().unwrap();
    assert_eq!((&*answer.text(), answer.history().len()), ("once", 0));
}

/// AUT-46, RES-13
#[test]
fn redirects_are_inside_a_step() {
    let server = Server::handler(|seen| match seen.target.as_str() {
        "/start" if right(seen) => ok("in"),
        "/start" => response("302 Found", &[("Location", "/door")], "go"),
        _ => challenge(QOP),
    });
    let client = one_slot()
        .follow_redirects(true)
        .auth(mufasa())
        .build()
        .unwrap();
    let answer = client.post(server.url("/start")).body("b").send().unwrap();
    assert_eq!(answer.text(), "in");
    let seen = server.seen();
    let lines: Vec<_> = seen
        .iter()
        .map(|s| format!("{} {}", s.method, s.target))
        .collect();
    assert_eq!(lines, ["POST /start", "GET /door", "POST /start"]);
    assert_eq!(seen[2].text(), "b");
    assert_eq!(sent_parameter(&seen[2], "uri"), some("/start"));
    // The challenge, which holds the redirect that led to it.
    assert_eq!(statuses(answer.history()), [401]);
    assert_eq!(statuses(answer.history()[0].history()), [302]);
    assert_eq!(answer.history()[0].history()[0].text(), "go");
}

/// RES-13: challenges first, then the redirects of the last round.
#[test]
fn history_of_challenges_and_redirects() {
    let server = Server::handler(|seen| match seen.target.as_str() {
        "/" if seen.header("authorization").is_some() => {
            response("302 Found", &[("Location", "/2")], "")
        }
        "/" => challenge(QOP),
        "/2" => response("307 Temporary Redirect", &[("Location", "/3")], ""),
        _ => ok("end"),
    });
    let client = one_slot()
        .follow_redirects(true)
        .auth(mufasa())
        .build()
        .unwrap();
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(statuses(answer.history()), [401, 302, 307]);
    assert_eq!(statuses(answer.history()[2].history()), [401, 302]);
    // With redirects off there are challenges alone; the next request is there.
    let answer = client
        .get(server.url("/"))
        .follow_redirects(false)
        .auth(mufasa())
        .send()
        .unwrap();
    assert_eq!(statuses(answer.history()), [401]);
    assert_eq!(answer.next_request().unwrap().url.path(), "/2");
}

/// SEC-213, SEC-310: the challenge of another origin is not answered, whichever way it comes.
#[test]
fn the_challenge_of_another_origin_is_not_answered() {
    let stranger = Server::always(challenge(QOP));
    let to = stranger.url("/trap");
    let server = Server::handler(move |_| response("302 Found", &[("Location", &to)], ""));
    let client = one_slot()
        .follow_redirects(true)
        .auth(mufasa())
        .build()
        .unwrap();
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.url().as_str(), stranger.url("/trap"));
    assert_eq!(stranger.only().header("authorization"), None);
    assert_eq!(server.seen().len(), 1);
    // A host of another name is another origin, and so is the same one at another port.
    let here = lions(QOP);
    client.get(here.url("/")).send().unwrap();
    client.get(here.url_on("localhost", "/")).send().unwrap();
    assert_eq!(here.seen()[2].header("authorization"), None);
}

/// A scheme that fetches a token where it has none, and again when that is refused.
#[derive(Clone, Default)]
struct Token {
    known: Arc<Mutex<Option<String>>>,
    fetching: bool,
    fetched: bool,
    url: String,
}

impl Auth for Token {
    fn flow(&self) -> Box<dyn AuthFlow> {
        Box::new(self.clone())
    }
}

impl AuthFlow for Token {
    fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep> {
        let mut known = self.known.lock().unwrap();
        match last {
            Some(answer) if self.fetching => {
                self.fetching = false;
                *known = Some(answer.text().into_owned());
            }
            Some(_) if self.fetched => return Ok(AuthStep::Done),
            Some(_) => *known = None,
            None => {}
        }
        let Some(token) = &*known else {
            (self.fetching, self.fetched) = (true, true);
            let fetch = Request::new("POST", &self.url)?.with_body("grant");
            return Ok(AuthStep::SendFirst(Box::new(fetch)));
        };
        request
            .headers
            .insert("Authorization", format!("Bearer {token}"))?;
        Ok(AuthStep::Send)
    }
}

/// AUT-40, AUT-41, AUT-43
#[test]
fn a_scheme_may_send_other_requests() {
    let login = Server::handler(|seen| match seen.target.as_str() {
        "/token" => response(
            "307 Temporary Redirect",
            &[("Location", "/real"), ("Set-Cookie", "at=login")],
            "",
        ),
        _ => ok(format!("t{}", seen.text())),
    });
    let server = Server::handler(|seen| match seen.header("authorization") {
        Some("Bearer tgrant") => ok(&seen.body),
        _ => response("401 Unauthorized", &[], "no"),
    });
    let token = Token {
        url: login.url("/token"),
        ..Token::default()
    };
    *token.known.lock().unwrap() = some("stale");
    let hooks = Arc::new(Mutex::new(Vec::new()));
    let (asked, heard) = (Arc::clone(&hooks), Arc::clone(&hooks));
    let client = one_slot()
        .follow_redirects(true)
        .auth(token)
        .on_request(move |request| {
            asked.lock().unwrap().push(request.url.path().into_owned());
            Ok(())
        })
        .on_response(move |response| {
            heard
                .lock()
                .unwrap()
                .push(response.status().as_u16().to_string());
            Ok(())
        })
        .build()
        .unwrap();
    let answer = client.put(server.url("/x")).body("mine").send().unwrap();
    assert_eq!((answer.status().as_u16(), &*answer.text()), (200, "mine"));
    assert_eq!(
        *hooks.lock().unwrap(),
        ["/x", "401", "/token", "307", "/real", "200", "/x", "200"]
    );
    // The first refusal and the token, read; the redirect on the way to the token is in the token's own history.
    assert_eq!(statuses(answer.history()), [401, 200]);
    assert_eq!(answer.history()[0].text(), "no");
    assert_eq!(answer.history()[1].text(), "tgrant");
    assert_eq!(statuses(answer.history()[1].history()), [401, 307]);
    assert_eq!(
        client.cookies().get("at").unwrap().as_deref(),
        Some("login")
    );
    assert_eq!(
        server.seen()[0].header("authorization"),
        Some("Bearer stale")
    );
    assert!(
        login
            .seen()
            .iter()
            .all(|seen| seen.header("authorization").is_none())
    );
    // Known now: one request, and no other.
    let answer = client.get(server.url("/y")).send().unwrap();
    assert!(answer.history().is_empty());
    assert_eq!((server.seen().len(), login.seen().len()), (3, 2));
}

/// A scheme made of functions.
struct Scheme {
    needs_body: bool,
    next: Arc<dyn Fn(&mut Request, Option<&Response>) -> Result<AuthStep> + Send + Sync>,
    dropped: Arc<AtomicBool>,
}

impl Auth for Scheme {
    fn flow(&self) -> Box<dyn AuthFlow> {
        Box::new(Self {
            needs_body: self.needs_body,
            next: Arc::clone(&self.next),
            dropped: Arc::clone(&self.dropped),
        })
    }
}

impl AuthFlow for Scheme {
    fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep> {
        (self.next)(request, last)
    }

    fn wants(&mut self, response: ResponseHead<'_>) -> bool {
        response.status().as_u16() >= 400
    }

    fn requires_request_body(&self) -> bool {
        self.needs_body
    }
}

impl Drop for Scheme {
    fn drop(&mut self) {
        self.dropped.store(true, SeqCst);
    }
}

fn scheme(
    needs_body: bool,
    next: impl Fn(&mut Request, Option<&Response>) -> Result<AuthStep> + Send + Sync + 'static,
) -> (Scheme, Arc<AtomicBool>) {
    let dropped = Arc::new(AtomicBool::new(false));
    let scheme = Scheme {
        needs_body,
        next: Arc::new(next),
        dropped: Arc::clone(&dropped),
    };
    (scheme, dropped)
}

/// AUT-42
#[test]
fn a_scheme_may_ask_for_the_body() {
    let sign = |request: &mut Request, _: Option<&Response>| {
        let signature = match request.content() {
            Ok(content) => hex::<Sha256>(content),
            Err(error) => error.kind().name().to_owned(),
        };
        request.headers.insert("X-Signature", signature)?;
        Ok(AuthStep::Done)
    };
    let server = Server::echo();
    for needs in [true, false] {
        let (scheme, _) = scheme(needs, sign);
        let client = Client::builder().auth(scheme).build().unwrap();
        let body = Body::iter(["str", "eam"]);
        client.post(server.url("/")).body(body).send().unwrap();
    }
    let seen = server.seen();
    assert_eq!(
        seen[0].header("x-signature"),
        Some(&*hex::<Sha256>("stream"))
    );
    assert_eq!(seen[1].header("x-signature"), Some("RequestNotRead"));
    for seen in seen {
        assert_eq!(seen.text(), "stream");
        assert_eq!(seen.header("transfer-encoding"), Some("chunked"));
    }
}

/// AUT-42: a response that a scheme wants is read for it; another is handed out as it comes.
#[test]
fn a_scheme_sees_the_bodies_it_wants() {
    let (scheme, _) = scheme(false, |request, last| match last {
        None => Ok(AuthStep::Send),
        Some(last) if last.text() == "try again" => {
            request.headers.insert("X-Again", "1")?;
            Ok(AuthStep::Send)
        }
        Some(_) => Ok(AuthStep::Done),
    });
    let server = Server::replies([
        response("503 Service Unavailable", &[], "try again"),
        response("400 Bad Request", &[], "go away"),
    ]);
    let client = Client::builder().auth(scheme).build().unwrap();
    let stream = client.get(server.url("/")).stream().unwrap();
    assert_eq!(stream.status(), 400);
    let answer = stream.buffer().unwrap();
    assert_eq!(answer.text(), "go away");
    assert_eq!(statuses(answer.history()), [503]);
    assert_eq!(server.seen()[1].header("x-again"), Some("1"));
}

/// AUT-45, CLT-36
#[test]
fn an_error_of_a_scheme_ends_the_call() {
    let fail = || Err(Error::new(Kind::Custom, "no more"));
    for at_first in [true, false] {
        let (scheme, dropped) = scheme(false, move |_, last| match last {
            None if !at_first => Ok(AuthStep::Send),
            _ => fail(),
        });
        let server = Server::always(response("401 Unauthorized", &[], "body"));
        let client = one_slot().build().unwrap();
        let error = fails_on(&client, |client| {
            client.get(server.url("/")).auth(scheme).send()
        });
        assert_eq!(error.kind(), Kind::Custom);
        assert_eq!(error.request().unwrap().url.as_str(), server.url("/"));
        assert!(dropped.load(SeqCst));
        assert_eq!(server.seen().len(), usize::from(!at_first));
    }
    // Dropped as well where all goes well.
    let (scheme, dropped) = scheme(false, |_, _| Ok(AuthStep::Send));
    let server = Server::always(ok(""));
    let client = Client::builder().auth(scheme).build().unwrap();
    dropped.store(false, SeqCst);
    let stream = client.get(server.url("/")).stream().unwrap();
    assert!(dropped.load(SeqCst));
    drop(stream);
}
