//! Proxies of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, as routes.
//!
//! Owns what the variables mean. Reads no environment itself (a builder hands the variables over, once), and does not
//! know what a proxy is beyond the text of its URL.

use std::ffi::{OsStr, OsString};

use crate::error::{Error, Kind, Result};
use crate::flow::route::Pattern;

/// Where the environment sends requests: to the proxy with this URL, or past all proxies if there is none.
pub(crate) type ProxyRoute = (Pattern, Option<String>);

/// The routes that these variables ask for, the exceptions of `NO_PROXY` first. Without a proxy there is none.
///
/// # Errors
/// `Config` if a proxy's URL is not text, or has a scheme that no proxy has.
pub(crate) fn proxy_routes(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<ProxyRoute>> {
    let variables = Variables::collect(variables);
    let mut proxies = Vec::new();
    for (setting, pattern) in variables.proxies.iter().zip(PATTERNS) {
        if let Some(url) = setting.proxy_url()? {
            proxies.push((Pattern::parse(pattern)?, Some(url)));
        }
    }
    if proxies.is_empty() {
        return Ok(proxies);
    }
    let Some(mut routes) = exceptions(&variables.no_proxy.value.to_string_lossy()) else {
        return Ok(Vec::new());
    };
    // `https://` among the exceptions is the same route as HTTPS_PROXY's, and wins.
    proxies.retain(|(pattern, _)| {
        !routes
            .iter()
            .any(|(other, _)| other.text() == pattern.text())
    });
    routes.append(&mut proxies);
    Ok(routes)
}

/// What each proxy variable is for, in the order of [`NAMES`].
const PATTERNS: [&str; 3] = ["http://", "https://", "all://"];
const NAMES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];
const NO_PROXY: &str = "no_proxy";

/// The schemes of proxies (PRX-02).
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// One variable, of the spellings that were found the one that counts.
#[derive(Debug, Default, Clone)]
struct Setting {
    name: String,
    value: OsString,
    rank: Rank,
}

/// Which spelling of a name wins; of two alike the first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    #[default]
    Unset,
    Mixed,
    Upper,
    Lower,
}

#[derive(Debug, Default)]
struct Variables {
    proxies: [Setting; 3],
    no_proxy: Setting,
}

impl Variables {
    fn collect(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut found = Self::default();
        let mut is_cgi = false;
        for (name, value) in variables {
            let Some(name) = name.to_str() else {
                continue;
            };
            is_cgi |= name.eq_ignore_ascii_case("REQUEST_METHOD");
            let index = NAMES.iter().position(|n| n.eq_ignore_ascii_case(name));
            match index.and_then(|index| found.proxies.get_mut(index)) {
                Some(setting) => setting.offer(name, value),
                None if name.eq_ignore_ascii_case(NO_PROXY) => found.no_proxy.offer(name, value),
                None => {}
            }
        }
        // A CGI program is told the request's `Proxy` header as HTTP_PROXY (httpoxy, CVE-2016-5386).
        let [http, ..] = &mut found.proxies;
        if is_cgi && http.rank != Rank::Lower {
            *http = Setting::default();
        }
        found
    }
}

impl Setting {
    /// Lower case wins, also with nothing in it; other spellings count only with something in them (ENV-02).
    fn offer(&mut self, name: &str, value: OsString) {
        let rank = if !name.bytes().any(|b| b.is_ascii_uppercase()) {
            Rank::Lower
        } else if trimmed(&value).is_some_and(str::is_empty) {
            return;
        } else if !name.bytes().any(|b| b.is_ascii_lowercase()) {
            Rank::Upper
        } else {
            Rank::Mixed
        };
        if rank > self.rank {
            *self = Self {
                name: name.to_owned(),
                value,
                rank,
            };
        }
    }

    /// The URL, with a scheme. What the value holds is not shown: it may be a password.
    fn proxy_url(&self) -> Result<Option<String>> {
        let bad = |why: &str| Error::new(Kind::Config, format!("{} {why}", self.name));
        let Some(text) = trimmed(&self.value) else {
            return Err(bad("is not Unicode text"));
        };
        if text.is_empty() {
            return Ok(None);
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return Ok(Some(format!("http://{text}")));
        };
        if !SCHEMES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
        {
            let is_scheme = scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
            let shown = if is_scheme { scheme } else { "..." };
            return Err(bad(&format!(
                "has a URL with a scheme that no proxy has, {shown:?}; there are http, https, socks4, socks4a, socks5 and socks5h"
            )));
        }
        Ok(Some(text.to_owned()))
    }
}

fn trimmed(value: &OsStr) -> Option<&str> {
    value.to_str().map(str::trim)
}

/// The routes past all proxies (ENV-05, ENV-06); `None` if everything goes there.
fn exceptions(list: &str) -> Option<Vec<ProxyRoute>> {
    let items = || list.split(',').map(str::trim);
    if items().any(|item| item == "*") {
        return None;
    }
    let patterns =
        items()
            .filter(|item| !item.is_empty())
            .filter_map(|item| match exception(item) {
                Ok(pattern) => Some((pattern, None)),
                Err(error) => {
                    log::warn!(target: "papilio", "an item of NO_PROXY is ignored: {error}");
                    None
                }
            });
    Some(patterns.collect())
}

/// One item as a pattern.
fn exception(item: &str) -> Result<Pattern> {
    if item.contains("://") {
        return Pattern::parse(item);
    }
    let (host, port) = split_port(item);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let is_localhost = || host.trim_end_matches('.').eq_ignore_ascii_case("localhost");
    Pattern::parse(&if host.contains('/') {
        format!("all://{item}")
    } else if host.contains(':') || host.starts_with('[') {
        let inner = host.trim_start_matches('[').trim_end_matches(']');
        format!("all://[{inner}]{port}")
    } else if host.is_empty() {
        // It would be every host.
        return Err(Error::new(Kind::Config, "it has a port and no host"));
    } else if host.starts_with('.') {
        format!("all://*{host}{port}")
    } else if host.starts_with('*') || is_localhost() || is_ipv4_like(host) {
        format!("all://{host}{port}")
    } else {
        format!("all://*{host}{port}")
    })
}

/// Four groups of digits: an address, or a mistake that must not become the end of a name.
fn is_ipv4_like(host: &str) -> bool {
    host.split('.').count() == 4 && host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Takes the port off. An IPv6 address without brackets has none.
fn split_port(item: &str) -> (&str, Option<&str>) {
    match item.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (item, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::route::Routes;
    use crate::models::url::Url;

    fn routes(variables: &[(&str, &str)]) -> Result<Vec<ProxyRoute>> {
        proxy_routes(
            variables
                .iter()
                .map(|(n, v)| (OsString::from(n), OsString::from(v))),
        )
    }

    fn shown(variables: &[(&str, &str)]) -> Vec<String> {
        let routes = routes(variables).unwrap();
        let text = |(pattern, url): &ProxyRoute| {
            format!("{} {}", pattern.text(), url.as_deref().unwrap_or("direct"))
        };
        routes.iter().map(text).collect()
    }

    fn is_direct(no_proxy: &str, url: &str) -> bool {
        let mut table = Routes::default();
        for (pattern, target) in routes(&[
            ("HTTP_PROXY", "p:1"),
            ("https_proxy", "p:2"),
            ("NO_PROXY", no_proxy),
        ])
        .unwrap()
        {
            table.insert(pattern, target);
        }
        table
            .find(&Url::parse(url).unwrap())
            .is_none_or(Option::is_none)
    }

    type Urls = &'static [&'static str];

    /// The list, what goes past the proxy, what goes through it.
    const NO_PROXY_TABLE: &[(&str, Urls, Urls)] = &[
        (
            "mit.edu",
            &[
                "http://mit.edu",
                "http://courses.mit.edu",
                "https://MIT.EDU:81",
                "http://mit.edu.",
            ],
            &[
                "http://mit.edu.info",
                "http://notmit.edu",
                "http://[::1%25a.mit.edu]",
            ],
        ),
        (
            ".google.com",
            &["http://www.google.com"],
            &["http://google.com"],
        ),
        (
            "*.google.com",
            &["http://www.google.com"],
            &["http://google.com"],
        ),
        (
            "*google.com",
            &["http://www.google.com", "http://google.com"],
            &["http://wwwgoogle.com"],
        ),
        (
            "mit.edu, edu.info",
            &["http://mit.edu.info"],
            &["http://mit.info"],
        ),
        (
            "https://127.0.0.1",
            &["https://127.0.0.1"],
            &["http://127.0.0.1"],
        ),
        (
            "127.0.0.1,localhost,::1",
            &[
                "http://127.0.0.1:5000",
                "http://localhost",
                "http://[::1]",
                "http://[0:0::1]:80",
                "http://[::ffff:127.0.0.1]",
                "http://LOCALHOST.",
            ],
            &[
                "http://127.0.0.2",
                "http://a.localhost",
                "http://a127.0.0.1",
                "http://[::2]",
                "http://127.1",
            ],
        ),
        (
            "h:8080",
            &["http://h:8080", "http://a.h:8080"],
            &["http://h", "http://h:8081"],
        ),
        ("h:80", &["http://h", "http://h:80"], &["https://h"]),
        ("a,*", &["http://b", "https://[::1]"], &[]),
        ("", &[], &["http://a", "https://localhost"]),
        (" , ,", &[], &["http://a"]),
        (
            "10.0.0.0/8, 192.168.1.9/24, [fd00::]/8",
            &[
                "http://10.1.2.3",
                "http://192.168.1.200",
                "http://[fd12::1]",
                "http://[::ffff:10.0.0.1]",
            ],
            &[
                "http://11.0.0.1",
                "http://192.168.2.1",
                "http://[fe00::1]",
                "http://10.1.2.3.example",
            ],
        ),
        (
            "[::1],[::2]:81,fe80::1%eth0",
            &[
                "http://[::1]:9",
                "http://[::2]:81",
                "http://[fe80::1%25eth0]",
            ],
            &[
                "http://[::2]",
                "http://[fe80::1]",
                "http://[fe80::1%25eth1]",
            ],
        ),
        (
            "fe80::/10",
            &["http://[fe80::1%25eth0]"],
            &["http://[::1%25fe80]"],
        ),
        (
            "127.0.0.1:81,*:82",
            &["http://127.0.0.1:81", "http://any:82"],
            &["http://127.0.0.1"],
        ),
        (
            "EXAMPLE.com.,BÜCHER.de",
            &["http://example.com", "http://a.xn--bcher-kva.de"],
            &["http://a"],
        ),
        ("0.0.1", &["http://a.0.0.1"], &["http://127.0.0.1"]),
        ("https://", &["https://a"], &["http://a"]),
        ("http://*", &["http://a"], &["https://a"]),
        (
            "http://127.0.0.1,python-httpx.org",
            &["http://127.0.0.1:5000/x", "https://www.python-httpx.org"],
            &["http://example.com", "https://127.0.0.1"],
        ),
        // What makes no sense is skipped, and the rest counts.
        (
            ".,*.,:80,256.0.0.1,10.0.0.0/33,a b,a*b,[::1,user:pw@h,h/p,h:port,http,\u{fffd},good",
            &["http://good"],
            &[
                "http://a",
                "http://b",
                "http://127.0.0.1",
                "http://h",
                "http://x.a",
                "http://10.0.0.1",
            ],
        ),
    ];

    /// VEC-60, VEC-61, VEC-62, VEC-63, VEC-64, VEC-65, VEC-66, VEC-67, VEC-68, ENV-05, ENV-06, ENV-07, ENV-08, SEC-312
    #[test]
    fn who_goes_past_the_proxy() {
        for (no_proxy, direct, proxied) in NO_PROXY_TABLE {
            for url in *direct {
                assert!(
                    is_direct(no_proxy, url),
                    "NO_PROXY={no_proxy} {url} is proxied"
                );
            }
            for url in *proxied {
                assert!(
                    !is_direct(no_proxy, url),
                    "NO_PROXY={no_proxy} {url} is direct"
                );
            }
        }
    }

    /// ENV-02, ENV-04, ENV-12
    #[test]
    fn names_and_values() {
        type Pairs = &'static [(&'static str, &'static str)];
        let table: &[(Pairs, &[&str])] = &[
            (&[], &[]),
            (&[("NO_PROXY", "a")], &[]),
            (&[("HTTP_PROXY", "")], &[]),
            (&[("HTTP_PROXY", "p:1")], &["http:// http://p:1"]),
            (&[("Http_Proxy", "p:1")], &["http:// http://p:1"]),
            (
                &[("Http_Proxy", "p:1"), ("HTTP_PROXY", "p:2")],
                &["http:// http://p:2"],
            ),
            (
                &[("http_proxy", "p:3"), ("HTTP_PROXY", "p:2")],
                &["http:// http://p:3"],
            ),
            (&[("HTTP_PROXY", "p:2"), ("http_proxy", "")], &[]),
            (&[("http_proxy", " "), ("HTTP_PROXY", "p:2")], &[]),
            (
                &[("NO_PROXY", "a"), ("no_proxy", ""), ("ALL_PROXY", "p")],
                &["all:// http://p"],
            ),
            (
                &[
                    ("all_proxy", "SOCKS5h://p"),
                    ("HTTPS_PROXY", " https://u:p@p:3 "),
                    ("no_proxy", "a"),
                ],
                &[
                    "all://*a direct",
                    "https:// https://u:p@p:3",
                    "all:// SOCKS5h://p",
                ],
            ),
            (
                &[
                    ("TRAVIS_APT_PROXY", "p"),
                    ("FTP_PROXY", "p"),
                    ("PROXY", "p"),
                    ("HTTP_PROXY_X", "p"),
                ],
                &[],
            ),
        ];
        for (variables, expected) in table {
            assert_eq!(shown(variables), *expected, "{variables:?}");
        }
    }

    /// ENV-03, SEC-311
    #[test]
    fn a_cgi_program_trusts_lower_case_only() {
        let method = ("REQUEST_METHOD", "GET");
        assert!(shown(&[method, ("HTTP_PROXY", "p")]).is_empty());
        assert!(shown(&[("Http_Proxy", "p"), ("REQUEST_METHOD", "")]).is_empty());
        assert_eq!(
            shown(&[
                ("http_proxy", "p:1"),
                ("HTTP_PROXY", "p"),
                method,
                ("HTTPS_PROXY", "p:2")
            ]),
            ["http:// http://p:1", "https:// http://p:2"]
        );
    }

    /// ENV-04
    #[test]
    fn a_scheme_that_no_proxy_has_is_an_error_without_the_password() {
        for value in [
            "ftp://u:secret@p",
            "socks6://u:secret@p",
            "u:secret@x://p",
            "://secret",
        ] {
            let error = routes(&[("ALL_PROXY", value)]).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            let text = error.to_string();
            assert!(
                text.starts_with("ALL_PROXY ") && !text.contains("secret"),
                "{text}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_text() {
        use std::os::unix::ffi::OsStringExt;

        let bytes = OsString::from_vec(vec![b'a', 0xff]);
        let error = proxy_routes([("https_proxy".into(), bytes.clone())]).unwrap_err();
        assert_eq!(error.to_string(), "https_proxy is not Unicode text");
        let routes = proxy_routes([
            (bytes.clone(), "x".into()),
            ("http_proxy".into(), "p".into()),
            ("no_proxy".into(), bytes),
        ]);
        assert_eq!(routes.unwrap().len(), 1);
    }
}
