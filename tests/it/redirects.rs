//! Redirects through a whole client: which are followed, what is sent next, what is left behind.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use super::common::{empty, fails_on, mocked, moved, one_slot, statuses};
use super::driver::{
    Body, Client, ClientBuilder, Kind, Reason, RedirectAction, Request, RequestTarget, Response,
    ResponseLimits,
};
use crate::server::{Server, ok, response, script};

/// A client that follows.
fn following() -> ClientBuilder<Client> {
    Client::builder().trust_env(false).follow_redirects(true)
}

/// Answers the first request with this redirect, any other with an empty 200.
fn once(status: u16, location: &'static str) -> impl Fn(&Request) -> Response + Send + Sync {
    let count = AtomicUsize::new(0);
    move |_| match count.fetch_add(1, SeqCst) {
        0 => moved(status, location),
        _ => empty(200),
    }
}

/// RED-01, RES-12
#[test]
fn followed_only_when_asked_for_and_the_request_has_the_last_word() {
    for (client, request, follows) in [
        (None, None, false),
        (None, Some(true), true),
        (Some(true), None, true),
        (Some(true), Some(false), false),
        (Some(false), Some(true), true),
    ] {
        let builder = match client {
            Some(on) => Client::builder().follow_redirects(on),
            None => Client::builder(),
        };
        let (client, record) = mocked(builder, once(302, "/n"));
        let mut get = client.get("http://a.com/");
        if let Some(on) = request {
            get = get.follow_redirects(on);
        }
        let answer = get.send().unwrap();
        assert_eq!(record.lines().len(), 1 + usize::from(follows));
        assert_eq!(answer.status(), if follows { 200 } else { 302 });
        assert_eq!(answer.next_request().is_some(), !follows);
        assert_eq!(answer.history().len(), usize::from(follows));
    }
}

/// RED-02
#[test]
fn without_a_location_or_with_another_status_it_is_the_final_response() {
    let (client, record) = mocked(following(), |_| empty(302));
    assert_eq!(client.get("http://a.com/").send().unwrap().status(), 302);
    for status in [200, 201, 300, 304, 305, 306, 399, 401, 503] {
        let (client, record) = mocked(following(), move |_| moved(status, "/n"));
        let answer = client.get("http://a.com/").send().unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.next_request().is_none() && answer.history().is_empty());
        assert_eq!(record.lines().len(), 1);
    }
    assert_eq!(record.lines().len(), 1);
}

/// VEC-41, VEC-42, VEC-43, RED-03, RED-04, SEC-302
#[test]
fn method_and_body() {
    let table = [
        ("POST", ["GET", "GET", "GET", "POST", "POST"]),
        ("PUT", ["PUT", "GET", "GET", "PUT", "PUT"]),
        ("PATCH", ["PATCH", "GET", "GET", "PATCH", "PATCH"]),
        ("DELETE", ["DELETE", "GET", "GET", "DELETE", "DELETE"]),
        ("OPTIONS", ["OPTIONS", "GET", "GET", "OPTIONS", "OPTIONS"]),
        ("HEAD", ["HEAD"; 5]),
        ("GET", ["GET"; 5]),
    ];
    for (method, expected) in table {
        for (status, expected) in [301, 302, 303, 307, 308].into_iter().zip(expected) {
            let (client, record) = mocked(following(), once(status, "/n"));
            let with_body = !matches!(method, "GET" | "HEAD");
            let mut request = client
                .request(method, "http://a.com/")
                .header("Content-Language", "en")
                .header("Content-Encoding", "identity")
                .header("Content-Location", "/here")
                .header("Content-Type", "text/x")
                .header("X-Other", "stays");
            if with_body {
                request = request.body("body");
            }
            request.send().unwrap();
            let second = &record.all()[1];
            let same = method == expected;
            assert_eq!(second.line, format!("{expected} http://a.com/n"));
            assert_eq!(second.body == b"body", same && with_body);
            assert_eq!(second.headers.contains("content-length"), same && with_body);
            for name in [
                "Content-Type",
                "Content-Encoding",
                "Content-Language",
                "Content-Location",
            ] {
                assert_eq!(second.headers.contains(name), same, "{method} {status}");
            }
            assert_eq!(second.header("X-Other").as_deref(), Some("stays"));
        }
    }
}

/// SEC-302, RED-04: what announced a stream goes with it.
#[test]
fn a_dropped_stream_leaves_no_framing_behind() {
    let server = Server::replies([
        response("303 See Other", &[("Location", "/n")], ""),
        ok("x"),
    ]);
    let client = following().build().unwrap();
    let body = Body::iter(["a", "b"]);
    client.post(server.url("/")).body(body).send().unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].text(), "ab");
    assert_eq!(seen[1].method, "GET");
    assert_eq!(seen[1].header("transfer-encoding"), None);
    assert_eq!(seen[1].header("content-length"), None);
}

/// RED-05, REQ-31, SEC-302
#[test]
fn a_body_is_sent_again_if_it_can_be() {
    let temporary = response("307 Temporary Redirect", &[("Location", "/n")], "gone");
    let server = Server::handler(move |seen| match seen.target.as_str() {
        "/" => temporary.clone(),
        _ => ok(&seen.body),
    });
    let client = one_slot().follow_redirects(true).build().unwrap();
    for body in [
        Body::from("again"),
        Body::factory(|| Body::iter(["ag", "ain"])),
        Body::seekable(std::io::Cursor::new("again")).unwrap(),
    ] {
        let answer = client.post(server.url("/")).body(body).send().unwrap();
        assert_eq!(answer.text(), "again");
    }
    let before = server.seen().len();
    let once = Body::reader(&b"once"[..]);
    let error = fails_on(&client, |client| {
        client.post(server.url("/")).body(once).send()
    });
    assert_eq!(error.kind(), Kind::StreamConsumed);
    assert!(error.url().unwrap().as_str().ends_with("/n"), "{error}");
    assert_eq!(server.seen().len(), before + 1);
}

/// RED-06
#[test]
fn extensions_carry_over_but_a_request_target_does_not() {
    #[derive(Clone, PartialEq, Debug)]
    struct Mark(u8);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&kept);
    let answer = once(302, "/n");
    let (client, _) = mocked(following(), move |request| {
        seen.lock().unwrap().push((
            request.extensions().get::<Mark>().cloned(),
            request.extensions().get::<RequestTarget>().is_some(),
            request.timeout().copied(),
        ));
        answer(request)
    });
    client
        .get("http://a.com/")
        .extension(Mark(7))
        .target("*")
        .timeout(std::time::Duration::from_secs(77))
        .send()
        .unwrap();
    let kept = kept.lock().unwrap();
    assert_eq!(kept[0].0, Some(Mark(7)));
    assert_eq!(kept[1].0, Some(Mark(7)));
    assert_eq!((kept[0].1, kept[1].1), (true, false));
    assert_eq!(kept[0].2, kept[1].2);
}

/// VEC-40, RED-10, RED-11, RED-12, RED-13, SEC-308
#[test]
fn where_a_location_leads() {
    for (location, expected) in [
        ("x", "http://a.com/b/x#frag"),
        ("../y", "http://a.com/y#frag"),
        ("?q=1", "http://a.com/b/c?q=1#frag"),
        ("#f", "http://a.com/b/c?d=1#f"),
        ("//o.com/z", "http://o.com/z#frag"),
        ("https:///path", "https://a.com/path#frag"),
        ("http:/x", "http://a.com/x#frag"),
        ("", "http://a.com/b/c?d=1#frag"),
        ("/a b", "http://a.com/a%20b#frag"),
        ("/\u{e9}", "http://a.com/%C3%A9#frag"),
    ] {
        let (client, record) = mocked(following(), once(302, location));
        let answer = client.get("http://a.com/b/c?d=1#frag").send().unwrap();
        assert_eq!(record.lines()[1], format!("GET {expected}"), "{location:?}");
        assert_eq!(answer.url().as_str(), expected);
    }
}

/// SEC-308, SEC-306: a fragment and non-ASCII bytes as the wire has them.
#[test]
fn the_request_line_of_a_redirect() {
    let mut moved = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /caf\xc3\xa9 x\\y?q=\xc3\xa9\r\n\r\n".to_vec();
    let server = Server::replies([std::mem::take(&mut moved), ok("x")]);
    let client = following().build().unwrap();
    let answer = client.get(server.url("/#part")).send().unwrap();
    let target = &server.seen()[1].target;
    assert!(target.is_ascii() && !target.contains('#'), "{target}");
    assert!(target.starts_with("/caf%C3%A9%20x"), "{target}");
    assert!(target.ends_with("?q=%C3%A9"), "{target}");
    assert_eq!(answer.url().fragment(), "part");
}

/// RED-14, SEC-306, CLT-36
#[test]
fn a_location_that_leads_nowhere_is_an_error_only_when_it_is_followed() {
    for location in [
        "mailto:x@y",
        "http:rel",
        "http://[::1",
        "//h:port/",
        "javascript:alert(1)",
        "data:,x",
        "http://u:s3cret@h:port/",
    ] {
        let server = Server::always(response("302 Found", &[("Location", location)], "body"));
        let client = one_slot().follow_redirects(true).build().unwrap();
        let error = fails_on(&client, |client| client.get(server.url("/")).send());
        assert_eq!(error.kind(), Kind::RemoteProtocol, "{location}");
        assert_eq!(error.reason(), Some(Reason::BadHeader));
        assert!(
            error
                .to_string()
                .starts_with("Invalid URL in location header")
        );
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        assert_eq!(error.request().unwrap().url, server.url("/").as_str());

        let plain = client.get(server.url("/")).follow_redirects(false);
        let answer = plain.send().unwrap();
        assert_eq!((answer.status().as_u16(), &*answer.text()), (302, "body"));
        assert!(answer.next_request().is_none());
    }
}

/// SEC-306
#[test]
fn several_locations_and_a_long_one() {
    let two = |b| response("302 Found", &[("Location", "/n"), ("location", b)], "");
    let server = Server::replies([two("/n"), ok("x")]);
    let client = one_slot().follow_redirects(true).build().unwrap();
    assert_eq!(client.get(server.url("/")).send().unwrap().text(), "x");
    let server = Server::replies([two("/other")]);
    let error = fails_on(&client, |client| client.get(server.url("/")).send());
    assert_eq!(error.reason(), Some(Reason::BadHeader));

    let long = format!("/{}", "x".repeat(64 * 1024));
    let server = Server::always(response("302 Found", &[("Location", &long)], ""));
    let error = fails_on(&client, |client| client.get(server.url("/")).send());
    assert_eq!(error.kind(), Kind::RemoteProtocol);
    let injected = "HTTP/1.1 302 Found\r\nLocation: /a\rX: y\r\nContent-Length: 0\r\n\r\n";
    let server = Server::always(injected);
    let error = fails_on(&client, |client| client.get(server.url("/")).send());
    assert_eq!(error.reason(), Some(Reason::BadHeader));
}

/// RED-16 and SEC-306: neither the default transport nor one that is mounted for such a scheme sees it.
#[test]
fn a_redirect_does_not_leave_the_web() {
    for location in [
        "market://x/details?id=42",
        "file:///etc/passwd",
        "ftp://a.com/x",
        "unix:/run/x",
    ] {
        let local = papilio::MockTransport::new(|_| panic!("the transport of the program itself"));
        let local = Arc::new(local);
        let mut builder = following();
        for scheme in ["market://", "file://", "ftp://", "unix://"] {
            builder = builder.mount(scheme, Arc::clone(&local));
        }
        let (client, record) = mocked(builder, once(302, location));
        let error = client.get("http://a.com/").send().unwrap_err();
        assert_eq!(error.kind(), Kind::UnsupportedProtocol, "{location}");
        assert_eq!(record.lines(), ["GET http://a.com/"]);
    }
    // Over the network alone, by hand.
    let server = Server::always(response("302 Found", &[("Location", "market://x")], ""));
    let client = Client::new();
    let next = client
        .get(server.url("/"))
        .send()
        .unwrap()
        .take_next_request();
    let error = client.send(next.unwrap()).unwrap_err();
    assert_eq!(error.kind(), Kind::UnsupportedProtocol);
}

/// RED-16: a scheme of the program's own may redirect within itself.
#[test]
fn a_scheme_may_redirect_to_itself() {
    let answer = once(302, "/other");
    let store = papilio::MockTransport::new(move |request| Ok(answer(request)));
    let client = following().mount("store://", store).build().unwrap();
    let answer = client.get("store://items/1").send().unwrap();
    assert_eq!(answer.url().as_str(), "store://items/other");
}

/// VEC-44, VEC-45, RED-20, RED-21, RED-22, RED-23, SEC-303
#[test]
fn credentials_stop_at_the_border_of_the_origin() {
    for (from, to, kept, host) in [
        ("http://a.com", "https://a.com", true, "a.com"),
        ("https://a.com", "/n", true, "custom"),
        ("http://a.com", "https://A.com", true, "a.com"),
        ("http://a.com", "http://a.com:80/x", true, "custom"),
        ("http://a.com:8080", "https://a.com", false, "a.com"),
        ("https://a.com", "http://a.com", false, "a.com"),
        ("https://a.com", "https://b.a.com", false, "b.a.com"),
        ("https://a.com", "https://a.com:444", false, "a.com:444"),
        ("http://a.com", "https://a.com:8443", false, "a.com:8443"),
        ("http://a.com", "http://b.com", false, "b.com"),
    ] {
        let (client, record) = mocked(
            following()
                .secret_header("x-api-key")
                .header("X-Api-Key", "key"),
            once(302, to),
        );
        client
            .get(from)
            .header("Host", "custom")
            .header("Authorization", "secret")
            .header("Proxy-Authorization", "secret")
            .header("Cookie", "by=hand")
            .header("X-Other", "stays")
            .send()
            .unwrap();
        let second = &record.all()[1];
        for name in ["Authorization", "Proxy-Authorization", "X-Api-Key"] {
            assert_eq!(second.headers.contains(name), kept, "{name} {from} {to}");
        }
        assert_eq!(second.header("Host").as_deref(), Some(host), "{from} {to}");
        assert!(second.headers.contains("X-Other"));
        assert!(!second.headers.contains("Cookie"));
    }
}

/// SEC-304
#[test]
fn what_was_stripped_does_not_come_back() {
    let (client, record) = mocked(following().auth(("u", "p")), |request| {
        match request.url.as_str() {
            "http://a.com/" => moved(302, "http://b.com/"),
            "http://b.com/" => moved(302, "http://a.com/again"),
            _ => empty(200),
        }
    });
    client
        .get("http://a.com/")
        .header("Proxy-Authorization", "x")
        .send()
        .unwrap();
    assert_eq!(record.header("Authorization")[1..], [None, None]);
    assert_eq!(record.header("Proxy-Authorization")[1..], [None, None]);
}

/// SEC-303, SEC-309, RES-12: a redirect that is followed by hand is no better off.
#[test]
fn following_by_hand_does_not_authenticate_elsewhere() {
    for given_at_request in [true, false] {
        let mut builder = Client::builder();
        if !given_at_request {
            builder = builder.auth(("u", "p"));
        }
        let (client, record) = mocked(builder, |request| match request.url.as_str() {
            "http://a.com/" => moved(302, "/same"),
            "http://a.com/same" => moved(302, "http://x:y@b.com/"),
            "http://b.com/" => moved(302, "http://a.com/back"),
            _ => empty(200),
        });
        let mut get = client.get("http://a.com/");
        if given_at_request {
            get = get.auth(("u", "p"));
        }
        let mut answer = get.send().unwrap();
        while let Some(next) = answer.take_next_request() {
            answer = client.send(next).unwrap();
        }
        assert_eq!(
            record.lines(),
            [
                "GET http://a.com/",
                "GET http://a.com/same",
                "GET http://b.com/",
                "GET http://a.com/back"
            ]
        );
        let basic = Some("Basic dTpw".to_owned());
        assert_eq!(
            record.header("Authorization"),
            [basic.clone(), basic, None, None]
        );
    }
}

/// VEC-47, RED-26
#[test]
fn userinfo_of_the_request() {
    let auth = Some("Basic dTpw".to_owned());
    let (client, record) = mocked(following(), once(302, "/n"));
    client.get("http://u:p@a.com/").send().unwrap();
    assert_eq!(record.lines()[1], "GET http://u:p@a.com/n");
    assert_eq!(record.header("Authorization"), [auth.clone(), auth.clone()]);

    let (client, record) = mocked(following(), once(302, "http://b.com/n"));
    client.get("http://u:p@a.com/").send().unwrap();
    assert_eq!(record.lines()[1], "GET http://b.com/n");
    assert_eq!(record.header("Authorization"), [auth.clone(), None]);

    let (client, record) = mocked(following(), once(302, "http://a.com/n"));
    client.get("http://u:p@a.com/").send().unwrap();
    assert_eq!(record.lines()[1], "GET http://a.com/n");
    assert_eq!(record.header("Authorization"), [auth.clone(), auth]);
}

/// VEC-48, RED-26, SEC-306
#[test]
fn userinfo_of_a_location() {
    let (client, record) = mocked(following(), once(302, "http://u:p@b.com/x"));
    client.get("http://a.com/").send().unwrap();
    assert_eq!(record.lines()[1], "GET http://b.com/x");
    assert_eq!(record.header("Authorization"), [None, None]);
    let server = Server::replies([ok("")]);
    let to = server.url("/x").replace("://", "://u:p@");
    let first = Server::replies([response("302 Found", &[("Location", &to)], "")]);
    following()
        .build()
        .unwrap()
        .get(first.url("/"))
        .send()
        .unwrap();
    let raw = server.only().raw;
    let text = String::from_utf8(raw).unwrap();
    assert!(
        text.starts_with("GET /x HTTP/1.1\r\n") && !text.contains("u:p"),
        "{text}"
    );
    assert!(!text.contains("uthorization"), "{text}");
}

/// RED-24, VEC-49, COK-31, COK-10, CLT-19
#[test]
fn cookies_are_decided_anew() {
    let (client, record) = mocked(following(), |request| match request.url.path().as_ref() {
        "/" => Response::builder(302)
            .header("Location", "/n")
            .header("Set-Cookie", "s=1")
            .bytes(""),
        _ => empty(200),
    });
    client.cookies().set("k", "v").unwrap();
    client.get("http://a.com/").cookie("q", "w").send().unwrap();
    assert_eq!(
        record.header("Cookie"),
        [Some("k=v; q=w".to_owned()), Some("k=v; s=1".to_owned())]
    );
    let names: Vec<_> = client
        .cookies()
        .iter()
        .map(|c| c.name().to_owned())
        .collect();
    assert_eq!(names, ["k", "s"]);
}

/// SEC-410: cookies follow the host of the URL, not the field.
#[test]
fn a_host_field_does_not_attract_cookies() {
    let (client, record) = mocked(following(), |request| match request.url.as_str() {
        "http://a.com/" => Response::builder(302)
            .header("Location", "/n")
            .header("Set-Cookie", "got=1")
            .bytes(""),
        "http://a.com/n" => moved(302, "http://b.com/"),
        _ => empty(200),
    });
    client.cookies().set_for("b", "1", "b.com", "/").unwrap();
    client
        .get("http://a.com/")
        .header("Host", "b.com")
        .send()
        .unwrap();
    assert_eq!(
        record.header("Cookie"),
        [None, Some("got=1".to_owned()), Some("b=1".to_owned())]
    );
    assert_eq!(
        record.header("Host"),
        ["b.com", "b.com", "b.com"].map(|host| Some(host.to_owned()))
    );
    assert_eq!(
        client
            .cookies()
            .get_in("got", Some("a.com"), None)
            .unwrap()
            .as_deref(),
        Some("1")
    );
}

/// RED-25, SEC-305, RED-32
#[test]
fn both_ways_between_http_and_https_without_referer() {
    let (client, record) = mocked(following(), |request| match request.url.as_str() {
        "http://a.com/" => moved(302, "https://a.com/up"),
        "https://a.com/up" => moved(302, "http://a.com/down"),
        _ => empty(200),
    });
    client
        .get("http://a.com/")
        .header("Authorization", "x")
        .send()
        .unwrap();
    assert_eq!(
        record.lines(),
        [
            "GET http://a.com/",
            "GET https://a.com/up",
            "GET http://a.com/down"
        ]
    );
    assert_eq!(record.header("Referer"), [None, None, None]);
    assert_eq!(record.header("Authorization")[2], None);
}

/// SEC-305: what a policy forbids is not followed.
#[test]
fn a_policy_decides() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let builder = following().redirect_policy(move |redirect| {
        assert_eq!(redirect.followed, count.fetch_add(1, SeqCst));
        assert_eq!(redirect.status, 302);
        assert!(redirect.is_same_host());
        match redirect.is_downgrade() {
            true => RedirectAction::Stop,
            false => RedirectAction::Follow,
        }
    });
    let (client, record) = mocked(builder, |request| match request.url.as_str() {
        "https://a.com/" => moved(302, "/n"),
        _ => moved(302, "http://a.com/down"),
    });
    let answer = client.get("https://a.com/").send().unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.next_request().unwrap().url, "http://a.com/down");
    assert_eq!(
        record.lines(),
        ["GET https://a.com/", "GET https://a.com/n"]
    );
    assert_eq!(asked.load(SeqCst), 2);
    assert_eq!(statuses(answer.history()), [302]);
}

/// VEC-46, RED-30, SEC-301
#[test]
fn an_endless_redirect_ends() {
    for (most, requests) in [(Some(0), 1), (Some(1), 2), (Some(3), 4), (None, 21)] {
        let mut builder = following();
        if let Some(most) = most {
            builder = builder.max_redirects(most);
        }
        let (client, record) = mocked(builder, |request| {
            moved(302, &format!("{}x", request.url.path()))
        });
        let error = client.get("http://a.com/").send().unwrap_err();
        assert_eq!(error.kind(), Kind::TooManyRedirects);
        assert!(
            error
                .to_string()
                .starts_with("Exceeded maximum allowed redirects.")
        );
        assert_eq!(record.lines().len(), requests);
        let unsent = format!("http://a.com/{}", "x".repeat(requests));
        assert_eq!(error.request().unwrap().url.as_str(), unsent);
        let history = error.into_response().unwrap().history().len();
        assert_eq!(history, requests - 1);
    }
    let (client, _) = mocked(following(), |_| moved(302, "/"));
    let error = client.get("http://a.com/").send().unwrap_err();
    assert_eq!(error.kind(), Kind::TooManyRedirects);
}

/// RED-30: challenges count too.
#[test]
fn a_challenge_counts_as_a_redirect() {
    let challenge = r#"Digest realm="r", nonce="n", qop="auth""#;
    let send = |most| {
        let builder = following()
            .max_redirects(most)
            .auth(papilio::DigestAuth::new("u", "p"));
        let (client, record) = mocked(builder, move |request| {
            match (
                request.headers.contains("Authorization"),
                request.url.path().as_ref(),
            ) {
                (false, _) => Response::builder(401)
                    .header("WWW-Authenticate", challenge)
                    .bytes(""),
                (true, "/") => moved(302, "/n"),
                _ => empty(200),
            }
        });
        let kind = client
            .get("http://a.com/")
            .send()
            .map(|r| r.status())
            .map_err(|e| e.kind());
        (kind, record.lines().len())
    };
    assert_eq!(send(1), (Err(Kind::TooManyRedirects), 2));
    assert_eq!(send(2), (Ok(papilio::StatusCode::OK), 3));
}

/// RES-13, CLT-37, SEC-307
#[test]
fn history_has_every_redirect_with_its_body() {
    let (client, _) = mocked(following(), |request| match request.url.path().as_ref() {
        "/" => Response::builder(301).header("Location", "/2").bytes("one"),
        "/2" => Response::builder(307).header("Location", "/3").bytes("two"),
        _ => Response::builder(200).bytes("three"),
    });
    let answer = client.get("http://a.com/").send().unwrap();
    assert_eq!(answer.text(), "three");
    assert!(answer.next_request().is_none());
    let history = answer.history();
    assert_eq!(statuses(history), [301, 307]);
    assert_eq!((&*history[0].text(), &*history[1].text()), ("one", "two"));
    assert_eq!(history[0].url().path(), "/");
    assert!(history[0].history().is_empty());
    assert_eq!(statuses(history[1].history()), [301]);
    assert!(
        history
            .iter()
            .all(|r| r.next_request().is_none() && !r.is_cut())
    );
}

/// RED-31: a redirect with its body costs no second connection; streaming calls too.
#[test]
fn the_connection_of_a_redirect_is_used_again() {
    let moved = response("302 Found", &[("Location", "/n")], "x".repeat(100_000));
    let server = Server::handler(move |seen| match seen.target.as_str() {
        "/" => moved.clone(),
        _ => ok("end"),
    });
    let client = one_slot().follow_redirects(true).build().unwrap();
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(answer.history()[0].content().len(), 100_000);
    let mut stream = client.get(server.url("/")).stream().unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "end");
    assert_eq!(stream.history()[0].content().len(), 100_000);
    assert_eq!(server.requests_per_connection(), [4]);
}

/// R-LIM-19, CLT-37, SEC-307
#[test]
fn a_long_body_of_a_redirect_is_cut() {
    let end = Server::always(ok("end"));
    let head = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\n\r\n", end.url("/"));
    let server = Server::start(script().read().send(head).flood("endless"));
    let client = one_slot().follow_redirects(true).build().unwrap();
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(answer.text(), "end");
    assert!(answer.history()[0].is_cut() && !answer.is_cut());
    assert_eq!(answer.history()[0].content().len(), 1 << 20);
    server.wait_until(|server| server.left() == 1);

    // The limit can be set, and what is as long is not cut.
    let builder = || one_slot().follow_redirects(true);
    for (limit, cut) in [(5, false), (4, true)] {
        let (client, _) = mocked(
            builder().response_limits(ResponseLimits::default().interim_body(limit)),
            once(302, "/n"),
        );
        let answer = client.get("http://a.com/").send().unwrap();
        assert_eq!(answer.history()[0].is_cut(), cut);
        assert_eq!(answer.history()[0].content(), &"moved".as_bytes()[..limit]);
    }
}

/// R-LIM-19: the limit is on what was decoded.
#[cfg(feature = "gzip")]
#[test]
fn a_packed_body_of_a_redirect_is_cut_by_its_real_size() {
    let packed = crate::decoding::gzip(&vec![b' '; 3 << 20]);
    let moved = response(
        "302 Found",
        &[("Location", "/n"), ("Content-Encoding", "gzip")],
        &packed,
    );
    let server = Server::handler(move |seen| match seen.target.as_str() {
        "/" => moved.clone(),
        _ => ok("end"),
    });
    let client = one_slot().follow_redirects(true).build().unwrap();
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(answer.text(), "end");
    assert_eq!(answer.history()[0].content().len(), 1 << 20);
    assert!(answer.history()[0].is_cut());
}

/// CLT-36
#[test]
fn a_failure_after_a_redirect_gives_its_connection_up() {
    let moved = response("302 Found", &[("Location", "/n")], "body");
    let server = Server::always(&moved);
    let fail = |status| {
        one_slot()
            .follow_redirects(true)
            .max_redirects(3)
            .on_response(move |response| match response.status().as_u16() == status {
                true => response.error_for_status_ref().map(drop),
                false => Ok(()),
            })
            .build()
            .unwrap()
    };
    let error = fails_on(&fail(302), |client| client.get(server.url("/")).send());
    assert_eq!(error.kind(), Kind::Status);
    let error = fails_on(&fail(0), |client| client.get(server.url("/")).send());
    assert_eq!(error.kind(), Kind::TooManyRedirects);
    // The body of the redirect itself fails.
    let cut = "HTTP/1.1 302 Found\r\nLocation: /n\r\nContent-Length: 9\r\n\r\ncut";
    let server = Server::start(script().read().send(cut).close());
    let error = fails_on(&fail(0), |client| client.get(server.url("/")).send());
    assert_eq!(error.reason(), Some(Reason::Incomplete));
    assert_eq!(error.url().unwrap().as_str(), server.url("/"));
}

/// RED-33
#[test]
fn each_hop_finds_its_transport() {
    let other = papilio::MockTransport::new(|request| {
        assert_eq!(request.url.raw_host(), "other.com");
        Ok(moved(302, "http://a.com/end"))
    });
    let (client, record) =
        mocked(
            following().mount("all://other.com", other),
            |request| match request.url.path().as_ref() {
                "/" => moved(302, "http://other.com/"),
                _ => empty(200),
            },
        );
    let answer = client.get("http://a.com/").send().unwrap();
    assert_eq!(
        record.lines(),
        ["GET http://a.com/", "GET http://a.com/end"]
    );
    assert_eq!(statuses(answer.history()), [302, 302]);
}

/// RES-12: by hand it is the same chain.
#[test]
fn next_requests_are_ready_to_send() {
    let moved = |to: &str| {
        response(
            "303 See Other",
            &[("Location", to), ("Set-Cookie", "id=1")],
            "",
        )
    };
    let server = Server::replies([moved("/2"), moved("/3"), ok("end")]);
    let client = Client::new();
    let mut answer = client.post(server.url("/")).body("body").send().unwrap();
    let mut hops = 0;
    while let Some(next) = answer.take_next_request() {
        assert!(answer.next_request().is_none());
        answer = client.send(next).unwrap();
        hops += 1;
    }
    assert_eq!((hops, &*answer.text()), (2, "end"));
    let seen = server.seen();
    assert_eq!(seen[1].method, "GET");
    assert_eq!(seen[1].header("cookie"), Some("id=1"));
    assert_eq!(seen[1].header("content-length"), None);
    assert!(seen[1].header("user-agent").is_some());
}
