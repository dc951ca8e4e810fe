//! The cookie jar by itself: what servers may set, what is sent where, editing, files.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use papilio::{Cookie, Cookies, Kind, SameSite, Url};

/// 2026-01-01.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn after(seconds: u64) -> SystemTime {
    now() + Duration::from_secs(seconds)
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// A jar after one response.
fn received(from: &str, fields: &[&str]) -> Cookies {
    let cookies = Cookies::new();
    cookies.store(&url(from), fields, now());
    cookies
}

fn sent(cookies: &Cookies, to: &str) -> String {
    cookies.header_for(&url(to), now()).unwrap_or_default()
}

/// The one cookie of a response, if it was accepted.
fn one(from: &str, field: &str) -> Option<Cookie> {
    let mut cookies = received(from, &[field]).iter();
    let first = cookies.next();
    assert!(cookies.next().is_none(), "{field} is one cookie");
    first
}

fn domain(from: &str, field: &str) -> Option<String> {
    one(from, field).map(|cookie| cookie.domain().to_owned())
}

/// COK-01, COK-07
#[test]
fn built_from_whatever_holds_pairs() {
    let pairs = [("a", "1"), ("b", "2")];
    for cookies in [
        Cookies::from_pairs(pairs),
        Cookies::from_pairs(pairs.to_vec()),
        Cookies::from_pairs(BTreeMap::from(pairs)),
        Cookies::from_pairs(HashMap::from([
            ("a".to_owned(), "1"),
            ("b".to_owned(), "2"),
        ])),
    ] {
        let cookies = cookies.unwrap();
        assert_eq!(cookies.len(), 2);
        assert_eq!(cookies.get("a").unwrap().as_deref(), Some("1"));
        assert_eq!(cookies.get("b").unwrap().as_deref(), Some("2"));
        assert!(!cookies.is_empty() && cookies.contains("a") && !cookies.contains("c"));
    }
    assert!(Cookies::new().is_empty() && Cookies::default().is_empty());

    let original = Cookies::from_pairs(pairs).unwrap();
    let copy = original.clone();
    copy.set("a", "9").unwrap();
    assert_eq!(original.get("a").unwrap().as_deref(), Some("1"));
}

/// COK-02, COK-26
#[test]
fn set_by_hand() {
    let cookies = Cookies::from_pairs([("all", "1")]).unwrap();
    cookies.set_for("some", "2", "Example.ORG", "/").unwrap();
    let all = cookies.iter().next().unwrap();
    assert_eq!((all.domain(), all.path(), all.expires()), ("", "/", None));
    assert!(!all.secure() && !all.http_only() && !all.host_only());
    assert_eq!(sent(&cookies, "http://other.test/x"), "all=1");
    assert_eq!(sent(&cookies, "http://[::1]:8080/"), "all=1");
    assert_eq!(sent(&cookies, "http://example.org/"), "all=1; some=2");
    assert_eq!(sent(&cookies, "http://a.b.example.org/"), "all=1; some=2");
    assert_eq!(sent(&cookies, "http://notexample.org/"), "all=1");
    assert_eq!(sent(&cookies, "http://org/"), "all=1");
}

/// COK-03, COK-04
#[test]
fn identified_by_domain_path_and_name() {
    let cookies = Cookies::new();
    for (domain, path) in [
        ("", "/"),
        ("example.com", "/"),
        (".example.com", "/"),
        ("", "/a"),
    ] {
        cookies.set_for("id", "old", domain, path).unwrap();
        cookies
            .set_for("id", format!("{domain}{path}"), domain, path)
            .unwrap();
    }
    assert_eq!(cookies.len(), 4);
    let error = cookies.get("id").unwrap_err();
    assert_eq!(error.kind(), Kind::CookieConflict);
    assert!(
        error
            .to_string()
            .contains("Multiple cookies exist with name='id'")
    );
    let get = |domain, path| cookies.get_in("id", domain, path).unwrap();
    assert_eq!(
        get(Some("example.com"), None).as_deref(),
        Some("example.com/")
    );
    assert_eq!(
        get(Some(".example.com"), None).as_deref(),
        Some(".example.com/")
    );
    assert_eq!(get(Some(""), Some("/a")).as_deref(), Some("/a"));
    assert_eq!(get(None, Some("/a")).as_deref(), Some("/a"));
    assert_eq!(get(Some("example.org"), None), None);
    assert_eq!(get(None, Some("/b")), None);
    assert!(cookies.get_in("id", Some(""), None).is_err());
    assert_eq!(cookies.get("none").unwrap(), None);
}

/// COK-05, COK-06
#[test]
fn deleted() {
    let cookies = Cookies::new();
    let fill = || {
        for name in ["a", "b"] {
            for (domain, path) in [("", "/"), ("x.test", "/"), ("x.test", "/p")] {
                cookies.set_for(name, "1", domain, path).unwrap();
            }
        }
    };
    let left = || {
        let left: Vec<_> = cookies
            .iter()
            .map(|cookie| format!("{}@{}{}", cookie.name(), cookie.domain(), cookie.path()))
            .collect();
        cookies.clear();
        fill();
        left.join(" ")
    };
    fill();
    assert!(cookies.delete("a"));
    assert!(!cookies.delete("a") && !cookies.delete_in("b", Some("x.test"), Some("/none")));
    assert_eq!(left(), "b@/ b@x.test/ b@x.test/p");
    assert!(cookies.delete_in("a", Some("x.test"), None));
    assert_eq!(left(), "a@/ b@/ b@x.test/ b@x.test/p");
    assert!(cookies.delete_in("a", Some("x.test"), Some("/p")));
    assert!(cookies.delete_in("b", None, Some("/")));
    assert_eq!(left(), "a@/ a@x.test/ b@x.test/p");
    cookies.clear_domain("x.test");
    assert_eq!(left(), "a@/ b@/");
    cookies.clear_path("x.test", "/p");
    assert_eq!(left(), "a@/ a@x.test/ b@/ b@x.test/");
    cookies.clear();
    assert!(cookies.is_empty());
}

/// COK-07
#[test]
fn updated_from_another() {
    let cookies = Cookies::from_pairs([("a", "1"), ("b", "1")]).unwrap();
    let other = Cookies::from_pairs([("c", "2"), ("a", "2")]).unwrap();
    cookies.update(&other);
    cookies.update(&cookies);
    assert_eq!(sent(&cookies, "http://x.test/"), "a=2; b=1; c=2");
    assert_eq!(other.len(), 2);
}

/// COK-07
#[test]
fn a_record_has_everything() {
    let field = "id=\"4 2\"; Domain=example.org; Path=/p; Secure; HttpOnly; SameSite=lax; Max-Age=60; Priority=High";
    let cookie = one("https://www.example.org/", field).unwrap();
    let expected = Cookie::new("id", "\"4 2\"")
        .with_domain(".example.org")
        .with_path("/p")
        .with_secure(true)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expires(after(60));
    assert_eq!(cookie, expected);
    assert!(!cookie.is_expired(after(59)) && cookie.is_expired(after(60)));
}

/// COK-08
#[test]
fn debug_has_no_values() {
    let cookies = received("http://a.test/", &["id=s3cret; Max-Age=5"]);
    let text = format!("{cookies:?} {:?}", cookies.iter().next().unwrap());
    assert!(
        text.contains("id") && text.contains("a.test") && text.contains("[secure]"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}

/// COK-11, SEC-409
#[test]
fn names_and_values() {
    for (field, expected) in [
        ("a=b", "a=b"),
        ("a=b=c", "a=b=c"),
        (" a \t=\t b ", "a=b"),
        ("a=", "a="),
        ("a=\"b\"", "a=\"b\""),
        ("a=\"b; c=\"", "a=\"b"),
        ("a=%3B%20b%0D%0A", "a=%3B%20b%0D%0A"),
        ("a=b, c=d", "a=b, c=d"),
        ("a=b c;;;", "a=b c"),
        ("a=é", "a=é"),
        ("a", ""),
        ("=b", ""),
        (" =b", ""),
        ("", ""),
        ("; a=b", ""),
    ] {
        let cookies = received("http://x.test/", &[field]);
        assert_eq!(sent(&cookies, "http://x.test/"), expected, "{field}");
    }
    let cookies = Cookies::new();
    cookies.store(&url("http://x.test/"), [b"a=\xFF".as_slice()], now());
    assert!(cookies.is_empty());
}

/// COK-12
#[test]
fn attributes() {
    let get = |attributes: &str| one("https://x.test/a/b", &format!("n=v; {attributes}")).unwrap();
    assert!(get("SECURE").secure() && get("secure=no").secure() && get(" Secure ;").secure());
    assert!(get("hTTPonly").http_only() && !get("HttpOnl").http_only());
    assert_eq!(get("samesite=STRICT").same_site(), Some(SameSite::Strict));
    assert_eq!(get("SameSite=None").same_site(), Some(SameSite::None));
    assert_eq!(get("SameSite=other").same_site(), None);
    assert_eq!(get("path=/1; PATH=/2").path(), "/2");
    assert_eq!(get("path=/1; path=2").path(), "/a");
    assert_eq!(get("max-age=1; max-age=2").expires(), Some(after(2)));
    assert_eq!(get("domain=y.test; domain=x.test").domain(), ".x.test");
    assert_eq!(
        get("unknown; =; a=b=c; Domain ; Version=1").domain(),
        "x.test"
    );
}

/// COK-13, SEC-406, TRP-15
#[test]
fn lifetimes() {
    let expires = |attributes: &str| {
        one("http://x.test/", &format!("n=v; {attributes}")).map(|cookie| cookie.expires())
    };
    let days_400 = Some(Some(after(400 * 86_400)));
    let day = Some(Some(after(86_400)));
    let (tomorrow, yesterday) = (
        "Expires=Fri, 02 Jan 2026 00:00:00 GMT",
        "Expires=Wed, 31 Dec 2025 00:00:00 GMT",
    );
    assert_eq!(expires(tomorrow), day);
    assert_eq!(expires(yesterday), None);
    assert_eq!(expires("Expires=Thu, 01 Jan 2026 00:00:00 GMT"), None);
    assert_eq!(expires("Expires=Thu, 01 Jan 1601 00:00:00 GMT"), None);
    assert_eq!(expires("Expires=soon"), Some(None));
    assert_eq!(expires("Expires="), Some(None));
    assert_eq!(
        expires(&format!("Max-Age=10; {yesterday}")),
        Some(Some(after(10)))
    );
    assert_eq!(
        expires(&format!("{tomorrow}; Max-Age=10")),
        Some(Some(after(10)))
    );
    assert_eq!(expires(&format!("{tomorrow}; Max-Age=0")), None);
    assert_eq!(expires(&format!("{tomorrow}; Max-Age=x")), day);
    for gone in ["0", "-1", "-99999999999999999999999999", "00"] {
        assert_eq!(expires(&format!("Max-Age={gone}")), None, "{gone}");
    }
    for nonsense in ["", "x", "-", "+5", "1.5", "5s", "--5", "0x5", "\"5\""] {
        assert_eq!(
            expires(&format!("Max-Age={nonsense}")),
            Some(None),
            "{nonsense}"
        );
    }
    let digits = "9".repeat(1000);
    for far in [
        "99999999999",
        "9223372036854775807",
        "18446744073709551616",
        &digits,
    ] {
        assert_eq!(expires(&format!("Max-Age={far}")), days_400, "{far}");
    }
    assert_eq!(expires("Expires=Fri, 31 Dec 9999 23:59:59 GMT"), days_400);
}

/// SEC-406
#[test]
fn a_clock_may_jump() {
    let (jar, at) = (Cookies::new(), url("http://x.test/"));
    let mut clocks = vec![UNIX_EPOCH, now()];
    for exponent in 0..64 {
        let jump = Duration::from_secs(1 << exponent);
        clocks.extend(UNIX_EPOCH.checked_add(jump));
        clocks.extend(UNIX_EPOCH.checked_sub(jump));
    }
    for clock in clocks {
        let fields = [
            "a=1; Max-Age=9999999999999",
            "b=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
        ];
        jar.store(&at, fields, clock);
        let header = jar.header_for(&at, clock).unwrap_or_default();
        assert!(header.len() <= "a=1; b=1".len());
    }
    jar.store(&at, ["c=1"], now());
    assert!(sent(&jar, "http://x.test/").ends_with("c=1"));
}

/// COK-13, COK-29
#[test]
fn expired_cookies_go() {
    let cookies = received(
        "http://x.test/",
        &["a=1; Max-Age=10", "b=2", "c=3; Max-Age=20"],
    );
    cookies.store(
        &url("http://x.test/"),
        ["b=; Max-Age=0", "d=; Max-Age=0"],
        now(),
    );
    assert_eq!(cookies.len(), 2);
    let at = url("http://x.test/");
    assert_eq!(
        cookies.header_for(&at, after(9)).as_deref(),
        Some("a=1; c=3")
    );
    assert_eq!(cookies.header_for(&at, after(10)).as_deref(), Some("c=3"));
    assert_eq!(cookies.len(), 1);
    // A response is an occasion too, from whichever host.
    cookies.store(&url("http://y.test/"), ["e=5"], after(20));
    assert_eq!(cookies.len(), 1);
    assert!(!cookies.contains("c"));
    assert_eq!(cookies.header_for(&at, after(20)), None);
}

/// COK-15, COK-17, SEC-401
#[test]
fn domains_that_may_be_set() {
    let set = |host: &str, attribute: &str| {
        domain(
            &format!("http://{host}/"),
            &format!("a=1; Domain={attribute}"),
        )
    };
    for (host, attribute, expected) in [
        ("www.example.org", "example.org", ".example.org"),
        ("www.example.org", ".example.org", ".example.org"),
        ("www.example.org", "www.example.org", ".www.example.org"),
        ("www.example.org", "EXAMPLE.org", ".example.org"),
        ("WWW.Example.ORG", "eXample.org", ".example.org"),
        ("a.b.c.example.org", "c.example.org", ".c.example.org"),
        ("localhost", "localhost", "localhost"),
        ("localhost", "", "localhost"),
        ("www.example.org", "", "www.example.org"),
        ("www.example.org", ".", "www.example.org"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]", "::1"),
        ("[::1]", "::1", "::1"),
        ("www.bücher.test", "bücher.test", ".xn--bcher-kva.test"),
        ("www.bücher.test", "BÜCHER.test", ".xn--bcher-kva.test"),
        (
            "www.xn--bcher-kva.test",
            "bücher.test",
            ".xn--bcher-kva.test",
        ),
        (
            "www.bücher.test",
            "XN--BCHER-KVA.test",
            ".xn--bcher-kva.test",
        ),
    ] {
        assert_eq!(
            set(host, attribute).as_deref(),
            Some(expected),
            "{host} {attribute}"
        );
    }
    for (host, attribute) in [
        ("www.example.org", "other.org"),
        ("www.example.org", "sub.www.example.org"),
        ("notexample.org", "example.org"),
        ("example.org", "www.example.org"),
        ("www.example.org", "org"),
        ("www.example.org", "ORG"),
        ("www.example.org", ".org"),
        ("www.example.org", "example.org."),
        ("www.example.org.", "example.org."),
        ("www.example.org.", "org."),
        ("www.example.org", "org."),
        ("www.example.org", "..example.org"),
        ("www.example.org", "example..org"),
        ("www.example.org", "*.example.org"),
        ("www.example.org", "example.org:80"),
        ("www.example.org", "example.org/"),
        ("www.example.org", "http://example.org"),
        ("www.example.org", "example.org, other.org"),
        ("www.example.org", "%65xample.org"),
        ("127.0.0.1", "0.0.1"),
        ("127.0.0.1", "1"),
        ("127.0.0.1", "127.0.0.2"),
        ("[::1]", "[::2]"),
        ("[::1]", "1"),
        ("1.127.0.0.1", "127.0.0.1"),
        ("www.localhost", "localhost"),
        ("www.bücher.test", "bucher.test"),
        ("www.example.org", "example.ørg"),
        ("www.example.org", "\u{fffd}.org"),
    ] {
        assert_eq!(set(host, attribute), None, "{host} {attribute}");
    }
}

/// COK-16, COK-17, DCN-05, SEC-402
#[test]
fn without_a_domain_for_one_host() {
    let cookies = received("http://example.org:8080/", &["a=1"]);
    let cookie = cookies.iter().next().unwrap();
    assert_eq!((cookie.domain(), cookie.host_only()), ("example.org", true));
    assert_eq!(sent(&cookies, "https://example.org/"), "a=1");
    assert_eq!(sent(&cookies, "https://EXAMPLE.org:1/"), "a=1");
    for other in ["www.example.org", "example.org.", "org", "aexample.org"] {
        assert_eq!(sent(&cookies, &format!("http://{other}/")), "", "{other}");
    }
    assert_eq!(
        domain("http://localhost:1/", "a=1").as_deref(),
        Some("localhost")
    );
    // Not the same cookie as that of the domain.
    cookies.store(
        &url("http://example.org/"),
        ["a=2; Domain=example.org"],
        now(),
    );
    assert_eq!(sent(&cookies, "https://example.org/"), "a=1; a=2");
    assert_eq!(sent(&cookies, "https://www.example.org/"), "a=2");
}

/// COK-18, SEC-405
#[test]
fn paths() {
    let path = |request: &str, attributes: &str| {
        one(
            &format!("http://x.test{request}"),
            &format!("a=1{attributes}"),
        )
        .unwrap()
        .path()
        .to_owned()
    };
    for (request, attributes, expected) in [
        ("/a/b", "", "/a"),
        ("/a/b/c", "", "/a/b"),
        ("/a/", "", "/a"),
        ("/x", "", "/"),
        ("", "", "/"),
        ("/a/b?/c/d", "", "/a"),
        ("/a%2Fb/c", "", "/a%2Fb"),
        ("/a/b", "; Path=", "/a"),
        ("/a/b", "; Path", "/a"),
        ("/a/b", "; Path=c", "/a"),
        ("/a/b", "; Path=\"/c\"", "/a"),
        ("/a/b", "; Path=/c", "/c"),
        ("/a/b", "; Path=/", "/"),
        ("/a/b", "; Path=/c/", "/c/"),
    ] {
        assert_eq!(
            path(request, attributes),
            expected,
            "{request} {attributes}"
        );
    }

    let cookies = received("http://x.test/", &["a=1; Path=/one", "b=2; Path=/two/"]);
    for (request, expected) in [
        ("/one", "a=1"),
        ("/one?q", "a=1"),
        ("/one/", "a=1"),
        ("/one/more", "a=1"),
        ("/onemore", ""),
        ("/On", ""),
        ("/ONE", ""),
        ("/", ""),
        ("/two", ""),
        ("/two/", "b=2"),
        ("/two/x", "b=2"),
        ("/x/one", ""),
    ] {
        assert_eq!(
            sent(&cookies, &format!("http://x.test{request}")),
            expected,
            "{request}"
        );
    }
}

/// COK-19, DCN-05, SEC-403
#[test]
fn secure_needs_a_secure_origin() {
    let secure = "a=1; Secure";
    for from in [
        "https://x.test/",
        "wss://x.test/",
        "http://localhost/",
        "http://127.9.9.9/",
        "http://[::1]:9/",
    ] {
        assert!(one(from, secure).is_some(), "{from}");
    }
    for from in [
        "http://x.test/",
        "ws://x.test/",
        "http://localhost.x.test/",
        "http://128.0.0.1/",
    ] {
        assert!(one(from, secure).is_none(), "{from}");
    }
    let cookies = received("https://x.test/", &[secure]);
    for (to, expected) in [
        ("https://x.test/", "a=1"),
        ("wss://x.test/", "a=1"),
        ("http://x.test/", ""),
        ("ws://x.test/", ""),
    ] {
        assert_eq!(sent(&cookies, to), expected, "{to}");
    }
    assert_eq!(
        sent(
            &received("http://localhost/", &[secure]),
            "http://localhost/"
        ),
        ""
    );
}

/// SEC-403
#[test]
fn http_does_not_replace_secure_cookies() {
    let safe = "id=safe; Secure; Domain=x.test; Path=/login";
    let attempt = |from: &str, field: &str| {
        let cookies = received("https://x.test/", &[safe]);
        cookies.store(&url(from), [field], now());
        sent(&cookies, "https://sub.x.test/login/en")
    };
    for field in [
        "id=bad; Domain=x.test; Path=/login",
        "id=; Domain=x.test; Path=/login; Max-Age=0",
        "id=bad; Path=/login",
        "id=bad; Path=/login/en",
        "id=bad; Domain=sub.x.test; Path=/login/en",
    ] {
        assert_eq!(attempt("http://sub.x.test/", field), "id=safe", "{field}");
    }
    // Neither in the way of the other.
    assert_eq!(
        attempt("http://sub.x.test/", "id=bad; Path=/"),
        "id=safe; id=bad"
    );
    assert_eq!(
        attempt("http://sub.x.test/", "ID=2; Path=/login"),
        "id=safe; ID=2"
    );
    assert_eq!(attempt("http://y.test/", "id=bad; Path=/login"), "id=safe");
    assert_eq!(
        attempt("https://sub.x.test/", "id=new; Domain=x.test; Path=/login"),
        "id=new"
    );
}

/// COK-19, SEC-404
#[test]
fn names_that_promise() {
    let accepted = |from: &str, field: &str| one(from, field).is_some();
    for name in ["__Secure-a", "__secure-a", "__SECURE-a"] {
        assert!(accepted(
            "https://x.test/",
            &format!("{name}=1; Secure; Domain=x.test; Path=/p")
        ));
        assert!(!accepted("https://x.test/", &format!("{name}=1")));
        assert!(!accepted("http://x.test/", &format!("{name}=1; Secure")));
    }
    for name in ["__Host-a", "__host-a", "__HOST-a", "__Host-"] {
        assert!(accepted(
            "https://x.test/p/",
            &format!("{name}=1; Secure; Path=/")
        ));
        for wrong in [
            "Path=/",
            "Secure",
            "Secure; Path=/p",
            "Secure; Path=/; Domain=x.test",
            "Secure; Path=/; Path=x",
        ] {
            assert!(
                !accepted("https://x.test/", &format!("{name}=1; {wrong}")),
                "{name} {wrong}"
            );
        }
        assert!(!accepted(
            "http://x.test/",
            &format!("{name}=1; Secure; Path=/")
        ));
    }
    assert!(accepted("http://x.test/", "__Hosta=1") && accepted("http://x.test/", "a__Host-=1"));
    for nameless in [
        "=__Host-a=1; Secure; Path=/",
        "__Host-a",
        "=__Secure-a=1",
        " = __Secure-a=1",
    ] {
        assert!(!accepted("https://x.test/", nameless), "{nameless}");
    }
}

/// COK-20, SEC-401
#[cfg(feature = "public-suffix")]
#[test]
fn public_suffixes() {
    let set = |host: &str, attribute: &str| {
        domain(
            &format!("http://{host}/"),
            &format!("a=1; Domain={attribute}"),
        )
    };
    for suffix in [
        "co.uk",
        "com",
        "github.io",
        "unheard-of",
        "公司.cn",
        "xn--55qx5d.cn",
        "foo.ck",
    ] {
        assert_eq!(set(&format!("www.{suffix}"), suffix), None, "{suffix}");
    }
    assert_eq!(set("github.io", "github.io").as_deref(), Some("github.io"));
    assert_eq!(set("a.b.co.uk", "b.co.uk").as_deref(), Some(".b.co.uk"));
    assert_eq!(set("a.www.ck", "www.ck").as_deref(), Some(".www.ck"));
}

/// SEC-407
#[test]
fn sizes() {
    let from = "http://x.test/";
    let with = |name: usize, value: usize| {
        one(from, &format!("{}={}", "n".repeat(name), "v".repeat(value))).is_some()
    };
    assert!(with(1, 4095) && with(4096, 0) && with(2048, 2048));
    assert!(!with(1, 4096) && !with(4097, 0) && !with(2048, 2049));
    let path = |length: usize| {
        let path = format!("/{}", "p".repeat(length - 1));
        one(from, &format!("a=1; Path={path}"))
            .unwrap()
            .path()
            .len()
    };
    assert_eq!((path(1024), path(1025)), (1024, 1));
}

/// SEC-407
#[test]
fn counts() {
    let cookies = Cookies::new();
    let fields = |from: usize, count: usize| (from..from + count).map(|n| format!("c{n}={n}"));
    cookies.store(&url("http://x.test/"), fields(0, 60), now());
    assert_eq!(cookies.len(), 50);
    assert!(cookies.contains("c49") && !cookies.contains("c50"));

    for from in [50, 100, 150] {
        cookies.store(&url("http://x.test/"), fields(from, 50), now());
    }
    assert_eq!(cookies.len(), 180);
    assert!(cookies.contains("c20") && !cookies.contains("c19"));

    cookies.set("mine", "1").unwrap();
    for host in 0..100 {
        cookies.store(
            &url(&format!("http://h{host}.test/")),
            fields(1000, 50),
            now(),
        );
    }
    assert_eq!(cookies.len(), 3001);
    assert!(cookies.contains("mine") && !cookies.contains("c199"));
    assert_eq!(sent(&cookies, "http://h39.test/"), "mine=1");
    assert_eq!(sent(&cookies, "http://h40.test/").split("; ").count(), 51);
}

/// SEC-407
#[test]
fn the_field_is_short() {
    let cookies = Cookies::new();
    for n in 0..200 {
        cookies.set(format!("c{n}"), "1").unwrap();
    }
    let header = sent(&cookies, "http://x.test/");
    assert_eq!(header.split("; ").count(), 150);
    assert!(header.starts_with("c0=1; ") && header.ends_with("; c149=1"));

    cookies.clear();
    cookies.set("a", "x".repeat(4000)).unwrap();
    cookies.set("b", "x".repeat(4000)).unwrap();
    cookies.set("c", "x".repeat(4000)).unwrap();
    cookies.set("d", "x").unwrap();
    let header = sent(&cookies, "http://x.test/");
    let names: Vec<&str> = header.split("; ").map(|pair| &pair[..1]).collect();
    assert_eq!(names, ["a", "b", "d"]);

    for length in [8179, 8180, 8181] {
        cookies.clear();
        cookies.set("a", "x".repeat(length)).unwrap();
        let fits = "Cookie: a=".len() + length <= 8190;
        assert_eq!(
            !sent(&cookies, "http://x.test/").is_empty(),
            fits,
            "{length}"
        );
    }
}

/// SEC-408
#[test]
fn control_bytes() {
    for byte in (0..=0x1F).chain([0x7F]).filter(|byte| *byte != b'\t') {
        for field in [
            [b"a", &[byte][..], b"b=c"].concat(),
            [b"a=b", &[byte][..], b"c"].concat(),
            [b"a=b", &[byte][..]].concat(),
            [b"a=b; Path=/", &[byte][..]].concat(),
        ] {
            let cookies = Cookies::new();
            cookies.store(&url("http://x.test/"), [&field], now());
            assert!(cookies.is_empty(), "{field:?}");
        }
    }
}

/// SEC-214
#[test]
fn what_would_break_the_field_is_refused() {
    let cookies = Cookies::new();
    for bad in [
        "a;b", "a\rb", "a\nb", "a\0b", "a\u{1f}b", "a\u{7f}b", " a", "a\t",
    ] {
        assert_eq!(
            cookies.set("a", bad).unwrap_err().kind(),
            Kind::LocalProtocol,
            "{bad:?}"
        );
        assert_eq!(
            cookies.set(bad, "a").unwrap_err().kind(),
            Kind::LocalProtocol,
            "{bad:?}"
        );
        assert!(Cookies::from_pairs([("a", bad)]).is_err());
        assert!(cookies.set_for("a", "b", "", format!("/{bad}/;")).is_err());
    }
    assert!(cookies.set("", "a").is_err() && cookies.set("a=b", "c").is_err());
    assert!(cookies.set_for("a", "b", "", "no/slash").is_err());
    for domain in [
        "x y", "x\ny", "x\ty", "x/y", "x:80", "a..b", "..", "[::1", "x@y",
    ] {
        assert!(
            cookies.set_for("a", "b", domain, "/").is_err(),
            "{domain:?}"
        );
    }
    assert!(cookies.is_empty());
    // A refusal says nothing of the value.
    let error = cookies.set("a", "s3cret;").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    for good in ["", "a b", "a,b", "\"a\"", "a=b", "é", "a\\b"] {
        cookies.set("a", good).unwrap();
        assert_eq!(sent(&cookies, "http://x.test/"), format!("a={good}"));
    }
}

/// COK-25
#[test]
fn sent_where_it_belongs() {
    let cookies = received(
        "http://www.example.org/",
        &["d=1; Domain=example.org", "h=2"],
    );
    for (to, expected) in [
        ("http://www.example.org/", "d=1; h=2"),
        ("https://www.example.org:444/", "d=1; h=2"),
        ("http://example.org/", "d=1"),
        ("http://a.b.example.org/", "d=1"),
        ("http://sub.www.example.org/", "d=1"),
        ("http://aexample.org/", ""),
        ("http://example.org.evil.test/", ""),
        ("http://org/", ""),
        ("http://example.org./", ""),
        ("/relative", ""),
    ] {
        assert_eq!(sent(&cookies, to), expected, "{to}");
    }
    let by_hand = Cookies::new();
    by_hand.set_for("a", "1", "0.0.1", "/").unwrap();
    by_hand.set_for("b", "2", "127.0.0.1", "/").unwrap();
    by_hand.set_for("c", "3", "[::1]", "/").unwrap();
    assert_eq!(sent(&by_hand, "http://127.0.0.1/"), "b=2");
    assert_eq!(sent(&by_hand, "http://[::1]/"), "c=3");
    let host_only = Cookie::new("a", "1")
        .with_domain(".x.test")
        .with_host_only(true);
    by_hand.insert(host_only).unwrap();
    assert_eq!(sent(&by_hand, "http://x.test/"), "a=1");
    assert_eq!(sent(&by_hand, "http://www.x.test/"), "");
}

/// COK-27
#[test]
fn order() {
    let cookies = Cookies::new();
    for (name, path) in [
        ("a", "/"),
        ("z", "/x/y"),
        ("m", "/x"),
        ("c", "/"),
        ("b", "/x/y"),
    ] {
        cookies.set_for(name, "1", "", path).unwrap();
    }
    // What is replaced keeps its place.
    cookies.set("a", "2").unwrap();
    cookies.store(&url("http://h.test/x/y/q"), ["h=1"], now());
    let expected = "z=1; b=1; h=1; m=1; a=2; c=1";
    assert_eq!(sent(&cookies, "http://h.test/x/y/z"), expected);
    assert_eq!(
        cookies.header_for(&url("http://h.test/"), now()).as_deref(),
        Some("a=2; c=1")
    );
    assert_eq!(
        Cookies::new().header_for(&url("http://h.test/"), now()),
        None
    );
}

/// COK-32
#[test]
fn shared_between_threads() {
    let cookies = Cookies::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cookies = &cookies;
            scope.spawn(move || {
                let at = url(&format!("http://t{thread}.test/"));
                for n in 0..100 {
                    cookies.store(&at, [format!("c{n}={thread}")], now());
                    cookies.update(cookies);
                    assert!(cookies.header_for(&at, now()).is_some());
                }
            });
        }
    });
    assert_eq!(cookies.len(), 400);
    let snapshot = cookies.iter();
    cookies.clear();
    assert_eq!(snapshot.len(), 400);
}

/// R-LIM-14
#[test]
fn many_cookies_are_found_fast() {
    let by_path = Cookies::new();
    let by_name = Cookies::new();
    let by_domain = Cookies::new();
    for n in 0..10_000 {
        by_path
            .set_for("a", "1", "x.test", format!("/{n}"))
            .unwrap();
        by_name.set(format!("a{n}"), "1").unwrap();
        by_domain
            .set_for("a", "1", format!("h{n}.test"), "/")
            .unwrap();
    }
    let allowed = Duration::from_millis(if cfg!(debug_assertions) { 200 } else { 10 });
    for (jar, name, to, expected) in [
        (&by_path, "b", "http://x.test/5000", 1),
        (&by_name, "a5000", "http://x.test/", 150),
        (&by_domain, "b", "http://h5000.test/", 1),
    ] {
        let to = url(to);
        // The fastest of a few: the machine may have other things to do.
        let round = || {
            let start = Instant::now();
            let header = jar.header_for(&to, now()).unwrap();
            assert_eq!(header.split("; ").count(), expected);
            assert_eq!(jar.get(name).unwrap().is_some(), name == "a5000");
            jar.store(&to, ["new=1"], now());
            jar.delete("new");
            start.elapsed()
        };
        let best = (0..5).map(|_| round()).min().unwrap();
        assert!(best < allowed, "{best:?}");
    }
}

fn mixed() -> Cookies {
    let cookies = received(
        "https://www.example.org/app/",
        &[
            "host=1",
            "all=\"2\"; Domain=example.org; Path=/; Secure; HttpOnly; Max-Age=60",
            "empty=",
        ],
    );
    cookies.set_for("hand", "3", "example.net", "/x").unwrap();
    cookies
}

/// SEC-402
#[test]
fn netscape_files() {
    let text = mixed().to_netscape();
    let expected = "# Netscape HTTP Cookie File\n\n\
        www.example.org\tFALSE\t/app\tFALSE\t0\thost\t1\n\
        #HttpOnly_.example.org\tTRUE\t/\tTRUE\t1767225660\tall\t\"2\"\n\
        www.example.org\tFALSE\t/app\tFALSE\t0\tempty\t\n\
        .example.net\tTRUE\t/x\tFALSE\t0\thand\t3\n";
    assert_eq!(text, expected);
    let loaded = Cookies::from_netscape(&text).unwrap();
    assert_eq!(loaded.to_netscape(), text);
    assert_eq!(
        sent(&loaded, "https://www.example.org/app/"),
        "host=1; empty=; all=\"2\""
    );
    assert_eq!(
        sent(&loaded, "https://sub.www.example.org/app/"),
        "all=\"2\""
    );
    assert_eq!(
        sent(&loaded, "http://www.example.org/app/"),
        "host=1; empty="
    );

    // What has no place in the format.
    let cookies = Cookies::from_pairs([("everywhere", "1")]).unwrap();
    cookies.set_for("tab", "a\tb", "x.test", "/").unwrap();
    assert_eq!(cookies.to_netscape().lines().count(), 2);
}

#[test]
fn netscape_files_of_others() {
    let text = "# HTTP Cookie File\r\n\r\n\
        Example.ORG\ttrue\t/\tfalse\t1767225660.5\ta\t1\r\n\
        .host.test\tFALSE\t/\tFALSE\t-1\tb\t2\r\n\
        x.test\tFALSE\t/\tFALSE\t\tc\n\
        x.test\tFALSE\t/\tFALSE\t0\t\tnameless\n\
        x.test\tFALSE\t/\tFALSE\t99999999999999999999999\td\t4\n";
    let cookies = Cookies::from_netscape(text).unwrap();
    let read: Vec<_> = cookies.iter().collect();
    let expected = [
        Cookie::new("a", "1")
            .with_domain(".example.org")
            .with_expires(after(60)),
        Cookie::new("b", "2")
            .with_domain("host.test")
            .with_host_only(true),
        Cookie::new("c", "")
            .with_domain("x.test")
            .with_host_only(true),
        Cookie::new("d", "4")
            .with_domain("x.test")
            .with_host_only(true),
    ];
    assert_eq!(read, expected);
    for bad in [
        "x.test\tFALSE\t/\tFALSE\t0",
        "x.test FALSE / FALSE 0 a 1",
        "x.test\tFALSE\t/\tFALSE\tsoon\ta\t1",
        "x.test\tFALSE\t/\tFALSE\t0\ta\t1\t2",
        "x.test\tFALSE\tpath\tFALSE\t0\ta\t1",
        "x.test\tFALSE\t/\tFALSE\t0\ta\t1;2",
        "\tTRUE\t/\tFALSE\t0\ta\t1",
        ".\tTRUE\t/\tFALSE\t0\ta\t1",
        "x test\tTRUE\t/\tFALSE\t0\ta\t1",
    ] {
        let error = Cookies::from_netscape(&format!("# x\n{bad}\n")).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{bad}");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}

/// SEC-402, WSH-14
#[cfg(feature = "json")]
#[test]
fn saved_and_loaded_by_serde() {
    let cookies = mixed();
    cookies.set("everywhere", "4").unwrap();
    let same_site = Cookie::new("s", "5").with_same_site(SameSite::Strict);
    cookies.insert(same_site).unwrap();
    let text = serde_json::to_string(&cookies).unwrap();
    let loaded: Cookies = serde_json::from_str(&text).unwrap();
    let all = |cookies: &Cookies| cookies.iter().collect::<Vec<_>>();
    assert_eq!(all(&loaded), all(&cookies));
    assert_eq!(
        sent(&loaded, "http://sub.www.example.org/app/"),
        "everywhere=4; s=5"
    );

    // Without the flag a domain is one host: rather too few than too many.
    let few = r#"[{"name":"a","value":"1","domain":"x.test"},{"name":"b","value":"2","domain":".x.test"}]"#;
    let loaded: Cookies = serde_json::from_str(few).unwrap();
    assert_eq!(sent(&loaded, "http://x.test/"), "a=1; b=2");
    assert_eq!(sent(&loaded, "http://www.x.test/"), "b=2");
    for bad in [
        r#"[{"name":"a","value":"1\r\nX: y"}]"#,
        r#"[{"name":"","value":"1"}]"#,
        r#"[{"name":"a","value":"1","domain":"x y"}]"#,
        r#"[{"name":"a","value":"1","path":"x"}]"#,
        r#"[{"value":"1"}]"#,
    ] {
        assert!(serde_json::from_str::<Cookies>(bad).is_err(), "{bad}");
    }
}

/// COK-14: RFC 1123, RFC 850, asctime and shorter forms name the same moment; a year of two digits is read as browsers do.
#[test]
fn dates_in_every_form() {
    let url = Url::parse("http://example.org/").unwrap();
    // 2026-01-01; the moment, 2026-11-06 08:49:37, is within the 400 days a cookie may live.
    let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let moment = UNIX_EPOCH + Duration::from_secs(1_793_954_977);
    for date in [
        "Fri, 06 Nov 2026 08:49:37 GMT",
        "Friday, 06-Nov-26 08:49:37 GMT",
        "Fri Nov  6 08:49:37 2026",
        "06 nov 2026 8:49:37",
        "2026 Nov 06 08:49:37",
    ] {
        let jar = Cookies::new();
        jar.store(&url, [format!("a=1; Expires={date}")], now);
        let expires = jar.iter().next().and_then(|cookie| cookie.expires());
        assert_eq!(expires, Some(moment), "{date}");
    }
    for (date, stays) in [
        ("Fri, 06-Nov-69 08:49:37 GMT", true),
        ("Thu, 06-Nov-70 08:49:37 GMT", false),
    ] {
        let jar = Cookies::new();
        jar.store(&url, [format!("a=1; Expires={date}")], now);
        assert_eq!(
            jar.len() == 1,
            stays,
            "{date}: 00 to 69 are in this century, 70 to 99 in the last"
        );
    }
}
