//! Cookies through a whole client: when they are taken, when they are sent, whose they are.

use std::sync::{Arc, Mutex};

use super::common::{Record, client, empty, mocked, moved};
use super::driver::{Client, Cookie, Cookies, Kind, Request, Response};
use crate::server::{Server, response, script};

/// A client that is answered with these fields once and with an empty 200 ever after.
fn setting(fields: &[&str]) -> (Client, Record) {
    let fields = Mutex::new(fields.iter().map(|&f| f.to_owned()).collect::<Vec<_>>());
    mocked(Client::builder(), move |_| {
        let mut response = Response::builder(200);
        for field in std::mem::take(&mut *fields.lock().unwrap()) {
            response = response.header("Set-Cookie", field);
        }
        response.bytes("")
    })
}

/// What goes to that URL after a response from another set these.
fn sent_after(from: &str, fields: &[&str], to: &str) -> Option<String> {
    let (client, record) = setting(fields);
    client.get(from).send().unwrap();
    client.get(to).send().unwrap();
    record.all()[1].header("Cookie")
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

/// COK-10
#[test]
fn cookies_are_taken_from_every_response_before_hooks_run() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    let jar = Arc::new(Mutex::new(None::<Client>));
    let of_hook = Arc::clone(&jar);
    let server = Server::handler(|seen| {
        let cookie = format!("{}=1, x=2; Path=/", seen.target.trim_matches('/'));
        let fields = [
            ("Set-Cookie", cookie.as_str()),
            ("set-cookie", "both=1; Path=/"),
            ("Location", "/final"),
        ];
        match seen.target.as_str() {
            "/moved" => response("302 Found", &fields, ""),
            "/error" => response("500 Internal Server Error", &fields[..2], ""),
            _ => response("200 OK", &fields[..2], "body"),
        }
    });
    let client = Client::builder()
        .follow_redirects(true)
        .on_response(move |_| {
            let client = of_hook.lock().unwrap();
            let names = client.as_ref().unwrap().cookies().iter();
            heard
                .lock()
                .unwrap()
                .push(names.map(|c| c.name().to_owned()).collect::<Vec<_>>());
            Ok(())
        })
        .build()
        .unwrap();
    *jar.lock().unwrap() = Some(client.clone());
    client.get(server.url("/moved")).send().unwrap();
    client.get(server.url("/error")).send().unwrap();
    // A stream whose body nobody has read.
    let stream = client.get(server.url("/streamed")).stream().unwrap();
    assert!(client.cookies().contains("streamed"));
    drop(stream);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], ["moved", "both"]);
    assert_eq!(seen[1], ["moved", "both", "final"]);
    assert_eq!(seen[2], ["moved", "both", "final", "error"]);
    assert_eq!(
        client.cookies().get("moved").unwrap().as_deref(),
        Some("1, x=2")
    );
    *jar.lock().unwrap() = None;
}

/// COK-25
#[test]
fn sent_where_they_belong() {
    let from = "https://www.example.org/shop/cart";
    let fields = [
        "host=1",
        "dom=2; Domain=example.org; Path=/",
        "sec=3; Secure; Path=/",
        "old=4; Max-Age=0; Path=/",
    ];
    for (to, expected) in [
        (
            "https://www.example.org/shop/cart",
            Some("host=1; dom=2; sec=3"),
        ),
        (
            "https://www.example.org:8443/shop/",
            Some("host=1; dom=2; sec=3"),
        ),
        ("http://www.example.org/shop/x/y", Some("host=1; dom=2")),
        ("http://www.example.org/shopping", Some("dom=2")),
        ("https://example.org/", Some("dom=2")),
        ("https://a.b.example.org/", Some("dom=2")),
        ("https://badexample.org/", None),
        ("https://example.com/", None),
    ] {
        assert_eq!(
            sent_after(from, &fields, to),
            expected.map(str::to_owned),
            "{to}"
        );
    }
}

/// COK-26
#[test]
fn a_domain_by_hand_covers_what_is_below() {
    let (client, record) = mocked(Client::builder(), |_| empty(200));
    client
        .cookies()
        .set_for("a", "1", "example.org", "/")
        .unwrap();
    for url in [
        "http://example.org/",
        "http://www.example.org/",
        "http://other.org/",
    ] {
        client.get(url).send().unwrap();
    }
    assert_eq!(record.header("Cookie"), [text("a=1"), text("a=1"), None]);
}

/// COK-27
#[test]
fn one_field_longest_path_first() {
    let sent = sent_after(
        "http://a.com/x/y",
        &[
            "short=1; Path=/",
            "long=2; Path=/x/y",
            "middle=3; Path=/x",
            "late=4; Path=/",
        ],
        "http://a.com/x/y/z",
    );
    assert_eq!(sent, text("long=2; middle=3; short=1; late=4"));
    assert_eq!(sent_after("http://a.com/", &[], "http://a.com/"), None);
}

/// COK-28
#[test]
fn a_header_of_the_callers_is_left_alone() {
    let (client, record) = mocked(Client::builder().cookies([("jar", "1")].pairs()), |_| {
        empty(200)
    });
    client
        .get("http://a.com/")
        .header("Cookie", "own=2")
        .send()
        .unwrap();
    client
        .get("http://a.com/")
        .header("cookie", "own=2")
        .cookie("r", "3")
        .send()
        .unwrap();
    client.get("http://a.com/").send().unwrap();
    assert_eq!(
        record.header("Cookie"),
        [text("own=2"), text("own=2"), text("jar=1")]
    );
    let mut client = client;
    client.headers_mut().insert("Cookie", "of=client").unwrap();
    client.get("http://a.com/").send().unwrap();
    assert_eq!(record.header("Cookie")[3], text("of=client"));
}

trait Pairs {
    fn pairs(self) -> Cookies;
}

impl<const N: usize> Pairs for [(&str, &str); N] {
    fn pairs(self) -> Cookies {
        Cookies::from_pairs(self).unwrap()
    }
}

/// COK-29
#[test]
fn expired_cookies_leave_the_jar() {
    let (client, record) = setting(&["a=1", "b=2"]);
    client.get("http://a.com/").send().unwrap();
    assert_eq!(client.cookies().len(), 2);
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(9);
    let old = Cookie::new("c", "3").with_expires(past);
    client.cookies().insert(old).unwrap();
    client.get("http://a.com/").send().unwrap();
    assert_eq!(record.header("Cookie")[1], text("a=1; b=2"));
    assert!(!client.cookies().contains("c"));

    let (client, _) = mocked(Client::builder(), |request| {
        let age = if request.url.path() == "/out" { 0 } else { 60 };
        Response::builder(200)
            .header("Set-Cookie", format!("id=1; Path=/; Max-Age={age}"))
            .bytes("")
    });
    client.get("http://a.com/in").send().unwrap();
    assert!(client.cookies().contains("id"));
    client.get("http://a.com/out").send().unwrap();
    assert!(client.cookies().is_empty());
}

/// COK-30, CLT-31: a request has the cookies of the time it was built, one made by hand none.
#[test]
fn cookies_are_put_on_when_the_request_is_built() {
    let (client, record) = setting(&["id=1"]);
    let built = client.get("http://a.com/").build().unwrap();
    client.get("http://a.com/").send().unwrap();
    client.send(built).unwrap();
    client
        .send(Request::new("GET", "http://a.com/").unwrap())
        .unwrap();
    client.get("http://a.com/").send().unwrap();
    assert_eq!(record.header("Cookie"), [None, None, None, text("id=1")]);
}

/// CLT-19, CLT-20, COK-31
#[test]
fn cookies_of_one_request() {
    let (client, record) = mocked(
        Client::builder()
            .follow_redirects(true)
            .cookies([("a", "client"), ("b", "client")].pairs()),
        |request| match request.url.path().as_ref() {
            "/go" => moved(302, "/end"),
            _ => empty(200),
        },
    );
    let get = |path: &str| {
        client
            .get(format!("http://a.com{path}"))
            .cookie("a", "request")
            .cookies([("c", "request")].pairs())
    };
    get("/").send().unwrap();
    get("/go").send().unwrap();
    client.get("http://a.com/").send().unwrap();
    let of_client = text("a=client; b=client");
    let mixed = text("a=request; b=client; c=request");
    assert_eq!(
        record.header("Cookie"),
        [mixed.clone(), mixed, of_client.clone(), of_client]
    );
    assert_eq!(client.cookies().len(), 2);
    // Of another domain it is another cookie.
    let of_domain = Cookies::new();
    of_domain.set_for("a", "domain", "a.com", "/").unwrap();
    client
        .get("http://a.com/")
        .cookies(of_domain)
        .send()
        .unwrap();
    assert_eq!(
        record.header("Cookie")[4],
        text("a=client; b=client; a=domain")
    );
}

/// COK-31: a field by hand does not survive a redirect, not even to the same page.
#[test]
fn a_header_by_hand_does_not_survive_a_redirect() {
    let (client, record) = mocked(
        Client::builder().follow_redirects(true),
        |request| match request.url.path().as_ref() {
            "/" => moved(307, "/end"),
            _ => empty(200),
        },
    );
    client
        .get("http://a.com/")
        .header("Cookie", "own=1")
        .send()
        .unwrap();
    assert_eq!(record.header("Cookie"), [text("own=1"), None]);
}

/// COK-32
#[test]
fn many_threads_share_the_jar() {
    let server = Server::handler(|seen| {
        let cookie = format!("{}=1; Path=/", seen.target.trim_matches('/'));
        response("200 OK", &[("Set-Cookie", &cookie)], "")
    });
    let client = Client::new();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (client, server) = (&client, &server);
            scope.spawn(move || {
                for number in 0..5 {
                    client
                        .get(server.url(&format!("/t{thread}n{number}")))
                        .send()
                        .unwrap();
                    client.cookies().set(format!("h{thread}"), "1").unwrap();
                }
            });
        }
    });
    assert_eq!(client.cookies().len(), 48);
    // What was taken out is a copy; clones of the client share the jar.
    let copy = client.cookies().clone();
    client.clone().cookies().clear();
    assert_eq!((copy.len(), client.cookies().len()), (48, 0));
}

/// SEC-401, SEC-402, SEC-403, SEC-404, SEC-405
#[test]
fn what_a_server_may_not_set() {
    for (from, field) in [
        ("http://www.example.org/", "a=1; Domain=example.com"),
        (
            "http://www.example.org/",
            "a=1; Domain=below.www.example.org",
        ),
        ("http://www.example.org/", "a=1; Domain=org"),
        ("http://www.example.org/", "a=1; Domain=ample.org"),
        ("http://127.0.0.1/", "a=1; Domain=0.0.1"),
        ("http://127.0.0.1/", "a=1; Domain=127.0.0.2"),
        ("http://example.org/", "a=1; Secure"),
        ("https://example.org/", "__Secure-a=1"),
        (
            "https://example.org/",
            "__Host-a=1; Secure; Path=/; Domain=example.org",
        ),
        ("https://example.org/", "__host-a=1; Secure; Path=/x"),
        ("https://example.org/", "=__Host-a=1; Secure; Path=/"),
    ] {
        let (client, _) = setting(&[field]);
        client.get(from).send().unwrap();
        assert!(
            client.cookies().is_empty(),
            "{from} {field}: {:?}",
            client.cookies()
        );
    }
    // Not set by http in place of what https has set.
    let (client, record) = mocked(Client::builder(), |request| {
        let (value, more) = match request.url.scheme() {
            "https" => ("safe", "; Secure"),
            _ => ("forged", ""),
        };
        Response::builder(200)
            .header("Set-Cookie", format!("id={value}; Path=/{more}"))
            .bytes("")
    });
    client.get("https://example.org/").send().unwrap();
    client.get("http://example.org/").send().unwrap();
    client.get("https://example.org/").send().unwrap();
    assert_eq!(record.header("Cookie"), [None, None, text("id=safe")]);
    // Without a Domain, that host alone; without a Path, up to the last slash.
    let from = "http://example.org/a/b";
    for (to, sent) in [
        ("http://example.org/a/", true),
        ("http://example.org/a/b/c", true),
        ("http://example.org/ab", false),
        ("http://www.example.org/a/b", false),
    ] {
        assert_eq!(sent_after(from, &["a=1"], to).is_some(), sent, "{to}");
    }
}

/// SEC-406, SEC-407, SEC-409
#[test]
fn hostile_sizes_and_values() {
    let many: Vec<String> = (0..60).map(|n| format!("n{n}=1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (client, record) = setting(&many);
    client.get("http://a.com/").send().unwrap();
    assert_eq!(client.cookies().len(), 50);
    let long = format!("a={}", "x".repeat(4096));
    let attribute = format!("b=1; Path=/{}", "x".repeat(1024));
    let expiry = format!("d=1; Max-Age={}", "9".repeat(400));
    let (jar, _) = setting(&[&long, &attribute, &expiry, "e=%3B%20\"q\""]);
    jar.get("http://a.com/").send().unwrap();
    let all = jar.cookies();
    assert!(!all.contains("a"));
    let within = std::time::SystemTime::now() + std::time::Duration::from_secs(401 * 24 * 3600);
    assert!(
        all.iter()
            .find(|c| c.name() == "d")
            .unwrap()
            .expires()
            .unwrap()
            < within
    );
    assert_eq!(all.get("e").unwrap().as_deref(), Some("%3B%20\"q\""));
    // The field of a request has its limit, however much is in the jar.
    for n in 0..200 {
        client
            .cookies()
            .set(format!("big{n}"), "x".repeat(100))
            .unwrap();
    }
    client.get("http://a.com/").send().unwrap();
    let field = record.all()[1].header("Cookie").unwrap();
    assert!(
        field.len() <= 8190 && field.split("; ").count() <= 150,
        "{}",
        field.len()
    );
}

/// RES-11
#[test]
fn a_response_shows_its_own_cookies() {
    let (client, _) = mocked(
        Client::builder()
            .follow_redirects(true)
            .cookies([("of", "client")].pairs()),
        |request| {
            let response = |status| Response::builder(status);
            match request.url.path().as_ref() {
                "/" => response(302)
                    .header("Location", "/end")
                    .header("Set-Cookie", "first=1")
                    .bytes(""),
                _ => response(200)
                    .header("Set-Cookie", "last=1")
                    .header("Set-Cookie", "foreign=1; Domain=b.com")
                    .bytes(""),
            }
        },
    );
    let names = |cookies: Cookies| {
        cookies
            .iter()
            .map(|c| c.name().to_owned())
            .collect::<Vec<_>>()
    };
    let answer = client.get("http://a.com/").send().unwrap();
    assert_eq!(names(answer.cookies()), ["last"]);
    assert_eq!(names(answer.history()[0].cookies()), ["first"]);
    assert_eq!(names(client.cookies().clone()), ["of", "first", "last"]);
}

/// CLT-20: of a top-level call as well.
#[test]
fn a_call_takes_cookies() {
    let server = Server::echo();
    let sent = papilio::get(server.url("/"))
        .cookie("a", "1")
        .cookies([("b", "2")].pairs())
        .send();
    assert!(sent.unwrap().text().contains("\r\nCookie: a=1; b=2\r\n"));
    let error = papilio::get(server.url("/"))
        .cookie("a", "1;2")
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::LocalProtocol);
}

/// COK-10: cookies of interim responses and of trailers are nobody's.
#[test]
fn only_final_heads_set_cookies() {
    let server = Server::start(script().read().send(
        "HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\
         Set-Cookie: good=1\r\n\r\n0\r\nSet-Cookie: late=1\r\n\r\n",
    ));
    let client = client();
    client.get(server.url("/")).send().unwrap();
    let names: Vec<_> = client
        .cookies()
        .iter()
        .map(|c| c.name().to_owned())
        .collect();
    assert_eq!(names, ["good"]);
}
