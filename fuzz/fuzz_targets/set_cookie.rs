//! One response's `Set-Cookie` fields and another URL: nothing goes there that a small model of the rules does not allow,
//! and what goes is a valid field.

#![no_main]

use std::net::Ipv4Addr;
use std::time::{Duration, UNIX_EPOCH};

use libfuzzer_sys::fuzz_target;
use papilio::{Cookies, Url};

fuzz_target!(|input: (Vec<u8>, String)| {
    let (choices, text) = input;
    let mut words = Words {
        choices: choices.iter(),
        text: &text,
    };
    let (Ok(from), Ok(to)) = (Url::parse(&words.url()), Url::parse(&words.url())) else {
        return;
    };
    let fields: Vec<Vec<u8>> = std::iter::from_fn(|| words.field()).collect();
    let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let cookies = Cookies::new();
    cookies.store(&from, &fields, now);
    assert!(cookies.len() <= fields.len().min(50));

    let header = cookies.header_for(&to, now);
    for pair in header.iter().flat_map(|header| header.split("; ")) {
        let is_allowed =
            |field: &Vec<u8>| Field::read(field).is_some_and(|f| f.allows(pair, &from, &to));
        assert!(
            fields.iter().any(is_allowed),
            "{pair:?} from {from} to {to}"
        );
    }
    if let Some(header) = &header {
        assert!(header.len() + "Cookie: ".len() <= 8190);
        assert!(!header.chars().any(|c| c.is_ascii_control() && c != '\t'));
    }

    let saved = cookies.to_netscape();
    let loaded = Cookies::from_netscape(&saved).expect("what was saved can be loaded");
    assert_eq!(loaded.to_netscape(), saved);
    if fields.iter().all(|field| !field.contains(&b'\t')) {
        assert_eq!(loaded.header_for(&to, now), header);
    }
});

/// Texts that are likely to meet: random bytes hardly ever name a host twice.
struct Words<'a> {
    choices: std::slice::Iter<'a, u8>,
    text: &'a str,
}

impl Words<'_> {
    fn url(&mut self) -> String {
        let host = self.one_of(HOSTS);
        let host = host.trim_start_matches('.');
        format!("{}://{host}{}", self.one_of(SCHEMES), self.one_of(PATHS))
    }

    /// Nothing when the choices are used up.
    fn field(&mut self) -> Option<Vec<u8>> {
        let length = *self.choices.next()? % 6;
        let mut field = format!("{}={}", self.one_of(NAMES), self.one_of(NAMES));
        for _ in 0..length {
            let (name, value) = match self.choices.next()? % 8 {
                0 => ("domain", self.one_of(HOSTS)),
                1 => ("Domain", self.one_of(HOSTS)),
                2 => ("Path", self.one_of(PATHS)),
                3 => ("secure", ""),
                4 => (
                    "Max-Age",
                    self.one_of(&["0", "1", "99999999999999999999", "-1"]),
                ),
                5 => (
                    "Expires",
                    self.one_of(&["1 Jan 1970 0:0:0 GMT", "1-Jan-30 0:0:0"]),
                ),
                6 => (self.one_of(NAMES), self.one_of(NAMES)),
                _ => (self.text, self.text),
            };
            field.push_str(&["; ", name, "=", value].concat());
        }
        let mut field = field.into_bytes();
        field.extend(self.choices.next().filter(|byte| **byte >= 0xF0));
        Some(field)
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        let choice = usize::from(self.choices.next().copied().unwrap_or_default());
        words[choice % words.len()]
    }
}

const SCHEMES: &[&str] = &["http", "https", "ws", "wss"];

const HOSTS: &[&str] = &[
    "example.org",
    "www.example.org",
    ".example.org",
    "WWW.example.ORG",
    "a.www.example.org",
    "aexample.org",
    "example.org.",
    "org",
    "org.",
    "localhost",
    "127.0.0.1",
    "1.127.0.0.1",
    "0.0.1",
    "[::1]",
    "::1",
    "1",
    "b\u{fc}cher.example.org",
    "xn--bcher-kva.example.org",
    "..org",
    "a..example.org",
    "",
];

const PATHS: &[&str] = &[
    "",
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/ab",
    "/a/b/c?/d",
    "//",
    "a",
    "/a%2Fb",
];

const NAMES: &[&str] = &[
    "a",
    "b",
    "__Host-a",
    "__secure-a",
    "",
    " ",
    "\t",
    "\"",
    "=",
    ",",
    "a b",
    "\u{e9}",
];

/// A field as plainly as it can be read; repeated attributes all count.
struct Field<'a> {
    pair: String,
    attributes: Vec<(String, &'a str)>,
}

impl<'a> Field<'a> {
    fn read(field: &'a [u8]) -> Option<Self> {
        // Attributes that are not text allow nothing that the rest does not.
        let mut pieces = field
            .split(|byte| *byte == b';')
            .map(|piece| str::from_utf8(piece).unwrap_or(""));
        let (name, value) = pieces.next()?.split_once('=')?;
        let attribute = |piece: &'a str| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (trim(name).to_ascii_lowercase(), trim(value))
        };
        Some(Self {
            pair: format!("{}={}", trim(name), trim(value)),
            attributes: pieces.map(attribute).collect(),
        })
    }

    fn allows(&self, pair: &str, from: &Url, to: &Url) -> bool {
        let encrypted = |url: &Url| url.scheme() == "https" || url.scheme() == "wss";
        let secure = self.values("secure").next().is_some();
        let promises = self.pair.to_ascii_lowercase().starts_with("__");
        let promises = promises
            && ["__host-", "__secure-"]
                .iter()
                .any(|prefix| self.pair.to_ascii_lowercase().starts_with(prefix));
        pair == self.pair
            && (!secure || encrypted(to))
            && (!promises || secure)
            && (from.raw_host() == to.raw_host()
                || self.values("domain").any(|d| is_above(d, from, to)))
            && self.path_allows(from, to)
    }

    fn path_allows(&self, from: &Url, to: &Url) -> bool {
        let (from, to) = (path(from), path(to));
        let default = &from[..from.rfind('/').unwrap_or(0)];
        let given = self.values("path").filter(|path| path.starts_with('/'));
        given.chain([default]).any(|path| {
            let path = path.strip_suffix('/').unwrap_or(path);
            to == path || to.starts_with(&format!("{path}/"))
        })
    }

    fn values(&self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let named = self.attributes.iter().filter(move |(own, _)| own == name);
        named.map(|(_, value)| *value)
    }
}

/// Whether the domain is of more than one label and both hosts are below it, or it.
fn is_above(domain: &str, from: &Url, to: &Url) -> bool {
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let Ok(domain) = Url::parse(&format!("http://{domain}/")) else {
        return false;
    };
    let domain = domain.raw_host();
    let is_below = |host: &str| {
        let is_name = !host.contains(':') && host.parse::<Ipv4Addr>().is_err();
        host == domain || (is_name && host.ends_with(&format!(".{domain}")))
    };
    domain.contains('.')
        && !domain.ends_with('.')
        && is_below(from.raw_host())
        && is_below(to.raw_host())
}

fn path(url: &Url) -> String {
    let path = url.raw_path();
    path.split('?').next().unwrap_or_default().to_owned()
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}
