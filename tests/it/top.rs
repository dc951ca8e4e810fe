//! The top-level functions: one request with a client of its own.

use std::io::Read;
use std::time::Duration;

use papilio::{Kind, NoBody, OneShot, RequestBuilder, ResponseLimits, Timeout, Verify, WithBody};

use crate::server::{Server, ok, response, script};

/// TOP-01
#[test]
fn each_function_sends_its_method_and_keeps_no_connection() {
    let server = Server::always(ok(""));
    let url = server.url("/x");
    papilio::get(&url).send().unwrap();
    papilio::options(&url).send().unwrap();
    papilio::head(&url).send().unwrap();
    papilio::post(&url).send().unwrap();
    papilio::put(&url).send().unwrap();
    papilio::patch(&url).send().unwrap();
    papilio::delete(&url).send().unwrap();
    papilio::request("mkcol", &url).send().unwrap();
    papilio::stream("GET", &url).unwrap().buffer().unwrap();
    let methods: Vec<_> = server.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(
        methods,
        [
            "GET", "OPTIONS", "HEAD", "POST", "PUT", "PATCH", "DELETE", "MKCOL", "GET"
        ]
    );
    assert_eq!(server.requests_per_connection(), [1; 9]);
    server.wait_until(|server| server.open() == 0);
}

/// What there is no method for: an inherent one would be called in its place, and ask for an argument.
trait Missing {
    fn body(&self) -> &'static str {
        "missing"
    }
    fn form(&self) -> &'static str {
        "missing"
    }
    fn json(&self) -> &'static str {
        "missing"
    }
}

impl<S> Missing for RequestBuilder<S, NoBody> {}

/// TOP-03
#[test]
fn methods_without_a_body_take_none() {
    let client = papilio::Client::new();
    let url = "http://example.org/";
    type Start = fn(&'static str) -> RequestBuilder<OneShot, NoBody>;
    let bodiless: [Start; 4] = [
        papilio::get,
        papilio::head,
        papilio::options,
        papilio::delete,
    ];
    for start in bodiless {
        assert_eq!(start(url).body(), "missing");
        assert_eq!(start(url).form(), "missing");
        assert_eq!(start(url).json(), "missing");
    }
    assert_eq!(client.get(url).body(), "missing");
    assert_eq!(client.head(url).body(), "missing");
    assert_eq!(client.options(url).body(), "missing");
    assert_eq!(client.delete(url).body(), "missing");
    let with_body: RequestBuilder<OneShot, WithBody> = papilio::request("DELETE", url);
    drop(with_body.body("a body"));
}

/// EXT-02: the limits are with the request.
#[test]
fn the_options_of_a_call_reach_the_request() {
    let server = Server::echo();
    let sent = papilio::put(server.url("/?a=1&b=2"))
        .query([("b", 3)])
        .header("X-One", "1")
        .timeout(Duration::from_secs(9))
        .trust_env(false)
        .verify(Verify::Off)
        .response_limits(ResponseLimits::default().body(10_000))
        .form([("name", "Ada L")])
        .send()
        .unwrap();
    let seen = server.only();
    assert_eq!(seen.target, "/?a=1&b=3");
    assert_eq!(seen.header("x-one"), Some("1"));
    assert_eq!(seen.text(), "name=Ada+L");
    let timeout = *sent.request().unwrap().timeout().unwrap();
    assert_eq!(timeout, Timeout::all(Duration::from_secs(9)));
    let limited = papilio::get(server.url("/")).response_limits(ResponseLimits::default().body(9));
    assert_eq!(limited.send().unwrap_err().kind(), Kind::Limit);
}

/// TOP-02: what would be a setting of a client can be one of a call.
#[test]
fn what_a_call_may_be_told() {
    let fields = [("Set-Cookie", "from=server"), ("Location", "/next")];
    let server = Server::handler(move |seen| match seen.target.starts_with("/next") {
        true => ok(&seen.head),
        false => response("302 Found", &fields, ""),
    });
    let (url, proxy) = (server.url("/?a=1"), server.url(""));
    let answer = papilio::request("POST", &url)
        .query([("b", "2")])
        .header("X-One", "1")
        .cookie("mine", "1")
        .auth(("user", "pass"))
        .body("content")
        .follow_redirects(true)
        .timeout(Duration::from_secs(9))
        .no_proxy()
        .send()
        .unwrap();
    assert!(answer.text().starts_with("GET /next HTTP/1.1\r\n"));
    assert!(answer.text().contains("\r\nCookie: from=server"));
    let seen = server.seen();
    assert_eq!(seen[0].target, "/?a=1&b=2");
    assert_eq!(seen[0].header("cookie"), Some("mine=1"));
    assert_eq!(seen[0].header("authorization"), Some("Basic dXNlcjpwYXNz"));
    assert_eq!(seen[0].text(), "content");
    // Proxies: one for all, by pattern, none.
    let last = || server.seen().pop().unwrap().target;
    papilio::get("http://a.invalid/")
        .proxy(&*proxy)
        .send()
        .unwrap();
    assert_eq!(last(), "http://a.invalid/");
    let mapped = papilio::put("http://b.invalid/").proxy_for("http://", &*proxy);
    mapped.no_proxy_for("all://127.0.0.1").send().unwrap();
    assert_eq!(last(), "http://b.invalid/");
    let mapped = papilio::get(server.url("/here")).proxy_for("http://", &*proxy);
    mapped.no_proxy_for("all://127.0.0.1").send().unwrap();
    assert_eq!(last(), "/here");
    let error = papilio::get("http://a.invalid/").proxy("ftp://h").send();
    assert_eq!(error.unwrap_err().kind(), Kind::Config);
}

/// TOP-02: who the client is, and whom it trusts.
#[cfg(feature = "tls")]
#[test]
fn tls_of_a_call() {
    use crate::server::tls::{Identity, Tls, ca_pem, client_pem};
    use papilio::{ClientCert, TlsConfig};

    let (certificate, key) = client_pem(None);
    let path = std::env::temp_dir().join(format!("papilio-call-{}.pem", std::process::id()));
    std::fs::write(&path, [certificate, key].concat()).unwrap();
    let tls = Tls::from(Identity::Good).asks_clients(false);
    let server = Server::start_tls(script().serve(|_| ok("")), tls);
    let cert = ClientCert::from_file(&path).for_any_host();
    let call = papilio::get(server.url("/")).add_root_certificate(ca_pem());
    let sent = call.cert(cert).send();
    std::fs::remove_file(&path).unwrap();
    sent.unwrap();
    assert!(server.seen()[0].client_certificate.is_some());
    let config = TlsConfig::builder().add_root_certificate(ca_pem()).build();
    let call = papilio::head(server.url("/")).tls(config.unwrap());
    call.server_name("localhost").send().unwrap();
    assert_eq!(server.seen()[1].server_name.as_deref(), Some("localhost"));
    let call = papilio::get(server.url("/")).server_name("no name");
    assert_eq!(call.send().unwrap_err().kind(), Kind::Config);
}

#[test]
fn a_bad_setting_is_the_error_of_the_call() {
    let cases = [
        (papilio::request("A B", "http://e.com"), Kind::LocalProtocol),
        (papilio::post("http://e.com:x"), Kind::InvalidUrl),
        (
            papilio::post("http://e.com").header("a", "b\r\nc"),
            Kind::LocalProtocol,
        ),
        (papilio::post("/relative"), Kind::UnsupportedProtocol),
        (
            papilio::post("http://e.com").verify("/no/such/file.pem"),
            Kind::Tls,
        ),
    ];
    for (request, kind) in cases {
        if cfg!(feature = "tls") || kind != Kind::Tls {
            assert_eq!(request.send().unwrap_err().kind(), kind);
        }
    }
}

/// Of TLS, the roots of the environment and proxies the defaults show elsewhere.
#[test]
fn the_defaults_of_a_call() {
    let moved = response("302 Found", &[("Location", "/elsewhere")], "");
    let server = Server::always(moved);
    let answer = papilio::get(server.url("/")).send().unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.http_version(), "HTTP/1.1");
    let timeout = *answer.request().unwrap().timeout().unwrap();
    assert_eq!(timeout, Timeout::all(Duration::from_secs(5)));
    assert_eq!(server.seen().len(), 1);
}

#[cfg(feature = "tls")]
#[test]
fn certificates_are_verified_unless_it_is_switched_off() {
    use crate::server::tls::{Identity, ca_pem};
    let serve = script().serve(|_| ok("secret"));
    let server = Server::start_tls(serve.clone(), Identity::SelfSigned);
    let refused = papilio::get(server.url("/")).send().unwrap_err();
    assert_eq!(refused.kind(), Kind::Connect);
    let trusting = papilio::get(server.url("/")).verify(false).send().unwrap();
    assert_eq!(trusting.text(), "secret");
    let server = Server::start_tls(serve, Identity::Good);
    let known = papilio::get(server.url("/")).add_root_certificate(ca_pem());
    assert_eq!(known.send().unwrap().text(), "secret");
}

#[cfg(feature = "tls")]
#[test]
fn the_environment_counts_unless_it_is_switched_off() {
    use crate::server::tls::{Identity, ca_pem};
    let file = std::env::temp_dir().join(format!("papilio-roots-{}.pem", std::process::id()));
    let test = "top::the_environment_counts_unless_it_is_switched_off";
    let variable = [("SSL_CERT_FILE", file.to_str().unwrap())];
    if !crate::alone::alone(test, &variable) {
        return;
    }
    let file = std::env::var("SSL_CERT_FILE").unwrap();
    std::fs::write(&file, ca_pem()).unwrap();
    let server = Server::start_tls(script().serve(|_| ok("hello")), Identity::Good);
    let answer = papilio::get(server.url("/")).send();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(answer.unwrap().text(), "hello");
    let blind = papilio::get(server.url("/")).trust_env(false);
    assert_eq!(blind.send().unwrap_err().kind(), Kind::Connect);
}

/// TOP-05
#[test]
fn a_stream_holds_its_connection_until_it_is_closed_or_dropped() {
    let endless = || {
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\n\r\n")
            .flood("data")
    };
    for close in [true, false] {
        let server = Server::start(endless());
        let mut stream = papilio::stream("GET", server.url("/")).unwrap();
        let mut begin = [0; 8];
        stream.read_exact(&mut begin).unwrap();
        assert_eq!(&begin, b"datadata");
        assert_eq!(server.open(), 1);
        if close {
            stream.close();
            assert!(stream.is_closed());
            server.wait_until(|server| server.left() == 1);
        } else {
            drop(stream);
            server.wait_until(|server| server.left() == 1);
        }
    }
}
