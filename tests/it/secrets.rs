//! Secrets stay where they belong: what leaves the client for whom, and what is logged and printed.
//!
//! Every request here is laden with credentials of all kinds. Only requests to the origin they were meant for may hold
//! one, in any spelling; log lines, `Debug` and `Display` never do.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::driver::{
    BasicAuth, BearerAuth, Client, ClientBuilder, Cookies, DigestAuth, Error, Headers, Kind,
    Request, Response, Timeout, Url,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use log::{LevelFilter, Log, Metadata, Record as LogRecord};

use super::common::{Sent, empty, mocked, moved, one_slot};
use crate::alone::alone;
use crate::server::{BlackHole, Refused, Seen, Server, ok, response};

/// In every secret, and in nothing else.
const MARK: &str = "s3cret";

/// What gives a secret away: itself, and what Basic makes of it.
fn needles() -> Vec<String> {
    let mut needles = vec![MARK.to_owned()];
    for pair in ["us3r:s3cret", "us3r:s3cret-url", "s3cret:"] {
        needles.push(STANDARD.encode(pair).trim_end_matches('=').to_owned());
    }
    needles
}

fn holds_secret(text: &str) -> bool {
    needles()
        .iter()
        .any(|needle| text.contains(needle.as_str()))
}

#[track_caller]
fn clean(what: &str, text: &str) {
    assert!(!holds_secret(text), "{what}: {text}");
}

/// The ways a request is given credentials, one at a time and all together.
const WAYS: [&str; 9] = [
    "authorization",
    "proxy",
    "cookie",
    "key",
    "userinfo",
    "basic",
    "bearer",
    "digest",
    "all",
];

fn settings(builder: ClientBuilder<Client>) -> ClientBuilder<Client> {
    builder
        .follow_redirects(true)
        .max_redirects(5)
        .secret_header("X-Api-Key")
}

fn url_for(way: &str, url: &str) -> String {
    match way {
        "userinfo" | "all" => url.replacen("://", "://us3r:s3cret-url@", 1),
        _ => url.to_owned(),
    }
}

/// A request with credentials given in that way.
fn laden(client: &Client, way: &str, url: &str) -> Request {
    let mut get = client.get(url_for(way, url));
    for (of, name, value) in [
        ("authorization", "Authorization", "Custom s3cret-header"),
        ("proxy", "Proxy-Authorization", "Basic s3cret-proxy"),
        ("cookie", "Cookie", "id=s3cret-cookie"),
        ("key", "X-Api-Key", "s3cret-key"),
    ] {
        if way == of || way == "all" {
            get = get.header(name, value);
        }
    }
    let get = match way {
        "basic" => get.auth(("us3r", MARK)),
        "bearer" => get.bearer("s3cret-token"),
        "digest" | "all" => get.auth(DigestAuth::new("us3r", MARK)),
        _ => get,
    };
    get.build().unwrap()
}

const CHALLENGE: &str = r#"Digest realm="r", nonce="n", qop="auth""#;

/// Whether the request holds anything that is somebody's credentials, digest answers included.
fn is_laden(sent: &Sent) -> bool {
    let names = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
    ];
    let mut all = sent.line.clone();
    for (name, value) in &sent.headers {
        write!(all, "\n{name}: {}", String::from_utf8_lossy(value)).unwrap();
    }
    names.iter().any(|name| sent.headers.contains(name)) || holds_secret(&all)
}

/// SEC-303, SEC-304, SEC-305, SEC-310, RED-23: from A to B and back, for every kind of border.
#[test]
fn no_origin_sees_the_secrets_of_another() {
    let from = "https://www.example.org/";
    let others = [
        "http://www.example.org/",
        "https://www.example.org:8443/",
        "http://www.example.org:443/",
        "https://example.org/",
        "https://a.www.example.org/",
        "https://www.example.org.evil.com/",
        "https://www.example.com/",
        "https://127.0.0.1/",
        "https://us3r:pass@evil.com/",
    ];
    for way in WAYS {
        for other in others {
            for by_hand in [false, true] {
                let (client, record) = mocked(settings(Client::builder()), move |request| {
                    let path = request.url.path();
                    match (
                        request.url.origin() == Url::parse(from).unwrap().origin(),
                        &*path,
                    ) {
                        // Home lets in, and sends away.
                        (true, "/") if !request.headers.contains("Authorization") => {
                            Response::builder(401)
                                .header("WWW-Authenticate", CHALLENGE)
                                .bytes("")
                        }
                        (true, "/") => moved(302, other),
                        (false, "/") => moved(307, "/again"),
                        (false, _) => Response::builder(302)
                            .header("Location", "https://www.example.org/back")
                            .header("WWW-Authenticate", CHALLENGE)
                            .bytes(""),
                        (true, _) => Response::builder(401)
                            .header("WWW-Authenticate", "Basic")
                            .bytes(""),
                    }
                });
                let mut request = laden(&client, way, from);
                if by_hand {
                    request = client
                        .get(url_for(way, from))
                        .headers(&request.headers)
                        .follow_redirects(false)
                        .auth(("us3r", MARK))
                        .build()
                        .unwrap();
                }
                let mut answer = client.send(request).unwrap();
                while let Some(next) = answer.take_next_request() {
                    answer = client.send(next).unwrap();
                }
                let all = record.all();
                let left = all
                    .iter()
                    .position(|sent| sent.line != format!("GET {}", url_for(way, from)));
                let Some(left) = left else {
                    // Nobody was let in, so nobody was sent away.
                    assert!(["proxy", "cookie", "key"].contains(&way), "{way}: {all:?}");
                    continue;
                };
                assert_eq!(all.len() - left, 3, "{way} {other}: {all:?}");
                assert!(is_laden(&all[left - 1]));
                for sent in &all[left..] {
                    assert!(!is_laden(sent), "{way} to {other}: {sent:?}");
                    assert!(!sent.line.contains('@'), "{sent:?}");
                }
            }
        }
    }
}

/// RED-21: the one border that may be crossed, and not by more than the credentials of the request.
#[test]
fn an_upgrade_keeps_the_credentials() {
    let (client, record) = mocked(settings(Client::builder()), |request| {
        match request.url.scheme() {
            "http" => moved(302, "https://example.org/"),
            _ => empty(200),
        }
    });
    let request = laden(&client, "basic", "http://example.org/");
    client.send(request).unwrap();
    assert!(is_laden(&record.all()[1]));
}

/// Everything that is logged, by every thread of this process.
static LINES: Mutex<String> = Mutex::new(String::new());

struct Keep;

impl Log for Keep {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &LogRecord<'_>) {
        let mut lines = LINES.lock().unwrap();
        writeln!(
            lines,
            "{} {} {}",
            record.level(),
            record.target(),
            record.args()
        )
        .unwrap();
    }

    fn flush(&self) {}
}

/// Fields know the four names whose values are always secrets; one that a client alone was told of is left out.
fn printable(headers: &Headers) -> Headers {
    let mut headers = headers.clone();
    headers.remove("X-Api-Key");
    headers
}

/// All that can be printed of an error, and of what caused it.
fn printed(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n");
    let mut cause = error.source();
    while let Some(source) = cause {
        writeln!(text, "{source} {source:?}").unwrap();
        cause = source.source();
    }
    if let Some(request) = error.request() {
        writeln!(
            text,
            "{request:?} {:?} {:?}",
            printable(&request.headers),
            request.url
        )
        .unwrap();
    }
    if let Some(response) = error.response() {
        writeln!(text, "{}", shown(response)).unwrap();
    }
    text
}

/// All that can be printed of a response.
fn shown(response: &Response) -> String {
    let mut text = format!("{response:?} {:?} {:?}", response.headers(), response.url());
    let requests = response
        .request()
        .into_iter()
        .chain(response.next_request());
    for request in requests {
        write!(
            text,
            "{request:?} {:?} {:?}",
            printable(&request.headers),
            request.url
        )
        .unwrap();
    }
    for earlier in response.history() {
        text.push_str(&shown(earlier));
    }
    text
}

/// The origin a request was sent to, by its `Host` field.
fn host(seen: &Seen) -> &str {
    seen.header("host").unwrap()
}

/// SEC-205, SEC-303, SEC-304, LOG-08: over real sockets, byte by byte, line by line.
#[test]
fn every_byte_and_every_line() {
    if !alone(concat!(module_path!(), "::every_byte_and_every_line"), &[]) {
        return;
    }
    log::set_logger(&Keep).unwrap();
    log::set_max_level(LevelFilter::Trace);

    // Home, by address; the same server by name and another one by port are strangers.
    let route: Arc<Mutex<Vec<(String, String, String)>>> = Arc::default();
    let answers = |route: &Arc<Mutex<Vec<(String, String, String)>>>| {
        let route = Arc::clone(route);
        move |seen: &Seen| {
            let digest = seen
                .header("authorization")
                .is_some_and(|value| value.starts_with("Digest "));
            if seen.target == "/door" && !digest {
                return response(
                    "401 Unauthorized",
                    &[
                        ("WWW-Authenticate", CHALLENGE),
                        ("Set-Cookie", "s=s3cret-set; Path=/door"),
                    ],
                    "",
                );
            }
            let route = route.lock().unwrap();
            let step = route
                .iter()
                .find(|(host, target, _)| host == self::host(seen) && *target == seen.target);
            match step {
                Some((_, _, to)) => response(
                    "302 Found",
                    &[("Location", to), ("Referer", "http://us3r:s3cret@x/")],
                    "moved",
                ),
                None => ok("end"),
            }
        }
    };
    let home = Server::handler(answers(&route));
    let stranger = Server::handler(answers(&route));
    let at = |server: &Server| format!("127.0.0.1:{}", server.port());
    let by_name = format!("localhost:{}", home.port());
    for start in ["/", "/door"] {
        let to = stranger.url("/").replace("://", "://us3r:s3cret-location@");
        route
            .lock()
            .unwrap()
            .push((at(&home), start.to_owned(), to));
    }
    route.lock().unwrap().extend([
        (
            at(&stranger),
            "/".to_owned(),
            home.url_on("localhost", "/by-name"),
        ),
        (by_name.clone(), "/by-name".to_owned(), home.url("/back")),
        (at(&home), "/back".to_owned(), stranger.url("/last")),
    ]);

    for way in WAYS {
        let client = settings(one_slot())
            .header("X-Api-Key", "s3cret-default")
            .base_url(home.url("/"))
            .build()
            .unwrap();
        client
            .cookies()
            .set_for("jar", "s3cret-jar", "127.0.0.1", "/only")
            .unwrap();
        for start in ["/", "/door"] {
            let before = (home.seen().len(), stranger.seen().len());
            let request = laden(&client, way, &home.url(start));
            clean(
                "request",
                &format!(
                    "{request:?} {:?} {:?}",
                    printable(&request.headers),
                    request.url
                ),
            );
            let answer = client.send(request).unwrap();
            clean("response", &shown(&answer));
            clean(
                "client",
                &format!("{client:?} {:#?} {:?}", client, client.cookies()),
            );
            let at_home = home.seen().split_off(before.0);
            let away = stranger.seen().split_off(before.1);
            assert!(!at_home.is_empty());
            let mut left = false;
            for seen in &at_home {
                let bare = host(seen) == by_name || seen.target == "/back";
                left |= bare;
                let raw = String::from_utf8_lossy(&seen.raw).into_owned();
                if bare {
                    clean("home, after the way away", &raw);
                    assert_eq!(seen.header("authorization"), None);
                }
                // Not even at home in the request line or `Host`.
                clean("request line", raw.lines().next().unwrap());
                clean("host", host(seen));
            }
            let expected = start == "/" || matches!(way, "digest" | "all");
            assert_eq!(left, expected, "{way} {start}");
            for seen in &away {
                clean("away", &String::from_utf8_lossy(&seen.raw));
                assert_eq!(seen.header("authorization"), None);
            }
        }
    }
    failures(&home);
    let lines = std::mem::take(&mut *LINES.lock().unwrap());
    assert!(lines.contains("HTTP Request: GET ") && lines.contains("send_request_headers"));
    for line in lines.lines() {
        clean("log", line);
    }
}

/// Everything that can go wrong with a laden request.
fn failures(home: &Server) {
    let refused = Refused::port();
    let hole = BlackHole::start();
    let endless = Server::always(response(
        "302 Found",
        &[("Location", "http://us3r:s3cret@127.0.0.1:1/")],
        "",
    ));
    let loops = Server::always(response("302 Found", &[("Location", "/")], ""));
    let nowhere = Server::always(response(
        "302 Found",
        &[("Location", "http://us3r:s3cret@[::1/")],
        "",
    ));
    let market = Server::always(response(
        "302 Found",
        &[("Location", "market://us3r:s3cret@x/")],
        "",
    ));
    let broken = Server::always(
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=s3cret\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    );
    let teapot = Server::always(response(
        "418 x",
        &[("Location", "http://us3r:s3cret@x/")],
        "",
    ));
    let brief = Timeout::all(Duration::from_millis(50));
    let mut kinds = Vec::new();
    for way in ["all", "basic", "userinfo"] {
        for url in [
            refused.url("/"),
            hole.url("/"),
            endless.url("/"),
            loops.url("/"),
            nowhere.url("/"),
            market.url("/"),
            broken.url("/"),
        ] {
            let client = settings(one_slot()).timeout(brief).build().unwrap();
            let error = client.send(laden(&client, way, &url)).unwrap_err();
            clean(&url, &printed(&error));
            kinds.push(error.kind());
        }
        let client = settings(one_slot()).build().unwrap();
        let stopped = client
            .get(url_for(way, &endless.url("/")))
            .follow_redirects(false)
            .send()
            .unwrap();
        clean(
            "status",
            &printed(&stopped.error_for_status_ref().unwrap_err()),
        );
        clean("status", &printed(&stopped.error_for_status().unwrap_err()));
        let answer = client.send(laden(&client, way, &teapot.url("/"))).unwrap();
        clean("status", &printed(&answer.error_for_status().unwrap_err()));
        client.close();
        let error = client
            .send(laden(&client, way, &home.url("/")))
            .unwrap_err();
        clean("closed", &printed(&error));
    }
    for kind in [
        Kind::Connect,
        Kind::TooManyRedirects,
        Kind::RemoteProtocol,
        Kind::UnsupportedProtocol,
    ] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    // What is refused before anything is sent.
    let client = Client::new();
    let url = home.url("/");
    for error in [
        client
            .get(&url)
            .header("Authorization", "s3cret\r\nX: y")
            .send()
            .unwrap_err(),
        client
            .get(&url)
            .header("X-Api-Key", "s3cret\0")
            .send()
            .unwrap_err(),
        client.get(&url).cookie("a", "s3cret;").send().unwrap_err(),
        client
            .get(&url)
            .auth(("us3r", "s3cret\n"))
            .send()
            .unwrap_err(),
        client.get(&url).bearer("s3cret\n").send().unwrap_err(),
        client.get("http://us3r:s3cret@h:port/").send().unwrap_err(),
        client.get("http://us3r:s3cret@[::1/").send().unwrap_err(),
        client.get("http://us3r:s3cret@a b/").send().unwrap_err(),
        client.get("ftp://us3r:s3cret@h/").send().unwrap_err(),
        client.get("http://us3r:s3cret@/").send().unwrap_err(),
        Client::builder()
            .base_url("http://us3r:s3cret@h/?q")
            .build()
            .unwrap_err(),
        Client::builder()
            .mount(
                "http://us3r:s3cret@h",
                papilio::MockTransport::new(|_| Ok(empty(200))),
            )
            .build()
            .unwrap_err(),
    ] {
        clean("refused", &printed(&error));
    }
}

/// SEC-205: nothing that holds a secret prints it.
#[test]
fn debug_output() {
    let url = "http://us3r:s3cret@h/";
    let headers = Headers::from_pairs([
        ("Authorization", MARK),
        ("Proxy-Authorization", MARK),
        ("Cookie", MARK),
        ("Set-Cookie", MARK),
        ("Location", url),
        ("Referer", url),
        ("Link", "<http://us3r:s3cret@h/>; rel=next"),
    ])
    .unwrap();
    let cookies = Cookies::from_pairs([("id", MARK)]).unwrap();
    let builder = || {
        Client::builder()
            .base_url(url)
            .headers(&headers)
            .secret_header("X-Api-Key")
            .header("x-api-key", MARK)
            .auth(("us3r", MARK))
            .cookies(cookies.clone())
            .add_root_certificate(MARK)
    };
    let client = Client::builder()
        .base_url(url)
        .secret_header("X-Api-Key")
        .header("x-api-key", MARK)
        .build()
        .unwrap();
    let request = client.get("x").headers(&headers).bearer(MARK);
    let things = [
        format!("{:?}", builder()),
        format!("{client:?}"),
        format!("{request:?}"),
        format!("{headers:?} {headers:#?}"),
        format!("{cookies:?} {:?}", cookies.iter()),
        format!("{:?}", Url::parse(url).unwrap()),
        format!("{}", Url::parse(url).unwrap().masked()),
        format!("{:?}", Url::parse(url).unwrap().origin()),
        format!("{:?}", BasicAuth::new("us3r", MARK)),
        format!("{:?}", BearerAuth::new(MARK)),
        format!("{:?}", DigestAuth::new("us3r", MARK)),
        format!("{:?}", request.build().unwrap()),
    ];
    for thing in things {
        clean("debug", &thing);
    }
}
