//! The URL model: parsing, accessors, building and joining.

use std::collections::HashSet;

use papilio::{IntoUrl, Kind, Url};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// What the text reads back as.
fn printed(text: &str) -> String {
    url(text).to_string()
}

/// The message, once it is known to be `InvalidUrl`.
fn refused(text: &str) -> String {
    message(Url::parse(text), text)
}

fn message(result: papilio::Result<Url>, what: &str) -> String {
    let error = match result {
        Ok(url) => panic!("{what:?} was accepted as {url}"),
        Err(error) => error,
    };
    assert_eq!(error.kind(), Kind::InvalidUrl, "{what:?}");
    error.to_string()
}

/// URL-01
#[test]
fn splits_by_the_grammar() {
    let all = url("a1+.-b://u@h:9/p/q?x?y/z#f#g?h/i");
    assert_eq!(all.scheme(), "a1+.-b");
    assert_eq!(all.userinfo(), "u");
    assert_eq!(all.raw_host(), "h");
    assert_eq!(all.port(), Some(9));
    assert_eq!(all.path(), "/p/q");
    assert_eq!(all.query(), "x?y/z");
    assert_eq!(all.fragment(), "f#g?h/i");
    let no_path = url("http://h?a@b");
    assert_eq!((no_path.raw_host(), no_path.query()), ("h", "a@b"));
    let no_query = url("http://h#a?b@c");
    assert_eq!((no_query.query(), &*no_query.fragment()), ("", "a?b@c"));
    assert_eq!(url("1a:b").scheme(), "");
    assert_eq!(url("a_b:c").path(), "a_b:c");
}

/// URL-02
#[test]
fn relative_references_are_values() {
    for text in [
        "",
        "/x",
        "x",
        "../x",
        "?a",
        "#f",
        "//host/x",
        "x/y:z",
        "http:/x",
        "mailto:a@b",
        "*",
    ] {
        let url = url(text);
        assert_eq!(url.as_str(), text);
        assert!(url.is_relative() && !url.is_absolute(), "{text:?}");
    }
    assert!(url("http://h").is_absolute());
    assert_eq!(url("//host/x").raw_host(), "host");
    assert_eq!(url("mailto:a@b").path(), "a@b");
    assert_eq!(printed("https:///path"), "https:/path");
    assert_eq!(printed("https:"), "https:");
    assert_eq!(printed("http://"), "http:");
}

/// URL-03
#[test]
fn a_missing_scheme_is_not_guessed() {
    let named = url("example.com:8080/x");
    assert_eq!((named.scheme(), &*named.path()), ("example.com", "8080/x"));
    assert_eq!(url("localhost:8080").scheme(), "localhost");
}

/// URL-04
#[test]
fn an_empty_scheme_may_be_written() {
    let url = url("://host/x");
    assert_eq!((url.scheme(), url.raw_host()), ("", "host"));
    assert_eq!(url.as_str(), "//host/x");
}

/// URL-05
#[test]
fn empty_is_not_absent() {
    assert_eq!(printed("http://h/p?"), "http://h/p?");
    assert_eq!(url("http://h/p?").raw_path(), "/p?");
    assert!(url("http://h/p?").has_query() && !url("http://h/p").has_query());
    assert_eq!(url("http://h/p").raw_path(), "/p");
    assert_eq!(printed("http://h/p#"), "http://h/p#");
    assert_eq!(printed("http://h/p?#"), "http://h/p?#");
    assert_ne!(url("http://h/p#"), url("http://h/p"));
}

/// URL-06
#[test]
fn length_is_limited_in_bytes() {
    let prefix = "http://h/";
    let fits = format!("{prefix}{}", "a".repeat(65_536 - prefix.len()));
    assert_eq!(url(&fits).as_str().len(), 65_536);
    assert_eq!(refused(&format!("{fits}a")), "URL too long");
    // 40,000 characters, 80,000 bytes.
    assert_eq!(refused(&"é".repeat(40_000)), "URL too long");
    let base = url("http://h/");
    let path = format!("/{}", "a".repeat(65_536));
    assert_eq!(
        message(base.with_path(&path), "path"),
        "URL component 'path' too long"
    );
    assert!(base.with_path(&path[..65_536]).is_ok());
    let params = base.with_params([("k", "v".repeat(65_536))]);
    assert_eq!(message(params, "params"), "URL component 'query' too long");
    for (name, result) in [
        ("scheme", base.with_scheme(&path)),
        ("host", base.with_host(&path)),
        ("netloc", base.with_netloc(&path)),
        ("userinfo", base.with_userinfo(&path)),
        ("username", base.with_credentials(&path, None)),
        ("password", base.with_credentials("", Some(&path))),
        ("query", base.with_query(&path)),
        ("raw_path", base.with_raw_path(&path)),
        ("fragment", base.with_fragment(&path)),
        ("path", base.push_segment(&path)),
    ] {
        assert_eq!(
            message(result, name),
            format!("URL component '{name}' too long")
        );
    }
}

/// URL-07 VEC-17
#[test]
fn control_characters_are_refused_and_named() {
    let text = refused("https://www.example.com/\n");
    assert!(text.contains(r"'\n' at position 24"), "{text}");
    let text = refused("é\u{7F}");
    assert!(text.contains(r"'\u{7f}' at position 1"), "{text}");
    for byte in (0..0x20).chain([0x7F]) {
        for text in [
            "\0",
            "http://h\0",
            "http://h/\0",
            "?\0",
            "#\0",
            "http://\0@h",
            "\0://h",
        ] {
            refused(&text.replace('\0', &char::from(byte).to_string()));
        }
    }
    let base = url("http://h/");
    for (name, result) in [
        ("scheme", base.with_scheme("a\tb")),
        ("host", base.with_host("a\tb")),
        ("netloc", base.with_netloc("a\tb")),
        ("userinfo", base.with_userinfo("a\tb")),
        ("username", base.with_credentials("a\tb", None)),
        ("password", base.with_credentials("", Some("a\tb"))),
        ("path", base.with_path("a\tb")),
        ("query", base.with_query("a\tb")),
        ("raw_path", base.with_raw_path("a\tb")),
        ("fragment", base.with_fragment("a\tb")),
    ] {
        let text = message(result, name);
        assert!(text.contains(&format!("{name} component")), "{text}");
        assert!(text.contains(r"'\t' at position 1"), "{text}");
    }
}

/// URL-08
#[test]
fn spaces_are_not_trimmed() {
    let leading = url(" http://h/");
    assert_eq!((leading.scheme(), &*leading.path()), ("", " http://h/"));
    assert_eq!(leading.as_str(), "%20http://h/");
    assert_eq!(printed("http://h/ "), "http://h/%20");
}

/// URL-10
#[test]
fn userinfo_ends_at_the_last_at() {
    let url = url("http://a@b@c/");
    assert_eq!((url.userinfo(), url.raw_host()), ("a%40b", "c"));
    assert_eq!(url.username(), "a@b");
    assert_eq!(printed("http://@h/"), "http://h/");
}

/// URL-11 URL-13 VEC-16
#[test]
fn what_follows_the_host_is_a_port() {
    assert_eq!(url("http://h:8080").port(), Some(8080));
    assert_eq!(url("http://[::1]:8080").port(), Some(8080));
    assert_eq!(printed("http://h:/"), "http://h/");
    assert_eq!(printed("http://h:008080/"), "http://h:8080/");
    assert_eq!(url("http://h:0/").port(), Some(0));
    assert_eq!(url("http://h:65535/").port(), Some(65535));
    assert!(refused("https://example.com:abc/").contains("Invalid port: 'abc'"));
    for port in [
        "65536",
        "99999",
        "+80",
        "-1",
        "8_0",
        " 80",
        "80 ",
        "８０",
        "1:2",
        "0x50",
        "80\u{660}",
    ] {
        let text = refused(&format!("http://h:{port}/"));
        assert_eq!(text, format!("Invalid port: '{port}'"));
    }
}

/// URL-12
#[test]
fn scheme_and_host_are_in_lower_case() {
    assert_eq!(
        printed("HTTP://ExAmple.COM/A?B#C"),
        "http://example.com/A?B#C"
    );
    assert_eq!(printed("MAILTO:A@B"), "mailto:A@B");
}

/// URL-14 VEC-02
#[test]
fn default_ports_are_dropped() {
    for (scheme, port) in [
        ("http", 80),
        ("https", 443),
        ("ws", 80),
        ("wss", 443),
        ("ftp", 21),
    ] {
        let url = url(&format!("{}://h:{port}/", scheme.to_uppercase()));
        assert_eq!(url.port(), None);
        assert_eq!(url.port_or_default(), Some(port));
        assert_eq!(url.as_str(), format!("{scheme}://h/"));
    }
    assert_eq!(printed("http://h:443"), "http://h:443");
    assert_eq!(url("x://h").port_or_default(), None);
    let vector = url("http://EXAMPLE.com:80");
    assert_eq!(vector.to_string(), "http://example.com");
    assert_eq!((&*vector.path(), &*vector.raw_path()), ("/", "/"));
    // The default of the scheme it gets, not of the one it had.
    let changed = url("http://h:443/").with_scheme("https").unwrap();
    assert_eq!(changed.as_str(), "https://h/");
}

/// URL-15 VEC-15
#[test]
fn four_groups_of_digits_are_an_address() {
    assert_eq!(url("http://127.0.0.1/").raw_host(), "127.0.0.1");
    for host in [
        "999.999.999.999",
        "01.2.3.4",
        "1.2.3.256",
        "1.2.3.04",
        "1.2.3.1234567890123",
    ] {
        let text = refused(&format!("https://{host}/"));
        assert_eq!(text, format!("Invalid IPv4 address: '{host}'"));
    }
    for host in [
        "1.2.3",
        "0x7f.1",
        "1.2.3.4.5",
        "1.2.3.4.",
        "1..3.4",
        "1.2.3.a",
    ] {
        assert_eq!(url(&format!("http://{host}/")).raw_host(), host);
    }
    // Full-width digits become digits, and are then looked at.
    assert_eq!(printed("http://１２７.0.0.1/"), "http://127.0.0.1/");
    refused("http://９９９.0.0.1/");
}

/// URL-16 VEC-13
#[test]
fn ipv6_hosts_keep_their_text_and_brackets() {
    let vector = url("http://[::ffff:192.168.0.1]:5678/");
    assert_eq!(
        (&*vector.host(), vector.raw_host()),
        ("::ffff:192.168.0.1", "::ffff:192.168.0.1")
    );
    assert_eq!(vector.netloc(), "[::ffff:192.168.0.1]:5678");
    assert_eq!(
        printed("http://[0:0:0:0:0:0:0:1]/"),
        "http://[0:0:0:0:0:0:0:1]/"
    );
    assert_eq!(printed("http://[FE80::A]/"), "http://[fe80::a]/");
    assert_eq!(
        printed("http://[fe80::1%25eth0]:80/"),
        "http://[fe80::1%25eth0]/"
    );
    assert_eq!(url("http://[fe80::1%Eth0]/").host(), "fe80::1%Eth0");
    for host in [
        "[fe80::1%]",
        "[fe80::1%25]",
        "[fe80::1%e t]",
        "[fe80::1%25e%2Fx]",
        "[::1%é]",
        "[::%31]",
        "[fe80::1%00]",
    ] {
        refused(&format!("http://{host}/"));
    }
}

/// URL-17 VEC-14
#[test]
fn brackets_enclose_an_address_and_nothing_follows() {
    for text in [
        "https://[2001]/",
        "http://[::1",
        "http://[::1]x:80",
        "https://u:p@[invalid!]//evilHost/path",
        "http://[]/",
        "http://[::1]]/",
        "http://[[::1]]/",
        "http://[v1.a]/",
        "http://[127.0.0.1]/",
    ] {
        assert!(refused(text).starts_with("Invalid IPv6 address"), "{text}");
    }
}

/// URL-18
#[test]
fn international_hosts_are_encoded() {
    for (host, ascii) in [
        ("faß.de", "xn--fa-hia.de"),
        ("Königsgäßchen.de", "xn--knigsgchen-b4a3dun.de"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("中国.icom.museum", "xn--fiqs8s.icom.museum"),
        ("中国。icom。museum", "xn--fiqs8s.icom.museum"),
        ("MÜLLER.de", "xn--mller-kva.de"),
    ] {
        assert_eq!(
            url(&format!("http://{host}:8080/")).netloc(),
            format!("{ascii}:8080")
        );
        assert_eq!(url("http://h/").with_host(host).unwrap().raw_host(), ascii);
    }
}

/// URL-19 VEC-18
#[test]
fn hosts_idna_refuses_are_named() {
    let long = format!("é{}.com", "a".repeat(64));
    for host in [
        "é..b",
        long.as_str(),
        "é.\u{202E}",
        "\u{AD}",
        "é%00",
        "a\u{2100}.com",
    ] {
        let text = refused(&format!("http://{host}/"));
        assert!(text.contains(host), "{text}");
    }
}

/// URL-20, TRP-09
#[test]
fn ascii_hosts_are_not_run_through_idna() {
    for host in [
        "exa_mple.com",
        "-a.com",
        "example.com.",
        "a..b",
        "xn--a",
        "a--b",
        "*.x",
    ] {
        assert_eq!(url(&format!("http://{host}/")).raw_host(), host);
    }
}

/// URL-21 SEC-203 SEC-204
#[test]
fn hosts_with_other_characters_are_refused() {
    for c in [
        ' ', '"', '<', '>', '\\', '^', '`', '{', '|', '}', '[', ']', '%', '\t', '\r', '\0',
        '\u{A0}', '\u{3000}',
    ] {
        for text in [
            format!("http://a{c}b/"),
            format!("http://{c}é/"),
            format!("http://{c}/"),
        ] {
            refused(&text);
        }
        message(url("http://h/").with_host(&format!("a{c}b")), "host");
    }
    for escape in [
        "%2F", "%00", "%40", "%3a", "%5C", "%20", "%25", "%5B", "%0a", "%7F", "%2", "%zz",
    ] {
        refused(&format!("http://a{escape}x/"));
    }
    assert_eq!(
        url("http://a%C3%A9%41!$&'()*+,;=~_-b/").raw_host(),
        "a%c3%a9%41!$&'()*+,;=~_-b"
    );
    for text in [
        "http://:80/",
        "http://@/",
        "http://u:p@/",
        "http://u@:80/",
        "//:1",
        "http://:/",
    ] {
        assert_eq!(refused(text), "Empty host in URL");
    }
    for port in ["65536", "1 ", "é", "%38"] {
        refused(&format!("http://h:{port}/"));
    }
    for text in ["a@b", "a/b", "a?b", "a#b"] {
        message(url("http://h/").with_host(text), text);
    }
}

/// URL-22
#[test]
fn hosts_read_label_by_label() {
    let host = |text: &str| url(text).host().into_owned();
    assert_eq!(host("http://xn--mller-kva.de/"), "müller.de");
    assert_eq!(host("http://www.xn--mller-kva.xn--p1ai/"), "www.müller.рф");
    assert_eq!(host("http://xn--a.xn--mller-kva.de./"), "xn--a.müller.de.");
    assert_eq!(host("http://xn--/"), "xn--");
    assert_eq!(
        url("http://www.müller.de/").raw_host(),
        "www.xn--mller-kva.de"
    );
}

/// URL-23 URL-24
#[test]
fn netloc_has_no_userinfo() {
    let url = url("http://a%3Ab:c:d%FF@müller.de:81/");
    assert_eq!(url.netloc(), "xn--mller-kva.de:81");
    assert_eq!(url.userinfo(), "a%3Ab:c:d%FF");
    assert_eq!((&*url.username(), &*url.password()), ("a:b", "c:d\u{FFFD}"));
    let without = self::url("http://h/");
    assert_eq!(
        (
            without.userinfo(),
            &*without.username(),
            &*without.password()
        ),
        ("", "", "")
    );
    assert_eq!(without.netloc(), "h");
}

/// URL-30, TRP-08
#[test]
fn escapes_are_kept_and_a_lone_percent_too() {
    for text in [
        "http://h/%7e%7E%2f?%7e%41#%7e%C3",
        "http://h/%?%#%",
        "http://h/%zz%4?%zz#%1",
        "http://%41%zz:%@h/",
    ] {
        assert_eq!(printed(text), text);
    }
}

/// URL-31 VEC-10
#[test]
fn other_characters_are_escaped_as_utf8() {
    assert_eq!(
        url("https://example.com/ /🌟/").raw_path(),
        "/%20/%F0%9F%8C%9F/"
    );
    assert_eq!(
        printed("http://é:ü@h/ö?ä#ß"),
        "http://%C3%A9:%C3%BC@h/%C3%B6?%C3%A4#%C3%9F"
    );
}

/// All ASCII that is printable, but for `%`, `/`, `?`, `#`, `@` and `:`.
const PRINTABLE: &str = " !\"$&'()*+,-.0Aa;<=>[\\]^_`{|}~";

/// URL-32 VEC-04 VEC-05
#[test]
fn escapes_in_a_path() {
    let path = url(&format!("http://h/:@{PRINTABLE}"));
    assert_eq!(
        path.raw_path(),
        "/:@%20!%22$&'()*+,-.0Aa;%3C=%3E[\\]^_%60%7B|%7D~"
    );
    let given = url("http://h/").with_path("/é b").unwrap();
    assert_eq!(given.raw_path(), "/%C3%A9%20b");
    let vector = url("https://example.com/!$&'()*+,;= abc :/[]@");
    assert_eq!(vector.raw_path(), "/!$&'()*+,;=%20abc%20:/[]@");
    let vector = url("https://example.com/ %61%62%63");
    assert_eq!(
        (&*vector.raw_path(), &*vector.path()),
        ("/%20%61%62%63", "/ abc")
    );
}

/// URL-33 VEC-06 VEC-07
#[test]
fn escapes_in_a_query() {
    let query = url(&format!("http://h?:@/?{PRINTABLE}"));
    assert_eq!(query.query(), ":@/?%20!%22$&'()*+,-.0Aa;%3C=%3E[\\]^_`{|}~");
    assert_eq!(
        url("https://www.example.com/?a=b c&d=e/f").raw_path(),
        "/?a=b%20c&d=e/f"
    );
    assert_eq!(
        printed("https://www.example.com/?a=b+c"),
        "https://www.example.com/?a=b+c"
    );
}

/// URL-34
#[test]
fn escapes_in_a_fragment() {
    let fragment = printed(&format!("#:@/?#{PRINTABLE}"));
    assert_eq!(fragment, "#:@/?#%20!%22$&'()*+,-.0Aa;%3C=%3E[\\]^_%60{|}~");
}

/// URL-35 VEC-03 VEC-19
#[test]
fn escapes_in_userinfo() {
    let userinfo = url(&format!("http://:@{PRINTABLE}@h"));
    assert_eq!(
        userinfo.userinfo(),
        ":%40%20!%22$&'()*+,-.0Aa%3B%3C%3D%3E%5B%5C%5D%5E_%60%7B%7C%7D~"
    );
    let vector = url("https://user name:p@ssword@example.com");
    assert_eq!(vector.userinfo(), "user%20name:p%40ssword");
    let vector = url("https://example.org")
        .copy_with()
        .username("tom@example.org")
        .password("abc123@ %")
        .build()
        .unwrap();
    assert_eq!(
        vector.as_str(),
        "https://tom%40example.org:abc123%40%20%@example.org"
    );
    let colons = url("http://h")
        .with_credentials("a:b/", Some("c:d?#"))
        .unwrap();
    assert_eq!(colons.userinfo(), "a%3Ab%2F:c%3Ad%3F%23");
    assert_eq!(
        (&*colons.username(), &*colons.password()),
        ("a:b/", "c:d?#")
    );
}

/// URL-36 VEC-11 VEC-12
#[test]
fn dot_segments_are_removed() {
    for (path, result) in [
        ("/abc/def/../ghi/./jkl", "/abc/ghi/jkl"),
        ("/../abc", "/abc"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/..", "/"),
        ("/.", "/"),
        ("/./", "/"),
        ("/a/b/../..", "/"),
        ("/a/b/../../../c", "/c"),
        ("//a//b", "//a//b"),
        ("/a//../b", "/a/b"),
        ("/%2e%2e/a/%2E", "/%2e%2e/a/%2E"),
        ("/.a/..b/c./d..", "/.a/..b/c./d.."),
        ("/a/...", "/a/..."),
    ] {
        assert_eq!(
            printed(&format!("https://example.com{path}")),
            format!("https://example.com{result}")
        );
    }
    assert_eq!(printed("//h/a/../b"), "//h/b");
    assert_eq!(printed("x:/a/../b"), "x:/b");
    assert_eq!(printed("http://h/?/../a#/../b"), "http://h/?/../a#/../b");
}

/// URL-37
#[test]
fn relative_references_keep_dot_segments() {
    for text in ["../abc", "./a", "/a/../b", ".", "..", "a/.."] {
        assert_eq!(printed(text), text);
    }
}

/// URL-38
#[test]
fn paths_cannot_read_as_something_else() {
    message(Url::builder().host("h").path("x").build(), "path without /");
    message(url("http://h/").with_path("x"), "path without /");
    message(Url::builder().path("//x").build(), "path starting //");
    message(Url::builder().path(":x").build(), "path starting :");
    message(Url::builder().path("a:x").build(), "path with a scheme");
    message(
        Url::builder().scheme("a").path("//x").build(),
        "scheme and path //",
    );
    for text in [
        "https:////evil",
        "////evil",
        "::x",
        ":a:b",
        "x:/..//h",
        ":://h",
    ] {
        refused(text);
    }
    assert_eq!(Url::builder().path("1:x").build().unwrap().as_str(), "1:x");
    assert_eq!(Url::builder().host("h").build().unwrap().as_str(), "//h");
}

/// URL-39 URL-40 URL-41
#[test]
fn accessors_and_text() {
    let bare = url("http://e.com?x");
    assert_eq!(bare.as_str(), "http://e.com?x");
    assert_eq!(
        (&*bare.path(), &*bare.raw_path(), bare.query()),
        ("/", "/?x", "x")
    );
    let full = url("http://u:p@e.com/a%20b?c%20d#e%20f");
    assert_eq!((&*full.path(), &*full.raw_path()), ("/a b", "/a%20b?c%20d"));
    assert_eq!((full.query(), &*full.fragment()), ("c%20d", "e f"));
    assert_eq!(full.to_string(), "http://u:p@e.com/a%20b?c%20d#e%20f");
    assert_eq!(url("").raw_path(), "/");
    assert_eq!((url("x:/p").query(), &*url("x:/p").fragment()), ("", ""));
}

/// VEC-01
#[test]
fn every_part_at_once() {
    let url = url("HTTPS://jo%40email.com:a%20secret@müller.de:1234/pa%20th?search=ab#anchorlink");
    assert_eq!(url.scheme(), "https");
    assert_eq!(
        (&*url.username(), &*url.password()),
        ("jo@email.com", "a secret")
    );
    assert_eq!(
        (&*url.host(), url.raw_host()),
        ("müller.de", "xn--mller-kva.de")
    );
    assert_eq!(
        (url.port(), url.netloc()),
        (Some(1234), "xn--mller-kva.de:1234")
    );
    assert_eq!(
        (&*url.path(), &*url.raw_path()),
        ("/pa th", "/pa%20th?search=ab")
    );
    assert_eq!(url.fragment(), "anchorlink");
}

/// URL-42 SEC-205
#[test]
fn debug_and_masked_hide_secrets() {
    let secret = url("http://user:s3cret@host/?a#b");
    assert_eq!(
        secret.masked().to_string(),
        "http://user:[secure]@host/?a#b"
    );
    assert_eq!(
        format!("{secret:?}"),
        "Url(\"http://user:[secure]@host/?a#b\")"
    );
    // A user name alone is how tokens are often given.
    assert_eq!(
        url("http://t0ken@host/").masked().to_string(),
        "http://[secure]@host/"
    );
    assert_eq!(url("http://host/").masked().to_string(), "http://host/");
    let builder = secret.copy_with().password("0ther");
    assert!(
        !format!("{builder:?}").contains("s3cret") && !format!("{builder:?}").contains("0ther")
    );
    assert_eq!(secret.raw_path(), "/?a");
    assert_eq!(secret.netloc(), "host");
    assert_eq!(secret.origin().to_string(), "http://host");
    assert_eq!(format!("{:?}", secret.origin()), "Origin(\"http://host\")");
    assert_eq!(secret.without_userinfo().as_str(), "http://host/?a#b");
    let error = secret.with_host("a b").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

/// URL-43
#[test]
fn equal_after_normalisation() {
    assert_eq!(url("HTTP://h:80/%7E"), url("http://h/%7E"));
    assert_ne!(url("http://h/%7E"), url("http://h/~"));
    assert_eq!(url("http://h/a b"), "http://H:80/a b");
    assert_eq!("http://H/", url("http://h/"));
    assert_ne!(url("http://h/"), "http://h:port/");
    assert_eq!(url("http://h/"), String::from("http://h/"));
    let set: HashSet<Url> = ["http://h", "HTTP://H:80", "http://h/"].map(url).into();
    assert_eq!(set.len(), 2);
}

/// URL-44
#[test]
fn conversions() {
    fn any(url: impl IntoUrl) -> String {
        url.into_url().unwrap().to_string()
    }
    let text = String::from("http://h/");
    let parsed: Url = text.parse().unwrap();
    assert_eq!(Url::try_from("http://h/").unwrap(), parsed);
    assert_eq!(Url::try_from(&text).unwrap(), parsed);
    assert_eq!(Url::try_from(text.clone()).unwrap(), parsed);
    assert_eq!(AsRef::<str>::as_ref(&parsed), text);
    for same in [
        any("http://h/"),
        any(&text),
        any(text.clone()),
        any(&parsed),
        any(parsed.clone()),
    ] {
        assert_eq!(same, text);
    }
    assert_eq!(
        "http://h:x".into_url().unwrap_err().kind(),
        Kind::InvalidUrl
    );
    let uri: http::Uri = "http://h/a?b".parse().unwrap();
    assert_eq!(Url::try_from(&uri).unwrap().as_str(), "http://h/a?b");
    assert_eq!(any(uri), "http://h/a?b");
    let authority: http::Uri = "h:81".parse().unwrap();
    assert_eq!(Url::try_from(authority).unwrap().netloc(), "h:81");
    let clone = parsed.clone();
    assert_eq!(clone.as_str().as_ptr(), parsed.as_str().as_ptr());
}

#[cfg(feature = "json")]
#[test]
fn serde_as_text() {
    let url = url("http://u:p@h/a b");
    let json = serde_json::to_string(&url).unwrap();
    assert_eq!(json, r#""http://u:p@h/a%20b""#);
    assert_eq!(serde_json::from_str::<Url>(&json).unwrap(), url);
    assert!(serde_json::from_str::<Url>(r#""http://h:x""#).is_err());
    assert_eq!(
        serde_json::from_str::<Url>(r#""http:\/\/h\/""#).unwrap(),
        "http://h/"
    );
}

/// URL-50
#[test]
fn built_from_components() {
    let url = Url::builder()
        .scheme("HTTPS")
        .username("u@")
        .password("p:")
        .host("Müller.de")
        .port(8443)
        .path("/a b")
        .query("x=1 2")
        .fragment("f f")
        .build()
        .unwrap();
    assert_eq!(
        url.as_str(),
        "https://u%40:p%3A@xn--mller-kva.de:8443/a%20b?x=1%202#f%20f"
    );
    let url = Url::builder()
        .scheme("http")
        .userinfo("u:p")
        .netloc("h:81")
        .raw_path("/p?q")
        .params([("a", "b c")])
        .build()
        .unwrap();
    assert_eq!(url.as_str(), "http://u:p@h:81/p?a=b+c");
    assert_eq!(Url::builder().build().unwrap().as_str(), "");
    let base = self::url("http://h/");
    for (name, result) in [
        ("scheme", base.with_scheme("1a")),
        ("scheme", base.with_scheme("a b")),
        ("host", base.with_host("a/b")),
        ("netloc", base.with_netloc("a?b")),
        ("netloc", base.with_netloc("u@h")),
        ("path", base.with_path("/a?b")),
        ("path", base.with_path("/a#b")),
        ("query", base.with_query("a#b")),
        ("raw_path", base.with_raw_path("/a?b#c")),
        ("userinfo", base.with_userinfo("a@b")),
    ] {
        assert_eq!(
            message(result, name),
            format!("Invalid URL component '{name}'")
        );
    }
    // The first that fails is the one that is told.
    let result = base.copy_with().path("/?").scheme("1").build();
    assert_eq!(message(result, "two"), "Invalid URL component 'path'");
}

/// URL-51
#[test]
fn copies_keep_what_is_not_given() {
    let full = url("http://u:p@h:81/p?q#f");
    let is =
        |changed: papilio::Result<Url>, text: &str| assert_eq!(changed.unwrap().as_str(), text);
    is(full.with_scheme("https"), "https://u:p@h:81/p?q#f");
    is(full.with_host("i"), "http://u:p@i:81/p?q#f");
    is(full.with_port(82), "http://u:p@h:82/p?q#f");
    is(full.with_port(80), "http://u:p@h/p?q#f");
    is(full.with_netloc("i"), "http://u:p@i/p?q#f");
    is(full.with_netloc("i:82"), "http://u:p@i:82/p?q#f");
    is(full.with_netloc("[::1]:82"), "http://u:p@[::1]:82/p?q#f");
    is(full.with_credentials("v", None), "http://v@h:81/p?q#f");
    is(full.with_userinfo("v:w"), "http://v:w@h:81/p?q#f");
    is(full.with_path("/x/../y"), "http://u:p@h:81/y?q#f");
    is(full.with_path(""), "http://u:p@h:81?q#f");
    is(full.with_query("r"), "http://u:p@h:81/p?r#f");
    is(full.with_query(""), "http://u:p@h:81/p?#f");
    is(full.with_raw_path("/x?y?z"), "http://u:p@h:81/x?y?z#f");
    is(full.with_raw_path("/x"), "http://u:p@h:81/x#f");
    is(full.with_fragment("g"), "http://u:p@h:81/p?q#g");
    assert_eq!(full.without_port(), "http://u:p@h/p?q#f");
    assert_eq!(full.without_userinfo(), "http://h:81/p?q#f");
    assert_eq!(full.without_query(), "http://u:p@h:81/p#f");
    assert_eq!(full.without_fragment(), "http://u:p@h:81/p?q");
    let copy = || full.copy_with();
    is(copy().build(), full.as_str());
    is(copy().username("v").build(), "http://v@h:81/p?q#f");
    is(copy().password("w").build(), "http://:w@h:81/p?q#f");
    is(
        copy().query(None).fragment(None).no_port().build(),
        "http://u:p@h/p",
    );
    is(
        copy().userinfo(None).netloc(None).scheme(None).build(),
        "/p?q#f",
    );
    is(copy().raw_path(None).build(), "http://u:p@h:81#f");
    is(copy().path(None).username(None).build(), "http://h:81?q#f");
    is(copy().host("i").port(82).build(), "http://u:p@i:82/p?q#f");
    message(copy().host(None).build(), "userinfo without a host");
}

/// URL-52
#[test]
fn ipv6_hosts_with_and_without_brackets() {
    let base = url("http://h:81/");
    for host in ["::1", "[::1]"] {
        assert_eq!(base.with_host(host).unwrap().as_str(), "http://[::1]:81/");
    }
    assert_eq!(
        base.with_host("FE80::1%25en0").unwrap().netloc(),
        "[fe80::1%25en0]:81"
    );
    message(base.with_host("::g"), "::g");
    message(base.with_host("h:82"), "h:82");
}

/// URL-53 VEC-20
#[test]
fn components_cannot_inject() {
    let base = url("https://example.com/a");
    message(
        base.with_scheme("https://xxxx:xxxx@xxxxxxx/xxxxx"),
        "scheme",
    );
    message(base.with_path("https://evil.com/"), "path");
    message(Url::builder().path("https://evil.com/").build(), "path");
    message(Url::builder().path("//evil.com/").build(), "path");
    message(base.with_host("evil.com/a"), "host");
    message(base.with_host("evil.com:81"), "host");
    message(base.with_netloc("u@evil.com"), "netloc");
    message(base.with_netloc("evil.com:1:2"), "netloc");
    assert_eq!(
        base.with_userinfo("evil.com/?#").unwrap().raw_host(),
        "example.com"
    );
    assert_eq!(
        base.with_credentials("evil.com/?#@", None)
            .unwrap()
            .raw_host(),
        "example.com"
    );
    assert_eq!(
        base.with_fragment("a#b?c").unwrap().as_str(),
        "https://example.com/a#a#b?c"
    );
    let params = base.with_params([("a&b=c#d", "e&f=g#h")]).unwrap();
    assert_eq!(params.query(), "a%26b%3Dc%23d=e%26f%3Dg%23h");
}

/// URL-54 VEC-08 VEC-09
#[test]
fn params_replace_the_query() {
    let base = url("http://h/?x=1#f");
    let with = |pairs: &[(&str, &str)]| base.with_params(pairs).unwrap();
    assert_eq!(with(&[("a", "b c"), ("d", "e/f")]).query(), "a=b+c&d=e%2Ff");
    assert_eq!(with(&[("u", "with%20spaces")]).query(), "u=with%2520spaces");
    assert_eq!(with(&[]).as_str(), "http://h/#f");
    assert_eq!(
        base.copy_with().params("").build().unwrap().as_str(),
        "http://h/#f"
    );
}

/// URL-55
#[test]
fn single_params_can_be_changed() {
    let base = url("http://h/?a=1&b=2&a=3");
    assert_eq!(base.set_param("a", 4).unwrap().query(), "a=4&b=2");
    assert_eq!(
        base.set_param("c", "x y").unwrap().query(),
        "a=1&a=3&b=2&c=x+y"
    );
    assert_eq!(
        base.add_param("b", true).unwrap().query(),
        "a=1&a=3&b=2&b=true"
    );
    assert_eq!(base.remove_param("a").unwrap().query(), "b=2");
    assert_eq!(
        base.remove_param("a")
            .unwrap()
            .remove_param("b")
            .unwrap()
            .as_str(),
        "http://h/"
    );
    assert_eq!(
        base.merge_params([("a", "9"), ("c", "8")]).unwrap().query(),
        "a=9&b=2&c=8"
    );
    assert_eq!(base.as_str(), "http://h/?a=1&b=2&a=3");
}

/// URL-56, the tables of RFC 3986 sections 5.4.1 and 5.4.2
#[test]
fn joins_as_rfc_3986_says() {
    let base = url("http://a/b/c/d;p?q");
    for (reference, target) in [
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g#s/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        ("http:g", "http:g"),
    ] {
        assert_eq!(
            base.join(reference).unwrap().as_str(),
            target,
            "{reference:?}"
        );
    }
}

/// URL-56 VEC-21
#[test]
fn joins_beyond_the_tables() {
    let base = url("http://example.com/b/c/d;p?q");
    let joined = |reference: &str| base.join(reference).unwrap().to_string();
    assert_eq!(joined("g;x=1/../y"), "http://example.com/b/c/y");
    assert_eq!(joined("g?y/../x"), "http://example.com/b/c/g?y/../x");
    assert_eq!(joined("../../../g"), "http://example.com/g");
    assert_eq!(joined("?y"), "http://example.com/b/c/d;p?y");
    let full = url("http://u:p@h:81/a/b?q#f");
    for (reference, target) in [
        ("", "http://u:p@h:81/a/b?q"),
        ("#g", "http://u:p@h:81/a/b?q#g"),
        ("?", "http://u:p@h:81/a/b?"),
        ("//i/x", "http://i/x"),
        ("x", "http://u:p@h:81/a/x"),
        ("/é b", "http://u:p@h:81/%C3%A9%20b"),
        ("https://i", "https://i"),
        ("/..//x", "http://u:p@h:81//x"),
    ] {
        assert_eq!(
            full.join(reference).unwrap().as_str(),
            target,
            "{reference:?}"
        );
    }
    assert_eq!(url("http://h").join("x").unwrap().as_str(), "http://h/x");
    for (base, reference, target) in [
        ("a/b", "../x", "x"),
        ("a/b", "c?d", "a/c?d"),
        ("/a/b", "../../x", "/x"),
        ("", "x", "x"),
        ("a", "//h/x", "//h/x"),
        ("a?b", "#c", "a?b#c"),
        ("mailto:a", "b", "mailto:b"),
    ] {
        assert_eq!(
            url(base).join(reference).unwrap().as_str(),
            target,
            "{base:?} {reference:?}"
        );
    }
    for reference in ["http://h:x", "\n", "//[", "//h h"] {
        message(full.join(reference), reference);
    }
    message(url("/a").join("/..//evil"), "a path that reads as a host");
}

/// WSH-26
#[test]
fn a_segment_is_escaped_whole() {
    let pushed = |base: &str, segment: &str| url(base).push_segment(segment).unwrap().to_string();
    assert_eq!(pushed("http://h", "a"), "http://h/a");
    assert_eq!(pushed("http://h/a/", "b"), "http://h/a/b");
    assert_eq!(pushed("http://h/a?q#f", "b"), "http://h/a/b?q#f");
    assert_eq!(
        pushed("http://h/", "../x?y#z%2F é\n"),
        "http://h/..%2Fx%3Fy%23z%252F%20%C3%A9%0A"
    );
    assert_eq!(pushed("http://h/a", ""), "http://h/a/");
    assert_eq!(pushed("", "a:b"), "/a:b");
    assert_eq!(url(&pushed("http://h/", "50% of/é")).path(), "/50% of/é");
    for segment in [".", ".."] {
        message(url("http://h/a").push_segment(segment), segment);
    }
}

#[test]
fn origins_are_scheme_host_and_effective_port() {
    let same = |a: &str, b: &str| {
        let (a, b) = (url(a), url(b));
        assert_eq!(a.same_origin(&b), a.origin() == b.origin());
        a.same_origin(&b)
    };
    assert!(same("http://h/a", "HTTP://u:p@H:80/b?c#d"));
    assert!(same("http://faß.de", "http://xn--fa-hia.de:80"));
    assert!(!same("http://h", "https://h"));
    assert!(!same("http://h", "http://h:81"));
    assert!(!same("http://h", "http://h.x"));
    assert!(!same("https://h:80", "http://h"));
    let origin = url("wss://u@[::1]:81/x").origin();
    assert_eq!(
        (origin.scheme(), origin.host(), origin.port()),
        ("wss", "::1", Some(81))
    );
    assert_eq!(origin.as_str(), "wss://[::1]:81");
    let origin = url("wss://[::1]").origin();
    assert_eq!((origin.host(), origin.port()), ("::1", Some(443)));
    assert_eq!(url("x://h").origin().port(), None);
    assert_eq!(
        HashSet::from([url("http://h/1").origin(), url("http://h/2").origin()]).len(),
        1
    );
}

/// SEC-203: whatever goes in, nothing comes out that must not be sent, and it reads back as itself.
#[test]
fn every_text_is_refused_or_safe() {
    let pieces = [
        "http:", "//", "/", "?", "#", "@", ":", "[", "]", "%", "%2e", "..", ".", "a", "Z", "é",
        "。", " ", "\\", "\"", "`", "{", "::1", "80", "443", "1.2.3.4", "xn--", "\u{7F}", "\n",
        "ß", "-",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % n
    };
    let (mut accepted, mut joined) = (0, 0);
    let mut last = url("http://h/a/b");
    for _ in 0..60_000 {
        let text: String = (0..=next(9)).map(|_| pieces[next(pieces.len())]).collect();
        if let Ok(both) = last.join(&text) {
            check(&both);
            joined += 1;
        }
        for changed in [
            last.with_path(&text),
            last.with_host(&text),
            last.with_netloc(&text),
            last.with_userinfo(&text),
            last.with_scheme(&text),
            last.with_raw_path(&text),
            last.push_segment(&text),
            Url::builder().path(&*text).build(),
        ]
        .into_iter()
        .flatten()
        {
            check(&changed);
        }
        if let Ok(url) = Url::parse(&text) {
            check(&url);
            accepted += 1;
            last = url;
        }
    }
    assert!(accepted > 10_000 && joined > 10_000, "{accepted} {joined}");
}

fn check(url: &Url) {
    let text = url.as_str();
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    let again = Url::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(again.as_str(), text);
    assert_eq!(again.scheme(), url.scheme());
    assert_eq!(again.userinfo(), url.userinfo());
    assert_eq!(again.netloc(), url.netloc());
    assert_eq!(again.raw_path(), url.raw_path());
    assert_eq!(again.fragment(), url.fragment());
}
