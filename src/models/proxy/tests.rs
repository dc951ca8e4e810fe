//! Proxies as values.

use super::*;
use crate::flow::auth::{BasicAuth, DigestAuth};
use crate::models::body::Body;

fn proxy(url: &str) -> Proxy {
    Proxy::new(url).unwrap()
}

fn value(proxy: &Proxy) -> Option<String> {
    let mut auth = proxy.authentication();
    let value = auth
        .begin(&http::Method::CONNECT, b"h:443", &mut Body::empty())
        .unwrap();
    value.map(|value| String::from_utf8(value).unwrap())
}

/// PRX-02
#[test]
fn urls() {
    for (given, kept, port, scheme) in [
        ("http://h", "http://h", 80, ProxyScheme::Http),
        ("https://H:443/x", "https://h", 443, ProxyScheme::Https),
        (
            "http://h:3128/p?q#f",
            "http://h:3128",
            3128,
            ProxyScheme::Http,
        ),
        ("socks5://u:p@h", "socks5://h", 1080, ProxyScheme::Socks5),
        (
            "SOCKS5H://[::1]:1",
            "socks5h://[::1]:1",
            1,
            ProxyScheme::Socks5,
        ),
        ("socks4://h", "socks4://h", 1080, ProxyScheme::Socks4),
        ("socks4a://h", "socks4a://h", 1080, ProxyScheme::Socks4a),
    ] {
        let proxy = proxy(given);
        assert_eq!(proxy.url().as_str(), kept);
        assert_eq!((proxy.port(), proxy.scheme()), (port, scheme), "{given}");
        let needs_tls = scheme == ProxyScheme::Https && cfg!(not(feature = "tls"));
        assert_eq!(proxy.check().is_err(), needs_tls);
    }
    assert_eq!(proxy("socks5://[::1]").host(), "::1");
}

/// PRX-02, R-PRX-11, PRX-05
#[test]
fn what_is_no_proxy() {
    for url in [
        "ftp://h",
        "h:80",
        "//h",
        "",
        "http://",
        "http:///x",
        "http://:80",
        "http://h:0",
        "http://h:65536",
        "http://h:x",
        "socks5://[::1",
        "http://127.1",
        "ftp://user:secret@h",
        "user:secret@h:80",
        "http://user:secret/@h",
        "http://user:secret@h:port",
    ] {
        let error = Proxy::new(url).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{url}");
        assert!(
            !format!("{error} {error:?}").contains("secret"),
            "{error:?}"
        );
    }
    let error = Proxy::new("ftp://user:x@h").unwrap_err();
    assert_eq!(error.to_string(), "Unknown scheme for proxy URL 'ftp://h'");
}

/// PRX-03
#[test]
fn settings_that_do_not_fit() {
    let pem = || b"x".to_vec();
    for proxy in [
        proxy("http://h").verify(false),
        proxy("socks5://h").add_root_certificate(pem()),
        proxy("socks5://h").header("X", "y"),
        proxy("socks4://h").auth(DigestAuth::new("u", "p")),
        proxy("http://h").header("content-length", "1"),
        proxy("http://h").header("X", "a\r\nb"),
        proxy("http://h").basic_auth("a:b", "c"),
        proxy("http://h").basic_auth("a", "b\r\nc"),
    ] {
        assert_eq!(proxy.check().unwrap_err().kind(), Kind::Config, "{proxy:?}");
    }
    assert!(proxy("socks5://h").basic_auth("a:b", "c").check().is_ok());
    #[cfg(feature = "tls")]
    {
        let proxy = proxy("https://h").verify(false).add_root_certificate(pem());
        assert!(proxy.check().is_ok());
        let tls = proxy.tls(true);
        assert_eq!(tls.verify, Verify::Off);
        assert!(tls.trust_env && tls.extra_roots == [pem()]);
    }
}

/// PRX-04, PRX-25
#[test]
fn who_we_are() {
    // u@:pä
    let basic = Some("Basic dUA6cMOk".to_owned());
    let url = proxy("http://u%40:p%C3%A4@h");
    assert_eq!(value(&url), basic);
    assert_eq!(value(&url.clone().basic_auth("x", "y")), basic);
    assert_eq!(value(&url.auth(DigestAuth::new("x", "y"))), basic);
    assert_eq!(value(&proxy("http://h").basic_auth("u@", "pä")), basic);
    assert_eq!(
        value(&proxy("http://h").auth(BasicAuth::new("u@", "pä"))),
        basic
    );
    assert_eq!(
        value(&proxy("http://h").auth(DigestAuth::new("x", "y"))),
        None
    );
    assert_eq!(value(&proxy("http://h")), None);
    assert_eq!(
        proxy("socks5://u%40:p@h").login(),
        Some((&b"u@"[..], &b"p"[..]))
    );
}

/// PRX-05
#[test]
fn secrets_are_not_printed() {
    let shown = |proxy: Proxy| {
        let text = format!("{proxy} {proxy:?}");
        assert!(
            !text.contains("secret") && !text.contains("c2VjcmV0"),
            "{text}"
        );
        text
    };
    assert_eq!(
        shown(proxy("http://u%20x:secret@h:8080").header("X-Key", "secret")),
        "http://u%20x:********@h:8080 Proxy('http://h:8080', auth=(\"u x\", '********'), headers=[\"x-key\"])"
    );
    assert_eq!(
        shown(proxy("socks5://secret@h")),
        "socks5://********@h Proxy('socks5://h', auth='********')"
    );
    let digest = proxy("https://h").auth(DigestAuth::new("secret", "secret"));
    assert_eq!(
        shown(digest),
        "https://h Proxy('https://h', auth='********')"
    );
    assert_eq!(shown(proxy("http://h")), "http://h Proxy('http://h')");
}

/// PRX-20, PRX-34
#[test]
fn what_is_forwarded() {
    let forwards = |proxy: &str, url: &str| self::proxy(proxy).forwards(&Url::parse(url).unwrap());
    assert!(forwards("http://h", "http://o") && forwards("https://h", "http://o"));
    assert!(!forwards("http://h", "https://o") && !forwards("socks5://h", "http://o"));
    assert!(!forwards("http://h", "wss://o"));
}

/// A scheme that wants what a proxy has no way for.
#[test]
fn requests_of_its_own_are_refused() {
    use crate::models::auth::{AuthFlow, AuthStep};
    use crate::models::request::Request;
    use crate::models::response::Response;

    #[derive(Clone)]
    struct Fetching;
    impl Auth for Fetching {
        fn flow(&self) -> Box<dyn AuthFlow> {
            Box::new(Self)
        }
    }
    impl AuthFlow for Fetching {
        fn next(&mut self, _: &mut Request, _: Option<&Response>) -> Result<AuthStep> {
            let other = Request::new("GET", "http://login/")?;
            Ok(AuthStep::SendFirst(Box::new(other)))
        }
    }
    let mut auth = proxy("http://h").auth(Fetching).authentication();
    let error = auth
        .begin(&http::Method::CONNECT, b"h:443", &mut Body::empty())
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Auth);
}
