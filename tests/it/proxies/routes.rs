//! Which request goes which way: patterns, exceptions, mounts on top of them.

use papilio::{Client, HttpTransport, IntoProxy, Kind, MockTransport, Response};

use super::{plain, through};
use crate::alone::alone;
use crate::server::{Server, ok, response, script};

/// PRX-01, PRX-13, PRX-14, R-TLS-07: a map of proxies, and what goes past them.
#[test]
fn a_map_of_proxies() {
    let named = |name: &'static str| Server::always(ok(name));
    let (all, some, one, direct) = (named("all"), named("some"), named("one"), named("direct"));
    let client = plain()
        .no_proxy_for("all://127.0.0.1")
        .proxy_for("http://", all.url(""))
        .proxy_for("all://*.some.invalid", some.url(""))
        .proxy_for("http://www.some.invalid:8080", one.url(""))
        .no_proxy_for("all://direct.some.invalid")
        .resolve("direct.some.invalid", direct.address())
        .build()
        .unwrap();
    for (url, way) in [
        ("http://any.invalid/", "all"),
        ("http://some.invalid/", "all"),
        ("http://www.some.invalid/", "some"),
        ("http://a.b.SOME.invalid/", "some"),
        ("http://www.some.invalid:8080/", "one"),
        ("http://www.some.invalid:8081/", "some"),
        ("http://direct.some.invalid/", "direct"),
        (&direct.url("/"), "direct"),
    ] {
        assert_eq!(client.get(url).send().unwrap().text(), way, "{url}");
    }
    assert!(direct.seen().iter().all(|seen| seen.target == "/"));
}

/// CLT-05: mounts come on top; one for the same pattern takes the place of the proxy.
#[test]
fn mounts_on_top() {
    let server = Server::always(ok("proxy"));
    let mock =
        |name: &'static str| MockTransport::new(move |_| Ok(Response::builder(200).text(name)));
    let client = plain()
        .proxy_for("http://", server.url(""))
        .proxy_for("all://same.invalid", server.url(""))
        .mount("all://same.invalid", mock("mount"))
        .mount("http://new.invalid", mock("new"))
        .mount("http://", mock("every"))
        .build()
        .unwrap();
    for (url, way) in [
        ("http://same.invalid/", "mount"),
        ("http://new.invalid/", "new"),
        ("http://other.invalid/", "every"),
    ] {
        assert_eq!(client.get(url).send().unwrap().text(), way, "{url}");
    }
    let client = plain().mount("http://a.invalid", mock("mount"));
    let client = client.proxy(server.url("")).build().unwrap();
    for (url, way) in [
        ("http://a.invalid/", "mount"),
        ("http://b.invalid/", "proxy"),
    ] {
        assert_eq!(client.get(url).send().unwrap().text(), way, "{url}");
    }
    // With a transport of the caller's, an explicit proxy is still a route for everything (TRN-05).
    let client = plain().transport(mock("mock")).proxy(server.url(""));
    let client = client.build().unwrap();
    assert_eq!(
        client.get("http://b.invalid/").send().unwrap().text(),
        "proxy"
    );
    // A transport by itself has proxies too.
    let transport = HttpTransport::builder()
        .trust_env(false)
        .proxy(server.url(""));
    let client = Client::builder().transport(transport.build().unwrap());
    let client = client.build().unwrap();
    assert_eq!(
        client.get("http://c.invalid/").send().unwrap().text(),
        "proxy"
    );
}

/// PRX-02, PRX-10, R-PRX-11, PRX-05: what makes no sense is found when the client is built, and told without secrets.
#[test]
fn settings_that_make_no_sense() {
    fn error(proxy: impl IntoProxy) -> papilio::Error {
        plain().proxy(proxy).build().unwrap_err()
    }
    let ends = |text: &str| format!("{text}://user:pass%20word@localhost:1");
    for url in [
        ends("ftp"),
        ends("socks6"),
        ends("wss"),
        "http://:1".into(),
        "http://h:99999".into(),
    ] {
        let error = error(&*url);
        let text = super::told(&error, Kind::Config);
        assert!(text.contains("proxy URL"), "{text}");
    }
    for pattern in ["http", "example.org", "http://h:port"] {
        let client = plain().proxy_for(pattern, "http://localhost");
        assert_eq!(
            client.build().unwrap_err().kind(),
            Kind::Config,
            "{pattern}"
        );
    }
}

/// PRX-05: what a client says of itself.
#[test]
fn a_client_as_text() {
    let server = Server::always(ok(""));
    let client = through(super::known("http", &server));
    client.get("http://origin.invalid/").send().unwrap();
    super::without_secrets(&format!("{client:?} {client:#?}"));
    let builder = plain().proxy(super::known("socks5", &server));
    super::without_secrets(&format!("{builder:?} {builder:#?}"));
}

/// CLT-04: any explicit proxy, or a transport, switches off what the environment says, all of it.
#[test]
fn the_environment_has_no_say() {
    let wrong = Server::always(ok("environment"));
    let right = Server::always(ok("right"));
    let test = "proxies::routes::the_environment_has_no_say";
    let (all, own) = (wrong.url(""), right.url(""));
    let variables = [
        ("http_proxy", &*all),
        ("ALL_PROXY", &*all),
        ("NO_PROXY", "origin.invalid"),
        ("PAPILIO_RIGHT", &*own),
    ];
    if !alone(test, &variables) {
        assert!(wrong.seen().is_empty());
        assert_eq!(right.seen().len(), 2);
        return;
    }
    let own = std::env::var("PAPILIO_RIGHT").unwrap();
    let get = |client: papilio::ClientBuilder<Client>| {
        let client = client.build().unwrap();
        client
            .get("http://origin.invalid/")
            .send()
            .map(|answer| answer.text().into_owned())
    };
    // NO_PROXY would keep it from the proxy.
    assert_eq!(get(Client::builder().proxy(&*own)).unwrap(), "right");
    assert_eq!(
        get(Client::builder().proxy_for("http://", &*own)).unwrap(),
        "right"
    );
    // A map that does not match, and nothing else: the name does not exist.
    let other = Client::builder().proxy_for("all://other.invalid", &*own);
    let error = get(other.resolve("origin.invalid", Vec::<std::net::IpAddr>::new())).unwrap_err();
    assert_eq!(error.kind(), Kind::Connect);
    let mock = MockTransport::new(|_| Ok(Response::builder(200).text("mock")));
    let client = Client::builder().transport(mock).build().unwrap();
    assert_eq!(
        client.get("http://x.invalid/").send().unwrap().text(),
        "mock"
    );
    let direct = Client::builder().no_proxy().build().unwrap();
    let here = Server::always(ok("here"));
    assert_eq!(direct.get(here.url("/")).send().unwrap().text(), "here");
}

/// R-LIM-15: however a server, its challenges and its proxy go on, a call is few requests.
#[test]
fn attempts_are_bounded() {
    let challenge = r#"Digest realm="p", nonce="n", qop="auth""#;
    let fields = [("Proxy-Authenticate", challenge), ("Location", "/more")];
    let refusing = Server::start(script().serve(move |_| response("407 Who", &fields, "")));
    let digest = || papilio::DigestAuth::new("user", "pass word");
    let proxy = papilio::Proxy::new(refusing.url(""))
        .unwrap()
        .auth(digest());
    let client = plain()
        .proxy(proxy)
        .follow_redirects(true)
        .connect_retries(3);
    let client = client.auth(digest()).build().unwrap();
    let answer = client.get("http://origin.invalid/").send().unwrap();
    assert_eq!(answer.status().as_u16(), 407);
    assert_eq!(refusing.seen().len(), 2);

    let challenge = r#"Digest realm="o", nonce="n", qop="auth", stale=true"#;
    let fields = [("WWW-Authenticate", challenge)];
    let asking = Server::start(script().serve(move |_| response("401 Who", &fields, "")));
    let client = plain().auth(digest()).build().unwrap();
    client.get(asking.url("/")).send().unwrap();
    assert_eq!(asking.seen().len(), 2);

    let looping = Server::always(response("302 Found", &[("Location", "/again")], ""));
    let client = plain().follow_redirects(true).build().unwrap();
    let error = client.get(looping.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::TooManyRedirects);
    assert_eq!(looping.seen().len(), 21);
}
