//! What a client, a request and a call can be told, with which defaults, and who wins.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::common::{empty, mocked, moved, names, one_slot, statuses};
use super::driver::{
    Body, Client, Cookies, Headers, Kind, Limits, QueryParams, Request, Response, StatusCode,
    Timeout, Version, reason_phrase,
};
use crate::server::{Server, ok, response};

const SECOND: Duration = Duration::from_secs(1);

/// CLT-01
#[test]
fn defaults_of_a_client() {
    let client = Client::new();
    assert!(client.auth().is_none());
    assert!(client.params().is_empty());
    let names: Vec<_> = client
        .headers()
        .keys()
        .filter(|name| name != "accept-encoding")
        .collect();
    assert_eq!(names, ["accept", "connection", "user-agent"]);
    assert!(client.cookies().is_empty());
    assert_eq!(client.timeout(), Timeout::all(SECOND * 5));
    assert!(!client.follow_redirects());
    assert_eq!(client.max_redirects(), 20);
    assert!(client.base_url().is_none());
    assert!(client.trust_env());
    let limits = Limits::client();
    assert_eq!(
        (limits.max_connections, limits.max_keepalive_connections),
        (Some(100), Some(20))
    );
    assert_eq!(limits.keepalive_expiry, Some(SECOND * 5));
    let shown = format!("{client:?}");
    assert!(shown.contains("mounts: []"), "{shown}");
    assert!(
        shown.contains("0 request hooks, 0 response hooks"),
        "{shown}"
    );
    // The encoding of text, and the protocol.
    let server = Server::always(ok("caf\u{e9}"));
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(
        (&*answer.text(), answer.http_version()),
        ("caf\u{e9}", "HTTP/1.1")
    );
}

/// CLT-01: certificates are looked at.
#[cfg(feature = "tls")]
#[test]
fn a_client_verifies_unless_told_otherwise() {
    use crate::server::script;
    use crate::server::tls::Identity;
    let server = Server::start_tls(script().serve(|_| ok("x")), Identity::SelfSigned);
    let error = Client::new().get(server.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::Connect);
    let blind = Client::builder().verify(false).build().unwrap();
    assert_eq!(blind.get(server.url("/")).send().unwrap().text(), "x");
}

/// CLT-07
#[test]
fn what_can_be_read_and_set_later() {
    let (mut client, record) = mocked(Client::builder(), |request| {
        match request.url.path().as_ref() {
            "/sub/loop" => moved(302, "loop"),
            _ => empty(200),
        }
    });
    client.headers_mut().insert("X-A", "1").unwrap();
    client.cookies().set("c", "2").unwrap();
    client.set_params(QueryParams::parse("p=3"));
    client.set_auth(("u", "p"));
    client.set_timeout(SECOND * 9);
    client.set_base_url("http://h/sub").unwrap();
    client.set_follow_redirects(true);
    client.set_max_redirects(2);
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    client.on_request(move |request| {
        assert_eq!(request.timeout(), Some(&Timeout::all(SECOND * 9)));
        *count.lock().unwrap() += 1;
        Ok(())
    });
    client.on_response(|response| response.headers_mut().insert("X-Hook", "ran"));
    assert_eq!(client.headers().get("x-a").as_deref(), Some("1"));
    assert_eq!(client.cookies().get("c").unwrap().as_deref(), Some("2"));
    assert_eq!(client.params().get("p"), Some("3"));
    assert!(client.auth().is_some());
    assert_eq!(client.timeout(), Timeout::all(SECOND * 9));
    assert_eq!(client.base_url().unwrap().as_str(), "http://h/sub/");
    assert!(client.follow_redirects());
    assert_eq!(client.max_redirects(), 2);

    let answer = client.get("x").send().unwrap();
    assert_eq!(answer.headers().get("x-hook").as_deref(), Some("ran"));
    let sent = &record.all()[0];
    assert_eq!(sent.line, "GET http://h/sub/x?p=3");
    for (name, value) in [
        ("X-A", "1"),
        ("Cookie", "c=2"),
        ("Authorization", "Basic dTpw"),
    ] {
        assert_eq!(sent.header(name).as_deref(), Some(value));
    }
    let error = client.get("loop").send().unwrap_err();
    assert_eq!(error.kind(), Kind::TooManyRedirects);
    assert_eq!((record.all().len(), *asked.lock().unwrap()), (4, 4));
    // Jars are changed through a shared reference, and can be replaced.
    client.cookies().clear();
    client
        .cookies()
        .update(&Cookies::from_pairs([("d", "4")]).unwrap());
    client.get("x").send().unwrap();
    assert_eq!(record.header("Cookie")[4].as_deref(), Some("d=4"));
}

/// CLT-14
#[test]
fn some_options_are_combined_and_the_others_replaced() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let limits = Arc::clone(&seen);
    let builder = Client::builder()
        .header("X-Client", "1")
        .query([("c", "1")])
        .cookies(Cookies::from_pairs([("c", "1")]).unwrap())
        .auth(("c", "c"))
        .timeout(SECOND)
        .follow_redirects(true);
    let (client, record) = mocked(builder, move |request| {
        limits
            .lock()
            .unwrap()
            .push(request.timeout().copied().unwrap());
        moved(302, "/n")
    });
    let answer = client
        .get("http://h/")
        .header("X-Request", "2")
        .query([("r", "2")])
        .cookie("r", "2")
        .auth(("r", "r"))
        .timeout(Timeout::none().read(SECOND * 2))
        .follow_redirects(false)
        .send()
        .unwrap();
    assert_eq!(answer.status(), 302);
    let sent = &record.all()[0];
    assert_eq!(sent.line, "GET http://h/?c=1&r=2");
    for (name, value) in [
        ("X-Client", "1"),
        ("X-Request", "2"),
        ("Cookie", "c=1; r=2"),
        ("Authorization", "Basic cjpy"),
    ] {
        assert_eq!(sent.header(name).as_deref(), Some(value));
    }
    assert_eq!(*seen.lock().unwrap(), [Timeout::none().read(SECOND * 2)]);
}

/// CLT-31
#[test]
fn a_request_is_sent_as_it_is() {
    let server = Server::always(ok(""));
    let client = Client::builder()
        .header("X-Client", "1")
        .query([("c", "1")])
        .cookies(Cookies::from_pairs([("c", "1")]).unwrap())
        .base_url("http://nowhere.invalid/")
        .build()
        .unwrap();
    client
        .send(
            Request::new("POST", server.url("/x"))
                .unwrap()
                .with_body("abc"),
        )
        .unwrap();
    let mut bare = client.get(server.url("/y")).build().unwrap();
    bare.headers = Headers::from_pairs([("Host", "h"), ("x", "y")]).unwrap();
    client.send(bare).unwrap();
    let seen = server.seen();
    assert_eq!(
        (names(&seen[0]), &*seen[0].target),
        (vec!["Host", "Content-Length"], "/x")
    );
    assert_eq!(
        (names(&seen[1]), &*seen[1].target),
        (vec!["Host", "x"], "/y?c=1")
    );
    // A relative URL has nothing to be appended to.
    let error = client.send(Request::new("GET", "/x").unwrap()).unwrap_err();
    assert_eq!(error.kind(), Kind::UnsupportedProtocol);
}

/// CLT-32
#[test]
fn sending_applies_the_rest_of_the_client() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (noted, heard) = (Arc::clone(&asked), Arc::clone(&asked));
    let builder = Client::builder()
        .auth(("u", "p"))
        .timeout(SECOND * 7)
        .follow_redirects(true)
        .on_request(move |request| {
            noted
                .lock()
                .unwrap()
                .push(format!("{:?}", request.timeout().and_then(|t| t.read)));
            Ok(())
        })
        .on_response(move |response| {
            heard
                .lock()
                .unwrap()
                .push(response.status().as_u16().to_string());
            Ok(())
        });
    let (client, record) = mocked(builder, |request| match request.url.path().as_ref() {
        "/" => Response::builder(302)
            .header("Location", "/n")
            .header("Set-Cookie", "a=1")
            .bytes(""),
        _ => empty(200),
    });
    let mut request = Request::new("GET", "http://h/").unwrap();
    let answer = client.send(request.try_clone().unwrap()).unwrap();
    assert_eq!(statuses(answer.history()), [302]);
    assert_eq!(
        record.header("Authorization")[0].as_deref(),
        Some("Basic dTpw")
    );
    assert!(client.cookies().contains("a"));
    request.set_timeout(SECOND);
    client.send(request).unwrap();
    assert_eq!(
        *asked.lock().unwrap(),
        [
            "Some(7s)", "302", "Some(7s)", "200", "Some(1s)", "302", "Some(1s)", "200"
        ]
    );
}

/// CLT-33
#[test]
fn sending_takes_options_of_its_own() {
    let (client, record) = mocked(Client::builder().auth(("c", "c")), |request| match request
        .url
        .path()
        .as_ref()
    {
        "/" => moved(302, "/n"),
        _ => Response::builder(200).text("end"),
    });
    let build = || Request::builder("GET", "http://h/");
    let request = build()
        .auth(("u", "p"))
        .follow_redirects(true)
        .timeout(SECOND * 3)
        .build()
        .unwrap();
    assert_eq!(request.timeout(), Some(&Timeout::all(SECOND * 3)));
    let answer = client.send(request).unwrap();
    assert_eq!(answer.text(), "end");
    let stream = client.stream(build().no_auth().build().unwrap()).unwrap();
    assert_eq!(stream.status(), 302);
    let basic = Some("Basic dTpw".to_owned());
    assert_eq!(record.header("Authorization"), [basic.clone(), basic, None]);
}

/// HDR-22
#[test]
fn the_order_of_all_headers() {
    let server = Server::always(ok(""));
    let client = Client::builder()
        .header("X-Client", "1")
        .header("User-Agent", "me")
        .cookies(Cookies::from_pairs([("c", "1")]).unwrap())
        .auth(("u", "p"))
        .build()
        .unwrap();
    let send = |body: Option<&str>, own: &[(&str, &str)]| {
        let mut request = client
            .post(server.url("/"))
            .headers(&Headers::from_pairs(own.iter().copied()).unwrap());
        if let Some(body) = body {
            request = request.form(QueryParams::parse(body));
        }
        request.send().unwrap();
        let seen = server.seen().pop().unwrap();
        let names = names(&seen)
            .into_iter()
            .filter(|name| *name != "Accept-Encoding");
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        send(None, &[("X-Request", "1"), ("accept", "text/html")]),
        "Host Content-Length Connection X-Client User-Agent X-Request accept Cookie Authorization"
    );
    assert_eq!(
        send(Some("a=1"), &[("X-Request", "1")]),
        "Host Accept Connection X-Client User-Agent X-Request Cookie Content-Length Content-Type Authorization"
    );
    assert_eq!(
        send(
            Some("a=1"),
            &[
                ("Authorization", "old"),
                ("Cookie", "own=1"),
                ("Content-Type", "x/y")
            ]
        ),
        "Host Accept Connection X-Client User-Agent Authorization Cookie Content-Type Content-Length"
    );
    client
        .post(server.url("/"))
        .body(Body::iter(["a"]))
        .send()
        .unwrap();
    let seen = server.seen().pop().unwrap();
    assert_eq!(
        names(&seen)[names(&seen).len() - 3..],
        ["Cookie", "Transfer-Encoding", "Authorization"]
    );
}

/// REQ-01
#[test]
fn a_request_on_its_own() {
    #[derive(Clone, PartialEq, Debug)]
    struct Mark(u8);
    let start = || {
        Request::builder("put", "http://h/?a=1")
            .query([("b", "2")])
            .header("X-A", "1")
            .cookie("c", "3")
            .extension(Mark(7))
    };
    let mut request = start().body("content").build().unwrap();
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("PUT", "http://h/?a=1&b=2")
    );
    let fields: Vec<_> = request.headers.keys().collect();
    assert_eq!(fields, ["host", "x-a", "cookie", "content-length"]);
    assert_eq!(request.body.as_bytes(), Some(&b"content"[..]));
    assert_eq!(request.extensions().get::<Mark>(), Some(&Mark(7)));
    request.method = "DELETE".parse().unwrap();
    request.url = papilio::Url::parse("http://other/").unwrap();
    request.headers.insert("X-A", "2").unwrap();
    assert_eq!(
        format!("{request:?}"),
        "<Request('DELETE', 'http://other/')>"
    );

    let form = start().form([("d", "4")]).build().unwrap();
    assert_eq!(form.content().unwrap(), b"d=4");
    assert_eq!(
        form.headers.get("content-type").as_deref(),
        Some("application/x-www-form-urlencoded")
    );
    let stream = start().body(Body::iter(["a", "b"])).build().unwrap();
    assert_eq!(stream.content().unwrap_err().kind(), Kind::RequestNotRead);
    assert_eq!(
        stream.headers.get("transfer-encoding").as_deref(),
        Some("chunked")
    );
    #[cfg(feature = "json")]
    assert_eq!(
        start().json(&[1]).build().unwrap().content().unwrap(),
        b"[1]"
    );
    #[cfg(feature = "multipart")]
    {
        use papilio::multipart::{Form, Part};
        let form = Form::new().part("f", Part::bytes("x").file_name("n.txt"));
        let files = start().form([("d", "4")]).multipart(form).build().unwrap();
        let text = String::from_utf8(files.content().unwrap().to_vec()).unwrap();
        assert!(
            text.contains("name=\"d\"") && text.contains("filename=\"n.txt\""),
            "{text}"
        );
    }
}

/// REQ-02
#[test]
fn a_request_has_one_body() {
    let start = || Request::builder("POST", "http://h/");
    let form = || [("a", "1")];
    let refuse = |twice: papilio::Result<Request>| {
        assert_eq!(twice.unwrap_err().kind(), Kind::Config);
    };
    refuse(start().body("x").form(form()).build());
    refuse(start().form(form()).body("x").build());
    #[cfg(feature = "json")]
    {
        refuse(start().json(&1).form(form()).build());
        refuse(start().body("x").json(&1).build());
    }
    // The same kind again replaces what was there.
    let request = start().body("x").body("yz").build().unwrap();
    assert_eq!(request.content().unwrap(), b"yz");
    assert_eq!(request.headers.get("content-length").as_deref(), Some("2"));
}

/// RES-01
#[test]
fn what_a_response_knows() {
    let server = Server::handler(|seen| match seen.target.as_str() {
        "/" => response("302 Found", &[("Location", "/n")], "moved"),
        _ => response(
            "299 Quite Fine",
            &[
                ("Content-Type", "text/plain; charset=ISO-8859-1"),
                ("Set-Cookie", "a=1"),
            ],
            b"caf\xe9",
        ),
    });
    let client = one_slot().follow_redirects(true).build().unwrap();
    let mut answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(answer.status().as_u16(), 299);
    assert_eq!(answer.reason_phrase(), "Quite Fine");
    assert_eq!(
        (answer.http_version(), answer.version()),
        ("HTTP/1.1", Version::HTTP_11)
    );
    assert_eq!(answer.url().as_str(), server.url("/n"));
    assert_eq!(answer.headers().get("set-cookie").as_deref(), Some("a=1"));
    assert_eq!(answer.request().unwrap().url.as_str(), server.url("/n"));
    assert_eq!(statuses(answer.history()), [302]);
    assert!(answer.next_request().is_none());
    assert!(answer.extensions().is_empty());
    answer.extensions_mut().insert(7_u8);
    assert_eq!(answer.extensions().get::<u8>(), Some(&7));
    assert_eq!(answer.cookies().get("a").unwrap().as_deref(), Some("1"));
    assert!(answer.elapsed() > Duration::ZERO);
    assert_eq!(answer.num_bytes_downloaded(), 4);
    assert_eq!(answer.charset_encoding().as_deref(), Some("iso-8859-1"));
    assert_eq!(answer.encoding(), "iso-8859-1");
    assert_eq!(answer.text(), "caf\u{e9}");

    let mut stream = client.get(server.url("/n")).stream().unwrap();
    assert!(!stream.is_closed() && !stream.is_stream_consumed());
    assert_eq!(
        stream
            .iter_bytes()
            .map(|piece| piece.unwrap().len())
            .sum::<usize>(),
        4
    );
    assert!(stream.is_closed() && stream.is_stream_consumed());
    assert_eq!(stream.num_bytes_downloaded(), 4);
    let stopped = client
        .get(server.url("/"))
        .follow_redirects(false)
        .send()
        .unwrap();
    assert_eq!(
        stopped.next_request().unwrap().url.as_str(),
        server.url("/n")
    );
}

/// RES-15
#[test]
fn links_of_a_response() {
    let server = Server::always(response(
        "200 OK",
        &[
            (
                "Link",
                r#"<https://h/?page=2>; rel="next"; title="a, b; c=d", <https://h/?page=9>; rel=last"#,
            ),
            (
                "link",
                r#"<https://h/x>; type="text/html", </y>; rel="start index""#,
            ),
        ],
        "",
    ));
    let answer = Client::new().get(server.url("/")).send().unwrap();
    let links = answer.links();
    assert_eq!(links.len(), 4);
    let next = links.get("next").unwrap();
    assert_eq!(
        (next.url(), next.param("title")),
        ("https://h/?page=2", Some("a, b; c=d"))
    );
    assert_eq!(links.get("last").unwrap().url(), "https://h/?page=9");
    assert_eq!(
        links.get("https://h/x").unwrap().param("type"),
        Some("text/html")
    );
    assert_eq!(links.get("start index").unwrap().url(), "/y");
    assert!(Response::builder(200).text("").links().is_empty());
}

/// COD-01, COD-02
#[test]
fn status_codes_have_names_and_classes() {
    let all = [
        StatusCode::CONTINUE,
        StatusCode::SWITCHING_PROTOCOLS,
        StatusCode::PROCESSING,
        StatusCode::EARLY_HINTS,
        StatusCode::OK,
        StatusCode::CREATED,
        StatusCode::ACCEPTED,
        StatusCode::NON_AUTHORITATIVE_INFORMATION,
        StatusCode::NO_CONTENT,
        StatusCode::RESET_CONTENT,
        StatusCode::PARTIAL_CONTENT,
        StatusCode::MULTI_STATUS,
        StatusCode::ALREADY_REPORTED,
        StatusCode::IM_USED,
        StatusCode::MULTIPLE_CHOICES,
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::NOT_MODIFIED,
        StatusCode::USE_PROXY,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::PAYMENT_REQUIRED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::NOT_ACCEPTABLE,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::GONE,
        StatusCode::LENGTH_REQUIRED,
        StatusCode::PRECONDITION_FAILED,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::URI_TOO_LONG,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        StatusCode::RANGE_NOT_SATISFIABLE,
        StatusCode::EXPECTATION_FAILED,
        StatusCode::IM_A_TEAPOT,
        StatusCode::MISDIRECTED_REQUEST,
        StatusCode::UNPROCESSABLE_ENTITY,
        StatusCode::LOCKED,
        StatusCode::FAILED_DEPENDENCY,
        StatusCode::TOO_EARLY,
        StatusCode::UPGRADE_REQUIRED,
        StatusCode::PRECONDITION_REQUIRED,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::NOT_IMPLEMENTED,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
        StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        StatusCode::VARIANT_ALSO_NEGOTIATES,
        StatusCode::INSUFFICIENT_STORAGE,
        StatusCode::LOOP_DETECTED,
        StatusCode::NOT_EXTENDED,
        StatusCode::NETWORK_AUTHENTICATION_REQUIRED,
    ];
    assert_eq!(all.len(), 62);
    for number in 100..=999 {
        let status = StatusCode::from_u16(number).unwrap();
        assert_eq!(
            !reason_phrase(status).is_empty(),
            all.contains(&status),
            "{number}"
        );
        assert_eq!(status.is_informational(), number / 100 == 1);
        assert_eq!(status.is_success(), number / 100 == 2);
        assert_eq!(status.is_redirection(), number / 100 == 3);
        assert_eq!(status.is_client_error(), number / 100 == 4);
        assert_eq!(status.is_server_error(), number / 100 == 5);
    }
    assert_eq!(reason_phrase(StatusCode::NOT_FOUND), "Not Found");
    assert_eq!(
        reason_phrase(StatusCode::PAYLOAD_TOO_LARGE),
        "Request Entity Too Large"
    );
}

/// COD-03
#[test]
fn codes_outside_the_table_are_legal() {
    for code in [199, 218, 306, 420, 599, 600, 799, 999] {
        let server = Server::always(format!("HTTP/1.1 {code} \r\nContent-Length: 1\r\n\r\nx"));
        if code >= 200 {
            let answer = Client::new().get(server.url("/")).send().unwrap();
            assert_eq!(
                (answer.status().as_u16(), &*answer.reason_phrase()),
                (code, "")
            );
        }
        assert_eq!(Response::builder(code).text("").reason_phrase(), "");
    }
}

#[test]
fn a_call_takes_what_a_client_takes() {
    let server = Server::handler(|seen| match seen.target.as_str() {
        "/?q=1" => response("307 Temporary Redirect", &[("Location", "/n")], ""),
        _ => ok(&seen.raw),
    });
    let answer = papilio::post(server.url("/"))
        .query([("q", "1")])
        .header("X-A", "1")
        .cookie("c", "2")
        .auth(("u", "p"))
        .follow_redirects(true)
        .timeout(SECOND * 3)
        .trust_env(false)
        .verify(false)
        .form([("f", "3")])
        .send()
        .unwrap();
    let first = &server.seen()[0];
    assert_eq!(first.header("cookie"), Some("c=2"));
    assert_eq!(first.header("authorization"), Some("Basic dTpw"));
    assert_eq!((first.header("x-a"), first.text()), (Some("1"), "f=3"));
    assert_eq!(statuses(answer.history()), [307]);
    assert!(answer.text().starts_with("POST /n "));
}

/// TOP-04
#[cfg(feature = "tls")]
#[test]
fn the_defaults_of_a_call() {
    use crate::server::script;
    use crate::server::tls::Identity;
    let server = Server::always(response("302 Found", &[("Location", "/n")], ""));
    for answer in [
        papilio::get(server.url("/")).send(),
        papilio::post(server.url("/")).send(),
    ] {
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.http_version()),
            (302, "HTTP/1.1")
        );
        let timeout = *answer.request().unwrap().timeout().unwrap();
        assert_eq!(timeout, Timeout::all(SECOND * 5));
    }
    let unknown = Server::start_tls(script().serve(|_| ok("x")), Identity::SelfSigned);
    assert_eq!(
        papilio::get(unknown.url("/")).send().unwrap_err().kind(),
        Kind::Connect
    );
    // That the environment is trusted, `top` shows.
}
