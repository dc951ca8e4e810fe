//! Who matches whom: domains with hosts, paths with paths.
//!
//! Owns the comparisons of RFC 6265bis section 5.1 and what counts as a public suffix. Hosts come from URLs, so they
//! are in lower case and ASCII; domains are brought into that form here.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::models::url::{is_ambiguous_ipv4, normal_host};

/// The domain in the form of a URL's host: lower case, ASCII, no brackets. `None` if no URL could have it.
pub(super) fn normal_domain(domain: &str) -> Option<Cow<'_, str>> {
    if domain.parse::<Ipv6Addr>().is_ok() {
        return Some(Cow::Owned(domain.to_ascii_lowercase()));
    }
    let normal = normal_host(domain)?;
    let bare = |text: &str| Some(text.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    let domain = bare(&normal).map_or(normal, Cow::Owned);
    let has_empty_label = domain.starts_with('.') || domain.contains("..");
    (!has_empty_label).then_some(domain)
}

/// The same for a domain as it is stored: it may be empty, or begin with a dot.
pub(super) fn stored_domain(domain: &str) -> Option<Cow<'_, str>> {
    match domain.strip_prefix('.') {
        Some(bare) => Some(Cow::Owned(format!(".{}", normal_domain(bare)?))),
        None if domain.is_empty() => Some(Cow::Borrowed("")),
        None => normal_domain(domain),
    }
}

/// Section 5.1.3: the same, or a name below the domain. Addresses have nothing below them.
pub(super) fn domain_match(host: &str, domain: &str) -> bool {
    host == domain
        || (host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.'))
            && !is_address(host))
}

/// Section 5.1.4, with its borders: `/a` matches `/a` and `/a/b` and not `/ab`.
pub(super) fn path_match(request: &str, path: &str) -> bool {
    request
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.ends_with('/'))
}

/// Section 5.1.4: what a request's path gives a cookie that names none.
pub(super) fn default_path(request: &str) -> &str {
    match request.rsplit_once('/') {
        Some((path, _)) if path.starts_with('/') => path,
        _ => "/",
    }
}

/// An IP address, or what some would read as one. A zone may follow an IPv6 address; no name has a colon.
pub(super) fn is_address(host: &str) -> bool {
    host.contains(':') || host.parse::<Ipv4Addr>().is_ok() || is_ambiguous_ipv4(host)
}

/// Whether anybody may have a name under the domain, so that nobody may set cookies for all of it.
#[cfg(feature = "public-suffix")]
pub(super) fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain).is_none_or(|suffix| suffix == domain)
}

/// Whether anybody may have a name under the domain, as far as one can tell without the list.
#[cfg(not(feature = "public-suffix"))]
pub(super) fn is_public_suffix(domain: &str) -> bool {
    !domain.contains('.')
}

/// The machine itself, whatever the network says.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Every domain as stored that can match the host: none, the host, and the names above it, each with and without its dot.
pub(super) fn domains_for(host: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let above = if is_address(host) { "" } else { host };
    let above = above.match_indices('.').flat_map(|(at, _)| {
        let (_, dotted) = host.split_at_checked(at).unwrap_or_default();
        // None comes twice, not even of a host with two dots in a row or one at an end.
        let bare = dotted.strip_prefix('.').unwrap_or_default();
        let bare = Some(bare).filter(|bare| !bare.is_empty() && !bare.starts_with('.'));
        let dotted = Some(dotted).filter(|_| at > 0);
        [dotted, bare].into_iter().flatten()
    });
    let own = [
        Cow::Borrowed(""),
        Cow::Borrowed(host),
        Cow::Owned(format!(".{host}")),
    ];
    own.into_iter().chain(above.map(Cow::Borrowed))
}
