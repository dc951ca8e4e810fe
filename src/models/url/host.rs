//! Hosts and ports: which are accepted, how they are written, and how a host reads for people.
//!
//! Owns IP literals, IDNA and the port grammar. Does not own where in a URL they stand (`parse.rs`).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::escape::{HOST, decode, is, span};
use crate::error::{Error, Result};

/// `host` and the text of the port after its colon, if there is one.
pub(super) fn split(authority: &str) -> Result<(&str, Option<&str>)> {
    let (host, rest) = if authority.starts_with('[') {
        let end = authority
            .find(']')
            .ok_or_else(|| invalid_ipv6(authority))?
            .saturating_add(1);
        authority.split_at_checked(end).unwrap_or((authority, ""))
    } else {
        let end = authority.find(':').unwrap_or(authority.len());
        authority.split_at_checked(end).unwrap_or((authority, ""))
    };
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(invalid_ipv6(authority)),
    }
}

/// Digits only (RFC 3986 section 3.2.3), and no more than a port can be; nothing means none.
pub(super) fn port(text: &str) -> Result<Option<u16>> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(port) = text.parse()
    {
        return Ok(Some(port));
    }
    Err(Error::invalid_url(format!("Invalid port: '{text}'")))
}

/// The port a scheme has when none is written.
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    }
}

/// The host as it is stored: ASCII, lower case, brackets around an IPv6 address.
pub(super) fn normalize(host: &str) -> Result<Cow<'_, str>> {
    if let Some(inner) = host.strip_prefix('[') {
        return ipv6(host, inner.strip_suffix(']')).map(Cow::Owned);
    }
    if span(host.as_bytes(), HOST) == host.len() {
        return ipv4_or_name(host).map(|()| Cow::Borrowed(host));
    }
    let ascii = if host.is_ascii() {
        host.to_ascii_lowercase()
    } else {
        to_ascii(host)?
    };
    check_name(host, &ascii)?;
    ipv4_or_name(&ascii)?;
    Ok(Cow::Owned(ascii))
}

/// A host from elsewhere in the form that [`Url::raw_host`](super::Url::raw_host) has, but with the brackets of an IPv6
/// address. `None` if no URL can have it.
pub(crate) fn normal_host(host: &str) -> Option<Cow<'_, str>> {
    normalize(host).ok()
}

/// Whether the host is four groups of digits and still no IPv4 address.
pub(super) fn is_bad_ipv4(host: &str) -> bool {
    let (mut dots, mut value, mut digits, mut bad) = (0_u8, 0_u16, 0_usize, false);
    for byte in host.bytes() {
        match byte {
            b'0'..=b'9' => {
                // No leading zeros: some read them as octal (RFC 6943 section 3.1.1).
                bad |= digits > 0 && value == 0;
                value = value
                    .saturating_mul(10)
                    .saturating_add(u16::from(byte - b'0'));
                bad |= value > 255;
                digits += 1;
            }
            b'.' if digits > 0 => {
                dots = dots.saturating_add(1);
                (value, digits) = (0, 0);
            }
            _ => return false,
        }
    }
    bad && dots == 3 && digits > 0
}

/// Whether some read the host as an IPv4 address and others as a name: `0x7f.1`, `127.1`, `2130706433`. RFC 3986
/// section 7.4 warns of them; they are names here, which a system's resolver may turn into any address.
pub(crate) fn is_ambiguous_ipv4(host: &str) -> bool {
    let dotless = host.strip_suffix('.').unwrap_or(host);
    let last = dotless.rsplit('.').next().unwrap_or_default();
    let number = match last.strip_prefix("0x") {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    number && host.parse::<Ipv4Addr>().is_err()
}

/// Each `xn--` label as people write it; labels that cannot be decoded stay.
pub(super) fn to_unicode(host: &str) -> Cow<'_, str> {
    if !host.contains("xn--") {
        return Cow::Borrowed(host);
    }
    let mut out = String::with_capacity(host.len());
    for (n, label) in host.split('.').enumerate() {
        if n > 0 {
            out.push('.');
        }
        let decoded = label
            .starts_with("xn--")
            .then(|| Uts46::new().to_unicode(label.as_bytes(), AsciiDenyList::URL, Hyphens::Allow));
        match decoded {
            Some((text, Ok(()))) => out.push_str(&text),
            _ => out.push_str(label),
        }
    }
    Cow::Owned(out)
}

/// UTS 46, non-transitional, as browsers do it.
fn to_ascii(host: &str) -> Result<String> {
    Uts46::new()
        .to_ascii(
            host.as_bytes(),
            AsciiDenyList::URL,
            Hyphens::Allow,
            DnsLength::VerifyAllowRootDot,
        )
        .map(Cow::into_owned)
        .map_err(|error| {
            Error::invalid_url(format!("Invalid IDNA hostname: '{host}'")).with_source(error)
        })
}

/// RFC 3986 section 3.2.2 `reg-name`, and no escape that hides a character which may not stand by itself: whoever
/// decodes it would see another host.
fn check_name(shown: &str, name: &str) -> Result<()> {
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if is(byte, HOST) {
            continue;
        }
        let escaped = match (byte, after) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                rest = after;
                true
            }
            _ => false,
        };
        if !escaped {
            return Err(invalid_host(shown));
        }
    }
    let hidden = decode(name)
        .bytes()
        .any(|byte| byte.is_ascii() && !is(byte.to_ascii_lowercase(), HOST));
    if name.is_empty() || hidden {
        return Err(invalid_host(shown));
    }
    Ok(())
}

fn ipv4_or_name(host: &str) -> Result<()> {
    if is_bad_ipv4(host) {
        return Err(Error::invalid_url(format!(
            "Invalid IPv4 address: '{host}'"
        )));
    }
    Ok(())
}

/// RFC 3986 section 3.2.2, with the zone of RFC 6874 section 2; its `%` may be written bare.
fn ipv6(shown: &str, inner: Option<&str>) -> Result<String> {
    let inner = inner.ok_or_else(|| invalid_ipv6(shown))?;
    let (address, zone) = match inner.find('%').and_then(|at| inner.split_at_checked(at)) {
        Some((address, zone)) => (address, Some(zone)),
        None => (inner, None),
    };
    if address.parse::<Ipv6Addr>().is_err() || !zone.is_none_or(is_zone) {
        return Err(invalid_ipv6(shown));
    }
    let address = address.to_ascii_lowercase();
    Ok(format!("[{address}{}]", zone.unwrap_or_default()))
}

/// `%25` or `%`, then at least one unreserved character. After a bare `%` it must not read as another escape.
fn is_zone(zone: &str) -> bool {
    let name = match zone.strip_prefix("%25") {
        Some(name) => name,
        None => match zone.as_bytes() {
            [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => "",
            _ => zone.strip_prefix('%').unwrap_or_default(),
        },
    };
    let unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    !name.is_empty() && name.bytes().all(unreserved)
}

fn invalid_ipv6(host: &str) -> Error {
    Error::invalid_url(format!("Invalid IPv6 address: '{host}'"))
}

fn invalid_host(host: &str) -> Error {
    Error::invalid_url(format!("Invalid host: '{host}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// URL-15
    #[test]
    fn bad_ipv4_is_what_std_refuses() {
        let groups = [
            "0", "00", "1", "01", "9", "10", "255", "256", "999", "70000", "", "a",
        ];
        for a in groups {
            for b in groups {
                for host in [
                    format!("{a}.{b}.1.2"),
                    format!("1.2.{a}.{b}"),
                    format!("{a}.{b}"),
                    format!("1.2.3.{a}.{b}"),
                ] {
                    let parts: Vec<_> = host.split('.').collect();
                    let numeric = parts.len() == 4
                        && parts
                            .iter()
                            .all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
                    let expected = numeric && host.parse::<Ipv4Addr>().is_err();
                    assert_eq!(is_bad_ipv4(&host), expected, "{host}");
                }
            }
        }
    }
}
