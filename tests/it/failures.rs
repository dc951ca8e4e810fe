//! The table of `src/guide/failures.md`: each row is brought about, and the error prints what the row says.
//!
//! A row is `| what happens | kind | text | what to do |`. In the text `{method}`, `{url}`, `{host}` and `{port}` are those
//! of the request, and any other name in braces stands for something, but not for nothing. A row without a scenario here
//! fails, and so does a scenario without a row.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::thread;
use std::time::Duration;

use papilio::{AddressPolicy, Client, ClientBuilder, Error, Kind, Limits, Timeout};

use crate::common::one_slot;
use crate::server::{BlackHole, Refused, Server, ok, script};

const TABLE: &str = include_str!("../../src/guide/failures.md");

/// What happens, by its first column, and how to bring it about.
const SCENARIOS: &[(&str, fn() -> Error)] = &[
    ("no such name", || of("http://no-such-name.invalid/")),
    ("refused", || of(&Refused::port().url("/"))),
    ("unreachable", || of("http://255.255.255.255/")),
    ("connect timeout", || {
        let hole = BlackHole::start();
        let limit = Timeout::none().connect(SHORT);
        fails(one_slot().timeout(limit), &hole.url("/"))
    }),
    ("pool timeout", || {
        let server = Server::always(ok("x"));
        let limit = Timeout::none().pool(SHORT);
        let limits = Limits::new().max_connections(1);
        let client = one_slot().limits(limits).timeout(limit).build().unwrap();
        let _taken = client.get(server.url("/")).stream().unwrap();
        client.get(server.url("/")).send().unwrap_err()
    }),
    ("read timeout before the response", || {
        let server = Server::start(script().read().stall());
        fails(
            one_slot().timeout(Timeout::none().read(SHORT)),
            &server.url("/"),
        )
    }),
    ("read timeout inside the body", || {
        let server = Server::start(script().read().send(CUT).stall());
        fails(
            one_slot().timeout(Timeout::none().read(SHORT)),
            &server.url("/"),
        )
    }),
    ("write timeout", || {
        let server = Server::start(script().read_head().stall());
        let limit = Timeout::none().write(SHORT);
        let client = one_slot().timeout(limit).build().unwrap();
        let body = vec![0; 64 << 20];
        client.post(server.url("/")).body(body).send().unwrap_err()
    }),
    ("total timeout", || {
        let server = Server::start(script().read().stall());
        fails(
            one_slot().timeout(Timeout::none().total(SHORT)),
            &server.url("/"),
        )
    }),
    ("closed before the response", || {
        of(&Server::start(script().read().close()).url("/"))
    }),
    ("closed inside the body", || {
        of(&Server::start(script().read().send(CUT).close()).url("/"))
    }),
    ("reset", || {
        of(&Server::start(script().read().send(CUT).reset()).url("/"))
    }),
    ("not HTTP", || {
        of(&Server::start(
            script()
                .read()
                .send("220 smtp.example.org ESMTP\r\n")
                .close(),
        )
        .url("/"))
    }),
    ("address denied", || {
        let policy = AddressPolicy::public_only();
        fails(one_slot().address_policy(policy), "http://127.0.0.1/")
    }),
    ("resolver failed", || {
        let resolver = |_: &str| Err(Error::new(Kind::Custom, "no network"));
        fails(one_slot().resolver(resolver), "http://example.org/")
    }),
    ("wrong family", || {
        let builder = one_slot().local_address(Ipv6Addr::UNSPECIFIED);
        fails(builder, "http://127.0.0.1/")
    }),
    ("local address", || {
        let builder = one_slot().local_address(Ipv4Addr::new(192, 0, 2, 1));
        fails(builder, "http://127.0.0.1/")
    }),
    #[cfg(unix)]
    ("no such Unix socket", || {
        fails(one_slot().unix_socket("/no/such.sock"), "http://docker/")
    }),
    ("proxy: no such name", || {
        fails(
            one_slot().proxy("http://no-such-name.invalid:3128"),
            "http://example.org/",
        )
    }),
    ("proxy: refused", || {
        let port = Refused::port();
        fails(one_slot().proxy(port.url("/")), "http://example.org/")
    }),
    ("proxy: SOCKS refused", || {
        // No authentication; then "connection not allowed by ruleset".
        let proxy = socks(&[&[5, 0], &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]]);
        fails(one_slot().proxy(proxy), "http://example.org/")
    }),
    ("proxy: SOCKS, host unreachable", || {
        let proxy = socks(&[&[5, 0], &[5, 4, 0, 1, 0, 0, 0, 0, 0, 0]]);
        fails(one_slot().proxy(proxy), "http://example.org/")
    }),
    ("proxy: SOCKS wants a password", || {
        let proxy = socks(&[&[5, 255]]);
        fails(one_slot().proxy(proxy), "http://example.org/")
    }),
    ("proxy: SOCKS, wrong password", || {
        let proxy = socks(&[&[5, 2], &[1, 1]]);
        let proxy = proxy.replace("://", "://user:wrong@");
        fails(one_slot().proxy(proxy), "http://example.org/")
    }),
    ("proxy: not SOCKS", || {
        let proxy = socks(&[b"HTTP/1.1 400 Bad Request\r\n\r\n"]);
        fails(one_slot().proxy(proxy), "http://example.org/")
    }),
    ("a URL that is no proxy", || {
        one_slot().proxy("ftp://localhost").build().unwrap_err()
    }),
    ("no scheme", || of("example.org")),
    ("a scheme nobody serves", || of("ftp://example.org/")),
    ("not a URL", || of("http://example.org:port/")),
];

/// The URL of a proxy that answers each message with the next of these, once.
fn socks(answers: &'static [&'static [u8]]) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("socks5://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in answers {
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(answer);
        }
        let _ = stream.read(&mut [0; 512]);
    });
    url
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    use crate::server::tls::{Identity, ca_pem};

    pub(super) const SCENARIOS: &[(&str, fn() -> Error)] = &[
        ("proxy: closed", || {
            let proxy = Server::start(script().read().close());
            fails(one_slot().proxy(proxy.url("/")), "https://example.org/")
        }),
        ("proxy: 407", || {
            let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                          Proxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
            let proxy = Server::always(answer);
            fails(one_slot().proxy(proxy.url("/")), "https://example.org/")
        }),
        ("proxy: 403", || {
            let proxy = Server::always("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            fails(one_slot().proxy(proxy.url("/")), "https://example.org/")
        }),
        ("proxy: silent", || {
            let proxy = Server::start(script().read().stall());
            let limit = Timeout::none().connect(SHORT).read(SHORT);
            fails(
                one_slot().proxy(proxy.url("/")).timeout(limit),
                "https://example.org/",
            )
        }),
        ("TLS: unknown issuer", || handshake(Identity::UnknownCa)),
        ("TLS: wrong name", || handshake(Identity::WrongName)),
        ("TLS: expired", || handshake(Identity::Expired)),
        ("TLS: not yet valid", || handshake(Identity::NotYetValid)),
        ("TLS: `https` on a port for `http`", || {
            let server = Server::start(script().send("HTTP/1.1 400 Bad Request\r\n\r\n").drain());
            of(&server.url("/").replace("http:", "https:"))
        }),
        ("TLS: `http` on a port for `https`", || {
            // What a server says to bytes that are no handshake: an alert.
            let alert = [0x15, 3, 3, 0, 2, 2, 70];
            of(&Server::start(script().read().send(alert).close()).url("/"))
        }),
        ("TLS: no common version", || {
            let server = Server::start(script().send([0x15, 3, 3, 0, 2, 2, 70]).drain());
            of(&server.url("/").replace("http:", "https:"))
        }),
        ("TLS: pin", || {
            let server = Server::start_tls(script().drain(), Identity::Good);
            let pin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
            let builder = one_slot().add_root_certificate(ca_pem());
            fails(builder.pin_public_key("127.0.0.1", pin), &server.url("/"))
        }),
        ("TLS: no certificates in the file", || {
            let path = std::env::temp_dir().join(format!("papilio-empty-{}", std::process::id()));
            std::fs::write(&path, "").unwrap();
            let error = one_slot().verify(&*path).build().unwrap_err();
            std::fs::remove_file(path).unwrap();
            error
        }),
    ];

    fn handshake(identity: Identity) -> Error {
        let server = Server::start_tls(script().drain(), identity);
        fails(one_slot().add_root_certificate(ca_pem()), &server.url("/"))
    }
}

const SHORT: Duration = Duration::from_millis(50);
const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";

fn of(url: &str) -> Error {
    fails(one_slot(), url)
}

#[track_caller]
fn fails(builder: ClientBuilder<Client>, url: &str) -> Error {
    builder.build().unwrap().get(url).send().unwrap_err()
}

struct Row<'a> {
    kind: &'a str,
    text: &'a str,
}

fn rows() -> BTreeMap<&'static str, Row<'static>> {
    let mut rows = BTreeMap::new();
    for line in TABLE.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [what, kind, text, advice] = cells[..] else {
            panic!("not four columns: {line}");
        };
        if kind == "Kind" {
            continue;
        }
        let code = |cell: &'static str| {
            let inner = cell.strip_prefix('`').and_then(|c| c.strip_suffix('`'));
            inner.unwrap_or_else(|| panic!("not in backticks: {cell}"))
        };
        assert!(advice.len() > 10, "no advice: {line}");
        let kind = kind.strip_prefix("[`").unwrap().split('`').next().unwrap();
        let text = code(text);
        assert!(rows.insert(what, Row { kind, text }).is_none(), "{what}");
    }
    rows
}

// The system's own words are part of some.
#[cfg(target_os = "linux")]
#[test]
fn the_table_of_failures_says_what_errors_print() {
    let mut rows = rows();
    #[cfg_attr(not(feature = "tls"), allow(unused_mut))]
    let mut scenarios = SCENARIOS.to_vec();
    #[cfg(feature = "tls")]
    scenarios.extend(tls::SCENARIOS);
    let mut wrong = Vec::new();
    for (what, attempt) in scenarios {
        let error = attempt();
        let Some(row) = rows.remove(what) else {
            wrong.push(format!("no row for {what}: {:?} {error}", error.kind()));
            continue;
        };
        let expected = pattern(row.text, &error);
        let said = error.to_string();
        if row.kind != format!("{:?}", error.kind()) || !fits(&expected, &said) {
            wrong.push(format!(
                "{what}: {:?} {said}\n  the row: {expected}",
                error.kind()
            ));
        }
    }
    // Without a feature its rows have no scenario.
    if cfg!(feature = "tls") {
        wrong.extend(rows.keys().map(|what| format!("no scenario for {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text with what is known of the request in it.
fn pattern(text: &str, error: &Error) -> String {
    let mut text = text.to_owned();
    if let Some(method) = error.method() {
        text = text.replace("{method}", method.as_str());
    }
    if let Some(url) = error.url() {
        let port = url.port_or_default().unwrap_or_default();
        text = text.replace("{url}", url.as_str());
        text = text.replace("{host}", &url.host());
        text = text.replace("{port}", &port.to_string());
    }
    text
}

/// Whether a text is what a pattern says, `{...}` standing for any text that is not empty.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('{') else {
        return pattern == text;
    };
    let (_, pattern) = rest.split_once('}').unwrap();
    let Some(text) = text.strip_prefix(before) else {
        return false;
    };
    let mut ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.any(|end| fits(pattern, &text[end..]))
}

#[test]
fn patterns() {
    assert!(fits("a {b} c", "a x c") && fits("{a}{b}", "xy") && fits("a", "a"));
    assert!(!fits("a {b} c", "a  c") && !fits("{a}{b}", "x") && !fits("a", "ab"));
}
